//! A message's MIME on its way into the cache.

use super::{CHUNK, file::CacheFile};
use crate::store::{MailboxStore, error::Result, messages::MessageKey};
use std::sync::Arc;

/// Takes MIME piece by piece; holds at most one chunk in memory. When the cache turns out to be damaged it
/// begins anew, and the writer swallows the rest: a download must not fail for its copy.
#[derive(Debug)]
pub struct CacheWriter {
    mailbox: MailboxStore,
    file: Arc<CacheFile>,
    key: MessageKey,
    blob: Option<(i64, [u8; 16])>,
    index: u64,
    /// Never over a chunk; a full one stays until it is known not to be the last.
    pending: Vec<u8>,
    lost: bool,
}

impl CacheWriter {
    pub(super) fn new(mailbox: MailboxStore, file: Arc<CacheFile>, key: MessageKey) -> Self {
        Self {
            mailbox,
            file,
            key,
            blob: None,
            index: 0,
            pending: Vec::new(),
            lost: false,
        }
    }

    /// Appends octets. After an error, or when its future was dropped, the writer is of no more use.
    pub async fn write(&mut self, mut octets: &[u8]) -> Result<()> {
        while !octets.is_empty() && !self.lost {
            if self.pending.len() >= CHUNK {
                let flushed = self.flush().await;
                self.settle(flushed).await?;
            }
            let room = CHUNK.saturating_sub(self.pending.len());
            let (now, later) = octets.split_at(room.min(octets.len()));
            self.pending.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    /// Makes the message visible, in place of what was kept for it.
    pub async fn finish(mut self) -> Result<()> {
        if self.lost {
            return Ok(());
        }
        let completed = self.complete().await;
        self.settle(completed).await
    }

    async fn complete(&mut self) -> Result<()> {
        let blob = self.blob().await?;
        let plain = std::mem::take(&mut self.pending);
        let (file, key) = (Arc::clone(&self.file), self.key);
        file.complete(blob, self.index, plain, key).await?;
        self.blob = None;
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let blob = self.blob().await?;
        let plain = std::mem::take(&mut self.pending);
        self.file.add_chunk(blob, self.index, plain).await?;
        self.index += 1;
        Ok(())
    }

    async fn blob(&mut self) -> Result<(i64, [u8; 16])> {
        match self.blob {
            Some(blob) => Ok(blob),
            None => {
                let blob = self.file.begin_blob().await?;
                self.blob = Some(blob);
                Ok(blob)
            }
        }
    }

    async fn settle(&mut self, outcome: Result<()>) -> Result<()> {
        let cache = self.mailbox.cache();
        let kept = cache.forgive(&self.file, outcome.map(Some)).await?;
        self.lost = kept.is_none();
        Ok(())
    }
}

impl Drop for CacheWriter {
    fn drop(&mut self) {
        if let Some((blob, _)) = self.blob {
            self.file.abandon(blob);
        }
    }
}
