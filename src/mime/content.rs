//! The Content-* fields of a part (RFC 2045, 2183, 2557, 1864, 3282).

use super::Structure;
use super::header::{Field, fields};
use super::lex::Lexer;
use super::params::{Param, params};

/// Reads the fields of a part's header block into `part`. Of a field that occurs twice the first counts.
pub(crate) fn describe(header: &[u8], part: &mut Structure) {
    let mut typed = false;
    for field in fields(header) {
        match &field.name.to_ascii_lowercase()[..] {
            b"content-type" if !typed => {
                typed = true;
                content_type(field.value, part);
            }
            b"content-transfer-encoding" => encoding(field.value, part),
            b"content-disposition" if part.disposition.is_none() => {
                part.disposition = disposition(field.value);
            }
            b"content-id" => first(&mut part.id, &field),
            b"content-description" => first(&mut part.description, &field),
            b"content-md5" => first(&mut part.md5, &field),
            b"content-location" => first(&mut part.location, &field),
            b"content-language" if part.language.is_empty() => {
                part.language = languages(field.value);
            }
            _ => {}
        }
    }
}

fn first(slot: &mut Option<Vec<u8>>, field: &Field) {
    slot.get_or_insert_with(|| field.unfolded());
}

/// RFC 2045 section 5.2: what cannot be read is plain text in US-ASCII.
fn content_type(value: &[u8], part: &mut Structure) {
    let mut lexer = Lexer::new(value);
    lexer.skip_cfws();
    let main = lower(lexer.token());
    let slash = lexer.eat(b'/');
    lexer.skip_cfws();
    let sub = lower(lexer.token());
    let ends = matches!(lexer.peek(), None | Some(b';'));
    (part.media_type, part.params) = match slash && ends && !main.is_empty() && !sub.is_empty() {
        true => ((main, sub), params(&mut lexer)),
        false => plain_text(),
    };
}

/// Media type and parameters of a part that tells neither.
pub(crate) fn plain_text() -> ((String, String), Vec<Param>) {
    let charset = ("charset".to_owned(), b"us-ascii".to_vec());
    (("text".to_owned(), "plain".to_owned()), vec![charset])
}

/// One token and nothing else, or the field says nothing.
fn encoding(value: &[u8], part: &mut Structure) {
    let mut lexer = Lexer::new(value);
    lexer.skip_cfws();
    let token = lexer.token();
    if !token.is_empty() && lexer.peek().is_none() {
        part.encoding = token.to_vec();
    }
}

fn disposition(value: &[u8]) -> Option<(Vec<u8>, Vec<Param>)> {
    let mut lexer = Lexer::new(value);
    lexer.skip_cfws();
    let kind = lexer.token().to_vec();
    Some((kind, params(&mut lexer))).filter(|(kind, _)| !kind.is_empty())
}

fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(value);
    let mut tags = Vec::new();
    loop {
        lexer.skip_cfws();
        let tag = lexer.atom(false);
        if !tag.is_empty() {
            tags.push(tag.to_vec());
        }
        if !lexer.eat(b',') {
            return tags;
        }
    }
}

fn lower(token: &[u8]) -> String {
    String::from_utf8_lossy(token).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use crate::mime::parse;

    fn typed(value: &str) -> String {
        let part = parse(format!("Content-Type: {value}\r\n\r\n").as_bytes());
        format!(
            "{}/{} {}",
            part.media_type.0,
            part.media_type.1,
            part.params.len()
        )
    }

    #[test]
    fn rfc_2045_section_5_2_unreadable_is_plain_text() {
        assert_eq!(typed("TEXT/Html; charset=x"), "text/html 1");
        assert_eq!(typed(" (a) image / (b) png (c)"), "image/png 0");
        for broken in [
            "",
            "text",
            "text/",
            "/plain",
            "text/html charset=x",
            "a/b/c",
        ] {
            assert_eq!(typed(broken), "text/plain 1", "{broken}");
        }
    }

    #[test]
    fn other_fields_are_kept_as_written() {
        let part = parse(
            b"Content-Disposition: Attachment; FileName=a\r\nContent-Disposition: inline\r\n\
              Content-Language: de, en (x) , fr\r\nContent-Transfer-Encoding: Base64 (x)\r\n\
              Content-ID: <a@x>\r\nContent-Description: a\r\n b\r\nContent-Location: u\r\nContent-MD5: m\r\n\r\n",
        );
        let params = vec![("filename".to_owned(), b"a".to_vec())];
        assert_eq!(part.disposition, Some((b"Attachment".to_vec(), params)));
        assert_eq!(part.language, [b"de", b"en", b"fr"]);
        assert_eq!(part.encoding, b"Base64");
        assert_eq!(part.id.unwrap(), b"<a@x>");
        assert_eq!(part.description.unwrap(), b"a b");
        assert_eq!(part.location.unwrap(), b"u");
        assert_eq!(part.md5.unwrap(), b"m");
    }

    #[test]
    fn an_encoding_that_is_no_token_is_none() {
        let part = parse(
            b"Content-Transfer-Encoding: quoted-printable;\r\nContent-Disposition: ;a=b\r\n\r\n",
        );
        assert_eq!((&part.encoding[..], part.disposition), (&b"7bit"[..], None));
    }
}
