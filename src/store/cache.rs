//! MIME bytes, sealed in chunks (in `cache.db`): may vanish at any time.
//!
//! A blob is a random salt and chunks of 64 KiB, each sealed for (salt, index, last). A message's
//! entry is a ticket: salt and size, sealed for the message. So no chunk opens in another
//! message or at another place, and none can be missing unseen. What does not open, or a file that
//! SQLite calls damaged, is dropped and logged: the message is then downloaded again.

mod file;
mod writer;

pub use writer::CacheWriter;

use super::{
    MailboxStore,
    error::{Error, Result},
    messages::MessageKey,
    seal::Sealer,
};
use file::CacheFile;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Mutex;

/// Octets of a chunk: a range costs at most two chunks more than it has.
const CHUNK: usize = 64 * 1024;

/// The cache of one mailbox; its file is opened when it is first needed.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    /// Message keys mean something only together with the state.db that made them.
    incarnation: Vec<u8>,
    sealer: Sealer,
    open: Mutex<Door>,
}

#[derive(Debug)]
enum Door {
    Unopened,
    Open(Arc<CacheFile>),
    Closed,
}

impl Cache {
    pub(super) fn new(path: PathBuf, incarnation: Vec<u8>, sealer: Sealer) -> Self {
        Self {
            path,
            incarnation,
            sealer,
            open: Mutex::new(Door::Unopened),
        }
    }

    async fn file(&self) -> Result<Arc<CacheFile>> {
        let mut door = self.open.lock().await;
        match &*door {
            Door::Open(file) => Ok(Arc::clone(file)),
            Door::Closed => Err(Error::Closed),
            Door::Unopened => {
                let file = CacheFile::open(&self.path, &self.incarnation, &self.sealer).await?;
                let file = Arc::new(file);
                *door = Door::Open(Arc::clone(&file));
                Ok(file)
            }
        }
    }

    /// Damage seen in use: the file is closed and goes; the next one begins empty.
    async fn discard(&self, damaged: &Arc<CacheFile>) {
        let mut door = self.open.lock().await;
        if matches!(&*door, Door::Open(file) if Arc::ptr_eq(file, damaged)) {
            damaged.close().await;
            file::delete(&self.path);
            *door = Door::Unopened;
        }
    }

    /// `None` in place of damage, and of a file that was given up because of it meanwhile.
    async fn forgive<T>(
        &self,
        file: &Arc<CacheFile>,
        outcome: Result<Option<T>>,
    ) -> Result<Option<T>> {
        match outcome {
            Err(error) if error.is_damage() => {
                tracing::warn!(%error, "the message cache begins anew");
                self.discard(file).await;
                Ok(None)
            }
            Err(Error::Closed) if !matches!(&*self.open.lock().await, Door::Closed) => Ok(None),
            other => other,
        }
    }

    pub(super) async fn adopt(&self, from: MessageKey, to: MessageKey) -> Result<()> {
        let file = self.file().await?;
        let outcome = file.adopt(from, to).await;
        self.forgive(&file, outcome.map(Some)).await.map(drop)
    }

    pub(super) async fn close(&self) {
        let mut door = self.open.lock().await;
        if let Door::Open(file) = std::mem::replace(&mut *door, Door::Closed) {
            file.close().await;
        }
    }
}

impl MailboxStore {
    /// Keeps a message's MIME. Written in sealed chunks of 64 KiB, so that a range can be read alone.
    /// Replaces what was kept for the message.
    pub async fn cache_put(&self, key: MessageKey, mime: &[u8]) -> Result<()> {
        let mut writer = self.cache_writer(key).await?;
        writer.write(mime).await?;
        writer.finish().await
    }

    /// Keeps a message's MIME as it comes in. Nothing of it is visible before
    /// [`CacheWriter::finish`]; a writer dropped before leaves nothing behind.
    pub async fn cache_writer(&self, key: MessageKey) -> Result<CacheWriter> {
        Ok(CacheWriter::new(
            self.clone(),
            self.cache().file().await?,
            key,
        ))
    }

    /// The whole MIME, or `None` if it is not here (any more).
    pub async fn cache_get(&self, key: MessageKey) -> Result<Option<Vec<u8>>> {
        self.cache_range(key, 0, u64::MAX).await
    }

    /// Octets `start..end` (clipped to the message) of the MIME.
    pub async fn cache_range(
        &self,
        key: MessageKey,
        start: u64,
        end: u64,
    ) -> Result<Option<Vec<u8>>> {
        let file = self.cache().file().await?;
        let outcome = file.range(key, start, end).await;
        self.cache().forgive(&file, outcome).await
    }

    /// Octets of the MIME kept for a message, `None` if it is not here.
    pub async fn cache_size(&self, key: MessageKey) -> Result<Option<u64>> {
        let file = self.cache().file().await?;
        let outcome = file.size(key).await;
        self.cache().forgive(&file, outcome).await
    }

    pub async fn cache_remove(&self, key: MessageKey) -> Result<()> {
        let file = self.cache().file().await?;
        let outcome = file.remove(key).await;
        self.cache().forgive(&file, outcome.map(Some)).await?;
        Ok(())
    }

    /// Drops least recently used messages until the cache holds at most `octets` of MIME, and gives
    /// the room back to the file system.
    pub async fn cache_shrink(&self, octets: u64) -> Result<()> {
        let file = self.cache().file().await?;
        let outcome = file.shrink(octets).await;
        self.cache().forgive(&file, outcome.map(Some)).await?;
        Ok(())
    }
}
