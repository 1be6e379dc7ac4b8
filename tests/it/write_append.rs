//! APPEND against the sandbox: what Outlook sees, what IMAP gives back, and what is left when something fails.

use crate::{
    sync_world::{ANNA, NOW, World, mailbox, mails, mime, plain, rows},
    write::{flags, open, uids},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    account::{
        Account, FlagChange, Manners,
        write::{Expected, Outgoing},
    },
    mail::{ErrorClass, Flags, Uid},
};
use serde_json::{Value, json};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

/// Octets of a message as IMAP gives them, asked as a process that just started asks.
pub(crate) async fn read(world: &World, name: &str, uid: Uid) -> Vec<u8> {
    let (account, selected) = open(world, name).await;
    let rows = account.messages(selected.folder.key, &[uid]).await.unwrap();
    account.octets(&rows[0], 0..u64::MAX).await.unwrap()
}

async fn item(world: &World, folder: &str) -> Value {
    let ids = world.ids(folder).await;
    assert_eq!(ids.len(), 1, "one item in {folder}");
    world
        .get(&format!("item?mailbox={ANNA}&item={}", ids[0]))
        .await
}

/// Text with an attachment, and fields that Graph does not keep.
fn rich(subject: &str, octets: usize) -> Vec<u8> {
    let file: String = STANDARD
        .encode(vec![b'x'; octets])
        .as_bytes()
        .chunks(76)
        .map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap()))
        .collect();
    format!(
        "Return-Path: <ben@example.com>\r\nX-Own: 1\r\nFrom: Ben <ben@example.com>\r\nTo: anna@example.com\r\n\
         Subject: {subject}\r\nDate: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <{subject}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"own\"\r\n\r\npreamble\r\n--own\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nText\r\n--own\r\n\
         Content-Type: application/octet-stream; name=f.bin\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=f.bin\r\n\r\n{file}--own--\r\n"
    )
    .into_bytes()
}

const SIGNED: &str = "From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: signed\r\n\
    Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <signed@example.com>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256; boundary=s\r\n\r\n\
    --s\r\nContent-Type: text/plain\r\n\r\nSigned text\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n\
    signature\r\n--s--\r\n";

pub(crate) async fn append(account: &Account, to: &str, names: &str, octets: &[u8]) -> Uid {
    let outcome = account
        .append(&mailbox(to), &flags(names), Some(NOW), octets.to_vec())
        .await;
    outcome.unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_none_in_outlook_but_a_draft_and_reads_back_exactly() {
    let world = World::with_inbox(mails(1)).await;
    let octets = rich("own", 1000);
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    let to = mailbox("Archive");
    let wanted = flags("\\Seen \\Flagged \\Answered Rot");
    let appending = account.append(&to, &wanted, Some(NOW - 99), octets.clone());
    let (outcome, requests) = world.cost(appending).await;
    let (validity, uid) = outcome.unwrap();
    assert!(
        requests <= 2,
        "{requests} requests: its creation, and one look behind"
    );
    let cloud = item(&world, "archive").await;
    assert_eq!(
        (
            &cloud["draft"],
            &cloud["read"],
            &cloud["flag"],
            &cloud["categories"]
        ),
        (
            &json!(false),
            &json!(true),
            &json!("flagged"),
            &json!(["Rot"])
        ),
    );
    assert_eq!(cloud["internetMessageId"], "<own@example.com>");
    for _ in 0..2 {
        let (account, archive) = open(&world, "Archive").await;
        assert_eq!(archive.folder.uid_validity, validity);
        let row = &account.messages(archive.folder.key, &[uid]).await.unwrap()[0];
        assert_eq!((row.internal_date, &row.flags), (NOW - 99, &wanted));
        let served = account
            .served(std::slice::from_ref(row))
            .await
            .remove(0)
            .unwrap();
        assert_eq!(served.size, octets.len() as u64);
        assert_eq!(read(&world, "Archive", uid).await, octets);
        // The cache may be lost, these octets may not.
        world.store.cache_remove(row.key).await.unwrap();
    }
    let message = world.ids("archive").await;
    let remote = postern::mail::RemoteId::new(message[0].clone());
    let told = world.graph.message(&remote).await.unwrap();
    assert_eq!((told.received, told.last_verb), (Some(NOW - 99), Some(102)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_a_draft_wherever_it_is() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let octets = mime("d1");
    let uid = append(&account, "Drafts", "\\Seen", &octets).await;
    assert_eq!(item(&world, "drafts").await["draft"], true);
    assert_eq!(read(&world, "Drafts", uid).await, octets);
    let elsewhere = append(&account, "Archive", "\\Draft Rot", &octets).await;
    let cloud = item(&world, "archive").await;
    assert_eq!(
        (&cloud["draft"], &cloud["read"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(cloud["categories"], json!(["Rot"]));
    let (account, archive) = open(&world, "Archive").await;
    let row = &account
        .messages(archive.folder.key, &[elsewhere])
        .await
        .unwrap()[0];
    assert_eq!(
        (row.internal_date, &row.flags),
        (NOW, &flags("\\Draft Rot"))
    );
    assert_eq!(plain(&world.look("Drafts").await), "1 d1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_mail_goes_up_as_it_is_and_is_no_draft_here() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let uid = append(&account, "Archive", "", SIGNED.as_bytes()).await;
    let cloud = item(&world, "archive").await;
    assert_eq!(cloud["draft"], true, "Graph knows no other way");
    let value = STANDARD.decode(cloud["value"].as_str().unwrap()).unwrap();
    let signed = SIGNED.split_once("\r\n\r\n").unwrap().1;
    assert!(
        String::from_utf8_lossy(&value).contains(signed),
        "what the signature covers is as it was"
    );
    for round in 0..2 {
        let (account, archive) = open(&world, "Archive").await;
        let row = &account.messages(archive.folder.key, &[uid]).await.unwrap()[0];
        assert_eq!(row.flags, Flags::default(), "round {round}");
        world
            .change(cloud["id"].as_str().unwrap(), json!({"touch": true}))
            .await;
    }
    // Also where another client moves it.
    world
        .change(cloud["id"].as_str().unwrap(), json!({"move": "inbox"}))
        .await;
    let (account, inbox) = open(&world, "INBOX").await;
    let row = &account
        .messages(inbox.folder.key, &uids([2]))
        .await
        .unwrap()[0];
    assert_eq!(row.flags, Flags::default());
    assert_eq!(
        read(&world, "INBOX", Uid::new(2).unwrap()).await,
        SIGNED.as_bytes()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn octets_go_with_the_message_by_copy_and_move() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let octets = rich("own", 100_000);
    let uid = append(&account, "Archive", "\\Seen", &octets).await;
    let (_, archive) = open(&world, "Archive").await;
    let folder = archive.folder.key;
    account
        .copy(folder, &[uid], &mailbox("Junk Email"))
        .await
        .unwrap();
    account
        .move_to(folder, &[uid], &mailbox("INBOX"))
        .await
        .unwrap();
    assert_eq!(
        read(&world, "Junk Email", Uid::new(1).unwrap()).await,
        octets
    );
    assert_eq!(read(&world, "INBOX", Uid::new(2).unwrap()).await, octets);
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_line_feeds_are_sent_as_crlf_and_read_back_as_written() {
    let world = World::with_inbox(mails(1)).await;
    let octets = String::from_utf8(mime("lf"))
        .unwrap()
        .replace("\r\n", "\n")
        .into_bytes();
    for (folder, names) in [("Drafts", "\\Draft"), ("Archive", "")] {
        let uid = append(&world.account(), folder, names, &octets).await;
        assert_eq!(read(&world, folder, uid).await, octets, "{folder}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_mail_goes_up_in_pieces() {
    let world = World::with_inbox(mails(1)).await;
    // Megabytes take their time on a busy machine.
    let graph = world.graph.with_pace(postern::graph::Pace::default());
    let name = postern::mail::AccountName::new("anna");
    let account = Account::new(name, world.store.clone(), graph);
    let octets = rich("large", 5_000_000);
    for (folder, well_known, names) in [("Archive", "archive", ""), ("Drafts", "drafts", "\\Draft")]
    {
        let uid = append(&account, folder, names, &octets).await;
        let cloud = item(&world, well_known).await;
        assert_eq!(cloud["draft"], json!(folder == "Drafts"));
        assert_eq!(read(&world, folder, uid).await, octets, "{folder}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_outlook_is_seen_and_a_changed_flag_is_none() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let octets = mime("d1");
    let uid = append(&account, "Drafts", "\\Seen", &octets).await;
    let id = world.ids("drafts").await.remove(0);
    world.change(&id, json!({"flag": "flagged"})).await;
    assert_eq!(
        world.look("Drafts").await,
        [(1, "d1".to_owned(), "\\Flagged \\Seen \\Draft".to_owned())]
    );
    assert_eq!(read(&world, "Drafts", uid).await, octets);
    let edited = STANDARD.encode(mime("d2"));
    world.change(&id, json!({"mime": edited})).await;
    let (account, drafts) = open(&world, "Drafts").await;
    let row = account
        .messages(drafts.folder.key, &[uid])
        .await
        .unwrap()
        .remove(0);
    let stale = account.octets(&row, 0..u64::MAX).await.unwrap_err();
    assert_eq!(stale.class(), ErrorClass::NotFound, "{stale}");
    let drafts = world.look("Drafts").await;
    assert_eq!(plain(&drafts), "2 d2", "other content, another UID");
    let now = read(&world, "Drafts", Uid::new(2).unwrap()).await;
    assert!(String::from_utf8_lossy(&now).contains("Text of d2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_hides_no_edit_of_another_client() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let uid = append(&account, "Drafts", "\\Draft", &mime("d1")).await;
    let (_, drafts) = open(&world, "Drafts").await;
    let flagged = flags("\\Flagged");
    let add = postern::account::FlagChange::Add;
    let key = drafts.folder.key;
    let own = account.store_flags(key, &[uid], add, &flagged).await;
    assert!(own.unwrap().failed.is_empty());
    world.look("Drafts").await;
    assert_eq!(read(&world, "Drafts", uid).await, mime("d1"), "our own");
    // Edited elsewhere, and flagged here before the delta told.
    let id = world.ids("drafts").await.remove(0);
    let edited = String::from_utf8(mime("d1")).unwrap();
    let edited = STANDARD.encode(edited.replace("Text of", "Edited"));
    world.change(&id, json!({"mime": edited})).await;
    let less = postern::account::FlagChange::Remove;
    let own = account.store_flags(key, &[uid], less, &flagged).await;
    assert!(own.unwrap().failed.is_empty());
    let (account, drafts) = open(&world, "Drafts").await;
    let rows = account.messages(drafts.folder.key, &[uid]).await.unwrap();
    let stale = account.octets(&rows[0], 0..u64::MAX).await.unwrap_err();
    assert_eq!(stale.class(), ErrorClass::NotFound, "{stale}");
    let now = read(&world, "Drafts", Uid::new(2).unwrap()).await;
    assert!(String::from_utf8_lossy(&now).contains("Edited d1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_done_append_leaves_nothing() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    let to = mailbox("Archive");
    for (method, path) in [("POST", "/move"), ("PATCH", "/messages/")] {
        let broken = json!({"host": "graph", "method": method, "path": path, "times": 99, "status": 400,
            "body": {"error": {"code": "ErrorInvalidRequest"}}});
        world.post("faults", broken).await;
        let error = account
            .append(&to, &flags("\\Draft \\Flagged"), None, mime("d1"))
            .await
            .unwrap_err();
        assert_eq!(error.class(), ErrorClass::Permanent, "{path}: {error}");
        world.heal().await;
        assert_eq!(world.ids("drafts").await.len(), 0, "{path}");
        assert_eq!(world.look("Archive").await.len(), 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_was_lost_is_brought_by_the_delta() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    let lost = json!({"host": "graph", "method": "POST", "path": "/messages", "after": true, "do": "reset"});
    world.post("faults", lost).await;
    let to = mailbox("Archive");
    let error = account
        .append(&to, &Flags::default(), None, mime("a1"))
        .await
        .unwrap_err();
    assert!(error.class().is_temporary(), "{error}");
    assert_eq!(
        plain(&world.look("Archive").await),
        "1 a1",
        "nothing is lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_json_cannot_hold_goes_up_as_mime_and_what_is_refused_is_named() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    let refusal = |path: &str| {
        json!({"host": "graph", "method": "POST", "path": path, "status": 400, "times": 1,
            "body": {"error": {"code": "ErrorInvalidRequest", "message": "no"}}})
    };
    world.post("faults", refusal("/mailFolders/")).await;
    let uid = append(&account, "Archive", "", &mime("a1")).await;
    assert_eq!(item(&world, "archive").await["draft"], true);
    assert_eq!(
        world.look("Archive").await,
        [(1, "a1".to_owned(), String::new())]
    );
    assert_eq!(read(&world, "Archive", uid).await, mime("a1"));
    world.post("faults", refusal("/mailFolders/")).await;
    world.post("faults", refusal("/messages")).await;
    let to = mailbox("Archive");
    let error = account
        .append(&to, &Flags::default(), None, mime("a2"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, postern::account::Error::Recovered(_)),
        "{error}"
    );
    let nowhere = mailbox("Nowhere");
    let error = account
        .append(&nowhere, &Flags::default(), None, mime("a3"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, postern::account::Error::NoMailbox(_)),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_it_so_gets_mime_in_outlook_too() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.set_manners(Manners {
        append_faithfully: true,
        ..Manners::default()
    });
    let uid = append(&account, "Archive", "\\Flagged", &rich("own", 1000)).await;
    assert_eq!(item(&world, "archive").await["draft"], true);
    let looked = world.look("Archive").await;
    assert_eq!(looked, [(1, "own".to_owned(), "\\Flagged".to_owned())]);
    assert_eq!(read(&world, "Archive", uid).await, rich("own", 1000));
}

/// A submission under way.
#[derive(Debug)]
pub(crate) struct Expecting(pub(crate) &'static str);

impl Outgoing for Expecting {
    fn expects_copy<'a>(
        &'a self,
        message_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Expected> + Send + 'a>> {
        Box::pin(async move {
            match message_id == self.0 {
                true => Expected::Yes,
                false => Expected::No,
            }
        })
    }

    fn is_own_draft(&self, _id: &str, message_id: Option<&str>) -> bool {
        message_id == Some(self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_of_a_submission_does_not_show() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.set_outgoing(Arc::new(Expecting("<d2@example.com>")));
    let draft = |subject: &str| json!({"mailbox": ANNA, "folder": "drafts", "draft": true, "mime": STANDARD.encode(mime(subject))});
    for subject in ["d1", "d2"] {
        world.post("deliver", draft(subject)).await;
    }
    // In the first listing, and in a round.
    let seen = account.select(&mailbox("Drafts")).await.unwrap();
    assert_eq!(plain(&rows(&account, &seen).await), "1 d1");
    for subject in ["d2", "d3"] {
        world.post("deliver", draft(subject)).await;
    }
    let mut looks = 0;
    let seen = loop {
        let seen = account.select(&mailbox("Drafts")).await.unwrap();
        let seen = plain(&rows(&account, &seen).await);
        looks += 1;
        if seen != "1 d1" || looks > 100 {
            break seen;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(seen, "1 d1, 2 d3");
    assert_eq!(world.ids("drafts").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_of_a_mail_just_sent_is_adopted() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Sent Items")).await.unwrap();
    let sent = |subject: &str| json!({"mailbox": ANNA, "folder": "sentitems", "read": true, "mime": STANDARD.encode(mime(subject))});
    world.post("deliver", sent("s1")).await;
    let octets = [&b"X-Own: 1\r\n"[..], &mime("s1")].concat();
    let first = append(&account, "Sent Items", "\\Seen", &octets).await;
    let again = append(&account, "Sent Items", "\\Seen", &octets).await;
    assert_eq!((first, again), (Uid::new(1).unwrap(), Uid::new(1).unwrap()));
    assert_eq!(world.ids("sentitems").await.len(), 1);
    assert_eq!(plain(&world.look("Sent Items").await), "1 s1");
    assert_eq!(read(&world, "Sent Items", first).await, octets);
    // Still under way: its copy is waited for.
    account.set_outgoing(Arc::new(Expecting("<s2@example.com>")));
    let second = mime("s2");
    let waiting = append(&account, "Sent Items", "\\Seen", &second);
    let (uid, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        world.post("deliver", sent("s2")).await;
    });
    assert_eq!(uid, Uid::new(2).unwrap());
    assert_eq!(world.ids("sentitems").await.len(), 2);
    // One that was not sent here is made.
    append(&account, "Sent Items", "\\Seen", &mime("s3")).await;
    assert_eq!(plain(&world.look("Sent Items").await), "1 s1, 2 s2, 3 s3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_was_faster_than_an_append_is_met() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let archive = account.select(&mailbox("Archive")).await.unwrap();
    // Between Graph's answer and the commit a round may bring it: here one after the other.
    let slow = json!({"host": "graph", "method": "POST", "path": "/messages", "after": true, "delay": 1.0});
    world.post("faults", slow).await;
    let octets = mime("a1");
    let waiting = append(&account, "Archive", "\\Seen Rot", &octets);
    let other = world.account();
    let (uid, ()) = tokio::join!(waiting, async {
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let selected = other.select(&mailbox("Archive")).await.unwrap();
            rows(&other, &selected).await;
        }
    });
    let looked = world.look("Archive").await;
    assert_eq!(
        looked,
        [(uid.value(), "a1".to_owned(), "\\Seen Rot".to_owned())]
    );
    let row = account
        .messages(archive.folder.key, &[uid])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(row.internal_date, NOW);
    assert_eq!(read(&world, "Archive", uid).await, octets);
    let fewer = FlagChange::Set;
    account
        .store_flags(archive.folder.key, &[uid], fewer, &Flags::default())
        .await
        .unwrap();
    assert_eq!(item(&world, "archive").await["read"], false);
}
