//! What is in the sandbox's tenant at the start.
//!
//! Everything is invented and deterministic: the same `now` gives the same octets. Mails are built from
//! the inside out: `entity` (MIME parts), `letter` (a mail with its header), `desk` (a mailbox being
//! filled); the stories are in `demo` and the mailboxes beside it.

mod bulk;
mod cast;
pub(super) mod chance;
mod demo;
mod desk;
mod entity;
mod files;
mod header;
mod invoices;
mod letter;
mod shapes;
mod traffic;
mod words;

/// A tenant with its users.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub display_name: String,
    /// GUID.
    pub id: String,
    pub domain: String,
    /// The application that may ask for tokens (GUID).
    pub client_id: String,
    pub users: Vec<User>,
}

#[derive(Debug, Clone)]
pub struct User {
    /// GUID.
    pub object_id: String,
    pub display_name: String,
    /// userPrincipalName and primary SMTP address.
    pub address: String,
    pub aliases: Vec<String>,
    pub language: Language,
    /// False for a shared mailbox: no one signs in as it.
    pub signs_in: bool,
    /// Addresses of mailboxes that this user has full access to.
    pub full_access: Vec<String>,
    /// Beyond the default folders, which every mailbox has; a path starting with a well-known name
    /// (`inbox`, `sentitems`, …) addresses a default folder.
    pub folders: Vec<Folder>,
}

/// Decides the default folders' display names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    German,
}

#[derive(Debug, Clone)]
pub struct Folder {
    /// Levels from the root; the first may be a well-known name, the others are display names.
    pub path: Vec<String>,
    pub hidden: bool,
    pub messages: Vec<Message>,
}

#[derive(Debug, Clone, Default)]
pub struct Message {
    /// As it came in, CRLF line ends.
    pub mime: Vec<u8>,
    /// Unix seconds.
    pub received: i64,
    pub read: bool,
    pub draft: bool,
    pub flagged: bool,
    pub answered: bool,
    pub forwarded: bool,
    pub categories: Vec<String>,
}

/// Beispiel GmbH: Anna (German), Ben (English), the shared mailbox for invoices. The same at every
/// call but for dates, which are relative to `now` (Unix seconds), so that the newest mail is fresh.
pub fn demo(now: i64) -> Tenant {
    demo::tenant(now)
}

/// One user, `anna@example.com`, with `messages` short mails in the Inbox: for benches.
pub fn large(messages: usize, now: i64) -> Tenant {
    bulk::large(messages, now)
}

/// One user, `anna@example.com`, whose Inbox holds exactly these mails, in order (golden tests).
pub fn mailbox_of(mails: Vec<Vec<u8>>, now: i64) -> Tenant {
    bulk::mailbox_of(mails, now)
}
