//! An XML document as an arena of elements: what XPath needs of it, and no more (XML 1.0 and Namespaces 1.0, without DTD).
//!
//! Elements lie in document order, each with the index where its subtree ends; so children and descendants are walks over a slice, and an
//! [`El`] is two words to copy. Text belongs to elements without children; what stands between children is white space in an invoice, and
//! where it is not, [`El::mixed`] says so. Text and attribute values are slices of the document unless a reference or a line end made them
//! differ. Comments and processing instructions are checked and dropped.
//!
//! ```ignore
//! let tree = Tree::parse(octets)?;
//! let root = tree.root();
//! if root.name() == rsm::CrossIndustryInvoice {
//!     let number = root.path(&[rsm::ExchangedDocument, ram::ID]).next();     // XPath: rsm:ExchangedDocument/ram:ID
//!     let lines = root.first(&[rsm::SupplyChainTradeTransaction])            // one of them, or None
//!         .map_or(0, |t| t.all(ram::IncludedSupplyChainTradeLineItem).count());
//! }
//! ```
//!
//! Bounded: [`Limits`]. Nothing here resolves entities other than the five of XML, or reads anything else.

mod chars;
mod decode;
mod element;
mod parse;
mod place;

use std::sync::OnceLock;

pub use decode::Oddity;
pub use element::{Attr, El, normalize_space};

use super::names::Name;

/// What a document may be at most. The defaults hold the largest invoice with attachments that the mail way takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub octets: usize,
    pub depth: usize,
    pub attributes: usize,
    /// Namespace declarations in scope at once.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            octets: 100 << 20,
            depth: 128,
            attributes: 64,
            namespaces: 128,
        }
    }
}

/// Why a document cannot be read, with the line (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct NotXml {
    pub line: u32,
    pub what: String,
}

/// A piece of text: of the document, or of `side` where the document spells it otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    at: u32,
    len: u32,
}

const SIDE: u32 = 1 << 31;

#[derive(Clone, Copy, Debug)]
struct Node {
    name: Name,
    flags: u8,
    parent: u32,
    /// Index after the last descendant.
    end: u32,
    /// Offset of `<`.
    at: u32,
    text: Span,
    atts: u32,
}

/// Text other than white space beside child elements.
const MIXED: u8 = 1;

#[derive(Clone, Copy, Debug)]
struct Att {
    /// Of the name as written, in the document.
    at: u32,
    len: u16,
    /// Length of prefix and colon.
    prefix: u16,
    namespace: u16,
    value: Span,
}

/// A document that was read.
pub struct Tree {
    text: String,
    side: String,
    nodes: Vec<Node>,
    atts: Vec<Att>,
    namespaces: Vec<String>,
    /// Namespaces of elements whose name is unknown: (element, index in `namespaces`), ascending.
    foreign: Vec<(u32, u16)>,
    oddity: Option<Oddity>,
    lines: OnceLock<Vec<u32>>,
    ordinals: OnceLock<Vec<u32>>,
}

impl Tree {
    pub fn parse(octets: &[u8]) -> Result<Tree, NotXml> {
        Tree::parse_within(octets, &Limits::default())
    }

    pub fn parse_within(octets: &[u8], limits: &Limits) -> Result<Tree, NotXml> {
        if octets.len() > limits.octets.min(SIDE as usize - 1) {
            let what = format!("the file is larger than {} octets", limits.octets);
            return Err(NotXml { line: 1, what });
        }
        let (text, oddity) = decode::decode(octets).map_err(|e| match e {
            decode::DecodeError::Octets(encoding, at) => NotXml {
                line: 1 + octets.iter().take(at).filter(|b| **b == b'\n').count() as u32,
                what: format!("octet {at} cannot be read as {encoding}; write the file in the encoding that it declares"),
            },
            decode::DecodeError::Unknown(name) => {
                NotXml { line: 1, what: format!("the encoding \"{name}\" is not supported; write the file as UTF-8") }
            }
        })?;
        parse::parse(text.into_owned(), oddity, limits)
    }

    pub fn root(&self) -> El<'_> {
        El::new(self, 0)
    }

    /// Every element, in document order.
    pub fn elements(&self) -> impl Iterator<Item = El<'_>> {
        (0..self.nodes.len() as u32).map(|i| El::new(self, i))
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What was odd about the encoding.
    pub fn oddity(&self) -> Option<&Oddity> {
        self.oddity.as_ref()
    }

    /// The element with this document order.
    pub fn element(&self, order: u32) -> Option<El<'_>> {
        ((order as usize) < self.nodes.len()).then(|| El::new(self, order))
    }

    fn str(&self, span: Span) -> &str {
        let (from, at) = if span.at & SIDE == 0 {
            (&self.text, span.at)
        } else {
            (&self.side, span.at & !SIDE)
        };
        from.get(at as usize..(at + span.len) as usize)
            .unwrap_or("")
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree of {} elements", self.nodes.len())
    }
}

#[cfg(test)]
mod tests;
