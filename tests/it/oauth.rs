//! Signing in and staying signed in, over real HTTP.

use super::graph::{Fake, Got, Step, account, id_token, ok, sign_in, token_step};
use postern::{
    mail::ErrorClass,
    oauth::{self, Error, device::DeviceLogin, source::TokenSource, vault::Vault},
};
use serde_json::json;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

fn source(fake: &Fake, dir: &Path) -> TokenSource {
    let account = account(&fake.url, &fake.url);
    let http = oauth::client::http(&account.cloud).unwrap();
    TokenSource::new(&account, http, Arc::new(Vault::open(dir).unwrap())).unwrap()
}

/// What another process would read.
fn on_disk(dir: &Path) -> String {
    let record = Vault::open(dir).unwrap().read("token/anna").unwrap();
    record.map_or_else(String::new, |r| {
        String::from_utf8(r.expose().clone()).unwrap()
    })
}

fn refused(error: &str, number: u32) -> Step {
    let body = json!({"error": error, "error_codes": [number],
        "error_description": format!("AADSTS{number}: Something. Trace ID: t")});
    Step::Answer(400, vec![], body.to_string().into_bytes())
}

async fn fake(tokens: impl Fn(&Got, usize) -> Step + Send + Sync + 'static) -> Fake {
    Fake::start(tokens, |_, _| Step::Answer(500, vec![], vec![])).await
}

#[tokio::test]
async fn a_device_sign_in_waits_through_pending_and_outages_and_keeps_nothing_before_it_is_told() {
    let fake = fake(|got, n| match n {
        1 => refused("authorization_pending", 70016),
        2 => Step::Answer(503, vec![], b"<html>busy</html>".to_vec()),
        3 => Step::Reset,
        _ => token_step(got, n),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let source = source(&fake, dir.path());
    assert!(!source.is_signed_in().await);
    let (mut login, prompt) = DeviceLogin::start(&source).await.unwrap();
    assert_eq!((prompt.user_code.as_str(), prompt.expires_in), ("ABC", 900));
    assert!(prompt.message.contains("ABC"));
    let identity = login.wait().await.unwrap();
    assert_eq!(
        (identity.tenant_id.as_str(), identity.object_id.as_str()),
        ("t-1", "o-1")
    );
    assert_eq!(login.access_token().unwrap().expose(), "at-4");
    assert_eq!(on_disk(dir.path()), "");
    assert!(!format!("{login:?}{source:?}").contains("t-4\""));
    login.keep().await.unwrap();
    assert!(on_disk(dir.path()).contains("rt-4"));
    assert!(source.is_signed_in().await);
    assert_eq!(source.identity().await.unwrap(), Some(identity));
    assert_eq!(source.access_token().await.unwrap().expose(), "at-4");
    let asked = &fake.to_login()[0].body;
    for scope in [
        "openid",
        "offline_access",
        "Mail.ReadWrite",
        "Mail.Send",
        "User.Read",
    ] {
        assert!(asked.contains(scope), "{asked}");
    }
    assert!(!asked.contains("Shared"), "{asked}");
}

#[tokio::test]
async fn a_device_sign_in_that_fails_says_why() {
    for (error, number, words) in [
        ("authorization_declined", 70021, "declined"),
        ("expired_token", 70020, "expired"),
        ("bad_verification_code", 70018, "does not know this code"),
        ("invalid_client", 7_000_218, "Allow public client flows"),
    ] {
        let fake = fake(move |got, n| match n {
            0 => token_step(got, n),
            _ => refused(error, number),
        })
        .await;
        let dir = tempfile::tempdir().unwrap();
        let (mut login, _) = DeviceLogin::start(&source(&fake, dir.path()))
            .await
            .unwrap();
        let got = login.wait().await.unwrap_err();
        assert!(got.to_string().contains(words), "{got}");
        assert_eq!(got.class(), ErrorClass::Denied);
        assert!(login.keep().await.is_err());
    }
    let fake = fake(|_, _| refused("unauthorized_client", 700_016)).await;
    let dir = tempfile::tempdir().unwrap();
    let error = DeviceLogin::start(&source(&fake, dir.path()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("client_id"), "{error}");
}

#[tokio::test]
async fn two_who_need_a_token_make_one_request() {
    let fake = fake(|got, n| match n {
        0 | 1 => token_step(got, n),
        _ => Step::Late(Duration::from_millis(100), Box::new(token_step(got, n))),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    sign_in(&source(&fake, dir.path())).await;
    let source = source(&fake, dir.path());
    let (one, two) = tokio::join!(source.access_token(), source.access_token());
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(fake.to_login().len(), 3);
    // And so do two who were refused with the same token.
    let old = source.access_token().await.unwrap();
    let (one, two) = tokio::join!(source.renew(&old, None), source.renew(&old, None));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(fake.to_login().len(), 4);
}

#[tokio::test]
async fn the_rotated_token_is_on_disk_before_the_access_token_is_out() {
    let dir = tempfile::tempdir().unwrap();
    let vault = dir.path().join("vault");
    let broken = Arc::new(AtomicBool::new(false));
    let (flag, folder) = (broken.clone(), vault.clone());
    let fake = fake(move |got, n| {
        if n == 3 {
            // The disk goes away between asking and storing.
            flag.store(true, Ordering::SeqCst);
            std::fs::rename(&folder, folder.with_extension("away")).unwrap();
        }
        token_step(got, n)
    })
    .await;
    let first = source(&fake, dir.path());
    sign_in(&first).await;
    let source = source(&fake, dir.path());
    assert_eq!(source.access_token().await.unwrap().expose(), "at-2");
    assert!(on_disk(dir.path()).contains("rt-2"));
    let old = source.access_token().await.unwrap();
    let error = source.renew(&old, None).await.unwrap_err();
    assert!(broken.load(Ordering::SeqCst));
    assert!(matches!(error, Error::Vault(_)), "{error:?}");
    assert!(error.class().is_temporary());
    std::fs::rename(vault.with_extension("away"), &vault).unwrap();
    assert_eq!(source.renew(&old, None).await.unwrap().expose(), "at-4");
    assert!(on_disk(dir.path()).contains("rt-4"));
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_no_token_with_it() {
    let fake = fake(|got, n| match n {
        0 | 1 => token_step(got, n),
        _ => Step::Late(Duration::from_millis(200), Box::new(token_step(got, n))),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    sign_in(&source(&fake, dir.path())).await;
    let source = source(&fake, dir.path());
    let gone = tokio::time::timeout(Duration::from_millis(100), source.access_token()).await;
    assert!(gone.is_err());
    assert_eq!(source.access_token().await.unwrap().expose(), "at-2");
    assert!(on_disk(dir.path()).contains("rt-2"));
    assert_eq!(fake.to_login().len(), 3);
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let fake = fake(|got, n| match n {
        0 | 1 => token_step(got, n),
        _ => ok(json!({"access_token": "fresh", "expires_in": "3599"})),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    sign_in(&source(&fake, dir.path())).await;
    let source = source(&fake, dir.path());
    assert_eq!(source.access_token().await.unwrap().expose(), "fresh");
    assert!(on_disk(dir.path()).contains("rt-1"));
}

#[tokio::test]
async fn a_revoked_sign_in_is_asked_about_once_until_someone_signs_in() {
    let fake = fake(|got, n| {
        if got.body.contains("refresh_token=rt-1&") {
            return refused("invalid_grant", 50173);
        }
        token_step(got, n)
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let command = source(&fake, dir.path());
    sign_in(&command).await;
    let server = source(&fake, dir.path());
    for _ in 0..5 {
        let error = server.access_token().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Denied);
        let text = error.to_string();
        assert!(
            text.contains("sign in again: postern account login anna"),
            "{text}"
        );
        assert!(text.contains("50173") && !text.contains("rt-1"), "{text}");
    }
    assert_eq!(fake.to_login().len(), 3);
    assert!(!server.is_signed_in().await);
    // Another process signs in; the server notices by the record alone.
    sign_in(&command).await;
    assert_eq!(server.access_token().await.unwrap().expose(), "at-5");
    assert!(server.is_signed_in().await);
    server.reload();
    assert!(server.access_token().await.is_ok());
    server.sign_out().await.unwrap();
    assert_eq!(on_disk(dir.path()), "");
    assert!(server.access_token().await.is_err());
}

#[tokio::test]
async fn an_outage_keeps_the_token_and_is_not_hammered() {
    let fake = fake(|got, n| match n {
        0 | 1 => token_step(got, n),
        2 => Step::Answer(429, vec![("retry-after", "1".into())], vec![]),
        _ => token_step(got, n),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    sign_in(&source(&fake, dir.path())).await;
    let source = source(&fake, dir.path());
    for _ in 0..3 {
        let error = source.access_token().await.unwrap_err();
        let ErrorClass::Temporary {
            retry_after: Some(wait),
        } = error.class()
        else {
            panic!("{error:?}");
        };
        assert!(wait <= Duration::from_secs(1));
    }
    assert_eq!(fake.to_login().len(), 3);
    assert!(source.is_signed_in().await);
    assert!(on_disk(dir.path()).contains("rt-1"));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(source.access_token().await.unwrap().expose(), "at-3");
}

#[tokio::test]
async fn a_short_lived_token_is_renewed_early_and_used_while_the_host_is_away() {
    let fake = fake(|got, n| match n {
        // Renewed after three of four seconds.
        0 => token_step(got, n),
        1 => {
            let host = got.header("host").remove(0);
            ok(
                json!({"access_token": "short", "refresh_token": "rt-1", "expires_in": 4,
                "id_token": id_token(&format!("http://{host}/"), "o-1")}),
            )
        }
        _ => refused("temporarily_unavailable", 90033),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let source = source(&fake, dir.path());
    sign_in(&source).await;
    assert_eq!(source.access_token().await.unwrap().expose(), "short");
    assert_eq!(fake.to_login().len(), 2);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    // Nobody waits for the renewal while the old token is good, and it is tried once.
    for _ in 0..3 {
        assert_eq!(source.access_token().await.unwrap().expose(), "short");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fake.to_login().len(), 3);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(
        source
            .access_token()
            .await
            .unwrap_err()
            .class()
            .is_temporary()
    );
}

#[tokio::test]
async fn a_refresh_for_another_user_is_not_stored() {
    let fake = fake(|got, n| match n {
        0 | 1 => token_step(got, n),
        _ => {
            let host = got.header("host").remove(0);
            ok(
                json!({"access_token": "x", "refresh_token": "rt-x", "expires_in": 3599,
                "id_token": id_token(&format!("http://{host}/"), "o-2")}),
            )
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    sign_in(&source(&fake, dir.path())).await;
    let source = source(&fake, dir.path());
    assert_eq!(
        source.access_token().await.unwrap_err().class(),
        ErrorClass::Denied
    );
    assert!(on_disk(dir.path()).contains("rt-1"));
}
