//! `/me` and `/users/{id}`: who signed in (Graph: user resource type).

use super::{
    directory::Kind,
    http::{Answer, Outcome, bad_request, error},
    project::entity,
    route::Ctx,
    world::{User, World},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];
const ON_REQUEST: &[&str] = &["proxyAddresses", "otherMails", "accountEnabled", "userType"];

pub(super) fn show(ctx: &Ctx<'_>, who: Option<&str>) -> Outcome {
    let own = ctx.access.user;
    let at = match who {
        None if own.is_none() => {
            return Err(bad_request(
                "/me request is only valid with delegated authentication flow.",
            ));
        }
        None => own,
        Some(who) => ctx.world.user(who),
    };
    if !may_read(ctx, at.is_some() && at == own) {
        return Err(error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    let at = at.filter(|at| ctx.world.directory.person(*at).is_none_or(|p| !p.deleted));
    let found = at.and_then(|at| Some((at, ctx.world.users.get(at)?)));
    let (at, user) = found.ok_or_else(|| {
        let text = format!("Resource '{}' does not exist or one of its queried reference-property objects are not present.", who.unwrap_or(""));
        error(404, "Request_ResourceNotFound", &text)
    })?;
    let select = ctx.call.option("select").unwrap_or("");
    let names: Vec<&str> = match select {
        "" => DEFAULT.to_vec(),
        text => text.split(',').map(str::trim).collect(),
    };
    let mut out = Map::new();
    for name in names {
        let known = DEFAULT
            .iter()
            .chain(ON_REQUEST)
            .find(|k| k.eq_ignore_ascii_case(name));
        let Some(known) = known else {
            return Err(bad_request("Parsing OData Select and Expand failed."));
        };
        out.insert((*known).to_owned(), property(ctx.world, at, user, known));
    }
    let listed = if select.is_empty() {
        String::new()
    } else {
        format!("({select})")
    };
    let context = format!("{}/v1.0/$metadata#users{listed}/$entity", ctx.call.base);
    Ok(Answer::json(200, entity(context, out)))
}

fn may_read(ctx: &Ctx<'_>, own: bool) -> bool {
    let everybody = ["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"];
    match ctx.access.user {
        Some(_) if own => ctx.access.may(&["User.Read"]) || ctx.access.may(&everybody),
        Some(_) => ctx.access.may(&everybody),
        None => ctx
            .access
            .roles
            .iter()
            .any(|r| everybody.contains(&r.as_str())),
    }
}

fn property(world: &World, at: usize, user: &User, name: &str) -> Value {
    let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    let person = world.directory.person(at);
    match name {
        "id" => json!(user.object_id),
        "displayName" => json!(user.name),
        "givenName" => json!(given),
        "surname" => json!(family),
        "mail" if person.is_some_and(|p| p.mail_missing) => Value::Null,
        "mail" => json!(user.address),
        "userPrincipalName" => json!(world.principal_name(at)),
        "businessPhones" => json!([]),
        "otherMails" => json!(person.map(|p| p.other_mails.clone()).unwrap_or_default()),
        "accountEnabled" => json!(user.signs_in && person.is_none_or(|p| !p.disabled)),
        "userType" if person.is_some_and(|p| p.kind == Kind::Guest) => json!("Guest"),
        "userType" => json!("Member"),
        "proxyAddresses" => {
            let primary = format!("SMTP:{}", user.address);
            let aliases = user.aliases.iter().map(|a| format!("smtp:{a}"));
            std::iter::once(primary).chain(aliases).collect()
        }
        _ => Value::Null,
    }
}

/// `/oidc/userinfo` (OpenID Connect Core section 5.3).
pub(super) fn info(ctx: &Ctx<'_>) -> Outcome {
    let user = ctx.access.user.and_then(|at| ctx.world.users.get(at));
    let user = user.filter(|_| ctx.access.may(&["openid", "User.Read"]));
    let user = user.ok_or_else(|| {
        error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    })?;
    let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    let sub = super::ids::sixteen(&[b"graph", user.object_id.as_bytes()]);
    Ok(Answer::json(
        200,
        json!({
            "sub": URL_SAFE_NO_PAD.encode(sub),
            "name": user.name,
            "family_name": family,
            "given_name": given,
            "picture": format!("{}/v1.0/me/photo/$value", ctx.call.base),
            "email": user.address,
        }),
    ))
}
