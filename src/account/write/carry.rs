//! COPY (RFC 3501 section 6.4.7), MOVE (RFC 6851) and EXPUNGE (RFC 3501 section 6.4.3, RFC 4315 section 2.1).
//!
//! Portion by portion: Graph, commit, announcement. With immutable ids a moved message keeps its id, so
//! what was served for it goes along, and nothing is downloaded again.

use super::{Copied, Expunged, PORTION, all_failed, of_message};
use crate::{
    account::{
        Account, Error, FolderKey, FolderRow, Inner, MessageRow, Result, flags, merge, spelling,
        sync,
    },
    graph::{self, types::Message},
    mail::{ErrorClass, MailboxName, RemoteId, Role, SystemFlag, Uid},
    store::writes::{Arrived, Carried},
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// A commit waits so long for a round of its folder to end, so that a page in flight does not bring back what left.
/// Without the wait the next round heals it.
const TURN: Duration = Duration::from_secs(2);

/// An action of Graph's that puts messages into a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Copy,
    Move,
}

pub(super) async fn copy(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
) -> Result<Copied> {
    carry(account, folder, uids, to, Action::Copy).await
}

pub(super) async fn move_to(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
) -> Result<Copied> {
    carry(account, folder, uids, to, Action::Move).await
}

async fn carry(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
    action: Action,
) -> Result<Copied> {
    let inner = &account.inner;
    let to = super::destination(account, to).await?;
    if to.key == folder && action == Action::Move {
        return Err(Error::SameMailbox);
    }
    let rows = inner.store.bare_messages(folder, uids.to_vec()).await?;
    let mut copied = Copied {
        uid_validity: to.uid_validity,
        pairs: Vec::with_capacity(rows.len()),
        failed: Vec::new(),
    };
    for portion in rows.chunks(PORTION) {
        let there = ask(inner, portion, &to.remote, action, &mut copied.failed).await;
        let uids: Vec<Uid> = there.iter().map(|one| one.row.uid).collect();
        let new = commit(inner, folder, &to, there, action).await?;
        copied.pairs.extend(uids.into_iter().zip(new));
    }
    Ok(copied)
}

/// Asks Graph for a portion; those messages that are there now.
async fn ask(
    inner: &Inner,
    rows: &[MessageRow],
    to: &RemoteId,
    action: Action,
    failed: &mut Vec<(Uid, Error)>,
) -> Vec<Carried> {
    let ids: Vec<RemoteId> = rows.iter().map(|row| row.remote.clone()).collect();
    let asked = match action {
        Action::Copy => inner.graph.copy_many(&ids, to.as_str()).await,
        Action::Move => inner.graph.move_many(&ids, to.as_str()).await,
    };
    let mut answers: HashMap<_, graph::Result<Message>> = match asked {
        Ok(answers) => answers.into_iter().collect(),
        Err(error) => ids
            .iter()
            .map(|id| (id.clone(), Err(error.clone())))
            .collect(),
    };
    if action == Action::Move {
        look_after(inner, to, &mut answers).await;
    }
    let mut there = Vec::with_capacity(rows.len());
    for row in rows {
        match answers.remove(&row.remote) {
            Some(Ok(message)) => {
                let told = flags::told(&message);
                there.push(Carried {
                    suspect: merge::content_may_differ(row, &told),
                    row: row.clone(),
                    remote: RemoteId::new(message.id.clone()),
                    told,
                    undelete: false,
                });
            }
            Some(Err(error)) => failed.push((row.uid, of_message(error))),
            None => failed.push((row.uid, Error::MessageGone)),
        }
    }
    there
}

/// The answer to a move may be lost: a message that is in the destination was moved, one that is not is moved once
/// more. (A copy cannot be told from an older one: if its answer was lost, the delta brings it.)
async fn look_after(
    inner: &Inner,
    to: &RemoteId,
    answers: &mut HashMap<RemoteId, graph::Result<Message>>,
) {
    let open = |answers: &HashMap<RemoteId, graph::Result<Message>>| -> Vec<RemoteId> {
        let open = answers.iter().filter(|(_, answer)| {
            matches!(answer, Err(error) if error.may_have_happened() || error.status() == Some(412))
        });
        open.map(|(id, _)| id.clone()).collect()
    };
    let lost = open(answers);
    if lost.is_empty() {
        return;
    }
    let Ok(now) = inner.graph.messages(&lost).await else {
        return;
    };
    let mut again = Vec::new();
    for (id, answer) in now {
        match answer {
            Ok(message) => {
                let parent = message.parent_folder_id.as_deref().unwrap_or_default();
                match spelling::names(inner, to, parent).await {
                    Ok(Some(true)) => {
                        answers.insert(id, Ok(message));
                    }
                    _ => again.push(id),
                }
            }
            Err(error) if error.class() == ErrorClass::NotFound => {
                answers.insert(id, Err(error));
            }
            Err(_) => {}
        }
    }
    if let Ok(moved) = inner.graph.move_many(&again, to.as_str()).await {
        answers.extend(moved);
    }
}

async fn commit(
    inner: &Inner,
    from: FolderKey,
    to: &FolderRow,
    there: Vec<Carried>,
    action: Action,
) -> Result<Vec<Uid>> {
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let arrived = arrive(inner, from, to.key, there, action).await?;
    Ok(arrived.into_iter().map(|one| one.uid).collect())
}

/// The commit; those whose content may be another are looked at soon.
async fn arrive(
    inner: &Inner,
    from: FolderKey,
    to: FolderKey,
    there: Vec<Carried>,
    action: Action,
) -> Result<Vec<Arrived>> {
    let suspect: Vec<bool> = there.iter().map(|one| one.suspect).collect();
    let turns = turns(inner, &[from, to]).await;
    let arrived = match action {
        Action::Copy => inner.store.copy_rows(to, there).await?,
        Action::Move => inner.store.move_rows(from, to, there).await?,
    };
    drop(turns);
    inner.hub.announce(to);
    if action == Action::Move {
        inner.hub.announce(from);
    }
    let suspects = arrived.iter().zip(suspect).filter(|(_, suspect)| *suspect);
    let suspects = suspects.map(|(one, _)| (one.key, one.uid)).collect();
    inner.suspects.add(to, suspects);
    Ok(arrived)
}

pub(super) type Turns = Vec<tokio::sync::OwnedMutexGuard<sync::Lane>>;

pub(super) async fn turns(inner: &Inner, folders: &[FolderKey]) -> Turns {
    let mut keys = folders.to_vec();
    keys.sort_unstable();
    keys.dedup();
    let mut turns = Vec::with_capacity(keys.len());
    let taking = async {
        for key in keys {
            turns.push(inner.lanes.turn(key).await);
        }
    };
    if tokio::time::timeout(TURN, taking).await.is_err() {
        tracing::debug!("committed beside a round of the folder");
    }
    turns
}

/// What becomes of expunged messages.
#[derive(Debug, Default)]
struct Fate {
    /// For good.
    purged: Vec<MessageRow>,
    /// To the deleted items.
    binned: Vec<MessageRow>,
}

pub(super) async fn expunge(
    inner: &Inner,
    folder: FolderKey,
    uids: Option<&[Uid]>,
) -> Result<Expunged> {
    let rows = deleted(inner, folder, uids).await?;
    let mut expunged = Expunged::default();
    if rows.is_empty() {
        return Ok(expunged);
    }
    let row = inner.store.folder(folder).await?.ok_or(Error::FolderGone)?;
    let folders = inner.store.folders().await?;
    let bin = folders.iter().find(|f| f.role == Some(Role::Trash));
    let final_here = super::manners(inner).expunge_for_good
        || bin.is_some_and(|bin| super::is_within(&folders, &row, bin));
    for portion in rows.chunks(PORTION) {
        let fate = match final_here {
            true => Fate {
                purged: portion.to_vec(),
                binned: Vec::new(),
            },
            false => fate(inner, portion).await?,
        };
        purge(inner, folder, fate.purged, &mut expunged).await?;
        throw_away(inner, folder, bin, fate.binned, &mut expunged).await?;
    }
    expunged.uids.sort_unstable();
    Ok(expunged)
}

pub(super) async fn deleted(
    inner: &Inner,
    folder: FolderKey,
    uids: Option<&[Uid]>,
) -> Result<Vec<MessageRow>> {
    let snapshot = inner.store.snapshot(folder).await?;
    let named: Option<HashSet<Uid>> = uids.map(|uids| uids.iter().copied().collect());
    let uids = snapshot
        .rows
        .iter()
        .filter(|row| row.flags.has(SystemFlag::Deleted))
        .map(|row| row.uid)
        .filter(|uid| named.as_ref().is_none_or(|named| named.contains(uid)));
    let uids = uids.collect();
    Ok(inner.store.bare_messages(folder, uids).await?)
}

/// A message of which we made a copy within a day, and whose copy is still there, was moved by COPY, \Deleted and EXPUNGE:
/// it needs no second copy in the deleted items.
async fn fate(inner: &Inner, rows: &[MessageRow]) -> Result<Fate> {
    let sources = rows.iter().map(|row| row.remote.clone()).collect();
    let copies = inner.store.copies(sources).await?;
    let mut kept = HashSet::new();
    let ids: Vec<RemoteId> = copies.iter().map(|(_, copy)| copy.clone()).collect();
    if !ids.is_empty() {
        let answers = inner.graph.messages(&ids).await?;
        for ((source, _), (_, answer)) in copies.iter().zip(answers) {
            if is_kept(inner, answer).await? {
                kept.insert(source.clone());
            }
        }
    }
    let (purged, binned) = rows
        .iter()
        .cloned()
        .partition(|row| kept.contains(&row.remote));
    Ok(Fate { purged, binned })
}

/// Whether a copy exists where a person finds it. What cannot be answered now counts as gone: the deleted
/// items then have one too many.
async fn is_kept(inner: &Inner, answer: graph::Result<Message>) -> Result<bool> {
    let parent = answer.ok().and_then(|message| message.parent_folder_id);
    let Some(parent) = parent else {
        return Ok(false);
    };
    let folder = inner.store.folder_by_remote(&RemoteId::new(parent)).await?;
    Ok(folder.is_some())
}

async fn purge(
    inner: &Inner,
    folder: FolderKey,
    rows: Vec<MessageRow>,
    expunged: &mut Expunged,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<RemoteId> = rows.iter().map(|row| row.remote.clone()).collect();
    let mut answers: HashMap<_, _> = match inner.graph.permanent_delete_many(&ids).await {
        Ok(answers) => answers.into_iter().collect(),
        Err(error) => {
            let uids = rows.iter().map(|row| row.uid);
            expunged.failed.extend(all_failed(uids, &error));
            return Ok(());
        }
    };
    // Not every cloud knows permanentDelete.
    let unknown: Vec<RemoteId> = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Err(e) if e.class() == ErrorClass::Permanent))
        .map(|(id, _)| id.clone())
        .collect();
    if !unknown.is_empty()
        && let Ok(deleted) = inner.graph.delete_many(&unknown).await
    {
        answers.extend(deleted);
    }
    let mut gone = Vec::new();
    for row in rows {
        match answers.remove(&row.remote) {
            Some(Ok(())) => {
                gone.push(row.remote);
                expunged.uids.push(row.uid);
            }
            Some(Err(error)) => expunged.failed.push((row.uid, of_message(error))),
            None => {}
        }
    }
    forget(inner, folder, gone).await
}

async fn forget(inner: &Inner, folder: FolderKey, gone: Vec<RemoteId>) -> Result<()> {
    let turns = turns(inner, &[folder]).await;
    inner.store.expunge_rows(folder, gone).await?;
    drop(turns);
    inner.hub.announce(folder);
    Ok(())
}

async fn throw_away(
    inner: &Inner,
    folder: FolderKey,
    bin: Option<&FolderRow>,
    rows: Vec<MessageRow>,
    expunged: &mut Expunged,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let bin = bin.ok_or(Error::NoTrash)?;
    let mut failed = Vec::new();
    let there = ask(inner, &rows, &bin.remote, Action::Move, &mut failed).await;
    // What somebody else removed meanwhile is gone, as was wished.
    let (gone, failed): (Vec<_>, Vec<_>) = failed
        .into_iter()
        .partition(|(_, error)| error.class() == ErrorClass::NotFound);
    expunged.failed.extend(failed);
    let gone: HashSet<Uid> = gone.into_iter().map(|(uid, _)| uid).collect();
    expunged.uids.extend(there.iter().map(|one| one.row.uid));
    expunged.uids.extend(gone.iter().copied());
    let lost = rows.into_iter().filter(|row| gone.contains(&row.uid));
    let lost: Vec<RemoteId> = lost.map(|row| row.remote).collect();
    // Deleted here, it is not deleted there.
    let there: Vec<Carried> = there
        .into_iter()
        .map(|one| Carried {
            undelete: true,
            ..one
        })
        .collect();
    if !there.is_empty() {
        arrive(inner, folder, bin.key, there, Action::Move).await?;
    }
    forget(inner, folder, lost).await
}
