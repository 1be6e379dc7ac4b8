//! Signed tokens, the keys to check them with, and client certificates (RFC 7515, 7517, 7518, 7519).
//!
//! As Entra's: RS256, `kid` and `x5t` the same value, the certificate in the key set.

use super::rsa::{self, Key};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The certificate of the signing key, as DER, made with it.
static CERTIFICATE: LazyLock<Option<(Vec<u8>, String)>> = LazyLock::new(|| {
    let der = certificate(
        &*rsa::signing()?,
        "accounts.accesscontrol.windows.net",
        5 * 365,
    )?;
    let id = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der));
    Some((der, id))
});

/// A self-signed certificate over a key. Days may be negative: expired so long.
pub(super) fn certificate(key: &Key, name: &str, days: i64) -> Option<Vec<u8>> {
    let der = tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer::from(key.pkcs8.clone());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = time::OffsetDateTime::now_utc();
    let end = now + time::Duration::days(days.clamp(-3_650, 3_650));
    params.not_before = now.min(end) - time::Duration::days(1);
    params.not_after = end;
    params.self_signed(&pair).ok().map(|c| c.der().to_vec())
}

/// A certificate with a key of its own, both as PEM (RFC 7468).
pub(in crate::sandbox) fn new_certificate(name: &str, days: i64) -> Option<(String, String)> {
    let key = Key::generate()?;
    let der = certificate(&key, name, days)?;
    Some((pem("CERTIFICATE", &der), pem("PRIVATE KEY", &key.pkcs8)))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Makes the key and its certificate, so that the first sign-in does not wait for them.
pub(in crate::sandbox) fn warm_up() {
    LazyLock::force(&CERTIFICATE);
}

fn key_id() -> &'static str {
    CERTIFICATE.as_ref().map_or("", |(_, id)| id)
}

/// A token with these claims. An access token for Graph carries a `nonce` in its header, by which
/// Microsoft keeps clients from checking what is not meant for them.
pub(super) fn sign(claims: &Value, nonce: Option<&str>) -> String {
    let mut header = json!({"typ": "JWT", "alg": "RS256", "kid": key_id(), "x5t": key_id()});
    if let (Some(nonce), Value::Object(map)) = (nonce, &mut header) {
        map.insert("nonce".into(), nonce.into());
    }
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = rsa::signing().and_then(|key| key.sign(signed.as_bytes()));
    let signature = URL_SAFE_NO_PAD.encode(signature.unwrap_or_default());
    format!("{signed}.{signature}")
}

/// The document at `jwks_uri`. The v2.0 one names the issuer of each key.
pub(super) fn jwks(issuer: Option<&str>) -> Value {
    let modulus = rsa::signing().map(|k| URL_SAFE_NO_PAD.encode(&k.modulus));
    let der = CERTIFICATE.as_ref().map(|(der, _)| STANDARD.encode(der));
    let mut key = json!({
        "kty": "RSA", "use": "sig", "kid": key_id(), "x5t": key_id(),
        "n": modulus, "e": "AQAB", "x5c": [der],
    });
    if let (Some(issuer), Value::Object(map)) = (issuer, &mut key) {
        map.insert("issuer".into(), issuer.into());
    }
    json!({"keys": [key]})
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token taken apart; nothing is checked yet.
pub(super) struct Parsed {
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

pub(super) fn parse(token: &str) -> Option<Parsed> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let octets = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let json = |text: &str| serde_json::from_slice::<Value>(&octets(text)?).ok();
    Some(Parsed {
        header: json(header)?,
        claims: json(claims)?,
        signed: format!("{header}.{claims}"),
        signature: octets(signature)?,
    })
}

/// SHA-1 and SHA-256 of a certificate, as `x5t` and `x5t#S256` spell them.
pub(super) fn thumbprints(der: &[u8]) -> (String, String) {
    (
        URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, der)),
        URL_SAFE_NO_PAD.encode(digest(&SHA256, der)),
    )
}
