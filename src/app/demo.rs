//! The whole system on one computer: a sandbox of Microsoft 365, and a server in front of it.
//!
//! Nothing is short-cut: the accounts come from a config file as a user writes it, sign in by the
//! device code flow over HTTP (the sandbox's admin address says yes in the user's place), and are
//! read through the same listeners.
//!
//! Ports with `port_base` N: IMAP N and N+1 (TLS), SMTP N+2 and N+3 (TLS), HTTP N+4, then the
//! sandbox's Graph N+5, login N+6 and admin N+7. Without it: the server's usual ports, any free
//! ones for the sandbox.

mod card;
mod ground;
mod passwords;

pub use card::{Card, CardAccount, Host};

use super::{App, Error, Result, owner::Owner, seat::State, signin::sign_in};
use crate::{
    config::Config,
    net::Listener,
    oauth::device::Prompt,
    sandbox::{Sandbox, Seeding, seed},
};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Account name, mailbox, and who signs in where that is somebody else.
const ACCOUNTS: &[(&str, &str, Option<&str>)] = &[
    ("anna", "anna@example.com", None),
    ("ben", "ben@example.com", None),
    ("rechnung", "rechnung@example.com", Some("anna@example.com")),
];
/// The sandbox is on this computer: what takes longer has failed.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How a demo starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Keeps tokens, mail, certificates and app passwords; may be from an earlier demo, never from
    /// anything else ([`Error::NotADemo`]).
    pub data_dir: PathBuf,
    pub port_base: Option<u16>,
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    app: App,
    sandbox: Sandbox,
    card: Card,
}

/// IMAP, IMAPS, SMTP, SMTPS, HTTP; Graph, login, admin.
#[derive(Debug, Clone, Copy)]
struct Ports {
    server: [u16; 5],
    sandbox: [u16; 3],
}

impl Ports {
    fn new(base: Option<u16>) -> Self {
        let Some(base) = base else {
            return Self {
                server: [1143, 1993, 1587, 1465, 8365],
                sandbox: [0; 3],
            };
        };
        let port = |offset| base.saturating_add(offset);
        Self {
            server: [0, 1, 2, 3, 4].map(port),
            sandbox: [5, 6, 7].map(port),
        }
    }
}

impl Demo {
    /// Everything is ready to be read when this returns.
    pub async fn start(options: Options) -> Result<Self> {
        let data_dir =
            std::path::absolute(&options.data_dir).map_err(Error::file(&options.data_dir))?;
        // Before anything is written there, or its mode changed.
        ground::check(&data_dir)?;
        let owner = Owner::take(&data_dir)?;
        let ports = Ports::new(options.port_base);
        let (sandbox, tenant) = sandbox(ports.sandbox).await?;
        let file = data_dir.join(ground::CONFIG);
        std::fs::write(&file, config_file(&ports, &sandbox, &tenant))
            .map_err(Error::file(&file))?;
        let app = App::start_owned(Config::load(&file)?, owner).await?;
        let ready = ready(&app, &sandbox, &data_dir, &ports);
        match tokio::time::timeout(READY_WITHIN, ready).await {
            Ok(Ok(card)) => Ok(Self { app, sandbox, card }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Sandbox(format!(
                "the accounts were not ready within {} s",
                READY_WITHIN.as_secs()
            ))),
        }
    }

    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Returns when somebody asked for the end through the control socket.
    pub async fn asked_to_stop(&self) {
        self.app.asked_to_stop().await;
    }

    pub async fn stop(self) -> Result<()> {
        let stopped = self.app.stop().await;
        self.sandbox.stop().await;
        stopped
    }
}

async fn sandbox(ports: [u16; 3]) -> Result<(Sandbox, seed::Tenant)> {
    // Tried here first: this listener's error names the address and says what to do.
    for port in ports.into_iter().filter(|port| *port != 0) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Listener::bind(address).await.map_err(Error::Listen)?;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_secs() as i64);
    let tenant = tokio::task::spawn_blocking(move || seed::demo(now))
        .await
        .map_err(|error| Error::Sandbox(error.to_string()))?;
    let [graph_port, login_port, admin_port] = ports;
    let mut named = tenant.clone();
    for user in &mut named.users {
        // Only names and ids are needed later; the mails go to the sandbox.
        user.folders.clear();
    }
    let sandbox = Sandbox::start(crate::sandbox::Options {
        tenant,
        seeding: Seeding::Regenerated,
        graph_port,
        login_port,
        admin_port,
        auto_approve: true,
    })
    .await
    .map_err(|error| Error::Sandbox(error.to_string()))?;
    Ok((sandbox, named))
}

/// The file that a user would write, with the sandbox for a cloud.
fn config_file(ports: &Ports, sandbox: &Sandbox, tenant: &seed::Tenant) -> String {
    let [imap, imaps, smtp, smtps, http] = ports.server.map(|port| {
        let [four, six] = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        ];
        format!("[\"{four}\", \"{six}\"]")
    });
    let mut text = format!(
        "{}\n\
         data_dir = \".\"\n\n\
         [imap]\nlisten = {imap}\ntls_listen = {imaps}\n\n\
         [smtp]\nlisten = {smtp}\ntls_listen = {smtps}\n\n\
         [http]\nlisten = {http}\n\n\
         [cloud]\nlogin_url = \"{}\"\ngraph_url = \"{}\"\n",
        ground::MARK,
        sandbox.login_url(),
        sandbox.graph_url(),
    );
    for (name, mailbox, user) in ACCOUNTS {
        text.push_str(&format!(
            "\n[[account]]\nname = \"{name}\"\nmailbox = \"{mailbox}\"\n"
        ));
        if let Some(user) = user {
            text.push_str(&format!("user = \"{user}\"\n"));
        }
        text.push_str(&format!(
            "tenant = \"{}\"\nclient_id = \"{}\"\n",
            tenant.id, tenant.client_id
        ));
    }
    text
}

async fn ready(app: &App, sandbox: &Sandbox, data_dir: &Path, ports: &Ports) -> Result<Card> {
    let accounts = ACCOUNTS.iter();
    let each = accounts.map(|(name, ..)| async move {
        sign_in_if_needed(app, sandbox, name).await?;
        wait_for(app, name).await
    });
    futures_util::future::try_join_all(each).await?;
    let passwords = passwords::of(app, data_dir, ACCOUNTS.iter().map(|(name, ..)| *name)).await?;
    let accounts = ACCOUNTS.iter().zip(passwords);
    let accounts = accounts.map(|((name, mailbox, _), password)| CardAccount {
        name: (*name).to_owned(),
        user: (*name).to_owned(),
        password: password.expose().clone(),
        mailbox: (*mailbox).to_owned(),
    });
    let [imap, imaps, smtp, smtps, http] = ports.server;
    let address = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
    let card = Card {
        imap: Host::new(imap, imaps),
        smtp: Host::new(smtp, smtps),
        http: format!("http://127.0.0.1:{http}"),
        accounts: accounts.collect(),
        ca_file: data_dir.join(super::CA_FILE),
        graph: address(sandbox.graph_url()),
        login: address(sandbox.login_url()),
        admin: address(sandbox.admin_url()),
    };
    card.write_mbsync_file(data_dir)?;
    Ok(card)
}

/// Tokens of an earlier demo are good if this sandbox takes them.
async fn sign_in_if_needed(app: &App, sandbox: &Sandbox, name: &str) -> Result<()> {
    let base = app.base();
    let seat = base.seat(name)?;
    let link = seat.link()?;
    if link.tokens.access_token().await.is_ok() {
        return Ok(());
    }
    let (http, user) = (link.http.clone(), seat.account.user.clone());
    let approve = async |prompt: Prompt| approve(&http, sandbox, &prompt.user_code, &user).await;
    sign_in(base, seat, true, approve).await.map(drop)
}

/// What the user would do in a browser. A refusal shows as a sign-in that never ends.
async fn approve(http: &reqwest::Client, sandbox: &Sandbox, user_code: &str, user: &str) {
    let Ok(url) = sandbox.admin_url().join("approve") else {
        return;
    };
    let body = serde_json::json!({ "user_code": user_code, "user": user });
    let sent = http.post(url).json(&body).send().await;
    match sent.and_then(reqwest::Response::error_for_status) {
        Ok(_) => {}
        Err(error) => tracing::error!(user, %error, "the sandbox did not take the approval"),
    }
}

/// Until the account serves and its folders are known.
async fn wait_for(app: &App, name: &str) -> Result<()> {
    let seat = app.base().seat(name)?;
    let mut state = seat.state();
    let ready = state.wait_for(|state| *state == State::Ready).await;
    ready.map_err(|_| Error::Sandbox(format!("account {name} was closed")))?;
    let account = app.registry().get(seat.name())?;
    account.folders().await?;
    Ok(())
}
