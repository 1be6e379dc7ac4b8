//! Conditional Access, and what an account's state says about a sign-in (dossier 01 section 8).

use crate::sandbox::{directory::Kind, world::World};

#[derive(Debug, Default)]
pub(in crate::sandbox) struct Policy {
    pub(in crate::sandbox) rules: Vec<Rule>,
    pub(in crate::sandbox) consent: ConsentPolicy,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) enum ConsentPolicy {
    #[default]
    Users,
    Administrators,
}

/// One Conditional Access policy. `None`: everybody, every application.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Rule {
    pub(in crate::sandbox) user: Option<usize>,
    pub(in crate::sandbox) client: Option<String>,
    pub(in crate::sandbox) demand: Demand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Demand {
    SecondFactor,
    Block,
    /// The policy on authentication flows.
    NoDeviceCode,
    /// Sign-in frequency in seconds.
    Frequency(i64),
    /// Any other refusal, by its AADSTS number.
    Refuse(u32),
}

/// How somebody has signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    pub(super) second_factor: bool,
    /// Unix seconds.
    pub(super) at: i64,
    pub(super) device_code: bool,
}

/// Whether the account may sign in at all.
pub(super) fn account(world: &World, user: usize) -> Result<(), u32> {
    let person = world.directory.person(user).ok_or(50_034u32)?;
    if person.deleted {
        return Err(50_034);
    }
    if person.disabled {
        return Err(50_057);
    }
    Ok(())
}

/// Whether an account of this kind may sign in at this tenant alias.
pub(super) fn kind(world: &World, user: usize, alias: &str) -> Result<(), u32> {
    let personal = world
        .directory
        .person(user)
        .is_some_and(|p| p.kind == Kind::Personal);
    let consumers = super::is_consumers(alias);
    match (personal, alias.to_ascii_lowercase().as_str()) {
        (_, "common") => Ok(()),
        (true, "organizations") => Err(500_208),
        (true, _) if !consumers => Err(50_020),
        (false, _) if consumers => Err(500_208),
        _ => Ok(()),
    }
}

/// Whether Conditional Access lets a sign-in, or a token made from it, pass.
pub(super) fn conditional(
    world: &World,
    user: usize,
    client: &str,
    evidence: Evidence,
) -> Result<(), u32> {
    let now = crate::sandbox::world::now();
    let enrolled = world
        .directory
        .person(user)
        .is_some_and(|p| p.second_factor);
    for rule in rules(world, Some(user), client) {
        match rule.demand {
            Demand::SecondFactor if !enrolled => return Err(50_079),
            Demand::SecondFactor if !evidence.second_factor => return Err(50_076),
            Demand::Block => return Err(53_003),
            Demand::NoDeviceCode if evidence.device_code => return Err(53_003),
            Demand::Frequency(seconds) if now - evidence.at > seconds => return Err(70_043),
            Demand::Refuse(number) => return Err(number),
            _ => {}
        }
    }
    Ok(())
}

/// What meets an application whoever uses it, or nobody (app-only).
pub(super) fn application(world: &World, client: &str) -> Result<(), u32> {
    rules(world, None, client).try_for_each(|rule| match rule.demand {
        Demand::Refuse(number) if rule.user.is_none() => Err(number),
        _ => Ok(()),
    })
}

fn rules<'w>(
    world: &'w World,
    user: Option<usize>,
    client: &'w str,
) -> impl Iterator<Item = &'w Rule> {
    let rules = world.directory.policy.rules.iter();
    rules.filter(move |rule| {
        (rule.user.is_none() || user.is_none() || rule.user == user)
            && rule
                .client
                .as_deref()
                .is_none_or(|c| c.eq_ignore_ascii_case(client))
    })
}
