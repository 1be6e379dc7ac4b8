//! SEARCH over what the store and the MIME here tell: exact, never Graph's word index.

use crate::mail::{Flags, Keyword, SystemFlag, Uid};
use chrono::NaiveDate;

/// A search key (RFC 3501 section 6.4.4), sequence sets already turned into UIDs, text in Unicode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    All,
    Uids(Vec<Uid>),
    Flag(SystemFlag),
    Keyword(Keyword),
    Before(NaiveDate),
    On(NaiveDate),
    Since(NaiveDate),
    SentBefore(NaiveDate),
    SentOn(NaiveDate),
    SentSince(NaiveDate),
    Larger(u64),
    Smaller(u64),
    /// BCC, CC, FROM, SUBJECT, TO too: a field name and a text; empty text: the field is there.
    Header(String, String),
    Body(String),
    Text(String),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}

/// What a key needs to be decided; cheaper ones are evaluated first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// UID and flags.
    View,
    /// The message's row (INTERNALDATE).
    Row,
    /// Size and header block as served.
    Header,
    /// The MIME.
    Body,
}

impl Key {
    pub fn need(&self) -> Need {
        todo!()
    }
    /// Decides with UID and flags alone; `None` when more is needed.
    pub fn matches_view(&self, _uid: Uid, _flags: &Flags) -> Option<bool> {
        todo!()
    }
}
