//! The whole way from an IMAP client to Graph: sandbox, sign-in, store, account, server.

use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    account::{Account, Registry},
    auth::Authenticator,
    config,
    graph::{self, limiter::Limiter},
    imap::{Limits, Room, Server},
    mail::{AccountName, MailboxName, ModSeq, Secret},
    net::{Acceptor, Authority, Stream, tls::LEAF_LIFETIME, tls::provider},
    oauth::{self, device::DeviceLogin, source::TokenSource, vault::Vault},
    sandbox::{Options, Sandbox, Seeding, seed},
    store::Store,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_util::sync::CancellationToken;

pub(crate) const ANNA: &str = "anna@example.com";
/// 2026-01-05 08:00:00 UTC.
pub(crate) const NOW: i64 = 1_767_600_000;

pub(crate) struct Stack {
    pub(crate) server: Arc<Server>,
    pub(crate) account: Account,
    pub(crate) password: String,
    pub(crate) stop: CancellationToken,
    sandbox: Sandbox,
    ca: String,
    http: reqwest::Client,
    worker: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop.cancel();
        self.worker.abort();
    }
}

impl Stack {
    pub(crate) async fn start(tenant: seed::Tenant, seeding: Seeding) -> Self {
        let (id, client_id) = (tenant.id.clone(), tenant.client_id.clone());
        let options = Options {
            tenant,
            seeding,
            graph_port: 0,
            login_port: 0,
            admin_port: 0,
            auto_approve: true,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let cloud = config::Cloud {
            login_url: sandbox.login_url(),
            graph_url: sandbox.graph_url(),
        };
        let name = AccountName::new("anna");
        let configured = config::Account {
            name: name.clone(),
            mailbox: ANNA.to_owned(),
            user: ANNA.to_owned(),
            tenant: id,
            client_id,
            sign_in: config::SignIn::Device,
            uses: config::Use::Mail,
            writing: config::Writing::default(),
            cloud: cloud.clone(),
        };
        let dir = tempfile::tempdir().unwrap();
        let http = oauth::client::http(&cloud).unwrap();
        let vault = Arc::new(Vault::open(dir.path()).unwrap());
        let tokens = TokenSource::new(&configured, http.clone(), vault).unwrap();
        let (mut login, _) = DeviceLogin::start(&tokens).await.unwrap();
        login.wait().await.unwrap();
        login.keep().await.unwrap();
        let store = Store::open(dir.path(), Secret::new([7; 32])).await.unwrap();
        let mailbox = store.mailbox("m1").await.unwrap();
        let root = sandbox.graph_url();
        let graph = graph::Client::new(http.clone(), root, None, tokens, Limiter::default());
        // Faults end soon; a busy machine is not taken for one.
        let graph = graph.with_pace(graph::Pace {
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            person: Duration::from_secs(1),
            background: Duration::from_secs(1),
            base: Duration::from_millis(20),
        });
        let account = Account::new(name.clone(), mailbox, graph);
        let logins = vec![("anna".into(), name.clone()), (ANNA.into(), name.clone())];
        let auth = Authenticator::open(store, Secret::new([8; 32]), logins);
        let auth = auth.await.unwrap();
        let password = auth.add_password(&name, "test").await.unwrap();
        let authority = Authority::create("localhost", time::OffsetDateTime::now_utc()).unwrap();
        let ca = authority.certificate_pem();
        account.folders().await.unwrap();
        let registry = Registry::default();
        registry.insert(account.clone());
        let stop = CancellationToken::new();
        let worker = {
            let (account, stop) = (account.clone(), stop.clone());
            tokio::spawn(async move { account.run(stop).await })
        };
        Self {
            server: Arc::new(Server {
                auth,
                registry,
                acceptor: Some(Acceptor::local(authority, LEAF_LIFETIME).unwrap()),
                limits: Limits::default(),
                room: Room::default(),
            }),
            account,
            password: password.expose().clone(),
            stop,
            sandbox,
            ca,
            http,
            worker,
            _dir: dir,
        }
    }

    /// A client on this computer (`local`), or one from elsewhere.
    pub(crate) fn connect(&self, local: bool) -> Client {
        let (ours, theirs) = tokio::io::duplex(256 << 10);
        let here: SocketAddr = "127.0.0.1:1143".parse().unwrap();
        let there: SocketAddr = "192.0.2.7:50000".parse().unwrap();
        let peer = if local { here } else { there };
        let server = Arc::clone(&self.server);
        let stop = self.stop.clone();
        tokio::spawn(server.connection(Stream::plain(theirs), false, here, peer, stop));
        Client::over(ours)
    }

    /// A client that is logged in, its greetings read.
    pub(crate) async fn log_in(&self) -> Client {
        let mut client = self.connect(true);
        client.line().await;
        let password = &self.password;
        let lines = client.command(&format!("LOGIN anna {password}")).await;
        assert!(lines.last().unwrap().starts_with("t OK"), "{lines:?}");
        client
    }

    pub(crate) async fn admin(&self, path: &str, body: Value) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let json: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {body}: {json}");
        json
    }

    pub(crate) async fn heal(&self) {
        let url = self.sandbox.admin_url().join("faults").unwrap();
        self.http.delete(url).send().await.unwrap();
    }

    /// Requests to Graph so far, those inside a batch counted apart.
    pub(crate) async fn requests(&self) -> u64 {
        self.count("graph").await
    }

    /// The most requests that Graph had at a time.
    pub(crate) async fn peak(&self) -> u64 {
        self.count("peak").await
    }

    async fn count(&self, of: &str) -> u64 {
        let url = self.sandbox.admin_url().join("count").unwrap();
        let json: Value = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        json[of].as_u64().unwrap()
    }

    async fn inbox_modseq(&self) -> ModSeq {
        let folders = self.account.folders().await.unwrap();
        let inbox = folders.iter().find(|row| row.name == MailboxName::inbox());
        inbox.unwrap().highest_modseq
    }

    /// Does something at the admin door, and waits until the store knows of it in the Inbox.
    pub(crate) async fn change(&self, path: &str, body: Value) {
        let before = self.inbox_modseq().await;
        let told = self.admin(path, body.clone()).await;
        let folders = self.account.folders().await.unwrap();
        let inbox = folders.iter().find(|row| row.name == MailboxName::inbox());
        let key = inbox.unwrap().key;
        for _ in 0..100 {
            let _ = self.account.refresh(key).await;
            if self.inbox_modseq().await > before {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let now = self.inbox_modseq().await;
        panic!("not seen within 10 s: {path} {body} {told}, {before} {now}");
    }

    pub(crate) async fn deliver(&self, mime: &[u8]) {
        let body = json!({"mailbox": ANNA, "mime": STANDARD.encode(mime)});
        self.change("deliver", body).await;
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(self.ca.as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The client's end of a connection.
pub(crate) struct Client {
    stream: Option<Box<dyn Io>>,
    input: Vec<u8>,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Client {
    pub(crate) fn over(stream: impl Io + 'static) -> Self {
        Self {
            stream: Some(Box::new(stream)),
            input: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) {
        let stream = self.stream.as_mut().unwrap();
        stream.write_all(octets).await.unwrap();
        stream.flush().await.unwrap();
    }

    /// As [`Client::send`]; the server may have closed already.
    pub(crate) async fn try_send(&mut self, octets: &[u8]) {
        let stream = self.stream.as_mut().unwrap();
        let _ = timeout(PATIENCE, stream.write_all(octets)).await;
    }

    pub(crate) async fn half_close(&mut self) {
        self.stream.as_mut().unwrap().shutdown().await.unwrap();
    }

    /// Reads more; false at the end of the stream.
    async fn fill(&mut self) -> bool {
        let stream = self.stream.as_mut().unwrap();
        let read = timeout(PATIENCE, stream.read_buf(&mut self.input)).await;
        read.unwrap_or_else(|_| panic!("the server says nothing"))
            .unwrap_or(0)
            > 0
    }

    /// The next line without its CRLF; `None` at the end of the stream.
    pub(crate) async fn line_or_end(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.input[..at].to_vec();
                self.input.drain(..at + 2);
                return Some(line);
            }
            if !self.fill().await {
                assert!(self.input.is_empty(), "half a line: {:?}", self.input);
                return None;
            }
        }
    }

    /// Octets as Latin-1.
    pub(crate) async fn line(&mut self) -> String {
        let line = self.line_or_end().await.expect("the server closed");
        line.into_iter().map(char::from).collect()
    }

    /// A response with its literals, as octets, without the last CRLF.
    pub(crate) async fn response(&mut self) -> Vec<u8> {
        let mut from = 0;
        loop {
            if let Some(at) = self.input[from..]
                .windows(2)
                .position(|pair| pair == b"\r\n")
            {
                let end = from + at;
                let Some(size) = announced(&self.input[from..end]) else {
                    let response = self.input[..end].to_vec();
                    self.input.drain(..end + 2);
                    return response;
                };
                while self.input.len() < end + 2 + size {
                    assert!(self.fill().await, "the server closed");
                }
                from = end + 2 + size;
            } else {
                assert!(self.fill().await, "the server closed");
            }
        }
    }

    /// Sends a command with the tag `t` and reads to its tagged response. For answers without literals.
    pub(crate) async fn command(&mut self, command: &str) -> Vec<String> {
        self.send(format!("t {command}\r\n").as_bytes()).await;
        let mut lines = Vec::new();
        loop {
            lines.push(self.line().await);
            if lines.last().unwrap().starts_with("t ") {
                return lines;
            }
        }
    }

    /// Whether the server says something within a moment.
    pub(crate) async fn says_more(&mut self) -> bool {
        !self.input.is_empty()
            || timeout(Duration::from_millis(100), self.fill())
                .await
                .unwrap_or(false)
    }

    pub(crate) async fn tls(&mut self, stack: &Stack) {
        assert!(self.input.is_empty(), "said before TLS: {:?}", self.input);
        let stream = self.stream.take().unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = stack.connector().connect(name, stream).await.unwrap();
        self.stream = Some(Box::new(stream));
    }
}

fn announced(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line.strip_suffix(b"}")?).ok();
    let digits = line?.rsplit_once('{')?.1;
    digits.parse().ok()
}

/// Three mails in the Inbox, one in `Projekte/2024`; German folder names.
pub(crate) fn small_world() -> seed::Tenant {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    let user = &mut tenant.users[0];
    user.language = seed::Language::German;
    user.folders[0].messages = vec![plain(), with_attachment(), forwarded()];
    user.folders.push(seed::Folder {
        path: vec!["Projekte".into()],
        hidden: false,
        messages: vec![],
    });
    user.folders.push(seed::Folder {
        path: vec!["Projekte".into(), "R&D/ü 🚀".into()],
        hidden: false,
        messages: vec![filed()],
    });
    tenant
}

fn plain() -> seed::Message {
    let mime = "Date: Mon, 29 Dec 2025 10:00:00 +0100\r\nFrom: Ben Berger <ben@example.com>\r\n\
        To: Anna <anna@example.com>\r\nSubject: Lunch\r\nMessage-ID: <lunch@example.com>\r\n\
        MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nAt noon?\r\nBen\r\n";
    seed::Message {
        mime: mime.as_bytes().to_vec(),
        received: NOW - 3600 * 24 * 7,
        read: true,
        categories: vec!["Rot".into()],
        ..seed::Message::default()
    }
}

fn filed() -> seed::Message {
    let mut mail = plain();
    let text = String::from_utf8(mail.mime).unwrap();
    mail.mime = text.replace("<lunch@", "<filed@").into_bytes();
    mail
}

fn with_attachment() -> seed::Message {
    let mime = "Date: Tue, 30 Dec 2025 11:00:00 +0000\r\nFrom: \"Clara \\\"C\\\" Conrad\" <clara@example.net>\r\n\
        To: anna@example.com, ben@example.com\r\nCc: Team: d@example.org, e@example.org;\r\n\
        Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <greetings@example.net>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npreamble\r\n--b1\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSch\u{f6}ne Gr\u{fc}\u{df}e\r\n\
        --b1\r\nContent-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Disposition: attachment; filename=\"a b.pdf\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b1--\r\n";
    seed::Message {
        mime: mime.as_bytes().to_vec(),
        received: NOW - 3600 * 24 * 6,
        ..seed::Message::default()
    }
}

fn forwarded() -> seed::Message {
    let mime = "Date: Wed, 31 Dec 2025 23:30:00 -0500\r\nFrom: d@example.org\r\nTo: anna@example.com\r\n\
        Subject: Fwd\r\nMessage-ID: <fwd@example.org>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b2\r\n\r\n--b2\r\nContent-Type: message/rfc822\r\n\r\n\
        From: x@example.org\r\nSubject: Inner\r\n\r\nInner text\r\n--b2--\r\n";
    seed::Message {
        mime: mime.as_bytes().to_vec(),
        received: NOW - 3600 * 24 * 5,
        flagged: true,
        ..seed::Message::default()
    }
}
