//! The cache: sealed, in chunks, and gone at any time.

use super::{STATE, gone, key, listed, made, mailbox, new, served, store};
use postern::{
    mail::Secret,
    store::{Error, MailboxStore, Store, messages::MessageKey},
};
use std::{fs, path::Path};

const CHUNK: usize = 64 * 1024;

/// Text that differs at each position, so that a wrong range shows.
fn mime(octets: usize) -> Vec<u8> {
    let mut text: Vec<u8> = b"Subject: Geheimnis im Betreff\r\n\r\n".to_vec();
    let mut n = 0u32;
    while text.len() < octets {
        text.extend_from_slice(format!("Geheimnis {n:08}\r\n").as_bytes());
        n += 1;
    }
    text.truncate(octets);
    text
}

fn cache_db(dir: &Path) -> std::path::PathBuf {
    dir.join("mailboxes").join(STATE).join("cache.db")
}

fn contains(dir: &Path, text: &[u8]) -> bool {
    let folder = dir.join("mailboxes").join(STATE);
    let mut files = fs::read_dir(folder).unwrap();
    files.any(|file| {
        let octets = fs::read(file.unwrap().path()).unwrap();
        octets.windows(text.len()).any(|w| w == text)
    })
}

#[tokio::test]
async fn ranges_are_exact_for_every_shape_of_message() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let sizes = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 77];
    for (i, size) in sizes.into_iter().enumerate() {
        let (key, text) = (MessageKey(i as i64 + 1), mime(size));
        mailbox.cache_put(key, &text).await.unwrap();
        assert_eq!(
            mailbox.cache_get(key).await.unwrap().unwrap(),
            text,
            "{size}"
        );
        assert_eq!(mailbox.cache_size(key).await.unwrap(), Some(size as u64));
        let edges = [
            0,
            1,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            2 * CHUNK,
            size / 2,
            size,
            size + 9,
        ];
        for start in edges {
            for end in edges {
                let (start, end) = (start as u64, end as u64);
                let got = mailbox.cache_range(key, start, end).await.unwrap().unwrap();
                let (to, from) = (size.min(end as usize), size.min(start as usize));
                let wanted = text.get(from..to).unwrap_or_default();
                assert!(got == wanted, "{size}: {start}..{end}");
            }
        }
    }
    assert_eq!(mailbox.cache_get(MessageKey(99)).await.unwrap(), None);
    mailbox.cache_put(MessageKey(1), b"other").await.unwrap();
    let replaced = mailbox.cache_get(MessageKey(1)).await.unwrap();
    assert_eq!(replaced.as_deref(), Some(b"other".as_slice()));
    mailbox.cache_remove(MessageKey(1)).await.unwrap();
    assert_eq!(mailbox.cache_get(MessageKey(1)).await.unwrap(), None);
}

#[tokio::test]
async fn neither_mime_nor_header_lies_on_disk_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    let folder = made(&mailbox, "f").await;
    mailbox
        .apply(folder, vec![new("a", 1)], None)
        .await
        .unwrap();
    let a = key(&mailbox, folder, "a").await;
    mailbox.cache_put(a, &mime(200_000)).await.unwrap();
    mailbox.keep_served(a, served("Geheimnis")).await.unwrap();
    assert!(
        contains(dir.path(), b"subject of a"),
        "the search itself works"
    );
    assert!(!contains(dir.path(), b"Geheimnis"));
    store.close().await.unwrap();
    assert!(!contains(dir.path(), b"Geheimnis"));
}

#[tokio::test]
async fn another_key_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let a = {
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        let folder = made(&mailbox, "f").await;
        mailbox
            .apply(folder, vec![new("a", 1)], None)
            .await
            .unwrap();
        let a = key(&mailbox, folder, "a").await;
        mailbox.cache_put(a, b"text").await.unwrap();
        mailbox.keep_served(a, served("a")).await.unwrap();
        store.close().await.unwrap();
        a
    };
    let store = Store::open(dir.path(), Secret::new([43; 32]))
        .await
        .unwrap();
    let mailbox = store.mailbox(STATE).await.unwrap();
    assert_eq!(mailbox.cache_get(a).await.unwrap(), None);
    let refused = mailbox.keep_served(a, served("b")).await;
    assert!(
        matches!(refused, Err(Error::Tampered { .. })),
        "{refused:?}"
    );
}

/// Puts two messages of three chunks, lets `alter` work on the closed file, and reads them again.
async fn after(alter: impl FnOnce(&rusqlite::Connection)) -> [Option<Vec<u8>>; 2] {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path()).await;
    let mailbox = first.mailbox(STATE).await.unwrap();
    for n in [1, 2] {
        mailbox
            .cache_put(MessageKey(n), &mime(3 * CHUNK))
            .await
            .unwrap();
    }
    first.close().await.unwrap();
    let conn = rusqlite::Connection::open(cache_db(dir.path())).unwrap();
    alter(&conn);
    drop(conn);
    let mailbox = super::mailbox(dir.path()).await;
    let one = mailbox.cache_get(MessageKey(1)).await.unwrap();
    let again = mailbox.cache_get(MessageKey(1)).await.unwrap();
    assert_eq!(one, again, "what was dropped stays dropped");
    [one, mailbox.cache_get(MessageKey(2)).await.unwrap()]
}

#[tokio::test]
async fn what_was_altered_is_never_served() {
    let whole = Some(mime(3 * CHUNK));
    let same = after(|_| {}).await;
    assert_eq!(same, [whole.clone(), whole.clone()]);
    let alterations = [
        "UPDATE chunks SET sealed = zeroblob(length(sealed)) WHERE id = 1048577",
        "DELETE FROM chunks WHERE id = 1048578",
        // A chunk of the same place in the other message, and of another place in this one.
        "UPDATE chunks SET sealed = (SELECT sealed FROM chunks WHERE id = 2097153) WHERE id = 1048577",
        "UPDATE chunks SET sealed = (SELECT sealed FROM chunks WHERE id = 1048576) WHERE id = 1048577",
        // The whole other message in this one's place.
        "UPDATE entries SET blob = 2 WHERE message = 1",
        "UPDATE entries SET (blob, ticket) = (SELECT blob, ticket FROM entries WHERE message = 2)
             WHERE message = 1",
        "UPDATE entries SET ticket = x'00' WHERE message = 1",
    ];
    for sql in alterations {
        let read = after(|conn| {
            assert_eq!(conn.execute(sql, []).unwrap(), 1);
        })
        .await;
        assert_eq!(read[0], None, "{sql}");
    }
}

#[tokio::test]
async fn a_lost_or_damaged_cache_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let fill = async |text: &[u8]| {
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        let before = mailbox.cache_get(MessageKey(1)).await.unwrap();
        mailbox.cache_put(MessageKey(1), text).await.unwrap();
        store.close().await.unwrap();
        before
    };
    assert_eq!(fill(b"1").await, None);
    assert_eq!(fill(b"2").await.as_deref(), Some(b"1".as_slice()));
    fs::remove_file(cache_db(dir.path())).unwrap();
    assert_eq!(fill(b"3").await, None, "deleted");
    fs::write(cache_db(dir.path()), vec![b'x'; 9000]).unwrap();
    assert_eq!(fill(b"4").await, None, "damaged");
    let conn = rusqlite::Connection::open(cache_db(dir.path())).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    assert_eq!(fill(b"5").await, None, "newer");
    // Message keys of another state.db mean other messages.
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(dir.path().join("mailboxes").join(STATE).join(file));
    }
    assert_eq!(fill(b"6").await, None, "of another state");
    assert_eq!(fill(b"7").await.as_deref(), Some(b"6".as_slice()));
}

#[tokio::test]
async fn damage_seen_in_use_costs_the_cache_not_the_mailbox() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path()).await;
    let mailbox = first.mailbox(STATE).await.unwrap();
    let folder = made(&mailbox, "f").await;
    mailbox
        .apply(folder, vec![new("a", 1)], None)
        .await
        .unwrap();
    for n in 1..=20 {
        mailbox
            .cache_put(MessageKey(n), &mime(CHUNK))
            .await
            .unwrap();
    }
    first.close().await.unwrap();
    // The first page, which opening reads, stays whole.
    let mut octets = fs::read(cache_db(dir.path())).unwrap();
    let length = octets.len();
    octets[40_000..length].fill(0xAA);
    fs::write(cache_db(dir.path()), octets).unwrap();
    let mailbox = super::mailbox(dir.path()).await;
    for n in 1..=20 {
        let read = mailbox.cache_get(MessageKey(n)).await.unwrap();
        assert!(read.is_none_or(|text| text == mime(CHUNK)));
    }
    // A download never fails for its copy; the one after the damage was seen is kept.
    let mut kept = false;
    for _ in 0..3 {
        mailbox
            .cache_put(MessageKey(5), &mime(5 * CHUNK))
            .await
            .unwrap();
        kept |= mailbox.cache_get(MessageKey(5)).await.unwrap().is_some();
    }
    assert!(kept);
    assert_eq!(listed(&mailbox, folder).await.len(), 1);
}

#[tokio::test]
async fn a_download_outlives_the_damage_of_its_cache() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let mut writer = mailbox.cache_writer(MessageKey(1)).await.unwrap();
    writer.write(&mime(3 * CHUNK)).await.unwrap();
    // Someone overwrites the file under us, log and all.
    for name in ["cache.db", "cache.db-wal"] {
        let path = cache_db(dir.path()).with_file_name(name);
        let octets = vec![0x55; fs::metadata(&path).unwrap().len() as usize];
        let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, &octets).unwrap();
    }
    for _ in 0..80 {
        writer.write(&mime(CHUNK)).await.unwrap();
    }
    writer.finish().await.unwrap();
    mailbox.cache_put(MessageKey(2), b"next").await.unwrap();
    let read = mailbox.cache_get(MessageKey(1)).await.unwrap();
    assert!(read.is_none_or(|text| text.len() == 83 * CHUNK));
}

async fn present(mailbox: &MailboxStore, keys: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut present = Vec::new();
    for n in keys {
        if mailbox.cache_size(MessageKey(n)).await.unwrap().is_some() {
            present.push(n);
        }
    }
    present
}

#[tokio::test]
async fn shrinking_drops_what_was_used_least_recently_and_frees_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        for n in 1..=10 {
            mailbox
                .cache_put(MessageKey(n), &mime(100_000))
                .await
                .unwrap();
        }
        for n in [3, 1] {
            mailbox.cache_range(MessageKey(n), 0, 10).await.unwrap();
        }
        // The order of use outlives the process.
        store.close().await.unwrap();
    }
    let size = || fs::metadata(cache_db(dir.path())).unwrap().len();
    let full = size();
    let store = store(dir.path()).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    mailbox.cache_shrink(2_000_000).await.unwrap();
    assert_eq!(present(&mailbox, 1..=10).await.len(), 10);
    mailbox.cache_shrink(399_999).await.unwrap();
    assert_eq!(present(&mailbox, 1..=10).await, [1, 3, 10]);
    mailbox.cache_put(MessageKey(11), b"x").await.unwrap();
    mailbox.cache_get(MessageKey(10)).await.unwrap();
    mailbox.cache_shrink(100_001).await.unwrap();
    assert_eq!(present(&mailbox, 1..=11).await, [10, 11]);
    mailbox.cache_shrink(0).await.unwrap();
    assert!(present(&mailbox, 1..=11).await.is_empty());
    store.close().await.unwrap();
    assert!(size() < full / 5, "{} of {full}", size());
}

#[tokio::test]
async fn a_download_is_invisible_until_it_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let chunks = || {
        let conn = rusqlite::Connection::open(cache_db(dir.path())).unwrap();
        let count = "SELECT (SELECT count(*) FROM chunks) + (SELECT count(*) FROM blobs)";
        conn.query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let text = mime(5 * CHUNK / 2);
    {
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        let mut writer = mailbox.cache_writer(MessageKey(1)).await.unwrap();
        for piece in text.chunks(1_000) {
            writer.write(piece).await.unwrap();
        }
        assert_eq!(mailbox.cache_get(MessageKey(1)).await.unwrap(), None);
        writer.finish().await.unwrap();
        assert!(mailbox.cache_get(MessageKey(1)).await.unwrap() == Some(text.clone()));

        // Broken off: the earlier copy stays.
        let mut writer = mailbox.cache_writer(MessageKey(1)).await.unwrap();
        writer.write(&mime(3 * CHUNK)).await.unwrap();
        drop(writer);
        assert!(mailbox.cache_get(MessageKey(1)).await.unwrap() == Some(text.clone()));
        store.close().await.unwrap();
        assert_eq!(chunks(), 4, "three chunks and their blob");
    }
    {
        // Killed in the middle: the abandoned part is swept at the next start.
        let store = store(dir.path()).await;
        let mailbox = store.mailbox(STATE).await.unwrap();
        let mut writer = mailbox.cache_writer(MessageKey(2)).await.unwrap();
        writer.write(&mime(3 * CHUNK)).await.unwrap();
        std::mem::forget(writer);
        store.close().await.unwrap();
        assert!(chunks() > 4);
    }
    let store = store(dir.path()).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    assert_eq!(mailbox.cache_get(MessageKey(2)).await.unwrap(), None);
    assert!(mailbox.cache_get(MessageKey(1)).await.unwrap() == Some(text));
    store.close().await.unwrap();
    assert_eq!(chunks(), 4);
}

#[tokio::test]
async fn an_expunged_message_leaves_room_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = mailbox(dir.path()).await;
    let folder = made(&mailbox, "f").await;
    mailbox
        .apply(folder, vec![new("a", 1)], None)
        .await
        .unwrap();
    let a = key(&mailbox, folder, "a").await;
    mailbox.cache_put(a, b"text").await.unwrap();
    mailbox
        .apply(folder, vec![gone("a"), new("b", 2)], None)
        .await
        .unwrap();
    let b = key(&mailbox, folder, "b").await;
    assert_ne!(a, b, "a key is never used twice");
    assert_eq!(mailbox.cache_get(b).await.unwrap(), None);
}
