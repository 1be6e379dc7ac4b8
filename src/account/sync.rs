//! The messages of a folder: first listing, rounds of the message delta.
//!
//! One round of a folder at a time. A listing is staged page by page and committed at its end, so that
//! UIDs exist only when all are known; a round is applied page by page. Each page is committed together with
//! the link to go on with, so that an interrupted round goes on where it was, and the page in hand comes again
//! (a replay changes nothing). A link that is dead (410) is followed by a listing that keeps every UID.
//!
//! Links are always made with immutable ids; those of the other format never come in here.

use super::{
    Error, FolderKey, FolderRow, Inner, Result,
    merge::{self, Found, Kind, Known, Settled},
    spelling, write,
};
use crate::{
    graph::{
        self, Priority,
        types::{Entry, Link, Message, Page},
    },
    mail::{ErrorClass, RemoteId, Role},
    store::messages::Change,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Pages of one round: a million messages at a hundred to a page.
const MAX_PAGES: usize = 10_000;
/// So often in a row a link may lead to itself (an empty page may): then the round does not end.
const MAX_SAME: usize = 20;
/// So often a page comes again because some message in it could not be looked up; then the delta is believed.
const MAX_HELD: u32 = 5;
/// Rows read at a time from the store, and ids looked up at a time (20 to a `$batch`).
const PORTION: usize = 200;

/// What the last rounds of a folder (or of the tree) leave for who comes next.
#[derive(Debug, Default)]
pub(super) struct Turn {
    done: Option<Instant>,
    failed: Option<(Instant, ErrorClass, String)>,
}

impl Turn {
    /// The outcome of an earlier round, if it serves one who asked at `asked`: it ended after that, or less
    /// than `fresh` before.
    pub(super) fn outcome_for(&self, asked: Instant, fresh: Duration) -> Option<Result<()>> {
        if self.done.is_some_and(|done| done + fresh > asked) {
            return Some(Ok(()));
        }
        let (at, class, text) = self.failed.as_ref()?;
        (*at >= asked).then(|| {
            Err(Error::Shared {
                class: *class,
                text: text.clone(),
            })
        })
    }

    pub(super) fn note(&mut self, now: Instant, outcome: Result<()>) -> Result<()> {
        match &outcome {
            Ok(()) => {
                *self = Self {
                    done: Some(now),
                    failed: None,
                }
            }
            Err(error) => self.failed = Some((now, error.class(), error.to_string())),
        }
        outcome
    }
}

/// Bounds a round: no service makes us read pages for ever.
#[derive(Debug, Default)]
pub(super) struct Bound {
    pages: usize,
    same: usize,
}

impl Bound {
    /// A page read by `link` leads to `next`.
    pub(super) fn follow(&mut self, link: Option<&str>, next: &str) -> Result<()> {
        self.pages += 1;
        self.same = if link == Some(next) { self.same + 1 } else { 0 };
        if self.pages >= MAX_PAGES || self.same >= MAX_SAME {
            return Err(Error::Endless(self.pages));
        }
        Ok(())
    }
}

/// A folder's turn.
#[derive(Debug, Default)]
pub struct Lane {
    turn: Turn,
    /// How often the page in hand was held.
    held: u32,
}

/// A round of a folder for a person who waits: see [`refresh_with`].
pub(super) async fn refresh(inner: &Arc<Inner>, folder: FolderKey, fresh: Duration) -> Result<()> {
    refresh_with(inner, folder, fresh, Priority::Person).await
}

/// A round of the folder (its listing, if it has none), unless one ended less than `fresh` ago or after this
/// was called. A task of its own: whoever stops waiting does not stop it.
pub(super) async fn refresh_with(
    inner: &Arc<Inner>,
    folder: FolderKey,
    fresh: Duration,
    priority: Priority,
) -> Result<()> {
    let asked = Instant::now();
    let inner = Arc::clone(inner);
    let task = async move {
        let mut lane = inner.lanes.turn(folder).await;
        if let Some(outcome) = lane.turn.outcome_for(asked, fresh) {
            return outcome;
        }
        let graph = inner.graph.with_priority(priority);
        let outcome = tokio::select! {
            outcome = round(&inner, &graph, folder, &mut lane.held) => outcome,
            () = inner.ends.cancelled() => Err(Error::Stopping),
        };
        lane.turn.note(Instant::now(), outcome)
    };
    tokio::spawn(task).await?
}

async fn round(inner: &Inner, graph: &graph::Client, key: FolderKey, held: &mut u32) -> Result<()> {
    let folder = inner.store.folder(key).await?.ok_or(Error::FolderGone)?;
    if folder.is_local() {
        return Ok(());
    }
    let mut work = Work {
        inner,
        graph,
        folder,
        held,
    };
    let Some(link) = work.folder.link.clone().filter(|_| work.folder.listed) else {
        let listed = work.listing().await;
        return work.tidied(listed).await;
    };
    let outcome = match work.changes(link).await {
        Err(Error::Graph(error)) if error.needs_resync() => {
            tracing::info!(account = %inner.name, folder = %work.folder.name, "listed anew: its delta link is dead");
            inner.store.reset_link(key).await?;
            work.listing().await
        }
        Err(error @ Error::Endless(_)) => {
            inner.store.reset_link(key).await?;
            Err(error)
        }
        other => other,
    };
    work.tidied(outcome).await
}

struct Work<'a> {
    inner: &'a Inner,
    graph: &'a graph::Client,
    folder: FolderRow,
    held: &'a mut u32,
}

impl Work<'_> {
    /// A round of Sent Items may have met second copies.
    async fn tidied(&self, outcome: Result<()>) -> Result<()> {
        if outcome.is_ok() && self.folder.role == Some(Role::Sent) {
            write::tidy_sent(self.inner, self.graph, self.folder.key).await;
        }
        outcome
    }

    /// A round of the delta, page by page.
    async fn changes(&mut self, mut link: String) -> Result<()> {
        let mut bound = Bound::default();
        loop {
            let page = self.page(Some(&link)).await?;
            let (next, more) = ahead(page.link)?;
            bound.follow(Some(&link), &next)?;
            let settled = self.settle(page.items, Kind::Delta).await?;
            self.apply(settled, &next).await?;
            if !more {
                return Ok(());
            }
            link = next;
        }
    }

    async fn apply(&mut self, settled: Settled, next: &str) -> Result<()> {
        let store = &self.inner.store;
        // Before the commit: after a crash in between, the page comes again and finds them suspect again.
        for (message, _) in &settled.suspect {
            store.cache_remove(*message).await?;
            store.doubt_original(*message).await?;
        }
        // With a message unresolved, the link stays, and so the page comes again.
        let link = (settled.unresolved == 0).then(|| next.to_owned());
        let key = self.folder.key;
        let after = store.apply(key, settled.changes, link).await?;
        self.inner.hub.moved(key, self.folder.highest_modseq, after);
        self.folder.highest_modseq = after;
        self.inner.suspects.add(key, settled.suspect);
        self.hold(settled.unresolved)
    }

    /// Ends the round when something is unresolved.
    fn hold(&mut self, unresolved: usize) -> Result<()> {
        if unresolved == 0 {
            *self.held = 0;
            return Ok(());
        }
        *self.held += 1;
        Err(Error::Unresolved(unresolved))
    }

    /// Lists the whole folder, going on with an interrupted listing.
    async fn listing(&mut self) -> Result<()> {
        let mut link = self.inner.store.staged_link(self.folder.key).await?;
        let resumed = link.is_some();
        if !resumed {
            self.inner.store.begin_listing(self.folder.key).await?;
        }
        match self.list_from(&mut link, resumed).await {
            // Links of a long round die too (surprise 37).
            Err(Error::Graph(error)) if link.is_some() && error.needs_resync() => {
                self.inner.store.begin_listing(self.folder.key).await?;
                self.list_from(&mut None, false).await
            }
            Err(error @ Error::Endless(_)) => {
                self.inner.store.begin_listing(self.folder.key).await?;
                Err(error)
            }
            other => other,
        }
    }

    async fn list_from(&mut self, link: &mut Option<String>, resumed: bool) -> Result<()> {
        let key = self.folder.key;
        // What an earlier process staged may lack the extended properties.
        let mut extended = !resumed;
        let mut bound = Bound::default();
        loop {
            let page = self.page(link.as_deref()).await?;
            extended &= page.items.iter().all(|entry| match entry {
                Entry::Changed(message) => message.extended,
                Entry::Removed(_) => true,
            });
            // A delta link is a place to go on as well: interrupted from there on, the
            // listing goes on with what changed since.
            let (next, more) = ahead(page.link)?;
            bound.follow(link.as_deref(), &next)?;
            let settled = self.settle(page.items, Kind::Listing).await?;
            let goes_on = (settled.unresolved == 0).then(|| next.clone());
            self.inner
                .store
                .stage(key, settled.changes, goes_on)
                .await?;
            self.hold(settled.unresolved)?;
            *link = Some(next.clone());
            if !more {
                return self.finish(next, extended).await;
            }
        }
    }

    /// The delta is read: extended properties, then known messages that were not listed, then the commit.
    async fn finish(&mut self, delta: String, extended: bool) -> Result<()> {
        let key = self.folder.key;
        if !extended {
            self.extend().await?;
        }
        let unlisted = self.inner.store.unlisted(key).await?;
        let mut gone = Vec::new();
        for portion in unlisted.chunks(PORTION) {
            let entries = portion.iter().cloned().map(Entry::Removed).collect();
            let settled = self.settle(entries, Kind::Listing).await?;
            if settled.unresolved > 0 {
                self.hold(settled.unresolved)?;
            }
            // The others are here after all: staged, and so listed.
            gone.extend(settled.changes.iter().filter_map(|change| match change {
                Change::Upsert(..) => None,
                Change::Remove(id) => Some(id.clone()),
            }));
            self.inner.store.stage(key, settled.changes, None).await?;
        }
        let after = self.inner.store.commit_listing(key, delta, gone).await?;
        *self.held = 0;
        self.inner.hub.moved(key, self.folder.highest_modseq, after);
        self.folder.highest_modseq = after;
        tracing::info!(account = %self.inner.name, folder = %self.folder.name, "listed");
        Ok(())
    }

    /// One pass over the folder with the properties that the delta did not give. Where
    /// Graph refuses it for good (surprise 56) the listing goes without.
    async fn extend(&mut self) -> Result<()> {
        let mut link: Option<String> = None;
        let mut bound = Bound::default();
        loop {
            let page = match self.graph.list(&self.folder.remote, link.as_deref()).await {
                Ok(page) => page,
                Err(error) if refused_for_good(&error) => {
                    tracing::warn!(account = %self.inner.name, folder = %self.folder.name, %error, "listed without answered and forwarded marks");
                    return Ok(());
                }
                Err(error) => return Err(self.folder_error(error)),
            };
            let shown = page.items.iter().filter(|m| !self.is_own_draft(m));
            let changes = shown.map(upsert).collect();
            self.inner
                .store
                .stage(self.folder.key, changes, None)
                .await?;
            match page.link {
                Link::Next(next) => {
                    bound.follow(link.as_deref(), &next)?;
                    link = Some(next);
                }
                Link::Delta(_) | Link::End => return Ok(()),
            }
        }
    }

    async fn page(&self, link: Option<&str>) -> Result<Page<Entry<Message>>> {
        let page = self.graph.message_delta(&self.folder.remote, link).await;
        let mut page = page.map_err(|error| self.folder_error(error))?;
        page.items.retain(|entry| match entry {
            Entry::Changed(message) => !self.is_own_draft(message),
            Entry::Removed(_) => true,
        });
        Ok(page)
    }

    /// A draft on the way of a submission never shows: it is gone before anybody could use it.
    fn is_own_draft(&self, message: &Message) -> bool {
        let message_id = message.internet_message_id.as_deref();
        let outgoing = self.inner.outgoing.get();
        self.folder.role == Some(Role::Drafts)
            && outgoing.is_some_and(|outgoing| outgoing.is_own_draft(&message.id, message_id))
    }

    /// 404 to a delta means that the folder went: the tree is looked at anew.
    fn folder_error(&self, error: graph::Error) -> Error {
        if !error.needs_resync() && error.class() == ErrorClass::NotFound {
            self.inner.tree.doubt(&self.folder.remote);
            self.inner.suspects.tree();
            return Error::FolderGone;
        }
        error.into()
    }

    /// Folds a page, looks up what it leaves open, and settles it.
    async fn settle(&mut self, entries: Vec<Entry<Message>>, kind: Kind) -> Result<Settled> {
        if entries.is_empty() {
            return Ok(Settled::default());
        }
        let known = self.known(&entries).await?;
        let plan = merge::plan(entries, &known, kind);
        let found = self.look_up(plan.lookups()).await?;
        Ok(plan.settle(found, &known, *self.held >= MAX_HELD))
    }

    async fn known(&self, entries: &[Entry<Message>]) -> Result<Known> {
        let mut ids: Vec<RemoteId> = entries
            .iter()
            .map(|entry| match entry {
                Entry::Changed(message) => RemoteId::new(message.id.clone()),
                Entry::Removed(id) => id.clone(),
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let mut known = Known::new();
        for portion in ids.chunks(PORTION) {
            let rows = self
                .inner
                .store
                .by_remote(self.folder.key, portion.to_vec());
            known.extend(rows.await?.into_iter().map(|row| (row.remote.clone(), row)));
        }
        Ok(known)
    }

    async fn look_up(&self, ids: Vec<RemoteId>) -> Result<HashMap<RemoteId, Found>> {
        let mut found = HashMap::new();
        let mut places = HashMap::new();
        for portion in ids.chunks(PORTION) {
            for (id, outcome) in self.graph.messages(portion).await? {
                let here = match &outcome {
                    Ok(message) => self.is_here(message, &mut places).await?,
                    Err(_) => None,
                };
                found.insert(id, judge(outcome, here));
            }
        }
        Ok(found)
    }

    /// Whether the message is in this folder; `places` holds what was found out for this page.
    async fn is_here(
        &self,
        message: &Message,
        places: &mut HashMap<String, Option<bool>>,
    ) -> Result<Option<bool>> {
        // Without a word about the place it stays where it is known to be.
        let Some(parent) = message.parent_folder_id.as_deref() else {
            return Ok(Some(true));
        };
        if let Some(here) = places.get(parent) {
            return Ok(*here);
        }
        let here = spelling::names(self.inner, &self.folder.remote, parent).await?;
        places.insert(parent.to_owned(), here);
        Ok(here)
    }
}

/// `here`: whether an answered message is in the folder. A place that cannot be told is no proof that it left.
fn judge(outcome: std::result::Result<Message, graph::Error>, here: Option<bool>) -> Found {
    match outcome {
        Ok(message) => match here {
            Some(true) => Found::Here(Box::new(message)),
            Some(false) => Found::Gone,
            None => Found::Unknown,
        },
        Err(error) => match error.class() {
            ErrorClass::NotFound => Found::Gone,
            ErrorClass::Permanent | ErrorClass::Client => Found::Unreadable,
            // Denied too: it is the sign-in that fails, not the message.
            _ => Found::Unknown,
        },
    }
}

/// Where a delta page leads, and whether more of the round is there.
pub(super) fn ahead(link: Link) -> Result<(String, bool)> {
    match link {
        Link::Next(next) => Ok((next, true)),
        Link::Delta(delta) => Ok((delta, false)),
        // A delta without a link cannot be gone on with.
        Link::End => Err(Error::Endless(0)),
    }
}

fn upsert(message: &Message) -> Change {
    let id = RemoteId::new(message.id.clone());
    Change::Upsert(id, super::flags::told(message))
}

fn refused_for_good(error: &graph::Error) -> bool {
    matches!(error.class(), ErrorClass::Permanent | ErrorClass::Client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_round_serves_those_who_asked_before_its_end_and_for_a_while_after() {
        let mut turn = Turn::default();
        let asked = Instant::now();
        let end = asked + seconds(10);
        assert!(turn.outcome_for(asked, seconds(3)).is_none());
        turn.note(end, Ok(())).unwrap();
        for (at, served) in [
            (asked, true),
            (end + seconds(2), true),
            (end + seconds(4), false),
        ] {
            let outcome = turn.outcome_for(at, seconds(3));
            assert_eq!(matches!(outcome, Some(Ok(()))), served);
        }
    }

    #[test]
    fn a_message_in_an_unknown_place_is_not_gone() {
        let outcome = || Ok(Message::default());
        assert!(matches!(judge(outcome(), Some(true)), Found::Here(_)));
        assert_eq!(judge(outcome(), Some(false)), Found::Gone);
        assert_eq!(judge(outcome(), None), Found::Unknown);
    }

    #[test]
    fn a_round_that_leads_nowhere_ends() {
        let mut bound = Bound::default();
        for _ in 1..MAX_SAME {
            bound.follow(Some("a"), "a").unwrap();
        }
        bound.follow(Some("a"), "b").unwrap();
        for _ in 1..MAX_SAME {
            bound.follow(Some("b"), "b").unwrap();
        }
        assert!(bound.follow(Some("b"), "b").is_err());
        let mut bound = Bound::default();
        let pages = (0..).take_while(|n| bound.follow(None, &n.to_string()).is_ok());
        assert_eq!(pages.count(), MAX_PAGES - 1);
    }

    #[test]
    fn a_failure_is_shared_with_those_who_waited_only() {
        let mut turn = Turn::default();
        let asked = Instant::now();
        let end = asked + seconds(1);
        turn.note(end, Err(Error::Unresolved(2))).unwrap_err();
        let shared = turn.outcome_for(asked, Duration::ZERO).unwrap();
        assert!(shared.unwrap_err().class().is_temporary());
        assert!(turn.outcome_for(end + seconds(1), seconds(9)).is_none());
    }
}
