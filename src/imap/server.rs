//! Accepts connections and runs a session on each, until told to stop.

use crate::{
    account::Registry,
    auth::Authenticator,
    net::{Listener, tls::Acceptor},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the IMAP face is built from. One for all its listeners.
#[derive(Debug)]
pub struct Server {
    pub auth: Authenticator,
    pub registry: Registry,
    /// For STARTTLS and implicit TLS; without it neither is offered.
    pub acceptor: Option<Acceptor>,
    pub limits: Limits,
}

/// Bounds on what a client may make this server hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, all listeners of a [`Server`] counted apart.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512 }
    }
}

impl Server {
    /// Serves `listener` until `stop` fires; then every connection gets BYE, and this returns once they
    /// are closed, after ten seconds at the latest.
    pub async fn serve(
        self: Arc<Self>,
        _listener: Listener,
        _implicit_tls: bool,
        _stop: CancellationToken,
    ) {
        todo!()
    }
}
