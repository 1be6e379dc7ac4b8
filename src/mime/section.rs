//! `BODY[section]` (RFC 3501 section 6.4.5).

use super::header::fields;
use super::{Body, Structure};
use std::ops::Range;

/// A section specification: part numbers, then what of that part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    pub path: Vec<u32>,
    pub part: Part,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Part {
    /// The whole message or part body.
    #[default]
    All,
    Header,
    /// HEADER.FIELDS, or HEADER.FIELDS.NOT when `not`.
    Fields {
        names: Vec<String>,
        not: bool,
    },
    Text,
    Mime,
}

/// Where the octets of a section are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    Range(Range<usize>),
    /// A selection from the header block in this range: see [`header_fields`].
    Fields(Range<usize>),
}

/// `None` when the message has no such section (the answer is then NIL).
pub fn locate(structure: &Structure, section: &Section) -> Option<Slice> {
    let part = part_at(structure, &section.path)?;
    let whole = section.path.is_empty();
    // Of a numbered part, HEADER and TEXT are those of the message inside.
    let message = || match (&part.content, whole) {
        (_, true) => Some(part),
        (Body::Message(inner, _), false) => Some(&**inner),
        _ => None,
    };
    let range = match &section.part {
        Part::All if whole => part.header.start..part.body.end,
        Part::All => part.body.clone(),
        Part::Mime if whole => return None,
        Part::Mime => part.header.clone(),
        Part::Header => message()?.header.clone(),
        Part::Text => message()?.body.clone(),
        Part::Fields { .. } => return Some(Slice::Fields(message()?.header.clone())),
    };
    Some(Slice::Range(range))
}

/// The part with these numbers; the message itself for none. Part 1 of a message that is no multipart is its
/// only part.
pub fn part_at<'a>(structure: &'a Structure, path: &[u32]) -> Option<&'a Structure> {
    let (mut part, mut is_message) = (structure, true);
    for (step, number) in path.iter().enumerate() {
        // A part that is a message is entered by the next number.
        if step > 0
            && let Body::Message(inner, _) = &part.content
        {
            (part, is_message) = (inner, true);
        }
        part = match &part.content {
            Body::Multipart(parts) => parts.get(usize::try_from(*number).ok()?.checked_sub(1)?)?,
            _ if is_message && *number == 1 => part,
            _ => return None,
        };
        is_message = false;
    }
    Some(part)
}

/// The fields of a header block that are (`not`: are not) named, in their order, with the blank line; without
/// it when the message ends inside of the last of them.
pub fn header_fields(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields(header) {
        if names.iter().any(|name| field.is(name)) != not {
            out.extend_from_slice(field.raw);
        }
    }
    if out.is_empty() || out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::parse;

    const MAIL: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--b--\r\n";

    fn found(mail: &str, path: &[u32], part: Part) -> Option<String> {
        let path = path.to_vec();
        match locate(&parse(mail.as_bytes()), &Section { path, part })? {
            Slice::Range(range) => Some(mail[range].to_owned()),
            Slice::Fields(range) => Some(format!("of {}", &mail[range])),
        }
    }

    #[test]
    fn rfc_3501_section_6_4_5() {
        let get = |path: &[u32], part| found(MAIL, path, part);
        let inner = "Subject: in\r\n\r\ninner";
        assert_eq!(get(&[], Part::All).as_deref(), Some(MAIL));
        assert_eq!(get(&[1], Part::All).as_deref(), Some("one"));
        assert_eq!(get(&[1], Part::Mime).as_deref(), Some("\r\n"));
        assert_eq!(get(&[2], Part::All).as_deref(), Some(inner));
        assert_eq!(
            get(&[2], Part::Header).as_deref(),
            Some("Subject: in\r\n\r\n")
        );
        assert_eq!(get(&[2], Part::Text).as_deref(), Some("inner"));
        assert_eq!(get(&[2, 1], Part::All).as_deref(), Some("inner"));
        assert_eq!(
            get(&[2, 1], Part::Mime).as_deref(),
            Some("Subject: in\r\n\r\n")
        );
        let fields = Part::Fields {
            names: Vec::new(),
            not: true,
        };
        assert_eq!(get(&[2], fields).as_deref(), Some("of Subject: in\r\n\r\n"));
    }

    #[test]
    fn what_is_not_there_is_nil() {
        for (path, part) in [
            (&[][..], Part::Mime),
            (&[0], Part::All),
            (&[3], Part::All),
            (&[1, 1], Part::All),
            (&[1], Part::Header),
            (&[1], Part::Text),
            (&[2, 2], Part::All),
            (&[2, 1, 1], Part::All),
        ] {
            assert_eq!(found(MAIL, path, part.clone()), None, "{path:?} {part:?}");
        }
        assert_eq!(
            found("A: b\r\n\r\nx", &[1], Part::All).as_deref(),
            Some("x")
        );
        assert_eq!(found("A: b\r\n\r\nx", &[1, 1], Part::All), None);
    }

    #[test]
    fn fields_come_in_their_order_with_the_blank_line() {
        let header = b"A: 1\r\nb : 2\r\n 3\r\nA: 4\r\n\r\n";
        let names = ["B".to_owned(), "a".to_owned()];
        assert_eq!(
            header_fields(header, &names[..1], false),
            b"b : 2\r\n 3\r\n\r\n"
        );
        assert_eq!(
            header_fields(header, &names[..1], true),
            b"A: 1\r\nA: 4\r\n\r\n"
        );
        assert_eq!(header_fields(header, &[], false), b"\r\n");
        assert_eq!(header_fields(b"A: 1", &names, false), b"A: 1");
    }
}
