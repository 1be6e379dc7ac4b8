//! A mail that Postern was given to send, and that its client appends to Sent Items: one copy, one UID, whenever Graph's own
//! copy comes, and whatever is interrupted.

use crate::{
    sync_world::{ANNA, NOW, World, mails, mime, plain},
    write::{flags, open},
    write_append::{Expecting, append, read},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    account::{Account, FlagChange, Manners},
    mail::{Flags, Uid},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const SENT: &str = "Sent Items";

/// An account that expects the copy of `s1`, and waits for it a moment only.
fn expecting(world: &World) -> Account {
    waiting(world, Duration::from_millis(300))
}

fn waiting(world: &World, sent_comes: Duration) -> Account {
    let account = world.account();
    account.set_outgoing(Arc::new(Expecting("<s1@example.com>")));
    account.set_manners(Manners {
        sent_comes,
        ..Manners::default()
    });
    account
}

async fn world() -> World {
    let world = World::with_inbox(mails(1)).await;
    world.look(SENT).await;
    world
}

/// What the client appends: not what Graph makes of it.
fn own() -> Vec<u8> {
    [&b"X-Own: 1\r\n"[..], &mime("s1")].concat()
}

/// Graph's own copy of what was sent.
async fn copy_comes(world: &World) -> String {
    let copy = json!({"mailbox": ANNA, "folder": "sentitems", "read": true, "mime": STANDARD.encode(mime("s1"))});
    let answer = world.post("deliver", copy).await;
    answer["items"][0]["id"].as_str().unwrap().to_owned()
}

/// Looks as a process that just started does, until the cloud has so many copies.
async fn settles(world: &World, copies: usize) {
    for _ in 0..100 {
        world.look(SENT).await;
        if world.ids("sentitems").await.len() == copies {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", world.ids("sentitems").await);
}

async fn is_one(world: &World, uid: Uid, octets: &[u8]) {
    for _ in 0..2 {
        assert_eq!(plain(&world.look(SENT).await), format!("{uid} s1"));
        assert_eq!(world.ids("sentitems").await.len(), 1);
        assert_eq!(read(world, SENT, uid).await, octets);
        // As if the cache were lost, and the folder listed anew.
        let (account, sent) = open(world, SENT).await;
        let row = &account.messages(sent.folder.key, &[uid]).await.unwrap()[0];
        world.store.cache_remove(row.key).await.unwrap();
        world.post("expire", json!({"mailbox": ANNA})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_comes_late_and_the_appended_one_become_one() {
    // By a round, or by a listing; with news in between, or none.
    for (listed_anew, others) in [(false, 0), (true, 0), (false, 3)] {
        let world = world().await;
        let account = expecting(&world);
        let uid = append(&account, SENT, "\\Seen", &own()).await;
        assert_eq!(plain(&world.look(SENT).await), format!("{uid} s1"));
        let (account, before) = open(&world, SENT).await;
        let more = flags("\\Flagged Rot");
        let key = before.folder.key;
        let own_uid = [uid];
        let stored = account.store_flags(key, &own_uid, FlagChange::Add, &more);
        let modseq = stored.await.unwrap().changed[0].modseq;
        for n in 0..others {
            let mime = STANDARD.encode(mime(&format!("o{n}")));
            let other = json!({"mailbox": ANNA, "folder": "sentitems", "mime": mime});
            world.post("deliver", other).await;
        }
        let copy = copy_comes(&world).await;
        if listed_anew {
            world.post("expire", json!({"mailbox": ANNA})).await;
        }
        settles(&world, 1 + others).await;
        let (account, sent) = open(&world, SENT).await;
        let row = &account.messages(key, &[uid]).await.unwrap()[0];
        assert_eq!(row.remote.as_str(), copy, "Outlook knows it as sent");
        assert_eq!(row.flags, flags("\\Seen \\Flagged Rot"));
        assert_eq!(sent.snapshot.rows.len(), 1 + others);
        let news = account.changes_since(key, modseq).await.unwrap();
        assert!(news.expunged.is_empty(), "nobody saw two");
        assert_eq!(news.changed.len(), others);
        let cloud = world.get(&format!("item?mailbox={ANNA}&item={copy}")).await;
        assert_eq!(cloud["draft"], false);
        assert_eq!(cloud["flag"], "flagged", "as the client wished");
        assert_eq!(cloud["categories"], json!(["Rot"]));
        if others == 0 {
            is_one(&world, uid, &own()).await;
        }
    }
}

/// The way that the spool goes: a draft, sent; the copy shows in Sent Items when Graph likes.
async fn sends(world: &World, shows_after: Duration) {
    let millis = u64::try_from(shows_after.as_millis()).unwrap();
    world.switch("sent-ms", json!(millis)).await;
    let mail = String::from_utf8(mime("s1")).unwrap();
    let mail = mail.replace("Ben <ben@", "Anna <anna@");
    let draft = world
        .graph
        .create_draft_mime(mail.as_bytes())
        .await
        .unwrap();
    let id = postern::mail::RemoteId::new(draft.id);
    world.graph.send_draft(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn before_and_after_it_was_sent_and_however_late_its_copy_shows() {
    let millis = Duration::from_millis;
    // What the client waits, what Graph takes: within the wait, after it, long after it.
    for (waits, takes) in [(10_000, 1_000), (500, 2_500), (500, 9_000)] {
        for appended_first in [false, true] {
            let world = world().await;
            let account = waiting(&world, millis(waits));
            let octets = own();
            let appending = append(&account, SENT, "\\Seen", &octets);
            let uid = match appended_first {
                true => {
                    let later = async {
                        tokio::time::sleep(millis(100)).await;
                        sends(&world, millis(takes)).await;
                    };
                    tokio::join!(appending, later).0
                }
                false => {
                    sends(&world, millis(takes)).await;
                    appending.await
                }
            };
            for _ in 0..200 {
                let shown = plain(&world.look(SENT).await);
                assert_eq!(shown, format!("{uid} s1"), "{waits} {takes}");
                let copies = world.ids("sentitems").await;
                let message = world.graph.with_message_id("sentitems", "<s1@example.com>");
                let sent = message
                    .await
                    .unwrap()
                    .iter()
                    .any(|m| m.is_draft == Some(false) && m.received > Some(NOW + 100));
                if copies.len() == 1 && sent && world.ids("drafts").await.is_empty() {
                    break;
                }
                tokio::time::sleep(millis(100)).await;
            }
            is_one(&world, uid, &octets).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_that_cannot_be_removed_yet_never_shows() {
    let world = world().await;
    world.switch("delta-replay", json!(5)).await;
    let uid = append(&expecting(&world), SENT, "\\Seen", &own()).await;
    copy_comes(&world).await;
    let stuck = json!({"host": "graph", "path": "permanentDelete", "times": 1000, "status": 500,
        "body": {"error": {"code": "ErrorInternalServerError"}}});
    world.post("faults", stuck).await;
    for round in 0..3 {
        assert_eq!(
            plain(&world.look(SENT).await),
            format!("{uid} s1"),
            "{round}"
        );
        assert_eq!(world.ids("sentitems").await.len(), 2);
        if round == 1 {
            world.post("expire", json!({"mailbox": ANNA})).await;
        }
        // Its client asks again: it is there.
        let again = append(&expecting(&world), SENT, "\\Seen", &own()).await;
        assert_eq!(again, uid);
    }
    world.heal().await;
    settles(&world, 1).await;
    is_one(&world, uid, &own()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_deleted_for_good_the_second_copy_goes_all_the_same() {
    let world = world().await;
    let uid = append(&expecting(&world), SENT, "\\Seen", &own()).await;
    copy_comes(&world).await;
    let unknown = json!({"host": "graph", "path": "permanentDelete", "times": 9, "status": 405,
        "body": {"error": {"code": "ErrorInvalidRequest"}}});
    world.post("faults", unknown).await;
    settles(&world, 1).await;
    is_one(&world, uid, &own()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_was_lost_and_its_copy_become_one() {
    for repeated in [true, false] {
        let world = world().await;
        let lost = json!({"host": "graph", "method": "POST", "path": "/messages", "after": true, "do": "reset"});
        world.post("faults", lost).await;
        let account = expecting(&world);
        let sent = crate::sync_world::mailbox(SENT);
        let none = Flags::default();
        let lost = account.append(&sent, &none, Some(NOW), own());
        assert!(lost.await.unwrap_err().class().is_temporary());
        // The process dies, and its client may try once more.
        let account = expecting(&world);
        if repeated {
            append(&account, SENT, "\\Seen", &own()).await;
            assert_eq!(world.ids("sentitems").await.len(), 1, "it was there");
        }
        assert_eq!(plain(&world.look(SENT).await), "1 s1");
        copy_comes(&world).await;
        settles(&world, 1).await;
        assert_eq!(plain(&world.look(SENT).await), "1 s1");
        if repeated {
            is_one(&world, Uid::new(1).unwrap(), &own()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_comes_while_the_mail_goes_up_is_that_mail() {
    let world = world().await;
    let account = expecting(&world);
    let slow = json!({"host": "graph", "method": "POST", "path": "/messages", "delay": 2.0});
    world.post("faults", slow).await;
    let octets = own();
    let appending = append(&account, SENT, "\\Seen", &octets);
    let (uid, ()) = tokio::join!(appending, async {
        let begun = std::time::Instant::now();
        while !world.get("faults").await["faults"]
            .as_array()
            .unwrap()
            .is_empty()
        {
            assert!(begun.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        copy_comes(&world).await;
        assert_eq!(plain(&world.look(SENT).await), "1 s1");
    });
    assert_eq!(uid, Uid::new(1).unwrap());
    settles(&world, 1).await;
    is_one(&world, uid, &octets).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_sent_stays_where_its_client_put_it() {
    let world = world().await;
    let uid = append(&expecting(&world), SENT, "\\Seen", &own()).await;
    is_one(&world, uid, &own()).await;
    // Another mail of that name from long ago is another mail.
    let old = json!({"mailbox": ANNA, "folder": "sentitems", "received": NOW, "mime": STANDARD.encode(mime("s1"))});
    world.post("deliver", old).await;
    assert_eq!(plain(&world.look(SENT).await), "1 s1, 2 s1");
    assert_eq!(world.ids("sentitems").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_what_nobody_sent_here_are_two() {
    let world = world().await;
    let account = world.account();
    account.set_outgoing(Arc::new(Expecting("<other@example.com>")));
    append(&account, SENT, "\\Seen", &own()).await;
    copy_comes(&world).await;
    assert_eq!(world.look(SENT).await.len(), 2);
    let items: Value = world
        .get(&format!("items?mailbox={ANNA}&folder=sentitems"))
        .await;
    assert_eq!(items["items"].as_array().unwrap().len(), 2);
}
