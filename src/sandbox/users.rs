//! `/me` and `/users/{id}`: who signed in (Graph: user resource type).

use super::{
    http::{Answer, Outcome, bad_request, error},
    project::entity,
    route::Ctx,
    world::User,
};
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
        None => Some(own),
        Some(who) => ctx.world.user(who),
    };
    let needed: &[&str] = match at {
        Some(at) if at == own => &["User.Read", "User.ReadBasic.All"],
        _ => &["User.ReadBasic.All"],
    };
    if !ctx.access.may(needed) {
        return Err(error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    let user = at.and_then(|at| ctx.world.users.get(at)).ok_or_else(|| {
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
        out.insert((*known).to_owned(), property(user, known));
    }
    let listed = if select.is_empty() {
        String::new()
    } else {
        format!("({select})")
    };
    let context = format!("{}/v1.0/$metadata#users{listed}/$entity", ctx.call.base);
    Ok(Answer::json(200, entity(context, out)))
}

fn property(user: &User, name: &str) -> Value {
    let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
    match name {
        "id" => json!(user.object_id),
        "displayName" => json!(user.name),
        "givenName" => json!(given),
        "surname" => json!(family),
        "mail" | "userPrincipalName" => json!(user.address),
        "businessPhones" | "otherMails" => json!([]),
        "accountEnabled" => json!(user.signs_in),
        "userType" => json!("Member"),
        "proxyAddresses" => {
            let primary = format!("SMTP:{}", user.address);
            let aliases = user.aliases.iter().map(|a| format!("smtp:{a}"));
            std::iter::once(primary).chain(aliases).collect()
        }
        _ => Value::Null,
    }
}
