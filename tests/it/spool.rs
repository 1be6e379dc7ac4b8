//! From "taken" to "sent": the spool against the sandbox, on good and bad days.

use super::graph::{account, sign_in};
use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    graph::{Client, Pace, limiter::Limiter},
    mail::{AccountName, Envelope, ErrorClass, Secret},
    oauth::{self, source::TokenSource, vault::Vault},
    sandbox::{Options, Sandbox, Seeding, seed},
    spool::{self, Couriers, Patience, Route, Spool},
    store::Store,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

const NOW: i64 = 1_767_600_000;
pub(super) const ANNA: &str = "anna@example.com";
pub(super) const BEN: &str = "ben@example.com";
pub(super) const CARL: &str = "carl@example.com";

/// Milliseconds where the real one has seconds and minutes.
pub(super) const HASTY: Patience = Patience {
    pauses: (50, 200),
    give_up: 60_000,
    looks: (50, 100),
    doubt: 3_000,
    settle: 700,
    access: 100,
    order: 5_000,
    turn: 200,
};

/// A sandbox with three mailboxes, and Anna's spool.
pub(super) struct Post {
    sandbox: Sandbox,
    http: reqwest::Client,
    pub(super) store: Store,
    pub(super) couriers: Couriers,
    /// The same mailbox where nothing answers.
    pub(super) unreachable: Client,
    pub(super) spool: Spool,
    stop: CancellationToken,
    worker: tokio::task::JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

fn tenant() -> seed::Tenant {
    let mut tenant = seed::mailbox_of(Vec::new(), NOW);
    for (n, address) in [BEN, CARL].into_iter().enumerate() {
        let mut user = tenant.users[0].clone();
        user.object_id = format!("00000000-0000-4000-8000-00000000000{n}");
        user.address = address.to_owned();
        user.display_name = address.to_owned();
        user.aliases = vec![];
        tenant.users.push(user);
    }
    tenant.users[0].aliases = vec!["a.alias@example.com".to_owned()];
    tenant
}

fn options(patience: Patience) -> spool::Options {
    spool::Options {
        patience,
        ..spool::Options::default()
    }
}

pub(super) fn anna() -> AccountName {
    AccountName::new("anna")
}

fn envelope(recipients: &[&str]) -> Envelope {
    Envelope {
        reverse_path: ANNA.to_owned(),
        recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
        ..Envelope::default()
    }
}

pub(super) fn mail(id: &str, header: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Anna <{ANNA}>\r\nSubject: about {id}\r\nMessage-ID: <{id}@example.com>\r\n\
         Date: Mon, 05 Jan 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Post {
    pub(super) async fn start() -> Self {
        Self::with(options(HASTY)).await
    }

    pub(super) async fn with(options: spool::Options) -> Self {
        let tenant = tenant();
        let (id, client_id) = (tenant.id.clone(), tenant.client_id.clone());
        let sandbox = Sandbox::start(Options {
            tenant,
            seeding: Seeding::Regenerated,
            graph_port: 0,
            login_port: 0,
            admin_port: 0,
            auto_approve: true,
        });
        let sandbox = sandbox.await.unwrap();
        let mut account = account(&sandbox.login_url(), &sandbox.graph_url());
        (account.tenant, account.client_id) = (id, client_id);
        let dir = tempfile::tempdir().unwrap();
        let http = oauth::client::http(&account.cloud).unwrap();
        let vault = Arc::new(Vault::open(dir.path()).unwrap());
        let tokens = TokenSource::new(&account, http.clone(), vault).unwrap();
        sign_in(&tokens).await;
        let root = sandbox.graph_url();
        let pace = Pace {
            first_byte: Duration::from_secs(2),
            idle: Duration::from_secs(2),
            person: Duration::from_millis(300),
            background: Duration::from_millis(300),
            base: Duration::from_millis(20),
        };
        let nowhere = "http://127.0.0.1:1".parse().unwrap();
        let client = |root| {
            let (http, tokens) = (http.clone(), tokens.clone());
            Client::new(http, root, None, tokens, Limiter::default()).with_pace(pace)
        };
        let (graph, unreachable) = (client(root), client(nowhere));
        let route = Route {
            graph,
            mailbox: ANNA.to_owned(),
            send_only: false,
        };
        let couriers = Couriers::from([(anna(), route)]);
        let store = Store::open(dir.path(), Secret::new([7; 32])).await.unwrap();
        let spool = Spool::open(store.clone(), couriers.clone(), options).await;
        let stop = CancellationToken::new();
        let mut post = Self {
            spool: spool.unwrap(),
            worker: tokio::spawn(async {}),
            sandbox,
            http,
            store,
            couriers,
            unreachable,
            stop,
            dir,
        };
        post.switch("deliver-ms", json!(50)).await;
        post.switch("sent-ms", json!(50)).await;
        post.work();
        post
    }

    fn work(&mut self) {
        let (spool, stop) = (self.spool.clone(), self.stop.clone());
        self.worker = tokio::spawn(async move { spool.run(stop).await });
    }

    /// As after a crash: the worker stops in the middle, and a new spool opens what is there.
    pub(super) async fn restart(&mut self) {
        self.restart_with(HASTY).await;
    }

    pub(super) async fn restart_with(&mut self, patience: Patience) {
        self.worker.abort();
        let _ = (&mut self.worker).await;
        let (store, couriers) = (self.store.clone(), self.couriers.clone());
        self.spool = Spool::open(store, couriers, options(patience))
            .await
            .unwrap();
        self.work();
    }

    pub(super) async fn admin(&self, path: &str, body: Value) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path} {body}");
        answer.json().await.unwrap()
    }

    pub(super) async fn ask(&self, path: &str) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(super) async fn switch(&self, name: &str, value: Value) {
        self.admin("switch", json!({"name": name, "value": value}))
            .await;
    }

    pub(super) async fn fault(&self, fault: Value) {
        self.admin("faults", fault).await;
    }

    pub(super) async fn faults_are_met(&self, fault: &Value) {
        let left = self.ask("faults").await;
        assert_eq!(left["faults"], json!([]), "{fault}");
    }

    /// What Graph accepted for sending.
    pub(super) async fn accepted(&self) -> Vec<Value> {
        let told = self.ask("submissions").await;
        told["submissions"].as_array().unwrap().clone()
    }

    pub(super) async fn folder(&self, mailbox: &str, folder: &str) -> Vec<Value> {
        let told = self
            .ask(&format!("items?mailbox={mailbox}&folder={folder}"))
            .await;
        told["items"].as_array().unwrap().clone()
    }

    /// The MIME of the newest message in an Inbox.
    pub(super) async fn newest(&self, mailbox: &str) -> String {
        let items = self.folder(mailbox, "inbox").await;
        let id = items.last().unwrap()["id"].as_str().unwrap().to_owned();
        let item = self.ask(&format!("item?mailbox={mailbox}&item={id}")).await;
        let octets = STANDARD.decode(item["value"].as_str().unwrap()).unwrap();
        String::from_utf8(octets).unwrap()
    }

    pub(super) async fn submit(&self, recipients: &[&str], message: &[u8]) -> spool::SubmissionId {
        self.submit_for(&anna(), recipients, message).await
    }

    pub(super) async fn submit_for(
        &self,
        account: &AccountName,
        recipients: &[&str],
        message: &[u8],
    ) -> spool::SubmissionId {
        let begun = self.spool.begin(account, envelope(recipients)).await;
        let mut incoming = begun.unwrap();
        for piece in message.chunks(1000) {
            incoming.write(piece).await.unwrap();
        }
        incoming.commit().await.unwrap()
    }

    pub(super) async fn state(&self, id: spool::SubmissionId) -> String {
        let submission = self.store.submission(id.0).await.unwrap().unwrap();
        let progress = submission.progress;
        match progress.report {
            Some(report) => format!("{} (to report: {report})", progress.state),
            None => progress.state,
        }
    }

    pub(super) async fn reaches(&self, id: spool::SubmissionId, state: &str) {
        let begun = Instant::now();
        loop {
            let now = self.state(id).await;
            if now == state {
                return;
            }
            let row = self.store.submission(id.0).await.unwrap().unwrap();
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "{state} expected: {row:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn until_count(&self, mailbox: &str, folder: &str, count: usize) {
        let begun = Instant::now();
        while self.folder(mailbox, folder).await.len() != count {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "{mailbox} {folder} {count}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        let dir = std::fs::read_dir(self.dir.path().join("spool")).unwrap();
        dir.map(|entry| entry.unwrap().path()).collect()
    }
}

pub(super) fn recipients(accepted: &Value) -> Vec<&str> {
    let list = accepted["recipients"].as_array().unwrap();
    list.iter().map(|r| r.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_arrives_and_leaves_nothing_behind() {
    let post = Post::start().await;
    let id = post
        .submit(&[BEN], &mail("one", "To: ben@example.com", "hello\r\n"))
        .await;
    post.reaches(id, "sent").await;
    let accepted = post.accepted().await;
    assert_eq!(accepted.len(), 1);
    assert_eq!(recipients(&accepted[0]), [BEN]);
    assert_eq!(accepted[0]["message_id"], "<one@example.com>");
    post.until_count(BEN, "inbox", 1).await;
    post.until_count(ANNA, "sentitems", 1).await;
    post.until_count(ANNA, "drafts", 0).await;
    assert!(post.files().is_empty());
    let told = post.spool.in_flight(&anna());
    assert_eq!(told.len(), 1);
    assert!(told[0].sent);
    let copy = &post.folder(ANNA, "sentitems").await[0];
    assert_eq!(
        copy["id"].as_str(),
        told[0].draft.as_ref().map(|d| d.as_str())
    );
    assert!(post.newest(BEN).await.contains("hello"));
}

#[tokio::test]
async fn the_envelope_decides_and_nobody_sees_the_hidden_ones() {
    let post = Post::start().await;
    let header = "To: ben@example.com, Outsider <out@example.org>\r\nCc: other@example.org\r\n\
                  Bcc: secret@example.org";
    let id = post
        .submit(&[BEN, CARL], &mail("two", header, "hi\r\n"))
        .await;
    post.reaches(id, "sent").await;
    let accepted = post.accepted().await;
    let mut got = recipients(&accepted[0]);
    got.sort_unstable();
    assert_eq!(got, [BEN, CARL]);
    post.until_count(BEN, "inbox", 1).await;
    post.until_count(CARL, "inbox", 1).await;
    for mailbox in [BEN, CARL] {
        let seen = post.newest(mailbox).await;
        for word in ["carl", "out@", "other@", "secret@", "Bcc"] {
            assert!(!seen.contains(word), "{mailbox} sees {word}: {seen}");
        }
        assert!(seen.contains("ben@example.com"));
    }
}

#[tokio::test]
async fn what_was_not_committed_was_never_there() {
    let post = Post::start().await;
    let mut incoming = post.spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    incoming
        .write(b"To: ben@example.com\r\n\r\nhalf a mail")
        .await
        .unwrap();
    assert_eq!(post.files().len(), 1);
    drop(incoming);
    assert!(post.files().is_empty());
    // A file that a killed process left.
    let stray = post.dir.path().join("spool/0123");
    std::fs::write(&stray, b"x").unwrap();
    let mut post = post;
    post.restart().await;
    assert!(!stray.exists());
    assert!(post.accepted().await.is_empty());
}

#[tokio::test]
async fn a_mail_on_disk_shows_nothing_of_itself() {
    let post = Post::with(spool::Options {
        patience: Patience {
            access: 60_000,
            ..HASTY
        },
        ..spool::Options::default()
    })
    .await;
    post.switch("latency-ms", json!(1000)).await;
    let body = "a sentence that nobody else may read\r\n".repeat(5000);
    post.submit(&[BEN], &mail("sealed", "To: ben@example.com", &body))
        .await;
    let files = post.files();
    assert_eq!(files.len(), 1);
    let octets = std::fs::read(&files[0]).unwrap();
    assert!(octets.len() > body.len());
    assert!(!octets.windows(10).any(|w| w == b"a sentence"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&files[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn too_large_too_full_and_unknown_are_refused() {
    let post = Post::with(spool::Options {
        max_message_size: 5_000,
        quota: Some(8_000),
        patience: HASTY,
        ..spool::Options::default()
    })
    .await;
    let big = Envelope {
        size: Some(5_001),
        ..envelope(&[BEN])
    };
    let refused = post.spool.begin(&anna(), big).await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::TooLarge);
    let mut incoming = post.spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    incoming.write(&[b'x'; 5_000]).await.unwrap();
    let refused = incoming.write(b"x").await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::TooLarge);
    assert!(post.files().is_empty());
    drop(incoming);

    let mut first = post.spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    first.write(&[b'x'; 5_000]).await.unwrap();
    let mut second = post.spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    let refused = second.write(&[b'x'; 3_001]).await.unwrap_err();
    assert!(matches!(refused, spool::Error::Full), "{refused}");
    assert!(refused.class().is_temporary());
    drop((first, second));
    let mut third = post.spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    third.write(&[b'x'; 5_000]).await.unwrap();
    drop(third);

    let nobody = post.spool.begin(&anna(), envelope(&[])).await.unwrap_err();
    assert_eq!(nobody.class(), ErrorClass::Client);
    let other = AccountName::new("nobody");
    let unknown = post
        .spool
        .begin(&other, envelope(&[BEN]))
        .await
        .unwrap_err();
    assert_eq!(unknown.class(), ErrorClass::NotFound);
}

#[tokio::test]
async fn answers_that_were_lost_never_send_twice() {
    let faults = [
        json!({"method": "POST", "path": "/send", "after": true, "do": "reset"}),
        json!({"method": "POST", "path": "/send", "after": true, "status": 504}),
        json!({"method": "POST", "path": "/send", "after": true, "status": 503}),
        json!({"method": "POST", "path": "/send", "after": true, "status": 404}),
        json!({"method": "POST", "path": "/messages", "after": true, "do": "reset"}),
        json!({"method": "POST", "path": "/messages", "after": true, "status": 500}),
        // Not done, and nobody says so.
        json!({"method": "POST", "path": "/send", "do": "reset"}),
        json!({"method": "POST", "path": "/send", "status": 504}),
        json!({"method": "POST", "path": "/messages", "do": "reset"}),
        json!({"method": "POST", "path": "/messages", "status": 200, "body": {}}),
        // Not done, and said so.
        json!({"method": "POST", "path": "/send", "status": 429, "headers": {"Retry-After": "1"}}),
        json!({"method": "POST", "path": "/messages", "status": 429}),
    ];
    futures_util::future::join_all(faults.map(one_answer_is_lost)).await;
}

async fn one_answer_is_lost(fault: Value) {
    let post = Post::start().await;
    post.switch("sent-ms", json!(400)).await;
    post.fault(fault.clone()).await;
    let id = post
        .submit(&[BEN], &mail("lost", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(id, "sent").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(post.accepted().await.len(), 1, "{fault}");
    post.until_count(ANNA, "sentitems", 1).await;
    post.until_count(ANNA, "drafts", 0).await;
    assert!(post.files().is_empty(), "{fault}");
    post.faults_are_met(&fault).await;
}

#[tokio::test]
async fn an_orphan_goes_to_the_deleted_items_and_is_not_purged() {
    let post = Post::start().await;
    post.fault(json!({"method": "POST", "path": "/messages", "after": true, "do": "reset"}))
        .await;
    let id = post
        .submit(&[BEN], &mail("orphan", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(id, "sent").await;
    post.until_count(ANNA, "drafts", 0).await;
    let gone = post.folder(ANNA, "deleteditems").await;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0]["internetMessageId"], "<orphan@example.com>");
}

#[tokio::test]
async fn what_nobody_can_know_is_held_and_reported() {
    let post = Post::start().await;
    // Sent, the answer lost, and the copy gone from everywhere before anybody could look.
    post.switch("sent-ms", json!(3_600_000)).await;
    post.fault(json!({"method": "POST", "path": "/send", "after": true, "do": "reset"}))
        .await;
    let id = post
        .submit(&[BEN], &mail("held", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(id, "held").await;
    assert_eq!(post.accepted().await.len(), 1);
    post.until_count(ANNA, "inbox", 1).await;
    let report = &post.folder(ANNA, "inbox").await[0];
    assert_eq!(report["subject"], "Perhaps not sent: about held");
    assert_eq!(
        (report["draft"].as_bool(), report["read"].as_bool()),
        (Some(false), Some(false))
    );
    assert_eq!(post.files().len(), 1, "its content is kept");
}

#[tokio::test]
async fn what_fails_for_good_comes_back_to_the_sender() {
    let post = Post::start().await;
    let id = post
        .submit(
            &["not an address"],
            &mail("bad", "To: x@example.com", "x\r\n"),
        )
        .await;
    post.reaches(id, "failed").await;
    assert!(post.accepted().await.is_empty());
    post.until_count(ANNA, "inbox", 1).await;
    let report = post.newest(ANNA).await;
    assert!(report.contains("Subject: Not sent: about bad"), "{report}");
    assert!(report.contains("5.1.3"), "{report}");
    post.until_count(ANNA, "drafts", 0).await;
    assert!(post.files().is_empty());
}

#[tokio::test]
async fn the_null_sender_is_told_nothing() {
    let post = Post::start().await;
    let nobody = Envelope {
        reverse_path: String::new(),
        ..envelope(&["not an address"])
    };
    let mut incoming = post.spool.begin(&anna(), nobody).await.unwrap();
    incoming
        .write(&mail("null", "To: x@example.com", "x\r\n"))
        .await
        .unwrap();
    let id = incoming.commit().await.unwrap();
    post.reaches(id, "failed").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(post.folder(ANNA, "inbox").await.is_empty());
    assert!(post.files().is_empty());
}

#[tokio::test]
async fn a_from_that_the_account_may_not_use_is_refused_and_an_alias_is_kept() {
    let post = Post::start().await;
    let forged = String::from_utf8(mail("forged", "To: ben@example.com", "x\r\n")).unwrap();
    let alias = forged
        .replace(ANNA, "a.alias@example.com")
        .replace("forged", "alias");
    let id = post.submit(&[BEN], alias.as_bytes()).await;
    post.reaches(id, "sent").await;
    assert_eq!(post.accepted().await[0]["from"], "a.alias@example.com");
    let forged = forged.replace(ANNA, "carl@example.com");
    let id = post.submit(&[BEN], forged.as_bytes()).await;
    post.reaches(id, "failed").await;
    assert_eq!(post.accepted().await.len(), 1);
    post.until_count(ANNA, "inbox", 1).await;
    assert!(post.newest(ANNA).await.contains("5.7.60"));
}

#[tokio::test]
async fn sending_waits_for_a_sign_in() {
    let post = Post::start().await;
    post.admin("revoke", json!({"access": true, "refresh": true}))
        .await;
    post.switch("refresh-revoked", json!(true)).await;
    let id = post
        .submit(&[BEN], &mail("denied", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(id, "held").await;
    // It is tried again from time to time, and held again; it never ends.
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let state = post.state(id).await;
        assert!(["held", "attempting"].contains(&state.as_str()), "{state}");
    }
    post.reaches(id, "held").await;
    assert_eq!(post.files().len(), 1);
    assert!(post.accepted().await.is_empty());
    post.spool.release(&anna()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // It is tried again, and held again.
    post.reaches(id, "held").await;
    assert!(post.accepted().await.is_empty());
}

#[tokio::test]
async fn a_mail_above_the_request_limit_arrives_with_its_files() {
    let post = Post::start().await;
    let file = STANDARD.encode(vec![7_u8; 5_000_000]);
    let wrapped = file
        .as_bytes()
        .chunks(76)
        .map(|l| std::str::from_utf8(l).unwrap());
    let wrapped = wrapped.collect::<Vec<_>>().join("\r\n");
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n\
         --b\r\nContent-Type: application/pdf; name=\"=?utf-8?q?=C3=BCbersicht.pdf?=\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment\r\n\r\n{wrapped}\r\n--b--\r\n"
    );
    let header = "To: ben@example.com\r\nContent-Type: multipart/mixed; boundary=b";
    let id = post
        .submit(&[BEN, CARL], &mail("large", header, &body))
        .await;
    post.reaches(id, "sent").await;
    let accepted = post.accepted().await;
    assert_eq!((accepted.len(), recipients(&accepted[0]).len()), (1, 2));
    post.until_count(BEN, "inbox", 1).await;
    let seen = post.newest(BEN).await;
    assert!(seen.contains("see the file"));
    let (octets, want) = (
        seen.replace("\r\n", ""),
        STANDARD.encode(vec![7_u8; 5_000_000]),
    );
    assert!(octets.contains(&want), "the file is not there as it was");
    assert!(!seen.contains("carl@example.com"));
    post.until_count(ANNA, "drafts", 0).await;
}

#[tokio::test]
async fn signed_mail_above_the_request_limit_comes_back() {
    let post = Post::start().await;
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
        "signed text of some length\r\n".repeat(150_000)
    );
    let header = "To: ben@example.com\r\nContent-Type: multipart/signed; boundary=b; micalg=pgp-sha256; protocol=\"application/pgp-signature\"";
    let id = post.submit(&[BEN], &mail("signed", header, &body)).await;
    post.reaches(id, "failed").await;
    post.until_count(ANNA, "inbox", 1).await;
    let report = post.newest(ANNA).await;
    assert!(
        report.contains("5.3.4") && report.contains("Signed or encrypted"),
        "{report}"
    );
    assert!(post.accepted().await.is_empty());
}

#[tokio::test]
async fn a_lost_upload_attaches_nothing_twice() {
    for fault in [
        json!({"method": "POST", "path": "createUploadSession", "after": true, "do": "reset"}),
        json!({"host": "login", "method": "PUT", "path": "AttachmentSessions", "after": true, "do": "reset"}),
        json!({"host": "login", "method": "PUT", "path": "AttachmentSessions", "status": 500, "times": 3}),
    ] {
        let post = Post::start().await;
        post.fault(fault.clone()).await;
        let file = STANDARD.encode(vec![7_u8; 4_000_000]);
        let body = format!(
            "--b\r\n\r\ntext\r\n--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n--b--\r\n"
        );
        let header = "To: ben@example.com\r\nContent-Type: multipart/mixed; boundary=b";
        let id = post.submit(&[BEN], &mail("upload", header, &body)).await;
        post.reaches(id, "sent").await;
        assert_eq!(post.accepted().await.len(), 1, "{fault}");
        post.faults_are_met(&fault).await;
        post.until_count(BEN, "inbox", 1).await;
        let seen = post.newest(BEN).await;
        assert_eq!(seen.matches("a/b").count(), 1, "{fault}");
        post.until_count(ANNA, "drafts", 0).await;
    }
}

#[tokio::test]
async fn an_attempt_that_a_restart_interrupts_is_looked_into() {
    // In the middle of each request of a submission: the draft, and the sending.
    for path in ["/messages", "/send"] {
        for after in [true, false] {
            let mut post = Post::start().await;
            let fault = json!({"method": "POST", "path": path, "after": after, "do": "silence", "seconds": 20});
            post.fault(fault.clone()).await;
            let id = post
                .submit(&[BEN], &mail("cut", "To: ben@example.com", "x\r\n"))
                .await;
            post.reaches(id, "attempting").await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(post.state(id).await, "attempting", "{fault}");
            post.restart().await;
            post.reaches(id, "sent").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(post.accepted().await.len(), 1, "{fault}");
            post.until_count(ANNA, "drafts", 0).await;
            post.until_count(ANNA, "sentitems", 1).await;
        }
    }
}

#[tokio::test]
async fn an_account_that_may_only_send_holds_what_nobody_can_look_up() {
    let mut post = Post::start().await;
    post.couriers.get_mut(&anna()).unwrap().send_only = true;
    post.restart().await;
    let plain = post
        .submit(&[BEN], &mail("only", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(plain, "sent").await;
    post.fault(json!({"method": "POST", "path": "/sendMail", "after": true, "do": "reset"}))
        .await;
    let lost = post
        .submit(&[BEN], &mail("gone", "To: ben@example.com", "x\r\n"))
        .await;
    post.reaches(lost, "in doubt").await;
    post.reaches(lost, "held").await;
    assert_eq!(post.accepted().await.len(), 2);
    assert_eq!(post.files().len(), 1);
}

/// The worker dies at random moments while mails keep coming: each is sent once.
#[tokio::test]
async fn random_deaths_lose_nothing_and_repeat_nothing() {
    let seed: u64 = std::env::var("POSTERN_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(20_261_125);
    let mut random = seed;
    let mut next = |most: u64| {
        // xorshift64: the same deaths for the same seed.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % most
    };
    let mut post = Post::start().await;
    post.switch("latency-ms", json!(15)).await;
    post.switch("sent-ms", json!(120)).await;
    // More mails than a mailbox may send in a minute.
    post.switch("send-minute-limit", json!(1_000)).await;
    let mut ids = Vec::new();
    for n in 0..30 {
        for _ in 0..next(3) {
            let name = format!("r{n}-{}", ids.len());
            ids.push((
                post.submit(&[BEN], &mail(&name, "To: ben@example.com", "x\r\n"))
                    .await,
                name,
            ));
        }
        tokio::time::sleep(Duration::from_millis(next(150))).await;
        post.restart().await;
    }
    for (id, _) in &ids {
        post.reaches(*id, "sent").await;
    }
    let mut want: Vec<_> = ids
        .iter()
        .map(|(_, name)| format!("<{name}@example.com>"))
        .collect();
    let accepted = post.accepted().await;
    let mut got: Vec<_> = accepted
        .iter()
        .map(|a| a["message_id"].as_str().unwrap())
        .collect();
    want.sort_unstable();
    got.sort_unstable();
    assert!(want.len() > 15);
    assert_eq!(got, want, "seed {seed}");
    post.until_count(ANNA, "drafts", 0).await;
    assert!(post.files().is_empty());
}

#[tokio::test]
async fn siblings_with_one_message_id_are_all_delivered() {
    let post = Post::start().await;
    post.switch("sent-ms", json!(500)).await;
    // The second one's answer is lost; the first one's copy in Sent Items explains nothing.
    post.fault(json!({"method": "POST", "path": "/send", "skip": 1, "do": "reset"}))
        .await;
    let message = mail("twin", "To: ben@example.com, carl@example.com", "x\r\n");
    let first = post.submit(&[BEN], &message).await;
    let second = post.submit(&[CARL], &message).await;
    post.reaches(first, "sent").await;
    post.reaches(second, "sent").await;
    let accepted = post.accepted().await;
    let all: Vec<_> = accepted.iter().map(recipients).collect();
    assert_eq!(all, [[BEN], [CARL]]);
}

/// A disk without room, where this may be mounted; the quota stands for it elsewhere.
#[tokio::test]
async fn a_full_disk_refuses_for_now() {
    let Some(disk) = Disk::mount(3 << 20) else {
        eprintln!("SKIPPED: no small disk can be mounted here; the quota test stands for it");
        return;
    };
    let store = Store::open(&disk.0, Secret::new([7; 32])).await.unwrap();
    let stand_in = Post::start().await;
    let spool = Spool::open(store.clone(), stand_in.couriers.clone(), options(HASTY));
    let spool = spool.await.unwrap();
    let kept = {
        let mut incoming = spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
        incoming
            .write(&mail("kept", "To: ben@example.com", "x\r\n"))
            .await
            .unwrap();
        incoming.commit().await.unwrap()
    };
    let mut incoming = spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    let refused = loop {
        if let Err(error) = incoming.write(&[b'x'; 100_000]).await {
            break error;
        }
    };
    assert!(matches!(refused, spool::Error::Full), "{refused}");
    assert!(refused.class().is_temporary());
    drop(incoming);
    // What was taken is there, and there is room again.
    let row = store.submission(kept.0).await.unwrap().unwrap();
    assert_eq!(
        store
            .submitted_range(&row, 0, row.size)
            .await
            .unwrap()
            .len() as u64,
        row.size
    );
    let mut again = spool.begin(&anna(), envelope(&[BEN])).await.unwrap();
    again.write(&[b'x'; 100_000]).await.unwrap();
    again.commit().await.unwrap();
    store.close().await.unwrap();
}

/// A tmpfs of its own; unmounted when dropped.
pub(crate) struct Disk(pub(crate) PathBuf, #[allow(dead_code)] tempfile::TempDir);

impl Disk {
    pub(crate) fn mount(size: usize) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("disk");
        std::fs::create_dir(&place).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&place)
            .output();
        mounted.ok().filter(|o| o.status.success())?;
        Some(Self(place, dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

fn unmount(place: &Path) {
    let _ = std::process::Command::new("umount")
        .arg("-l")
        .arg(place)
        .output();
}
