//! A mailbox of 50,000 messages, measured as a mail program sees it: `cargo bench --bench mailbox`.
//!
//! Starts the sandbox in this process, then the real `postern` beside it, and speaks IMAP to it over
//! loopback. Prints medians over several runs, memory from `/proc`, and Graph requests from the
//! sandbox's count. `POSTERN_BENCH_MESSAGES` sets another size (the smoke run uses 2,000).

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use postern::sandbox::{Options, Sandbox, Seeding, seed};

type Outcome<T> = Result<T, Box<dyn Error>>;

const RUNS: usize = 11;

/// The real program; ended (SIGTERM, then waited for) when dropped.
struct Postern(Child);

impl Drop for Postern {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

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

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Resident memory of a process in MB (`VmRSS`).
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kb = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kb = kb.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kb.unwrap_or(f64::NAN) / 1024.0
}

fn config(dir: &Path, imap: u16, ports: [u16; 4], sandbox: &Sandbox, client_id: &str) -> String {
    let [tls, smtp, smtps, http] = ports;
    format!(
        "data_dir = {dir:?}\n\
         [imap]\nlisten = [\"127.0.0.1:{imap}\"]\ntls_listen = [\"127.0.0.1:{tls}\"]\n\
         [smtp]\nlisten = [\"127.0.0.1:{smtp}\"]\ntls_listen = [\"127.0.0.1:{smtps}\"]\n\
         [http]\nlisten = [\"127.0.0.1:{http}\"]\n\
         [cloud]\nlogin_url = \"{}\"\ngraph_url = \"{}\"\n\
         [[account]]\nname = \"anna\"\nmailbox = \"anna@example.com\"\ntenant = \"organizations\"\n\
         client_id = \"{client_id}\"\nsign_in = \"device\"\nuse = \"mail\"\n",
        sandbox.login_url(),
        sandbox.graph_url(),
        dir = dir.join("data"),
    )
}

/// Starts `postern run`; returns it with the time until the IMAP port took a connection.
fn start(config: &Path, imap: u16) -> Outcome<(Postern, Duration)> {
    let begun = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(["run", "--config"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let postern = Postern(child);
    while begun.elapsed() < Duration::from_secs(10) {
        if TcpStream::connect(("127.0.0.1", imap)).is_ok() {
            return Ok((postern, begun.elapsed()));
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Err("postern run did not listen within 10 s".into())
}

fn postern(args: &[&str], config: &Path) -> Outcome<String> {
    let out = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(args)
        .arg("--config")
        .arg(config)
        .output()?;
    if !out.status.success() {
        return Err(format!("postern {args:?}: {}", String::from_utf8_lossy(&out.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
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

fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn main() -> Outcome<()> {
    let messages = std::env::var("POSTERN_BENCH_MESSAGES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(50_000);
    let dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs() as i64;
    let tenant = seed::large(messages, now);
    let client_id = tenant.client_id.clone();
    let sandbox = runtime.block_on(Sandbox::start(Options {
        tenant,
        seeding: Seeding::Regenerated,
        graph_port: 0,
        login_port: 0,
        admin_port: 0,
        auto_approve: true,
    }))?;

    let imap = free_port()?;
    let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
    let file = dir.path().join("postern.toml");
    fs::write(&file, config(dir.path(), imap, ports, &sandbox, &client_id))?;
    postern(&["account", "login", "anna"], &file)?;
    let password = postern(&["account", "password", "add", "anna"], &file)?;
    let password = password
        .lines()
        .find(|l| !l.trim().is_empty())
        .unwrap_or_default()
        .trim()
        .to_owned();

    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(start(&file, imap)?.1);
    }
    let ms = median(times).as_secs_f64() * 1000.0;
    say(&format!(
        "{:<44} {ms:>9.2} ms   goal   100 ms   ratio {:.2}",
        "start of `postern run` to listening",
        ms / 100.0
    ));

    let (process, _) = start(&file, imap)?;
    let mut client = Imap::connect(imap)?;
    client.command(&format!("LOGIN anna \"{password}\""))?;
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
        resident(process.0.id())
    ));
    drop(client);
    drop(process);

    let (idle, _) = start(&file, imap)?;
    std::thread::sleep(Duration::from_secs(3));
    let mb = resident(idle.0.id());
    say(&format!(
        "{:<44} {mb:>9.1} MB   goal    25 MB   ratio {:.2}",
        "idle resident, 3 s after the start",
        mb / 25.0
    ));
    drop(idle);
    runtime.block_on(sandbox.stop());
    Ok(())
}
