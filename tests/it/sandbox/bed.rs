//! A small tenant to test against, and a client that is written for tests only.

use base64::{Engine, engine::general_purpose::STANDARD};
use postern::sandbox::{
    Options, Sandbox, Seeding,
    seed::{Folder, Language, Message, Tenant, User},
};
use reqwest::{Client, Method, Response, header::HeaderMap};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(super) const ANNA: &str = "anna@example.com";
pub(super) const BEN: &str = "ben@example.com";
pub(super) const SHARED: &str = "rechnung@example.com";
pub(super) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const SCOPES: &str = "openid profile offline_access User.Read Mail.ReadWrite Mail.Send Mail.ReadWrite.Shared Mail.Send.Shared";

pub(super) struct Bed {
    pub(super) sandbox: Sandbox,
    pub(super) http: Client,
    pub(super) graph: String,
    pub(super) login: String,
    pub(super) admin: String,
}

/// Status, headers and JSON of an answer (`null` for an empty body).
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Said {
    pub(super) fn code(&self) -> &str {
        self.body
            .pointer("/error/code")
            .and_then(Value::as_str)
            .unwrap_or("")
    }
    pub(super) fn text(&self, pointer: &str) -> String {
        match self.body.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            other => panic!("no text at {pointer}: {other:?} in {}", self.body),
        }
    }
    pub(super) fn values(&self) -> &[Value] {
        self.body["value"]
            .as_array()
            .unwrap_or_else(|| panic!("no value in {}", self.body))
    }
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

pub(super) fn mail(n: usize) -> Vec<u8> {
    format!(
        "From: \"Ben\" <ben@example.com>\r\nTo: anna@example.com\r\nSubject: Mail {n}\r\n\
         Date: Tue, 14 Jan 2025 16:{:02}:00 +0000\r\nMessage-ID: <mail-{n}@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText {n}\r\n",
        n % 60
    )
    .into_bytes()
}

fn user(n: u8, name: &str, address: &str, language: Language) -> User {
    User {
        object_id: format!("aaaaaaaa-0000-0000-0000-00000000000{n}"),
        display_name: name.into(),
        address: address.into(),
        aliases: Vec::new(),
        language,
        signs_in: true,
        full_access: Vec::new(),
        folders: Vec::new(),
    }
}

/// Anna (German) with `mails` in her Inbox, Ben (English), and a shared mailbox that Anna may use.
pub(super) fn tenant(mails: usize) -> Tenant {
    let mut anna = user(1, "Anna Beispiel", ANNA, Language::German);
    anna.aliases = vec!["a.beispiel@example.com".into()];
    anna.full_access = vec![SHARED.into()];
    anna.folders = vec![Folder {
        path: vec!["inbox".into()],
        hidden: false,
        messages: (1..=mails)
            .map(|n| Message {
                mime: mail(n),
                received: 1_736_870_000 + n as i64,
                ..Message::default()
            })
            .collect(),
    }];
    let mut shared = user(3, "Rechnung", SHARED, Language::German);
    shared.signs_in = false;
    Tenant {
        display_name: "Beispiel GmbH".into(),
        id: "99999999-8888-7777-6666-555555555555".into(),
        domain: "example.com".into(),
        client_id: CLIENT.into(),
        users: vec![anna, user(2, "Ben", BEN, Language::English), shared],
    }
}

pub(super) async fn bed(mails: usize) -> Bed {
    start(tenant(mails), false).await
}

pub(super) async fn start(tenant: Tenant, auto_approve: bool) -> Bed {
    start_as(tenant, auto_approve, Seeding::Verbatim).await
}

pub(super) async fn start_as(tenant: Tenant, auto_approve: bool, seeding: Seeding) -> Bed {
    let options = Options {
        tenant,
        seeding,
        graph_port: 0,
        login_port: 0,
        admin_port: 0,
        auto_approve,
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let bare = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
    Bed {
        graph: bare(sandbox.graph_url()),
        login: bare(sandbox.login_url()),
        admin: bare(sandbox.admin_url()),
        sandbox,
        http: client(),
    }
}

fn client() -> Client {
    // Another test may have installed it already.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

pub(super) async fn said(response: Response) -> Said {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let octets = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&octets).unwrap_or(Value::Null);
    Said {
        status,
        headers,
        body,
    }
}

impl Bed {
    pub(super) async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let method: Method = method.parse().unwrap();
        let url = format!("{}{path}", self.admin);
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let said = said(request.send().await.unwrap()).await;
        assert_eq!(said.status, 200, "{path}: {}", said.body);
        said.body
    }

    pub(super) async fn switch(&self, name: &str, value: Value) {
        self.admin("POST", "/switch", json!({"name": name, "value": value}))
            .await;
    }

    /// A form to the token endpoints.
    pub(super) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Said {
        let url = format!("{}/organizations/oauth2/v2.0/{path}", self.login);
        said(self.http.post(url).form(fields).send().await.unwrap()).await
    }

    /// Signs in by device code and returns the token answer.
    pub(super) async fn sign_in(&self, user: &str, scopes: &str) -> Value {
        self.sign_in_as(user, CLIENT, scopes).await
    }

    async fn sign_in_as(&self, user: &str, client: &str, scopes: &str) -> Value {
        let device = self
            .form("devicecode", &[("client_id", client), ("scope", scopes)])
            .await;
        let code = device.text("/user_code");
        self.admin("POST", "/approve", json!({"user_code": code, "user": user}))
            .await;
        let said = self.redeem_as(client, &device.text("/device_code")).await;
        assert_eq!(said.status, 200, "{}", said.body);
        said.body
    }

    pub(super) async fn redeem(&self, device_code: &str) -> Said {
        self.redeem_as(CLIENT, device_code).await
    }

    async fn redeem_as(&self, client: &str, device_code: &str) -> Said {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        self.form(
            "token",
            &[
                ("grant_type", grant),
                ("client_id", client),
                ("device_code", device_code),
            ],
        )
        .await
    }

    /// A Graph client for `user`.
    pub(super) async fn graph(&self, user: &str) -> Graph<'_> {
        self.graph_as(user, CLIENT).await
    }

    pub(super) async fn graph_as(&self, user: &str, client: &str) -> Graph<'_> {
        let token = self.sign_in_as(user, client, SCOPES).await["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        Graph {
            bed: self,
            token,
            immutable: true,
        }
    }
}

pub(super) struct Graph<'b> {
    pub(super) bed: &'b Bed,
    pub(super) token: String,
    pub(super) immutable: bool,
}

impl Graph<'_> {
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}/v1.0{path}", self.bed.graph)
        };
        let request = self
            .bed
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(&self.token);
        if self.immutable {
            request.header("Prefer", "IdType=\"ImmutableId\"")
        } else {
            request
        }
    }

    pub(super) async fn get(&self, path: &str) -> Said {
        said(self.request("GET", path).send().await.unwrap()).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> Said {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        said(request.send().await.unwrap()).await
    }

    pub(super) async fn mime(&self, path: &str, mime: &[u8]) -> Said {
        let request = self
            .request("POST", path)
            .header("Content-Type", "text/plain");
        said(request.body(STANDARD.encode(mime)).send().await.unwrap()).await
    }

    /// A whole delta round: its entries, and the deltaLink.
    pub(super) async fn round(&self, start: &str, page: usize) -> (Vec<Value>, String) {
        let mut entries = Vec::new();
        let mut link = start.to_owned();
        for _ in 0..1000 {
            let request = self
                .request("GET", &link)
                .header("Prefer", format!("odata.maxpagesize={page}"));
            let said = said(request.send().await.unwrap()).await;
            assert_eq!(said.status, 200, "{}", said.body);
            assert!(said.values().len() <= page);
            entries.extend_from_slice(said.values());
            match said.body.get("@odata.deltaLink") {
                Some(delta) => return (entries, delta.as_str().unwrap().to_owned()),
                None => link = said.text("/@odata.nextLink"),
            }
        }
        panic!("the round does not end");
    }

    pub(super) async fn first_id(&self, folder: &str) -> String {
        self.get(&format!(
            "/me/mailFolders/{folder}/messages?$top=1&$select=id"
        ))
        .await
        .text("/value/0/id")
    }

    /// Waits until the folder holds a message of that subject.
    pub(super) async fn arrived(&self, folder: &str, subject: &str) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            let said = self
                .get(&format!("/me/mailFolders/{folder}/messages?$top=50"))
                .await;
            if let Some(found) = said.values().iter().find(|m| m["subject"] == subject) {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{subject} did not arrive in {folder}");
    }
}

pub(super) fn ids(entries: &[Value]) -> Vec<String> {
    entries
        .iter()
        .map(|e| e["id"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) fn is_removed(entry: &Value) -> bool {
    entry.get("@removed").is_some()
}
