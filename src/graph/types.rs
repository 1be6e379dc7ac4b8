//! Graph's JSON, leniently read: unknown keys ignored, everything optional that can be missing.

use crate::mail::RemoteId;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    pub id: String,
    pub display_name: Option<String>,
    pub parent_folder_id: Option<String>,
    pub total_item_count: Option<u32>,
    pub is_hidden: bool,
    /// `@odata.type` ends in mailSearchFolder.
    pub is_search_folder: bool,
    /// PidTagContainerClass (0x3613), where expanded.
    pub container_class: Option<String>,
}

/// A message as far as it was told: an entry of a delta can be partial (surprise 32).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub parent_folder_id: Option<String>,
    /// Unix seconds.
    pub received: Option<i64>,
    pub sent: Option<i64>,
    pub last_modified: Option<i64>,
    pub change_key: Option<String>,
    pub subject: Option<String>,
    pub internet_message_id: Option<String>,
    pub is_read: Option<bool>,
    pub is_draft: Option<bool>,
    /// flagStatus is `flagged`.
    pub flagged: Option<bool>,
    pub categories: Option<Vec<String>>,
    pub importance: Option<String>,
    pub has_attachments: Option<bool>,
    pub from: Option<Recipient>,
    pub sender: Option<Recipient>,
    pub to: Option<Vec<Recipient>>,
    pub cc: Option<Vec<Recipient>>,
    pub bcc: Option<Vec<Recipient>>,
    pub reply_to: Option<Vec<Recipient>>,
    /// PidTagMessageSize (0x0E08).
    pub store_size: Option<u64>,
    /// PidTagLastVerbExecuted (0x1081).
    pub last_verb: Option<i32>,
    pub in_reply_to: Option<String>,
    pub references: Option<String>,
    pub message_class: Option<String>,
    /// Extended properties were asked for and the answer honours the `$expand`.
    pub extended: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// The signed-in user, or the mailbox's user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub mail: Option<String>,
    pub user_principal_name: Option<String>,
    pub proxy_addresses: Vec<String>,
    pub display_name: Option<String>,
}

/// One page of a listing or a delta round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub link: Link,
}

/// How it goes on. Links are followed verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// `@odata.nextLink`: more of this round.
    Next(String),
    /// `@odata.deltaLink`: the round is done; the next one starts here.
    Delta(String),
    /// A plain listing's end.
    End,
}

/// An entry of a delta page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<T> {
    Changed(T),
    /// `@removed`: gone from here, which is not proof of deletion (surprise 33).
    Removed(RemoteId),
}
