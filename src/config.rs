//! The config file: read, checked, explained.

use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// The whole file, defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub data_dir: PathBuf,
    pub imap: Listen,
    pub smtp: Smtp,
    pub http: Listen,
    pub tls: Option<TlsFiles>,
    pub accounts: Vec<Account>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    pub listen: Vec<SocketAddr>,
    pub tls_listen: Vec<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    pub listen: Listen,
    /// Octets.
    pub max_message_size: u64,
}

/// Own certificate: PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: crate::mail::AccountName,
    pub mailbox: String,
    /// Who signs in; the mailbox itself unless the file says otherwise.
    pub user: String,
    pub tenant: String,
    pub client_id: String,
    pub sign_in: SignIn,
    pub uses: Use,
    /// The account's own cloud, or that of `[cloud]`.
    pub cloud: Cloud,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    Device,
}

/// `use = "mail" | "read" | "send"`: decides the scopes asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Mail,
    Read,
    Send,
}

/// Where to sign in and where Graph is. Plain http only to a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    pub login_url: Url,
    pub graph_url: Url,
}

impl Account {
    /// Another person than the mailbox's owner signs in: `/users/{mailbox}` and `.Shared` scopes.
    pub fn is_shared(&self) -> bool {
        !self.user.eq_ignore_ascii_case(&self.mailbox)
    }
}
