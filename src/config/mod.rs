//! The config file: read, checked, explained.
//!
//! Whatever is wrong with a file is told at once, each problem with its line, its key and what to
//! write instead. A file with a problem is refused whole: nothing is guessed, nothing ignored.

mod accounts;
mod check;
mod cloud;
mod keys;
mod platform;
mod problem;
mod read;
mod sections;

pub use cloud::Cloud;
pub use keys::KEYS;
pub use platform::{default_config_file, default_data_dir, home_dir};
pub use problem::{Problem, Problems};

use crate::mail::ErrorClass;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

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
    pub writing: Writing,
    /// The account's own cloud, or that of `[cloud]`.
    pub cloud: Cloud,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    Device,
}

/// What becomes of what mail programs write, beside sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writing {
    /// `append = "faithful"`: MIME goes up as it is, and Outlook shows it as unsent.
    pub append_faithfully: bool,
    /// `expunge = "delete"`: for good, also outside the deleted items.
    pub expunge_for_good: bool,
}

/// `use = "mail" | "read" | "send"`: decides the scopes asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Mail,
    Read,
    Send,
}

impl Account {
    /// Another person than the mailbox's owner signs in: `/users/{mailbox}` and `.Shared` scopes.
    pub fn is_shared(&self) -> bool {
        !self.user.eq_ignore_ascii_case(&self.mailbox)
    }
}

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the config file {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Problems(#[from] Problems),
}

impl Error {
    /// A config file gets right only by its author's hand.
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Client
    }
}

impl Config {
    /// Reads and checks a file. Relative paths in it count from its own folder.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::parse(&text, path)?)
    }

    /// Checks the text of a file that lies at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Problems> {
        let reader = read::Reader::new(text, path);
        match sections::config(&reader) {
            Some(config) if reader.is_content() => Ok(config),
            _ => Err(reader.into_problems()),
        }
    }

    /// Every address that is listened on, with the key that says so.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> + '_ {
        let lists = [
            ("imap.listen", &self.imap.listen),
            ("imap.tls_listen", &self.imap.tls_listen),
            ("smtp.listen", &self.smtp.listen.listen),
            ("smtp.tls_listen", &self.smtp.listen.tls_listen),
            ("http.listen", &self.http.listen),
            ("http.tls_listen", &self.http.tls_listen),
        ];
        lists
            .into_iter()
            .flat_map(|(key, list)| list.iter().map(move |addr| (key, *addr)))
    }
}
