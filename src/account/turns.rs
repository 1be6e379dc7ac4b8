//! Turns: of several who want the same thing done, one does it, and the others find it done.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OwnedMutexGuard;

/// Above so many the places that nobody uses are dropped.
const MANY: usize = 1024;

/// A turn for each key, with what the one whose turn it is leaves for the next.
#[derive(Debug)]
pub(super) struct Lanes<K, T> {
    lanes: Mutex<HashMap<K, Arc<tokio::sync::Mutex<T>>>>,
    /// Whether a place may be forgotten when nobody uses it.
    forget: bool,
}

impl<K: Eq + Hash + Copy, T: Default> Default for Lanes<K, T> {
    fn default() -> Self {
        Self {
            lanes: Mutex::default(),
            // What has no size has nothing to remember.
            forget: size_of::<T>() == 0,
        }
    }
}

impl<K: Eq + Hash + Copy, T: Default> Lanes<K, T> {
    /// Waits for the key's turn. Cancel-safe. Who takes several turns takes them in ascending order.
    pub(super) async fn turn(&self, key: K) -> OwnedMutexGuard<T> {
        self.lane(key).lock_owned().await
    }

    fn lane(&self, key: K) -> Arc<tokio::sync::Mutex<T>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.forget && lanes.len() >= MANY {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        Arc::clone(lanes.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn one_at_a_time_for_each_key() {
        let lanes: Lanes<u8, u32> = Lanes::default();
        let mut first = lanes.turn(1).await;
        assert!(lanes.turn(1).now_or_never().is_none());
        assert!(lanes.turn(2).now_or_never().is_some());
        *first = 5;
        drop(first);
        assert_eq!(*lanes.turn(1).await, 5);
    }

    #[tokio::test]
    async fn unused_places_are_forgotten_but_not_those_in_use() {
        let lanes: Lanes<usize, ()> = Lanes::default();
        let held = lanes.turn(0).await;
        for key in 1..3 * MANY {
            drop(lanes.turn(key).await);
        }
        assert!(lanes.lanes.lock().unwrap().len() <= MANY);
        assert!(lanes.turn(0).now_or_never().is_none());
        drop(held);
    }
}
