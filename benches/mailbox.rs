//! A mailbox of 50,000 messages, measured as a mail program sees it: `cargo bench --bench mailbox`.
//!
//! Starts the sandbox in this process, then the real `postern` beside it, and speaks IMAP to it over
//! loopback. Prints medians over several runs, memory from `/proc`, and Graph requests from the
//! sandbox's count. `POSTERN_BENCH_MESSAGES` sets another size (the smoke run uses 2,000).

mod program;

use postern::sandbox::seed;
use program::{Outcome, Stage, median, now, resident, say};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

const RUNS: usize = 11;

struct Imap {
    reader: BufReader<TcpStream>,
    tag: u32,
}

impl Imap {
    fn connect(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(600)))?;
        let mut imap = Self {
            reader: BufReader::with_capacity(1 << 18, stream),
            tag: 0,
        };
        imap.line()?;
        Ok(imap)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// Untagged lines, octets received, time from the write to the tagged OK.
    fn command(&mut self, text: &str) -> Outcome<(usize, usize, Duration)> {
        self.tag += 1;
        let tag = format!("b{} ", self.tag);
        let start = Instant::now();
        self.reader
            .get_mut()
            .write_all(format!("{tag}{text}\r\n").as_bytes())?;
        let (mut lines, mut octets) = (0, 0);
        loop {
            let line = self.line()?;
            octets += line.len();
            if let Some(rest) = line.strip_prefix(&tag) {
                if !rest.starts_with("OK") {
                    return Err(format!("{text}: {rest}").into());
                }
                return Ok((lines, octets, start.elapsed()));
            }
            lines += 1;
        }
    }
}

fn measure(
    name: &str,
    goal_ms: f64,
    runs: usize,
    mut once: impl FnMut() -> Outcome<Duration>,
) -> Outcome<()> {
    let times = (0..runs).map(|_| once()).collect::<Outcome<Vec<_>>>()?;
    let ms = median(times).as_secs_f64() * 1000.0;
    say(&format!(
        "{name:<44} {ms:>9.2} ms   goal {goal_ms:>5} ms   ratio {:.2}",
        ms / goal_ms
    ));
    Ok(())
}

fn main() -> Outcome<()> {
    let messages = std::env::var("POSTERN_BENCH_MESSAGES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(50_000);
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = Stage::set(&runtime, seed::large(messages, now()))?;

    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(stage.start()?.1);
    }
    let ms = median(times).as_secs_f64() * 1000.0;
    say(&format!(
        "{:<44} {ms:>9.2} ms   goal   100 ms   ratio {:.2}",
        "start of `postern run` to listening",
        ms / 100.0
    ));

    let (process, _) = stage.start()?;
    let mut client = Imap::connect(stage.imap)?;
    client.command(&format!("LOGIN anna \"{}\"", stage.password))?;
    let begun = Instant::now();
    client.command("SELECT INBOX")?;
    say(&format!(
        "{:<44} {:>9.2} s",
        format!("first listing of {messages} messages"),
        begun.elapsed().as_secs_f64()
    ));

    measure("SELECT, synced", 20.0, RUNS, || {
        Ok(client.command("SELECT INBOX")?.2)
    })?;
    measure("FETCH 1:* (UID FLAGS)", 100.0, RUNS, || {
        let (lines, _, time) = client.command("FETCH 1:* (UID FLAGS)")?;
        if lines < messages {
            return Err(format!("{lines} answers for {messages} messages").into());
        }
        Ok(time)
    })?;
    measure("UID SEARCH UNSEEN", 100.0, RUNS, || {
        Ok(client.command("UID SEARCH UNSEEN")?.2)
    })?;
    say(&format!(
        "{:<44} {:>9.1} MB",
        "resident with that mailbox open",
        resident(process.pid())
    ));
    drop(client);
    drop(process);

    let (idle, _) = stage.start()?;
    std::thread::sleep(Duration::from_secs(3));
    let mb = resident(idle.pid());
    say(&format!(
        "{:<44} {mb:>9.1} MB   goal    25 MB   ratio {:.2}",
        "idle resident, 3 s after the start",
        mb / 25.0
    ));
    drop(idle);
    runtime.block_on(stage.sandbox.stop());
    Ok(())
}
