//! What Graph's query options find, and which it refuses (dossier 02, 03).

use super::bed::{ANNA, BEN, Graph, bed};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

fn subjects(values: &[Value]) -> Vec<String> {
    values
        .iter()
        .map(|v| v["subject"].as_str().unwrap().to_owned())
        .collect()
}

async fn find(graph: &Graph<'_>, query: &str) -> Vec<String> {
    let query = query.replace(' ', "%20").replace('\'', "%27");
    let said = graph.get(&format!("/me/messages?{query}")).await;
    assert_eq!(said.status, 200, "{query}: {}", said.body);
    subjects(said.values())
}

#[tokio::test]
async fn a_search_takes_kql_and_pages_newest_first() {
    let bed = bed(15).await;
    let graph = bed.graph(ANNA).await;
    let other = b"From: Carl <carl@example.org>\r\nTo: anna@example.com\r\nSubject: Invoice 7\r\nDate: Tue, 21 Jan 2025 16:00:00 +0000\r\n\
                  Message-ID: <c@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n";
    let deliver = json!({"mailbox": ANNA, "mime": STANDARD.encode(other)});
    bed.admin("POST", "/deliver", deliver).await;
    assert_eq!(find(&graph, "$search=%22from:carl%22").await, ["Invoice 7"]);
    assert_eq!(
        find(&graph, "$search=%22subject:invoice AND NOT pay%22").await,
        Vec::<String>::new()
    );
    assert_eq!(
        find(&graph, "$search=%22sent>=2025-01-20%22").await,
        ["Invoice 7"]
    );
    assert_eq!(
        find(&graph, "$search=%22%5C%22please pay%5C%22%22").await,
        ["Invoice 7"]
    );
    let page = graph
        .get("/me/messages?$search=%22from:ben%22&$top=10&$select=subject")
        .await;
    assert_eq!(page.values().len(), 10);
    assert_eq!(
        page.values()[0]["subject"],
        "Mail 15",
        "by the time of sending, newest first"
    );
    let next = page.text("/@odata.nextLink");
    assert!(next.contains("$skiptoken="), "{next}");
    assert_eq!(
        subjects(graph.get(&next).await.values()),
        ["Mail 5", "Mail 4", "Mail 3", "Mail 2", "Mail 1"]
    );
    for (query, code) in [
        ("$search=%22a%22&$orderby=subject", "SearchWithOrderBy"),
        ("$search=%22a%22&$filter=isRead eq true", "SearchWithFilter"),
        ("$search=a", "BadRequest"),
        ("$search=%22colour:red%22", "BadRequest"),
    ] {
        let query = query.replace(' ', "%20");
        let said = graph.get(&format!("/me/messages?{query}")).await;
        assert_eq!((said.status, said.code()), (400, code), "{query}");
    }
}

#[tokio::test]
async fn a_filter_is_typed_and_reads_extended_properties() {
    let bed = bed(3).await;
    let graph = bed.graph(ANNA).await;
    let id = graph.first_id("inbox").await;
    let mark = json!({
        "singleValueExtendedProperties": [{"id": "Integer 0x1081", "value": "102"}],
        "multiValueExtendedProperties": [{"id": "STRINGARRAY {00020329-0000-0000-C000-000000000046} Name Keys", "value": ["a", "b"]}],
    });
    assert_eq!(
        graph
            .send("PATCH", &format!("/me/messages/{id}"), mark)
            .await
            .status,
        200
    );
    let ep = |test: &str| {
        format!(
            "$filter=singleValueExtendedProperties/any(ep: ep/id eq 'Integer 0x1081' and {test})"
        )
    };
    for test in [
        "ep/value eq '102'",
        "cast(ep/value, Edm.Int32) gt 101",
        "contains(ep/value,'02')",
    ] {
        assert_eq!(find(&graph, &ep(test)).await.len(), 1, "{test}");
    }
    assert_eq!(
        find(&graph, &ep("cast(ep/value, Edm.Int32) gt 102"))
            .await
            .len(),
        0
    );
    let expand = "$expand=multiValueExtendedProperties($filter=id%20eq%20%27StringArray%20{00020329-0000-0000-c000-000000000046}%20Name%20Keys%27),attachments&$select=subject";
    let said = graph.get(&format!("/me/messages/{id}?{expand}")).await;
    assert_eq!(
        said.body["multiValueExtendedProperties"],
        json!([{"id": "StringArray {00020329-0000-0000-c000-000000000046} Name Keys", "value": ["a", "b"]}])
    );
    assert_eq!(said.body["attachments"], json!([]));
    assert_eq!(
        find(
            &graph,
            "$filter=receivedDateTime ge 2025-01-01T00:00:00Z and isRead eq false&$top=2"
        )
        .await
        .len(),
        2
    );
    for (filter, code) in [
        ("isRead eq 'false'", "BadRequest"),
        ("colour eq 'red'", "BadRequest"),
        ("receivedDateTime ge '2025-01-01'", "BadRequest"),
        (
            "toRecipients/any(r: r/emailAddress/address eq 'x')",
            "ErrorInvalidUrlQueryFilter",
        ),
        ("body/content eq 'x'", "ErrorInvalidUrlQueryFilter"),
    ] {
        let filter = filter.replace(' ', "%20").replace('\'', "%27");
        let said = graph.get(&format!("/me/messages?$filter={filter}")).await;
        assert_eq!((said.status, said.code()), (400, code), "{filter}");
    }
    let count = graph
        .request("GET", "/me/messages/$count")
        .send()
        .await
        .unwrap();
    assert_eq!(count.text().await.unwrap(), "3");
}

#[tokio::test]
async fn a_search_folder_shows_what_lives_elsewhere() {
    let bed = bed(4).await;
    let graph = bed.graph(ANNA).await;
    let inbox = graph.get("/me/mailFolders/inbox").await.text("/id");
    let body = json!({
        "@odata.type": "#microsoft.graph.mailSearchFolder", "displayName": "Unread",
        "includeNestedFolders": true, "sourceFolderIds": [inbox], "filterQuery": "isRead eq false",
    });
    let made = graph.send("POST", "/me/mailFolders", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.text("/id");
    let listed = graph.get("/me/mailFolders?$top=50").await;
    let shown = listed
        .values()
        .iter()
        .find(|f| f["id"] == json!(id))
        .unwrap();
    assert_eq!(shown["@odata.type"], "#microsoft.graph.mailSearchFolder");
    assert_eq!(
        (&shown["totalItemCount"], &shown["filterQuery"]),
        (&json!(4), &json!("isRead eq false"))
    );
    let messages = graph.get(&format!("/me/mailFolders/{id}/messages")).await;
    assert_eq!(messages.values().len(), 4);
    assert!(
        messages
            .values()
            .iter()
            .all(|m| m["parentFolderId"] == json!(inbox))
    );
    let read = messages.values()[0]["id"].as_str().unwrap();
    graph
        .send(
            "PATCH",
            &format!("/me/messages/{read}"),
            json!({"isRead": true}),
        )
        .await;
    assert_eq!(
        graph
            .get(&format!("/me/mailFolders/{id}/messages"))
            .await
            .values()
            .len(),
        3
    );
    let (entries, _) = graph
        .round(&format!("/me/mailFolders/{id}/messages/delta"), 10)
        .await;
    assert!(entries.is_empty(), "its delta is useless");
    let moved = graph
        .send(
            "POST",
            &format!("/me/messages/{read}/move"),
            json!({"destinationId": id}),
        )
        .await;
    assert_eq!(moved.status, 400);
    assert_eq!(
        graph
            .send("POST", "/me/mailFolders", json!({"displayName": "unread"}))
            .await
            .code(),
        "ErrorFolderExists"
    );
    let mut bad = body;
    bad["displayName"] = json!("Bad");
    bad["filterQuery"] = json!("colour eq 1");
    assert_eq!(graph.send("POST", "/me/mailFolders", bad).await.status, 400);
}

#[tokio::test]
async fn folders_keep_extended_properties_and_refuse_unknown_ones() {
    let bed = bed(1).await;
    let graph = bed.graph(BEN).await;
    let class = json!([{"id": "String 0x3613", "value": "IPF.StickyNote"}]);
    let made = graph
        .send(
            "POST",
            "/me/mailFolders",
            json!({"displayName": "Notes", "singleValueExtendedProperties": class}),
        )
        .await;
    let path = format!("/me/mailFolders/{}", made.text("/id"));
    let expand = "$expand=singleValueExtendedProperties($filter=id%20eq%20%27String%200x3613%27%20or%20id%20eq%20%27SystemTime%200x670A%27)";
    let got = graph.get(&format!("{path}?{expand}")).await;
    assert_eq!(
        got.text("/singleValueExtendedProperties/0/value"),
        "IPF.StickyNote"
    );
    assert!(
        got.text("/singleValueExtendedProperties/1/value")
            .ends_with('Z')
    );
    let before = graph.send("PATCH", &path, json!({"singleValueExtendedProperties": [{"id": "String 0x3613", "value": "IPF.Note"}]})).await;
    assert_eq!(
        (before.status, before.text("/displayName")),
        (200, "Notes".to_owned())
    );
    let hidden = graph.send("PATCH", &path, json!({"isHidden": true})).await;
    assert_eq!(
        (hidden.status, &hidden.body["isHidden"]),
        (200, &json!(false)),
        "fixed at creation"
    );
    for body in [
        json!({"colour": "red"}),
        json!({"displayName": 7}),
        json!({"totalItemCount": 3}),
    ] {
        assert_eq!(
            graph.send("PATCH", &path, body).await.code(),
            "UnableToDeserializePostBody"
        );
    }
    assert_eq!(
        graph
            .send(
                "PATCH",
                "/me/mailFolders/inbox",
                json!({"displayName": "X"})
            )
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn every_format_of_an_id_leads_to_the_same_item() {
    let bed = bed(2).await;
    let graph = bed.graph(ANNA).await;
    let start = graph.first_id("inbox").await;
    let translate = async |id: &str, from: &str, to: &str| {
        let body = json!({"inputIds": [id], "sourceIdType": from, "targetIdType": to});
        graph.send("POST", "/me/translateExchangeIds", body).await
    };
    for format in [
        "restId",
        "restImmutableEntryId",
        "ewsId",
        "entryId",
        "immutableEntryId",
    ] {
        let there = translate(&start, "restImmutableEntryId", format)
            .await
            .text("/value/0/targetId");
        let back = translate(&there, format, "restImmutableEntryId").await;
        assert_eq!(back.text("/value/0/targetId"), start, "{format}: {there}");
    }
    let lost = translate("AAMk", "restId", "entryId").await;
    assert_eq!(
        (lost.status, lost.text("/value/0/errorDetails/code")),
        (200, "ErrorInvalidIdMalformed".to_owned())
    );
    assert_eq!(translate(&start, "colour", "restId").await.status, 400);
}

#[tokio::test]
async fn attachments_come_in_three_kinds() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let draft = graph
        .send(
            "POST",
            "/me/messages",
            json!({"subject": "x", "body": {"content": "x"}}),
        )
        .await
        .text("/id");
    let path = format!("/me/messages/{draft}/attachments");
    let item = json!({"@odata.type": "#microsoft.graph.itemAttachment", "name": "Forwarded", "item": {
        "@odata.type": "#microsoft.graph.message", "subject": "Inside", "body": {"content": "Deep"},
    }});
    let item = graph.send("POST", &path, item).await;
    assert_eq!(
        (item.status, item.text("/@odata.type")),
        (201, "#microsoft.graph.itemAttachment".to_owned())
    );
    let link = json!({"@odata.type": "#microsoft.graph.referenceAttachment", "name": "Plan", "sourceUrl": "https://files.example.com/plan"});
    let link = graph.send("POST", &path, link).await;
    assert_eq!(
        (link.status, link.text("/@odata.type")),
        (201, "#microsoft.graph.referenceAttachment".to_owned())
    );
    assert!(link.body.get("contentBytes").is_none());
    let list = graph.get(&path).await;
    let id = |n: usize| list.values()[n]["id"].as_str().unwrap().to_owned();
    let expanded = graph
        .get(&format!(
            "{path}/{}?$expand=microsoft.graph.itemattachment/item",
            id(0)
        ))
        .await;
    assert_eq!(expanded.text("/item/subject"), "Inside");
    let value = graph
        .request("GET", &format!("{path}/{}/$value", id(0)))
        .send()
        .await
        .unwrap();
    assert!(value.text().await.unwrap().contains("Subject: Inside"));
    let value = graph.get(&format!("{path}/{}/$value", id(1))).await;
    assert_eq!((value.status, value.code()), (405, "ErrorInvalidRequest"));
    let slim = graph.get(&format!("{path}?$select=name,size")).await;
    assert!(slim.values()[0].get("isInline").is_none() && slim.values()[0].get("name").is_some());
    assert_eq!(
        graph.get(&format!("{path}?$select=colour")).await.status,
        400
    );
    // Not a folder's item: found through its own folder only.
    assert_eq!(
        graph
            .get(&format!("/me/mailFolders/inbox/messages/{draft}"))
            .await
            .status,
        404
    );
    assert_eq!(
        graph
            .get(&format!("/me/mailFolders/drafts/messages/{draft}"))
            .await
            .status,
        200
    );
}
