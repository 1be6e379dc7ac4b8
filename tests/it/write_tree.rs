//! CREATE, DELETE and RENAME against the sandbox.

use crate::{
    sync_world::{ANNA, World, mailbox, mails, mime, plain},
    write::{open, uids},
};
use postern::{
    account::{Account, Error},
    mail::ErrorClass,
};
use serde_json::json;

async fn names(account: &Account) -> Vec<String> {
    let folders = account.folders().await.unwrap();
    folders.iter().map(|f| f.name.to_string()).collect()
}

async fn has(world: &World, name: &str) -> bool {
    names(&world.account()).await.iter().any(|own| own == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_made_with_those_above_it_and_can_be_used_at_once() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account
        .create(&mailbox("Projekte/2026/R=2FD 🚀/"))
        .await
        .unwrap();
    let selected = account
        .select(&mailbox("Projekte/2026/R=2FD 🚀"))
        .await
        .unwrap();
    assert!(selected.snapshot.rows.is_empty() && selected.folder.subscribed);
    assert_eq!(selected.folder.display_name, "R/D 🚀");
    for name in ["Projekte", "Projekte/2026", "Projekte/2026/R=2FD 🚀"] {
        assert!(has(&world, name).await, "{name}");
    }
    account.create(&mailbox("INBOX/Chef")).await.unwrap();
    assert!(has(&world, "INBOX/Chef").await);
    world
        .deliver(json!(["Projekte", "2026"]), &mime("m2"))
        .await;
    assert_eq!(plain(&world.look("Projekte/2026").await), "1 m2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_made_again() {
    let world = World::with_inbox(mails(1)).await;
    for status in [400, 409] {
        world.switch("folder-exists-status", json!(status)).await;
        let account = world.account();
        for name in ["INBOX", "inbox", "Archive"] {
            let error = account.create(&mailbox(name)).await.unwrap_err();
            assert!(matches!(error, Error::Exists(_)), "{name}: {error}");
        }
        // Another client was faster, and the tree does not know yet.
        let name = format!("Neu{status}");
        world.account().folders().await.unwrap();
        world
            .post("folder", json!({"mailbox": ANNA, "create": [name]}))
            .await;
        let account = world.account();
        account.folders().await.unwrap();
        let error = account.create(&mailbox(&name)).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Conflict, "{error}");
        account
            .create(&mailbox(&format!("{name}/x")))
            .await
            .unwrap();
    }
    let error = world.account().create(&mailbox("100%")).await.unwrap_err();
    assert!(matches!(error, Error::BadName(_)), "{error}");
    let error = world
        .account()
        .create(&mailbox("ok/Recovered//x"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::BadName(_)), "{error}");
    assert!(!has(&world, "ok").await, "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_whose_making_was_not_answered_is_found() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.folders().await.unwrap();
    let lost = json!({"host": "graph", "method": "POST", "path": "/mailFolders", "after": true, "do": "reset"});
    world.post("faults", lost).await;
    account.create(&mailbox("Neu")).await.unwrap();
    assert!(has(&world, "Neu").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_folder_goes_to_the_deleted_items_and_from_there_for_good() {
    let world = World::with_inbox(mails(2)).await;
    let account = world.account();
    account.create(&mailbox("Alt")).await.unwrap();
    let (_, inbox) = open(&world, "INBOX").await;
    account
        .move_to(inbox.folder.key, &uids([1]), &mailbox("Alt"))
        .await
        .unwrap();
    account.delete(&mailbox("Alt")).await.unwrap();
    assert!(!has(&world, "Alt").await);
    assert_eq!(plain(&world.look("Deleted Items/Alt").await), "1 m1");
    // A second one of the name is no obstacle.
    account.create(&mailbox("Alt")).await.unwrap();
    account.delete(&mailbox("Alt")).await.unwrap();
    assert!(has(&world, "Deleted Items/Alt (2)").await);
    account.delete(&mailbox("Deleted Items/Alt")).await.unwrap();
    assert!(!has(&world, "Deleted Items/Alt").await);
    let error = account.delete(&mailbox("Alt")).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn default_folders_and_parents_are_not_deleted() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    for name in ["INBOX", "Archive", "Sent Items", "Deleted Items"] {
        let error = account.delete(&mailbox(name)).await.unwrap_err();
        assert!(matches!(error, Error::Fixed(_)), "{name}: {error}");
    }
    account.create(&mailbox("A/B")).await.unwrap();
    let error = account.delete(&mailbox("A")).await.unwrap_err();
    assert!(matches!(error, Error::HasChildren(_)), "{error}");
    assert!(has(&world, "A/B").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_folder_keeps_its_uids() {
    let world = World::with_inbox(mails(3)).await;
    let account = world.account();
    account.create(&mailbox("A/B")).await.unwrap();
    let (_, inbox) = open(&world, "INBOX").await;
    account
        .move_to(inbox.folder.key, &uids([2, 3]), &mailbox("A/B"))
        .await
        .unwrap();
    let (_, before) = open(&world, "A/B").await;
    let steps = [
        ("A/B", "A/C", "A/C"),
        ("A/C", "X/Y/C", "X/Y/C"),
        ("X/Y/C", "X/Y/D", "X/Y/D"),
        ("X/Y/D", "E", "E"),
        ("X", "Z/X", "E"),
    ];
    for (from, to, now) in steps {
        account.rename(&mailbox(from), &mailbox(to)).await.unwrap();
        for account in [account.clone(), world.account()] {
            let after = account.select(&mailbox(now)).await.unwrap();
            assert_eq!(after.snapshot, before.snapshot, "{from} to {to}");
        }
        assert!(!has(&world, from).await, "{from}");
    }
    assert!(has(&world, "Z/X/Y").await, "those below go along");
}

/// From, to, and what it must fail with.
type Case<'a> = (&'a str, &'a str, fn(&Error) -> bool);

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_cannot_be_done_changes_nothing() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    for name in ["A/B", "C/B", "D"] {
        account.create(&mailbox(name)).await.unwrap();
    }
    let cases: [Case; 5] = [
        ("A/B", "C/B", |e| matches!(e, Error::Exists(_))),
        ("A", "A/B/C", |e| matches!(e, Error::SameMailbox)),
        ("Nowhere", "E", |e| matches!(e, Error::NoMailbox(_))),
        ("Archive", "E", |e| matches!(e, Error::Fixed(_))),
        ("D", "100%", |e| matches!(e, Error::BadName(_))),
    ];
    for (from, to, right) in cases {
        let error = account
            .rename(&mailbox(from), &mailbox(to))
            .await
            .unwrap_err();
        assert!(right(&error), "{from} to {to}: {error}");
    }
    // The second of two steps fails: the first one is taken back.
    let broken = json!({"host": "graph", "method": "POST", "path": "/move", "times": 9, "status": 400,
        "body": {"error": {"code": "ErrorMoveCopyFailed"}}});
    world.post("faults", broken).await;
    account
        .rename(&mailbox("D"), &mailbox("A/F"))
        .await
        .unwrap_err();
    world.heal().await;
    let own = ["A", "A/B", "C", "C/B", "D"];
    let names = names(&world.account()).await;
    assert!(
        own.iter().all(|name| names.iter().any(|n| n == name)),
        "{names:?}"
    );
    assert!(
        !names.iter().any(|name| name == "A/F" || name == "F"),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_orders_of_rename_and_move_are_tried() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    // B is taken where A/x is, x is taken where it goes to: neither order alone does both.
    for name in ["A/x", "A/B", "C/y"] {
        account.create(&mailbox(name)).await.unwrap();
    }
    account
        .rename(&mailbox("A/x"), &mailbox("C/B"))
        .await
        .unwrap();
    assert!(has(&world, "C/B").await && has(&world, "A/B").await);
    assert!(!has(&world, "A/x").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn renaming_the_inbox_empties_it_into_a_new_folder() {
    let world = World::with_inbox(mails(3)).await;
    let account = world.account();
    account.create(&mailbox("INBOX/x")).await.unwrap();
    account
        .rename(&mailbox("INBOX"), &mailbox("Alt/2025"))
        .await
        .unwrap();
    assert_eq!(plain(&world.look("Alt/2025").await), "1 m1, 2 m2, 3 m3");
    assert_eq!(plain(&world.look("INBOX").await), "");
    assert!(has(&world, "INBOX/x").await, "those below stay");
}
