//! Four in flight and 10,000 in ten minutes, for each (application id, mailbox) (Graph: throttling limits).
//!
//! Whoever waits is let in in order, people before background. After a 429 or 503 nobody is let in until
//! the pause is over. Graph works on four requests of an unordered `$batch` at a time, so a batch holds up to four
//! places: it waits a moment for all that it can use, then takes what is free and sends as many of its requests.
//! What lasts (a streamed download, a large upload) never holds all four, so that what is short goes on beside it.
//! A place that is not wanted any more (its future was dropped) goes to the next.

use super::Priority;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep_until},
};

/// Places (Graph: four concurrent requests for each application and mailbox).
pub const PLACES: usize = 4;
/// Of them, for what lasts: one is left for what is short, and of the others one for what a person waits for.
const LASTING: usize = PLACES - 1;
const LASTING_BEHIND: usize = PLACES - 2;
/// So long a batch waits for places that it lacks: most requests are over by then, and fewer places mean more batches.
const PATIENCE: Duration = Duration::from_millis(250);
/// Graph counts requests over this time.
const WINDOW: Duration = Duration::from_secs(600);
/// Requests in [`WINDOW`]: 10,000 with head-room for other programs and for clocks that differ.
const PERSON_LIMIT: usize = 9_600;
/// What is left over is for people.
const BACKGROUND_LIMIT: usize = 8_800;
/// Requests are counted in buckets of this length: 600 of them, not 10,000 time stamps.
const BUCKET: Duration = Duration::from_secs(1);

/// Shared by everything that talks to one mailbox with one application id. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// When waiting for time, not for a place: until when. Waiters watch it.
    gate: watch::Sender<Option<Instant>>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// Of these, by what lasts.
    lasting: usize,
    people: VecDeque<Waiter>,
    background: VecDeque<Waiter>,
    paused_until: Option<Instant>,
    /// Bucket start and count, oldest first.
    sent: VecDeque<(Instant, usize)>,
    sent_sum: usize,
}

/// What somebody wants to be let in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// One request that is over soon.
    Short,
    /// One request that may last.
    Lasting,
    /// So many requests in an unordered `$batch`, or some of them.
    Batch(usize),
}

#[derive(Debug)]
struct Waiter {
    want: Want,
    /// Until when it waits for more places than are free.
    patient: Instant,
    let_in: oneshot::Sender<Permit>,
}

/// What is given to one who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    places: usize,
    lasts: bool,
    requests: usize,
}

/// Places held until dropped: for as long as the answer is being read.
#[derive(Debug)]
pub struct Permit {
    inner: Option<Arc<Inner>>,
    share: Share,
}

impl Permit {
    /// So many requests may be sent; of a batch perhaps not all.
    pub fn requests(&self) -> usize {
        self.share.requests
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Mutex::default(),
                gate: watch::Sender::new(None),
            }),
        }
    }
}

impl Limiter {
    /// Waits to be let in. Cancel-safe: dropping the future gives the turn to the next.
    pub async fn acquire(&self, priority: Priority, want: Want) -> Permit {
        self.acquire_within(priority, want, PATIENCE).await
    }

    /// As [`Limiter::acquire`]; a batch takes what is free at once.
    pub async fn acquire_any(&self, priority: Priority, want: Want) -> Permit {
        self.acquire_within(priority, want, Duration::ZERO).await
    }

    async fn acquire_within(&self, priority: Priority, want: Want, patience: Duration) -> Permit {
        let mut gate = self.inner.gate.subscribe();
        loop {
            let (let_in, mut turn) = oneshot::channel();
            let waiter = Waiter {
                want,
                patient: Instant::now() + patience,
                let_in,
            };
            self.inner.state().queue(priority).push_back(waiter);
            self.inner.pump();
            loop {
                let until = *gate.borrow_and_update();
                tokio::select! {
                    permit = &mut turn => match permit {
                        Ok(permit) => return permit,
                        // Cannot be: a waiter leaves its queue only when it is let in. Queue again.
                        Err(_) => break,
                    },
                    () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => self.inner.pump(),
                    _ = gate.changed() => {}
                }
            }
        }
    }

    /// Lets nobody in for this long (a longer pause that is set already stays).
    pub fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        {
            let mut state = self.inner.state();
            state.paused_until = Some(state.paused_until.map_or(until, |old| old.max(until)));
        }
        self.inner.pump();
    }

    /// How long the pause still lasts.
    pub fn paused_for(&self) -> Option<Duration> {
        let until = self.inner.state().paused_until?;
        Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in whoever may go now.
    fn pump(self: &Arc<Self>) {
        let now = Instant::now();
        let mut state = self.state();
        let gate = loop {
            if let Some(until) = state.paused_until.filter(|until| *until > now) {
                break Some(until);
            }
            state.expire(now);
            let (waiter, share) = match state.next(now) {
                Next::Goes(waiter, share) => (waiter, share),
                Next::Waits(until) => break until,
            };
            let permit = Permit {
                inner: Some(self.clone()),
                share,
            };
            match waiter.let_in.send(permit) {
                Ok(()) => state.take(now, share),
                // Gone meanwhile: nothing was taken for it, so its permit gives nothing back.
                Err(mut permit) => permit.inner = None,
            }
        };
        drop(state);
        self.gate
            .send_if_modified(|old| std::mem::replace(old, gate) != gate);
    }
}

enum Next {
    Goes(Waiter, Share),
    /// Until a place is given back, or until this moment.
    Waits(Option<Instant>),
}

impl State {
    fn queue(&mut self, priority: Priority) -> &mut VecDeque<Waiter> {
        match priority {
            Priority::Person => &mut self.people,
            Priority::Background => &mut self.background,
        }
    }

    /// Whoever is first in order; what lasts is passed by while as much lasts as may.
    fn next(&mut self, now: Instant) -> Next {
        let (free, lasting) = (PLACES.saturating_sub(self.taken), self.lasting);
        for priority in [Priority::Person, Priority::Background] {
            let full = lasting >= lasting_limit(priority);
            let passed_by = |waiter: &Waiter| full && waiter.want == Want::Lasting;
            let queue = self.queue(priority);
            queue.retain(|waiter| !waiter.let_in.is_closed());
            let Some(at) = queue.iter().position(|waiter| !passed_by(waiter)) else {
                continue;
            };
            let Some(waiter) = queue.remove(at) else {
                continue;
            };
            let back = |state: &mut Self, waiter, until| {
                state.queue(priority).insert(at, waiter);
                Next::Waits(until)
            };
            let Some(share) = waiter.want.share(free) else {
                return back(self, waiter, None);
            };
            if share.places < waiter.want.places() && waiter.patient > now {
                let until = Some(waiter.patient);
                return back(self, waiter, until);
            }
            if self.sent_sum + share.requests > limit(priority) {
                let until = self.sent.front().map(|(at, _)| *at + WINDOW + BUCKET);
                return back(self, waiter, until);
            }
            return Next::Goes(waiter, share);
        }
        Next::Waits(None)
    }

    fn take(&mut self, now: Instant, share: Share) {
        self.taken += share.places;
        self.lasting += usize::from(share.lasts);
        self.count(now, share.requests);
    }

    fn give_back(&mut self, share: Share) {
        self.taken = self.taken.saturating_sub(share.places);
        self.lasting = self.lasting.saturating_sub(usize::from(share.lasts));
    }

    fn count(&mut self, now: Instant, requests: usize) {
        self.sent_sum += requests;
        match self.sent.back_mut() {
            Some((start, count)) if now.duration_since(*start) < BUCKET => *count += requests,
            _ => self.sent.push_back((now, requests)),
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((start, count)) = self.sent.front().copied() {
            if now.duration_since(start) < WINDOW + BUCKET {
                return;
            }
            self.sent.pop_front();
            self.sent_sum = self.sent_sum.saturating_sub(count);
        }
    }
}

fn limit(priority: Priority) -> usize {
    match priority {
        Priority::Person => PERSON_LIMIT,
        Priority::Background => BACKGROUND_LIMIT,
    }
}

fn lasting_limit(priority: Priority) -> usize {
    match priority {
        Priority::Person => LASTING,
        Priority::Background => LASTING_BEHIND,
    }
}

impl Want {
    /// Places that it can use.
    fn places(self) -> usize {
        match self {
            Self::Short | Self::Lasting => 1,
            Self::Batch(requests) => requests.clamp(1, PLACES),
        }
    }

    /// What it gets of so many free places; a batch that gets fewer than it can use sends fewer requests.
    fn share(self, free: usize) -> Option<Share> {
        let places = self.places().min(free);
        let requests = match self {
            Self::Short | Self::Lasting => 1,
            Self::Batch(all) if places == self.places() => all,
            Self::Batch(_) => places,
        };
        (places > 0).then_some(Share {
            places,
            lasts: self == Self::Lasting,
            requests,
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            inner.state().give_back(self.share);
            inner.pump();
        }
    }
}

#[cfg(test)]
mod tests;
