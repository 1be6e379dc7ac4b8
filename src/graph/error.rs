//! What can go wrong with a request, and whose fault it is.

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
    /// Graph's error code, such as `ErrorItemNotFound`; compare without regard to case.
    pub fn code(&self) -> Option<&str> {
        todo!()
    }
    /// The delta link is dead (410, SyncStateNotFound, SyncStateInvalid, ResyncRequired, or 400 to a
    /// link): list anew.
    pub fn needs_resync(&self) -> bool {
        todo!()
    }
}
