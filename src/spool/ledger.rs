//! What is known of each submission: on disk first, then in memory for those who ask.

use super::{
    SubmissionId,
    state::{State, Step},
};
use crate::{
    mail::{AccountName, RemoteId},
    store::{self, Store, spool::Submission},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How long a submission that is over is still told of: its copy shows up in Sent Items meanwhile.
pub(super) const REMEMBERED: i64 = 3_600_000;

/// A submission as other parts see it: its draft must not show among the drafts, and its copy in Sent
/// Items is the mail that a client may append there too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    pub id: SubmissionId,
    /// With angle brackets, once an attempt was made.
    pub message_id: Option<String>,
    /// The immutable id of the draft; the sent copy keeps it.
    pub draft: Option<RemoteId>,
    /// Perhaps there is a draft whose id was not told yet.
    pub drafting: bool,
    /// Unix milliseconds.
    pub accepted: i64,
    /// Graph took it.
    pub sent: bool,
}

#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) store: Store,
    known: Mutex<HashMap<i64, Known>>,
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Known {
    account: AccountName,
    told: InFlight,
    over: Option<i64>,
}

impl Ledger {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            known: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Durable when it returns.
    pub(super) async fn save(&self, submission: &Submission) -> store::Result<()> {
        self.store
            .progress(submission.id, &submission.progress)
            .await?;
        self.note(submission);
        Ok(())
    }

    pub(super) fn note(&self, submission: &Submission) {
        let progress = &submission.progress;
        let state = State::from_kept(&progress.state);
        let now = super::now();
        let known = Known {
            account: submission.account.clone(),
            told: InFlight {
                id: SubmissionId(submission.id),
                message_id: progress.message_id.clone(),
                draft: progress.draft.clone(),
                drafting: Step::from_kept(&progress.step) == Some(Step::Drafting),
                accepted: submission.accepted,
                sent: state == Some(State::Sent),
            },
            over: state.is_some_and(State::is_over).then_some(now),
        };
        let mut all = self.lock();
        all.retain(|_, k| k.over.is_none_or(|over| over > now - REMEMBERED));
        all.insert(submission.id, known);
        drop(all);
        self.changes.send_modify(|n| *n += 1);
    }

    pub(super) fn in_flight(&self, account: &AccountName) -> Vec<InFlight> {
        let all = self.lock();
        let own = all.values().filter(|k| k.account == *account);
        let mut own: Vec<_> = own.map(|k| k.told.clone()).collect();
        own.sort_by_key(|told| told.id);
        own
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
