//! `BODY[section]` (RFC 3501 section 6.4.5).

use super::Structure;
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
pub fn locate(_structure: &Structure, _section: &Section) -> Option<Slice> {
    todo!()
}

/// The fields of a header block that are (`not`: are not) named, in their order, with the blank line.
pub fn header_fields(_header: &[u8], _names: &[String], _not: bool) -> Vec<u8> {
    todo!()
}
