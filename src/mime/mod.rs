//! MIME over the original octets: byte ranges, never re-encoded text.
//!
//! Pure. ENVELOPE, BODYSTRUCTURE and sections (RFC 3501 sections 6.4.5 and 7.4.2) follow from the
//! message's octets alone, and the octets are never changed except once, on arrival, by [`normalize`].

pub mod envelope;
pub mod header;
pub mod parse;
pub mod section;
pub mod structure;
pub mod text;

pub use envelope::{Address, Envelope, envelope};
pub use parse::{normalize, parse};
pub use section::{Part, Section, Slice, header_fields, locate};
pub use structure::{Body, Structure};
