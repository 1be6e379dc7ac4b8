//! Mail that was taken to be sent: on disk before it is said to be taken, then sent exactly once, or
//! held and reported (RFC 5321 section 6.1).

mod accept;
mod error;
mod outgoing;
mod recipients;
mod state;

pub use accept::Incoming;
pub use error::{Error, Result};

use crate::{
    graph,
    mail::{AccountName, Envelope},
    store::Store,
};
use std::{collections::HashMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// A submission's number in the spool; ascends, never reused. Told in the 250 ("queued as").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmissionId(pub i64);

impl std::fmt::Display for SubmissionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone)]
pub struct Options {
    /// Octets of a message (what SIZE says).
    pub max_message_size: u64,
    /// Octets of all messages that wait; `None`: as much as the disk takes.
    pub quota: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message_size: 35 << 20,
            quota: None,
        }
    }
}

/// The way to the cloud of one account.
#[derive(Debug, Clone)]
pub struct Route {
    pub graph: graph::Client,
    /// The mailbox's address.
    pub mailbox: String,
}

/// The ways of all accounts that may send.
pub type Couriers = HashMap<AccountName, Route>;

/// The spool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    couriers: Couriers,
    options: Options,
}

impl Spool {
    /// Opens what an earlier run left: files without a submission go, attempts that were under way
    /// are in doubt.
    pub async fn open(store: Store, couriers: Couriers, options: Options) -> Result<Self> {
        Ok(Self(Arc::new(Shared {
            store,
            couriers,
            options,
        })))
    }

    /// Octets of a message that are taken: what SIZE says (RFC 1870).
    pub fn max_message_size(&self) -> u64 {
        self.0.options.max_message_size
    }

    /// Starts taking one submission. Refuses early what cannot be taken: [`Error::TooLarge`] when the
    /// announced size says so, [`Error::Full`] when there is no room.
    pub async fn begin(&self, account: &AccountName, envelope: Envelope) -> Result<Incoming> {
        Incoming::begin(self.clone(), account, envelope).await
    }

    /// The worker: sends what waits until `stop` fires, and finishes the attempt in hand.
    pub async fn run(&self, stop: CancellationToken) {
        stop.cancelled().await;
    }
}
