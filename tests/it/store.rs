//! What must survive, survives: UIDs, tombstones, links, what was served, sealed bytes.

mod cached;
mod model;
mod spool;
mod writes;

use postern::{
    mail::{
        ErrorClass, Flags, Keyword, MailboxName, ModSeq, RemoteId, Role, Secret, SystemFlag, Uid,
    },
    store::{
        Error, MailboxStore, Store,
        mailboxes::{FolderKey, FolderUpsert},
        messages::{Change, MessageKey, RemoteMessage, Served},
    },
};
use std::path::Path;

pub(crate) const STATE: &str = "m0001";

pub(crate) async fn store(dir: &Path) -> Store {
    Store::open(dir, Secret::new([42; 32])).await.unwrap()
}

pub(crate) async fn mailbox(dir: &Path) -> MailboxStore {
    store(dir).await.mailbox(STATE).await.unwrap()
}

pub(crate) fn folder(id: &str, name: &str) -> FolderUpsert {
    FolderUpsert {
        remote: RemoteId::new(id),
        parent: Some(RemoteId::new("root")),
        display_name: name.to_owned(),
        name: MailboxName::child(None, name),
        role: None,
    }
}

/// Makes the folder and returns its key.
pub(crate) async fn made(mailbox: &MailboxStore, id: &str) -> FolderKey {
    let upsert = folder(id, id);
    mailbox
        .apply_folders(vec![upsert], vec![], None)
        .await
        .unwrap();
    let found = mailbox.folder_by_remote(&RemoteId::new(id)).await.unwrap();
    found.unwrap().key
}

pub(crate) fn new(id: &str, received: i64) -> Change {
    let message = RemoteMessage {
        received: Some(received),
        seen: Some(false),
        subject: Some(format!("subject of {id}")),
        ..RemoteMessage::default()
    };
    Change::Upsert(RemoteId::new(id), message)
}

pub(crate) fn patch(id: &str, change: impl FnOnce(&mut RemoteMessage)) -> Change {
    let mut message = RemoteMessage::default();
    change(&mut message);
    Change::Upsert(RemoteId::new(id), message)
}

pub(crate) fn seen(id: &str, seen: bool) -> Change {
    patch(id, |m| m.seen = Some(seen))
}

pub(crate) fn gone(id: &str) -> Change {
    Change::Remove(RemoteId::new(id))
}

pub(crate) fn served(text: &str) -> Served {
    Served {
        size: text.len() as u64,
        sha256: [9; 32],
        header: format!("Subject: {text}\r\n\r\n").into_bytes(),
        boundaries: "a\nb".to_owned(),
        structure: format!("{{\"of\":\"{text}\"}}"),
    }
}

pub(crate) fn uid(value: u32) -> Uid {
    Uid::new(value).unwrap()
}

/// UIDs and remote ids, as the folder has them.
pub(crate) async fn listed(mailbox: &MailboxStore, folder: FolderKey) -> Vec<(u32, String)> {
    let snapshot = mailbox.snapshot(folder).await.unwrap();
    let uids = snapshot.rows.iter().map(|row| row.uid).collect();
    let rows = mailbox.messages(folder, uids).await.unwrap();
    assert_eq!(rows.len(), snapshot.rows.len());
    rows.iter()
        .map(|row| (row.uid.value(), row.remote.to_string()))
        .collect()
}

pub(crate) async fn key(mailbox: &MailboxStore, folder: FolderKey, id: &str) -> MessageKey {
    let rows = mailbox
        .by_remote(folder, vec![RemoteId::new(id)])
        .await
        .unwrap();
    rows[0].key
}

async fn list(mailbox: &MailboxStore, folder: FolderKey, page: Vec<Change>) -> ModSeq {
    mailbox.begin_listing(folder).await.unwrap();
    mailbox.stage(folder, page, None).await.unwrap();
    let link = "delta".to_owned();
    let gone = mailbox.unlisted(folder).await.unwrap();
    mailbox.commit_listing(folder, link, gone).await.unwrap()
}

fn pairs(list: &[(u32, &str)]) -> Vec<(u32, String)> {
    list.iter()
        .map(|(uid, id)| (*uid, (*id).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_first_listing_numbers_by_received_time_then_id() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    mailbox.begin_listing(folder).await.unwrap();
    let page = vec![new("z", 30), new("b", 20)];
    mailbox
        .stage(folder, page, Some("next".into()))
        .await
        .unwrap();
    let row = mailbox.folder(folder).await.unwrap().unwrap();
    assert!(!row.listed && row.messages == 0 && row.uid_next == 1);
    let page = vec![new("a", 20), new("y", 10), new("x", 1), gone("x")];
    mailbox.stage(folder, page, None).await.unwrap();
    let highest = mailbox
        .commit_listing(folder, "delta".into(), vec![])
        .await
        .unwrap();
    let row = mailbox.folder(folder).await.unwrap().unwrap();
    assert_eq!(
        listed(&mailbox, folder).await,
        pairs(&[(1, "y"), (2, "a"), (3, "b"), (4, "z")])
    );
    assert!(row.listed);
    assert_eq!(row.link.as_deref(), Some("delta"));
    assert_eq!((row.messages, row.unseen, row.uid_next), (4, 4, 5));
    assert_eq!(row.highest_modseq, highest);
    assert_eq!(mailbox.staged_link(folder).await.unwrap(), None);
}

#[tokio::test]
async fn relisting_keeps_uids_expunges_the_unlisted_and_appends_the_new() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    list(
        &mailbox,
        folder,
        vec![new("a", 1), new("b", 2), new("c", 3), new("d", 4)],
    )
    .await;
    let before = mailbox.snapshot(folder).await.unwrap();

    mailbox.reset_link(folder).await.unwrap();
    mailbox.begin_listing(folder).await.unwrap();
    // Older than all the others, yet seen later: the highest UIDs, in their order.
    let page = vec![new("d", 4), new("n2", -5), new("n1", -9), new("a", 1)];
    mailbox.stage(folder, page, None).await.unwrap();
    let unlisted: Vec<_> = mailbox.unlisted(folder).await.unwrap();
    assert_eq!(unlisted, [RemoteId::new("b"), RemoteId::new("c")]);
    // A client appends while the listing is checked: it was told a UID.
    let appended = vec![new("m", 9)];
    mailbox.apply(folder, appended, None).await.unwrap();
    let gone = vec![RemoteId::new("b"), RemoteId::new("d")];
    mailbox
        .commit_listing(folder, "delta2".into(), gone)
        .await
        .unwrap();
    assert_eq!(
        listed(&mailbox, folder).await,
        pairs(&[(1, "a"), (3, "c"), (4, "d"), (5, "m"), (6, "n1"), (7, "n2")])
    );
    let changes = mailbox
        .changes_since(folder, before.highest_modseq)
        .await
        .unwrap();
    assert_eq!(changes.expunged, [uid(2)]);
    let changed: Vec<_> = changes.changed.iter().map(|row| row.uid.value()).collect();
    assert_eq!(
        changed,
        [5, 6, 7],
        "what was listed unchanged is not announced"
    );
}

#[tokio::test]
async fn an_interrupted_listing_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    {
        let mailbox = mailbox(dir.path()).await;
        let folder = made(&mailbox, "f").await;
        mailbox.begin_listing(folder).await.unwrap();
        assert_eq!(mailbox.staged_link(folder).await.unwrap(), None);
        let page = vec![new("b", 2), new("c", 3)];
        mailbox
            .stage(folder, page, Some("page 2".into()))
            .await
            .unwrap();
        // Dropped, not closed: as after a kill.
    }
    let mailbox = mailbox(dir.path()).await;
    let row = mailbox.folders().await.unwrap().remove(0);
    assert!(!row.listed);
    let link = mailbox.staged_link(row.key).await.unwrap();
    assert_eq!(link.as_deref(), Some("page 2"));
    // The page may come a second time; a later word patches an earlier one.
    let page = vec![new("b", 2), new("a", 1), seen("c", true)];
    mailbox.stage(row.key, page, None).await.unwrap();
    mailbox
        .commit_listing(row.key, "d".into(), vec![])
        .await
        .unwrap();
    assert_eq!(
        listed(&mailbox, row.key).await,
        pairs(&[(1, "a"), (2, "b"), (3, "c")])
    );
    let rows = mailbox.messages(row.key, vec![uid(3)]).await.unwrap();
    assert!(rows[0].flags.has(SystemFlag::Seen));
    assert_eq!(rows[0].internal_date, 3);
    assert_eq!(rows[0].subject.as_deref(), Some("subject of c"));
}

#[tokio::test]
async fn a_replayed_round_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    list(&mailbox, folder, vec![new("a", 1), new("b", 2)]).await;
    let round = || {
        let keywords = vec![Keyword::new("Rot").unwrap(), Keyword::new("blau").unwrap()];
        vec![
            new("c", 3),
            seen("a", true),
            patch("b", |m| m.keywords = Some(keywords)),
            patch("b", |m| m.answered = Some(true)),
            gone("unknown"),
        ]
    };
    let once = mailbox
        .apply(folder, round(), Some("l".into()))
        .await
        .unwrap();
    let before = mailbox.snapshot(folder).await.unwrap();
    let twice = mailbox
        .apply(folder, round(), Some("l".into()))
        .await
        .unwrap();
    assert_eq!(once, twice);
    assert_eq!(mailbox.snapshot(folder).await.unwrap(), before);
    let row = mailbox.folder(folder).await.unwrap().unwrap();
    assert_eq!(
        (row.messages, row.unseen, row.link.as_deref()),
        (3, 2, Some("l"))
    );
    let names: Vec<_> = before.rows[1].flags.wire_names().collect();
    assert_eq!(names, ["\\Answered", "blau", "Rot"]);
    // What no client sees is kept, and no reason to announce anything.
    let details = patch("a", |m| {
        m.subject = Some("edited".into());
        m.received = Some(99);
        m.change_key = Some("CQ".into());
        m.store_size = Some(77);
    });
    assert_eq!(
        mailbox.apply(folder, vec![details], None).await.unwrap(),
        once
    );
    let row = mailbox
        .messages(folder, vec![uid(1)])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(row.subject.as_deref(), Some("edited"));
    assert_eq!(row.internal_date, 1, "an internal date never changes");
    assert_eq!(
        (row.change_key.as_deref(), row.store_size),
        (Some("CQ"), Some(77))
    );
}

#[tokio::test]
async fn patches_leave_what_they_do_not_tell_and_deleted_is_ours() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    list(&mailbox, folder, vec![new("a", 1)]).await;
    let a = key(&mailbox, folder, "a").await;
    let flags = Flags::default()
        .with(SystemFlag::Deleted)
        .with(SystemFlag::Flagged);
    let set = mailbox.set_flags(a, flags.clone()).await.unwrap();
    assert_eq!(mailbox.set_flags(a, flags.clone()).await.unwrap(), set);
    mailbox
        .apply(folder, vec![seen("a", true)], None)
        .await
        .unwrap();
    let now = mailbox.snapshot(folder).await.unwrap();
    assert_eq!(now.rows[0].flags, flags.with(SystemFlag::Seen));
    assert!(now.highest_modseq > set);
    assert_eq!(now.rows[0].modseq, now.highest_modseq);
    let unknown = MessageKey(999);
    let error = mailbox
        .set_flags(unknown, Flags::default())
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[tokio::test]
async fn changes_name_neither_what_came_and_went_nor_what_stayed() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    let start = list(
        &mailbox,
        folder,
        vec![new("a", 1), new("b", 2), new("c", 3)],
    )
    .await;
    mailbox
        .apply(folder, vec![new("brief", 4)], None)
        .await
        .unwrap();
    let middle = mailbox
        .apply(folder, vec![new("d", 5), gone("b")], None)
        .await
        .unwrap();
    mailbox
        .apply(folder, vec![gone("brief"), seen("c", true)], None)
        .await
        .unwrap();
    let since = |m| {
        let mailbox = mailbox.clone();
        async move {
            let changes = mailbox.changes_since(folder, m).await.unwrap();
            let changed: Vec<_> = changes.changed.iter().map(|r| r.uid.value()).collect();
            let expunged: Vec<_> = changes.expunged.iter().map(|u| u.value()).collect();
            (changed, expunged)
        }
    };
    assert_eq!(since(start).await, (vec![3, 5], vec![2]));
    assert_eq!(since(middle).await, (vec![3], vec![4]));
    assert_eq!(since(ModSeq(0)).await, (vec![1, 3, 5], vec![]));
    assert_eq!(since(ModSeq(u64::MAX)).await, (vec![], vec![]));
    // An id that comes back is another message to IMAP.
    mailbox
        .apply(folder, vec![new("b", 2)], None)
        .await
        .unwrap();
    assert_eq!(
        listed(&mailbox, folder).await,
        pairs(&[(1, "a"), (3, "c"), (5, "d"), (6, "b")])
    );
}

#[tokio::test]
async fn new_content_under_an_old_id_gets_a_new_uid_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    let start = list(&mailbox, folder, vec![new("a", 11), new("b", 12)]).await;
    let old = key(&mailbox, folder, "a").await;
    let flags = Flags::default().with(SystemFlag::Seen);
    mailbox.set_flags(old, flags.clone()).await.unwrap();
    mailbox.keep_served(old, served("old")).await.unwrap();
    assert_eq!(mailbox.replace(old).await.unwrap(), uid(3));
    let row = mailbox
        .messages(folder, vec![uid(3)])
        .await
        .unwrap()
        .remove(0);
    assert_ne!(row.key, old);
    assert_eq!((row.internal_date, row.flags), (11, flags));
    assert_eq!(row.served, None);
    assert_eq!(
        mailbox.elsewhere(&row.remote).await.unwrap(),
        [(folder, row.key)]
    );
    let changes = mailbox.changes_since(folder, start).await.unwrap();
    assert_eq!(changes.expunged, [uid(1)]);
    assert_eq!(changes.changed.len(), 1);
    let counts = mailbox.folder(folder).await.unwrap().unwrap();
    assert_eq!((counts.messages, counts.unseen, counts.uid_next), (2, 1, 4));
    // The key after it is a third one.
    mailbox
        .apply(folder, vec![new("c", 13)], None)
        .await
        .unwrap();
    let next = key(&mailbox, folder, "c").await;
    assert!(next > row.key && row.key > old);
    assert!(matches!(mailbox.replace(old).await, Err(Error::NoMessage)));
}

#[tokio::test]
async fn a_renamed_folder_keeps_its_numbers_and_a_remade_one_gets_a_higher_uidvalidity() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let both = vec![folder("f", "Eins"), folder("g", "Zwei")];
    mailbox
        .apply_folders(both, vec![], Some("fl".into()))
        .await
        .unwrap();
    let rows = mailbox.folders().await.unwrap();
    let (eins, zwei) = (&rows[0], &rows[1]);
    assert!(eins.uid_validity < zwei.uid_validity && eins.subscribed);
    list(&mailbox, eins.key, vec![new("a", 1)]).await;
    let served = served("a");
    let a = key(&mailbox, eins.key, "a").await;
    mailbox.keep_served(a, served.clone()).await.unwrap();

    // Two folders swap their names in one round.
    let swap = vec![folder("f", "Zwei"), folder("g", "Eins")];
    mailbox.apply_folders(swap, vec![], None).await.unwrap();
    let name = MailboxName::child(None, "Zwei");
    let renamed = mailbox.folder_by_name(&name).await.unwrap().unwrap();
    assert_eq!(
        (renamed.key, renamed.uid_validity),
        (eins.key, eins.uid_validity)
    );
    assert!(renamed.subscribed);
    assert_eq!(listed(&mailbox, eins.key).await, pairs(&[(1, "a")]));
    assert_eq!(mailbox.folders_link().await.unwrap().as_deref(), Some("fl"));

    let removed = vec![RemoteId::new("f")];
    mailbox.apply_folders(vec![], removed, None).await.unwrap();
    assert_eq!(mailbox.folder(eins.key).await.unwrap(), None);
    assert!(matches!(
        mailbox.snapshot(eins.key).await,
        Err(Error::NoFolder)
    ));
    let mut again = folder("f", "Eins neu");
    again.role = Some(Role::Archive);
    mailbox
        .apply_folders(vec![again], vec![], None)
        .await
        .unwrap();
    let remade = mailbox
        .folder_by_remote(&RemoteId::new("f"))
        .await
        .unwrap()
        .unwrap();
    assert!(remade.uid_validity > zwei.uid_validity && remade.key > zwei.key);
    assert_eq!(
        (remade.role, remade.messages, remade.listed),
        (Some(Role::Archive), 0, false)
    );
}

#[tokio::test]
async fn two_folders_never_have_one_name_and_nothing_is_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let f = made(&mailbox, "f").await;
    let twice = vec![folder("g", "G"), folder("h", "f")];
    let error = mailbox
        .apply_folders(twice, vec![], Some("x".into()))
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(mailbox.folders().await.unwrap().len(), 1);
    assert_eq!(mailbox.folders_link().await.unwrap(), None);
    assert!(mailbox.folder(f).await.unwrap().is_some());
}

#[tokio::test]
async fn subscriptions_of_clients_stay_and_ours_go_with_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|n| MailboxName::from_client(n))
            .collect::<Vec<_>>()
    };
    mailbox
        .apply_folders(
            vec![folder("a", "A"), folder("b", "B"), folder("c", "C")],
            vec![],
            None,
        )
        .await
        .unwrap();
    mailbox
        .set_subscribed(&MailboxName::from_client("nowhere"), true)
        .await
        .unwrap();
    mailbox
        .set_subscribed(&MailboxName::from_client("A"), true)
        .await
        .unwrap();
    mailbox
        .set_subscribed(&MailboxName::from_client("C"), false)
        .await
        .unwrap();
    assert_eq!(
        mailbox.subscriptions().await.unwrap(),
        names(&["A", "B", "nowhere"])
    );
    let renamed = vec![folder("b", "B2"), folder("c", "C2")];
    mailbox
        .apply_folders(renamed, vec![RemoteId::new("a")], None)
        .await
        .unwrap();
    assert_eq!(
        mailbox.subscriptions().await.unwrap(),
        names(&["A", "B2", "nowhere"])
    );
}

#[tokio::test]
async fn served_facts_are_kept_once_and_follow_a_move() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let (from, to) = (made(&mailbox, "from").await, made(&mailbox, "to").await);
    list(&mailbox, from, vec![new("a", 1), new("b", 2)]).await;
    assert_eq!(mailbox.unserved(from, 9).await.unwrap(), [uid(2), uid(1)]);
    let old = key(&mailbox, from, "a").await;
    mailbox.keep_served(old, served("first")).await.unwrap();
    let kept = mailbox.keep_served(old, served("second")).await.unwrap();
    assert_eq!(kept, served("first"));
    assert_eq!(mailbox.unserved(from, 9).await.unwrap(), [uid(2)]);
    let briefs = mailbox
        .briefs(from, vec![uid(2), uid(1), uid(7)])
        .await
        .unwrap();
    let briefs: Vec<_> = briefs
        .iter()
        .map(|b| (b.uid.value(), b.internal_date, b.size))
        .collect();
    assert_eq!(briefs, [(1, 1, Some(5)), (2, 2, None)]);
    mailbox.cache_put(old, b"MIME of a").await.unwrap();

    // The old folder's round comes first: the facts outlive the row.
    mailbox.apply(from, vec![gone("a")], None).await.unwrap();
    list(&mailbox, to, vec![new("a", 1)]).await;
    let new_key = key(&mailbox, to, "a").await;
    let places = mailbox.elsewhere(&RemoteId::new("a")).await.unwrap();
    assert_eq!(places, [(to, new_key), (from, old)]);
    assert!(mailbox.adopt_served(old, new_key).await.unwrap());
    assert!(
        !mailbox.adopt_served(old, new_key).await.unwrap(),
        "there already"
    );
    let row = mailbox.messages(to, vec![uid(1)]).await.unwrap().remove(0);
    assert_eq!(row.served, Some(served("first")));
    let mime = mailbox.cache_get(new_key).await.unwrap();
    assert_eq!(mime.as_deref(), Some(b"MIME of a".as_slice()));
    mailbox.cache_remove(old).await.unwrap();
    assert!(
        mailbox.cache_get(new_key).await.unwrap().is_some(),
        "shared bytes stay"
    );
    let gone_message = mailbox.keep_served(old, served("third")).await.unwrap();
    assert_eq!(gone_message, served("first"));
    let error = mailbox
        .keep_served(MessageKey(77), served("x"))
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[tokio::test]
async fn everything_is_there_after_an_end_without_close() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, before, row) = {
        let mailbox = mailbox(dir.path()).await;
        let folder = made(&mailbox, "f").await;
        list(&mailbox, folder, vec![new("a", 1), new("b", 2)]).await;
        mailbox
            .apply(folder, vec![gone("a"), new("c", 0)], Some("link".into()))
            .await
            .unwrap();
        let b = key(&mailbox, folder, "b").await;
        mailbox.keep_served(b, served("b")).await.unwrap();
        let snapshot = mailbox.snapshot(folder).await.unwrap();
        let row = mailbox.messages(folder, vec![uid(2)]).await.unwrap();
        (folder, snapshot, row)
    };
    let store = store(dir.path()).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    assert_eq!(mailbox.snapshot(folder).await.unwrap(), before);
    assert_eq!(mailbox.messages(folder, vec![uid(2)]).await.unwrap(), row);
    store.close().await.unwrap();
    let error = mailbox.snapshot(folder).await.unwrap_err();
    assert!(matches!(error, Error::Closed) && error.class().is_temporary());
    assert!(matches!(
        mailbox.cache_get(row[0].key).await,
        Err(Error::Closed)
    ));
}

#[tokio::test]
async fn closing_folds_the_log_into_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    made(&mailbox, "f").await;
    mailbox.cache_put(MessageKey(1), b"x").await.unwrap();
    let wals = [
        dir.path().join("spool.db-wal"),
        dir.path()
            .join("mailboxes")
            .join(STATE)
            .join("state.db-wal"),
        dir.path()
            .join("mailboxes")
            .join(STATE)
            .join("cache.db-wal"),
    ];
    assert!(wals.iter().all(|wal| wal.exists()));
    store.close().await.unwrap();
    assert!(!wals.iter().any(|wal| wal.exists()));
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_whole_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    for i in 0..50 {
        let page = (0..20).map(|n| new(&format!("{i}-{n}"), n)).collect();
        let write = mailbox.apply(folder, page, Some(format!("{i}")));
        let _ = tokio::time::timeout(std::time::Duration::from_micros(i * 20), write).await;
    }
    // A last write that is waited for comes after all of them.
    mailbox.apply(folder, vec![], None).await.unwrap();
    let row = mailbox.folder(folder).await.unwrap().unwrap();
    let rows = mailbox.snapshot(folder).await.unwrap().rows;
    assert_eq!(rows.len(), row.messages as usize);
    assert_eq!(rows.len() % 20, 0);
}

#[tokio::test]
async fn what_departed_is_remembered_in_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    let ids: Vec<_> = (0..2_010).map(|i| format!("id{i:04}")).collect();
    let page = ids.iter().map(|id| new(id, 1)).collect();
    list(&mailbox, folder, page).await;
    // Keys follow the order of the listing.
    let first = key(&mailbox, folder, &ids[0]).await;
    let all = (0..2_011).map(|i| (MessageKey(first.0 + i), served("x")));
    let kept = mailbox.keep_served_all(all.collect()).await.unwrap();
    assert!(
        kept[..2_010]
            .iter()
            .all(|k| k.as_ref().unwrap() == &served("x"))
    );
    assert!(matches!(kept[2_010], Err(Error::NoMessage)));
    let leave = ids.iter().map(|id| gone(id)).collect();
    mailbox.apply(folder, leave, None).await.unwrap();
    let of = async |i: usize| mailbox.elsewhere(&RemoteId::new(&ids[i])).await.unwrap();
    assert_eq!(of(9).await, []);
    assert_eq!(of(10).await, [(folder, MessageKey(first.0 + 10))]);
    assert_eq!(of(2_009).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_see_whole_rounds_while_a_writer_works() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    list(&mailbox, folder, vec![new("a", 1), new("b", 2)]).await;
    let writer = {
        let mailbox = mailbox.clone();
        tokio::spawn(async move {
            for i in 0..100 {
                let both = vec![seen("a", i % 2 == 0), seen("b", i % 2 == 0)];
                mailbox.apply(folder, both, None).await.unwrap();
            }
        })
    };
    let readers = (0..4).map(|_| {
        let mailbox = mailbox.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                let now = mailbox.snapshot(folder).await.unwrap();
                assert_eq!(now.rows[0].flags, now.rows[1].flags);
                assert_eq!(now.rows[0].modseq, now.highest_modseq);
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
    writer.await.unwrap();
}
