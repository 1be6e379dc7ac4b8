//! One Microsoft 365 mailbox as IMAP sees it: folders, messages, changes.
//!
//! Reads are answered from the store; what the store lacks is got from Graph once. Commit first,
//! then announce: a [`notify`] signal is sent only after the change is durable. No transaction and no
//! lock over data is held across the network; what is held is a turn, so that of two who want the same
//! round or the same download one waits for the other's.
//!
//! [`folders`] keeps the tree, [`sync`] the messages of a folder, [`worker`] decides what is due,
//! [`body`] brings MIME. [`names`], [`merge`], [`flags`] and [`render`] are pure.

pub mod body;
pub mod error;
pub mod flags;
pub mod folders;
pub mod merge;
pub mod names;
pub mod notify;
pub mod registry;
pub mod render;
pub mod search;
mod spelling;
pub mod sync;
mod turns;
mod worker;
pub mod write;

pub use crate::store::{
    mailboxes::{FolderKey, FolderRow},
    messages::{Changes, MessageKey, MessageRow, Served, Snapshot, ViewRow},
};
pub use error::Error;
pub use registry::Registry;
pub use write::{Copied, Expunged, FlagChange, Manners, Stored};

use crate::{
    graph,
    mail::{AccountName, MailboxName, ModSeq, Uid},
    store::MailboxStore,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

pub type Result<T> = std::result::Result<T, Error>;

/// A tree known for less than this answers LIST: clients send several LISTs in a row.
const FRESH_TREE: Duration = Duration::from_secs(5);
/// A round that ended less than this ago answers SELECT and STATUS: clients select, leave and select again.
const FRESH_SELECT: Duration = Duration::from_secs(3);
/// The same for NOOP and IDLE, which ask for news: short, but a burst of them costs one request.
const FRESH_NOOP: Duration = Duration::from_secs(1);
/// So long a known folder waits for news before it is shown as known: a person waits no
/// longer, and the round goes on behind.
const PATIENCE: Duration = Duration::from_secs(4);

/// One mailbox, open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Account {
    inner: Arc<Inner>,
    may_write: bool,
}

#[derive(Debug)]
struct Inner {
    name: AccountName,
    store: MailboxStore,
    graph: graph::Client,
    hub: Arc<notify::Hub>,
    tree: Arc<folders::Tree>,
    spellings: Arc<spelling::Spellings>,
    lanes: Arc<turns::Lanes<FolderKey, sync::Lane>>,
    downloads: Arc<turns::Lanes<MessageKey, ()>>,
    suspects: Arc<worker::Suspects>,
    outgoing: std::sync::OnceLock<Arc<dyn write::Outgoing>>,
    manners: std::sync::OnceLock<write::Manners>,
    /// Fires when the account is closed: rounds in flight end.
    ends: CancellationToken,
}

/// A selected mailbox: what SELECT answers with, and where its changes are announced.
#[derive(Debug)]
pub struct Selected {
    pub folder: FolderRow,
    pub snapshot: Snapshot,
    /// Fires when the folder has a higher MODSEQ than before. While this lives, the folder counts as watched.
    pub watch: notify::Watch,
}

impl Account {
    /// Binds a mailbox store and a Graph client. Nothing is asked of Graph yet.
    pub fn new(name: AccountName, store: MailboxStore, graph: graph::Client) -> Self {
        Self {
            inner: Arc::new(Inner {
                name,
                store,
                graph,
                hub: Arc::default(),
                tree: Arc::default(),
                spellings: Arc::default(),
                lanes: Arc::default(),
                downloads: Arc::default(),
                suspects: Arc::default(),
                outgoing: std::sync::OnceLock::new(),
                manners: std::sync::OnceLock::new(),
                ends: CancellationToken::new(),
            }),
            may_write: true,
        }
    }

    /// The same mailbox, to be read only (`use = "read"`: its sign-in has no right to write).
    #[must_use]
    pub fn for_reading(mut self) -> Self {
        self.may_write = false;
        self
    }

    /// Shares turns and news with another account of the same mailbox state: two that know nothing of each
    /// other would list one folder over each other, and their sessions would not hear of what the other did.
    fn share(&mut self, other: &Self) {
        let other = &other.inner;
        // None: somebody works with it already.
        let Some(own) = Arc::get_mut(&mut self.inner) else {
            return;
        };
        own.hub = Arc::clone(&other.hub);
        own.tree = Arc::clone(&other.tree);
        own.spellings = Arc::clone(&other.spellings);
        own.lanes = Arc::clone(&other.lanes);
        own.downloads = Arc::clone(&other.downloads);
        own.suspects = Arc::clone(&other.suspects);
    }

    /// Whether it may be changed. Whoever offers a change asks first; Graph would refuse it anyway.
    pub fn may_write(&self) -> bool {
        self.may_write
    }

    pub fn name(&self) -> &AccountName {
        &self.inner.name
    }

    /// Runs the background worker until `stop` fires: folder delta, watched folders (a change is seen
    /// within 5 s), then the others, then MIME that is not here yet, newest first. When it returns,
    /// the account is closed: rounds in flight have ended, and no new one begins.
    pub async fn run(&self, stop: CancellationToken) {
        worker::run(&self.inner, stop).await;
    }

    /// All folders that IMAP shows, parents before children. The first call waits for the first folder
    /// round; later ones answer from the store, refreshed if that is older than a few seconds. When
    /// Graph fails and folders are known, they are served as known.
    pub async fn folders(&self) -> Result<Vec<FolderRow>> {
        self.fresh_tree().await?;
        let mut folders = self.inner.store.folders().await?;
        folders.sort_by_cached_key(|folder| names::list_order(&folder.name));
        Ok(folders)
    }

    /// SELECT, EXAMINE: waits for the first listing (`Temporary` when Graph fails meanwhile), refreshes
    /// with one delta request when the last round is older than a few seconds.
    pub async fn select(&self, name: &MailboxName) -> Result<Selected> {
        let key = self.fresh_folder(name).await?;
        // Watched first, then looked at: nothing falls between.
        let watch = self.inner.hub.watch(key);
        let snapshot = self.inner.store.snapshot(key).await?;
        let folder = self.known(key).await?;
        Ok(Selected {
            folder,
            snapshot,
            watch,
        })
    }

    /// Whether there is a mailbox of this name; the tree is asked for when it is not known here.
    pub async fn has_mailbox(&self, name: &MailboxName) -> Result<bool> {
        if self.inner.store.folder_by_name(name).await?.is_some() {
            return Ok(true);
        }
        self.fresh_tree().await?;
        Ok(self.inner.store.folder_by_name(name).await?.is_some())
    }

    /// STATUS: a folder never listed is listed first, so that UIDNEXT and UIDVALIDITY are true.
    pub async fn status(&self, name: &MailboxName) -> Result<FolderRow> {
        let key = self.fresh_folder(name).await?;
        self.known(key).await
    }

    /// Asks Graph now, unless that was just done (NOOP, CHECK, IDLE polls). When Graph is slow, returns
    /// after a few seconds, and the watch fires later.
    pub async fn refresh(&self, folder: FolderKey) -> Result<()> {
        patiently(sync::refresh(&self.inner, folder, FRESH_NOOP)).await
    }

    pub async fn changes_since(&self, folder: FolderKey, modseq: ModSeq) -> Result<Changes> {
        Ok(self.inner.store.changes_since(folder, modseq).await?)
    }

    /// Rows for FETCH, ascending; unknown UIDs left out.
    pub async fn messages(&self, folder: FolderKey, uids: &[Uid]) -> Result<Vec<MessageRow>> {
        Ok(self.inner.store.messages(folder, uids.to_vec()).await?)
    }

    /// The exact facts (size, header, structure) of each row, downloading what is not known yet
    /// (small ones in `$batch`es). Each row has its own outcome.
    pub async fn served(&self, rows: &[MessageRow]) -> Vec<Result<Served>> {
        body::served(&self.inner, &self.inner.graph, rows).await
    }

    /// Octets `range` of a message's MIME (clipped), from the cache or downloaded once.
    pub async fn octets(&self, row: &MessageRow, range: std::ops::Range<u64>) -> Result<Vec<u8>> {
        body::octets(&self.inner, &self.inner.graph, row, range).await
    }

    /// UIDs of `uids` that match `key`, ascending. What needs header or text is decided by the exact
    /// MIME, downloaded where it is not here; a message that can never be read matches nothing.
    pub async fn search(
        &self,
        folder: FolderKey,
        uids: &[Uid],
        key: &search::Key,
    ) -> Result<Vec<Uid>> {
        search::run(self, folder, uids, key).await
    }

    /// A client wrote this message (APPEND).
    pub async fn wrote(&self, remote: &crate::mail::RemoteId) -> Result<bool> {
        Ok(self.inner.store.has_original(remote).await?)
    }

    pub async fn set_subscribed(&self, name: &MailboxName, on: bool) -> Result<()> {
        Ok(self.inner.store.set_subscribed(name, on).await?)
    }

    pub async fn subscriptions(&self) -> Result<Vec<MailboxName>> {
        Ok(self.inner.store.subscriptions().await?)
    }

    /// Requests sent to Graph for this account so far (a `$batch` counts one).
    pub fn requests(&self) -> u64 {
        self.inner.graph.requests()
    }

    async fn known(&self, key: FolderKey) -> Result<FolderRow> {
        let folder = self.inner.store.folder(key).await?;
        folder.ok_or(Error::FolderGone)
    }

    async fn fresh_tree(&self) -> Result<()> {
        if self.inner.store.folders_link().await?.is_none() {
            return folders::refresh(&self.inner, FRESH_TREE).await;
        }
        as_known(patiently(folders::refresh(&self.inner, FRESH_TREE)).await)
    }

    /// The folder of this name, listed, with news of a few seconds ago if Graph can be reached.
    async fn fresh_folder(&self, name: &MailboxName) -> Result<FolderKey> {
        let folder = match self.inner.store.folder_by_name(name).await? {
            Some(folder) => folder,
            None => {
                self.fresh_tree().await?;
                let folder = self.inner.store.folder_by_name(name).await?;
                folder.ok_or_else(|| Error::NoMailbox(name.clone()))?
            }
        };
        let round = sync::refresh(&self.inner, folder.key, FRESH_SELECT);
        if folder.listed {
            as_known(patiently(round).await)?;
        } else {
            round.await?;
        }
        Ok(folder.key)
    }
}

/// Waits a while. The round itself is a task of its own and goes on.
async fn patiently(round: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::time::timeout(PATIENCE, round)
        .await
        .unwrap_or(Ok(()))
}

/// Graph fails: what is known is served as known. Only that the thing is gone is passed on.
fn as_known(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.class() != crate::mail::ErrorClass::NotFound => {
            tracing::debug!(%error, "served as known");
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions and the worker are tasks: what they await must go from thread to thread.
    #[test]
    fn everything_can_be_awaited_in_a_task() {
        fn task<T: Send>(_: impl Fn(Account) -> T) {}
        task(|a| async move { a.run(CancellationToken::new()).await });
        task(|a| async move { a.folders().await.map(drop) });
        task(|a| async move { a.select(&MailboxName::inbox()).await.map(drop) });
        task(|a| async move { a.status(&MailboxName::inbox()).await.map(drop) });
        task(|a| async move { a.refresh(FolderKey(1)).await });
        task(|a| async move { a.expunge(FolderKey(1), None).await.map(drop) });
        task(|a| async move { a.create(&MailboxName::inbox()).await });
        task(|a| async move { a.served(&[]).await.len() });
        task(|a| async move {
            a.search(FolderKey(1), &[], &search::Key::All)
                .await
                .map(drop)
        });
        task(|a| async move {
            for row in a.messages(FolderKey(1), &[]).await? {
                a.octets(&row, 0..1).await?;
            }
            Result::Ok(())
        });
    }
}
