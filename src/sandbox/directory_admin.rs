//! The admin API's part for identity: registrations, users, rights, consents, Conditional Access.
//!
//! Users and mailboxes go by address, principal name or object id; times are seconds from now and may be negative.
//! Each `POST` changes only what its body names and makes what is not there yet.
//!
//! - `GET /apps`, `GET /apps/{client id}`; `DELETE /apps/{client id}`; `POST /apps {"id":"<guid>","name":"…","enabled":true,"public":true,
//!   "audience":"tenant|organizations|everyone|personal","redirects":[{"platform":"native|web|spa","uri":"…"}],"secrets":[{"value":"…","seconds":3600}],
//!   "certificates":["<PEM>"],"delegated":"Mail.Read Mail.Send","application":["Mail.Read"],"granted":["Mail.Read"],
//!   "exchange_roles":[{"role":"Application Mail.Read","mailboxes":["…"]}],"access_policy":["…"],"assigned":["…"],"implicit_id_token":true}`.
//!   A new one is confidential and has nothing. `application` is what the registration asks for, `granted` what an administrator consented to;
//!   `exchange_roles` without `mailboxes` is for all; `access_policy` and `assigned` may be `null` (no limit).
//! - `POST /certificate {"name":"…","days":30}` → `{"certificate":"<PEM>","private_key":"<PEM>"}`: a new RSA key, to register and sign assertions with.
//! - `GET /users`; `POST /users {"user":"…","password":"…","password_expired":true,"disabled":true,"deleted":true,"locked":true,
//!   "kind":"member|guest|personal","administrator":true,"second_factor":true,"mailbox":"ready|none|on-premises","principal_name":"…","mail":null,
//!   "aliases":["…"],"other_mails":["…"],"full_access":["<mailbox>"],"send_as":["<mailbox>"],"send_on_behalf":["<mailbox>"],"revoke":true}`.
//!   A changed password, and `revoke` (all sessions), end tokens as Entra's do.
//! - `POST /consent {"client_id":"…","user":"…","scopes":"Mail.Read"}` grants (without `user`: an administrator, for all);
//!   `{"client_id":"…","withdraw":true}` takes all back.
//! - `POST /policy {"consent":"users|administrators","rules":[{"user":"…","client_id":"…","demand":"second-factor|block|no-device-code|sign-in-frequency",
//!   "seconds":60,"refuse":53000}]}`: replaces the rules; `refuse` is any AADSTS number instead of a demand.
//! - `POST /tenant {"cloud":"global|us-gov|us-dod|china","exchange":true}`.
//! - `POST /age {"seconds":7776000}`: codes, refresh tokens and sessions are that much older.

use super::{
    directory::{CLOUDS, Kind, Mailbox},
    entra::{
        self, App, Audience, Certificate, ConsentPolicy, Demand, Platform, ROLES, Redirect, Rule,
        Secret,
    },
    world::{World, now},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Said<T = Value> = Result<T, String>;

pub(super) fn knows(parts: &[&str]) -> bool {
    parts.first().is_some_and(|first| {
        ["apps", "users", "consent", "policy", "tenant", "age"].contains(first)
    })
}

pub(super) fn answer(world: &mut World, method: &str, parts: &[&str], body: &Value) -> Said {
    match (method, parts) {
        ("GET", ["apps"]) => {
            let all: Vec<_> = world
                .directory
                .apps
                .iter()
                .map(|a| shown(world, a))
                .collect();
            Ok(json!({"apps": all}))
        }
        ("GET", ["apps", id]) => {
            let app = world.directory.app(id).ok_or_else(|| no_app(id))?;
            Ok(shown(world, app))
        }
        ("DELETE", ["apps", id]) => {
            let before = world.directory.apps.len();
            world
                .directory
                .apps
                .retain(|a| !a.id.eq_ignore_ascii_case(id));
            match world.directory.apps.len() < before {
                true => Ok(json!({})),
                false => Err(no_app(id)),
            }
        }
        ("POST", ["apps"]) => register(world, body),
        ("GET", ["users"]) => Ok(users(world)),
        ("POST", ["users"]) => change_user(world, body),
        ("POST", ["consent"]) => consent(world, body),
        ("POST", ["policy"]) => policy(world, body),
        ("POST", ["tenant"]) => tenant(world, body),
        ("POST", ["age"]) => {
            let seconds = body.get("seconds").and_then(Value::as_i64);
            world
                .entra
                .age(seconds.ok_or("seconds is missing")?.clamp(0, 1 << 40));
            Ok(json!({}))
        }
        _ => Err(format!(
            "no {method} /{}; the API is described in sandbox/directory_admin.rs",
            parts.join("/")
        )),
    }
}

/// `POST /certificate`: apart, since it takes a while and needs no world.
pub(super) fn certificate(body: &Value) -> Said {
    let name = text(body, "name").unwrap_or("sandbox client");
    let days = body.get("days").and_then(Value::as_i64).unwrap_or(30);
    let (certificate, key) =
        entra::new_certificate(name, days).ok_or("no key could be made; is there randomness?")?;
    Ok(json!({"certificate": certificate, "private_key": key}))
}

fn no_app(id: &str) -> String {
    format!("no application {id:?}")
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

fn set(slot: &mut bool, body: &Value, name: &str) -> Said<()> {
    match body.get(name) {
        None => Ok(()),
        Some(Value::Bool(value)) => {
            *slot = *value;
            Ok(())
        }
        Some(other) => Err(format!("{name}: {other} is neither true nor false")),
    }
}

fn strings(body: &Value, name: &str) -> Said<Option<Vec<String>>> {
    let Some(value) = body.get(name) else {
        return Ok(None);
    };
    let list = value
        .as_array()
        .ok_or_else(|| format!("{name}: not a list"))?;
    let texts = list.iter().map(|v| v.as_str().map(str::to_owned));
    let texts: Option<Vec<_>> = texts.collect();
    texts
        .map(Some)
        .ok_or_else(|| format!("{name}: not a list of texts"))
}

fn user(world: &World, who: &str) -> Said<usize> {
    world.user(who).ok_or_else(|| format!("no user {who:?}"))
}

fn register(world: &mut World, body: &Value) -> Said {
    let id = text(body, "id").map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    if uuid::Uuid::parse_str(&id).is_err() {
        return Err(format!("id: {id:?} is no GUID"));
    }
    let mut app = world.directory.app(&id).cloned().unwrap_or_else(|| App {
        name: "Application".to_owned(),
        public: false,
        audience: Audience::Tenant,
        redirects: Vec::new(),
        delegated: Vec::new(),
        ..App::public(&id)
    });
    if let Some(name) = text(body, "name") {
        name.clone_into(&mut app.name);
    }
    set(&mut app.enabled, body, "enabled")?;
    set(&mut app.public, body, "public")?;
    set(&mut app.implicit_id_token, body, "implicit_id_token")?;
    if let Some(name) = text(body, "audience") {
        app.audience = match name {
            "tenant" => Audience::Tenant,
            "organizations" => Audience::Organizations,
            "everyone" => Audience::Everyone,
            "personal" => Audience::Personal,
            other => {
                return Err(format!(
                    "audience: {other:?} is not tenant, organizations, everyone or personal"
                ));
            }
        };
    }
    credentials(&mut app, body)?;
    if let Some(list) = body.get("redirects").and_then(Value::as_array) {
        let most = match app.audience {
            Audience::Tenant | Audience::Organizations => 256,
            Audience::Everyone | Audience::Personal => 100,
        };
        if list.len() > most {
            return Err(format!("redirects: at most {most} for this audience"));
        }
        app.redirects = list
            .iter()
            .map(|r| redirect(r, app.audience))
            .collect::<Said<_>>()?;
    }
    if let Some(scopes) = text(body, "delegated") {
        app.delegated = entra::permissions(world, scopes)?;
    }
    permissions(world, &mut app, body)?;
    let shown = shown(world, &app);
    world
        .directory
        .apps
        .retain(|a| !a.id.eq_ignore_ascii_case(&id));
    world.directory.apps.push(app);
    Ok(shown)
}

fn credentials(app: &mut App, body: &Value) -> Said<()> {
    if let Some(list) = body.get("secrets").and_then(Value::as_array) {
        let read = |one: &Value| {
            let value = text(one, "value").ok_or("secrets: value is missing")?;
            let seconds = one
                .get("seconds")
                .and_then(Value::as_i64)
                .unwrap_or(180 * 86_400);
            Ok(Secret {
                value: value.to_owned(),
                expires: now().saturating_add(seconds),
            })
        };
        app.secrets = list.iter().map(read).collect::<Said<_>>()?;
    }
    if let Some(list) = strings(body, "certificates")? {
        let read = list.iter().map(|pem| Certificate::from_pem(pem));
        app.certificates = read.collect::<Said<_>>()?;
    }
    Ok(())
}

fn redirect(one: &Value, audience: Audience) -> Said<Redirect> {
    let platform = match text(one, "platform").unwrap_or("native") {
        "native" => Platform::Native,
        "web" => Platform::Web,
        "spa" => Platform::Spa,
        other => return Err(format!("platform: {other:?} is not native, web or spa")),
    };
    let uri = text(one, "uri").ok_or("redirects: uri is missing")?;
    Redirect::new(platform, uri, audience)
}

fn permissions(world: &World, app: &mut App, body: &Value) -> Said<()> {
    let known = |list: Vec<String>| match list.iter().find(|r| !ROLES.contains(&r.as_str())) {
        Some(other) => Err(format!(
            "no application permission {other:?}; there are {}",
            ROLES.join(", ")
        )),
        None => Ok(list),
    };
    if let Some(list) = strings(body, "application")? {
        app.roles_wanted = known(list)?;
    }
    if let Some(list) = strings(body, "granted")? {
        app.roles = known(list)?;
    }
    if let Some(list) = body.get("exchange_roles").and_then(Value::as_array) {
        let read = |one: &Value| {
            let role = text(one, "role").ok_or("exchange_roles: role is missing")?;
            Ok((role.to_owned(), strings(one, "mailboxes")?))
        };
        app.exchange_roles = list.iter().map(read).collect::<Said<_>>()?;
    }
    match body.get("access_policy") {
        None => {}
        Some(Value::Null) => app.access_policy = None,
        Some(_) => app.access_policy = strings(body, "access_policy")?,
    }
    match body.get("assigned") {
        None => {}
        Some(Value::Null) => app.assignment_required = false,
        Some(_) => {
            let list = strings(body, "assigned")?.unwrap_or_default();
            app.assigned = list
                .iter()
                .map(|who| user(world, who))
                .collect::<Said<_>>()?;
            app.assignment_required = true;
        }
    }
    Ok(())
}

/// A registration, without what is secret.
fn shown(world: &World, app: &App) -> Value {
    json!({
        "id": app.id,
        "name": app.name,
        "enabled": app.enabled,
        "public": app.public,
        "redirects": app.redirects.iter().map(|r| r.uri.as_str()).collect::<Vec<_>>(),
        "secrets": app.secrets.len(),
        "certificates": app.certificates.iter().map(|c| c.sha256.as_str()).collect::<Vec<_>>(),
        "delegated": app.delegated,
        "application": app.roles_wanted,
        "granted": app.roles,
        "consents": world.directory.consents.list(&app.id),
    })
}

fn users(world: &World) -> Value {
    let all = world.users.iter().enumerate().map(|(at, user)| {
        let person = world.directory.person(at);
        json!({
            "id": user.object_id,
            "address": user.address,
            "principal_name": world.principal_name(at),
            "aliases": user.aliases,
            "signs_in": user.signs_in,
            "disabled": person.is_some_and(|p| p.disabled),
            "full_access": user.full_access,
        })
    });
    json!({"users": all.collect::<Vec<_>>()})
}

fn change_user(world: &mut World, body: &Value) -> Said {
    let at = user(world, text(body, "user").ok_or("user is missing")?)?;
    let indices = |world: &World, name: &str| -> Said<Option<BTreeSet<usize>>> {
        let list = strings(body, name)?;
        let found = list.map(|list| list.iter().map(|who| user(world, who)).collect());
        found.transpose()
    };
    let (send_as, on_behalf) = (
        indices(world, "send_as")?,
        indices(world, "send_on_behalf")?,
    );
    indices(world, "full_access")?;
    let stamp = world.entra.stamp();
    let person = world.directory.people.get_mut(at).ok_or("no such user")?;
    set(&mut person.password_expired, body, "password_expired")?;
    set(&mut person.disabled, body, "disabled")?;
    set(&mut person.deleted, body, "deleted")?;
    set(&mut person.administrator, body, "administrator")?;
    set(&mut person.second_factor, body, "second_factor")?;
    if let Some(password) = text(body, "password") {
        password.clone_into(&mut person.password);
        person.password_changed = stamp;
    }
    if let Some(locked) = body.get("locked").and_then(Value::as_bool) {
        person.failures = if locked { u32::MAX } else { 0 };
    }
    if body.get("revoke") == Some(&Value::Bool(true)) {
        person.valid_from = stamp;
    }
    if let Some(kind) = text(body, "kind") {
        person.kind = match kind {
            "member" => Kind::Member,
            "guest" => Kind::Guest,
            "personal" => Kind::Personal,
            other => return Err(format!("kind: {other:?} is not member, guest or personal")),
        };
    }
    if let Some(state) = text(body, "mailbox") {
        person.mailbox = match state {
            "ready" => Mailbox::Ready,
            "none" => Mailbox::None,
            "on-premises" => Mailbox::OnPremises,
            other => {
                return Err(format!(
                    "mailbox: {other:?} is not ready, none or on-premises"
                ));
            }
        };
    }
    if let Some(name) = text(body, "principal_name") {
        person.principal_name = Some(name.to_owned());
    }
    if let Some(mail) = body.get("mail") {
        person.mail_missing = mail.is_null();
    }
    if let Some(list) = strings(body, "other_mails")? {
        person.other_mails = list;
    }
    person.send_as = send_as.unwrap_or_else(|| std::mem::take(&mut person.send_as));
    person.send_on_behalf = on_behalf.unwrap_or_else(|| std::mem::take(&mut person.send_on_behalf));
    let account = world.users.get_mut(at).ok_or("no such user")?;
    if let Some(list) = strings(body, "aliases")? {
        account.aliases = list;
    }
    if let Some(list) = strings(body, "full_access")? {
        account.full_access = list;
    }
    Ok(json!({}))
}

fn consent(world: &mut World, body: &Value) -> Said {
    let client = text(body, "client_id")
        .ok_or("client_id is missing")?
        .to_owned();
    if world.directory.app(&client).is_none() {
        return Err(no_app(&client));
    }
    let who = text(body, "user").map(|who| user(world, who)).transpose()?;
    if body.get("withdraw") == Some(&Value::Bool(true)) {
        let whose = text(body, "user").is_some().then_some(who);
        world.directory.consents.withdraw(&client, whose);
        return Ok(json!({}));
    }
    let scopes = text(body, "scopes").ok_or("scopes is missing")?;
    let keys = entra::permissions(world, scopes)?;
    world.directory.consents.grant(&client, who, &keys);
    Ok(json!({}))
}

fn policy(world: &mut World, body: &Value) -> Said {
    if let Some(who) = text(body, "consent") {
        world.directory.policy.consent = match who {
            "users" => ConsentPolicy::Users,
            "administrators" => ConsentPolicy::Administrators,
            other => {
                return Err(format!(
                    "consent: {other:?} is neither users nor administrators"
                ));
            }
        };
    }
    if let Some(list) = body.get("rules").and_then(Value::as_array) {
        let rules = list
            .iter()
            .map(|one| rule(world, one))
            .collect::<Said<_>>()?;
        world.directory.policy.rules = rules;
    }
    Ok(json!({}))
}

fn rule(world: &World, one: &Value) -> Said<Rule> {
    let number = one.get("refuse").and_then(Value::as_u64);
    let demand = match (number.map(u32::try_from), text(one, "demand")) {
        (Some(Ok(number)), _) => Demand::Refuse(number),
        (_, Some("second-factor")) => Demand::SecondFactor,
        (_, Some("block")) => Demand::Block,
        (_, Some("no-device-code")) => Demand::NoDeviceCode,
        (_, Some("sign-in-frequency")) => {
            let seconds = one.get("seconds").and_then(Value::as_i64);
            Demand::Frequency(seconds.ok_or("seconds is missing")?)
        }
        (_, other) => {
            return Err(format!(
                "demand: {other:?} is not second-factor, block, no-device-code or sign-in-frequency, and refuse has no number"
            ));
        }
    };
    Ok(Rule {
        user: text(one, "user").map(|who| user(world, who)).transpose()?,
        client: text(one, "client_id").map(str::to_owned),
        demand,
    })
}

fn tenant(world: &mut World, body: &Value) -> Said {
    if let Some(name) = text(body, "cloud") {
        let found = CLOUDS.iter().find(|c| c.name == name);
        let names = || CLOUDS.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
        world.directory.cloud =
            found.ok_or_else(|| format!("no cloud {name:?}; there are {}", names()))?;
    }
    set(&mut world.directory.exchange, body, "exchange")?;
    Ok(json!({}))
}
