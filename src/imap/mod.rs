//! IMAP4rev1 server (RFC 3501).
//!
//! [`conn`] moves bytes, [`flow`] frames them, [`wire`] decodes and encodes, [`session`] checks the
//! state table and dispatches to [`command`], [`view`] keeps each session's message numbers, and
//! [`reply`] turns an [`ErrorClass`](crate::mail::ErrorClass) into NO or BAD with a code of RFC 5530.

pub mod command;
pub mod conn;
pub mod flow;
pub mod reply;
mod room;
pub mod server;
pub mod session;
pub mod view;
pub mod wire;

pub use room::Room;
pub use server::{Limits, Server};
