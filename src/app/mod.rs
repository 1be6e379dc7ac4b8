//! Composition root: opens the data folder, builds every part, starts and stops them.
//!
//! Nothing else builds parts, and there is no registry behind anyone's back. Order of a start: own
//! the data folder, bind every listener, then open what is on disk, then serve, and only then ask
//! the network. Order of a stop: stop accepting, tell connections, finish what is in hand, close
//! the store.

mod base;
mod certs;
pub mod demo;
mod desk;
mod error;
mod owner;
mod post;
mod remote;
mod seat;
mod serve;
mod signin;

pub use base::Base;
pub use certs::{CA_FILE, ca};
pub use error::{Error, Result};
pub use remote::ask;
pub use serve::App;
