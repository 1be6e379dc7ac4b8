//! Tokens as they are issued: access tokens, id_tokens, refresh tokens, and the JSON around them (dossier 01
//! sections 2, 5, 9 and 13).

use super::{
    Access, Form,
    aadsts::{json_answer, refusal, refuse},
    client::{Client, Proof},
    field, jwt,
    policy::Evidence,
    refresh::Refresh,
    scope::{Resource, Wanted},
    secret, tenant_of,
};
use crate::sandbox::{
    directory::Kind,
    http::{Answer, Call, put},
    ids,
    world::World,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What somebody has been granted.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) user: usize,
    pub(super) wanted: Wanted,
    pub(super) evidence: Evidence,
    pub(super) nonce: String,
    /// When a single-page application got its first refresh token: it lasts a day from then.
    pub(super) spa: Option<i64>,
    /// The client declared `cp1` before.
    pub(super) evaluated: bool,
    /// Answer with a new refresh token.
    pub(super) rotate: bool,
}

/// Whether `claims` declare the capability to meet claims challenges.
pub(super) fn declares_cp1(claims: &str) -> bool {
    let claims: Value = serde_json::from_str(claims).unwrap_or_default();
    let values = claims.pointer("/access_token/xms_cc/values");
    values
        .and_then(Value::as_array)
        .is_some_and(|v| v.iter().any(|v| v == "cp1"))
}

/// Scopes of one resource that the token will hold, all of them consented to.
fn granted(
    world: &World,
    call: &Call,
    client: &Client,
    grant: &Grant,
) -> Result<(Resource, Vec<String>), Answer> {
    let resource = match grant.wanted.resources().as_slice() {
        [] => Resource::Graph,
        [only] => *only,
        _ => return Err(refuse(world, call, 700_022)),
    };
    let id = &client.app.id;
    let prefix = format!("{}/", resource.key());
    let mut names: Vec<String> = if grant.wanted.defaults.is_empty() {
        for key in grant.wanted.keys() {
            if !world.directory.consents.has(id, grant.user, &key) {
                return Err(refusal(world, call, 65_001, &not_consented(id, &key)));
            }
        }
        let named = grant.wanted.named.iter();
        named.map(|(_, name)| (*name).to_owned()).collect()
    } else {
        let all = world.directory.consents.all(id, grant.user);
        let names = all.iter().filter_map(|key| key.strip_prefix(&prefix));
        let names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            return Err(refusal(world, call, 65_001, &not_consented(id, ".default")));
        }
        names
    };
    if world.switches.on("scopes-accumulate") {
        let all = world.directory.consents.all(id, grant.user);
        let more = all.iter().filter_map(|key| key.strip_prefix(&prefix));
        names.extend(more.map(str::to_owned));
    }
    names.sort();
    names.dedup();
    let personal = is_personal(world, grant.user);
    if personal && names.iter().any(|n| n.ends_with(".Shared")) {
        return Err(personal_shared(world, call));
    }
    Ok((resource, names))
}

fn is_personal(world: &World, user: usize) -> bool {
    let person = world.directory.person(user);
    person.is_some_and(|p| p.kind == Kind::Personal)
}

/// Personal accounts have no shared mailboxes. Both errors were reported.
pub(super) fn personal_shared(world: &World, call: &Call) -> Answer {
    let number = match world.switches.on("personal-shared-invalid-grant") {
        true => 70_000,
        false => 70_011,
    };
    let text = "The scopes requested are not available to personal accounts.";
    refusal(world, call, number, text)
}

fn not_consented(id: &str, what: &str) -> String {
    format!(
        "The user or administrator has not consented to use the application with ID '{id}'. Send an interactive authorization request for this user and resource. ({what})"
    )
}

/// The answer of the token endpoint to a user's grant.
pub(super) fn tokens(
    world: &mut World,
    call: &Call,
    form: &Form,
    client: &Client,
    grant: Grant,
) -> Answer {
    let (resource, names) = match granted(world, call, client, &grant) {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let claims = field(form, "claims");
    let evaluated = grant.evaluated || declares_cp1(claims);
    let seconds = world.switches.number(match evaluated {
        true => "cae-token-seconds",
        false => "access-token-seconds",
    });
    let shown = shown_scopes(world, resource, &names, &grant.wanted);
    let mut scopes = names;
    let oidc = grant.wanted.oidc.iter().filter(|o| **o != "offline_access");
    scopes.extend(oidc.map(|o| (*o).to_owned()));
    let access = Access {
        user: Some(grant.user),
        client: client.app.id.clone(),
        audience: resource,
        scopes,
        roles: Vec::new(),
        issued: Instant::now(),
        expires: Instant::now() + Duration::from_secs(seconds),
        stamp: world.entra.stamp(),
        with_claims: claims.contains("nbf"),
        evaluated,
    };
    let token = access_token(world, client, &access, seconds);
    world.entra.access.insert(token.clone(), access);
    let mut body = json!({
        "token_type": "Bearer",
        "scope": shown,
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token,
    });
    if grant.wanted.has("offline_access") && grant.rotate {
        let token = format!("1.{}", secret());
        let stamp = world.entra.stamp();
        let kept = Refresh::new(client, &grant, evaluated, stamp);
        world.entra.refresh.insert(token.clone(), kept);
        put(&mut body, "refresh_token", token.into());
    }
    if grant.wanted.has("openid") {
        let id_token = id_token(world, call, &client.app.id, &grant);
        put(&mut body, "id_token", id_token.into());
    }
    if field(form, "client_info") == "1" {
        put(
            &mut body,
            "client_info",
            client_info(world, grant.user).into(),
        );
    }
    json_answer(200, body)
}

/// Who the account is, for clients that keep tokens of several.
pub(super) fn client_info(world: &World, user: usize) -> String {
    let uid = world.users.get(user).map(|u| u.object_id.as_str());
    let info = json!({"uid": uid, "utid": tenant_of(world, user)});
    URL_SAFE_NO_PAD.encode(info.to_string())
}

/// In another order and form than asked for, and with more: clients must not compare it as text.
fn shown_scopes(world: &World, resource: Resource, names: &[String], wanted: &Wanted) -> String {
    let full = resource != Resource::Graph || world.switches.on("scope-full-form");
    let audience = resource.audience(world.directory.cloud);
    let mut shown: Vec<String> = names
        .iter()
        .map(|name| match full {
            true => format!("{audience}/{name}"),
            false => name.clone(),
        })
        .collect();
    if wanted.has("openid") {
        shown.extend(["profile", "openid", "email"].map(str::to_owned));
    }
    shown.join(" ")
}

/// The application's own token (client credentials). Without any permission it is issued all the same.
pub(super) fn app_token(world: &mut World, client: &Client, resource: Resource) -> Answer {
    let seconds = world.switches.number("access-token-seconds");
    let roles = match resource {
        Resource::Graph => client.app.roles.clone(),
        Resource::Outlook => Vec::new(),
    };
    let access = Access {
        user: None,
        client: client.app.id.clone(),
        audience: resource,
        scopes: Vec::new(),
        roles,
        issued: Instant::now(),
        expires: Instant::now() + Duration::from_secs(seconds),
        stamp: world.entra.stamp(),
        with_claims: false,
        evaluated: false,
    };
    let token = access_token(world, client, &access, seconds);
    world.entra.access.insert(token.clone(), access);
    json_answer(
        200,
        json!({
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }),
    )
}

/// A v1.0 token, as Graph's are. Clients are not to look into it.
fn access_token(world: &World, client: &Client, access: &Access, seconds: u64) -> String {
    let issued = world.now();
    let life = i64::try_from(seconds).unwrap_or(3_600);
    let tenant = match access.user {
        Some(user) => tenant_of(world, user),
        None => world.tenant.id.clone(),
    };
    let proof = match client.proven {
        None => "0",
        Some(Proof::Secret) => "1",
        Some(Proof::Certificate) => "2",
    };
    let mut claims = json!({
        "aud": access.audience.audience(world.directory.cloud),
        "iss": format!("https://sts.windows.net/{tenant}/"),
        "iat": issued, "nbf": issued, "exp": issued + life,
        "app_displayname": client.app.name,
        "appid": client.app.id,
        "appidacr": proof,
        "tid": tenant,
        "uti": secret().get(..22),
        "ver": "1.0",
    });
    match access.user.and_then(|at| world.users.get(at)) {
        Some(user) => {
            put(&mut claims, "idtyp", "user".into());
            put(&mut claims, "name", user.name.as_str().into());
            put(&mut claims, "oid", user.object_id.as_str().into());
            put(&mut claims, "scp", access.scopes.join(" ").into());
            put(&mut claims, "sub", subject("graph", &user.object_id).into());
            put(&mut claims, "upn", user.address.as_str().into());
        }
        None => {
            let oid = subject("service-principal", &client.app.id);
            put(&mut claims, "idtyp", "app".into());
            put(&mut claims, "oid", oid.as_str().into());
            put(&mut claims, "sub", oid.into());
            if !access.roles.is_empty() {
                put(&mut claims, "roles", json!(access.roles));
            }
        }
    }
    if access.evaluated {
        put(&mut claims, "xms_cc", json!(["CP1"]));
    }
    jwt::sign(&claims, Some(&secret()))
}

/// Pairwise: another one for each application.
fn subject(client: &str, object: &str) -> String {
    URL_SAFE_NO_PAD.encode(ids::sixteen(&[client.as_bytes(), object.as_bytes()]))
}

/// OpenID Connect Core section 2; Entra: id token claims reference.
pub(super) fn id_token(world: &World, call: &Call, client: &str, grant: &Grant) -> String {
    let now = world.now();
    let tenant = tenant_of(world, grant.user);
    let mut claims = json!({
        "aud": client,
        "iss": format!("{}/{tenant}/v2.0", call.base),
        "iat": now,
        "nbf": now,
        "exp": now + 3_600,
    });
    if let Some(user) = world.users.get(grant.user) {
        if grant.wanted.has("profile") {
            let name = world.principal_name(grant.user);
            put(&mut claims, "name", user.name.as_str().into());
            put(&mut claims, "oid", user.object_id.as_str().into());
            put(&mut claims, "preferred_username", name.into());
        }
        if grant.wanted.has("email") {
            put(&mut claims, "email", user.address.as_str().into());
        }
        put(&mut claims, "sub", subject(client, &user.object_id).into());
    }
    if !grant.nonce.is_empty() {
        put(&mut claims, "nonce", grant.nonce.as_str().into());
    }
    put(&mut claims, "tid", tenant.into());
    put(&mut claims, "uti", secret().get(..22).into());
    put(&mut claims, "ver", "2.0".into());
    jwt::sign(&claims, None)
}
