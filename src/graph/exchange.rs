//! One request, one answer: sent, waited for with limits, its status checked before its body.

use super::{
    Error, challenge,
    error::Status,
    json,
    limiter::{Permit, Want},
    retry,
    retry::Fault,
};
use crate::{mail::Secret, oauth::client::USER_AGENT};
use bytes::Bytes;
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use url::Url;

/// Immutable ids on every request (Graph: immutable identifiers).
pub(super) const IMMUTABLE: &str = "IdType=\"ImmutableId\"";

/// A JSON answer larger than this is none of ours: 1000 messages without bodies take some 5 MB.
const BODY_LIMIT: usize = 192 << 20;

/// Sending more than this (octets) may last: half a minute where the line takes 16 KB in a second.
const LASTS: usize = 512 << 10;

/// How long to wait, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Until the first octet of an answer.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// A person's request with all its repetitions.
    pub person: Duration,
    /// A background request with all its repetitions.
    pub background: Duration,
    /// First pause of the back-off after an error status; a quarter of it after a broken connection.
    pub base: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            person: Duration::from_secs(30),
            background: Duration::from_secs(900),
            base: Duration::from_secs(2),
        }
    }
}

/// A request that can be sent several times.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// For errors and logs, such as `GET message`.
    pub(super) what: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) idempotent: bool,
    /// The requests of a `$batch`: as many of them are sent as there are places for.
    pub(super) parts: Vec<Value>,
    /// A batch that takes what places there are, since it found too few a moment ago.
    pub(super) hurried: bool,
    /// No access token goes with it.
    pub(super) bare: bool,
}

impl Call {
    pub(super) fn new(what: &'static str, method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.append("prefer", HeaderValue::from_static(IMMUTABLE));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let idempotent = method != Method::POST;
        Self {
            what,
            method,
            url,
            headers,
            body: None,
            idempotent,
            parts: Vec::new(),
            hurried: false,
            bare: false,
        }
    }

    pub(super) fn get(what: &'static str, url: Url) -> Self {
        Self::new(what, Method::GET, url)
    }

    pub(super) fn prefer(mut self, value: Option<&'static str>) -> Self {
        if let Some(value) = value {
            self.headers
                .append("prefer", HeaderValue::from_static(value));
        }
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(Bytes::from(body.to_string()));
        self.content_type("application/json")
    }

    pub(super) fn body(mut self, content_type: &'static str, body: Bytes) -> Self {
        self.body = Some(body);
        self.content_type(content_type)
    }

    pub(super) fn parts(mut self, parts: Vec<Value>) -> Self {
        self.parts = parts;
        self.content_type("application/json")
    }

    /// `stream`: its answer is read bit by bit.
    pub(super) fn want(&self, stream: bool) -> Want {
        let long = self.body.as_ref().is_some_and(|body| body.len() > LASTS);
        match self.parts.len() {
            0 if stream || long => Want::Lasting,
            0 => Want::Short,
            parts => Want::Batch(parts),
        }
    }

    /// With the first `requests` of its parts.
    fn octets(&self, requests: usize) -> Option<Bytes> {
        if self.parts.is_empty() {
            return self.body.clone();
        }
        let parts: Vec<_> = self.parts.iter().take(requests).collect();
        Some(Bytes::from(json!({ "requests": parts }).to_string()))
    }

    fn content_type(mut self, value: &'static str) -> Self {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(value));
        self
    }
}

/// A 2xx. The body is read already, or waits in `live` together with its place.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) live: Option<(reqwest::Response, Permit)>,
    /// Of a batch: so many of its requests were sent.
    pub(super) requests: usize,
}

/// An attempt that came to nothing.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) fault: Fault,
    pub(super) retry_after: Option<Duration>,
    /// The token was refused.
    pub(super) unauthorized: bool,
    pub(super) claims: Option<String>,
}

impl Failed {
    pub(super) fn new(error: Error, fault: Fault) -> Self {
        Self {
            error,
            fault,
            retry_after: None,
            unauthorized: false,
            claims: None,
        }
    }
}

/// Sends `call` once. With `stream`, a good answer's body is left for the caller to read.
pub(super) async fn once(
    http: &reqwest::Client,
    pace: &Pace,
    call: &Call,
    token: Option<&Secret<String>>,
    permit: Permit,
    stream: bool,
) -> Result<Answer, Failed> {
    let requests = permit.requests();
    let request = build(http, call, token, requests)?;
    let response = match timeout(pace.first_byte, http.execute(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(e)) => return Err(broken(call.what, e)),
        Err(_) => {
            let error = Error::Silence { what: call.what };
            return Err(Failed::new(error, Fault::Broken));
        }
    };
    let status = response.status();
    log(call, status.as_u16(), response.headers());
    if status.is_success() && stream {
        return Ok(Answer {
            status: status.as_u16(),
            body: Bytes::new(),
            live: Some((response, permit)),
            requests,
        });
    }
    let headers = response.headers().clone();
    let body = read(call.what, pace.idle, response).await;
    drop(permit);
    if status.is_success() {
        return body.map(|body| Answer {
            status: status.as_u16(),
            body,
            live: None,
            requests,
        });
    }
    // An error status says enough without its body.
    let body = body.unwrap_or_default();
    Err(refused(call.what, status.as_u16(), &headers, &body))
}

/// Reads an error answer.
fn refused(what: &'static str, status: u16, headers: &HeaderMap, body: &[u8]) -> Failed {
    let json = json::parse(body).ok();
    let retry_after = header(headers, RETRY_AFTER.as_str())
        .and_then(|value| retry::retry_after(value, chrono::Utc::now()));
    let request_id = header(headers, "request-id").map(str::to_owned);
    let error = Status::new(what, status, json.as_ref(), request_id, retry_after);
    tracing::info!(
        what,
        status,
        code = error.code.as_deref().unwrap_or_default(),
        request_id = error.request_id.as_deref().unwrap_or_default(),
        date = header(headers, "date").unwrap_or_default(),
        "Graph refused"
    );
    let fault = fault(&error);
    let claims = challenge::claims(headers);
    Failed {
        fault,
        retry_after,
        unauthorized: status == 401 || status == 403 && claims.is_some(),
        claims,
        error: Error::Status(Box::new(error)),
    }
}

pub(super) fn fault(error: &Status) -> Fault {
    if error.is_final() {
        return Fault::Final;
    }
    Fault::Status {
        status: error.status,
        throttled: error.is_throttled(),
    }
}

fn build(
    http: &reqwest::Client,
    call: &Call,
    token: Option<&Secret<String>>,
    requests: usize,
) -> Result<reqwest::Request, Failed> {
    let invalid = |cause: &str| {
        let (what, cause) = (call.what, cause.to_owned());
        Failed::new(Error::Invalid { what, cause }, Fault::Final)
    };
    let id = uuid::Uuid::new_v4().to_string();
    let mut request = http
        .request(call.method.clone(), call.url.clone())
        .headers(call.headers.clone())
        .header("user-agent", USER_AGENT)
        .header("client-request-id", &id)
        .header("return-client-request-id", "true");
    if let Some(token) = token {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| invalid("the access token is not printable"))?;
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
    }
    if let Some(body) = call.octets(requests) {
        request = request.body(body);
    } else if call.method == Method::POST {
        request = request.header("content-length", "0");
    }
    request
        .build()
        .map_err(|e| invalid(&e.without_url().to_string()))
}

async fn read(
    what: &'static str,
    idle: Duration,
    mut response: reqwest::Response,
) -> Result<Bytes, Failed> {
    let mut body = Vec::new();
    loop {
        match piece(what, idle, &mut response).await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => return Ok(Bytes::from(body)),
            Err(error) => return Err(Failed::new(error, Fault::Broken)),
        }
        if body.len() > BODY_LIMIT {
            let cause = "an answer without end".to_owned();
            return Err(Failed::new(Error::Malformed { what, cause }, Fault::Final));
        }
    }
}

/// The next piece of a body, `None` at its proper end.
pub(super) async fn piece(
    what: &'static str,
    idle: Duration,
    response: &mut reqwest::Response,
) -> Result<Option<Bytes>, Error> {
    match timeout(idle, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(e)) => Err(broken(what, e).error),
        Err(_) => Err(Error::Silence { what }),
    }
}

fn broken(what: &'static str, error: reqwest::Error) -> Failed {
    let sent = !error.is_connect() && !error.is_builder();
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(source) = next {
        cause = format!("{cause}: {source}");
        next = source.source();
    }
    tracing::info!(what, cause, sent, "Graph not reached");
    let fault = if sent { Fault::Broken } else { Fault::NotSent };
    Failed::new(Error::Transport { what, cause, sent }, fault)
}

fn log(call: &Call, status: u16, headers: &HeaderMap) {
    tracing::debug!(
        what = call.what,
        status,
        request_id = header(headers, "request-id").unwrap_or_default(),
        date = header(headers, "date").unwrap_or_default(),
        "Graph answered"
    );
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
