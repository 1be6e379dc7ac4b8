//! One Microsoft 365 mailbox as IMAP sees it: folders, messages, changes.
//!
//! Reads are answered from the store; what the store lacks is got from Graph once. Commit first,
//! then announce: a [`notify`] signal is sent only after the change is durable. No lock and no
//! transaction is held across the network.

pub mod body;
pub mod error;
pub mod flags;
pub mod folders;
pub mod merge;
pub mod notify;
pub mod registry;
pub mod search;
pub mod sync;

pub use crate::store::{
    mailboxes::{FolderKey, FolderRow},
    messages::{Changes, MessageKey, MessageRow, Served, Snapshot, ViewRow},
};
pub use error::Error;
pub use registry::Registry;

use crate::{
    graph,
    mail::{AccountName, MailboxName, ModSeq, Uid},
    store::MailboxStore,
};

pub type Result<T> = std::result::Result<T, Error>;

/// One mailbox, open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Account {}

/// A selected mailbox: what SELECT answers with, and where its changes are announced.
#[derive(Debug)]
pub struct Selected {
    pub folder: FolderRow,
    pub snapshot: Snapshot,
    /// Fires when the folder has a higher MODSEQ than before. While this lives, the folder counts as watched.
    pub watch: notify::Watch,
}

impl Account {
    /// Binds a mailbox store and a Graph client. Nothing is asked of Graph yet.
    pub fn new(_name: AccountName, _store: MailboxStore, _graph: graph::Client) -> Self {
        todo!()
    }
    pub fn name(&self) -> &AccountName {
        todo!()
    }
    /// Runs the background worker until `stop` fires: folder delta, watched folders (a change is seen
    /// within 5 s), then the others, then MIME that is not here yet, newest first.
    pub async fn run(&self, _stop: tokio_util::sync::CancellationToken) {
        todo!()
    }
    /// All folders that IMAP shows, parents before children. The first call waits for the first folder
    /// round; later ones answer from the store, refreshed if that is older than a few seconds. When
    /// Graph fails and folders are known, they are served as known.
    pub async fn folders(&self) -> Result<Vec<FolderRow>> {
        todo!()
    }
    /// SELECT, EXAMINE: waits for the first listing (`Temporary` when Graph fails meanwhile), refreshes
    /// with one delta request when the last round is older than a few seconds.
    pub async fn select(&self, _name: &MailboxName) -> Result<Selected> {
        todo!()
    }
    /// STATUS: a folder never listed is listed first, so that UIDNEXT and UIDVALIDITY are true.
    pub async fn status(&self, _name: &MailboxName) -> Result<FolderRow> {
        todo!()
    }
    /// Asks Graph now, unless that was just done (NOOP, CHECK, IDLE polls).
    pub async fn refresh(&self, _folder: FolderKey) -> Result<()> {
        todo!()
    }
    pub async fn changes_since(&self, _folder: FolderKey, _modseq: ModSeq) -> Result<Changes> {
        todo!()
    }
    /// Rows for FETCH, ascending; unknown UIDs left out.
    pub async fn messages(&self, _folder: FolderKey, _uids: &[Uid]) -> Result<Vec<MessageRow>> {
        todo!()
    }
    /// The exact facts (size, header, structure) of each row, downloading what is not known yet
    /// (small ones in `$batch`es). Each row has its own outcome.
    pub async fn served(&self, _rows: &[MessageRow]) -> Vec<Result<Served>> {
        todo!()
    }
    /// Octets `range` of a message's MIME (clipped), from the cache or downloaded once.
    pub async fn octets(&self, _row: &MessageRow, _range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        todo!()
    }
    /// UIDs of `rows` that match what only header and text can tell (SEARCH keys such as FROM, BODY,
    /// TEXT, HEADER, SENTON, LARGER): `key` is evaluated against the exact MIME.
    pub async fn search(
        &self,
        _folder: FolderKey,
        _uids: &[Uid],
        _key: &search::Key,
    ) -> Result<Vec<Uid>> {
        todo!()
    }
    pub async fn set_subscribed(&self, _name: &MailboxName, _on: bool) -> Result<()> {
        todo!()
    }
    pub async fn subscriptions(&self) -> Result<Vec<MailboxName>> {
        todo!()
    }
}
