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
    fn differs<T: PartialEq>(was: &Option<T>, is: &Option<T>) -> bool {
        matches!((was, is), (Some(was), Some(is)) if was != is)
    }
    differs(&row.change_key, &told.change_key)
        && (row.flags.has(SystemFlag::Draft)
            || told.draft == Some(true)
            || differs(&row.subject, &told.subject)
            || differs(&row.message_id, &told.message_id)
            || differs(&row.store_size, &told.store_size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Flags, ModSeq};

    fn id(id: &str) -> RemoteId {
        RemoteId::new(id)
    }

    fn full(id: &str, received: i64) -> Message {
        Message {
            id: id.to_owned(),
            received: Some(received),
            is_read: Some(false),
            change_key: Some("1".to_owned()),
            extended: true,
            ..Message::default()
        }
    }

    fn partial(id: &str, read: bool) -> Message {
        Message {
            id: id.to_owned(),
            is_read: Some(read),
            ..Message::default()
        }
    }

    fn row(id: &str) -> MessageRow {
        MessageRow {
            key: MessageKey(7),
            uid: Uid::new(7).unwrap(),
            remote: RemoteId::new(id),
            flags: Flags::default(),
            modseq: ModSeq(1),
            internal_date: 0,
            change_key: Some("1".to_owned()),
            subject: None,
            message_id: None,
            store_size: Some(10),
            summary: None,
            served: None,
        }
    }

    fn known(ids: &[&str]) -> Known {
        ids.iter().map(|i| (id(i), row(i))).collect()
    }

    /// Each change as a word: `+id` new or patched, `-id` removed; `?n` unresolved.
    fn story(plan: Plan, found: &[(&str, Found)], known: &Known, believe: bool) -> String {
        let found = found.iter().map(|(i, f)| (id(i), f.clone())).collect();
        let settled = plan.settle(found, known, believe);
        let mut words: Vec<_> = settled
            .changes
            .iter()
            .map(|change| match change {
                Change::Upsert(id, _) => format!("+{id}"),
                Change::Remove(id) => format!("-{id}"),
            })
            .collect();
        if settled.unresolved > 0 {
            words.push(format!("?{}", settled.unresolved));
        }
        words.join(" ")
    }

    fn here(id: &str) -> Found {
        Found::Here(Box::new(full(id, 1)))
    }

    /// Name, entries, known ids, ids looked up, answers, what is committed.
    type Case<'a> = (
        &'a str,
        Vec<Entry<Message>>,
        &'a [&'a str],
        &'a [&'a str],
        Vec<(&'a str, Found)>,
        &'a str,
    );

    #[test]
    fn pages_of_every_kind() {
        use Entry::{Changed, Removed};
        let old = |name: &str| Message {
            extended: false,
            ..full(name, 1)
        };
        let edited = |name: &str| Message {
            change_key: Some("2".to_owned()),
            ..old(name)
        };
        let cases: Vec<Case<'_>> = vec![
            ("an empty page", vec![], &[], &[], vec![], ""),
            (
                "new ones come by time, whatever their order",
                vec![Changed(full("b", 9)), Changed(full("a", 5))],
                &[],
                &[],
                vec![],
                "+a +b",
            ),
            (
                "known ones come first",
                vec![Changed(full("n", 1)), Changed(full("k", 9))],
                &["k"],
                &[],
                vec![],
                "+k +n",
            ),
            (
                "twice is once",
                vec![Changed(full("a", 5)), Changed(partial("a", true))],
                &[],
                &[],
                vec![],
                "+a",
            ),
            (
                "a patch of a known one",
                vec![Changed(partial("k", true))],
                &["k"],
                &[],
                vec![],
                "+k",
            ),
            (
                "a partial unknown one is completed",
                vec![Changed(partial("a", true))],
                &[],
                &["a"],
                vec![("a", here("a"))],
                "+a",
            ),
            (
                "or is elsewhere by now",
                vec![Changed(partial("a", true))],
                &[],
                &["a"],
                vec![("a", Found::Gone)],
                "",
            ),
            (
                "or cannot be read, and is shown as told",
                vec![Changed(partial("a", true))],
                &[],
                &["a"],
                vec![("a", Found::Unreadable)],
                "+a",
            ),
            (
                "or waits",
                vec![Changed(partial("a", true)), Changed(full("b", 1))],
                &[],
                &["a"],
                vec![("a", Found::Unknown)],
                "+b ?1",
            ),
            (
                "a tombstone of an unknown one",
                vec![Removed(id("a"))],
                &[],
                &["a"],
                vec![("a", Found::Gone)],
                "",
            ),
            (
                "came, left and came back: told only as gone",
                vec![Removed(id("a"))],
                &[],
                &["a"],
                vec![("a", here("a"))],
                "+a",
            ),
            (
                "gone",
                vec![Removed(id("k"))],
                &["k"],
                &["k"],
                vec![("k", Found::Gone)],
                "-k",
            ),
            (
                "away and back again",
                vec![Removed(id("k"))],
                &["k"],
                &["k"],
                vec![("k", here("k"))],
                "+k",
            ),
            (
                "gone, but nobody answers",
                vec![Removed(id("k"))],
                &["k"],
                &["k"],
                vec![],
                "?1",
            ),
            (
                "gone, and unreadable",
                vec![Removed(id("k"))],
                &["k"],
                &["k"],
                vec![("k", Found::Unreadable)],
                "-k",
            ),
            (
                "new and gone in one page: never shown",
                vec![Changed(full("a", 1)), Removed(id("a"))],
                &[],
                &["a"],
                vec![("a", Found::Gone)],
                "",
            ),
            (
                "in the other order the truth is asked for too",
                vec![Removed(id("k")), Changed(full("k", 1))],
                &["k"],
                &["k"],
                vec![("k", here("k"))],
                "+k",
            ),
            (
                "extended properties of new and changed ones",
                vec![Changed(old("a")), Changed(old("k")), Changed(edited("c"))],
                &["k", "c"],
                &["a", "c"],
                vec![("a", here("a")), ("c", here("c"))],
                "+k +c +a",
            ),
            (
                "gone meanwhile",
                vec![Changed(old("a")), Changed(edited("c"))],
                &["c"],
                &["a", "c"],
                vec![("a", Found::Gone), ("c", Found::Gone)],
                "+c",
            ),
        ];
        for (name, entries, ids, lookups, found, want) in cases {
            let known = known(ids);
            let plan = plan(entries, &known, Kind::Delta);
            let asked: Vec<_> = lookups.iter().map(|i| id(i)).collect();
            assert_eq!(plan.lookups(), asked, "{name}");
            assert_eq!(story(plan, &found, &known, false), want, "{name}");
        }
    }

    #[test]
    fn in_the_end_the_delta_is_believed() {
        use Entry::{Changed, Removed};
        let known = known(&["k"]);
        let entries = vec![Removed(id("k")), Changed(partial("a", false))];
        let plan = plan(entries, &known, Kind::Delta);
        assert_eq!(story(plan, &[], &known, true), "-k +a");
    }

    #[test]
    fn a_listing_asks_for_tombstones_and_not_for_extended_properties() {
        use Entry::{Changed, Removed};
        let entries = vec![
            Changed(Message {
                extended: false,
                ..full("a", 1)
            }),
            Removed(id("staged")),
        ];
        let plan = plan(entries, &Known::new(), Kind::Listing);
        assert_eq!(plan.lookups(), [id("staged")]);
        let found = [("staged", Found::Gone)];
        assert_eq!(story(plan, &found, &Known::new(), false), "-staged +a");
    }

    #[test]
    fn the_younger_answer_wins_over_the_entry() {
        let known = known(&["k"]);
        let plan = plan(vec![Entry::Removed(id("k"))], &known, Kind::Delta);
        let now = Message {
            is_read: Some(true),
            ..full("k", 1)
        };
        let found = [(id("k"), Found::Here(Box::new(now)))].into();
        match plan.settle(found, &known, false).changes.as_slice() {
            [Change::Upsert(_, told)] => assert_eq!(told.seen, Some(true)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_may_be_other_content_is_suspect() {
        let told = |change: fn(&mut RemoteMessage)| {
            let mut told = RemoteMessage {
                change_key: Some("2".to_owned()),
                store_size: Some(10),
                ..RemoteMessage::default()
            };
            change(&mut told);
            told
        };
        let mut draft = row("d");
        draft.flags.set(SystemFlag::Draft, true);
        assert!(may_be_other_content(&draft, &told(|_| ())));
        assert!(!may_be_other_content(&row("a"), &told(|_| ())), "a flag");
        assert!(may_be_other_content(
            &row("a"),
            &told(|t| t.store_size = Some(11))
        ));
        assert!(may_be_other_content(
            &row("a"),
            &told(|t| t.draft = Some(true))
        ));
        let same_key = told(|t| {
            t.change_key = Some("1".to_owned());
            t.store_size = Some(11);
        });
        assert!(!may_be_other_content(&row("a"), &same_key));
        assert!(!may_be_other_content(
            &draft,
            &told(|t| t.change_key = None)
        ));
    }
}
