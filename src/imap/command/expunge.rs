//! EXPUNGE (RFC 3501 section 6.4.3), UID EXPUNGE (RFC 4315 section 2.1), and what CLOSE removes.
//!
//! The EXPUNGE responses are not written here: the view tells each session, this one too, in its own numbers.

use super::{fetch::places, flags::uids, outcome::Outcome, read_only};
use crate::imap::{
    conn::Result,
    reply::Reply,
    session::{Session, State},
    wire::SequenceSet,
};

/// `set`: only these UIDs.
pub async fn expunge(session: &mut Session, set: Option<&SequenceSet>) -> Result<Reply> {
    let State::Selected(user, selected) = &session.state else {
        return Ok(read_only());
    };
    if !selected.writable {
        return Ok(read_only());
    }
    let view = &selected.view;
    let only = set.map(|set| uids(view, places(view, true, set).unwrap_or_default()));
    let (account, folder) = (user.account.clone(), selected.folder);
    let expunged = account.expunge(folder, only.as_deref());
    let expunged = match session.conn.patiently(expunged).await? {
        Ok(expunged) => expunged,
        Err(error) => return Ok(super::failed(&error, "EXPUNGE")),
    };
    let mut outcome = Outcome::new("EXPUNGE");
    outcome.note_all(&expunged.failed);
    // Gone is what they should be.
    Ok(outcome.reply(true, Reply::ok("Expunged")))
}
