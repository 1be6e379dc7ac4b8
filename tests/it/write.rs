//! STORE, COPY, MOVE and EXPUNGE against the sandbox: what Graph has afterwards, what IMAP shows, what it cost.

use crate::sync_world::{ANNA, World, mailbox, mails, mime, plain, rows};
use postern::{
    account::{Account, FlagChange, Manners, Selected},
    mail::{ErrorClass, Flags, Keyword, RemoteId, SystemFlag, Uid},
};
use serde_json::{Value, json};

const INBOX: &str = "INBOX";

pub(crate) fn uids(numbers: impl IntoIterator<Item = u32>) -> Vec<Uid> {
    numbers.into_iter().map(|n| Uid::new(n).unwrap()).collect()
}

pub(crate) fn flags(names: &str) -> Flags {
    let mut flags = Flags::default();
    for name in names.split_whitespace() {
        match SystemFlag::from_wire(name) {
            Some(flag) => flags.set(flag, true),
            None => flags.set_keyword(Keyword::new(name).unwrap(), true),
        }
    }
    flags
}

pub(crate) async fn open(world: &World, name: &str) -> (Account, Selected) {
    let account = world.account();
    let selected = account.select(&mailbox(name)).await.unwrap();
    (account, selected)
}

/// UID, subject and flags of each row as the store has them now.
async fn shown(account: &Account, name: &str) -> String {
    let selected = account.select(&mailbox(name)).await.unwrap();
    let rows = rows(account, &selected).await;
    let rows = rows.iter().map(|(uid, subject, flags)| {
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!(" ({flags})")
        };
        format!("{uid} {subject}{flags}")
    });
    rows.collect::<Vec<_>>().join(", ")
}

/// An item as the cloud has it.
async fn item(world: &World, id: &str) -> Value {
    world.get(&format!("item?mailbox={ANNA}&item={id}")).await
}

fn pairs(copied: &postern::account::Copied) -> Vec<(u32, u32)> {
    assert!(copied.failed.is_empty(), "{:?}", copied.failed);
    copied
        .pairs
        .iter()
        .map(|(a, b)| (a.value(), b.value()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_go_to_the_cloud_and_come_back_the_same() {
    let world = World::with_inbox(mails(3)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    let all = flags("\\Seen \\Flagged \\Answered Rot Rote_Kategorie");
    let stored = account
        .store_flags(folder, &uids([1, 2, 99]), FlagChange::Add, &all)
        .await
        .unwrap();
    assert!(stored.failed.is_empty());
    let changed: Vec<_> = stored.changed.iter().map(|row| row.uid.value()).collect();
    assert_eq!(changed, [1, 2], "no row for what is not there");
    let modseq = stored.changed[0].modseq;
    let ids = world.ids("inbox").await;
    let cloud = item(&world, &ids[0]).await;
    assert_eq!(cloud["read"], true, "{cloud}");
    assert_eq!(cloud["flag"], "flagged");
    assert_eq!(cloud["categories"], json!(["Rot", "Rote Kategorie"]));
    let remote = RemoteId::new(ids[0].clone());
    let message = world.graph.message(&remote).await.unwrap();
    assert_eq!(message.last_verb, Some(102));
    // Our own change comes back in the delta and is no news.
    let again = world.account();
    let selected = again.select(&mailbox(INBOX)).await.unwrap();
    assert_eq!(selected.snapshot.rows[0].modseq, modseq);
    assert_eq!(selected.snapshot.rows[0].flags, all);
    let fewer = FlagChange::Remove;
    let gone = flags("\\Answered rot");
    account
        .store_flags(folder, &uids([1]), fewer, &gone)
        .await
        .unwrap();
    let cloud = item(&world, &ids[0]).await;
    assert_eq!(cloud["categories"], json!(["Rote Kategorie"]));
    let set = flags("$Forwarded");
    account
        .store_flags(folder, &uids([1]), FlagChange::Set, &set)
        .await
        .unwrap();
    assert_eq!(item(&world, &ids[0]).await["read"], false);
    let want = "1 m1 ($Forwarded), 2 m2 (\\Answered \\Flagged \\Seen Rot Rote_Kategorie), 3 m3";
    assert_eq!(shown(&world.account(), INBOX).await, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_is_ours_and_survives() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let deleted = flags("\\Deleted");
    let second = uids([2]);
    let storing = account.store_flags(inbox.folder.key, &second, FlagChange::Add, &deleted);
    let (stored, requests) = world.cost(storing).await;
    assert_eq!(stored.unwrap().changed.len(), 1);
    assert_eq!(requests, 0, "the cloud has no such flag");
    let ids = world.ids("inbox").await;
    world.change(&ids[1], json!({"read": true})).await;
    assert_eq!(
        shown(&world.account(), INBOX).await,
        "1 m1, 2 m2 (\\Deleted \\Seen)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_stays_one_and_no_other_becomes_one() {
    let world = World::with_inbox(mails(1)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let draft = flags("\\Draft");
    let stored = account
        .store_flags(inbox.folder.key, &uids([1]), FlagChange::Set, &draft)
        .await
        .unwrap();
    assert_eq!(stored.changed[0].flags, Flags::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_tried_once_more_and_what_is_gone_fails_alone() {
    let world = World::with_inbox(mails(3)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let ids = world.ids("inbox").await;
    world.switch("conflict-412", json!(1)).await;
    world.change(&ids[1], json!({"delete": true})).await;
    let stored = account
        .store_flags(
            inbox.folder.key,
            &uids([1, 2, 3]),
            FlagChange::Add,
            &flags("\\Seen"),
        )
        .await
        .unwrap();
    let changed: Vec<_> = stored.changed.iter().map(|row| row.uid.value()).collect();
    assert_eq!(changed, [1, 3]);
    assert_eq!(stored.failed.len(), 1);
    assert_eq!(stored.failed[0].0.value(), 2);
    assert_eq!(stored.failed[0].1.class(), ErrorClass::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cloud_did_not_take_is_not_shown() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    world.fail("$batch", 0).await;
    let stored = account
        .store_flags(
            inbox.folder.key,
            &uids([1, 2]),
            FlagChange::Add,
            &flags("\\Seen"),
        )
        .await
        .unwrap();
    assert_eq!((stored.changed.len(), stored.failed.len()), (0, 2));
    assert!(stored.failed[0].1.class().is_temporary());
    world.heal().await;
    assert_eq!(shown(&world.account(), INBOX).await, "1 m1, 2 m2");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_cost_twenty_five_requests() {
    let world = World::with_inbox(mails(500)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.status(&mailbox("Archive")).await.unwrap();
    let folder = inbox.folder.key;
    let (all, seen) = (uids(1..=500), flags("\\Seen"));
    let storing = account.store_flags(folder, &all, FlagChange::Add, &seen);
    let begun = std::time::Instant::now();
    let (stored, requests) = world.cost(storing).await;
    assert_eq!(stored.unwrap().changed.len(), 500);
    // No commit waits for a turn that its own command holds.
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
    assert!(requests <= 25, "{requests} requests to store");
    let moving = mailbox("Archive");
    let (moved, requests) = world.cost(account.move_to(folder, &all, &moving)).await;
    assert_eq!(pairs(&moved.unwrap()).len(), 500);
    assert!(requests <= 25, "{requests} requests to move");
    assert_eq!(world.look(INBOX).await.len(), 0);
    assert_eq!(world.look("Archive").await.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_message_keeps_flags_date_and_what_was_served() {
    let world = World::with_inbox(mails(3)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    let both = uids([1, 3]);
    account
        .store_flags(folder, &both, FlagChange::Add, &flags("\\Seen Rot"))
        .await
        .unwrap();
    let before = account.messages(folder, &both).await.unwrap();
    let octets = account.octets(&before[1], 0..u64::MAX).await.unwrap();
    let served = account.messages(folder, &both).await.unwrap()[1]
        .served
        .clone();
    let moved = account
        .move_to(folder, &both, &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!(pairs(&moved), [(1, 1), (3, 2)]);
    let changes = account
        .changes_since(folder, inbox.snapshot.highest_modseq)
        .await
        .unwrap();
    assert_eq!(changes.expunged, both);
    // Every later round, also one from scratch, changes nothing.
    for round in 0..3 {
        if round == 2 {
            world.post("expire", json!({"mailbox": ANNA})).await;
        }
        let want = "1 m1 (\\Seen Rot), 2 m3 (\\Seen Rot)";
        assert_eq!(shown(&world.account(), "Archive").await, want);
        assert_eq!(shown(&world.account(), INBOX).await, "2 m2");
    }
    let (account, archive) = open(&world, "Archive").await;
    let now = account
        .messages(archive.folder.key, &uids([2]))
        .await
        .unwrap();
    assert_eq!(now[0].internal_date, before[1].internal_date);
    assert_eq!(now[0].served, served);
    let reading = account.octets(&now[0], 0..u64::MAX);
    let (again, requests) = world.cost(reading).await;
    assert_eq!(again.unwrap(), octets);
    assert_eq!(requests, 0, "nothing is downloaded again");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_delta_hides_what_was_moved_in_it_is_shown_all_the_same() {
    let world = World::with_inbox(mails(2)).await;
    world.switch("delta-hides-moved-in", json!(true)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let archive = mailbox("Archive");
    account
        .move_to(inbox.folder.key, &uids([1]), &archive)
        .await
        .unwrap();
    assert_eq!(plain(&world.look("Archive").await), "1 m1");
    let (account, there) = open(&world, "Archive").await;
    account
        .move_to(there.folder.key, &uids([1]), &mailbox(INBOX))
        .await
        .unwrap();
    assert_eq!(plain(&world.look("Archive").await), "");
    assert_eq!(plain(&world.look(INBOX).await), "2 m2, 3 m1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_was_faster_than_the_commit_is_met() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.status(&mailbox("Archive")).await.unwrap();
    // Graph moved it, the answer was lost, and the rounds told it first.
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"move": "archive"})).await;
    assert_eq!(plain(&world.look("Archive").await), "1 m1");
    let moved = account
        .move_to(inbox.folder.key, &uids([1]), &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!(pairs(&moved), [(1, 1)]);
    assert_eq!(plain(&world.look("Archive").await), "1 m1");
    assert_eq!(plain(&world.look(INBOX).await), "2 m2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_answer_was_lost_is_found_done() {
    let world = World::with_inbox(mails(25)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.status(&mailbox("Archive")).await.unwrap();
    let lost = json!({"host": "graph", "path": "$batch", "after": true, "do": "reset"});
    world.post("faults", lost).await;
    let moved = account
        .move_to(inbox.folder.key, &uids(1..=25), &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!(pairs(&moved).len(), 25);
    assert_eq!(world.look(INBOX).await.len(), 0);
    assert_eq!(world.look("Archive").await.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_moves_are_repeated_and_lose_nothing() {
    let world = World::with_inbox(mails(4)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.status(&mailbox("Archive")).await.unwrap();
    let busy = json!({"host": "graph", "path": "/move", "times": 2, "status": 429,
        "headers": {"Retry-After": "0"}, "body": {"error": {"code": "ApplicationThrottled"}}});
    world.post("faults", busy).await;
    let moved = account
        .move_to(inbox.folder.key, &uids(1..=4), &mailbox("Archive"))
        .await
        .unwrap();
    let all = moved.pairs.len() + moved.failed.len();
    assert_eq!(all, 4);
    assert_eq!(world.look("Archive").await.len(), moved.pairs.len());
    assert_eq!(world.look(INBOX).await.len(), moved.failed.len());
    assert!(moved.failed.iter().all(|(_, e)| e.class().is_temporary()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_another_message_with_the_same_flags_and_date() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    account
        .store_flags(folder, &uids([2]), FlagChange::Add, &flags("\\Flagged"))
        .await
        .unwrap();
    let copied = account
        .copy(folder, &uids([2, 1]), &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!(pairs(&copied), [(1, 1), (2, 2)]);
    let again = account
        .copy(folder, &uids([1]), &mailbox(INBOX))
        .await
        .unwrap();
    assert_eq!(pairs(&again), [(1, 3)], "into its own mailbox");
    assert_eq!(
        shown(&world.account(), "Archive").await,
        "1 m1, 2 m2 (\\Flagged)"
    );
    assert_eq!(
        shown(&world.account(), INBOX).await,
        "1 m1, 2 m2 (\\Flagged), 3 m1"
    );
    let (account, archive) = open(&world, "Archive").await;
    assert_eq!(archive.folder.uid_validity, copied.uid_validity);
    let copy = account
        .messages(archive.folder.key, &uids([1]))
        .await
        .unwrap();
    let source = account.messages(folder, &uids([1])).await.unwrap();
    assert_eq!(copy[0].internal_date, source[0].internal_date);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_answer_was_lost_is_brought_by_the_delta() {
    let world = World::with_inbox(mails(1)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.status(&mailbox("Archive")).await.unwrap();
    let lost = json!({"host": "graph", "path": "$batch", "after": true, "do": "reset"});
    world.post("faults", lost).await;
    let copied = account
        .copy(inbox.folder.key, &uids([1]), &mailbox("Archive"))
        .await
        .unwrap();
    assert!(copied.pairs.is_empty() && copied.failed[0].1.class().is_temporary());
    assert_eq!(plain(&world.look("Archive").await), "1 m1");
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_mailbox_that_is_not_there_nothing_goes() {
    let world = World::with_inbox(mails(1)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let nowhere = mailbox("Nowhere");
    let error = account
        .copy(inbox.folder.key, &uids([1]), &nowhere)
        .await
        .unwrap_err();
    assert!(
        matches!(error, postern::account::Error::NoMailbox(_)),
        "{error}"
    );
    let error = account
        .move_to(inbox.folder.key, &uids([1]), &mailbox(INBOX))
        .await
        .unwrap_err();
    assert!(
        matches!(error, postern::account::Error::SameMailbox),
        "{error}"
    );
}

async fn delete(account: &Account, selected: &Selected, which: &[Uid]) {
    let deleted = flags("\\Deleted");
    let stored = account
        .store_flags(selected.folder.key, which, FlagChange::Add, &deleted)
        .await
        .unwrap();
    assert_eq!(stored.changed.len(), which.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn expunged_messages_go_to_the_deleted_items_and_from_there_for_good() {
    let world = World::with_inbox(mails(4)).await;
    let (account, inbox) = open(&world, INBOX).await;
    delete(&account, &inbox, &uids([1, 2, 4])).await;
    let some = uids([1, 3]);
    let expunged = account
        .expunge(inbox.folder.key, Some(&some))
        .await
        .unwrap();
    assert_eq!(
        expunged.uids,
        uids([1]),
        "UID EXPUNGE: what is deleted and named"
    );
    let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
    assert_eq!(expunged.uids, uids([2, 4]));
    assert!(expunged.failed.is_empty());
    assert_eq!(shown(&world.account(), INBOX).await, "3 m3");
    assert_eq!(world.ids("deleteditems").await.len(), 3);
    let (account, bin) = open(&world, "Deleted Items").await;
    assert_eq!(bin.snapshot.rows.len(), 3);
    assert!(
        bin.snapshot
            .rows
            .iter()
            .all(|row| !row.flags.has(SystemFlag::Deleted))
    );
    delete(&account, &bin, &uids([1, 2])).await;
    let expunged = account.expunge(bin.folder.key, None).await.unwrap();
    assert_eq!(expunged.uids, uids([1, 2]));
    assert_eq!(world.ids("deleteditems").await.len(), 1);
    assert_eq!(world.look("Deleted Items").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_by_copy_and_expunge_leaves_nothing_in_the_deleted_items() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let both = uids([1, 2]);
    account
        .copy(inbox.folder.key, &both, &mailbox("Archive"))
        .await
        .unwrap();
    // The second copy is gone again when its source is expunged.
    let copies = world.ids("archive").await;
    world.change(&copies[1], json!({"delete": true})).await;
    delete(&account, &inbox, &both).await;
    let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
    assert_eq!(expunged.uids, both);
    assert_eq!(plain(&world.look("Archive").await), "1 m1");
    assert_eq!(plain(&world.look("Deleted Items").await), "1 m2");
    assert_eq!(plain(&world.look(INBOX).await), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_expunged_stays_and_is_named() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    delete(&account, &inbox, &uids([1, 2])).await;
    world.fail("$batch", 0).await;
    let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
    assert!(expunged.uids.is_empty());
    assert_eq!(expunged.failed.len(), 2);
    world.heal().await;
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"delete": true})).await;
    let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
    assert_eq!(expunged.uids, uids([1, 2]), "gone is gone");
    assert_eq!(plain(&world.look("Deleted Items").await), "1 m2");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_it_so_deletes_for_good() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    account.set_manners(Manners {
        expunge_for_good: true,
        ..Manners::default()
    });
    delete(&account, &inbox, &uids([2])).await;
    let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
    assert_eq!(expunged.uids, uids([2]));
    assert_eq!(plain(&world.look(INBOX).await), "1 m1");
    assert_eq!(world.ids("deleteditems").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_between_two_rounds_is_shown_once() {
    let world = World::with_inbox(mails(2)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let archive = mailbox("Archive");
    for turn in 0..3 {
        let (uid, back) = (if turn == 0 { 1 } else { turn + 2 }, turn + 3);
        let there = account
            .move_to(inbox.folder.key, &uids([uid]), &archive)
            .await
            .unwrap();
        let key = account.status(&archive).await.unwrap().key;
        let here = account
            .move_to(key, &[there.pairs[0].1], &mailbox(INBOX))
            .await
            .unwrap();
        assert_eq!(here.pairs[0].1, uids([back])[0]);
    }
    for _ in 0..2 {
        assert_eq!(plain(&world.look(INBOX).await), "2 m2, 5 m1");
        assert_eq!(plain(&world.look("Archive").await), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_write_at_once_lose_nothing() {
    let world = World::with_inbox(mails(60)).await;
    world.switch("delta-replay", json!(5)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    let (archive, junk) = (mailbox("Archive"), mailbox("Junk Email"));
    let [a, b, c] = [1..=20, 11..=40, 31..=60].map(uids);
    let seen = flags("\\Seen");
    let rounds = async {
        for _ in 0..5 {
            world.look(INBOX).await;
            world.look("Archive").await;
        }
    };
    let (a, b, c, ()) = tokio::join!(
        account.move_to(folder, &a, &archive),
        account.store_flags(folder, &b, FlagChange::Add, &seen),
        account.move_to(folder, &c, &junk),
        rounds
    );
    let (a, c) = (a.unwrap(), c.unwrap());
    assert_eq!((a.pairs.len(), c.pairs.len()), (20, 30));
    b.unwrap();
    for _ in 0..2 {
        assert_eq!(world.look(INBOX).await.len(), 10);
        assert_eq!(world.look("Archive").await.len(), 20);
        assert_eq!(world.look("Junk Email").await.len(), 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_announced_after_it_can_be_seen() {
    let world = World::with_inbox(mails(2)).await;
    let (account, mut inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    account
        .store_flags(folder, &uids([1]), FlagChange::Add, &flags("\\Deleted"))
        .await
        .unwrap();
    inbox.watch.changed().await;
    let since = inbox.snapshot.highest_modseq;
    let changes = account.changes_since(folder, since).await.unwrap();
    assert_eq!(changes.changed.len(), 1);
    account.expunge(folder, None).await.unwrap();
    inbox.watch.changed().await;
    let changes = account.changes_since(folder, since).await.unwrap();
    assert_eq!(changes.expunged, uids([1]));
    world.deliver(json!("inbox"), &mime("m3")).await;
    assert_eq!(plain(&world.look(INBOX).await), "2 m2, 3 m3");
}
