//! Messages of one mailbox (in `state.db`). The only place that allocates a UID.

use super::{MailboxStore, Result, mailboxes::FolderKey};
use crate::mail::{Flags, ModSeq, RemoteId, Uid, UidValidity};

/// Our key of a message in a folder: one for each UID, never reused. A message whose content
/// became another gets a new UID and so a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey(pub i64);

/// What a listing or a delta entry tells of a message. `None`: not told, keep what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemoteMessage {
    /// Unix seconds of receivedDateTime: INTERNALDATE.
    pub received: Option<i64>,
    pub seen: Option<bool>,
    pub flagged: Option<bool>,
    pub draft: Option<bool>,
    /// From PidTagLastVerbExecuted (0x1081): 102, 103 answered; 104 forwarded.
    pub answered: Option<bool>,
    pub forwarded: Option<bool>,
    pub keywords: Option<Vec<crate::mail::Keyword>>,
    pub change_key: Option<String>,
    pub subject: Option<String>,
    pub message_id: Option<String>,
    /// PidTagMessageSize (0x0E08), octets of the store, not of the MIME.
    pub store_size: Option<u64>,
    /// The summary as JSON that `account` defines (addresses, dates, references): opaque here.
    pub summary: Option<String>,
}

/// One step of a delta round, applied in order; the last one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Known id: a patch. Unknown id: a new message with the highest UID.
    Upsert(RemoteId, RemoteMessage),
    /// Gone from this folder.
    Remove(RemoteId),
}

/// Row of a snapshot: what a session's view needs for each message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    pub uid: Uid,
    pub flags: Flags,
    pub modseq: ModSeq,
}

/// A mailbox at one moment, ascending by UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub uid_validity: UidValidity,
    pub uid_next: u32,
    pub highest_modseq: ModSeq,
    pub rows: Vec<ViewRow>,
}

/// What happened after a mod-sequence. A message new and gone since then is in neither list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub highest_modseq: ModSeq,
    pub uid_next: u32,
    /// New or changed, ascending by UID.
    pub changed: Vec<ViewRow>,
    /// Expunged, ascending.
    pub expunged: Vec<Uid>,
}

/// All that is known of one message, but for its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub key: MessageKey,
    pub uid: Uid,
    pub remote: RemoteId,
    pub flags: Flags,
    pub modseq: ModSeq,
    /// Unix seconds.
    pub internal_date: i64,
    pub change_key: Option<String>,
    pub subject: Option<String>,
    pub message_id: Option<String>,
    pub store_size: Option<u64>,
    pub summary: Option<String>,
    pub served: Option<Served>,
}

/// What was served for a UID, kept so that it is never contradicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// RFC822.SIZE in octets.
    pub size: u64,
    /// SHA-256 of the MIME.
    pub sha256: [u8; 32],
    /// The header block as served, its blank line included (sealed on disk).
    pub header: Vec<u8>,
    /// The multipart boundaries in order of appearance, each on a line.
    pub boundaries: String,
    /// The MIME structure with byte ranges, in the form that `mime` serialises: opaque here.
    pub structure: String,
}

impl MailboxStore {
    /// First listing or re-listing (after 410), begun anew: earlier staged rows of the folder go.
    pub async fn begin_listing(&self, _folder: FolderKey) -> Result<()> {
        todo!()
    }
    /// Stages one page of the listing and the link where it goes on, in one commit. An id seen twice
    /// is patched by the later one; `Remove` takes it off the stage.
    pub async fn stage(
        &self,
        _folder: FolderKey,
        _page: Vec<Change>,
        _next: Option<String>,
    ) -> Result<()> {
        todo!()
    }
    /// Where an interrupted listing goes on; `None` when none was begun.
    pub async fn staged_link(&self, _folder: FolderKey) -> Result<Option<String>> {
        todo!()
    }
    /// Ends a listing in one commit together with the delta link: known ids keep their UIDs, unknown
    /// ones get UIDs by received time, then id; known ids that were not listed are expunged,
    /// but for those in `keep`. Returns the new highest MODSEQ.
    pub async fn commit_listing(
        &self,
        _folder: FolderKey,
        _delta_link: String,
        _keep: Vec<RemoteId>,
    ) -> Result<ModSeq> {
        todo!()
    }
    /// Ids that a committed folder has and the stage has not.
    pub async fn unlisted(&self, _folder: FolderKey) -> Result<Vec<RemoteId>> {
        todo!()
    }
    /// One page of a delta round and the link to go on with, in one commit. A replay changes nothing:
    /// MODSEQ grows only where something visible changed. Returns the new highest MODSEQ.
    pub async fn apply(
        &self,
        _folder: FolderKey,
        _changes: Vec<Change>,
        _link: Option<String>,
    ) -> Result<ModSeq> {
        todo!()
    }
    /// Forgets the delta link (410): the next round is a listing.
    pub async fn reset_link(&self, _folder: FolderKey) -> Result<()> {
        todo!()
    }
    /// Which of `ids` the folder holds now.
    pub async fn known(&self, _folder: FolderKey, _ids: Vec<RemoteId>) -> Result<Vec<RemoteId>> {
        todo!()
    }
    /// Rows of the remote ids that the folder holds now, in any order; `served` is filled.
    pub async fn by_remote(
        &self,
        _folder: FolderKey,
        _ids: Vec<RemoteId>,
    ) -> Result<Vec<MessageRow>> {
        todo!()
    }
    /// The whole folder in one scan of a covering index: 50,000 rows in a few milliseconds.
    pub async fn snapshot(&self, _folder: FolderKey) -> Result<Snapshot> {
        todo!()
    }
    pub async fn changes_since(&self, _folder: FolderKey, _modseq: ModSeq) -> Result<Changes> {
        todo!()
    }
    /// Rows of these UIDs, ascending; unknown ones are left out. `served` is filled.
    pub async fn messages(&self, _folder: FolderKey, _uids: Vec<Uid>) -> Result<Vec<MessageRow>> {
        todo!()
    }
    /// UIDs, newest first, of messages whose MIME facts are not known yet, at most `limit`.
    pub async fn unserved(&self, _folder: FolderKey, _limit: usize) -> Result<Vec<Uid>> {
        todo!()
    }
    /// Keeps what is served for a message from now on. Served facts are never overwritten: returns
    /// those in force, which differ from `served` if there were some already.
    pub async fn keep_served(&self, _key: MessageKey, _served: Served) -> Result<Served> {
        todo!()
    }
    /// New content under the same remote id: the old row is expunged, a new one with the highest UID
    /// takes over flags and dates, in one commit.
    pub async fn replace(&self, _key: MessageKey) -> Result<Uid> {
        todo!()
    }
    /// Sets local flags after Graph took them (issue: writing). Returns the new MODSEQ.
    pub async fn set_flags(&self, _key: MessageKey, _flags: Flags) -> Result<ModSeq> {
        todo!()
    }
}
