//! What SEARCH asks for (RFC 3501 section 6.4.4): every key, nested as clients really nest them.
//!
//! A chain `OR a OR b OR c d` is one flat key, since clients send hundreds of names that way; NOT and
//! parentheses may nest [`DEPTH`] deep, so that no command can exhaust the stack.

use super::{
    Fault,
    encode::month_number,
    sequence::{SequenceSet, sequence_set, starts_set},
    token::{Cursor, Read},
};
use crate::mail::{Keyword, SystemFlag};
use chrono::NaiveDate;

/// Far more than any client's form can make.
const DEPTH: usize = 50;

/// Some programs send a name for each member of a list, hundreds of them. Each key is looked at for
/// each message, so their number is bounded.
const KEYS: usize = 4_000;

/// Text is Unicode here, whatever the charset on the wire was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    All,
    Sequence(SequenceSet),
    Uid(SequenceSet),
    Flag(SystemFlag),
    Keyword(Keyword),
    Recent,
    Before(NaiveDate),
    On(NaiveDate),
    Since(NaiveDate),
    SentBefore(NaiveDate),
    SentOn(NaiveDate),
    SentSince(NaiveDate),
    Larger(u32),
    Smaller(u32),
    Header(String, String),
    Body(String),
    Text(String),
    Not(Box<Key>),
    Or(Vec<Key>),
    And(Vec<Key>),
}

impl Key {
    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// How many keys, those inside included.
    fn count(&self) -> usize {
        match self {
            Self::Not(key) => 1 + key.count(),
            Self::Or(keys) | Self::And(keys) => 1 + keys.iter().map(Self::count).sum::<usize>(),
            _ => 1,
        }
    }
}

/// `[CHARSET name SP] key *(SP key)`, after the space.
pub(super) fn arguments(cursor: &mut Cursor<'_>) -> Read<Key> {
    if cursor.take_word("CHARSET ") {
        let charset = cursor.astring()?;
        let known = ["UTF-8", "US-ASCII"];
        if !known
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known.as_bytes()))
        {
            return Err(Fault::Charset);
        }
        cursor.space()?;
    }
    let key = all_of(cursor, 0)?;
    cursor.end()?;
    if key.count() > KEYS {
        return Err(Fault::Keys);
    }
    Ok(key)
}

fn all_of(cursor: &mut Cursor<'_>, depth: usize) -> Read<Key> {
    let first = key(cursor, depth)?;
    if cursor.peek() != Some(b' ') {
        return Ok(first);
    }
    let mut keys = vec![first];
    while cursor.take(b' ') {
        keys.push(key(cursor, depth)?);
    }
    Ok(Key::And(keys))
}

fn key(cursor: &mut Cursor<'_>, depth: usize) -> Read<Key> {
    if depth > DEPTH {
        return Err(Fault::Depth);
    }
    if cursor.take(b'(') {
        let inner = all_of(cursor, depth + 1)?;
        cursor.expect(b')')?;
        return Ok(inner);
    }
    if starts_set(cursor)? {
        return sequence_set(cursor).map(Key::Sequence);
    }
    let word = cursor.keyword()?;
    if let Some(key) = bare(&word) {
        return Ok(key);
    }
    cursor.space()?;
    match word.as_str() {
        "NOT" => key(cursor, depth + 1).map(Key::not),
        "OR" => either(cursor, depth),
        "UID" => sequence_set(cursor).map(Key::Uid),
        _ => with_argument(cursor, &word),
    }
}

/// Keys without an argument.
fn bare(word: &str) -> Option<Key> {
    let flag = |flag| Some(Key::Flag(flag));
    let not = |flag| Some(Key::Flag(flag).not());
    match word {
        "ALL" => Some(Key::All),
        "ANSWERED" => flag(SystemFlag::Answered),
        "DELETED" => flag(SystemFlag::Deleted),
        "DRAFT" => flag(SystemFlag::Draft),
        "FLAGGED" => flag(SystemFlag::Flagged),
        "SEEN" => flag(SystemFlag::Seen),
        "UNANSWERED" => not(SystemFlag::Answered),
        "UNDELETED" => not(SystemFlag::Deleted),
        "UNDRAFT" => not(SystemFlag::Draft),
        "UNFLAGGED" => not(SystemFlag::Flagged),
        "UNSEEN" => not(SystemFlag::Seen),
        "RECENT" => Some(Key::Recent),
        "OLD" => Some(Key::Recent.not()),
        "NEW" => Some(Key::And(vec![
            Key::Recent,
            Key::Flag(SystemFlag::Seen).not(),
        ])),
        _ => None,
    }
}

/// The arguments of OR, a chain in its second one flattened.
fn either(cursor: &mut Cursor<'_>, depth: usize) -> Read<Key> {
    let mut keys = vec![key(cursor, depth + 1)?];
    cursor.space()?;
    while cursor.take_word("OR ") {
        keys.push(key(cursor, depth + 1)?);
        cursor.space()?;
    }
    keys.push(key(cursor, depth + 1)?);
    Ok(Key::Or(keys))
}

fn with_argument(cursor: &mut Cursor<'_>, word: &str) -> Read<Key> {
    let field = |name: &str, text| Key::Header(name.to_owned(), text);
    Ok(match word {
        "BCC" => field("Bcc", text(cursor)?),
        "CC" => field("Cc", text(cursor)?),
        "FROM" => field("From", text(cursor)?),
        "SUBJECT" => field("Subject", text(cursor)?),
        "TO" => field("To", text(cursor)?),
        "HEADER" => {
            let name = text(cursor)?;
            cursor.space()?;
            Key::Header(name, text(cursor)?)
        }
        "BODY" => Key::Body(text(cursor)?),
        "TEXT" => Key::Text(text(cursor)?),
        "KEYWORD" => keyword(cursor)?,
        "UNKEYWORD" => keyword(cursor)?.not(),
        "LARGER" => Key::Larger(cursor.number()?),
        "SMALLER" => Key::Smaller(cursor.number()?),
        "BEFORE" => Key::Before(date(cursor)?),
        "ON" => Key::On(date(cursor)?),
        "SINCE" => Key::Since(date(cursor)?),
        "SENTBEFORE" => Key::SentBefore(date(cursor)?),
        "SENTON" => Key::SentOn(date(cursor)?),
        "SENTSINCE" => Key::SentSince(date(cursor)?),
        _ => return Err(Fault::Syntax),
    })
}

/// UTF-8 also where no charset, or US-ASCII, was said: clients do send it, and it can't be mistaken.
fn text(cursor: &mut Cursor<'_>) -> Read<String> {
    String::from_utf8(cursor.astring()?).map_err(|_| Fault::Syntax)
}

/// `$Forwarded` is a keyword on the wire and a flag of ours; what can't be a keyword here is on no
/// message.
fn keyword(cursor: &mut Cursor<'_>) -> Read<Key> {
    let name = cursor.atom()?;
    Ok(match SystemFlag::from_wire(name) {
        Some(flag) => Key::Flag(flag),
        None => Keyword::new(name).map_or_else(|| Key::All.not(), Key::Keyword),
    })
}

/// `1-Feb-2024`, quoted or not.
fn date(cursor: &mut Cursor<'_>) -> Read<NaiveDate> {
    let quoted = cursor.take(b'"');
    let day = cursor.number()?;
    cursor.expect(b'-')?;
    let month = cursor.run(|b| b.is_ascii_alphabetic());
    let month = month_number(month).ok_or(Fault::Syntax)?;
    cursor.expect(b'-')?;
    let year = i32::try_from(cursor.number()?).map_err(|_| Fault::Syntax)?;
    if quoted {
        cursor.expect(b'"')?;
    }
    if !(1..=9999).contains(&year) {
        return Err(Fault::Syntax);
    }
    NaiveDate::from_ymd_opt(year, month, day).ok_or(Fault::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Read<Key> {
        arguments(&mut Cursor::new(text.as_bytes()))
    }

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn keys_with_and_without_arguments() {
        assert_eq!(read("ALL"), Ok(Key::All));
        assert_eq!(
            read("unseen"),
            Ok(Key::Not(Box::new(Key::Flag(SystemFlag::Seen))))
        );
        assert_eq!(
            read("HEADER X-A \"\""),
            Ok(Key::Header("X-A".into(), String::new()))
        );
        assert_eq!(
            read("SUBJECT {6}\r\nGr\u{fc}\u{df}"),
            Ok(Key::Header("Subject".into(), "Grüß".into()))
        );
        assert_eq!(read("SINCE 1-Feb-2024"), Ok(Key::Since(day(2024, 2, 1))));
        assert_eq!(read("ON \"29-feb-2024\""), Ok(Key::On(day(2024, 2, 29))));
        assert_eq!(
            read("KEYWORD $forwarded"),
            Ok(Key::Flag(SystemFlag::Forwarded))
        );
        assert_eq!(
            read("CHARSET utf-8 TEXT \"ü\" 1:3"),
            Ok(Key::And(vec![Key::Text("ü".into()), read("1:3").unwrap()]))
        );
        for bad in [
            "",
            "NONSENSE",
            "SUBJECT",
            "OR ALL",
            "NOT",
            "ON 30-Feb-2024",
            "ON 1-Foo-2024",
            "LARGER x",
            "(ALL",
            "ALL)",
            "ALL  ALL",
            "()",
            "UID",
            "HEADER X",
        ] {
            assert_eq!(read(bad), Err(Fault::Syntax), "{bad}");
        }
        assert_eq!(
            arguments(&mut Cursor::new(b"TEXT \"\xFC\"")),
            Err(Fault::Syntax)
        );
    }

    #[test]
    fn charsets() {
        assert_eq!(read("CHARSET US-ASCII ALL"), Ok(Key::All));
        assert_eq!(read("CHARSET KOI8-R ALL"), Err(Fault::Charset));
    }

    #[test]
    fn long_or_chains_are_flat_and_deep_nests_are_refused() {
        let chain = "OR FROM a ".repeat(2_000) + "FROM b";
        let Ok(Key::Or(keys)) = read(&chain) else {
            panic!("not one flat OR")
        };
        assert_eq!(keys.len(), 2_001);
        assert_eq!(
            read("OR (OR SEEN DRAFT) NOT (ALL DELETED)"),
            Ok(Key::Or(vec![
                Key::Or(vec![
                    Key::Flag(SystemFlag::Seen),
                    Key::Flag(SystemFlag::Draft)
                ]),
                Key::And(vec![Key::All, Key::Flag(SystemFlag::Deleted)]).not(),
            ]))
        );
        for (open, close) in [("(", ")"), ("NOT ", ""), ("OR OR ", " ALL ALL")] {
            let deep = open.repeat(100_000) + "ALL" + &close.repeat(100_000);
            assert_eq!(read(&deep), Err(Fault::Depth), "{open}");
        }
        assert!(read(&vec!["1:*"; KEYS - 1].join(" ")).is_ok());
        let many = vec!["1:*"; KEYS + 1].join(" ");
        assert_eq!(read(&many), Err(Fault::Keys));
        let nested = "(NOT ".repeat(20) + "ALL" + &")".repeat(20);
        assert!(read(&nested).is_ok());
    }
}
