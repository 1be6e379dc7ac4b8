//! The authorization endpoint: parameters checked, answers by redirect (dossier 01 section 2; RFC 6749 section
//! 4.1, OAuth 2.0 Multiple Response Types, Form Post Response Mode).
//!
//! What is wrong before the redirect URI is known to be the application's is told on a page, never by redirect.

use super::{
    Form,
    aadsts::{self, Traces},
    apps::{App, Platform},
    client,
    code::{Challenge, Code},
    field, flow, form, issue, page,
    policy::Evidence,
    scope::{self, Wanted},
    secret,
};
use crate::sandbox::{
    http::{Answer, Call, Payload},
    world::{World, now},
};
use url::{Url, form_urlencoded};

/// A checked request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) back: Back,
    pub(super) platform: Platform,
    pub(super) code: bool,
    pub(super) id_token: bool,
    pub(super) nonce: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) evaluated: bool,
    pub(super) client_info: bool,
}

/// Where and how the answer goes.
#[derive(Debug, Clone)]
pub(super) struct Back {
    pub(super) redirect: String,
    pub(super) mode: Mode,
    pub(super) state: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// What `prompt` asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
    pub(super) select: bool,
    pub(super) administrator: bool,
}

/// An AADSTS number, its text, and the `error` where it is not the table's.
type Wrong = (u32, String);

fn wrong(number: u32) -> Wrong {
    (number, aadsts::kind(number).text.to_owned())
}

pub(super) fn begin(world: &mut World, call: &Call, alias: &str) -> Answer {
    let mut given: Form = call.query.iter().cloned().collect();
    given.extend(form(call));
    let app = match client::registration(world, alias, field(&given, "client_id")) {
        Ok(app) => app,
        Err((number, text)) => return page::refused(call, number, &text),
    };
    let found = app.redirect(given.get("redirect_uri").map(String::as_str));
    let (registered, redirect) = match found {
        Ok(found) => found,
        Err(number) => {
            let text = format!(
                "{} (redirect URI '{}', application '{}')",
                aadsts::kind(number).text,
                field(&given, "redirect_uri"),
                app.id
            );
            return page::refused(call, number, &text);
        }
    };
    // Even a request that is wrong otherwise gets its answer in the mode that it asked for.
    let types = field(&given, "response_type");
    let implied = match types.split_whitespace().any(|t| t != "code") {
        true => Mode::Fragment,
        false => Mode::Query,
    };
    let mode = mode(field(&given, "response_mode"), implied);
    let back = Back {
        redirect,
        mode: mode.unwrap_or(implied),
        state: given.get("state").cloned(),
    };
    let checked = mode
        .map_err(|()| wrong(90_023))
        .and_then(|_| check(world, &app, &given, registered.platform, back.clone()));
    match checked {
        Ok((request, wanted, prompt)) => {
            let hint = field(&given, "login_hint");
            let domain = field(&given, "domain_hint");
            flow::for_request(
                world, call, alias, &app.id, wanted, request, prompt, hint, domain,
            )
        }
        Err((number, text)) => back.refuse(world, call, number, &text, None),
    }
}

fn mode(text: &str, implied: Mode) -> Result<Mode, ()> {
    match text {
        "" => Ok(implied),
        "query" => Ok(Mode::Query),
        "fragment" => Ok(Mode::Fragment),
        "form_post" => Ok(Mode::FormPost),
        _ => Err(()),
    }
}

fn check(
    world: &World,
    app: &App,
    given: &Form,
    platform: Platform,
    back: Back,
) -> Result<(Request, Wanted, Prompt), Wrong> {
    let missing = |name: &str| {
        let text = format!("The request must contain the following parameter: '{name}'.");
        (900_144u32, text)
    };
    let types: Vec<_> = field(given, "response_type").split_whitespace().collect();
    if types.is_empty() {
        return Err(missing("response_type"));
    }
    if let Some(other) = types.iter().find(|t| !["code", "id_token"].contains(t)) {
        let text = format!("The response type '{other}' is not supported for the application.");
        return Err((700_054, text));
    }
    let (code, id_token) = (types.contains(&"code"), types.contains(&"id_token"));
    if id_token {
        if !app.implicit_id_token {
            return Err(wrong(700_054));
        }
        if back.mode == Mode::Query {
            return Err(wrong(70_007));
        }
        if field(given, "nonce").is_empty() {
            return Err(missing("nonce"));
        }
    }
    if field(given, "scope").trim().is_empty() {
        return Err(missing("scope"));
    }
    let wanted = scope::read(world, field(given, "scope"))?;
    let prompt = prompt(field(given, "prompt"))?;
    if prompt.select && !field(given, "login_hint").is_empty() {
        let text = "login_hint and prompt=select_account exclude each other.";
        return Err((90_023, text.to_owned()));
    }
    let challenge = challenge(given)?;
    if platform == Platform::Spa && code && challenge.is_none() {
        return Err(wrong(50_147));
    }
    let claims = field(given, "claims");
    if !claims.is_empty() && serde_json::from_str::<serde_json::Value>(claims).is_err() {
        let text = "The 'claims' of the request are not valid JSON.";
        return Err((9_002_313, text.to_owned()));
    }
    let request = Request {
        back,
        platform,
        code,
        id_token,
        nonce: field(given, "nonce").to_owned(),
        challenge,
        evaluated: issue::declares_cp1(claims),
        client_info: field(given, "client_info") == "1",
    };
    Ok((request, wanted, prompt))
}

fn prompt(text: &str) -> Result<Prompt, Wrong> {
    let mut prompt = Prompt::default();
    for one in text.split_whitespace() {
        match one {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select = true,
            "admin_consent" => (prompt.consent, prompt.administrator) = (true, true),
            other => return Err((90_023, format!("Unsupported 'prompt' value '{other}'."))),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select) {
        let text = "prompt=none excludes every other value.";
        return Err((90_023, text.to_owned()));
    }
    Ok(prompt)
}

/// RFC 7636 section 4.3; without a method `plain` is assumed.
fn challenge(given: &Form) -> Result<Option<Challenge>, Wrong> {
    let text = field(given, "code_challenge");
    let method = field(given, "code_challenge_method");
    if text.is_empty() {
        return match method {
            "" => Ok(None),
            _ => Err(wrong(50_147)),
        };
    }
    if !(43..=128).contains(&text.len()) {
        return Err(wrong(501_491));
    }
    match method {
        "S256" => Ok(Some(Challenge::S256(text.to_owned()))),
        "plain" | "" => Ok(Some(Challenge::Plain(text.to_owned()))),
        _ => Err(wrong(50_149)),
    }
}

impl Back {
    /// Redirects with an error. `sub` is an `error_subcode`.
    pub(super) fn refuse(
        &self,
        world: &World,
        call: &Call,
        number: u32,
        text: &str,
        sub: Option<&str>,
    ) -> Answer {
        let traces = Traces::of(call);
        let description = traces.describe(world, number, text);
        let page = format!("{}/error?code={number}", call.base);
        let mut pairs = vec![
            ("error", aadsts::kind(number).front.to_owned()),
            ("error_description", description),
            ("error_uri", page),
        ];
        pairs.extend(sub.map(|sub| ("error_subcode", sub.to_owned())));
        self.answer(pairs)
    }

    pub(super) fn answer(&self, mut pairs: Vec<(&str, String)>) -> Answer {
        pairs.extend(self.state.iter().map(|state| ("state", state.clone())));
        if self.mode == Mode::FormPost {
            return page::form_post(&self.redirect, &pairs);
        }
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&pairs)
            .finish();
        // Parsing gives a URI without a path its slash, as Entra does.
        let to = match Url::parse(&self.redirect) {
            Ok(url) => url.to_string(),
            Err(_) => self.redirect.clone(),
        };
        let to = match self.mode {
            Mode::Query if to.contains('?') => format!("{to}&{encoded}"),
            Mode::Query => format!("{to}?{encoded}"),
            _ => format!("{to}#{encoded}"),
        };
        Answer {
            status: 302,
            headers: vec![("location".to_owned(), to)],
            payload: Payload::Empty,
        }
    }
}

/// The end of a sign-in: code, id_token or both.
pub(super) fn finish(
    world: &mut World,
    call: &Call,
    flow: &flow::Flow,
    request: &Request,
    user: usize,
    evidence: Evidence,
) -> Answer {
    let mut pairs = Vec::new();
    if request.code {
        let code = format!("1.{}", secret());
        let kept = Code {
            client: flow.client.clone(),
            user,
            redirect: request.back.redirect.clone(),
            platform: request.platform,
            wanted: flow.wanted.clone(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            alias: flow.alias.clone(),
            evidence,
            evaluated: request.evaluated,
            made: now(),
            redeemed: false,
        };
        world.entra.codes.insert(code.clone(), kept);
        pairs.push(("code", code));
    }
    if request.id_token {
        let grant = issue::Grant {
            user,
            wanted: flow.wanted.clone(),
            evidence,
            nonce: request.nonce.clone(),
            spa: None,
            evaluated: false,
            rotate: false,
        };
        let token = issue::id_token(world, call, &flow.client, &grant);
        pairs.push(("id_token", token));
    }
    if request.client_info {
        pairs.push(("client_info", issue::client_info(world, user)));
    }
    let session = uuid::Uuid::new_v4().to_string();
    pairs.push(("session_state", session));
    request.back.answer(pairs)
}
