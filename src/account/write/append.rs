//! APPEND (RFC 3501 section 6.3.11, RFC 4315 section 3).
//!
//! A draft goes up as MIME and is one for ever (surprise 1). Another mail goes up as JSON with MAPI tags, since only so it is none; a
//! signed or encrypted one goes up as MIME all the same, and is a draft in Outlook, but not here. In each case the octets that the
//! client wrote are kept and served. What fails half-way is removed again; if that fails too, a stray draft is
//! left, and nothing is lost. What is refused for good goes to [`recovered`].

use super::{
    carry, compose,
    compose::Composed,
    destination, recovered,
    sent::{self, Found},
    store,
};
use crate::{
    account::{
        Account, Error, FlagChange, FolderRow, Inner, MessageRow, Result, flags, render, spelling,
    },
    graph::{self, Priority, types::Message},
    mail::{Flags, MailboxName, RemoteId, Role, SystemFlag, Uid, UidValidity},
    mime::{self, Structure},
    store::{messages::Served, writes::Written},
};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// A request has at most 4 MB; base64 makes MIME a third longer, with room for the rest.
const MAX_MIME: usize = 3 * 1000 * 1000;
/// Attachments of so many octets altogether go up with the message itself.
const INLINE: usize = 2 * 1000 * 1000;
/// A message up to this size is downloaded once, so that an edit of it can be told later.
const MAX_BASELINE: usize = 1024 * 1024;

/// A mail to be appended, looked at once.
pub(super) struct Mail {
    pub(super) octets: Vec<u8>,
    pub(super) served: Served,
    structure: Structure,
    pub(super) message_id: Option<String>,
    draft: bool,
    pub(super) flags: Flags,
    pub(super) internal_date: i64,
}

pub(super) async fn run(
    account: &Account,
    to: &MailboxName,
    flags: Flags,
    internal_date: Option<i64>,
    octets: Vec<u8>,
) -> Result<(UidValidity, Uid)> {
    if let Some(keyword) = flags.keywords().find(|k| flags::category(k).is_none()) {
        return Err(Error::Keyword(keyword.as_str().to_owned()));
    }
    let folder = destination(account, to).await?;
    let internal_date = internal_date.unwrap_or_else(now);
    let mail = looked_at(&folder, octets, flags, internal_date).await?;
    let inner = &account.inner;
    let uid = match place(inner, &folder, &mail).await {
        Ok(placed) => settle(inner, &folder, mail, placed).await?,
        Err(error) if recovered::is_for_good(&error) => {
            return Err(recovered::keep(inner, &folder, mail, error).await);
        }
        Err(error) => return Err(error),
    };
    Ok((folder.uid_validity, uid))
}

/// [`run`] for a message that is in Recovered: refused once more, it stays there.
pub(super) async fn again(
    inner: &Arc<Inner>,
    folder: &FolderRow,
    row: &MessageRow,
    octets: Vec<u8>,
) -> Result<Uid> {
    let mail = looked_at(folder, octets, row.flags.clone(), row.internal_date).await?;
    let placed = place(inner, folder, &mail).await?;
    settle(inner, folder, mail, placed).await
}

async fn looked_at(
    folder: &FolderRow,
    octets: Vec<u8>,
    flags: Flags,
    internal_date: i64,
) -> Result<Mail> {
    let draft = flags.has(SystemFlag::Draft) || folder.role == Some(Role::Drafts);
    let looking = move || look_at(octets, draft, flags, internal_date);
    tokio::task::spawn_blocking(looking).await?
}

/// Where Graph has it now.
enum Placed {
    /// As the copy of a mail that was sent.
    Adopted(Uid),
    /// As a new message.
    Made {
        message: Box<Message>,
        /// Graph takes it for a draft that it is not.
        undraft: bool,
        /// Another copy of it may come, with this Message-ID.
        awaited: Option<String>,
    },
}

async fn place(inner: &Inner, folder: &FolderRow, mail: &Mail) -> Result<Placed> {
    let awaited = match folder.role == Some(Role::Sent) && !mail.draft {
        true => match sent::find(inner, folder, mail).await? {
            Found::Copy(uid) => return Ok(Placed::Adopted(uid)),
            Found::Awaited(message_id) => Some(message_id),
            Found::Nothing => None,
        },
        false => None,
    };
    let (message, undraft) = upload(inner, folder, mail).await?;
    Ok(Placed::Made {
        message: Box::new(message),
        undraft,
        awaited,
    })
}

async fn settle(inner: &Arc<Inner>, folder: &FolderRow, mail: Mail, placed: Placed) -> Result<Uid> {
    match placed {
        Placed::Adopted(uid) => Ok(uid),
        Placed::Made {
            message,
            undraft,
            awaited,
        } => commit(inner, folder, mail, *message, undraft, awaited).await,
    }
}

fn look_at(octets: Vec<u8>, draft: bool, mut flags: Flags, internal_date: i64) -> Result<Mail> {
    flags.set(SystemFlag::Draft, draft);
    let (served, structure) = render::facts(&octets)?;
    let message_id = mime::text::decoded_fields(&served.header, "Message-ID").pop();
    Ok(Mail {
        message_id: message_id
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty()),
        octets,
        served,
        structure,
        draft,
        flags,
        internal_date,
    })
}

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |t| i64::try_from(t.as_secs()).unwrap_or(i64::MAX))
}

/// The message as Graph has it in its folder, and whether Graph takes it for a draft that it is not.
async fn upload(inner: &Inner, folder: &FolderRow, mail: &Mail) -> Result<(Message, bool)> {
    let whole =
        super::manners(inner).append_faithfully || compose::must_stay_whole(&mail.structure);
    let fits = mail.octets.len() <= MAX_MIME;
    if whole && !fits {
        return Err(Error::NotInOne);
    }
    if whole || mail.draft && fits {
        let message = as_mime(inner, folder, mail).await?;
        return Ok((message, !mail.draft));
    }
    match as_json(inner, folder, mail).await {
        Ok(message) => Ok((message, false)),
        // Something in it does not fit JSON's form: as it is, it may pass.
        Err(Error::Refused(error)) if fits => {
            tracing::info!(account = %inner.name, %error, "appended as MIME: Outlook shows it as unsent");
            let message = as_mime(inner, folder, mail).await?;
            Ok((message, !mail.draft))
        }
        Err(error) => Err(error),
    }
}

/// What is refused for good is named so.
fn refused(error: graph::Error) -> Error {
    match recovered::is_refusal(&error) {
        true => Error::Refused(error),
        false => error.into(),
    }
}

/// MIME makes a read draft in Drafts; then flags, then the folder.
async fn as_mime(inner: &Inner, folder: &FolderRow, mail: &Mail) -> Result<Message> {
    let upload = mime::normalize(&mail.octets);
    let made = inner.graph.create_draft_mime(&upload).await;
    let message = made.map_err(refused)?;
    let id = RemoteId::new(message.id.clone());
    match settle_in(inner, folder, mail, &id, message).await {
        Ok(message) => Ok(message),
        Err(error) => Err(take_back(inner, &id, error).await),
    }
}

async fn settle_in(
    inner: &Inner,
    folder: &FolderRow,
    mail: &Mail,
    id: &RemoteId,
    mut message: Message,
) -> Result<Message> {
    let read = Flags::default().with(SystemFlag::Seen);
    let edit = store::edit(&read, FlagChange::Set, &mail.flags);
    if !store::is_ours_alone(&edit) {
        let patch = store::patch(&read, &edit, Some(&[]));
        message = inner.graph.update(id, &patch).await?;
    }
    if folder.role != Some(Role::Drafts) {
        message = moved(inner, id, &folder.remote).await?;
    }
    Ok(message)
}

/// A move whose answer was lost is looked after.
async fn moved(inner: &Inner, id: &RemoteId, to: &RemoteId) -> Result<Message> {
    match inner.graph.move_message(id, to.as_str()).await {
        Err(error) if error.may_have_happened() => {
            let message = inner.graph.message(id).await?;
            let parent = message.parent_folder_id.as_deref().unwrap_or_default();
            match spelling::names(inner, to, parent).await? {
                Some(true) => Ok(message),
                _ => Err(error.into()),
            }
        }
        other => Ok(other?),
    }
}

/// Removes what was made half-way.
async fn take_back(inner: &Inner, id: &RemoteId, error: Error) -> Error {
    if let Err(left) = inner.graph.permanent_delete(id).await {
        tracing::warn!(account = %inner.name, error = %left, "an append that failed leaves a message behind");
    }
    error
}

async fn as_json(inner: &Inner, folder: &FolderRow, mail: &Mail) -> Result<Message> {
    let mut composed = compose::composed(
        &mail.octets,
        &mail.structure,
        mail.draft,
        &mail.flags,
        mail.internal_date,
    );
    let none = Flags::default();
    let edit = store::edit(&none, FlagChange::Set, &mail.flags);
    composed.merge(store::patch(&none, &edit, Some(&[])));
    let Composed {
        mut json,
        attachments,
    } = composed;
    let octets: usize = attachments.iter().map(|file| file.octets.len()).sum();
    let inline = octets <= INLINE;
    if inline && !attachments.is_empty() {
        let files: Vec<_> = attachments.iter().map(|file| file.json()).collect();
        json.insert("attachments".to_owned(), files.into());
    }
    let json = json.into();
    let made = inner.graph.create_json(Some(&folder.remote), &json);
    let message = made.await.map_err(refused)?;
    if inline {
        return Ok(message);
    }
    let id = RemoteId::new(message.id.clone());
    let attaching = async {
        for file in &attachments {
            inner.graph.attach(&id, file).await.map_err(refused)?;
        }
        // Each attachment changed it.
        Ok(inner.graph.message(&id).await?)
    };
    match attaching.await {
        Ok(message) => Ok(message),
        Err(error) => Err(take_back(inner, &id, error).await),
    }
}

async fn commit(
    inner: &Arc<Inner>,
    folder: &FolderRow,
    mail: Mail,
    message: Message,
    undraft: bool,
    awaited: Option<String>,
) -> Result<Uid> {
    let remote = RemoteId::new(message.id.clone());
    let known = match mail.octets.len() <= MAX_BASELINE {
        true => Some(mail.draft),
        false => None,
    };
    let written = Written {
        remote: remote.clone(),
        told: flags::told(&message),
        flags: mail.flags,
        internal_date: mail.internal_date,
        undraft,
        mime: mail.octets,
        served: mail.served,
    };
    let turns = carry::turns(inner, &[folder.key]).await;
    let appended = match awaited {
        Some(id) => inner.store.append_awaited(folder.key, written, id).await,
        None => inner.store.append_row(folder.key, written).await,
    };
    let uid = match appended {
        Ok(uid) => uid,
        // A full disk: the client is told so, and keeps what it has.
        Err(error) => return Err(take_back(inner, &remote, error.into()).await),
    };
    drop(turns);
    inner.hub.announce(folder.key);
    match known {
        // Drafts get edited, and soon.
        Some(true) => baseline(inner, &inner.graph, &remote).await,
        Some(false) => baseline_later(inner, remote),
        None => {}
    }
    Ok(uid)
}

fn baseline_later(inner: &Arc<Inner>, id: RemoteId) {
    let inner = Arc::clone(inner);
    tokio::spawn(async move {
        let graph = inner.graph.with_priority(Priority::Background);
        tokio::select! {
            () = baseline(&inner, &graph, &id) => {}
            () = inner.ends.cancelled() => {}
        }
    });
}

/// Graph's rendering, to tell an edit from a changed flag later on.
async fn baseline(inner: &Inner, graph: &graph::Client, id: &RemoteId) {
    let rendered = graph.mimes(std::slice::from_ref(id)).await;
    let Ok(Some((_, Ok(octets)))) = rendered.map(|all| all.into_iter().next()) else {
        return;
    };
    let Ok((facts, _)) = render::facts(&mime::normalize(&octets)) else {
        return;
    };
    if let Err(error) = inner.store.keep_rendered(id, facts).await {
        tracing::debug!(%error, "a draft's rendering is not kept");
    }
}
