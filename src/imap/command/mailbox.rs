//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 sections 6.3.1, 6.3.2, 6.4.2; RFC 3691).
//!
//! Until mailboxes can be changed here, each is selected READ-ONLY with no permanent flag, whatever the
//! client asked for: promises would not be kept.

use super::{failed, no_such_name};
use crate::{
    imap::{
        conn::Result,
        reply::Reply,
        session::{Selection, Session, State},
        view::View,
        wire::{Name, encode},
    },
    mail::{Flags, Keyword, SystemFlag},
};
use std::collections::BTreeSet;

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
    describe(session.conn.out(), &view);
    session.state = State::Selected(
        user,
        Selection {
            folder: selected.folder.key,
            view,
            watch: selected.watch,
        },
    );
    let text = if examine { "Examined" } else { "Selected" };
    Ok(Reply::ok_with("READ-ONLY", text))
}

/// CLOSE expunges nothing: the mailbox is read-only.
pub fn unselect(session: &mut Session) -> Reply {
    if let State::Selected(user, _) = &session.state {
        session.state = State::Authenticated(user.clone());
    }
    Reply::ok("Nothing is selected now")
}

fn describe(out: &mut Vec<u8>, view: &View) {
    encode::text(out, "* FLAGS ");
    encode::flags(out, &flags_in_use(view), false);
    encode::text(out, "\r\n* OK [PERMANENTFLAGS ()] Read-only\r\n");
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
