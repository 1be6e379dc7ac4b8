//! Mail that Graph does not take at once: nothing is retried for ever in silence, nothing overtakes,
//! and a strange draft is nobody's to move.

use super::spool::{ANNA, BEN, CARL, HASTY, Post, mail, recipients};
use postern::spool::{self, Patience};
use serde_json::json;
use std::time::Duration;

fn short(give_up: u64) -> spool::Options {
    spool::Options {
        patience: Patience { give_up, ..HASTY },
        ..spool::Options::default()
    }
}

#[tokio::test]
async fn a_lasting_refusal_of_access_comes_back_in_the_end() {
    let post = Post::with(short(1_500)).await;
    post.fault(
        json!({"method": "POST", "path": "/send", "status": 403, "times": 1000,
        "body": {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}}),
    )
    .await;
    let message = mail("denied", "To: ben@example.com", "x\r\n");
    let id = post.submit(&[BEN], &message).await;
    post.reaches(id, "held").await;
    post.reaches(id, "failed").await;
    post.until_count(ANNA, "inbox", 1).await;
    let report = post.newest(ANNA).await;
    assert!(
        report.contains("Not sent: about denied") && report.contains("ErrorAccessDenied"),
        "{report}"
    );
    assert!(post.accepted().await.is_empty());
    post.until_count(ANNA, "drafts", 0).await;
    assert!(post.files().is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_at_for_long_is_held_and_reported() {
    let post = Post::with(short(1_500)).await;
    post.fault(json!({"method": "POST", "path": "/send", "after": true, "do": "reset"}))
        .await;
    post.fault(
        json!({"method": "GET", "path": "/messages/", "status": 403, "times": 1000,
        "body": {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}}),
    )
    .await;
    let message = mail("unseen", "To: ben@example.com", "x\r\n");
    let id = post.submit(&[BEN], &message).await;
    post.reaches(id, "held").await;
    post.until_count(ANNA, "inbox", 1).await;
    assert!(post.newest(ANNA).await.contains("Perhaps not sent"));
    assert_eq!(post.accepted().await.len(), 1);
    assert_eq!(post.files().len(), 1);
}

#[tokio::test]
async fn a_later_mail_of_the_same_sender_does_not_overtake() {
    let post = Post::start().await;
    post.fault(
        json!({"method": "POST", "path": "/send", "status": 429, "times": 1,
        "headers": {"Retry-After": "2"}}),
    )
    .await;
    let mut ids = Vec::new();
    for name in ["first", "second", "third"] {
        let message = mail(name, "To: ben@example.com", "x\r\n");
        ids.push(post.submit(&[BEN], &message).await);
    }
    for id in ids {
        post.reaches(id, "sent").await;
    }
    let accepted = post.accepted().await;
    let order: Vec<_> = accepted.iter().map(|a| &a["message_id"]).collect();
    assert_eq!(
        order,
        [
            "<first@example.com>",
            "<second@example.com>",
            "<third@example.com>"
        ]
    );
}

/// A computer without a network: order is kept for as long as that lasts, and the next mail is reason to try again.
#[tokio::test]
async fn while_nothing_can_be_reached_nothing_overtakes() {
    let mut post = Post::start().await;
    let anna = super::spool::anna();
    let patience = Patience {
        order: 1,
        pauses: (60_000, 60_000),
        ..HASTY
    };
    let there = post.couriers[&anna].graph.clone();
    post.couriers.get_mut(&anna).unwrap().graph = post.unreachable.clone();
    post.restart_with(patience).await;
    let mut ids = Vec::new();
    for name in ["first", "second"] {
        let message = mail(name, "To: ben@example.com", "x\r\n");
        ids.push(post.submit(&[BEN], &message).await);
        post.reaches(ids[0], "deferred").await;
    }
    let attempts = |row: Option<postern::store::spool::Submission>| row.unwrap().progress.attempts;
    let begun = std::time::Instant::now();
    // The second one made the first one try again, and was not tried itself.
    while attempts(post.store.submission(ids[0].0).await.unwrap()) < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    post.reaches(ids[0], "deferred").await;
    assert_eq!(post.state(ids[1]).await, "queued");
    assert_eq!(attempts(post.store.submission(ids[1].0).await.unwrap()), 0);
    post.couriers.get_mut(&anna).unwrap().graph = there;
    post.restart_with(patience).await;
    let third = mail("third", "To: ben@example.com", "x\r\n");
    ids.push(post.submit(&[BEN], &third).await);
    for id in ids {
        post.reaches(id, "sent").await;
    }
    let accepted = post.accepted().await;
    let order: Vec<_> = accepted.iter().map(|a| &a["message_id"]).collect();
    assert_eq!(
        order,
        [
            "<first@example.com>",
            "<second@example.com>",
            "<third@example.com>"
        ]
    );
}

#[tokio::test]
async fn what_stays_stuck_holds_others_back_for_a_while_only() {
    let patience = Patience {
        order: 1_000,
        pauses: (20_000, 30_000),
        ..HASTY
    };
    let post = Post::with(spool::Options {
        patience,
        ..spool::Options::default()
    })
    .await;
    post.fault(
        json!({"method": "POST", "path": "/send", "status": 412, "times": 1,
        "body": {"error": {"code": "ErrorIrresolvableConflict", "message": "Changed."}}}),
    )
    .await;
    let stuck = mail("stuck", "To: ben@example.com", "x\r\n");
    let stuck = post.submit(&[BEN], &stuck).await;
    post.reaches(stuck, "deferred").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let next = mail("next", "To: ben@example.com", "x\r\n");
    let next = post.submit(&[BEN], &next).await;
    post.reaches(next, "sent").await;
    assert_eq!(post.state(stuck).await, "deferred");
}

#[tokio::test]
async fn a_draft_with_another_subject_is_left_alone() {
    let post = Post::start().await;
    let route = &post.couriers[&super::spool::anna()];
    let other = mail("orphan", "To: ben@example.com", "x\r\n");
    let other = String::from_utf8(other).unwrap();
    let other = other.replace("Subject: about orphan", "Subject: a client's own");
    route
        .graph
        .create_draft_mime(other.as_bytes())
        .await
        .unwrap();
    post.fault(json!({"method": "POST", "path": "/messages", "after": true, "do": "reset"}))
        .await;
    let message = mail("orphan", "To: ben@example.com", "x\r\n");
    let id = post.submit(&[BEN], &message).await;
    post.reaches(id, "sent").await;
    assert_eq!(post.accepted().await.len(), 1);
    let left = post.folder(ANNA, "drafts").await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["subject"], "a client's own");
}

#[tokio::test]
async fn two_drafts_alike_are_left_and_the_sender_is_told() {
    let post = Post::start().await;
    let message = mail("alike", "To: ben@example.com", "x\r\n");
    let route = &post.couriers[&super::spool::anna()];
    route.graph.create_draft_mime(&message).await.unwrap();
    post.fault(json!({"method": "POST", "path": "/messages", "after": true, "do": "reset"}))
        .await;
    let id = post.submit(&[BEN], &message).await;
    post.reaches(id, "held").await;
    post.until_count(ANNA, "inbox", 1).await;
    assert!(post.newest(ANNA).await.contains("2 drafts in Drafts"));
    assert_eq!(post.folder(ANNA, "drafts").await.len(), 2);
    assert!(post.accepted().await.is_empty());
}

/// As programs do that hand in a transaction for each recipient: a lost answer costs nobody the mail.
#[tokio::test]
async fn one_message_id_to_several_people_and_a_lost_answer() {
    for fault in [
        json!({"method": "POST", "path": "/send", "skip": 1, "after": true, "do": "reset"}),
        json!({"method": "POST", "path": "/messages", "skip": 2, "after": true, "do": "reset"}),
    ] {
        let post = Post::start().await;
        post.switch("sent-ms", json!(600)).await;
        post.fault(fault.clone()).await;
        let message = mail("same", "To: ben@example.com, carl@example.com", "x\r\n");
        let mut ids = Vec::new();
        for person in [BEN, CARL, ANNA] {
            ids.push(post.submit(&[person], &message).await);
        }
        for id in ids {
            post.reaches(id, "sent").await;
        }
        let accepted = post.accepted().await;
        let all: Vec<_> = accepted.iter().map(recipients).collect();
        assert_eq!(all, [[BEN], [CARL], [ANNA]], "{fault}");
    }
}

#[tokio::test]
async fn a_lower_request_limit_is_learned_and_the_mail_goes_in_pieces() {
    let post = Post::start().await;
    post.switch("body-cap", json!(3_000_000)).await;
    let file = "QUFB".repeat(2_400_000 / 4);
    let body = format!(
        "--b\r\n\r\ntext\r\n--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n--b--\r\n"
    );
    let header = "To: ben@example.com\r\nContent-Type: multipart/mixed; boundary=b";
    for name in ["before", "after"] {
        let id = post.submit(&[BEN], &mail(name, header, &body)).await;
        post.reaches(id, "sent").await;
    }
    assert_eq!(post.accepted().await.len(), 2);
    post.until_count(BEN, "inbox", 2).await;
    assert!(post.newest(BEN).await.contains("a/b"));
    post.until_count(ANNA, "drafts", 0).await;
}

#[tokio::test]
async fn a_text_above_the_limit_comes_back_and_names_it() {
    let post = Post::start().await;
    let body = "a long text in many lines, and nothing else\r\n".repeat(140_000);
    let message = mail("text", "To: ben@example.com", &body);
    let id = post.submit(&[BEN], &message).await;
    post.reaches(id, "failed").await;
    post.until_count(ANNA, "inbox", 1).await;
    let report = post.newest(ANNA).await;
    assert!(
        report.contains("5.3.4") && report.contains("2900 kB"),
        "{report}"
    );
    assert!(post.accepted().await.is_empty() && post.files().is_empty());
}
