//! TCP listeners.
//!
//! An IPv6 listener takes no IPv4, so that both families can have the same port; TCP_NODELAY is
//! on, since an answer is one write and must not wait for an acknowledgement.

use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;

/// Connections that wait to be accepted; the kernel's own limit may be lower.
const BACKLOG: i32 = 128;
/// Pause after an accept that failed for want of descriptors or memory: the next one would fail too.
const PAUSE: Duration = Duration::from_millis(100);

/// A bound listener. IPv6 listeners do not take IPv4; TCP_NODELAY is set on what is accepted.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    addr: SocketAddr,
}

impl Listener {
    /// A busy port's error names the address and says what to do.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        let bound = open(addr).and_then(TcpListener::from_std);
        let tcp = bound.map_err(|error| explain(addr, &error))?;
        let addr = tcp.local_addr()?;
        Ok(Self { tcp, addr })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Survives what `accept(2)` can throw (EMFILE, ECONNABORTED): logs, waits, goes on.
    /// Cancel-safe: a connection is either returned or still in the queue.
    pub async fn accept(&self) -> (super::Stream, SocketAddr) {
        loop {
            match self.tcp.accept().await {
                Ok((tcp, peer)) => {
                    if let Err(error) = tcp.set_nodelay(true) {
                        tracing::debug!(%peer, %error, "TCP_NODELAY refused");
                    }
                    return (super::Stream::plain(tcp), peer);
                }
                Err(error) => {
                    tracing::warn!(listener = %self.addr, %error, "accept failed");
                    if !is_about_one_connection(&error) {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }
}

fn open(addr: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Unix: bind although connections of the last run linger in TIME_WAIT. On Windows the same
    // option would let two processes share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn explain(addr: SocketAddr, error: &io::Error) -> io::Error {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there; stop it, or choose another port".to_owned()
        }
        io::ErrorKind::PermissionDenied => format!(
            "port {} needs rights that this process has not; choose one above 1023",
            addr.port()
        ),
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this computer has that address; choose one that it has".to_owned()
        }
        _ if addr.is_ipv6() => "if this computer has no IPv6, leave that address out".to_owned(),
        _ => "choose another address".to_owned(),
    };
    let kind = if lacks_family(error) {
        io::ErrorKind::Unsupported
    } else {
        error.kind()
    };
    io::Error::new(kind, format!("cannot listen on {addr}: {advice} ({error})"))
}

/// EAFNOSUPPORT (WSAEAFNOSUPPORT), which has no kind of its own: a kernel without IPv6.
fn lacks_family(error: &io::Error) -> bool {
    #[cfg(unix)]
    let code = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
    #[cfg(not(unix))]
    let code = 10047;
    error.raw_os_error() == Some(code)
}

/// The peer hung up before it was accepted; the next `accept` is as good as ever.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_families_share_a_port_and_a_busy_one_is_named() {
        let four = Listener::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let port = four.local_addr().port();
        let six = Listener::bind(SocketAddr::new("::1".parse().unwrap(), port)).await;
        assert_eq!(six.unwrap().local_addr().port(), port);
        let error = Listener::bind(four.local_addr()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        assert!(text.contains("choose another port"), "{text}");
    }
}
