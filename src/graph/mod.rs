//! Microsoft Graph v1.0, as much of it as mail needs.
//!
//! Immutable ids on every request; one limiter for each (application id, mailbox); each answer's status
//! is checked before its body is used; links are followed as they came and only on the configured host.

mod address;
pub mod batch;
mod challenge;
pub mod client;
pub mod delta;
pub mod error;
mod exchange;
pub mod folders;
mod json;
pub mod limiter;
pub mod messages;
mod read;
pub mod retry;
pub mod send;
pub mod types;
pub mod upload;
pub mod write;

pub use client::{Client, Priority};
pub use error::Error;
pub use exchange::Pace;

pub type Result<T> = std::result::Result<T, Error>;
