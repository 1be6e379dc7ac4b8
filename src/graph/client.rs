//! HTTP to Graph: one request at a time through limiter and retry.

use super::{
    Error, Result, address,
    exchange::{Answer, Call, Failed, Pace, once, piece},
    json,
    limiter::{Limiter, Want},
    read,
    retry::{self, Attempt, Verdict},
    types::User,
};
use crate::{
    mail::{RemoteId, Secret},
    oauth::{self, source::TokenSource},
};
use bytes::Bytes;
use futures_util::Stream;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

/// People before background: a background request waits while a person's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Person,
    Background,
}

/// One mailbox in Graph. Cheap to clone; clones share limiter and tokens.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
    priority: Priority,
    pace: Pace,
}

#[derive(Debug)]
pub(super) struct Shared {
    http: reqwest::Client,
    root: Url,
    /// `/me` or `/users/{address}`.
    scope: String,
    tokens: TokenSource,
    limiter: Limiter,
    requests: AtomicU64,
    /// The service refused `$expand` in a message delta; not asked for again.
    pub(super) plain_delta: AtomicBool,
    pub(super) plain_list: AtomicBool,
    pub(super) plain_folders: AtomicBool,
    pub(super) well_known: tokio::sync::OnceCell<super::folders::WellKnown>,
}

const USER_SELECT: &str = "/me?$select=id,displayName,mail,userPrincipalName,proxyAddresses";

impl Client {
    /// `root` is the Graph root (`https://graph.microsoft.com`); `mailbox` is `None` for the signed-in
    /// user's own (`/me`), else an address for `/users/{address}`. `http` should come from
    /// [`oauth::client::http`], which follows no redirects.
    pub fn new(
        http: reqwest::Client,
        root: Url,
        mailbox: Option<String>,
        tokens: TokenSource,
        limiter: Limiter,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                http,
                root,
                scope: address::scope(mailbox.as_deref()),
                tokens,
                limiter,
                requests: AtomicU64::new(0),
                plain_delta: AtomicBool::new(false),
                plain_list: AtomicBool::new(false),
                plain_folders: AtomicBool::new(false),
                well_known: tokio::sync::OnceCell::new(),
            }),
            priority: Priority::Person,
            pace: Pace::default(),
        }
    }

    /// The same mailbox, with requests of this priority (default: [`Priority::Person`]).
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self {
            priority,
            ..self.clone()
        }
    }

    /// The same mailbox with other patience (tests turn silence into milliseconds).
    pub fn with_pace(&self, pace: Pace) -> Self {
        Self {
            pace,
            ..self.clone()
        }
    }

    /// `GET /me` with a token that no source has yet (identity check at sign-in).
    pub async fn whoami(
        http: &reqwest::Client,
        root: &Url,
        token: &Secret<String>,
    ) -> Result<User> {
        const WHAT: &str = "GET me";
        let pace = Pace::default();
        let url = address::under(root, USER_SELECT).map_err(|e| invalid(WHAT, &e))?;
        let call = Call::get(WHAT, url);
        let limiter = Limiter::default();
        let start = Instant::now();
        for number in 1.. {
            let permit = limiter.acquire(Priority::Person, Want::Short).await;
            let failed = match once(http, &pace, &call, Some(token), permit, false).await {
                Ok(answer) => return user(WHAT, &answer.body),
                Err(failed) => failed,
            };
            let attempt = attempt(&call, &failed, number, start, pace.person, pace.base);
            match retry::verdict(&attempt) {
                Verdict::Wait { pause, .. } => sleep(pause).await,
                Verdict::GiveUp => return Err(failed.error),
            }
        }
        Err(Error::Silence { what: WHAT })
    }

    /// The signed-in user.
    pub async fn me(&self) -> Result<User> {
        const WHAT: &str = "GET me";
        let url = address::under(&self.shared.root, USER_SELECT).map_err(|e| invalid(WHAT, &e))?;
        user(WHAT, &self.run(&Call::get(WHAT, url), false).await?.body)
    }

    /// Streams the MIME of a message (`$value`, never under a folder path). An error mid-way is an
    /// error of the stream; the caller starts anew. One of the four places is held until the stream is
    /// dropped.
    pub async fn mime(
        &self,
        id: &RemoteId,
    ) -> Result<impl Stream<Item = std::result::Result<Bytes, Error>> + Send + use<>> {
        const WHAT: &str = "GET MIME";
        let path = format!("/messages/{}/$value", address::segment(id.as_str()));
        let mut call = Call::get(WHAT, self.url(WHAT, &path)?);
        // The MIME itself, whatever type it goes by; errors come as JSON all the same.
        call.headers.insert(
            reqwest::header::ACCEPT,
            reqwest::header::HeaderValue::from_static("*/*"),
        );
        let answer = self.run(&call, true).await?;
        let (response, permit) = answer.live.ok_or_else(|| malformed(WHAT, "no body"))?;
        let html = response
            .headers()
            .get(reqwest::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"));
        if answer.status != 200 || html {
            return Err(malformed(WHAT, "an answer that is no message"));
        }
        let idle = self.pace.idle;
        Ok(futures_util::stream::try_unfold(
            Some((response, permit)),
            move |live| async move {
                let Some((mut response, permit)) = live else {
                    return Ok(None);
                };
                let next = piece(WHAT, idle, &mut response).await?;
                Ok(next.map(|octets| (octets, Some((response, permit)))))
            },
        ))
    }

    /// Whether there is a token to be had; nothing is asked of Graph.
    pub async fn has_access(&self) -> Result<()> {
        self.shared.tokens.access_token().await?;
        Ok(())
    }

    /// Requests sent to Graph so far (a `$batch` counts one): for budgets and benches.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// An address under the mailbox.
    pub(super) fn url(&self, what: &'static str, path: &str) -> Result<Url> {
        let path = format!("{}{path}", self.shared.scope);
        address::under(&self.shared.root, &path).map_err(|e| invalid(what, &e))
    }

    /// `$batch` stands beside the mailboxes.
    pub(super) fn batch_url(&self, what: &'static str) -> Result<Url> {
        address::under(&self.shared.root, "/$batch").map_err(|e| invalid(what, &e))
    }

    /// The mailbox's part of an address inside a `$batch`.
    pub(super) fn scope(&self) -> &str {
        &self.shared.scope
    }

    /// A link that was kept, as an address.
    pub(super) fn kept_link(&self, link: &str) -> Result<Url> {
        address::link(&self.shared.root, link).ok_or(Error::StaleLink)
    }

    /// Octets of a mail go over TLS, or stay on this computer as Graph itself does.
    pub(super) fn may_upload_to(&self, url: &Url) -> bool {
        let root = &self.shared.root;
        url.scheme() == "https" || url.scheme() == root.scheme() && url.host() == root.host()
    }

    /// Whether an answer's link may be followed.
    pub(super) fn check_link(&self, what: &'static str, link: &str) -> Result<()> {
        match address::link(&self.shared.root, link) {
            Some(_) => Ok(()),
            None => Err(Error::ForeignLink { what }),
        }
    }

    /// Sends and reads a JSON answer.
    pub(super) async fn json(&self, call: &Call) -> Result<Value> {
        let answer = self.run(call, false).await?;
        json::parse(&answer.body).map_err(|cause| Error::Malformed {
            what: call.what,
            cause,
        })
    }

    /// What a batch needs of the retry rules.
    pub(super) fn budget(&self) -> Duration {
        match self.priority {
            Priority::Person => self.pace.person,
            Priority::Background => self.pace.background,
        }
    }

    pub(super) fn base(&self) -> Duration {
        self.pace.base
    }

    pub(super) fn pause(&self, pause: Duration) {
        self.shared.limiter.pause(pause);
    }

    /// A fresh token after an inner 401.
    pub(super) async fn renew_held(&self, claims: Option<&str>) -> Result<()> {
        let start = Instant::now();
        let token = self.token("POST batch", start).await?;
        self.renew(&token, claims, start).await
    }

    /// Through limiter, token and retry until there is a 2xx or no hope.
    pub(super) async fn run(&self, call: &Call, stream: bool) -> Result<Answer> {
        let (start, budget) = (Instant::now(), self.budget());
        let mut renewed = false;
        let mut number = 0;
        loop {
            number += 1;
            let token = match call.bare {
                true => None,
                false => Some(self.token(call.what, start).await?),
            };
            let permit = self.permit(call, stream, start).await?;
            self.shared.requests.fetch_add(1, Ordering::Relaxed);
            let pace = self.patience(call, start);
            let http = &self.shared.http;
            let sent = once(http, &pace, call, token.as_ref(), permit, stream).await;
            let failed = match sent {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if let (Some(token), true, false) = (&token, failed.unauthorized, renewed) {
                self.renew(token, failed.claims.as_deref(), start).await?;
                renewed = true;
                number -= 1;
                continue;
            }
            let base = self.pace.base;
            let attempt = attempt(call, &failed, number, start, budget, base);
            let verdict = retry::verdict(&attempt);
            if retry::slows_mailbox(attempt.fault) {
                self.pause(retry::pause(&attempt));
            }
            match verdict {
                // The limiter holds everybody, us too.
                Verdict::Wait { mailbox: true, .. } => {}
                Verdict::Wait { pause, .. } => sleep(pause).await,
                Verdict::GiveUp => return Err(failed.error),
            }
        }
    }

    /// A token, within the time that is left; short outages of the login host are sat out.
    async fn token(&self, what: &'static str, start: Instant) -> Result<Secret<String>> {
        let left = || self.budget().saturating_sub(start.elapsed());
        loop {
            let error = match timeout(left(), self.shared.tokens.access_token()).await {
                Ok(Ok(token)) => return Ok(token),
                Ok(Err(error)) => error,
                Err(_) => oauth::Error::Unavailable {
                    what: format!("{what}: the login service does not answer"),
                    retry_after: None,
                },
            };
            let wait = match &error {
                oauth::Error::Unavailable { retry_after, .. } => {
                    retry_after.unwrap_or_default().max(self.pace.base)
                }
                _ => return Err(error.into()),
            };
            if wait > left() {
                return Err(error.into());
            }
            sleep(wait).await;
        }
    }

    /// Another token than the one that was refused, within the time that is left.
    async fn renew(
        &self,
        token: &Secret<String>,
        claims: Option<&str>,
        start: Instant,
    ) -> Result<()> {
        let left = self.budget().saturating_sub(start.elapsed());
        match timeout(left, self.shared.tokens.renew(token, claims)).await {
            Ok(renewed) => Ok(renewed.map(|_| ())?),
            Err(_) => Err(Error::Auth(oauth::Error::Unavailable {
                what: "the login service does not answer".to_owned(),
                retry_after: None,
            })),
        }
    }

    async fn permit(
        &self,
        call: &Call,
        stream: bool,
        start: Instant,
    ) -> Result<super::limiter::Permit> {
        let left = self.budget().saturating_sub(start.elapsed());
        let limiter = &self.shared.limiter;
        let paused = |retry_after| Error::Paused {
            what: call.what,
            retry_after,
        };
        if let Some(pause) = limiter.paused_for().filter(|pause| *pause > left) {
            return Err(paused(pause));
        }
        let turn = async {
            match call.hurried {
                true => limiter.acquire_any(self.priority, call.want(stream)).await,
                false => limiter.acquire(self.priority, call.want(stream)).await,
            }
        };
        timeout(left, turn)
            .await
            .map_err(|_| paused(limiter.paused_for().unwrap_or(self.pace.base)))
    }

    /// A person's read waits no longer than the person; a write that may have an effect is heard out.
    fn patience(&self, call: &Call, start: Instant) -> Pace {
        let mut pace = self.pace;
        if call.idempotent {
            let left = self.budget().saturating_sub(start.elapsed());
            pace.first_byte = pace.first_byte.min(left);
        }
        pace
    }
}

fn attempt(
    call: &Call,
    failed: &Failed,
    number: u32,
    start: Instant,
    budget: Duration,
    base: Duration,
) -> Attempt {
    let status = matches!(failed.fault, retry::Fault::Status { .. });
    Attempt {
        fault: failed.fault,
        number,
        idempotent: call.idempotent,
        retry_after: failed.retry_after,
        elapsed: start.elapsed(),
        budget,
        base: if status { base } else { base / 4 },
        random: random(),
    }
}

/// Even in `0.0..1.0`, for jitter.
pub(super) fn random() -> f64 {
    let [a, b, c, d, ..] = *uuid::Uuid::new_v4().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

fn user(what: &'static str, body: &[u8]) -> Result<User> {
    let json = json::parse(body).map_err(|cause| Error::Malformed { what, cause })?;
    read::user(&json).ok_or_else(|| malformed(what, "no user"))
}

pub(super) fn malformed(what: &'static str, cause: &str) -> Error {
    Error::Malformed {
        what,
        cause: cause.to_owned(),
    }
}

fn invalid(what: &'static str, cause: &url::ParseError) -> Error {
    Error::Invalid {
        what,
        cause: cause.to_string(),
    }
}
