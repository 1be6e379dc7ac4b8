//! Folders of one mailbox (in `state.db`).

use super::{MailboxStore, Result, error::Error, unix_now};
use crate::mail::{MailboxName, ModSeq, RemoteId, Role, UidValidity};
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, params};

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
    /// All folders, in the order in which they were first seen.
    pub async fn folders(&self) -> Result<Vec<FolderRow>> {
        self.state()
            .read(|conn| {
                let mut query = conn.prepare_cached(&select("ORDER BY key"))?;
                let rows = query.query_map([], folder_row)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    pub async fn folder(&self, key: FolderKey) -> Result<Option<FolderRow>> {
        self.state()
            .read(move |conn| one(conn, "WHERE key = ?1", [key.0]))
            .await
    }

    pub async fn folder_by_name(&self, name: &MailboxName) -> Result<Option<FolderRow>> {
        let name = name.to_string();
        self.state()
            .read(move |conn| one(conn, "WHERE name = ?1", [name]))
            .await
    }

    pub async fn folder_by_remote(&self, remote: &RemoteId) -> Result<Option<FolderRow>> {
        let remote = remote.to_string();
        self.state()
            .read(move |conn| one(conn, "WHERE remote = ?1", [remote]))
            .await
    }

    /// One round of the folder delta, in one commit: removals (rows and their messages go), then
    /// upserts (new folders get a fresh UIDVALIDITY, higher than any before, and are subscribed;
    /// a renamed one keeps its UIDs), and the link of the next round (`None`: as it was).
    /// An id in both lists is an upsert. [`Error::NameTaken`], and nothing is done, when two
    /// folders would have one name.
    pub async fn apply_folders(
        &self,
        upserts: Vec<FolderUpsert>,
        removed: Vec<RemoteId>,
        link: Option<String>,
    ) -> Result<()> {
        self.state()
            .write(move |tx| {
                for remote in &removed {
                    if !upserts.iter().any(|folder| folder.remote == *remote) {
                        remove(tx, remote)?;
                    }
                }
                carry_subscriptions(tx, &upserts)?;
                for folder in &upserts {
                    upsert(tx, folder)?;
                }
                check_names(tx)?;
                if let Some(link) = link {
                    tx.execute("UPDATE meta SET folders_link = ?1", [link])?;
                }
                Ok(())
            })
            .await
    }

    /// The folder delta's persisted link.
    pub async fn folders_link(&self) -> Result<Option<String>> {
        self.state()
            .read(|conn| Ok(conn.query_row("SELECT folders_link FROM meta", [], |r| r.get(0))?))
            .await
    }

    /// Forgets the folder delta's link (410): the next round tells all folders.
    pub async fn reset_folders_link(&self) -> Result<()> {
        self.state()
            .write(|tx| {
                tx.execute("UPDATE meta SET folders_link = NULL", [])?;
                Ok(())
            })
            .await
    }

    /// SUBSCRIBE and UNSUBSCRIBE; a name may be subscribed without existing (RFC 3501 section 6.3.6).
    /// What a client subscribed stays until a client unsubscribes it, whatever becomes of the folder.
    pub async fn set_subscribed(&self, name: &MailboxName, on: bool) -> Result<()> {
        let name = name.to_string();
        let sql = if on {
            "INSERT OR REPLACE INTO subscriptions VALUES (?1, 0)"
        } else {
            "DELETE FROM subscriptions WHERE name = ?1"
        };
        self.state()
            .write(move |tx| {
                tx.execute(sql, [name])?;
                Ok(())
            })
            .await
    }

    /// Subscribed names, sorted.
    pub async fn subscriptions(&self) -> Result<Vec<MailboxName>> {
        self.state()
            .read(|conn| {
                let mut query =
                    conn.prepare_cached("SELECT name FROM subscriptions ORDER BY name")?;
                let names = query.query_map([], |row| {
                    Ok(MailboxName::from_client(row.get_ref(0)?.as_str()?))
                })?;
                Ok(names.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }
}

fn select(tail: &str) -> String {
    format!(
        "SELECT key, remote, parent, display_name, name, role, uid_validity, uid_next,
             highest_modseq, listed, link, messages, unseen,
             EXISTS (SELECT 1 FROM subscriptions s WHERE s.name = folders.name)
         FROM folders {tail}"
    )
}

fn one(conn: &Connection, tail: &str, params: impl Params) -> Result<Option<FolderRow>> {
    let mut query = conn.prepare_cached(&select(tail))?;
    Ok(query.query_row(params, folder_row).optional()?)
}

fn folder_row(row: &Row<'_>) -> rusqlite::Result<FolderRow> {
    Ok(FolderRow {
        key: FolderKey(row.get(0)?),
        remote: RemoteId::new(row.get::<_, String>(1)?),
        parent: row.get::<_, Option<String>>(2)?.map(RemoteId::new),
        display_name: row.get(3)?,
        // Stored as it was shown: already in its final form.
        name: MailboxName::from_client(row.get_ref(4)?.as_str()?),
        role: row.get_ref(5)?.as_str_or_null()?.and_then(role),
        uid_validity: uid_validity(row.get(6)?, 6)?,
        uid_next: row.get(7)?,
        highest_modseq: mod_seq(row.get(8)?),
        listed: row.get(9)?,
        link: row.get(10)?,
        messages: row.get(11)?,
        unseen: row.get(12)?,
        subscribed: row.get(13)?,
    })
}

pub(super) fn uid_validity(value: u32, column: usize) -> rusqlite::Result<UidValidity> {
    UidValidity::new(value).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

/// SQLite's integers are signed; the schema lets none below zero in.
pub(super) fn mod_seq(value: i64) -> ModSeq {
    ModSeq(value.unsigned_abs())
}

fn role(stored: &str) -> Option<Role> {
    Role::ALL
        .into_iter()
        .find(|role| role.well_known_name() == stored)
}

fn upsert(tx: &Transaction<'_>, folder: &FolderUpsert) -> Result<()> {
    let remote = folder.remote.as_str();
    let name = folder.name.as_str();
    if name_of(tx, &folder.remote)?.is_none() {
        let validity = next_uid_validity(tx)?;
        tx.execute(
            "INSERT INTO folders (remote, display_name, name, uid_validity) VALUES (?1, '', ?2, ?3)",
            params![remote, name, validity],
        )?;
        subscribe(tx, name)?;
    }
    tx.prepare_cached(
        "UPDATE folders SET parent = ?2, display_name = ?3, name = ?4, role = ?5 WHERE remote = ?1",
    )?
    .execute(params![
        remote,
        folder.parent.as_ref().map(RemoteId::as_str),
        folder.display_name,
        name,
        folder.role.map(Role::well_known_name),
    ])?;
    Ok(())
}

/// A folder that no listing will fill: its UIDs begin now.
pub(super) fn insert_listed(tx: &Transaction<'_>, folder: &FolderUpsert) -> Result<FolderKey> {
    upsert(tx, folder)?;
    let sql = "UPDATE folders SET listed = 1 WHERE remote = ?1 RETURNING key";
    let mut query = tx.prepare_cached(sql)?;
    let key = query.query_row([folder.remote.as_str()], |row| row.get(0).map(FolderKey))?;
    check_names(tx)?;
    Ok(key)
}

/// Unix time, but never one that was handed out before: a clock may jump back.
fn next_uid_validity(tx: &Transaction<'_>) -> Result<u32> {
    let last: i64 = tx.query_row("SELECT last_uid_validity FROM meta", [], |r| r.get(0))?;
    let next = unix_now().max(last + 1).max(1);
    let next = u32::try_from(next).map_err(|_| Error::UidsExhausted)?;
    tx.execute("UPDATE meta SET last_uid_validity = ?1", [next])?;
    Ok(next)
}

fn remove(tx: &Transaction<'_>, remote: &RemoteId) -> Result<()> {
    let found: Option<(i64, String)> = tx
        .query_row(
            "SELECT key, name FROM folders WHERE remote = ?1",
            [remote.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((key, name)) = found else {
        return Ok(());
    };
    tx.execute(
        "DELETE FROM served WHERE message IN (SELECT key FROM messages WHERE folder = ?1)",
        [key],
    )?;
    tx.execute("DELETE FROM folders WHERE key = ?1", [key])?;
    tx.execute(
        "DELETE FROM subscriptions WHERE name = ?1 AND automatic",
        [name],
    )?;
    Ok(())
}

/// Mail programs show subscribed folders only, and nobody subscribes what was made in Outlook.
fn subscribe(tx: &Transaction<'_>, name: &str) -> Result<()> {
    tx.execute("INSERT OR IGNORE INTO subscriptions VALUES (?1, 1)", [name])?;
    Ok(())
}

/// Renamed folders stay subscribed or not. All at once, since folders may swap their names.
fn carry_subscriptions(tx: &Transaction<'_>, upserts: &[FolderUpsert]) -> Result<()> {
    let mut subscribed = Vec::new();
    for folder in upserts {
        let after = folder.name.as_str();
        if let Some(before) = name_of(tx, &folder.remote)?.filter(|before| before != after) {
            let query = "SELECT 1 FROM subscriptions WHERE name = ?1";
            if tx.prepare_cached(query)?.exists([&before])? {
                subscribed.push((before, after));
            }
        }
    }
    for (before, _) in &subscribed {
        let sql = "DELETE FROM subscriptions WHERE name = ?1 AND automatic";
        tx.execute(sql, [before])?;
    }
    for (_, after) in subscribed {
        subscribe(tx, after)?;
    }
    Ok(())
}

fn name_of(tx: &Transaction<'_>, remote: &RemoteId) -> Result<Option<String>> {
    let mut query = tx.prepare_cached("SELECT name FROM folders WHERE remote = ?1")?;
    let name = query.query_row([remote.as_str()], |row| row.get(0));
    Ok(name.optional()?)
}

fn check_names(tx: &Transaction<'_>) -> Result<()> {
    let twice = "SELECT name FROM folders GROUP BY name HAVING count(*) > 1";
    let twice = tx.query_row(twice, [], |row| row.get(0)).optional()?;
    twice.map_or(Ok(()), |name| Err(Error::NameTaken(name)))
}
