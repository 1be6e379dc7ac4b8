//! Batches, throttling, faults, journal.

use super::bed::{ANNA, Graph, bed, mail, said};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

#[tokio::test]
async fn a_batch_answers_each_request_in_any_order() {
    let bed = bed(3).await;
    let graph = bed.graph(ANNA).await;
    let id = graph.first_id("inbox").await;
    let prefer = json!({"Prefer": "IdType=\"ImmutableId\""});
    let mut requests: Vec<_> = [
        "inbox",
        "drafts",
        "sentitems",
        "archive",
        "clutter",
        "junkemail",
        "outbox",
    ]
    .iter()
    .map(|n| json!({"id": n, "method": "GET", "url": format!("/me/mailFolders/{n}?$select=id")}))
    .collect();
    requests
        .push(json!({"id": "mime", "method": "GET", "url": format!("me/messages/{id}/$value")}));
    requests.push(json!({"id": "item", "method": "GET", "url": format!("/me/messages/{id}?$select=subject"), "headers": prefer}));
    let mut orders = BTreeSet::new();
    for _ in 0..8 {
        let said = graph
            .send("POST", "/$batch", json!({"requests": requests}))
            .await;
        let responses = said.body["responses"].as_array().unwrap();
        let by = |id: &str| responses.iter().find(|r| r["id"] == id).unwrap();
        assert_eq!((said.status, responses.len()), (200, requests.len()));
        assert_eq!(by("inbox")["status"], 200);
        assert_eq!(
            (
                by("clutter")["status"].as_u64(),
                by("clutter")["body"]["error"]["code"].as_str()
            ),
            (Some(404), Some("ErrorItemNotFound"))
        );
        assert_eq!(
            STANDARD
                .decode(by("mime")["body"].as_str().unwrap())
                .unwrap(),
            mail(3)
        );
        assert_eq!(by("mime")["headers"]["Content-Type"], "text/plain");
        assert_eq!(by("item")["body"]["id"], id.as_str());
        orders.insert(
            responses
                .iter()
                .map(|r| r["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert!(orders.len() > 1, "the order never changed");
    let count = bed.admin("GET", "/count", Value::Null).await;
    assert_eq!(count["inner"].as_u64(), Some(8 * requests.len() as u64));
    let too_many: Vec<_> = (0..21)
        .map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/me"}))
        .collect();
    assert_eq!(
        graph
            .send("POST", "/$batch", json!({"requests": too_many}))
            .await
            .status,
        400
    );
    let chain = json!({"requests": [
        {"id": "1", "method": "GET", "url": "/me/messages/nonsense"},
        {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]},
    ]});
    let said = graph.send("POST", "/$batch", chain).await;
    assert_eq!(said.body.pointer("/responses/1/status").unwrap(), 424);
    let bodies = json!({"requests": [{"id": "1", "method": "PATCH", "url": format!("/me/messages/{id}"), "body": {"isRead": true}}]});
    assert_eq!(
        graph.send("POST", "/$batch", bodies).await.status,
        400,
        "a body needs its Content-Type"
    );
}

#[tokio::test]
async fn more_than_four_at_once_are_throttled() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    bed.switch("latency-ms", json!(400)).await;
    let many =
        |n: usize| futures_util::future::join_all((0..n).map(|_| graph.get("/me/mailFolders")));
    assert!(many(4).await.iter().all(|s| s.status == 200));
    let six = many(6).await;
    let refused: Vec<_> = six.iter().filter(|s| s.status == 429).collect();
    assert_eq!(
        (
            refused.len(),
            refused[0].code(),
            refused[0].header("retry-after")
        ),
        (2, "ApplicationThrottled", "1")
    );
    assert_eq!(bed.admin("GET", "/count", Value::Null).await["peak"], 4);
    bed.switch("throttle-retry-after", json!("date")).await;
    let dated = many(5).await;
    let dated = dated.iter().find(|s| s.status == 429).unwrap();
    assert!(chrono::DateTime::parse_from_rfc2822(dated.header("retry-after")).is_ok());
    let batch = json!({"requests": (0..4).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/me/mailFolders"})).collect::<Vec<_>>()});
    let (alone, beside) = tokio::join!(graph.get("/me/mailFolders"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        graph.send("POST", "/$batch", batch).await
    });
    assert_eq!((alone.status, beside.status), (200, 200));
    let inner = beside.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["status"] == 429)
        .count();
    assert_eq!(inner, 1, "one of the batch's four finds no place");
    bed.admin("DELETE", "/switch", Value::Null).await;
    bed.switch("rate-limit", json!(0)).await;
    assert_eq!(graph.get("/me/mailFolders").await.status, 429);
}

#[tokio::test]
async fn faults_come_as_scripted() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let fault = async |body: Value| {
        bed.admin("POST", "/faults", body).await;
    };
    fault(json!({"path": "/mailFolders", "times": 2, "skip": 1, "status": 503, "headers": {"Retry-After": "7"}, "body": "<html>"})).await;
    let statuses: Vec<_> = [
        graph.get("/me/mailFolders").await,
        graph.get("/me/messages").await,
        graph.get("/me/mailFolders").await,
        graph.get("/me/mailFolders").await,
        graph.get("/me/mailFolders").await,
    ]
    .iter()
    .map(|s| (s.status, s.header("retry-after").to_owned()))
    .collect();
    let seven = || (503, "7".to_owned());
    let fine = || (200, String::new());
    assert_eq!(statuses, [fine(), fine(), seven(), seven(), fine()]);
    fault(json!({"path": "/me", "do": "reset"})).await;
    assert!(graph.request("GET", "/me").send().await.is_err());
    fault(json!({"path": "/me", "do": "silence", "seconds": 0.3})).await;
    let begun = Instant::now();
    assert!(graph.request("GET", "/me").send().await.is_err());
    assert!(begun.elapsed() >= Duration::from_millis(300));
    fault(json!({"path": "/me/messages", "do": "truncate"})).await;
    let broken = graph.request("GET", "/me/messages").send().await.unwrap();
    assert_eq!(broken.status(), 200);
    assert!(broken.bytes().await.is_err());
    fault(json!({"method": "POST", "path": "/mailFolders", "status": 500, "after": true})).await;
    assert_eq!(
        graph
            .send("POST", "/me/mailFolders", json!({"displayName": "Da"}))
            .await
            .status,
        500
    );
    assert_eq!(
        graph
            .send("POST", "/me/mailFolders", json!({"displayName": "Da"}))
            .await
            .status,
        409,
        "it took effect"
    );
    fault(json!({"path": "/me", "delay": 0.3})).await;
    let begun = Instant::now();
    assert_eq!(graph.get("/me").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    fault(json!({"host": "login", "path": "/token", "status": 500})).await;
    assert_eq!(bed.redeem("x").await.status, 500);
    let bad = bed
        .http
        .post(format!("{}/faults", bed.admin))
        .json(&json!({"do": "dance"}));
    assert_eq!(said(bad.send().await.unwrap()).await.status, 400);
}

#[tokio::test]
async fn the_journal_tells_requests_without_tokens() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    bed.admin("DELETE", "/journal", Value::Null).await;
    graph.get("/me/mailFolders?$top=1").await;
    let journal = bed.admin("GET", "/journal", Value::Null).await;
    let entry = &journal["entries"][0];
    assert_eq!(
        (
            entry["method"].as_str(),
            entry["path"].as_str(),
            entry["status"].as_u64()
        ),
        (Some("GET"), Some("/v1.0/me/mailFolders?$top=1"), Some(200))
    );
    assert!(!journal.to_string().contains(&graph.token));
    assert_eq!(bed.admin("GET", "/count", Value::Null).await["graph"], 1);
    let shown = bed.admin("GET", "/switch", Value::Null).await;
    assert!(shown["switches"].as_array().unwrap().len() > 20);
    let wrong = bed
        .http
        .post(format!("{}/switch", bed.admin))
        .json(&json!({"name": "no-such", "value": 1}));
    assert_eq!(said(wrong.send().await.unwrap()).await.status, 400);
}

#[tokio::test]
async fn a_busy_port_is_named_and_a_stop_frees_it() {
    let bed = bed(0).await;
    let port = bed.sandbox.login_url().port().unwrap();
    let options = |port| postern::sandbox::Options {
        tenant: super::bed::tenant(0),
        seeding: postern::sandbox::Seeding::Verbatim,
        graph_port: 0,
        login_port: port,
        admin_port: 0,
        auto_approve: false,
    };
    let refused = postern::sandbox::Sandbox::start(options(port))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("sandbox (login): port {port} is in use by another program")
    );
    bed.sandbox.stop().await;
    drop(bed.http);
    postern::sandbox::Sandbox::start(options(port))
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test]
async fn bad_input_gets_codes_and_never_a_lost_connection() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let id = graph.first_id("inbox").await;
    for (method, path, body) in [
        ("GET", "/me/messages?$top=0", Value::Null),
        ("GET", "/me/messages?$top=1001", Value::Null),
        ("GET", "/me/messages?$filter=isRead", Value::Null),
        ("GET", "/me/messages?$filter=subject%20eq%20'x", Value::Null),
        (
            "GET",
            "/me/messages?$orderby=subject%20sideways",
            Value::Null,
        ),
        ("GET", "/me/mailFolders?$select=wellKnownName", Value::Null),
        (
            "GET",
            "/me/mailFolders/inbox/messages/delta?$skiptoken=%20",
            Value::Null,
        ),
        ("GET", "/me/everything", Value::Null),
        ("GET", "/%ff%00", Value::Null),
        ("POST", "/$batch", json!({"requests": "x"})),
        ("POST", "/me/mailFolders", json!({"displayName": ""})),
        (
            "POST",
            "/subscriptions",
            json!({"notificationUrl": "http://127.0.0.1/"}),
        ),
        ("POST", &format!("/me/messages/{id}/move"), json!({})),
        (
            "PATCH",
            &format!("/me/messages/{id}"),
            json!({"flag": {"flagStatus": "flagged", "dueDateTime": {}}}),
        ),
        (
            "PATCH",
            &format!("/me/messages/{id}"),
            json!({"subject": "only drafts"}),
        ),
        (
            "POST",
            "/me/messages",
            json!({"internetMessageHeaders": [{"name": "List-Id", "value": "x"}]}),
        ),
    ] {
        let said = graph.send(method, path, body).await;
        assert_eq!(said.status, 400, "{method} {path}: {}", said.body);
        assert!(!said.code().is_empty());
    }
    let put = graph
        .send("PUT", &format!("/me/messages/{id}/$value"), json!({}))
        .await;
    assert_eq!(put.status, 405);
    let base64 = graph
        .request("POST", "/me/messages")
        .header("Content-Type", "text/plain")
        .body("***");
    assert_eq!(
        said(base64.send().await.unwrap()).await.code(),
        "ErrorMimeContentInvalidBase64String"
    );
    let lf = graph.mime("/me/messages", b"Subject: x\n\nbare\n").await;
    assert_eq!(lf.code(), "UnableToDeserializePostBody");
    let other = Graph {
        bed: &bed,
        ..bed.graph(super::bed::BEN).await
    };
    assert_eq!(
        other.get(&format!("/me/messages/{id}")).await.code(),
        "ErrorInvalidMailboxItemId"
    );
}
