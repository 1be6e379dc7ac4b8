//! Messages of one mailbox (in `state.db`), as they are read. What changes them is in [`super::rounds`]
//! (the only place that allocates a UID) and [`super::listing`].

use super::{
    MailboxStore,
    error::{Error, Result},
    mailboxes::{FolderKey, mod_seq, uid_validity},
    seal::Sealer,
    served,
};
use crate::mail::{Flags, Keyword, ModSeq, RemoteId, Uid, UidValidity};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;

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

/// What a bulk FETCH asks of a message, without the cost of unsealing what was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    pub key: MessageKey,
    pub uid: Uid,
    /// Unix seconds.
    pub internal_date: i64,
    /// RFC822.SIZE in octets, if it was served or learned before.
    pub size: Option<u64>,
}

impl MailboxStore {
    /// Which of `ids` the folder holds now, in the order asked.
    pub async fn known(&self, folder: FolderKey, ids: Vec<RemoteId>) -> Result<Vec<RemoteId>> {
        self.state()
            .read(move |conn| {
                let mut query = conn
                    .prepare_cached("SELECT 1 FROM messages WHERE remote = ?1 AND folder = ?2")?;
                let mut known = Vec::new();
                for id in ids {
                    if query.exists(params![id.as_str(), folder.0])? {
                        known.push(id);
                    }
                }
                Ok(known)
            })
            .await
    }

    /// Rows of the remote ids that the folder holds now, in the order asked; `served` is filled.
    pub async fn by_remote(
        &self,
        folder: FolderKey,
        ids: Vec<RemoteId>,
    ) -> Result<Vec<MessageRow>> {
        let mailbox = self.clone();
        self.state()
            .read(move |conn| {
                let mut query = conn
                    .prepare_cached("SELECT uid FROM messages WHERE remote = ?1 AND folder = ?2")?;
                let mut found = Vec::with_capacity(ids.len());
                for id in ids {
                    let uid = query.query_row(params![id.as_str(), folder.0], |row| row.get(0));
                    if let Some(uid) = uid.optional()? {
                        found.extend(mailbox.row(conn, folder, uid)?);
                    }
                }
                Ok(found)
            })
            .await
    }

    /// Messages with this remote id in any folder: those that are there first, then those that left
    /// not long ago and of which served facts are still kept. More than one, or none where it went
    /// to, is normal: the rounds of two folders are not ordered.
    pub async fn elsewhere(&self, remote: &RemoteId) -> Result<Vec<(FolderKey, MessageKey)>> {
        let remote = remote.to_string();
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT folder, key FROM (
                         SELECT folder, key, 0 AS gone FROM messages WHERE remote = ?1
                         UNION ALL SELECT folder, message, 1 FROM departed WHERE remote = ?1)
                     ORDER BY gone, key DESC",
                )?;
                let rows = query.query_map([remote], |row| {
                    Ok((FolderKey(row.get(0)?), MessageKey(row.get(1)?)))
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// The whole folder in one scan of a covering index: 50,000 rows in a few milliseconds.
    pub async fn snapshot(&self, folder: FolderKey) -> Result<Snapshot> {
        self.state()
            .read(move |conn| {
                let (mut snapshot, messages) = counters(conn, folder)?;
                snapshot.rows.reserve_exact(messages);
                let mut query = conn.prepare_cached(
                    "SELECT uid, flags, modseq, keywords FROM messages INDEXED BY messages_view
                     WHERE folder = ?1 ORDER BY uid",
                )?;
                let mut rows = query.query([folder.0])?;
                while let Some(row) = rows.next()? {
                    snapshot.rows.push(view_row(row)?);
                }
                Ok(snapshot)
            })
            .await
    }

    /// What happened after `modseq`. A message new and gone since then is in neither list.
    pub async fn changes_since(&self, folder: FolderKey, modseq: ModSeq) -> Result<Changes> {
        self.state()
            .read(move |conn| {
                let (now, _) = counters(conn, folder)?;
                let since = i64::try_from(modseq.0).unwrap_or(i64::MAX);
                Ok(Changes {
                    highest_modseq: now.highest_modseq,
                    uid_next: now.uid_next,
                    changed: changed(conn, folder, since)?,
                    expunged: expunged(conn, folder, since)?,
                })
            })
            .await
    }

    /// Rows of these UIDs, ascending; unknown ones are left out. `served` is filled.
    pub async fn messages(&self, folder: FolderKey, uids: Vec<Uid>) -> Result<Vec<MessageRow>> {
        let mailbox = self.clone();
        self.state()
            .read(move |conn| {
                let mut found = Vec::with_capacity(uids.len());
                for uid in ascending(uids) {
                    found.extend(mailbox.row(conn, folder, uid.value())?);
                }
                Ok(found)
            })
            .await
    }

    /// Key, INTERNALDATE and size of these UIDs, ascending; unknown ones are left out.
    pub async fn briefs(&self, folder: FolderKey, uids: Vec<Uid>) -> Result<Vec<Brief>> {
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT m.key, m.uid, m.internal_date, s.size
                     FROM messages m LEFT JOIN served s ON s.message = m.key
                     WHERE m.folder = ?1 AND m.uid = ?2",
                )?;
                let mut found = Vec::with_capacity(uids.len());
                for uid in ascending(uids) {
                    let row = query.query_row(params![folder.0, uid.value()], brief);
                    found.extend(row.optional()?);
                }
                Ok(found)
            })
            .await
    }

    /// UIDs, newest first, of messages whose MIME facts are not known yet, at most `limit`.
    pub async fn unserved(&self, folder: FolderKey, limit: usize) -> Result<Vec<Uid>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT uid FROM messages m WHERE folder = ?1
                         AND NOT EXISTS (SELECT 1 FROM served s WHERE s.message = m.key)
                     ORDER BY uid DESC LIMIT ?2",
                )?;
                let rows = query.query_map([folder.0, limit], |row| uid(row, 0))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    fn row(&self, conn: &Connection, folder: FolderKey, uid: u32) -> Result<Option<MessageRow>> {
        message_row(conn, self.sealer(), self.state().file(), folder, uid)
    }
}

fn ascending(mut uids: Vec<Uid>) -> Vec<Uid> {
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// A snapshot without its rows, and how many they are.
fn counters(conn: &Connection, folder: FolderKey) -> Result<(Snapshot, usize)> {
    conn.prepare_cached(
        "SELECT uid_validity, uid_next, highest_modseq, messages FROM folders WHERE key = ?1",
    )?
    .query_row([folder.0], |row| {
        let snapshot = Snapshot {
            uid_validity: uid_validity(row.get(0)?, 0)?,
            uid_next: row.get(1)?,
            highest_modseq: mod_seq(row.get(2)?),
            rows: Vec::new(),
        };
        Ok((snapshot, row.get::<_, u32>(3)? as usize))
    })
    .optional()?
    .ok_or(Error::NoFolder)
}

fn changed(conn: &Connection, folder: FolderKey, since: i64) -> Result<Vec<ViewRow>> {
    let mut query = conn.prepare_cached(
        "SELECT uid, flags, modseq, keywords FROM messages INDEXED BY messages_changed
         WHERE folder = ?1 AND modseq > ?2 ORDER BY uid",
    )?;
    let rows = query.query_map([folder.0, since], view_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn expunged(conn: &Connection, folder: FolderKey, since: i64) -> Result<Vec<Uid>> {
    let mut query = conn.prepare_cached(
        "SELECT uid FROM expunged WHERE folder = ?1 AND modseq > ?2 AND born <= ?2 ORDER BY uid",
    )?;
    let rows = query.query_map([folder.0, since], |row| uid(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn uid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uid> {
    let value: u32 = row.get(column)?;
    Uid::new(value).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

/// Columns uid, flags, modseq, keywords. Allocates only where there are keywords.
fn view_row(row: &Row<'_>) -> rusqlite::Result<ViewRow> {
    Ok(ViewRow {
        uid: uid(row, 0)?,
        flags: flags(row, 1, 3)?,
        modseq: mod_seq(row.get(2)?),
    })
}

fn flags(row: &Row<'_>, bits: usize, keywords: usize) -> rusqlite::Result<Flags> {
    let bits = row.get(bits)?;
    let words = row.get_ref(keywords)?.as_str()?;
    if words.is_empty() {
        return Ok(Flags::from_parts(bits, None));
    }
    let words = words.split(' ').filter_map(Keyword::new);
    Ok(Flags::from_parts(bits, words))
}

fn brief(row: &Row<'_>) -> rusqlite::Result<Brief> {
    Ok(Brief {
        key: MessageKey(row.get(0)?),
        uid: uid(row, 1)?,
        internal_date: row.get(2)?,
        size: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
    })
}

/// A row without what was served.
pub(super) fn bare(conn: &Connection, folder: FolderKey, uid: u32) -> Result<Option<MessageRow>> {
    let mut query = conn.prepare_cached(
        "SELECT uid, flags, modseq, keywords, key, remote, internal_date, change_key, subject,
             message_id, store_size, summary
         FROM messages WHERE folder = ?1 AND uid = ?2",
    )?;
    let row = query.query_row(params![folder.0, uid], bare_row);
    Ok(row.optional()?)
}

pub(super) fn view(conn: &Connection, key: MessageKey) -> Result<ViewRow> {
    let mut query =
        conn.prepare_cached("SELECT uid, flags, modseq, keywords FROM messages WHERE key = ?1")?;
    Ok(query.query_row([key.0], view_row)?)
}

fn message_row(
    conn: &Connection,
    sealer: &Sealer,
    file: &Path,
    folder: FolderKey,
    uid: u32,
) -> Result<Option<MessageRow>> {
    let Some(mut row) = bare(conn, folder, uid)? else {
        return Ok(None);
    };
    row.served = served::read(conn, sealer, file, row.key)?;
    Ok(Some(row))
}

fn bare_row(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let view = view_row(row)?;
    Ok(MessageRow {
        key: MessageKey(row.get(4)?),
        uid: view.uid,
        remote: RemoteId::new(row.get::<_, String>(5)?),
        flags: view.flags,
        modseq: view.modseq,
        internal_date: row.get(6)?,
        change_key: row.get(7)?,
        subject: row.get(8)?,
        message_id: row.get(9)?,
        store_size: row.get::<_, Option<i64>>(10)?.map(i64::unsigned_abs),
        summary: row.get(11)?,
        served: None,
    })
}
