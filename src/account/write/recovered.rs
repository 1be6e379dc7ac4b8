//! The mailbox "Recovered": what Microsoft 365 refuses for good to an APPEND stays on this computer, octet for octet, with a
//! note beside it that says why. It is durable before the client hears its NO.
//!
//! Refused for good is what about this message trying again will not change. Where nothing is wrong with the message (no network, nobody
//! signed in, no right to write, a mailbox that is full or gone) nothing is kept: the client's own copy is as good the next time.
//! What is moved out of it is an APPEND of the same octets; the copy here goes only after that is committed.

use super::{
    Copied, Expunged, FlagChange, Stored,
    append::{self, Mail},
    carry, note, store,
};
use crate::{
    account::{Account, Error, FolderKey, FolderRow, Inner, MessageRow, Result, flags, render},
    graph,
    mail::{ErrorClass, Flags, MailboxName, RemoteId, Uid},
    mime::text,
    store::recovered::{Kept, Local, local_id},
};
use std::{collections::HashSet, sync::Arc};

/// So many octets are kept: an import of thousands of mails, each refused, must not fill the disk that the spool needs.
const ROOM: u64 = 1 << 30;

pub(super) fn is_for_good(error: &Error) -> bool {
    match error {
        Error::NotInOne | Error::TooLarge | Error::Refused(_) => true,
        Error::Graph(error) => is_refusal(error),
        _ => false,
    }
}

/// Whether Graph will say so of this message each time.
pub(super) fn is_refusal(error: &graph::Error) -> bool {
    let lasts = matches!(
        error.class(),
        ErrorClass::Permanent | ErrorClass::Client | ErrorClass::TooLarge | ErrorClass::Bug
    );
    lasts && !error.is_over_quota()
}

/// Keeps the mail; what the client is told then.
pub(super) async fn keep(inner: &Inner, to: &FolderRow, mail: Mail, error: Error) -> Error {
    match recover(inner, to, mail, &error).await {
        Ok(Kept::New(folder)) => {
            tracing::warn!(account = %inner.name, %error, "a message is kept in Recovered");
            inner.hub.announce(folder);
            Error::Recovered(Box::new(error))
        }
        Ok(Kept::Known) => Error::Recovered(Box::new(error)),
        Ok(Kept::NoRoom) => Error::RecoveredFull(Box::new(error)),
        Err(failed) => {
            tracing::warn!(account = %inner.name, %error, "refused, and not kept in Recovered either");
            failed
        }
    }
}

async fn recover(inner: &Inner, to: &FolderRow, mail: Mail, error: &Error) -> Result<Kept> {
    let id = id(to, &mail);
    let header = &mail.served.header;
    let field = |name| text::decoded_fields(header, name).pop();
    let subject = field("Subject");
    let now = append::now();
    let octets = note::note(&note::About {
        id: id.as_str(),
        subject: subject.as_deref(),
        from: field("From").as_deref(),
        message_id: mail.message_id.as_deref(),
        to: to.name.as_str(),
        octets: mail.octets.len(),
        too_large: error.class() == ErrorClass::TooLarge,
        reason: &error.to_string(),
        now,
    });
    let (facts, _) = render::facts(&octets)?;
    let note = Local {
        remote: note_of(&id),
        flags: Flags::default(),
        internal_date: now,
        subject: text::decoded_fields(&facts.header, "Subject").pop(),
        message_id: None,
        mime: octets,
        served: facts,
    };
    let message = Local {
        remote: id,
        flags: mail.flags,
        internal_date: mail.internal_date,
        subject,
        message_id: mail.message_id,
        mime: mail.octets,
        served: mail.served,
    };
    Ok(inner.store.recover(message, note, ROOM).await?)
}

/// One id for the same octets meant for the same mailbox: repeating the APPEND makes no second copy.
fn id(to: &FolderRow, mail: &Mail) -> RemoteId {
    let whole = [&mail.served.sha256[..], to.remote.as_str().as_bytes()].concat();
    local_id(&render::sha256(&whole))
}

fn note_of(id: &RemoteId) -> RemoteId {
    RemoteId::new(format!("{id}:why"))
}

/// STORE: all flags are kept here.
pub(super) async fn store(
    inner: &Inner,
    folder: FolderKey,
    uids: &[Uid],
    change: FlagChange,
    flags: &Flags,
) -> Result<Stored> {
    if let Some(keyword) = flags.keywords().find(|k| flags::category(k).is_none()) {
        return Err(Error::Keyword(keyword.as_str().to_owned()));
    }
    let rows = inner.store.bare_messages(folder, uids.to_vec()).await?;
    let edits = rows
        .iter()
        .map(|row| (row.key, store::edit(&row.flags, change, flags)));
    let changed = inner.store.edit_flags(folder, edits.collect()).await?;
    inner.hub.announce(folder);
    Ok(Stored {
        changed,
        failed: Vec::new(),
    })
}

pub(super) async fn copy(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
) -> Result<Copied> {
    carry_out(account, folder, uids, to, false).await
}

pub(super) async fn move_to(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
) -> Result<Copied> {
    carry_out(account, folder, uids, to, true).await
}

async fn carry_out(
    account: &Account,
    folder: FolderKey,
    uids: &[Uid],
    to: &MailboxName,
    moves: bool,
) -> Result<Copied> {
    let inner = &account.inner;
    let to = super::destination(account, to).await?;
    let rows = inner.store.bare_messages(folder, uids.to_vec()).await?;
    let asked: HashSet<_> = rows.iter().map(|row| row.remote.clone()).collect();
    let mut copied = Copied {
        uid_validity: to.uid_validity,
        pairs: Vec::with_capacity(rows.len()),
        failed: Vec::new(),
    };
    for row in &rows {
        let outcome = async {
            let uid = upload(inner, &to, row).await?;
            if moves {
                forget(inner, folder, [&row.remote], &asked).await?;
            }
            Ok(uid)
        };
        match outcome.await {
            Ok(uid) => copied.pairs.push((row.uid, uid)),
            Err(error) => copied.failed.push((row.uid, error)),
        }
    }
    Ok(copied)
}

async fn upload(inner: &Arc<Inner>, to: &FolderRow, row: &MessageRow) -> Result<Uid> {
    let octets = inner.store.original(&row.remote).await?;
    append::again(inner, to, row, octets.ok_or(Error::MessageGone)?).await
}

/// Removes messages, and their notes, but for those in `asked`: they have a fate of their own.
async fn forget(
    inner: &Inner,
    folder: FolderKey,
    gone: impl IntoIterator<Item = &RemoteId>,
    asked: &HashSet<RemoteId>,
) -> Result<()> {
    let mut all = Vec::new();
    for id in gone {
        let note = note_of(id);
        all.extend((!asked.contains(&note)).then_some(note));
        all.push(id.clone());
    }
    inner.store.forget_recovered(folder, all).await?;
    inner.hub.announce(folder);
    Ok(())
}

/// EXPUNGE is final: nobody else has these messages.
pub(super) async fn expunge(
    inner: &Inner,
    folder: FolderKey,
    uids: Option<&[Uid]>,
) -> Result<Expunged> {
    let rows = carry::deleted(inner, folder, uids).await?;
    if rows.is_empty() {
        return Ok(Expunged::default());
    }
    let none = HashSet::new();
    forget(inner, folder, rows.iter().map(|row| &row.remote), &none).await?;
    Ok(Expunged {
        uids: rows.iter().map(|row| row.uid).collect(),
        failed: Vec::new(),
    })
}
