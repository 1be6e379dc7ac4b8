//! A message's MIME on its way into the cache.

use super::{CHUNK, file::CacheFile};
use crate::store::{MailboxStore, error::Result, messages::MessageKey};
use std::sync::Arc;

/// Takes MIME piece by piece; holds at most one chunk in memory.
#[derive(Debug)]
pub struct CacheWriter {
    mailbox: MailboxStore,
    file: Arc<CacheFile>,
    key: MessageKey,
    blob: Option<(i64, [u8; 16])>,
    index: u64,
    /// Never over a chunk; a full one stays until it is known not to be the last.
    pending: Vec<u8>,
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
        }
    }

    /// Appends octets. After an error the writer is of no more use: drop it.
    pub async fn write(&mut self, mut octets: &[u8]) -> Result<()> {
        while !octets.is_empty() {
            if self.pending.len() >= CHUNK {
                self.flush().await?;
            }
            let room = CHUNK - self.pending.len();
            let (now, later) = octets.split_at(room.min(octets.len()));
            self.pending.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    /// Makes the message visible, in place of what was kept for it.
    pub async fn finish(mut self) -> Result<()> {
        let blob = self.blob().await?;
        let plain = std::mem::take(&mut self.pending);
        let outcome = self.file.complete(blob, self.index, plain, self.key).await;
        if outcome.is_ok() {
            self.blob = None;
        }
        let file = Arc::clone(&self.file);
        let mailbox = self.mailbox.clone();
        drop(self);
        mailbox.cache().forgive(&file, outcome.map(Some)).await?;
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
}

impl Drop for CacheWriter {
    fn drop(&mut self) {
        if let Some((blob, _)) = self.blob {
            self.file.abandon(blob);
        }
    }
}
