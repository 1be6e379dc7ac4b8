//! Token endpoint answers (pure): grants, errors with their AADSTS numbers, id_token claims.
//!
//! Decisions are made on `error`, as Entra asks clients to; AADSTS numbers only choose the wording
//! (Entra: authorization code flow, "error codes for token endpoint errors"; RFC 6749 section 5.2).

use super::aadsts;
use crate::mail::Secret;
use base64::Engine;
use serde_json::Value;

/// A 200 of the token endpoint (RFC 6749 section 5.1).
#[derive(Debug)]
pub struct Grant {
    pub access_token: Secret<String>,
    /// May be missing: the old one stays good then (RFC 6749 section 6).
    pub refresh_token: Option<Secret<String>>,
    /// Seconds. The v1 endpoint writes a string.
    pub expires_in: u64,
    pub id_token: Option<Secret<String>>,
}

/// A refusal of the token endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    pub error: String,
    pub suberror: Option<String>,
    /// The AADSTS number, where one is told.
    pub number: Option<u32>,
    /// The first sentence of the description, without trace ids.
    pub text: String,
    pub trace_id: Option<String>,
    /// A JSON text to send back on the interactive request.
    pub claims: Option<String>,
}

/// What is to be done about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A person must sign in.
    SignIn,
    /// The app registration or a policy must be changed.
    Administrator,
    /// The request is wrong: configuration, or a fault of ours.
    Configuration,
    /// Later; the refresh token stays good.
    Transient,
    /// Device flow: the user is not done.
    Pending,
    /// Device flow: wait five seconds more between polls (RFC 8628 section 3.5).
    SlowDown,
    Declined,
    Expired,
    BadCode,
}

/// Device authorization answer (RFC 8628 section 3.2).
#[derive(Debug)]
pub struct DeviceCode {
    pub device_code: Secret<String>,
    pub user_code: String,
    pub verification_uri: String,
    /// Seconds.
    pub expires_in: u64,
    /// Seconds.
    pub interval: u64,
    pub message: String,
}

/// What an id_token says (Entra: id token claims reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub tenant_id: String,
    pub object_id: String,
    pub username: Option<String>,
}

/// `None` when the body is no grant.
pub fn grant(body: &[u8]) -> Option<Grant> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let secret = |key| text(&json, key).map(Secret::new);
    Some(Grant {
        access_token: secret("access_token")?,
        refresh_token: secret("refresh_token"),
        // RFC 6749 lets it be missing; Entra's shortest lifetime is an hour, ten minutes is safe.
        expires_in: number(&json, "expires_in").unwrap_or(600),
        id_token: secret("id_token"),
    })
}

/// `None` when the body has no `error`: HTML of a proxy, or nothing at all.
pub fn refusal(body: &[u8]) -> Option<Refusal> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let description = text(&json, "error_description").unwrap_or_default();
    let listed = json
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64)
        .and_then(|code| u32::try_from(code).ok());
    Some(Refusal {
        error: text(&json, "error")?,
        suberror: text(&json, "suberror"),
        number: listed.or_else(|| aadsts_number(&description)),
        text: first_part(&description),
        trace_id: text(&json, "trace_id"),
        claims: text(&json, "claims"),
    })
}

/// `None` when the body is no device authorization answer.
pub fn device_code(body: &[u8]) -> Option<DeviceCode> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let uri = text(&json, "verification_uri").or_else(|| text(&json, "verification_url"))?;
    let user_code = text(&json, "user_code")?;
    Some(DeviceCode {
        device_code: Secret::new(text(&json, "device_code")?),
        message: text(&json, "message")
            .unwrap_or_else(|| format!("Open {uri} in a browser and enter the code {user_code}.")),
        user_code,
        verification_uri: uri,
        expires_in: number(&json, "expires_in").unwrap_or(900),
        // RFC 8628 section 3.2: five seconds where nothing is said.
        interval: number(&json, "interval").unwrap_or(5),
    })
}

impl Refusal {
    pub fn decision(&self) -> Decision {
        // A loop was detected: every further request makes it worse, whatever `error` says.
        if self.number == Some(aadsts::LOOP) {
            return Decision::Transient;
        }
        match self.error.as_str() {
            "invalid_grant"
            | "interaction_required"
            | "consent_required"
            | "login_required"
            | "access_denied" => match self.number.is_some_and(aadsts::needs_administrator) {
                true => Decision::Administrator,
                false => Decision::SignIn,
            },
            "invalid_client" | "unauthorized_client" => Decision::Administrator,
            "invalid_request"
            | "invalid_scope"
            | "invalid_resource"
            | "unsupported_grant_type"
            | "unsupported_response_type" => Decision::Configuration,
            "authorization_pending" => Decision::Pending,
            "slow_down" => Decision::SlowDown,
            "authorization_declined" => Decision::Declined,
            "expired_token" | "code_expired" => Decision::Expired,
            "bad_verification_code" => Decision::BadCode,
            // temporarily_unavailable, server_error, and whatever comes to be: the token is kept.
            _ => Decision::Transient,
        }
    }

    /// What went wrong and what to do, in one line for a person.
    pub fn advice(&self) -> String {
        let number = match self.number {
            Some(number) => format!(" (AADSTS{number})"),
            None => String::new(),
        };
        match self.number.and_then(aadsts::advice) {
            Some(advice) => format!("{advice}{number}"),
            None if self.text.is_empty() => format!("the login service answered {}", self.error),
            None => format!(
                "the login service answered {}: {}{number}",
                self.error, self.text
            ),
        }
    }
}

/// Reads an id_token without checking its signature: it came over TLS straight from the token
/// endpoint (OIDC Core 3.1.3.7 point 6). `aud`, `iss` and `exp` are checked; `now` is Unix seconds.
///
/// `issuer_base` is the login root with a slash at its end: the issuer is `{base}{tid}/v2.0`.
pub fn id_token(
    token: &str,
    client_id: &str,
    issuer_base: &str,
    now: i64,
) -> Result<Claims, String> {
    /// Clocks differ by minutes.
    const SKEW: i64 = 300;
    let payload = token.split('.').nth(1).ok_or("id_token: not a JWT")?;
    let octets = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .map_err(|_| "id_token: not base64url")?;
    let json: Value = serde_json::from_slice(&octets).map_err(|_| "id_token: not JSON")?;
    let claim = |key: &str| text(&json, key).ok_or(format!("id_token: no {key}"));
    if !claim("aud")?.eq_ignore_ascii_case(client_id) {
        return Err("id_token: made out to another application".to_owned());
    }
    let tenant_id = claim("tid")?;
    let issuer = claim("iss")?;
    if !issuer_fits(&issuer, issuer_base, &tenant_id) {
        return Err(format!("id_token: unexpected issuer {issuer}"));
    }
    let expires = number(&json, "exp").ok_or("id_token: no exp")?;
    if i64::try_from(expires).unwrap_or(i64::MAX) < now.saturating_sub(SKEW) {
        return Err("id_token: expired; is this computer's clock right?".to_owned());
    }
    Ok(Claims {
        tenant_id,
        object_id: claim("oid")?,
        username: text(&json, "preferred_username").or_else(|| text(&json, "upn")),
    })
}

/// `{base}{tid}/v2.0`, where a cloud's login host may go by another of its names.
fn issuer_fits(issuer: &str, base: &str, tenant_id: &str) -> bool {
    const NAMES: [&[&str]; 2] = [
        &[
            "https://login.microsoftonline.com/",
            "https://login.microsoft.com/",
            "https://login.windows.net/",
        ],
        // The pages on national clouds disagree about China's.
        &[
            "https://login.partner.microsoftonline.cn/",
            "https://login.chinacloudapi.cn/",
        ],
    ];
    let Some(own) = issuer.strip_suffix(&format!("{tenant_id}/v2.0")) else {
        return false;
    };
    own == base
        || NAMES
            .iter()
            .any(|names| names.contains(&own) && names.contains(&base))
}

fn text(json: &Value, key: &str) -> Option<String> {
    let value = json.get(key)?.as_str()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// A number, or a string that holds one.
fn number(json: &Value, key: &str) -> Option<u64> {
    let value = json.get(key)?;
    value
        .as_u64()
        .or_else(|| value.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// The digits after the first `AADSTS`.
fn aadsts_number(description: &str) -> Option<u32> {
    let (_, rest) = description.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The description up to its trace ids (CRLF, a space, or nothing stands before them), without the
/// `AADSTS…:` in front, on one line.
fn first_part(description: &str) -> String {
    let end = description.find("Trace ID:").unwrap_or(description.len());
    let part = description.get(..end).unwrap_or_default();
    let part = match part.split_once(": ") {
        Some((head, rest)) if head.starts_with("AADSTS") => rest,
        _ => part,
    };
    let line = part.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests;
