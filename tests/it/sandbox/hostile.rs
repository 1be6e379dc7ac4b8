//! Malformed paths, queries, JSON, MIME and ranges at every route, by a seeded chance: each gets Graph's
//! error envelope with a 4xx, and the connection lives.

use super::bed::{ANNA, Bed, Graph, bed};
use serde_json::{Value, json};

/// A small generator: the same seed throws the same things.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[usize::try_from(self.next()).unwrap() % list.len()]
    }
}

const IDS: &[&str] = &[
    "x",
    "%20",
    "%00",
    "%FF%FE",
    "''",
    "('",
    "')",
    "inbox('x')",
    "AAMk",
    "AAMkAD%3D%3D%3D",
    "%F0%9F%98%80",
    "..x",
    "$value",
    "$count",
    "$batch",
    "delta()",
    "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A",
    "a%2Fb",
];
const OPTIONS: &[&str] = &[
    "$top=0",
    "$top=-1",
    "$top=1e9",
    "$top=",
    "$skip=-3",
    "$skip=x",
    "$count=maybe",
    "$select=colour",
    "$select=@removed",
    "$select=id;name",
    "$expand=everything",
    "$expand=attachments(",
    "$expand=singleValueExtendedProperties",
    "$expand=singleValueExtendedProperties($filter=id eq 'x')",
    "$filter=",
    "$filter=(",
    "$filter=isRead",
    "$filter=isRead eq 'x'",
    "$filter=colour eq 1",
    "$filter=toRecipients/any(r: r eq 'x')",
    "$filter=subject eq 'x",
    "$filter=receivedDateTime ge '2025'",
    "$filter=contains(subject)",
    "$filter=cast(x,y) eq 1",
    "$filter=a/any(b)",
    "$search=x",
    "$search=%22",
    "$search=%22%5C%22",
    "$search=%22a AND%22",
    "$search=%22a%22&$orderby=subject",
    "$search=%22a%22&$count=true",
    "$orderby=colour",
    "$orderby=subject sideways",
    "$orderby=toRecipients",
    "$levels=3",
    "$skiptoken=%00",
    "$deltatoken=latest",
    "$top=1&$top=2",
    "$filter=%FF",
];
const BODIES: &[&str] = &[
    "",
    "{",
    "[]",
    "null",
    "7",
    "\"x\"",
    "{\"subject\":7}",
    "{\"a\":{}}",
    "{\"toRecipients\":7}",
    "{\"toRecipients\":[7]}",
    "{\"displayName\":7}",
    "{\"displayName\":\"\"}",
    "{\"destinationId\":7}",
    "{\"destinationId\":\"\"}",
    "{\"isRead\":\"yes\"}",
    "{\"body\":[]}",
    "{\"flag\":7}",
    "{\"flag\":{\"flagStatus\":\"x\"}}",
    "{\"categories\":[1]}",
    "{\"importance\":\"huge\"}",
    "{\"requests\":7}",
    "{\"requests\":[{}]}",
    "{\"requests\":[{\"id\":1,\"method\":\"GET\",\"url\":\"/me\"}]}",
    "{\"requests\":[{\"id\":\"1\",\"method\":\"G T\",\"url\":\"/me\"}]}",
    "{\"singleValueExtendedProperties\":[{\"id\":\"x\"}]}",
    "{\"singleValueExtendedProperties\":7}",
    "{\"message\":7}",
    "{\"inputIds\":7}",
    "{\"AttachmentItem\":{\"size\":-1}}",
    "{\"@odata.type\":\"#microsoft.graph.nothing\",\"name\":\"x\"}",
    "{\"contentBytes\":\"*\",\"name\":\"x\"}",
    "\u{0}",
    "{\"displayName\":\"\\ud800\"}",
    "{\"attachments\":{}}",
    "{\"internetMessageHeaders\":[7]}",
];

/// A request that no rule of Graph accepts.
fn thrown(chance: &mut Chance) -> (&'static str, String, Option<(String, Vec<u8>)>) {
    let id = chance.of(IDS);
    let option = chance.of(OPTIONS).replace(' ', "%20").replace('\'', "%27");
    let body = chance.of(BODIES);
    let json = Some(("application/json".to_owned(), body.as_bytes().to_vec()));
    match chance.next() % 9 {
        // Reading with a bad option, and bad ids with any.
        0 => {
            let place = [
                "/me/messages",
                "/me/mailFolders",
                "/me/mailFolders/inbox/messages",
                "/me/mailFolders/inbox/messages/delta",
                "/me/mailFolders/delta",
            ];
            ("GET", format!("{}?{option}", chance.of(&place)), None)
        }
        1 => {
            let place = [
                "",
                "/$value",
                "/attachments",
                "/attachments/x",
                "/attachments/x/$value",
                "/nothing",
            ];
            (
                "GET",
                format!("/me/messages/{id}{}?{option}", chance.of(&place)),
                None,
            )
        }
        2 => {
            let place = [
                "/childFolders",
                "/messages/delta/x",
                "/messages/x/$value",
                "/move",
                "/nothing",
            ];
            (
                "GET",
                format!("/me/mailFolders/{id}{}?{option}", chance.of(&place)),
                None,
            )
        }
        3 => {
            let place = [
                "",
                "/move",
                "/copy",
                "/send",
                "/permanentDelete",
                "/attachments",
                "/attachments/createUploadSession",
            ];
            let method = chance.of(&["POST", "PATCH", "DELETE", "PUT", "BREW"]);
            (
                method,
                format!("/me/messages/{id}{}", chance.of(&place)),
                json,
            )
        }
        4 => {
            let place = [
                "/me/sendMail",
                "/me/translateExchangeIds",
                "/$batch",
                "/subscriptions",
                "/me/mailFolders/x/messages",
                "/me/mailFolders/x/childFolders",
            ];
            (
                chance.of(&["POST", "PATCH", "PUT"]),
                (*chance.of(&place)).to_owned(),
                json,
            )
        }
        // MIME: no base64, nothing in it, bare line feeds.
        5 => {
            let mime = [
                "",
                "*",
                "====",
                "U3ViamVjdDogeA",
                "VG86IGFAZXhhbXBsZS5jb20KCng=",
                "\u{ff}",
            ];
            let place = [
                "/me/messages",
                "/me/sendMail",
                "/me/mailFolders/inbox/messages",
            ];
            let mime = Some((
                "text/plain".to_owned(),
                chance.of(&mime).as_bytes().to_vec(),
            ));
            ("POST", (*chance.of(&place)).to_owned(), mime)
        }
        6 => {
            let who = ["nobody@example.com", "%00", "'", "()"];
            (
                "GET",
                format!("/users/{}/messages?{option}", chance.of(&who)),
                None,
            )
        }
        7 => ("GET", format!("/{id}/{id}"), None),
        _ => {
            let method = chance.of(&["POST", "PATCH", "PUT"]);
            (method, format!("/me/mailFolders/{id}"), json)
        }
    }
}

async fn throw(graph: &Graph<'_>, method: &str, path: &str, body: Option<(String, Vec<u8>)>) {
    let mut request = graph.request(method, path);
    let shown = body
        .as_ref()
        .map(|(_, b)| String::from_utf8_lossy(b).into_owned());
    if let Some((kind, octets)) = body {
        request = request.header("Content-Type", kind).body(octets);
    }
    let what = format!("{method} {path} {shown:?}");
    let answer = request
        .send()
        .await
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let status = answer.status().as_u16();
    let ids = ["request-id", "client-request-id"].map(|h| answer.headers().contains_key(h));
    let octets = answer.bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&octets).unwrap_or_else(|e| {
        panic!(
            "{what}: {status}: {e}: {}",
            String::from_utf8_lossy(&octets)
        )
    });
    assert!((400..500).contains(&status), "{what}: {status} {body}");
    assert_eq!(ids, [true, true], "{what}");
    for part in [
        "/error/code",
        "/error/message",
        "/error/innerError/request-id",
    ] {
        assert!(
            body.pointer(part).is_some_and(Value::is_string),
            "{what}: {body}"
        );
    }
}

async fn alive(bed: &Bed, graph: &Graph<'_>) {
    let said = graph.get("/me/mailFolders/inbox").await;
    assert_eq!(said.status, 200, "{}", said.body);
    bed.admin("GET", "/count", Value::Null).await;
}

#[tokio::test]
async fn whatever_is_thrown_gets_an_error_envelope() {
    let bed = bed(3).await;
    let graph = bed.graph(ANNA).await;
    let mut chance = Chance(20_261_201);
    for _ in 0..2500 {
        let (method, path, body) = thrown(&mut chance);
        throw(&graph, method, &path, body).await;
    }
    alive(&bed, &graph).await;
}

#[tokio::test]
async fn a_batch_refuses_what_is_no_batch() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let get = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let many: Vec<_> = (0..21).map(|n| get(&n.to_string(), "/me")).collect();
    for requests in [
        json!([]),
        json!(many),
        json!([get("a", "/me"), get("A", "/me")]),
        json!([get("", "/me")]),
        json!([get("1", "")]),
        json!([get("1", "https://graph.microsoft.com/v1.0/me")]),
        json!([get("1", "/$batch")]),
        json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}]),
        json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": "2"}]),
        json!([{"id": "1", "method": "POST", "url": "/me/messages", "body": {"subject": "x"}}]),
        json!([{"id": "1", "method": "POST", "url": "/me/messages", "headers": {"Content-Type": "text/plain"}, "body": "*"}]),
        json!([{"id": "1", "method": "GET", "url": "/me", "headers": {"Prefer": 7}}]),
    ] {
        let said = graph
            .send("POST", "/$batch", json!({"requests": requests}))
            .await;
        assert_eq!(
            (said.status, said.code()),
            (400, "BadRequest"),
            "{requests}: {}",
            said.body
        );
    }
    let said = graph
        .send("POST", "/$batch", json!({"requests": [
            get("v", "/v1.0/me"), get("s", "me/messages?$search=%22$batch%22"),
            {"id": "A", "method": "GET", "url": "/me/nothing"},
            {"id": "b", "method": "GET", "url": "/me", "dependsOn": ["a"]},
            {"id": "m", "method": "POST", "url": "/me/messages", "headers": {"Content-Type": "application/json"}, "body": {"subject": "x"}},
        ]}))
        .await;
    let responses = said.body["responses"].as_array().unwrap();
    let status = |id: &str| responses.iter().find(|r| r["id"] == id).unwrap()["status"].clone();
    let all: Vec<_> = ["v", "s", "A", "b", "m"].into_iter().map(status).collect();
    assert_eq!(json!(all), json!([400, 200, 400, 424, 201]));
}

#[tokio::test]
async fn an_upload_goes_in_order_within_its_size_and_time() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let draft = graph
        .send("POST", "/me/messages", json!({"subject": "x"}))
        .await
        .text("/id");
    let path = format!("/me/messages/{draft}/attachments/createUploadSession");
    let session = |size: u64| json!({"AttachmentItem": {"attachmentType": "file", "name": "f", "size": size}});
    let small = graph.send("POST", &path, session(3_000_000)).await;
    assert_eq!(
        small.code(),
        "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"
    );
    let huge = graph.send("POST", &path, session(200_000_000)).await;
    assert_eq!(huge.code(), "ErrorMessageSizeExceeded");

    bed.switch("upload-minimum", json!(1)).await;
    let url = graph
        .send("POST", &path, session(10))
        .await
        .text("/uploadUrl");
    let put = async |range: &str, octets: &'static [u8]| {
        let request = bed
            .http
            .put(&url)
            .header("Content-Range", range)
            .body(octets);
        super::bed::said(request.send().await.unwrap()).await
    };
    for (range, octets, status) in [
        ("", &b"12345"[..], 400),
        ("octets 0-4/10", b"12345", 400),
        ("bytes 4-0/10", b"12345", 400),
        ("bytes 0-4/11", b"12345", 400),
        ("bytes 0-5/10", b"12345", 400),
        ("bytes 0-18446744073709551615/10", b"12345", 400),
        ("bytes 8-12/10", b"12345", 400),
        ("bytes 5-9/10", b"12345", 416),
    ] {
        let said = put(range, octets).await;
        assert_eq!(said.status, status, "{range}: {}", said.body);
        assert!(!said.code().is_empty(), "{range}: {}", said.body);
    }
    let first = put("bytes 0-4/10", b"12345").await;
    assert_eq!(
        (first.status, &first.body["nextExpectedRanges"]),
        (200, &json!(["5"]))
    );
    assert_eq!(put("bytes 0-4/10", b"12345").await.status, 416);
    let state = super::bed::said(bed.http.get(&url).send().await.unwrap()).await;
    assert_eq!(
        (state.status, &state.body["nextExpectedRanges"]),
        (200, &json!(["5"]))
    );
    let with_token = bed
        .http
        .get(&url)
        .bearer_auth(&graph.token)
        .send()
        .await
        .unwrap();
    assert_eq!(with_token.status(), 401);
    let last = put("bytes 5-9/10", b"67890").await;
    assert_eq!(last.status, 201);
    assert!(
        last.header("location").contains("/Attachments('"),
        "{:?}",
        last.headers
    );
    assert_eq!(
        put("bytes 5-9/10", b"67890").await.status,
        404,
        "the session is over"
    );

    let url = graph
        .send("POST", &path, session(10))
        .await
        .text("/uploadUrl");
    assert_eq!(bed.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(bed.http.get(&url).send().await.unwrap().status(), 404);
    bed.switch("upload-seconds", json!(0)).await;
    let url = graph
        .send("POST", &path, session(10))
        .await
        .text("/uploadUrl");
    assert_eq!(
        bed.http.get(&url).send().await.unwrap().status(),
        404,
        "it has expired"
    );
}
