//! kill -9 of the real program at each state of a submission: sent once, or held and reported; never
//! twice, never lost. What the sandbox accepted for sending is the judge.
//!
//! Each account stands at another point of a submission when the program is killed.

use crate::program::{Running, port_base, postern, run};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    config::Cloud,
    oauth,
    sandbox::{Options, Sandbox, Seeding, seed},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

const NOW: i64 = 1_767_600_000;
/// A draft that is still one proves nothing for half a minute; then there are two restarts.
const PATIENCE: Duration = Duration::from_secs(150);

/// Where an account's submission is when the program dies.
struct Case {
    name: &'static str,
    /// What Graph does; it is waited for.
    faults: Vec<Value>,
    large: bool,
    /// How often Graph accepts it in the end.
    sent: usize,
    /// Reports in the sender's Inbox in the end.
    reports: usize,
}

fn silent(method: &str, path: &str, after: bool) -> Value {
    json!({"method": method, "path": path, "after": after, "do": "silence", "seconds": 600})
}

fn cases() -> Vec<Case> {
    let case = |name, fault| Case {
        name,
        faults: vec![fault],
        large: false,
        sent: 1,
        reports: 0,
    };
    let throttled = json!({"method": "POST", "path": "/messages", "status": 429, "headers": {"Retry-After": "40"}});
    let refused = json!({"method": "POST", "path": "/send", "status": 400,
        "body": {"error": {"code": "ErrorInvalidRecipients", "message": "At least one recipient is not valid."}}});
    let mut upload = silent("PUT", "AttachmentSessions", true);
    // Upload addresses are on another host than Graph.
    upload["host"] = json!("login");
    vec![
        case("draft-undone", silent("POST", "/messages", false)),
        case("draft-done", silent("POST", "/messages", true)),
        case("send-undone", silent("POST", "/send", false)),
        case("send-done", silent("POST", "/send", true)),
        Case {
            large: true,
            ..case("upload", upload)
        },
        case("deferred", throttled),
        Case {
            faults: vec![refused, silent("POST", "/mailFolders/", true)],
            sent: 0,
            reports: 1,
            ..case("report", json!({}))
        },
        Case {
            faults: vec![],
            ..case("queued", json!({}))
        },
    ]
}

fn tenant(names: &[&str]) -> seed::Tenant {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    let first = tenant.users.remove(0);
    for (n, name) in names.iter().chain(&["ben"]).enumerate() {
        tenant.users.push(seed::User {
            object_id: format!("00000000-0000-4000-8000-0000000000{n:02}"),
            address: format!("{name}@example.com"),
            display_name: (*name).to_owned(),
            aliases: vec![],
            ..first.clone()
        });
    }
    tenant
}

pub(crate) struct World {
    sandbox: Sandbox,
    http: reqwest::Client,
    pub(crate) home: tempfile::TempDir,
    pub(crate) base: u16,
}

impl World {
    pub(crate) async fn new(names: &[&str]) -> Self {
        let addresses: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
        Self::of(tenant(names), &addresses).await
    }

    /// One mailbox with two accounts: the second one is named, and addresses it, by an alias.
    pub(crate) async fn with_alias(name: &str, alias: &str) -> Self {
        let mut tenant = tenant(&[name]);
        tenant.users[0].aliases = vec![format!("{alias}@example.com")];
        Self::of(tenant, &[(name, name), (alias, name)]).await
    }

    /// Accounts are named by their address; whose each one is stands beside.
    async fn of(tenant: seed::Tenant, accounts: &[(&str, &str)]) -> Self {
        let client_id = tenant.client_id.clone();
        let options = Options {
            tenant,
            seeding: Seeding::Regenerated,
            graph_port: 0,
            login_port: 0,
            admin_port: 0,
            auto_approve: true,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let cloud = Cloud {
            login_url: sandbox.login_url(),
            graph_url: sandbox.graph_url(),
        };
        let world = Self {
            sandbox,
            http: oauth::client::http(&cloud).unwrap(),
            home: tempfile::tempdir().unwrap(),
            base: port_base(),
        };
        world.configure(accounts, &client_id);
        world
    }

    fn configure(&self, accounts: &[(&str, &str)], client_id: &str) {
        let at = |n| format!("[\"127.0.0.1:{}\"]", self.base + n);
        let mut text = format!(
            "data_dir = \"data\"\n[imap]\nlisten = {}\ntls_listen = []\n[smtp]\nlisten = {}\ntls_listen = []\n\
             [http]\nlisten = []\n[cloud]\nlogin_url = \"{}\"\ngraph_url = \"{}\"\n",
            at(0),
            at(2),
            self.sandbox.login_url(),
            self.sandbox.graph_url()
        );
        for (name, user) in accounts {
            let _ = write!(
                text,
                "[[account]]\nname = \"{name}\"\nmailbox = \"{name}@example.com\"\nuser = \"{user}@example.com\"\n\
                 tenant = \"organizations\"\nclient_id = \"{client_id}\"\n"
            );
        }
        std::fs::write(self.home.path().join("postern.toml"), text).unwrap();
    }

    pub(crate) fn server(&self) -> Running {
        let mut command = postern(self.home.path());
        command.args(["run", "--config", "postern.toml", "--log", "info"]);
        let mut server = Running::start(&mut command, self.home.path().join("log"));
        server.wait_for_port(self.base + 2);
        server
    }

    pub(crate) fn ask(&self, args: &[&str]) -> String {
        let mut command = postern(self.home.path());
        let (code, out, told) = run(command.args(args).args(["--config", "postern.toml"]));
        assert_eq!(code, 0, "{args:?}: {told}");
        out.trim_end().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn fault(&self, fault: &Value) {
        self.post("faults", fault.clone()).await;
    }

    pub(crate) async fn post(&self, path: &str, body: Value) {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    pub(crate) async fn faults_are_met(&self, name: &str) {
        let begun = Instant::now();
        while !self.get("faults").await["faults"]
            .as_array()
            .unwrap()
            .is_empty()
        {
            assert!(begun.elapsed() < PATIENCE, "{name}: the fault is not met");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How often each Message-ID was accepted for sending.
    pub(crate) async fn accepted(&self) -> BTreeMap<String, usize> {
        let told = self.get("submissions").await;
        let mut count = BTreeMap::new();
        for one in told["submissions"].as_array().unwrap() {
            *count
                .entry(one["message_id"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        count
    }

    pub(crate) async fn items(&self, mailbox: &str, folder: &str) -> Vec<Value> {
        let told = self
            .get(&format!(
                "items?mailbox={mailbox}@example.com&folder={folder}"
            ))
            .await;
        told["items"].as_array().unwrap().clone()
    }
}

/// The least that an SMTP client must do.
pub(crate) struct Smtp {
    stream: BufReader<TcpStream>,
}

impl Smtp {
    pub(crate) fn connect(port: u16, name: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut smtp = Self {
            stream: BufReader::new(stream),
        };
        smtp.expect("220");
        smtp.say("EHLO localhost\r\n", "250");
        let plain = STANDARD.encode(format!("\0{name}\0{password}"));
        smtp.say(&format!("AUTH PLAIN {plain}\r\n"), "235");
        smtp
    }

    fn expect(&mut self, code: &str) -> String {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            assert!(line.starts_with(code), "{code} expected: {line}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return line;
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str, code: &str) {
        self.stream.get_mut().write_all(line.as_bytes()).unwrap();
        self.expect(code);
    }

    pub(crate) fn data(&mut self, from: &str, recipient: &str, message: &str) {
        self.say(&format!("MAIL FROM:<{from}>\r\n"), "250");
        self.say(&format!("RCPT TO:<{recipient}>\r\n"), "250");
        self.say("DATA\r\n", "354");
        self.stream.get_mut().write_all(message.as_bytes()).unwrap();
    }
}

fn message(case: &Case) -> String {
    let (name, large) = (case.name, case.large);
    let file = STANDARD.encode(vec![7_u8; if large { 4_000_000 } else { 10 }]);
    let file: Vec<_> = file
        .as_bytes()
        .chunks(76)
        .map(|l| std::str::from_utf8(l).unwrap())
        .collect();
    format!(
        "From: {name}@example.com\r\nTo: ben@example.com\r\nSubject: {name}\r\nMessage-ID: <{name}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n\
         --b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        file.join("\r\n")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_state_a_submission_is_sent_once_or_held_and_reported() {
    let cases = cases();
    let names: Vec<_> = cases.iter().map(|case| case.name).collect();
    let world = World::new(&names).await;
    let mut server = world.server();
    let mut passwords = BTreeMap::new();
    for name in &names {
        world.ask(&["account", "login", name]);
        passwords.insert(*name, world.ask(&["account", "password", "add", name]));
    }
    let log_in = |name: &str| Smtp::connect(world.base + 2, name, &passwords[name]);

    // In the middle of DATA: nobody was told anything.
    let mut half = log_in("queued");
    half.data(
        "queued@example.com",
        "ben@example.com",
        "Message-ID: <half@example.com>\r\n\r\nhal",
    );

    for case in &cases {
        for fault in &case.faults {
            world.fault(fault).await;
        }
        let mut smtp = log_in(case.name);
        let from = format!("{}@example.com", case.name);
        smtp.data(&from, "ben@example.com", &message(case));
        smtp.say(".\r\n", "250");
        world.faults_are_met(case.name).await;
    }
    // The last one has been taken this very moment.
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    drop(half);

    // Again, while it looks into what is in doubt.
    let mut server = world.server();
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let mut server = world.server();
    let begun = Instant::now();
    let want: BTreeMap<_, _> = cases
        .iter()
        .filter(|case| case.sent > 0)
        .map(|case| (format!("<{}@example.com>", case.name), case.sent))
        .collect();
    while world.accepted().await.len() < want.len() || !settled(world.home.path()) {
        let got = world.accepted().await;
        assert!(begun.elapsed() < PATIENCE, "{got:?}\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.accepted().await, want, "{}", server.log());
    // Nothing more comes of it, neither now nor after another start.
    server.terminate();
    server.wait();
    let server = world.server();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.accepted().await, want, "{}", server.log());
    for case in &cases {
        let inbox = world.items(case.name, "inbox").await;
        assert_eq!(inbox.len(), case.reports, "{} {inbox:?}", case.name);
        let drafts = world.items(case.name, "drafts").await;
        assert!(drafts.is_empty(), "{} {drafts:?}", case.name);
        let sent = world.items(case.name, "sentitems").await;
        assert_eq!(sent.len(), case.sent, "{}", case.name);
    }
    let ben = world.items("ben", "inbox").await;
    assert_eq!(ben.len(), want.len(), "{ben:?}");
}

/// Nothing waits any more: every message's file is gone.
fn settled(home: &Path) -> bool {
    std::fs::read_dir(home.join("data/spool"))
        .unwrap()
        .next()
        .is_none()
}
