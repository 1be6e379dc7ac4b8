//! Signals that a folder changed. A signal carries no data: the listener asks the store.
//!
//! Commit first, then announce: a signal follows the commit of what it is about, never the reverse.
//! A [`Watch`] also tells the worker that someone looks at its folder.

use super::FolderKey;
use crate::mail::ModSeq;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// Watches one folder.
#[derive(Debug)]
pub struct Watch {
    news: watch::Receiver<u64>,
}

impl Watch {
    /// Waits for a change after the last call. Cancel-safe.
    pub async fn changed(&mut self) {
        if self.news.changed().await.is_err() {
            // The account is closed: nothing will ever change.
            std::future::pending::<()>().await;
        }
    }
}

/// One channel for each folder that was ever watched; its value counts the signals.
#[derive(Debug, Default)]
pub(super) struct Hub {
    topics: Mutex<HashMap<FolderKey, watch::Sender<u64>>>,
    /// Someone began to watch: the worker plans anew.
    pub(super) joined: Arc<Notify>,
}

impl Hub {
    /// A watch that fires for whatever is announced from now on.
    pub(super) fn watch(&self, folder: FolderKey) -> Watch {
        let news = self
            .topics()
            .entry(folder)
            .or_insert_with(|| watch::Sender::new(0))
            .subscribe();
        self.joined.notify_one();
        Watch { news }
    }

    /// Announces a commit that took the folder's MODSEQ from `before` to `after`.
    pub(super) fn moved(&self, folder: FolderKey, before: ModSeq, after: ModSeq) {
        if after > before {
            self.announce(folder);
        }
    }

    pub(super) fn announce(&self, folder: FolderKey) {
        if let Some(topic) = self.topics().get(&folder) {
            topic.send_modify(|count| *count += 1);
        }
    }

    /// For changes whose folder is not at hand: a signal too many does no harm.
    pub(super) fn announce_all(&self) {
        for topic in self.topics().values() {
            topic.send_modify(|count| *count += 1);
        }
    }

    pub(super) fn is_watched(&self, folder: FolderKey) -> bool {
        self.topics()
            .get(&folder)
            .is_some_and(|topic| topic.receiver_count() > 0)
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<FolderKey, watch::Sender<u64>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_signal_waits_until_someone_listens_and_is_told_once() {
        let hub = Hub::default();
        let folder = FolderKey(1);
        let mut watch = hub.watch(folder);
        assert!(watch.changed().now_or_never().is_none());
        hub.moved(folder, ModSeq(4), ModSeq(4));
        assert!(watch.changed().now_or_never().is_none(), "nothing moved");
        hub.moved(folder, ModSeq(4), ModSeq(5));
        hub.announce(folder);
        assert!(watch.changed().now_or_never().is_some());
        assert!(watch.changed().now_or_never().is_none(), "told twice");
        hub.announce(FolderKey(2));
        assert!(watch.changed().now_or_never().is_none(), "another folder");
    }

    #[tokio::test]
    async fn a_folder_is_watched_as_long_as_a_watch_lives() {
        let hub = Hub::default();
        let watch = hub.watch(FolderKey(1));
        assert!(hub.is_watched(FolderKey(1)) && !hub.is_watched(FolderKey(2)));
        drop(watch);
        assert!(!hub.is_watched(FolderKey(1)));
    }
}
