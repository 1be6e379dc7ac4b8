//! CREATE, DELETE, RENAME (RFC 3501 sections 6.3.3 to 6.3.5). The rules are the account's; here they get their codes
//! (RFC 5530; HASCHILDREN: RFC 9051 section 7.1).

use super::{no_such_name, not_allowed};
use crate::{
    account::{self, Account, Error},
    imap::{
        conn::Result,
        reply::Reply,
        session::{Session, State},
        wire::Name,
    },
    mail::ErrorClass,
};

pub async fn create(session: &mut Session, name: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(name) = name else {
        return Ok(impossible());
    };
    let created = session.conn.patiently(account.create(&name)).await?;
    Ok(reply(created, "CREATE", "Created"))
}

pub async fn delete(session: &mut Session, name: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(name) = name else {
        return Ok(no_such_name());
    };
    let deleted = session.conn.patiently(account.delete(&name)).await?;
    if deleted.is_ok() {
        leave(session, &account).await?;
    }
    Ok(reply(deleted, "DELETE", "Deleted"))
}

pub async fn rename(session: &mut Session, from: Name, to: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(from) = from else {
        return Ok(no_such_name());
    };
    let Some(to) = to else {
        return Ok(impossible());
    };
    let renamed = session.conn.patiently(account.rename(&from, &to)).await?;
    Ok(reply(renamed, "RENAME", "Renamed"))
}

fn writer(session: &Session) -> Option<Account> {
    let user = session.user().filter(|user| user.may_write())?;
    Some(user.account.clone())
}

/// Who deletes the mailbox that is selected has none selected then: the session goes on.
async fn leave(session: &mut Session, account: &Account) -> Result<()> {
    let State::Selected(user, selected) = &session.state else {
        return Ok(());
    };
    let changes = account.changes_since(selected.folder, selected.view.modseq());
    if matches!(changes.await, Err(error) if error.class() == ErrorClass::NotFound) {
        session.state = State::Authenticated(user.clone());
    }
    Ok(())
}

fn impossible() -> Reply {
    Reply::no("CANNOT", "No mailbox can have that name")
}

fn reply(outcome: account::Result<()>, what: &str, done: &'static str) -> Reply {
    match outcome {
        Ok(()) => Reply::ok(done),
        Err(Error::Exists(_)) => Reply::no("ALREADYEXISTS", "There is such a mailbox"),
        Err(Error::HasChildren(_)) => Reply::no("HASCHILDREN", "There are mailboxes below it"),
        Err(Error::Fixed(_)) => Reply::no("CANNOT", "Microsoft 365 keeps this mailbox as it is"),
        Err(Error::Ours(_)) => Reply::no("CANNOT", "Postern keeps this mailbox as it is"),
        Err(Error::BadName(_)) => impossible(),
        Err(Error::SameMailbox) => Reply::no("CANNOT", "It can't be below itself"),
        Err(error) => super::failed(&error, what),
    }
}
