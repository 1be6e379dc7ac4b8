//! Words of the field that every layer may name: identifiers, flags, names, error classes.
//!
//! Pure: no I/O, no clock, nothing of ours imported.

mod envelope;
mod error;
mod flag;
mod id;
mod name;
mod secret;

pub use envelope::Envelope;
pub use error::ErrorClass;
pub use flag::{Flags, Keyword, SystemFlag};
pub use id::{AccountName, ModSeq, RemoteId, Uid, UidValidity};
pub use name::{DELIMITER, MailboxName, Role};
pub use secret::Secret;
