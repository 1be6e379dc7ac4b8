//! Writing over IMAP that a transcript cannot tell: who may not write, and what a large message costs.

use super::imap_stack::{Stack, small_world};
use postern::sandbox::Seeding;

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
