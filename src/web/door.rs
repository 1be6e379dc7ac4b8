//! Connections for the HTTP server: TLS where asked for, a bound on their number, and an end for
//! those that fall silent.

use crate::net::{Acceptor, Listener, Stream};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, Sleep},
};
use tokio_util::sync::CancellationToken;

const CONNECTIONS: usize = 128;
/// Between requests, and within one: a client on this computer needs less.
const SILENCE: Duration = Duration::from_secs(30);

/// Connections whose handshake is done.
pub(super) struct Door {
    ready: mpsc::Receiver<(Visitor, SocketAddr)>,
    addr: SocketAddr,
}

/// A connection that ends when nothing was read for [`SILENCE`].
pub(super) struct Visitor {
    stream: Stream,
    deadline: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Door {
    /// Accepts in a task of its own, so that a slow handshake holds up nobody else.
    pub(super) fn open(
        listener: Listener,
        acceptor: Option<Acceptor>,
        stop: CancellationToken,
    ) -> Self {
        let (send, ready) = mpsc::channel(8);
        let addr = listener.local_addr();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        tokio::spawn(async move {
            loop {
                let (stream, peer) = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    continue;
                };
                let (send, acceptor, stop) = (send.clone(), acceptor.clone(), stop.clone());
                tokio::spawn(async move {
                    let welcomed = tokio::select! {
                        () = stop.cancelled() => return,
                        welcomed = welcome(stream, acceptor, place) => welcomed,
                    };
                    match welcomed {
                        // An error here: the server has stopped.
                        Ok(visitor) => drop(send.send((visitor, peer)).await),
                        Err(error) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                    }
                });
            }
        });
        Self { ready, addr }
    }
}

async fn welcome(
    stream: Stream,
    acceptor: Option<Acceptor>,
    place: OwnedSemaphorePermit,
) -> io::Result<Visitor> {
    let stream = match acceptor {
        Some(acceptor) => stream.accept_tls(&acceptor).await?,
        None => stream,
    };
    Ok(Visitor {
        stream,
        deadline: Box::pin(tokio::time::sleep(SILENCE)),
        _place: place,
    })
}

impl axum::serve::Listener for Door {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The accepting task has stopped, as this server is about to.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.addr)
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.deadline.as_mut().reset(Instant::now() + SILENCE);
            return Poll::Ready(read);
        }
        self.deadline
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
