//! The authorization endpoint and its pages, driven as a browser does (dossier 01 section 2).

use super::{
    bed::{ANNA, BEN, Bed, CLIENT, bed, said},
    browser::Browser,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::collections::HashMap;

const BACK: &str = "http://localhost:4711";
const SCOPE: &str = "openid profile offline_access Mail.Read Mail.Send";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const WEB: &str = "22222222-0000-0000-0000-000000000001";

/// The address of the authorization endpoint with these parameters over the usual ones; `-` drops one.
pub(super) fn address(bed: &Bed, alias: &str, changes: &[(&str, &str)]) -> String {
    let mut all: Vec<(&str, &str)> = vec![
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", SCOPE),
        ("state", "st/ate 1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        all.retain(|(n, _)| n != name);
        if *value != "-" {
            all.push((name, value));
        }
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(all)
        .finish();
    format!("{}/{alias}/oauth2/v2.0/authorize?{query}", bed.login)
}

/// Signs Anna in and consents; the answer of the redirect.
async fn signed_in(bed: &Bed, changes: &[(&str, &str)]) -> HashMap<String, String> {
    let mut browser = Browser::new(bed);
    browser.open(&address(bed, "organizations", changes)).await;
    browser.sign_in(ANNA).await;
    if browser.left_for.is_none() {
        browser.press("consent").await;
    }
    browser.answer()
}

async fn redeem(bed: &Bed, code: &str, changes: &[(&str, &str)]) -> super::bed::Said {
    let mut all: Vec<(&str, &str)> = vec![
        ("client_id", CLIENT),
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        all.retain(|(n, _)| n != name);
        if *value != "-" {
            all.push((name, value));
        }
    }
    bed.form("token", &all).await
}

fn refused(said: &super::bed::Said) -> (u16, String, u64) {
    let number = said.body["error_codes"][0].as_u64().unwrap();
    (said.status, said.text("/error"), number)
}

#[tokio::test]
async fn a_code_with_pkce_goes_from_picker_to_tokens() {
    let bed = bed(1).await;
    let mut browser = Browser::new(&bed);
    browser
        .open(&address(&bed, "organizations", &[("nonce", "n-1")]))
        .await;
    assert!(browser.sees("Pick an account") && browser.sees(BEN));
    // The Enter key presses the first button of a form: neither an account nor Cancel.
    let first = |html: &str| html.split("<button").nth(1).unwrap().to_owned();
    assert!(!first(&browser.html).contains("name="), "{}", browser.html);
    browser.send(&[("account", ANNA), ("login", "")]).await;
    assert!(browser.sees("Enter password") && browser.sees(ANNA));
    assert!(first(&browser.html).contains("value=\"password\""));
    browser
        .send(&[("password", "wrong"), ("action", "password")])
        .await;
    assert!(browser.sees("AADSTS50126"), "{}", browser.html);
    browser
        .send(&[("password", "sandbox"), ("action", "password")])
        .await;
    for text in [
        "Permissions requested",
        "Read your mail",
        "Send mail as you",
        "<code>Mail.Send",
    ] {
        assert!(browser.sees(text), "{text} on {}", browser.html);
    }
    browser.press("consent").await;
    let to = browser.left_for.clone().unwrap();
    assert!(to.starts_with("http://localhost:4711/?code="), "{to}");
    let answer = browser.answer();
    assert_eq!(answer["state"], "st/ate 1");
    assert!(answer.contains_key("session_state"));
    let tokens = redeem(&bed, &answer["code"], &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let keys: Vec<_> = tokens.body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "token_type",
            "scope",
            "expires_in",
            "ext_expires_in",
            "access_token",
            "refresh_token",
            "id_token"
        ]
    );
    assert_eq!(
        tokens.text("/scope"),
        "Mail.Read Mail.Send profile openid email"
    );
    let id_token = tokens.text("/id_token");
    let claims = URL_SAFE_NO_PAD
        .decode(id_token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["nonce"], &claims["aud"]),
        (&json!("n-1"), &json!(CLIENT))
    );

    // The browser is signed in and has consented: the next time nobody is asked.
    browser
        .open(&address(&bed, "organizations", &[("prompt", "none")]))
        .await;
    assert!(browser.answer().contains_key("code"));
    // Unless the application wants to ask.
    for (prompt, page) in [
        ("login", "Enter password"),
        ("consent", "Permissions requested"),
        ("select_account", "Pick an account"),
    ] {
        browser
            .open(&address(&bed, "organizations", &[("prompt", prompt)]))
            .await;
        assert!(browser.sees(page), "{prompt}: {}", browser.html);
    }
    let out = format!(
        "{}/common/oauth2/v2.0/logout?post_logout_redirect_uri={BACK}",
        bed.login
    );
    browser.open(&out).await;
    assert_eq!(browser.left_for.as_deref(), Some(BACK));
    browser
        .open(&address(&bed, "organizations", &[("prompt", "none")]))
        .await;
    assert_eq!(browser.answer()["error"], "login_required");
    // Signing out of the browser leaves the refresh token as it was.
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.text("/refresh_token")),
    ];
    assert_eq!(bed.form("token", &form).await.status, 200);
}

#[tokio::test]
async fn codes_are_for_one_use_by_one_client_with_one_verifier() {
    let bed = bed(0).await;
    let code = async || signed_in(&bed, &[]).await["code"].clone();
    let one = code().await;
    assert_eq!(redeem(&bed, &one, &[]).await.status, 200);
    let again = redeem(&bed, &one, &[]).await;
    assert_eq!(refused(&again), (400, "invalid_grant".into(), 54_005));
    let short = VERIFIER.get(..42).unwrap();
    for (changes, error, number) in [
        (&[("code_verifier", "-")][..], "invalid_grant", 50_148),
        (&[("code_verifier", short)], "invalid_grant", 501_481),
        (&[("code_verifier", CHALLENGE)], "invalid_grant", 501_481),
        (
            &[("redirect_uri", "http://localhost:4712")],
            "invalid_grant",
            500_112,
        ),
        (&[("redirect_uri", "-")], "invalid_request", 900_144),
        (&[("code", "-")], "invalid_request", 900_144),
        (&[("code", "nonsense")], "invalid_grant", 70_000),
        (&[("scope", " ")], "invalid_scope", 28_003),
        (
            &[("scope", "Mail.Read https://outlook.office.com/SMTP.Send")],
            "invalid_scope",
            700_022,
        ),
        (&[("scope", "Mail.ReadWrite")], "invalid_grant", 65_001),
    ] {
        let code = code().await;
        let said = redeem(&bed, &code, changes).await;
        let got = refused(&said);
        assert_eq!(
            (got.1.as_str(), got.2),
            (error, number),
            "{changes:?} {}",
            said.body
        );
    }
    let secret = redeem(&bed, &code().await, &[("client_secret", "x")]).await;
    assert_eq!(refused(&secret), (401, "invalid_client".into(), 700_025));
    let old = code().await;
    bed.admin("POST", "/age", json!({"seconds": 600})).await;
    assert_eq!(refused(&redeem(&bed, &old, &[]).await).2, 70_008);
    let code = code().await;
    let url = format!("{}/consumers/oauth2/v2.0/token", bed.login);
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let elsewhere = said(bed.http.post(url).form(&form).send().await.unwrap()).await;
    assert_eq!(refused(&elsewhere).2, 700_005);
}

#[tokio::test]
async fn plain_challenges_and_codes_without_one_work_as_documented() {
    let bed = bed(0).await;
    for method in ["plain", "-"] {
        let plain = [
            ("code_challenge", VERIFIER),
            ("code_challenge_method", method),
        ];
        let answer = signed_in(&bed, &plain).await;
        assert_eq!(redeem(&bed, &answer["code"], &[]).await.status, 200);
    }
    let without = [("code_challenge", "-"), ("code_challenge_method", "-")];
    let answer = signed_in(&bed, &without).await;
    let said = redeem(&bed, &answer["code"], &[("code_verifier", "-")]).await;
    assert_eq!(said.status, 200, "{}", said.body);
}

#[tokio::test]
async fn answers_come_in_the_mode_that_was_asked_for() {
    let bed = bed(0).await;
    signed_in(&bed, &[]).await;
    let mut browser = Browser::new(&bed);
    browser
        .open(&address(
            &bed,
            "organizations",
            &[("response_mode", "fragment"), ("login_hint", ANNA)],
        ))
        .await;
    browser
        .send(&[("password", "sandbox"), ("action", "password")])
        .await;
    let to = browser.left_for.clone().unwrap();
    assert!(to.starts_with("http://localhost:4711/#code="), "{to}");
    browser
        .open(&address(
            &bed,
            "organizations",
            &[("response_mode", "form_post")],
        ))
        .await;
    assert!(browser.left_for.is_none() && browser.sees(&format!("action=\"{BACK}\"")));
    let fields = browser.fields();
    assert!(fields.contains_key("code") && fields["state"] == "st/ate 1");
    browser
        .open(&address(
            &bed,
            "organizations",
            &[("response_mode", "form_post"), ("scope", "Nope")],
        ))
        .await;
    assert_eq!(browser.fields()["error"], "invalid_scope");
}

#[tokio::test]
async fn id_tokens_come_straight_only_where_that_is_enabled() {
    let bed = bed(0).await;
    let app = json!({"id": WEB, "name": "Web", "implicit_id_token": true, "audience": "tenant",
        "redirects": [{"platform": "web", "uri": "https://app.example.com/back"}]});
    bed.admin("POST", "/apps", app).await;
    let base = [
        ("client_id", WEB),
        ("redirect_uri", "https://app.example.com/back"),
        ("response_type", "code id_token"),
        ("scope", "openid profile"),
    ];
    let mut browser = Browser::new(&bed);
    let with = |more: &[(&'static str, &'static str)]| [&base[..], more].concat();
    let alias = "example.com";
    browser
        .open(&address(&bed, alias, &with(&[("nonce", "n")])))
        .await;
    browser.sign_in(ANNA).await;
    if browser.left_for.is_none() {
        browser.press("consent").await;
    }
    let answer = browser.answer();
    assert!(browser.left_for.as_ref().unwrap().contains("/back#"));
    assert!(answer.contains_key("code") && answer["id_token"].split('.').count() == 3);
    for (more, error) in [
        (&[("nonce", "-")][..], "AADSTS900144"),
        (&[("nonce", "n"), ("response_mode", "query")], "AADSTS70007"),
    ] {
        browser.open(&address(&bed, alias, &with(more))).await;
        let answer = browser.answer();
        assert!(answer["error_description"].starts_with(error), "{answer:?}");
    }
    let native = [("response_type", "id_token"), ("nonce", "n")];
    browser.open(&address(&bed, alias, &native)).await;
    assert_eq!(browser.answer()["error"], "unsupported_response_type");
}

#[tokio::test]
async fn wrong_requests_are_told_on_a_page_or_by_redirect() {
    let bed = bed(0).await;
    bed.admin("POST", "/apps", json!({"id": WEB, "audience": "tenant", "public": true,
        "redirects": [{"platform": "native", "uri": "http://localhost/back"}, {"platform": "web", "uri": "https://app.example.com/"}]}))
    .await;
    let mut browser = Browser::new(&bed);
    for (alias, changes, number) in [
        ("nowhere.example", &[][..], 90_002),
        ("organizations", &[("client_id", "-")], 900_144),
        (
            "organizations",
            &[("client_id", "33333333-0000-0000-0000-000000000001")],
            700_016,
        ),
        (
            "organizations",
            &[("redirect_uri", "http://localhost:1/other")],
            50_011,
        ),
        (
            "organizations",
            &[("redirect_uri", "http://127.0.0.1:1")],
            50_011,
        ),
        (
            "organizations",
            &[("redirect_uri", "https://app.example.com/")],
            50_011,
        ),
        ("organizations", &[("redirect_uri", "-")], 900_144),
        ("common", &[("client_id", WEB)], 50_194),
        ("consumers", &[("client_id", WEB)], 9_002_332),
        ("example.com", &[("client_id", WEB)], 50_011),
        (
            "example.com",
            &[
                ("client_id", WEB),
                ("redirect_uri", "http://localhost:1/Back"),
            ],
            50_011,
        ),
        (
            "example.com",
            &[
                ("client_id", WEB),
                ("redirect_uri", "https://app.example.com"),
            ],
            50_011,
        ),
    ] {
        browser.open(&address(&bed, alias, changes)).await;
        assert_eq!(
            (browser.status, &browser.left_for),
            (400, &None),
            "{changes:?}"
        );
        assert!(
            browser.sees(&format!("AADSTS{number}:")),
            "{changes:?} {}",
            browser.html
        );
    }
    for (changes, error, number) in [
        (&[("response_type", "-")][..], "invalid_request", 900_144),
        (
            &[("response_type", "token")],
            "unsupported_response_type",
            700_054,
        ),
        (&[("response_mode", "pigeon")], "invalid_request", 90_023),
        (&[("scope", "-")], "invalid_request", 900_144),
        (&[("scope", "Mail.Everything")], "invalid_scope", 70_011),
        (
            &[("scope", "Mail.Read https://graph.microsoft.com/.default")],
            "invalid_scope",
            70_011,
        ),
        (
            &[("scope", "https://api.example.com/x")],
            "invalid_resource",
            500_011,
        ),
        (&[("prompt", "maybe")], "invalid_request", 90_023),
        (&[("prompt", "none login")], "invalid_request", 90_023),
        (
            &[("prompt", "select_account"), ("login_hint", ANNA)],
            "invalid_request",
            90_023,
        ),
        (&[("code_challenge", "short")], "invalid_request", 501_491),
        (&[("code_challenge", "-")], "invalid_request", 50_147),
        (
            &[("code_challenge_method", "S512")],
            "invalid_request",
            50_149,
        ),
        (&[("claims", "{")], "invalid_request", 9_002_313),
        (&[("prompt", "none")], "login_required", 50_058),
    ] {
        browser.open(&address(&bed, "organizations", changes)).await;
        let answer = browser.answer();
        assert_eq!(answer["error"], error, "{changes:?} {answer:?}");
        let told = &answer["error_description"];
        assert!(
            told.starts_with(&format!("AADSTS{number}:")),
            "{changes:?} {told}"
        );
        assert!(told.contains("Trace ID: ") && told.contains("Timestamp: "));
        assert_eq!(answer["state"], "st/ate 1");
    }
}
