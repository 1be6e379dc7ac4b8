//! The accept loop that the IMAP and SMTP faces share: a bound on connections, the handshake where TLS
//! starts with the first octet, and a farewell when the server stops.

use super::{Acceptor, Listener, Stream};
use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long connections have for their last words (BYE, 421) once the server stops.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long a connection that is turned away has to take that in.
const REFUSAL: Duration = Duration::from_secs(2);

/// What a protocol's listeners have in common.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// For the log.
    pub protocol: &'static str,
    /// Connections at the same time, for each listener.
    pub connections: usize,
    /// What one connection too many is told, in the protocol's own words.
    pub refusal: &'static [u8],
}

/// A connection that is ready for the protocol.
#[derive(Debug)]
pub struct Caller {
    pub stream: Stream,
    pub peer: IpAddr,
    /// Both ends are on this computer, so that a password may come in the clear.
    pub loopback: bool,
}

impl Face {
    /// Runs `connection` for whatever `listener` accepts until `stop` fires; then no more is accepted, and this
    /// returns once all connections have ended, after ten seconds at the latest.
    pub async fn serve<Connection>(
        &self,
        listener: Listener,
        stop: CancellationToken,
        connection: impl Fn(Stream, SocketAddr) -> Connection,
    ) where
        Connection: Future<Output = ()> + Send + 'static,
    {
        let protocol = self.protocol;
        let mut connections = JoinSet::new();
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            if connections.len() >= self.connections {
                tracing::warn!(protocol, %peer, "too many connections");
                connections.spawn(turn_away(stream, self.refusal));
                continue;
            }
            connections.spawn(connection(stream, peer));
        }
        drop(listener);
        let all_done = async { while connections.join_next().await.is_some() {} };
        if timeout(FAREWELL, all_done).await.is_err() {
            tracing::warn!(protocol, "connections cut off while stopping");
        }
    }

    /// The TLS handshake if there is to be one at once (`tls`), and whether both ends are here. None if the
    /// handshake failed, which is logged, or `stop` fired meanwhile.
    pub async fn welcome(
        &self,
        stream: Stream,
        tls: Option<&Acceptor>,
        (local, peer): (SocketAddr, SocketAddr),
        stop: &CancellationToken,
    ) -> Option<Caller> {
        let stream = match tls {
            None => stream,
            Some(acceptor) => {
                let shaken = tokio::select! {
                    biased;
                    () = stop.cancelled() => return None,
                    shaken = stream.accept_tls(acceptor) => shaken,
                };
                match shaken {
                    Ok(stream) => stream,
                    Err(error) => {
                        tracing::info!(protocol = self.protocol, %peer, %error, "no TLS handshake");
                        return None;
                    }
                }
            }
        };
        Some(Caller {
            stream,
            peer: peer.ip(),
            loopback: is_loopback(local) && is_loopback(peer),
        })
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

async fn turn_away(mut stream: Stream, refusal: &'static [u8]) {
    let _ = timeout(REFUSAL, stream.write_all(refusal)).await;
    let _ = timeout(REFUSAL, stream.shutdown()).await;
}
