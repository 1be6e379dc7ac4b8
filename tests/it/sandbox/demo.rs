//! The demo's tenant as the service would show it: every mail of it is listed and rendered.

use super::bed::{ANNA, BEN, SHARED, said, start_as};
use postern::sandbox::{Seeding, seed};
use serde_json::json;

const NOW: i64 = 1_780_000_000;

#[tokio::test]
async fn every_mail_of_the_demo_is_listed_and_rendered_the_same_twice() {
    let tenant = seed::demo(NOW);
    let sown: usize = tenant
        .users
        .iter()
        .flat_map(|u| &u.folders)
        .map(|f| f.messages.len())
        .sum();
    let client = tenant.client_id.clone();
    let bed = start_as(tenant, false, Seeding::Regenerated).await;
    let mut seen = 0;
    for (user, mailbox) in [(ANNA, ANNA), (BEN, BEN), (ANNA, SHARED)] {
        let graph = bed.graph_as(user, &client).await;
        let base = format!("/users/{mailbox}");
        let (folders, _) = graph
            .round(
                &format!("{base}/mailFolders/delta?includeHiddenFolders=true"),
                100,
            )
            .await;
        let mut known = std::collections::BTreeSet::new();
        for folder in folders
            .iter()
            .filter(|f| known.insert(f["id"].as_str().unwrap()))
        {
            let path = format!(
                "{base}/mailFolders/{}/messages?$top=1000",
                folder["id"].as_str().unwrap()
            );
            let listed = graph.get(&path).await;
            assert_eq!(listed.status, 200, "{}", listed.body);
            assert_eq!(
                Some(listed.values().len() as u64),
                folder["totalItemCount"].as_u64()
            );
            for message in listed.values() {
                let id = message["id"].as_str().unwrap();
                let value = async || {
                    let said = graph
                        .request("GET", &format!("{base}/messages/{id}/$value"))
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(said.status(), 200);
                    said.bytes().await.unwrap()
                };
                let first = value().await;
                assert!(
                    first.windows(4).any(|w| w == b"\r\n\r\n"),
                    "{} has no header block",
                    message["subject"]
                );
                assert_eq!(first, value().await, "{}", message["subject"]);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, sown);
    assert!(seen > 200, "a few hundred mails, not {seen}");
}

#[tokio::test]
async fn a_draft_is_rendered_as_recorded() {
    let Some(recorded) = super::recorded::recording("message-mime.json") else {
        return;
    };
    let Some(request) = super::recorded::recording("message-create.json") else {
        return;
    };
    let tenant = seed::mailbox_of(Vec::new(), NOW);
    let client = tenant.client_id.clone();
    let bed = start_as(tenant, false, Seeding::Regenerated).await;
    let graph = bed.graph_as(ANNA, &client).await;
    let made = graph
        .send("POST", "/me/messages", request["request"]["body"].clone())
        .await;
    let value = graph
        .request("GET", &format!("/me/messages/{}/$value", made.text("/id")))
        .send()
        .await
        .unwrap();
    let ours = value.text().await.unwrap();
    let names = |mime: &str| -> Vec<String> {
        let head = mime
            .split("\r\n\r\n")
            .next()
            .unwrap()
            .replace("\r\n\t", " ")
            .replace("\r\n ", " ");
        head.split("\r\n")
            .map(|l| l.split(':').next().unwrap().to_owned())
            .collect()
    };
    let theirs = recorded["response"]["body_text"].as_str().unwrap();
    assert_eq!(names(&ours), names(theirs), "{ours}");
    assert!(ours.ends_with("\r\n\r\nTest email\r\n"));
    for same in [
        "From: \"from@example.com\" <from@example.com>",
        "Content-Type: text/plain; charset=\"us-ascii\"",
        "Thread-Topic: Subject",
    ] {
        assert!(
            ours.contains(same) && theirs.contains(same),
            "{same}: {ours}"
        );
    }
    assert!(
        ours.contains(&format!("\t{}\r\n", made.text("/internetMessageId"))),
        "{ours}"
    );
}

#[tokio::test]
async fn a_large_mailbox_is_made_of_short_mails() {
    let tenant = seed::large(1000, NOW);
    let client = tenant.client_id.clone();
    let bed = start_as(tenant, false, Seeding::Regenerated).await;
    let graph = bed.graph_as(ANNA, &client).await;
    let inbox = said(
        graph
            .request("GET", "/me/mailFolders/inbox")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(inbox.body["totalItemCount"], json!(1000));
}
