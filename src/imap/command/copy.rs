//! COPY (RFC 3501 section 6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315 section 3).
//!
//! Microsoft 365 copies and moves each message on its own, so some may fail: then COPYUID tells of the others
//! in an untagged OK, and the tagged response is NO. MOVE's EXPUNGEs come after its COPYUID, from the view.

use super::{
    fetch::places, flags::uids, no_such_name, no_such_number, no_such_target, not_allowed,
    outcome::Outcome, read_only,
};
use crate::{
    account::{Copied, Error},
    imap::{
        conn::Result,
        reply::Reply,
        session::{Session, State},
        wire::{Name, SequenceSet, encode},
    },
    mail::ErrorClass,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Copy,
    Move,
}

pub async fn copy(
    session: &mut Session,
    kind: Kind,
    uid: bool,
    set: &SequenceSet,
    to: Name,
) -> Result<Reply> {
    let State::Selected(user, selected) = &session.state else {
        return Ok(read_only());
    };
    if !user.may_write() {
        return Ok(not_allowed());
    }
    if kind == Kind::Move && !selected.writable {
        return Ok(read_only());
    }
    let Some(to) = to else {
        return Ok(no_such_name());
    };
    let Some(places) = places(&selected.view, uid, set) else {
        return Ok(no_such_number());
    };
    let uids = uids(&selected.view, places);
    if uids.is_empty() {
        return Ok(Reply::ok("There is nothing to do"));
    }
    let (account, folder) = (user.account.clone(), selected.folder);
    let copied = async {
        match kind {
            Kind::Copy => account.copy(folder, &uids, &to).await,
            Kind::Move => account.move_to(folder, &uids, &to).await,
        }
    };
    let copied = match session.conn.patiently(copied).await? {
        Ok(copied) => copied,
        Err(error) if error.class() == ErrorClass::NotFound => return Ok(no_such_target()),
        Err(Error::Ours(_)) => return Ok(super::own_mailbox()),
        Err(Error::SameMailbox) => return Ok(Reply::no("CANNOT", "They are there already")),
        Err(error) => return Ok(super::failed(&error, "COPY or MOVE")),
    };
    let mut outcome = Outcome::new("COPY or MOVE");
    outcome.note_all(&copied.failed);
    if copied.pairs.len() + copied.failed.len() < uids.len() {
        outcome.vanish();
    }
    Ok(tell(session, kind, &copied, |done| {
        outcome.reply(uid, done)
    }))
}

fn tell(
    session: &mut Session,
    kind: Kind,
    copied: &Copied,
    reply: impl FnOnce(Reply) -> Reply,
) -> Reply {
    let text = match kind {
        Kind::Copy => "Copied",
        Kind::Move => "Moved",
    };
    let Some(code) = code(copied) else {
        return reply(Reply::ok(text));
    };
    let done = reply(Reply::ok_with(code.clone(), text));
    if kind == Kind::Copy && done.status == crate::imap::reply::Status::Ok {
        return done;
    }
    session.conn.say(&format!("* OK [{code}] {text}\r\n"));
    Reply {
        code: done.code.filter(|c| *c != code),
        ..done
    }
}

/// `COPYUID 38505 304,319:320 3956:3958`; none where nothing was copied.
fn code(copied: &Copied) -> Option<String> {
    if copied.pairs.is_empty() {
        return None;
    }
    let from = encode::uid_set(copied.pairs.iter().map(|(from, _)| *from));
    let to = encode::uid_set(copied.pairs.iter().map(|(_, to)| *to));
    Some(format!("COPYUID {} {from} {to}", copied.uid_validity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Uid, UidValidity};

    #[test]
    fn both_sets_are_in_the_same_order() {
        let uid = |n| Uid::new(n).unwrap();
        let mut copied = Copied {
            uid_validity: UidValidity::new(9).unwrap(),
            pairs: vec![(uid(3), uid(12)), (uid(4), uid(11)), (uid(8), uid(13))],
            failed: vec![],
        };
        assert_eq!(code(&copied).as_deref(), Some("COPYUID 9 3:4,8 12,11,13"));
        copied.pairs.clear();
        assert_eq!(code(&copied), None);
    }
}
