//! The own grammar against the codec's: whatever both take must mean the same.

use super::{
    Command, Item, codec, decode,
    search::Key,
    sequence::{Bound, SequenceSet},
};
use crate::{
    account::FlagChange,
    mail::{Flags, Keyword, SystemFlag},
    mime::{Part, Section},
};
use imap_codec::imap_types::{
    command::CommandBody,
    core::AString,
    extensions::binary::LiteralOrLiteral8,
    fetch::{
        Macro, MacroOrMessageDataItemNames as Names, MessageDataItemName as Name,
        Section as TheirSection,
    },
    flag::{Flag, StoreResponse, StoreType},
    search::SearchKey,
    sequence::{SeqOrUid, Sequence, SequenceSet as TheirSet},
};
use proptest::prelude::*;

fn text(string: &AString<'_>) -> String {
    String::from_utf8(codec::octets(string).unwrap().to_vec()).unwrap()
}

fn set(theirs: &TheirSet) -> SequenceSet {
    let bound = |b: &SeqOrUid| match b {
        SeqOrUid::Value(n) => Bound::Number(n.get()),
        SeqOrUid::Asterisk => Bound::Last,
    };
    let range = |s: &Sequence| match s {
        Sequence::Single(a) => (bound(a), bound(a)),
        Sequence::Range(a, b) => (bound(a), bound(b)),
    };
    SequenceSet(theirs.0.as_ref().iter().map(range).collect())
}

fn section(theirs: &TheirSection<'_>) -> Section {
    let path = |part: &imap_codec::imap_types::fetch::Part| {
        part.0.as_ref().iter().map(|n| n.get()).collect::<Vec<_>>()
    };
    let maybe = |part: &Option<_>| part.as_ref().map(path).unwrap_or_default();
    let fields = |names: &[AString<'_>], not| Part::Fields {
        names: names.iter().map(text).collect(),
        not,
    };
    let (path, part) = match theirs {
        TheirSection::Part(p) => (path(p), Part::All),
        TheirSection::Header(p) => (maybe(p), Part::Header),
        TheirSection::Text(p) => (maybe(p), Part::Text),
        TheirSection::Mime(p) => (path(p), Part::Mime),
        TheirSection::HeaderFields(p, names) => (maybe(p), fields(names.as_ref(), false)),
        TheirSection::HeaderFieldsNot(p, names) => (maybe(p), fields(names.as_ref(), true)),
    };
    Section { path, part }
}

fn item(theirs: &Name<'_>) -> Item {
    match theirs {
        Name::Body => Item::Body,
        Name::BodyStructure => Item::BodyStructure,
        Name::Envelope => Item::Envelope,
        Name::Flags => Item::Flags,
        Name::InternalDate => Item::InternalDate,
        Name::Rfc822 => Item::Rfc822,
        Name::Rfc822Header => Item::Rfc822Header,
        Name::Rfc822Size => Item::Size,
        Name::Rfc822Text => Item::Rfc822Text,
        Name::Uid => Item::Uid,
        Name::BodyExt {
            section: of,
            partial,
            peek,
        } => Item::Section {
            section: of.as_ref().map(section).unwrap_or_default(),
            peek: *peek,
            partial: partial.map(|(start, count)| (start, count.get())),
        },
        other => panic!("not in the generator: {other:?}"),
    }
}

fn flags(theirs: &[Flag<'_>]) -> Flags {
    let mut flags = Flags::default();
    for flag in theirs {
        let name = flag.to_string();
        match SystemFlag::from_wire(&name) {
            Some(flag) => flags.set(flag, true),
            None => flags.set_keyword(Keyword::new(&name).unwrap(), true),
        }
    }
    flags
}

fn items(theirs: &Names<'_>) -> Vec<Item> {
    let fast = vec![Item::Flags, Item::InternalDate, Item::Size];
    match theirs {
        Names::MessageDataItemNames(names) => names.iter().map(item).collect(),
        Names::Macro(Macro::Fast) => fast,
        Names::Macro(Macro::All) => [fast, vec![Item::Envelope]].concat(),
        Names::Macro(Macro::Full) => [fast, vec![Item::Envelope, Item::Body]].concat(),
        Names::Macro(other) => panic!("{other:?}"),
    }
}

fn key(theirs: &SearchKey<'_>) -> Key {
    let not = |key: Key| Key::Not(Box::new(key));
    let flag = Key::Flag;
    let field = |name: &str, value: &AString<'_>| Key::Header(name.to_owned(), text(value));
    let word = |name: &str| match SystemFlag::from_wire(name) {
        Some(flag) => Key::Flag(flag),
        None => Key::Keyword(Keyword::new(name).unwrap()),
    };
    match theirs {
        SearchKey::And(keys) => Key::And(keys.as_ref().iter().map(key).collect()),
        SearchKey::SequenceSet(s) => Key::Sequence(set(s)),
        SearchKey::Uid(s) => Key::Uid(set(s)),
        SearchKey::All => Key::All,
        SearchKey::Answered => flag(SystemFlag::Answered),
        SearchKey::Deleted => flag(SystemFlag::Deleted),
        SearchKey::Draft => flag(SystemFlag::Draft),
        SearchKey::Flagged => flag(SystemFlag::Flagged),
        SearchKey::Seen => flag(SystemFlag::Seen),
        SearchKey::Unanswered => not(flag(SystemFlag::Answered)),
        SearchKey::Undeleted => not(flag(SystemFlag::Deleted)),
        SearchKey::Undraft => not(flag(SystemFlag::Draft)),
        SearchKey::Unflagged => not(flag(SystemFlag::Flagged)),
        SearchKey::Unseen => not(flag(SystemFlag::Seen)),
        SearchKey::Recent => Key::Recent,
        SearchKey::Old => not(Key::Recent),
        SearchKey::New => Key::And(vec![Key::Recent, not(flag(SystemFlag::Seen))]),
        SearchKey::Bcc(t) => field("Bcc", t),
        SearchKey::Cc(t) => field("Cc", t),
        SearchKey::From(t) => field("From", t),
        SearchKey::Subject(t) => field("Subject", t),
        SearchKey::To(t) => field("To", t),
        SearchKey::Header(name, t) => Key::Header(text(name), text(t)),
        SearchKey::Body(t) => Key::Body(text(t)),
        SearchKey::Text(t) => Key::Text(text(t)),
        SearchKey::Keyword(name) => word(name.as_ref()),
        SearchKey::Unkeyword(name) => not(word(name.as_ref())),
        SearchKey::Before(d) => Key::Before(*d.as_ref()),
        SearchKey::On(d) => Key::On(*d.as_ref()),
        SearchKey::Since(d) => Key::Since(*d.as_ref()),
        SearchKey::SentBefore(d) => Key::SentBefore(*d.as_ref()),
        SearchKey::SentOn(d) => Key::SentOn(*d.as_ref()),
        SearchKey::SentSince(d) => Key::SentSince(*d.as_ref()),
        SearchKey::Larger(n) => Key::Larger(*n),
        SearchKey::Smaller(n) => Key::Smaller(*n),
        SearchKey::Not(inner) => not(key(inner)),
        SearchKey::Or(a, b) => Key::Or(vec![key(a), key(b)]),
        other => panic!("not in the generator: {other:?}"),
    }
}

/// The same key without the differences of form: one in parentheses, chains of OR and AND.
fn simple(key: Key) -> Key {
    let flat = |keys: Vec<Key>, or: bool| {
        let mut out = Vec::new();
        for key in keys.into_iter().map(simple) {
            match (key, or) {
                (Key::Or(inner), true) | (Key::And(inner), false) => out.extend(inner),
                (key, _) => out.push(key),
            }
        }
        out
    };
    match key {
        Key::Or(keys) => Key::Or(flat(keys, true)),
        Key::Not(key) => Key::Not(Box::new(simple(*key))),
        Key::And(keys) => {
            let mut keys = flat(keys, false);
            if keys.len() == 1 {
                keys.remove(0)
            } else {
                Key::And(keys)
            }
        }
        key => key,
    }
}

/// Whether the codec takes the command too; panics where it means another thing.
fn agrees(command: &str) -> bool {
    let ours = decode(command.as_bytes());
    let compared = codec::with_decoded(command.as_bytes(), |theirs| {
        let ours = ours.unwrap_or_else(|e| panic!("{command}: only the codec takes it: {e:?}"));
        assert_eq!(ours.tag, theirs.tag.as_ref(), "{command}");
        match (ours.command, theirs.body) {
            (
                Command::Fetch {
                    uid,
                    set: s,
                    items: i,
                },
                CommandBody::Fetch {
                    sequence_set,
                    macro_or_item_names,
                    uid: their_uid,
                    ..
                },
            ) => {
                assert_eq!((uid, s), (their_uid, set(&sequence_set)), "{command}");
                assert_eq!(i, items(&macro_or_item_names), "{command}");
            }
            (
                Command::Search { uid, key: k },
                CommandBody::Search {
                    criteria,
                    uid: their_uid,
                    ..
                },
            ) => {
                let theirs = Key::And(criteria.as_ref().iter().map(key).collect());
                assert_eq!((uid, simple(k)), (their_uid, simple(theirs)), "{command}");
            }
            (
                Command::Status(name, ours),
                CommandBody::Status {
                    mailbox,
                    item_names,
                },
            ) => {
                assert_eq!(name, codec::name(&mailbox), "{command}");
                assert_eq!(ours.len(), item_names.len(), "{command}");
            }
            (
                Command::Store {
                    uid,
                    set: s,
                    change,
                    flags: f,
                    silent,
                },
                CommandBody::Store {
                    sequence_set,
                    kind,
                    response,
                    flags: theirs,
                    uid: their_uid,
                    ..
                },
            ) => {
                assert_eq!((uid, s), (their_uid, set(&sequence_set)), "{command}");
                let kind = match kind {
                    StoreType::Replace => FlagChange::Set,
                    StoreType::Add => FlagChange::Add,
                    StoreType::Remove => FlagChange::Remove,
                };
                assert_eq!((change, f), (kind, flags(&theirs)), "{command}");
                assert_eq!(silent, response == StoreResponse::Silent, "{command}");
            }
            (
                Command::Copy { uid, set: s, to },
                CommandBody::Copy {
                    sequence_set,
                    mailbox,
                    uid: their_uid,
                },
            )
            | (
                Command::Move { uid, set: s, to },
                CommandBody::Move {
                    sequence_set,
                    mailbox,
                    uid: their_uid,
                },
            ) => {
                assert_eq!((uid, s), (their_uid, set(&sequence_set)), "{command}");
                assert_eq!(to, codec::name(&mailbox), "{command}");
            }
            (Command::Expunge(None), CommandBody::Expunge) => {}
            (
                Command::Append(ours),
                CommandBody::Append {
                    mailbox,
                    flags: theirs,
                    date,
                    message,
                },
            ) => {
                assert_eq!(ours.to, codec::name(&mailbox), "{command}");
                assert_eq!(ours.flags, flags(&theirs), "{command}");
                let date = date.map(|d| d.as_ref().timestamp());
                assert_eq!(ours.date, date, "{command}");
                let octets = match &message {
                    LiteralOrLiteral8::Literal(literal) => literal.as_ref(),
                    other => panic!("{command}: {other:?}"),
                };
                assert_eq!(&command.as_bytes()[ours.message], octets, "{command}");
            }
            (Command::Create(name), CommandBody::Create { mailbox })
            | (Command::Delete(name), CommandBody::Delete { mailbox }) => {
                assert_eq!(name, codec::name(&mailbox), "{command}");
            }
            (Command::Rename(a, b), CommandBody::Rename { from, to }) => {
                assert_eq!((a, b), (codec::name(&from), codec::name(&to)), "{command}");
            }
            (Command::List(p), CommandBody::List { reference, .. })
            | (Command::Lsub(p), CommandBody::Lsub { reference, .. }) => {
                assert_eq!(
                    p.reference.is_empty(),
                    codec::name(&reference).is_none_or(|n| n.as_str().is_empty())
                );
            }
            (ours, theirs) => panic!("{command}: {ours:?} is not {theirs:?}"),
        }
    });
    compared.is_ok()
}

#[test]
fn the_codec_takes_these_too() {
    for command in [
        "a FETCH 1 FULL",
        "a UID FETCH 1:*,7 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)",
        "a FETCH 2 (RFC822 RFC822.HEADER RFC822.TEXT BODY[] BODY.PEEK[1.2]<0.5>)",
        "a FETCH 2 (BODY[HEADER.FIELDS (From \"X Y\")] BODY[3.HEADER.FIELDS.NOT (a)] BODY[4.MIME] BODY[TEXT])",
        "a SEARCH 1:5 UID 3 SUBJECT \"a b\" OR SEEN (DELETED NOT DRAFT)",
        "a UID SEARCH CHARSET UTF-8 FROM {2}\r\nab SINCE 1-Feb-2024 UNKEYWORD Rot",
        "a STATUS \"a b\" (MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT)",
        "a STORE 1:*,7 FLAGS (\\Seen $Forwarded Rot)",
        "a UID STORE 3 +FLAGS.SILENT (\\Deleted \\Draft)",
        "a STORE 3 -FLAGS \\Answered \\Flagged",
        "a STORE 3 FLAGS ()",
        "a COPY 1:3 \"a b\"",
        "a UID MOVE 5,* {5}\r\nInbox",
        "a EXPUNGE",
        "a APPEND inbox {3}\r\nabc",
        "a APPEND {1}\r\nx (\\Seen Rot) \" 2-Feb-2024 03:04:05 -0930\" {3+}\r\nabc",
        "a CREATE \"a/b\"",
        "a DELETE &AOQ-",
        "a RENAME a {1}\r\nb",
        "a LIST \"\" %",
        "a LSUB \"\" \"*\"",
    ] {
        assert!(agrees(command), "{command}");
    }
}

/// What imaplib and others send and the codec refuses: chains of OR.
#[test]
fn the_own_grammar_goes_further() {
    let chain = format!("a SEARCH {}ALL", "OR FROM x ".repeat(20));
    assert!(decode(chain.as_bytes()).is_ok());
}

fn set_text() -> impl Strategy<Value = String> {
    let bound = prop_oneof![(1..99u32).prop_map(|n| n.to_string()), Just("*".to_owned())];
    let range = (bound.clone(), proptest::option::of(bound))
        .prop_map(|(a, b)| b.map_or(a.clone(), |b| format!("{a}:{b}")));
    proptest::collection::vec(range, 1..4).prop_map(|ranges| ranges.join(","))
}

fn search_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        set_text(),
        set_text().prop_map(|s| format!("UID {s}")),
        proptest::sample::select(vec![
            "ALL",
            "ANSWERED",
            "deleted",
            "DRAFT",
            "FLAGGED",
            "SEEN",
            "UNANSWERED",
            "UNDELETED",
            "UNDRAFT",
            "UNFLAGGED",
            "Unseen",
            "RECENT",
            "OLD",
            "NEW",
            "LARGER 5",
            "SMALLER 0",
            "BEFORE 1-Jan-2020",
            "ON \"2-Feb-2021\"",
            "SINCE 03-Mar-2022",
            "SENTBEFORE 1-Apr-1999",
            "SENTON 9-May-2000",
            "SENTSINCE 31-Dec-1980",
            "KEYWORD Rot",
            "UNKEYWORD $MDNSent",
            "BCC a",
            "CC \"b c\"",
            "FROM {1}\r\nx",
            "SUBJECT \"\"",
            "TO \"q\\\"\"",
            "BODY x",
            "TEXT y",
            "HEADER X-A \"\"",
            "HEADER \"From\" a]b",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|k| format!("NOT {k}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("OR {a} {b}")),
            proptest::collection::vec(inner, 1..4).prop_map(|keys| format!("({})", keys.join(" "))),
        ]
    })
}

proptest! {
    #[test]
    fn store_means_the_same(
        set in set_text(),
        item in proptest::sample::select(vec!["FLAGS", "+flags", "-FLAGS", "FLAGS.SILENT", "+FLAGS.SILENT"]),
        flags in proptest::collection::vec(proptest::sample::select(vec![
            "\\Seen", "\\deleted", "\\Flagged", "\\Draft", "$Forwarded", "Rot", "=C3=9C", "[x", "~", "",
        ]), 0..4),
        bare in any::<bool>(),
        uid in any::<bool>(),
    ) {
        let verb = if uid { "UID STORE" } else { "STORE" };
        let flags = flags.join(" ");
        let flags = if bare { flags } else { format!("({flags})") };
        agrees(&format!("a {verb} {set} {item} {flags}"));
    }

    #[test]
    fn search_means_the_same(keys in proptest::collection::vec(search_text(), 1..4), uid in any::<bool>()) {
        let verb = if uid { "UID SEARCH" } else { "SEARCH" };
        agrees(&format!("a {verb} {}", keys.join(" ")));
    }

    #[test]
    fn fetch_means_the_same(
        set in set_text(),
        path in proptest::collection::vec(1..9u32, 0..4),
        part in proptest::sample::select(vec!["", "HEADER", "TEXT", "MIME", "HEADER.FIELDS (A b)", "HEADER.FIELDS.NOT (\"c\")"]),
        partial in proptest::option::of((any::<u32>(), 1..u32::MAX)),
        peek in any::<bool>(),
    ) {
        let path = path.iter().map(u32::to_string).collect::<Vec<_>>();
        let section = [path.join("."), part.to_owned()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(".");
        let partial = partial.map_or(String::new(), |(a, b)| format!("<{a}.{b}>"));
        let body = if peek { "BODY.PEEK" } else { "BODY" };
        agrees(&format!("a FETCH {set} {body}[{section}]{partial}"));
    }
}
