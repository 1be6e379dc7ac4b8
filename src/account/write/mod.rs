//! What a client does to a mailbox: flags, copies, moves, expunges, new messages, folders.
//!
//! Graph first, then the commit, then the announcement (RFC 3501 sections 6.3.3 to 6.3.5, 6.3.11, 6.4.3, 6.4.6 to
//! 6.4.8; RFC 4315; RFC 6851). No turn and no transaction is held across the network. What Graph did and we could
//! not commit, the next rounds of the delta bring.

mod append;
mod carry;
mod compose;
mod note;
mod recovered;
mod sent;
mod store;
mod tree;

pub(super) use sent::tidy as tidy_sent;
pub use sent::{Expected, Outgoing};

use super::{Account, Error, FRESH_SELECT, FolderKey, FolderRow, Result, ViewRow, sync};
use crate::{
    graph,
    mail::{ErrorClass, Flags, MailboxName, Uid, UidValidity},
};
use std::time::Duration;

/// Messages in one request to Graph and in one commit: a `$batch`.
const PORTION: usize = 20;

/// A person sees their program wait: mostly the copy is there within a few seconds.
const SENT_COMES: Duration = Duration::from_secs(20);

/// What STORE does with the flags that it names (RFC 3501 section 6.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    Set,
    Add,
    Remove,
}

/// Where people differ in what they want of writing; the default is what Outlook users expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// APPEND sends the MIME as it is. Outlook then shows every appended mail as an unsent draft (surprise 1).
    pub append_faithfully: bool,
    /// EXPUNGE deletes for good, also outside the deleted items.
    pub expunge_for_good: bool,
    /// An APPEND to Sent Items waits so long for the copy that Graph makes of what was sent. After that the mail goes up,
    /// and becomes one with the copy once that is there.
    pub sent_comes: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            append_faithfully: false,
            expunge_for_good: false,
            sent_comes: SENT_COMES,
        }
    }
}

/// Outcome of STORE.
#[derive(Debug, Default)]
pub struct Stored {
    /// The rows asked for as they are now, ascending; those that failed and those that do not exist are left out.
    pub changed: Vec<ViewRow>,
    pub failed: Vec<(Uid, Error)>,
}

/// Outcome of COPY and MOVE.
#[derive(Debug)]
pub struct Copied {
    /// UIDVALIDITY of the destination.
    pub uid_validity: UidValidity,
    /// (UID in the source, UID in the destination), ascending by source: what COPYUID says (RFC 4315 section 3).
    pub pairs: Vec<(Uid, Uid)>,
    pub failed: Vec<(Uid, Error)>,
}

/// Outcome of EXPUNGE.
#[derive(Debug, Default)]
pub struct Expunged {
    /// Ascending.
    pub uids: Vec<Uid>,
    pub failed: Vec<(Uid, Error)>,
}

impl Account {
    /// STORE. Graph takes what it knows (\Seen, \Flagged, \Answered, $Forwarded, keywords as categories), \Deleted is
    /// kept here, \Draft cannot be changed.
    pub async fn store_flags(
        &self,
        folder: FolderKey,
        uids: &[Uid],
        change: FlagChange,
        flags: &Flags,
    ) -> Result<Stored> {
        let (account, uids, flags) = (self.clone(), uids.to_vec(), flags.clone());
        let work = async move {
            match account.is_local(folder).await? {
                true => recovered::store(&account.inner, folder, &uids, change, &flags).await,
                false => store::run(&account.inner, folder, &uids, change, &flags).await,
            }
        };
        to_its_end(work).await
    }

    /// COPY: each message on its own; what could not be copied is in `failed`.
    pub async fn copy(&self, folder: FolderKey, uids: &[Uid], to: &MailboxName) -> Result<Copied> {
        let (account, uids, to) = (self.clone(), uids.to_vec(), to.clone());
        let work = async move {
            match account.is_local(folder).await? {
                true => recovered::copy(&account, folder, &uids, &to).await,
                false => carry::copy(&account, folder, &uids, &to).await,
            }
        };
        to_its_end(work).await
    }

    /// MOVE (RFC 6851).
    pub async fn move_to(
        &self,
        folder: FolderKey,
        uids: &[Uid],
        to: &MailboxName,
    ) -> Result<Copied> {
        let (account, uids, to) = (self.clone(), uids.to_vec(), to.clone());
        let work = async move {
            match account.is_local(folder).await? {
                true => recovered::move_to(&account, folder, &uids, &to).await,
                false => carry::move_to(&account, folder, &uids, &to).await,
            }
        };
        to_its_end(work).await
    }

    /// EXPUNGE and UID EXPUNGE: those of `uids` (`None`: all) that are \Deleted.
    pub async fn expunge(&self, folder: FolderKey, uids: Option<&[Uid]>) -> Result<Expunged> {
        let (account, uids) = (self.clone(), uids.map(<[Uid]>::to_vec));
        let work = async move {
            match account.is_local(folder).await? {
                true => recovered::expunge(&account.inner, folder, uids.as_deref()).await,
                false => carry::expunge(&account.inner, folder, uids.as_deref()).await,
            }
        };
        to_its_end(work).await
    }

    /// APPEND. `mime` (what the client wrote) reads back octet for octet. `internal_date` in Unix seconds, `None`: now.
    /// [`Error::Recovered`]: Microsoft 365 will never take it, and it is kept here.
    pub async fn append(
        &self,
        to: &MailboxName,
        flags: &Flags,
        internal_date: Option<i64>,
        mime: Vec<u8>,
    ) -> Result<(UidValidity, Uid)> {
        let (account, to, flags) = (self.clone(), to.clone(), flags.clone());
        let work = async move { append::run(&account, &to, flags, internal_date, mime).await };
        to_its_end(work).await
    }

    /// Whether every one of these flags can be kept ([`Error::Keyword`] says no to one that cannot).
    pub fn can_keep(flags: &Flags) -> bool {
        flags
            .keywords()
            .all(|word| super::flags::category(word).is_some())
    }

    async fn is_local(&self, folder: FolderKey) -> Result<bool> {
        let folder = self.inner.store.folder(folder).await?;
        Ok(folder.is_some_and(|folder| folder.is_local()))
    }

    /// The first call counts.
    pub fn set_manners(&self, manners: Manners) {
        // Err: set before.
        let _ = self.inner.manners.set(manners);
    }

    /// Tells the account what was given to send, so that a client's APPEND to Sent Items waits for Graph's own copy
    /// in place of making a second one. The first call counts.
    pub fn set_outgoing(&self, outgoing: std::sync::Arc<dyn Outgoing>) {
        // Err: set before.
        let _ = self.inner.outgoing.set(outgoing);
    }

    /// CREATE; missing levels above are made too.
    pub async fn create(&self, name: &MailboxName) -> Result<()> {
        let (account, name) = (self.clone(), name.clone());
        to_its_end(async move { tree::create(&account, &name).await }).await
    }

    /// DELETE: the folder goes to the deleted items, or for good if it is there already. One with folders
    /// below it stays, since they would go with it.
    pub async fn delete(&self, name: &MailboxName) -> Result<()> {
        let (account, name) = (self.clone(), name.clone());
        to_its_end(async move { tree::delete(&account, &name).await }).await
    }

    /// RENAME; UIDVALIDITY and UIDs stay. INBOX itself stays too, and its messages go to the new mailbox (RFC 3501
    /// section 6.3.5).
    pub async fn rename(&self, from: &MailboxName, to: &MailboxName) -> Result<()> {
        let (account, from, to) = (self.clone(), from.clone(), to.clone());
        to_its_end(async move { tree::rename(&account, &from, &to).await }).await
    }
}

fn manners(inner: &super::Inner) -> Manners {
    inner.manners.get().copied().unwrap_or_default()
}

/// A task of its own: whoever stops waiting does not stop it between Graph and the commit.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await?
}

/// The folder of this name, listed: its UIDs exist.
async fn destination(account: &Account, name: &MailboxName) -> Result<FolderRow> {
    if name.is_recovered() {
        return Err(Error::Ours(name.clone()));
    }
    let folder = existing(account, name).await?;
    if folder.listed {
        return Ok(folder);
    }
    sync::refresh(&account.inner, folder.key, FRESH_SELECT).await?;
    account.known(folder.key).await
}

async fn existing(account: &Account, name: &MailboxName) -> Result<FolderRow> {
    let store = &account.inner.store;
    if let Some(folder) = store.folder_by_name(name).await? {
        return Ok(folder);
    }
    account.fresh_tree().await?;
    let folder = store.folder_by_name(name).await?;
    folder.ok_or_else(|| Error::NoMailbox(name.clone()))
}

/// Whether a folder is `top` or below it.
fn is_within(folders: &[FolderRow], folder: &FolderRow, top: &FolderRow) -> bool {
    let mut at = Some(folder);
    // No more steps than folders: parents may run in a ring.
    for _ in 0..=folders.len() {
        let Some(folder) = at else { return false };
        if folder.remote == top.remote {
            return true;
        }
        at = folders
            .iter()
            .find(|other| Some(&other.remote) == folder.parent.as_ref());
    }
    false
}

/// What one message met.
fn of_message(error: graph::Error) -> Error {
    let of_folder = ["ErrorFolderNotFound", "ErrorParentFolderNotFound"]
        .iter()
        .any(|code| error.is_code(code));
    match error.class() {
        ErrorClass::NotFound if of_folder => Error::FolderGone,
        ErrorClass::NotFound => Error::MessageGone,
        _ => error.into(),
    }
}

/// What a whole request met, for each message in it.
fn all_failed(uids: impl Iterator<Item = Uid>, error: &graph::Error) -> Vec<(Uid, Error)> {
    uids.map(|uid| (uid, error.clone().into())).collect()
}
