//! What a sign-in still needs, in the order in which Entra asks: account, password, second factor, policies,
//! consent.

use super::{
    consent,
    flow::{Flow, Purpose},
    policy,
};
use crate::sandbox::{directory::Kind, world::World};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Pick,
    Password,
    NewPassword,
    SecondFactor,
    Enrol,
    /// "Are you trying to sign in to …?"
    Confirm,
    /// These scopes.
    Consent(Vec<String>),
    NeedsAdministrator(Vec<String>),
    /// An AADSTS number that the person cannot do anything about.
    Refused(u32),
    Done,
}

pub(super) fn next(world: &World, flow: &Flow) -> Step {
    let Some(user) = flow.user else {
        return Step::Pick;
    };
    if !flow.password {
        return Step::Password;
    }
    let checked =
        policy::account(world, user).and_then(|()| policy::kind(world, user, &flow.alias));
    if let Err(number) = checked {
        return Step::Refused(number);
    }
    let person = world.directory.person(user);
    if person.is_some_and(|p| p.password_expired) {
        return Step::NewPassword;
    }
    match policy::conditional(world, user, &flow.client, flow.evidence()) {
        Ok(()) => {}
        Err(50_074 | 50_076 | 50_078) => return Step::SecondFactor,
        Err(50_072 | 50_079) => return Step::Enrol,
        // The sign-in is too old: a new one is what is asked for.
        Err(70_043) => return Step::Password,
        Err(number) => return Step::Refused(number),
    }
    let Some(app) = world.directory.app(&flow.client) else {
        return Step::Refused(700_016);
    };
    if app.assignment_required && !app.assigned.contains(&user) {
        return Step::Refused(50_105);
    }
    let shared = flow
        .wanted
        .named
        .iter()
        .any(|(_, n)| n.ends_with(".Shared"));
    if shared && person.is_some_and(|p| p.kind == Kind::Personal) {
        return Step::Refused(70_011);
    }
    if matches!(flow.purpose, Purpose::Device(_)) && !flow.confirmed {
        return Step::Confirm;
    }
    permission(world, flow, user)
}

fn permission(world: &World, flow: &Flow, user: usize) -> Step {
    if flow.consented {
        return Step::Done;
    }
    let all = consent::asked(world, &flow.client, &flow.wanted);
    if flow.is_administrators() {
        let administrator = world
            .directory
            .person(user)
            .is_some_and(|p| p.administrator);
        return match administrator {
            true => Step::Consent(all),
            false => Step::NeedsAdministrator(all),
        };
    }
    let missing = consent::missing(world, &flow.client, user, &flow.wanted);
    if missing.is_empty() && !flow.prompt.consent {
        return Step::Done;
    }
    let ungranted = match missing.is_empty() {
        true => all,
        false => missing,
    };
    match consent::may_grant(world, user, &ungranted) {
        true => Step::Consent(ungranted),
        false => Step::NeedsAdministrator(ungranted),
    }
}
