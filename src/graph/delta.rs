//! Message delta (Graph: message delta; surprises 28 to 44).

use super::{
    Client, Result,
    types::{Entry, Message, Page},
};
use crate::mail::RemoteId;

impl Client {
    /// One page of a folder's message delta. `None` starts a first round, with `$select` of what sync
    /// needs and `$expand` of the extended properties (which the service may ignore: see
    /// [`Message::extended`]).
    pub async fn message_delta(
        &self,
        _folder: &RemoteId,
        _link: Option<&str>,
    ) -> Result<Page<Entry<Message>>> {
        todo!()
    }
}
