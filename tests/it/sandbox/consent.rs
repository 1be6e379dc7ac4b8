//! Consent, administrators, and what stops a sign-in on its page (dossier 01 sections 1, 8 and 10).

use super::{
    authorize::{WEB, address},
    bed::{ANNA, BEN, CLIENT, bed},
    browser::Browser,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_can_decline_or_lack_an_administrator() {
    let bed = bed(0).await;
    let mut browser = Browser::new(&bed);
    browser.open(&address(&bed, "common", &[])).await;
    browser.press("cancel").await;
    let answer = browser.answer();
    assert_eq!(
        (answer["error"].as_str(), answer["error_subcode"].as_str()),
        ("access_denied", "cancel")
    );
    bed.admin("POST", "/policy", json!({"consent": "administrators"}))
        .await;
    browser.open(&address(&bed, "common", &[])).await;
    browser.sign_in(ANNA).await;
    assert!(browser.sees("Need admin approval"), "{}", browser.html);
    browser.press("request-approval").await;
    let answer = browser.answer();
    assert_eq!(answer["error"], "access_denied");
    assert!(answer["error_description"].starts_with("AADSTS90095:"));
    browser
        .open(&address(&bed, "common", &[("prompt", "none")]))
        .await;
    assert_eq!(browser.answer()["error"], "consent_required");
    // An administrator consents for everybody, and nobody is asked again.
    bed.admin(
        "POST",
        "/users",
        json!({"user": BEN, "administrator": true}),
    )
    .await;
    let mut admin = Browser::new(&bed);
    admin
        .open(&address(&bed, "common", &[("prompt", "admin_consent")]))
        .await;
    admin.sign_in(BEN).await;
    assert!(
        admin.sees("all users in your organization"),
        "{}",
        admin.html
    );
    admin.press("consent").await;
    assert!(admin.answer().contains_key("code"));
    browser
        .open(&address(&bed, "common", &[("prompt", "none")]))
        .await;
    assert!(browser.answer().contains_key("code"));
    // What always needs an administrator does so under the default policy too.
    bed.admin("POST", "/policy", json!({"consent": "users"}))
        .await;
    browser
        .open(&address(&bed, "common", &[("scope", "Directory.Read.All")]))
        .await;
    assert!(browser.sees("AADSTS90094"), "{}", browser.html);
}

#[tokio::test]
async fn accounts_and_policies_stop_a_sign_in_on_the_page() {
    let bed = bed(0).await;
    let rules = |rules: Value| {
        let bed = &bed;
        async move { bed.admin("POST", "/policy", json!({"rules": rules})).await }
    };
    rules(json!([{"user": ANNA, "demand": "second-factor"}])).await;
    let mut browser = Browser::new(&bed);
    browser.open(&address(&bed, "common", &[])).await;
    browser.sign_in(ANNA).await;
    assert!(browser.sees("Approve sign in request"), "{}", browser.html);
    browser.press("second-factor").await;
    assert!(browser.sees("Permissions requested"));
    browser.press("consent").await;
    assert!(browser.answer().contains_key("code"));
    let mut fresh = Browser::new(&bed);
    bed.admin(
        "POST",
        "/users",
        json!({"user": ANNA, "second_factor": false}),
    )
    .await;
    fresh.open(&address(&bed, "common", &[])).await;
    fresh.sign_in(ANNA).await;
    assert!(fresh.sees("More information required"), "{}", fresh.html);
    fresh.press("enrol").await;
    assert!(fresh.sees("Approve sign in request"), "{}", fresh.html);
    rules(json!([{"demand": "block"}])).await;
    fresh.press("second-factor").await;
    assert!(fresh.sees("AADSTS53003"), "{}", fresh.html);
    rules(json!([])).await;
    for (state, text) in [
        (json!({"user": BEN, "disabled": true}), "AADSTS50057"),
        (
            json!({"user": BEN, "disabled": false, "locked": true}),
            "AADSTS50053",
        ),
        (
            json!({"user": BEN, "locked": false, "password_expired": true}),
            "Update your password",
        ),
        (
            json!({"user": BEN, "password_expired": false, "kind": "personal"}),
            "AADSTS500208",
        ),
    ] {
        bed.admin("POST", "/users", state).await;
        let mut browser = Browser::new(&bed);
        browser.open(&address(&bed, "organizations", &[])).await;
        browser.sign_in(BEN).await;
        assert!(browser.sees(text), "{text}: {}", browser.html);
        if text.starts_with("Update") {
            browser
                .send(&[
                    ("new_password", "other"),
                    ("again", "other"),
                    ("action", "new-password"),
                ])
                .await;
            assert!(browser.sees("Permissions requested"), "{}", browser.html);
            bed.admin(
                "POST",
                "/users",
                json!({"user": BEN, "password": "sandbox"}),
            )
            .await;
        }
    }
    let mut browser = Browser::new(&bed);
    browser.open(&address(&bed, "common", &[])).await;
    browser.send(&[("login", "nobody@example.com")]).await;
    assert!(browser.sees("AADSTS50034"));
    bed.admin("POST", "/apps", json!({"id": CLIENT, "assigned": []}))
        .await;
    browser.sign_in(ANNA).await;
    assert!(browser.sees("AADSTS50105"), "{}", browser.html);
}

#[tokio::test]
async fn an_administrator_consents_for_all() {
    let bed = bed(0).await;
    bed.admin("POST", "/apps", json!({"id": WEB, "name": "Backup", "application": ["Mail.Read"], "delegated": "Mail.Read",
        "secrets": [{"value": "s"}], "redirects": [{"platform": "web", "uri": "https://app.example.com/done"}]}))
    .await;
    let page = |state: &str| {
        format!(
            "{}/example.com/adminconsent?client_id={WEB}&redirect_uri=https://app.example.com/done&state={state}",
            bed.login
        )
    };
    let mut browser = Browser::new(&bed);
    browser.open(&page("1")).await;
    browser.sign_in(ANNA).await;
    assert!(browser.sees("Need admin approval"), "{}", browser.html);
    bed.admin(
        "POST",
        "/users",
        json!({"user": ANNA, "administrator": true}),
    )
    .await;
    browser.open(&page("2")).await;
    assert!(browser.sees("without a signed-in user"), "{}", browser.html);
    browser.press("cancel").await;
    let answer = browser.answer();
    assert_eq!(
        (answer["error"].as_str(), answer["state"].as_str()),
        ("permission_denied", "2")
    );
    assert!(answer.contains_key("error_description"));
    browser.open(&page("3")).await;
    browser.press("consent").await;
    let answer = browser.answer();
    assert_eq!(
        (
            answer["admin_consent"].as_str(),
            answer["state"].as_str(),
            answer["tenant"].as_str()
        ),
        ("True", "3", super::bed::tenant(0).id.as_str())
    );
    let app = bed.admin("GET", &format!("/apps/{WEB}"), Value::Null).await;
    assert_eq!(app["granted"], json!(["Mail.Read"]));
    browser
        .open(&format!(
            "{}/example.com/adminconsent?client_id={WEB}&redirect_uri=https://x.example.com/",
            bed.login
        ))
        .await;
    assert!(browser.sees("AADSTS50011"));
}
