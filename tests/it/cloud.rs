//! Sign-in and Graph client against the sandbox: what a real tenant does on good and bad days.

use super::graph::{account, sign_in};
use futures_util::StreamExt;
use postern::{
    graph::{
        Client, Priority,
        limiter::Limiter,
        types::{Entry, Folder, Link, Message},
    },
    mail::{ErrorClass, RemoteId, Role},
    oauth::{self, device::DeviceLogin, source::TokenSource, vault::Vault},
    sandbox::{Options, Sandbox, Seeding, seed},
};
use serde_json::{Value, json};
use std::sync::Arc;

const NOW: i64 = 1_750_000_000;

/// A sandbox, an account signed in to it, and its client.
struct Stage {
    sandbox: Sandbox,
    http: reqwest::Client,
    source: TokenSource,
    client: Client,
    _dir: tempfile::TempDir,
}

impl Stage {
    async fn new(tenant: seed::Tenant) -> Self {
        let (id, client_id) = (tenant.id.clone(), tenant.client_id.clone());
        let options = Options {
            tenant,
            seeding: Seeding::Verbatim,
            graph_port: 0,
            login_port: 0,
            admin_port: 0,
            auto_approve: true,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let mut account = account(&sandbox.login_url(), &sandbox.graph_url());
        account.tenant = id;
        account.client_id = client_id;
        let dir = tempfile::tempdir().unwrap();
        let http = oauth::client::http(&account.cloud).unwrap();
        let vault = Arc::new(Vault::open(dir.path()).unwrap());
        let source = TokenSource::new(&account, http.clone(), vault).unwrap();
        sign_in(&source).await;
        let client = Client::new(
            http.clone(),
            sandbox.graph_url(),
            None,
            source.clone(),
            Limiter::default(),
        );
        Self {
            sandbox,
            http,
            source,
            client,
            _dir: dir,
        }
    }

    async fn admin(&self, path: &str, body: Value) -> Value {
        let url = self.sandbox.admin_url().join(path).unwrap();
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path} {body}");
        answer.json().await.unwrap()
    }

    async fn switch(&self, name: &str, value: Value) {
        self.admin("switch", json!({"name": name, "value": value}))
            .await;
    }

    async fn count(&self, what: &str) -> u64 {
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
        json[what].as_u64().unwrap()
    }

    async fn folders(&self) -> Vec<Folder> {
        let mut all = Vec::new();
        let mut link = None;
        loop {
            let page = self.client.folder_delta(link.as_deref()).await.unwrap();
            all.extend(page.items.into_iter().filter_map(|entry| match entry {
                Entry::Changed(folder) => Some(folder),
                Entry::Removed(_) => None,
            }));
            match page.link {
                Link::Next(next) => link = Some(next),
                _ => return all,
            }
        }
    }

    /// A round of the Inbox's delta: messages, removed ids, pages, the new link.
    async fn round(&self, link: Option<String>) -> (Vec<Message>, Vec<RemoteId>, usize, String) {
        let (mut changed, mut removed, mut pages) = (Vec::new(), Vec::new(), 0);
        let mut link = link;
        loop {
            let inbox = RemoteId::new("inbox");
            let page = self
                .client
                .message_delta(&inbox, link.as_deref())
                .await
                .unwrap();
            pages += 1;
            for entry in page.items {
                match entry {
                    Entry::Changed(message) => changed.push(message),
                    Entry::Removed(id) => removed.push(id),
                }
            }
            match page.link {
                Link::Next(next) => link = Some(next),
                Link::Delta(delta) => return (changed, removed, pages, delta),
                Link::End => panic!("a delta without an end"),
            }
        }
    }
}

#[tokio::test]
async fn a_mailbox_is_read_from_sign_in_to_the_last_octet() {
    let mails: Vec<_> = (0..7)
        .map(|n| {
            format!("From: a@example.net\r\nTo: anna@example.com\r\nSubject: no {n}\r\n\
                     Message-ID: <{n}@example.net>\r\nDate: Mon, 16 Jun 2025 10:00:0{n} +0000\r\n\r\nbody {n}\r\n")
            .into_bytes()
        })
        .collect();
    let stage = Stage::new(seed::mailbox_of(mails.clone(), NOW)).await;
    let user = stage.client.me().await.unwrap();
    user.expect("ANNA@example.com").unwrap();
    assert!(user.expect("ben@example.com").is_err());
    let identity = stage.source.identity().await.unwrap().unwrap();
    assert_eq!(identity.object_id, user.id);

    let folders = stage.folders().await;
    assert!(folders.len() >= 6, "{folders:?}");
    stage.switch("delta-page-cap", json!(3)).await;
    stage.switch("delta-empty-page", json!(1)).await;
    let (messages, removed, pages, link) = stage.round(None).await;
    assert_eq!((messages.len(), removed.len()), (7, 0));
    assert!(pages >= 4, "{pages}");
    let inbox = messages[0].parent_folder_id.clone().unwrap();
    assert!(folders.iter().any(|f| f.id == inbox));
    assert!(
        messages
            .iter()
            .all(|m| m.received.is_some() && m.from.is_some() && m.is_read.is_some())
    );
    for message in &messages {
        let id = RemoteId::new(&message.id);
        let pieces: Vec<_> = stage.client.mime(&id).await.unwrap().collect().await;
        let octets: Vec<_> = pieces
            .into_iter()
            .flat_map(|piece| piece.unwrap())
            .collect();
        assert!(
            mails.contains(&octets),
            "{}",
            String::from_utf8_lossy(&octets)
        );
    }
    // Extended properties come with a listing, where the delta leaves them out.
    assert!(messages.iter().all(|m| !m.extended));
    let listed = stage
        .client
        .list(&RemoteId::new(&inbox), None)
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 7);
    assert!(
        listed
            .items
            .iter()
            .all(|m| m.extended && m.store_size > Some(100))
    );
    // Nothing new, then one more.
    let (none, _, _, link) = stage.round(Some(link)).await;
    assert!(none.is_empty(), "{none:?}");
    let mime = "U3ViamVjdDogbmV1DQoNCngNCg==";
    stage
        .admin(
            "deliver",
            json!({"mailbox": "anna@example.com", "mime": mime}),
        )
        .await;
    let (new, _, _, _) = stage.round(Some(link)).await;
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].subject.as_deref(), Some("neu"));
}

#[tokio::test]
async fn changes_reach_the_mailbox_and_come_back_in_the_delta() {
    let stage = Stage::new(seed::large(3, NOW)).await;
    let (messages, _, _, link) = stage.round(None).await;
    let ids: Vec<_> = messages.iter().map(|m| RemoteId::new(&m.id)).collect();
    let flag = json!({"isRead": true, "flag": {"flagStatus": "flagged"}, "categories": ["Rot"]});
    stage.switch("conflict-412", json!(1)).await;
    let patched = stage.client.update(&ids[0], &flag).await.unwrap();
    assert_eq!((patched.is_read, patched.flagged), (Some(true), Some(true)));
    let moved = stage
        .client
        .move_message(&ids[1], "deleteditems")
        .await
        .unwrap();
    assert_eq!(moved.id, ids[1].as_str(), "immutable ids survive a move");
    stage.client.permanent_delete(&ids[2]).await.unwrap();
    stage.client.permanent_delete(&ids[2]).await.unwrap();
    let error = stage.client.message(&ids[2]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound, "{error:?}");
    let (changed, removed, _, _) = stage.round(Some(link)).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(
        changed[0].categories.as_deref(),
        Some(&["Rot".to_owned()][..])
    );
    assert_eq!(removed.len(), 2);

    let folder = stage.client.create_folder(None, "Neu/&🚀").await.unwrap();
    let again = stage
        .client
        .create_folder(None, "Neu/&🚀")
        .await
        .unwrap_err();
    assert_eq!(again.class(), ErrorClass::Conflict, "{again:?}");
    let folder = RemoteId::new(folder.id);
    let renamed = stage.client.rename_folder(&folder, "Alt").await.unwrap();
    assert_eq!(renamed.display_name.as_deref(), Some("Alt"));
    assert_eq!(
        stage
            .client
            .folder(&folder)
            .await
            .unwrap()
            .display_name
            .as_deref(),
        Some("Alt")
    );
    stage.client.delete_folder(&folder).await.unwrap();
}

#[tokio::test]
async fn tokens_that_die_are_renewed_and_rotated_ones_used() {
    let stage = Stage::new(seed::large(1, NOW)).await;
    stage.switch("refresh-old-revoked", json!(true)).await;
    for _ in 0..3 {
        stage.admin("revoke", json!({"access": true})).await;
        stage.client.me().await.unwrap();
    }
    let everyone = json!({"on": true, "everyone": true});
    stage.admin("challenge", everyone).await;
    stage.client.me().await.unwrap();
    stage.admin("challenge", json!({"on": false})).await;
    stage.switch("refresh-revoked", json!(true)).await;
    stage.admin("revoke", json!({"access": true})).await;
    let error = stage.client.me().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied);
    assert!(
        error.to_string().contains("postern account login anna"),
        "{error}"
    );
    let asked = stage.count("login").await;
    for _ in 0..5 {
        assert!(stage.client.me().await.is_err());
    }
    assert_eq!(stage.count("login").await, asked);
    assert!(!stage.source.is_signed_in().await);
    // Somebody signs in, and all is well.
    stage.switch("refresh-revoked", json!(false)).await;
    let (mut login, _) = DeviceLogin::start(&stage.source).await.unwrap();
    login.wait().await.unwrap();
    login.keep().await.unwrap();
    stage.client.me().await.unwrap();
}

#[tokio::test]
async fn bad_days_are_sat_out() {
    let stage = Stage::new(seed::large(2, NOW)).await;
    let (messages, _, _, link) = stage.round(None).await;
    let id = RemoteId::new(&messages[0].id);
    for fault in [
        json!({"status": 429, "headers": {"Retry-After": "1"}, "body": {"error": {"code": "ApplicationThrottled"}}}),
        json!({"status": 503}),
        json!({"status": 502, "body": "<html>bad gateway</html>"}),
        json!({"do": "reset"}),
        json!({"do": "truncate", "path": "/messages/"}),
    ] {
        stage.admin("faults", fault.clone()).await;
        let got = stage.client.message(&id).await;
        assert_eq!(got.unwrap().id, id.as_str(), "{fault}");
    }
    stage
        .admin("faults", json!({"do": "truncate", "path": "$value"}))
        .await;
    let pieces: Vec<_> = stage.client.mime(&id).await.unwrap().collect().await;
    assert!(pieces.iter().any(Result::is_err));
    stage
        .admin(
            "expire",
            json!({"mailbox": "anna@example.com", "links": "all"}),
        )
        .await;
    let inbox = RemoteId::new("inbox");
    let error = stage
        .client
        .message_delta(&inbox, Some(&link))
        .await
        .unwrap_err();
    assert!(error.needs_resync(), "{error:?}");
    assert_eq!(stage.round(None).await.0.len(), 2);
}

#[tokio::test]
async fn a_crowd_stays_within_four_at_once() {
    let stage = Stage::new(seed::large(30, NOW)).await;
    let (messages, ..) = stage.round(None).await;
    stage.switch("latency-ms", json!(20)).await;
    let tasks: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(n, message)| {
            let priority = if n % 3 == 0 {
                Priority::Person
            } else {
                Priority::Background
            };
            let client = stage.client.with_priority(priority);
            let id = RemoteId::new(&message.id);
            tokio::spawn(async move {
                let mime = client.mime(&id).await.unwrap();
                mime.fold(0, |sum, piece| async move { sum + piece.unwrap().len() })
                    .await
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap() > 100);
    }
    let peak = stage.count("peak").await;
    assert!((2..=4).contains(&peak), "{peak}");
}

#[tokio::test]
async fn batches_are_understood() {
    let stage = Stage::new(seed::large(25, NOW)).await;
    let roles = stage.client.well_known().await.unwrap();
    let role = |role| {
        roles
            .iter()
            .find(|(own, _)| *own == role)
            .map(|(_, id)| id.clone())
    };
    let inbox = role(Role::Inbox).unwrap();
    assert!(role(Role::Drafts).is_some() && role(Role::Trash).is_some());
    let root = stage.client.root().await.unwrap();
    let (messages, ..) = stage.round(None).await;
    assert_eq!(
        messages[0].parent_folder_id.as_deref(),
        Some(inbox.as_str())
    );
    assert_eq!(
        stage
            .client
            .folder(&inbox)
            .await
            .unwrap()
            .parent_folder_id
            .as_deref(),
        Some(root.as_str())
    );
    let mut ids: Vec<_> = messages.iter().map(|m| RemoteId::new(&m.id)).collect();
    let before = stage.client.requests();
    let got = stage.client.messages(&ids).await.unwrap();
    assert!(
        got.iter()
            .all(|(id, m)| m.as_ref().unwrap().id == id.as_str() && m.as_ref().unwrap().extended)
    );
    let mimes = stage.client.mimes(&ids).await.unwrap();
    assert_eq!(stage.client.requests() - before, 4);
    for (id, octets) in &mimes {
        let pieces: Vec<_> = stage.client.mime(id).await.unwrap().collect().await;
        let streamed: Vec<_> = pieces
            .into_iter()
            .flat_map(|piece| piece.unwrap())
            .collect();
        assert_eq!(octets.as_ref().unwrap(), &streamed);
    }
    let patches: Vec<_> = ids
        .iter()
        .map(|id| (id.clone(), json!({"isRead": false})))
        .collect();
    let patched = stage.client.update_many(&patches).await.unwrap();
    assert!(
        patched
            .iter()
            .all(|(_, m)| m.as_ref().unwrap().is_read == Some(false))
    );
    let moved = stage.client.move_many(&ids[..2], "archive").await.unwrap();
    assert!(
        moved
            .iter()
            .all(|(id, m)| m.as_ref().unwrap().id == id.as_str())
    );
    let removed = stage.client.permanent_delete_many(&ids[..3]).await.unwrap();
    assert!(removed.iter().all(|(_, done)| done.is_ok()));
    ids.truncate(4);
    let got = stage.client.messages(&ids).await.unwrap();
    let gone: Vec<_> = got.iter().map(|(_, m)| m.is_err()).collect();
    assert_eq!(gone, [true, true, true, false]);
    assert_eq!(got[0].1.as_ref().unwrap_err().class(), ErrorClass::NotFound);
}

#[tokio::test]
async fn drafts_attachments_and_sending_reach_the_sandbox() {
    let stage = Stage::new(seed::large(1, NOW)).await;
    let mime = b"From: anna@example.com\r\nTo: anna@example.com\r\nSubject: an mich\r\n\
                 Message-ID: <own@example.com>\r\n\r\nHallo\r\n";
    let draft = stage.client.create_draft_mime(mime).await.unwrap();
    assert_eq!(draft.is_draft, Some(true));
    let id = RemoteId::new(&draft.id);
    for size in [1_000, 4_000_000] {
        let file = postern::graph::upload::Attachment {
            name: format!("{size}.bin"),
            content_type: "application/octet-stream".to_owned(),
            content_id: None,
            is_inline: false,
            octets: vec![7; size].into(),
        };
        stage.client.attach(&id, &file).await.unwrap();
    }
    stage.client.send_draft(&id).await.unwrap();
    stage.client.send_mail_mime(mime).await.unwrap();
    let url = stage.sandbox.admin_url().join("submissions").unwrap();
    let sent: Value = stage
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(sent["submissions"].as_array().unwrap().len(), 2, "{sent}");
    let error = stage
        .client
        .create_draft_mime(&[b'x'; 5_000_000])
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::TooLarge, "{error:?}");
}

#[tokio::test]
async fn extended_properties_come_with_the_delta_where_the_service_honours_it() {
    let stage = Stage::new(seed::large(2, NOW)).await;
    stage.switch("delta-expand", json!(true)).await;
    let (messages, ..) = stage.round(None).await;
    assert!(
        messages
            .iter()
            .all(|m| m.extended && m.store_size.is_some())
    );
}
