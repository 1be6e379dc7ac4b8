//! SEARCH over what the store and the MIME here tell: exact, never Graph's word index.
//!
//! A key is decided with as little as possible: UID and flags, then the row, then the header as
//! served, then the whole MIME. AND and OR end as soon as one side decides. INTERNALDATE is UTC (Graph
//! tells it so), and so are the days of BEFORE, ON and SINCE; SENTBEFORE and friends use the day as
//! written in the Date field (RFC 3501 section 6.4.4: disregarding time and timezone).

use super::{Account, Error, FolderKey, MessageRow, Result, Served, body};
use crate::{
    mail::{ErrorClass, Flags, Keyword, SystemFlag, Uid},
    mime::text,
};
use chrono::{DateTime, NaiveDate};
use std::{collections::HashMap, sync::Arc};

/// Dates and sizes read at a time: small, and no thread is held for long.
const BRIEFS: usize = 2_000;
/// Rows with all that is known of them, looked at at a time: bounds the memory of a search over any
/// number of messages.
const PORTION: usize = 100;

/// A search key (RFC 3501 section 6.4.4), sequence sets already turned into UIDs, text in Unicode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    All,
    /// Ranges of UIDs, first and last, ascending and apart: as many as the client wrote, whatever the
    /// mailbox holds.
    Uids(Vec<(Uid, Uid)>),
    Flag(SystemFlag),
    Keyword(Keyword),
    Before(NaiveDate),
    On(NaiveDate),
    Since(NaiveDate),
    SentBefore(NaiveDate),
    SentOn(NaiveDate),
    SentSince(NaiveDate),
    Larger(u64),
    Smaller(u64),
    /// BCC, CC, FROM, SUBJECT, TO too: a field name and a text; empty text: the field is there.
    Header(String, String),
    Body(String),
    Text(String),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    And(Vec<Key>),
}

/// What a key needs to be decided; cheaper ones are evaluated first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// UID and flags.
    View,
    /// The message's row (INTERNALDATE).
    Row,
    /// Size and header block as served.
    Header,
    /// The MIME.
    Body,
}

impl Key {
    /// The most that deciding the key may need.
    pub fn need(&self) -> Need {
        match self {
            Self::All | Self::Uids(_) | Self::Flag(_) | Self::Keyword(_) => Need::View,
            Self::Before(_) | Self::On(_) | Self::Since(_) => Need::Row,
            Self::SentBefore(_)
            | Self::SentOn(_)
            | Self::SentSince(_)
            | Self::Larger(_)
            | Self::Smaller(_)
            | Self::Header(..) => Need::Header,
            Self::Body(_) | Self::Text(_) => Need::Body,
            Self::Not(key) => key.need(),
            Self::Or(a, b) => a.need().max(b.need()),
            Self::And(keys) => keys.iter().map(Self::need).max().unwrap_or(Need::View),
        }
    }

    /// Decides with UID and flags alone; `None` when more is needed.
    pub fn matches_view(&self, uid: Uid, flags: &Flags) -> Option<bool> {
        self.decide(&Facts {
            uid,
            flags,
            internal_date: None,
            size: None,
            served: None,
            body: None,
        })
    }

    /// Decides with what is at hand; `None` when more is needed.
    fn decide(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Uids(ranges) => {
                let before = ranges.partition_point(|(_, last)| *last < facts.uid);
                Some(
                    ranges
                        .get(before)
                        .is_some_and(|(first, _)| *first <= facts.uid),
                )
            }
            Self::Flag(flag) => Some(facts.flags.has(*flag)),
            Self::Keyword(keyword) => Some(facts.flags.has_keyword(keyword)),
            Self::Before(day) => facts.day().map(|d| d < *day),
            Self::On(day) => facts.day().map(|d| d == *day),
            Self::Since(day) => facts.day().map(|d| d >= *day),
            Self::SentBefore(day) => facts.sent(|d| d < *day),
            Self::SentOn(day) => facts.sent(|d| d == *day),
            Self::SentSince(day) => facts.sent(|d| d >= *day),
            Self::Larger(size) => facts.size.map(|octets| octets > *size),
            Self::Smaller(size) => facts.size.map(|octets| octets < *size),
            Self::Header(name, wanted) => facts.served.map(|s| header_has(&s.header, name, wanted)),
            Self::Body(wanted) => facts.body.map(|body| text::contains(body, wanted)),
            Self::Text(wanted) => facts.text_has(wanted),
            Self::Not(key) => key.decide(facts).map(|matches| !matches),
            Self::Or(a, b) => any([a.as_ref(), b.as_ref()].into_iter(), facts),
            Self::And(keys) => all(keys.iter(), facts),
        }
    }
}

/// Undecided sides do not matter when another decides.
fn any<'a>(keys: impl Iterator<Item = &'a Key>, facts: &Facts<'_>) -> Option<bool> {
    let mut open = false;
    for key in keys {
        match key.decide(facts) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => open = true,
        }
    }
    (!open).then_some(false)
}

fn all<'a>(keys: impl Iterator<Item = &'a Key>, facts: &Facts<'_>) -> Option<bool> {
    let mut open = false;
    for key in keys {
        match key.decide(facts) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}

/// What is at hand of a message.
struct Facts<'a> {
    uid: Uid,
    flags: &'a Flags,
    internal_date: Option<i64>,
    size: Option<u64>,
    served: Option<&'a Served>,
    /// Decoded text of the parts.
    body: Option<&'a str>,
}

impl Facts<'_> {
    fn day(&self) -> Option<NaiveDate> {
        let seconds = self.internal_date?;
        // A time beyond the calendar is on no day that can be asked for.
        Some(DateTime::from_timestamp(seconds, 0).map_or(NaiveDate::MAX, |t| t.date_naive()))
    }

    /// A message without a Date matches no SENT key.
    fn sent(&self, matches: impl FnOnce(NaiveDate) -> bool) -> Option<bool> {
        let served = self.served?;
        let sent = text::sent_date(&served.header);
        Some(sent.is_some_and(|sent| matches(sent.date_naive())))
    }

    fn text_has(&self, wanted: &str) -> Option<bool> {
        let header = self
            .served
            .map(|served| any_field_has(&served.header, wanted));
        let body = self.body.map(|body| text::contains(body, wanted));
        match (header, body) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }
}

fn header_has(header: &[u8], name: &str, wanted: &str) -> bool {
    text::decoded_fields(header, name)
        .iter()
        .any(|value| text::contains(value, wanted))
}

/// The header as written, and each field decoded: what a person sees is found, and what a program wrote.
fn any_field_has(header: &[u8], wanted: &str) -> bool {
    text::contains(&String::from_utf8_lossy(header), wanted)
        || field_names(header)
            .iter()
            .any(|name| header_has(header, name, wanted))
}

fn field_names(header: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = header
        .split(|&octet| octet == b'\n')
        .filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t"))
        .filter_map(|line| line.split(|&octet| octet == b':').next())
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// UIDs of `uids` that match, ascending.
pub(super) async fn run(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    key: &Key,
) -> Result<Vec<Uid>> {
    let key = Arc::new(sorted(key.clone()));
    let (mut found, open) = by_briefs(account, folder, uids, &key).await?;
    for portion in open.chunks(PORTION) {
        let rows = account.messages(folder, portion).await?;
        found.extend(portion_matches(account, rows, &key).await?);
        tokio::task::yield_now().await;
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Decides with flags, dates and known sizes; the UIDs that match, and those still open.
async fn by_briefs(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    key: &Key,
) -> Result<(Vec<Uid>, Vec<Uid>)> {
    let store = &account.inner.store;
    let snapshot = store.snapshot(folder).await?;
    let flags: HashMap<Uid, Flags> = (snapshot.rows.into_iter())
        .map(|row| (row.uid, row.flags))
        .collect();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for portion in uids.chunks(BRIEFS) {
        for brief in store.briefs(folder, portion.to_vec()).await? {
            let Some(flags) = flags.get(&brief.uid) else {
                continue;
            };
            let facts = Facts {
                uid: brief.uid,
                flags,
                internal_date: Some(brief.internal_date),
                size: brief.size,
                served: None,
                body: None,
            };
            match key.decide(&facts) {
                Some(true) => found.push(brief.uid),
                Some(false) => {}
                None => open.push(brief.uid),
            }
        }
        tokio::task::yield_now().await;
    }
    Ok((found, open))
}

/// Cheap keys before dear ones.
fn sorted(key: Key) -> Key {
    match key {
        Key::And(mut keys) => {
            keys.sort_by_key(Key::need);
            Key::And(keys.into_iter().map(sorted).collect())
        }
        Key::Or(a, b) if b.need() < a.need() => Key::Or(Box::new(sorted(*b)), Box::new(sorted(*a))),
        Key::Or(a, b) => Key::Or(Box::new(sorted(*a)), Box::new(sorted(*b))),
        Key::Not(key) => Key::Not(Box::new(sorted(*key))),
        other => other,
    }
}

async fn portion_matches(
    account: &Account,
    rows: Vec<MessageRow>,
    key: &Arc<Key>,
) -> Result<Vec<Uid>> {
    let mut found = Vec::new();
    let served = account.served(&rows).await;
    for (row, served) in rows.into_iter().zip(served) {
        let matches = match served {
            Ok(served) => with_header(account, &row, served, key).await,
            Err(error) => Err(error),
        };
        match matches {
            Ok(true) => found.push(row.uid),
            Ok(false) => {}
            // A message that cannot be read now must not seem not to match; one that never can be does not.
            Err(error) if unreadable(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn unreadable(error: &Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::NotFound | ErrorClass::Permanent | ErrorClass::Client
    )
}

fn facts<'a>(row: &'a MessageRow, served: Option<&'a Served>, body: Option<&'a str>) -> Facts<'a> {
    Facts {
        uid: row.uid,
        flags: &row.flags,
        internal_date: Some(row.internal_date),
        size: served.map(|served| served.size),
        served,
        body,
    }
}

async fn with_header(
    account: &Account,
    row: &MessageRow,
    served: Served,
    key: &Arc<Key>,
) -> Result<bool> {
    if let Some(matches) = key.decide(&facts(row, Some(&served), None)) {
        return Ok(matches);
    }
    let octets = account.octets(row, 0..u64::MAX).await?;
    let (row, key) = (row.clone(), Arc::clone(key));
    // Decoding charsets and comparing takes its time.
    let matches = tokio::task::spawn_blocking(move || -> Result<bool> {
        let structure = body::structure(&served)?;
        let body = text::body_text(&octets, &structure);
        let facts = facts(&row, Some(&served), Some(&body));
        Ok(key.decide(&facts).unwrap_or(false))
    });
    matches.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u32) -> Uid {
        Uid::new(n).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_view_decides_what_it_can() {
        let seen = Flags::default().with(SystemFlag::Seen);
        let view = |key: Key| key.matches_view(uid(5), &seen);
        let body = || Box::new(Key::Body("x".into()));
        let flag = |flag| Box::new(Key::Flag(flag));
        assert_eq!(view(Key::All), Some(true));
        let ranges = |ranges: &[(u32, u32)]| {
            let ranges = ranges.iter().map(|(a, b)| (uid(*a), uid(*b)));
            view(Key::Uids(ranges.collect()))
        };
        assert_eq!(ranges(&[(4, 4), (6, 9)]), Some(false));
        assert_eq!(ranges(&[(1, 2), (4, 6), (8, 9)]), Some(true));
        assert_eq!(ranges(&[(5, 5)]), Some(true));
        assert_eq!(ranges(&[(1, 4)]), Some(false));
        assert_eq!(ranges(&[]), Some(false));
        assert_eq!(view(Key::Flag(SystemFlag::Seen)), Some(true));
        assert_eq!(view(Key::Before(day("2026-01-01"))), None);
        assert_eq!(view(Key::Or(body(), flag(SystemFlag::Seen))), Some(true));
        assert_eq!(view(Key::Or(body(), flag(SystemFlag::Draft))), None);
        assert_eq!(
            view(Key::And(vec![*body(), Key::Flag(SystemFlag::Draft)])),
            Some(false)
        );
        assert_eq!(view(Key::And(vec![*body(), Key::All])), None);
        assert_eq!(view(Key::Not(flag(SystemFlag::Draft))), Some(true));
        assert_eq!(view(Key::Not(body())), None);
        assert_eq!(view(Key::And(vec![])), Some(true));
    }

    #[test]
    fn needs_and_order() {
        assert_eq!(
            Key::And(vec![Key::All, Key::On(day("2026-01-01"))]).need(),
            Need::Row
        );
        assert_eq!(Key::Not(Box::new(Key::Text("x".into()))).need(), Need::Body);
        let key = Key::And(vec![Key::Body("x".into()), Key::Larger(5), Key::All]);
        let Key::And(keys) = sorted(key) else {
            panic!()
        };
        assert_eq!(keys.first(), Some(&Key::All));
        assert_eq!(keys.last(), Some(&Key::Body("x".into())));
    }

    #[test]
    fn days_are_utc() {
        let flags = Flags::default();
        let facts = Facts {
            uid: uid(1),
            flags: &flags,
            // 2026-03-01 23:59:59 UTC
            internal_date: Some(1_772_409_599),
            size: None,
            served: None,
            body: None,
        };
        let decide = |key: Key| key.decide(&facts);
        assert_eq!(decide(Key::On(day("2026-03-01"))), Some(true));
        assert_eq!(decide(Key::Before(day("2026-03-01"))), Some(false));
        assert_eq!(decide(Key::Before(day("2026-03-02"))), Some(true));
        assert_eq!(decide(Key::Since(day("2026-03-01"))), Some(true));
        assert_eq!(decide(Key::Since(day("2026-03-02"))), Some(false));
    }

    #[test]
    fn header_and_text_keys() {
        let octets = b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nTo:\r\n\
            Date: Sun, 1 Mar 2026 23:30:00 -0500\r\nX-Tag: deep: blue\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n";
        let (served, _) = crate::account::render::facts(octets).unwrap();
        let flags = Flags::default();
        let mut facts = Facts {
            uid: uid(1),
            flags: &flags,
            internal_date: Some(0),
            size: Some(served.size),
            served: Some(&served),
            body: None,
        };
        let header = |name: &str, text: &str| Key::Header(name.into(), text.into());
        for (key, want) in [
            (header("from", "JÜRGEN"), true),
            (header("from", "hans"), false),
            (header("x-tag", ""), true),
            (header("to", ""), true),
            (header("cc", ""), false),
            (Key::SentOn(day("2026-03-01")), true),
            (Key::SentSince(day("2026-03-02")), false),
            (Key::Larger(10), true),
            (Key::Larger(octets.len() as u64), false),
            (Key::Smaller(octets.len() as u64 + 1), true),
            (Key::Text("jürgen".into()), true),
            (Key::Text("=c3=bcr".into()), true),
        ] {
            assert_eq!(key.decide(&facts), Some(want), "{key:?}");
        }
        assert_eq!(Key::Text("grüsse".into()).decide(&facts), None);
        facts.body = Some("Grüße");
        assert_eq!(Key::Text("grüße".into()).decide(&facts), Some(true));
        assert_eq!(Key::Body("jürgen".into()).decide(&facts), Some(false));
    }
}
