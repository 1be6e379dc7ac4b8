//! COPY, MOVE and EXPUNGE beside other clients: an edit that comes between is told, a mail that was thrown away is
//! found, and a hundred messages cost what they must.

use crate::{
    sync_world::{World, mailbox, mails, mime, plain},
    write::{flags, open, uids},
    write_append::{append, read},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    account::{Account, FlagChange, Selected},
    mail::{AccountName, ErrorClass, Uid},
};
use serde_json::json;
use std::time::Duration;

const INBOX: &str = "INBOX";

fn one() -> Uid {
    Uid::new(1).unwrap()
}

/// Whether reading a message says that it is another now.
async fn is_stale(world: &World, name: &str, uid: Uid) -> bool {
    let (account, selected) = open(world, name).await;
    let rows = account.messages(selected.folder.key, &[uid]).await.unwrap();
    let Some(row) = rows.first() else { return true };
    match account.octets(row, 0..u64::MAX).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.class(), ErrorClass::NotFound, "{error}");
            true
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_just_before_a_move_or_a_copy_is_told() {
    let larger = format!("{}{}", "more and more\r\n".repeat(300), "end\r\n");
    let draft = |text: &str| {
        String::from_utf8(mime("m1"))
            .unwrap()
            .replace("Text of", text)
    };
    // The folder, and what another client makes of the message: the same subject in a draft; another subject; a text
    // that is longer.
    let cases = [
        ("Drafts", draft("Edited")),
        (INBOX, String::from_utf8(mime("m2")).unwrap()),
        (INBOX, draft(&larger)),
    ];
    for hidden in [false, true] {
        for (from, edited) in &cases {
            for copies in [false, true] {
                // Without an echo in the delta only what the answer shows can tell.
                if hidden && edited.len() > 2000 {
                    continue;
                }
                let world = World::with_inbox(mails(1)).await;
                world.switch("delta-hides-moved-in", json!(hidden)).await;
                world.look("Archive").await;
                let account = world.account();
                if *from == "Drafts" {
                    append(&account, from, "\\Draft", &mime("m1")).await;
                }
                let before = read(&world, from, one()).await;
                let (account, selected) = open(&world, from).await;
                let role = if *from == "Drafts" { "drafts" } else { "inbox" };
                let id = world.ids(role).await.remove(0);
                world
                    .change(&id, json!({"mime": STANDARD.encode(edited)}))
                    .await;
                let (folder, archive) = (selected.folder.key, mailbox("Archive"));
                let carried = match copies {
                    true => account.copy(folder, &[one()], &archive).await,
                    false => account.move_to(folder, &[one()], &archive).await,
                };
                let uid = carried.unwrap().pairs[0].1;
                let case = format!("{from} {copies} {hidden} {}", edited.len());
                assert!(is_stale(&world, "Archive", uid).await, "{case}");
                let now = world.look("Archive").await;
                assert_eq!(now.len(), 1, "{case}");
                assert!(now[0].0 > uid.value(), "other content, another UID: {case}");
                let text = read(&world, "Archive", Uid::new(now[0].0).unwrap()).await;
                assert_ne!(text, before, "{case}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_edited_is_the_same_wherever_it_goes() {
    let world = World::with_inbox(mails(2)).await;
    let account = world.account();
    world.look("Archive").await;
    append(&account, "Drafts", "\\Draft", &mime("d1")).await;
    for (from, uid) in [("Drafts", 1), (INBOX, 2)] {
        let before = read(&world, from, Uid::new(uid).unwrap()).await;
        let (account, selected) = open(&world, from).await;
        let archive = mailbox("Archive");
        let (folder, which) = (selected.folder.key, uids([uid]));
        let copied = account.copy(folder, &which, &archive).await.unwrap();
        let moved = account.move_to(folder, &which, &archive).await.unwrap();
        for uid in [copied.pairs[0].1, moved.pairs[0].1] {
            for _ in 0..2 {
                assert!(!is_stale(&world, "Archive", uid).await, "{from} {uid}");
                assert_eq!(read(&world, "Archive", uid).await, before, "{from}");
            }
        }
    }
    let archive = world.look("Archive").await;
    assert_eq!(plain(&archive), "1 d1, 2 d1, 3 m2, 4 m2");
}

async fn delete(account: &Account, selected: &Selected, which: &[Uid]) {
    let deleted = flags("\\Deleted");
    let stored = account
        .store_flags(selected.folder.key, which, FlagChange::Add, &deleted)
        .await;
    assert_eq!(stored.unwrap().changed.len(), which.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_expunged_is_in_the_deleted_items_at_once() {
    const BIN: &str = "Deleted Items";
    // Never listed; being listed, its messages read already.
    for listing in [false, true] {
        let world = World::with_inbox(mails(2)).await;
        world.deliver(json!("deleteditems"), &mime("old")).await;
        let graph = world.graph.with_pace(postern::graph::Pace::default());
        let account = Account::new(AccountName::new("anna"), world.store.clone(), graph);
        let inbox = account.select(&mailbox(INBOX)).await.unwrap();
        delete(&account, &inbox, &uids([1])).await;
        let status = if listing {
            let slow = json!({"host": "graph", "path": "/messages?$top=500", "delay": 1.5, "status": 400,
                "body": {"error": {"code": "ErrorRestrictionTooComplex"}}});
            world.post("faults", slow.clone()).await;
            world.post("faults", slow).await;
            let account = account.clone();
            let status = tokio::spawn(async move { account.status(&mailbox(BIN)).await });
            let begun = std::time::Instant::now();
            while world.get("faults").await["faults"]
                .as_array()
                .unwrap()
                .len()
                == 2
            {
                assert!(begun.elapsed() < Duration::from_secs(20));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Some(status)
        } else {
            None
        };
        let expunged = account.expunge(inbox.folder.key, None).await.unwrap();
        assert_eq!(expunged.uids, uids([1]));
        let bin = account.select(&mailbox(BIN)).await.unwrap();
        let rows = crate::sync_world::rows(&account, &bin).await;
        let shown: Vec<_> = rows
            .iter()
            .map(|(_, subject, flags)| (subject.as_str(), flags.as_str()))
            .collect();
        assert_eq!(shown, [("m1", ""), ("old", "")], "listing: {listing}");
        if let Some(status) = status {
            status.await.unwrap().unwrap();
        }
        assert_eq!(world.look(BIN).await, rows, "and stays");
        assert_eq!(plain(&world.look(INBOX).await), "2 m2");
    }
}

/// Requests to Graph, a batch counting one, and how many were in batches.
async fn cost<T>(world: &World, work: impl Future<Output = T>) -> (T, u64, u64) {
    let count = async || {
        let count = world.get("count").await;
        (
            count["graph"].as_u64().unwrap(),
            count["inner"].as_u64().unwrap(),
        )
    };
    let before = count().await;
    let outcome = work.await;
    let after = count().await;
    (outcome, after.0 - before.0, after.1 - before.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_messages_cost_five_batches() {
    let world = World::with_inbox(mails(100)).await;
    let (account, inbox) = open(&world, INBOX).await;
    let folder = inbox.folder.key;
    let archive = account.status(&mailbox("Archive")).await.unwrap().key;
    account.status(&mailbox("Deleted Items")).await.unwrap();
    let all = uids(1..=100);
    let rows = account.messages(folder, &all).await.unwrap();
    let (served, requests, inner) = cost(&world, account.served(&rows)).await;
    assert!(served.iter().all(Result::is_ok));
    assert_eq!((requests, inner), (5, 100), "their MIME");

    let add = FlagChange::Add;
    for (names, requests) in [("\\Seen \\Flagged", 5), ("Rot", 10), ("\\Deleted", 0)] {
        let flags = flags(names);
        let work = account.store_flags(folder, &all, add, &flags);
        let (stored, spent, _) = cost(&world, work).await;
        assert_eq!(
            (stored.unwrap().changed.len(), spent),
            (100, requests),
            "STORE {names}"
        );
    }
    let to = mailbox("Archive");
    let work = account.copy(folder, &all, &to);
    let (copied, spent, inner) = cost(&world, work).await;
    assert_eq!(
        (copied.unwrap().pairs.len(), spent, inner),
        (100, 5, 100),
        "COPY"
    );
    // What the client moves by COPY and EXPUNGE: the copies are looked at, then their sources go.
    let (expunged, spent, inner) = cost(&world, account.expunge(folder, None)).await;
    assert_eq!(
        (expunged.unwrap().uids.len(), spent, inner),
        (100, 10, 200),
        "EXPUNGE of what was copied"
    );
    let moving = mailbox("Junk Email");
    let junk = account.status(&moving).await.unwrap().key;
    let (moved, spent, inner) = cost(&world, account.move_to(archive, &all, &moving)).await;
    assert_eq!(
        (moved.unwrap().pairs.len(), spent, inner),
        (100, 5, 100),
        "MOVE"
    );
    // Others may have edited them just before: the next round looks.
    let (_, spent, inner) = cost(&world, world.look("Junk Email")).await;
    assert!(
        spent <= 8 && inner <= 110,
        "a round after MOVE: {spent} requests, {inner} inside"
    );
    let deleted = flags("\\Deleted");
    account
        .store_flags(junk, &all, add, &deleted)
        .await
        .unwrap();
    let (expunged, spent, inner) = cost(&world, account.expunge(junk, None)).await;
    assert_eq!(
        (expunged.unwrap().uids.len(), spent, inner),
        (100, 5, 100),
        "EXPUNGE"
    );
    assert_eq!(world.look("Deleted Items").await.len(), 100);
    for (role, count) in [("inbox", 0), ("archive", 0), ("deleteditems", 100)] {
        assert_eq!(world.ids(role).await.len(), count, "{role}");
    }
}
