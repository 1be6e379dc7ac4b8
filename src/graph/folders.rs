//! mailFolder (Graph: mailFolder resource type).

use super::{
    Client, Error, Result, address,
    batch::Inner,
    client::malformed,
    delta::PAGE_SIZE,
    exchange::Call,
    read,
    types::{Entry, Folder, Page},
};
use crate::mail::{RemoteId, Role};
use reqwest::Method;
use serde_json::{Value, json};

/// Names that IMAP does not show (Graph: well-known folder names): what they hold is either not mail
/// or not the user's to work on.
const UNLISTED: [&str; 8] = [
    "outbox",
    "conflicts",
    "localfailures",
    "serverfailures",
    "syncissues",
    "recoverableitemsdeletions",
    "searchfolders",
    "scheduled",
];
const ROOT: &str = "msgfolderroot";
const DELTA: &str = "GET folder delta";

/// Ids found under well-known names: they last as long as the mailbox.
#[derive(Debug, Clone)]
pub(super) struct WellKnown {
    root: RemoteId,
    roles: Vec<(Role, RemoteId)>,
    unlisted: Vec<RemoteId>,
}

impl Client {
    /// Ids of the well-known folders, in one `$batch`; a mailbox need not have all of them, but it has an
    /// Inbox. Asked for once in this client's life.
    pub async fn well_known(&self) -> Result<Vec<(Role, RemoteId)>> {
        Ok(self.names().await?.roles.clone())
    }

    /// The id of `msgfolderroot`, which names the mailbox for good.
    pub async fn root(&self) -> Result<RemoteId> {
        Ok(self.names().await?.root.clone())
    }

    /// Ids of well-known folders that IMAP does not show (outbox, conflicts, syncissues, …), found in
    /// the same `$batch`es.
    pub async fn unlisted(&self) -> Result<Vec<RemoteId>> {
        Ok(self.names().await?.unlisted.clone())
    }

    /// One page of the folder delta: the whole tree, flat. `None` starts a first round.
    pub async fn folder_delta(&self, link: Option<&str>) -> Result<Page<Entry<Folder>>> {
        let page = match link {
            Some(link) => {
                let call = Call::get(DELTA, self.kept_link(link)?).prefer(Some(PAGE_SIZE));
                self.json(&call).await.map_err(Error::of_link)?
            }
            None => {
                let path = format!("/mailFolders/delta?$select={}", read::FOLDER_SELECT);
                let refused = &self.shared.plain_folders;
                self.expanded(DELTA, &path, read::FOLDER_EXPAND, refused, Some(PAGE_SIZE))
                    .await?
            }
        };
        self.delta_page(DELTA, &page, read::folder)
    }

    pub async fn folder(&self, id: &RemoteId) -> Result<Folder> {
        const WHAT: &str = "GET folder";
        let path = format!(
            "/mailFolders/{}?$select={}",
            address::segment(id.as_str()),
            read::FOLDER_SELECT
        );
        let json = self.json(&Call::get(WHAT, self.url(WHAT, &path)?)).await?;
        read::folder(&json).ok_or_else(|| malformed(WHAT, "no folder"))
    }

    /// A folder under `parent` (`None`: at the top). A name that is taken is a `Conflict`; the error
    /// does not say by what.
    pub async fn create_folder(&self, parent: Option<&RemoteId>, name: &str) -> Result<Folder> {
        const WHAT: &str = "POST folder";
        let path = match parent {
            Some(id) => format!("{}/childFolders", folder_path(id)),
            None => "/mailFolders".to_owned(),
        };
        let url = self.url(WHAT, &path)?;
        let body = json!({ "displayName": name });
        self.folder_of(Call::new(WHAT, Method::POST, url).json(&body))
            .await
    }

    pub async fn rename_folder(&self, id: &RemoteId, name: &str) -> Result<Folder> {
        const WHAT: &str = "PATCH folder";
        let url = self.url(WHAT, &folder_path(id))?;
        let body = json!({ "displayName": name });
        self.folder_of(Call::new(WHAT, Method::PATCH, url).json(&body))
            .await
    }

    /// Under another parent, by id or well-known name.
    pub async fn move_folder(&self, id: &RemoteId, destination: &str) -> Result<Folder> {
        const WHAT: &str = "POST folder move";
        let url = self.url(WHAT, &format!("{}/move", folder_path(id)))?;
        let body = json!({ "destinationId": destination });
        self.folder_of(Call::new(WHAT, Method::POST, url).json(&body))
            .await
    }

    /// DELETE: moves it under Deleted Items, or purges it when it is there already.
    pub async fn delete_folder(&self, id: &RemoteId) -> Result<()> {
        const WHAT: &str = "DELETE folder";
        let call = Call::new(WHAT, Method::DELETE, self.url(WHAT, &folder_path(id))?);
        self.run(&call, false).await.map(|_| ())
    }

    async fn folder_of(&self, call: Call) -> Result<Folder> {
        let json = self.json(&call).await?;
        read::folder(&json).ok_or_else(|| malformed(call.what, "no folder"))
    }

    async fn names(&self) -> Result<&WellKnown> {
        self.shared
            .well_known
            .get_or_try_init(|| self.find_names())
            .await
    }

    async fn find_names(&self) -> Result<WellKnown> {
        const WHAT: &str = "GET well-known folder";
        let roles = Role::ALL.map(Role::well_known_name);
        let names = [ROOT].into_iter().chain(roles).chain(UNLISTED);
        let inner = names
            .map(|name| Inner::get(WHAT, format!("/mailFolders/{name}?$select=id")))
            .collect();
        let mut ids = Vec::new();
        for (at, reply) in self.batch(inner).await?.into_iter().enumerate() {
            let id =
                reply.and_then(|reply| id_of(&reply.body).ok_or_else(|| malformed(WHAT, "no id")));
            ids.push(match id {
                Ok(id) => Some(id),
                Err(error) if error.is_missing() => None,
                Err(error) if is_needed(at) => return Err(error),
                // One folder that cannot be read must not close the whole mailbox.
                Err(error) => {
                    tracing::debug!(%error, "a well-known folder counts as not there");
                    None
                }
            });
        }
        let mut ids = ids.into_iter();
        let root = ids.next().flatten();
        let roles: Vec<_> = Role::ALL
            .into_iter()
            .zip(ids.by_ref())
            .filter_map(|(role, id)| Some((role, id?)))
            .collect();
        if !roles.iter().any(|(role, _)| *role == Role::Inbox) {
            return Err(malformed(WHAT, "the mailbox has no Inbox"));
        }
        Ok(WellKnown {
            root: root.ok_or_else(|| malformed(WHAT, "the mailbox has no root folder"))?,
            roles,
            unlisted: ids.flatten().collect(),
        })
    }
}

/// The root comes first; then the roles.
fn is_needed(at: usize) -> bool {
    at == 0 || at.checked_sub(1).and_then(|at| Role::ALL.get(at)) == Some(&Role::Inbox)
}

fn folder_path(id: &RemoteId) -> String {
    format!("/mailFolders/{}", address::segment(id.as_str()))
}

fn id_of(json: &Value) -> Option<RemoteId> {
    json.get("id")?.as_str().map(RemoteId::new)
}
