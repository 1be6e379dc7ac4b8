//! Consent: what is missing, who may give it, and the administrator's pages (dossier 01 sections 1 and 10).

use super::{
    Form, flow, page,
    policy::ConsentPolicy,
    scope::{self, Resource, Wanted},
};
use crate::sandbox::{
    directory::Kind,
    http::{Answer, Call},
    world::World,
};

/// Scopes that a sign-in asks for and the user has not granted yet.
pub(super) fn missing(world: &World, client: &str, user: usize, wanted: &Wanted) -> Vec<String> {
    let consents = &world.directory.consents;
    let asked = asked(world, client, wanted);
    asked
        .into_iter()
        .filter(|key| !consents.has(client, user, key))
        .collect()
}

/// With `.default`: what the registration lists.
pub(super) fn asked(world: &World, client: &str, wanted: &Wanted) -> Vec<String> {
    let mut keys = wanted.keys();
    let listed = world.directory.app(client).map(|a| a.delegated.clone());
    for resource in &wanted.defaults {
        let prefix = format!("{}/", resource.key());
        let listed = listed.iter().flatten();
        keys.extend(listed.filter(|key| key.starts_with(&prefix)).cloned());
    }
    keys.dedup();
    keys
}

/// Whether this user may grant these scopes. A personal account always may.
pub(super) fn may_grant(world: &World, user: usize, keys: &[String]) -> bool {
    let Some(person) = world.directory.person(user) else {
        return false;
    };
    if person.administrator || person.kind == Kind::Personal {
        return true;
    }
    world.directory.policy.consent == ConsentPolicy::Users
        && !keys.iter().any(|key| scope::needs_administrator(key))
}

pub(super) fn grant(world: &mut World, client: &str, user: usize, wanted: &Wanted) {
    let keys = asked(world, client, wanted);
    world.directory.consents.grant(client, Some(user), &keys);
}

/// `/adminconsent`: an administrator grants all that the registration lists, or the scopes named (v2.0).
pub(super) fn for_all(world: &mut World, call: &Call, alias: &str, named: bool) -> Answer {
    let given: Form = call.query.iter().cloned().collect();
    let id = super::field(&given, "client_id");
    let app = match super::client::registration(world, alias, id) {
        Ok(app) => app,
        Err((number, text)) => return page::refused(call, number, &text),
    };
    let redirect = match app.redirect(given.get("redirect_uri").map(String::as_str)) {
        Ok((_, redirect)) => redirect,
        Err(number) => return page::refused(call, number, super::aadsts::kind(number).text),
    };
    let wanted = match named {
        true => match scope::read(world, super::field(&given, "scope")) {
            Ok(wanted) => wanted,
            Err((number, text)) => return page::refused(call, number, &text),
        },
        false => Wanted {
            defaults: vec![Resource::Graph, Resource::Outlook],
            ..Wanted::default()
        },
    };
    let state = given.get("state").cloned();
    flow::for_administrator(world, call, alias, &app.id, wanted, redirect, state, !named)
}

/// The administrator said yes.
pub(super) fn grant_all(world: &mut World, client: &str, wanted: &Wanted, roles: bool) {
    let keys = asked(world, client, wanted);
    world.directory.consents.grant(client, None, &keys);
    let mut apps = world.directory.apps.iter_mut();
    if let Some(app) = apps
        .find(|a| a.id.eq_ignore_ascii_case(client))
        .filter(|_| roles)
    {
        let wanted = app.roles_wanted.clone();
        app.roles.extend(wanted);
        app.roles.sort();
        app.roles.dedup();
    }
}
