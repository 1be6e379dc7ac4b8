//! The structure of a message: what BODY and BODYSTRUCTURE tell, with the byte range of each part.

use super::Envelope;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A body part, or a whole message. Ranges are octets of the outermost message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    /// Header block with its blank line.
    pub header: Range<usize>,
    /// What follows the blank line.
    pub body: Range<usize>,
    /// Lower-cased media type and subtype.
    pub media_type: (String, String),
    /// Content-Type parameters, as BODYSTRUCTURE shows them.
    pub params: Vec<(String, Vec<u8>)>,
    pub id: Option<Vec<u8>>,
    pub description: Option<Vec<u8>>,
    pub encoding: Vec<u8>,
    pub md5: Option<Vec<u8>>,
    pub disposition: Option<(Vec<u8>, Vec<(String, Vec<u8>)>)>,
    pub language: Vec<Vec<u8>>,
    pub location: Option<Vec<u8>>,
    /// Lines of the body, for text and message/rfc822.
    pub lines: usize,
    pub content: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    Leaf,
    Multipart(Vec<Structure>),
    /// message/rfc822: the message inside, with its ENVELOPE.
    Message(Box<Structure>, Box<Envelope>),
}
