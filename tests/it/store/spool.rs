//! Credentials, pins, and files that are damaged, newer, or not ours.

use super::{STATE, store};
use postern::{
    mail::{AccountName, ErrorClass, Secret},
    store::{Error, Store, accounts::Credential},
};
use std::{fs, path::Path};

fn credential(label: &str) -> Credential {
    Credential {
        id: 0,
        principal: "anna".into(),
        accounts: vec![AccountName::new("anna"), AccountName::new("büro, \"2\"")],
        rights: 7,
        hash: [3; 32],
        label: label.into(),
        networks: vec!["192.0.2.0/24".into()],
        created: 1,
        expires: Some(2),
    }
}

#[tokio::test]
async fn credentials_come_back_as_they_were_and_ids_are_not_reused() {
    let dir = tempfile::tempdir().unwrap();
    let first = {
        let store = store(dir.path()).await;
        let first = store.add_credential(credential("one")).await.unwrap();
        let second = store.add_credential(credential("two")).await.unwrap();
        assert!(store.remove_credential(second).await.unwrap());
        assert!(!store.remove_credential(second).await.unwrap());
        let third = store.add_credential(credential("three")).await.unwrap();
        assert!(third > second);
        store.remove_credential(third).await.unwrap();
        first
    };
    let known = store(dir.path()).await.credentials().await.unwrap();
    let expected = Credential {
        id: first,
        ..credential("one")
    };
    assert_eq!(known, [expected]);
}

#[tokio::test]
async fn a_state_belongs_to_tenant_person_and_root_not_to_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let [anna, again, other] = ["anna", "anna2", "ben"].map(AccountName::new);
    assert_eq!(store.pin(&anna).await.unwrap(), None);
    let error = store.bind_root(&anna, "root").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);

    store.set_pin(&anna, "t", "o").await.unwrap();
    let state = store.bind_root(&anna, "root").await.unwrap();
    assert_eq!(store.bind_root(&anna, "root").await.unwrap(), state);
    let pin = store.pin(&anna).await.unwrap().unwrap();
    assert_eq!(pin.state.as_deref(), Some(state.as_str()));
    store.set_pin(&anna, "t", "o").await.unwrap();
    assert_eq!(
        store.pin(&anna).await.unwrap(),
        Some(pin),
        "the same sign-in again"
    );

    store.set_pin(&again, "t", "o").await.unwrap();
    assert_eq!(store.bind_root(&again, "root").await.unwrap(), state);
    store.set_pin(&other, "t", "o2").await.unwrap();
    let others = store.bind_root(&other, "root").await.unwrap();
    assert_ne!(others, state, "another person");
    let rebuilt = store.bind_root(&anna, "root 2").await.unwrap();
    assert!(rebuilt != state && rebuilt != others, "another mailbox");
    assert_eq!(store.bind_root(&anna, "root").await.unwrap(), state);
    store.set_pin(&anna, "t", "o2").await.unwrap();
    assert_eq!(store.pin(&anna).await.unwrap().unwrap().state, None);
    store.mailbox(&state).await.unwrap();
}

#[tokio::test]
async fn a_state_name_cannot_leave_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    for name in ["", "..", "a/b", "A", "a.b", "ä", "a\\b"] {
        let refused = store.mailbox(name).await;
        assert!(matches!(refused, Err(Error::StateName(_))), "{name:?}");
    }
    assert!(!dir.path().join("mailboxes").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir.path().join("data")).await;
    let mailbox = store.mailbox(STATE).await.unwrap();
    let key = postern::store::messages::MessageKey(1);
    mailbox.cache_put(key, b"x").await.unwrap();
    let mut seen = 0;
    let mut todo = vec![dir.path().join("data")];
    while let Some(path) = todo.pop() {
        let meta = fs::metadata(&path).unwrap();
        assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", path.display());
        seen += 1;
        if meta.is_dir() {
            todo.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    assert!(seen >= 6, "folders and files were looked at");
}

async fn made(dir: &Path) {
    let store = store(dir).await;
    store.mailbox(STATE).await.unwrap();
    store.close().await.unwrap();
}

fn state_db(dir: &Path) -> std::path::PathBuf {
    dir.join("mailboxes").join(STATE).join("state.db")
}

#[tokio::test]
async fn a_damaged_state_is_an_error_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path()).await;
    fs::write(state_db(dir.path()), vec![b'x'; 8192]).unwrap();
    let error = store(dir.path()).await.mailbox(STATE).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
    let text = error.to_string();
    assert!(
        text.contains("state.db is damaged") && text.contains("move state.db"),
        "{text}"
    );
}

#[tokio::test]
async fn a_newer_schema_and_a_strangers_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path()).await;
    let conn = rusqlite::Connection::open(state_db(dir.path())).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let error = store(dir.path()).await.mailbox(STATE).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Permanent);

    let stranger = tempfile::tempdir().unwrap();
    let conn = rusqlite::Connection::open(stranger.path().join("spool.db")).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(conn);
    let error = Store::open(stranger.path(), Secret::new([0; 32]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
}
