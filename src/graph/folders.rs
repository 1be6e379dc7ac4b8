//! mailFolder (Graph: mailFolder resource type).

use super::{
    Client, Result,
    types::{Entry, Folder, Page},
};
use crate::mail::{RemoteId, Role};

impl Client {
    /// Ids of the well-known folders, in one `$batch`; a mailbox need not have all of them.
    pub async fn well_known(&self) -> Result<Vec<(Role, RemoteId)>> {
        todo!()
    }
    /// The id of `msgfolderroot`, which names the mailbox for good.
    pub async fn root(&self) -> Result<RemoteId> {
        todo!()
    }
    /// Ids of well-known folders that IMAP does not show (outbox, conflicts, syncissues, …), found in
    /// the same `$batch`es.
    pub async fn unlisted(&self) -> Result<Vec<RemoteId>> {
        todo!()
    }
    /// One page of the folder delta: the whole tree, flat. `None` starts a first round.
    pub async fn folder_delta(&self, _link: Option<&str>) -> Result<Page<Entry<Folder>>> {
        todo!()
    }
    pub async fn folder(&self, _id: &RemoteId) -> Result<Folder> {
        todo!()
    }
}
