//! Delta of messages and folders, and the surprises that switches bring.

use super::bed::{ANNA, Bed, Graph, bed, ids, is_removed, mail};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::time::Instant;

const DELTA: &str = "/me/mailFolders/inbox/messages/delta?$select=subject,isRead,parentFolderId";

async fn deliver(bed: &Bed, n: usize) -> String {
    let body = json!({"mailbox": ANNA, "mime": STANDARD.encode(mail(n))});
    bed.admin("POST", "/deliver", body).await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn item(bed: &Bed, id: &str, change: Value) {
    let mut body = json!({"mailbox": ANNA, "item": id});
    body.as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    bed.admin("POST", "/item", body).await;
}

#[tokio::test]
async fn a_first_round_tells_everything_and_the_next_only_changes() {
    let bed = bed(25).await;
    let graph = bed.graph(ANNA).await;
    let (entries, link) = graph.round(DELTA, 10).await;
    assert_eq!(entries.len(), 25);
    let keys: Vec<_> = entries[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "@odata.type",
            "@odata.etag",
            "id",
            "subject",
            "parentFolderId",
            "isRead"
        ]
    );
    assert!(
        link.contains("/v1.0/me/mailFolders('") && link.contains("/messages/delta?$deltatoken="),
        "{link}"
    );
    let (none, link) = graph.round(&link, 10).await;
    assert!(none.is_empty());
    let all = ids(&entries);
    graph
        .send(
            "PATCH",
            &format!("/me/messages/{}", all[0]),
            json!({"isRead": true}),
        )
        .await;
    graph
        .send(
            "PATCH",
            &format!("/me/messages/{}", all[1]),
            json!({"flag": {"flagStatus": "flagged"}}),
        )
        .await;
    let new = deliver(&bed, 99).await;
    graph
        .send(
            "POST",
            &format!("/me/messages/{}/permanentDelete", all[2]),
            Value::Null,
        )
        .await;
    graph
        .send(
            "POST",
            &format!("/me/messages/{}/move", all[3]),
            json!({"destinationId": "archive"}),
        )
        .await;
    let (changes, link) = graph.round(&link, 10).await;
    assert_eq!(
        ids(&changes),
        [&all[0], &all[1], &new, &all[2], &all[3]].map(Clone::clone)
    );
    let keys: Vec<_> = changes[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "@odata.type",
            "@odata.etag",
            "id",
            "isRead",
            "parentFolderId"
        ]
    );
    assert_eq!(changes[1]["subject"], "Mail 2");
    assert_eq!(
        changes[3],
        json!({"@odata.type": "#microsoft.graph.message", "id": all[2], "@removed": {"reason": "deleted"}})
    );
    assert!(is_removed(&changes[4]), "a move looks like a deletion");
    let archive = graph
        .round("/me/mailFolders/archive/messages/delta", 10)
        .await
        .0;
    assert_eq!(ids(&archive), [all[3].clone()]);
    assert!(graph.round(&link, 10).await.0.is_empty());
    let spelled = graph
        .get("/me/mailFolders('inbox')/messages/delta()?$select=id")
        .await;
    assert_eq!((spelled.status, spelled.values().len()), (200, 10));
}

#[tokio::test]
async fn read_states_are_told_only_where_they_are_selected() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let (_, blind) = graph
        .round("/me/mailFolders/inbox/messages/delta?$select=subject", 10)
        .await;
    let (entries, seeing) = graph.round(DELTA, 10).await;
    item(&bed, &ids(&entries)[0], json!({"read": true})).await;
    assert!(graph.round(&blind, 10).await.0.is_empty());
    assert_eq!(graph.round(&seeing, 10).await.0.len(), 1);
    bed.switch("delta-partial-read", json!(false)).await;
    assert_eq!(graph.round(&seeing, 10).await.0[0]["subject"], "Mail 1");
}

#[tokio::test]
async fn an_item_that_left_and_returned_is_lost_with_immutable_ids_only() {
    let bed = bed(2).await;
    let graph = bed.graph(ANNA).await;
    let classic = Graph {
        bed: &bed,
        token: graph.token.clone(),
        immutable: false,
    };
    let (entries, link) = graph.round(DELTA, 10).await;
    let (before, classic_link) = classic.round(DELTA, 10).await;
    let id = ids(&entries)[0].clone();
    item(&bed, &id, json!({"move": "archive"})).await;
    item(&bed, &id, json!({"move": "inbox"})).await;
    let (changes, link) = graph.round(&link, 10).await;
    assert_eq!(
        (changes.len(), is_removed(&changes[0])),
        (1, true),
        "{changes:?}"
    );
    assert_eq!(
        graph.get(&format!("/me/messages/{id}")).await.status,
        200,
        "it is there all the same"
    );
    let (by_classic, _) = classic.round(&classic_link, 10).await;
    assert_eq!(by_classic.len(), 2);
    assert!(is_removed(&by_classic[0]) && ids(&by_classic)[0] == ids(&before)[0]);
    assert!(!is_removed(&by_classic[1]) && ids(&by_classic)[1] != ids(&before)[0]);
    assert_eq!(
        graph.round(DELTA, 10).await.0.len(),
        2,
        "a first round tells it"
    );
    item(&bed, &id, json!({"touch": true})).await;
    let (touched, _) = graph.round(&link, 10).await;
    assert_eq!(ids(&touched), [id]);
}

#[tokio::test]
async fn links_die() {
    let bed = bed(5).await;
    let graph = bed.graph(ANNA).await;
    let first = graph
        .request("GET", DELTA)
        .header("Prefer", "odata.maxpagesize=2");
    let first = super::bed::said(first.send().await.unwrap()).await;
    let next = first.text("/@odata.nextLink");
    let (_, delta) = graph.round(DELTA, 10).await;
    let (_, tree) = graph.round("/me/mailFolders/delta", 50).await;
    bed.admin(
        "POST",
        "/expire",
        json!({"mailbox": ANNA, "folder": "inbox", "links": "next"}),
    )
    .await;
    let dead = graph.get(&next).await;
    assert_eq!((dead.status, dead.code()), (410, "SyncStateNotFound"));
    assert_eq!(graph.get(&delta).await.status, 200);
    bed.admin("POST", "/expire", json!({"mailbox": ANNA})).await;
    assert_eq!(graph.get(&delta).await.status, 410);
    assert_eq!(graph.get(&tree).await.status, 410);
    let (again, delta) = graph.round(DELTA, 2).await;
    assert_eq!(again.len(), 5);
    assert_eq!(graph.get(&delta).await.status, 200);
    assert_eq!(
        graph
            .get("/me/mailFolders/inbox/messages/delta?$deltatoken=latest")
            .await
            .status,
        400
    );
    bed.switch("delta-id-format-strict", json!(true)).await;
    let classic = Graph {
        bed: &bed,
        token: graph.token.clone(),
        immutable: false,
    };
    assert_eq!(classic.get(&delta).await.code(), "SyncStateInvalid");
}

#[tokio::test]
async fn rounds_repeat_themselves_and_tell_of_strangers() {
    let bed = bed(4).await;
    let graph = bed.graph(ANNA).await;
    bed.switch("delta-empty-page", json!(1)).await;
    let empty = graph.get(DELTA).await;
    assert!(empty.values().is_empty() && empty.body.get("@odata.nextLink").is_some());
    let (entries, link) = graph.round(&empty.text("/@odata.nextLink"), 10).await;
    assert_eq!(entries.len(), 4);
    bed.switch("delta-tombstones", json!(1)).await;
    let (strange, _) = graph.round(&link, 10).await;
    assert!(
        strange.len() == 1 && is_removed(&strange[0]) && !ids(&entries).contains(&ids(&strange)[0])
    );
    bed.switch("delta-replay", json!(2)).await;
    assert_eq!(ids(&graph.round(&link, 10).await.0), ids(&entries)[2..]);
    bed.switch("delta-duplicates", json!(true)).await;
    let doubled = graph.get(&link).await;
    assert_eq!(doubled.values().len(), 4);
    bed.admin("DELETE", "/switch", Value::Null).await;
    let expand = "/me/mailFolders/inbox/messages/delta?$select=id&$expand=singleValueExtendedProperties($filter=id%20eq%20'Integer%200x0E08')";
    assert!(
        graph.round(expand, 10).await.0[0]
            .get("singleValueExtendedProperties")
            .is_none()
    );
    bed.switch("delta-expand", json!(true)).await;
    assert_eq!(
        graph.round(expand, 10).await.0[0]["singleValueExtendedProperties"][0]["id"],
        "Integer 0xe08"
    );
}

#[tokio::test]
async fn the_folder_delta_is_the_whole_tree_without_its_root() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    bed.admin(
        "POST",
        "/folder",
        json!({"mailbox": ANNA, "create": ["inbox", "Projekte", "A/B & Ü 🎉"]}),
    )
    .await;
    bed.admin(
        "POST",
        "/folder",
        json!({"mailbox": ANNA, "create": ["Versteckt"], "hidden": true}),
    )
    .await;
    let (entries, link) = graph.round("/me/mailFolders/delta", 3).await;
    let mut names: Vec<_> = entries
        .iter()
        .map(|f| f["displayName"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(
        names,
        [
            "A/B & Ü 🎉",
            "Archiv",
            "Entwürfe",
            "Gelöschte Elemente",
            "Gesendete Elemente",
            "Junk-E-Mail",
            "Postausgang",
            "Posteingang",
            "Projekte"
        ]
    );
    assert!(entries.iter().all(|f| f.get("wellKnownName").is_none()));
    let root = graph.get("/me/mailFolders/msgfolderroot").await.text("/id");
    assert!(!ids(&entries).contains(&root));
    assert!(entries.iter().any(|f| f["parentFolderId"] == root.as_str()));
    deliver(&bed, 7).await;
    let (counts, link) = graph.round(&link, 10).await;
    assert_eq!(
        (counts.len(), counts[0]["totalItemCount"].as_u64()),
        (1, Some(2))
    );
    bed.switch("folder-delta-counts", json!(false)).await;
    deliver(&bed, 8).await;
    let (none, link) = graph.round(&link, 10).await;
    assert!(none.is_empty());
    bed.admin(
        "POST",
        "/folder",
        json!({"mailbox": ANNA, "folder": ["inbox", "Projekte"], "rename": "Neu"}),
    )
    .await;
    let (renamed, link) = graph.round(&link, 10).await;
    assert_eq!(
        (renamed.len(), renamed[0]["displayName"].as_str()),
        (1, Some("Neu"))
    );
    bed.admin(
        "POST",
        "/folder",
        json!({"mailbox": ANNA, "folder": ["inbox", "Neu"], "delete": true}),
    )
    .await;
    let (gone, _) = graph.round(&link, 10).await;
    assert_eq!(
        (gone.len(), gone.iter().all(is_removed)),
        (2, true),
        "{gone:?}"
    );
    assert_eq!(
        graph.get("/me/mailFolders/clutter").await.code(),
        "ErrorItemNotFound"
    );
    assert_eq!(
        graph.get("/me/mailFolders/nonsense").await.code(),
        "ErrorInvalidIdMalformed"
    );
}

#[tokio::test]
async fn default_folders_resist_and_deleted_ones_go_to_the_deleted_items() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let inbox = graph
        .send("DELETE", "/me/mailFolders/inbox", Value::Null)
        .await;
    assert_eq!(
        (inbox.status, inbox.code()),
        (403, "ErrorDeleteDistinguishedFolder")
    );
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
    let a = graph
        .send("POST", "/me/mailFolders", json!({"displayName": "A"}))
        .await
        .text("/id");
    let clash = graph
        .send("POST", "/me/mailFolders", json!({"displayName": "a"}))
        .await;
    assert_eq!((clash.status, clash.code()), (409, "ErrorFolderExists"));
    let copy = graph
        .send(
            "POST",
            "/me/mailFolders/inbox/copy",
            json!({"destinationId": a}),
        )
        .await;
    assert_eq!(
        (copy.status, copy.body["totalItemCount"].as_u64()),
        (201, Some(1))
    );
    let into_itself = graph
        .send(
            "POST",
            &format!("/me/mailFolders/{a}/move"),
            json!({"destinationId": copy.text("/id")}),
        )
        .await;
    assert_eq!(into_itself.status, 400);
    assert_eq!(
        graph
            .send("DELETE", &format!("/me/mailFolders/{a}"), Value::Null)
            .await
            .status,
        204
    );
    let trash = graph.get("/me/mailFolders/deleteditems").await.text("/id");
    assert_eq!(
        graph
            .get(&format!("/me/mailFolders/{a}"))
            .await
            .text("/parentFolderId"),
        trash
    );
    assert_eq!(
        graph
            .send("DELETE", &format!("/me/mailFolders/{a}"), Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(graph.get(&format!("/me/mailFolders/{a}")).await.status, 404);
}

#[tokio::test]
async fn both_spellings_of_an_id_work_in_any_request() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let immutable = graph.first_id("inbox").await;
    let classic = Graph {
        bed: &bed,
        token: graph.token.clone(),
        immutable: false,
    };
    let other = classic.first_id("inbox").await;
    assert_eq!((immutable.len(), other.len()), (68, 152));
    for id in [&immutable, &other, &other.replace('=', "%3D")] {
        let said = graph.get(&format!("/me/messages/{id}")).await;
        assert_eq!(said.text("/id"), immutable);
        assert_eq!(said.header("preference-applied"), "IdType=ImmutableId");
    }
    let body = json!({"inputIds": [other], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"});
    assert_eq!(
        graph
            .send("POST", "/me/translateExchangeIds", body)
            .await
            .text("/value/0/targetId"),
        immutable
    );
    let moved = classic
        .send(
            "POST",
            &format!("/me/messages/{other}/move"),
            json!({"destinationId": "archive"}),
        )
        .await;
    assert_ne!(moved.text("/id"), other);
    assert_eq!(
        graph.get(&format!("/me/messages/{immutable}")).await.status,
        200
    );
    assert_eq!(
        classic.get(&format!("/me/messages/{other}")).await.status,
        404
    );
}

#[tokio::test]
async fn a_message_id_names_the_item_in_the_inbox_unless_a_folder_is_said() {
    let bed = bed(1).await;
    let graph = bed.graph(ANNA).await;
    let inbox = graph.first_id("inbox").await;
    for _ in 0..3 {
        let copy = json!({"mailbox": ANNA, "folder": "archive", "mime": STANDARD.encode(mail(1))});
        bed.admin("POST", "/deliver", copy).await;
    }
    item(&bed, "<mail-1@example.org>", json!({"read": true})).await;
    assert_eq!(
        graph.get(&format!("/me/messages/{inbox}")).await.body["isRead"],
        true
    );
    item(
        &bed,
        "<mail-1@example.org>",
        json!({"in": "archive", "delete": true}),
    )
    .await;
    assert_eq!(
        graph.get("/me/mailFolders/archive").await.body["totalItemCount"],
        2
    );
    assert_eq!(
        graph.get(&format!("/me/messages/{inbox}")).await.status,
        200
    );
}

#[tokio::test]
async fn fifty_thousand_messages_stay_fast() {
    let bed = bed(50_000).await;
    let graph = bed.graph(ANNA).await;
    let mut link = DELTA.to_owned();
    let mut times = Vec::new();
    let mut told = 0;
    for _ in 0..60 {
        let begun = Instant::now();
        let request = graph
            .request("GET", &link)
            .header("Prefer", "odata.maxpagesize=1000");
        let said = super::bed::said(request.send().await.unwrap()).await;
        times.push(begun.elapsed());
        told += said.values().len();
        match said.body.get("@odata.nextLink") {
            Some(next) => link = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(told, 50_000);
    let half = times.len() / 2;
    let sum = |part: &[std::time::Duration]| part.iter().sum::<std::time::Duration>();
    let (first, second) = (sum(&times[..half]), sum(&times[half..]));
    eprintln!(
        "50,000 messages in {} pages: {:?}",
        times.len(),
        first + second
    );
    assert!(
        second < first * 3,
        "later pages must not cost more: {first:?}, then {second:?}"
    );
}
