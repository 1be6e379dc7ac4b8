//! Device codes (RFC 8628; dossier 01 section 6): asked for, typed on a page, polled for.

use super::{
    Form,
    aadsts::{json_answer, named, refusal, refuse},
    client::{self, Client},
    code::missing,
    field, flow, form, issue, page,
    policy::{self, Evidence},
    random, scope,
    scope::Wanted,
    secret,
};
use crate::sandbox::{
    http::{Answer, Call},
    world::{World, now},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// Letters and digits that are not mistaken for each other.
const CODE_ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

pub(in crate::sandbox) struct Device {
    code: String,
    pub(in crate::sandbox) user_code: String,
    pub(in crate::sandbox) client: String,
    pub(super) alias: String,
    pub(super) wanted: Wanted,
    made: Instant,
    expires: Instant,
    interval: Duration,
    polled: Option<Instant>,
    pub(in crate::sandbox) verdict: Verdict,
    pub(super) evidence: Evidence,
    /// The user for whom auto-approval approves.
    expected: Option<usize>,
    redeemed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Verdict {
    Pending,
    Approved(usize),
    Declined,
}

impl Device {
    /// The scopes asked for, by their short names.
    pub(in crate::sandbox) fn scopes(&self) -> Vec<&'static str> {
        let named = self.wanted.named.iter().map(|(_, name)| *name);
        self.wanted.oidc.iter().copied().chain(named).collect()
    }
}

pub(super) fn begin(world: &mut World, call: &Call, alias: &str) -> Answer {
    let form = form(call);
    match begun(world, call, alias, &form) {
        Ok(answer) | Err(answer) => answer,
    }
}

pub(super) fn begun(
    world: &mut World,
    call: &Call,
    alias: &str,
    form: &Form,
) -> Result<Answer, Answer> {
    let app = client::registration(world, alias, field(form, "client_id"))
        .map_err(|(number, text)| refusal(world, call, number, &text))?;
    if !app.public {
        return Err(refuse(world, call, 7_000_218));
    }
    if form.contains_key("client_secret") || form.contains_key("client_assertion") {
        return Err(refuse(world, call, 700_025));
    }
    let wanted = scope::read(world, field(form, "scope"))
        .map_err(|(number, text)| refusal(world, call, number, &text))?;
    if wanted.resources().len() > 1 {
        return Err(refuse(world, call, 700_022));
    }
    let auto = is_automatic(world);
    let seconds = world.switches.number("device-seconds");
    let interval = world
        .switches
        .value("device-interval")
        .as_u64()
        .unwrap_or(if auto { 1 } else { 5 });
    let letters = random(9).into_iter().filter_map(|b| {
        CODE_ALPHABET
            .get(usize::from(b) % CODE_ALPHABET.len())
            .copied()
    });
    let user_code: String = letters.map(char::from).collect();
    let code = secret();
    let expected = expected(world, form);
    let made = Instant::now();
    world.entra.devices.push(Device {
        code: code.clone(),
        user_code: user_code.clone(),
        client: app.id,
        alias: alias.to_owned(),
        wanted,
        made,
        expires: made + Duration::from_secs(seconds),
        interval: Duration::from_secs(interval),
        polled: None,
        verdict: Verdict::Pending,
        evidence: evidence(),
        expected,
        redeemed: false,
    });
    let page = format!("{}/device", call.base);
    Ok(json_answer(
        200,
        json!({
            "user_code": user_code,
            "device_code": code,
            "verification_uri": page,
            "expires_in": seconds,
            "interval": interval,
            "message": message(call.option("mkt"), &page, &user_code),
        }),
    ))
}

/// `mkt` chooses the language; others fall back to English.
fn message(market: Option<&str>, page: &str, code: &str) -> String {
    if market.is_some_and(|m| m.to_ascii_lowercase().starts_with("de")) {
        return format!(
            "Öffnen Sie zum Anmelden in einem Webbrowser die Seite {page}, und geben Sie den Code {code} ein."
        );
    }
    format!(
        "To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate."
    )
}

/// How somebody signs in whom the admin API or auto-approval stands for.
fn evidence() -> Evidence {
    Evidence {
        second_factor: true,
        at: now(),
        device_code: true,
    }
}

fn is_automatic(world: &World) -> bool {
    world
        .switches
        .flag("auto-approve")
        .unwrap_or(world.auto_approve)
}

/// For whom a code approves itself: the hint, the switch, or the first user without a sign-in.
fn expected(world: &World, form: &Form) -> Option<usize> {
    let named = [
        field(form, "login_hint"),
        world.switches.text("auto-approve-user"),
    ];
    let mut named = named.iter().filter(|n| !n.is_empty());
    if let Some(user) = named.find_map(|n| world.user(n)) {
        return Some(user);
    }
    let taken = |user: usize| {
        world.entra.devices.iter().any(|d| match d.verdict {
            Verdict::Pending => d.expected == Some(user),
            verdict => verdict == Verdict::Approved(user),
        })
    };
    let everyone = world.users.iter().enumerate();
    let mut people = everyone.filter(|(_, u)| u.signs_in).map(|(i, _)| i);
    people
        .clone()
        .find(|u| !taken(*u))
        .or_else(|| people.next())
}

/// Approves a code as a user would in a browser, consent included, or declines it (`None`).
pub(in crate::sandbox) fn decide(
    world: &mut World,
    code: &str,
    user: Option<&str>,
) -> Result<(), String> {
    let at = waiting(world, code)?;
    let Some(name) = user else {
        return settle(world, at, Verdict::Declined, evidence());
    };
    let user = world
        .user(name)
        .ok_or_else(|| format!("no account {name:?} in this tenant"))?;
    may_approve(world, at, user)?;
    settle(world, at, Verdict::Approved(user), evidence())
}

/// The code that a person typed, if it still waits.
pub(super) fn waiting(world: &World, code: &str) -> Result<usize, String> {
    let code = code.trim().replace('-', "");
    let at = world
        .entra
        .devices
        .iter()
        .position(|d| d.user_code.eq_ignore_ascii_case(&code))
        .ok_or_else(|| format!("no code {code:?}"))?;
    match world.entra.devices.get(at) {
        Some(d) if d.verdict != Verdict::Pending => Err(format!("code {code} was decided already")),
        Some(d) if d.expires <= Instant::now() => Err(format!("code {code} has expired")),
        _ => Ok(at),
    }
}

fn may_approve(world: &World, at: usize, user: usize) -> Result<(), String> {
    let person = world.users.get(user);
    if !person.is_some_and(|u| u.signs_in) {
        let name = person.map_or("", |u| u.address.as_str());
        return Err(format!("{name} is a shared mailbox: no one signs in as it"));
    }
    let Some(device) = world.entra.devices.get(at) else {
        return Err("no such code".to_owned());
    };
    policy::account(world, user)
        .and_then(|()| policy::kind(world, user, &device.alias))
        .and_then(|()| policy::conditional(world, user, &device.client, evidence()))
        .map_err(|number| format!("AADSTS{number}: {}", super::aadsts::kind(number).text))
}

/// Writes the verdict down; an approval consents too.
pub(super) fn settle(
    world: &mut World,
    at: usize,
    verdict: Verdict,
    evidence: Evidence,
) -> Result<(), String> {
    let device = world.entra.devices.get_mut(at).ok_or("no such code")?;
    device.verdict = verdict;
    device.evidence = evidence;
    if let Verdict::Approved(user) = verdict {
        let (client, wanted) = (device.client.clone(), device.wanted.clone());
        super::consent::grant(world, &client, user, &wanted);
    }
    Ok(())
}

/// The page where the code is typed; `note` says what came of the last attempt.
pub(super) fn show(call: &Call, note: &str) -> Answer {
    page::code(call.option("code").unwrap_or(""), note)
}

pub(super) fn submit(world: &mut World, call: &Call) -> Answer {
    let form = form(call);
    match waiting(world, field(&form, "user_code")) {
        Ok(at) => flow::for_device(world, call, at),
        Err(_) => page::code(
            field(&form, "user_code"),
            "That code didn't work. Check the code and try again.",
        ),
    }
}

pub(super) fn poll(world: &mut World, call: &Call, form: &Form, client: &Client) -> Answer {
    if let Err(refused) = client.must_be_public(world, call) {
        return refused;
    }
    // The v1.0 endpoint calls it `code`.
    let code = match field(form, "device_code") {
        "" => field(form, "code"),
        code => code,
    };
    if code.is_empty() {
        return missing(world, call, "device_code");
    }
    let automatic = is_automatic(world);
    let forced = world.switches.take("slow-down");
    let id = client.app.id.as_str();
    let devices = &world.entra.devices;
    let found = devices
        .iter()
        .position(|d| d.code == code && d.client.eq_ignore_ascii_case(id));
    let Some(at) = found else {
        return refuse(world, call, 70_018);
    };
    if automatic {
        approve_itself(world, at);
    }
    let Some(device) = world.entra.devices.get_mut(at) else {
        return refuse(world, call, 70_018);
    };
    if device.redeemed {
        return refusal(world, call, 70_000, "The device code was already redeemed.");
    }
    if device.expires <= Instant::now() {
        return refuse(world, call, 70_020);
    }
    // Half an interval of grace: a client may round down.
    let early = device
        .polled
        .is_some_and(|at| at.elapsed() < device.interval / 2);
    device.polled = Some(Instant::now());
    if early || forced {
        let text = "The client polls too often. Increase the interval.";
        return named(world, call, "slow_down", 70_016, text);
    }
    match device.verdict {
        Verdict::Pending => refuse(world, call, 70_016),
        Verdict::Declined => refuse(world, call, 70_021),
        Verdict::Approved(user) => {
            device.redeemed = true;
            let grant = issue::Grant {
                user,
                wanted: device.wanted.clone(),
                evidence: device.evidence,
                nonce: String::new(),
                spa: None,
                evaluated: false,
                rotate: true,
            };
            issue::tokens(world, call, form, client, grant)
        }
    }
}

/// A second after it was handed out; a policy that blocks the user leaves it pending.
fn approve_itself(world: &mut World, at: usize) {
    let Some(device) = world.entra.devices.get(at) else {
        return;
    };
    let due = device.verdict == Verdict::Pending
        && device.expires > Instant::now()
        && device.made.elapsed() >= Duration::from_secs(1);
    if let Some(user) = device.expected.filter(|_| due)
        && may_approve(world, at, user).is_ok()
    {
        let _ = settle(world, at, Verdict::Approved(user), evidence());
    }
}
