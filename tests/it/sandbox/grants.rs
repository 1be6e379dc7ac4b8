//! Client credentials, with secret and with certificate (dossier 01 sections 4 and 5).

use super::bed::{Bed, CLIENT, Said, bed, said};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) const DAEMON: &str = "22222222-0000-0000-0000-000000000002";
const DEFAULT: &str = "https://graph.microsoft.com/.default";
const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

pub(super) async fn form_at(bed: &Bed, path: &str, fields: &[(&str, &str)]) -> Said {
    let url = format!("{}/{path}", bed.login);
    said(bed.http.post(url).form(fields).send().await.unwrap()).await
}

pub(super) fn refused(said: &Said) -> (u16, String, u64) {
    let number = said.body["error_codes"][0].as_u64();
    (
        said.status,
        said.text("/error"),
        number.unwrap_or_else(|| panic!("{}", said.body)),
    )
}

async fn own(bed: &Bed, changes: &[(&str, &str)]) -> Said {
    let mut all: Vec<(&str, &str)> = vec![
        ("client_id", DAEMON),
        ("grant_type", "client_credentials"),
        ("scope", DEFAULT),
    ];
    for (name, value) in changes {
        all.retain(|(n, _)| n != name);
        if *value != "-" {
            all.push((name, value));
        }
    }
    form_at(bed, "example.com/oauth2/v2.0/token", &all).await
}

#[tokio::test]
async fn a_secret_gets_an_application_its_own_token() {
    let bed = bed(1).await;
    let secrets = json!([{"value": "good=?&+ö"}, {"value": "old", "seconds": -1}]);
    bed.admin(
        "POST",
        "/apps",
        json!({"id": DAEMON, "name": "Daemon", "secrets": secrets, "granted": ["Mail.Read"]}),
    )
    .await;
    let good = own(&bed, &[("client_secret", "good=?&+ö")]).await;
    assert_eq!(good.status, 200, "{}", good.body);
    let keys: Vec<_> = good.body.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["token_type", "expires_in", "ext_expires_in", "access_token"]
    );
    let basic = STANDARD.encode(format!("{DAEMON}:good%3D%3F%26%2B%C3%B6"));
    let request = bed
        .http
        .post(format!("{}/example.com/oauth2/v2.0/token", bed.login));
    let request = request
        .header("authorization", format!("Basic {basic}"))
        .form(&[("grant_type", "client_credentials"), ("scope", DEFAULT)]);
    assert_eq!(said(request.send().await.unwrap()).await.status, 200);
    for (changes, status, error, number) in [
        (&[][..], 401, "invalid_client", 7_000_218),
        (
            &[("client_secret", "bad")],
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            &[("client_secret", "old")],
            401,
            "invalid_client",
            7_000_222,
        ),
        (
            &[("client_secret", "good=?&+ö"), ("scope", "-")],
            400,
            "invalid_request",
            900_144,
        ),
        (
            &[("client_secret", "good=?&+ö"), ("scope", "openid")],
            400,
            "invalid_scope",
            700_023,
        ),
        (
            &[
                ("client_secret", "good=?&+ö"),
                ("scope", "https://graph.microsoft.com/Mail.Read"),
            ],
            400,
            "invalid_scope",
            70_011,
        ),
        (
            &[
                ("client_secret", "good=?&+ö"),
                (
                    "scope",
                    "https://graph.microsoft.com/.default https://outlook.office.com/.default",
                ),
            ],
            400,
            "invalid_scope",
            700_022,
        ),
        (
            &[
                ("client_secret", "good=?&+ö"),
                ("scope", "https://api.example.com/.default"),
            ],
            400,
            "invalid_resource",
            500_011,
        ),
        (&[("grant_type", "-")], 400, "invalid_request", 900_144),
        (
            &[("grant_type", "magic"), ("client_secret", "good=?&+ö")],
            400,
            "unsupported_grant_type",
            70_003,
        ),
        (&[("client_id", "-")], 400, "invalid_request", 900_144),
        (
            &[("client_id", CLIENT), ("client_secret", "x")],
            401,
            "invalid_client",
            700_025,
        ),
    ] {
        let said = own(&bed, changes).await;
        assert_eq!(
            refused(&said),
            (status, error.to_owned(), number),
            "{changes:?}"
        );
    }
    let form = [
        ("client_id", DAEMON),
        ("grant_type", "client_credentials"),
        ("scope", DEFAULT),
        ("client_secret", "good=?&+ö"),
    ];
    for (alias, number) in [("common", 50_194), ("consumers", 9_002_332)] {
        let said = form_at(&bed, &format!("{alias}/oauth2/v2.0/token"), &form).await;
        assert_eq!(refused(&said).2, number);
    }
    bed.admin(
        "POST",
        "/apps",
        json!({"id": DAEMON, "audience": "everyone"}),
    )
    .await;
    for (alias, number) in [
        ("common", 9_001_023),
        ("consumers", 9_001_023),
        ("organizations", 50_059),
    ] {
        let said = form_at(&bed, &format!("{alias}/oauth2/v2.0/token"), &form).await;
        assert_eq!(
            refused(&said),
            (400, "invalid_request".into(), number),
            "{alias}"
        );
    }
    bed.admin("POST", "/apps", json!({"id": DAEMON, "enabled": false}))
        .await;
    let off = own(&bed, &[("client_secret", "good=?&+ö")]).await;
    assert_eq!(
        refused(&off),
        (400, "unauthorized_client".into(), 7_000_112)
    );
}

struct Signer {
    key: RsaKeyPair,
    print: String,
    sha1: String,
}

impl Signer {
    /// A key with its certificate, made by the sandbox, and the certificate's PEM.
    async fn new(bed: &Bed, days: i64) -> (Self, String) {
        let made = bed
            .admin("POST", "/certificate", json!({"days": days}))
            .await;
        let der = |pem: &Value| {
            let lines = pem.as_str().unwrap().lines();
            let text: String = lines.filter(|l| !l.starts_with('-')).collect();
            STANDARD.decode(text).unwrap()
        };
        let certificate = der(&made["certificate"]);
        let print = |kind| URL_SAFE_NO_PAD.encode(ring::digest::digest(kind, &certificate));
        let signer = Self {
            key: RsaKeyPair::from_pkcs8(&der(&made["private_key"])).unwrap(),
            print: print(&ring::digest::SHA256),
            sha1: print(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
        };
        (signer, made["certificate"].as_str().unwrap().to_owned())
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let how: &dyn ring::signature::RsaEncoding = match header["alg"].as_str() {
            Some("RS256") => &RSA_PKCS1_SHA256,
            _ => &RSA_PSS_SHA256,
        };
        let random = SystemRandom::new();
        self.key
            .sign(how, &random, signed.as_bytes(), &mut signature)
            .unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims(bed: &Bed) -> Value {
    json!({
        "aud": format!("{}/{}/oauth2/v2.0/token", bed.login, super::bed::tenant(0).id),
        "iss": DAEMON, "sub": DAEMON, "jti": "0b1c2d3e-0000-4000-8000-000000000001",
        "nbf": now(), "iat": now(), "exp": now() + 600,
    })
}

fn with(base: &Value, changes: Value) -> Value {
    let mut out = base.clone();
    for (name, value) in changes.as_object().unwrap() {
        out[name] = value.clone();
    }
    out.as_object_mut().unwrap().retain(|_, v| !v.is_null());
    out
}

#[tokio::test]
async fn a_certificate_signs_assertions_whose_every_part_is_checked() {
    let bed = bed(0).await;
    let (signer, pem) = Signer::new(&bed, 30).await;
    let (stranger, _) = Signer::new(&bed, 30).await;
    let (late, expired) = Signer::new(&bed, -2).await;
    bed.admin(
        "POST",
        "/apps",
        json!({"id": DAEMON, "certificates": [pem, expired], "granted": ["Mail.Read"]}),
    )
    .await;
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": signer.print});
    let claims = claims(&bed);
    let ask = async |assertion: String| {
        own(
            &bed,
            &[
                ("client_assertion_type", BEARER),
                ("client_assertion", assertion.as_str()),
            ],
        )
        .await
    };
    for header in [
        header.clone(),
        with(&header, json!({"x5t#S256": format!("{}=", signer.print)})),
        json!({"alg": "RS256", "typ": "JWT", "x5t": signer.sha1}),
        json!({"alg": "RS256", "x5t": signer.sha1, "x5t#S256": signer.print}),
    ] {
        let said = ask(signer.sign(&header, &claims)).await;
        assert_eq!(said.status, 200, "{header} {}", said.body);
    }
    // One assertion may be used again until it ends.
    let assertion = signer.sign(&header, &claims);
    for _ in 0..2 {
        assert_eq!(ask(assertion.clone()).await.status, 200);
    }
    for (header, claims, number) in [
        (
            with(&header, json!({"alg": "none"})),
            claims.clone(),
            50_027,
        ),
        (
            with(&header, json!({"x5t#S256": stranger.print})),
            claims.clone(),
            700_027,
        ),
        (
            with(&header, json!({"x5t#S256": null})),
            claims.clone(),
            700_027,
        ),
        (
            with(&header, json!({"alg": "RS256"})),
            with(&claims, json!({"iss": CLIENT})),
            700_021,
        ),
        (
            header.clone(),
            with(&claims, json!({"iss": CLIENT})),
            700_021,
        ),
        (header.clone(), with(&claims, json!({"sub": null})), 700_021),
        (
            header.clone(),
            with(&claims, json!({"aud": "https://login.example.com/token"})),
            50_027,
        ),
        (header.clone(), with(&claims, json!({"jti": null})), 50_027),
        (header.clone(), with(&claims, json!({"exp": null})), 50_027),
        (
            header.clone(),
            with(&claims, json!({"exp": now() - 900, "nbf": now() - 1500})),
            700_024,
        ),
        (
            header.clone(),
            with(&claims, json!({"nbf": now() + 900, "exp": now() + 1500})),
            700_024,
        ),
    ] {
        let said = ask(signer.sign(&header, &claims)).await;
        assert_eq!(
            refused(&said),
            (401, "invalid_client".into(), number),
            "{header} {claims}"
        );
    }
    let forged = stranger.sign(&header, &claims);
    assert_eq!(refused(&ask(forged).await).2, 700_027);
    let old = late.sign(&with(&header, json!({"x5t#S256": late.print})), &claims);
    assert_eq!(refused(&ask(old).await).2, 700_027);
    assert_eq!(refused(&ask("a.b".into()).await).2, 50_027);
    let untyped = own(&bed, &[("client_assertion", assertion.as_str())]).await;
    assert_eq!(refused(&untyped).2, 50_027);
}
