//! Authorization codes: made by authorize, redeemed once at the token endpoint (dossier 01 section 2; RFC
//! 6749 section 4.1.3, RFC 7636).

use super::{
    Form,
    aadsts::refuse,
    apps::Platform,
    client::Client,
    field, issue,
    policy::Evidence,
    scope::{self, Wanted},
};
use crate::sandbox::{
    http::{Answer, Call},
    world::{World, now},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// Ten minutes, as documented.
const LIFE: i64 = 600;

#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) user: usize,
    pub(super) redirect: String,
    pub(super) platform: Platform,
    pub(super) wanted: Wanted,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: String,
    /// The alias that authorize was asked under.
    pub(super) alias: String,
    pub(super) evidence: Evidence,
    pub(super) evaluated: bool,
    /// Unix seconds.
    pub(super) made: i64,
    pub(super) redeemed: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    fn is_met(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(text) => text == verifier,
            Self::S256(text) => {
                let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
                text.trim_end_matches('=') == hash
            }
        }
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
    let text = field(form, "code");
    if text.is_empty() {
        return Err(missing(world, call, "code"));
    }
    let known = world.entra.codes.get(text).cloned();
    let Some(code) = known.filter(|c| c.client.eq_ignore_ascii_case(&client.app.id)) else {
        return Err(refuse(world, call, 70_000));
    };
    match code.platform {
        Platform::Web => client.must_prove(world, call)?,
        Platform::Native | Platform::Spa => client.must_not_prove(world, call)?,
    }
    if code.redeemed {
        return Err(refuse(world, call, 54_005));
    }
    if now() - code.made >= LIFE {
        return Err(refuse(world, call, 70_008));
    }
    // The tenant's id, domain and aliases are one; /consumers is another.
    if super::is_consumers(alias) != super::is_consumers(&code.alias)
        && alias != "common"
        && code.alias != "common"
    {
        return Err(refuse(world, call, 700_005));
    }
    if field(form, "redirect_uri").is_empty() {
        return Err(missing(world, call, "redirect_uri"));
    }
    if field(form, "redirect_uri") != code.redirect {
        return Err(refuse(world, call, 500_112));
    }
    check_verifier(&code, form.get("code_verifier").map(String::as_str))
        .map_err(|number| refuse(world, call, number))?;
    let mut wanted = code.wanted.clone();
    if let Some(narrower) = form.get("scope") {
        if narrower.trim().is_empty() {
            return Err(refuse(world, call, 28_003));
        }
        let asked = scope::read(world, narrower)
            .map_err(|(number, text)| super::aadsts::refusal(world, call, number, &text))?;
        if asked.named.is_empty() && asked.defaults.is_empty() {
            wanted.oidc = asked.oidc;
        } else {
            wanted = asked;
        }
    } else if let [first, _, ..] = wanted.resources().as_slice() {
        // Without a scope the first resource of the authorization request counts.
        let first = *first;
        wanted.named.retain(|(resource, _)| *resource == first);
        wanted.defaults.retain(|resource| *resource == first);
    }
    super::policy::account(world, code.user).map_err(|number| refuse(world, call, number))?;
    if let Some(kept) = world.entra.codes.get_mut(text) {
        kept.redeemed = true;
    }
    let grant = issue::Grant {
        user: code.user,
        wanted,
        evidence: code.evidence,
        nonce: code.nonce,
        spa: (code.platform == Platform::Spa).then(now),
        evaluated: code.evaluated,
        rotate: true,
    };
    Ok(issue::tokens(world, call, form, client, grant))
}

fn check_verifier(code: &Code, verifier: Option<&str>) -> Result<(), u32> {
    match (&code.challenge, verifier) {
        (None, None) => Ok(()),
        // A verifier that no challenge asked for proves nothing.
        (None, Some(_)) => Err(501_481),
        (Some(_), None | Some("")) => Err(50_148),
        (Some(challenge), Some(verifier)) => {
            let fits = (43..=128).contains(&verifier.len());
            match fits && challenge.is_met(verifier) {
                true => Ok(()),
                false => Err(501_481),
            }
        }
    }
}

pub(super) fn missing(world: &World, call: &Call, name: &str) -> Answer {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    super::aadsts::refusal(world, call, 900_144, &text)
}
