//! Four in flight and 10,000 in ten minutes, for each (application id, mailbox) (Graph: throttling limits).
//!
//! Whoever waits is let in in order, people before background. After a 429 or 503 nobody is let in until
//! the pause is over. An unordered `$batch` holds all four places, since Graph works on four of its
//! requests at a time. A place that is not wanted any more (its future was dropped) goes to the next.

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
    people: VecDeque<Waiter>,
    background: VecDeque<Waiter>,
    paused_until: Option<Instant>,
    /// Bucket start and count, oldest first.
    sent: VecDeque<(Instant, usize)>,
    sent_sum: usize,
}

#[derive(Debug)]
struct Waiter {
    places: usize,
    requests: usize,
    let_in: oneshot::Sender<Permit>,
}

/// Places held until dropped: for as long as the answer is being read.
#[derive(Debug)]
pub struct Permit {
    inner: Option<Arc<Inner>>,
    places: usize,
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
    /// Waits for `places` places (at most [`PLACES`]) for something that counts as `requests`
    /// requests. Cancel-safe: dropping the future gives the turn to the next.
    pub async fn acquire(&self, priority: Priority, places: usize, requests: usize) -> Permit {
        let mut gate = self.inner.gate.subscribe();
        loop {
            let (let_in, mut turn) = oneshot::channel();
            let waiter = Waiter {
                places: places.clamp(1, PLACES),
                requests,
                let_in,
            };
            match priority {
                Priority::Person => self.inner.state().people.push_back(waiter),
                Priority::Background => self.inner.state().background.push_back(waiter),
            }
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
            let person = !state.people.is_empty();
            let free = PLACES.saturating_sub(state.taken);
            let limit = if person {
                PERSON_LIMIT
            } else {
                BACKGROUND_LIMIT
            };
            let queue = if person {
                &state.people
            } else {
                &state.background
            };
            let Some(head) = queue.front() else {
                break None;
            };
            let (places, requests) = (head.places, head.requests);
            if head.let_in.is_closed() {
                state.pop(person);
                continue;
            }
            if places > free {
                break None;
            }
            if state.sent_sum + requests > limit {
                break state.sent.front().map(|(at, _)| *at + WINDOW + BUCKET);
            }
            let Some(waiter) = state.pop(person) else {
                break None;
            };
            let permit = Permit {
                inner: Some(self.clone()),
                places,
            };
            match waiter.let_in.send(permit) {
                Ok(()) => {
                    state.taken += places;
                    state.count(now, requests);
                }
                // Gone meanwhile: nothing was taken for it, so its permit gives nothing back.
                Err(mut permit) => permit.inner = None,
            }
        };
        drop(state);
        self.gate
            .send_if_modified(|old| std::mem::replace(old, gate) != gate);
    }
}

impl State {
    fn pop(&mut self, person: bool) -> Option<Waiter> {
        if person {
            self.people.pop_front()
        } else {
            self.background.pop_front()
        }
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

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            {
                let mut state = inner.state();
                state.taken = state.taken.saturating_sub(self.places);
            }
            inner.pump();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{advance, sleep, timeout};

    async fn one(limiter: &Limiter) -> Permit {
        limiter.acquire(Priority::Person, 1, 1).await
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_four_at_once() {
        let limiter = Limiter::default();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for i in 0..40 {
            let (limiter, now, most) = (limiter.clone(), now.clone(), most.clone());
            tasks.push(tokio::spawn(async move {
                let places = if i % 7 == 0 { PLACES } else { 1 };
                let _permit = limiter.acquire(Priority::Background, places, 1).await;
                let held = now.fetch_add(places, Ordering::SeqCst) + places;
                most.fetch_max(held, Ordering::SeqCst);
                sleep(Duration::from_millis(10)).await;
                now.fetch_sub(places, Ordering::SeqCst);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), PLACES);
    }

    #[tokio::test(start_paused = true)]
    async fn people_go_before_background() {
        let limiter = Limiter::default();
        let all = limiter.acquire(Priority::Person, PLACES, 1).await;
        let (order, mut came) = tokio::sync::mpsc::unbounded_channel();
        for priority in [
            Priority::Background,
            Priority::Background,
            Priority::Person,
            Priority::Person,
        ] {
            let (limiter, order) = (limiter.clone(), order.clone());
            tokio::spawn(async move {
                let permit = limiter.acquire(priority, PLACES, 1).await;
                order.send(priority).unwrap();
                drop(permit);
            });
            sleep(Duration::from_millis(1)).await;
        }
        drop((all, order));
        let mut got = Vec::new();
        while let Some(priority) = came.recv().await {
            got.push(priority);
        }
        use Priority::{Background, Person};
        assert_eq!(got, [Person, Person, Background, Background]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_and_can_be_prolonged() {
        let limiter = Limiter::default();
        let start = Instant::now();
        limiter.pause(Duration::from_secs(10));
        let waiting = {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let _permit = one(&limiter).await;
                Instant::now()
            })
        };
        sleep(Duration::from_secs(5)).await;
        limiter.pause(Duration::from_secs(20));
        limiter.pause(Duration::from_secs(1));
        let let_in = waiting.await.unwrap() - start;
        assert!((25..=26).contains(&let_in.as_secs()), "{let_in:?}");
        assert_eq!(limiter.paused_for(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_wait_and_a_dropped_turn_cost_no_place() {
        let limiter = Limiter::default();
        let all = limiter.acquire(Priority::Person, PLACES, 1).await;
        for _ in 0..3 {
            let waited = timeout(Duration::from_millis(5), one(&limiter)).await;
            assert!(waited.is_err());
        }
        drop(all);
        let again = limiter.acquire(Priority::Background, PLACES, 1).await;
        drop(again);
        assert_eq!(limiter.inner.state().taken, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_window_slides_and_keeps_a_reserve_for_people() {
        let limiter = Limiter::default();
        for _ in 0..BACKGROUND_LIMIT / 20 {
            drop(limiter.acquire(Priority::Background, PLACES, 20).await);
        }
        let start = Instant::now();
        let mut background = tokio::spawn({
            let limiter = limiter.clone();
            async move {
                drop(limiter.acquire(Priority::Background, 1, 1).await);
                Instant::now()
            }
        });
        advance(Duration::from_secs(1)).await;
        drop(
            timeout(Duration::from_secs(1), one(&limiter))
                .await
                .unwrap(),
        );
        assert!(
            timeout(Duration::from_secs(500), &mut background)
                .await
                .is_err()
        );
        let let_in = background.await.unwrap() - start;
        assert!((600..=603).contains(&let_in.as_secs()), "{let_in:?}");
    }
}
