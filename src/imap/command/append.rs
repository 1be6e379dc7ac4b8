//! APPEND (RFC 3501 section 6.3.11), with APPENDUID (RFC 4315 section 3).
//!
//! What is known to be wrong is said before the message is asked for, so that nobody uploads 20 MB to learn that the mailbox does
//! not exist; what comes unasked is thrown away as it comes. The message is in memory once, in the buffer that the
//! connection read it into, and [`crate::imap::Room`] bounds those of all sessions together.

use super::{failed, no_such_keyword, no_such_name, no_such_target, not_allowed, own_mailbox};
use crate::{
    account::{Account, Error},
    imap::{
        conn::Result,
        flow::{AFTER_LOGIN, Refusal},
        reply::Reply,
        session::{Session, Stage, log},
        wire::{
            Append,
            append::{Begun, begun},
        },
    },
    mail::ErrorClass,
};

/// A literal is announced: takes or declines it.
pub async fn announced(session: &mut Session) -> Result<()> {
    let why = match objection(session).await? {
        None => admitted(session).await?,
        why => why,
    };
    match why {
        Some(why) => session.conn.decline(why),
        None => session.conn.accept(),
    }
    Ok(())
}

async fn objection(session: &mut Session) -> Result<Option<Refusal>> {
    if session.stage() < Stage::Authenticated {
        return Ok(Some(Refusal::NotNow));
    }
    let Some(user) = session.user().cloned() else {
        return Ok(Some(Refusal::NotNow));
    };
    if !user.may_write() {
        return Ok(Some(Refusal::NotAllowed));
    }
    let name = match begun(session.conn.begun()) {
        Begun::Malformed => return Ok(Some(Refusal::Malformed)),
        Begun::Name(size) => {
            let long = size > AFTER_LOGIN.literals;
            return Ok(long.then_some(Refusal::LiteralTooLarge));
        }
        Begun::Message { size: 0, .. } => return Ok(Some(Refusal::Empty)),
        Begun::Message { flags, .. } if !Account::can_keep(&flags) => {
            return Ok(Some(Refusal::Keyword));
        }
        // A name that is none stays so.
        Begun::Message { to: None, .. } => return Ok(Some(Refusal::NoMailbox)),
        Begun::Message { to: Some(name), .. } => name,
    };
    if name.is_recovered() {
        return Ok(Some(Refusal::OwnMailbox));
    }
    let known = user.account.has_mailbox(&name);
    match session.conn.patiently(known).await? {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(Refusal::NoMailbox)),
        Err(error) => {
            log(&error, "APPEND");
            // It may be there: the upload may work by the time that it is here.
            Ok(None)
        }
    }
}

/// Waits for room for the message.
async fn admitted(session: &mut Session) -> Result<Option<Refusal>> {
    let Begun::Message { size, .. } = begun(session.conn.begun()) else {
        return Ok(None);
    };
    let room = session.server.room.clone();
    session.held = session.conn.patiently(room.take(size)).await?;
    Ok(session.held.is_none().then_some(Refusal::NoRoom))
}

pub fn empty() -> Reply {
    Reply::no("CANNOT", "An empty message is none")
}

/// `octets` is the whole command.
pub async fn append(session: &mut Session, append: Append, octets: Vec<u8>) -> Result<Reply> {
    let Some(user) = session.user().cloned() else {
        return Ok(not_allowed());
    };
    if !user.may_write() {
        return Ok(not_allowed());
    }
    let Some(to) = append.to.clone() else {
        return Ok(no_such_name());
    };
    if append.message.is_empty() {
        return Ok(empty());
    }
    let (flags, date) = (append.flags.clone(), append.date);
    let message = append.into_message(octets);
    let (account, held) = (user.account, session.held.take());
    // The work goes on when the client goes, and has its room as long.
    let appended = tokio::spawn(async move {
        let appended = account.append(&to, &flags, date, message).await;
        drop(held);
        appended
    });
    let appended = session.conn.patiently(appended).await?;
    Ok(match appended.map_err(Error::from).flatten() {
        Ok((validity, uid)) => Reply::ok_with(format!("APPENDUID {validity} {uid}"), "Appended"),
        Err(error @ (Error::Recovered(_) | Error::RecoveredFull(_))) => refused(&error),
        Err(error) if error.class() == ErrorClass::NotFound => no_such_target(),
        Err(Error::Keyword(_)) => no_such_keyword(),
        Err(Error::Ours(_)) => own_mailbox(),
        Err(error) => failed(&error, "APPEND"),
    })
}

/// Microsoft 365 will never take it. What was kept is told, since the client shows this text to a person.
fn refused(error: &Error) -> Reply {
    log(error, "APPEND");
    let kept = matches!(error, Error::Recovered(_));
    match (error.class() == ErrorClass::TooLarge, kept) {
        (true, true) => Reply::no(
            "LIMIT",
            "Too large for Microsoft 365: it is in the mailbox Recovered now",
        ),
        (false, true) => Reply::no(
            "CANNOT",
            "Microsoft 365 refuses this message: it is in the mailbox Recovered now, with the reason",
        ),
        (true, false) => Reply::no(
            "LIMIT",
            "Too large for Microsoft 365, and Recovered is full: this message is not kept",
        ),
        (false, false) => Reply::no(
            "CANNOT",
            "Microsoft 365 refuses this message, and Recovered is full: it is not kept",
        ),
    }
}
