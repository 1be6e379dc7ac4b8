//! What was served for a UID: kept once, never contradicted (in `state.db`).
//!
//! Header, boundaries and structure are one record, compressed and sealed for its message.

use super::{
    MailboxStore,
    error::{Error, Result},
    messages::{MessageKey, Served},
    seal::{Place, Sealer},
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::path::Path;

/// Headers repeat themselves; more effort gains little.
const ZSTD_LEVEL: i32 = 3;

/// No header block that was let in is longer (octets, unpacked); a bound for a damaged record.
const MAX_FACTS: usize = 64 * 1024 * 1024;

impl MailboxStore {
    /// Keeps what is served for a message from now on. Served facts are never overwritten: returns
    /// those in force, which differ from `served` if there were some already.
    /// [`Error::NoMessage`] when the message is gone.
    pub async fn keep_served(&self, key: MessageKey, served: Served) -> Result<Served> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| mailbox.keep_in(tx, key, served))
            .await
    }

    /// [`MailboxStore::keep_served`] for many, in one commit (each commit waits for the disk). Every message has
    /// its own outcome, in the order given.
    pub async fn keep_served_all(
        &self,
        all: Vec<(MessageKey, Served)>,
    ) -> Result<Vec<Result<Served>>> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| {
                let mut kept = Vec::with_capacity(all.len());
                for (key, served) in all {
                    kept.push(match mailbox.keep_in(tx, key, served) {
                        // The disk's troubles are everyone's.
                        Err(error @ Error::Unnamed(_)) => return Err(error),
                        own => own,
                    });
                }
                Ok(kept)
            })
            .await
    }

    /// A message went from one folder to another: what was served for `from`, and its MIME in the
    /// cache, serve `to` as well. Facts that `to` has already stay. Whether there was something to adopt.
    pub async fn adopt_served(&self, from: MessageKey, to: MessageKey) -> Result<bool> {
        let mailbox = self.clone();
        let adopted = self
            .state()
            .write(move |tx| {
                exists(tx, to)?;
                let Some(served) = mailbox.served_in(tx, from)? else {
                    return Ok(false);
                };
                if mailbox.served_in(tx, to)?.is_some() {
                    return Ok(false);
                }
                write(tx, mailbox.sealer(), to, &served)?;
                Ok(true)
            })
            .await?;
        if adopted {
            self.cache().adopt(from, to).await?;
        }
        Ok(adopted)
    }

    pub(super) fn keep_in(
        &self,
        tx: &Transaction<'_>,
        key: MessageKey,
        served: Served,
    ) -> Result<Served> {
        if let Some(earlier) = self.served_in(tx, key)? {
            return Ok(earlier);
        }
        exists(tx, key)?;
        write(tx, self.sealer(), key, &served)?;
        Ok(served)
    }

    pub(super) fn served_in(&self, conn: &Connection, key: MessageKey) -> Result<Option<Served>> {
        read(conn, self.sealer(), self.state().file(), key)
    }
}

/// The facts kept for a message. [`Error::Tampered`] when the record does not open.
pub(super) fn read(
    conn: &Connection,
    sealer: &Sealer,
    file: &Path,
    key: MessageKey,
) -> Result<Option<Served>> {
    let mut query =
        conn.prepare_cached("SELECT size, sha256, facts FROM served WHERE message = ?1")?;
    let row = query.query_row([key.0], |row| {
        let facts = row.get_ref(2)?.as_blob()?;
        Ok((row.get::<_, i64>(0)?, row.get(1)?, open(sealer, key, facts)))
    });
    match row.optional()? {
        None => Ok(None),
        Some((size, sha256, Some((header, boundaries, structure)))) => Ok(Some(Served {
            size: size.unsigned_abs(),
            sha256,
            header,
            boundaries,
            structure,
        })),
        Some((_, _, None)) => Err(Error::Tampered {
            file: file.to_owned(),
        }),
    }
}

fn exists(tx: &Transaction<'_>, key: MessageKey) -> Result<()> {
    let found = tx
        .prepare_cached("SELECT 1 FROM messages WHERE key = ?1")?
        .exists([key.0])?;
    found.then_some(()).ok_or(Error::NoMessage)
}

pub(super) fn write(
    tx: &Transaction<'_>,
    sealer: &Sealer,
    key: MessageKey,
    served: &Served,
) -> Result<()> {
    let facts = seal(sealer, key, served)?;
    let size = i64::try_from(served.size).unwrap_or(i64::MAX);
    tx.prepare_cached("INSERT INTO served VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key.0, size, served.sha256, facts])?;
    Ok(())
}

pub(super) fn seal(sealer: &Sealer, key: MessageKey, served: &Served) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(served.header.len() + served.structure.len() + 256);
    for part in [
        served.header.as_slice(),
        served.boundaries.as_bytes(),
        served.structure.as_bytes(),
    ] {
        plain.extend_from_slice(&(part.len() as u64).to_be_bytes());
        plain.extend_from_slice(part);
    }
    let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|_| Error::Crypto)?;
    // The length goes in front, so that unpacking needs no guess.
    let mut record = (plain.len() as u64).to_be_bytes().to_vec();
    record.extend_from_slice(&packed);
    sealer.seal(place(&key.0.to_be_bytes()), &record)
}

pub(super) fn open(
    sealer: &Sealer,
    key: MessageKey,
    sealed: &[u8],
) -> Option<(Vec<u8>, String, String)> {
    let record = sealer.open(place(&key.0.to_be_bytes()), sealed)?;
    let (length, mut packed) = split(&record)?;
    if length > MAX_FACTS {
        return None;
    }
    let plain = zstd::bulk::decompress(packed, length).ok()?;
    packed = &plain;
    let mut parts = Vec::with_capacity(3);
    for _ in 0..3 {
        let (length, rest) = split(packed)?;
        let (part, rest) = rest.split_at_checked(length)?;
        parts.push(part.to_vec());
        packed = rest;
    }
    let structure = String::from_utf8(parts.pop()?).ok()?;
    let boundaries = String::from_utf8(parts.pop()?).ok()?;
    Some((parts.pop()?, boundaries, structure))
}

fn split(record: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = record.split_first_chunk::<8>()?;
    Some((usize::try_from(u64::from_be_bytes(*length)).ok()?, rest))
}

fn place(owner: &[u8]) -> Place<'_> {
    Place {
        owner,
        index: 0,
        last: true,
    }
}
