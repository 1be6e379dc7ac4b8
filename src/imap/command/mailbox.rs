//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 sections 6.3.1, 6.3.2, 6.4.2; RFC 3691).
//!
//! SELECT is READ-ONLY, with no permanent flag, for who may only read: promises would not be kept.

use super::{expunge, failed, no_such_name};
use crate::{
    imap::{
        conn::Result,
        reply::{Reply, Status},
        session::{Selection, Session, State},
        view::View,
        wire::{Name, encode},
    },
    mail::{Flags, Keyword, SystemFlag},
};
use std::collections::BTreeSet;

/// Whether a message is a draft is decided when it is made.
const DRAFT: &str = "\\Draft";

pub async fn select(session: &mut Session, name: Name, examine: bool) -> Result<Reply> {
    // Even a SELECT that fails leaves nothing selected (section 6.3.1).
    let _ = unselect(session);
    let (Some(name), Some(user)) = (name, session.user().cloned()) else {
        return Ok(no_such_name());
    };
    let selected = match session.conn.patiently(user.account.select(&name)).await? {
        Ok(selected) => selected,
        Err(error) => return Ok(failed(&error, "SELECT")),
    };
    let view = View::new(selected.snapshot);
    let writable = !examine && user.may_write();
    describe(session.conn.out(), &view, writable);
    session.state = State::Selected(
        user,
        Selection {
            folder: selected.folder.key,
            writable,
            view,
            watch: selected.watch,
        },
    );
    let text = if examine { "Examined" } else { "Selected" };
    let code = if writable { "READ-WRITE" } else { "READ-ONLY" };
    Ok(Reply::ok_with(code, text))
}

/// Removes what is `\\Deleted`, without a word about each; EXAMINE's CLOSE removes nothing. What can't be removed
/// stays: CLOSE has no NO (section 6.4.2), and the mailbox is closed either way.
pub async fn close(session: &mut Session) -> Result<Reply> {
    let mut all_removed = true;
    if matches!(&session.state, State::Selected(_, selected) if selected.writable) {
        let expunged = expunge::expunge(session, None).await?;
        all_removed = expunged.status == Status::Ok;
    }
    let _ = unselect(session);
    Ok(Reply::ok(if all_removed {
        "Closed"
    } else {
        "Closed, but not all that is deleted could be removed"
    }))
}

/// Removes nothing (RFC 3691).
pub fn unselect(session: &mut Session) -> Reply {
    if let State::Selected(user, _) = &session.state {
        session.state = State::Authenticated(user.clone());
    }
    Reply::ok("Nothing is selected now")
}

fn describe(out: &mut Vec<u8>, view: &View, writable: bool) {
    encode::text(out, "* FLAGS ");
    let flags = flags_in_use(view);
    encode::flags(out, &flags, false);
    encode::text(out, "\r\n* OK [PERMANENTFLAGS (");
    if writable {
        for name in flags.wire_names().filter(|name| *name != DRAFT) {
            encode::text(out, &format!("{name} "));
        }
        encode::text(out, "\\*)] New keywords are welcome\r\n");
    } else {
        encode::text(out, ")] Read-only\r\n");
    }
    let (exists, recent) = (view.exists(), view.recent());
    encode::text(out, &format!("* {exists} EXISTS\r\n* {recent} RECENT\r\n"));
    if let Some(seq) = view.first_unseen() {
        let line = format!("* OK [UNSEEN {}] First unseen\r\n", seq.0);
        encode::text(out, &line);
    }
    let (validity, next) = (view.uid_validity(), view.uid_next());
    encode::text(
        out,
        &format!("* OK [UIDVALIDITY {validity}] UIDs valid\r\n* OK [UIDNEXT {next}] Next UID\r\n"),
    );
}

/// Every system flag, and the keywords that occur.
fn flags_in_use(view: &View) -> Flags {
    let keywords: BTreeSet<&Keyword> = view
        .iter()
        .flat_map(|(_, row)| row.flags.keywords())
        .collect();
    let mut flags = Flags::from_parts(u8::MAX, keywords.into_iter().cloned());
    for flag in SystemFlag::ALL {
        flags.set(flag, true);
    }
    flags
}
