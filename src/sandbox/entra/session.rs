//! Who is signed in to a browser (single sign-on), and signing out (dossier 01 section 1: it ends browser
//! sessions only; refresh tokens live on).

use super::{Form, field, form, page};
use crate::sandbox::{
    http::{Answer, Call, Payload},
    world::{World, now},
};
use url::form_urlencoded;

const COOKIE: &str = "ESTSAUTH";

#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) accounts: Vec<SignedIn>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn {
    pub(super) user: usize,
    /// Unix seconds.
    pub(super) at: i64,
    pub(super) second_factor: bool,
    /// Orders it with revocations.
    pub(super) stamp: u64,
}

impl Session {
    pub(super) fn age(&mut self, seconds: i64) {
        self.accounts.iter_mut().for_each(|a| a.at -= seconds);
    }
}

/// The id of the session that a request's cookie names.
pub(super) fn of(world: &World, call: &Call) -> Option<String> {
    let id = call
        .header("cookie")?
        .split(';')
        .find_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    world.entra.sessions.contains_key(id).then(|| id.to_owned())
}

/// The accounts of a session that are still good: a changed password ends them.
pub(super) fn accounts(world: &World, id: Option<&str>) -> Vec<SignedIn> {
    let session = id.and_then(|id| world.entra.sessions.get(id));
    let all = session.map(|s| s.accounts.clone()).unwrap_or_default();
    let good = |a: &SignedIn| {
        let person = world.directory.person(a.user);
        person.is_some_and(|p| {
            a.stamp >= p.valid_from.max(p.password_changed) && !p.disabled && !p.deleted
        })
    };
    all.into_iter().filter(good).collect()
}

/// Notes a sign-in, in a new session if there is none, and returns its id.
pub(super) fn sign_in(world: &mut World, id: Option<String>, one: SignedIn) -> String {
    let id = id.unwrap_or_else(super::secret);
    let session = world.entra.sessions.entry(id.clone()).or_default();
    session.accounts.retain(|a| a.user != one.user);
    session.accounts.push(one);
    id
}

pub(super) fn with_cookie(answer: Answer, call: &Call, id: &str) -> Answer {
    let secure = match call.base.starts_with("https:") {
        true => "; Secure",
        false => "",
    };
    answer.with(
        "set-cookie",
        format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax{secure}"),
    )
}

/// Ends the session. Goes back only to a registered redirect URI.
pub(super) fn logout(world: &mut World, call: &Call) -> Answer {
    let mut given: Form = call.query.iter().cloned().collect();
    given.extend(form(call));
    let hint = field(&given, "logout_hint").to_owned();
    if let Some(id) = of(world, call) {
        let user = world.user(&hint);
        match user.filter(|_| !hint.is_empty()) {
            // The hint names one of several.
            Some(user) => {
                if let Some(session) = world.entra.sessions.get_mut(&id) {
                    session.accounts.retain(|a| a.user != user);
                }
            }
            None => drop(world.entra.sessions.remove(&id)),
        }
    }
    let back = field(&given, "post_logout_redirect_uri");
    let registered = world
        .directory
        .apps
        .iter()
        .any(|app| app.redirect(Some(back)).is_ok());
    let answer = if registered && !back.is_empty() {
        let state = field(&given, "state");
        let mut to = back.to_owned();
        if !state.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", state)
                .finish();
            to = format!("{to}{}{query}", if to.contains('?') { '&' } else { '?' });
        }
        Answer {
            status: 302,
            headers: vec![("location".to_owned(), to)],
            payload: Payload::Empty,
        }
    } else {
        page::message(
            "Signed out",
            "You signed out of your account",
            "It's a good idea to close all browser windows.",
        )
    };
    answer.with(
        "set-cookie",
        format!(
            "{COOKIE}=; Path=/; HttpOnly; Max-Age=0; SameSite=Lax; expires={}",
            gone(now())
        ),
    )
}

fn gone(now: i64) -> String {
    chrono::DateTime::from_timestamp(now - 86_400, 0)
        .unwrap_or_default()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}
