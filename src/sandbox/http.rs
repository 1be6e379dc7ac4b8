//! Requests and answers of Graph: path and query read as OData does, headers and error envelope
//! as recorded (dossier 05 section 2).

use super::switches::Switches;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{convert::Infallible, fmt::Write, time::SystemTime};
use url::form_urlencoded;

/// Type of every JSON answer (recorded).
const JSON_TYPE: &str = "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8";

/// A request, as the handlers see it: outer ones and those inside a `$batch` alike.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path after `/v1.0`, taken apart: `mailFolders('x')` is two segments, `delta()` is `delta`.
    pub(super) segments: Vec<String>,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Scheme and authority of this server, for links.
    pub(super) base: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Payload {
    /// Neither type nor length (204).
    None,
    /// `Content-Length: 0` (202).
    Empty,
    Json(Value),
    Raw(&'static str, Bytes),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) payload: Payload,
}

/// `Err` is an answer too: one that ends the handler early. Boxed to keep results small.
pub(super) type Outcome<T = Answer> = Result<T, Box<Answer>>;

impl Call {
    pub(super) fn new(
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
        base: &str,
    ) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            segments: segments(path),
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers,
            body,
            base: base.to_owned(),
        }
    }

    /// Another address of the sandbox, under the scheme and name by which the client came to this one.
    pub(super) fn beside(&self, other: &str) -> String {
        let port = other.rsplit(':').next().unwrap_or("");
        match self.base.rsplit_once(':') {
            Some((own, _)) => format!("{own}:{port}"),
            None => other.to_owned(),
        }
    }

    /// A query option, with or without its `$`, without regard to case.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, _)| k.trim_start_matches('$').eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A preference, from any number of `Prefer` fields, with its quotes taken off.
    pub(super) fn prefer(&self, name: &str) -> Option<String> {
        self.headers
            .get_all("prefer")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .find_map(|field| {
                field.split(',').find_map(|one| {
                    let (key, value) = one.split_once('=').unwrap_or((one, ""));
                    key.trim()
                        .eq_ignore_ascii_case(name)
                        .then(|| value.trim().trim_matches('"').to_owned())
                })
            })
    }

    pub(super) fn immutable(&self) -> bool {
        self.prefer("IdType")
            .is_some_and(|v| v.eq_ignore_ascii_case("ImmutableId"))
    }

    /// The body as a JSON object.
    pub(super) fn json(&self) -> Outcome<Value> {
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            _ => Err(undeserializable()),
        }
    }

    pub(super) fn is_mime(&self) -> bool {
        self.header("content-type").is_some_and(|t| {
            t.trim_start()
                .to_ascii_lowercase()
                .starts_with("text/plain")
        })
    }
}

fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix("/v1.0").unwrap_or(path);
    let mut out = Vec::new();
    for raw in path.split('/').filter(|s| !s.is_empty()) {
        let text = percent_decode(raw);
        let inner = text.strip_suffix(')').and_then(|t| t.split_once('('));
        match inner {
            Some((name, "")) => out.push(name.to_owned()),
            Some((name, id)) if id.starts_with('\'') => {
                out.push(name.to_owned());
                out.push(id.trim_matches('\'').to_owned());
            }
            _ => out.push(text),
        }
    }
    out
}

pub(super) fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let octet = match (first, tail) {
            (b'%', [a, b, ..]) => hex(*a).zip(hex(*b)).map(|(a, b)| a << 4 | b),
            _ => None,
        };
        out.push(octet.unwrap_or(*first));
        rest = if octet.is_some() {
            tail.get(2..).unwrap_or(&[])
        } else {
            tail
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(c: u8) -> Option<u8> {
    char::from(c)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

/// As `@odata.context` encodes what stands in parentheses: `@` and `=` too.
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(b))
            }
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            payload: Payload::Json(body),
        }
    }

    pub(super) fn no_content() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            payload: Payload::None,
        }
    }

    pub(super) fn accepted() -> Self {
        Self {
            status: 202,
            headers: Vec::new(),
            payload: Payload::Empty,
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The error envelope; `innerError` is filled in when the answer leaves ([`render`]).
pub(super) fn error(status: u16, code: &str, message: &str) -> Box<Answer> {
    Box::new(Answer::json(
        status,
        json!({"error": {"code": code, "message": message}}),
    ))
}

pub(super) fn bad_request(message: &str) -> Box<Answer> {
    error(400, "BadRequest", message)
}

pub(super) fn not_found() -> Box<Answer> {
    error(
        404,
        "ErrorItemNotFound",
        "The specified object was not found in the store., The process failed to get the correct properties.",
    )
}

pub(super) fn access_denied() -> Box<Answer> {
    error(
        403,
        "ErrorAccessDenied",
        "Access is denied. Check credentials and try again.",
    )
}

pub(super) fn undeserializable() -> Box<Answer> {
    error(
        400,
        "UnableToDeserializePostBody",
        "were unable to deserialize ",
    )
}

/// Who asked, and which request this is.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub(super) request_id: String,
    pub(super) client_request_id: String,
    pub(super) style: ErrorStyle,
}

/// How error bodies look, where sources differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorStyle {
    /// The key of the inner error.
    pub(super) inner: Option<&'static str>,
    /// Codes begin with a small letter.
    pub(super) lower: bool,
}

impl ErrorStyle {
    pub(super) fn of(switches: &Switches) -> Self {
        Self {
            inner: match switches.text("error-inner") {
                "none" => None,
                "innererror" => Some("innererror"),
                _ => Some("innerError"),
            },
            lower: switches.text("error-code-case") == "lower",
        }
    }
}

impl Trace {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let request_id = uuid::Uuid::new_v4().to_string();
        let client = headers
            .get("client-request-id")
            .and_then(|v| v.to_str().ok());
        Self {
            client_request_id: client.unwrap_or(&request_id).to_owned(),
            request_id,
            style: ErrorStyle {
                inner: Some("innerError"),
                lower: false,
            },
        }
    }

    /// Completes an error envelope.
    pub(super) fn complete(&self, body: &mut Value) {
        let date = DateTime::<Utc>::from(SystemTime::now())
            .format("%Y-%m-%dT%H:%M:%S")
            .to_string();
        let inner = json!({
            "date": date,
            "request-id": self.request_id,
            "client-request-id": self.client_request_id,
        });
        if let Some(Value::Object(error)) = body.get_mut("error") {
            if let Some(key) = self.style.inner {
                error.entry(key).or_insert(inner);
            }
            if self.style.lower
                && let Some(Value::String(code)) = error.get_mut("code")
            {
                let (first, rest) = code.split_at(code.len().min(1));
                *code = format!("{}{rest}", first.to_ascii_lowercase());
            }
        }
    }
}

/// JSON as it goes over the wire: everything beyond ASCII escaped (recorded).
pub(super) fn to_wire(value: &Value) -> Vec<u8> {
    let text = value.to_string();
    if text.is_ascii() {
        return text.into_bytes();
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out.into_bytes()
}

/// The answer with the headers that every recorded one has. JSON and MIME go out chunked.
pub(super) fn render(answer: Answer, trace: &Trace) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    };
    set("cache-control", "private");
    match &answer.payload {
        Payload::Json(_) => set("content-type", JSON_TYPE),
        Payload::Raw(kind, _) => set("content-type", kind),
        Payload::Empty => set("content-length", "0"),
        Payload::None => {}
    }
    if matches!(answer.payload, Payload::Json(_) | Payload::Raw(..)) {
        set("vary", "Accept-Encoding");
    }
    set("strict-transport-security", "max-age=31536000");
    set("request-id", &trace.request_id);
    set("client-request-id", &trace.client_request_id);
    set(
        "x-ms-ags-diagnostic",
        r#"{"ServerInfo":{"DataCenter":"Germany West Central","Slice":"E","Ring":"4","ScaleUnit":"003","RoleInstance":"XX1PEPF00000000"}}"#,
    );
    for (name, value) in &answer.headers {
        set(name, value);
    }
    match answer.payload {
        Payload::Json(mut value) => {
            trace.complete(&mut value);
            *response.body_mut() = chunked(to_wire(&value).into());
        }
        Payload::Raw(_, octets) => *response.body_mut() = chunked(octets),
        Payload::Empty | Payload::None => {}
    }
    response
}

/// Sets a key of an object.
pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

/// A body without a length.
pub(super) fn chunked(octets: Bytes) -> Body {
    Body::from_stream(futures_util::stream::iter([Ok::<_, Infallible>(octets)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_as_odata_does() {
        for (path, parts) in [
            (
                "/v1.0/me/mailFolders('a=')/messages/delta()",
                vec!["me", "mailFolders", "a=", "messages", "delta"],
            ),
            (
                "/v1.0/users/a%40example.com/messages/x%3D/$value",
                vec!["users", "a@example.com", "messages", "x=", "$value"],
            ),
            ("/me/messages/", vec!["me", "messages"]),
        ] {
            assert_eq!(segments(path), parts);
        }
    }

    #[test]
    fn wire_json_is_ascii() {
        assert_eq!(
            to_wire(&json!({"a": "ü😀"})),
            br#"{"a":"\u00fc\ud83d\ude00"}"#
        );
    }
}
