//! Room for messages that are being appended: so many octets of them all sessions together hold in memory.
//!
//! A message waits for its room before it is asked for; one that comes unasked (LITERAL+) waits in the client's and the
//! kernel's buffers, since nothing is read meanwhile. Who comes first is served first, so that a large message is not
//! overtaken for ever by small ones.

use super::flow::MESSAGE;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The largest message, and some beside it.
const OCTETS: u64 = MESSAGE + (42 << 20);
/// So small a message needs no room of its own: the number of connections bounds these.
const FREE: u64 = 64 << 10;
/// Permits are of so many octets, since a semaphore counts in 32 bits here.
const UNIT: u64 = 1 << 10;
/// Clients wait long for a server that says that it works, people do not.
const PATIENCE: Duration = Duration::from_secs(120);

/// Shared by all sessions of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Room {
    permits: Arc<Semaphore>,
    all: u32,
}

/// Room for one message; given back when dropped.
#[derive(Debug)]
pub struct Held {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for Room {
    fn default() -> Self {
        Self::new(OCTETS)
    }
}

impl Room {
    pub fn new(octets: u64) -> Self {
        let all = u32::try_from(octets / UNIT).unwrap_or(u32::MAX);
        Self {
            permits: Arc::new(Semaphore::new(all as usize)),
            all,
        }
    }

    /// Room for so many octets, waited for if others have it now; `None` after two minutes. A message larger than
    /// all there is gets all there is. Cancel-safe, but the place in the queue is lost.
    pub async fn take(&self, octets: u64) -> Option<Held> {
        if octets <= FREE {
            return Some(Held { _permit: None });
        }
        let units = u32::try_from(octets.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let permits = Arc::clone(&self.permits);
        let taken = permits.acquire_many_owned(units.min(self.all));
        let permit = timeout(PATIENCE, taken).await.ok()?.ok()?;
        Some(Held {
            _permit: Some(permit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test(start_paused = true)]
    async fn who_comes_later_waits_in_turn_and_not_for_ever() {
        let room = Room::new(1 << 20);
        let first = room.take(1 << 30).await.unwrap();
        assert!(room.take(FREE).now_or_never().is_some(), "small ones pass");
        assert!(room.take(FREE + 1).await.is_none(), "given up");
        let (large, small) = (room.take(900 << 10), room.take(200 << 10));
        let (mut large, mut small) = (Box::pin(large), Box::pin(small));
        assert!((&mut large).now_or_never().is_none());
        assert!((&mut small).now_or_never().is_none());
        drop(first);
        assert!(
            (&mut small).now_or_never().is_none(),
            "not before the large one"
        );
        let large = large.await.unwrap();
        assert!((&mut small).now_or_never().is_none());
        drop(large);
        assert!(small.await.is_some());
    }
}
