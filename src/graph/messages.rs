//! message (Graph: message resource type): listing and reading.

use super::{
    Client, Result, address,
    client::malformed,
    exchange::Call,
    read,
    types::{Message, Page},
};
use crate::mail::RemoteId;
use std::sync::atomic::AtomicBool;

impl Client {
    /// One page of a folder's listing with the extended properties that a delta may not give.
    pub async fn list(&self, folder: &RemoteId, link: Option<&str>) -> Result<Page<Message>> {
        const WHAT: &str = "GET messages";
        const PREFER: &str = "odata.maxpagesize=500";
        let page = match link {
            Some(link) => {
                let call = Call::get(WHAT, self.kept_link(link)?).prefer(Some(PREFER));
                self.json(&call).await?
            }
            None => {
                let path = format!(
                    "/mailFolders/{}/messages?$top=500&$select={}",
                    address::segment(folder.as_str()),
                    read::MESSAGE_SELECT
                );
                let refused = &self.shared.plain_list;
                self.expanded(WHAT, &path, read::MESSAGE_EXPAND, refused, Some(PREFER))
                    .await?
            }
        };
        self.page(WHAT, &page, read::message)
    }

    /// The messages with this Message-ID in a folder (id or well-known name): not proof of anything by
    /// itself, since Message-IDs repeat (surprise 52).
    pub async fn with_message_id(&self, folder: &str, message_id: &str) -> Result<Vec<Message>> {
        const WHAT: &str = "GET messages by Message-ID";
        let literal = message_id.replace('\'', "''");
        let path = format!(
            "/mailFolders/{}/messages?$top=20&$select={}&$filter=internetMessageId%20eq%20%27{}%27",
            address::segment(folder),
            read::MESSAGE_SELECT,
            address::segment(&literal),
        );
        let call = Call::get(WHAT, self.url(WHAT, &path)?);
        let page = self.json(&call).await?;
        Ok(self.page(WHAT, &page, read::message)?.items)
    }

    /// One message, wherever it is now (`parent_folder_id` tells), with its extended properties.
    pub async fn message(&self, id: &RemoteId) -> Result<Message> {
        const WHAT: &str = "GET message";
        let path = format!(
            "/messages/{}?$select={}",
            address::segment(id.as_str()),
            read::MESSAGE_SELECT
        );
        // What one odd item refuses says nothing about the next: not remembered.
        let refused = AtomicBool::new(false);
        let json = self
            .expanded(WHAT, &path, read::MESSAGE_EXPAND, &refused, None)
            .await?;
        read::message(&json).ok_or_else(|| malformed(WHAT, "no message"))
    }
}
