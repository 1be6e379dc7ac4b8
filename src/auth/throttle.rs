//! How long a guesser waits (pure: `now` comes in).
//!
//! Each failure makes the next answer to the same address, and to the same name, slower: half a
//! second, doubling, up to 30 seconds. A success is never delayed and resets nothing:
//! a mail program that polls with the right password must neither suffer from a guesser beside it on
//! loopback nor wash the guesser's record clean.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Failures after which the delay is at its longest: more are not counted, so that it decays soon.
const MOST: u32 = 7;

/// One failure is forgotten after each such time without another.
const FORGET: Duration = Duration::from_secs(60);

/// Entries of each kind that are remembered; beyond it the oldest goes.
const REMEMBERED: usize = 1_024;

/// Letters of a name that are remembered: names come from strangers.
const NAME_LETTERS: usize = 64;

/// Who failed lately. Bounded, whatever is tried.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    peers: Failures<IpAddr>,
    names: Failures<String>,
}

impl Throttle {
    /// Counts a failure. Returns how long its answer has to wait.
    pub(super) fn failure(&mut self, now: Instant, peer: IpAddr, name: &str) -> Duration {
        let name = name.chars().take(NAME_LETTERS).flat_map(char::to_lowercase);
        let by_name = self.names.count(now, name.collect());
        let by_peer = self.peers.count(now, network(peer));
        delay(by_name.max(by_peer))
    }
}

/// A peer with IPv6 has its whole /64 to come from.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64))
        }
        other => other,
    }
}

fn delay(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(MOST);
    (FIRST * 2u32.pow(doublings)).min(LONGEST)
}

#[derive(Debug)]
struct Failures<K>(HashMap<K, Record>);

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn count(&mut self, now: Instant, who: K) -> u32 {
        if !self.0.contains_key(&who) && self.0.len() >= REMEMBERED {
            self.make_room(now);
        }
        let record = self.0.entry(who).or_insert(Record {
            failures: 0,
            last: now,
        });
        record.failures = (record.remaining(now) + 1).min(MOST);
        record.last = now;
        record.failures
    }

    fn make_room(&mut self, now: Instant) {
        self.0.retain(|_, record| record.remaining(now) > 0);
        if self.0.len() < REMEMBERED {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, record)| record.last);
        if let Some(oldest) = oldest.map(|(who, _)| who.clone()) {
            self.0.remove(&oldest);
        }
    }
}

impl Record {
    /// Failures not forgotten yet.
    fn remaining(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.last).as_secs() / FORGET.as_secs();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        self.failures.saturating_sub(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_delay_doubles_up_to_the_longest_and_decays() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        let mut fail = |at: u64, who: &str, name: &str| {
            throttle
                .failure(start + Duration::from_secs(at), peer(who), name)
                .as_millis()
        };
        let grown: Vec<_> = (0..9).map(|_| fail(0, "127.0.0.1", "anna")).collect();
        assert_eq!(
            grown,
            [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]
        );
        assert_eq!(fail(0, "10.0.0.1", "ANNA"), 30000, "the name is known");
        assert_eq!(fail(0, "127.0.0.1", "ben"), 30000, "the address is known");
        assert_eq!(fail(0, "10.0.0.2", "cleo"), 500, "neither is known");
        // Seven failures minus six minutes, plus this one.
        assert_eq!(fail(6 * 60, "127.0.0.1", "x"), 1000);
        assert_eq!(fail(60 * 60, "127.0.0.1", "anna"), 500, "all is forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        throttle.failure(now, peer("2001:db8:1:2::1"), "a");
        let next = throttle.failure(now, peer("2001:db8:1:2:ffff::9"), "b");
        assert_eq!(next, 2 * FIRST);
        let next = throttle.failure(now, peer("2001:db8:1:3::1"), "c");
        assert_eq!(next, FIRST);
        throttle.failure(now, peer("192.0.2.1"), "d");
        let next = throttle.failure(now, peer("::ffff:192.0.2.1"), "e");
        assert_eq!(next, 2 * FIRST, "the same host, written as IPv6");
    }

    #[test]
    fn memory_is_bounded_and_the_guesser_stays_known() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        let guesser = peer("192.0.2.9");
        for i in 0..5_000 {
            let name = format!("{}{i}", "x".repeat(i % 80));
            throttle.failure(start + Duration::from_millis(i as u64), guesser, &name);
        }
        assert!(throttle.names.0.len() <= REMEMBERED);
        assert!(
            throttle
                .names
                .0
                .keys()
                .all(|k| k.chars().count() <= NAME_LETTERS)
        );
        let late = start + Duration::from_secs(6);
        assert_eq!(throttle.failure(late, guesser, "new"), LONGEST);
    }
}
