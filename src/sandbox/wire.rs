//! Connections as the listeners get them: plain or TLS, and cut when a fault says so.
//!
//! Each connection is looked at by a task of its own, so that one which says nothing keeps nobody waiting.

use super::tls::{HANDSHAKE, Tls};
use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// Connections that wait to be served.
const BACKLOG: usize = 64;

/// A listener of both kinds of connection.
pub(super) struct Both {
    address: SocketAddr,
    ready: mpsc::Receiver<(Wire, SocketAddr)>,
}

pub(super) struct Wire {
    stream: Stream,
    link: Link,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a handler knows of its connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Link {
    /// Set: the next write fails and the peer sees a reset.
    cut: Arc<AtomicBool>,
    pub(super) secure: bool,
}

impl Link {
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Both {
    /// Accepts in the background until `stop`.
    pub(super) fn new(
        listener: TcpListener,
        tls: Arc<Tls>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (send, ready) = mpsc::channel(BACKLOG);
        tokio::spawn(async move {
            let mut listener = listener;
            loop {
                let (stream, peer) = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = Listener::accept(&mut listener) => accepted,
                };
                let (send, tls, stop) = (send.clone(), Arc::clone(&tls), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        wire = begun(stream, &tls) => if let Ok(wire) = wire {
                            // Fails when the server has stopped.
                            let _ = send.send((wire, peer)).await;
                        },
                    }
                });
            }
        });
        Ok(Self { address, ready })
    }
}

async fn begun(stream: TcpStream, tls: &Tls) -> io::Result<Wire> {
    // Answers are one write each; waiting for more to send would cost 40 ms a request.
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    let secure = stream.peek(&mut first).await? == 1 && first == [HANDSHAKE];
    let stream = match secure {
        true => Stream::Tls(Box::new(tls.acceptor.accept(stream).await?)),
        false => Stream::Plain(stream),
    };
    let link = Link {
        secure,
        ..Link::default()
    };
    Ok(Wire { stream, link })
}

impl Listener for Both {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            // Stopping: whoever waits here is dropped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Both>> for Link {
    fn connect_info(stream: IncomingStream<'_, Both>) -> Self {
        stream.io().link.clone()
    }
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if self.link.is_cut() {
            let stream = match &self.stream {
                Stream::Plain(stream) => stream,
                Stream::Tls(stream) => stream.get_ref().0,
            };
            let _ = stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
