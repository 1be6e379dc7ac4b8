//! Every recorded answer, made again here: status, header names, key order and types.

use super::bed::{ANNA, Bed, Graph, Said, bed};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A recording, or `None` (said loudly) where the recordings are not beside the checkout.
pub(super) fn recording(name: &str) -> Option<Value> {
    let path = folder().map(|d| d.join(name));
    match path.and_then(|p| std::fs::read(p).ok()) {
        Some(octets) => Some(serde_json::from_slice(&octets).unwrap()),
        None => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{name}: no recordings beside the checkout"
            );
            eprintln!("SKIPPED: no recordings beside the checkout, so {name} was not compared");
            None
        }
    }
}

fn folder() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = ["../shared", "../../shared"].map(|d| root.join(d));
    let shared = shared.into_iter().find(|d| d.is_dir())?;
    Some(shared.join("graph/06-recorded"))
}

/// Keys in order and types of values; of a list, its first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), shape(v))).collect(),
        Value::Array(list) => Value::Array(list.first().map(shape).into_iter().collect()),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("bool"),
        Value::Null => Value::Null,
    }
}

/// Everything quoted in a context, such as ids and names, made alike.
fn context(text: &str) -> String {
    let path = text.split_once("/v1.0/").map_or(text, |(_, path)| path);
    let mut out = String::new();
    for (n, part) in path.split('\'').enumerate() {
        out.push_str(if n % 2 == 1 { "'*'" } else { part });
    }
    out
}

fn compare(said: &Said, recorded: &Value) {
    let response = &recorded["response"];
    assert_eq!(
        u64::from(said.status),
        response["status"].as_u64().unwrap(),
        "{}",
        said.body
    );
    let headers = response["headers"].as_object().unwrap();
    for (name, value) in headers {
        let ours = said.header(name);
        match name.as_str() {
            "Content-Type"
            | "Cache-Control"
            | "Vary"
            | "Strict-Transport-Security"
            | "Transfer-Encoding"
            | "Content-Length" => {
                assert_eq!(ours, value.as_str().unwrap(), "{name}");
            }
            "Location" => assert_eq!(context(ours), context(value.as_str().unwrap())),
            _ => assert!(!ours.is_empty(), "no {name}"),
        }
    }
    for name in ["Content-Length", "Content-Type", "Transfer-Encoding"] {
        assert_eq!(
            said.headers.contains_key(name),
            headers.contains_key(name),
            "{name}"
        );
    }
    if response["body"].is_object() {
        let (ours, theirs) = (shape(&said.body), shape(&response["body"]));
        assert_eq!(ours.to_string(), theirs.to_string());
        let odata = |v: &Value| context(v["@odata.context"].as_str().unwrap());
        assert_eq!(odata(&said.body), odata(&response["body"]));
    }
}

fn lengths(ours: &Value, recorded: &Value, keys: &[&str]) {
    for key in keys {
        let len = |v: &Value| v[key].as_str().unwrap().len();
        assert_eq!(len(ours), len(&recorded["response"]["body"]), "{key}");
    }
}

async fn graph(bed: &Bed) -> Graph<'_> {
    Graph {
        immutable: false,
        ..bed.graph(ANNA).await
    }
}

#[tokio::test]
async fn folders_answer_as_recorded() {
    let bed = bed(2).await;
    let graph = graph(&bed).await;
    let root = format!("/users/{ANNA}/mailFolders");
    let created = graph
        .send("POST", &root, json!({"displayName": "New folder"}))
        .await;
    let id = created.text("/id");
    let child = graph
        .send(
            "POST",
            &format!("{root}/{id}/childFolders"),
            json!({"displayName": "dead-end"}),
        )
        .await;
    let got = graph.get(&format!("{root}/{id}")).await;
    let listed = graph
        .get(&format!("{root}?$expand=childFolders($top=9999)&$top=9999"))
        .await;
    let names: Vec<_> = listed
        .values()
        .iter()
        .map(|f| f["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Archiv",
            "Entwürfe",
            "Gelöschte Elemente",
            "Gesendete Elemente",
            "Junk-E-Mail",
            "New folder",
            "Postausgang",
            "Posteingang"
        ]
    );
    assert_eq!(
        listed
            .body
            .pointer("/value/5/childFolders/0/displayName")
            .unwrap(),
        "dead-end"
    );
    assert!(
        listed
            .body
            .pointer("/value/5/childFolders/0/childFolders")
            .is_none()
    );
    let deleted = graph
        .send("DELETE", &format!("{root}/{id}"), Value::Null)
        .await;
    for (said, name) in [
        (&created, "folder-create.json"),
        (&child, "folder-create-child.json"),
        (&got, "folder-get.json"),
        (&deleted, "folder-delete.json"),
    ] {
        let Some(recorded) = recording(name) else {
            return;
        };
        compare(said, &recorded);
        if name != "folder-delete.json" {
            lengths(&said.body, &recorded, &["id", "parentFolderId"]);
        }
    }
    let Some(recorded) = recording("folders-list.json") else {
        return;
    };
    compare(&listed, &recorded);
}

#[tokio::test]
async fn messages_answer_as_recorded() {
    let bed = bed(0).await;
    let graph = graph(&bed).await;
    let folder = graph
        .send(
            "POST",
            &format!("/users/{ANNA}/mailFolders"),
            json!({"displayName": "Test"}),
        )
        .await
        .text("/id");
    let within = format!("/users/{ANNA}/mailFolders/{folder}/messages");
    let Some(recorded) = recording("message-create.json") else {
        return;
    };
    let created = graph
        .send("POST", &within, recorded["request"]["body"].clone())
        .await;
    compare(&created, &recorded);
    lengths(
        &created.body,
        &recorded,
        &[
            "id",
            "changeKey",
            "conversationId",
            "conversationIndex",
            "parentFolderId",
        ],
    );
    let ours = created.body.as_object().unwrap();
    for key in [
        "subject",
        "bodyPreview",
        "body",
        "from",
        "sender",
        "toRecipients",
        "isRead",
        "isDraft",
        "flag",
        "importance",
        "categories",
    ] {
        assert_eq!(ours[key], recorded["response"]["body"][key], "{key}");
    }
    let item = format!("/users/{ANNA}/messages/{}", created.text("/id"));

    let Some(recorded) = recording("message-mime.json") else {
        return;
    };
    compare(&graph.get(&format!("{item}/$value")).await, &recorded);

    let Some(recorded) = recording("message-size.json") else {
        return;
    };
    let query = "/?$expand=singleValueExtendedProperties($filter=Id%20eq%20%27LONG%200x0E08%27)&$select=internetMessageHeaders";
    let size = graph.get(&format!("{item}{query}")).await;
    compare(&size, &recorded);
    assert_eq!(
        size.text("/singleValueExtendedProperties/0/id"),
        "Long 0xe08"
    );

    let Some(recorded) = recording("messages-list.json") else {
        return;
    };
    bed.switch("filter-rule", json!(false)).await;
    let filter = format!("(isRead%20eq%20false%20AND%20parentFolderId%20eq%20%27{folder}%27)");
    let list = format!(
        "/users/{ANNA}/messages/?$count=true&$filter={filter}&$orderby=receivedDateTime%20ASC&$select=id&top=1000"
    );
    compare(&graph.get(&list).await, &recorded);
    bed.switch("filter-rule", json!(true)).await;
    assert_eq!(graph.get(&list).await.code(), "InefficientFilter");

    let Some(recorded) = recording("message-patch-isread.json") else {
        return;
    };
    let patched = graph.send("PATCH", &item, json!({"isRead": true})).await;
    compare(&patched, &recorded);
    for key in ["@odata.etag", "changeKey", "lastModifiedDateTime"] {
        assert_eq!(
            patched.body[key], created.body[key],
            "{key} must not change with isRead"
        );
    }
    assert_eq!(patched.body["isRead"], true);

    let Some(recorded) = recording("message-delete.json") else {
        return;
    };
    compare(&graph.send("DELETE", &item, Value::Null).await, &recorded);
}

#[tokio::test]
async fn sending_answers_as_recorded() {
    let bed = bed(0).await;
    let graph = graph(&bed).await;
    let Some(recorded) = recording("sendmail-mime.json") else {
        return;
    };
    let mime = recorded["request"]["body_base64_of"]
        .as_str()
        .unwrap()
        .replace("user@example.com", ANNA);
    let sent = graph
        .mime(&format!("/users/{ANNA}/sendMail"), mime.as_bytes())
        .await;
    compare(&sent, &recorded);
    let arrived = graph.arrived("inbox", "Subject").await;
    let Some(recorded) = recording("sendmail-received.json") else {
        return;
    };
    let query = "/?$expand=singleValueExtendedProperties($filter=Id%20eq%20%27LONG%200x0E08%27)&$select=internetMessageHeaders";
    let got = graph
        .get(&format!(
            "/users/{ANNA}/messages/{}{query}",
            arrived["id"].as_str().unwrap()
        ))
        .await;
    compare(&got, &recorded);
    assert_eq!(
        arrived["internetMessageId"],
        "<client-made@host.local.mail>"
    );
    assert_eq!(
        arrived["from"]["emailAddress"],
        json!({"name": "Anna Beispiel", "address": ANNA})
    );
}

#[tokio::test]
async fn errors_have_the_quoted_codes_and_texts() {
    let bed = bed(3).await;
    let graph = bed.graph(ANNA).await;
    let Some(recorded) = recording("errors-from-issues.json") else {
        return;
    };
    let list = recorded["errors"].as_array().unwrap();
    let quoted = |code: &str, part: &str| {
        let found = list.iter().find(|e| {
            e["body"]["error"]["code"] == code && e["call"].as_str().unwrap().contains(part)
        });
        found.unwrap_or_else(|| panic!("no {code} among the recordings"))
    };
    let met = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let same = |said: &Said, code: &str, part: &str| {
        let quoted = quoted(code, part);
        met.borrow_mut().insert(quoted["call"].to_string());
        assert_eq!(
            u64::from(said.status),
            quoted["status"].as_u64().unwrap(),
            "{}",
            said.body
        );
        assert_eq!(said.body["error"]["code"], code);
        if code != "SyncStateNotFound" {
            assert_eq!(
                said.body["error"]["message"],
                quoted["body"]["error"]["message"]
            );
        }
        let inner = said.body["error"]["innerError"].as_object().unwrap();
        assert!(
            ["date", "request-id", "client-request-id"]
                .iter()
                .all(|k| inner.contains_key(*k))
        );
    };
    let id = graph.first_id("inbox").await;
    let inbox = graph.get("/me/mailFolders/inbox").await.text("/id");

    let (_, link) = graph
        .round("/me/mailFolders/inbox/messages/delta?$select=id", 100)
        .await;
    bed.admin(
        "POST",
        "/expire",
        json!({"mailbox": ANNA, "folder": "inbox", "links": "delta"}),
    )
    .await;
    same(&graph.get(&link).await, "SyncStateNotFound", "delta");
    bed.switch("conflict-412", json!(1)).await;
    let mark = json!({"singleValueExtendedProperties": [{"id": "Integer {00062008-0000-0000-c000-000000000046} Id 0x8570", "value": "1"}]});
    same(
        &graph
            .send("PATCH", &format!("/me/messages/{id}"), mark)
            .await,
        "ErrorIrresolvableConflict",
        "PATCH",
    );
    same(
        &graph
            .mime(
                &format!("/me/mailFolders/{inbox}/messages"),
                b"Subject: x\r\n\r\nx\r\n",
            )
            .await,
        "UnableToDeserializePostBody",
        "POST",
    );
    same(
        &graph
            .send(
                "POST",
                "/me/messages",
                json!({"subject": "x", "colour": "red"}),
            )
            .await,
        "UnableToDeserializePostBody",
        "POST",
    );
    same(
        &graph
            .get(&format!(
                "/users/{ANNA}/mailFolders/{inbox}/messages/{id}/$value"
            ))
            .await,
        "ErrorInvalidRequest",
        "$value",
    );
    same(
        &graph
            .mime(
                "/me/sendMail",
                b"To: undisclosed-recipients:;\r\nSubject: x\r\n\r\nx\r\n",
            )
            .await,
        "ErrorInvalidRecipients",
        "sendMail",
    );
    same(
        &graph.get("/me/messages?$select=@removed").await,
        "BadRequest",
        "$select",
    );
    let large = graph
        .send(
            "POST",
            "/me/messages",
            json!({"subject": "x".repeat(5_000_000)}),
        )
        .await;
    same(&large, "BadRequest", "over 4 MB");
    bed.switch("folder-exists-status", json!(400)).await;
    graph
        .send("POST", "/me/mailFolders", json!({"displayName": "X"}))
        .await;
    same(
        &graph
            .send("POST", "/me/mailFolders", json!({"displayName": "X"}))
            .await,
        "ErrorFolderExists",
        "mailFolders",
    );
    bed.switch("throttle-concurrency", json!(0)).await;
    let throttled = graph.get("/me/messages").await;
    same(&throttled, "ApplicationThrottled", "4 concurrent");
    assert_eq!(throttled.header("retry-after"), "1");
    bed.admin("DELETE", "/switch", Value::Null).await;

    bed.switch("delete-to", json!("recoverable")).await;
    assert_eq!(
        graph
            .send("DELETE", &format!("/me/messages/{id}"), Value::Null)
            .await
            .status,
        204
    );
    same(
        &graph
            .send("DELETE", &format!("/me/messages/{id}"), Value::Null)
            .await,
        "ErrorCannotDeleteObject",
        "second DELETE",
    );
    let classic = Graph {
        bed: &bed,
        token: graph.token.clone(),
        immutable: false,
    };
    let old = classic.first_id("inbox").await;
    classic
        .send(
            "POST",
            &format!("/me/messages/{old}/move"),
            json!({"destinationId": "archive"}),
        )
        .await;
    same(
        &classic.get(&format!("/me/messages/{old}")).await,
        "ErrorItemNotFound",
        "after move",
    );
    bed.switch("delete-to", json!("recoverable")).await;
    let last = graph.first_id("inbox").await;
    graph
        .send("DELETE", &format!("/me/messages/{last}"), Value::Null)
        .await;
    let held = classic.first_id("recoverableitemsdeletions").await;
    same(
        &classic
            .send("DELETE", &format!("/me/messages/{held}"), Value::Null)
            .await,
        "ErrorCannotDeleteObject",
        "DELETE in recoverableitemsdeletions",
    );
    let many: Vec<_> = (0x6800..0x6840)
        .map(|tag| format!("id%20eq%20%27Integer%200x{tag:x}%27"))
        .collect();
    let many = many.join("%20or%20");
    let many = format!("/me/messages?$expand=singleValueExtendedProperties($filter={many})");
    same(
        &graph.get(&many).await,
        "ErrorRestrictionTooComplex",
        "expanded properties",
    );
    let all: std::collections::BTreeSet<_> = list.iter().map(|e| e["call"].to_string()).collect();
    assert_eq!(met.into_inner(), all, "every quoted error is compared");
}

/// Each file is compared by one of these tests; a new one must be, too.
#[test]
fn every_recording_is_compared() {
    let Some(dir) = folder() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no recordings beside the checkout"
        );
        eprintln!("SKIPPED: no recordings beside the checkout");
        return;
    };
    let tests = [include_str!("recorded.rs"), include_str!("refusals.rs")].concat();
    for file in std::fs::read_dir(dir).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || tests.contains(&format!("{name}\"")),
            "{name} is compared with nothing"
        );
    }
}
