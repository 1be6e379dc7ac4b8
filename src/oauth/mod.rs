//! Tokens from Entra ID: got, renewed and guarded.
//!
//! One refresh at a time for each account; the rotated refresh token is durably stored before the
//! access token that came with it is used. No token in a log, an error or `Debug`.

pub mod aadsts;
pub mod client;
pub mod device;
pub mod scope;
pub mod source;
pub mod token;
pub mod vault;

use crate::mail::{AccountName, ErrorClass};
use std::time::Duration;

/// Why there is no token. No variant holds one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Somebody must sign in; `why` is for a person.
    #[error("{why}: sign in again: postern account login {account}")]
    SignIn { account: AccountName, why: String },
    /// The registration, the tenant or a policy stands in the way; signing in again will not help.
    #[error("{0}")]
    Administrator(String),
    /// The token request itself is wrong (configuration, or a fault of ours).
    #[error("{0}")]
    Configuration(String),
    /// The login host did not answer, or not now.
    #[error("{what}")]
    Unavailable {
        what: String,
        retry_after: Option<Duration>,
    },
    /// The device sign-in came to its end without a token.
    #[error("{0}")]
    Ended(String),
    /// The vault's files: no access, damaged, or not private.
    #[error("{0}")]
    Vault(String),
    /// The HTTP client could not be made.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::SignIn { .. } | Self::Administrator(_) | Self::Ended(_) => ErrorClass::Denied,
            Self::Configuration(_) | Self::Setup(_) => ErrorClass::Permanent,
            Self::Unavailable { retry_after, .. } => ErrorClass::Temporary {
                retry_after: *retry_after,
            },
            // A full disk or a lock goes by; nothing was lost.
            Self::Vault(_) => ErrorClass::TEMPORARY,
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;
