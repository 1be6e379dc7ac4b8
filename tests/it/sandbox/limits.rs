//! Limits: requests, octets and messages; each lowered here, since the real ones take long to reach.

use super::bed::{ANNA, BEN, Graph, Said, bed, said};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn refusal(said: &Said) -> (u16, &str) {
    (said.status, said.code())
}

/// Retry-After in seconds.
fn wait(said: &Said) -> u64 {
    said.header("retry-after").parse().unwrap_or(0)
}

async fn counted(graph: &Graph<'_>, mailbox: &str) -> Value {
    let told = graph.bed.admin("GET", "/traffic", Value::Null).await;
    let pairs = told["traffic"].as_array().unwrap();
    let found = pairs.iter().find(|p| p["mailbox"] == mailbox);
    found.cloned().unwrap_or_default()
}

fn mail(to: &str) -> Value {
    json!({"message": {"subject": "limit", "toRecipients": [{"emailAddress": {"address": to}}]}})
}

#[tokio::test]
async fn the_limits_are_the_documented_ones() {
    let bed = bed(0).await;
    let shown = bed.admin("GET", "/switch", Value::Null).await;
    let values: BTreeMap<_, _> = shown["switches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["name"].as_str().unwrap(), &s["default"]))
        .collect();
    for (name, default) in [
        ("throttle-concurrency", 4),
        ("rate-limit", 10_000),
        ("body-cap", 4 * 1024 * 1024),
        ("upload-limit", 150 * 1024 * 1024),
        ("send-minute-limit", 30),
        ("send-day-limit", 10_000),
    ] {
        assert_eq!(values[name], &json!(default), "{name}");
    }
}

#[tokio::test]
async fn requests_in_ten_minutes_are_counted_singly_in_a_batch_too() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    bed.admin("DELETE", "/traffic", Value::Null).await;
    bed.switch("rate-limit", json!(5)).await;
    for _ in 0..3 {
        assert_eq!(graph.get("/me/mailFolders").await.status, 200);
    }
    // `/me` is another resource, and another user's mailbox another bucket.
    assert_eq!(graph.get("/me").await.status, 200);
    let ben = bed.graph(BEN).await;
    assert_eq!(ben.get("/me/mailFolders").await.status, 200);
    let requests: Vec<_> = (0..4)
        .map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/me/mailFolders"}))
        .collect();
    let batch = graph
        .send("POST", "/$batch", json!({"requests": requests}))
        .await;
    let refused: Vec<_> = batch.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["status"] == 429)
        .collect();
    assert_eq!((batch.status, refused.len()), (200, 2), "{}", batch.body);
    let inner = &refused[0];
    assert_eq!(
        inner.pointer("/body/error/code").unwrap(),
        "ApplicationThrottled"
    );
    assert!(inner.pointer("/headers/Retry-After").is_some(), "{inner}");
    let over = graph.get("/me/mailFolders").await;
    assert_eq!(refusal(&over), (429, "ApplicationThrottled"));
    assert!((1..=600).contains(&wait(&over)), "{}", wait(&over));
    let pair = counted(&graph, ANNA).await;
    assert_eq!(
        (&pair["total"], &pair["refused"], &pair["requests"]),
        (&json!(8), &json!(3), &json!(8)),
        "what is refused counts"
    );
    for (name, value) in [
        ("throttle-status", json!(503)),
        ("throttle-retry-after", Value::Null),
    ] {
        bed.switch(name, value).await;
    }
    let over = graph.get("/me/mailFolders").await;
    assert_eq!((over.status, over.header("retry-after")), (503, ""));
}

#[tokio::test]
async fn four_megabytes_are_the_most_in_one_request() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let post = async |octets: usize| {
        let request = graph.request("POST", "/me/messages");
        let request = request.header("Content-Type", "text/plain");
        said(request.body("*".repeat(octets)).send().await.unwrap()).await
    };
    let cap = 4 * 1024 * 1024;
    let largest = post(cap).await;
    assert_eq!(
        refusal(&largest),
        (400, "ErrorMimeContentInvalidBase64String"),
        "read, and found to be no base64"
    );
    assert_eq!(post(cap + 1).await.status, 413);
    bed.switch("body-cap-as", json!("400")).await;
    let over = post(cap + 1).await;
    assert_eq!(over.status, 400);
    assert!(over.body.to_string().contains("maximum request length"));
    bed.switch("body-cap-as", json!("ErrorMessageSizeExceeded"))
        .await;
    assert_eq!(
        refusal(&post(cap + 1).await),
        (400, "ErrorMessageSizeExceeded")
    );
}

#[tokio::test]
async fn uploads_are_counted_through_sessions_too() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let draft = graph
        .send("POST", "/me/messages", json!({"subject": "files"}))
        .await;
    bed.switch("upload-minimum", json!(0)).await;
    let session = json!({"AttachmentItem": {"attachmentType": "file", "name": "f", "size": 9000}});
    let path = format!(
        "/me/messages/{}/attachments/createUploadSession",
        draft.text("/id")
    );
    let session = graph.send("POST", &path, session).await;
    assert_eq!(session.status, 201, "{}", session.body);
    bed.admin("DELETE", "/traffic", Value::Null).await;
    bed.switch("upload-limit", json!(10_000)).await;
    let put = async |first: usize, last: usize| {
        let request = bed.http.put(session.text("/uploadUrl"));
        let request = request.header("Content-Range", format!("bytes {first}-{last}/9000"));
        said(
            request
                .body(vec![b'x'; last + 1 - first])
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    assert_eq!(put(0, 4999).await.status, 200);
    assert_eq!(counted(&graph, ANNA).await["uploaded"], 5000);
    let big = json!({"subject": "y".repeat(6000)});
    let over = graph.send("POST", "/me/messages", big).await;
    assert_eq!(refusal(&over), (429, "ApplicationThrottled"));
    assert!((1..=300).contains(&wait(&over)), "{}", wait(&over));
    assert_eq!(
        put(5000, 8999).await.status,
        429,
        "the other host counts too"
    );
    assert_eq!(
        graph.get("/me/mailFolders").await.status,
        200,
        "reading goes on"
    );
    bed.switch("upload-limit", json!(1_000_000)).await;
    assert_eq!(
        put(5000, 8999).await.status,
        201,
        "nothing of the session was lost"
    );
}

#[tokio::test]
async fn beyond_so_many_a_minute_a_message_is_refused_or_queued() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    bed.switch("send-minute-limit", json!(2)).await;
    let send = async || graph.send("POST", "/me/sendMail", mail(BEN)).await;
    assert_eq!((send().await.status, send().await.status), (202, 202));
    let over = send().await;
    assert_eq!(refusal(&over), (429, "ApplicationThrottled"));
    assert!((1..=60).contains(&wait(&over)), "{}", wait(&over));
    let draft = graph
        .mime(
            "/me/messages",
            b"Subject: d\r\nTo: ben@example.com\r\n\r\nx\r\n",
        )
        .await;
    let draft = draft.text("/id");
    let sent = graph
        .send("POST", &format!("/me/messages/{draft}/send"), json!({}))
        .await;
    assert_eq!(sent.status, 429);
    let kept = graph.get(&format!("/me/messages/{draft}")).await;
    assert_eq!(kept.body["isDraft"], true, "it can be sent later");
    bed.switch("send-minute-as", json!("queue")).await;
    bed.switch("sent-ms", json!(0)).await;
    let sent = graph
        .send("POST", &format!("/me/messages/{draft}/send"), json!({}))
        .await;
    assert_eq!(sent.status, 202);
    let gone = graph.get(&format!("/me/messages/{draft}")).await;
    assert_eq!(
        gone.status, 404,
        "it is on its way, and not in Sent Items yet"
    );
    let told = bed.admin("GET", "/submissions", Value::Null).await;
    assert_eq!(told["submissions"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn so_many_recipients_a_day() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    bed.switch("send-day-limit", json!(3)).await;
    let send = async |people: usize| {
        let to: Vec<_> = (0..people)
            .map(|n| json!({"emailAddress": {"address": format!("p{n}@example.net")}}))
            .collect();
        let body = json!({"message": {"subject": "day", "toRecipients": to}});
        graph.send("POST", "/me/sendMail", body).await
    };
    assert_eq!(send(2).await.status, 202);
    let over = send(2).await;
    assert_eq!(
        (refusal(&over), over.header("retry-after")),
        ((403, "ErrorExceededMessageLimit"), ""),
        "nobody can say when it ends"
    );
    for status in [400, 429] {
        bed.switch("send-day-status", json!(status)).await;
        assert_eq!(
            refusal(&send(2).await),
            (status, "ErrorExceededMessageLimit")
        );
    }
    assert_eq!(send(1).await.status, 202, "what was refused does not count");
    let told = bed.admin("GET", "/traffic", Value::Null).await;
    assert_eq!(
        told["sent"][0],
        json!({"mailbox": ANNA, "messages": 2, "recipients": 3})
    );
}

#[tokio::test]
async fn the_clock_of_the_service_may_be_wrong() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    bed.switch("clock-skew-seconds", json!(-3600)).await;
    let made = graph
        .send("POST", "/me/messages", json!({"subject": "early"}))
        .await;
    let hour_ago = chrono::Utc::now() - chrono::TimeDelta::hours(1);
    let near = |text: &str, parsed: Option<chrono::DateTime<chrono::Utc>>| {
        let off = (parsed.unwrap() - hour_ago).num_seconds().abs();
        assert!(off < 60, "{text}: {off} s off");
    };
    let created = made.text("/createdDateTime");
    near(&created, created.parse().ok());
    let date = made.header("date");
    near(
        date,
        chrono::DateTime::parse_from_rfc2822(date)
            .ok()
            .map(Into::into),
    );
}
