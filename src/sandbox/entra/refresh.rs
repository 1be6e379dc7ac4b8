//! Refresh tokens: rotated at each use, the old one normally good for a while longer; how they end (dossier 01
//! section 7).

use super::{
    Form,
    aadsts::{refusal, refuse},
    client::Client,
    code::missing,
    field, issue,
    policy::{self, Evidence},
    scope::{self, Wanted},
};
use crate::sandbox::{
    http::{Answer, Call},
    world::{World, now},
};

/// Ninety days without use.
const INACTIVE: i64 = 90 * 86_400;
/// A single-page application's, from its first sign-in.
const SPA: i64 = 86_400;
/// Identical requests are counted for so long.
const LOOP_WINDOW: i64 = 300;

#[derive(Debug, Clone)]
pub(super) struct Refresh {
    user: usize,
    client: String,
    /// Got by a client that proved who it is: it has to again.
    confidential: bool,
    wanted: Wanted,
    evidence: Evidence,
    spa: Option<i64>,
    evaluated: bool,
    /// Unix seconds.
    made: i64,
    /// Orders it with revocations.
    stamp: u64,
    rotated_out: bool,
}

impl Refresh {
    pub(super) fn new(client: &Client, grant: &issue::Grant, evaluated: bool, stamp: u64) -> Self {
        Self {
            user: grant.user,
            client: client.app.id.clone(),
            confidential: client.proven.is_some(),
            wanted: grant.wanted.clone(),
            evidence: grant.evidence,
            spa: grant.spa,
            evaluated,
            made: now(),
            stamp,
            rotated_out: false,
        }
    }

    pub(super) fn age(&mut self, seconds: i64) {
        self.made -= seconds;
        self.evidence.at -= seconds;
        self.spa = self.spa.map(|at| at - seconds);
    }
}

pub(super) fn redeem(
    world: &mut World,
    call: &Call,
    alias: &str,
    form: &Form,
    client: &Client,
) -> Answer {
    match redeemed(world, call, alias, form, client) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn redeemed(
    world: &mut World,
    call: &Call,
    alias: &str,
    form: &Form,
    client: &Client,
) -> Result<Answer, Answer> {
    let old = field(form, "refresh_token");
    if old.is_empty() {
        return Err(missing(world, call, "refresh_token"));
    }
    if world.switches.on("refresh-revoked") {
        return Err(refuse(world, call, 50_173));
    }
    let strict = world.switches.on("refresh-old-revoked");
    let known = world.entra.refresh.get(old).cloned();
    let Some(token) = known.filter(|r| !(strict && r.rotated_out)) else {
        return Err(refuse(world, call, 70_000));
    };
    if !token.client.eq_ignore_ascii_case(&client.app.id) {
        let text = "The refresh token was issued to another client.";
        let answer = refusal(world, call, 70_000, text);
        return Err(with_suberror(answer, "client_mismatch"));
    }
    if token.confidential {
        client.must_prove(world, call)?;
    }
    alive(world, call, &token)?;
    policy::account(world, token.user)
        .and_then(|()| policy::kind(world, token.user, alias))
        .and_then(|()| policy::conditional(world, token.user, &token.client, token.evidence))
        .map_err(|number| refuse(world, call, number))?;
    let wanted = match field(form, "scope") {
        "" => token.wanted.clone(),
        text => scope::read(world, text)
            .map_err(|(number, text)| refusal(world, call, number, &text))?,
    };
    in_a_loop(world, call, &token, field(form, "scope"))?;
    if let Some(kept) = world.entra.refresh.get_mut(old) {
        kept.rotated_out = true;
    }
    let mut wanted = wanted;
    // A new refresh token comes whether or not offline_access is asked for again.
    if token.wanted.has("offline_access") && !wanted.has("offline_access") {
        wanted.oidc.push("offline_access");
    }
    let grant = issue::Grant {
        user: token.user,
        wanted,
        evidence: token.evidence,
        nonce: String::new(),
        spa: token.spa,
        evaluated: token.evaluated && !field(form, "claims").is_empty(),
        rotate: !world.switches.on("refresh-omitted"),
    };
    Ok(issue::tokens(world, call, form, client, grant))
}

/// Refuses a token whose time is over, or that was revoked.
fn alive(world: &World, call: &Call, token: &Refresh) -> Result<(), Answer> {
    let person = world.directory.person(token.user);
    let revoked = person.is_some_and(|p| {
        // Public clients' tokens come from passwords and die with them; confidential clients' do not.
        token.stamp < p.valid_from || !token.confidential && token.stamp < p.password_changed
    });
    if revoked {
        return Err(refuse(world, call, 50_173));
    }
    if token.spa.is_some_and(|since| now() - since >= SPA) {
        return Err(refuse(world, call, 700_084));
    }
    if now() - token.made >= INACTIVE {
        let issued = chrono::DateTime::from_timestamp(token.made, 0).unwrap_or_default();
        let text = format!(
            "The refresh token has expired due to inactivity. The token was issued on {} and was inactive for 90.00:00:00.",
            issued.format("%Y-%m-%dT%H:%M:%S.0000000Z")
        );
        return Err(refusal(world, call, 700_082, &text));
    }
    Ok(())
}

/// Too many identical requests: the client is in a loop.
fn in_a_loop(world: &mut World, call: &Call, token: &Refresh, scope: &str) -> Result<(), Answer> {
    let most = world.switches.number("token-loop-limit");
    let key = format!("{} {} {scope}", token.client, token.user);
    let (since, count) = world.entra.repeated.entry(key).or_insert((now(), 0));
    if now() - *since > LOOP_WINDOW {
        (*since, *count) = (now(), 0);
    }
    *count += 1;
    match most > 0 && *count > most {
        true => Err(refuse(world, call, 50_196)),
        false => Ok(()),
    }
}

fn with_suberror(mut answer: Answer, name: &str) -> Answer {
    if let crate::sandbox::http::Payload::Raw(kind, octets) = &answer.payload
        && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(octets)
        && body.get("suberror").is_some()
    {
        crate::sandbox::http::put(&mut body, "suberror", name.into());
        answer.payload = crate::sandbox::http::Payload::Raw(kind, body.to_string().into());
    }
    answer
}
