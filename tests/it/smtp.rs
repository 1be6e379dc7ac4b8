//! Mail through the real program: SMTP in, the sandbox's mailboxes out. What arrived is asked of the
//! sandbox itself, not of Postern.

use crate::program::{PATIENCE, Running, port_base, postern};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

/// The demo, and its card.
struct Post {
    demo: Running,
    card: Value,
    home: tempfile::TempDir,
}

impl Post {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let base = port_base().to_string();
        let mut command = postern(home.path());
        command.args(["demo", "--json", "--data", "data", "--port-base", &base]);
        let mut demo = Running::start(&mut command, home.path().join("log"));
        let card = serde_json::from_str(&demo.line()).unwrap();
        Self { demo, card, home }
    }

    fn tcp(&self, port: &str) -> TcpStream {
        let port = u16::try_from(self.card["smtp"][port].as_u64().unwrap()).unwrap();
        let tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp
    }

    fn plain(&self) -> Smtp {
        Smtp::new(Box::new(self.tcp("port")))
    }

    fn tls_over(&self, tcp: TcpStream) -> Box<dyn Io> {
        let mut roots = RootCertStore::empty();
        let ca = self.card["ca_file"].as_str().unwrap();
        roots
            .add(CertificateDer::from_pem_file(ca).unwrap())
            .unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(postern::net::tls::provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        Box::new(StreamOwned::new(tls, tcp))
    }

    /// Over implicit TLS, greeted and logged in.
    fn log_in(&self, index: usize) -> Smtp {
        let mut smtp = Smtp::new(self.tls_over(self.tcp("tls_port")));
        smtp.says("220 ");
        smtp.ok("EHLO test");
        smtp.ok(&self.auth(index));
        smtp
    }

    fn auth(&self, index: usize) -> String {
        let account = &self.card["accounts"][index];
        let field = |key: &str| account[key].as_str().unwrap().to_owned();
        let message = format!("\0{}\0{}", field("user"), field("password"));
        format!("AUTH PLAIN {}", STANDARD.encode(message))
    }

    /// The sandbox's admin API, by hand: nothing of Postern's HTTP client.
    fn admin(&self, path: &str) -> Value {
        let address = self.card["admin"].as_str().unwrap();
        let mut tcp = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        tcp.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        tcp.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
        assert!(head.to_lowercase().contains("content-length"), "{head}");
        serde_json::from_str(body).unwrap()
    }

    /// Those in a mailbox's Inbox whose subject ends so.
    fn inbox(&self, mailbox: &str, subject: &str) -> Vec<Value> {
        let items = self.admin(&format!("/items?mailbox={mailbox}&folder=inbox"));
        let items = items["items"].as_array().unwrap().clone();
        let fits = |item: &Value| {
            item["subject"]
                .as_str()
                .is_some_and(|s| s.ends_with(subject))
        };
        items.into_iter().filter(fits).collect()
    }

    /// Waits until it has come, and reads it.
    fn arrived(&self, mailbox: &str, subject: &str) -> String {
        let begun = Instant::now();
        loop {
            if let [item] = self.inbox(mailbox, subject).as_slice() {
                let id = item["id"].as_str().unwrap();
                let item = self.admin(&format!("/item?mailbox={mailbox}&item={id}"));
                let mime = STANDARD.decode(item["mime"].as_str().unwrap()).unwrap();
                return String::from_utf8_lossy(&mime).into_owned();
            }
            let log = self.demo.log();
            assert!(begun.elapsed() < PATIENCE, "{subject} never came: {log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn submissions(&self, subject: &str) -> Vec<Value> {
        let all = self.admin("/submissions")["submissions"]
            .as_array()
            .unwrap()
            .clone();
        all.into_iter()
            .filter(|s| s["subject"] == subject)
            .collect()
    }

    /// The most memory that the process has had in RAM so far, in octets.
    #[cfg(target_os = "linux")]
    fn peak(&self) -> u64 {
        let path = format!("/proc/{}/status", self.demo.pid());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kib: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        kib * 1024
    }
}

trait Io: Read + Write {}
impl<T: Read + Write> Io for T {}

/// A client of a few lines.
struct Smtp(BufReader<Box<dyn Io>>);

impl Smtp {
    fn new(io: Box<dyn Io>) -> Self {
        Self(BufReader::new(io))
    }

    fn send(&mut self, octets: &[u8]) {
        self.0.get_mut().write_all(octets).unwrap();
        self.0.get_mut().flush().unwrap();
    }

    /// A whole reply.
    fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let from = reply.len();
            let read = self.0.read_line(&mut reply).unwrap();
            assert!(read > 0, "the server closed after {reply:?}");
            if reply.as_bytes()[from + 3] == b' ' {
                return reply;
            }
        }
    }

    fn says(&mut self, start: &str) -> String {
        let reply = self.reply();
        assert!(reply.starts_with(start), "wanted {start}, got {reply}");
        reply
    }

    fn command(&mut self, line: &str, start: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.says(start)
    }

    fn ok(&mut self, line: &str) -> String {
        self.command(line, "2")
    }

    fn is_closed(&mut self) {
        let mut rest = Vec::new();
        let read = self.0.read_to_end(&mut rest);
        assert!(read.is_ok() && rest.is_empty(), "{read:?} {rest:?}");
    }

    fn envelope(&mut self, from: &str, to: &[&str]) {
        self.ok(&format!("MAIL FROM:<{from}>"));
        for to in to {
            self.ok(&format!("RCPT TO:<{to}>"));
        }
        self.command("DATA", "354 ");
    }

    fn mail(&mut self, from: &str, to: &[&str], message: &str) {
        self.envelope(from, to);
        self.send(message.as_bytes());
        self.command(".", "250 2.0.0 Queued as ");
    }
}

const ANNA: &str = "anna@example.com";
const BEN: &str = "ben@example.com";

fn message(header: &str, subject: &str, body: &str) -> String {
    format!(
        "From: Anna <{ANNA}>\r\n{header}\r\nSubject: {subject}\r\nMessage-ID: <{}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        subject.replace(' ', "-")
    )
}

#[test]
fn mail_goes_to_whom_the_envelope_names() {
    let post = Post::start();
    let mut smtp = post.log_in(0);
    smtp.mail(
        ANNA,
        &[BEN],
        &message(&format!("To: {BEN}"), "To ben", "Noon?"),
    );
    let got = post.arrived(BEN, "To ben");
    assert!(got.contains("Noon?"), "{got}");

    // Who is only in the envelope gets it and is shown to nobody.
    let blind = message(&format!("To: {BEN}"), "Blind copy", "For two");
    smtp.mail(ANNA, &[BEN, "rechnung@example.com"], &blind);
    for mailbox in [BEN, "rechnung@example.com"] {
        let got = post.arrived(mailbox, "Blind copy").to_lowercase();
        assert!(got.contains(&format!("to: {BEN}")), "{got}");
        assert!(!got.contains("rechnung@"), "shown to {mailbox}: {got}");
    }

    // Who is only in a header does not get it.
    let header = format!("To: {BEN}\r\nCc: rechnung@example.com");
    smtp.mail(ANNA, &[BEN], &message(&header, "Header only", "For one"));
    post.arrived(BEN, "Header only");
    let sent = post.submissions("Header only");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["recipients"], serde_json::json!([BEN]));
    assert!(post.inbox("rechnung@example.com", "Header only").is_empty());

    // Nobody has that address: the sender is told in the Inbox.
    let nobody = "nobody.at.all@example.com";
    let lost = message(&format!("To: {nobody}"), "To nobody", "Hello?");
    smtp.mail(ANNA, &[nobody], &lost);
    let report = post.arrived(ANNA, "To nobody");
    assert!(report.contains(nobody), "{report}");
    smtp.command("QUIT", "221 ");
    smtp.is_closed();
    for subject in ["To ben", "Blind copy", "To nobody"] {
        assert_eq!(post.submissions(subject).len(), 1, "{subject} sent once");
    }
}

#[test]
fn a_session_over_starttls_in_one_burst_and_its_end() {
    let mut post = Post::start();
    let mut tcp = post.tcp("port");
    // Written by hand: behind STARTTLS someone put a command of theirs.
    let mut first = Smtp::new(Box::new(tcp.try_clone().unwrap()));
    first.says("220 ");
    let offers = first.ok("EHLO test");
    assert!(offers.contains("250-STARTTLS\r\n"), "{offers}");
    tcp.write_all(b"STARTTLS\r\nMAIL FROM:<mallory@example.org>\r\n")
        .unwrap();
    first.says("220 2.0.0 ");
    let mut smtp = Smtp::new(post.tls_over(tcp));
    let offers = smtp.ok("EHLO test");
    assert!(offers.contains("250-AUTH PLAIN LOGIN\r\n"), "{offers}");
    assert!(!offers.contains("STARTTLS"), "{offers}");
    smtp.command("RCPT TO:<ben@example.com>", "530 5.7.0 ");
    smtp.ok(&post.auth(0));
    // RFC 2920: the envelope in one piece; one write answers it.
    let burst = format!(
        "MAIL FROM:<{ANNA}> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<{BEN}>\r\nRCPT TO:<nobody>\r\nDATA\r\n"
    );
    smtp.send(burst.as_bytes());
    for start in ["250 2.1.0", "250 2.1.5", "553 5.1.3", "354 "] {
        smtp.says(start);
    }
    let dots = message(&format!("To: {BEN}"), "Dots", "..one\r\n...\r\nGrüße");
    smtp.send(format!("{dots}.\r\nNOOP\r\n").as_bytes());
    smtp.says("250 2.0.0 Queued as 1\r\n");
    smtp.says("250 2.0.0 OK");
    let got = post.arrived(BEN, "Dots");
    assert!(got.contains("\r\n.one\r\n..\r\n"), "{got}");

    // Too large: told at once when SIZE says so.
    smtp.command(&format!("MAIL FROM:<{ANNA}> SIZE=35000001"), "552 5.3.4 ");

    // Other ends: a browser, a guesser, and whoever speaks TLS at the wrong port.
    let mut browser = post.plain();
    browser.says("220 ");
    browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    browser.says("421 4.7.0 ");
    browser.is_closed();
    let mut wrong = post.plain();
    wrong.says("220 ");
    wrong.send(&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]);
    wrong.says("421 4.7.0 ");
    wrong.is_closed();
    let mut guesser = post.plain();
    guesser.says("220 ");
    guesser.ok("HELO guesser");
    let begun = Instant::now();
    for _ in 0..3 {
        guesser.command("AUTH PLAIN AGFubmEAd3Jvbmc=", "535 5.7.8 ");
    }
    guesser.is_closed();
    assert!(begun.elapsed() > Duration::from_millis(500), "no delay");

    // The server stops: idle clients are told, within DATA too, and that mail was never taken.
    let mut half = post.log_in(0);
    half.envelope(ANNA, &[BEN]);
    half.send(b"Subject: Half\r\n\r\nnot all of it");
    post.demo.terminate();
    smtp.says("421 4.3.2 ");
    smtp.is_closed();
    half.says("421 4.3.2 ");
    assert_eq!(post.demo.wait().code(), Some(0), "{}", post.demo.log());
    let log = post.demo.log();
    let account = &post.card["accounts"][0];
    assert!(
        !log.contains(account["password"].as_str().unwrap()),
        "{log}"
    );
    let spooled = post.home.path().join("data/spool");
    let left: Vec<_> = std::fs::read_dir(&spooled)
        .map(Iterator::collect)
        .unwrap_or_default();
    assert!(left.is_empty(), "{left:?}");
}

/// Lines of 76 octets, as base64 has them.
fn body(octets: usize) -> String {
    let line = format!("{}\r\n", "QUJD".repeat(19));
    line.repeat(octets / line.len())
}

fn with_file(subject: &str, octets: usize) -> String {
    format!(
        "From: {ANNA}\r\nTo: {BEN}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n--cut\r\n\r\nSee there.\r\n--cut\r\n\
         Content-Type: application/octet-stream; name=\"a.bin\"\r\n\
         Content-Disposition: attachment; filename=\"a.bin\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--cut--\r\n",
        body(octets)
    )
}

#[test]
#[cfg(target_os = "linux")]
fn large_mail_passes_through() {
    let post = Post::start();
    let mut smtp = post.log_in(0);
    smtp.mail(ANNA, &[BEN], &with_file("Six megabytes", 6_000_000));
    let got = post.arrived(BEN, "Six megabytes");
    assert!(got.len() > 5_000_000, "{} octets came", got.len());

    // Over the limit without a word about it: refused after DATA, the session goes on. Memory is the
    // server's and the sandbox's together, and stays where it was.
    let before = post.peak();
    smtp.envelope(ANNA, &[BEN]);
    let piece = body(1 << 20);
    for _ in 0..60 {
        smtp.send(piece.as_bytes());
    }
    smtp.command(".", "552 5.3.4 ");
    smtp.command("RCPT TO:<ben@example.com>", "503 ");
    smtp.ok("NOOP");
    let grown = post.peak() - before;
    assert!(
        grown < 8 << 20,
        "{grown} octets for a message that was refused"
    );
}
