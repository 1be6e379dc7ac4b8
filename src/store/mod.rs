//! Everything that survives: the only module that speaks SQL.
//!
//! `spool.db` holds what belongs to no single mailbox (credentials, pins, later submissions);
//! each mailbox has a folder with `state.db` (folders, UIDs, flags, what was served for a UID;
//! `synchronous=FULL`) and `cache.db` (MIME bytes; may be deleted at any time). No invariant
//! spans two files. Async outside; inside, one writer thread for each file and a few readers.

pub mod accounts;
pub mod cache;
pub mod mailboxes;
pub mod messages;

use crate::mail::{ErrorClass, Secret};
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Todo(String),
}

impl Error {
    pub fn class(&self) -> ErrorClass {
        todo!()
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// `spool.db`, and the door to each mailbox's files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {}

/// `state.db` and `cache.db` of one mailbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MailboxStore {}

impl Store {
    /// Opens or creates `spool.db` in `data_dir`. `key` seals message bytes (32 octets from the vault).
    pub async fn open(_data_dir: &Path, _key: Secret<[u8; 32]>) -> Result<Self> {
        todo!()
    }

    /// The files of the mailbox state named `state` (a name that [`accounts`] handed out, safe as a
    /// folder name), opened or created under `data_dir/mailboxes/`. Opening twice gives the same.
    pub async fn mailbox(&self, _state: &str) -> Result<MailboxStore> {
        todo!()
    }

    /// Checkpoints and closes every file.
    pub async fn close(&self) -> Result<()> {
        todo!()
    }
}
