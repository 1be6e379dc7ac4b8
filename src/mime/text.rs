//! Decoded text for SEARCH: RFC 2047 words, transfer encodings, charsets. Never served to a client.

use super::Structure;

/// The value of each field named `name` (any case), unfolded and decoded to Unicode.
pub fn decoded_fields(_header: &[u8], _name: &str) -> Vec<String> {
    todo!()
}

/// The decoded text parts of a message, nested messages included: what SEARCH BODY looks at.
pub fn body_text(_octets: &[u8], _structure: &Structure) -> String {
    todo!()
}

/// The instant of the Date field, in Unix seconds, with the offset it was written in; `None` when
/// missing or malformed. SENTBEFORE and friends use the date in the written offset.
pub fn sent_date(_header: &[u8]) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    todo!()
}

/// Whether `haystack` contains `needle`, both compared without regard to case (Unicode).
pub fn contains(_haystack: &str, _needle: &str) -> bool {
    todo!()
}
