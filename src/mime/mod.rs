//! MIME over the original octets: byte ranges, never re-encoded text.
//!
//! Pure. ENVELOPE, BODYSTRUCTURE and sections (RFC 3501 sections 6.4.5 and 7.4.2) follow from the
//! message's octets alone, and the octets are never changed except once, on arrival, by [`normalize`].

mod address;
mod content;
mod date;
pub mod decode;
pub mod envelope;
mod flat;
pub mod header;
mod latin1;
mod lex;
mod params;
pub mod parse;
pub mod section;
pub mod structure;
pub mod text;
mod words;

pub(crate) use address::addresses;
pub use decode::decode;
pub use envelope::{Address, Envelope, envelope};
pub use params::Param;
pub(crate) use params::value_of as param_value;
pub use parse::{normalize, parse};
pub use section::{Part, Section, Slice, header_fields, locate, part_at};
pub use structure::{Body, Structure};
pub(crate) use words::decoded as decoded_words;
