//! Sent Items: a mail that Postern was given to send, and that its client appends there too, is one mail.
//!
//! Graph makes a copy of what it sends (surprises 69 and 70), a moment later or, where a submission waits, hours. The copy that is there
//! is adopted, and one that is under way is waited for; the client's octets are kept for it. When it takes longer, the
//! client's mail goes up, so that it is there whatever becomes of the submission, and the store
//! expects the other copy ([`crate::store::awaited`]). Once both are there, the superfluous one is removed ([`tidy`]).

use super::{FlagChange, append::Mail, append::now, carry, store};
use crate::{
    account::{FolderKey, FolderRow, Inner, Result, flags},
    graph::{self, types::Message},
    mail::{ErrorClass, Flags, RemoteId, Uid},
    store::{
        awaited::Duplicate,
        messages::{Change, RemoteMessage},
    },
};
use std::{future::Future, pin::Pin, time::Duration};

/// A copy in Sent Items that is younger than this (seconds) is one of a mail just sent.
const JUST_SENT: i64 = 15 * 60;
/// The same where the mail is known to have been given to Postern within the last hour.
const SENT_HERE: i64 = 70 * 60;
/// A copy is looked for so often.
const SENT_EVERY: Duration = Duration::from_millis(500);

/// Whether a mail's copy in Sent Items is Graph's to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    No,
    /// Something is under way that nothing is known of yet.
    Perhaps,
    Yes,
}

/// What Postern was given to send, as far as APPEND must know it: its copy in Sent Items is Graph's to make.
pub trait Outgoing: std::fmt::Debug + Send + Sync {
    /// Whether a mail with this Message-ID (with its angle brackets) was accepted for sending not long ago, and its
    /// copy is to be expected in Sent Items.
    fn expects_copy<'a>(
        &'a self,
        message_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Expected> + Send + 'a>>;

    /// Whether a draft is one that Postern made on the way of a mail: nobody is to see it.
    fn is_own_draft(&self, id: &str, message_id: Option<&str>) -> bool;
}

/// What is found for a mail that a client appends to Sent Items.
pub(super) enum Found {
    /// It is there.
    Copy(Uid),
    /// It is not there, and another copy of it may come.
    Awaited(String),
    Nothing,
}

pub(super) async fn find(inner: &Inner, folder: &FolderRow, mail: &Mail) -> Result<Found> {
    let Some(message_id) = &mail.message_id else {
        return Ok(Found::Nothing);
    };
    let mut copy = copy(inner, folder, message_id, JUST_SENT).await?;
    let expected = match inner.outgoing.get() {
        Some(outgoing) if copy.is_none() => outgoing.expects_copy(message_id).await,
        _ => Expected::No,
    };
    let until = tokio::time::Instant::now() + super::manners(inner).sent_comes;
    while expected == Expected::Yes && copy.is_none() {
        copy = self::copy(inner, folder, message_id, SENT_HERE).await?;
        if copy.is_some() || tokio::time::Instant::now() >= until {
            break;
        }
        tokio::time::sleep(SENT_EVERY).await;
    }
    if let Some(copy) = copy
        && let Some(uid) = adopt(inner, folder, mail, copy).await?
    {
        return Ok(Found::Copy(uid));
    }
    if expected == Expected::No {
        return Ok(Found::Nothing);
    }
    inner.store.await_copy(folder.key, message_id).await?;
    Ok(Found::Awaited(message_id.clone()))
}

/// A copy that is younger than `age` seconds, and that stays.
async fn copy(
    inner: &Inner,
    folder: &FolderRow,
    message_id: &str,
    age: i64,
) -> Result<Option<Message>> {
    let sent = folder.remote.as_str();
    let found = inner.graph.with_message_id(sent, message_id).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let duplicates = inner.store.duplicates(folder.key).await?;
    let since = now() - age;
    let fits = |message: &Message| {
        let times = [message.sent, message.received, message.last_modified];
        message.is_draft != Some(true)
            && times.into_iter().flatten().any(|at| at >= since)
            && !duplicates.iter().any(|d| d.remote.as_str() == message.id)
    };
    Ok(found.into_iter().find(fits))
}

/// `None`: it left meanwhile.
async fn adopt(
    inner: &Inner,
    folder: &FolderRow,
    mail: &Mail,
    copy: Message,
) -> Result<Option<Uid>> {
    let id = RemoteId::new(copy.id.clone());
    let told = Change::Upsert(id.clone(), flags::told(&copy));
    let turns = carry::turns(inner, &[folder.key]).await;
    inner.store.apply(folder.key, vec![told], None).await?;
    drop(turns);
    let rows = inner.store.by_remote(folder.key, vec![id.clone()]).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let (octets, facts) = (mail.octets.clone(), mail.served.clone());
    inner
        .store
        .adopt_original(row.key, id, octets, facts)
        .await?;
    inner.hub.announce(folder.key);
    Ok(Some(row.uid))
}

/// Removes second copies from the cloud. What fails is tried again after the next round of the folder.
pub(in crate::account) async fn tidy(inner: &Inner, graph: &graph::Client, sent: FolderKey) {
    let duplicates = inner.store.duplicates(sent).await.unwrap_or_default();
    for duplicate in duplicates {
        if let Err(error) = remove(inner, graph, sent, &duplicate).await {
            tracing::info!(account = %inner.name, %error, "a second copy is in Sent Items for now");
        }
    }
}

async fn remove(
    inner: &Inner,
    graph: &graph::Client,
    sent: FolderKey,
    duplicate: &Duplicate,
) -> Result<()> {
    let removed = match graph.message(&duplicate.kept).await {
        Ok(kept) => {
            same_flags(inner, graph, sent, &kept).await?;
            match graph.permanent_delete(&duplicate.remote).await {
                // Not every cloud knows permanentDelete.
                Err(error) if error.class() == ErrorClass::Permanent => {
                    graph.delete(&duplicate.remote).await
                }
                other => other,
            }
        }
        // Somebody removed the one that was to stay: the other one is where such things are.
        Err(error) if error.class() == ErrorClass::NotFound => {
            let bin = graph.move_message(&duplicate.remote, "deleteditems");
            bin.await.map(drop)
        }
        Err(error) => return Err(error.into()),
    };
    match removed {
        Err(error) if error.class().is_temporary() => Err(error.into()),
        Err(error) if error.class() != ErrorClass::NotFound => {
            tracing::warn!(account = %inner.name, %error, "a second copy stays in Sent Items");
            Ok(inner.store.duplicate_gone(&duplicate.remote).await?)
        }
        _ => Ok(inner.store.duplicate_gone(&duplicate.remote).await?),
    }
}

/// The flags that a client gave to the mail meanwhile are those of the copy that stays.
async fn same_flags(
    inner: &Inner,
    graph: &graph::Client,
    sent: FolderKey,
    kept: &Message,
) -> Result<()> {
    let id = RemoteId::new(kept.id.clone());
    let rows = inner.store.by_remote(sent, vec![id.clone()]).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(());
    };
    let has = shown(flags::told(kept));
    let edit = store::edit(&has, FlagChange::Set, &row.flags);
    if store::is_ours_alone(&edit) {
        return Ok(());
    }
    let categories = kept.categories.clone().unwrap_or_default();
    let patch = store::patch(&has, &edit, Some(&categories));
    graph.update(&id, &patch).await?;
    Ok(())
}

fn shown(told: RemoteMessage) -> Flags {
    use crate::mail::SystemFlag::{Answered, Flagged, Forwarded, Seen};
    let mut flags = Flags::from_parts(0, told.keywords.unwrap_or_default());
    for (flag, on) in [
        (Seen, told.seen),
        (Flagged, told.flagged),
        (Answered, told.answered),
        (Forwarded, told.forwarded),
    ] {
        flags.set(flag, on == Some(true));
    }
    flags
}
