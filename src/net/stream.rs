//! Plain or TLS, readable and writable; a plain one can become TLS (STARTTLS).

use super::tls::Acceptor;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

/// A handshake is a few round trips; a client that needs longer holds a connection for nothing.
const HANDSHAKE: Duration = Duration::from_secs(30);

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// `AsyncRead + AsyncWrite + Send + Unpin`, so that tests can use `tokio::io::duplex`.
pub struct Stream(Layer);

enum Layer {
    Plain(Box<dyn Duplex>),
    Tls(Box<TlsStream<Box<dyn Duplex>>>),
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_tls() {
            "Stream(TLS)"
        } else {
            "Stream(plain)"
        })
    }
}

impl Stream {
    /// Any duplex stream as a plain one (tests).
    pub fn plain(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Layer::Plain(Box::new(io)))
    }

    pub fn is_tls(&self) -> bool {
        matches!(self.0, Layer::Tls(_))
    }

    /// The TLS handshake, within 30 s. What the caller has read before must be thrown away by the
    /// caller (RFC 3501 section 6.2.1): this stream keeps no buffer of its own.
    pub async fn accept_tls(self, acceptor: &Acceptor) -> io::Result<Self> {
        let Layer::Plain(plain) = self.0 else {
            return Err(io::Error::other("TLS is active already"));
        };
        let handshake = acceptor.rustls().accept(plain);
        match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok(tls)) => Ok(Self(Layer::Tls(Box::new(tls)))),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no TLS handshake within 30 s",
            )),
        }
    }

    fn side(&mut self) -> Pin<&mut dyn Duplex> {
        match &mut self.0 {
            Layer::Plain(io) => Pin::new(io.as_mut()),
            Layer::Tls(io) => Pin::new(io.as_mut()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.side().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.side().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.side().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.side().poll_shutdown(cx)
    }
}
