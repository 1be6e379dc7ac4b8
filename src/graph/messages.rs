//! message (Graph: message resource type): listing and reading.

use super::{
    Client, Result,
    types::{Message, Page},
};
use crate::mail::RemoteId;

impl Client {
    /// One page of a folder's listing with the extended properties that a delta may not give.
    pub async fn list(&self, _folder: &RemoteId, _link: Option<&str>) -> Result<Page<Message>> {
        todo!()
    }
    pub async fn message(&self, _id: &RemoteId) -> Result<Message> {
        todo!()
    }
}
