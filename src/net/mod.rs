//! Listeners, TLS, and the one stream type that the protocol faces read and write.

pub mod listener;
pub mod stream;
pub mod tls;

pub use listener::Listener;
pub use stream::Stream;
