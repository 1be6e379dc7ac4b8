//! Accepts connections and runs a session on each, until told to stop.

use super::session;
use crate::{
    account::Registry,
    auth::Authenticator,
    net::{Listener, Stream, tls::Acceptor},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long connections have for their BYE.
const FAREWELL: Duration = Duration::from_secs(10);

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
    /// Connections at the same time, for each listener.
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
        listener: Listener,
        implicit_tls: bool,
        stop: CancellationToken,
    ) {
        let local = listener.local_addr();
        let mut connections = JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            if connections.len() >= self.limits.connections {
                tracing::warn!(%peer, "too many IMAP connections");
                connections.spawn(turn_away(stream));
                continue;
            }
            let server = Arc::clone(&self);
            connections.spawn(server.connection(stream, implicit_tls, local, peer, stop.clone()));
        }
        drop(listener);
        let all_done = async { while connections.join_next().await.is_some() {} };
        if timeout(FAREWELL, all_done).await.is_err() {
            tracing::warn!("IMAP connections cut off while stopping");
        }
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
        let stream = match (implicit_tls, &self.acceptor) {
            (false, _) => stream,
            (true, None) => return,
            (true, Some(acceptor)) => {
                let shaken = tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    shaken = stream.accept_tls(acceptor) => shaken,
                };
                match shaken {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::info!(%peer, %error, "IMAP: no TLS handshake");
                        return;
                    }
                }
            }
        };
        let loopback = is_loopback(local) && is_loopback(peer);
        session::run(self, stream, loopback, peer.ip(), stop).await;
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

async fn turn_away(mut stream: Stream) {
    let bye = b"* BYE [UNAVAILABLE] Too many connections\r\n";
    let _ = timeout(Duration::from_secs(2), stream.write_all(bye)).await;
    let _ = timeout(Duration::from_secs(2), stream.shutdown()).await;
}
