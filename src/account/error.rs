//! Errors of the account layer.

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
