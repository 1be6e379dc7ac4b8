//! The token endpoint: from `grant_type` to its file; client credentials and passwords (dossier 01 sections 2
//! to 7).

use super::{
    Form,
    aadsts::{named, refusal, refuse},
    client::{self, Client},
    code::{self, missing},
    device, field, issue,
    policy::{self, Evidence},
    refresh, scope,
};
use crate::sandbox::{
    http::{Answer, Call},
    world::{World, now},
};

pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Wrong passwords in a row before the account is locked.
const ATTEMPTS: u32 = 10;

pub(super) fn token(world: &mut World, call: &Call, alias: &str, form: &Form) -> Answer {
    if field(form, "grant_type").is_empty() {
        return missing(world, call, "grant_type");
    }
    let client = match client::authenticate(world, call, alias, form) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    if world.switches.take("entra-busy") {
        return refuse(world, call, 90_033);
    }
    match field(form, "grant_type") {
        DEVICE_GRANT | "device_code" => device::poll(world, call, form, &client),
        "refresh_token" => refresh::redeem(world, call, alias, form, &client),
        "authorization_code" => code::redeem(world, call, alias, form, &client),
        "client_credentials" => own(world, call, alias, form, &client),
        "password" => match password(world, call, alias, form, &client) {
            Ok(answer) | Err(answer) => answer,
        },
        other => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            named(world, call, "unsupported_grant_type", 70_003, &text)
        }
    }
}

/// Client credentials: a tenant by its name, `.default` of one resource, a proof.
fn own(world: &mut World, call: &Call, alias: &str, form: &Form, client: &Client) -> Answer {
    if alias.eq_ignore_ascii_case("common") || super::is_consumers(alias) {
        return refuse(world, call, 9_001_023);
    }
    if alias.eq_ignore_ascii_case("organizations") {
        return refuse(world, call, 50_059);
    }
    if let Err(refused) = client.must_prove(world, call) {
        return refused;
    }
    if field(form, "scope").is_empty() {
        return missing(world, call, "scope");
    }
    let wanted = match scope::read(world, field(form, "scope")) {
        Ok(wanted) => wanted,
        Err((number, text)) => return refusal(world, call, number, &text),
    };
    match (wanted.defaults.as_slice(), wanted.named.as_slice()) {
        ([only], []) => issue::app_token(world, client, *only),
        ([], []) => refuse(world, call, 700_023),
        (_, []) => refuse(world, call, 700_022),
        _ => {
            let text = format!(
                "The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
                field(form, "scope")
            );
            refusal(world, call, 70_011, &text)
        }
    }
}

/// A password against an account, or the AADSTS number of what is wrong.
pub(super) fn check_password(world: &mut World, user: usize, given: &str) -> Result<(), u32> {
    policy::account(world, user)?;
    let signs_in = world.users.get(user).is_some_and(|u| u.signs_in);
    let person = world.directory.people.get_mut(user).ok_or(50_034u32)?;
    if person.failures >= ATTEMPTS {
        return Err(50_053);
    }
    if !signs_in || person.password != given {
        person.failures += 1;
        return Err(50_126);
    }
    person.failures = 0;
    Ok(())
}

/// Resource owner password credentials: without a browser, so any further demand is an error.
fn password(
    world: &mut World,
    call: &Call,
    alias: &str,
    form: &Form,
    client: &Client,
) -> Result<Answer, Answer> {
    client.must_be_public(world, call)?;
    if alias.eq_ignore_ascii_case("common") || super::is_consumers(alias) {
        return Err(refuse(world, call, 9_001_023));
    }
    for name in ["username", "password", "scope"] {
        if field(form, name).is_empty() {
            return Err(missing(world, call, name));
        }
    }
    let wanted = scope::read(world, field(form, "scope"))
        .map_err(|(number, text)| refusal(world, call, number, &text))?;
    let number = |n: u32, world: &World| refuse(world, call, n);
    let Some(user) = world.user(field(form, "username")) else {
        return Err(number(50_034, world));
    };
    let evidence = Evidence {
        second_factor: false,
        at: now(),
        device_code: false,
    };
    check_password(world, user, field(form, "password")).map_err(|n| number(n, world))?;
    let expired = world
        .directory
        .person(user)
        .is_some_and(|p| p.password_expired);
    if expired {
        return Err(number(50_055, world));
    }
    policy::kind(world, user, alias)
        .and_then(|()| policy::conditional(world, user, &client.app.id, evidence))
        .map_err(|n| number(n, world))?;
    let grant = issue::Grant {
        user,
        wanted,
        evidence,
        nonce: String::new(),
        spa: None,
        evaluated: false,
        rotate: true,
    };
    Ok(issue::tokens(world, call, form, client, grant))
}
