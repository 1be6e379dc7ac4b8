//! The v1.0 endpoints: `resource` instead of scopes, and numbers as strings (dossier 01 section 2).

use super::{Form, aadsts::json_answer, code::missing, device, field, form, grant, scope};
use crate::sandbox::{
    http::{Answer, Call, Payload},
    world::{World, now},
};
use serde_json::{Map, Value, json};

/// A form as the v2.0 endpoint wants it; `Err` is the refusal.
fn translated(world: &World, call: &Call) -> Result<Form, Answer> {
    let mut form = form(call);
    let resource = field(&form, "resource").to_owned();
    if resource.is_empty() {
        return match field(&form, "grant_type") {
            "refresh_token" | "authorization_code" => Ok(form),
            _ => Err(missing(world, call, "resource")),
        };
    }
    if scope::resource_of(world.directory.cloud, &resource).is_none() {
        return Err(super::aadsts::refuse(world, call, 500_011));
    }
    let scope = format!(
        "openid profile offline_access {}/.default",
        resource.trim_end_matches('/')
    );
    let own = field(&form, "grant_type") == "client_credentials";
    let scope = match own {
        true => format!("{}/.default", resource.trim_end_matches('/')),
        false => scope,
    };
    form.insert("scope".to_owned(), scope);
    Ok(form)
}

pub(super) fn token(world: &mut World, call: &Call, alias: &str) -> Answer {
    let form = match translated(world, call) {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let resource = field(&form, "resource").to_owned();
    let answer = grant::token(world, call, alias, &form);
    match (answer.status, body(&answer)) {
        (200, Some(Value::Object(body))) => json_answer(200, spelled(body, &resource)),
        _ => answer,
    }
}

pub(super) fn devicecode(world: &mut World, call: &Call, alias: &str) -> Answer {
    let begun = translated(world, call).and_then(|form| device::begun(world, call, alias, &form));
    let answer = match begun {
        Ok(answer) | Err(answer) => answer,
    };
    let Some(Value::Object(mut body)) = body(&answer).filter(|_| answer.status == 200) else {
        return answer;
    };
    for name in ["expires_in", "interval"] {
        if let Some(value) = body.get_mut(name) {
            *value = value.to_string().into();
        }
    }
    if let Some(page) = body.remove("verification_uri") {
        body.insert("verification_url".into(), page);
    }
    json_answer(200, Value::Object(body))
}

fn body(answer: &Answer) -> Option<Value> {
    match &answer.payload {
        Payload::Raw(_, octets) => serde_json::from_slice(octets).ok(),
        _ => None,
    }
}

fn spelled(mut body: Map<String, Value>, resource: &str) -> Value {
    let seconds = body.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
    let mut out = Map::new();
    for name in ["token_type", "scope"] {
        out.extend(body.remove(name).map(|value| (name.to_owned(), value)));
    }
    for name in ["expires_in", "ext_expires_in"] {
        body.remove(name);
        out.insert(name.into(), seconds.to_string().into());
    }
    out.insert("expires_on".into(), json!((now() + seconds).to_string()));
    out.insert("not_before".into(), json!((now() - 300).to_string()));
    out.insert("resource".into(), resource.into());
    out.extend(body);
    Value::Object(out)
}
