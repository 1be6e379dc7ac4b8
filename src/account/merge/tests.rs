//! Pages of every kind, as tables.

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
