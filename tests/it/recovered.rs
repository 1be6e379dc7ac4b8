//! What Microsoft 365 refuses for good is in the mailbox "Recovered": octet for octet, once, with the reason, whatever happens.

use crate::{
    crash_write::{Victim, kill_when},
    sync_world::{ANNA, NOW, World, mailbox, mails, mime, plain},
    write::{flags, open, uids},
};
use postern::{
    account::{Account, Error, FlagChange, FolderRow},
    mail::{AccountName, ErrorClass, Flags, MailboxName, Secret, Uid},
    store::Store,
};
use serde_json::json;

pub(crate) const RECOVERED: &str = "Recovered";

/// Graph takes no message.
pub(crate) async fn refuse(world: &World) {
    refuse_with(world, 400, "ErrorInvalidRequest").await;
}

async fn refuse_with(world: &World, status: u16, code: &str) {
    let error = json!({"code": code, "message": "It is Grüße\r\nwrong."});
    let fault = json!({"host": "graph", "method": "POST", "path": "/messages", "times": 10_000,
        "status": status, "body": {"error": error}});
    world.post("faults", fault).await;
}

async fn try_append(account: &Account, to: &str, names: &str, octets: &[u8]) -> Error {
    let (to, flags) = (mailbox(to), flags(names));
    let appended = account.append(&to, &flags, Some(NOW - 99), octets.to_vec());
    appended.await.unwrap_err()
}

async fn row(account: &Account, name: &str) -> Option<FolderRow> {
    let folders = account.folders().await.unwrap();
    folders.into_iter().find(|row| row.name == mailbox(name))
}

/// UID, flags and octets of each message, as a process that just started gives them.
async fn all(world: &World, name: &str) -> Vec<(u32, Flags, Vec<u8>)> {
    let (account, selected) = open(world, name).await;
    let uids: Vec<Uid> = selected.snapshot.rows.iter().map(|row| row.uid).collect();
    let rows = account.messages(selected.folder.key, &uids).await.unwrap();
    let mut all = Vec::new();
    for row in rows {
        let octets = account.octets(&row, 0..u64::MAX).await.unwrap();
        all.push((row.uid.value(), row.flags, octets));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept_once_with_the_reason() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    assert!(
        row(&account, RECOVERED).await.is_none(),
        "not before it is needed"
    );
    refuse(&world).await;
    let octets = [&b"X-Own:  two  spaces\n"[..], &mime("a1")].concat();
    for _ in 0..3 {
        let error = try_append(&account, "Archive", "\\Seen Rot", &octets).await;
        assert!(matches!(error, Error::Recovered(_)), "{error}");
        assert_eq!(error.class(), ErrorClass::Permanent);
    }
    let folder = row(&account, RECOVERED).await.unwrap();
    assert!(folder.subscribed && folder.messages == 2 && folder.unseen == 1);
    // No network, no cache: what is here is here.
    world.fail("", 0).await;
    std::fs::write(world.dir.path().join("mailboxes/m1/cache.db"), b"no cache").unwrap();
    let kept = all(&world, RECOVERED).await;
    assert_eq!(kept[0], (1, flags("\\Seen Rot"), octets.clone()));
    let note = String::from_utf8(kept[1].2.clone()).unwrap();
    assert_eq!((kept.len(), &kept[1].1), (2, &Flags::default()));
    for text in [
        "Subject: Kept here: refused by Microsoft 365\r\n",
        "In-Reply-To: <a1@example.com>\r\n",
        "  Subject: a1\r\n",
        "  Meant for the mailbox: Archive\r\n",
        " ErrorInvalidRequest: It is Grüße wrong.",
    ] {
        assert!(note.contains(text), "{text}: {note}");
    }
    let (_, selected) = open(&world, RECOVERED).await;
    let first = &world
        .account()
        .messages(selected.folder.key, &uids([1]))
        .await
        .unwrap()[0];
    assert_eq!(first.internal_date, NOW - 99);
    // Meant for another mailbox, it is another message.
    world.heal().await;
    refuse(&world).await;
    try_append(&world.account(), "INBOX", "", &octets).await;
    assert_eq!(all(&world, RECOVERED).await.len(), 4);
    assert_eq!(
        world.ids("archive").await.len() + world.ids("drafts").await.len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_kept_here_and_expunge_is_final() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    refuse(&world).await;
    try_append(&account, "Archive", "", &mime("a1")).await;
    let mut selected = account.select(&mailbox(RECOVERED)).await.unwrap();
    let key = selected.folder.key;
    let (first, deleted) = (uids([1]), flags("\\Deleted \\Flagged Rot"));
    let storing = account.store_flags(key, &first, FlagChange::Add, &deleted);
    let (stored, requests) = world.cost(storing).await;
    assert_eq!((stored.unwrap().changed.len(), requests), (1, 0));
    selected.watch.changed().await;
    let (expunged, requests) = world.cost(account.expunge(key, None)).await;
    assert_eq!((expunged.unwrap().uids, requests), (uids([1]), 0));
    let changes = account
        .changes_since(key, selected.snapshot.highest_modseq)
        .await
        .unwrap();
    assert_eq!(changes.expunged, uids([1, 2]), "its note goes with it");
    assert_eq!(all(&world, RECOVERED).await, []);
    assert!(
        row(&account, RECOVERED).await.is_some(),
        "it does not come and go"
    );
    // The same once more: other UIDs.
    try_append(&account, "Archive", "\\Seen", &mime("a1")).await;
    let again: Vec<_> = all(&world, RECOVERED)
        .await
        .into_iter()
        .map(|(uid, ..)| uid)
        .collect();
    assert_eq!(again, [3, 4]);
    // A note that was removed first is no obstacle for its message.
    account
        .store_flags(key, &uids([4]), FlagChange::Add, &flags("\\Deleted"))
        .await
        .unwrap();
    account.expunge(key, None).await.unwrap();
    account
        .store_flags(key, &uids([3]), FlagChange::Add, &flags("\\Deleted"))
        .await
        .unwrap();
    account.expunge(key, None).await.unwrap();
    assert_eq!(all(&world, RECOVERED).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_moved_out_when_the_reason_is_gone_and_not_before() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    let (first, second) = (mime("a1"), mime("a2"));
    refuse(&world).await;
    try_append(&account, "Archive", "\\Seen Rot", &first).await;
    try_append(&account, "Archive", "", &second).await;
    let key = row(&account, RECOVERED).await.unwrap().key;
    let inbox = MailboxName::inbox();
    let moved = account.move_to(key, &uids([1]), &inbox).await.unwrap();
    assert!(moved.pairs.is_empty());
    assert!(
        matches!(moved.failed[..], [(_, Error::Refused(_))]),
        "{:?}",
        moved.failed
    );
    assert_eq!(
        all(&world, RECOVERED).await.len(),
        4,
        "refused once more, it stays"
    );
    world.heal().await;
    let copied = account
        .copy(key, &uids([3]), &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!(copied.pairs, [(uids([3])[0], uids([1])[0])]);
    let moved = account.move_to(key, &uids([1, 99]), &inbox).await.unwrap();
    assert_eq!(moved.pairs, [(uids([1])[0], uids([2])[0])]);
    assert_eq!(plain(&world.look("INBOX").await), "1 m1, 2 a1");
    assert_eq!(
        all(&world, "INBOX").await[1],
        (2, flags("\\Seen Rot"), first)
    );
    assert_eq!(all(&world, "Archive").await[0].2, second);
    let left: Vec<_> = all(&world, RECOVERED)
        .await
        .into_iter()
        .map(|(uid, ..)| uid)
        .collect();
    assert_eq!(left, [3, 4], "the message's note went too");
    // All that is there: the note is a mail like any other then.
    let moved = account
        .move_to(key, &uids([3, 4]), &mailbox("Archive"))
        .await
        .unwrap();
    assert_eq!((moved.pairs.len(), moved.failed.len()), (2, 0));
    assert_eq!(all(&world, RECOVERED).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_puts_anything_into_it() {
    let world = World::with_inbox(mails(1)).await;
    let (account, inbox) = open(&world, "INBOX").await;
    let (own, key) = (mailbox(RECOVERED), inbox.folder.key);
    for there in [false, true] {
        if there {
            refuse(&world).await;
            try_append(&account, "Archive", "", &mime("a1")).await;
            world.heal().await;
        }
        let error = try_append(&account, RECOVERED, "", &mime("a2")).await;
        assert!(matches!(error, Error::Ours(_)), "{error}");
        let error = account.copy(key, &uids([1]), &own).await.unwrap_err();
        assert!(matches!(error, Error::Ours(_)), "{error}");
        let error = account.move_to(key, &uids([1]), &own).await.unwrap_err();
        assert!(matches!(error, Error::Ours(_)), "{error}");
        assert!(account.create(&own).await.is_err());
        assert!(account.create(&mailbox("Recovered/x")).await.is_err());
        assert!(account.rename(&mailbox("INBOX"), &own).await.is_err());
    }
    for outcome in [
        account.delete(&own).await,
        account.rename(&own, &mailbox("x")).await,
    ] {
        assert!(matches!(outcome, Err(Error::Ours(_))), "{outcome:?}");
    }
    let from = row(&account, RECOVERED).await.unwrap().key;
    let error = account.move_to(from, &uids([1]), &own).await.unwrap_err();
    assert!(matches!(error, Error::Ours(_)), "{error}");
    assert_eq!(all(&world, RECOVERED).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_round_of_the_tree_takes_it_away_and_no_folder_of_the_cloud_is_it() {
    let world = World::with_inbox(mails(1)).await;
    refuse(&world).await;
    try_append(&world.account(), "Archive", "", &mime("a1")).await;
    world.heal().await;
    let before = row(&world.account(), RECOVERED).await.unwrap();
    let made = json!({"mailbox": ANNA, "create": ["Recovered"]});
    world.post("folder", made).await;
    let expired = json!({"mailbox": ANNA, "folder": "tree", "links": "all"});
    world.post("expire", expired).await;
    for _ in 0..3 {
        let account = world.account();
        account.folders().await.unwrap();
        account.status(&mailbox(RECOVERED)).await.unwrap();
        account.refresh(before.key).await.unwrap();
        world.store.reset_folders_link().await.unwrap();
    }
    let account = world.account();
    let names: Vec<_> = account
        .folders()
        .await
        .unwrap()
        .into_iter()
        .map(|f| f.name.to_string())
        .collect();
    for name in ["Recovered", "=52ecovered"] {
        assert_eq!(names.iter().filter(|n| *n == name).count(), 1, "{names:?}");
    }
    let after = row(&account, RECOVERED).await.unwrap();
    assert_eq!(
        (after.key, after.uid_validity, after.messages),
        (before.key, before.uid_validity, 2)
    );
    // What is in the cloud's is there, and nowhere else.
    account
        .append(&mailbox("=52ecovered"), &Flags::default(), None, mime("a2"))
        .await
        .unwrap();
    assert_eq!(plain(&world.look("=52ecovered").await), "1 a2");
    assert_eq!(all(&world, RECOVERED).await.len(), 2);
}

const SIGNED: &str = "From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: signed\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256; boundary=s\r\n\r\n\
    --s\r\nContent-Type: text/plain\r\n\r\nSigned text\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n\
    signature\r\n--s--\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_mail_that_does_not_fit_into_one_request_is_kept() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    let signed = [SIGNED.as_bytes(), &vec![b'x'; 3_500_000]].concat();
    let trying = try_append(&account, "Archive", "", &signed);
    let (error, requests) = world.cost(trying).await;
    assert!(
        matches!(&error, Error::Recovered(why) if matches!(**why, Error::NotInOne)),
        "{error}"
    );
    assert_eq!((error.class(), requests), (ErrorClass::TooLarge, 0));
    let kept = all(&world, RECOVERED).await;
    assert!(kept[0].2 == signed, "octet for octet");
    let note = String::from_utf8_lossy(&kept[1].2).into_owned();
    assert!(
        note.contains("Subject: Kept here: too large for Microsoft 365\r\n"),
        "{note}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_cannot_hold_whatever_its_form_is_kept() {
    let world = World::with_inbox(mails(1)).await;
    let account = world.account();
    account.status(&mailbox("Archive")).await.unwrap();
    refuse_with(&world, 413, "RequestEntityTooLarge").await;
    let error = try_append(&account, "Archive", "", &mime("a1")).await;
    assert!(matches!(error, Error::Recovered(_)), "{error}");
    assert_eq!(error.class(), ErrorClass::TooLarge);
    assert_eq!(all(&world, RECOVERED).await[0].2, mime("a1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_refused_and_not_kept() {
    let world = World::with_inbox(mails(1)).await;
    for (status, code, over_quota) in [
        (403, "ErrorAccessDenied", false),
        (403, "ErrorQuotaExceeded", true),
        (507, "ErrorQuotaExceeded", true),
        (404, "ErrorFolderNotFound", false),
        (412, "ErrorIrresolvableConflict", false),
        (503, "ErrorMailboxStoreUnavailable", false),
    ] {
        let account = world.account();
        account.status(&mailbox("Archive")).await.unwrap();
        refuse_with(&world, status, code).await;
        let error = try_append(&account, "Archive", "", &mime("a1")).await;
        assert!(!matches!(error, Error::Recovered(_)), "{code}: {error}");
        assert_eq!(error.is_over_quota(), over_quota, "{code}: {error}");
        world.heal().await;
    }
    assert!(row(&world.account(), RECOVERED).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_when_it_had_kept_a_message_has_kept_it() {
    let world = World::with_inbox(mails(1)).await;
    world.look("INBOX").await;
    world.look("Archive").await;
    refuse(&world).await;
    let victim = Victim::start(&world, "append");
    kill_when(victim, async || {
        let row = world
            .store
            .folder_by_name(&mailbox(RECOVERED))
            .await
            .unwrap();
        row.is_some_and(|row| row.messages == 2)
    })
    .await;
    let kept = all(&world, RECOVERED).await;
    assert_eq!((kept[0].0, &kept[0].2), (1, &mime("new")));
    // The client, which heard nothing, repeats it.
    let error = crate::crash_write::append(&world.account())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Recovered(_)), "{error}");
    assert_eq!(all(&world, RECOVERED).await, kept);
}

/// A disk without room, where one may be mounted.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_half_kept() {
    let Some(disk) = crate::spool::Disk::mount(2 << 20) else {
        eprintln!("SKIPPED: no small disk can be mounted here");
        return;
    };
    let world = World::with_inbox(mails(1)).await;
    let store = Store::open(&disk.0, Secret::new([7; 32])).await.unwrap();
    let store = store.mailbox("m1").await.unwrap();
    let account = Account::new(AccountName::new("anna"), store, world.graph.clone());
    account.status(&mailbox("Archive")).await.unwrap();
    refuse(&world).await;
    let large = [&mime("large")[..], &vec![b'x'; 3 << 20]].concat();
    let error = try_append(&account, "Archive", "", &large).await;
    assert!(error.is_disk_full(), "{error}");
    assert!(row(&account, RECOVERED).await.is_none());
    let error = try_append(&account, "Archive", "", &mime("small")).await;
    assert!(matches!(error, Error::Recovered(_)), "{error}");
    let selected = account.select(&mailbox(RECOVERED)).await.unwrap();
    assert_eq!(selected.snapshot.rows.len(), 2);
}

#[tokio::test]
async fn there_is_room_for_so_much_and_no_more() {
    use postern::store::{
        messages::Served,
        recovered::{Kept, Local, local_id},
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Secret::new([7; 32])).await.unwrap();
    let store = store.mailbox("m1").await.unwrap();
    let local = |n: u8, size: u64| Local {
        remote: local_id(&[n; 32]),
        flags: Flags::default(),
        internal_date: NOW,
        subject: None,
        message_id: None,
        mime: vec![b'x'; 100],
        served: Served {
            size,
            sha256: [n; 32],
            header: Vec::new(),
            boundaries: String::new(),
            structure: String::new(),
        },
    };
    let keep = |n: u8, size| store.recover(local(n, size), local(n + 100, 10), 1000);
    assert!(matches!(keep(1, 900).await, Ok(Kept::New(_))));
    assert!(matches!(keep(2, 200).await, Ok(Kept::NoRoom)));
    assert!(matches!(keep(1, 900).await, Ok(Kept::Known)));
    let folder = store.folders().await.unwrap().remove(0);
    assert!(folder.is_local() && folder.messages == 2);
    store
        .forget_recovered(folder.key, vec![local_id(&[1; 32])])
        .await
        .unwrap();
    assert!(matches!(keep(2, 200).await, Ok(Kept::New(key)) if key == folder.key));
}
