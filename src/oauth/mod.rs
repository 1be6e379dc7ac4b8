//! Tokens from Entra ID: got, renewed and guarded.
//!
//! One refresh at a time for each account; the rotated refresh token is durably stored before the
//! access token that came with it is used. No token in a log, an error or `Debug`.

pub mod client;
pub mod device;
pub mod source;
pub mod token;
pub mod vault;

use crate::mail::ErrorClass;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Todo(String),
}

impl Error {
    pub fn class(&self) -> ErrorClass {
        todo!()
    }
}

pub type Result<T> = std::result::Result<T, Error>;
