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

/// The fields of a header block that are (`not`: are not) named, in their order, with the blank line.
pub fn header_fields(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields(header) {
        if names.iter().any(|name| field.is(name)) != not {
            out.extend_from_slice(field.raw);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}
