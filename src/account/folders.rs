//! The folder tree: roles, names, rounds of the folder delta.
//!
//! A round is committed whole, with the link of the next one: interrupted, it begins again where the
//! last one ended. A known folder goes only when Graph says 404 to its id, or when it is outside the tree. Rows are
//! found by remote id, so renames and moves keep UIDVALIDITY and UIDs, also over a round from scratch (410).

use super::{
    Error, FolderKey, FolderRow, Inner, Result,
    names::{self, Node},
    sync::{self, Bound, Turn},
};
use crate::{
    graph::{
        self,
        types::{Entry, Folder},
    },
    mail::{ErrorClass, RemoteId, Role},
    store::mailboxes::FolderUpsert,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So long a folder that Graph would not show is left as it is known.
const DOUBT: Duration = Duration::from_secs(300);

/// The state of this process; all that must survive is in the store.
#[derive(Debug, Default)]
pub(super) struct Tree {
    round: Arc<tokio::sync::Mutex<Round>>,
    /// Folders of which the last rounds told something: probably their content changed.
    touched: Mutex<HashSet<FolderKey>>,
    /// Folders that a round has to ask for, whatever the delta tells, and not before when.
    doubted: Mutex<HashMap<RemoteId, Instant>>,
}

#[derive(Debug, Default)]
struct Round {
    turn: Turn,
    special: Option<Special>,
    /// Asked for and found to be no mail.
    not_mail: HashSet<RemoteId>,
}

/// Ids that Graph tells only by well-known name; they are stable.
#[derive(Debug, Default)]
struct Special {
    roles: HashMap<RemoteId, Role>,
    unlisted: HashSet<RemoteId>,
    root: Option<RemoteId>,
}

impl Tree {
    /// Takes what was touched since the last call.
    pub(super) fn take_touched(&self) -> HashSet<FolderKey> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next round asks whether this folder is there.
    pub(super) fn doubt(&self, id: &RemoteId) {
        self.doubt_until(id, Instant::now());
    }

    fn doubt_until(&self, id: &RemoteId, due: Instant) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.insert(id.clone(), due);
    }

    fn is_settled(&self, id: &RemoteId) {
        let mut doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.remove(id);
    }

    fn due(&self) -> HashSet<RemoteId> {
        let now = Instant::now();
        let doubted = self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        let due = doubted.iter().filter(|(_, due)| **due <= now);
        due.map(|(id, _)| id.clone()).collect()
    }

    fn touch(&self, keys: impl IntoIterator<Item = FolderKey>) {
        self.touched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(keys);
    }
}

/// A round of the folder delta, unless one ended less than `fresh` ago or after this was called. A task of its own:
/// whoever stops waiting does not stop it.
pub(super) async fn refresh(inner: &Arc<Inner>, fresh: Duration) -> Result<()> {
    let asked = Instant::now();
    let inner = Arc::clone(inner);
    let task = async move {
        let mut round = Arc::clone(&inner.tree.round).lock_owned().await;
        let fresh = match inner.tree.due().is_empty() {
            true => fresh,
            false => Duration::ZERO,
        };
        if let Some(outcome) = round.turn.outcome_for(asked, fresh) {
            return outcome;
        }
        let outcome = tokio::select! {
            outcome = run(&inner, &mut round) => outcome,
            () = inner.ends.cancelled() => Err(Error::Stopping),
        };
        round.turn.note(Instant::now(), outcome)
    };
    tokio::spawn(task).await?
}

/// What a round of the delta told, folded by id.
#[derive(Debug, Default)]
struct News {
    changed: BTreeMap<RemoteId, Folder>,
    removed: HashSet<RemoteId>,
    link: String,
    /// The round told all there is.
    whole: bool,
}

async fn run(inner: &Inner, round: &mut Round) -> Result<()> {
    let known = known(inner).await?;
    let link = inner.store.folders_link().await?;
    let mut news = match read(inner, link.as_deref()).await {
        Err(Error::Graph(error)) if link.is_some() && error.needs_resync() => {
            tracing::info!(account = %inner.name, "the folder delta begins anew");
            read(inner, None).await?
        }
        other => other?,
    };
    let touched = news.changed.keys().filter_map(|id| known.get(id));
    inner.tree.touch(touched.map(|row| row.key));
    let gone = verify_gone(inner, round, &known, &mut news).await?;
    sort_out_new(inner, round, &known, &mut news).await?;
    let shown = shown(&known, &gone, &news, round.special.as_ref());
    let upserts = upserts(&known, shown);
    for folder in upserts.iter().filter(|f| !known.contains_key(&f.remote)) {
        tracing::debug!(account = %inner.name, folder = %folder.name, "new folder");
    }
    let link = Some(news.link);
    inner
        .store
        .apply_folders(upserts, gone.clone(), link)
        .await?;
    for row in gone.iter().filter_map(|id| known.get(id)) {
        inner.hub.announce(row.key);
    }
    Ok(())
}

/// The folders that are Graph's. It must not be asked for one of ours: it would say that there is none.
async fn known(inner: &Inner) -> Result<HashMap<RemoteId, FolderRow>> {
    let rows = inner.store.folders().await?.into_iter();
    let rows = rows.filter(|row| !row.is_local());
    Ok(rows.map(|row| (row.remote.clone(), row)).collect())
}

/// Commits what Graph answered to a change of ours, without waiting for the delta to tell it.
pub(super) async fn adopt(
    inner: &Inner,
    changed: Option<Folder>,
    gone: Option<RemoteId>,
) -> Result<()> {
    let known = known(inner).await?;
    let mut news = News::default();
    changed
        .into_iter()
        .for_each(|folder| news.add(Entry::Changed(folder)));
    let gone: Vec<RemoteId> = gone.into_iter().collect();
    let upserts = upserts(&known, shown(&known, &gone, &news, None));
    inner
        .store
        .apply_folders(upserts, gone.clone(), None)
        .await?;
    for row in gone.iter().filter_map(|id| known.get(id)) {
        inner.hub.announce(row.key);
    }
    Ok(())
}

/// All pages of a round. Of several entries for one id the last wins, told over what was told before.
async fn read(inner: &Inner, link: Option<&str>) -> Result<News> {
    let mut news = News {
        whole: link.is_none(),
        ..News::default()
    };
    let mut link = link.map(str::to_owned);
    let mut bound = Bound::default();
    loop {
        let page = inner.graph.folder_delta(link.as_deref()).await?;
        page.items.into_iter().for_each(|entry| news.add(entry));
        let (next, more) = sync::ahead(page.link)?;
        if !more {
            news.link = next;
            return Ok(news);
        }
        bound.follow(link.as_deref(), &next)?;
        link = Some(next);
    }
}

impl News {
    fn add(&mut self, entry: Entry<Folder>) {
        match entry {
            Entry::Removed(id) => {
                self.changed.remove(&id);
                self.removed.insert(id);
            }
            Entry::Changed(folder) => {
                let id = RemoteId::new(folder.id.clone());
                self.removed.remove(&id);
                let told = match self.changed.remove(&id) {
                    Some(older) => overlay(older, folder),
                    None => folder,
                };
                self.changed.insert(id, told);
            }
        }
    }
}

fn overlay(older: Folder, newer: Folder) -> Folder {
    Folder {
        id: newer.id,
        display_name: newer.display_name.or(older.display_name),
        parent_folder_id: newer.parent_folder_id.or(older.parent_folder_id),
        total_item_count: newer.total_item_count.or(older.total_item_count),
        is_hidden: newer.is_hidden || older.is_hidden,
        is_search_folder: newer.is_search_folder || older.is_search_folder,
        container_class: newer.container_class.or(older.container_class),
    }
}

/// Which known folders went: those that a removal names, or that a whole round does not name, and that Graph
/// does not find under a parent of the tree. The others count as told. One that Graph does not show now stays as
/// it is known and is asked for again: it must not stop the round.
async fn verify_gone(
    inner: &Inner,
    round: &mut Round,
    known: &HashMap<RemoteId, FolderRow>,
    news: &mut News,
) -> Result<Vec<RemoteId>> {
    let mut missing = inner.tree.due();
    let told = known
        .keys()
        .filter(|id| news.removed.contains(id) || news.whole && !news.changed.contains_key(id));
    missing.extend(told.cloned());
    let mut gone = Vec::new();
    for id in missing {
        match inner.graph.folder(&id).await {
            Ok(folder) if in_tree(inner, round, known, news, &folder).await? => {
                inner.tree.is_settled(&id);
                news.add(Entry::Changed(folder));
            }
            Err(error) if error.class() != ErrorClass::NotFound => unreadable(inner, &id, error)?,
            Ok(_) | Err(_) => {
                inner.tree.is_settled(&id);
                news.changed.remove(&id);
                gone.push(id);
            }
        }
    }
    gone.retain(|id| known.contains_key(id));
    Ok(gone)
}

/// An answer about this one folder lets the round go on; without any, none of the others would have one either.
fn unreadable(inner: &Inner, id: &RemoteId, error: graph::Error) -> Result<()> {
    if !matches!(
        error,
        graph::Error::Status(_) | graph::Error::Malformed { .. }
    ) {
        return Err(error.into());
    }
    tracing::warn!(account = %inner.name, %error, "a folder cannot be read; it stays as it is known");
    inner.tree.doubt_until(id, Instant::now() + DOUBT);
    Ok(())
}

/// A deleted folder may still answer from the recoverable items, outside the tree.
async fn in_tree(
    inner: &Inner,
    round: &mut Round,
    known: &HashMap<RemoteId, FolderRow>,
    news: &News,
    folder: &Folder,
) -> Result<bool> {
    let Some(parent) = folder.parent_folder_id.clone().map(RemoteId::new) else {
        return Ok(true);
    };
    if known.contains_key(&parent) || news.changed.contains_key(&parent) {
        return Ok(true);
    }
    let special = special(inner, round).await?;
    if special.unlisted.contains(&parent) {
        return Ok(false);
    }
    let Some(root) = &special.root else {
        return Ok(false);
    };
    if *root == parent {
        return Ok(true);
    }
    // It may be spelled in another way.
    match inner.graph.folder(&parent).await {
        Ok(there) => {
            let id = RemoteId::new(there.id);
            Ok(id == *root || known.contains_key(&id) || news.changed.contains_key(&id))
        }
        Err(error) => Ok(error.class() != ErrorClass::NotFound),
    }
}

async fn special<'a>(inner: &Inner, round: &'a mut Round) -> Result<&'a Special> {
    if round.special.is_none() {
        let special = ask_special(&inner.graph).await?;
        return Ok(round.special.insert(special));
    }
    Ok(round.special.get_or_insert_default())
}

async fn ask_special(graph: &graph::Client) -> Result<Special> {
    let roles = graph.well_known().await?;
    let unlisted = graph.unlisted().await?;
    let root = graph.root().await?;
    Ok(Special {
        roles: roles.into_iter().map(|(role, id)| (id, role)).collect(),
        unlisted: unlisted.into_iter().collect(),
        root: Some(root),
    })
}

/// Finds out what new folders are: roles, those that IMAP does not show, and the class where the delta
/// does not tell it. Costs nothing when no new one came up.
async fn sort_out_new(
    inner: &Inner,
    round: &mut Round,
    known: &HashMap<RemoteId, FolderRow>,
    news: &mut News,
) -> Result<()> {
    news.changed
        .retain(|id, folder| names::is_mail(folder) && !round.not_mail.contains(id));
    let is_new = |id: &RemoteId, round: &Round| {
        let unlisted = round
            .special
            .as_ref()
            .is_some_and(|s| s.unlisted.contains(id));
        !known.contains_key(id) && !unlisted
    };
    // Once in a process in any case: a default folder may be made late (the archive when it is first used).
    if round.special.is_none() || news.changed.keys().any(|id| is_new(id, round)) {
        round.special = Some(ask_special(&inner.graph).await?);
    }
    if let Some(special) = &round.special {
        let out =
            |id: &RemoteId| special.unlisted.contains(id) || special.root.as_ref() == Some(id);
        news.changed.retain(|id, _| !out(id));
    }
    if news.whole {
        // Hundreds of requests for a class that hardly ever says "no mail".
        return Ok(());
    }
    let new: Vec<RemoteId> = news
        .changed
        .iter()
        .filter(|(id, folder)| !known.contains_key(id) && folder.container_class.is_none())
        .map(|(id, _)| id.clone())
        .collect();
    for id in new {
        match inner.graph.folder(&id).await {
            Ok(folder) if names::is_mail(&folder) => news.add(Entry::Changed(folder)),
            Ok(_) => {
                news.changed.remove(&id);
                round.not_mail.insert(id);
            }
            Err(error) if error.class() == ErrorClass::NotFound => {
                news.changed.remove(&id);
            }
            Err(error) => {
                unreadable(inner, &id, error)?;
                let named = |folder: &Folder| folder.display_name.is_some();
                if !news.changed.get(&id).is_some_and(named) {
                    news.changed.remove(&id);
                }
            }
        }
    }
    Ok(())
}

/// The tree after the round.
fn shown(
    known: &HashMap<RemoteId, FolderRow>,
    gone: &[RemoteId],
    news: &News,
    special: Option<&Special>,
) -> Vec<Node> {
    let mut nodes: BTreeMap<RemoteId, Node> = known
        .iter()
        .filter(|(id, _)| !gone.contains(id))
        .map(|(id, row)| (id.clone(), node_of(row)))
        .collect();
    for (id, folder) in &news.changed {
        let node = nodes.entry(id.clone()).or_insert_with(|| Node {
            remote: id.clone(),
            parent: None,
            display_name: String::new(),
            role: None,
            current: None,
        });
        if let Some(parent) = &folder.parent_folder_id {
            node.parent = Some(RemoteId::new(parent.clone()));
        }
        if let Some(name) = &folder.display_name {
            node.display_name.clone_from(name);
        }
    }
    if let Some(special) = special {
        for node in nodes.values_mut() {
            // A name that was not answered takes no role from the folder that had it.
            let had = node
                .role
                .filter(|role| !special.roles.values().any(|r| r == role));
            node.role = special.roles.get(&node.remote).copied().or(had);
        }
    }
    nodes.into_values().collect()
}

fn node_of(row: &FolderRow) -> Node {
    Node {
        remote: row.remote.clone(),
        parent: row.parent.clone(),
        display_name: row.display_name.clone(),
        role: row.role,
        current: Some(row.name.clone()),
    }
}

/// Those nodes whose rows are not as they should be: a round that tells only counts changes nothing.
fn upserts(known: &HashMap<RemoteId, FolderRow>, nodes: Vec<Node>) -> Vec<FolderUpsert> {
    let mut names = names::names(&nodes);
    let wanted = nodes.into_iter().filter_map(|node| {
        let name = names.remove(&node.remote)?;
        Some(FolderUpsert {
            remote: node.remote,
            parent: node.parent,
            display_name: node.display_name,
            name,
            role: node.role,
        })
    });
    let same = |row: &FolderRow, folder: &FolderUpsert| {
        row.parent == folder.parent
            && row.display_name == folder.display_name
            && row.name == folder.name
            && row.role == folder.role
    };
    wanted
        .filter(|folder| {
            !known
                .get(&folder.remote)
                .is_some_and(|row| same(row, folder))
        })
        .collect()
}
