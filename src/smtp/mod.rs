//! SMTP submission server (RFC 6409, RFC 5321).
//!
//! [`conn`] moves octets, [`lines`] and [`data`] frame them, [`command`] and [`path`] decode, [`session`]
//! decides, [`reply`] is what it says. Whoever logged in may send for that account; the envelope goes to
//! the [`spool`](crate::spool) as it was said, and 250 comes once that has it on disk.
//!
//! The octets of a message are kept but for bare LFs ([`data`]). No trace field is added, against RFC
//! 5321 section 4.4: Microsoft 365 would show it to every recipient, and with it the name and address of
//! a computer inside. CHUNKING is not offered.

pub mod command;
mod conn;
pub mod data;
pub mod lines;
pub mod path;
pub mod reply;
mod server;
pub mod session;

pub use server::{Limits, Server};
