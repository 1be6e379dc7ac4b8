//! Random rounds against a model in memory: what IMAP clients rely on holds after each of them.

use super::{gone, key, made, mailbox, new, patch};
use postern::{
    mail::{Flags, Keyword, RemoteId, SystemFlag},
    store::{
        MailboxStore,
        mailboxes::FolderKey,
        messages::{Change, Snapshot, ViewRow},
    },
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What may happen to a folder. Ids are few, so that they meet often.
#[derive(Debug, Clone)]
enum Event {
    Round(Vec<Step>),
    /// Ids, received times; whether the first unlisted one is kept.
    Relist(Vec<(u8, i64)>, bool),
    Flags(u8, u8),
    Replace(u8),
    Reopen,
}

#[derive(Debug, Clone)]
enum Step {
    New(u8, i64),
    Seen(u8, bool),
    Words(u8, u8),
    Gone(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..12u8;
    prop_oneof![
        3 => (id.clone(), 0..5i64).prop_map(|(id, at)| Step::New(id, at)),
        3 => (id.clone(), any::<bool>()).prop_map(|(id, on)| Step::Seen(id, on)),
        1 => (id.clone(), 0..4u8).prop_map(|(id, words)| Step::Words(id, words)),
        2 => id.prop_map(Step::Gone),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let list = prop::collection::vec((0..12u8, 0..5i64), 0..8);
    prop_oneof![
        6 => prop::collection::vec(step(), 0..6).prop_map(Event::Round),
        2 => (list, any::<bool>()).prop_map(|(ids, keep)| Event::Relist(ids, keep)),
        2 => (0..12u8, 0..64u8).prop_map(|(id, bits)| Event::Flags(id, bits)),
        1 => (0..12u8).prop_map(Event::Replace),
        1 => Just(Event::Reopen),
    ]
}

/// The folder as it should be: what each living id is, and every UID that ever was.
#[derive(Debug, Default)]
struct Model {
    living: BTreeMap<String, Message>,
    /// UID to the id it stands for.
    ever: BTreeMap<u32, String>,
}

#[derive(Debug, Clone)]
struct Message {
    uid: u32,
    flags: Flags,
    date: i64,
}

impl Model {
    fn add(&mut self, id: &str, date: i64, flags: Flags) {
        let uid = self.ever.keys().last().map_or(1, |last| last + 1);
        self.ever.insert(uid, id.to_owned());
        self.living
            .insert(id.to_owned(), Message { uid, flags, date });
    }

    fn upsert(&mut self, id: &str, date: Option<i64>, change: impl FnOnce(&mut Flags)) {
        if let Some(message) = self.living.get_mut(id) {
            return change(&mut message.flags);
        }
        let mut flags = Flags::default();
        change(&mut flags);
        // Without a date the clock decides; the model does not compare that.
        self.add(id, date.unwrap_or(i64::MIN), flags);
    }
}

fn name(id: u8) -> String {
    format!("id{id}")
}

fn words(set: u8) -> Vec<Keyword> {
    let all = ["rot", "blau"].into_iter().enumerate();
    all.filter(|(i, _)| set & (1 << i) != 0)
        .filter_map(|(_, word)| Keyword::new(word))
        .collect()
}

async fn round(mailbox: &MailboxStore, folder: FolderKey, model: &mut Model, steps: &[Step]) {
    let mut changes: Vec<Change> = Vec::new();
    for step in steps {
        match *step {
            Step::New(id, at) => {
                changes.push(new(&name(id), at));
                model.upsert(&name(id), Some(at), |f| f.set(SystemFlag::Seen, false));
            }
            Step::Seen(id, on) => {
                changes.push(patch(&name(id), |m| m.seen = Some(on)));
                model.upsert(&name(id), None, |f| f.set(SystemFlag::Seen, on));
            }
            Step::Words(id, set) => {
                changes.push(patch(&name(id), |m| m.keywords = Some(words(set))));
                model.upsert(&name(id), None, |f| {
                    *f = Flags::from_parts(f.bits(), words(set))
                });
            }
            Step::Gone(id) => {
                changes.push(gone(&name(id)));
                model.living.remove(&name(id));
            }
        }
    }
    mailbox
        .apply(folder, changes.clone(), Some("l".into()))
        .await
        .unwrap();
    // A replay of a round that ends in the same state changes nothing.
    let added_and_gone = steps.iter().any(|s| matches!(s, Step::Gone(_)));
    let flips = steps.len() > 1;
    if !added_and_gone && !flips {
        let before = mailbox.snapshot(folder).await.unwrap();
        mailbox
            .apply(folder, changes, Some("l".into()))
            .await
            .unwrap();
        assert_eq!(mailbox.snapshot(folder).await.unwrap(), before);
    }
}

async fn relist(
    mailbox: &MailboxStore,
    folder: FolderKey,
    model: &mut Model,
    ids: &[(u8, i64)],
    keep: bool,
) {
    mailbox.begin_listing(folder).await.unwrap();
    for page in ids.chunks(3) {
        let page = page.iter().map(|(id, at)| new(&name(*id), *at)).collect();
        mailbox
            .stage(folder, page, Some("next".into()))
            .await
            .unwrap();
    }
    let unlisted = mailbox.unlisted(folder).await.unwrap();
    let (kept, gone) = unlisted.split_at(usize::from(keep).min(unlisted.len()));
    let (kept, gone) = (kept.to_vec(), gone.to_vec());
    mailbox
        .commit_listing(folder, "d".into(), gone)
        .await
        .unwrap();

    let mut staged: BTreeMap<String, i64> = BTreeMap::new();
    for (id, at) in ids {
        staged.insert(name(*id), *at);
    }
    let expected: BTreeSet<_> = model
        .living
        .keys()
        .filter(|id| !staged.contains_key(*id))
        .cloned()
        .collect();
    assert_eq!(expected, unlisted.iter().map(ToString::to_string).collect());
    model
        .living
        .retain(|id, _| staged.contains_key(id) || kept.contains(&RemoteId::new(id)));
    let mut order: Vec<_> = staged.into_iter().map(|(id, at)| (at, id)).collect();
    order.sort();
    for (at, id) in order {
        model.upsert(&id, Some(at), |f| f.set(SystemFlag::Seen, false));
    }
}

async fn flags(mailbox: &MailboxStore, folder: FolderKey, model: &mut Model, id: u8, bits: u8) {
    if let Some(message) = model.living.get_mut(&name(id)) {
        message.flags = Flags::from_parts(bits, words(bits & 3));
        let key = key(mailbox, folder, &name(id)).await;
        mailbox.set_flags(key, message.flags.clone()).await.unwrap();
    }
}

async fn replace(mailbox: &MailboxStore, folder: FolderKey, model: &mut Model, id: u8) {
    if let Some(old) = model.living.remove(&name(id)) {
        model.add(&name(id), old.date, old.flags);
        let key = key(mailbox, folder, &name(id)).await;
        mailbox.replace(key).await.unwrap();
    }
}

/// A client's copy, brought up to date with what `changes_since` tells.
async fn catch_up(mailbox: &MailboxStore, folder: FolderKey, old: &Snapshot) -> Vec<ViewRow> {
    let changes = mailbox
        .changes_since(folder, old.highest_modseq)
        .await
        .unwrap();
    let mut rows: BTreeMap<_, _> = old.rows.iter().map(|r| (r.uid, r.clone())).collect();
    for uid in &changes.expunged {
        assert!(rows.remove(uid).is_some(), "{uid} was never there");
    }
    let mut last = None;
    for row in changes.changed {
        assert!(last < Some(row.uid) && row.modseq > old.highest_modseq);
        last = Some(row.uid);
        rows.insert(row.uid, row);
    }
    rows.into_values().collect()
}

async fn check(
    mailbox: &MailboxStore,
    folder: FolderKey,
    model: &Model,
    past: &[Snapshot],
) -> Snapshot {
    let now = mailbox.snapshot(folder).await.unwrap();
    let row = mailbox.folder(folder).await.unwrap().unwrap();
    let uids = now.rows.iter().map(|r| r.uid).collect();
    let rows = mailbox.messages(folder, uids).await.unwrap();
    let mut expected: Vec<_> = model
        .living
        .iter()
        .map(|(id, m)| (m.uid, id.clone(), m))
        .collect();
    expected.sort_by_key(|(uid, ..)| *uid);
    assert_eq!(rows.len(), expected.len());
    for (got, (uid, id, message)) in rows.iter().zip(&expected) {
        assert_eq!((got.uid.value(), got.remote.as_str()), (*uid, id.as_str()));
        assert_eq!(got.flags, message.flags);
        assert_eq!(
            model.ever.get(uid),
            Some(id),
            "a UID never changes its message"
        );
        if message.date != i64::MIN {
            assert_eq!(got.internal_date, message.date);
        }
    }
    let unseen = now
        .rows
        .iter()
        .filter(|r| !r.flags.has(SystemFlag::Seen))
        .count();
    assert_eq!(
        (row.messages as usize, row.unseen as usize),
        (rows.len(), unseen)
    );
    assert_eq!(row.uid_next, now.uid_next);
    assert_eq!(
        now.uid_next,
        model.ever.keys().last().map_or(1, |last| last + 1)
    );
    assert!(now.rows.iter().all(|r| r.modseq <= now.highest_modseq));
    for old in past {
        assert_eq!(now.uid_validity, old.uid_validity);
        assert!(now.highest_modseq >= old.highest_modseq);
        if now.highest_modseq == old.highest_modseq {
            assert_eq!(now, *old, "no change without a higher MODSEQ");
        }
        assert_eq!(catch_up(mailbox, folder, old).await, now.rows);
    }
    now
}

async fn run(events: Vec<Event>) {
    let dir = tempfile::tempdir().unwrap();
    let mut mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    let mut model = Model::default();
    let mut past: Vec<Snapshot> = Vec::new();
    for event in events {
        match event {
            Event::Round(steps) => round(&mailbox, folder, &mut model, &steps).await,
            Event::Relist(ids, keep) => relist(&mailbox, folder, &mut model, &ids, keep).await,
            Event::Flags(id, bits) => flags(&mailbox, folder, &mut model, id, bits).await,
            Event::Replace(id) => replace(&mailbox, folder, &mut model, id).await,
            Event::Reopen => {
                drop(mailbox);
                mailbox = super::mailbox(dir.path()).await;
            }
        }
        past.push(check(&mailbox, folder, &model, &past).await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn rounds_keep_every_promise(events in prop::collection::vec(event(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(events));
    }
}
