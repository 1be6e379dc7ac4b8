//! Which application asks, and its proof: secret, or assertion signed with a registered certificate (dossier
//! 01 section 4; RFC 6749 section 2.3, RFC 7523).

use super::{
    Form,
    aadsts::{refusal, refuse},
    apps::{App, Audience, Certificate},
    field, is_consumers, jwt, policy,
};
use crate::sandbox::{
    directory::CONSUMERS,
    http::{Answer, Call, percent_decode},
    world::{World, now},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use serde_json::Value;
use subtle::ConstantTimeEq;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Clocks may differ so much.
const SKEW: i64 = 300;

/// The application of a token request.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) app: App,
    /// It proved who it is.
    pub(super) proven: Option<Proof>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Secret,
    Certificate,
}

impl Client {
    /// Refuses an application that has not proved who it is.
    pub(super) fn must_prove(&self, world: &World, call: &Call) -> Result<(), Answer> {
        match self.proven {
            Some(_) => Ok(()),
            None => Err(refuse(world, call, 7_000_218)),
        }
    }

    /// Refuses a proof where the flow is a public client's.
    pub(super) fn must_not_prove(&self, world: &World, call: &Call) -> Result<(), Answer> {
        match self.proven {
            Some(_) => Err(refuse(world, call, 700_025)),
            None => Ok(()),
        }
    }

    /// Refuses public flows where the registration does not allow them.
    pub(super) fn must_be_public(&self, world: &World, call: &Call) -> Result<(), Answer> {
        match self.app.public || self.proven.is_some() {
            true => Ok(()),
            false => Err(refuse(world, call, 7_000_218)),
        }
    }
}

/// The registration that a client id names, for this tenant alias; or an AADSTS number with its text.
pub(super) fn registration(world: &World, alias: &str, id: &str) -> Result<App, (u32, String)> {
    let text = |number: u32| (number, super::aadsts::kind(number).text.to_owned());
    if id.is_empty() {
        return Err((
            900_144,
            "The request body must contain the following parameter: 'client_id'.".to_owned(),
        ));
    }
    let Some(app) = world.directory.app(id) else {
        return Err((
            700_016,
            format!(
                "Application with identifier '{id}' was not found in the directory '{}'. It may not be installed there, and nobody has consented to it.",
                world.tenant.display_name
            ),
        ));
    };
    if !app.enabled {
        return Err(text(7_000_112));
    }
    let multi = ["common", "organizations"]
        .iter()
        .any(|a| a.eq_ignore_ascii_case(alias));
    match app.audience {
        Audience::Tenant if multi => return Err(text(50_194)),
        Audience::Tenant | Audience::Organizations if is_consumers(alias) => {
            return Err(text(9_002_332));
        }
        _ => {}
    }
    policy::application(world, id).map_err(text)?;
    Ok(app.clone())
}

/// The application of a form, with its proof checked.
pub(super) fn authenticate(
    world: &World,
    call: &Call,
    alias: &str,
    form: &Form,
) -> Result<Client, Answer> {
    let basic = basic(call);
    let id = match &basic {
        Some((id, _)) if field(form, "client_id").is_empty() => id,
        _ => field(form, "client_id"),
    };
    let app = registration(world, alias, id)
        .map_err(|(number, text)| refusal(world, call, number, &text))?;
    let secret = basic
        .as_ref()
        .map(|(_, secret)| secret.as_str())
        .or_else(|| form.get("client_secret").map(String::as_str));
    let assertion = form.get("client_assertion").map(String::as_str);
    let proven = match (secret, assertion) {
        (None, None) => None,
        _ if !app.has_credentials() => return Err(refuse(world, call, 700_025)),
        (_, Some(assertion)) => {
            if field(form, "client_assertion_type") != JWT_BEARER {
                let text =
                    "The 'client_assertion_type' of the request is missing or not supported.";
                return Err(refusal(world, call, 50_027, text));
            }
            check_assertion(world, call, &app, assertion)
                .map_err(|(number, text)| refusal(world, call, number, &text))?;
            Some(Proof::Certificate)
        }
        (Some(secret), None) => {
            check_secret(&app, secret).map_err(|number| refuse(world, call, number))?;
            Some(Proof::Secret)
        }
    };
    Ok(Client { app, proven })
}

/// HTTP Basic, both parts form-encoded (RFC 6749 section 2.3.1).
fn basic(call: &Call) -> Option<(String, String)> {
    let text = call.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| percent_decode(&part.replace('+', " "));
    Some((plain(id), plain(secret)))
}

fn check_secret(app: &App, sent: &str) -> Result<(), u32> {
    let found = app
        .secrets
        .iter()
        .find(|s| s.value.as_bytes().ct_eq(sent.as_bytes()).into());
    match found {
        None => Err(7_000_215),
        Some(secret) if secret.expires <= now() => Err(7_000_222),
        Some(_) => Ok(()),
    }
}

type Wrong = (u32, String);

fn check_assertion(world: &World, call: &Call, app: &App, assertion: &str) -> Result<(), Wrong> {
    let invalid = |why: &str| (50_027u32, format!("Invalid JWT token: {why}."));
    let parsed = jwt::parse(assertion).ok_or_else(|| invalid("its form is wrong"))?;
    let certificate = certificate(app, &parsed.header)?;
    verify(certificate, &parsed)?;
    if certificate.not_after <= now() {
        let text = "The certificate of the client assertion has expired.";
        return Err((700_027, text.to_owned()));
    }
    let text = |name: &str| {
        parsed
            .claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    for name in ["iss", "sub"] {
        if !text(name).eq_ignore_ascii_case(&app.id) {
            let text =
                format!("The client assertion's {name} is not the client_id of the request.");
            return Err((700_021, text));
        }
    }
    let audiences: Vec<&str> = match parsed.claims.get("aud") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![text("aud")],
    };
    if !audiences.iter().any(|aud| is_this_tenant(world, call, aud)) {
        return Err(invalid(
            "unexpected audience; it must be this token endpoint",
        ));
    }
    // One assertion may be used until it ends, but it must have a name.
    if text("jti").is_empty() {
        return Err(invalid("there is no jti"));
    }
    // NumericDate may have a fraction (RFC 7519 section 2), and msal's has.
    let time = |name: &str| {
        let seconds = parsed.claims.get(name).and_then(Value::as_f64)?;
        Some(seconds as i64)
    };
    let Some(exp) = time("exp") else {
        return Err(invalid("there is no exp"));
    };
    let early = time("nbf").is_some_and(|nbf| nbf > now() + SKEW);
    if exp <= now() - SKEW || early {
        return Err((
            700_024,
            format!(
                "The client assertion is not within its time of validity. Current time: {}, expiry of the assertion: {exp}.",
                now()
            ),
        ));
    }
    Ok(())
}

/// The registered certificate that the header names, by SHA-256 or SHA-1.
fn certificate<'a>(app: &'a App, header: &Value) -> Result<&'a Certificate, Wrong> {
    let named = |name: &str| {
        let text = header.get(name).and_then(Value::as_str)?;
        Some(text.trim_end_matches('=').to_owned())
    };
    let (sha256, sha1) = (named("x5t#S256"), named("x5t"));
    let found = app.certificates.iter().find(|c| match (&sha256, &sha1) {
        (Some(print), _) => c.sha256 == *print,
        (None, Some(print)) => c.sha1 == *print,
        (None, None) => false,
    });
    found.ok_or_else(|| {
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{}']",
            sha256.or(sha1).unwrap_or_default()
        );
        (700_027, text)
    })
}

fn verify(certificate: &Certificate, parsed: &jwt::Parsed) -> Result<(), Wrong> {
    let algorithm: &'static RsaParameters = match parsed.header.get("alg").and_then(Value::as_str) {
        Some("PS256") => &RSA_PSS_2048_8192_SHA256,
        Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
        other => {
            let text = format!(
                "The signature algorithm {} of the client assertion is not supported.",
                other.unwrap_or("(none)")
            );
            return Err((50_027, text));
        }
    };
    UnparsedPublicKey::new(algorithm, &certificate.public_key)
        .verify(parsed.signed.as_bytes(), &parsed.signature)
        .map_err(|_| {
            let text = "The signature of the client assertion cannot be verified. [Reason - The key was found, but use of the key to verify the signature failed.]";
            (700_027, text.to_owned())
        })
}

/// The token endpoint or issuer of this tenant.
fn is_this_tenant(world: &World, call: &Call, audience: &str) -> bool {
    let Some(rest) = audience.strip_prefix(&format!("{}/", call.base)) else {
        return false;
    };
    let (alias, end) = rest.split_once('/').unwrap_or((rest, ""));
    let ours = [
        world.tenant.id.as_str(),
        &world.tenant.domain,
        "common",
        "organizations",
        CONSUMERS,
    ];
    ours.iter().any(|a| a.eq_ignore_ascii_case(alias))
        && ["oauth2/v2.0/token", "oauth2/token", "v2.0", ""].contains(&end)
}
