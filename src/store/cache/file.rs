//! The open `cache.db`: blobs, chunks, entries, and who was used when.

use super::CHUNK;
use crate::store::{
    db::{Db, lock},
    error::{Error, Result},
    messages::MessageKey,
    schema,
    seal::{Place, Sealer},
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

/// Row of chunk 0 is blob id times this: 64 GiB are room enough for a message.
const STRIDE: i64 = 1 << 20;

/// Reads are written down in batches of this many.
const TOUCHES: usize = 128;

/// Pages given back in one go while shrinking.
const VACUUM: u32 = 4_096;

#[derive(Debug)]
pub(super) struct CacheFile {
    db: Db,
    sealer: Sealer,
    /// Ascends with each use; the order of use is all that matters, so no clock.
    tick: AtomicI64,
    /// Blobs used since the last batch, in their order.
    touched: Mutex<Vec<i64>>,
}

/// What a ticket says: where a message's MIME lies.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    blob: i64,
    salt: [u8; 16],
    size: u64,
}

impl CacheFile {
    /// Opens the file; one that is damaged, strange, or of another state.db is made anew.
    pub(super) async fn open(path: &Path, incarnation: &[u8], sealer: &Sealer) -> Result<Self> {
        match Self::open_sound(path, incarnation, sealer).await {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => {}
            Err(error) if error.is_damage() || is_strange(&error) => {
                tracing::warn!(%error, "the message cache begins anew");
            }
            Err(error) => return Err(error),
        }
        delete(path);
        let file = Self::open_sound(path, incarnation, sealer).await?;
        file.ok_or(Error::Gone)
    }

    async fn open_sound(path: &Path, incarnation: &[u8], sealer: &Sealer) -> Result<Option<Self>> {
        let db = Db::open(path.to_owned(), schema::CACHE).await?;
        let incarnation = incarnation.to_vec();
        let begun = db.write(move |tx| begin(tx, &incarnation)).await;
        match begun {
            Ok(Some(tick)) => Ok(Some(Self {
                db,
                sealer: sealer.clone(),
                tick: AtomicI64::new(tick),
                touched: Mutex::default(),
            })),
            other => {
                db.close().await;
                other.map(|_| None)
            }
        }
    }

    pub(super) async fn close(&self) {
        if let Err(error) = self.write_touches().await {
            tracing::debug!(%error, "the order of use was not kept");
        }
        self.db.close().await;
    }

    pub(super) async fn size(&self, key: MessageKey) -> Result<Option<u64>> {
        let sealer = self.sealer.clone();
        self.db
            .read(move |conn| Ok(ticket(conn, &sealer, key)?.map(|t| t.size)))
            .await
    }

    pub(super) async fn range(
        &self,
        key: MessageKey,
        start: u64,
        end: u64,
    ) -> Result<Option<Vec<u8>>> {
        let sealer = self.sealer.clone();
        let read = self
            .db
            .read(move |conn| {
                let Some(ticket) = ticket(conn, &sealer, key)? else {
                    return Ok(None);
                };
                let octets = octets(conn, &sealer, ticket, start, end)?;
                Ok(Some((ticket.blob, octets)))
            })
            .await;
        match read {
            Ok(Some((blob, octets))) => {
                self.touch(blob);
                Ok(Some(octets))
            }
            Ok(None) => Ok(None),
            Err(Error::Tampered { .. }) => {
                tracing::warn!(
                    message = key.0,
                    "a cached message does not open and is dropped"
                );
                self.remove(key).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn remove(&self, key: MessageKey) -> Result<()> {
        self.db.write(move |tx| remove_entry(tx, key)).await
    }

    pub(super) async fn adopt(&self, from: MessageKey, to: MessageKey) -> Result<()> {
        let sealer = self.sealer.clone();
        self.db
            .write(move |tx| {
                let found = ticket(tx, &sealer, from);
                let Some(found) = found.or_else(|e| if_tampered(e, None))? else {
                    return Ok(());
                };
                put_entry(tx, &sealer, to, found)
            })
            .await
    }

    pub(super) async fn shrink(&self, octets: u64) -> Result<()> {
        self.write_touches().await?;
        let limit = i64::try_from(octets).unwrap_or(i64::MAX);
        self.db.write(move |tx| evict(tx, limit)).await?;
        while self.db.write(give_back).await? {}
        Ok(())
    }

    /// Makes room for a message's chunks; invisible until [`CacheFile::complete`].
    pub(super) async fn begin_blob(&self) -> Result<(i64, [u8; 16])> {
        let salt = self.sealer.random()?;
        let blob = self
            .db
            .write(|tx| {
                tx.execute(
                    "INSERT INTO blobs (size, used, complete) VALUES (0, 0, 0)",
                    [],
                )?;
                Ok(tx.last_insert_rowid())
            })
            .await?;
        Ok((blob, salt))
    }

    /// Adds a full chunk that is not the last one.
    pub(super) async fn add_chunk(
        &self,
        (blob, salt): (i64, [u8; 16]),
        index: u64,
        plain: Vec<u8>,
    ) -> Result<()> {
        let sealer = self.sealer.clone();
        self.db
            .write(move |tx| put_chunk(tx, &sealer, blob, place(&salt, index, false), &plain))
            .await
    }

    /// Adds the last chunk and makes the message visible, in one commit.
    pub(super) async fn complete(
        &self,
        (blob, salt): (i64, [u8; 16]),
        index: u64,
        plain: Vec<u8>,
        key: MessageKey,
    ) -> Result<()> {
        let sealer = self.sealer.clone();
        let used = self.tick.fetch_add(1, Ordering::Relaxed);
        self.db
            .write(move |tx| {
                let size = index * CHUNK as u64 + plain.len() as u64;
                put_chunk(tx, &sealer, blob, place(&salt, index, true), &plain)?;
                tx.prepare_cached(
                    "UPDATE blobs SET size = ?2, used = ?3, complete = 1 WHERE id = ?1",
                )?
                .execute(params![
                    blob,
                    i64::try_from(size).unwrap_or(i64::MAX),
                    used
                ])?;
                put_entry(tx, &sealer, key, Ticket { blob, salt, size })
            })
            .await
    }

    /// Forgets a blob that will never be complete; does not wait.
    pub(super) fn abandon(&self, blob: i64) {
        self.db.write_later(move |tx| remove_blob(tx, blob));
    }

    fn touch(&self, blob: i64) {
        let mut touched = lock(&self.touched);
        touched.push(blob);
        if touched.len() >= TOUCHES {
            let batch = std::mem::take(&mut *touched);
            let from = self.ticks(batch.len());
            self.db.write_later(move |tx| mark_used(tx, &batch, from));
        }
    }

    async fn write_touches(&self) -> Result<()> {
        let batch = std::mem::take(&mut *lock(&self.touched));
        if batch.is_empty() {
            return Ok(());
        }
        let from = self.ticks(batch.len());
        self.db.write(move |tx| mark_used(tx, &batch, from)).await
    }

    fn ticks(&self, count: usize) -> i64 {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.tick.fetch_add(count, Ordering::Relaxed)
    }
}

/// Removes the file and what SQLite keeps beside it.
pub(super) fn delete(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let name = PathBuf::from(name);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = %name.display(), %error, "cannot be removed");
            }
            _ => {}
        }
    }
}

fn is_strange(error: &Error) -> bool {
    matches!(error, Error::Newer { .. } | Error::Foreign { .. })
}

fn if_tampered<T>(error: Error, instead: T) -> Result<T> {
    match error {
        Error::Tampered { .. } => Ok(instead),
        other => Err(other),
    }
}

/// Sweeps what was left unfinished. The next tick, or `None` when the file belongs to another state.db.
fn begin(tx: &Transaction<'_>, incarnation: &[u8]) -> Result<Option<i64>> {
    tx.execute("INSERT OR IGNORE INTO meta VALUES (1, ?1)", [incarnation])?;
    let found: Vec<u8> = tx.query_row("SELECT incarnation FROM meta", [], |r| r.get(0))?;
    if found != incarnation {
        return Ok(None);
    }
    let unfinished: Vec<i64> = tx
        .prepare("SELECT id FROM blobs WHERE NOT complete")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for blob in unfinished {
        remove_blob(tx, blob)?;
    }
    let last: i64 = tx.query_row("SELECT coalesce(max(used), 0) FROM blobs", [], |r| r.get(0))?;
    Ok(Some(last + 1))
}

fn place(salt: &[u8; 16], index: u64, last: bool) -> Place<'_> {
    Place {
        owner: salt,
        index,
        last,
    }
}

fn ticket_place(key: &[u8; 8]) -> Place<'_> {
    Place {
        owner: key,
        index: 0,
        last: true,
    }
}

fn tampered(conn: &Connection) -> Error {
    Error::Tampered {
        file: conn.path().unwrap_or_default().into(),
    }
}

fn ticket(conn: &Connection, sealer: &Sealer, key: MessageKey) -> Result<Option<Ticket>> {
    let row: Option<(i64, Vec<u8>)> = conn
        .prepare_cached("SELECT blob, ticket FROM entries WHERE message = ?1")?
        .query_row([key.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((blob, sealed)) = row else {
        return Ok(None);
    };
    let plain = sealer.open(ticket_place(&key.0.to_be_bytes()), &sealed);
    let ticket = plain.as_deref().and_then(|plain| {
        let (salt, size) = plain.split_first_chunk::<16>()?;
        Some(Ticket {
            blob,
            salt: *salt,
            size: u64::from_be_bytes(size.try_into().ok()?),
        })
    });
    ticket.map(Some).ok_or_else(|| tampered(conn))
}

/// Decrypts the chunks that `start..end` touches.
fn octets(
    conn: &Connection,
    sealer: &Sealer,
    ticket: Ticket,
    start: u64,
    end: u64,
) -> Result<Vec<u8>> {
    let end = end.min(ticket.size);
    let start = start.min(end);
    let chunk = CHUNK as u64;
    let last = last_index(ticket.size);
    let mut query = conn.prepare_cached("SELECT sealed FROM chunks WHERE id = ?1")?;
    let mut out = Vec::with_capacity(usize::try_from(end - start).unwrap_or(0));
    // An empty range opens one chunk all the same: "here" must be true.
    for index in start / chunk..=end.saturating_sub(1).max(start) / chunk {
        let index = index.min(last);
        let place = place(&ticket.salt, index, index == last);
        let plain = query
            .query_row([row_of(ticket.blob, index)], |row| {
                Ok(sealer.open(place, row.get_ref(0)?.as_blob()?))
            })
            .optional()?;
        let plain = plain.flatten().ok_or_else(|| tampered(conn))?;
        let base = index * chunk;
        let clip = |at: u64| {
            usize::try_from(at.saturating_sub(base))
                .unwrap_or(usize::MAX)
                .min(plain.len())
        };
        let from = clip(start);
        let wanted = plain.get(from..clip(end).max(from));
        out.extend_from_slice(wanted.unwrap_or_default());
    }
    Ok(out)
}

fn last_index(size: u64) -> u64 {
    size.saturating_sub(1) / CHUNK as u64
}

fn row_of(blob: i64, index: u64) -> i64 {
    let index = i64::try_from(index).unwrap_or(STRIDE);
    blob.saturating_mul(STRIDE).saturating_add(index)
}

fn put_chunk(
    tx: &Transaction<'_>,
    sealer: &Sealer,
    blob: i64,
    place: Place<'_>,
    plain: &[u8],
) -> Result<()> {
    let sealed = sealer.seal(place, plain)?;
    tx.prepare_cached("INSERT INTO chunks VALUES (?1, ?2)")?
        .execute(params![row_of(blob, place.index), sealed])?;
    Ok(())
}

fn put_entry(tx: &Transaction<'_>, sealer: &Sealer, key: MessageKey, ticket: Ticket) -> Result<()> {
    remove_entry(tx, key)?;
    let plain = [ticket.salt.as_slice(), &ticket.size.to_be_bytes()].concat();
    let sealed = sealer.seal(ticket_place(&key.0.to_be_bytes()), &plain)?;
    tx.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3)")?
        .execute(params![key.0, ticket.blob, sealed])?;
    Ok(())
}

/// Drops an entry, and its blob when no other message shares it.
fn remove_entry(tx: &Transaction<'_>, key: MessageKey) -> Result<()> {
    let blob: Option<i64> = tx
        .prepare_cached("DELETE FROM entries WHERE message = ?1 RETURNING blob")?
        .query_row([key.0], |row| row.get(0))
        .optional()?;
    let Some(blob) = blob else {
        return Ok(());
    };
    let shared = tx
        .prepare_cached("SELECT 1 FROM entries WHERE blob = ?1")?
        .exists([blob])?;
    if shared {
        Ok(())
    } else {
        remove_blob(tx, blob)
    }
}

fn remove_blob(tx: &Transaction<'_>, blob: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM entries WHERE blob = ?1")?
        .execute([blob])?;
    tx.prepare_cached("DELETE FROM chunks WHERE id >= ?1 AND id < ?2")?
        .execute([row_of(blob, 0), row_of(blob + 1, 0)])?;
    tx.prepare_cached("DELETE FROM blobs WHERE id = ?1")?
        .execute([blob])?;
    Ok(())
}

fn mark_used(tx: &Transaction<'_>, blobs: &[i64], from: i64) -> Result<()> {
    let mut mark = tx.prepare_cached("UPDATE blobs SET used = ?2 WHERE id = ?1")?;
    for (blob, tick) in blobs.iter().zip(from..) {
        mark.execute([*blob, tick])?;
    }
    Ok(())
}

fn evict(tx: &Transaction<'_>, limit: i64) -> Result<()> {
    let mut held: i64 = tx.query_row(
        "SELECT coalesce(sum(size), 0) FROM blobs WHERE complete",
        [],
        |row| row.get(0),
    )?;
    if held <= limit {
        return Ok(());
    }
    let by_use: Vec<(i64, i64)> = tx
        .prepare("SELECT id, size FROM blobs WHERE complete ORDER BY used")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (blob, size) in by_use {
        if held <= limit {
            break;
        }
        remove_blob(tx, blob)?;
        held -= size;
    }
    Ok(())
}

/// Returns some free pages to the file system. Whether there are more.
fn give_back(tx: &Transaction<'_>) -> Result<bool> {
    let free =
        |tx: &Transaction<'_>| tx.query_row("PRAGMA freelist_count", [], |r| r.get::<_, i64>(0));
    let before = free(tx)?;
    tx.execute_batch(&format!("PRAGMA incremental_vacuum({VACUUM})"))?;
    let after = free(tx)?;
    Ok(after > 0 && after < before)
}
