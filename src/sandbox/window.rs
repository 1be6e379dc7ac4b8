//! A sum over the last minutes, as rate limits count.
//!
//! What is added within a sixtieth of the span counts as added at once: so the memory stays small
//! however many requests come.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const SLOTS: u32 = 60;

#[derive(Debug)]
pub(super) struct Window {
    span: Duration,
    slots: VecDeque<(Instant, u64)>,
    sum: u64,
}

impl Window {
    pub(super) fn new(span: Duration) -> Self {
        Self {
            span,
            slots: VecDeque::new(),
            sum: 0,
        }
    }

    pub(super) fn add(&mut self, now: Instant, amount: u64) {
        self.forget(now);
        self.sum = self.sum.saturating_add(amount);
        match self.slots.back_mut() {
            Some((begun, sum)) if now.duration_since(*begun) < self.span / SLOTS => {
                *sum = sum.saturating_add(amount);
            }
            _ => self.slots.push_back((now, amount)),
        }
    }

    pub(super) fn sum(&mut self, now: Instant) -> u64 {
        self.forget(now);
        self.sum
    }

    /// How long until no more than `most` is left.
    pub(super) fn wait(&mut self, now: Instant, most: u64) -> Duration {
        self.forget(now);
        let mut left = self.sum;
        let mut wait = Duration::ZERO;
        for (begun, amount) in &self.slots {
            if left <= most {
                break;
            }
            left = left.saturating_sub(*amount);
            wait = (*begun + self.span).saturating_duration_since(now);
        }
        wait
    }

    fn forget(&mut self, now: Instant) {
        while let Some((begun, amount)) = self.slots.front()
            && now.duration_since(*begun) >= self.span
        {
            self.sum = self.sum.saturating_sub(*amount);
            self.slots.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_span_no_longer_counts() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut window = Window::new(Duration::from_secs(60));
        for second in 0..40 {
            window.add(at(second), 2);
        }
        assert_eq!(window.sum(at(40)), 80);
        assert_eq!(window.wait(at(40), 80), Duration::ZERO);
        // Ten must go, and the fifth pair came in second 4.
        assert_eq!(window.wait(at(40), 70), Duration::from_secs(24));
        assert_eq!(window.sum(at(64)), 70);
        assert_eq!(window.sum(at(200)), 0);
    }

    #[test]
    fn a_burst_takes_one_slot() {
        let start = Instant::now();
        let mut window = Window::new(Duration::from_mins(10));
        for n in 0..10_000 {
            window.add(start + Duration::from_micros(n), 1);
        }
        assert_eq!((window.sum(start), window.slots.len()), (10_000, 1));
    }
}
