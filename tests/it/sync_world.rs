//! A sandbox tenant, a real sign-in, a real store: what the sync tests stand on.

use base64::{Engine, engine::general_purpose::STANDARD};
use postern::{
    account::Account,
    config,
    graph::{self, limiter::Limiter},
    mail::{AccountName, MailboxName, Secret, Uid},
    oauth::{self, device::DeviceLogin, source::TokenSource, vault::Vault},
    sandbox::{Options, Sandbox, Seeding, seed},
    store::{MailboxStore, Store},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub(crate) const ANNA: &str = "anna@example.com";
/// 2026-01-05 08:00:00 UTC.
pub(crate) const NOW: i64 = 1_767_600_000;

/// One running world. Dropped, it is gone.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: MailboxStore,
    pub(crate) whole: Store,
    pub(crate) graph: graph::Client,
    http: reqwest::Client,
    _vault: Arc<Vault>,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) client_id: String,
    pub(crate) tenant: String,
}

/// A row as IMAP would show it: UID, subject, flags.
pub(crate) type Row = (u32, String, String);

impl World {
    pub(crate) async fn new(tenant: seed::Tenant, seeding: Seeding) -> Self {
        Self::under(tenant, seeding, &json!({})).await
    }

    /// With these switches from before the sign-in on.
    pub(crate) async fn under(tenant: seed::Tenant, seeding: Seeding, switches: &Value) -> Self {
        let options = Options {
            tenant: tenant.clone(),
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
        let account = config::Account {
            name: AccountName::new("anna"),
            mailbox: ANNA.to_owned(),
            user: ANNA.to_owned(),
            tenant: tenant.id.clone(),
            client_id: tenant.client_id.clone(),
            sign_in: config::SignIn::Device,
            uses: config::Use::Mail,
            writing: config::Writing::default(),
            cloud: cloud.clone(),
        };
        let dir = tempfile::tempdir().unwrap();
        let http = oauth::client::http(&cloud).unwrap();
        let url = sandbox.admin_url().join("switch").unwrap();
        let set = http.post(url).json(&json!({"switches": switches}));
        assert_eq!(set.send().await.unwrap().status(), 200, "{switches}");
        let vault = Arc::new(Vault::open(dir.path()).unwrap());
        let tokens = TokenSource::new(&account, http.clone(), Arc::clone(&vault)).unwrap();
        let (mut login, _) = DeviceLogin::start(&tokens).await.unwrap();
        login.wait().await.unwrap();
        login.keep().await.unwrap();
        let store = Store::open(dir.path(), Secret::new([7; 32])).await.unwrap();
        let whole = store.clone();
        let store = store.mailbox("m1").await.unwrap();
        let root = sandbox.graph_url();
        let limiter = Limiter::default();
        let graph = graph::Client::new(http.clone(), root, None, tokens, limiter);
        // Faults end quickly, as if half a minute had gone by.
        let pace = graph::Pace {
            first_byte: Duration::from_secs(20),
            idle: Duration::from_secs(20),
            person: Duration::from_millis(300),
            background: Duration::from_millis(300),
            base: Duration::from_millis(20),
        };
        Self {
            graph: graph.with_pace(pace),
            sandbox,
            store,
            whole,
            http,
            _vault: vault,
            dir,
            client_id: tenant.client_id,
            tenant: tenant.id,
        }
    }

    /// An Inbox with these mails, and nothing else.
    pub(crate) async fn with_inbox(mails: Vec<seed::Message>) -> Self {
        Self::inbox_of(mails, Seeding::Regenerated).await
    }

    /// The same, and `$value` gives the octets of the seeds.
    pub(crate) async fn verbatim(mails: Vec<seed::Message>) -> Self {
        Self::inbox_of(mails, Seeding::Verbatim).await
    }

    async fn inbox_of(mails: Vec<seed::Message>, seeding: Seeding) -> Self {
        let mut tenant = seed::mailbox_of(Vec::new(), NOW);
        tenant.users[0].folders[0].messages = mails;
        Self::new(tenant, seeding).await
    }

    /// The account as a process that just started has it: nothing remembered, everything asked.
    pub(crate) fn account(&self) -> Account {
        let name = AccountName::new("anna");
        Account::new(name, self.store.clone(), self.graph.clone())
    }

    /// A folder's rows after asking Graph.
    pub(crate) async fn look(&self, name: &str) -> Vec<Row> {
        let account = self.account();
        let selected = account.select(&mailbox(name)).await.unwrap();
        rows(&account, &selected).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let status = answer.status();
        let json: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path} {body}: {json}");
        json
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) {
        let url = self.sandbox.admin_url().join(path).unwrap();
        self.http.delete(url).send().await.unwrap();
    }

    pub(crate) async fn switch(&self, name: &str, value: Value) {
        self.post("switch", json!({"name": name, "value": value}))
            .await;
    }

    /// All requests to Graph whose path holds `part` fail from now on, but for the first `skip`. A
    /// 500, since after a 503 the limiter pauses the whole mailbox for longer than a test wants to wait.
    pub(crate) async fn fail(&self, part: &str, skip: u64) {
        let fault = json!({"host": "graph", "path": part, "times": 10_000, "skip": skip, "status": 500,
            "body": {"error": {"code": "ErrorInternalServerError", "message": "a fault of the service"}}});
        self.post("faults", fault).await;
    }

    pub(crate) async fn heal(&self) {
        self.delete("faults").await;
    }

    /// Requests to Graph that a path part names, batches' content too.
    pub(crate) async fn asked(&self, part: &str) -> usize {
        let journal = self.get("journal").await;
        let entries = journal["entries"].as_array().unwrap();
        entries
            .iter()
            .filter(|e| e["host"] == "graph" && e["path"].as_str().unwrap().contains(part))
            .count()
    }

    /// Requests to Graph while `work` runs; a `$batch` counts one.
    pub(crate) async fn cost<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.get("count").await["graph"].as_u64().unwrap();
        let outcome = work.await;
        let after = self.get("count").await["graph"].as_u64().unwrap();
        (outcome, after - before)
    }

    /// Delivers a mail; its id.
    pub(crate) async fn deliver(&self, folder: Value, mime: &[u8]) -> String {
        let body = json!({"mailbox": ANNA, "folder": folder, "mime": STANDARD.encode(mime)});
        let answer = self.post("deliver", body).await;
        answer["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Another client changes an item.
    pub(crate) async fn change(&self, item: &str, what: Value) {
        let mut body = json!({"mailbox": ANNA, "item": item});
        for (key, value) in what.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.post("item", body).await;
    }

    /// The ids in a folder, oldest first.
    pub(crate) async fn ids(&self, folder: &str) -> Vec<String> {
        let answer = self
            .get(&format!("items?mailbox={ANNA}&folder={folder}"))
            .await;
        let items = answer["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) async fn rows(account: &Account, selected: &postern::account::Selected) -> Vec<Row> {
    let uids: Vec<Uid> = selected.snapshot.rows.iter().map(|row| row.uid).collect();
    let rows = account.messages(selected.folder.key, &uids).await.unwrap();
    rows.iter()
        .map(|row| {
            let flags: Vec<_> = row.flags.wire_names().collect();
            let subject = row.subject.clone().unwrap_or_default();
            (row.uid.value(), subject, flags.join(" "))
        })
        .collect()
}

pub(crate) fn mailbox(name: &str) -> MailboxName {
    MailboxName::from_client(name)
}

/// A short mail.
pub(crate) fn mime(subject: &str) -> Vec<u8> {
    format!(
        "From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: {subject}\r\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <{subject}@example.com>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText of {subject}\r\n"
    )
    .into_bytes()
}

/// A seed of it, unread, received `minutes` after [`NOW`].
pub(crate) fn seeded(subject: &str, minutes: i64) -> seed::Message {
    seed::Message {
        mime: mime(subject),
        received: NOW + 60 * minutes,
        ..seed::Message::default()
    }
}

/// Mails called `m1`, `m2`, … one a minute.
pub(crate) fn mails(count: i64) -> Vec<seed::Message> {
    (1..=count).map(|n| seeded(&format!("m{n}"), n)).collect()
}

/// `1 m1, 2 m2`: rows without flags.
pub(crate) fn plain(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(uid, subject, _)| format!("{uid} {subject}"))
        .collect();
    rows.join(", ")
}
