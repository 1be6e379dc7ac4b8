//! The structure of a message: what BODY and BODYSTRUCTURE tell, with the byte range of each part.
//!
//! Stored as a flat list of nodes in the order of the message, so that reading it back needs no stack for
//! each level of nesting.

use super::flat::Node;
use super::params::value_of;
use super::{Envelope, Param};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A body part, or a whole message. Ranges are octets of the outermost message.
///
/// `header.end == body.start` always; the ranges of children lie inside `body`, in order, and never overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<Node>", try_from = "Vec<Node>")]
pub struct Structure {
    /// Header block with its blank line.
    pub header: Range<usize>,
    /// What follows the blank line.
    pub body: Range<usize>,
    /// Lower-cased media type and subtype.
    pub media_type: (String, String),
    /// Content-Type parameters, as BODYSTRUCTURE shows them: lower-cased names, an RFC 2231 value still
    /// encoded under `name*`.
    pub params: Vec<Param>,
    pub id: Option<Vec<u8>>,
    pub description: Option<Vec<u8>>,
    /// As written; `7bit` when the field is missing.
    pub encoding: Vec<u8>,
    pub md5: Option<Vec<u8>>,
    /// The kind as written, and its parameters in the form of `params`.
    pub disposition: Option<(Vec<u8>, Vec<Param>)>,
    pub language: Vec<Vec<u8>>,
    pub location: Option<Vec<u8>>,
    /// Lines of the body, for text and message/rfc822; else zero.
    pub lines: usize,
    pub content: Body,
}

impl Structure {
    /// The boundary of a multipart, its RFC 2231 form decoded; `None` when it names none.
    pub fn boundary(&self) -> Option<Vec<u8>> {
        value_of(&self.params, "boundary").filter(|boundary| !boundary.is_empty())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Leaf,
    /// Never empty: a multipart without parts has one empty text part (RFC 3501 has no other way to say it).
    Multipart(Vec<Structure>),
    /// message/rfc822: the message inside, with its ENVELOPE.
    Message(Box<Structure>, Box<Envelope>),
}
