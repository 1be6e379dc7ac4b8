//! Listeners, TLS, and the one stream type that the protocol faces read and write.

pub mod authority;
pub mod face;
pub mod listener;
pub mod stream;
pub mod tls;

pub use authority::Authority;
pub use face::Face;
pub use listener::Listener;
pub use stream::Stream;
pub use tls::Acceptor;
