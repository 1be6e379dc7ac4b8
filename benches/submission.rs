//! A submission of 20 MB as a mail program sees it: `cargo bench --bench submission`.
//!
//! The real `postern` over loopback, the sandbox in this process. Prints the time from the first octet
//! after 354 to the 250 (which means: on disk), the peak memory of the process (`VmHWM`), and beside it,
//! for a ratio, what this disk takes to write and sync the same octets. Then the peaks of other processes: with the
//! same five mails waiting for a sign-in, and sending all of them. `POSTERN_BENCH_MB` sets another size.

mod program;

use postern::sandbox::seed;
use program::{Outcome, Stage, median, now, resident, say};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

const RUNS: usize = 5;

struct Smtp(BufReader<TcpStream>);

impl Smtp {
    fn expect(&mut self, code: &str) -> Outcome<()> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            if !line.starts_with(code) {
                return Err(format!("expected {code}: {line}").into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }

    fn say(&mut self, line: &str, code: &str) -> Outcome<()> {
        self.0
            .get_mut()
            .write_all(format!("{line}\r\n").as_bytes())?;
        self.expect(code)
    }

    fn login(stage: &Stage) -> Outcome<Self> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let stream = TcpStream::connect(("127.0.0.1", stage.smtp))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut smtp = Self(BufReader::new(stream));
        smtp.expect("220")?;
        smtp.say("EHLO bench.example", "250")?;
        let secret = BASE64_STANDARD.encode(format!("\0anna\0{}", stage.password));
        smtp.say(&format!("AUTH PLAIN {secret}"), "235")?;
        Ok(smtp)
    }

    fn submit(&mut self, message: &[u8]) -> Outcome<Duration> {
        self.say(
            &format!("MAIL FROM:<anna@example.com> SIZE={}", message.len()),
            "250",
        )?;
        self.say("RCPT TO:<somebody@example.net>", "250")?;
        self.say("DATA", "354")?;
        let begun = Instant::now();
        self.0.get_mut().write_all(message)?;
        self.0.get_mut().write_all(b".\r\n")?;
        self.expect("250")?;
        Ok(begun.elapsed())
    }
}

fn message(octets: usize) -> Vec<u8> {
    let mut text = b"From: anna@example.com\r\nTo: somebody@example.net\r\nSubject: Large\r\nMIME-Version: 1.0\r\n\
        Content-Type: application/octet-stream; name=\"large.bin\"\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"large.bin\"\r\n\r\n".to_vec();
    let line = [&[b'Q'; 76][..], b"\r\n"].concat();
    while text.len() < octets {
        text.extend_from_slice(&line);
    }
    text
}

/// Peak resident memory in MB (`VmHWM`).
fn peak(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kb = kb.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

/// Writing and syncing the same octets to a file beside the spool.
fn disk(stage: &Stage, octets: &[u8]) -> Outcome<Duration> {
    let begun = Instant::now();
    let mut file = fs::File::create(stage.dir.path().join("probe"))?;
    file.write_all(octets)?;
    file.sync_all()?;
    Ok(begun.elapsed())
}

/// Mails that wait for a sign-in, and go when there is one.
fn waiting(runtime: &tokio::runtime::Runtime, mail: &[u8]) -> Outcome<()> {
    let stage = Stage::set(runtime, seed::large(10, now()))?;
    post(
        &stage,
        "switch",
        "{\"name\": \"refresh-revoked\", \"value\": true}",
    )?;
    post(&stage, "revoke", "{\"access\": true, \"refresh\": true}")?;
    let (process, _) = stage.start()?;
    let mut smtp = Smtp::login(&stage)?;
    for _ in 0..RUNS {
        smtp.submit(mail)?;
    }
    // Each of them is tried in vain.
    std::thread::sleep(Duration::from_secs(10));
    let (waiting, now) = (peak(process.pid()), resident(process.pid()));
    post(
        &stage,
        "switch",
        "{\"name\": \"refresh-revoked\", \"value\": false}",
    )?;
    program::postern(&["account", "login", "anna"], &stage.config)?;
    let begun = Instant::now();
    let spool = stage.dir.path().join("data/spool");
    while fs::read_dir(&spool)?.next().is_some() {
        if begun.elapsed() > Duration::from_secs(300) {
            return Err("the mails do not go out".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let sending = peak(process.pid());
    for (what, mb) in [
        ("peak resident, five waiting for a sign-in", waiting),
        ("resident then", now),
        ("peak resident, these sent", sending),
    ] {
        say(&format!(
            "{what:<44} {mb:>9.1} MB   goal    60 MB   ratio {:.2}",
            mb / 60.0
        ));
    }
    let seconds = begun.elapsed().as_secs_f64();
    say(&format!(
        "{:<44} {seconds:>9.1} s",
        "from the sign-in to the last one sent"
    ));
    drop(process);
    runtime.block_on(stage.sandbox.stop());
    Ok(())
}

/// To the sandbox's admin API, by hand.
fn post(stage: &Stage, path: &str, json: &str) -> Outcome<()> {
    let url = stage.sandbox.admin_url();
    let port = url.port().ok_or("no port")?;
    let mut tcp = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        tcp,
        "POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    )?;
    let mut line = String::new();
    BufReader::new(tcp).read_line(&mut line)?;
    match line.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(format!("{path}: {line}").into()),
    }
}

fn main() -> Outcome<()> {
    let mb = std::env::var("POSTERN_BENCH_MB")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20);
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = Stage::set(&runtime, seed::large(10, now()))?;
    let (process, _) = stage.start()?;
    let mut smtp = Smtp::login(&stage)?;
    let mail = message(mb << 20);
    let (mut taken, mut written) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        written.push(disk(&stage, &mail)?);
        taken.push(smtp.submit(&mail)?);
    }
    let accepting = peak(process.pid());
    let (ms, disk) = (
        median(taken).as_secs_f64() * 1e3,
        median(written).as_secs_f64() * 1e3,
    );
    say(&format!(
        "{:<44} {ms:>9.1} ms   goal  1000 ms   ratio {:.2}",
        format!("{mb} MB, from 354 to 250"),
        ms / 1000.0
    ));
    say(&format!(
        "{:<44} {disk:>9.1} ms   ratio of the two {:.1}",
        "this disk, the same octets and a sync",
        ms / disk
    ));
    say(&format!(
        "{:<44} {accepting:>9.1} MB   goal    60 MB   ratio {:.2}",
        "peak resident, accepting (and sending)",
        accepting / 60.0
    ));
    drop(smtp);
    drop(process);
    waiting(&runtime, &mail)?;
    runtime.block_on(stage.sandbox.stop());
    Ok(())
}
