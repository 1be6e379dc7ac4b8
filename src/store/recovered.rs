//! The mailbox that is on this computer alone (in `state.db`): messages that Microsoft 365 refused.
//!
//! A folder row like any other, listed from its first moment, so that UIDs, MODSEQ and flags keep the rules of
//! [`super::rounds`]. Its ids begin with `postern:`, which no id of Graph's does. Octets are originals (sealed); what
//! is removed is gone for good, in the same commit.

use super::{
    MailboxStore, Result,
    mailboxes::{FolderKey, FolderRow, FolderUpsert, insert_listed},
    messages::{RemoteMessage, Served},
    originals::drop_original,
    rounds::Round,
    served,
};
use crate::mail::{Flags, MailboxName, RemoteId};
use rusqlite::{OptionalExtension, Transaction, params};

/// The id of the folder.
const FOLDER: &str = "postern:recovered";

/// A message that only this computer has.
#[derive(Debug, Clone)]
pub struct Local {
    pub remote: RemoteId,
    pub flags: Flags,
    /// Unix seconds.
    pub internal_date: i64,
    pub subject: Option<String>,
    pub message_id: Option<String>,
    pub mime: Vec<u8>,
    /// Facts of `mime`.
    pub served: Served,
}

/// What became of a message that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    New(FolderKey),
    /// It was there already, and stays as it is.
    Known,
    /// With it the mailbox would hold more octets than it may.
    NoRoom,
}

/// The id of a message: the same for the same `digest`.
pub fn local_id(digest: &[u8; 32]) -> RemoteId {
    let hex: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    RemoteId::new(format!("{FOLDER}:{hex}"))
}

impl FolderRow {
    /// The folder is on this computer alone: Graph knows nothing of it.
    pub fn is_local(&self) -> bool {
        self.remote.as_str() == FOLDER
    }
}

impl MailboxStore {
    /// Keeps `message` and `note`, a message about it, in one commit; the first time makes the mailbox. Nothing
    /// happens when `message` is there. `most`: octets of all messages together.
    pub async fn recover(&self, message: Local, note: Local, most: u64) -> Result<Kept> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| {
                let folder = match find(tx)? {
                    Some(folder) => folder,
                    None => insert_listed(tx, &row())?,
                };
                let mut round = Round::begin(tx, folder)?;
                if round.known(message.remote.as_str())?.is_some() {
                    return Ok(Kept::Known);
                }
                if octets(tx, folder)?.saturating_add(message.served.size) > most {
                    return Ok(Kept::NoRoom);
                }
                for local in [message, note] {
                    mailbox.insert_local(tx, &mut round, &local)?;
                }
                round.finish()?;
                Ok(Kept::New(folder))
            })
            .await
    }

    fn insert_local(
        &self,
        tx: &Transaction<'_>,
        round: &mut Round<'_>,
        local: &Local,
    ) -> Result<()> {
        if round.known(local.remote.as_str())?.is_some() {
            // The note of a message that was removed without it.
            forget(tx, round, &local.remote)?;
        }
        self.keep_original(tx, &local.remote, &local.mime, false)?;
        let told = RemoteMessage {
            received: Some(local.internal_date),
            subject: local.subject.clone(),
            message_id: local.message_id.clone(),
            ..RemoteMessage::default()
        };
        let (key, _) = round.insert_shown(local.remote.as_str(), &told, &local.flags)?;
        served::write(tx, self.sealer(), key, &local.served)
    }

    /// Removes messages for good, octets and all; those that are gone already are fine.
    pub async fn forget_recovered(&self, folder: FolderKey, gone: Vec<RemoteId>) -> Result<()> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder)?;
                for remote in &gone {
                    forget(tx, &mut round, remote)?;
                }
                round.finish()?;
                Ok(())
            })
            .await
    }
}

fn row() -> FolderUpsert {
    let name = MailboxName::recovered();
    FolderUpsert {
        remote: RemoteId::new(FOLDER),
        parent: None,
        display_name: name.to_string(),
        name,
        role: None,
    }
}

fn find(tx: &Transaction<'_>) -> Result<Option<FolderKey>> {
    let mut query = tx.prepare_cached("SELECT key FROM folders WHERE remote = ?1")?;
    let key = query.query_row([FOLDER], |row| row.get(0).map(FolderKey));
    Ok(key.optional()?)
}

fn octets(tx: &Transaction<'_>, folder: FolderKey) -> Result<u64> {
    let mut query = tx.prepare_cached(
        "SELECT coalesce(sum(s.size), 0) FROM messages m JOIN served s ON s.message = m.key
         WHERE m.folder = ?1",
    )?;
    let sum: i64 = query.query_row([folder.0], |row| row.get(0))?;
    Ok(sum.unsigned_abs())
}

fn forget(tx: &Transaction<'_>, round: &mut Round<'_>, remote: &RemoteId) -> Result<()> {
    let Some(known) = round.known(remote.as_str())? else {
        return Ok(());
    };
    round.remove(remote)?;
    // What left another folder is kept for where it went; this went nowhere.
    for sql in [
        "DELETE FROM departed WHERE message = ?1",
        "DELETE FROM served WHERE message = ?1",
    ] {
        tx.prepare_cached(sql)?.execute(params![known.key])?;
    }
    drop_original(tx, remote.as_str())
}
