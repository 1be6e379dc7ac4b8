//! What clients write: moves and copies that meet rounds of the delta, flags, and octets that must survive.

use super::{STATE, gone, list, mailbox, new, patch, served, store};
use postern::{
    mail::{Flags, Keyword, RemoteId, SystemFlag, Uid},
    store::{
        Error, MailboxStore,
        mailboxes::FolderKey,
        messages::{MessageRow, RemoteMessage, Served},
        writes::{Arrived, Carried, FlagEdit, Written},
    },
};

fn uid(n: u32) -> Uid {
    Uid::new(n).unwrap()
}

async fn row(mailbox: &MailboxStore, folder: FolderKey, n: u32) -> MessageRow {
    let rows = mailbox.messages(folder, vec![uid(n)]).await.unwrap();
    rows.into_iter().next().unwrap()
}

fn carried(row: &MessageRow, remote: &str) -> Carried {
    Carried {
        row: row.clone(),
        remote: RemoteId::new(remote),
        told: RemoteMessage::default(),
        undelete: false,
        suspect: false,
    }
}

/// A folder that was listed, and was empty then.
async fn made(mailbox: &MailboxStore, id: &str) -> FolderKey {
    let folder = super::made(mailbox, id).await;
    list(mailbox, folder, vec![]).await;
    folder
}

fn numbers(arrived: Vec<Arrived>) -> Vec<u32> {
    arrived.iter().map(|one| one.uid.value()).collect()
}

/// UIDs and flags of a folder.
async fn shown(mailbox: &MailboxStore, folder: FolderKey) -> Vec<(u32, String)> {
    let snapshot = mailbox.snapshot(folder).await.unwrap();
    let rows = snapshot.rows.iter().map(|row| {
        let flags: Vec<_> = row.flags.wire_names().collect();
        (row.uid.value(), flags.join(" "))
    });
    rows.collect()
}

/// Two folders; the first one has `a` (5) and `b` (6), both served.
async fn two(dir: &std::path::Path) -> (MailboxStore, FolderKey, FolderKey) {
    let mailbox = mailbox(dir).await;
    let (from, to) = (made(&mailbox, "from").await, made(&mailbox, "to").await);
    let both = vec![new("a", 5), new("b", 6)];
    mailbox.apply(from, both, None).await.unwrap();
    for n in [1, 2] {
        let row = row(&mailbox, from, n).await;
        let text = format!("m{n}");
        mailbox.keep_served(row.key, served(&text)).await.unwrap();
        mailbox.cache_put(row.key, text.as_bytes()).await.unwrap();
    }
    (mailbox, from, to)
}

#[tokio::test]
async fn a_move_is_one_step_and_takes_along_what_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, to) = two(dir.path()).await;
    let before = row(&mailbox, from, 1).await;
    let edit = FlagEdit {
        on: Flags::default().with(SystemFlag::Deleted),
        ..FlagEdit::default()
    };
    mailbox
        .edit_flags(from, vec![(before.key, edit)])
        .await
        .unwrap();
    let moved = vec![carried(&before, "a")];
    assert_eq!(
        numbers(mailbox.move_rows(from, to, moved).await.unwrap()),
        [1]
    );
    let after = row(&mailbox, to, 1).await;
    assert_eq!((after.internal_date, &after.served), (5, &before.served));
    assert!(
        after.flags.has(SystemFlag::Deleted),
        "set after the row was read"
    );
    assert_ne!(after.key, before.key, "a key for each UID");
    assert_eq!(mailbox.cache_get(after.key).await.unwrap().unwrap(), b"m1");
    assert_eq!(shown(&mailbox, from).await.len(), 1);
    // What the delta tells of it, before or after, is no news.
    let known = mailbox.snapshot(to).await.unwrap().highest_modseq;
    mailbox.apply(to, vec![new("a", 99)], None).await.unwrap();
    mailbox.apply(from, vec![gone("a")], None).await.unwrap();
    assert_eq!(mailbox.snapshot(to).await.unwrap().highest_modseq, known);
    assert_eq!(row(&mailbox, to, 1).await.internal_date, 5);
}

#[tokio::test]
async fn a_move_that_the_delta_told_first_keeps_its_uid() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, to) = two(dir.path()).await;
    let before = row(&mailbox, from, 1).await;
    mailbox
        .apply(to, vec![new("x", 1), new("a", 5)], None)
        .await
        .unwrap();
    mailbox.apply(from, vec![gone("a")], None).await.unwrap();
    let moved = vec![carried(&before, "a")];
    assert_eq!(
        numbers(mailbox.move_rows(from, to, moved).await.unwrap()),
        [2]
    );
    assert_eq!(shown(&mailbox, to).await.len(), 2);
    assert_eq!(row(&mailbox, to, 2).await.served, before.served);
    let folder = mailbox.folder(from).await.unwrap().unwrap();
    assert_eq!((folder.messages, folder.uid_next), (1, 3));
}

#[tokio::test]
async fn what_was_served_at_the_destination_already_keeps_its_own_octets() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, to) = two(dir.path()).await;
    let before = row(&mailbox, from, 1).await;
    // The delta told it first, and another rendering was served there.
    let told = vec![new("a", 5)];
    mailbox.apply(to, told, None).await.unwrap();
    let own = row(&mailbox, to, 1).await.key;
    mailbox.keep_served(own, served("other")).await.unwrap();
    mailbox.cache_put(own, b"other").await.unwrap();
    let moved = vec![carried(&before, "a")];
    assert_eq!(
        numbers(mailbox.move_rows(from, to, moved).await.unwrap()),
        [1]
    );
    let after = row(&mailbox, to, 1).await;
    assert_eq!((after.key, after.served), (own, Some(served("other"))));
    assert_eq!(mailbox.cache_get(own).await.unwrap().unwrap(), b"other");
}

#[tokio::test]
async fn copies_are_remembered_with_their_source() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, to) = two(dir.path()).await;
    let source = row(&mailbox, from, 2).await;
    let copied = vec![carried(&source, "c")];
    assert_eq!(numbers(mailbox.copy_rows(to, copied).await.unwrap()), [1]);
    assert_eq!(shown(&mailbox, from).await.len(), 2);
    assert_eq!(row(&mailbox, to, 1).await.served, source.served);
    let ids = ["a", "b"].map(RemoteId::new).to_vec();
    let copies = mailbox.copies(ids).await.unwrap();
    assert_eq!(copies, [(RemoteId::new("b"), RemoteId::new("c"))]);
}

#[tokio::test]
async fn flags_change_by_difference_and_those_that_are_gone_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, _) = two(dir.path()).await;
    let (a, b) = (row(&mailbox, from, 1).await, row(&mailbox, from, 2).await);
    // Meanwhile Outlook flags it.
    let flagged = patch("a", |m| m.flagged = Some(true));
    mailbox
        .apply(from, vec![flagged, gone("b")], None)
        .await
        .unwrap();
    let word = Keyword::new("Rot").unwrap();
    let edit = FlagEdit {
        on: Flags::from_parts(SystemFlag::Seen as u8, [word]),
        ..FlagEdit::default()
    };
    let edits = vec![(a.key, edit.clone()), (b.key, edit.clone())];
    let rows = mailbox.edit_flags(from, edits).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        shown(&mailbox, from).await,
        [(1, "\\Flagged \\Seen Rot".to_owned())]
    );
    let modseq = rows[0].modseq;
    let again = mailbox.edit_flags(from, vec![(a.key, edit)]).await.unwrap();
    assert_eq!(again[0].modseq, modseq, "nothing changed");
    let folder = mailbox.folder(from).await.unwrap().unwrap();
    assert_eq!((folder.messages, folder.unseen), (1, 0));
}

fn written(remote: &str, mime: &[u8]) -> Written {
    Written {
        remote: RemoteId::new(remote),
        told: RemoteMessage {
            draft: Some(true),
            subject: Some("written".to_owned()),
            ..RemoteMessage::default()
        },
        flags: Flags::default().with(SystemFlag::Flagged),
        internal_date: 77,
        undraft: true,
        mime: mime.to_vec(),
        served: Served {
            size: mime.len() as u64,
            sha256: [1; 32],
            ..served("written")
        },
    }
}

#[tokio::test]
async fn what_a_client_wrote_survives_and_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let mime: Vec<u8> = (0..150_000u32)
        .flat_map(|n| format!("secret {n}\r\n").into_bytes())
        .collect();
    {
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        let folder = made(&mailbox, "f").await;
        assert_eq!(
            mailbox
                .append_row(folder, written("w", &mime))
                .await
                .unwrap(),
            uid(1)
        );
        mailbox
            .append_row(folder, written("empty", b""))
            .await
            .unwrap();
        store.close().await.unwrap();
    }
    let file = std::fs::read(dir.path().join("mailboxes").join(STATE).join("state.db")).unwrap();
    assert!(!file.windows(9).any(|octets| octets == b"secret 12"));
    let mailbox = mailbox(dir.path()).await;
    let id = RemoteId::new("w");
    assert_eq!(mailbox.original(&id).await.unwrap().unwrap(), mime);
    assert_eq!(
        mailbox
            .original(&RemoteId::new("empty"))
            .await
            .unwrap()
            .unwrap(),
        b""
    );
    assert_eq!(mailbox.original(&RemoteId::new("x")).await.unwrap(), None);
    let folder = mailbox
        .folder_by_remote(&RemoteId::new("f"))
        .await
        .unwrap()
        .unwrap()
        .key;
    let row = row(&mailbox, folder, 1).await;
    assert_eq!(
        (row.internal_date, row.served.unwrap().size),
        (77, mime.len() as u64)
    );
    // A draft for Graph, and none here, wherever it goes.
    mailbox
        .apply(folder, vec![patch("w", |m| m.draft = Some(true))], None)
        .await
        .unwrap();
    assert_eq!(
        shown(&mailbox, folder).await[0],
        (1, "\\Flagged".to_owned())
    );
    let other = made(&mailbox, "g").await;
    let moved = patch("w", |m| (m.draft, m.received) = (Some(true), Some(5)));
    mailbox.apply(folder, vec![gone("w")], None).await.unwrap();
    mailbox.apply(other, vec![moved], None).await.unwrap();
    assert_eq!(shown(&mailbox, other).await, [(1, String::new())]);
    assert_eq!(mailbox.original(&id).await.unwrap().unwrap(), mime);
}

#[tokio::test]
async fn an_append_that_a_round_showed_first_is_the_clients_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    // Brought with another date: another UID says so.
    mailbox
        .apply(folder, vec![new("w", 5)], None)
        .await
        .unwrap();
    assert_eq!(
        mailbox
            .append_row(folder, written("w", b"one"))
            .await
            .unwrap(),
        uid(2)
    );
    assert_eq!(row(&mailbox, folder, 2).await.internal_date, 77);
    // Brought with this date, and nobody read it: the same.
    mailbox
        .apply(folder, vec![new("v", 77)], None)
        .await
        .unwrap();
    assert_eq!(
        mailbox
            .append_row(folder, written("v", b"two"))
            .await
            .unwrap(),
        uid(3)
    );
    // Read as Graph renders it: another UID.
    mailbox
        .apply(folder, vec![new("u", 77)], None)
        .await
        .unwrap();
    let read = row(&mailbox, folder, 4).await;
    mailbox
        .keep_served(read.key, served("rendered"))
        .await
        .unwrap();
    assert_eq!(
        mailbox
            .append_row(folder, written("u", b"three"))
            .await
            .unwrap(),
        uid(5)
    );
    let kept = row(&mailbox, folder, 5).await;
    assert_eq!(kept.served.unwrap().sha256, [1; 32]);
    let all: Vec<_> = shown(&mailbox, folder)
        .await
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(all, [2, 3, 5]);
}

#[tokio::test]
async fn a_doubt_ends_one_way_or_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    mailbox
        .append_row(folder, written("w", b"one"))
        .await
        .unwrap();
    let (id, key) = (RemoteId::new("w"), row(&mailbox, folder, 1).await.key);
    assert_eq!(mailbox.doubted(&id).await.unwrap(), None);
    mailbox.doubt_original(key).await.unwrap();
    assert_eq!(mailbox.doubted(&id).await.unwrap(), Some(None));
    mailbox.keep_rendered(&id, served("r")).await.unwrap();
    mailbox.keep_rendered(&id, served("later")).await.unwrap();
    assert_eq!(mailbox.doubted(&id).await.unwrap(), Some(Some(served("r"))));
    mailbox.settle_doubt(&id, false).await.unwrap();
    assert_eq!(mailbox.doubted(&id).await.unwrap(), None);
    assert!(mailbox.has_original(&id).await.unwrap());
    mailbox.settle_doubt(&id, true).await.unwrap();
    assert!(!mailbox.has_original(&id).await.unwrap());
}

#[tokio::test]
async fn a_copy_is_as_doubtful_as_its_source() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let (from, to) = (made(&mailbox, "from").await, made(&mailbox, "to").await);
    let own = written("w", b"one");
    mailbox.append_row(from, own).await.unwrap();
    let id = RemoteId::new("w");
    let source = row(&mailbox, from, 1).await;
    mailbox.keep_rendered(&id, served("r")).await.unwrap();
    let sure = vec![carried(&source, "sure")];
    mailbox.copy_rows(to, sure).await.unwrap();
    mailbox.doubt_original(source.key).await.unwrap();
    let unsure = vec![carried(&source, "unsure")];
    mailbox.copy_rows(to, unsure).await.unwrap();
    let doubted = async |id: &str| mailbox.doubted(&RemoteId::new(id)).await.unwrap();
    assert_eq!(doubted("sure").await, None);
    assert_eq!(doubted("unsure").await, Some(Some(served("r"))));
    // The doubts end apart.
    mailbox.settle_doubt(&id, false).await.unwrap();
    assert!(doubted("unsure").await.is_some());
}

#[tokio::test]
async fn a_message_that_was_served_otherwise_gets_no_original() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, from, _) = two(dir.path()).await;
    let taken = row(&mailbox, from, 1).await;
    let facts = |n: u8| Served {
        sha256: [n; 32],
        ..served("own")
    };
    let adopting = mailbox.adopt_original(taken.key, RemoteId::new("a"), b"own".to_vec(), facts(1));
    assert!(!adopting.await.unwrap());
    mailbox.apply(from, vec![new("c", 7)], None).await.unwrap();
    let free = row(&mailbox, from, 3).await;
    let adopting = mailbox.adopt_original(free.key, RemoteId::new("c"), b"own".to_vec(), facts(1));
    assert!(adopting.await.unwrap());
    assert_eq!(
        mailbox
            .original(&RemoteId::new("c"))
            .await
            .unwrap()
            .unwrap(),
        b"own"
    );
    let nowhere = mailbox
        .move_rows(from, FolderKey(99), vec![carried(&free, "c")])
        .await;
    assert!(matches!(nowhere, Err(Error::NoFolder)), "{nowhere:?}");
    assert_eq!(shown(&mailbox, from).await.len(), 3, "all or nothing");
}
