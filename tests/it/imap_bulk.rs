//! Much at once: many messages, long sets, large bodies.

use super::imap_stack::{ANNA, NOW, Stack};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::sandbox::{Seeding, seed};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flags_of_many_messages_come_from_the_view() {
    let stack = Stack::start(seed::large(1_500, NOW), Seeding::Regenerated).await;
    let mut client = stack.log_in().await;
    let lines = client.command("SELECT INBOX").await;
    assert!(lines.contains(&"* 1500 EXISTS".to_owned()), "{lines:?}");
    let lines = client.command("FETCH 1:* (UID FLAGS)").await;
    assert_eq!(lines.len(), 1_501);
    for (at, line) in lines.iter().take(1_500).enumerate() {
        let number = at + 1;
        let head = format!("* {number} FETCH (UID {number} FLAGS (");
        assert!(line.starts_with(&head), "{line}");
    }
    // A set of far more than 40 kB, each second message, backwards.
    let set: Vec<_> = (1..=1_500)
        .rev()
        .step_by(2)
        .map(|n| n.to_string())
        .collect();
    let set = set.join(",") + &",4000000000".repeat(6_000);
    assert!(set.len() > 60_000);
    let lines = client.command(&format!("UID FETCH {set} FLAGS")).await;
    assert_eq!(lines.len(), 751);
    assert!(lines[0].starts_with("* 2 FETCH (UID 2 "), "{}", lines[0]);
    // In chunks, in order, with dates from the rows.
    let lines = client.command("UID FETCH 1:* INTERNALDATE").await;
    assert_eq!(lines.len(), 1_501);
    assert!(lines[1_499].starts_with("* 1500 FETCH (UID 1500 INTERNALDATE \""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_comes_octet_by_octet() {
    let mut mime =
        format!("From: ben@example.com\r\nTo: {ANNA}\r\nSubject: Large\r\n\r\n").into_bytes();
    for n in 0..50_000 {
        mime.extend_from_slice(
            format!("{n:>7} All work and no play makes a dull mail, and a long one.\r\n")
                .as_bytes(),
        );
    }
    assert!(mime.len() > 3 << 20);
    let mail = seed::Message {
        mime: mime.clone(),
        received: NOW,
        ..seed::Message::default()
    };
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    tenant.users[0].folders[0].messages = vec![mail];
    let stack = Stack::start(tenant, Seeding::Verbatim).await;
    let mut client = stack.log_in().await;
    client.command("SELECT INBOX").await;
    client.send(b"f FETCH 1 (UID BODY.PEEK[] FLAGS)\r\n").await;
    let response = client.response().await;
    let head = format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\n", mime.len());
    assert_eq!(response[..head.len()], *head.as_bytes());
    let (body, tail) = response[head.len()..].split_at(mime.len());
    assert!(body == mime, "other octets");
    assert_eq!(tail, b" FLAGS ())");
    assert!(client.line().await.starts_with("f OK"));
    client
        .send(b"f UID FETCH 1 BODY.PEEK[TEXT]<2000000.1200000>\r\n")
        .await;
    let response = client.response().await;
    let text = mime.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let wanted = &mime[text + 2_000_000..text + 3_200_000];
    assert!(response.strip_suffix(b")").unwrap().ends_with(wanted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_mail_reaches_an_idle_client_within_five_seconds() {
    let stack = Stack::start(seed::mailbox_of(Vec::new(), NOW), Seeding::Regenerated).await;
    let mut client = stack.log_in().await;
    client.command("SELECT INBOX").await;
    client.send(b"i IDLE\r\n").await;
    assert_eq!(client.line().await, "+ idling");
    let mime = format!("From: ben@example.com\r\nTo: {ANNA}\r\nSubject: New\r\n\r\nHi\r\n");
    let before = std::time::Instant::now();
    let body = json!({"mailbox": ANNA, "mime": STANDARD.encode(mime)});
    stack.admin("deliver", body).await;
    assert_eq!(client.line().await, "* 1 EXISTS");
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
    // Asked for at leisure: an idle client must not keep Graph busy.
    assert!(stack.requests().await < 200);
}
