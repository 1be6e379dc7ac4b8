//! The token endpoint: device codes redeemed, refresh tokens rotated, tokens issued (dossier 01
//! sections 6 and 7).

use super::{
    entra::{
        Access, Form, OIDC, Refresh, Verdict, client, field, form, is_automatic, json_answer,
        refusal, scopes,
    },
    http::{Answer, Call, put},
    world::{World, now},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use std::time::{Duration, Instant};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn token(world: &mut World, call: &Call) -> Answer {
    let form = form(call);
    let client = match client(world, call, &form) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    if world.switches.take("entra-busy") {
        let text = "A transient error has occurred. Please try again.";
        return refusal(call, 503, "temporarily_unavailable", 90_033, text)
            .with("retry-after", "1");
    }
    match field(&form, "grant_type") {
        DEVICE_GRANT => poll(world, call, &form, &client),
        "refresh_token" => refresh(world, call, &form, &client),
        other => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            refusal(call, 400, "unsupported_grant_type", 70_003, &text)
        }
    }
}

fn poll(world: &mut World, call: &Call, form: &Form, client: &str) -> Answer {
    let automatic = is_automatic(world);
    let forced = world.switches.take("slow-down");
    let code = field(form, "device_code");
    let Some(device) = world
        .entra
        .devices
        .iter_mut()
        .find(|d| d.code == code && d.client.eq_ignore_ascii_case(client))
    else {
        let text = "Verification code is not valid or does not exist.";
        return refusal(call, 400, "bad_verification_code", 70_018, text);
    };
    if device.redeemed {
        let text = "The device code was already redeemed.";
        return refusal(call, 400, "invalid_grant", 70_000, text);
    }
    if device.expires <= Instant::now() {
        let text = "The provided device code has expired. Please start over.";
        return refusal(call, 400, "expired_token", 70_020, text);
    }
    // Half an interval of grace: a client may round down.
    let early = device
        .polled
        .is_some_and(|at| at.elapsed() < device.interval / 2);
    device.polled = Some(Instant::now());
    if early || forced {
        return refusal(
            call,
            400,
            "slow_down",
            70_016,
            "The client polls too often. Increase the interval.",
        );
    }
    if automatic
        && device.verdict == Verdict::Pending
        && device.made.elapsed() >= Duration::from_secs(1)
        && let Some(user) = device.expected
    {
        device.verdict = Verdict::Approved(user);
    }
    match device.verdict {
        Verdict::Pending => {
            let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            refusal(call, 400, "authorization_pending", 70_016, text)
        }
        Verdict::Declined => refusal(
            call,
            400,
            "authorization_declined",
            70_021,
            "The end user denied the authorization request.",
        ),
        Verdict::Approved(user) => {
            device.redeemed = true;
            let scopes = device.scopes.clone();
            issue(world, call, user, client, &scopes, form, true)
        }
    }
}

fn refresh(world: &mut World, call: &Call, form: &Form, client: &str) -> Answer {
    let old = field(form, "refresh_token");
    if world.switches.on("refresh-revoked") {
        let text = "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.";
        return refusal(call, 400, "invalid_grant", 50_173, text);
    }
    let strict = world.switches.on("refresh-old-revoked");
    let known = world
        .entra
        .refresh
        .get_mut(old)
        .filter(|r| r.client.eq_ignore_ascii_case(client) && !(strict && r.rotated_out));
    let Some(grant) = known else {
        let text = "The provided value for the input parameter 'refresh_token' is not valid.";
        return refusal(call, 400, "invalid_grant", 70_000, text);
    };
    grant.rotated_out = true;
    let grant = grant.clone();
    let wanted = match field(form, "scope") {
        "" => grant.scopes.clone(),
        text => match scopes(call, text) {
            Ok(scopes) => scopes,
            Err(refused) => return refused,
        },
    };
    if let Some(new) = wanted
        .iter()
        .find(|w| !grant.scopes.contains(*w) && !OIDC.contains(&w.as_str()))
    {
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{client}'. Send an interactive authorization request for this user and resource. ({new})"
        );
        return refusal(call, 400, "invalid_grant", 65_001, &text);
    }
    let rotate = !world.switches.on("refresh-omitted");
    issue(world, call, grant.user, client, &wanted, form, rotate)
}

fn issue(
    world: &mut World,
    call: &Call,
    user: usize,
    client: &str,
    scopes: &[String],
    form: &Form,
    rotate: bool,
) -> Answer {
    let seconds = world.switches.number("access-token-seconds");
    let access = secret();
    let issued = Instant::now();
    let granted: Vec<String> = scopes
        .iter()
        .filter(|s| *s != "offline_access")
        .cloned()
        .collect();
    world.entra.access.insert(
        access.clone(),
        Access {
            user,
            client: client.to_owned(),
            scopes: granted.clone(),
            issued,
            expires: issued + Duration::from_secs(seconds),
            with_claims: form.get("claims").is_some_and(|c| c.contains("nbf")),
        },
    );
    let mut body = json!({
        "token_type": "Bearer",
        "scope": granted.join(" "),
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": access,
    });
    let has = |name: &str| scopes.iter().any(|s| s == name);
    if has("offline_access") && rotate {
        let refresh = secret();
        let grant = Refresh {
            user,
            client: client.to_owned(),
            scopes: scopes.to_vec(),
            rotated_out: false,
        };
        world.entra.refresh.insert(refresh.clone(), grant);
        put(&mut body, "refresh_token", refresh.into());
    }
    if has("openid") {
        put(
            &mut body,
            "id_token",
            id_token(world, call, user, client, has("profile")).into(),
        );
    }
    json_answer(200, body)
}

fn id_token(world: &World, call: &Call, user: usize, client: &str, profile: bool) -> String {
    let now = now();
    let mut claims = json!({
        "aud": client,
        "iss": format!("{}/{}/v2.0", call.base, world.tenant.id),
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    });
    if let Some(user) = world.users.get(user) {
        if profile {
            put(&mut claims, "name", user.name.as_str().into());
            put(&mut claims, "oid", user.object_id.as_str().into());
            put(
                &mut claims,
                "preferred_username",
                user.address.as_str().into(),
            );
        }
        let pairwise = super::ids::sixteen(&[client.as_bytes(), user.object_id.as_bytes()]);
        put(&mut claims, "sub", URL_SAFE_NO_PAD.encode(pairwise).into());
    }
    put(&mut claims, "tid", world.tenant.id.as_str().into());
    put(&mut claims, "ver", "2.0".into());
    world.entra.signer.sign(&claims)
}

pub(super) fn random(len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < len {
        out.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    out.truncate(len);
    out
}

/// An opaque token.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random(48))
}
