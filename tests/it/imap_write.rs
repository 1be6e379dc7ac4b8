//! Writing over IMAP that a transcript cannot tell: who may not write, and what a large message costs.

use super::imap_stack::{NOW, Stack, small_world};
use postern::sandbox::{Seeding, seed};
use serde_json::json;
use std::time::{Duration, Instant};

/// `use = "read"`: nothing is promised, nothing is taken, and reading sets nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_for_reading_is_read_only_everywhere() {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let reading = stack.account.clone().for_reading();
    stack.server.registry.insert(reading);
    let mut client = stack.log_in().await;
    let lines = client.command("SELECT INBOX").await;
    assert!(
        lines
            .iter()
            .any(|l| l.starts_with("* OK [PERMANENTFLAGS ()]"))
    );
    assert!(lines.last().unwrap().starts_with("t OK [READ-ONLY]"));
    for (command, code) in [
        ("STORE 1 +FLAGS (\\Flagged)", "READ-ONLY"),
        ("EXPUNGE", "READ-ONLY"),
        ("UID EXPUNGE 1", "READ-ONLY"),
        ("COPY 1 Projekte", "NOPERM"),
        ("UID MOVE 1 Projekte", "NOPERM"),
        ("CREATE Neu", "NOPERM"),
        ("DELETE Projekte", "NOPERM"),
        ("RENAME Projekte Neu", "NOPERM"),
        ("APPEND INBOX {310}", "NOPERM"),
        ("APPEND INBOX {1+}\r\nx", "NOPERM"),
    ] {
        let lines = client.command(command).await;
        let wanted = format!("t NO [{code}] ");
        assert!(
            lines.last().unwrap().starts_with(&wanted),
            "{command}: {lines:?}"
        );
    }
    client.command("FETCH 2 BODY[2]").await;
    let lines = client.command("FETCH 2 FLAGS").await;
    assert_eq!(lines[0], "* 2 FETCH (FLAGS ())");
}

/// CLOSE has no NO: what Graph does not remove stays, is said, and goes at the next try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_that_cannot_remove_says_so() {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let mut client = stack.log_in().await;
    client.command("SELECT INBOX").await;
    client.command("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    let fault =
        serde_json::json!({"host": "graph", "path": "batch", "times": 100_000, "status": 503});
    stack.admin("faults", fault).await;
    let lines = client.command("CLOSE").await;
    assert!(lines[0].starts_with("t OK Closed, but"), "{lines:?}");
    stack.heal().await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let lines = client.command("STATUS INBOX (MESSAGES)").await;
    assert_eq!(lines[0], "* STATUS INBOX (MESSAGES 3)");
    client.command("SELECT INBOX").await;
    assert_eq!(client.command("CLOSE").await, ["t OK Closed"]);
    let lines = client.command("STATUS INBOX (MESSAGES)").await;
    assert_eq!(lines[0], "* STATUS INBOX (MESSAGES 2)");
}

/// Another session downloads something, and that takes long: flags are stored beside it, with never more than four requests at
/// Graph.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_download_of_another_session_holds_up_no_store() {
    let stack = Stack::start(seed::large(30, NOW), Seeding::Regenerated).await;
    let mut reader = stack.log_in().await;
    let mut writer = stack.log_in().await;
    reader.command("SELECT INBOX").await;
    writer.command("SELECT INBOX").await;
    // Those that are not part of a batch.
    let slow = json!({"host": "graph", "path": "$value", "times": 1000, "delay": 8.0});
    stack.admin("faults", slow).await;
    let text = "A line of a mail that is far too large for a batch.\r\n".repeat(6_000);
    let large = format!("From: b@example.com\r\nSubject: Large\r\nMIME-Version: 1.0\r\n\r\n{text}");
    stack.deliver(large.as_bytes()).await;
    reader.command("NOOP").await;
    reader.send(b"r FETCH 31 BODY.PEEK[TEXT]\r\n").await;
    assert!(!reader.says_more().await);
    let begun = Instant::now();
    let lines = writer.command("STORE 1:30 +FLAGS.SILENT (\\Flagged)").await;
    assert!(lines.last().unwrap().starts_with("t OK"), "{lines:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert!(!reader.says_more().await, "the download goes on");
    let lines = writer.command("SEARCH FLAGGED").await;
    assert_eq!(lines[0].split(' ').count() - 2, 30, "{}", lines[0]);
    assert!(stack.peak().await <= 4, "{}", stack.peak().await);
    // It comes to its end all the same.
    stack.heal().await;
    let mut end = Vec::new();
    while !end.starts_with(b"r ") {
        end = reader.response().await;
    }
    assert!(
        end.starts_with(b"r OK"),
        "{}",
        String::from_utf8_lossy(&end)
    );
}

/// EXPUNGE and CLOSE, then SELECT of the deleted items: there they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_expunged_is_found_in_the_deleted_items_by_the_next_select() {
    let stack = Stack::start(small_world(), Seeding::Verbatim).await;
    let mut client = stack.log_in().await;
    let lines = client.command("LIST \"\" *").await;
    let trash = lines.into_iter().find(|l| l.contains("\\Trash")).unwrap();
    let name = trash.split("\"/\" ").nth(1).unwrap().to_owned();
    for (count, end) in [(1, "EXPUNGE"), (2, "CLOSE")] {
        client.command("SELECT INBOX").await;
        client.command("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
        let lines = client.command(end).await;
        assert!(lines.last().unwrap().starts_with("t OK"), "{lines:?}");
        let lines = client.command(&format!("SELECT {name}")).await;
        assert!(
            lines.contains(&format!("* {count} EXISTS")),
            "{end}: {lines:?}"
        );
    }
}
