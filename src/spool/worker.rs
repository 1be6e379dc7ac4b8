//! The worker: one lane for each account, so that a stuck mailbox holds nobody else back; within a lane
//! one submission after another.

use super::{
    Lane, Route, Shared,
    bounce::{self, About, Kind},
    courier::{Courier, HEADER},
    failure::{Reason, Told, UNREACHED},
    outgoing,
    state::{self, Event, Facts, State},
};
use crate::{
    mail::{AccountName, ErrorClass},
    mime,
    store::{self, spool::Submission},
};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Without anything due; the lane is woken for new ones.
const IDLE: Duration = Duration::from_secs(60);

/// When the store does not answer, or a report is not delivered.
const TROUBLE: Duration = Duration::from_secs(5);
const REPORT_AGAIN: i64 = 60_000;

impl Shared {
    /// Works for one account until `stop` fires; the attempt in hand is finished.
    pub(super) async fn lane(
        self: Arc<Self>,
        account: AccountName,
        lane: Arc<Lane>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let order = i64::try_from(self.options.patience.order).unwrap_or(i64::MAX);
            let since = super::now().saturating_sub(order);
            let pause = match self.next(&account, since).await {
                Ok(Some(submission)) => match wait(&submission) {
                    Some(pause) => pause.min(IDLE),
                    None => {
                        self.work(submission, &lane).await;
                        continue;
                    }
                },
                Ok(None) => IDLE,
                Err(error) => {
                    tracing::error!(%account, %error, "the spool does not answer");
                    TROUBLE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = lane.wake.notified() => self.try_again(&account).await,
                () = sleep(pause) => {}
            }
        }
    }

    async fn next(&self, account: &AccountName, since: i64) -> store::Result<Option<Submission>> {
        let store = &self.ledger.store;
        store.next_submission(account, since, UNREACHED).await
    }

    /// Something new to be sent: what waits before it because nothing could be reached is tried first.
    async fn try_again(&self, account: &AccountName) {
        let store = &self.ledger.store;
        let hurried = store.hurry_deferred(account, UNREACHED, super::now()).await;
        if let Err(error) = hurried {
            tracing::warn!(%account, %error, "what was deferred waits on");
        }
    }

    /// One step of one submission; leaves it with another due time, or trouble is waited out.
    async fn work(&self, mut submission: Submission, lane: &Lane) {
        let Some(route) = self.couriers.get(&submission.account) else {
            return;
        };
        if submission.progress.report.is_some() {
            return self.report(submission, route).await;
        }
        let Some(state) = State::from_kept(&submission.progress.state) else {
            tracing::error!(submission = submission.id, "a state that nobody knows");
            submission.progress.due = None;
            return self.keep(&submission).await;
        };
        let told = match state {
            State::Attempting => Told {
                event: Event::Restarted,
                reason: None,
            },
            State::InDoubt => self.courier(route, lane).look(&mut submission).await,
            State::Queued | State::Deferred | State::Held => {
                return self.attempt(submission, state, route, lane).await;
            }
            State::Sent | State::Failed => {
                submission.progress.due = None;
                return self.keep(&submission).await;
            }
        };
        self.follow(&mut submission, state, told, lane).await;
    }

    async fn attempt(&self, mut submission: Submission, state: State, route: &Route, lane: &Lane) {
        let begun = Told {
            event: Event::Begun,
            reason: submission.progress.reason.as_deref().map(Reason::from_kept),
        };
        if !self.turn(&mut submission, state, &begun) {
            return self.keep(&submission).await;
        }
        if submission.progress.state != State::Attempting.as_str() {
            self.courier(route, lane).tidy(&mut submission).await;
            return self.keep(&submission).await;
        }
        submission.progress.attempts += 1;
        // Not on disk yet: the courier writes it before anything goes out.
        let told = self.courier(route, lane).attempt(&mut submission).await;
        self.follow(&mut submission, State::Attempting, told, lane)
            .await;
    }

    async fn follow(&self, submission: &mut Submission, state: State, told: Told, lane: &Lane) {
        self.turn(submission, state, &told);
        if submission.progress.state == State::Failed.as_str()
            && let Some(route) = self.couriers.get(&submission.account)
        {
            self.courier(route, lane).tidy(submission).await;
        }
        let progress = &submission.progress;
        tracing::info!(
            submission = submission.id,
            account = %submission.account,
            message_id = progress.message_id.as_deref().unwrap_or_default(),
            from = state.as_str(),
            to = progress.state,
            reason = told.reason.as_ref().map(Reason::kept).unwrap_or_default(),
            "submission"
        );
        self.keep(submission).await;
    }

    /// What follows, in memory. False where the event made no sense.
    fn turn(&self, submission: &mut Submission, state: State, told: &Told) -> bool {
        let now = super::now();
        let progress = &mut submission.progress;
        let facts = Facts {
            now,
            accepted: submission.accepted,
            attempts: progress.attempts,
            doubted: progress.doubted,
            random: random(),
        };
        let Some(next) = state::next(state, told.event, &facts, &self.options.patience) else {
            tracing::error!(submission = submission.id, ?state, event = ?told.event, "makes no sense");
            progress.due = Some(now + REPORT_AGAIN);
            return false;
        };
        progress.state = next.state.as_str().to_owned();
        progress.due = next.due;
        progress.doubted = (next.state == State::InDoubt).then(|| facts.doubted.unwrap_or(now));
        if let Some(reason) = &told.reason {
            progress.reason = Some(reason.kept());
        }
        if next.report && !submission.envelope.is_null_sender() {
            let kind = match next.state {
                State::Failed => Kind::Failed,
                _ => Kind::Held,
            };
            progress.report = Some(kind.as_str().to_owned());
            progress.due = Some(now);
        } else if next.report {
            let reason = progress.reason.as_deref().unwrap_or_default();
            let state = &progress.state;
            tracing::error!(
                submission = submission.id,
                state,
                reason,
                "not sent, and it has no sender to tell"
            );
        }
        true
    }

    /// On disk; what is over needs its message no longer.
    async fn keep(&self, submission: &Submission) {
        if let Err(error) = self.ledger.save(submission).await {
            // The disk still says what was true before: at worst Graph is asked once more.
            tracing::error!(submission = submission.id, %error, "not written down");
            sleep(TROUBLE).await;
            return;
        }
        let progress = &submission.progress;
        let over = State::from_kept(&progress.state).is_some_and(State::is_over);
        if over && progress.report.is_none() {
            self.ledger.store.forget_message(submission);
            self.give_back(submission.size);
        }
    }

    async fn report(&self, mut submission: Submission, route: &Route) {
        if route.send_only {
            let reason = submission.progress.reason.as_deref().unwrap_or_default();
            tracing::error!(
                submission = submission.id,
                reason,
                "no right to tell the sender"
            );
            submission.progress.report = None;
            submission.progress.due = None;
            return self.keep(&submission).await;
        }
        let report = match self.written(&submission).await {
            Ok(report) => report,
            Err(error) => {
                tracing::error!(submission = submission.id, %error, "a report cannot be written");
                submission.progress.due = Some(super::now() + REPORT_AGAIN);
                return self.keep(&submission).await;
            }
        };
        match self.deliver.deliver(&submission.account, &report).await {
            Ok(()) => {
                submission.progress.report = None;
                submission.progress.due = None;
            }
            Err(ErrorClass::Permanent | ErrorClass::Bug | ErrorClass::Client) => {
                let reason = submission.progress.reason.as_deref().unwrap_or_default();
                tracing::error!(submission = submission.id, reason, "nobody could be told");
                submission.progress.report = None;
                submission.progress.due = None;
            }
            Err(_) => submission.progress.due = self.report_again(&submission),
        }
        self.keep(&submission).await;
    }

    /// Ever more seldom; in the end only when the account is signed in anew, and the log says so.
    fn report_again(&self, submission: &Submission) -> Option<i64> {
        let now = super::now();
        let patience = &self.options.patience;
        let age = u64::try_from(now.saturating_sub(submission.accepted)).unwrap_or(0);
        if age >= patience.give_up.saturating_mul(2) {
            let reason = submission.progress.reason.as_deref().unwrap_or_default();
            let account = &submission.account;
            tracing::error!(submission = submission.id, %account, reason, "the sender cannot be told: sign the account in");
            return None;
        }
        let pause = i64::try_from(age / 8).unwrap_or(REPORT_AGAIN);
        Some(now + pause.clamp(REPORT_AGAIN, 30 * REPORT_AGAIN))
    }

    async fn written(&self, submission: &Submission) -> crate::store::Result<bounce::Report> {
        let start = self
            .ledger
            .store
            .submitted_range(submission, 0, HEADER)
            .await?;
        let start = mime::normalize(&start);
        let header = outgoing::header_of(&start);
        let progress = &submission.progress;
        let reason = progress.reason.as_deref().unwrap_or("5.0.0 Nobody knows.");
        let mailbox = self.couriers.get(&submission.account);
        Ok(bounce::report(&About {
            kind: Kind::from_kept(progress.report.as_deref().unwrap_or_default()),
            id: submission.id,
            envelope: &submission.envelope,
            header,
            subject: &outgoing::subject(header),
            message_id: progress.message_id.as_deref(),
            reason: &Reason::from_kept(reason),
            accepted: submission.accepted.div_euclid(1000),
            now: super::now().div_euclid(1000),
            mailbox: mailbox.map_or(&submission.envelope.reverse_path, |route| &route.mailbox),
        }))
    }

    fn courier<'a>(&'a self, route: &'a Route, lane: &'a Lane) -> Courier<'a> {
        Courier {
            ledger: &self.ledger,
            route,
            patience: &self.options.patience,
            deliver: &*self.deliver,
            fits: &lane.fits,
            large: &self.large,
        }
    }
}

/// `None`: now.
fn wait(submission: &Submission) -> Option<Duration> {
    let left = submission.progress.due?.saturating_sub(super::now());
    let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
    Some(Duration::from_millis(left))
}

/// Even in `0.0..1.0`.
fn random() -> f64 {
    let [a, b, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}
