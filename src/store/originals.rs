//! Octets that a client wrote (in `state.db`): state, not cache, since Graph gives back another rendering.
//!
//! They belong to the remote id, which is immutable, and so go with the message wherever who moves it. Sealed in
//! chunks, each for its place. What belongs to no message of ours any more is kept for a while, lest a message
//! between two folders loses it.

use super::{
    MailboxStore,
    error::{Error, Result},
    messages::{MessageKey, Served},
    seal::Place,
    unix_now,
};
use crate::mail::RemoteId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

const CHUNK: usize = 64 * 1024;
/// Row of chunk 0 is the original's id times this.
const STRIDE: i64 = 1 << 20;
/// So long (seconds) an original without a message is kept.
const KEPT: i64 = 30 * 24 * 3600;

impl MailboxStore {
    /// The octets that a client wrote for this message; `None` when it came otherwise.
    pub async fn original(&self, remote: &RemoteId) -> Result<Option<Vec<u8>>> {
        let (mailbox, remote) = (self.clone(), remote.to_string());
        self.state()
            .read(move |conn| mailbox.read_original(conn, &remote))
            .await
    }

    pub async fn has_original(&self, remote: &RemoteId) -> Result<bool> {
        let remote = remote.to_string();
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached("SELECT 1 FROM appended WHERE remote = ?1")?;
                Ok(query.exists([remote])?)
            })
            .await
    }

    /// A rendering of Graph's for a message whose original is here, to tell later whether it became
    /// another. Kept once.
    pub async fn keep_rendered(&self, remote: &RemoteId, facts: Served) -> Result<()> {
        let (mailbox, remote) = (self.clone(), remote.to_string());
        self.state()
            .write(move |tx| {
                let sealed = super::served::seal(mailbox.sealer(), RENDERED, &facts)?;
                let size = i64::try_from(facts.size).unwrap_or(i64::MAX);
                tx.execute(
                    "UPDATE appended SET rendered = ?2, rendered_size = ?3, rendered_sha256 = ?4
                     WHERE remote = ?1 AND rendered IS NULL",
                    params![remote, sealed, size, facts.sha256],
                )?;
                Ok(())
            })
            .await
    }

    /// The message may be another now: its original counts again only when [`MailboxStore::settle_doubt`]
    /// says so. Without one nothing happens.
    pub async fn doubt_original(&self, key: MessageKey) -> Result<()> {
        self.state()
            .write(move |tx| {
                let remote: Option<String> = tx
                    .prepare_cached("SELECT remote FROM messages WHERE key = ?1")?
                    .query_row([key.0], |row| row.get(0))
                    .optional()?;
                remote.map_or(Ok(()), |remote| doubt(tx, &remote))
            })
            .await
    }

    /// `None`: no doubt about the message (or no original). Else what Graph's rendering was, if that is known.
    pub async fn doubted(&self, remote: &RemoteId) -> Result<Option<Option<Served>>> {
        let (mailbox, remote) = (self.clone(), remote.to_string());
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT rendered_size, rendered_sha256, rendered FROM appended
                     WHERE remote = ?1 AND doubted",
                )?;
                let row = query.query_row([remote], |row| {
                    let size: Option<i64> = row.get(0)?;
                    Ok((
                        size,
                        row.get::<_, Option<[u8; 32]>>(1)?,
                        row.get::<_, Option<Vec<u8>>>(2)?,
                    ))
                });
                let Some(row) = row.optional()? else {
                    return Ok(None);
                };
                let (Some(size), Some(sha256), Some(sealed)) = row else {
                    return Ok(Some(None));
                };
                let facts = super::served::open(mailbox.sealer(), RENDERED, &sealed);
                let facts = facts.map(|(header, boundaries, structure)| Served {
                    size: size.unsigned_abs(),
                    sha256,
                    header,
                    boundaries,
                    structure,
                });
                Ok(Some(facts))
            })
            .await
    }

    /// The doubt is over: the original stays, or (`other`) the message is another one and the original goes.
    pub async fn settle_doubt(&self, remote: &RemoteId, other: bool) -> Result<()> {
        let remote = remote.to_string();
        self.state()
            .write(move |tx| {
                if other {
                    return drop_original(tx, &remote);
                }
                tx.execute(
                    "UPDATE appended SET doubted = 0 WHERE remote = ?1",
                    [remote],
                )?;
                Ok(())
            })
            .await
    }

    /// Keeps what a client wrote, in place of what was kept for this id.
    pub(super) fn keep_original(
        &self,
        tx: &Transaction<'_>,
        remote: &RemoteId,
        mime: &[u8],
        undraft: bool,
    ) -> Result<()> {
        sweep(tx)?;
        drop_original(tx, remote.as_str())?;
        tx.execute("INSERT INTO originals DEFAULT VALUES", [])?;
        let id = tx.last_insert_rowid();
        let mut chunks = mime.chunks(CHUNK).peekable();
        let mut index = 0;
        while let Some(chunk) = chunks.next() {
            let sealed = self
                .sealer()
                .seal(place(&owner(id), index, chunks.peek().is_none()), chunk)?;
            tx.prepare_cached("INSERT INTO original_chunks VALUES (?1, ?2)")?
                .execute(params![id * STRIDE + index, sealed])?;
            index += 1;
        }
        tx.execute(
            "INSERT INTO appended (remote, undraft, original, chunks) VALUES (?1, ?2, ?3, ?4)",
            params![remote.as_str(), undraft, id, index],
        )?;
        Ok(())
    }

    /// A copy is, octet for octet, what its source is; where that is in doubt, the copy is as well.
    pub(super) fn share_original(
        &self,
        tx: &Transaction<'_>,
        source: &RemoteId,
        copy: &RemoteId,
    ) -> Result<()> {
        let found = tx
            .prepare_cached("SELECT undraft FROM appended WHERE remote = ?1")?
            .query_row([source.as_str()], |row| row.get(0))
            .optional()?;
        let Some(undraft) = found else { return Ok(()) };
        if let Some(mime) = self.read_original(tx, source.as_str())? {
            self.keep_original(tx, copy, &mime, undraft)?;
            tx.prepare_cached(
                "UPDATE appended SET (doubted, rendered, rendered_size, rendered_sha256) =
                     (SELECT doubted, rendered, rendered_size, rendered_sha256
                      FROM appended WHERE remote = ?1)
                 WHERE remote = ?2",
            )?
            .execute([source.as_str(), copy.as_str()])?;
        }
        Ok(())
    }

    fn read_original(&self, conn: &Connection, remote: &str) -> Result<Option<Vec<u8>>> {
        let mut query =
            conn.prepare_cached("SELECT original, chunks FROM appended WHERE remote = ?1")?;
        let found: Option<(i64, i64)> = query
            .query_row([remote], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, chunks)) = found else {
            return Ok(None);
        };
        let mut octets = Vec::new();
        let mut query = conn.prepare_cached("SELECT sealed FROM original_chunks WHERE id = ?1")?;
        for index in 0..chunks {
            let sealed: Option<Vec<u8>> = query
                .query_row([id * STRIDE + index], |row| row.get(0))
                .optional()?;
            let owner = owner(id);
            let here = place(&owner, index, index + 1 == chunks);
            let plain = sealed.and_then(|sealed| self.sealer().open(here, &sealed));
            octets.extend(plain.ok_or_else(|| Error::Tampered {
                file: self.state().file().to_owned(),
            })?);
        }
        Ok(Some(octets))
    }
}

/// What a client wrote as `from` belongs to `to` from now on, which is the same mail in another rendering. Whether there was
/// something.
pub(super) fn belongs(tx: &Transaction<'_>, from: &str, to: &str) -> Result<bool> {
    let moved = tx
        .prepare_cached(
            "UPDATE OR REPLACE appended SET remote = ?2, undraft = 0, doubted = 0, rendered = NULL,
                 rendered_size = NULL, rendered_sha256 = NULL
             WHERE remote = ?1",
        )?
        .execute([from, to])?;
    if moved > 0 {
        tx.prepare_cached("UPDATE OR REPLACE copies SET source = ?2 WHERE source = ?1")?
            .execute([from, to])?;
    }
    Ok(moved > 0)
}

pub(super) fn doubt(tx: &Transaction<'_>, remote: &str) -> Result<()> {
    tx.prepare_cached("UPDATE appended SET doubted = 1 WHERE remote = ?1")?
        .execute([remote])?;
    Ok(())
}

/// Facts of renderings are sealed apart from those of messages, whose keys are positive.
const RENDERED: MessageKey = MessageKey(-1);

fn owner(id: i64) -> [u8; 16] {
    let mut owner = *b"original\0\0\0\0\0\0\0\0";
    owner
        .iter_mut()
        .skip(8)
        .zip(id.to_be_bytes())
        .for_each(|(to, octet)| *to = octet);
    owner
}

fn place(owner: &[u8; 16], index: i64, last: bool) -> Place<'_> {
    Place {
        owner,
        index: index.unsigned_abs(),
        last,
    }
}

pub(super) fn drop_original(tx: &Transaction<'_>, remote: &str) -> Result<()> {
    let id: Option<i64> = tx
        .prepare_cached("SELECT original FROM appended WHERE remote = ?1")?
        .query_row([remote], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(()) };
    tx.prepare_cached("DELETE FROM original_chunks WHERE id >= ?1 AND id < ?2")?
        .execute([id * STRIDE, (id + 1) * STRIDE])?;
    tx.prepare_cached("DELETE FROM originals WHERE id = ?1")?
        .execute([id])?;
    tx.prepare_cached("DELETE FROM appended WHERE remote = ?1")?
        .execute([remote])?;
    Ok(())
}

/// Forgets what has had no message for long.
fn sweep(tx: &Transaction<'_>) -> Result<()> {
    let now = unix_now();
    tx.prepare_cached(
        "UPDATE appended SET alone = CASE
             WHEN EXISTS (SELECT 1 FROM messages m WHERE m.remote = appended.remote) THEN NULL
             ELSE coalesce(alone, ?1) END
         WHERE (alone IS NULL) <>
             EXISTS (SELECT 1 FROM messages m WHERE m.remote = appended.remote)",
    )?
    .execute([now])?;
    let old: Vec<String> = tx
        .prepare_cached("SELECT remote FROM appended WHERE alone < ?1")?
        .query_map([now - KEPT], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    old.iter().try_for_each(|remote| drop_original(tx, remote))
}
