//! Large mail: in pieces when one request does not hold it, back at once when nothing helps, and never in
//! the way of others.

use super::spool::{ANNA, BEN, HASTY, Post, anna, mail};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    graph::Pace,
    mail::AccountName,
    spool::{self, Patience},
};
use serde_json::json;
use std::time::Duration;

const MIXED: &str = "To: ben@example.com\r\nContent-Type: multipart/mixed; boundary=b";

/// A short text, and a file of so many octets.
fn with_file(octets: usize) -> String {
    let octets: Vec<u8> = (0..octets).map(|n| (n * 31 / 7) as u8).collect();
    let file = STANDARD.encode(octets);
    let lines: Vec<_> = file
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "--b\r\n\r\ntext\r\n--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    )
}

fn file_of(message: &str) -> String {
    let (_, file) = message.split_once("base64").unwrap();
    let (_, file) = file.split_once("\r\n\r\n").unwrap();
    let (file, _) = file.split_once("--").unwrap();
    file.split_whitespace().collect()
}

/// Each of the ways in which Graph says that a request is too large; the file alone is too large as well.
#[tokio::test]
async fn a_lower_limit_than_the_usual_one_takes_the_way_of_large_mail() {
    for answer in ["413", "400", "ErrorMessageSizeExceeded"] {
        let post = Post::start().await;
        post.switch("body-cap", json!(1_500_000)).await;
        post.switch("body-cap-as", json!(answer)).await;
        // Else the file is too large for a request and too small for a session.
        post.switch("upload-minimum", json!(0)).await;
        let body = with_file(1_400_000);
        let message = mail(answer, MIXED, &body);
        assert!(message.len() < 2_900_000);
        let id = post.submit(&[BEN], &message).await;
        post.reaches(id, "sent").await;
        post.until_count(BEN, "inbox", 1).await;
        let seen = post.newest(BEN).await;
        assert!(file_of(&seen) == file_of(&body), "{answer}: another file");
        assert_eq!(post.accepted().await.len(), 1, "{answer}");
        post.until_count(ANNA, "drafts", 0).await;
        // The next one does not try in vain.
        let before = post.couriers[&anna()].graph.requests();
        let id = post.submit(&[BEN], &mail("next", MIXED, &body)).await;
        post.reaches(id, "sent").await;
        let spent = post.couriers[&anna()].graph.requests() - before;
        assert!(spent <= 8, "{answer}: {spent} requests");
    }
}

/// One odd answer about size costs no other mail its way.
#[tokio::test]
async fn a_limit_that_was_learned_by_mistake_turns_nothing_back() {
    let post = Post::start().await;
    post.fault(json!({"method": "POST", "path": "/messages", "status": 413}))
        .await;
    let text = "a line of text that cannot be divided\r\n".repeat(20_000);
    for name in ["odd", "next"] {
        let message = mail(name, "To: ben@example.com", &text);
        let id = post.submit(&[BEN], &message).await;
        post.reaches(id, "sent").await;
    }
    assert_eq!(post.accepted().await.len(), 2);
}

#[tokio::test]
async fn what_is_refused_as_too_large_in_every_form_comes_back() {
    let post = Post::start().await;
    post.switch("body-cap", json!(300_000)).await;
    let text = "a line of text that cannot be divided\r\n".repeat(20_000);
    let id = post
        .submit(&[BEN], &mail("much", "To: ben@example.com", &text))
        .await;
    post.reaches(id, "failed").await;
    post.switch("body-cap", json!(4_000_000)).await;
    post.until_count(ANNA, "inbox", 1).await;
    assert!(post.newest(ANNA).await.contains("5.3.4"));
    assert!(post.accepted().await.is_empty() && post.files().is_empty());
}

#[tokio::test]
async fn text_in_two_forms_above_the_limit_comes_back_and_names_it() {
    let post = Post::start().await;
    let html = "<p>a paragraph of text, as programs write it</p>\r\n".repeat(130_000);
    let both =
        format!("--b\r\n\r\nshort\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n");
    for (name, kind, body) in [
        ("html", "text/html", &html),
        ("both", "multipart/alternative; boundary=b", &both),
    ] {
        let before = post.couriers[&anna()].graph.requests();
        let header = format!("To: ben@example.com\r\nContent-Type: {kind}");
        let id = post.submit(&[BEN], &mail(name, &header, body)).await;
        post.reaches(id, "failed").await;
        let spent = post.couriers[&anna()].graph.requests() - before;
        assert!(spent <= 2, "only the report goes to Graph: {spent}");
        let report = post.newest(ANNA).await;
        assert!(
            report.contains("5.3.4") && report.contains("2900 kB"),
            "{report}"
        );
    }
    assert!(post.accepted().await.is_empty() && post.files().is_empty());
}

#[tokio::test]
async fn an_account_that_only_sends_gives_large_mail_back_unread() {
    let mut post = Post::start().await;
    post.couriers.get_mut(&anna()).unwrap().send_only = true;
    post.restart().await;
    let id = post
        .submit(&[BEN], &mail("big", MIXED, &with_file(3_000_000)))
        .await;
    post.reaches(id, "failed").await;
    let row = post.store.submission(id.0).await.unwrap().unwrap();
    assert!(
        row.progress
            .reason
            .unwrap()
            .starts_with("5.3.4 The account may only send")
    );
    assert_eq!(post.couriers[&anna()].graph.requests(), 0);
}

/// The message's file is elsewhere meanwhile: whoever read it would fail otherwise.
#[tokio::test]
async fn without_a_sign_in_a_mail_is_not_read() {
    let post = Post::start().await;
    post.admin("revoke", json!({"access": true, "refresh": true}))
        .await;
    post.switch("refresh-revoked", json!(true)).await;
    let asked = mail("asks", "To: ben@example.com", "x\r\n");
    let asked = post.submit(&[BEN], &asked).await;
    post.reaches(asked, "held").await;
    let id = post
        .submit(&[BEN], &mail("held", MIXED, &with_file(2_000_000)))
        .await;
    for file in post.files() {
        std::fs::remove_file(file).unwrap();
    }
    post.reaches(id, "held").await;
    for id in [asked, id] {
        let begun = post.store.submission(id.0).await.unwrap().unwrap();
        loop {
            let row = post.store.submission(id.0).await.unwrap().unwrap();
            let reason = row.progress.reason.unwrap_or_default();
            if row.progress.state == "held" && row.progress.attempts > begun.progress.attempts + 2 {
                assert!(reason.starts_with("4.7.0"), "{reason}");
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_stuck_mail_holds_no_other_account_back() {
    let mut post = Post::with(spool::Options {
        patience: Patience { turn: 100, ..HASTY },
        ..spool::Options::default()
    })
    .await;
    let other = AccountName::new("other");
    let route = post.couriers[&anna()].clone();
    post.couriers.insert(other.clone(), route);
    // Anna's requests are waited for.
    let patient = Pace::default();
    let route = post.couriers.get_mut(&anna()).unwrap();
    route.graph = route.graph.with_pace(patient);
    post.restart().await;
    let silent =
        json!({"method": "POST", "path": "/messages", "do": "silence", "seconds": 50, "times": 1});
    post.fault(silent.clone()).await;
    let body = with_file(1_500_000);
    let stuck = post.submit(&[BEN], &mail("stuck", MIXED, &body)).await;
    let begun = std::time::Instant::now();
    while post.ask("faults").await["faults"] != json!([]) {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let free = post
        .submit_for(&other, &[BEN], &mail("free", MIXED, &body))
        .await;
    post.reaches(free, "sent").await;
    assert_eq!(post.state(stuck).await, "attempting");
    assert_eq!(post.accepted().await.len(), 1);
}
