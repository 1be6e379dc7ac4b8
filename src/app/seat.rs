//! One configured account: its connection to the cloud, and whether it serves.

use super::{Error, Result};
use crate::{
    account::{Account, Manners, Registry},
    config::{self, Use},
    graph::{self, limiter::Limiter},
    mail::{AccountName, ErrorClass},
    oauth::{self, source::TokenSource, vault::Vault},
    spool::Route,
    store::Store,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How long a failed connection is left alone: doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// What only a person can mend is looked at again after this, in case someone did.
const LONG_PAUSE: Duration = Duration::from_secs(300);

/// One limiter for each (application id, mailbox), shared by every account that has both.
#[derive(Debug, Default)]
pub(super) struct Limiters {
    limiters: HashMap<(String, String), Limiter>,
    /// One HTTP client for each cloud: they share connections.
    clients: Vec<(config::Cloud, oauth::Result<reqwest::Client>)>,
}

/// A place for an account: configured, perhaps not signed in.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) account: config::Account,
    /// `Err`: the platform lacks what HTTPS needs.
    link: oauth::Result<Link>,
    state: watch::Sender<State>,
    /// Somebody has just signed in.
    pub(super) signed_in: Notify,
}

/// The way to the cloud.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) http: reqwest::Client,
    pub(super) tokens: TokenSource,
    graph: graph::Client,
}

/// Whether an account serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Ready,
    /// Signed in, with no mailbox to read: its mail goes.
    Sending,
    /// What is known is served; the cloud cannot be reached for this reason.
    Offline(String),
    /// Nothing is served: why, and what to do.
    Unavailable(String),
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Ready => f.write_str("ready"),
            Self::Sending => f.write_str("ready, for sending only"),
            Self::Offline(why) => write!(f, "offline: {why}"),
            Self::Unavailable(why) => f.write_str(why),
        }
    }
}

impl Limiters {
    fn client(&mut self, cloud: &config::Cloud) -> oauth::Result<reqwest::Client> {
        if let Some((_, client)) = self.clients.iter().find(|(known, _)| known == cloud) {
            return client.clone();
        }
        let client = oauth::client::http(cloud);
        self.clients.push((cloud.clone(), client.clone()));
        client
    }

    fn link(&mut self, account: &config::Account, vault: &Arc<Vault>) -> oauth::Result<Link> {
        let http = self.client(&account.cloud)?;
        let tokens = TokenSource::new(account, http.clone(), Arc::clone(vault))?;
        let key = (account.client_id.clone(), account.mailbox.to_lowercase());
        let limiter = self.limiters.entry(key).or_default().clone();
        let mailbox = account.is_shared().then(|| account.mailbox.clone());
        let root = account.cloud.graph_url.clone();
        let graph = graph::Client::new(http.clone(), root, mailbox, tokens.clone(), limiter);
        Ok(Link {
            http,
            tokens,
            graph,
        })
    }
}

impl Seat {
    pub(super) fn new(
        account: &config::Account,
        vault: &Arc<Vault>,
        limiters: &mut Limiters,
    ) -> Self {
        Self {
            link: limiters.link(account, vault),
            account: account.clone(),
            state: watch::Sender::new(State::Starting),
            signed_in: Notify::new(),
        }
    }

    pub(super) fn name(&self) -> &AccountName {
        &self.account.name
    }

    pub(super) fn link(&self) -> Result<&Link> {
        self.link
            .as_ref()
            .map_err(|error| Error::SignIn(error.clone()))
    }

    /// The way of its mail to the cloud; `None` where it may not send.
    pub(super) fn route(&self) -> Option<Route> {
        let link = self.link.as_ref().ok()?;
        (self.account.uses != Use::Read).then(|| Route {
            graph: link.graph.clone(),
            mailbox: self.account.mailbox.clone(),
            send_only: self.account.uses == Use::Send,
        })
    }

    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// What to tell about an account that no server runs: only whether somebody is signed in.
    pub(super) async fn sign_in_state(&self) -> String {
        match &self.link {
            Err(error) => error.to_string(),
            Ok(link) if link.tokens.is_signed_in().await => "signed in".to_owned(),
            Ok(_) => self.not_signed_in(),
        }
    }

    pub(super) fn not_signed_in(&self) -> String {
        format!("not signed in: run `postern account login {}`", self.name())
    }

    /// Serves the account from `registry` until `stop` fires: connects, runs its worker, and
    /// connects anew when somebody signs in or the cloud was away.
    pub(super) async fn serve(&self, store: Store, registry: Registry, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let connected = tokio::select! {
                () = stop.cancelled() => return,
                connected = self.connect(&store, &registry) => connected,
            };
            let wait = match connected {
                Ok(None) => {
                    pause = FIRST_PAUSE;
                    self.state.send_replace(State::Sending);
                    tracing::info!(account = %self.name(), "ready, for sending only");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.signed_in.notified() => continue,
                    }
                }
                Ok(Some(account)) => {
                    pause = FIRST_PAUSE;
                    self.state.send_replace(State::Ready);
                    tracing::info!(account = %self.name(), "ready");
                    self.work(&account, &stop).await;
                    continue;
                }
                Err(obstacle) if obstacle.for_a_person => LONG_PAUSE,
                Err(_) => {
                    let wait = pause;
                    pause = (pause * 2).min(LAST_PAUSE);
                    wait
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.signed_in.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Runs the worker until `stop` fires or somebody signs in.
    async fn work(&self, account: &Account, stop: &CancellationToken) {
        let worker = stop.child_token();
        let run = account.run(worker.clone());
        tokio::pin!(run);
        tokio::select! {
            () = &mut run => {
                // Ends early only by a fault of its own: what is known is served all the same.
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.signed_in.notified() => {}
                }
            }
            () = self.signed_in.notified() => {
                worker.cancel();
                run.await;
            }
        }
    }

    /// `None`: for sending only, there is nothing to serve.
    async fn connect(
        &self,
        store: &Store,
        registry: &Registry,
    ) -> std::result::Result<Option<Account>, Obstacle> {
        let mut known = None;
        let found = self.open(store, registry, &mut known).await;
        if let Err(obstacle) = &found {
            tracing::warn!(account = %self.name(), reason = %obstacle.why, "not connected");
            let state = if known.is_some() && !obstacle.for_a_person {
                State::Offline(obstacle.why.clone())
            } else {
                registry.set_unavailable(self.name().clone(), obstacle.why.clone());
                State::Unavailable(obstacle.why.clone())
            };
            self.state.send_replace(state);
        }
        found
    }

    /// Checks who is signed in and which mailbox that leads to. A mailbox bound earlier is served
    /// meanwhile (`known`), so that known mail is there while the network is not.
    async fn open(
        &self,
        store: &Store,
        registry: &Registry,
        known: &mut Option<Account>,
    ) -> std::result::Result<Option<Account>, Obstacle> {
        let link = self.link().map_err(Obstacle::person)?;
        let identity = link.tokens.identity().await.map_err(Obstacle::from)?;
        let pin = store.pin(self.name()).await.map_err(Obstacle::later)?;
        let (Some(identity), Some(pin)) = (identity, pin) else {
            return Err(Obstacle::person(self.not_signed_in()));
        };
        if (&identity.tenant_id, &identity.object_id) != (&pin.tenant_id, &pin.object_id) {
            return Err(Obstacle::person(format!(
                "the tokens belong to another user than the one that signed in first: run \
                 `postern account login {}`",
                self.name()
            )));
        }
        if self.account.uses == Use::Send {
            let why = "this account is for sending only (use = \"send\")";
            registry.set_unavailable(self.name().clone(), why.to_owned());
            return Ok(None);
        }
        if let Some(state) = &pin.state {
            let account = self.account_of(store, state, link).await?;
            *known = Some(registry.insert(account));
        }
        let root = link.graph.root().await.map_err(Obstacle::from)?;
        let state = store
            .bind_root(self.name(), root.as_str())
            .await
            .map_err(Obstacle::later)?;
        match known.take() {
            Some(account) if pin.state.as_deref() == Some(&state) => Ok(Some(account)),
            other => {
                if other.is_some() {
                    tracing::warn!(account = %self.name(), "this is another mailbox than before");
                }
                let account = self.account_of(store, &state, link).await?;
                Ok(Some(registry.insert(account)))
            }
        }
    }

    async fn account_of(
        &self,
        store: &Store,
        state: &str,
        link: &Link,
    ) -> std::result::Result<Account, Obstacle> {
        let mailbox = store.mailbox(state).await.map_err(Obstacle::later)?;
        let account = Account::new(self.name().clone(), mailbox, link.graph.clone());
        let writing = self.account.writing;
        account.set_manners(Manners {
            append_faithfully: writing.append_faithfully,
            expunge_for_good: writing.expunge_for_good,
            ..Manners::default()
        });
        Ok(if self.account.uses == Use::Read {
            account.for_reading()
        } else {
            account
        })
    }
}

/// Why an account is not connected.
#[derive(Debug)]
struct Obstacle {
    why: String,
    /// Waiting does not help, somebody must act.
    for_a_person: bool,
}

impl Obstacle {
    fn person(why: impl ToString) -> Self {
        Self {
            why: why.to_string(),
            for_a_person: true,
        }
    }

    fn later(why: impl ToString) -> Self {
        Self {
            why: why.to_string(),
            for_a_person: false,
        }
    }

    fn of(class: ErrorClass, why: impl ToString) -> Self {
        Self {
            why: why.to_string(),
            for_a_person: matches!(
                class,
                ErrorClass::Denied | ErrorClass::Permanent | ErrorClass::NotFound
            ),
        }
    }
}

impl From<oauth::Error> for Obstacle {
    fn from(error: oauth::Error) -> Self {
        Self::of(error.class(), error)
    }
}

impl From<graph::Error> for Obstacle {
    fn from(error: graph::Error) -> Self {
        Self::of(error.class(), error)
    }
}
