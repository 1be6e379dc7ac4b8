//! The SMTP envelope (RFC 5321 section 2.3.1): who sends, and who gets it, whatever the header says.

/// What MAIL FROM and RCPT TO said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path without its angle brackets; empty for the null sender (`MAIL FROM:<>`),
    /// to whom nothing is ever reported (RFC 5321 section 4.5.5).
    pub reverse_path: String,
    /// The forward-paths without angle brackets and source routes, in the order of RCPT TO.
    pub recipients: Vec<String>,
    /// `BODY=8BITMIME` (RFC 6152).
    pub eight_bit: bool,
    /// `SMTPUTF8` (RFC 6531).
    pub smtputf8: bool,
    /// Octets as `SIZE=` announced them (RFC 1870): a hint, never relied on.
    pub size: Option<u64>,
}

impl Envelope {
    /// Nobody is told about a failure.
    pub fn is_null_sender(&self) -> bool {
        self.reverse_path.is_empty()
    }
}
