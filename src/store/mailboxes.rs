//! Folders of one mailbox (in `state.db`).

use super::{MailboxStore, Result};
use crate::mail::{MailboxName, ModSeq, RemoteId, Role, UidValidity};

/// Our key of a folder: stable for its life, also over renames and moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderKey(pub i64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    pub key: FolderKey,
    pub remote: RemoteId,
    pub parent: Option<RemoteId>,
    pub display_name: String,
    /// As IMAP shows it; unique among the living folders.
    pub name: MailboxName,
    pub role: Option<Role>,
    pub uid_validity: UidValidity,
    /// The next UID to be handed out (1 in a folder never listed).
    pub uid_next: u32,
    pub highest_modseq: ModSeq,
    /// The first listing is committed, so UIDs exist.
    pub listed: bool,
    /// Where the next delta round starts, or an interrupted one goes on.
    pub link: Option<String>,
    pub messages: u32,
    pub unseen: u32,
    pub subscribed: bool,
}

/// One folder as the cloud has it; its row is made or brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderUpsert {
    pub remote: RemoteId,
    pub parent: Option<RemoteId>,
    pub display_name: String,
    pub name: MailboxName,
    pub role: Option<Role>,
}

impl MailboxStore {
    pub async fn folders(&self) -> Result<Vec<FolderRow>> {
        todo!()
    }
    pub async fn folder(&self, _key: FolderKey) -> Result<Option<FolderRow>> {
        todo!()
    }
    pub async fn folder_by_name(&self, _name: &MailboxName) -> Result<Option<FolderRow>> {
        todo!()
    }
    /// One round of the folder delta, in one commit: upserts (new folders get a fresh UIDVALIDITY,
    /// higher than any before), removals (rows and their messages go), and the link of the next round.
    pub async fn apply_folders(
        &self,
        _upserts: Vec<FolderUpsert>,
        _removed: Vec<RemoteId>,
        _link: Option<String>,
    ) -> Result<()> {
        todo!()
    }
    /// The folder delta's persisted link.
    pub async fn folders_link(&self) -> Result<Option<String>> {
        todo!()
    }
    /// SUBSCRIBE and UNSUBSCRIBE; a name may be subscribed without existing (RFC 3501 section 6.3.6).
    pub async fn set_subscribed(&self, _name: &MailboxName, _on: bool) -> Result<()> {
        todo!()
    }
    pub async fn subscriptions(&self) -> Result<Vec<MailboxName>> {
        todo!()
    }
}
