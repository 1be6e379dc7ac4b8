//! The local control socket: how the command line talks to the process that owns the data folder.
//!
//! A Unix socket of mode 0600 whose peer must have this process's user id. Each request is one line
//! of JSON, answered by one line or, for a sign-in, by two: first what the user must do, then the
//! outcome. This module moves lines; what a request means is decided by whoever takes the
//! [`Call`]s (`app`). On Windows there is no such socket yet: commands work while no server runs.

mod client;
mod place;
mod protocol;
mod server;

pub use client::Client;
pub use place::socket_path;
pub use protocol::{AccountStatus, PasswordInfo, Reply, Request};
pub use server::{Call, Server};
