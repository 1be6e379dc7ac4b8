//! Sending, drafts, attachments.

use super::bed::{ANNA, BEN, SHARED, bed, said};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

async fn raw(graph: &super::bed::Graph<'_>, id: &str) -> String {
    let said = graph
        .request("GET", &format!("/me/messages/{id}/$value"))
        .send()
        .await
        .unwrap();
    String::from_utf8(said.bytes().await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn mail_reaches_the_other_mailbox_and_unknown_addresses_come_back() {
    let bed = bed(0).await;
    let (anna, ben) = (bed.graph(ANNA).await, bed.graph(BEN).await);
    let mime = b"From: anna@example.com\r\nTo: ben@example.com, nobody@example.com\r\nBcc: rechnung@example.com\r\nSubject: Hallo\r\n\
        Date: Tue, 14 Jan 2020 18:11:42 +0200\r\nMessage-ID: <own@example.com>\r\nIn-Reply-To: <old@example.com>\r\nX-Own: kept\r\nAuto-Submitted: auto-generated\r\n\r\nText\r\n";
    assert_eq!(anna.mime("/me/sendMail", mime).await.status, 202);
    let got = ben.arrived("inbox", "Hallo").await;
    assert_eq!(
        (got["isRead"].as_bool(), got["isDraft"].as_bool()),
        (Some(false), Some(false))
    );
    let octets = raw(&ben, got["id"].as_str().unwrap()).await;
    for there in [
        "Message-ID: <own@example.com>",
        "In-Reply-To: <old@example.com>",
        "X-Own: kept",
        "Received: from",
    ] {
        assert!(octets.contains(there), "{there} is missing in {octets}");
    }
    for gone in [
        "Bcc",
        "18:11:42 +0200",
        "Auto-Submitted",
        "rechnung@example.com",
    ] {
        assert!(!octets.contains(gone), "{gone} is still in {octets}");
    }
    let copy = anna.arrived("sentitems", "Hallo").await;
    assert_eq!(copy["bccRecipients"][0]["emailAddress"]["address"], SHARED);
    assert_eq!(copy["isRead"], true);
    let shared = anna
        .get(&format!("/users/{SHARED}/mailFolders/inbox/messages"))
        .await;
    assert_eq!(shared.text("/value/0/subject"), "Hallo");
    let report = anna.arrived("inbox", "Undeliverable: Hallo").await;
    let octets = raw(&anna, report["id"].as_str().unwrap()).await;
    assert!(
        octets.contains("Final-Recipient: rfc822;nobody@example.com")
            && octets.contains("report-type=delivery-status")
    );
    let submissions = bed.admin("GET", "/submissions", Value::Null).await;
    assert_eq!(
        submissions["submissions"][0]["recipients"],
        json!([BEN, "nobody@example.com", SHARED])
    );
}

#[tokio::test]
async fn a_sent_draft_keeps_its_immutable_id() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let draft = graph
        .mime(
            "/me/messages",
            b"To: ben@example.com\r\nSubject: Entwurf\r\nMessage-ID: <d@example.com>\r\n\r\nx\r\n",
        )
        .await;
    let id = draft.text("/id");
    assert_eq!(
        (
            draft.status,
            draft.body["isDraft"].as_bool(),
            draft.body["isRead"].as_bool()
        ),
        (201, Some(true), Some(true))
    );
    let changed = graph
        .send(
            "PATCH",
            &format!("/me/messages/{id}"),
            json!({"subject": "Neu", "ccRecipients": [{"emailAddress": {"address": ANNA}}]}),
        )
        .await;
    assert_eq!(
        (
            changed.text("/subject").as_str(),
            changed.text("/internetMessageId").as_str()
        ),
        ("Neu", "<d@example.com>")
    );
    assert_ne!(changed.text("/changeKey"), draft.text("/changeKey"));
    assert_eq!(
        graph
            .send("POST", &format!("/me/messages/{id}/send"), Value::Null)
            .await
            .status,
        202
    );
    assert_eq!(
        graph.get(&format!("/me/messages/{id}")).await.status,
        404,
        "for a moment"
    );
    let copy = graph.arrived("sentitems", "Neu").await;
    assert_eq!(copy["id"], id.as_str());
    assert_eq!(copy["isDraft"], false);
    graph.arrived("inbox", "Neu").await;
    let again = graph
        .send("POST", &format!("/me/messages/{id}/send"), Value::Null)
        .await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn json_mail_may_name_an_alias_but_no_one_else() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let from = |address: &str| {
        json!({"saveToSentItems": false, "message": {
            "subject": format!("Von {address}"), "body": {"contentType": "html", "content": "<p>Hallo</p>"},
            "from": {"emailAddress": {"address": address}}, "toRecipients": [{"emailAddress": {"address": BEN}}],
            "internetMessageHeaders": [{"name": "x-own", "value": "1"}],
        }})
    };
    assert_eq!(
        graph
            .send("POST", "/me/sendMail", from("a.beispiel@example.com"))
            .await
            .status,
        202
    );
    let denied = graph.send("POST", "/me/sendMail", from(BEN)).await;
    assert_eq!((denied.status, denied.code()), (403, "ErrorSendAsDenied"));
    let ben = bed.graph(BEN).await;
    let got = ben.arrived("inbox", "Von a.beispiel@example.com").await;
    assert_eq!(
        got["from"]["emailAddress"]["address"],
        "a.beispiel@example.com"
    );
    assert_eq!(got["body"]["contentType"], "html");
    let mime = b"From: a.beispiel@example.com\r\nTo: ben@example.com\r\nSubject: Mime\r\n\r\nx\r\n";
    graph.mime("/me/sendMail", mime).await;
    assert_eq!(
        ben.arrived("inbox", "Mime").await["from"]["emailAddress"]["address"],
        ANNA,
        "MIME may not name an alias"
    );
    assert!(graph.get("/me/mailFolders/sentitems/messages?$filter=subject%20eq%20'Von%20a.beispiel@example.com'").await.values().is_empty());
}

#[tokio::test]
async fn json_makes_items_that_are_no_drafts() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let body = json!({
        "subject": "Importiert", "body": {"contentType": "text", "content": "x"}, "receivedDateTime": "2001-01-01T00:00:00Z",
        "singleValueExtendedProperties": [
            {"id": "Integer 0x0E07", "value": "4"}, {"id": "SystemTime 0x0E06", "value": "2020-02-03T04:05:06Z"},
            {"id": "SystemTime 0x0039", "value": "2020-02-03T04:05:00Z"}, {"id": "String 0x1042", "value": "<p@example.com>"},
        ],
    });
    let made = graph
        .send("POST", "/me/mailFolders/archive/messages", body)
        .await;
    assert_eq!(made.body["isDraft"], false);
    assert_eq!(
        (made.text("/receivedDateTime"), made.text("/sentDateTime")),
        ("2020-02-03T04:05:06Z".into(), "2020-02-03T04:05:00Z".into())
    );
    let item = format!("/me/messages/{}", made.text("/id"));
    let patch = json!({"singleValueExtendedProperties": [{"id": "Integer 0x0E07", "value": "8"}, {"id": "Integer 0x1081", "value": "102"}]});
    graph.send("PATCH", &item, patch).await;
    let expand = "$expand=singleValueExtendedProperties($filter=id%20eq%20'Integer%200x1081'%20or%20id%20eq%20'Integer%200x0E07'%20or%20id%20eq%20'String%200x1042'%20or%20id%20eq%20'String%200x0C1A')";
    let got = graph.get(&format!("{item}?{expand}")).await;
    assert_eq!(
        got.body["singleValueExtendedProperties"],
        json!([{"id": "Integer 0x1081", "value": "102"}, {"id": "Integer 0xe07", "value": "3"}, {"id": "String 0x1042", "value": "<p@example.com>"}])
    );
}

#[tokio::test]
async fn a_copy_is_a_new_item_and_stays_when_the_first_is_deleted_for_good() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let id = graph.first_id("inbox").await;
    let copy = graph
        .send(
            "POST",
            &format!("/me/messages/{id}/copy"),
            json!({"destinationId": "archive"}),
        )
        .await;
    assert_eq!(copy.status, 201);
    assert_ne!(copy.text("/id"), id);
    assert_eq!(
        graph
            .send(
                "POST",
                &format!("/me/messages/{id}/permanentDelete"),
                Value::Null
            )
            .await
            .status,
        204
    );
    assert_eq!(graph.get(&format!("/me/messages/{id}")).await.status, 404);
    assert_eq!(
        raw(&graph, &copy.text("/id")).await.as_bytes(),
        super::bed::mail(1)
    );
    let trashed = graph
        .send(
            "DELETE",
            &format!("/me/messages/{}", copy.text("/id")),
            Value::Null,
        )
        .await;
    assert_eq!(trashed.status, 204);
    let trash = graph.get("/me/mailFolders/deleteditems").await.text("/id");
    assert_eq!(
        graph
            .get(&format!("/me/messages/{}", copy.text("/id")))
            .await
            .text("/parentFolderId"),
        trash
    );
    let stale = graph
        .request("PATCH", &format!("/me/messages/{}", copy.text("/id")))
        .header("If-Match", "W/\"old\"");
    let stale = said(stale.json(&json!({"isRead": true})).send().await.unwrap()).await;
    assert_eq!(
        (stale.status, stale.code()),
        (412, "ErrorIrresolvableConflict")
    );
}

#[tokio::test]
async fn attachments_are_added_small_and_large() {
    let bed = bed(0).await;
    let graph = bed.graph(ANNA).await;
    let draft = graph
        .send(
            "POST",
            "/me/messages",
            json!({"subject": "Anhang", "toRecipients": [{"emailAddress": {"address": BEN}}]}),
        )
        .await;
    let item = format!("/me/messages/{}", draft.text("/id"));
    let small = json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "klein.txt", "contentType": "text/plain", "contentBytes": STANDARD.encode("klein")});
    let added = graph
        .send("POST", &format!("{item}/attachments"), small)
        .await;
    assert_eq!(
        (added.status, added.text("/name").as_str()),
        (201, "klein.txt")
    );
    let large: Vec<u8> = (0..3_500_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let session = json!({"AttachmentItem": {"attachmentType": "file", "name": "gross.bin", "size": large.len(), "contentType": "application/octet-stream"}});
    let session = graph
        .send(
            "POST",
            &format!("{item}/attachments/createUploadSession"),
            session,
        )
        .await;
    let url = session.text("/uploadUrl");
    assert!(!url.starts_with(&bed.graph), "uploads go to another origin");
    let (first, rest) = large.split_at(2_000_000);
    let put = async |octets: &[u8], from: usize| {
        let range = format!("bytes {from}-{}/{}", from + octets.len() - 1, large.len());
        said(
            bed.http
                .put(&url)
                .header("Content-Range", range)
                .body(octets.to_vec())
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    assert_eq!(put(rest, 2_000_000).await.status, 416);
    assert_eq!(
        put(first, 0).await.body["nextExpectedRanges"],
        json!(["2000000"])
    );
    let done = put(rest, 2_000_000).await;
    assert_eq!(done.status, 201);
    assert!(done.header("location").contains("/Attachments('"));
    let listed = graph
        .get(&format!("{item}/attachments?$select=id,name,size"))
        .await;
    let names: Vec<_> = listed
        .values()
        .iter()
        .map(|a| a["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["klein.txt", "gross.bin"]);
    let value = graph
        .request(
            "GET",
            &format!("{item}/attachments/{}/$value", listed.text("/value/1/id")),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(value.bytes().await.unwrap(), large);
    assert_eq!(graph.get(&item).await.body["hasAttachments"], true);
    let expand = "$expand=singleValueExtendedProperties($filter=id%20eq%20'Integer%200x0E08')";
    let size = graph
        .get(&format!("{item}?{expand}"))
        .await
        .text("/singleValueExtendedProperties/0/value");
    let size: usize = size.parse().unwrap();
    let mime = graph
        .request("GET", &format!("{item}/$value"))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .len();
    assert!(
        large.len() < size && size < mime,
        "the store counts decoded files: {size}, MIME {mime}"
    );
}
