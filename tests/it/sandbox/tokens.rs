//! Refresh tokens, passwords, device codes, v1.0, and the documents that lead there (dossier 01 sections 1 to 7).

use super::{
    bed::{ANNA, BEN, CLIENT, SCOPES, bed, said},
    grants::{DAEMON, form_at, now, refused},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

#[tokio::test]
async fn refresh_tokens_end_in_every_documented_way() {
    let bed = bed(0).await;
    let fresh = async || {
        bed.sign_in(ANNA, SCOPES).await["refresh_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let refresh = async |token: &str, more: &[(&str, &str)]| {
        let form = [
            &[
                ("client_id", CLIENT),
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
            ],
            more,
        ]
        .concat();
        bed.form("token", &form).await
    };
    let user = async |change: Value| {
        let mut body = change;
        body["user"] = ANNA.into();
        bed.admin("POST", "/users", body).await
    };
    let token = fresh().await;
    let narrower = refresh(&token, &[("scope", "Mail.Send")]).await;
    assert_eq!(narrower.text("/scope"), "Mail.Send");
    assert!(
        narrower.body.get("id_token").is_none() && narrower.body.get("refresh_token").is_some()
    );
    assert_eq!(
        refused(&refresh(&token, &[("scope", "Contacts.Read")]).await),
        (400, "invalid_grant".into(), 65_001)
    );
    assert_eq!(
        refresh(&token, &[("scope", "Contacts.Read")])
            .await
            .text("/suberror"),
        "consent_required"
    );
    assert_eq!(refused(&refresh("nonsense", &[]).await).2, 70_000);
    assert_eq!(refused(&refresh("", &[]).await).2, 900_144);
    bed.admin(
        "POST",
        "/apps",
        json!({"id": DAEMON, "public": true, "audience": "everyone"}),
    )
    .await;
    let form = [
        ("client_id", DAEMON),
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    let foreign = bed.form("token", &form).await;
    assert_eq!(
        (refused(&foreign).2, foreign.text("/suberror").as_str()),
        (70_000, "client_mismatch")
    );
    for (change, number) in [
        (json!({"disabled": true}), 50_057),
        (json!({"disabled": false, "deleted": true}), 50_034),
    ] {
        user(change).await;
        assert_eq!(refused(&refresh(&token, &[]).await).2, number);
    }
    user(json!({"deleted": false})).await;
    for change in [json!({"revoke": true}), json!({"password": "new"})] {
        let token = fresh().await;
        assert_eq!(refresh(&token, &[]).await.status, 200);
        user(change).await;
        assert_eq!(
            refused(&refresh(&token, &[]).await),
            (400, "invalid_grant".into(), 50_173)
        );
    }
    let token = fresh().await;
    for (rule, number) in [
        (json!({"demand": "block"}), 53_003),
        (json!({"demand": "no-device-code"}), 53_003),
        (json!({"refuse": 50078}), 50_078),
        (
            json!({"demand": "sign-in-frequency", "seconds": -1}),
            70_043,
        ),
    ] {
        bed.admin("POST", "/policy", json!({"rules": [rule]})).await;
        let said = refresh(&token, &[]).await;
        assert_eq!(refused(&said), (400, "invalid_grant".into(), number));
        assert_eq!(said.body.get("claims").is_some(), number != 70_043);
    }
    bed.switch("entra-interaction-required", json!(true)).await;
    bed.admin("POST", "/policy", json!({"rules": [{"demand": "block"}]}))
        .await;
    assert_eq!(
        refresh(&token, &[]).await.text("/error"),
        "interaction_required"
    );
    bed.admin("POST", "/policy", json!({"rules": []})).await;
    bed.admin(
        "POST",
        "/consent",
        json!({"client_id": CLIENT, "withdraw": true}),
    )
    .await;
    assert_eq!(refused(&refresh(&token, &[]).await).2, 65_001);
    let token = fresh().await;
    bed.switch("token-loop-limit", json!(3)).await;
    bed.admin(
        "POST",
        "/consent",
        json!({"client_id": CLIENT, "user": BEN, "scopes": "Mail.Read"}),
    )
    .await;
    let mut last = refresh(&token, &[("scope", "User.Read")]).await;
    for _ in 0..3 {
        assert_eq!(last.status, 200, "{}", last.body);
        last = refresh(&token, &[("scope", "User.Read")]).await;
    }
    assert_eq!(refused(&last).2, 50_196);
    bed.switch("token-loop-limit", json!(0)).await;
    bed.admin("POST", "/age", json!({"seconds": 90 * 86_400}))
        .await;
    let stale = refresh(&token, &[]).await;
    assert_eq!(refused(&stale), (400, "invalid_grant".into(), 700_082));
    assert!(
        stale
            .text("/error_description")
            .contains("inactive for 90.00:00:00")
    );
    assert_eq!(stale.text("/suberror"), "token_expired");
}

#[tokio::test]
async fn confidential_clients_prove_themselves_at_each_step() {
    let bed = bed(0).await;
    let back = "https://app.example.com/back";
    bed.admin("POST", "/apps", json!({"id": DAEMON, "name": "Web", "secrets": [{"value": "s3cret"}],
        "redirects": [{"platform": "web", "uri": back}, {"platform": "spa", "uri": "https://spa.example.com/"}]}))
    .await;
    let mut browser = super::browser::Browser::new(&bed);
    let mut code = async |redirect: &str| {
        let changes = [("client_id", DAEMON), ("redirect_uri", redirect)];
        browser
            .open(&super::authorize::address(&bed, "example.com", &changes))
            .await;
        if browser.left_for.is_none() && browser.sees("Pick an account") {
            browser.sign_in(ANNA).await;
            if browser.left_for.is_none() {
                browser.press("consent").await;
            }
        }
        browser.answer()["code"].clone()
    };
    let redeem = async |code: &str, redirect: &str, secret: Option<&str>| {
        let mut form = vec![
            ("client_id", DAEMON),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            (
                "code_verifier",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            ),
        ];
        form.extend(secret.map(|s| ("client_secret", s)));
        form_at(&bed, "example.com/oauth2/v2.0/token", &form).await
    };
    let first = code(back).await;
    assert_eq!(refused(&redeem(&first, back, None).await).2, 7_000_218);
    assert_eq!(refused(&redeem(&first, back, Some("x")).await).2, 7_000_215);
    let tokens = redeem(&first, back, Some("s3cret")).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let token = tokens.text("/refresh_token");
    let form = [
        ("client_id", DAEMON),
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    let unproven = form_at(&bed, "example.com/oauth2/v2.0/token", &form).await;
    assert_eq!(
        refused(&unproven),
        (401, "invalid_client".into(), 7_000_218)
    );
    // A changed password ends public clients' tokens only, a revocation all.
    let proven = [&form[..], &[("client_secret", "s3cret")]].concat();
    bed.admin("POST", "/users", json!({"user": ANNA, "password": "other"}))
        .await;
    assert_eq!(
        form_at(&bed, "example.com/oauth2/v2.0/token", &proven)
            .await
            .status,
        200
    );
    bed.admin(
        "POST",
        "/users",
        json!({"user": ANNA, "revoke": true, "password": "sandbox"}),
    )
    .await;
    let revoked = form_at(&bed, "example.com/oauth2/v2.0/token", &proven).await;
    assert_eq!(refused(&revoked).2, 50_173);
    // Device codes and passwords are for public clients.
    let device = [("client_id", DAEMON), ("scope", "Mail.Read")];
    let said = form_at(&bed, "example.com/oauth2/v2.0/devicecode", &device).await;
    assert_eq!(refused(&said), (401, "invalid_client".into(), 7_000_218));
    // A single-page application's refresh token lasts a day.
    let spa = "https://spa.example.com/";
    let tokens = redeem(&code(spa).await, spa, None).await;
    let token = tokens.text("/refresh_token");
    bed.admin("POST", "/age", json!({"seconds": 86_400})).await;
    let form = [
        ("client_id", DAEMON),
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
    ];
    let over = form_at(&bed, "example.com/oauth2/v2.0/token", &form).await;
    assert_eq!(refused(&over), (400, "invalid_grant".into(), 700_084));
}

#[tokio::test]
async fn passwords_meet_what_stands_in_their_way() {
    let bed = bed(0).await;
    let ask = async |alias: &str, user: &str, password: &str| {
        let form = [
            ("client_id", CLIENT),
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
            ("scope", "openid offline_access Mail.Read"),
        ];
        form_at(&bed, &format!("{alias}/oauth2/v2.0/token"), &form).await
    };
    assert_eq!(
        refused(&ask("organizations", ANNA, "sandbox").await).2,
        65_001
    );
    bed.admin(
        "POST",
        "/consent",
        json!({"client_id": CLIENT, "scopes": "Mail.Read"}),
    )
    .await;
    assert_eq!(ask("organizations", ANNA, "sandbox").await.status, 200);
    assert_eq!(
        refused(&ask("organizations", ANNA, "x").await),
        (400, "invalid_grant".into(), 50_126)
    );
    assert_eq!(
        refused(&ask("organizations", "nobody@example.com", "x").await).2,
        50_034
    );
    assert_eq!(refused(&ask("common", ANNA, "sandbox").await).2, 9_001_023);
    for (change, number) in [
        (json!({"password_expired": true}), 50_055),
        (
            json!({"password_expired": false, "kind": "personal"}),
            500_208,
        ),
        (json!({"kind": "member", "disabled": true}), 50_057),
    ] {
        let mut body = change;
        body["user"] = ANNA.into();
        bed.admin("POST", "/users", body).await;
        assert_eq!(
            refused(&ask("organizations", ANNA, "sandbox").await).2,
            number
        );
    }
    bed.admin("POST", "/users", json!({"user": ANNA, "disabled": false}))
        .await;
    bed.admin(
        "POST",
        "/policy",
        json!({"rules": [{"demand": "second-factor"}]}),
    )
    .await;
    let factor = ask("organizations", ANNA, "sandbox").await;
    assert_eq!(
        (refused(&factor).2, factor.text("/suberror").as_str()),
        (50_076, "basic_action")
    );
    for _ in 0..10 {
        ask("organizations", ANNA, "wrong").await;
    }
    assert_eq!(
        refused(&ask("organizations", ANNA, "sandbox").await).2,
        50_053
    );
}

#[tokio::test]
async fn device_codes_are_refused_for_what_they_lack() {
    let bed = bed(0).await;
    for (fields, status, error, number) in [
        (
            &[("scope", "Mail.Read")][..],
            400,
            "invalid_request",
            900_144,
        ),
        (&[("client_id", CLIENT)], 400, "invalid_request", 900_144),
        (
            &[
                ("client_id", CLIENT),
                ("scope", "Mail.Read"),
                ("client_secret", "x"),
            ],
            401,
            "invalid_client",
            700_025,
        ),
        (
            &[
                ("client_id", CLIENT),
                ("scope", "Mail.Read https://outlook.office.com/SMTP.Send"),
            ],
            400,
            "invalid_scope",
            700_022,
        ),
    ] {
        let said = bed.form("devicecode", fields).await;
        assert_eq!(refused(&said), (status, error.to_owned(), number));
    }
    let url = format!(
        "{}/organizations/oauth2/v2.0/devicecode?mkt=de-DE",
        bed.login
    );
    let german = bed
        .http
        .post(url)
        .form(&[("client_id", CLIENT), ("scope", "Mail.Read")]);
    let german = said(german.send().await.unwrap()).await;
    assert!(german.text("/message").contains("Code"), "{}", german.body);
    assert!(german.body.get("verification_uri_complete").is_none());
    // A tenant that blocks the flow: the person reads why, the client only waits.
    bed.admin(
        "POST",
        "/policy",
        json!({"rules": [{"demand": "no-device-code"}]}),
    )
    .await;
    let mut browser = super::browser::Browser::new(&bed);
    let page = format!("{}/devicelogin", bed.login);
    browser.open(&page).await;
    browser.send(&[("user_code", "NOTACODE")]).await;
    assert!(browser.sees("didn't work"), "{}", browser.html);
    browser
        .send(&[("user_code", &german.text("/user_code"))])
        .await;
    browser.sign_in(ANNA).await;
    assert!(browser.sees("AADSTS53003"), "{}", browser.html);
    let waiting = bed.redeem(&german.text("/device_code")).await;
    assert_eq!(
        refused(&waiting),
        (400, "authorization_pending".into(), 70_016)
    );
    bed.admin("POST", "/policy", json!({"rules": []})).await;
    browser.open(&page).await;
    browser
        .send(&[("user_code", &german.text("/user_code"))])
        .await;
    assert!(browser.sees("Pick an account"), "{}", browser.html);
    browser.send(&[("login", ANNA)]).await;
    assert!(
        browser.sees("Are you trying to sign in to"),
        "{}",
        browser.html
    );
    browser.press("cancel").await;
    bed.switch("device-interval", json!(0)).await;
    let mut said = bed.redeem(&german.text("/device_code")).await;
    if said.text("/error") == "slow_down" {
        tokio::time::sleep(std::time::Duration::from_millis(2600)).await;
        said = bed.redeem(&german.text("/device_code")).await;
    }
    assert_eq!(said.text("/error"), "authorization_declined");
}

#[tokio::test]
async fn documents_say_where_everything_is() {
    let bed = bed(0).await;
    let id = super::bed::tenant(0).id;
    let get = async |path: &str| {
        said(
            bed.http
                .get(format!("{}/{path}", bed.login))
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    for (alias, tenant, endpoint) in [
        ("common", "{tenantid}", "common"),
        ("organizations", "{tenantid}", "organizations"),
        (
            "consumers",
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            "consumers",
        ),
        ("example.com", id.as_str(), id.as_str()),
        ("example.onmicrosoft.com", id.as_str(), id.as_str()),
        (id.as_str(), id.as_str(), id.as_str()),
    ] {
        let v2 = get(&format!("{alias}/v2.0/.well-known/openid-configuration")).await;
        assert_eq!(v2.text("/issuer"), format!("{}/{tenant}/v2.0", bed.login));
        assert_eq!(
            v2.text("/token_endpoint"),
            format!("{}/{endpoint}/oauth2/v2.0/token", bed.login)
        );
        assert_eq!(
            v2.body["id_token_signing_alg_values_supported"],
            json!(["RS256"])
        );
        for key in [
            "authorization_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "subject_types_supported",
            "token_endpoint_auth_methods_supported",
            "response_modes_supported",
            "response_types_supported",
            "scopes_supported",
            "claims_supported",
            "cloud_instance_name",
            "cloud_graph_host_name",
            "msgraph_host",
            "tenant_region_scope",
            "rbac_url",
        ] {
            assert!(v2.body.get(key).is_some(), "{key}");
        }
        let v1 = get(&format!("{alias}/.well-known/openid-configuration")).await;
        assert_eq!(
            v1.text("/issuer"),
            format!("https://sts.windows.net/{tenant}/")
        );
        assert!(v1.text("/token_endpoint").ends_with("/oauth2/token"));
    }
    let keys = get("common/discovery/v2.0/keys").await;
    let key = &keys.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["use"], &key["e"]),
        (&json!("RSA"), &json!("sig"), &json!("AQAB"))
    );
    assert_eq!(key["kid"], key["x5t"]);
    let der = STANDARD.decode(key["x5c"][0].as_str().unwrap()).unwrap();
    let print = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
    assert_eq!(key["x5t"], URL_SAFE_NO_PAD.encode(print));
    let nowhere = get("nowhere.example/v2.0/.well-known/openid-configuration").await;
    assert_eq!(refused(&nowhere), (400, "invalid_request".into(), 90_002));
}

#[tokio::test]
async fn the_elder_endpoint_spells_numbers_as_strings() {
    let bed = bed(0).await;
    let resource = ("resource", "https://graph.microsoft.com");
    let begun = form_at(
        &bed,
        "common/oauth2/devicecode",
        &[("client_id", CLIENT), resource],
    )
    .await;
    assert_eq!(
        (&begun.body["expires_in"], &begun.body["interval"]),
        (&json!("900"), &json!("5"))
    );
    assert!(begun.text("/verification_url").ends_with("/device"));
    bed.admin(
        "POST",
        "/approve",
        json!({"user_code": begun.text("/user_code"), "user": ANNA}),
    )
    .await;
    let code = begun.text("/device_code");
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "device_code"),
        ("code", code.as_str()),
        resource,
    ];
    let tokens = form_at(&bed, "common/oauth2/token", &form).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    assert_eq!(tokens.body["expires_in"], json!("3599"));
    assert_eq!(tokens.text("/resource"), resource.1);
    assert!(tokens.text("/expires_on").parse::<i64>().unwrap() > now());
    let bad = form_at(
        &bed,
        "common/oauth2/token",
        &[("client_id", CLIENT), ("grant_type", "device_code")],
    )
    .await;
    assert_eq!(refused(&bad).2, 900_144);
    let resource = ("resource", "https://api.example.com");
    let bad = form_at(
        &bed,
        "common/oauth2/devicecode",
        &[("client_id", CLIENT), resource],
    )
    .await;
    assert_eq!(refused(&bad), (400, "invalid_resource".into(), 500_011));
}

#[tokio::test]
async fn a_national_cloud_wants_scopes_in_full() {
    let bed = bed(0).await;
    bed.admin("POST", "/tenant", json!({"cloud": "china"}))
        .await;
    let ask = async |scope: &str| {
        bed.form("devicecode", &[("client_id", CLIENT), ("scope", scope)])
            .await
    };
    assert_eq!(refused(&ask("Mail.Read").await).2, 70_011);
    assert_eq!(
        refused(&ask("https://graph.microsoft.com/Mail.Read").await).2,
        500_011
    );
    assert_eq!(
        ask("https://microsoftgraph.chinacloudapi.cn/Mail.Read")
            .await
            .status,
        200
    );
    let url = format!("{}/common/v2.0/.well-known/openid-configuration", bed.login);
    let document = said(bed.http.get(url).send().await.unwrap()).await;
    assert_eq!(
        document.text("/msgraph_host"),
        "microsoftgraph.chinacloudapi.cn"
    );
}
