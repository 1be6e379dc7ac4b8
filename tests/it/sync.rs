//! Sync with the sandbox: what IMAP shows before and after, under every trap of delta.

use crate::sync_world::{ANNA, NOW, World, mailbox, mails, mime, plain, rows, seeded};
use postern::{
    account::Account,
    mail::ErrorClass,
    sandbox::{Seeding, seed},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const INBOX: &str = "INBOX";

async fn names(account: &Account) -> Vec<String> {
    let folders = account.folders().await.unwrap();
    folders.iter().map(|f| f.name.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_listing_gives_uids_by_received_time() {
    let mut mails = mails(7);
    mails.swap(0, 5);
    mails.swap(2, 3);
    let world = World::with_inbox(mails).await;
    world.switch("delta-page-cap", json!(2)).await;
    let rows = world.look(INBOX).await;
    assert_eq!(plain(&rows), "1 m1, 2 m2, 3 m3, 4 m4, 5 m5, 6 m6, 7 m7");
}

#[tokio::test(flavor = "multi_thread")]
async fn later_mail_gets_the_highest_uid_whatever_its_date() {
    let world = World::with_inbox(mails(2)).await;
    world.look(INBOX).await;
    let old = json!({"mailbox": ANNA, "mime": base64(&mime("old")), "received": NOW - 9_999});
    world.post("deliver", old).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2, 3 old");
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_interrupted_at_any_page_goes_on_there() {
    for page in 0..4 {
        let world = World::with_inbox(mails(7)).await;
        world.switch("delta-page-cap", json!(2)).await;
        world.account().folders().await.unwrap();
        world.fail("messages/delta", page).await;
        let error = world.account().select(&mailbox(INBOX)).await.unwrap_err();
        assert!(error.class().is_temporary(), "page {page}: {error}");
        world.heal().await;
        world.delete("journal").await;
        let rows = world.look(INBOX).await;
        assert_eq!(plain(&rows), "1 m1, 2 m2, 3 m3, 4 m4, 5 m5, 6 m6, 7 m7");
        let pages = world.asked("messages/delta").await as u64;
        assert_eq!(pages, 4 - page, "pages read before are not read again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_in_its_last_pass_a_listing_still_ends_right() {
    let mut seeds = mails(3);
    seeds[1].answered = true;
    let world = World::with_inbox(seeds).await;
    world.account().folders().await.unwrap();
    // The pass that brings extended properties.
    world.fail("/messages?", 0).await;
    world.account().select(&mailbox(INBOX)).await.unwrap_err();
    world.heal().await;
    world.deliver(json!("inbox"), &mime("m4")).await;
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"delete": true})).await;
    let rows = world.look(INBOX).await;
    assert_eq!(plain(&rows), "1 m2, 2 m3, 3 m4");
    assert_eq!(rows[0].2, "\\Answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_duplicates_empty_pages_and_unknown_tombstones_change_nothing() {
    let world = World::with_inbox(mails(5)).await;
    world.switch("delta-page-cap", json!(2)).await;
    world.switch("delta-empty-page", json!(2)).await;
    world.switch("delta-duplicates", json!(true)).await;
    world.switch("delta-tombstones", json!(3)).await;
    let five = "1 m1, 2 m2, 3 m3, 4 m4, 5 m5";
    assert_eq!(plain(&world.look(INBOX).await), five);
    let modseq = |world: &World| {
        let account = world.account();
        async move {
            let selected = account.select(&mailbox(INBOX)).await.unwrap();
            selected.snapshot.highest_modseq
        }
    };
    let before = modseq(&world).await;
    world.switch("delta-empty-page", json!(2)).await;
    world.switch("delta-replay", json!(4)).await;
    world.switch("delta-tombstones", json!(3)).await;
    assert_eq!(plain(&world.look(INBOX).await), five);
    assert_eq!(modseq(&world).await, before, "a replay must not be news");
    world.deliver(json!("inbox"), &mime("m6")).await;
    let six = format!("{five}, 6 m6");
    assert_eq!(plain(&world.look(INBOX).await), six);
}

#[tokio::test(flavor = "multi_thread")]
async fn away_and_back_between_two_rounds_keeps_the_uid() {
    let world = World::with_inbox(mails(3)).await;
    world.look(INBOX).await;
    let ids = world.ids("inbox").await;
    world.change(&ids[1], json!({"move": "archive"})).await;
    world.change(&ids[1], json!({"move": "inbox"})).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2, 3 m3");
    assert_eq!(plain(&world.look("Archive").await), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_cannot_be_checked_now_is_checked_later() {
    let world = World::with_inbox(mails(3)).await;
    world.look(INBOX).await;
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"delete": true})).await;
    world.change(&ids[1], json!({"move": "archive"})).await;
    world.change(&ids[1], json!({"move": "inbox"})).await;
    world.fail("$batch", 0).await;
    assert_eq!(
        plain(&world.look(INBOX).await),
        "1 m1, 2 m2, 3 m3",
        "kept for now"
    );
    world.heal().await;
    // Another process, after a restart: the page comes again.
    assert_eq!(plain(&world.look(INBOX).await), "2 m2, 3 m3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_leaves_one_folder_and_enters_the_other_with_a_new_uid() {
    let world = World::with_inbox(mails(3)).await;
    world.look(INBOX).await;
    world.look("Archive").await;
    let ids = world.ids("inbox").await;
    world.change(&ids[2], json!({"move": "archive"})).await;
    world.change(&ids[0], json!({"move": "archive"})).await;
    assert_eq!(plain(&world.look(INBOX).await), "2 m2");
    assert_eq!(plain(&world.look("Archive").await), "1 m1, 2 m3");
    world.change(&ids[0], json!({"move": "inbox"})).await;
    assert_eq!(
        plain(&world.look(INBOX).await),
        "2 m2, 4 m1",
        "a UID is never used again"
    );
    assert_eq!(plain(&world.look("Archive").await), "2 m3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_link_is_followed_by_a_listing_that_keeps_every_uid() {
    let world = World::with_inbox(mails(4)).await;
    world.switch("delta-page-cap", json!(2)).await;
    world.look(INBOX).await;
    let ids = world.ids("inbox").await;
    world.change(&ids[1], json!({"delete": true})).await;
    let early = json!({"mailbox": ANNA, "mime": base64(&mime("early")), "received": NOW - 5});
    world.post("deliver", early).await;
    world
        .post(
            "expire",
            json!({"mailbox": ANNA, "folder": "inbox", "links": "all"}),
        )
        .await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 3 m3, 4 m4, 5 early");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_dies_in_mid_round_costs_nothing_but_the_round() {
    let world = World::with_inbox(mails(7)).await;
    world.switch("delta-page-cap", json!(2)).await;
    world.account().folders().await.unwrap();
    world.fail("messages/delta", 2).await;
    world.account().select(&mailbox(INBOX)).await.unwrap_err();
    world.heal().await;
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"delete": true})).await;
    let links = json!({"mailbox": ANNA, "folder": "inbox", "links": "next"});
    world.post("expire", links.clone()).await;
    assert_eq!(
        plain(&world.look(INBOX).await),
        "1 m2, 2 m3, 3 m4, 4 m5, 5 m6, 6 m7"
    );
    // The same in a later round.
    for n in 8..13 {
        world.deliver(json!("inbox"), &mime(&format!("m{n}"))).await;
    }
    world.fail("messages/delta", 1).await;
    world.look(INBOX).await;
    world.heal().await;
    world.post("expire", links).await;
    let rows = world.look(INBOX).await;
    assert_eq!(
        plain(&rows),
        "1 m2, 2 m3, 3 m4, 4 m5, 5 m6, 6 m7, 7 m8, 8 m9, 9 m10, 10 m11, 11 m12"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_that_another_client_sets_appear() {
    let mut seeds = mails(3);
    seeds[0].answered = true;
    seeds[0].read = true;
    seeds[1].forwarded = true;
    seeds[1].flagged = true;
    seeds[2].categories = vec!["Rote Kategorie".to_owned(), "Überfällig".to_owned()];
    let world = World::with_inbox(seeds).await;
    let flags = |rows: &[(u32, String, String)]| -> Vec<String> {
        rows.iter().map(|(.., flags)| flags.clone()).collect()
    };
    let rows = world.look(INBOX).await;
    assert_eq!(
        flags(&rows),
        [
            "\\Answered \\Seen",
            "\\Flagged $Forwarded",
            "=C3=9Cberf=C3=A4llig Rote_Kategorie"
        ]
    );
    let ids = world.ids("inbox").await;
    world.change(&ids[0], json!({"read": false})).await;
    world
        .change(
            &ids[1],
            json!({"flag": "notFlagged", "categories": ["a_b"]}),
        )
        .await;
    world
        .change(
            &ids[2],
            json!({"answered": true, "read": true, "categories": []}),
        )
        .await;
    let rows = world.look(INBOX).await;
    assert_eq!(
        flags(&rows),
        ["\\Answered", "$Forwarded a=5Fb", "\\Answered \\Seen"]
    );
    assert_eq!(plain(&rows), "1 m1, 2 m2, 3 m3");
}

/// A tenant whose one user has these folders below the default ones.
fn tenant_with(folders: &[&[&str]]) -> seed::Tenant {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    let user = &mut tenant.users[0];
    user.language = seed::Language::German;
    for path in folders {
        user.folders.push(seed::Folder {
            path: path.iter().map(|&level| level.to_owned()).collect(),
            hidden: false,
            messages: vec![seeded("x", 1)],
        });
    }
    tenant
}

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_the_tree_and_keep_their_language() {
    let mut tenant = tenant_with(&[
        &["Projekte", "2026", "R&D / Café 🚀"],
        &["inbox", "Kunden"],
        &["Zweite"],
    ]);
    tenant.users[0].folders.push(seed::Folder {
        path: vec!["Verborgen".to_owned()],
        hidden: true,
        messages: vec![],
    });
    let world = World::new(tenant, Seeding::Regenerated).await;
    let second = json!({"mailbox": ANNA, "folder": ["Zweite"], "rename": "inbox"});
    world.post("folder", second).await;
    let names = names(&world.account()).await;
    for name in [
        "INBOX/Kunden",
        "=69nbox",
        "Projekte/2026/R&D =2F Café 🚀",
        "Gesendete Elemente",
        "Gelöschte Elemente",
        "Entwürfe",
    ] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
    assert_eq!(names[0], INBOX);
    for hidden in ["Verborgen", "Postausgang", "Posteingang"] {
        assert!(!names.iter().any(|name| name.contains(hidden)), "{names:?}");
    }
    let roles = world.account().folders().await.unwrap();
    let roles = roles.iter().filter(|f| f.role.is_some()).count();
    assert_eq!(roles, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn renaming_and_moving_a_folder_keeps_uidvalidity_and_uids() {
    let world = World::new(
        tenant_with(&[&["A", "B", "C"], &["D"]]),
        Seeding::Regenerated,
    )
    .await;
    world.account().folders().await.unwrap();
    let status = |name: &'static str| {
        let account = world.account();
        async move { account.status(&mailbox(name)).await }
    };
    let before = status("A/B/C").await.unwrap();
    assert_eq!((before.messages, before.unseen, before.uid_next), (1, 1, 2));
    world
        .post(
            "folder",
            json!({"mailbox": ANNA, "folder": ["A"], "rename": "Ä"}),
        )
        .await;
    let after = status("Ä/B/C").await.unwrap();
    assert_eq!(
        (after.key, after.uid_validity),
        (before.key, before.uid_validity)
    );
    let gone = status("A/B/C").await.unwrap_err();
    assert_eq!(gone.class(), ErrorClass::NotFound);
    world
        .post(
            "folder",
            json!({"mailbox": ANNA, "folder": ["Ä", "B"], "move": ["D"]}),
        )
        .await;
    let moved = status("D/B/C").await.unwrap();
    assert_eq!(
        (moved.key, moved.uid_validity),
        (before.key, before.uid_validity)
    );
    // From scratch: the same.
    world
        .post(
            "expire",
            json!({"mailbox": ANNA, "folder": "tree", "links": "all"}),
        )
        .await;
    world.account().folders().await.unwrap();
    let again = status("D/B/C").await.unwrap();
    assert_eq!(
        (again.key, again.uid_validity),
        (before.key, before.uid_validity)
    );
    assert_eq!(plain(&world.look("D/B/C").await), "1 x");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_come_and_go() {
    let world = World::new(tenant_with(&[&["A", "B"]]), Seeding::Regenerated).await;
    let account = world.account();
    let before = names(&account).await;
    let first = world.account().status(&mailbox("A")).await.unwrap();
    world
        .post("folder", json!({"mailbox": ANNA, "create": ["A", "Neu"]}))
        .await;
    world
        .post(
            "folder",
            json!({"mailbox": ANNA, "create": ["H"], "hidden": true}),
        )
        .await;
    let mut wanted = before.clone();
    wanted.insert(
        wanted.iter().position(|n| n == "A/B").unwrap() + 1,
        "A/Neu".to_owned(),
    );
    assert_eq!(names(&world.account()).await, wanted);
    world
        .post(
            "folder",
            json!({"mailbox": ANNA, "folder": ["A"], "delete": true}),
        )
        .await;
    wanted.retain(|name| !name.starts_with('A') || name.starts_with("Ar"));
    assert_eq!(names(&world.account()).await, wanted);
    // One of the same name is another folder.
    world
        .post("folder", json!({"mailbox": ANNA, "create": ["A"]}))
        .await;
    world.account().folders().await.unwrap();
    let second = world.account().status(&mailbox("A")).await.unwrap();
    assert_ne!(second.uid_validity, first.uid_validity);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_deleted_under_a_session_is_gone_and_nothing_breaks() {
    let world = World::new(tenant_with(&[&["A"]]), Seeding::Regenerated).await;
    let account = world.account();
    let selected = account
        .select(&mailbox("A"))
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    world
        .post(
            "folder",
            json!({"mailbox": ANNA, "folder": ["A"], "delete": true}),
        )
        .await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let error = account.refresh(selected.folder.key).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
    assert!(account.select(&mailbox(INBOX)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counted_change_costs_no_rename_and_a_no_op_costs_one_request() {
    let world = World::with_inbox(mails(3)).await;
    let (_, first) = world.cost(world.account().folders()).await;
    let (_, listing) = world.cost(world.account().select(&mailbox(INBOX))).await;
    let (_, noop) = world.cost(world.account().select(&mailbox(INBOX))).await;
    eprintln!("requests: tree {first}, listing of 3 mails {listing}, no-op {noop}");
    assert_eq!(noop, 1);
    let account = world.account();
    account.folders().await.unwrap();
    let before = names(&account).await;
    world.deliver(json!("inbox"), &mime("m4")).await;
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    let (folders, again) = world.cost(account.folders()).await;
    assert_eq!(again, 1);
    assert_eq!(folders.unwrap().len(), before.len());
    assert_eq!(names(&account).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_the_same_round_share_it() {
    let world = World::with_inbox(mails(3)).await;
    world.switch("latency-ms", json!(20)).await;
    let account = world.account();
    account.folders().await.unwrap();
    let inbox = mailbox(INBOX);
    let (all, cost) = world
        .cost(futures_util::future::join_all(
            (0..20).map(|_| account.select(&inbox)),
        ))
        .await;
    assert!(all.iter().all(Result::is_ok));
    let alone = World::with_inbox(mails(3)).await;
    alone.account().folders().await.unwrap();
    let (_, one) = alone.cost(alone.account().select(&inbox)).await;
    assert_eq!(cost, one);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_graph_down_what_is_known_is_served() {
    let world = World::with_inbox(mails(2)).await;
    world.look(INBOX).await;
    let before = names(&world.account()).await;
    world.fail("/", 0).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2");
    assert_eq!(names(&world.account()).await, before);
    let unlisted = world
        .account()
        .select(&mailbox("Archive"))
        .await
        .unwrap_err();
    assert!(unlisted.class().is_temporary());
    world.heal().await;
    world.deliver(json!("inbox"), &mime("m3")).await;
    assert_eq!(plain(&world.look(INBOX).await), "1 m1, 2 m2, 3 m3");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_mailbox_is_not_found() {
    let world = World::with_inbox(vec![]).await;
    let error = world
        .account()
        .select(&mailbox("Nirgends"))
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_a_watched_folder_is_seen_within_five_seconds() {
    let world = World::with_inbox(mails(2)).await;
    let account = world.account();
    let stop = CancellationToken::new();
    let worker = tokio::spawn({
        let (account, stop) = (account.clone(), stop.clone());
        async move { account.run(stop).await }
    });
    let mut selected = account.select(&mailbox(INBOX)).await.unwrap();
    let mut slowest = Duration::ZERO;
    for n in 3..6 {
        world.deliver(json!("inbox"), &mime(&format!("m{n}"))).await;
        let since = Instant::now();
        loop {
            tokio::time::timeout(Duration::from_secs(9), selected.watch.changed())
                .await
                .expect("no signal");
            let known =
                account.changes_since(selected.folder.key, selected.snapshot.highest_modseq);
            if known.await.unwrap().changed.len() == n - 2 {
                break;
            }
        }
        slowest = slowest.max(since.elapsed());
    }
    eprintln!("seen after {slowest:?} at most");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    let stopping = Instant::now();
    stop.cancel();
    worker.await.unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_lists_everything_and_brings_what_is_not_here() {
    let world = World::new(
        tenant_with(&[&["A", "B"], &["inbox", "K"]]),
        Seeding::Regenerated,
    )
    .await;
    let account = world.account();
    let stop = CancellationToken::new();
    let worker = tokio::spawn({
        let (account, stop) = (account.clone(), stop.clone());
        async move { account.run(stop).await }
    });
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < Duration::from_secs(30), "not done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let folders = world.store.folders().await.unwrap();
        let mut missing = usize::from(folders.is_empty());
        for folder in &folders {
            missing += usize::from(!folder.listed);
            missing += world.store.unserved(folder.key, 9).await.unwrap().len();
        }
        if missing == 0 {
            break;
        }
    }
    stop.cancel();
    worker.await.unwrap();
    // All is here: nothing is asked for a body.
    let account = world.account();
    let selected = account.select(&mailbox("A/B")).await.unwrap();
    world.delete("journal").await;
    let uids = [selected.snapshot.rows[0].uid];
    let rows = account.messages(selected.folder.key, &uids).await.unwrap();
    let octets = account.octets(&rows[0], 0..u64::MAX).await.unwrap();
    assert!(octets.ends_with(b"Text of x\r\n"));
    assert_eq!(world.asked("$value").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_mailbox_costs_few_requests() {
    let world = World::new(seed::demo(NOW), Seeding::Regenerated).await;
    let account = world.account();
    let (folders, tree) = world.cost(account.folders()).await;
    let folders = folders.unwrap();
    let mut listing = 0;
    let mut messages = 0;
    for folder in &folders {
        let (selected, cost) = world.cost(account.select(&folder.name)).await;
        let selected = selected.unwrap();
        messages += rows(&account, &selected).await.len();
        listing += cost;
    }
    eprintln!(
        "demo: {} folders {tree} requests, {messages} messages {listing} requests",
        folders.len()
    );
    assert!(tree <= 4, "{tree}");
    assert!(listing <= 3 * folders.len() as u64, "{listing}");
    let value: Value = world.get("count").await;
    assert!(value["peak"].as_u64().unwrap() <= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_folder_is_listed_with_three_requests_for_a_thousand_mails() {
    const MAILS: usize = 3_000;
    let mut world = World::new(seed::large(MAILS, NOW), Seeding::Regenerated).await;
    // Large pages take their time where the machine is busy.
    world.graph = world.graph.with_pace(postern::graph::Pace::default());
    let account = world.account();
    account.folders().await.unwrap();
    let since = Instant::now();
    let (selected, cost) = world.cost(account.select(&mailbox(INBOX))).await;
    let rows = selected.unwrap().snapshot.rows;
    eprintln!(
        "{MAILS} mails listed: {cost} requests, {:?}",
        since.elapsed()
    );
    assert_eq!(rows.len(), MAILS);
    assert!(rows.iter().zip(1..).all(|(row, n)| row.uid.value() == n));
    assert!(cost <= 3 * MAILS as u64 / 1_000 + 1, "{cost}");
}
