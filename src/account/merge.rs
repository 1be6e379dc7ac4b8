//! From delta entries and what is known to changes of the store (pure).
//!
//! An entry is a patch (surprise 32), may come twice, replayed or in another order (38), and a
//! removal is no proof (28, 33). So a page is folded by id; what it leaves open is looked up in Graph
//! ([`Plan::lookups`]), and the answers settle it ([`Plan::settle`]). A known message goes only when
//! Graph says that it is not in this folder.

use super::flags;
use crate::{
    graph::types::{Entry, Message},
    mail::{RemoteId, SystemFlag, Uid},
    store::messages::{Change, MessageKey, MessageRow, RemoteMessage},
};
use std::collections::HashMap;

/// Rows that stand for ids of a page.
pub type Known = HashMap<RemoteId, MessageRow>;

/// What kind of round a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A listing is staged, and a pass over the folder brings the extended properties.
    Listing,
    /// Changes since the last round.
    Delta,
}

/// Why a message is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Said to be gone, at least once in the page.
    Removed,
    /// New, and too little was told to make a row.
    Partial,
    /// New or changed, without the extended properties.
    Extended,
}

/// What Graph answered to a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is in this folder.
    Here(Box<Message>),
    /// In another folder, or nowhere.
    Gone,
    /// It cannot be read, now and later (surprise 22).
    Unreadable,
    /// Not answered now.
    Unknown,
}

/// A folded page.
#[derive(Debug)]
pub struct Plan {
    kind: Kind,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    id: RemoteId,
    told: RemoteMessage,
    look: Option<Look>,
    known: bool,
}

/// What is to be committed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Known messages first, then new ones by received time, then id: UIDs follow this order.
    pub changes: Vec<Change>,
    /// Messages of which nothing could be learned: the page must come again.
    pub unresolved: usize,
    /// Messages whose MIME may be another now: what the cache has of them proves nothing any more.
    pub suspect: Vec<(MessageKey, Uid)>,
}

/// Folds a page: one item for each id, in the order in which ids come up.
pub fn plan(entries: Vec<Entry<Message>>, known: &Known, kind: Kind) -> Plan {
    let mut folded: Vec<Folded> = Vec::new();
    let mut places: HashMap<RemoteId, usize> = HashMap::new();
    for entry in entries {
        let id = match &entry {
            Entry::Changed(message) => RemoteId::new(message.id.clone()),
            Entry::Removed(id) => id.clone(),
        };
        let place = *places.entry(id.clone()).or_insert_with(|| {
            folded.push(Folded::new(id));
            folded.len() - 1
        });
        if let Some(item) = folded.get_mut(place) {
            item.add(entry);
        }
    }
    let items = folded.into_iter().map(|item| {
        let row = known.get(&item.id);
        item.close(row, kind)
    });
    Plan {
        kind,
        items: items.collect(),
    }
}

#[derive(Debug)]
struct Folded {
    id: RemoteId,
    told: RemoteMessage,
    removed: bool,
    extended: bool,
}

impl Folded {
    fn new(id: RemoteId) -> Self {
        Self {
            id,
            told: RemoteMessage::default(),
            removed: false,
            extended: false,
        }
    }

    fn add(&mut self, entry: Entry<Message>) {
        match entry {
            Entry::Removed(_) => self.removed = true,
            Entry::Changed(message) => {
                self.extended |= message.extended;
                self.told = overlay(std::mem::take(&mut self.told), flags::told(&message));
            }
        }
    }

    /// A tombstone of something never seen is looked up too: what came, left and came back between
    /// two rounds is told only as gone (surprise 28).
    fn close(self, row: Option<&MessageRow>, kind: Kind) -> Item {
        let touched = row.is_none_or(|row| {
            self.told.change_key.is_some() && self.told.change_key != row.change_key
        });
        let look = if self.removed {
            Some(Look::Removed)
        } else if row.is_none() && self.told.received.is_none() {
            Some(Look::Partial)
        } else if kind == Kind::Delta && touched && !self.extended {
            Some(Look::Extended)
        } else {
            None
        };
        Item {
            known: row.is_some(),
            id: self.id,
            told: self.told,
            look,
        }
    }
}

/// `newer` over `older`: what is not told stays.
pub fn overlay(older: RemoteMessage, newer: RemoteMessage) -> RemoteMessage {
    RemoteMessage {
        received: newer.received.or(older.received),
        seen: newer.seen.or(older.seen),
        flagged: newer.flagged.or(older.flagged),
        draft: newer.draft.or(older.draft),
        answered: newer.answered.or(older.answered),
        forwarded: newer.forwarded.or(older.forwarded),
        keywords: newer.keywords.or(older.keywords),
        change_key: newer.change_key.or(older.change_key),
        subject: newer.subject.or(older.subject),
        message_id: newer.message_id.or(older.message_id),
        store_size: newer.store_size.or(older.store_size),
        summary: newer.summary.or(older.summary),
    }
}

impl Plan {
    /// Ids to ask Graph for before the page can be settled.
    pub fn lookups(&self) -> Vec<RemoteId> {
        self.items
            .iter()
            .filter(|item| item.look.is_some())
            .map(|item| item.id.clone())
            .collect()
    }

    /// Settles the page with the answers to [`Plan::lookups`]. With `believe`, what stays
    /// unanswered is taken as the delta told it.
    pub fn settle(
        self,
        mut found: HashMap<RemoteId, Found>,
        known: &Known,
        believe: bool,
    ) -> Settled {
        let mut settled = Settled::default();
        let mut new = Vec::new();
        for item in self.items {
            let answer = match item.look {
                Some(_) => found.remove(&item.id).unwrap_or(Found::Unknown),
                None => Found::Unreadable,
            };
            match item.outcome(answer, believe) {
                Outcome::Open => settled.unresolved += 1,
                Outcome::Nothing => {}
                Outcome::Remove if item.known || self.kind == Kind::Listing => {
                    settled.changes.push(Change::Remove(item.id));
                }
                // Never seen: only the stage of a listing may have what is not known here.
                Outcome::Remove => {}
                Outcome::Patch(told) => match known.get(&item.id) {
                    Some(row) => {
                        if may_be_other_content(row, &told) {
                            settled.suspect.push((row.key, row.uid));
                        }
                        settled.changes.push(Change::Upsert(item.id, told));
                    }
                    None => new.push((told.received, item.id, told)),
                },
            }
        }
        new.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let new = new
            .into_iter()
            .map(|(_, id, told)| Change::Upsert(id, told));
        settled.changes.extend(new);
        settled
    }
}

enum Outcome {
    Open,
    Nothing,
    Remove,
    Patch(RemoteMessage),
}

impl Item {
    fn outcome(&self, answer: Found, believe: bool) -> Outcome {
        let told = || self.told.clone();
        match (self.look, answer) {
            (None, _) => Outcome::Patch(told()),
            // The answer is younger than the entry.
            (Some(_), Found::Here(message)) => {
                Outcome::Patch(overlay(told(), flags::told(&message)))
            }
            (Some(_), Found::Unknown) if !believe => Outcome::Open,
            (Some(Look::Removed), _) => Outcome::Remove,
            (Some(Look::Partial), Found::Gone) => Outcome::Nothing,
            // New or changed, and gone since: the next round tells.
            (Some(Look::Extended), Found::Gone) if !self.known => Outcome::Nothing,
            (Some(_), _) => Outcome::Patch(told()),
        }
    }
}

/// Flags change the changeKey too (and isRead does not), so it decides nothing alone. A download is
/// spent on drafts, and where a fact changed that flags leave alone.
fn may_be_other_content(row: &MessageRow, told: &RemoteMessage) -> bool {
    differs(&row.change_key, &told.change_key) && content_may_differ(row, told)
}

/// Whether what Graph tells of a message now may be about another content than that which the row stands for: of a
/// draft always.
pub fn content_may_differ(row: &MessageRow, told: &RemoteMessage) -> bool {
    row.flags.has(SystemFlag::Draft)
        || told.draft == Some(true)
        || differs(&row.subject, &told.subject)
        || differs(&row.message_id, &told.message_id)
        || differs(&row.store_size, &told.store_size)
}

fn differs<T: PartialEq>(was: &Option<T>, is: &Option<T>) -> bool {
    matches!((was, is), (Some(was), Some(is)) if was != is)
}

#[cfg(test)]
mod tests;
