//! TCP listeners.

use std::{io, net::SocketAddr};

/// A bound listener. IPv6 listeners do not take IPv4; TCP_NODELAY is set on what is accepted.
#[derive(Debug)]
pub struct Listener {}

impl Listener {
    /// A busy port's error names the address and says what to do.
    pub async fn bind(_addr: SocketAddr) -> io::Result<Self> {
        todo!()
    }
    pub fn local_addr(&self) -> SocketAddr {
        todo!()
    }
    /// Survives what `accept(2)` can throw (EMFILE, ECONNABORTED): logs, waits, goes on.
    pub async fn accept(&self) -> (super::Stream, SocketAddr) {
        todo!()
    }
}
