//! Bodies: downloaded once, checked, kept; what was served for a UID is never contradicted.
//!
//! A download is checked (a multipart has its end), normalised and parsed once; its facts
//! are kept in the store for good, its octets in the cache as long as there is room. Downloaded again
//! after an eviction, it must be what was served, octet for octet: equal by SHA-256, or made equal by [`render::rebuild`]. If
//! it cannot be proved to be, it is new content, and the message gets a new UID.
//!
//! When a round of the delta makes a message suspect (see [`super::merge`]), its octets leave the cache: the next
//! access is then such a second download, and so the check of an edited draft costs one download, and
//! a changed flag none.

use super::{Error, Inner, MessageKey, MessageRow, Result, Served, render};
use crate::{
    graph,
    mail::{ErrorClass, RemoteId, SystemFlag},
    mime,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use std::{borrow::Cow, collections::HashMap, ops::Range};

pub use render::structure;

/// Downloads of one message before it counts as broken.
const TRIES: usize = 3;
/// In a `$batch` (20 requests): a batch is one answer in memory, base64 inflates it, and Graph bounds it at some MB.
const BATCH: usize = 20;
const BATCH_OCTETS: u64 = 2 * 1024 * 1024;
/// Messages in a row that fail alone after their batch failed: then Graph is down, not the batch too large.
const FAILURES: usize = 2;
/// A larger message comes alone, as a stream.
const SMALL: u64 = 256 * 1024;
/// Streams at a time: the limiter allows four requests for the mailbox, and others want some.
const STREAMS: usize = 2;
/// Parsing and hashing more than this would hold up the other tasks of a thread.
const LONG: usize = 1024 * 1024;
/// A mail that Exchange lets in has at most 150 MB; base64 in MIME makes it a third more.
const MAX_OCTETS: usize = 256 * 1024 * 1024;

/// The facts of each row, in the order of `rows`.
pub(super) async fn served(
    inner: &Inner,
    graph: &graph::Client,
    rows: &[MessageRow],
) -> Vec<Result<Served>> {
    let mut outcomes: Vec<Option<Result<Served>>> =
        rows.iter().map(|row| row.served.clone().map(Ok)).collect();
    let missing: Vec<(usize, &MessageRow)> = (rows.iter().enumerate())
        .filter(|(_, row)| row.served.is_none())
        .collect();
    for batch in batches(&missing) {
        for (place, outcome) in bring(inner, graph, &batch).await {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = Some(outcome);
            }
        }
    }
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or(Err(Error::MessageGone)))
        .collect()
}

/// Portions of at most [`BATCH`] rows and [`BATCH_OCTETS`]; without a size a message counts as the largest that
/// comes in a batch.
fn batches<'a>(rows: &[(usize, &'a MessageRow)]) -> Vec<Vec<(usize, &'a MessageRow)>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut octets = 0;
    for &(place, row) in rows {
        let size = row.store_size.unwrap_or(SMALL).min(SMALL);
        if batch.len() == BATCH || octets + size > BATCH_OCTETS {
            batches.push(std::mem::take(&mut batch));
            octets = 0;
        }
        batch.push((place, row));
        octets += size;
    }
    batches.push(batch);
    batches
}

/// Brings the facts of a few rows: from the cache, the small ones in one `$batch`, the rest one by one.
async fn bring(
    inner: &Inner,
    graph: &graph::Client,
    batch: &[(usize, &MessageRow)],
) -> Vec<(usize, Result<Served>)> {
    let mut turns = Vec::new();
    let mut keys: Vec<MessageKey> = batch.iter().map(|(_, row)| row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        turns.push(inner.downloads.turn(key).await);
    }
    let mut done = Vec::new();
    let mut small = Vec::new();
    let mut alone = Vec::new();
    for &(place, row) in batch {
        // Someone else may have brought it while we waited for our turn.
        match inner.store.cache_get(row.key).await {
            Ok(Some(octets)) => {
                let kept = from_cache(inner, row, octets).await;
                done.push((place, kept.map(|kept| kept.served)));
            }
            _ if row.store_size.is_some_and(|size| size > SMALL)
                || inner.store.has_original(&row.remote).await.unwrap_or(false) =>
            {
                alone.push((place, row));
            }
            _ => small.push((place, row)),
        }
    }
    if small.len() == 1 {
        alone.append(&mut small);
    }
    match batched(graph, &small).await {
        // Each alone would end the same way, only slower.
        Err(error) if is_for_all(&error) => {
            let error = shared(&error.into());
            done.extend(small.iter().map(|&(place, _)| (place, Err(shared(&error)))));
        }
        Err(error) => {
            tracing::debug!(%error, "a batch failed: its messages come one by one");
            done.extend(one_by_one(inner, graph, &small).await);
        }
        Ok(mut outcomes) => {
            for (place, row) in small {
                match outcomes.remove(&row.remote) {
                    Some(Ok(octets)) => {
                        let kept = settle(inner, graph, row, octets).await;
                        done.push((place, kept.map(|kept| kept.served)));
                    }
                    Some(Err(error)) if is_final(&error) => done.push((place, Err(error.into()))),
                    Some(Err(_)) | None => alone.push((place, row)),
                }
            }
        }
    }
    // Gathered first: mapped inside the stream, the whole future would not be Send.
    let downloads: Vec<_> = alone
        .into_iter()
        .map(|(place, row)| async move {
            let kept = download(inner, graph, row).await;
            (place, kept.map(|kept| kept.served))
        })
        .collect();
    let downloads = stream::iter(downloads).buffer_unordered(STREAMS);
    done.extend(downloads.collect::<Vec<_>>().await);
    drop(turns);
    done
}

/// After a batch that failed as a whole: it may have been too much at a time, or one of its messages. When
/// [`FAILURES`] in a row fail as well, the fault is not theirs, and the rest is not tried.
async fn one_by_one(
    inner: &Inner,
    graph: &graph::Client,
    rows: &[(usize, &MessageRow)],
) -> Vec<(usize, Result<Served>)> {
    let mut done = Vec::with_capacity(rows.len());
    let mut failures = 0;
    for (at, &(place, row)) in rows.iter().enumerate() {
        let kept = download(inner, graph, row).await;
        failures = match &kept {
            Err(error) if error.is_temporary() => failures + 1,
            _ => 0,
        };
        let hopeless = match &kept {
            Err(error) if failures == FAILURES || is_everyones(error) => Some(shared(error)),
            _ => None,
        };
        done.push((place, kept.map(|kept| kept.served)));
        if let Some(error) = hopeless {
            let rest = rows.get(at + 1..).unwrap_or_default();
            done.extend(rest.iter().map(|&(place, _)| (place, Err(shared(&error)))));
            break;
        }
    }
    done
}

fn is_everyones(error: &Error) -> bool {
    matches!(error, Error::Graph(error) if is_for_all(error))
}

/// What one request for several ended with, for another of them.
fn shared(error: &Error) -> Error {
    Error::Shared {
        class: error.class(),
        text: error.to_string(),
    }
}

/// Whether it is about no message, so that any other request now ends the same way: nobody is signed in,
/// Graph wants a pause, nothing could be sent.
fn is_for_all(error: &graph::Error) -> bool {
    match error {
        graph::Error::Auth(_)
        | graph::Error::WrongAccount { .. }
        | graph::Error::Paused { .. }
        | graph::Error::Transport { sent: false, .. } => true,
        graph::Error::Status(status) => matches!(status.status, 401 | 403 | 429),
        _ => false,
    }
}

/// What a `$batch` brought of `rows`.
async fn batched(
    graph: &graph::Client,
    rows: &[(usize, &MessageRow)],
) -> graph::Result<HashMap<RemoteId, graph::Result<Vec<u8>>>> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<RemoteId> = rows.iter().map(|(_, row)| row.remote.clone()).collect();
    Ok(graph.mimes(&ids).await?.into_iter().collect())
}

/// Whether asking again for this message is of no use.
fn is_final(error: &graph::Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::NotFound | ErrorClass::Permanent | ErrorClass::Denied | ErrorClass::Client
    )
}

/// Octets `range` of the MIME, clipped.
pub(super) async fn octets(
    inner: &Inner,
    graph: &graph::Client,
    row: &MessageRow,
    range: Range<u64>,
) -> Result<Vec<u8>> {
    if let Some(octets) = cached(inner, row.key, &range).await {
        return Ok(octets);
    }
    let turn = inner.downloads.turn(row.key).await;
    if let Some(octets) = cached(inner, row.key, &range).await {
        return Ok(octets);
    }
    let kept = download(inner, graph, row).await?;
    drop(turn);
    Ok(clip(kept.octets, range))
}

/// A cache that cannot be read is an empty one.
async fn cached(inner: &Inner, key: MessageKey, range: &Range<u64>) -> Option<Vec<u8>> {
    match inner.store.cache_range(key, range.start, range.end).await {
        Ok(octets) => octets,
        Err(error) => {
            tracing::warn!(%error, "cache not read");
            None
        }
    }
}

fn clip(mut octets: Vec<u8>, range: Range<u64>) -> Vec<u8> {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(octets.len());
    let (start, end) = (at(range.start), at(range.end));
    octets.truncate(end);
    octets.drain(..start.min(end));
    octets
}

/// A rendering, normalised, with its facts.
struct Fresh {
    octets: Vec<u8>,
    facts: Served,
    /// Nothing is missing at its end.
    whole: bool,
}

/// A message as it is served.
struct Kept {
    served: Served,
    octets: Vec<u8>,
}

async fn download(inner: &Inner, graph: &graph::Client, row: &MessageRow) -> Result<Kept> {
    let fresh = match original(inner, graph, row).await? {
        Some(octets) => aside(octets.len(), move || learned(octets)).await??,
        None => whole(graph, &row.remote).await?,
    };
    keep(inner, row, fresh).await
}

/// What a client wrote, octet for octet. After an edit elsewhere it is the message no more: a rendering that differs
/// from the one that Graph gave after the APPEND tells.
async fn original(
    inner: &Inner,
    graph: &graph::Client,
    row: &MessageRow,
) -> Result<Option<Vec<u8>>> {
    let Some(octets) = inner.store.original(&row.remote).await? else {
        return Ok(None);
    };
    let Some(rendered) = inner.store.doubted(&row.remote).await? else {
        return Ok(Some(octets));
    };
    let now = whole(graph, &row.remote).await?;
    let same = match &rendered {
        Some(before) => {
            before.sha256 == now.facts.sha256 || render::rebuild(before, &now.octets).is_some()
        }
        // Not known what it was: a draft was edited, another mail hardly ever is.
        None => !row.flags.has(SystemFlag::Draft),
    };
    if same && rendered.is_none() {
        inner.store.keep_rendered(&row.remote, now.facts).await?;
    }
    inner.store.settle_doubt(&row.remote, !same).await?;
    Ok(same.then_some(octets))
}

/// Downloads until the message is whole. One without its end may have come so: the same octets twice are no
/// broken transfer.
async fn whole(graph: &graph::Client, id: &RemoteId) -> Result<Fresh> {
    let mut before: Option<[u8; 32]> = None;
    let mut failed = Error::Broken;
    for _ in 0..TRIES {
        let octets = match collect(graph.mime(id).await).await {
            Ok(octets) => octets,
            Err(Error::Graph(error)) if !is_final(&error) => {
                failed = error.into();
                continue;
            }
            Err(error) => return Err(error),
        };
        let fresh = checked(octets).await?;
        let again = before == Some(fresh.facts.sha256) && fresh.facts.size > 0;
        if fresh.whole || again {
            return Ok(fresh);
        }
        tracing::debug!(%id, octets = fresh.facts.size, "a download without its end");
        before = Some(fresh.facts.sha256);
        failed = Error::Broken;
    }
    Err(failed)
}

async fn collect(
    opened: graph::Result<impl Stream<Item = graph::Result<Bytes>>>,
) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut chunks = std::pin::pin!(opened?);
    while let Some(chunk) = chunks.try_next().await? {
        if octets.len() + chunk.len() > MAX_OCTETS {
            return Err(Error::TooLarge);
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}

/// Normalises a download, and learns its facts.
async fn checked(octets: Vec<u8>) -> Result<Fresh> {
    let length = octets.len();
    let normal = move || {
        let octets = match mime::normalize(&octets) {
            Cow::Borrowed(_) => octets,
            Cow::Owned(normal) => normal,
        };
        learned(octets)
    };
    aside(length, normal).await?
}

/// What octets that are normalised already tell.
fn learned(octets: Vec<u8>) -> Result<Fresh> {
    let (facts, structure) = render::facts(&octets)?;
    let whole = render::looks_whole(&octets, &structure);
    Ok(Fresh {
        octets,
        facts,
        whole,
    })
}

/// Runs `work` here, or on a thread for long work if it is about many octets.
async fn aside<T: Send + 'static>(
    octets: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if octets <= LONG {
        return Ok(work());
    }
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Octets from a batch: checked first, fetched alone if something is missing.
async fn settle(
    inner: &Inner,
    graph: &graph::Client,
    row: &MessageRow,
    octets: Vec<u8>,
) -> Result<Kept> {
    let fresh = checked(octets).await?;
    if fresh.whole {
        return keep(inner, row, fresh).await;
    }
    download(inner, graph, row).await
}

/// Facts of what the cache has: it holds only what was served.
async fn from_cache(inner: &Inner, row: &MessageRow, octets: Vec<u8>) -> Result<Kept> {
    let fresh = aside(octets.len(), move || learned(octets)).await??;
    in_force(inner, row, fresh).await
}

/// Compares a download with what was served, if something was, and keeps it.
async fn keep(inner: &Inner, row: &MessageRow, fresh: Fresh) -> Result<Kept> {
    let kept = in_force(inner, row, fresh).await?;
    // The cache may vanish at any time: that it took nothing is no reason to serve nothing.
    if let Err(error) = inner.store.cache_put(row.key, &kept.octets).await {
        tracing::warn!(account = %inner.name, %error, "a message is not kept in the cache");
    }
    Ok(kept)
}

/// The facts in force for this message, and the octets that they describe.
async fn in_force(inner: &Inner, row: &MessageRow, fresh: Fresh) -> Result<Kept> {
    let Fresh { octets, facts, .. } = fresh;
    let sha256 = facts.sha256;
    let served = inner.store.keep_served(row.key, facts).await;
    let served = served.map_err(gone)?;
    if served.sha256 == sha256 {
        return Ok(Kept { served, octets });
    }
    let (was, is) = (served.size, octets.len());
    let rebuilding = move || {
        let rebuilt = render::rebuild(&served, &octets);
        rebuilt.map(|octets| Kept { served, octets })
    };
    if let Some(kept) = aside(is, rebuilding).await? {
        tracing::debug!(account = %inner.name, uid = %row.uid, "another rendering, made as it was served");
        return Ok(kept);
    }
    let uid = inner.store.replace(row.key).await.map_err(gone)?;
    tracing::info!(account = %inner.name, uid = %row.uid, new = %uid, was, is, "new content: new UID");
    // The folder is not at hand here.
    inner.hub.announce_all();
    Err(Error::MessageGone)
}

/// A key that the store does not know (any more) is a message that went.
fn gone(error: crate::store::Error) -> Error {
    match error.class() {
        ErrorClass::NotFound => Error::MessageGone,
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Flags, ModSeq, Uid};

    fn row(n: u32, store_size: Option<u64>) -> MessageRow {
        MessageRow {
            key: MessageKey(n.into()),
            uid: Uid::new(n).unwrap(),
            remote: RemoteId::new(n.to_string()),
            flags: Flags::default(),
            modseq: ModSeq(1),
            internal_date: 0,
            change_key: None,
            subject: None,
            message_id: None,
            store_size,
            summary: None,
            served: None,
        }
    }

    #[test]
    fn batches_are_bounded_in_number_and_octets() {
        let sizes = |rows: &[MessageRow]| -> Vec<usize> {
            let rows: Vec<_> = rows.iter().enumerate().collect();
            batches(&rows).iter().map(Vec::len).collect()
        };
        let small: Vec<_> = (1..=45).map(|n| row(n, Some(2000))).collect();
        assert_eq!(sizes(&small), [20, 20, 5]);
        let unknown: Vec<_> = (1..=9).map(|n| row(n, None)).collect();
        assert_eq!(sizes(&unknown), [8, 1]);
        let large: Vec<_> = (1..=9).map(|n| row(n, Some(SMALL))).collect();
        assert_eq!(sizes(&large), [8, 1]);
    }

    #[test]
    fn ranges_are_clipped() {
        let of = |range| clip(b"abcdef".to_vec(), range);
        assert_eq!(of(0..u64::MAX), b"abcdef");
        assert_eq!(of(2..4), b"cd");
        assert_eq!(of(5..9), b"f");
        assert_eq!(of(9..12), b"");
    }
}
