//! Entra ID: metadata, sign-in pages, tokens for every grant (dossier 01).
//!
//! - `metadata`, `jwt`, `rsa`: documents and keys; `aadsts`: refusals.
//! - `apps`, `client`: registrations and their proofs; `scope`, `policy`: what may be asked, and by whom.
//! - `authorize`, `flow`, `page`, `session`: what a person sees in a browser; `device`: the code typed there.
//! - `grant`, `refresh`, `issue`: the token endpoint; `v1` its elder sister.
//!
//! Clients are to branch on `error`; numbers may change.

mod aadsts;
mod apps;
mod authorize;
mod client;
mod code;
mod consent;
mod device;
mod flow;
mod grant;
mod issue;
mod jwt;
mod metadata;
mod page;
mod policy;
mod refresh;
mod rsa;
mod scope;
mod session;
mod steps;
mod v1;

pub(super) use apps::{App, Audience, Certificate, Platform, Redirect, Secret};
pub(super) use device::{Verdict, decide};
pub(super) use jwt::{new_certificate, warm_up};
pub(super) use policy::{ConsentPolicy, Demand, Policy, Rule};
pub(super) use scope::{ROLES, permissions};

use super::{
    directory::CONSUMERS,
    http::{Answer, Call, Payload, Trace, chunked, to_wire},
    world::World,
};
use aadsts::{json_answer, refusal};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use scope::Resource;
use std::{collections::HashMap, fmt, time::Instant};
use url::form_urlencoded;

pub(super) struct State {
    pub(super) devices: Vec<device::Device>,
    pub(super) access: HashMap<String, Access>,
    refresh: HashMap<String, refresh::Refresh>,
    codes: HashMap<String, code::Code>,
    flows: HashMap<String, flow::Flow>,
    sessions: HashMap<String, session::Session>,
    pub(super) challenge: Option<Challenge>,
    /// Identical token requests, to tell a client in a loop.
    repeated: HashMap<String, (i64, u64)>,
    stamps: u64,
}

/// Continuous access evaluation: tokens issued before are challenged, later ones unless they were got with
/// the challenge's `claims`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Challenge {
    pub(super) since: Instant,
    /// Clients too that never declared `cp1`.
    pub(super) everyone: bool,
    /// As 403, in which Conditional Access may come too.
    pub(super) forbidden: bool,
}

/// Tokens stay out of it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

/// What an access token says.
#[derive(Debug, Clone)]
pub(super) struct Access {
    /// `None`: the application itself.
    pub(super) user: Option<usize>,
    pub(super) client: String,
    pub(super) audience: Resource,
    /// Delegated scopes by their short names.
    pub(super) scopes: Vec<String>,
    /// Application permissions.
    pub(super) roles: Vec<String>,
    pub(super) issued: Instant,
    pub(super) expires: Instant,
    /// Orders it with revocations ([`State::stamp`]).
    pub(super) stamp: u64,
    /// Got with the claims of a challenge.
    pub(super) with_claims: bool,
    /// The client declared `cp1`.
    pub(super) evaluated: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            devices: Vec::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            codes: HashMap::new(),
            flows: HashMap::new(),
            sessions: HashMap::new(),
            challenge: None,
            repeated: HashMap::new(),
            stamps: 0,
        }
    }

    /// Ascending: tells whether a token is older than a revocation, to which seconds are too coarse.
    pub(super) fn stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }

    /// Forgets access tokens (true: refresh tokens too).
    pub(super) fn revoke(&mut self, refresh: bool) {
        self.access.clear();
        if refresh {
            self.refresh.clear();
        }
    }

    /// Makes codes, refresh tokens and sessions older by so many seconds.
    pub(super) fn age(&mut self, seconds: i64) {
        for code in self.codes.values_mut() {
            code.made -= seconds;
        }
        for token in self.refresh.values_mut() {
            token.age(seconds);
        }
        for session in self.sessions.values_mut() {
            session.age(seconds);
        }
        for flow in self.flows.values_mut() {
            flow.age(seconds);
        }
    }
}

impl Access {
    pub(super) fn may(&self, scopes: &[&str]) -> bool {
        self.scopes
            .iter()
            .any(|have| scopes.iter().any(|s| s.eq_ignore_ascii_case(have)))
    }

    pub(super) fn is_for_graph(&self) -> bool {
        self.audience == Resource::Graph
    }
}

type Form = HashMap<String, String>;

pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<_> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["device" | "devicelogin"]) => device::show(call, ""),
        ("POST", ["device" | "devicelogin"]) => device::submit(world, call),
        ("GET", ["error"]) => page::explain(call),
        ("GET", ["favicon.ico"]) | (_, []) => not_here(),
        (_, [alias, ..]) if !alias_known(world, alias) => unknown_tenant(world, call, alias),
        ("GET", [alias, "v2.0", ".well-known", "openid-configuration"]) => {
            json_answer(200, metadata::v2(world, call, alias))
        }
        ("GET", [alias, ".well-known", "openid-configuration"]) => {
            json_answer(200, metadata::v1(world, call, alias))
        }
        ("GET", [alias, "discovery", "v2.0", "keys"]) => {
            let issuer = metadata::issuer(world, call, alias);
            json_answer(200, jwt::jwks(Some(&issuer)))
        }
        ("GET", [_, "discovery", "keys"]) => json_answer(200, jwt::jwks(None)),
        ("GET" | "POST", [alias, "oauth2", "v2.0", "authorize"]) => {
            authorize::begin(world, call, alias)
        }
        ("POST", [alias, "oauth2", "v2.0", "devicecode"]) => device::begin(world, call, alias),
        ("POST", [alias, "oauth2", "v2.0", "token"]) => {
            grant::token(world, call, alias, &form(call))
        }
        ("GET" | "POST", [_, "oauth2", "v2.0" | "logout", ..])
            if matches!(parts.last(), Some(&"logout")) =>
        {
            session::logout(world, call)
        }
        ("POST", [alias, "oauth2", "token"]) => v1::token(world, call, alias),
        ("POST", [alias, "oauth2", "devicecode"]) => v1::devicecode(world, call, alias),
        ("POST", [alias, "login"]) => flow::proceed(world, call, alias),
        ("GET", [alias, "adminconsent"]) => consent::for_all(world, call, alias, false),
        ("GET", [alias, "v2.0", "adminconsent"]) => consent::for_all(world, call, alias, true),
        _ => not_here(),
    }
}

fn not_here() -> Answer {
    Answer {
        status: 404,
        headers: Vec::new(),
        payload: Payload::Empty,
    }
}

/// Names by which requests address a tenant.
fn alias_known(world: &World, alias: &str) -> bool {
    let known = [
        "common",
        "organizations",
        "consumers",
        CONSUMERS,
        &world.tenant.id,
        &world.tenant.domain,
    ];
    known.iter().any(|k| k.eq_ignore_ascii_case(alias)) || initial_domain(world, alias)
}

/// `example.onmicrosoft.com` names the tenant of `example.com`.
fn initial_domain(world: &World, alias: &str) -> bool {
    let name = world.tenant.domain.split('.').next().unwrap_or("");
    alias.eq_ignore_ascii_case(&format!("{name}.onmicrosoft.com"))
}

fn is_consumers(alias: &str) -> bool {
    alias.eq_ignore_ascii_case("consumers") || alias.eq_ignore_ascii_case(CONSUMERS)
}

fn unknown_tenant(world: &World, call: &Call, alias: &str) -> Answer {
    let text = format!(
        "Tenant '{alias}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    );
    let browser = call
        .segments
        .last()
        .is_some_and(|s| s == "authorize" || s == "adminconsent");
    match browser {
        true => page::refused(call, 90_002, &text),
        false => refusal(world, call, 90_002, &text),
    }
}

fn form(call: &Call) -> Form {
    form_urlencoded::parse(&call.body).into_owned().collect()
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// The tenant that a user's tokens name.
fn tenant_of(world: &World, user: usize) -> String {
    let personal = world
        .directory
        .person(user)
        .is_some_and(|p| p.kind == super::directory::Kind::Personal);
    if personal {
        CONSUMERS.to_owned()
    } else {
        world.tenant.id.clone()
    }
}

fn random(len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < len {
        out.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    out.truncate(len);
    out
}

/// An opaque token.
fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random(48))
}

/// Entra's answers: their own headers, no Graph ones.
pub(super) fn render(answer: Answer, trace: &Trace) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    };
    set("cache-control", "no-store, no-cache");
    set("pragma", "no-cache");
    set("expires", "-1");
    set(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    set("x-content-type-options", "nosniff");
    set("x-ms-request-id", &trace.request_id);
    set("client-request-id", &trace.client_request_id);
    for (name, value) in &answer.headers {
        set(name, value);
    }
    let body = match answer.payload {
        Payload::Raw(kind, octets) => {
            set("content-type", kind);
            Body::from(octets)
        }
        Payload::Json(value) => {
            set("content-type", "application/json; charset=utf-8");
            chunked(to_wire(&value).into())
        }
        Payload::Empty | Payload::None => Body::empty(),
    };
    *response.body_mut() = body;
    response
}
