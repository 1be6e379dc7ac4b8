//! Which folder an id means when it is not spelled as the tree spells it.
//!
//! One folder has two spellings (`AAMk…`, `AQMk…`), and nothing says which of them an answer carries. So an
//! unknown id proves nothing: Graph is asked which folder it names, and the answer is kept for this process.

use super::{Inner, Result};
use crate::{graph::types::Folder, mail::RemoteId};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Other spellings of folders, as Graph told them.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    known: Mutex<HashMap<String, RemoteId>>,
}

impl Spellings {
    fn of(&self, spelling: &str) -> Option<RemoteId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(spelling).cloned()
    }

    fn learn(&self, spelling: &str, folder: &RemoteId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(spelling.to_owned(), folder.clone());
    }
}

/// Whether `told` names `folder`; `None` when that cannot be found out now.
pub(super) async fn names(inner: &Inner, folder: &RemoteId, told: &str) -> Result<Option<bool>> {
    if told == folder.as_str() {
        return Ok(Some(true));
    }
    if told.is_empty() {
        return Ok(None);
    }
    if let Some(meant) = inner.spellings.of(told) {
        return Ok(Some(meant == *folder));
    }
    let id = RemoteId::new(told);
    if is_other(inner, &id).await? {
        return Ok(Some(false));
    }
    let Ok(there) = inner.graph.folder(&id).await else {
        return Ok(None);
    };
    let answered = RemoteId::new(there.id.clone());
    if answered == *folder || answered != id && is_other(inner, &answered).await? {
        inner.spellings.learn(told, &answered);
        return Ok(Some(answered == *folder));
    }
    let Ok(own) = inner.graph.folder(folder).await else {
        return Ok(None);
    };
    let same = same(&own, &there);
    if same == Some(true) {
        inner.spellings.learn(told, folder);
    }
    Ok(same)
}

/// A folder of the tree, or one known by its well-known name: spelled as it was when it was learned.
async fn is_other(inner: &Inner, id: &RemoteId) -> Result<bool> {
    if inner.store.folder_by_remote(id).await?.is_some() {
        return Ok(true);
    }
    let unlisted = inner.graph.unlisted().await;
    Ok(unlisted.is_ok_and(|ids| ids.contains(id)))
}

/// Two answers of one request. No two folders of one parent have one name.
fn same(own: &Folder, there: &Folder) -> Option<bool> {
    if own.id == there.id {
        return Some(true);
    }
    let (mine, name) = (own.display_name.as_ref()?, there.display_name.as_ref()?);
    if mine != name {
        return Some(false);
    }
    let parents = (&own.parent_folder_id, &there.parent_folder_id);
    matches!(parents, (Some(mine), Some(other)) if mine == other).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(id: &str, name: &str, parent: &str) -> Folder {
        Folder {
            id: id.to_owned(),
            display_name: Some(name.to_owned()),
            parent_folder_id: Some(parent.to_owned()),
            ..Folder::default()
        }
    }

    #[test]
    fn a_folder_is_known_by_its_place_and_name_when_ids_do_not_tell() {
        let own = folder("AAMkA", "Inbox", "AAMkR");
        let table = [
            (folder("AAMkA", "Inbox", "AQMkR"), Some(true)),
            (folder("AQMkA", "Inbox", "AAMkR"), Some(true)),
            (folder("AQMkB", "Archive", "AAMkR"), Some(false)),
            (folder("AQMkA", "Inbox", "AQMkR"), None),
        ];
        for (there, expected) in table {
            assert_eq!(same(&own, &there), expected, "{there:?}");
        }
    }
}
