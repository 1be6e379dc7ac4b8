//! What changes messages: STORE and its flag lists (RFC 3501 section 6.4.6), COPY (6.4.7), MOVE (RFC 6851),
//! EXPUNGE and UID EXPUNGE (RFC 4315 section 2.1).

use super::{
    Command, Fault,
    decode::mailbox,
    sequence::sequence_set,
    token::{Cursor, Read, is_atom_char},
};
use crate::{
    account::FlagChange,
    mail::{Flags, Keyword, SystemFlag},
};

pub(super) fn store(cursor: &mut Cursor<'_>, uid: bool) -> Read<Command> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    let change = if cursor.take(b'+') {
        FlagChange::Add
    } else if cursor.take(b'-') {
        FlagChange::Remove
    } else {
        FlagChange::Set
    };
    let silent = match cursor.keyword()?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(Fault::Syntax),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') {
        flag_list(cursor)?
    } else {
        bare_flags(cursor)?
    };
    cursor.end()?;
    Ok(Command::Store {
        uid,
        set,
        change,
        flags,
        silent,
    })
}

pub(super) fn copy(cursor: &mut Cursor<'_>, uid: bool) -> Read<Command> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    let to = mailbox(&cursor.astring()?);
    cursor.end()?;
    Ok(Command::Copy { uid, set, to })
}

pub(super) fn r#move(cursor: &mut Cursor<'_>, uid: bool) -> Read<Command> {
    match copy(cursor, uid)? {
        Command::Copy { uid, set, to } => Ok(Command::Move { uid, set, to }),
        _ => Err(Fault::Syntax),
    }
}

pub(super) fn expunge(cursor: &mut Cursor<'_>, uid: bool) -> Read<Command> {
    let uids = if uid {
        cursor.space()?;
        Some(sequence_set(cursor)?)
    } else {
        None
    };
    cursor.end()?;
    Ok(Command::Expunge(uids))
}

/// `(\Seen work)`, empty too.
pub(super) fn flag_list(cursor: &mut Cursor<'_>) -> Read<Flags> {
    cursor.expect(b'(')?;
    if cursor.take(b')') {
        return Ok(Flags::default());
    }
    let flags = bare_flags(cursor)?;
    cursor.expect(b')')?;
    Ok(flags)
}

fn bare_flags(cursor: &mut Cursor<'_>) -> Read<Flags> {
    let mut flags = Flags::default();
    loop {
        flag(cursor, &mut flags)?;
        if !cursor.take(b' ') {
            return Ok(flags);
        }
    }
}

/// A system flag that is none of ours can't be kept: BAD. `\Recent` is not a client's to set (section
/// 2.3.2), but clients that give back what they were told do send it: it is dropped.
fn flag(cursor: &mut Cursor<'_>, flags: &mut Flags) -> Read<()> {
    let mut name = cursor.clone();
    let system = name.take(b'\\');
    let length = usize::from(system) + name.run(is_atom_char).len();
    let word = cursor.rest().get(..length).unwrap_or_default();
    *cursor = name;
    let word = std::str::from_utf8(word).map_err(|_| Fault::Syntax)?;
    if let Some(flag) = SystemFlag::from_wire(word) {
        flags.set(flag, true);
    } else if !word.eq_ignore_ascii_case("\\Recent") {
        let keyword = Keyword::new(word).ok_or(Fault::Syntax)?;
        flags.set_keyword(keyword, true);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::wire::decode;

    fn command(text: &str) -> Option<Command> {
        decode(format!("a {text}").as_bytes())
            .ok()
            .map(|r| r.command)
    }

    fn stored(text: &str) -> Option<(bool, FlagChange, String, bool)> {
        let Command::Store {
            uid,
            change,
            flags,
            silent,
            ..
        } = command(text)?
        else {
            return None;
        };
        let names: Vec<_> = flags.wire_names().collect();
        Some((uid, change, names.join(" "), silent))
    }

    #[test]
    fn store_in_every_form() {
        let case = |uid, change, flags: &str, silent| Some((uid, change, flags.to_owned(), silent));
        assert_eq!(
            stored("STORE 1 FLAGS (\\seen)"),
            case(false, FlagChange::Set, "\\Seen", false)
        );
        assert_eq!(
            stored("uid store 1:* +flags.silent \\Deleted work"),
            case(true, FlagChange::Add, "\\Deleted work", true)
        );
        assert_eq!(
            stored("STORE 2,4 -FLAGS ($forwarded $MDNSent)"),
            case(false, FlagChange::Remove, "$Forwarded $MDNSent", false)
        );
        assert_eq!(
            stored("STORE 1 FLAGS ()"),
            case(false, FlagChange::Set, "", false)
        );
        assert_eq!(
            stored("STORE 1 FLAGS (\\Recent \\Flagged)"),
            case(false, FlagChange::Set, "\\Flagged", false)
        );
        for bad in [
            "STORE 1 FLAGS",
            "STORE 1 FLAGS ",
            "STORE 1 FLAGS (\\Seen",
            "STORE 1 FLAGS (\\Seen) x",
            "STORE 1 FLAGS (\\Blue)",
            "STORE 1 FLAGS (\\)",
            "STORE 1 FLAGS (\\*)",
            "STORE 1 FLAGS (a  b)",
            "STORE 1 ++FLAGS (a)",
            "STORE 1 +-FLAGS (a)",
            "STORE 1 + FLAGS (a)",
            "STORE 1 FLAGS.LOUD (a)",
            "STORE FLAGS (a)",
            "STORE 1 (UNCHANGEDSINCE 5) FLAGS (a)",
        ] {
            assert!(command(bad).is_none(), "{bad}");
        }
        let long = "x".repeat(129);
        assert!(command(&format!("STORE 1 FLAGS ({long})")).is_none());
    }

    #[test]
    fn copies_moves_and_expunges() {
        assert!(matches!(
            command("UID COPY 1:3 inbox"),
            Some(Command::Copy { uid: true, to: Some(to), .. }) if to.is_inbox()
        ));
        assert!(matches!(
            command("move 1 {1}\r\nx"),
            Some(Command::Move { uid: false, to: Some(to), .. }) if to.as_str() == "x"
        ));
        assert!(matches!(
            command("COPY 1 &bad"),
            Some(Command::Copy { to: None, .. })
        ));
        assert!(matches!(command("EXPUNGE"), Some(Command::Expunge(None))));
        assert!(matches!(
            command("UID EXPUNGE 3:*"),
            Some(Command::Expunge(Some(_)))
        ));
        for bad in [
            "EXPUNGE 1",
            "UID EXPUNGE",
            "COPY 1",
            "COPY x",
            "MOVE 0 x",
            "COPY 1 a b",
        ] {
            assert!(command(bad).is_none(), "{bad}");
        }
    }
}
