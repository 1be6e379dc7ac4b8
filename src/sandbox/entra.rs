//! Entra ID v2: metadata, device codes, tokens (dossier 01).
//!
//! Access and refresh tokens are opaque. Error bodies have the pairs of `error` and AADSTS number
//! that the dossier lists; clients are to branch on `error`.

use super::{
    devicepage,
    grant::{random, secret, token},
    http::{Answer, Call, Payload, Trace, chunked, error, put, to_wire},
    jwt::Signer,
    world::{World, now},
};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode},
};
use base64::Engine;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt,
    time::{Duration, Instant},
};
use url::form_urlencoded;

const JSON_TYPE: &str = "application/json; charset=utf-8";
/// Letters and digits that are not mistaken for each other.
const CODE_ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Scopes that only shape the answer.
pub(super) const OIDC: &[&str] = &["openid", "profile", "email", "offline_access"];
const GRAPH_SCOPES: &[&str] = &[
    "User.Read",
    "User.ReadBasic.All",
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Send",
    "Mail.Read.Shared",
    "Mail.ReadWrite.Shared",
    "Mail.Send.Shared",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
];

pub(super) struct State {
    pub(super) signer: Signer,
    pub(super) devices: Vec<Device>,
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    /// Tokens issued before this are challenged (CAE) unless they were got with `claims`.
    pub(super) challenge: Option<Instant>,
}

/// Tokens stay out of it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

pub(super) struct Device {
    pub(super) code: String,
    pub(super) user_code: String,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) made: Instant,
    pub(super) expires: Instant,
    pub(super) interval: Duration,
    pub(super) polled: Option<Instant>,
    pub(super) verdict: Verdict,
    /// The user for whom auto-approval approves.
    pub(super) expected: Option<usize>,
    pub(super) redeemed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pending,
    Approved(usize),
    Declined,
}

#[derive(Clone)]
pub(super) struct Access {
    pub(super) user: usize,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) issued: Instant,
    pub(super) expires: Instant,
    pub(super) with_claims: bool,
}

#[derive(Clone)]
pub(super) struct Refresh {
    pub(super) user: usize,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) rotated_out: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            signer: Signer::new(),
            devices: Vec::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            challenge: None,
        }
    }

    /// Forgets access tokens (true: refresh tokens too).
    pub(super) fn revoke(&mut self, refresh: bool) {
        self.access.clear();
        if refresh {
            self.refresh.clear();
        }
    }
}

impl Access {
    pub(super) fn may(&self, scopes: &[&str]) -> bool {
        self.scopes
            .iter()
            .any(|have| scopes.iter().any(|s| s.eq_ignore_ascii_case(have)))
    }
}

pub(super) type Form = HashMap<String, String>;

pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    let parts: Vec<_> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["device" | "devicelogin"]) => devicepage::show(call, ""),
        ("POST", ["device" | "devicelogin"]) => devicepage::submit(world, call),
        (_, [tenant, ..]) if !tenant_known(world, tenant) => {
            let text = format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            );
            refusal(call, 400, "invalid_request", 90002, &text)
        }
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            json_answer(200, metadata(world, call, tenant))
        }
        ("GET", [_, "discovery", "v2.0", "keys"]) => json_answer(200, world.entra.signer.jwks()),
        ("POST", [_, "oauth2", "v2.0", "devicecode"]) => devicecode(world, call),
        ("POST", [_, "oauth2", "v2.0", "token"]) => token(world, call),
        _ => Answer {
            status: 404,
            headers: Vec::new(),
            payload: Payload::Empty,
        },
    }
}

fn tenant_known(world: &World, tenant: &str) -> bool {
    let known = [
        "common",
        "organizations",
        &world.tenant.id,
        &world.tenant.domain,
    ];
    known.iter().any(|k| k.eq_ignore_ascii_case(tenant))
}

pub(super) fn json_answer(status: u16, body: Value) -> Answer {
    let payload = Payload::Raw(JSON_TYPE, body.to_string().into());
    Answer {
        status,
        headers: Vec::new(),
        payload,
    }
}

/// An error body with the pair of `error` and number.
pub(super) fn refusal(call: &Call, status: u16, name: &str, number: u32, text: &str) -> Answer {
    let timestamp = chrono::DateTime::from_timestamp(now(), 0)
        .unwrap_or_default()
        .format("%Y-%m-%d %H:%M:%SZ")
        .to_string();
    let (trace, correlation) = (
        uuid::Uuid::new_v4().to_string(),
        uuid::Uuid::new_v4().to_string(),
    );
    let mut body = json!({
        "error": name,
        "error_description": format!("AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
        "error_codes": [number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    // Recorded pending answers have no error_uri.
    if number != 70016 {
        put(
            &mut body,
            "error_uri",
            format!("{}/error?code={number}", call.base).into(),
        );
    }
    json_answer(status, body)
}

fn metadata(world: &World, call: &Call, tenant: &str) -> Value {
    let issuer = match tenant {
        "common" | "organizations" => "{tenantid}",
        _ => &world.tenant.id,
    };
    let at = |path: &str| format!("{}/{tenant}/{path}", call.base);
    json!({
        "token_endpoint": at("oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": at("discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{}/{issuer}/v2.0", call.base),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": at("oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "localhost",
        "cloud_graph_host_name": "localhost",
        "msgraph_host": "localhost",
    })
}

pub(super) fn form(call: &Call) -> Form {
    form_urlencoded::parse(&call.body).into_owned().collect()
}

pub(super) fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// The client of a form, or the refusal.
pub(super) fn client(world: &World, call: &Call, form: &Form) -> Result<String, Answer> {
    let id = field(form, "client_id");
    if id.is_empty() {
        let text = "The request body must contain the following parameter: 'client_id'.";
        return Err(refusal(call, 400, "invalid_request", 900_144, text));
    }
    if !id.eq_ignore_ascii_case(&world.tenant.client_id) {
        let text = format!(
            "Application with identifier '{id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
            world.tenant.display_name
        );
        return Err(refusal(call, 400, "unauthorized_client", 700_016, &text));
    }
    if form.contains_key("client_secret") || form.contains_key("client_assertion") {
        let text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        return Err(refusal(call, 401, "invalid_client", 700_025, text));
    }
    Ok(id.to_owned())
}

/// Scopes by their short names. Of Graph's, only what mail needs is known here.
pub(super) fn scopes(call: &Call, text: &str) -> Result<Vec<String>, Answer> {
    let mut out = Vec::new();
    for scope in text.split_whitespace() {
        let short = scope.rsplit('/').next().unwrap_or(scope);
        let known = OIDC
            .iter()
            .chain(GRAPH_SCOPES)
            .find(|k| k.eq_ignore_ascii_case(short));
        match known {
            Some(known) => out.push((*known).to_owned()),
            None => {
                let text = format!(
                    "The provided request must include a valid 'scope' input parameter. The scope {scope} is not valid."
                );
                return Err(refusal(call, 400, "invalid_scope", 70_011, &text));
            }
        }
    }
    if out.is_empty() {
        let text = "The request body must contain the following parameter: 'scope'.";
        return Err(refusal(call, 400, "invalid_request", 900_144, text));
    }
    Ok(out)
}

fn devicecode(world: &mut World, call: &Call) -> Answer {
    let form = form(call);
    let (client, scopes) = match client(world, call, &form)
        .and_then(|c| Ok((c, scopes(call, field(&form, "scope"))?)))
    {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let auto = is_automatic(world);
    let seconds = world.switches.number("device-seconds");
    let interval = world
        .switches
        .value("device-interval")
        .as_u64()
        .unwrap_or(if auto { 1 } else { 5 });
    let letter = |b: &u8| {
        CODE_ALPHABET
            .get(usize::from(*b) % CODE_ALPHABET.len())
            .copied()
    };
    let user_code: String = random(9)
        .iter()
        .filter_map(letter)
        .map(char::from)
        .collect();
    let code = secret();
    let expected = expected(world, &form);
    let made = Instant::now();
    world.entra.devices.push(Device {
        code: code.clone(),
        user_code: user_code.clone(),
        client,
        scopes,
        made,
        expires: made + Duration::from_secs(seconds),
        interval: Duration::from_secs(interval),
        polled: None,
        verdict: Verdict::Pending,
        expected,
        redeemed: false,
    });
    let page = format!("{}/device", call.base);
    json_answer(
        200,
        json!({
            "user_code": user_code,
            "device_code": code,
            "verification_uri": page,
            "expires_in": seconds,
            "interval": interval,
            "message": format!("To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."),
        }),
    )
}

pub(super) fn is_automatic(world: &World) -> bool {
    world
        .switches
        .flag("auto-approve")
        .unwrap_or(world.auto_approve)
}

/// For whom a code approves itself: the hint, the switch, or the first user without a sign-in.
fn expected(world: &World, form: &Form) -> Option<usize> {
    let named = [
        field(form, "login_hint"),
        world.switches.text("auto-approve-user"),
    ];
    if let Some(user) = named
        .iter()
        .find(|n| !n.is_empty())
        .and_then(|n| world.user(n))
    {
        return Some(user);
    }
    let taken = |user: usize| {
        world.entra.devices.iter().any(|d| match d.verdict {
            Verdict::Pending => d.expected == Some(user),
            verdict => verdict == Verdict::Approved(user),
        })
    };
    let people = || {
        world
            .users
            .iter()
            .enumerate()
            .filter(|(_, u)| u.signs_in)
            .map(|(i, _)| i)
    };
    people().find(|u| !taken(*u)).or_else(|| people().next())
}

/// Whose token a request carries, if it is known and alive.
pub(super) fn peek<'a>(world: &'a World, call: &Call) -> Option<&'a Access> {
    let token = call.header("authorization")?.strip_prefix("Bearer ")?;
    world
        .entra
        .access
        .get(token)
        .filter(|a| a.expires > Instant::now())
}

/// The token of a request, or the 401.
pub(super) fn authenticate(world: &World, call: &Call) -> Result<Access, Box<Answer>> {
    let challenge = |extra: &str| {
        format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"{extra}"
        )
    };
    let refuse = |message: &str, extra: &str| {
        let answer = error(401, "InvalidAuthenticationToken", message);
        Box::new(answer.with("www-authenticate", challenge(extra)))
    };
    let Some(header) = call.header("authorization") else {
        return Err(refuse("Access token is empty.", ""));
    };
    let token = header.strip_prefix("Bearer ").unwrap_or("");
    let Some(access) = world.entra.access.get(token) else {
        return Err(refuse(
            "Access token validation failure. Invalid audience.",
            "",
        ));
    };
    if access.expires <= Instant::now() {
        return Err(refuse(
            "Lifetime validation failed, the token is expired.",
            "",
        ));
    }
    let outdated = world
        .entra
        .challenge
        .is_some_and(|at| access.issued < at || !access.with_claims);
    if outdated {
        let claims =
            json!({"access_token": {"nbf": {"essential": true, "value": now().to_string()}}});
        let claims = base64::engine::general_purpose::STANDARD.encode(claims.to_string());
        let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenCreatedWithOutdatedPolicies";
        return Err(refuse(
            message,
            &format!(", error=\"insufficient_claims\", claims=\"{claims}\""),
        ));
    }
    Ok(access.clone())
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
    set("x-ms-request-id", &trace.request_id);
    for (name, value) in &answer.headers {
        set(name, value);
    }
    let body = match answer.payload {
        Payload::Raw(kind, octets) => {
            set("content-type", kind);
            Body::from(octets)
        }
        Payload::Json(value) => {
            set("content-type", JSON_TYPE);
            chunked(to_wire(&value).into())
        }
        Payload::Empty | Payload::None => Body::empty(),
    };
    *response.body_mut() = body;
    response
}
