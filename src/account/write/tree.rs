//! CREATE, DELETE and RENAME (RFC 3501 sections 6.3.3 to 6.3.5).
//!
//! Graph first; its answer is committed at once, since the folder delta may be late. Rows are found by remote id, so
//! UIDVALIDITY and UIDs live through a RENAME.

use crate::{
    account::{Account, Error, FolderRow, Inner, Result, folders, spelling},
    graph::{self, types::Folder},
    mail::{DELIMITER, ErrorClass, MailboxName, RemoteId, Role},
};
use std::time::Duration;

/// Names that a folder gets in the deleted items, where there is one of its name already.
const NUMBERS: std::ops::RangeInclusive<u32> = 2..=20;

pub(super) async fn create(account: &Account, name: &MailboxName) -> Result<()> {
    // A delimiter at the end says that levels below will follow (RFC 3501 section 6.3.3).
    let name = MailboxName::from_client(name.as_str().trim_end_matches(DELIMITER));
    account.fresh_tree().await?;
    if account.inner.store.folder_by_name(&name).await?.is_some() {
        return Err(Error::Exists(name));
    }
    // All levels are looked at before the first one is made.
    levels(&name)?;
    ensure(account, &name, true).await.map(drop)
}

/// A name and those above it, the top first. Each must be the one under which its folder will be shown.
fn levels(name: &MailboxName) -> Result<Vec<(MailboxName, String)>> {
    let mut levels = Vec::new();
    let mut at = Some(name.clone());
    while let Some(level) = at {
        let parent = level.parent();
        let display = level.display_name().unwrap_or_default();
        let shown = MailboxName::child(parent.as_ref(), &display);
        if !level.is_inbox() && (display.is_empty() || shown != level) {
            return Err(Error::BadName(name.clone()));
        }
        levels.push((level, display));
        at = parent;
    }
    levels.reverse();
    Ok(levels)
}

/// The folder of this name, made with all that is missing above it. `new`: the last one must not exist.
async fn ensure(account: &Account, name: &MailboxName, new: bool) -> Result<FolderRow> {
    let inner = &account.inner;
    let mut parent: Option<FolderRow> = None;
    for (level, display) in levels(name)? {
        let found = inner.store.folder_by_name(&level).await?;
        let row = match found {
            Some(row) => row,
            None => {
                let last = level == *name;
                let id = parent.as_ref().map(|row| &row.remote);
                make(inner, id, &display, &level, last && new).await?
            }
        };
        parent = Some(row);
    }
    parent.ok_or_else(|| Error::BadName(name.clone()))
}

async fn make(
    inner: &std::sync::Arc<Inner>,
    parent: Option<&RemoteId>,
    display: &str,
    name: &MailboxName,
    new: bool,
) -> Result<FolderRow> {
    let lost = match inner.graph.create_folder(parent, display).await {
        Ok(mut folder) => {
            // An answer without a parent would put it at the top.
            if folder.parent_folder_id.is_none() {
                folder.parent_folder_id = parent.map(RemoteId::to_string);
            }
            let id = RemoteId::new(folder.id.clone());
            folders::adopt(inner, Some(folder), None).await?;
            let row = inner.store.folder_by_remote(&id).await?;
            return row.ok_or(Error::FolderGone);
        }
        Err(error) if error.class() == ErrorClass::Conflict => false,
        Err(error) if error.may_have_happened() => true,
        Err(error) => return Err(error.into()),
    };
    // There already, or made and the answer was lost: the tree knows.
    folders::refresh(inner, Duration::ZERO).await?;
    match inner.store.folder_by_name(name).await? {
        Some(row) if lost || !new => Ok(row),
        // A folder that IMAP does not show has the name, or one in another case.
        _ if !lost => Err(Error::Exists(name.clone())),
        _ => Err(Error::Shared {
            class: ErrorClass::TEMPORARY,
            text: "Microsoft 365 did not answer, and the folder is not there".to_owned(),
        }),
    }
}

pub(super) async fn delete(account: &Account, name: &MailboxName) -> Result<()> {
    let inner = &account.inner;
    let row = own(account, name).await?;
    let all = inner.store.folders().await?;
    if all
        .iter()
        .any(|other| other.parent.as_ref() == Some(&row.remote))
    {
        return Err(Error::HasChildren(name.clone()));
    }
    let bin = all.iter().find(|f| f.role == Some(Role::Trash));
    let bin = bin.ok_or(Error::NoTrash)?;
    if super::is_within(&all, &row, bin) {
        let outcome = inner.graph.delete_folder(&row.remote).await;
        match outcome {
            Err(error) if error.class() != ErrorClass::NotFound => return Err(error.into()),
            _ => {}
        }
        return folders::adopt(inner, None, Some(row.remote)).await;
    }
    match throw_away(inner, &row, bin).await {
        Ok(folder) => folders::adopt(inner, Some(folder), None).await,
        // Somebody else was faster.
        Err(error) if error.class() == ErrorClass::NotFound => {
            folders::refresh(inner, Duration::ZERO).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Into the deleted items; where a folder of its name is there, it gets a number first.
async fn throw_away(inner: &Inner, row: &FolderRow, bin: &FolderRow) -> graph::Result<Folder> {
    let to = bin.remote.as_str();
    let mut failed = match settled(inner, &row.remote, to).await {
        Err(error) if is_taken(&error) => error,
        other => return other,
    };
    for number in NUMBERS {
        let name = format!("{} ({number})", row.display_name);
        match inner.graph.rename_folder(&row.remote, &name).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => continue,
            Err(error) => return Err(error),
        }
        match settled(inner, &row.remote, to).await {
            Err(error) if is_taken(&error) => failed = error,
            other => return other,
        }
    }
    Err(failed)
}

/// A move whose answer was lost is looked after.
async fn settled(inner: &Inner, id: &RemoteId, to: &str) -> graph::Result<Folder> {
    match inner.graph.move_folder(id, to).await {
        Err(error) if error.may_have_happened() => {
            let folder = inner.graph.folder(id).await?;
            let parent = folder.parent_folder_id.as_deref().unwrap_or_default();
            match spelling::names(inner, &RemoteId::new(to), parent).await {
                Ok(Some(true)) => Ok(folder),
                _ => Err(error),
            }
        }
        other => other,
    }
}

fn is_taken(error: &graph::Error) -> bool {
    error.is_code("ErrorFolderExists")
}

/// A folder that is the user's to change.
async fn own(account: &Account, name: &MailboxName) -> Result<FolderRow> {
    account.fresh_tree().await?;
    let row = super::existing(account, name).await?;
    match row.role {
        _ if row.is_local() => Err(Error::Ours(name.clone())),
        Some(_) => Err(Error::Fixed(name.clone())),
        None => Ok(row),
    }
}

pub(super) async fn rename(account: &Account, from: &MailboxName, to: &MailboxName) -> Result<()> {
    let to = &MailboxName::from_client(to.as_str().trim_end_matches(DELIMITER));
    levels(to)?;
    account.fresh_tree().await?;
    let inner = &account.inner;
    if inner.store.folder_by_name(to).await?.is_some() {
        return Err(Error::Exists(to.clone()));
    }
    if from.is_inbox() {
        return empty_inbox(account, to).await;
    }
    let row = own(account, from).await?;
    let parent = match to.parent() {
        Some(parent) if is_below(&parent, from) => return Err(Error::SameMailbox),
        Some(parent) => Some(ensure(account, &parent, false).await?),
        None => None,
    };
    let display = to
        .display_name()
        .ok_or_else(|| Error::BadName(to.clone()))?;
    let parent_id = match &parent {
        Some(parent) => parent.remote.clone(),
        None => inner.graph.root().await?,
    };
    // What has no shown parent is at the top.
    let stays = from.parent() == to.parent();
    let change = Change {
        inner,
        row: &row,
        display: (display != row.display_name).then_some(display),
        parent: (!stays).then_some(parent_id),
    };
    change.run(to).await
}

fn is_below(name: &MailboxName, top: &MailboxName) -> bool {
    let mut at = Some(name.clone());
    while let Some(name) = at {
        if name == *top {
            return true;
        }
        at = name.parent();
    }
    false
}

async fn empty_inbox(account: &Account, to: &MailboxName) -> Result<()> {
    let inbox = super::destination(account, &MailboxName::inbox()).await?;
    ensure(account, to, true).await?;
    let snapshot = account.inner.store.snapshot(inbox.key).await?;
    let uids: Vec<_> = snapshot.rows.iter().map(|row| row.uid).collect();
    let moved = super::carry::move_to(account, inbox.key, &uids, to).await?;
    match moved.failed.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

/// Another name, another parent, or both: two calls, and not atomic (surprise 66).
struct Change<'a> {
    inner: &'a std::sync::Arc<Inner>,
    row: &'a FolderRow,
    display: Option<String>,
    parent: Option<RemoteId>,
}

impl Change<'_> {
    async fn run(&self, to: &MailboxName) -> Result<()> {
        let mut done = None;
        let outcome = self.steps(&mut done).await;
        // What was done is shown, also when the rest failed.
        if let Some(folder) = done {
            folders::adopt(self.inner, Some(folder), None).await?;
        }
        match outcome {
            Ok(()) => Ok(()),
            Err(error) if is_taken(&error) => Err(Error::Exists(to.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// The name first, then the place; the other way round when the name is taken where it is.
    async fn steps(&self, done: &mut Option<Folder>) -> graph::Result<()> {
        match self.name().await {
            Ok(named) => {
                let renamed = named.is_some();
                *done = named;
                let moved = self.place().await;
                self.undone(renamed, moved, done).await
            }
            Err(error) if is_taken(&error) && self.parent.is_some() => {
                *done = self.place().await?;
                if let Some(named) = self.name().await? {
                    *done = Some(named);
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// When the move fails, the old name comes back.
    async fn undone(
        &self,
        renamed: bool,
        moved: graph::Result<Option<Folder>>,
        done: &mut Option<Folder>,
    ) -> graph::Result<()> {
        match moved {
            Ok(Some(folder)) => *done = Some(folder),
            Ok(None) => {}
            Err(error) => {
                if renamed {
                    let back = self
                        .inner
                        .graph
                        .rename_folder(&self.row.remote, &self.row.display_name);
                    if back.await.is_ok() {
                        *done = None;
                    }
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn name(&self) -> graph::Result<Option<Folder>> {
        match &self.display {
            Some(name) => Ok(Some(
                self.inner
                    .graph
                    .rename_folder(&self.row.remote, name)
                    .await?,
            )),
            None => Ok(None),
        }
    }

    async fn place(&self) -> graph::Result<Option<Folder>> {
        match &self.parent {
            Some(parent) => {
                let moved = settled(self.inner, &self.row.remote, parent.as_str()).await?;
                Ok(Some(moved))
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_must_be_shown_as_it_was_asked_for() {
        let of = |name: &str| levels(&MailboxName::from_client(name)).is_ok();
        for good in [
            "a",
            "a/b",
            "INBOX/x",
            "inbox/x",
            "Ä/ö",
            "a=2Fb",
            "=52ecovered",
        ] {
            assert!(of(good), "{good}");
        }
        for bad in [
            "",
            "a//b",
            "/a",
            "100%",
            "a*",
            "Recovered",
            "shared",
            "a=zz",
            "a=2fb",
        ] {
            assert!(!of(bad), "{bad}");
        }
    }

    #[test]
    fn below_means_by_whole_levels() {
        let name = MailboxName::from_client;
        assert!(is_below(&name("a/b/c"), &name("a/b")));
        assert!(is_below(&name("a"), &name("a")));
        assert!(!is_below(&name("ab"), &name("a")));
    }
}
