//! Header field bodies: encoded words (RFC 2047), folding (RFC 5322 section 2.2.3), parameters (RFC 2231).
//!
//! Everything returned is ASCII, with CRLF and one space or tab where a line is folded.

use base64::{Engine, engine::general_purpose::STANDARD};

/// RFC 5322 section 2.1.1 asks for at most 78 characters.
const LINE: usize = 76;
/// RFC 2047 section 2: an encoded word has at most 75 characters.
const WORD: usize = 75;

/// Free text as a field body: plain where it is ASCII, else encoded words in UTF-8.
pub(super) fn text(field: &str, value: &str) -> String {
    if value.bytes().all(|b| (b' '..0x7F).contains(&b)) {
        fold(field, value)
    } else {
        encoded_words(value)
    }
}

/// Breaks a body of plain words at its spaces.
pub(super) fn fold(field: &str, value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    let mut column = field.len() + 1;
    for word in value.split(' ') {
        if !out.is_empty() {
            if column + word.len() + 1 > LINE && !word.is_empty() {
                out.push_str("\r\n");
                column = 0;
            }
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

fn encoded_words(value: &str) -> String {
    let quoted: usize = value.chars().map(|c| quoted_cost(c).len()).sum();
    if quoted > value.len().div_ceil(3) * 4 {
        words_of(value, "=?UTF-8?B?", |piece| STANDARD.encode(piece))
    } else {
        words_of(value, "=?UTF-8?Q?", |piece| {
            piece.chars().map(quoted_cost).collect()
        })
    }
}

fn words_of(value: &str, open: &str, encode: impl Fn(&str) -> String) -> String {
    let room = WORD - 2 - open.len();
    let mut words = Vec::new();
    let mut piece = String::new();
    for c in value.chars() {
        let mut longer = piece.clone();
        longer.push(c);
        if encode(&longer).len() > room {
            words.push(format!("{open}{}?=", encode(&piece)));
            piece.clear();
        }
        piece.push(c);
    }
    words.push(format!("{open}{}?=", encode(&piece)));
    words.join("\r\n ")
}

/// The Q encoding of one character, narrow enough for a phrase too (RFC 2047 section 5, rule 3).
fn quoted_cost(c: char) -> String {
    match c {
        ' ' => "_".to_owned(),
        'a'..='z' | 'A'..='Z' | '0'..='9' | '!' | '*' | '+' | '-' | '/' => c.to_string(),
        _ => {
            let mut octets = [0; 4];
            let encoded = c.encode_utf8(&mut octets);
            encoded.bytes().map(|b| format!("={b:02X}")).collect()
        }
    }
}

/// A display name: bare, quoted, or encoded.
pub(super) fn phrase(name: &str) -> String {
    let atom = |b: u8| b.is_ascii_alphanumeric() || b" !#$%&'*+-/=?^_`{|}~".contains(&b);
    if !name.is_ascii() {
        encoded_words(name)
    } else if name.bytes().all(atom) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Addresses as a list, one to a line where there are several.
pub(super) fn addresses<'a>(list: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let shown = list.into_iter().map(|(name, address)| {
        if name.is_empty() {
            address.to_owned()
        } else {
            format!("{} <{address}>", phrase(name))
        }
    });
    shown.collect::<Vec<_>>().join(",\r\n ")
}

/// `; name=value` on a line of its own: quoted where it is ASCII, else by RFC 2231 (in pieces where long).
pub(super) fn parameter(name: &str, value: &str) -> String {
    if value.is_ascii() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        return format!(";\r\n\t{name}=\"{value}\"");
    }
    let escaped: Vec<String> = value.bytes().map(percent).collect();
    let pieces: Vec<String> = escaped.chunks(18).map(|piece| piece.concat()).collect();
    if let [whole] = pieces.as_slice() {
        return format!(";\r\n\t{name}*=UTF-8''{whole}");
    }
    let numbered = pieces.iter().enumerate().map(|(i, piece)| {
        let charset = if i == 0 { "UTF-8''" } else { "" };
        format!(";\r\n\t{name}*{i}*={charset}{piece}")
    });
    numbered.collect()
}

fn percent(octet: u8) -> String {
    if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
        char::from(octet).to_string()
    } else {
        format!("%{octet:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_short_and_whole_characters() {
        let long = "Überprüfung der Größenänderung für Straße 🚀 ".repeat(8);
        let body = text("Subject", &long);
        assert!(body.is_ascii());
        assert!(body.split("\r\n ").all(|word| word.len() <= 75));
        let mail = format!("Subject: {body}\r\n\r\n");
        let parsed = mail_parser::MessageParser::new()
            .parse(mail.as_bytes())
            .unwrap();
        assert_eq!(parsed.subject().unwrap().trim(), long.trim());
    }

    #[test]
    fn folding_loses_no_space() {
        let value = "word  two ".repeat(30);
        let folded = fold("Subject", &value);
        assert!(folded.contains("\r\n"));
        assert_eq!(folded.replace("\r\n", ""), value);
    }

    #[test]
    fn parameters_take_the_form_that_they_need() {
        assert_eq!(parameter("name", "a \"b\""), ";\r\n\tname=\"a \\\"b\\\"\"");
        assert_eq!(parameter("name", "ä.pdf"), ";\r\n\tname*=UTF-8''%C3%A4.pdf");
        let long = parameter("name", "Übersicht über alle Verträge.pdf");
        assert!(long.contains("name*0*=UTF-8''%C3%9Cber") && long.contains("name*1*="));
    }
}
