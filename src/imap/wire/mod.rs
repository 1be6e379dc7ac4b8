//! The grammar of IMAP (RFC 3501 section 9): commands in, responses out. Pure.
//!
//! [`decode`] reads one framed command. SEARCH, LIST, LSUB, STATUS, FETCH and all that changes messages or
//! mailboxes have a grammar of their own here; the other commands go through the `imap-codec` crate, which no other module may name,
//! and which is the other side of a differential test of the own grammar. [`encode`] and [`body`]
//! write what the server says.

pub mod append;
pub mod body;
pub mod change;
mod codec;
mod decode;
#[cfg(test)]
mod differential;
pub mod encode;
pub mod fetch;
pub mod search;
pub mod sequence;
mod token;
pub mod utf7;

pub use append::Append;
pub use decode::decode;
pub use fetch::Item;
pub use sequence::SequenceSet;

use crate::{
    account::FlagChange,
    mail::{Flags, MailboxName, Secret},
};

/// One command as a client sent it.
#[derive(Debug)]
pub struct Request {
    pub tag: String,
    pub command: Command,
}

/// A mailbox name from a client; `None` when it is not modified UTF-7 (RFC 3501 section 5.1.3), so
/// that no mailbox can have it.
pub type Name = Option<MailboxName>;

#[derive(Debug)]
pub enum Command {
    Capability,
    Noop,
    Logout,
    Id,
    StartTls,
    Authenticate {
        mechanism: String,
        /// SASL-IR (RFC 4959), out of its base64.
        initial: Option<Secret<Vec<u8>>>,
    },
    Login {
        user: Vec<u8>,
        password: Secret<Vec<u8>>,
    },
    Enable,
    Namespace,
    Select(Name),
    Examine(Name),
    Subscribe(Name),
    Unsubscribe(Name),
    List(Pattern),
    Lsub(Pattern),
    Status(Name, Vec<StatusItem>),
    Check,
    Close,
    Unselect,
    Idle,
    Search {
        uid: bool,
        key: search::Key,
    },
    Fetch {
        uid: bool,
        set: SequenceSet,
        items: Vec<Item>,
    },
    Store {
        uid: bool,
        set: SequenceSet,
        change: FlagChange,
        flags: Flags,
        /// `.SILENT`: the client knows what it asked for and wants no answer.
        silent: bool,
    },
    Copy {
        uid: bool,
        set: SequenceSet,
        to: Name,
    },
    Move {
        uid: bool,
        set: SequenceSet,
        to: Name,
    },
    /// Of UID EXPUNGE, the UIDs.
    Expunge(Option<SequenceSet>),
    Append(Append),
    Create(Name),
    Delete(Name),
    Rename(Name, Name),
}

/// Reference and mailbox pattern of LIST and LSUB, joined and in Unicode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub reference: String,
    /// Empty: the client asks for the delimiter and the root of the reference.
    pub pattern: String,
    /// False when either was not modified UTF-7: nothing matches.
    pub valid: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusItem {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
}

/// Why a command can't be carried out as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// `None` when there is not even a tag.
    pub tag: Option<String>,
    pub why: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Unknown,
    Syntax,
    /// SEARCH in a charset that is not known here: NO [BADCHARSET] (RFC 3501 section 6.4.4).
    Charset,
    /// Nested deeper than anyone means to.
    Depth,
    /// More search keys than anyone needs.
    Keys,
}
