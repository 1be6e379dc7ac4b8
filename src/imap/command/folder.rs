//! CREATE, DELETE, RENAME (RFC 3501 sections 6.3.3 to 6.3.5).
//!
//! A trailing delimiter in CREATE says that names below will follow; here every mailbox may have some, so it is cut off.

use super::{no_such_name, not_allowed};
use crate::{
    account::{self, Account},
    imap::{
        conn::Result,
        reply::Reply,
        session::{Session, State, log},
        wire::Name,
    },
    mail::{DELIMITER, ErrorClass, MailboxName},
};

pub async fn create(session: &mut Session, name: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(name) = name.and_then(|name| usable(&name)) else {
        return Ok(impossible());
    };
    let created = session.conn.patiently(account.create(&name)).await?;
    Ok(reply(created, "CREATE", "Created", already_exists()))
}

pub async fn delete(session: &mut Session, name: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(name) = name else {
        return Ok(no_such_name());
    };
    if name.is_inbox() {
        return Ok(Reply::no("CANNOT", "INBOX always is"));
    }
    let deleted = session.conn.patiently(account.delete(&name)).await?;
    if deleted.is_ok() {
        leave(session, &account).await?;
    }
    let conflict = Reply::no("INUSE", "There are mailboxes below it");
    Ok(reply(deleted, "DELETE", "Deleted", conflict))
}

pub async fn rename(session: &mut Session, from: Name, to: Name) -> Result<Reply> {
    let Some(account) = writer(session) else {
        return Ok(not_allowed());
    };
    let Some(from) = from else {
        return Ok(no_such_name());
    };
    if from.is_inbox() {
        return Ok(Reply::no("CANNOT", "INBOX keeps its name"));
    }
    let Some(to) = to.and_then(|to| usable(&to)) else {
        return Ok(impossible());
    };
    let renamed = session.conn.patiently(account.rename(&from, &to)).await?;
    Ok(reply(renamed, "RENAME", "Renamed", already_exists()))
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

/// Without a trailing delimiter; `None` for what no folder can be called.
fn usable(name: &MailboxName) -> Option<MailboxName> {
    let text = name.as_str();
    let text = text.strip_suffix(DELIMITER).unwrap_or(text);
    let name = MailboxName::from_client(text);
    std::iter::successors(Some(name.clone()), MailboxName::parent)
        .all(|level| level.display_name().is_some())
        .then_some(name)
}

fn already_exists() -> Reply {
    Reply::no("ALREADYEXISTS", "There is such a mailbox")
}

fn impossible() -> Reply {
    Reply::no("CANNOT", "No mailbox can have that name")
}

fn reply(outcome: account::Result<()>, what: &str, done: &'static str, conflict: Reply) -> Reply {
    let Err(error) = outcome else {
        return Reply::ok(done);
    };
    match error.class() {
        ErrorClass::Conflict => conflict,
        ErrorClass::Client => {
            log(&error, what);
            Reply::no("CANNOT", "Microsoft 365 does not let this mailbox be so")
        }
        _ => super::failed(&error, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_folder_can_have() {
        let usable = |name: &str| super::usable(&MailboxName::from_client(name));
        let shown = |name: &str| usable(name).map(|name| name.to_string());
        assert_eq!(shown("a/b/").as_deref(), Some("a/b"));
        assert_eq!(shown("inbox/").as_deref(), Some("INBOX"));
        assert_eq!(shown("100 =25").as_deref(), Some("100 =25"));
        for bad in ["", "/", "a//b", "/a", "a=b", "a//"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
