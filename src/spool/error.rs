//! Why a submission is not taken.

use crate::{
    mail::{AccountName, ErrorClass},
    store,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Over [`super::Options::max_message_size`]: SMTP 552 5.3.4.
    #[error("the message is larger than {limit} octets")]
    TooLarge { limit: u64 },
    /// No room for it, on the disk or within the quota: SMTP 452 4.3.1.
    #[error("no room for the message")]
    Full,
    /// Nobody is named: SMTP 503 or 554 5.5.1.
    #[error("no recipients")]
    NoRecipients,
    #[error("no account is named {0}")]
    NoAccount(AccountName),
    #[error(transparent)]
    Store(store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::TooLarge { .. } => ErrorClass::TooLarge,
            Self::Full => ErrorClass::TEMPORARY,
            Self::NoRecipients => ErrorClass::Client,
            Self::NoAccount(_) => ErrorClass::NotFound,
            Self::Store(error) => error.class(),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            error if error.is_full() => Self::Full,
            other => Self::Store(other),
        }
    }
}
