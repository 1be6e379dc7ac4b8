//! `$batch`: up to 20 requests in one (Graph: JSON batching).

use super::{Client, Error, Result, types::Message};
use crate::mail::RemoteId;

impl Client {
    /// Messages by id, 20 to a batch, in the order asked for; each with its own outcome.
    /// `Prefer` is repeated inside; inner 429s are repeated after the largest Retry-After.
    pub async fn messages(
        &self,
        _ids: &[RemoteId],
    ) -> Result<Vec<(RemoteId, std::result::Result<Message, Error>)>> {
        todo!()
    }
    /// MIME of several small messages, 20 to a batch; each with its own outcome.
    pub async fn mimes(
        &self,
        _ids: &[RemoteId],
    ) -> Result<Vec<(RemoteId, std::result::Result<Vec<u8>, Error>)>> {
        todo!()
    }
}
