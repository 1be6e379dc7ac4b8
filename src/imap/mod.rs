//! IMAP4rev1 server (RFC 3501).

pub mod command;
pub mod conn;
pub mod flow;
pub mod reply;
pub mod session;
pub mod view;
pub mod wire;
