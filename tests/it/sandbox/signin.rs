//! Signing in: device codes, refresh, scopes, challenges.

use super::{
    bed::{ANNA, BEN, CLIENT, SCOPES, SHARED, bed, said, start, tenant},
    browser::Browser,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_device_code_goes_from_pending_to_tokens() {
    let bed = bed(0).await;
    let device = bed
        .form("devicecode", &[("client_id", CLIENT), ("scope", SCOPES)])
        .await;
    let keys: Vec<_> = device
        .body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "user_code",
            "device_code",
            "verification_uri",
            "expires_in",
            "interval",
            "message"
        ]
    );
    assert_eq!(
        (
            device.body["expires_in"].as_u64(),
            device.body["interval"].as_u64()
        ),
        (Some(900), Some(5))
    );
    let code = device.text("/device_code");
    let pending = bed.redeem(&code).await;
    assert_eq!(
        (pending.status, pending.text("/error").as_str()),
        (400, "authorization_pending")
    );
    assert_eq!(pending.body["error_codes"], json!([70016]));
    let keys: Vec<_> = pending
        .body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "error",
            "error_description",
            "error_codes",
            "timestamp",
            "trace_id",
            "correlation_id"
        ]
    );
    assert_eq!(bed.redeem(&code).await.text("/error"), "slow_down");
    let mut browser = Browser::new(&bed);
    browser.open(&format!("{}/device", bed.login)).await;
    browser
        .send(&[("user_code", &device.text("/user_code"))])
        .await;
    browser.sign_in(ANNA).await;
    browser.press("confirm").await;
    assert!(browser.sees("<li>Send mail as you"), "{}", browser.html);
    browser.press("consent").await;
    assert!(browser.sees("You are signed in"), "{}", browser.html);
    tokio::time::sleep(Duration::from_millis(2600)).await;
    let tokens = bed.redeem(&code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert_eq!(
        (
            tokens.text("/token_type").as_str(),
            tokens.body["expires_in"].as_u64()
        ),
        ("Bearer", Some(3599))
    );
    assert!(!tokens.text("/scope").contains("offline_access"));
    let id_token = tokens.text("/id_token");
    let claims = URL_SAFE_NO_PAD
        .decode(id_token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], CLIENT);
    assert_eq!(claims["preferred_username"], ANNA);
    assert_eq!(claims["oid"], tenant(0).users[0].object_id);
    assert_eq!(
        claims["iss"],
        format!("{}/{}/v2.0", bed.login, tenant(0).id)
    );
    let metadata = bed.http.get(format!(
        "{}/organizations/v2.0/.well-known/openid-configuration",
        bed.login
    ));
    let metadata = said(metadata.send().await.unwrap()).await;
    let keys = said(
        bed.http
            .get(metadata.text("/jwks_uri"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    let part = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(keys.text(&format!("/keys/0/{name}")))
            .unwrap()
    };
    let public = ring::signature::RsaPublicKeyComponents {
        n: part("n"),
        e: part("e"),
    };
    for token in [&id_token, &tokens.text("/access_token")] {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        public
            .verify(
                &ring::signature::RSA_PKCS1_2048_8192_SHA256,
                signed.as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature).unwrap(),
            )
            .unwrap();
    }
    assert_eq!(bed.redeem(&code).await.text("/error"), "invalid_grant");
}

#[tokio::test]
async fn sign_ins_are_declined_expire_and_are_refused() {
    let bed = bed(0).await;
    let declined = bed
        .form("devicecode", &[("client_id", CLIENT), ("scope", "openid")])
        .await;
    bed.admin(
        "POST",
        "/approve",
        json!({"user_code": declined.text("/user_code"), "decline": true}),
    )
    .await;
    assert_eq!(
        bed.redeem(&declined.text("/device_code"))
            .await
            .text("/error"),
        "authorization_declined"
    );
    bed.switch("device-seconds", json!(0)).await;
    let expired = bed
        .form("devicecode", &[("client_id", CLIENT), ("scope", "openid")])
        .await;
    assert_eq!(
        bed.redeem(&expired.text("/device_code"))
            .await
            .text("/error"),
        "expired_token"
    );
    assert_eq!(
        bed.redeem("nonsense").await.text("/error"),
        "bad_verification_code"
    );
    let stranger = bed
        .form("devicecode", &[("client_id", "other"), ("scope", "openid")])
        .await;
    assert_eq!(
        (
            stranger.text("/error").as_str(),
            stranger.body["error_codes"].clone()
        ),
        ("unauthorized_client", json!([700016]))
    );
    let scope = bed
        .form(
            "devicecode",
            &[("client_id", CLIENT), ("scope", "Mail.Everything")],
        )
        .await;
    assert_eq!(
        (
            scope.text("/error").as_str(),
            scope.body["error_codes"].clone()
        ),
        ("invalid_scope", json!([70011]))
    );
    let url = format!("{}/nowhere.example/oauth2/v2.0/devicecode", bed.login);
    let tenant = said(
        bed.http
            .post(url)
            .form(&[("client_id", CLIENT)])
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(tenant.body["error_codes"], json!([90002]));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_can_be_revoked() {
    let bed = bed(0).await;
    let tokens = bed.sign_in(ANNA, SCOPES).await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let refresh = |token: String| {
        let bed = &bed;
        async move {
            bed.form(
                "token",
                &[
                    ("grant_type", "refresh_token"),
                    ("client_id", CLIENT),
                    ("refresh_token", &token),
                ],
            )
            .await
        }
    };
    let second = refresh(first.into()).await;
    assert_ne!(second.text("/refresh_token"), first);
    assert_eq!(
        refresh(first.into()).await.status,
        200,
        "the old one still works"
    );
    bed.switch("refresh-old-revoked", json!(true)).await;
    assert_eq!(refresh(first.into()).await.text("/error"), "invalid_grant");
    bed.switch("refresh-omitted", json!(true)).await;
    let third = refresh(second.text("/refresh_token")).await;
    assert_eq!((third.status, third.body.get("refresh_token")), (200, None));
    bed.switch("entra-busy", json!(1)).await;
    assert_eq!(refresh(first.into()).await.status, 503);
    bed.switch("refresh-revoked", json!(true)).await;
    let revoked = refresh(second.text("/refresh_token")).await;
    assert_eq!(
        (
            revoked.text("/error").as_str(),
            revoked.body["error_codes"].clone()
        ),
        ("invalid_grant", json!([50173]))
    );
}

#[tokio::test]
async fn codes_approve_themselves_for_one_user_after_the_other() {
    let bed = start(tenant(0), true).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let device = bed
            .form("devicecode", &[("client_id", CLIENT), ("scope", SCOPES)])
            .await;
        assert_eq!(device.body["interval"], 1);
        assert_eq!(
            bed.redeem(&device.text("/device_code"))
                .await
                .text("/error"),
            "authorization_pending"
        );
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let tokens = bed.redeem(&device.text("/device_code")).await;
        let me = bed
            .http
            .get(format!("{}/v1.0/me", bed.graph))
            .bearer_auth(tokens.text("/access_token"));
        seen.push(said(me.send().await.unwrap()).await.text("/mail"));
    }
    assert_eq!(seen, [ANNA, BEN]);
    let hinted = bed
        .form(
            "devicecode",
            &[
                ("client_id", CLIENT),
                ("scope", SCOPES),
                ("login_hint", BEN),
            ],
        )
        .await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bed.redeem(&hinted.text("/device_code")).await.status, 200);
}

#[tokio::test]
async fn scopes_and_rights_are_enforced() {
    let bed = bed(1).await;
    let with = |scopes: &'static str| {
        let bed = &bed;
        async move {
            let token = bed.sign_in(ANNA, scopes).await["access_token"]
                .as_str()
                .unwrap()
                .to_owned();
            super::bed::Graph {
                bed,
                token,
                immutable: true,
            }
        }
    };
    let reader = with("openid Mail.Read").await;
    assert_eq!(reader.get("/me/mailFolders").await.status, 200);
    let patch = reader
        .send("POST", "/me/mailFolders", json!({"displayName": "x"}))
        .await;
    assert_eq!((patch.status, patch.code()), (403, "ErrorAccessDenied"));
    assert_eq!(
        reader
            .mime("/me/sendMail", b"To: a@example.org\r\n\r\nx")
            .await
            .code(),
        "ErrorAccessDenied"
    );
    assert_eq!(
        reader.get("/me").await.code(),
        "Authorization_RequestDenied"
    );
    assert_eq!(
        reader
            .get(&format!("/users/{SHARED}/mailFolders"))
            .await
            .code(),
        "ErrorAccessDenied"
    );
    let anna = with(SCOPES).await;
    assert_eq!(
        anna.get(&format!("/users/{SHARED}/mailFolders/inbox"))
            .await
            .status,
        200
    );
    assert_eq!(
        anna.get(&format!("/users/{BEN}/mailFolders")).await.status,
        403
    );
    bed.switch("shared-denied-as", json!(404)).await;
    assert_eq!(
        anna.get(&format!("/users/{BEN}/mailFolders")).await.code(),
        "ErrorItemNotFound"
    );
    assert_eq!(
        anna.get("/users/nobody@example.com/messages").await.code(),
        "ErrorInvalidUser"
    );
    let me = anna
        .get("/me?$select=id,userPrincipalName,mail,proxyAddresses")
        .await;
    assert_eq!(
        me.body["proxyAddresses"],
        json!(["SMTP:anna@example.com", "smtp:a.beispiel@example.com"])
    );
}

#[tokio::test]
async fn dead_and_challenged_tokens_get_401() {
    let bed = bed(0).await;
    let bare = said(
        bed.http
            .get(format!("{}/v1.0/me", bed.graph))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (bare.status, bare.code()),
        (401, "InvalidAuthenticationToken")
    );
    assert!(
        bare.header("www-authenticate")
            .starts_with("Bearer realm=\"\"")
    );
    bed.switch("access-token-seconds", json!(0)).await;
    let graph = bed.graph(ANNA).await;
    assert_eq!(graph.get("/me").await.status, 401);
    bed.switch("access-token-seconds", json!(3599)).await;
    let tokens = bed.sign_in(ANNA, SCOPES).await;
    // The client never declared cp1: it is left alone until it is meant too.
    bed.admin("POST", "/challenge", json!({"on": true})).await;
    let spared = super::bed::Graph {
        bed: &bed,
        token: tokens["access_token"].as_str().unwrap().into(),
        immutable: true,
    };
    assert_eq!(spared.get("/me").await.status, 200);
    bed.admin("POST", "/challenge", json!({"on": true, "everyone": true}))
        .await;
    let graph = super::bed::Graph {
        bed: &bed,
        token: tokens["access_token"].as_str().unwrap().into(),
        immutable: true,
    };
    let challenged = graph.get("/me").await;
    assert_eq!(challenged.status, 401);
    let header = challenged.header("www-authenticate").to_owned();
    assert!(header.contains("error=\"insufficient_claims\""), "{header}");
    let claims = header
        .split("claims=\"")
        .nth(1)
        .unwrap()
        .trim_end_matches('"');
    let claims = String::from_utf8(STANDARD.decode(claims).unwrap()).unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT),
        ("refresh_token", refresh),
    ];
    let without = bed.form("token", &form).await.text("/access_token");
    let with = bed
        .form(
            "token",
            &[&form[..], &[("claims", claims.as_str())]].concat(),
        )
        .await
        .text("/access_token");
    for (token, status) in [(without, 401), (with, 200)] {
        let graph = super::bed::Graph {
            bed: &bed,
            token,
            immutable: true,
        };
        assert_eq!(graph.get("/me").await.status, status);
    }
}
