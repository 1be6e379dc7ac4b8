//! Everything that survives: the only module that speaks SQL.
//!
//! `spool.db` holds what belongs to no single mailbox (credentials, pins, submissions, whose messages are files under `spool/`);
//! each mailbox has a folder with `state.db` (folders, UIDs, flags, what was served for a UID;
//! `synchronous=FULL`) and `cache.db` (MIME bytes; may be deleted at any time). No invariant
//! spans two files. Async outside; inside, one writer thread for each file and a few readers.
//!
//! Every future here may be dropped at any time: a write that was begun is done whole or not at all.

pub mod accounts;
pub mod awaited;
pub mod cache;
mod db;
mod error;
mod listing;
pub mod mailboxes;
pub mod messages;
mod originals;
pub mod recovered;
mod rounds;
mod schema;
mod seal;
mod served;
pub mod spool;
pub mod writes;

pub use cache::CacheWriter;
pub use error::{Error, Result};

use crate::mail::Secret;
use cache::Cache;
use db::Db;
use seal::Sealer;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::Mutex;

/// `spool.db`, and the door to each mailbox's files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    data_dir: PathBuf,
    key: Secret<[u8; 32]>,
    spool: Db,
    /// Folder of the submissions' messages.
    messages: spool::Messages,
    mailboxes: Mutex<HashMap<String, MailboxStore>>,
}

/// `state.db` and `cache.db` of one mailbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MailboxStore(Arc<Mailbox>);

impl MailboxStore {
    /// Whether both are the same files.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
struct Mailbox {
    state: Db,
    cache: Cache,
    sealer: Sealer,
}

impl Store {
    /// Opens or creates `spool.db` in `data_dir`. `key` seals message bytes (32 octets from the vault).
    pub async fn open(data_dir: &Path, key: Secret<[u8; 32]>) -> Result<Self> {
        private_dir(data_dir)?;
        Ok(Self(Arc::new(Shared {
            data_dir: data_dir.to_owned(),
            messages: spool::Messages::open(data_dir.join("spool"), &key)?,
            key,
            spool: Db::open(data_dir.join("spool.db"), schema::SPOOL).await?,
            mailboxes: Mutex::default(),
        })))
    }

    /// The files of the mailbox state named `state` (a name that [`accounts`] handed out, safe as a
    /// folder name), opened or created under `data_dir/mailboxes/`. Opening twice gives the same.
    pub async fn mailbox(&self, state: &str) -> Result<MailboxStore> {
        check_state_name(state)?;
        let mut open = self.0.mailboxes.lock().await;
        if let Some(mailbox) = open.get(state) {
            return Ok(mailbox.clone());
        }
        let dir = self.0.data_dir.join("mailboxes").join(state);
        private_dir(&dir)?;
        let mailbox = MailboxStore::open(&dir, state, &self.0.key).await?;
        open.insert(state.to_owned(), mailbox.clone());
        Ok(mailbox)
    }

    /// Checkpoints and closes every file. What comes later is answered with [`Error::Closed`].
    pub async fn close(&self) -> Result<()> {
        let mut open = self.0.mailboxes.lock().await;
        for (_, mailbox) in open.drain() {
            mailbox.0.cache.close().await;
            mailbox.0.state.close().await;
        }
        self.0.spool.close().await;
        Ok(())
    }

    fn spool(&self) -> &Db {
        &self.0.spool
    }
}

impl MailboxStore {
    async fn open(dir: &Path, state: &str, key: &Secret<[u8; 32]>) -> Result<Self> {
        let db = Db::open(dir.join("state.db"), schema::STATE).await?;
        let incarnation: Vec<u8> = db
            .read(|conn| Ok(conn.query_row("SELECT incarnation FROM meta", [], |r| r.get(0))?))
            .await?;
        let chunks = Sealer::new(key, &format!("cache {state}"))?;
        Ok(Self(Arc::new(Mailbox {
            state: db,
            cache: Cache::new(dir.join("cache.db"), incarnation, chunks),
            sealer: Sealer::new(key, &format!("served {state}"))?,
        })))
    }

    fn state(&self) -> &Db {
        &self.0.state
    }

    fn cache(&self) -> &Cache {
        &self.0.cache
    }

    fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }
}

/// Unix seconds.
fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |t| i64::try_from(t.as_secs()).unwrap_or(i64::MAX))
}

fn check_state_name(state: &str) -> Result<()> {
    let safe = !state.is_empty()
        && state.len() <= 64
        && state
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    safe.then_some(())
        .ok_or_else(|| Error::StateName(state.to_owned()))
}

/// Makes a folder that nobody else reads, and sees that it survives a power cut; one that exists
/// stays as it is.
fn private_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(path).and_then(|()| sync_parents(path));
    made.map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

/// A new folder is an entry in its parent, and so on upwards; two levels are ours. One that we may
/// enter but not open is left to its owner.
#[cfg(unix)]
fn sync_parents(path: &Path) -> std::io::Result<()> {
    for parent in path.ancestors().skip(1).take(2) {
        if let Ok(parent) = fs::File::open(parent) {
            parent.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn sync_parents(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
