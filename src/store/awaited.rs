//! Mail in Sent Items of which another copy may come (in `state.db`): a client appends what Postern was given to send, and
//! Graph makes a copy of what it sends, perhaps minutes later.
//!
//! Whichever comes second is the same mail: the row stays, with its UID and with what was served for it. If a client wrote
//! that row's octets, it stands for Graph's own copy from then on (the one that Outlook knows as sent); else the second one
//! is left out. The copy that no row stands for is remembered as a duplicate until it is gone from the cloud, and
//! never shows. All this is decided in the transaction that meets the second copy, so that it
//! is decided once, whatever is interrupted.

use super::{
    MailboxStore,
    error::{Error, Result},
    mailboxes::FolderKey,
    messages::{MessageKey, RemoteMessage},
    rounds::Round,
    unix_now,
    writes::Written,
};
use crate::mail::{RemoteId, Uid};
use rusqlite::{OptionalExtension, Transaction, params};

/// So long (seconds) another copy is reckoned with: a submission is tried for two days.
const AWAITED: i64 = 3 * 24 * 3600;
/// A copy that is older than the expectation by more than this (seconds) is one of another sending.
const EARLIER: i64 = 3600;
/// So long (seconds) a removed duplicate is remembered: a delta may lag.
const REMEMBERED: i64 = 24 * 3600;

/// A copy that has to go from the cloud, and the one that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub remote: RemoteId,
    pub kept: RemoteId,
}

impl MailboxStore {
    /// A copy of this mail is about to be made, and another may come.
    pub async fn await_copy(&self, folder: FolderKey, message_id: &str) -> Result<()> {
        let message_id = message_id.to_owned();
        self.state()
            .write(move |tx| {
                let now = unix_now();
                tx.execute("DELETE FROM awaited WHERE since < ?1", [now - AWAITED])?;
                tx.execute("DELETE FROM duplicates WHERE gone < ?1", [now - REMEMBERED])?;
                tx.execute(
                    "INSERT INTO awaited (folder, message_id, since) VALUES (?1, ?2, ?3)
                     ON CONFLICT (folder, message_id) DO UPDATE SET since = ?3",
                    params![folder.0, message_id, now],
                )?;
                Ok(())
            })
            .await
    }

    /// [`MailboxStore::append_row`] of a mail that is awaited: where the other copy came meanwhile, its row stands for both.
    pub async fn append_awaited(
        &self,
        folder: FolderKey,
        written: Written,
        message_id: String,
    ) -> Result<Uid> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| {
                let own = own(tx, folder.0, &message_id)?;
                match own.as_ref().and_then(|own| own.remote.as_ref()) {
                    Some(there) if *there != written.remote => {
                        let round = Round::begin(tx, folder)?;
                        if let Some(known) = round.known(there.as_str())? {
                            let key = MessageKey(known.key);
                            mailbox.adopt_in(tx, key, there, &written.mime, &written.served)?;
                            settle(tx, folder.0, &message_id, &written.remote, there)?;
                            return Uid::new(known.uid).ok_or(Error::UidsExhausted);
                        }
                    }
                    _ => {}
                }
                let uid = mailbox.append_in(tx, folder, &written)?;
                tx.execute(
                    "UPDATE awaited SET own = ?3 WHERE folder = ?1 AND message_id = ?2",
                    params![folder.0, message_id, written.remote.as_str()],
                )?;
                Ok(uid)
            })
            .await
    }

    /// Duplicates that are yet to be removed.
    pub async fn duplicates(&self, folder: FolderKey) -> Result<Vec<Duplicate>> {
        self.state()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT remote, kept FROM duplicates WHERE folder = ?1 AND gone IS NULL",
                )?;
                let rows = query.query_map([folder.0], |row| {
                    Ok(Duplicate {
                        remote: RemoteId::new(row.get::<_, String>(0)?),
                        kept: RemoteId::new(row.get::<_, String>(1)?),
                    })
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// It is gone from the cloud, or nothing more can be done about it.
    pub async fn duplicate_gone(&self, remote: &RemoteId) -> Result<()> {
        let remote = remote.to_string();
        self.state()
            .write(move |tx| {
                tx.execute(
                    "UPDATE duplicates SET gone = ?2 WHERE remote = ?1",
                    params![remote, unix_now()],
                )?;
                Ok(())
            })
            .await
    }
}

struct Own {
    remote: Option<RemoteId>,
    since: i64,
}

/// The copy that is here of a mail that is awaited.
fn own(tx: &Transaction<'_>, folder: i64, message_id: &str) -> Result<Option<Own>> {
    let mut query = tx.prepare_cached(
        "SELECT own, since FROM awaited WHERE folder = ?1 AND message_id = ?2 AND since >= ?3",
    )?;
    let found = query.query_row(params![folder, message_id, unix_now() - AWAITED], |row| {
        Ok(Own {
            remote: row.get::<_, Option<String>>(0)?.map(RemoteId::new),
            since: row.get(1)?,
        })
    });
    Ok(found.optional()?)
}

/// Both copies have come.
fn settle(
    tx: &Transaction<'_>,
    folder: i64,
    message_id: &str,
    goes: &RemoteId,
    stays: &RemoteId,
) -> Result<()> {
    tx.execute(
        "DELETE FROM awaited WHERE folder = ?1 AND message_id = ?2",
        params![folder, message_id],
    )?;
    tx.execute(
        "INSERT OR REPLACE INTO duplicates (remote, kept, folder) VALUES (?1, ?2, ?3)",
        params![goes.as_str(), stays.as_str(), folder],
    )?;
    Ok(())
}

impl Round<'_> {
    /// Whether a message that is new here is another copy of one that is: then it is no news.
    pub(super) fn is_second_copy(&mut self, remote: &str, told: &RemoteMessage) -> Result<bool> {
        let tx = self.tx();
        let duplicate = tx
            .prepare_cached("SELECT 1 FROM duplicates WHERE remote = ?1")?
            .exists([remote])?;
        if duplicate {
            return Ok(true);
        }
        let Some(message_id) = told
            .message_id
            .as_deref()
            .filter(|_| told.draft != Some(true))
        else {
            return Ok(false);
        };
        let folder = self.folder().0;
        let Some(own) = own(tx, folder, message_id)? else {
            return Ok(false);
        };
        let here = match &own.remote {
            Some(here) => self.known(here.as_str())?.map(|known| (here, known)),
            None => None,
        };
        let Some((here, known)) = here else {
            // The first that comes. (What was here before has left.)
            tx.prepare_cached("UPDATE awaited SET own = ?3 WHERE folder = ?1 AND message_id = ?2")?
                .execute(params![folder, message_id, remote])?;
            return Ok(false);
        };
        if told.received.is_some_and(|at| at < own.since - EARLIER) {
            return Ok(false);
        }
        let second = RemoteId::new(remote);
        if !super::originals::belongs(tx, here.as_str(), remote)? {
            settle(tx, folder, message_id, &second, here)?;
            return Ok(true);
        }
        tx.prepare_cached("UPDATE messages SET remote = ?2 WHERE key = ?1")?
            .execute(params![known.key, remote])?;
        self.patch_details(known.key, told)?;
        settle(tx, folder, message_id, here, &second)?;
        Ok(true)
    }
}
