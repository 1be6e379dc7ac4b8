//! Whose fault an error is, and whether to try again.

use std::time::Duration;

/// The class of an error: three tables, one for each face, turn it into an IMAP response code
/// (RFC 5530), an SMTP reply, or an HTTP problem document (RFC 9457).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The client asked for something malformed or impossible.
    Client,
    /// Not signed in, or not allowed.
    Denied,
    /// The thing does not exist (any more).
    NotFound,
    /// It exists already, or changed under the caller's feet.
    Conflict,
    /// Over a size limit.
    TooLarge,
    /// Try again later; the cloud may have said when.
    Temporary { retry_after: Option<Duration> },
    /// Trying again will not help.
    Permanent,
    /// A fault of ours.
    Bug,
}

impl ErrorClass {
    /// Temporary, without a word about when.
    pub const TEMPORARY: Self = Self::Temporary { retry_after: None };

    /// Whether the same request may succeed later without anyone's help.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Temporary { .. })
    }
}
