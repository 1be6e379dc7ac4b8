//! Several mails with one Message-ID, and copies that a client wrote: a lost answer neither sends twice nor
//! loses anything.

use super::spool::{ANNA, BEN, CARL, HASTY, Post, anna, mail, recipients};
use postern::{
    mail::{AccountName, RemoteId},
    spool::{self, Deliver, Delivered, Report, Wrote},
};
use serde_json::json;
use std::sync::Arc;

fn lost() -> [serde_json::Value; 6] {
    let first = |skip: u64, path: &str, after: bool| json!({"method": "POST", "path": path, "skip": skip, "after": after, "do": "reset"});
    [
        first(0, "/send", true),
        first(1, "/send", true),
        first(0, "/send", false),
        first(1, "/send", false),
        first(0, "/messages", true),
        // The second mail's draft: between them stands the first one's /send.
        first(2, "/messages", true),
    ]
}

/// The same mail to the same person, handed in twice: that is what was asked for.
#[tokio::test]
async fn the_same_mail_twice_arrives_twice_whatever_answer_is_lost() {
    let all = lost().map(|fault| twins(fault, [BEN, BEN]));
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn one_message_id_to_two_people_arrives_at_both() {
    let all = lost().map(|fault| twins(fault, [BEN, CARL]));
    futures_util::future::join_all(all).await;
}

async fn twins(fault: serde_json::Value, people: [&str; 2]) {
    let post = Post::start().await;
    post.switch("sent-ms", json!(400)).await;
    post.fault(fault.clone()).await;
    let message = mail("twins", "To: ben@example.com, carl@example.com", "x\r\n");
    let one = post.submit(&[people[0]], &message).await;
    let two = post.submit(&[people[1]], &message).await;
    post.reaches(one, "sent").await;
    post.reaches(two, "sent").await;
    let accepted = post.accepted().await;
    let all: Vec<_> = accepted.iter().map(|a| recipients(a)[0]).collect();
    assert_eq!(all, people, "{fault}");
    post.faults_are_met(&fault).await;
    post.until_count(ANNA, "sentitems", 2).await;
    post.until_count(ANNA, "drafts", 0).await;
}

/// Knows who wrote what is in the mailbox.
#[derive(Debug)]
struct Knows(Option<bool>);

impl Deliver for Knows {
    fn deliver<'a>(&'a self, _: &'a AccountName, _: &'a Report) -> Delivered<'a> {
        Box::pin(async { Ok(()) })
    }

    fn wrote<'a>(&'a self, _: &'a AccountName, _: &'a RemoteId) -> Wrote<'a> {
        let answer = self.0;
        Box::pin(async move { answer })
    }
}

/// Not sent, nobody said so, and the draft cannot be found. In Sent Items is a copy with its Message-ID,
/// recipients and time: proof only when no client put it there.
#[tokio::test]
async fn a_copy_that_a_client_wrote_proves_nothing() {
    for (wrote, end) in [
        (Some(true), "held"),
        (None, "in doubt"),
        (Some(false), "sent"),
    ] {
        let post = Post::with(spool::Options {
            patience: HASTY,
            deliver: Some(Arc::new(Knows(wrote))),
            ..spool::Options::default()
        })
        .await;
        post.fault(json!({"method": "POST", "path": "/send", "do": "reset"}))
            .await;
        post.fault(
            json!({"method": "GET", "path": "/messages/", "status": 404, "times": 1000,
            "body": {"error": {"code": "ErrorItemNotFound", "message": "Not found."}}}),
        )
        .await;
        let message = mail("copy", "To: ben@example.com", "x\r\n");
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let copy = json!({
            "subject": "about copy", "internetMessageId": "<copy@example.com>",
            "toRecipients": [{"emailAddress": {"address": BEN}}],
            "singleValueExtendedProperties": [
                {"id": "Integer 0x0E07", "value": "1"},
                {"id": "SystemTime 0x0039", "value": now},
            ],
        });
        let folder = RemoteId::new("sentitems");
        let graph = &post.couriers[&anna()].graph;
        graph.create_json(Some(&folder), &copy).await.unwrap();
        let id = post.submit(&[BEN], &message).await;
        post.reaches(id, "in doubt").await;
        if end == "in doubt" {
            // Longer than anything is looked for.
            tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
        }
        post.reaches(id, end).await;
        assert!(post.accepted().await.is_empty());
    }
}
