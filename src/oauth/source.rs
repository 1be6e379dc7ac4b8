//! Access tokens for one account.
//!
//! Invariants: one refresh at a time; a refresh once sent is finished even when nobody waits for it any
//! more, so that a rotated token is never lost; the rotated token is durable before the access token
//! that came with it is handed out; access tokens live in memory only.

use super::{
    Error, Result,
    client::{Failure, LoginHost},
    scope,
    token::{Claims, Grant},
    vault::Vault,
};
use crate::{
    config,
    mail::{AccountName, Secret},
};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Renewed this long before it ends, or after three quarters of a short life.
const EARLY: Duration = Duration::from_secs(300);
/// Not handed out when less than this is left: a request takes a while.
const LAST_MINUTE: Duration = Duration::from_secs(60);
/// An administrator may mend things meanwhile; asking more often helps nobody.
const ADMINISTRATOR_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause after failures to reach the login host.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Graph may refuse this many fresh tokens in [`FORCED_WINDOW`] before we stop asking for more: a loop
/// of identical requests gets an application blocked (AADSTS50196).
const FORCED_LIMIT: usize = 10;
const FORCED_WINDOW: Duration = Duration::from_secs(300);

/// One for each account, shared by all who call Graph for it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenSource {
    inner: Arc<Inner>,
}

/// Who a token speaks for, from the id_token (Entra: id token claims): the account's pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub tenant_id: String,
    pub object_id: String,
    /// For messages only, never for comparing.
    pub username: Option<String>,
}

#[derive(Debug)]
struct Inner {
    account: AccountName,
    scopes: String,
    login: LoginHost,
    vault: Arc<Vault>,
    state: Mutex<State>,
    /// Held by the one refresh that is under way, across the network on purpose.
    gate: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    access: Option<Access>,
    halt: Option<Halt>,
    /// Failures to reach the login host in a row.
    failures: u32,
    forced: VecDeque<Instant>,
}

#[derive(Debug, Clone)]
struct Access {
    token: Secret<String>,
    renew_at: Instant,
    usable_until: Instant,
}

/// Why no refresh is tried now.
#[derive(Debug, Clone)]
struct Halt {
    error: Error,
    /// `None`: until another refresh token is in the vault.
    until: Option<Instant>,
    /// The refresh token that failed.
    refresh_token: Option<Secret<String>>,
}

/// What the vault holds for an account.
#[derive(Debug, Clone)]
struct Stored {
    refresh_token: Secret<String>,
    identity: Identity,
}

impl From<Claims> for Identity {
    fn from(claims: Claims) -> Self {
        Self {
            tenant_id: claims.tenant_id,
            object_id: claims.object_id,
            username: claims.username,
        }
    }
}

impl TokenSource {
    /// Nothing is read or asked yet. `http` should come from [`super::client::http`].
    pub fn new(
        account: &config::Account,
        http: reqwest::Client,
        vault: Arc<Vault>,
    ) -> Result<Self> {
        Ok(Self {
            inner: Arc::new(Inner {
                account: account.name.clone(),
                scopes: scope::scopes(account).join(" "),
                login: LoginHost::new(account, http)?,
                vault,
                state: Mutex::default(),
                gate: Arc::default(),
            }),
        })
    }

    pub fn account(&self) -> &AccountName {
        &self.inner.account
    }

    /// A token that is good for a minute at least; refreshes if needed, one at a time.
    pub async fn access_token(&self) -> Result<Secret<String>> {
        let now = Instant::now();
        let held = self.inner.state().access.clone();
        match held {
            Some(access) if now < access.renew_at => Ok(access.token),
            Some(access) if now < access.usable_until => {
                self.renew_early(access.token.clone());
                Ok(access.token)
            }
            held => self.refresh(held.map(|access| access.token), None).await,
        }
    }

    /// Graph answered 401 to `token`: refreshes unless someone did so meanwhile. `claims` is the
    /// challenge of a CAE 401, passed on to the token endpoint.
    pub async fn renew(
        &self,
        token: &Secret<String>,
        claims: Option<&str>,
    ) -> Result<Secret<String>> {
        self.refresh(Some(token.clone()), claims.map(str::to_owned))
            .await
    }

    /// Whether a refresh token is stored and has not failed for good.
    pub async fn is_signed_in(&self) -> bool {
        match self.inner.stored().await {
            Ok(Some(stored)) => self.inner.halted(&stored).is_none_or(|error| {
                !matches!(error, Error::SignIn { .. } | Error::Administrator(_))
            }),
            _ => false,
        }
    }

    /// Who is signed in, as the vault has it.
    pub async fn identity(&self) -> Result<Option<Identity>> {
        Ok(self.inner.stored().await?.map(|stored| stored.identity))
    }

    /// Forgets what is in memory: the next token is made from what the vault holds now.
    pub fn reload(&self) {
        *self.inner.state() = State::default();
    }

    /// Removes the account's record from the vault and forgets its tokens.
    pub async fn sign_out(&self) -> Result<()> {
        let _one_at_a_time = self.inner.gate.lock().await;
        let (vault, name) = (self.inner.vault.clone(), self.inner.record());
        blocking(move || vault.remove(&name)).await?;
        self.reload();
        Ok(())
    }

    pub(super) fn login_host(&self) -> &LoginHost {
        &self.inner.login
    }

    pub(super) fn scopes(&self) -> &str {
        &self.inner.scopes
    }

    /// A sign-in is done: stored first, used then.
    pub(super) async fn adopt(&self, grant: Grant, identity: Identity) -> Result<()> {
        let Some(refresh_token) = grant.refresh_token.clone() else {
            return Err(Error::Configuration("no refresh token".to_owned()));
        };
        let _one_at_a_time = self.inner.gate.lock().await;
        let stored = Stored {
            refresh_token,
            identity,
        };
        self.inner.store(&stored).await?;
        let mut state = self.inner.state();
        *state = State::default();
        state.access = Some(Access::from(&grant));
        Ok(())
    }

    /// Starts a refresh, unless one is under way or was tried a moment ago; nobody waits for it while
    /// the old token is good.
    fn renew_early(&self, old: Secret<String>) {
        let halted = self.inner.state().halt.clone();
        let waiting = halted.is_some_and(|halt| halt.until.is_none_or(|at| Instant::now() < at));
        let Ok(gate) = self.inner.gate.clone().try_lock_owned() else {
            return;
        };
        if !waiting {
            let inner = self.inner.clone();
            tokio::spawn(async move {
                let _one_at_a_time = gate;
                // A failure is noted and logged there; whoever needs a token next meets it.
                let _ = inner.refresh(Some(old), None).await;
            });
        }
    }

    /// Runs as a task of its own: a caller that goes away must not take a rotated token with it.
    async fn refresh(
        &self,
        old: Option<Secret<String>>,
        claims: Option<String>,
    ) -> Result<Secret<String>> {
        let inner = self.inner.clone();
        let gate = inner.gate.clone().lock_owned().await;
        let task = tokio::spawn(async move {
            let _one_at_a_time = gate;
            inner.refresh(old, claims).await
        });
        task.await.unwrap_or_else(|e| {
            Err(Error::Unavailable {
                what: format!("the token refresh was stopped: {e}"),
                retry_after: None,
            })
        })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> String {
        format!("token/{}", self.account)
    }

    /// With the gate held. `old` is the token that is not good enough any more.
    async fn refresh(
        &self,
        old: Option<Secret<String>>,
        claims: Option<String>,
    ) -> Result<Secret<String>> {
        let forced = match (&old, &self.state().access) {
            // Someone else was here before: theirs is as good as ours would be.
            (old, Some(access))
                if old.as_ref() != Some(&access.token) && Instant::now() < access.usable_until =>
            {
                return Ok(access.token.clone());
            }
            (_, Some(access)) => Instant::now() < access.renew_at,
            (_, None) => false,
        };
        let Some(stored) = self.stored().await? else {
            return Err(self.sign_in("nobody has signed in yet"));
        };
        if let Some(error) = self.halted(&stored) {
            return Err(error);
        }
        if forced {
            self.count_forced()?;
        }
        let answer = self
            .login
            .refresh(&stored.refresh_token, &self.scopes, claims.as_deref())
            .await;
        match answer {
            Ok(grant) => self.take(grant, stored).await,
            Err(failure) => Err(self.note(failure, stored)),
        }
    }

    /// Stores the rotated token, then hands out the access token.
    async fn take(&self, grant: Grant, old: Stored) -> Result<Secret<String>> {
        if let Some(Ok(claims)) = self.login.claims(&grant) {
            let same = claims.tenant_id == old.identity.tenant_id
                && claims.object_id == old.identity.object_id;
            if !same {
                return Err(self.sign_in("the login service answered for another user"));
            }
        }
        // None in the answer: the old one stays good (RFC 6749 section 6).
        if let Some(refresh_token) = grant.refresh_token.clone() {
            let stored = Stored {
                refresh_token,
                identity: old.identity,
            };
            self.store(&stored).await?;
        }
        let mut state = self.state();
        state.failures = 0;
        state.halt = None;
        state.access = Some(Access::from(&grant));
        tracing::debug!(account = %self.account, "access token renewed");
        Ok(grant.access_token)
    }

    /// Remembers a failure, so that nobody hammers the login host.
    fn note(&self, failure: Failure, stored: Stored) -> Error {
        let error = failure.into_error(&self.account);
        tracing::warn!(account = %self.account, error = %error, "no new access token");
        let mut state = self.state();
        let now = Instant::now();
        let until = match &error {
            Error::SignIn { .. } => None,
            Error::Unavailable { retry_after, .. } => {
                state.failures = state.failures.saturating_add(1);
                let pause = Duration::from_secs(1 << state.failures.min(6)).min(LONGEST_PAUSE);
                Some(now + retry_after.unwrap_or(pause))
            }
            _ => Some(now + ADMINISTRATOR_PAUSE),
        };
        if until.is_none() {
            state.access = None;
        }
        state.halt = Some(Halt {
            error: error.clone(),
            until,
            refresh_token: Some(stored.refresh_token),
        });
        error
    }

    /// The error to answer with while no refresh is to be tried with what the vault holds.
    fn halted(&self, stored: &Stored) -> Option<Error> {
        let mut state = self.state();
        let halt = state.halt.as_ref()?;
        let now = Instant::now();
        let over = halt.until.is_some_and(|until| now >= until);
        // A command of another process signed in meanwhile.
        if over || halt.refresh_token.as_ref() != Some(&stored.refresh_token) {
            state.halt = None;
            return None;
        }
        let mut error = halt.error.clone();
        if let (Error::Unavailable { retry_after, .. }, Some(until)) = (&mut error, halt.until) {
            *retry_after = Some(until - now);
        }
        Some(error)
    }

    fn count_forced(&self) -> Result<()> {
        let mut state = self.state();
        let now = Instant::now();
        state
            .forced
            .retain(|at| now.duration_since(*at) < FORCED_WINDOW);
        if state.forced.len() >= FORCED_LIMIT {
            return Err(Error::Unavailable {
                what: "Graph keeps refusing fresh tokens".to_owned(),
                retry_after: Some(FORCED_WINDOW),
            });
        }
        state.forced.push_back(now);
        Ok(())
    }

    fn sign_in(&self, why: &str) -> Error {
        Error::SignIn {
            account: self.account.clone(),
            why: why.to_owned(),
        }
    }

    async fn stored(&self) -> Result<Option<Stored>> {
        let (vault, name) = (self.vault.clone(), self.record());
        let record = blocking(move || vault.read(&name)).await?;
        record
            .map(|octets| {
                Stored::read(octets.expose()).ok_or_else(|| {
                    Error::Vault(format!("{}: the record is not understood", self.record()))
                })
            })
            .transpose()
    }

    async fn store(&self, stored: &Stored) -> Result<()> {
        let (vault, name, value) = (self.vault.clone(), self.record(), stored.write());
        blocking(move || vault.write(&name, &value)).await
    }
}

impl Stored {
    fn read(octets: &[u8]) -> Option<Self> {
        let json: Value = serde_json::from_slice(octets).ok()?;
        let text = |key: &str| Some(json.get(key)?.as_str()?.to_owned());
        Some(Self {
            refresh_token: Secret::new(text("refresh_token")?),
            identity: Identity {
                tenant_id: text("tenant_id")?,
                object_id: text("object_id")?,
                username: text("username"),
            },
        })
    }

    fn write(&self) -> Secret<Vec<u8>> {
        let record = json!({
            "refresh_token": self.refresh_token.expose(),
            "tenant_id": self.identity.tenant_id,
            "object_id": self.identity.object_id,
            "username": self.identity.username,
            "stored": chrono::Utc::now().timestamp(),
        });
        Secret::new(record.to_string().into_bytes())
    }
}

impl From<&Grant> for Access {
    fn from(grant: &Grant) -> Self {
        let life = Duration::from_secs(grant.expires_in);
        let now = Instant::now();
        Self {
            token: grant.access_token.clone(),
            renew_at: now + life.saturating_sub(EARLY.min(life / 4)),
            usable_until: now + life.saturating_sub(LAST_MINUTE.min(life / 10)),
        }
    }
}

/// The vault syncs to disk: not on the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Error::Vault(format!("the vault's work was stopped: {e}"))))
}
