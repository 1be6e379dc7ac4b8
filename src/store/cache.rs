//! MIME bytes, sealed in chunks (in `cache.db`): may vanish at any time.

use super::{MailboxStore, Result, messages::MessageKey};

impl MailboxStore {
    /// Keeps a message's MIME. Written in sealed chunks of 64 KiB, so that a range can be read alone.
    pub async fn cache_put(&self, _key: MessageKey, _mime: &[u8]) -> Result<()> {
        todo!()
    }
    /// The whole MIME, or `None` if it is not here (any more).
    pub async fn cache_get(&self, _key: MessageKey) -> Result<Option<Vec<u8>>> {
        todo!()
    }
    /// Octets `start..end` (clipped to the message) of the MIME.
    pub async fn cache_range(
        &self,
        _key: MessageKey,
        _start: u64,
        _end: u64,
    ) -> Result<Option<Vec<u8>>> {
        todo!()
    }
    pub async fn cache_remove(&self, _key: MessageKey) -> Result<()> {
        todo!()
    }
    /// Drops least recently used messages until the cache holds at most `octets`.
    pub async fn cache_shrink(&self, _octets: u64) -> Result<()> {
        todo!()
    }
}
