//! Accounts in one process: what is done in one mailbox happens in no other. Two accounts of one mailbox (its address, and
//! an alias of it) with the same sign-in are one mailbox: the same UIDs, and each sees at once what the other does.

use crate::{
    crash_send::World,
    program::{Imap, PATIENCE, Running},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use std::{net::TcpStream, time::Instant};

pub(crate) type Plain = Imap<TcpStream>;

pub(crate) fn log_in(world: &World, name: &str, password: &str) -> Plain {
    let begun = Instant::now();
    loop {
        let tcp = TcpStream::connect(("127.0.0.1", world.base)).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut imap = Imap::new(tcp);
        let (_, last) = imap.command(&format!("LOGIN {name} {password}"));
        if last.starts_with("OK") {
            return imap;
        }
        assert!(begun.elapsed() < PATIENCE, "{last}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

fn mail(text: &str) -> String {
    format!(
        "From: ben@example.com\r\nTo: anna@example.com\r\nSubject: {text}\r\nMessage-ID: <{text}@example.com>\r\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\n\r\nText of {text}\r\n"
    )
}

/// UIDs, flags and texts of a mailbox.
fn shown(imap: &mut Plain, mailbox: &str) -> Vec<String> {
    imap.ok(&format!("SELECT \"{mailbox}\""));
    let lines = imap.ok("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    let mut found = Vec::new();
    for line in lines {
        if let Some(flags) = line.split("FLAGS (").nth(1) {
            let uid = line.split("UID ").nth(1).unwrap().split([' ', ')']).next();
            let flags = flags.split(')').next().unwrap().replace("\\Recent", "");
            found.push(format!("{} ({})", uid.unwrap(), flags.trim()));
        } else if let (Some(subject), Some(last)) =
            (line.strip_prefix("Subject: "), found.last_mut())
        {
            last.push_str(&format!(" {subject}"));
        }
    }
    found
}

/// Everything that writes, in one mailbox.
fn work(mut imap: Plain, whose: &str) {
    imap.ok("SELECT INBOX");
    for n in 1..=20 {
        let text = mail(&format!("{whose}-{n}"));
        imap.ok(&format!(
            "APPEND INBOX (\\Seen) {{{}+}}\r\n{text}",
            text.len()
        ));
    }
    imap.ok("NOOP");
    imap.ok("UID STORE 1:5 +FLAGS (\\Flagged)");
    imap.ok("UID COPY 1:10 Archive");
    imap.ok("UID MOVE 11:15 Archive");
    imap.ok("UID STORE 16:18 +FLAGS (\\Deleted)");
    imap.ok("UID EXPUNGE 16:17");
    imap.ok("UID STORE 18 -FLAGS (\\Deleted)");
}

fn expected(whose: &str) -> [(&'static str, Vec<String>); 3] {
    let row = |uid: u32, n: u32| {
        let flags = if n <= 5 { "\\Flagged \\Seen" } else { "\\Seen" };
        format!("{uid} ({flags}) {whose}-{n}")
    };
    let inbox = (1..=10).chain(18..=20).map(|n| row(n, n)).collect();
    let archive = (1..=15).map(|n| row(n, n)).collect();
    let bin = vec![row(1, 16), row(2, 17)];
    [
        ("INBOX", inbox),
        ("Archive", archive),
        ("Deleted Items", bin),
    ]
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.iter_mut().for_each(|row| {
        if let Some((uid, rest)) = row.split_once(" (") {
            let (flags, subject) = rest.split_once(')').unwrap();
            let mut flags: Vec<_> = flags.split(' ').collect();
            flags.sort_unstable();
            *row = format!("{uid} ({}){subject}", flags.join(" "));
        }
    });
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_in_one_mailbox_happens_in_no_other() {
    let names = ["one", "two"];
    let world = World::new(&names).await;
    let server = world.server();
    let passwords = names.map(|name| {
        world.ask(&["account", "login", name]);
        world.ask(&["account", "password", "add", name])
    });
    // At the same time, twice as many programs as accounts.
    let mut idle: Vec<_> = names
        .iter()
        .zip(&passwords)
        .map(|(n, p)| log_in(&world, n, p))
        .collect();
    for imap in &mut idle {
        imap.ok("SELECT INBOX");
    }
    std::thread::scope(|scope| {
        for (name, password) in names.iter().zip(&passwords) {
            let imap = log_in(&world, name, password);
            scope.spawn(move || work(imap, name));
        }
    });
    for ((name, password), watcher) in names.iter().zip(&passwords).zip(&mut idle) {
        watcher.ok("NOOP");
        for (mailbox, rows) in expected(name) {
            let mut imap = log_in(&world, name, password);
            assert_eq!(sorted(shown(&mut imap, mailbox)), rows, "{name} {mailbox}");
            assert_eq!(sorted(shown(watcher, mailbox)), rows, "{name} {mailbox}");
        }
        for (folder, count) in [("inbox", 13), ("archive", 15), ("deleteditems", 2)] {
            let items = world.items(name, folder).await;
            let foreign = items.iter().filter(|item| {
                let subject = item["subject"].as_str().unwrap();
                !subject.starts_with(&format!("{name}-"))
            });
            assert_eq!(
                (items.len(), foreign.count()),
                (count, 0),
                "{name} {folder}"
            );
        }
    }
    assert!(world.items("ben", "inbox").await.is_empty());
    drop(server);
}

/// Reads until somebody says what is looked for.
fn hears(imap: &mut Plain, what: &str, server: &Running) {
    let begun = Instant::now();
    loop {
        let lines = imap.ok("NOOP");
        if lines.iter().any(|line| line.contains(what)) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: {}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_mailbox_are_one_mailbox() {
    let world = World::with_alias("one", "uno").await;
    for n in 0..30 {
        let mime = STANDARD.encode(mail(&format!("m{n}")));
        world
            .post(
                "deliver",
                json!({"mailbox": "one@example.com", "mime": mime}),
            )
            .await;
    }
    // Pages of the first listing, told to both.
    for (name, value) in [
        ("delta-page-cap", json!(4)),
        ("auto-approve-user", json!("one@example.com")),
    ] {
        let switch = json!({"name": name, "value": value});
        world.post("switch", switch).await;
    }
    let server = world.server();
    let [mut one, mut uno] = ["one", "uno"].map(|name| {
        world.ask(&["account", "login", name]);
        let password = world.ask(&["account", "password", "add", name]);
        log_in(&world, name, &password)
    });
    let [here, there] = [&mut one, &mut uno].map(|imap| shown(imap, "INBOX"));
    assert_eq!(here.len(), 30, "{here:?}");
    assert_eq!(here, there, "the same UIDs");
    one.ok("UID STORE 7 +FLAGS (\\Flagged)");
    hears(&mut uno, "(UID 7 FLAGS (\\Flagged))", &server);
    uno.ok("UID MOVE 8 Archive");
    hears(&mut one, "* 8 EXPUNGE", &server);
    let text = mail("new");
    uno.ok(&format!("APPEND INBOX {{{}+}}\r\n{text}", text.len()));
    hears(&mut one, "* 30 EXISTS", &server);
    let [here, there] = [&mut one, &mut uno].map(|imap| shown(imap, "INBOX"));
    assert_eq!(here, there);
    assert_eq!(world.items("one", "inbox").await.len(), 30);
}
