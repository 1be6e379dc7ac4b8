//! One framed command to a [`Request`].

use super::{
    Command, Fault, Malformed, Pattern, Request, StatusItem, append, change, codec, fetch, search,
    sequence::sequence_set,
    token::{Cursor, Read},
    utf7,
};
use crate::{imap::flow::is_tag, mail::MailboxName};

/// Decodes a command as [`Flow`](crate::imap::flow::Flow) framed it.
pub fn decode(command: &[u8]) -> Result<Request, Malformed> {
    let mut cursor = Cursor::new(command);
    let tag = cursor.run(|b| b != b' ');
    let tag = std::str::from_utf8(tag).ok().filter(|tag| is_tag(tag));
    let Some(tag) = tag.map(str::to_owned) else {
        return Err(Malformed {
            tag: None,
            why: Fault::Syntax,
        });
    };
    let decoded = match cursor.space() {
        Ok(()) => arguments(&mut cursor, command),
        Err(fault) => Err(fault),
    };
    match decoded {
        Ok(command) => Ok(Request { tag, command }),
        Err(why) => Err(Malformed {
            tag: Some(tag),
            why,
        }),
    }
}

fn arguments(cursor: &mut Cursor<'_>, command: &[u8]) -> Read<Command> {
    let mut verb = cursor.atom()?.to_ascii_uppercase();
    let uid = verb == "UID";
    if uid {
        cursor.space()?;
        verb = cursor.atom()?.to_ascii_uppercase();
    }
    match verb.as_str() {
        "FETCH" => fetch_command(cursor, uid),
        "SEARCH" => {
            cursor.space()?;
            search::arguments(cursor).map(|key| Command::Search { uid, key })
        }
        "LIST" if !uid => pattern(cursor).map(Command::List),
        "LSUB" if !uid => pattern(cursor).map(Command::Lsub),
        "STATUS" if !uid => status(cursor),
        "STORE" => change::store(cursor, uid),
        "COPY" => change::copy(cursor, uid),
        "MOVE" => change::r#move(cursor, uid),
        "EXPUNGE" => change::expunge(cursor, uid),
        "APPEND" if !uid => append::arguments(cursor, command.len()).map(Command::Append),
        "CREATE" if !uid => only_name(cursor).map(Command::Create),
        "DELETE" if !uid => only_name(cursor).map(Command::Delete),
        "RENAME" if !uid => rename(cursor),
        "STARTTLS" if !uid => cursor.end().map(|()| Command::StartTls),
        verb if !uid && CODEC.contains(&verb) => codec::decode(command),
        _ => Err(Fault::Unknown),
    }
}

/// The commands that are left to the codec. What it knows beyond them is no command here.
const CODEC: [&str; 16] = [
    "CAPABILITY",
    "NOOP",
    "LOGOUT",
    "ID",
    "AUTHENTICATE",
    "LOGIN",
    "ENABLE",
    "NAMESPACE",
    "SELECT",
    "EXAMINE",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "CHECK",
    "CLOSE",
    "UNSELECT",
    "IDLE",
];

fn fetch_command(cursor: &mut Cursor<'_>, uid: bool) -> Read<Command> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    let items = fetch::items(cursor)?;
    cursor.end()?;
    Ok(Command::Fetch { uid, set, items })
}

fn only_name(cursor: &mut Cursor<'_>) -> Read<super::Name> {
    cursor.space()?;
    let name = mailbox(&cursor.astring()?);
    cursor.end()?;
    Ok(name)
}

fn rename(cursor: &mut Cursor<'_>) -> Read<Command> {
    cursor.space()?;
    let from = mailbox(&cursor.astring()?);
    let to = only_name(cursor)?;
    Ok(Command::Rename(from, to))
}

fn pattern(cursor: &mut Cursor<'_>) -> Read<Pattern> {
    cursor.space()?;
    let reference = utf7::decode(&cursor.astring()?);
    cursor.space()?;
    let pattern = utf7::decode(&cursor.list_mailbox()?);
    cursor.end()?;
    let valid = reference.is_ok() && pattern.is_ok();
    Ok(Pattern {
        reference: reference.unwrap_or_default(),
        pattern: pattern.unwrap_or_default(),
        valid,
    })
}

fn status(cursor: &mut Cursor<'_>) -> Read<Command> {
    cursor.space()?;
    let name = mailbox(&cursor.astring()?);
    cursor.space()?;
    cursor.expect(b'(')?;
    let mut items = vec![status_item(cursor)?];
    while cursor.take(b' ') {
        items.push(status_item(cursor)?);
    }
    cursor.expect(b')')?;
    cursor.end()?;
    Ok(Command::Status(name, items))
}

fn status_item(cursor: &mut Cursor<'_>) -> Read<StatusItem> {
    Ok(match cursor.keyword()?.as_str() {
        "MESSAGES" => StatusItem::Messages,
        "RECENT" => StatusItem::Recent,
        "UIDNEXT" => StatusItem::UidNext,
        "UIDVALIDITY" => StatusItem::UidValidity,
        "UNSEEN" => StatusItem::Unseen,
        _ => return Err(Fault::Syntax),
    })
}

/// A mailbox name from its octets on the wire.
pub(super) fn mailbox(octets: &[u8]) -> super::Name {
    let name = utf7::decode(octets).ok()?;
    Some(MailboxName::from_client(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command(text: &str) -> Command {
        decode(text.as_bytes()).unwrap().command
    }

    fn fault(text: &str) -> (Option<String>, Fault) {
        let malformed = decode(text.as_bytes()).unwrap_err();
        (malformed.tag, malformed.why)
    }

    #[test]
    fn own_grammar() {
        let Command::List(list) = command("a1 LIST \"\" %/&AOQ-*") else {
            panic!()
        };
        assert_eq!(
            (list.pattern.as_str(), list.valid),
            ("%/ä*", true),
            "wildcards beside modified UTF-7"
        );
        let Command::List(list) = command("a1 LIST \"\" \"&bad\"") else {
            panic!()
        };
        assert!(!list.valid);
        let Command::Status(Some(name), items) = command("x STATUS inbox (unseen MESSAGES)") else {
            panic!()
        };
        assert!(name.is_inbox());
        assert_eq!(items, [StatusItem::Unseen, StatusItem::Messages]);
        assert!(matches!(
            command("x uid fetch 1:* (FLAGS)"),
            Command::Fetch { uid: true, .. }
        ));
    }

    #[test]
    fn mailboxes_are_made_renamed_and_removed_by_name() {
        let name = |name: &str| Some(MailboxName::from_client(name));
        assert!(matches!(command("a CREATE a/b"), Command::Create(n) if n == name("a/b")));
        assert!(matches!(command("a DELETE \"&AOQ-\""), Command::Delete(n) if n == name("ä")));
        let Command::Rename(from, to) = command("a rename {1}\r\na \"b c\"") else {
            panic!()
        };
        assert_eq!((from, to), (name("a"), name("b c")));
        for bad in [
            "CREATE",
            "CREATE a b",
            "UID DELETE a",
            "RENAME a",
            "RENAME a b c",
        ] {
            assert!(decode(format!("a {bad}").as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_codec_behind_it() {
        assert!(matches!(command("a NOOP"), Command::Noop));
        assert!(matches!(command("a id nil"), Command::Id));
        assert!(matches!(
            command("a SELECT {5}\r\nInbox"),
            Command::Select(Some(name)) if name.is_inbox()
        ));
        assert!(matches!(
            command("a SELECT \"&Jjo\""),
            Command::Select(None)
        ));
        let Command::Login { user, password } = command("a LOGIN anna \"p w\\\"\"") else {
            panic!()
        };
        assert_eq!(user, b"anna");
        assert_eq!(password.expose(), b"p w\"");
    }

    #[test]
    fn faults_name_the_tag_if_there_is_one() {
        let tagged = |tag: &str, why| (Some(tag.to_owned()), why);
        assert_eq!(fault("a1 XYZZY"), tagged("a1", Fault::Unknown));
        assert_eq!(fault("a1 UID NOOP"), tagged("a1", Fault::Unknown));
        assert_eq!(fault("a1"), tagged("a1", Fault::Syntax));
        assert_eq!(fault("a1 SELECT"), tagged("a1", Fault::Syntax));
        assert_eq!(
            fault("a1 SELECT x (CONDSTORE)"),
            tagged("a1", Fault::Syntax)
        );
        assert_eq!(fault("a1 LOGIN \"\u{fc}\" x"), tagged("a1", Fault::Syntax));
        assert_eq!(fault("GET / HTTP/1.1"), tagged("GET", Fault::Unknown));
        assert_eq!(fault(""), (None, Fault::Syntax));
        assert_eq!(fault("+ NOOP"), (None, Fault::Syntax));
        assert_eq!(fault("* NOOP"), (None, Fault::Syntax));
    }

    #[test]
    fn passwords_stay_out_of_debug() {
        let request = decode(b"a LOGIN anna hunter2").unwrap();
        assert!(!format!("{request:?}").contains("hunter2"));
        let request = decode(b"a AUTHENTICATE PLAIN aHVudGVyMg==").unwrap();
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("aHVudGVyMg"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn decoding_never_panics(octets in any::<Vec<u8>>()) {
            let _ = decode(&octets);
            let mut command = b"a ".to_vec();
            command.extend_from_slice(&octets);
            let _ = decode(&command);
        }

        #[test]
        fn nor_with_likely_words(words in proptest::collection::vec(
            proptest::sample::select(vec![
                "UID", "FETCH", "SEARCH", "STORE", "LOGIN", "(", ")", "1:*", "OR", "NOT", "{3}\r\nabc",
                "\"x", "BODY[", "HEADER.FIELDS", "<0.1>", "APPEND", "STATUS", "LIST", "ID", "NIL", "\\Seen",
            ]), 0..8)) {
            let _ = decode(format!("a {}", words.join(" ")).as_bytes());
        }
    }
}
