//! Decoded text for SEARCH: RFC 2047 words, transfer encodings, charsets. Never served to a client.

use super::date::date;
use super::decode::{decode_leniently, in_charset};
use super::header::fields;
use super::params::value_of;
use super::words::decoded;
use super::{Body, Structure};
use mail_parser::decoders::html::html_to_text;

/// The value of each field named `name` (any case), unfolded and decoded to Unicode.
pub fn decoded_fields(header: &[u8], name: &str) -> Vec<String> {
    fields(header)
        .filter(|field| field.is(name))
        .map(|field| decoded(&field.unfolded()))
        .collect()
}

/// All fields of a header block, a line each, decoded: the header half of SEARCH TEXT.
pub fn header_text(header: &[u8]) -> String {
    let mut text = String::new();
    for field in fields(header) {
        if !field.name.is_empty() {
            text += &String::from_utf8_lossy(field.name);
            text += ": ";
        }
        text += &decoded(&field.unfolded());
        text.push('\n');
    }
    text
}

/// The decoded text parts of a message, nested messages included: what SEARCH BODY looks at. The header of
/// a nested message is part of the body. HTML comes as its source and as what a reader sees of it.
pub fn body_text(octets: &[u8], structure: &Structure) -> String {
    let mut text = String::new();
    let mut waiting = vec![structure];
    while let Some(part) = waiting.pop() {
        match &part.content {
            Body::Multipart(parts) => waiting.extend(parts.iter().rev()),
            Body::Message(inner, _) => {
                text += &header_text(octets.get(inner.header.clone()).unwrap_or_default());
                waiting.push(inner);
            }
            Body::Leaf if part.media_type.0 == "text" => {
                let source = part_text(octets, part);
                if part.media_type.1 == "html" {
                    text += &html_to_text(&source);
                    text.push('\n');
                }
                text += &source;
                text.push('\n');
            }
            Body::Leaf => {}
        }
    }
    text
}

/// One text part, decoded.
fn part_text(octets: &[u8], part: &Structure) -> String {
    let body = octets.get(part.body.clone()).unwrap_or_default();
    let charset = value_of(&part.params, "charset").unwrap_or_default();
    in_charset(&decode_leniently(body, &part.encoding), &charset)
}

/// The instant of the Date field, in Unix seconds, with the offset it was written in; `None` when
/// missing or malformed. SENTBEFORE and friends use the date in the written offset.
pub fn sent_date(header: &[u8]) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    let field = fields(header).filter(|field| field.is("date")).last()?;
    date(field.value)
}

/// Whether `haystack` contains `needle`, both compared without regard to case (Unicode).
pub fn contains(haystack: &str, needle: &str) -> bool {
    fold(haystack).contains(&fold(needle))
}

/// Text with its case taken away; to fold once what is searched many times. By way of upper case, so that
/// `ß` meets `SS` and both small sigmas meet.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let upper = text.chars().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::parse;

    #[test]
    fn fields_are_found_in_any_case_and_decoded() {
        let header =
            b"X: 1\r\nsubject: =?utf-8?q?=C3=A4?=\r\n b\r\nSUBJECT: 2\r\n\r\nSubject: no\r\n";
        assert_eq!(decoded_fields(header, "Subject"), ["ä b", "2"]);
        assert_eq!(header_text(header), "X: 1\nsubject: ä b\nSUBJECT: 2\n");
    }

    #[test]
    fn body_text_reaches_into_messages_and_decodes() {
        let mail = b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
            Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Gr=FC=DFe\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?inn=C3=A4r?=\r\n\
            Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+YSZhdW1sOzwvYj4=\r\n--b\r\n\
            Content-Type: application/pdf\r\n\r\nsecret\r\n--b--\r\n";
        let text = body_text(mail, &parse(mail));
        for word in ["Grüße", "Subject: innär", "aä", "<b>a&auml;</b>"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        for word in ["outer", "secret", "preamble"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn case_is_no_difference() {
        for (haystack, needle) in [
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("Äpfel", "äPF"),
            ("abc", ""),
        ] {
            assert!(contains(haystack, needle), "{haystack} {needle}");
        }
        assert!(!contains("a", "ä"));
    }

    #[test]
    fn the_last_date_field_counts() {
        let header = b"Date: x\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\n";
        assert_eq!(sent_date(header).unwrap().timestamp(), 880_127_706);
        assert_eq!(sent_date(b"Subject: x\r\n\r\n"), None);
    }
}
