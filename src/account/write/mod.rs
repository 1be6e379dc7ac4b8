//! What a client does to a mailbox: flags, copies, moves, expunges, new messages, folders.
//!
//! Graph first, then the commit, then the announcement (RFC 3501 sections 6.3.3 to 6.3.5, 6.3.11, 6.4.3, 6.4.6 to
//! 6.4.8; RFC 4315; RFC 6851). No turn and no transaction is held across the network. What Graph did and we could
//! not commit, the next rounds of the delta bring.

use super::{Account, Error, FolderKey, Result, ViewRow};
use crate::mail::{Flags, MailboxName, Uid, UidValidity};

/// What STORE does with the flags that it names (RFC 3501 section 6.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    Set,
    Add,
    Remove,
}

/// Outcome of STORE.
#[derive(Debug, Default)]
pub struct Stored {
    /// The rows asked for as they are now, ascending; those that failed and those that do not exist are left out.
    pub changed: Vec<ViewRow>,
    pub failed: Vec<(Uid, Error)>,
}

/// Outcome of COPY and MOVE.
#[derive(Debug)]
pub struct Copied {
    /// UIDVALIDITY of the destination.
    pub uid_validity: UidValidity,
    /// (UID in the source, UID in the destination), ascending by source: what COPYUID says (RFC 4315 section 3).
    pub pairs: Vec<(Uid, Uid)>,
    pub failed: Vec<(Uid, Error)>,
}

/// Outcome of EXPUNGE.
#[derive(Debug, Default)]
pub struct Expunged {
    /// Ascending.
    pub uids: Vec<Uid>,
    pub failed: Vec<(Uid, Error)>,
}

impl Account {
    /// STORE. Graph takes what it knows (\Seen, \Flagged, \Answered, $Forwarded, keywords as categories), \Deleted is
    /// kept here, \Draft cannot be changed.
    pub async fn store_flags(
        &self,
        _folder: FolderKey,
        _uids: &[Uid],
        _change: FlagChange,
        _flags: &Flags,
    ) -> Result<Stored> {
        Err(Error::NotYet)
    }

    /// COPY: each message on its own; what could not be copied is in `failed`.
    pub async fn copy(
        &self,
        _folder: FolderKey,
        _uids: &[Uid],
        _to: &MailboxName,
    ) -> Result<Copied> {
        Err(Error::NotYet)
    }

    /// MOVE (RFC 6851).
    pub async fn move_to(
        &self,
        _folder: FolderKey,
        _uids: &[Uid],
        _to: &MailboxName,
    ) -> Result<Copied> {
        Err(Error::NotYet)
    }

    /// EXPUNGE and UID EXPUNGE: those of `uids` (`None`: all) that are \Deleted.
    pub async fn expunge(&self, _folder: FolderKey, _uids: Option<&[Uid]>) -> Result<Expunged> {
        Err(Error::NotYet)
    }

    /// APPEND. `mime` reads back octet for octet.
    pub async fn append(
        &self,
        _to: &MailboxName,
        _flags: &Flags,
        _internal_date: Option<i64>,
        _mime: Vec<u8>,
    ) -> Result<(UidValidity, Uid)> {
        Err(Error::NotYet)
    }

    /// CREATE; missing levels above are made too.
    pub async fn create(&self, _name: &MailboxName) -> Result<()> {
        Err(Error::NotYet)
    }

    /// DELETE: the folder goes to the deleted items.
    pub async fn delete(&self, _name: &MailboxName) -> Result<()> {
        Err(Error::NotYet)
    }

    /// RENAME; UIDVALIDITY and UIDs stay.
    pub async fn rename(&self, _from: &MailboxName, _to: &MailboxName) -> Result<()> {
        Err(Error::NotYet)
    }
}
