//! STORE and UID STORE (RFC 3501 section 6.4.6).
//!
//! Flags as they are then, not as they were asked for, come back for each message. With `.SILENT` the client
//! is told only where something else came out (a flag that can't be changed, or another client's change).

use super::{fetch::places, no_such_number, outcome::Outcome, read_only};
use crate::{
    account::{Error, FlagChange},
    imap::{
        conn::Result,
        reply::Reply,
        session::{Session, State},
        view::View,
        wire::SequenceSet,
    },
    mail::{Flags, SystemFlag, Uid},
};
use std::ops::Range;

pub async fn store(
    session: &mut Session,
    uid: bool,
    set: &SequenceSet,
    change: FlagChange,
    flags: &Flags,
    silent: bool,
) -> Result<Reply> {
    let State::Selected(user, selected) = &mut session.state else {
        return Ok(read_only());
    };
    if !selected.writable {
        return Ok(read_only());
    }
    let Some(places) = places(&selected.view, uid, set) else {
        return Ok(no_such_number());
    };
    let uids = uids(&selected.view, places);
    let stored = user
        .account
        .store_flags(selected.folder, &uids, change, flags);
    let mut outcome = Outcome::new("STORE");
    let stored = match session.conn.patiently(stored).await? {
        Ok(stored) => stored,
        Err(Error::Keyword(_)) => return Ok(super::no_such_keyword()),
        Err(error) => return Ok(super::failed(&error, "STORE")),
    };
    outcome.note_all(&stored.failed);
    if stored.changed.len() + stored.failed.len() < uids.len() {
        outcome.vanish();
    }
    for row in stored.changed {
        let seq = selected.view.seq_of(row.uid);
        let before = seq.and_then(|seq| selected.view.row(seq));
        let expected = before.map(|before| applied(&before.flags, change, flags));
        let known = silent && expected.as_ref() == Some(&row.flags);
        selected.view.stored(row, known);
    }
    Ok(outcome.reply(uid, Reply::ok("Done")))
}

/// UIDs at these places of the view.
pub(super) fn uids(view: &View, places: Vec<Range<usize>>) -> Vec<Uid> {
    let places = places.into_iter().flatten();
    let rows = places.filter_map(|place| view.row(view.seq_at(place)?));
    rows.map(|row| row.uid).collect()
}

/// What the flags of a message should be after the change.
fn applied(before: &Flags, change: FlagChange, named: &Flags) -> Flags {
    if change == FlagChange::Set {
        return named.clone();
    }
    let on = change == FlagChange::Add;
    let mut flags = before.clone();
    for flag in SystemFlag::ALL {
        if named.has(flag) {
            flags.set(flag, on);
        }
    }
    for keyword in named.keywords() {
        flags.set_keyword(keyword.clone(), on);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Keyword;

    #[test]
    fn flags_are_replaced_added_and_removed() {
        let flags = |names: &str| {
            let mut flags = Flags::default();
            for name in names.split_whitespace() {
                match SystemFlag::from_wire(name) {
                    Some(flag) => flags.set(flag, true),
                    None => flags.set_keyword(Keyword::new(name).unwrap(), true),
                }
            }
            flags
        };
        let before = flags("\\Seen \\Draft Rot");
        for (change, named, after) in [
            (FlagChange::Set, "\\Flagged", "\\Flagged"),
            (FlagChange::Set, "", ""),
            (FlagChange::Add, "\\Seen Blau", "\\Seen \\Draft Rot Blau"),
            (FlagChange::Remove, "\\Seen rot x", "\\Draft"),
        ] {
            assert_eq!(applied(&before, change, &flags(named)), flags(after));
        }
    }
}
