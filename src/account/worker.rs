//! The background worker: decides what is due, and brings what is not here.
//!
//! Two loops beside each other, so that a long listing never delays news. The first keeps
//! fresh what someone looks at, and the tree; the second goes round the other folders, then looks after suspect
//! messages, then brings MIME facts, newest first, at background priority.

use super::{Error, FolderKey, FolderRow, Inner, MessageKey, Result, body, folders, sync};
use crate::{
    graph::Priority,
    mail::{ModSeq, Role, Uid},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One request of some 100 ms each two seconds: a change is seen well within 5 s of Graph showing it.
const WATCHED_EVERY: Duration = Duration::from_secs(2);
/// New mail is what people wait for, also where their program polls with STATUS.
const INBOX_EVERY: Duration = Duration::from_secs(15);
/// New, renamed and deleted folders; it also tells whose counts changed.
const TREE_EVERY: Duration = Duration::from_secs(60);
/// Folders that nobody looks at. A counted change shows in the tree earlier.
const OTHERS_EVERY: Duration = Duration::from_secs(300);
/// Rounds of watched folders at a time: four requests are allowed for the mailbox.
const WATCHED_AT_A_TIME: usize = 2;
/// After an error the next try waits, doubled each time up to this.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// Messages brought at a time: one `$batch`.
const PORTION: usize = 20;
/// Between portions: 10 messages a second leave people 4,000 of the 10,000 requests in ten minutes.
const PAUSE: Duration = Duration::from_secs(2);
/// With nothing to do the second loop looks again after this.
const IDLE: Duration = Duration::from_secs(2);
/// A message that cannot be brought is tried again after this, lest it blocks the others.
const AGAIN: Duration = Duration::from_secs(3600);
/// The cache holds at most so many octets.
const CACHE_OCTETS: u64 = 1 << 30;

/// What rounds found to be looked after. Lost at a restart without harm: the cache has nothing
/// of a suspect message, so that the next access checks it.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    messages: Mutex<VecDeque<(FolderKey, Uid)>>,
    tree: AtomicBool,
}

impl Suspects {
    pub(super) fn add(&self, folder: FolderKey, messages: Vec<(MessageKey, Uid)>) {
        self.queue()
            .extend(messages.into_iter().map(|(_, uid)| (folder, uid)));
    }

    /// A folder seems to be gone.
    pub(super) fn tree(&self) {
        self.tree.store(true, Ordering::Relaxed);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(FolderKey, Uid)>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until `stop` fires, then ends the rounds in flight.
pub(super) async fn run(inner: &Arc<Inner>, stop: CancellationToken) {
    let mut news = News::new(inner);
    let mut rest = Rest::new(inner);
    tokio::select! {
        () = stop.cancelled() => {}
        () = inner.ends.cancelled() => {}
        () = news.run() => {}
        () = rest.run() => {}
    }
    inner.ends.cancel();
}

/// When something was tried last, and how often it failed since it worked.
#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    last: Option<Instant>,
    failures: u32,
}

impl Plan {
    fn tried(&mut self, now: Instant, ok: bool) {
        self.last = Some(now);
        self.failures = if ok { 0 } else { self.failures + 1 };
    }

    /// When it is due, if it is to be done `every` so often: later after failures. `None`: it never was done.
    fn due(self, every: Duration) -> Option<Instant> {
        let doubled = every.saturating_mul(1 << self.failures.min(10));
        let wait = doubled.min(MAX_BACKOFF.max(every));
        self.last.map(|last| last + wait)
    }

    fn is_due(self, now: Instant, every: Duration) -> bool {
        self.due(every).is_none_or(|due| due <= now)
    }
}

/// The loop for the tree, watched folders and the Inbox.
struct News<'a> {
    inner: &'a Arc<Inner>,
    plans: HashMap<FolderKey, Plan>,
    tree: Plan,
    healthy: bool,
}

impl<'a> News<'a> {
    fn new(inner: &'a Arc<Inner>) -> Self {
        Self {
            inner,
            plans: HashMap::new(),
            tree: Plan::default(),
            healthy: true,
        }
    }

    async fn run(&mut self) {
        loop {
            if self.inner.suspects.tree.swap(false, Ordering::Relaxed) {
                self.tree = Plan::default();
            }
            if self.tree.is_due(Instant::now(), TREE_EVERY) {
                let outcome = folders::refresh(self.inner, WATCHED_EVERY).await;
                self.tell(outcome.as_ref().err());
                self.tree.tried(Instant::now(), outcome.is_ok());
            }
            let folders = self.inner.store.folders().await.unwrap_or_default();
            let looked_at = looked_at(self.inner, &folders);
            self.rounds(&looked_at).await;
            let next = self.next(&looked_at);
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.inner.hub.joined.notified() => {}
            }
        }
    }

    async fn rounds(&mut self, folders: &[(FolderKey, Duration)]) {
        let (plans, now) = (&self.plans, Instant::now());
        let plan = |key: &FolderKey| plans.get(key).copied().unwrap_or_default();
        // Gathered first: an iterator held over an await would keep the future from being Send.
        let due: Vec<_> = folders
            .iter()
            .copied()
            .filter(|(key, every)| plan(key).is_due(now, *every))
            .collect();
        let mut rounds = Vec::new();
        for (key, every) in due {
            let inner = Arc::clone(self.inner);
            rounds.push(async move {
                // A person's NOOP in between counts, and so does the SELECT that began the watch.
                let outcome = sync::refresh(&inner, key, every.mul_f32(0.6)).await;
                (key, outcome)
            });
        }
        let outcomes: Vec<_> = stream::iter(rounds)
            .buffer_unordered(WATCHED_AT_A_TIME)
            .collect()
            .await;
        for (key, outcome) in outcomes {
            self.tell(outcome.as_ref().err());
            self.plans
                .entry(key)
                .or_default()
                .tried(Instant::now(), outcome.is_ok());
        }
    }

    /// When the next thing is due; now, if something was never done.
    fn next(&self, folders: &[(FolderKey, Duration)]) -> Instant {
        let plan = |key: &FolderKey| self.plans.get(key).copied().unwrap_or_default();
        let rounds = folders.iter().map(|(key, every)| plan(key).due(*every));
        let first = rounds.chain([self.tree.due(TREE_EVERY)]).min();
        first.flatten().unwrap_or_else(Instant::now)
    }

    /// Only when the state changes it is worth a line.
    fn tell(&mut self, error: Option<&Error>) {
        match error {
            Some(Error::Stopping) => {}
            Some(error) if self.healthy => {
                tracing::info!(account = %self.inner.name, %error, "no news from Graph; served as known");
                self.healthy = false;
            }
            Some(error) => tracing::debug!(account = %self.inner.name, %error, "still no news"),
            None if !self.healthy => {
                tracing::info!(account = %self.inner.name, "news from Graph again");
                self.healthy = true;
            }
            None => {}
        }
    }
}

/// Folders that are kept fresh, and how often they are asked for.
fn looked_at(inner: &Inner, folders: &[FolderRow]) -> Vec<(FolderKey, Duration)> {
    folders
        .iter()
        .filter_map(|folder| {
            if inner.hub.is_watched(folder.key) {
                return Some((folder.key, WATCHED_EVERY));
            }
            let inbox = folder.role == Some(Role::Inbox) && folder.listed;
            inbox.then_some((folder.key, INBOX_EVERY))
        })
        .collect()
}

/// The loop for everything else.
struct Rest<'a> {
    inner: &'a Arc<Inner>,
    plans: HashMap<FolderKey, Plan>,
    /// Messages that could not be brought, and since when.
    failed: HashMap<(FolderKey, Uid), Instant>,
    /// Folders of which nothing was missing at this MODSEQ: looking again would read all their rows.
    complete: HashMap<FolderKey, ModSeq>,
}

impl<'a> Rest<'a> {
    fn new(inner: &'a Arc<Inner>) -> Self {
        Self {
            inner,
            plans: HashMap::new(),
            failed: HashMap::new(),
            complete: HashMap::new(),
        }
    }

    async fn run(&mut self) {
        let mut wait = IDLE;
        loop {
            wait = match self.step().await {
                Ok(true) => PAUSE,
                Ok(false) => IDLE,
                Err(error) => {
                    tracing::debug!(account = %self.inner.name, %error, "background work waits");
                    (wait * 2).min(MAX_BACKOFF)
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// One portion of work; whether there was some.
    async fn step(&mut self) -> Result<bool> {
        let folders = by_interest(self.inner, self.inner.store.folders().await?);
        self.go_round(&folders).await?;
        if self.check_suspects().await? {
            return Ok(true);
        }
        self.forgive();
        for folder in folders.iter().filter(|folder| folder.listed) {
            if self.complete.get(&folder.key) == Some(&folder.highest_modseq) {
                continue;
            }
            if self.bring(folder.key).await? {
                return Ok(true);
            }
            self.complete.insert(folder.key, folder.highest_modseq);
        }
        Ok(false)
    }

    /// Lists what has no listing, and asks for changes of the others, each when its time has come.
    async fn go_round(&mut self, folders: &[FolderRow]) -> Result<()> {
        let touched = self.inner.tree.take_touched();
        self.plans
            .retain(|key, _| folders.iter().any(|f| f.key == *key));
        for folder in folders {
            let touched = touched.contains(&folder.key);
            let mut plan = self.plans.get(&folder.key).copied().unwrap_or_default();
            if !touched && !plan.is_due(Instant::now(), OTHERS_EVERY) {
                continue;
            }
            let fresh = if touched { Duration::ZERO } else { INBOX_EVERY };
            let round = sync::refresh_with(self.inner, folder.key, fresh, Priority::Background);
            let outcome = round.await;
            plan.tried(Instant::now(), outcome.is_ok());
            self.plans.insert(folder.key, plan);
            match outcome {
                // Graph as a whole cannot be reached: no need to ask for each folder.
                Err(error) if error.is_temporary() && !matches!(error, Error::Unresolved(_)) => {
                    return Err(error);
                }
                Err(error) => tracing::debug!(folder = %folder.name, %error, "no round"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// What failed long ago is tried again.
    fn forgive(&mut self) {
        let before = self.failed.len();
        self.failed.retain(|_, since| since.elapsed() < AGAIN);
        if self.failed.len() < before {
            self.complete.clear();
        }
    }

    /// Downloads suspect messages again: an edited draft gets its new UID soon.
    async fn check_suspects(&mut self) -> Result<bool> {
        let portion: Vec<_> = {
            let mut queue = self.inner.suspects.queue();
            let count = queue.len().min(PORTION);
            queue.drain(..count).collect()
        };
        let graph = self.inner.graph.with_priority(Priority::Background);
        for (folder, uid) in &portion {
            for row in self.inner.store.messages(*folder, vec![*uid]).await? {
                // What was never served contradicts nothing.
                if row.served.is_some() {
                    let outcome = body::octets(self.inner, &graph, &row, 0..0).await;
                    if let Err(error) = outcome {
                        tracing::debug!(%uid, %error, "checked");
                    }
                }
            }
        }
        Ok(!portion.is_empty())
    }

    /// Brings the facts of the newest messages that have none. Whether there were some.
    async fn bring(&mut self, folder: FolderKey) -> Result<bool> {
        let limit = PORTION + self.failed.len();
        let mut uids = self.inner.store.unserved(folder, limit).await?;
        uids.retain(|uid| !self.failed.contains_key(&(folder, *uid)));
        uids.truncate(PORTION);
        if uids.is_empty() {
            return Ok(false);
        }
        let graph = self.inner.graph.with_priority(Priority::Background);
        let rows = self.inner.store.messages(folder, uids).await?;
        let outcomes = body::served(self.inner, &graph, &rows).await;
        let mut waits = None;
        for (row, outcome) in rows.iter().zip(outcomes) {
            match outcome {
                Ok(_) | Err(Error::MessageGone) => {}
                Err(error) => {
                    self.failed.insert((folder, row.uid), Instant::now());
                    if error.is_temporary() {
                        waits = Some(error);
                    }
                }
            }
        }
        self.inner.store.cache_shrink(CACHE_OCTETS).await?;
        waits.map_or(Ok(true), Err)
    }
}

/// Inbox, watched ones, the other default folders, the rest.
fn by_interest(inner: &Inner, mut folders: Vec<FolderRow>) -> Vec<FolderRow> {
    let watched: HashSet<FolderKey> = folders
        .iter()
        .map(|folder| folder.key)
        .filter(|key| inner.hub.is_watched(*key))
        .collect();
    folders.sort_by_key(|folder| {
        (
            folder.role != Some(Role::Inbox),
            !watched.contains(&folder.key),
            folder.role.is_none(),
            folder.key,
        )
    });
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_wait_longer_each_time_up_to_a_bound() {
        let now = Instant::now();
        let mut plan = Plan::default();
        assert!(plan.is_due(now, WATCHED_EVERY));
        let mut waits = Vec::new();
        for ok in [true, false, false, false, false, false, false, true] {
            plan.tried(now, ok);
            waits.push((plan.due(WATCHED_EVERY).unwrap() - now).as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 2]);
        plan.tried(now, false);
        assert_eq!(plan.due(OTHERS_EVERY), Some(now + OTHERS_EVERY));
    }

    #[test]
    fn who_begins_to_watch_does_not_wait_for_the_slower_beat() {
        let start = Instant::now();
        let mut plan = Plan::default();
        plan.tried(start, true);
        let later = start + Duration::from_secs(3);
        assert!(!plan.is_due(later, INBOX_EVERY));
        assert!(plan.is_due(later, WATCHED_EVERY));
    }
}
