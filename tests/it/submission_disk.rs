//! What the real program does with the disk and its memory while it takes a mail.

use crate::{
    crash_send::{Smtp, World},
    program::{Running, postern},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    process::Command,
    time::{Duration, Instant},
};

/// "Taken" is said only after the message's file, its folder and the journal of spool.db are synced.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_has_it_before_250_is_said() {
    if !can_trace() {
        assert!(
            std::env::var_os("CI").is_none(),
            "strace is missing or not allowed"
        );
        eprintln!("SKIPPED: strace is missing or not allowed; the order of syncs is not checked");
        return;
    }
    let world = World::new(&["anna"]).await;
    world.ask(&["account", "login", "anna"]);
    let password = world.ask(&["account", "password", "add", "anna"]);
    let plain = postern(world.home.path());
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-qq", "-s", "48", "-o", "trace", "-e"])
        .arg("trace=fsync,fdatasync,write,writev,sendto,sendmsg")
        .arg(plain.get_program())
        .args(["run", "--config", "postern.toml"])
        .current_dir(world.home.path());
    let mut server = Running::start(&mut command, world.home.path().join("log"));
    server.wait_for_port(world.base + 2);
    let mut smtp = Smtp::connect(world.base + 2, "anna", &password);
    let body = "a line of a mail\r\n".repeat(20_000);
    let message = format!("To: ben@example.com\r\nMessage-ID: <s@example.com>\r\n\r\n{body}");
    smtp.data("anna@example.com", "ben@example.com", &message);
    smtp.say(".\r\n", "250");
    let mut control = UnixStream::connect(world.home.path().join("data/control.sock")).unwrap();
    control.write_all(b"{\"do\":\"stop\"}\n").unwrap();
    let _ = BufReader::new(control).read_line(&mut String::new());
    server.wait();

    let calls = calls(&std::fs::read_to_string(world.home.path().join("trace")).unwrap());
    let said = calls
        .iter()
        .rposition(|c| c.contains("\"250 2.0.0 "))
        .expect("the 250 is in the trace");
    let folder = "/data/spool>";
    let synced = |what: &dyn Fn(&str) -> bool| {
        calls
            .iter()
            .position(|c| c.contains("sync(") && c.ends_with("= 0") && what(c))
    };
    let file = synced(&|c| c.contains("/data/spool/")).expect("the file is synced");
    let dir = synced(&|c| c.contains(folder)).expect("its folder is synced");
    let rows = calls[..said]
        .iter()
        .rposition(|c| {
            c.contains("sync(") && c.contains("/data/spool.db-wal>") && c.ends_with("= 0")
        })
        .expect("the row is synced");
    assert!(
        file < dir && dir < rows && rows < said,
        "{file} {dir} {rows} {said}"
    );
    // The file was whole by then.
    let late = calls[file..]
        .iter()
        .find(|c| c.starts_with("write(") && c.contains("/data/spool/"));
    assert_eq!(late, None);
}

fn can_trace() -> bool {
    let tried = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output();
    tried.is_ok_and(|out| out.status.success())
}

/// Calls in the order in which they ended, without process ids.
fn calls(trace: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut ended = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(call) = call.strip_suffix("<unfinished ...>") {
            begun.insert(pid, call);
        } else if call.starts_with("<... ") {
            let rest = call.split_once("resumed>").map_or("", |(_, rest)| rest);
            let first = begun.remove(pid).unwrap_or_default();
            ended.push(format!("{first}{rest}"));
        } else {
            ended.push(call.to_owned());
        }
    }
    ended
}

/// 20 MB are taken quickly, and neither taking nor sending holds it in memory several times.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_mail_is_taken_without_being_held_in_memory() {
    let world = World::new(&["anna"]).await;
    let mut server = world.server();
    world.ask(&["account", "login", "anna"]);
    let password = world.ask(&["account", "password", "add", "anna"]);
    let file = STANDARD.encode(vec![7_u8; 15_000_000]);
    let file: Vec<_> = file
        .as_bytes()
        .chunks(76)
        .map(|l| std::str::from_utf8(l).unwrap())
        .collect();
    let message = format!(
        "From: anna@example.com\r\nTo: ben@example.com\r\nMessage-ID: <big@example.com>\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n\
         --b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        file.join("\r\n")
    );
    let mut smtp = Smtp::connect(world.base + 2, "anna", &password);
    let begun = Instant::now();
    smtp.data("anna@example.com", "ben@example.com", &message);
    smtp.say(".\r\n", "250");
    let took = begun.elapsed();
    let taken = peak(&server);
    while world.accepted().await.is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(180),
            "{}",
            server.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sent = peak(&server);
    eprintln!(
        "{} octets: taken in {took:?}, at most {taken} kB; sent with at most {sent} kB",
        message.len()
    );
    // A build without optimization on a busy computer: the bench holds the second.
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(taken < 60_000, "{taken} kB");
    assert!(sent < 60_000, "{sent} kB");
    server.terminate();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

/// The most memory that a process has had, in kB.
fn peak(server: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
