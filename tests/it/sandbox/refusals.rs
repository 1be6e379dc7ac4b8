//! Every AADSTS number of the dossier's tables over the wire, in the recorded shape (01 sections 2 and 8;
//! 06-recorded/token-endpoint-fixtures.json).

use super::bed::{ANNA, CLIENT, SCOPES, Said, bed};
use serde_json::{Value, json};

const GRANT: &str = "invalid_grant";
const REQUEST: &str = "invalid_request";
const UNAVAILABLE: &str = "temporarily_unavailable";

/// Number and `error` at the token endpoint. Where the dossier knows two, the first is here.
#[rustfmt::skip]
const TABLE: &[(u32, &str)] = &[
    (16000, "interaction_required"), (28002, "invalid_scope"), (28003, "invalid_scope"), (50011, REQUEST),
    (50012, "invalid_client"), (50020, GRANT), (50033, UNAVAILABLE), (50034, GRANT), (50053, GRANT),
    (50055, GRANT), (50057, GRANT), (50058, "login_required"), (50059, REQUEST), (50072, GRANT),
    (50074, GRANT), (50076, GRANT), (50078, GRANT), (50079, GRANT), (50085, GRANT), (50087, UNAVAILABLE),
    (50089, GRANT), (50097, GRANT), (50105, "access_denied"), (50126, GRANT), (50128, REQUEST), (50129, GRANT),
    (50131, GRANT), (50132, GRANT), (50133, GRANT), (50144, GRANT), (50147, REQUEST), (50148, GRANT),
    (50149, REQUEST), (50155, GRANT), (50158, GRANT), (50173, GRANT), (50194, REQUEST), (50196, GRANT),
    (53000, GRANT), (53001, GRANT), (53002, GRANT), (53003, GRANT), (53004, GRANT), (53010, GRANT),
    (54005, GRANT), (65001, GRANT), (65004, "access_denied"), (65005, "invalid_resource"), (70000, GRANT),
    (70001, "unauthorized_client"), (70002, "invalid_client"), (70008, GRANT), (70011, "invalid_scope"),
    (70012, "server_error"), (70016, "authorization_pending"), (70018, "bad_verification_code"),
    (70019, "expired_token"), (70020, "expired_token"), (70021, "authorization_declined"), (70043, GRANT),
    (90002, REQUEST), (90006, "server_error"), (90012, UNAVAILABLE), (90013, REQUEST), (90014, REQUEST),
    (90024, UNAVAILABLE), (90033, UNAVAILABLE), (90038, REQUEST), (90051, REQUEST), (90055, UNAVAILABLE),
    (90072, GRANT), (90094, GRANT), (90095, GRANT), (500011, "invalid_resource"), (500014, "invalid_resource"),
    (500021, "access_denied"), (500022, "access_denied"), (500208, GRANT), (500212, "access_denied"),
    (500213, "access_denied"), (501481, GRANT), (501491, REQUEST), (530032, GRANT), (530035, GRANT),
    (650052, "invalid_client"), (650053, "invalid_client"), (650054, "invalid_client"), (650056, "invalid_client"),
    (650057, "invalid_resource"), (700005, GRANT), (700016, "unauthorized_client"), (700022, "invalid_scope"),
    (700023, "invalid_scope"), (700024, "invalid_client"), (700025, "invalid_client"), (700027, "invalid_client"),
    (700054, "unsupported_response_type"), (700082, GRANT), (700084, GRANT), (900144, REQUEST), (900382, REQUEST),
    (900432, REQUEST), (7000112, "unauthorized_client"), (7000215, "invalid_client"), (7000218, "invalid_client"),
    (7000222, "invalid_client"), (9001023, REQUEST), (9002313, REQUEST), (9002332, REQUEST),
];

const CORRELATION: &str = "0b1c2d3e-0000-4000-8000-00000000000c";

fn check(said: &Said, number: u32, error: &str) {
    let status = match error {
        "invalid_client" => 401,
        UNAVAILABLE => 503,
        "server_error" => 500,
        _ => 400,
    };
    assert_eq!(said.status, status, "{number}: {}", said.body);
    assert_eq!(
        said.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(said.header("cache-control"), "no-store, no-cache");
    assert_eq!(said.header("x-ms-request-id"), said.text("/trace_id"));
    let map = said.body.as_object().unwrap();
    let required = [
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
    ];
    let keys: Vec<_> = map.keys().map(String::as_str).collect();
    assert_eq!(keys[..6], required, "{number}");
    let optional = ["error_uri", "suberror", "claims"];
    assert!(keys[6..].iter().all(|k| optional.contains(k)), "{keys:?}");
    assert_eq!(said.text("/error"), error, "{number}");
    assert_eq!(said.body["error_codes"], json!([number]));
    assert_eq!(said.text("/correlation_id"), CORRELATION);
    let text = said.text("/error_description");
    assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    let end = format!(
        "Trace ID: {} Correlation ID: {CORRELATION} Timestamp: {}",
        said.text("/trace_id"),
        said.text("/timestamp")
    );
    assert!(text.ends_with(&end), "{text}");
    // `2026-01-09 02:02:12Z`
    assert_eq!(
        (
            said.text("/timestamp").len(),
            said.text("/timestamp").ends_with('Z')
        ),
        (20, true)
    );
    if let Some(claims) = map.get("claims") {
        let claims: Value = serde_json::from_str(claims.as_str().unwrap()).unwrap();
        assert!(claims["access_token"].is_object());
    }
    assert_eq!(map.contains_key("error_uri"), number != 70016);
}

#[tokio::test]
async fn every_number_is_told_in_the_recorded_shape() {
    let bed = bed(0).await;
    let tokens = bed.sign_in(ANNA, SCOPES).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let ask = async || {
        let request = bed
            .http
            .post(format!("{}/organizations/oauth2/v2.0/token", bed.login))
            .header("client-request-id", CORRELATION)
            .form(&[
                ("client_id", CLIENT),
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
            ]);
        super::bed::said(request.send().await.unwrap()).await
    };
    for (number, error) in TABLE {
        let rule = json!({"rules": [{"user": ANNA, "refuse": number}]});
        bed.admin("POST", "/policy", rule).await;
        check(&ask().await, *number, error);
    }
    // What applies to the whole application meets it before anything else.
    bed.admin(
        "POST",
        "/policy",
        json!({"rules": [{"client_id": CLIENT, "refuse": 650_057}]}),
    )
    .await;
    check(&ask().await, 650_057, "invalid_resource");
    bed.switch("entra-suberror-omitted", json!(true)).await;
    bed.admin("POST", "/policy", json!({"rules": [{"refuse": 50_076}]}))
        .await;
    assert!(ask().await.body.get("suberror").is_none());
    bed.switch("entra-description-lines", json!(true)).await;
    let lines = ask().await.text("/error_description");
    assert_eq!(lines.matches("\r\n").count(), 3, "{lines}");
    bed.admin("POST", "/policy", json!({"rules": []})).await;
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn the_recorded_bodies_have_no_other_keys() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/graph/06-recorded/token-endpoint-fixtures.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        assert!(std::env::var_os("CI").is_none(), "{path} is missing");
        eprintln!("SKIPPED: no recorded token answers at {path}");
        return;
    };
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let bed = bed(0).await;
    let device = bed
        .form(
            "devicecode",
            &[("client_id", CLIENT), ("scope", "Mail.Read offline_access")],
        )
        .await;
    let pending = bed.redeem(&device.text("/device_code")).await;
    bed.admin("POST", "/age", json!({"seconds": 0})).await;
    let tokens = bed.sign_in(ANNA, SCOPES).await;
    bed.admin("POST", "/age", json!({"seconds": 91 * 86_400}))
        .await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
    ];
    let stale = bed.form("token", &form).await;
    for entry in recorded["responses"].as_array().unwrap() {
        let body = entry["body"].as_object().unwrap();
        let ours = match body.get("error").and_then(Value::as_str) {
            Some("authorization_pending") => &pending,
            Some("invalid_grant") => &stale,
            None => &device,
            other => panic!("no answer to compare with {other:?}"),
        };
        assert_eq!(Some(u64::from(ours.status)), entry["status"].as_u64());
        for (key, value) in body {
            let same = ours.body.get(key).map(kind);
            assert_eq!(same, Some(kind(value)), "{key} in {}", ours.body);
        }
        // A whole recording lists all keys; a quotation only some.
        if body.len() >= 6 {
            let keys = |m: &serde_json::Map<String, Value>| {
                m.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(keys(ours.body.as_object().unwrap()), keys(body));
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
