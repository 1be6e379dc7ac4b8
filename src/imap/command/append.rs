//! APPEND (RFC 3501 section 6.3.11), with APPENDUID (RFC 4315 section 3).
//!
//! Whether the mailbox exists is found out before the message is asked for, so that nobody uploads 20 MB to learn
//! that it does not. The message is in memory once, in the buffer that the connection read it into.

use super::{failed, no_such_name, no_such_target, not_allowed};
use crate::{
    account::Error,
    imap::{
        conn::Result,
        flow::Refusal,
        reply::Reply,
        session::{Session, Stage, log},
        wire::{Append, append::destination},
    },
    mail::ErrorClass,
};

/// A literal is announced: takes or declines it.
pub async fn announced(session: &mut Session) -> Result<()> {
    match objection(session).await? {
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
    let name = match destination(session.conn.begun()) {
        Some(Some(name)) => name,
        // A name that is none stays so. Else it can't be told yet, or the grammar will.
        Some(None) => return Ok(Some(Refusal::NoMailbox)),
        None => return Ok(None),
    };
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
        return Ok(Reply::no("CANNOT", "An empty message is none"));
    }
    let (flags, date) = (append.flags.clone(), append.date);
    let message = append.into_message(octets);
    let appended = user.account.append(&to, &flags, date, message);
    Ok(match session.conn.patiently(appended).await? {
        Ok((validity, uid)) => Reply::ok_with(format!("APPENDUID {validity} {uid}"), "Appended"),
        Err(error) if error.class() == ErrorClass::NotFound => no_such_target(),
        Err(error) if error.class() == ErrorClass::TooLarge => {
            log(&error, "APPEND");
            Reply::no("TOOBIG", "Larger than Microsoft 365 takes")
        }
        Err(Error::Keyword(_)) => Reply::no("CANNOT", "Such a keyword can't be kept"),
        Err(error @ Error::Refused(_)) => {
            log(&error, "APPEND");
            Reply::no("CANNOT", "Microsoft 365 does not take this message")
        }
        Err(error) => failed(&error, "APPEND"),
    })
}
