//! Listings of a whole folder: staged page by page, then committed at once.
//!
//! Nothing of a stage is visible before its commit, so that UIDs follow the received time whatever
//! the order of the pages, and an interrupted listing goes on where it stopped.

use super::{
    MailboxStore,
    error::{Error, Result},
    mailboxes::FolderKey,
    messages::{Change, RemoteMessage},
    rounds::{Round, join, told},
    unix_now,
};
use crate::mail::{Keyword, ModSeq, RemoteId, SystemFlag};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

impl MailboxStore {
    /// First listing or re-listing (after 410), begun anew: earlier staged rows of the folder go.
    pub async fn begin_listing(&self, folder: FolderKey) -> Result<()> {
        self.state().write(move |tx| clear(tx, folder)).await
    }

    /// Stages one page of the listing and the link where it goes on, in one commit. An id seen twice
    /// is patched by the later one; `Remove` takes it off the stage. `next` `None`: the link stays.
    pub async fn stage(
        &self,
        folder: FolderKey,
        page: Vec<Change>,
        next: Option<String>,
    ) -> Result<()> {
        self.state()
            .write(move |tx| {
                for change in &page {
                    match change {
                        Change::Upsert(remote, message) => stage_one(tx, folder, remote, message)?,
                        Change::Remove(remote) => unstage(tx, folder, remote)?,
                    }
                }
                let sql =
                    "UPDATE folders SET staged_link = coalesce(?2, staged_link) WHERE key = ?1";
                let found = tx.prepare_cached(sql)?.execute(params![folder.0, next])?;
                (found > 0).then_some(()).ok_or(Error::NoFolder)
            })
            .await
    }

    /// Where an interrupted listing goes on; `None` when none was begun.
    pub async fn staged_link(&self, folder: FolderKey) -> Result<Option<String>> {
        self.state()
            .read(move |conn| {
                conn.prepare_cached("SELECT staged_link FROM folders WHERE key = ?1")?
                    .query_row([folder.0], |row| row.get(0))
                    .optional()?
                    .ok_or(Error::NoFolder)
            })
            .await
    }

    /// Ends a listing in one commit together with the delta link: known ids keep their UIDs, unknown
    /// ones get UIDs by received time, then id; of known ids that were not listed, those in `gone` are
    /// expunged. The others stay: what was appended or moved here while the listing ran keeps the UID
    /// that its client was told. Returns the new highest MODSEQ.
    pub async fn commit_listing(
        &self,
        folder: FolderKey,
        delta_link: String,
        gone: Vec<RemoteId>,
    ) -> Result<ModSeq> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder)?;
                round.expunge_unstaged(&gone)?;
                for row in staged_in_order(tx, folder)? {
                    let (remote, message) = staged(tx, row)?;
                    round.upsert(&remote, &message)?;
                }
                let highest = round.finish()?;
                clear(tx, folder)?;
                tx.prepare_cached("UPDATE folders SET listed = 1, link = ?2 WHERE key = ?1")?
                    .execute(params![folder.0, delta_link])?;
                Ok(highest)
            })
            .await
    }

    /// Ids that a committed folder has and the stage has not.
    pub async fn unlisted(&self, folder: FolderKey) -> Result<Vec<RemoteId>> {
        self.state()
            .read(move |conn| {
                let ids = unstaged(conn, folder.0)?;
                Ok(ids.into_iter().map(RemoteId::new).collect())
            })
            .await
    }

    /// Forgets the delta link (410): the next round is a listing.
    pub async fn reset_link(&self, folder: FolderKey) -> Result<()> {
        self.state()
            .write(move |tx| {
                tx.execute("UPDATE folders SET link = NULL WHERE key = ?1", [folder.0])?;
                Ok(())
            })
            .await
    }
}

/// Whether the folder's UIDs exist.
pub(super) fn is_listed(conn: &Connection, folder: FolderKey) -> Result<bool> {
    conn.prepare_cached("SELECT listed FROM folders WHERE key = ?1")?
        .query_row([folder.0], |row| row.get(0))
        .optional()?
        .ok_or(Error::NoFolder)
}

pub(super) fn unstaged(conn: &Connection, folder: i64) -> Result<Vec<String>> {
    let mut query = conn.prepare_cached(
        "SELECT remote FROM messages m WHERE folder = ?1 AND NOT EXISTS
             (SELECT 1 FROM stage s WHERE s.folder = m.folder AND s.remote = m.remote)
         ORDER BY uid",
    )?;
    let rows = query.query_map([folder], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn clear(tx: &Transaction<'_>, folder: FolderKey) -> Result<()> {
    tx.prepare_cached("DELETE FROM stage WHERE folder = ?1")?
        .execute([folder.0])?;
    let found = tx
        .prepare_cached("UPDATE folders SET staged_link = NULL WHERE key = ?1")?
        .execute([folder.0])?;
    (found > 0).then_some(()).ok_or(Error::NoFolder)
}

pub(super) fn stage_one(
    tx: &Transaction<'_>,
    folder: FolderKey,
    remote: &RemoteId,
    message: &RemoteMessage,
) -> Result<()> {
    let (mask, values) = told(message);
    tx.prepare_cached(
        "INSERT INTO stage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (folder, remote) DO UPDATE SET
             received = coalesce(?3, received), told = told | ?4, flags = (flags & ~?4) | ?5,
             keywords = coalesce(?6, keywords), change_key = coalesce(?7, change_key),
             subject = coalesce(?8, subject), message_id = coalesce(?9, message_id),
             store_size = coalesce(?10, store_size), summary = coalesce(?11, summary)",
    )?
    .execute(params![
        folder.0,
        remote.as_str(),
        message.received,
        mask,
        values,
        message.keywords.as_deref().map(join),
        message.change_key,
        message.subject,
        message.message_id,
        message
            .store_size
            .map(|s| i64::try_from(s).unwrap_or(i64::MAX)),
        message.summary,
    ])?;
    Ok(())
}

fn unstage(tx: &Transaction<'_>, folder: FolderKey, remote: &RemoteId) -> Result<()> {
    tx.prepare_cached("DELETE FROM stage WHERE folder = ?1 AND remote = ?2")?
        .execute(params![folder.0, remote.as_str()])?;
    Ok(())
}

/// Rows of the stage in the order in which they get their UIDs. Row numbers, not ids: a large mailbox
/// would need megabytes for those. A message without a received time counts as received now.
fn staged_in_order(tx: &Transaction<'_>, folder: FolderKey) -> Result<Vec<i64>> {
    let mut query = tx.prepare_cached(
        "SELECT rowid FROM stage WHERE folder = ?1 ORDER BY coalesce(received, ?2), remote",
    )?;
    let rows = query.query_map([folder.0, unix_now()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn staged(tx: &Transaction<'_>, row: i64) -> Result<(String, RemoteMessage)> {
    let mut query = tx.prepare_cached(
        "SELECT received, told, flags, keywords, change_key, subject, message_id, store_size,
             summary, remote
         FROM stage WHERE rowid = ?1",
    )?;
    Ok(query.query_row([row], |row| Ok((row.get(9)?, staged_message(row)?)))?)
}

fn staged_message(row: &Row<'_>) -> rusqlite::Result<RemoteMessage> {
    let (told, values): (u8, u8) = (row.get(1)?, row.get(2)?);
    let flag = |flag: SystemFlag| (told & flag as u8 != 0).then_some(values & flag as u8 != 0);
    let keywords = row.get_ref(3)?.as_str_or_null()?;
    Ok(RemoteMessage {
        received: row.get(0)?,
        seen: flag(SystemFlag::Seen),
        flagged: flag(SystemFlag::Flagged),
        draft: flag(SystemFlag::Draft),
        answered: flag(SystemFlag::Answered),
        forwarded: flag(SystemFlag::Forwarded),
        keywords: keywords.map(|k| k.split(' ').filter_map(Keyword::new).collect()),
        change_key: row.get(4)?,
        subject: row.get(5)?,
        message_id: row.get(6)?,
        store_size: row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
        summary: row.get(8)?,
    })
}
