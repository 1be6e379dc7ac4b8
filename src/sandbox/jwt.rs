//! Signed id tokens and the keys to check them with (RFC 7515, 7517, 7518).
//!
//! The key is made at each start: P-256 with ES256, since a committed RSA key would be a secret in
//! the source and the crypto library makes none. Everything else is as Entra has it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

/// `None` only where the system gives no randomness: then tokens carry an empty signature.
#[derive(Debug)]
pub(super) struct Signer {
    key: Option<EcdsaKeyPair>,
    id: String,
}

impl Signer {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random)
            .ok()
            .and_then(|pkcs8| EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).ok());
        Self {
            key,
            id: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "ES256", "kid": self.id});
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self
            .key
            .as_ref()
            .and_then(|key| key.sign(&SystemRandom::new(), signed.as_bytes()).ok());
        let signature = signature
            .map(|s| URL_SAFE_NO_PAD.encode(s))
            .unwrap_or_default();
        format!("{signed}.{signature}")
    }

    /// The document at `jwks_uri`.
    pub(super) fn jwks(&self) -> Value {
        let point = self
            .key
            .as_ref()
            .map(|k| k.public_key().as_ref().to_vec())
            .unwrap_or_default();
        let coordinate =
            |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or(&[]));
        json!({"keys": [{
            "kty": "EC", "use": "sig", "alg": "ES256", "kid": self.id, "crv": "P-256",
            "x": coordinate(1), "y": coordinate(33),
        }]})
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
