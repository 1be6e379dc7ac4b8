//! From octets to a [`Structure`].

use super::Structure;
use std::borrow::Cow;

/// What is served over IMAP for these octets: bare LF and bare CR line ends become CRLF where reference
/// servers do so, NUL becomes 0x80 (NUL may not occur in an IMAP string, RFC 3501 section 9).
/// Borrowed when nothing had to change.
pub fn normalize(_octets: &[u8]) -> Cow<'_, [u8]> {
    todo!()
}

/// Parses normalised octets. Never fails: what is malformed becomes text of its surroundings.
pub fn parse(_octets: &[u8]) -> Structure {
    todo!()
}
