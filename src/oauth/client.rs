//! HTTP to the login host: form posts to the token and device code endpoints.
//!
//! Each grant is one form post and one JSON answer. The answers are read by [`super::token`], since
//! Entra's differ from RFC 6749 in ways that strict readers refuse (numbers as strings, extra error
//! fields), and since status and Retry-After matter here.

use super::{
    Error, Result,
    token::{self, Decision, DeviceCode, Grant, Refusal},
};
use crate::{
    config,
    mail::{AccountName, Secret},
};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// `postern/VERSION`, sent with every request.
pub const USER_AGENT: &str = concat!("postern/", env!("CARGO_PKG_VERSION"));

/// A token request is small and its answer too: silence for this long is a failure.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A token answer has some 8 KB.
const BODY_LIMIT: usize = 1 << 20;

/// The HTTP client for login host and Graph of one cloud: no redirects (they would carry a token
/// elsewhere), TLS by rustls with the platform's certificate store; no proxy and no store needed for
/// a sandbox on loopback.
pub fn http(cloud: &config::Cloud) -> Result<reqwest::Client> {
    // Fails when one is installed already, which is as good.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(50))
        .tcp_nodelay(true);
    let plain = [&cloud.login_url, &cloud.graph_url]
        .iter()
        .all(|url| url.scheme() == "http");
    if plain {
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|e| {
        Error::Setup(format!(
            "the HTTPS client cannot be set up: {}; is a certificate store installed (package ca-certificates)?",
            causes(&e)
        ))
    })
}

/// The endpoints of one tenant for one application.
#[derive(Debug, Clone)]
pub(super) struct LoginHost {
    http: reqwest::Client,
    /// Ends in a slash.
    base: String,
    tenant: String,
    client_id: String,
}

/// What a request to the login host came to, other than a 200 that was understood.
#[derive(Debug)]
pub(super) enum Failure {
    Refused(Refusal, Option<Duration>),
    Unreachable {
        what: String,
        retry_after: Option<Duration>,
    },
}

impl LoginHost {
    pub(super) fn new(account: &config::Account, http: reqwest::Client) -> Result<Self> {
        let base = format!(
            "{}/",
            account.cloud.login_url.as_str().trim_end_matches('/')
        );
        let host = Self {
            http,
            base,
            tenant: account.tenant.clone(),
            client_id: account.client_id.clone(),
        };
        host.url("token")?;
        Ok(host)
    }

    /// A refresh token for a new grant (RFC 6749 section 6). Tried again after a failure to reach the
    /// host: Entra keeps the old token good.
    pub(super) async fn refresh(
        &self,
        refresh_token: &Secret<String>,
        scopes: &str,
        claims: Option<&str>,
    ) -> std::result::Result<Grant, Failure> {
        let mut form = vec![
            ("client_id", self.client_id.as_str()),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("scope", scopes),
        ];
        form.extend(claims.map(|claims| ("claims", claims)));
        let mut pauses = [500, 1500].into_iter();
        loop {
            let failure = match self.post("token", &form, token::grant).await {
                Ok(grant) => return Ok(grant),
                Err(failure) => failure,
            };
            match (&failure, pauses.next()) {
                (
                    Failure::Unreachable {
                        retry_after: None, ..
                    },
                    Some(pause),
                ) => tokio::time::sleep(Duration::from_millis(pause)).await,
                _ => return Err(failure),
            }
        }
    }

    /// Starts a device sign-in (RFC 8628 section 3.1).
    pub(super) async fn device_code(
        &self,
        scopes: &str,
    ) -> std::result::Result<DeviceCode, Failure> {
        let form = [("client_id", self.client_id.as_str()), ("scope", scopes)];
        self.post("devicecode", &form, token::device_code).await
    }

    /// One poll of a device sign-in (RFC 8628 section 3.4).
    pub(super) async fn poll(&self, code: &DeviceCode) -> std::result::Result<Grant, Failure> {
        let form = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", code.device_code.expose()),
        ];
        self.post("token", &form, token::grant).await
    }

    /// Reads an id_token; `None` when there is none.
    pub(super) fn claims(
        &self,
        grant: &Grant,
    ) -> Option<std::result::Result<token::Claims, String>> {
        let token = grant.id_token.as_ref()?;
        let now = chrono::Utc::now().timestamp();
        Some(token::id_token(
            token.expose(),
            &self.client_id,
            &self.base,
            now,
        ))
    }

    fn url(&self, endpoint: &str) -> Result<Url> {
        let text = format!("{}{}/oauth2/v2.0/{endpoint}", self.base, self.tenant);
        Url::parse(&text).map_err(|e| Error::Configuration(format!("{text} is no address: {e}")))
    }

    async fn post<T>(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
        read: fn(&[u8]) -> Option<T>,
    ) -> std::result::Result<T, Failure> {
        let unreachable = |what: String, retry_after| Failure::Unreachable { what, retry_after };
        let url = self
            .url(endpoint)
            .map_err(|e| unreachable(e.to_string(), None))?;
        let answer = timeout(ANSWER_WITHIN, self.exchange(url, form)).await;
        let (status, retry_after, body) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(e)) => return Err(unreachable(e, None)),
            Err(_) => {
                let what = "the login service does not answer".to_owned();
                return Err(unreachable(what, None));
            }
        };
        tracing::debug!(endpoint, status, "login service answered");
        if status == 429 || status >= 500 {
            let what = format!("the login service is busy (status {status})");
            return Err(unreachable(what, retry_after));
        }
        let got = match status {
            200 => read(&body),
            _ => None,
        };
        got.ok_or_else(|| match token::refusal(&body) {
            Some(refusal) => Failure::Refused(refusal, retry_after),
            None => unreachable(
                format!("the login service's answer is not understood (status {status})"),
                retry_after,
            ),
        })
    }

    async fn exchange(
        &self,
        url: Url,
        form: &[(&str, &str)],
    ) -> std::result::Result<(u16, Option<Duration>, Vec<u8>), String> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |e: reqwest::Error| format!("{host}: {}", causes(&e.without_url()));
        let request = self
            .http
            .post(url)
            .header("accept", "application/json")
            .header("user-agent", USER_AGENT)
            .header("client-request-id", uuid::Uuid::new_v4().to_string())
            .form(form);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_LIMIT {
                return Err(format!("{host}: an answer without end"));
            }
        }
        Ok((status, retry_after, body))
    }
}

impl Failure {
    /// What it means for an account outside a device sign-in.
    pub(super) fn into_error(self, account: &AccountName) -> Error {
        let (refusal, retry_after) = match self {
            Self::Unreachable { what, retry_after } => {
                return Error::Unavailable { what, retry_after };
            }
            Self::Refused(refusal, retry_after) => (refusal, retry_after),
        };
        let why = refusal.advice();
        match refusal.decision() {
            Decision::SignIn => Error::SignIn {
                account: account.clone(),
                why,
            },
            Decision::Administrator => Error::Administrator(why),
            Decision::Configuration => Error::Configuration(why),
            Decision::Declined | Decision::Expired | Decision::BadCode => Error::Ended(why),
            Decision::Transient | Decision::Pending | Decision::SlowDown => Error::Unavailable {
                // A loop is only broken by silence: the page says minutes.
                retry_after: match refusal.number {
                    Some(super::aadsts::LOOP) => Some(Duration::from_secs(300)),
                    _ => retry_after,
                },
                what: why,
            },
        }
    }
}

/// The error with its causes, which is where reqwest tells what happened.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_certificate_store_is_told_what_to_install() {
        let cloud = |login: &str, graph: &str| config::Cloud {
            login_url: login.parse().unwrap(),
            graph_url: graph.parse().unwrap(),
        };
        let local = "http://127.0.0.1:9/";
        http(&cloud(local, local)).expect("a sandbox needs no store");
        let global = cloud(
            "https://login.microsoftonline.com/",
            "https://graph.microsoft.com/",
        );
        if let Err(error) = http(&global) {
            assert!(error.to_string().contains("ca-certificates"), "{error}");
        }
    }
}
