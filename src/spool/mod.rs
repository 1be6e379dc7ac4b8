//! Mail that was taken to be sent: on disk before it is said to be taken, then sent exactly once, or
//! held and reported (RFC 5321 section 6.1).
//!
//! The way of a submission: [`Incoming`] writes it down (`accept`), the worker takes what is due, the
//! courier makes a draft of it in Graph, checks that the draft names exactly the envelope's recipients,
//! and sends it. Each step is on disk before it is taken; what an earlier process left half done is in
//! doubt, and Graph is asked what became of it. `state` says what follows from what.

mod accept;
mod alike;
mod bounce;
mod courier;
mod error;
mod failure;
mod inbox;
mod large;
mod ledger;
mod outgoing;
mod recipients;
mod state;
mod worker;

pub use accept::Incoming;
pub use bounce::Report;
pub use error::{Error, Result};
pub use inbox::{Deliver, Delivered, Wrote, deliver_through_graph};
pub use ledger::InFlight;
pub use state::Patience;

use crate::{
    graph,
    mail::{AccountName, Envelope},
    store::{Store, spool::Submission},
};
use ledger::Ledger;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// How long what is over is remembered.
const KEPT: i64 = 30 * 24 * 3_600_000;

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
    pub patience: Patience,
    /// Who puts reports into mailboxes; `None`: Graph alone.
    pub deliver: Option<Arc<dyn Deliver>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_message_size: 35 << 20,
            quota: None,
            patience: Patience::default(),
            deliver: None,
        }
    }
}

/// The way to the cloud of one account.
#[derive(Debug, Clone)]
pub struct Route {
    pub graph: graph::Client,
    /// The mailbox's address.
    pub mailbox: String,
    /// The account may send and nothing else (Mail.Send alone): no drafts, and nobody can look.
    pub send_only: bool,
}

/// The ways of all accounts that may send.
pub type Couriers = HashMap<AccountName, Route>;

/// The spool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ledger: Ledger,
    couriers: Couriers,
    options: Options,
    deliver: Arc<dyn Deliver>,
    /// Octets of messages that wait or come in.
    held: Arc<AtomicU64>,
    lanes: HashMap<AccountName, Arc<Notify>>,
    /// Octets that Graph takes in one request, as far as is known.
    fits: AtomicUsize,
    /// One large message in memory at a time.
    large: Semaphore,
}

impl Spool {
    /// Opens what an earlier run left: files without a submission go, attempts that were under way
    /// are in doubt.
    pub async fn open(store: Store, couriers: Couriers, options: Options) -> Result<Self> {
        let now = now();
        store.sweep_spool(now - KEPT).await?;
        let known = store.submissions(now - ledger::REMEMBERED).await?;
        let ledger = Ledger::new(store);
        let mut held = 0;
        for submission in &known {
            ledger.note(submission);
            if is_waiting(submission) {
                held += submission.size;
                if !couriers.contains_key(&submission.account) {
                    let (id, account) = (submission.id, &submission.account);
                    tracing::error!(submission = id, %account, "waits for an account that is not configured for sending");
                }
            }
        }
        let through_graph =
            || -> Arc<dyn Deliver> { Arc::new(inbox::ThroughGraph(couriers.clone())) };
        let lanes = couriers.keys().map(|name| (name.clone(), Arc::default()));
        Ok(Self(Arc::new(Shared {
            ledger,
            deliver: options.deliver.clone().unwrap_or_else(through_graph),
            lanes: lanes.collect(),
            held: Arc::new(AtomicU64::new(held)),
            couriers,
            options,
            fits: AtomicUsize::new(courier::FITS),
            large: Semaphore::new(1),
        })))
    }

    /// Octets of a message that are taken: what SIZE says (RFC 1870).
    pub fn max_message_size(&self) -> u64 {
        self.0.options.max_message_size
    }

    /// Starts taking one submission. Refuses early what cannot be taken: [`Error::TooLarge`] when the
    /// announced size says so, [`Error::Full`] when there is no room.
    pub async fn begin(&self, account: &AccountName, envelope: Envelope) -> Result<Incoming> {
        Incoming::begin(self.clone(), account, envelope)
    }

    /// The worker: sends what waits until `stop` fires, and finishes the attempts in hand.
    pub async fn run(&self, stop: CancellationToken) {
        let mut lanes = JoinSet::new();
        for (account, wake) in &self.0.lanes {
            let (shared, wake) = (Arc::clone(&self.0), Arc::clone(wake));
            lanes.spawn(shared.lane(account.clone(), wake, stop.clone()));
        }
        while lanes.join_next().await.is_some() {}
    }

    /// The submissions of an account that are under way, and those that were sent within the hour.
    pub fn in_flight(&self, account: &AccountName) -> Vec<InFlight> {
        self.0.ledger.in_flight(account)
    }

    /// Changes whenever [`Spool::in_flight`] may tell something else.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.ledger.changes()
    }

    /// The account can be reached (again): what waits for that does not wait any longer.
    pub async fn release(&self, account: &AccountName) {
        let waiting = [state::State::Held, state::State::InDoubt].map(state::State::as_str);
        match self.0.ledger.store.hurry(account, waiting, now()).await {
            Ok(()) => self.wake(account),
            Err(error) => tracing::warn!(%account, %error, "held mail waits on"),
        }
    }

    /// What is due for the account is looked at now.
    fn wake(&self, account: &AccountName) {
        if let Some(lane) = self.0.lanes.get(account) {
            lane.notify_one();
        }
    }
}

impl Shared {
    /// The message's file is gone.
    fn give_back(&self, octets: u64) {
        let less = |held: u64| Some(held.saturating_sub(octets));
        // Err: impossible, `less` never declines.
        let _ = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Its message is still needed.
fn is_waiting(submission: &Submission) -> bool {
    let over =
        state::State::from_kept(&submission.progress.state).is_some_and(state::State::is_over);
    !over || submission.progress.report.is_some()
}

/// Unix milliseconds.
fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
