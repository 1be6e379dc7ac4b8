//! A program sends a mail and appends it to Sent Items, over SMTP and IMAP, and the process is killed once both were answered: one
//! copy, one UID, the program's octets. Graph's copy shows after the APPEND has stopped waiting for it.

use crate::{
    crash_send::{Smtp, World},
    two_accounts::{Plain, log_in},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(150);

/// What becomes of the mail of each account.
const NAMES: [&str; 3] = ["late", "slow", "refused"];

fn fault(name: &str) -> Option<Value> {
    match name {
        // The APPEND comes before Graph was asked to send.
        "slow" => Some(json!({"method": "POST", "path": "/send", "delay": 8.0})),
        "refused" => Some(json!({"method": "POST", "path": "/send", "status": 400,
            "body": {"error": {"code": "ErrorInvalidRecipients", "message": "no"}}})),
        _ => None,
    }
}

fn mail(name: &str) -> String {
    format!(
        "X-Own: {name}\r\nFrom: {name}@example.com\r\nTo: ben@example.com\r\nSubject: {name}\r\n\
         Message-ID: <{name}@example.com>\r\nMIME-Version: 1.0\r\n\r\nText\r\n"
    )
}

/// APPEND; its UID.
fn append(imap: &mut Plain, name: &str) -> String {
    let text = mail(name);
    let command = format!(
        "APPEND \"Sent Items\" (\\Seen) {{{}+}}\r\n{text}",
        text.len()
    );
    let (_, last) = imap.command(&command);
    let uid = last
        .strip_prefix("OK [APPENDUID ")
        .and_then(|rest| rest.split([' ', ']']).nth(1));
    uid.unwrap_or_else(|| panic!("{name}: {last}")).to_owned()
}

async fn ids(world: &World, name: &str) -> Vec<String> {
    let items = world.items(name, "sentitems").await;
    let ids = items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_appended_is_one_mail_after_a_crash() {
    let world = World::new(&NAMES).await;
    // The APPEND waits for 20 seconds.
    world
        .post("switch", json!({"name": "sent-ms", "value": 26_000}))
        .await;
    let mut server = world.server();
    let passwords = NAMES.map(|name| {
        world.ask(&["account", "login", name]);
        world.ask(&["account", "password", "add", name])
    });
    let mut sessions: Vec<_> = NAMES
        .iter()
        .zip(&passwords)
        .map(|(n, p)| log_in(&world, n, p))
        .collect();
    for imap in &mut sessions {
        imap.ok("SELECT \"Sent Items\"");
    }
    for (name, password) in NAMES.iter().zip(&passwords) {
        if let Some(fault) = fault(name) {
            world.post("faults", fault).await;
        }
        let mut smtp = Smtp::connect(world.base + 2, name, password);
        smtp.data(
            &format!("{name}@example.com"),
            "ben@example.com",
            &mail(name),
        );
        smtp.say(".\r\n", "250");
        match fault(name) {
            Some(_) => world.faults_are_met(name).await,
            None => {
                let begun = Instant::now();
                while world.accepted().await.is_empty() {
                    assert!(begun.elapsed() < PATIENCE, "{}", server.log());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
    let uids: Vec<String> = std::thread::scope(|scope| {
        let appends: Vec<_> = NAMES
            .iter()
            .zip(&mut sessions)
            .map(|(name, imap)| scope.spawn(move || append(imap, name)))
            .collect();
        appends
            .into_iter()
            .map(|append| append.join().unwrap())
            .collect()
    });
    let mut appended = Vec::new();
    for name in NAMES {
        appended.push(ids(&world, name).await);
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let server = world.server();
    for (((name, password), uid), before) in NAMES.iter().zip(&passwords).zip(&uids).zip(&appended)
    {
        let mut imap = log_in(&world, name, password);
        let begun = Instant::now();
        loop {
            let lines = imap.ok("SELECT \"Sent Items\"");
            assert!(
                lines.contains(&"* 1 EXISTS".to_owned()),
                "{name}: {lines:?}"
            );
            let now = ids(&world, name).await;
            // Graph's own copy is there, and it alone; what is never sent stays as it is.
            if now.len() == 1 && (now != *before || *name == "refused") {
                break;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{name}: {now:?} {}",
                server.log()
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let lines = imap
            .ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER])")
            .join("\n");
        assert!(
            lines.contains(&format!("UID {uid} ")),
            "{name} {uid}: {lines}"
        );
        assert!(lines.contains("X-Own"), "{name}: {lines}");
    }
    let begun = Instant::now();
    while world.items("refused", "inbox").await.len() != 1 {
        assert!(begun.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.accepted().await.len(), 2);
}
