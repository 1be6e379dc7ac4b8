//! Plain or TLS, readable and writable; a plain one can become TLS (STARTTLS).

use super::tls::Acceptor;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// `AsyncRead + AsyncWrite + Send + Unpin`, so that tests can use `tokio::io::duplex`.
pub struct Stream {}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl Stream {
    /// Any duplex stream as a plain one (tests).
    pub fn plain(_io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        todo!()
    }
    pub fn is_tls(&self) -> bool {
        todo!()
    }
    /// The TLS handshake, within 30 s.
    pub async fn accept_tls(self, _acceptor: &Acceptor) -> io::Result<Self> {
        todo!()
    }
}
