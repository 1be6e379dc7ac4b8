//! Accepts connections and runs a session on each, until told to stop.

use super::{room::Room, session};
use crate::{
    account::Registry,
    auth::Authenticator,
    net::{Acceptor, Face, Listener, Stream},
};
use std::{net::SocketAddr, sync::Arc};
use tokio_util::sync::CancellationToken;

/// What the IMAP face is built from. One for all its listeners.
#[derive(Debug)]
pub struct Server {
    pub auth: Authenticator,
    pub registry: Registry,
    /// For STARTTLS and implicit TLS; without it neither is offered.
    pub acceptor: Option<Acceptor>,
    pub limits: Limits,
    pub room: Room,
}

/// Bounds on what a client may make this server hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, for each listener.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512 }
    }
}

impl Server {
    fn face(&self) -> Face {
        Face {
            protocol: "IMAP",
            connections: self.limits.connections,
            refusal: b"* BYE [UNAVAILABLE] Too many connections\r\n",
        }
    }

    /// Serves `listener` until `stop` fires; then every connection gets BYE, and this returns once they
    /// are closed, after ten seconds at the latest.
    pub async fn serve(
        self: Arc<Self>,
        listener: Listener,
        implicit_tls: bool,
        stop: CancellationToken,
    ) {
        let local = listener.local_addr();
        let connection = |stream, peer| {
            let stop = stop.clone();
            Arc::clone(&self).connection(stream, implicit_tls, local, peer, stop)
        };
        self.face().serve(listener, stop.clone(), connection).await;
    }

    /// One connection, from the handshake to the close. `local` and `peer` decide whether a password
    /// may come in the clear. Public so that tests can bring a stream of their own.
    pub async fn connection(
        self: Arc<Self>,
        stream: Stream,
        implicit_tls: bool,
        local: SocketAddr,
        peer: SocketAddr,
        stop: CancellationToken,
    ) {
        let tls = match (implicit_tls, &self.acceptor) {
            (true, None) => return,
            (true, acceptor) => acceptor.as_ref(),
            (false, _) => None,
        };
        let ends = (local, peer);
        let Some(caller) = self.face().welcome(stream, tls, ends, &stop).await else {
            return;
        };
        let (stream, loopback, peer) = (caller.stream, caller.loopback, caller.peer);
        session::run(self, stream, loopback, peer, stop).await;
    }
}
