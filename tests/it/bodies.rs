//! Bodies with the sandbox: downloaded once, whole, and never another one under the same UID.

use crate::sync_world::{ANNA, World, mailbox, mails, mime, plain, seeded};
use postern::{
    account::{Account, Error, MessageRow, Selected, search::Key},
    mail::{ErrorClass, Uid},
};
use serde_json::{Value, json};

const ALL: std::ops::Range<u64> = 0..u64::MAX;

/// The Inbox and its rows.
async fn inbox(account: &Account) -> (Selected, Vec<MessageRow>) {
    let selected = account.select(&mailbox("INBOX")).await.unwrap();
    let uids: Vec<Uid> = selected.snapshot.rows.iter().map(|row| row.uid).collect();
    let rows = account.messages(selected.folder.key, &uids).await.unwrap();
    (selected, rows)
}

/// A multipart with this boundary and trace field. It has its Thread-Index: without one, the sandbox makes one of
/// the octets.
fn parts(boundary: &str, trace: &str, text: &str) -> Vec<u8> {
    format!(
        "From: ben@example.com\r\nTo: anna@example.com\r\nSubject: parts\r\nMessage-ID: <parts@example.com>\r\n\
         Thread-Index: AQGdsd7V/vx4BkmNi2MA6KLRGGQ5gg==\r\n\
         X-MS-Exchange-Trace: {trace}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n\
         --{boundary}\r\nContent-Type: text/html\r\n\r\n<p>{text}</p>\r\n--{boundary}--\r\n"
    )
    .into_bytes()
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_many_come_in_batches_and_once() {
    let world = World::verbatim(mails(45)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let (served, cost) = world.cost(account.served(&rows)).await;
    assert_eq!(cost, 3, "45 in batches of 20");
    for (n, served) in served.into_iter().enumerate() {
        let served = served.unwrap();
        let octets = mime(&format!("m{}", n + 1));
        assert_eq!(served.size, octets.len() as u64);
        let structure = postern::account::body::structure(&served).unwrap();
        assert_eq!(served.header, octets[structure.header]);
    }
    // Known from now on, also after a restart; octets too.
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    assert!(rows.iter().all(|row| row.served.is_some()));
    let (octets, cost) = world.cost(account.octets(&rows[4], 3..9)).await;
    assert_eq!((octets.unwrap(), cost), (mime("m5")[3..9].to_vec(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_the_same_message_shares_the_download() {
    let world = World::verbatim(mails(1)).await;
    world.switch("latency-ms", json!(50)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let wanted = (0..10).map(|_| account.octets(&rows[0], ALL));
    let all = futures_util::future::join_all(wanted).await;
    assert!(
        all.iter()
            .all(|octets| octets.as_ref().unwrap() == &mime("m1"))
    );
    let facts = (0..10).map(|_| account.served(&rows));
    futures_util::future::join_all(facts).await;
    assert_eq!(world.asked("$value").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_eviction_the_same_octets_are_served() {
    let first = parts("_000_A", "1", "Hallo");
    let world = World::verbatim(vec![]).await;
    let id = world.deliver(json!("inbox"), &first).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let served = account.served(&rows).await.remove(0).unwrap();
    // Exchange renders it anew: other boundaries, other trace fields, another length.
    let again = parts("_000_other_and_longer", "2, from another server", "Hallo");
    world.change(&id, json!({"mime": base64(&again)})).await;
    world.store.cache_remove(rows[0].key).await.unwrap();
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    assert_eq!(rows[0].uid.value(), 1);
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), first);
    assert_eq!(account.octets(&rows[0], 0..4).await.unwrap(), b"From");
    let now = account.served(&rows).await.remove(0).unwrap();
    assert_eq!(now, served);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exchange_writes_anew_is_served_as_it_was() {
    let mut seed = seeded("x", 1);
    seed.mime = parts("original", "1", "Grüße");
    let world = World::with_inbox(vec![seed]).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let first = account.octets(&rows[0], ALL).await.unwrap();
    assert_ne!(first, parts("original", "1", "Grüße"), "not regenerated");
    let ids = world.ids("inbox").await;
    // Another server writes another trace field.
    let mime = base64(&parts("original", "2, by another server", "Grüße"));
    world
        .change(&ids[0], json!({"mime": mime, "touch": true}))
        .await;
    let value = world
        .get(&format!("item?mailbox={ANNA}&item={}", ids[0]))
        .await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    world.store.cache_remove(rows[0].key).await.unwrap();
    let again = account.octets(&rows[0], ALL).await.unwrap();
    assert_eq!(rows[0].uid.value(), 1);
    assert_ne!(
        value["value"],
        base64(&first),
        "the service's rendering did not change"
    );
    assert!(again == first, "other octets under one UID");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_content_gets_a_new_uid() {
    let world = World::verbatim(mails(2)).await;
    let account = world.account();
    let (mut selected, rows) = inbox(&account).await;
    account.served(&rows).await.into_iter().for_each(|served| {
        served.unwrap();
    });
    let ids = world.ids("inbox").await;
    let edited = String::from_utf8(mime("m1")).unwrap() + "edited elsewhere\r\n";
    world
        .change(
            &ids[0],
            json!({"mime": base64(edited.as_bytes()), "touch": true}),
        )
        .await;
    // The round finds it suspect, the next access finds it out.
    let account2 = world.account();
    let (_, rows) = inbox(&account2).await;
    assert_eq!(rows[0].uid.value(), 1);
    let error = account2.octets(&rows[0], ALL).await.unwrap_err();
    assert!(matches!(error, Error::MessageGone), "{error}");
    let (_, rows) = inbox(&account2).await;
    let uids: Vec<_> = rows.iter().map(|row| row.uid.value()).collect();
    assert_eq!(uids, [2, 3]);
    assert_eq!(
        account2.octets(&rows[1], ALL).await.unwrap(),
        edited.as_bytes()
    );
    assert_eq!(account2.octets(&rows[0], ALL).await.unwrap(), mime("m2"));
    drop(selected.watch.changed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_flag_costs_no_download() {
    let world = World::verbatim(mails(1)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    account.octets(&rows[0], ALL).await.unwrap();
    let ids = world.ids("inbox").await;
    let flags = json!({"read": true, "flag": "flagged", "categories": ["Rot"], "answered": true});
    world.change(&ids[0], flags).await;
    world.delete("journal").await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let flags: Vec<_> = rows[0].flags.wire_names().collect();
    assert_eq!(flags, ["\\Answered", "\\Flagged", "\\Seen", "Rot"]);
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), mime("m1"));
    assert_eq!(world.asked("$value").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_edited_elsewhere_is_found_out_by_the_worker() {
    let mut draft = seeded("draft", 1);
    draft.draft = true;
    let world = World::verbatim(vec![draft]).await;
    let account = world.account();
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = tokio::spawn({
        let (account, stop) = (account.clone(), stop.clone());
        async move { account.run(stop).await }
    });
    let (mut selected, rows) = inbox(&account).await;
    account.octets(&rows[0], ALL).await.unwrap();
    let ids = world.ids("inbox").await;
    let edited = mime("draft, second version");
    world
        .change(&ids[0], json!({"mime": base64(&edited), "touch": true}))
        .await;
    let seen = async {
        loop {
            selected.watch.changed().await;
            let since = selected.snapshot.highest_modseq;
            let changes = account
                .changes_since(selected.folder.key, since)
                .await
                .unwrap();
            if changes.expunged == [rows[0].uid] {
                return changes.changed[0].uid;
            }
        }
    };
    let uid = tokio::time::timeout(std::time::Duration::from_secs(15), seen)
        .await
        .unwrap();
    let now = account.messages(selected.folder.key, &[uid]).await.unwrap();
    assert_eq!(account.octets(&now[0], ALL).await.unwrap(), edited);
    stop.cancel();
    worker.await.unwrap();
}

/// Another client edits only the header of a draft: the new UID, and what it is then.
async fn header_edit(world: World, was: &str, is: &str) -> (u32, String) {
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    account.octets(&rows[0], ALL).await.unwrap();
    let ids = world.ids("inbox").await;
    let before = String::from_utf8(parts("b", "1", "Hallo")).unwrap();
    let edited = before.replacen(was, is, 1);
    assert_ne!(before, edited);
    let edited = json!({"mime": base64(edited.as_bytes()), "touch": true});
    world.change(&ids[0], edited).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let error = account.octets(&rows[0], ALL).await.unwrap_err();
    assert!(matches!(error, Error::MessageGone), "{error}");
    let (_, rows) = inbox(&account).await;
    assert_eq!(rows.len(), 1);
    let served = account.served(&rows).await.remove(0).unwrap();
    let header = String::from_utf8(served.header).unwrap();
    let octets = account.octets(&rows[0], ALL).await.unwrap();
    assert!(octets.starts_with(header.as_bytes()));
    (rows[0].uid.value(), header)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_whose_header_alone_was_edited_gets_a_new_uid() {
    let draft = || postern::sandbox::seed::Message {
        mime: parts("b", "1", "Hallo"),
        draft: true,
        ..seeded("x", 1)
    };
    let to = ("To: anna@example.com", "To: carla@example.net");
    let subject = ("Subject: parts", "Subject: edited");
    for (was, is) in [to, subject] {
        let world = World::verbatim(vec![draft()]).await;
        let (uid, header) = header_edit(world, was, is).await;
        assert_eq!(uid, 2);
        assert!(header.contains(is) && !header.contains(was), "{header}");
    }
    let world = World::with_inbox(vec![draft()]).await;
    let (uid, header) = header_edit(world, to.0, to.1).await;
    assert_eq!(uid, 2);
    assert!(header.contains("carla@example.net"), "{header}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_for_a_batch_comes_one_by_one() {
    let world = World::verbatim(mails(6)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let fault = json!({"host": "graph", "path": "$batch", "times": 100, "status": 413,
        "body": {"error": {"code": "RequestEntityTooLarge", "message": "too much"}}});
    world.post("faults", fault).await;
    for (n, served) in account.served(&rows).await.into_iter().enumerate() {
        let octets = mime(&format!("m{}", n + 1));
        assert_eq!(served.unwrap().size, octets.len() as u64);
    }
    assert_eq!(world.asked("$value").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_graph_down_not_every_message_of_a_batch_is_tried() {
    let world = World::verbatim(mails(20)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    world.fail("/", 0).await;
    let begun = std::time::Instant::now();
    for served in account.served(&rows).await {
        assert!(served.unwrap_err().class().is_temporary());
    }
    let journal = world.get("journal").await;
    let entries = journal["entries"].as_array().unwrap();
    let tried = rows.iter().filter(|row| {
        let id = row.remote.as_str().trim_end_matches('=');
        let mut paths = entries.iter().map(|e| e["path"].as_str().unwrap());
        paths.any(|path| path.contains(id))
    });
    assert_eq!(tried.count(), 2, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transfer_is_downloaded_again() {
    let world = World::verbatim(vec![]).await;
    let whole = parts("b", "1", &"Hallo\r\n".repeat(20_000));
    world.deliver(json!("inbox"), &whole).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    world
        .post(
            "faults",
            json!({"host": "graph", "path": "$value", "times": 2, "do": "truncate"}),
        )
        .await;
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), whole);
    assert_eq!(world.asked("$value").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_early_without_an_error_is_noticed() {
    let world = World::verbatim(vec![]).await;
    let whole = parts("b", "1", "Hallo");
    world.deliver(json!("inbox"), &whole).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let cut = String::from_utf8(whole[..whole.len() - 40].to_vec()).unwrap();
    let fault = json!({"host": "graph", "path": "$value", "times": 1, "status": 200,
        "headers": {"Content-Type": "text/plain"}, "body": cut});
    world.post("faults", fault).await;
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_has_no_end_is_served_as_it_is() {
    let world = World::verbatim(vec![]).await;
    let mut endless = parts("b", "1", "Hallo");
    endless.truncate(endless.len() - 7);
    world.deliver(json!("inbox"), &endless).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), endless);
    assert_eq!(
        world.asked("$value").await,
        2,
        "the same twice is no broken transfer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_corrupt_item_spoils_no_other() {
    let world = World::verbatim(mails(5)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    let id = rows[2].remote.as_str().trim_end_matches('=').to_owned();
    let fault = json!({"host": "graph", "path": id, "times": 100, "status": 500,
        "body": {"error": {"code": "ErrorCorruptData", "message": "Data is corrupt."}}});
    world.post("faults", fault).await;
    let served = account.served(&rows).await;
    let outcomes: Vec<bool> = served.iter().map(Result::is_ok).collect();
    assert_eq!(outcomes, [true, true, false, true, true]);
    let error = account.octets(&rows[2], ALL).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_graph_down_what_is_here_is_served_and_the_rest_says_later() {
    let world = World::verbatim(mails(2)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    account.octets(&rows[0], ALL).await.unwrap();
    world.fail("/", 0).await;
    assert_eq!(account.octets(&rows[0], ALL).await.unwrap(), mime("m1"));
    let error = account.octets(&rows[1], ALL).await.unwrap_err();
    assert!(error.class().is_temporary(), "{error}");
    let served = account.served(&rows).await;
    assert!(served[1].as_ref().unwrap_err().class().is_temporary());
    world.heal().await;
    assert_eq!(account.octets(&rows[1], ALL).await.unwrap(), mime("m2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_deleted_meanwhile_is_gone() {
    let world = World::verbatim(mails(1)).await;
    let account = world.account();
    let (_, rows) = inbox(&account).await;
    world
        .change(rows[0].remote.as_str(), json!({"delete": true}))
        .await;
    let error = account.octets(&rows[0], ALL).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
    assert_eq!(plain(&world.look("INBOX").await), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn search_tells_the_exact_truth() {
    let mut seeds = mails(30);
    seeds.push(seeded("Gr=?utf-8?q?=C3=BC?=n =?utf-8?q?M=C3=BCller?=", 31));
    let world = World::verbatim(seeds).await;
    let account = world.account();
    let (selected, rows) = inbox(&account).await;
    let uids: Vec<Uid> = rows.iter().map(|row| row.uid).collect();
    let find = async |key: Key| -> Vec<u32> {
        let found = account
            .search(selected.folder.key, &uids, &key)
            .await
            .unwrap();
        found.into_iter().map(Uid::value).collect()
    };
    assert_eq!(find(Key::Uids(vec![(uids[3], uids[3])])).await, [4]);
    assert_eq!(find(Key::Body("text of m17".into())).await, [17]);
    assert_eq!(
        find(Key::Header("subject".into(), "MÜLLER".into())).await,
        [31]
    );
    assert_eq!(find(Key::Text("<m9@example".into())).await, [9]);
    let cheap = Key::And(vec![
        Key::Body("Text".into()),
        Key::Uids(vec![(uids[0], uids[1])]),
    ]);
    assert_eq!(find(cheap).await, [1, 2]);
    let none = Key::Not(Box::new(Key::Header("from".into(), "ben@".into())));
    assert!(find(none).await.is_empty());
    let count: Value = world.get("count").await;
    assert!(
        count["inner"].as_u64().unwrap() < 100,
        "each message came once: {count}"
    );
    world.fail("/", 0).await;
    assert_eq!(find(Key::Body("text of m17".into())).await, [17]);
}
