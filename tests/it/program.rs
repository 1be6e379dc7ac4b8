//! The real binary, driven as a user does: in a folder and an environment of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `postern` with no environment but what tests give it.
pub(crate) fn postern(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TMPDIR", std::env::temp_dir())
        .stdin(Stdio::null());
    command
}

/// Runs to the end: exit code, standard output, standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// A running program; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: PathBuf,
}

impl Running {
    /// Standard error goes to `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = std::fs::File::create(&log).unwrap();
        let child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The first line on standard output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let out = self.child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no line; log: {}", self.log());
        line
    }

    /// Until something takes connections there.
    pub(crate) fn wait_for_port(&mut self, port: u16) {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended: {ended:?}: {}", self.log());
            assert!(begun.elapsed() < PATIENCE, "port {port}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.pid()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// N with N to N+7 free on both loopback addresses. Another process may take one before the test
/// does; the range lies outside the one from which the system picks.
pub(crate) fn port_base() -> u16 {
    let free = |port: u16| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_ok()
    };
    for _ in 0..200 {
        let random = uuid::Uuid::new_v4().as_u128();
        let base = 10_000 + u16::try_from(random % 2_000).unwrap() * 10;
        if (base..base + 8).all(free) {
            return base;
        }
    }
    panic!("no eight free ports in a row");
}

/// The first line that the other side says.
pub(crate) fn greeting(port: u16) -> String {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

/// The status line of a GET.
pub(crate) fn http_status(port: u16, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let first = text.lines().next().unwrap_or_default().to_owned();
    if first.contains("200") {
        assert!(text.ends_with("\r\n\r\nok"), "{text}");
    }
    first
}

/// An IMAP client of a few lines, over anything that reads and writes.
pub(crate) struct Imap<S> {
    stream: BufReader<S>,
    tag: u32,
}

impl<S: Read + Write> Imap<S> {
    pub(crate) fn new(stream: S) -> Self {
        let mut imap = Self {
            stream: BufReader::new(stream),
            tag: 0,
        };
        let greeting = imap.line();
        assert!(greeting.starts_with("* OK"), "{greeting}");
        imap
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        assert!(!line.is_empty(), "the connection was closed");
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Untagged lines, and the tagged one without its tag.
    pub(crate) fn command(&mut self, text: &str) -> (Vec<String>, String) {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        let line = format!("{tag}{text}\r\n");
        self.stream.get_mut().write_all(line.as_bytes()).unwrap();
        self.stream.get_mut().flush().unwrap();
        let mut untagged = Vec::new();
        loop {
            let line = self.line();
            match line.strip_prefix(&tag) {
                Some(last) => return (untagged, last.trim_end().to_owned()),
                None => untagged.push(line.trim_end().to_owned()),
            }
        }
    }

    pub(crate) fn ok(&mut self, text: &str) -> Vec<String> {
        let (untagged, last) = self.command(text);
        assert!(last.starts_with("OK"), "{text}: {last}");
        untagged
    }
}
