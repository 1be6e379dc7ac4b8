//! Why something did not start, or a command did not work: for the person at the command line.

use crate::{account, config, graph, mail::ErrorClass, net, oauth, spool, store};
use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    /// Another process owns the data folder.
    #[error(
        "the data folder {} is in use by another postern{}; stop that one, or set another data_dir",
        data_dir.display(),
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    Owned {
        data_dir: PathBuf,
        pid: Option<u32>,
        /// Its control socket.
        socket: Option<PathBuf>,
    },
    #[error("cannot use {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// Names the address already.
    #[error(transparent)]
    Listen(io::Error),
    #[error(transparent)]
    SignIn(#[from] oauth::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Spool(#[from] spool::Error),
    #[error(transparent)]
    Tls(#[from] net::tls::Error),
    #[error("Microsoft Graph: {0}")]
    Graph(#[from] graph::Error),
    #[error(transparent)]
    Account(#[from] account::Error),
    #[error("no account is named \"{name}\"; the config file has: {known}")]
    NoAccount { name: String, known: String },
    /// The wrong person signed in, or another one than before.
    #[error("{0}")]
    WrongUser(String),
    /// What the running server answered.
    #[error("{0}")]
    Refused(String),
    #[error("the running postern cannot be asked: {0}")]
    Control(io::Error),
    /// The folder that a demo was to take is somebody's own: says what to do.
    #[error("{0}")]
    NotADemo(String),
    #[error("the sandbox did not start: {0}")]
    Sandbox(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Config(error) => error.class(),
            Self::SignIn(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Spool(error) => error.class(),
            Self::Tls(error) => error.class(),
            Self::Graph(error) => error.class(),
            Self::Account(error) => error.class(),
            Self::NoAccount { .. } => ErrorClass::Client,
            Self::WrongUser(_) => ErrorClass::Denied,
            Self::Owned { .. } => ErrorClass::Conflict,
            Self::File { .. }
            | Self::Listen(_)
            | Self::Refused(_)
            | Self::NotADemo(_)
            | Self::Sandbox(_) => ErrorClass::Permanent,
            Self::Control(_) => ErrorClass::TEMPORARY,
        }
    }

    /// The command line or the config file is wrong, not the world: exit code 2.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Config(_) | Self::NoAccount { .. })
    }

    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
