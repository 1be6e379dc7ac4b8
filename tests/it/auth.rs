//! Logging in with app passwords.

use crate::store::store;
use postern::{
    auth::{Authenticator, rights},
    mail::{AccountName, Secret},
    store::{Store, accounts::Credential},
};
use std::{net::IpAddr, path::Path, time::Duration};

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn open(store: Store) -> Authenticator {
    let logins = ["anna", "Anna@Example.com", "ben", "rechnung"].map(|login| {
        let account = login.split('@').next().unwrap().to_lowercase();
        (login.to_owned(), AccountName::new(account))
    });
    Authenticator::open(store, Secret::new([5; 32]), logins.to_vec())
        .await
        .unwrap()
}

async fn authenticator(dir: &Path) -> Authenticator {
    open(store(dir).await).await
}

#[tokio::test]
async fn an_app_password_opens_its_own_account_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let auth = authenticator(dir.path()).await;
    let anna = AccountName::new("anna");
    let password = auth.add_password(&anna, "Thunderbird").await.unwrap();
    let typed = secret(&password.expose().to_uppercase().replace('-', " "));
    for login in ["anna", "ANNA", "anna@example.com", "Anna@EXAMPLE.com"] {
        for password in [&password, &typed] {
            let who = auth
                .login(login, password, peer("127.0.0.1"))
                .await
                .unwrap();
            assert_eq!((who.name.as_str(), &who.account), ("anna", &anna));
            assert_eq!(who.rights, rights::READ | rights::WRITE | rights::SEND);
        }
    }
    for login in ["ben", "rechnung", "nobody", "", "anna ", "anna@example.org"] {
        let refused = auth.login(login, &password, peer("127.0.0.1")).await;
        assert!(refused.is_err(), "{login:?}");
    }
    for wrong in ["", "x", "0000-0000-0000-0000-0000-0000-0000"] {
        assert!(
            auth.login("anna", &secret(wrong), peer("127.0.0.1"))
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn passwords_outlive_a_restart_and_end_when_removed() {
    let dir = tempfile::tempdir().unwrap();
    let anna = AccountName::new("anna");
    let first = store(dir.path()).await;
    let auth = open(first.clone()).await;
    let one = auth.add_password(&anna, "one").await.unwrap();
    let two = auth.add_password(&anna, "two").await.unwrap();
    first.close().await.unwrap();

    let auth = authenticator(dir.path()).await;
    let known = auth.passwords(&anna);
    let labels: Vec<_> = known.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(labels, ["one", "two"]);
    assert!(known.iter().all(|p| p.created > 1_700_000_000));
    assert!(auth.passwords(&AccountName::new("ben")).is_empty());
    assert!(auth.login("anna", &one, peer("::1")).await.is_ok());
    assert!(auth.remove_password(known[0].id).await.unwrap());
    assert!(!auth.remove_password(known[0].id).await.unwrap());
    assert!(auth.login("anna", &one, peer("::1")).await.is_err());
    assert!(auth.login("anna", &two, peer("::1")).await.is_ok());
}

#[tokio::test]
async fn the_password_itself_is_nowhere_on_disk_nor_in_debug() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path()).await;
    let auth = open(first.clone()).await;
    let password = auth
        .add_password(&AccountName::new("anna"), "label here")
        .await
        .unwrap();
    first.close().await.unwrap();
    let octets = std::fs::read(dir.path().join("spool.db")).unwrap();
    let holds = |text: &str| octets.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("label here"));
    assert!(!holds(password.expose()) && !holds(&password.expose().replace('-', "")));
    let debug = format!("{auth:?} {password:?}");
    assert!(!debug.contains(password.expose().as_str()));
}

/// Adds a credential with the hash of a real one, but other limits.
async fn limited(
    auth: &Authenticator,
    store: &Store,
    limit: impl FnOnce(&mut Credential),
) -> Secret<String> {
    let anna = AccountName::new("anna");
    let password = auth.add_password(&anna, "limited").await.unwrap();
    let mut credential = store.credentials().await.unwrap().pop().unwrap();
    store.remove_credential(credential.id).await.unwrap();
    limit(&mut credential);
    store.add_credential(credential).await.unwrap();
    auth.refresh().await.unwrap();
    password
}

#[tokio::test]
async fn networks_and_expiry_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let auth = open(store.clone()).await;
    let networks = vec!["192.0.2.0/24".to_owned(), "::1".to_owned()];
    let fenced = limited(&auth, &store, |c| c.networks = networks).await;
    for inside in ["192.0.2.9", "::1", "::ffff:192.0.2.9"] {
        assert!(
            auth.login("anna", &fenced, peer(inside)).await.is_ok(),
            "{inside}"
        );
    }
    for outside in ["127.0.0.1", "198.51.100.1", "::2"] {
        assert!(
            auth.login("anna", &fenced, peer(outside)).await.is_err(),
            "{outside}"
        );
    }
    let old = limited(&auth, &store, |c| c.expires = Some(c.created - 1)).await;
    assert!(auth.login("anna", &old, peer("192.0.2.9")).await.is_err());
    let valid = limited(&auth, &store, |c| c.expires = Some(c.created + 3600)).await;
    assert!(auth.login("anna", &valid, peer("192.0.2.9")).await.is_ok());
}

#[tokio::test]
async fn a_guesser_slows_down_and_locks_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let auth = authenticator(dir.path()).await;
    let password = auth
        .add_password(&AccountName::new("anna"), "mail program")
        .await
        .unwrap();
    let here = peer("127.0.0.1");
    let mut last = Duration::ZERO;
    for _ in 0..20 {
        let denied = auth
            .login("anna", &secret("guess"), here)
            .await
            .unwrap_err();
        assert!(denied.delay >= last);
        last = denied.delay;
        assert!(auth.login("anna", &password, here).await.is_ok());
    }
    assert_eq!(last, Duration::from_secs(30));
    let denied = auth
        .login("ghost", &secret("guess"), peer("192.0.2.1"))
        .await
        .unwrap_err();
    assert_eq!(denied.delay, Duration::from_millis(500));
}
