//! SEARCH and UID SEARCH (RFC 3501 section 6.4.4).
//!
//! Numbers become UIDs first. What the view alone can tell (UIDs, flags) is decided here; only messages that
//! are still open go to the account, which looks at exact headers and texts.

use super::{failed, fetch::places};
use crate::{
    account::search::Key,
    imap::{
        conn::Result,
        reply::Reply,
        session::{Session, State},
        view::View,
        wire::{SequenceSet, encode, search::Key as Wire},
    },
    mail::Uid,
};
use std::collections::HashSet;

pub async fn search(session: &mut Session, uid: bool, key: Wire) -> Result<Reply> {
    let State::Selected(user, selected) = &session.state else {
        return Ok(Reply::bad("Nothing is selected"));
    };
    let Some(key) = translate(key, &selected.view) else {
        return Ok(Reply::bad("There is no message with that number"));
    };
    let mut hits = HashSet::new();
    let mut open = Vec::new();
    for (seq, row) in selected.view.iter() {
        // Thousands of keys on thousands of messages: others get their turn.
        if seq.0.get() % 256 == 0 {
            tokio::task::yield_now().await;
        }
        match key.matches_view(row.uid, &row.flags) {
            Some(true) => {
                hits.insert(row.uid);
            }
            Some(false) => {}
            None => open.push(row.uid),
        }
    }
    if !open.is_empty() {
        let found = user.account.search(selected.folder, &open, &key);
        match session.conn.patiently(found).await? {
            Ok(found) => hits.extend(found),
            Err(error) => return Ok(failed(&error, "SEARCH")),
        }
    }
    let out = session.conn.out();
    encode::text(out, "* SEARCH");
    for (seq, row) in selected.view.iter() {
        if hits.contains(&row.uid) {
            let number = if uid { row.uid.value() } else { seq.0.get() };
            encode::text(out, &format!(" {number}"));
        }
    }
    encode::text(out, "\r\n");
    Ok(Reply::ok("That is all"))
}

/// `None`: a message number that is not in use.
fn translate(key: Wire, view: &View) -> Option<Key> {
    let not = |key| Key::Not(Box::new(key));
    Some(match key {
        Wire::All => Key::All,
        Wire::Sequence(set) => Key::Uids(uids(view, false, &set)?),
        Wire::Uid(set) => Key::Uids(uids(view, true, &set)?),
        Wire::Flag(flag) => Key::Flag(flag),
        Wire::Keyword(keyword) => Key::Keyword(keyword),
        Wire::Recent => {
            let recent = view.iter().filter(|(_, row)| row.recent);
            Key::Uids(recent.map(|(_, row)| (row.uid, row.uid)).collect())
        }
        Wire::Before(date) => Key::Before(date),
        Wire::On(date) => Key::On(date),
        Wire::Since(date) => Key::Since(date),
        Wire::SentBefore(date) => Key::SentBefore(date),
        Wire::SentOn(date) => Key::SentOn(date),
        Wire::SentSince(date) => Key::SentSince(date),
        Wire::Larger(size) => Key::Larger(size.into()),
        Wire::Smaller(size) => Key::Smaller(size.into()),
        Wire::Header(name, text) => Key::Header(name, text),
        Wire::Body(text) => Key::Body(text),
        Wire::Text(text) => Key::Text(text),
        Wire::Not(key) => not(translate(*key, view)?),
        Wire::And(keys) => {
            let keys = keys.into_iter().map(|key| translate(key, view));
            Key::And(keys.collect::<Option<_>>()?)
        }
        Wire::Or(keys) => {
            let keys = keys.into_iter().map(|key| translate(key, view));
            balanced(keys.collect::<Option<Vec<_>>>()?)
        }
    })
}

/// A chain of a thousand keys as a tree ten deep.
fn balanced(mut keys: Vec<Key>) -> Key {
    while keys.len() > 1 {
        let mut rest = keys.into_iter();
        let mut pairs = Vec::new();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => Key::Or(Box::new(left), Box::new(right)),
                None => left,
            });
        }
        keys = pairs;
    }
    keys.pop().unwrap_or(Key::Not(Box::new(Key::All)))
}

/// What the set names in this view, as ranges of UIDs: neighbours there have nothing between them that
/// the search could look at.
fn uids(view: &View, uid: bool, set: &SequenceSet) -> Option<Vec<(Uid, Uid)>> {
    let at = |place| Some(view.row(view.seq_at(place)?)?.uid);
    let ranges = places(view, uid, set)?.into_iter();
    let ranges =
        ranges.filter_map(|places| Some((at(places.start)?, at(places.end.checked_sub(1)?)?)));
    Some(ranges.filter(|(first, last)| first <= last).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{Snapshot, ViewRow},
        imap::wire::{Command, decode},
        mail::{Flags, ModSeq, UidValidity},
    };

    fn view(uids: &[u32]) -> View {
        View::new(Snapshot {
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: 99,
            highest_modseq: ModSeq(1),
            rows: uids
                .iter()
                .map(|uid| ViewRow {
                    uid: Uid::new(*uid).unwrap(),
                    flags: Flags::default(),
                    modseq: ModSeq(1),
                })
                .collect(),
        })
    }

    fn key(text: &str, on: &[u32]) -> Option<Key> {
        let line = format!("a SEARCH {text}");
        let Command::Search { key, .. } = decode(line.as_bytes()).unwrap().command else {
            panic!("{text}")
        };
        translate(key, &view(on))
    }

    fn named(ranges: &[(u32, u32)]) -> Option<Key> {
        let uid = |n| Uid::new(n).unwrap();
        let ranges = ranges.iter().map(|(a, b)| (uid(*a), uid(*b)));
        Some(Key::Uids(ranges.collect()))
    }

    #[test]
    fn sets_become_uids() {
        let uids = &[3, 5, 8];
        assert_eq!(key("2", uids), named(&[(5, 5)]));
        assert_eq!(key("2:*", uids), named(&[(5, 8)]));
        assert_eq!(key("*:1", uids), named(&[(3, 8)]));
        assert_eq!(key("3,1", uids), named(&[(3, 3), (8, 8)]));
        assert_eq!(key("4", uids), None);
        assert_eq!(key("2:4", uids), None);
        assert_eq!(key("UID 4:6", uids), named(&[(5, 5)]));
        assert_eq!(key("UID 100:*", uids), named(&[(8, 8)]));
        assert_eq!(key("UID 100", uids), named(&[]));
        assert_eq!(key("1:*", &[]), named(&[]));
        assert_eq!(key("*", &[]), named(&[]));
        assert_eq!(key("2", &[]), None);
    }

    #[test]
    fn chains_become_shallow_trees() {
        let chain = "OR FROM a ".repeat(999) + "FROM b";
        let mut depth = 0;
        let mut here = key(&chain, &[]).unwrap();
        while let Key::Or(left, _) = here {
            here = *left;
            depth += 1;
        }
        assert_eq!(depth, 10);
    }
}
