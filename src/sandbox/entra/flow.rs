//! A sign-in under way in a browser: what it is for, how far it is, and what the person does next.
//!
//! Each page is one form that posts to `/{tenant}/login` with the id of the flow and an `action`.

use super::{
    Form, aadsts,
    authorize::{self, Back, Mode, Prompt, Request},
    consent,
    device::{self, Verdict},
    field, form, grant, page,
    policy::Evidence,
    scope::Wanted,
    secret,
    session::{self, SignedIn},
    steps::{self, Step},
};
use crate::sandbox::{
    http::{Answer, Call},
    world::{World, now},
};

/// A page left open for longer must be begun again.
const LIFE: i64 = 3_600;

#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) id: String,
    pub(super) alias: String,
    pub(super) purpose: Purpose,
    pub(super) client: String,
    pub(super) wanted: Wanted,
    pub(super) prompt: Prompt,
    /// Whom the client or the person has named.
    pub(super) hint: String,
    /// `consumers`, `organizations` or a domain.
    pub(super) domain: String,
    session: Option<String>,
    pub(super) user: Option<usize>,
    /// Typed in this flow, or known from the session.
    pub(super) password: bool,
    pub(super) second_factor: bool,
    pub(super) signed_in: i64,
    pub(super) confirmed: bool,
    pub(super) consented: bool,
    made: i64,
}

#[derive(Debug, Clone)]
pub(super) enum Purpose {
    Request(Box<Request>),
    /// By the code that was typed.
    Device(String),
    Administrator {
        back: Back,
        roles: bool,
    },
}

impl Flow {
    fn new(
        world: &World,
        call: &Call,
        alias: &str,
        client: &str,
        wanted: Wanted,
        purpose: Purpose,
    ) -> Self {
        Self {
            id: secret(),
            alias: alias.to_owned(),
            purpose,
            client: client.to_owned(),
            wanted,
            prompt: Prompt::default(),
            hint: String::new(),
            domain: String::new(),
            session: session::of(world, call),
            user: None,
            password: false,
            second_factor: false,
            signed_in: 0,
            confirmed: false,
            consented: false,
            made: now(),
        }
    }

    pub(super) fn age(&mut self, seconds: i64) {
        self.made -= seconds;
    }

    pub(super) fn evidence(&self) -> Evidence {
        Evidence {
            second_factor: self.second_factor,
            at: self.signed_in,
            device_code: matches!(self.purpose, Purpose::Device(_)),
        }
    }

    pub(super) fn accounts(&self, world: &World) -> Vec<SignedIn> {
        session::accounts(world, self.session.as_deref())
    }

    /// Whether the person is about to grant for everybody.
    pub(super) fn is_administrators(&self) -> bool {
        self.prompt.administrator || matches!(self.purpose, Purpose::Administrator { .. })
    }

    /// Goes on as somebody who is signed in already.
    fn take(&mut self, one: SignedIn) {
        self.user = Some(one.user);
        if !self.prompt.login {
            self.password = true;
            self.second_factor = one.second_factor;
            self.signed_in = one.at;
        }
    }

    /// Uses the session where that needs no person: its only account, or the one that the hint names.
    fn take_session(&mut self, world: &World) {
        if self.prompt.select || self.user.is_some() {
            return;
        }
        let accounts = self.accounts(world);
        let hinted = world.user(&self.hint).filter(|_| !self.hint.is_empty());
        let one = match (hinted, accounts.as_slice()) {
            (Some(user), all) => all.iter().find(|a| a.user == user).copied(),
            (None, [only]) if self.hint.is_empty() => Some(*only),
            _ => None,
        };
        match one {
            Some(one) => self.take(one),
            None => self.user = hinted,
        }
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "each is a parameter of the request"
)]
pub(super) fn for_request(
    world: &mut World,
    call: &Call,
    alias: &str,
    client: &str,
    wanted: Wanted,
    request: Request,
    prompt: Prompt,
    hint: &str,
    domain: &str,
) -> Answer {
    let purpose = Purpose::Request(Box::new(request.clone()));
    let mut flow = Flow::new(world, call, alias, client, wanted, purpose);
    flow.prompt = prompt;
    hint.clone_into(&mut flow.hint);
    domain.clone_into(&mut flow.domain);
    flow.take_session(world);
    if !prompt.none {
        return show(world, call, flow, "");
    }
    let number = match steps::next(world, &flow) {
        Step::Done => return done(world, call, flow),
        Step::Pick if flow.accounts(world).len() > 1 => 16_000,
        Step::Pick | Step::Password => 50_058,
        Step::NewPassword => 50_055,
        Step::SecondFactor => 50_076,
        Step::Enrol => 50_079,
        Step::Consent(_) | Step::Confirm => 65_001,
        Step::NeedsAdministrator(_) => 90_094,
        Step::Refused(number) => number,
    };
    let text = aadsts::kind(number).text;
    request.back.refuse(world, call, number, text, None)
}

pub(super) fn for_device(world: &mut World, call: &Call, at: usize) -> Answer {
    let Some(device) = world.entra.devices.get(at) else {
        return page::code("", "That code didn't work.");
    };
    let purpose = Purpose::Device(device.user_code.clone());
    let (alias, client) = (device.alias.clone(), device.client.clone());
    let wanted = device.wanted.clone();
    let mut flow = Flow::new(world, call, &alias, &client, wanted, purpose);
    // Somebody else may have typed the code: the account is always asked for.
    flow.prompt.select = true;
    show(world, call, flow, "")
}

#[allow(
    clippy::too_many_arguments,
    reason = "each is a parameter of the request"
)]
pub(super) fn for_administrator(
    world: &mut World,
    call: &Call,
    alias: &str,
    client: &str,
    wanted: Wanted,
    redirect: String,
    state: Option<String>,
    roles: bool,
) -> Answer {
    let back = Back {
        redirect,
        mode: Mode::Query,
        state,
    };
    let purpose = Purpose::Administrator { back, roles };
    let mut flow = Flow::new(world, call, alias, client, wanted, purpose);
    flow.take_session(world);
    show(world, call, flow, "")
}

/// Shows the page of the next step; `note` says what was wrong with the last.
fn show(world: &mut World, call: &Call, flow: Flow, note: &str) -> Answer {
    let step = steps::next(world, &flow);
    if step == Step::Done {
        return done(world, call, flow);
    }
    let answer = page::step(world, call, &flow, &step, note);
    world.entra.flows.insert(flow.id.clone(), flow);
    answer
}

/// What the person did on a page.
pub(super) fn proceed(world: &mut World, call: &Call, _alias: &str) -> Answer {
    let form = form(call);
    let flow = world.entra.flows.get(field(&form, "flow")).cloned();
    let Some(mut flow) = flow.filter(|f| now() - f.made < LIFE) else {
        let text = aadsts::kind(50_089).text;
        return page::refused(call, 50_089, text);
    };
    let before = flow.session.clone();
    let acted = act(world, call, &mut flow, &form);
    let session = flow.session.clone();
    let answer = match acted {
        Ok(note) => show(world, call, flow, &note),
        Err(answer) => {
            world.entra.flows.remove(&flow.id);
            *answer
        }
    };
    match session.filter(|id| before.as_ref() != Some(id)) {
        Some(id) => session::with_cookie(answer, call, &id),
        None => answer,
    }
}

/// `Ok` goes on, with a note for the page; `Err` ends the flow.
fn act(
    world: &mut World,
    call: &Call,
    flow: &mut Flow,
    form: &Form,
) -> Result<String, Box<Answer>> {
    let note = match field(form, "action") {
        "pick" => match field(form, "account") {
            "" => pick(world, flow, field(form, "login")),
            row => pick(world, flow, row),
        },
        "password" => password(world, flow, field(form, "password")),
        "new-password" => new_password(world, flow, form),
        "second-factor" if flow.password => {
            flow.second_factor = true;
            remember(world, flow);
            ""
        }
        "enrol" if flow.password => {
            if let Some(person) = flow.user.and_then(|at| world.directory.people.get_mut(at)) {
                person.second_factor = true;
            }
            ""
        }
        "confirm" => {
            flow.confirmed = true;
            ""
        }
        "consent" => {
            accept(world, flow, form);
            ""
        }
        "other" => {
            (flow.user, flow.password, flow.second_factor) = (None, false, false);
            flow.hint.clear();
            flow.prompt.select = true;
            ""
        }
        "request-approval" => return Err(Box::new(ask_administrator(world, call, flow))),
        "cancel" => return Err(Box::new(cancelled(world, call, flow))),
        _ => "This page is out of date: go on from here.",
    };
    Ok(note.to_owned())
}

fn pick(world: &World, flow: &mut Flow, login: &str) -> &'static str {
    login.clone_into(&mut flow.hint);
    let Some(user) = world.user(login.trim()) else {
        return "This username may be incorrect. Make sure that you typed it correctly. (AADSTS50034)";
    };
    let known = flow.accounts(world).into_iter().find(|a| a.user == user);
    (flow.user, flow.password, flow.second_factor) = (Some(user), false, false);
    if let Some(one) = known {
        flow.take(one);
    }
    ""
}

fn password(world: &mut World, flow: &mut Flow, given: &str) -> &'static str {
    let Some(user) = flow.user else {
        return "Pick an account first.";
    };
    match grant::check_password(world, user, given) {
        Ok(()) => {
            flow.password = true;
            flow.signed_in = now();
            remember(world, flow);
            ""
        }
        Err(50_126) => "Your account or password is incorrect. (AADSTS50126)",
        Err(50_053) => {
            "Your account is locked after too many wrong passwords. Try again later. (AADSTS50053)"
        }
        // Shown by the next step.
        Err(_) => {
            flow.password = true;
            ""
        }
    }
}

fn new_password(world: &mut World, flow: &mut Flow, form: &Form) -> &'static str {
    let new = field(form, "new_password");
    let Some(user) = flow.user.filter(|_| flow.password) else {
        return "Sign in first.";
    };
    if new.is_empty() || new != field(form, "again") {
        return "The two entries differ.";
    }
    let stamp = world.entra.stamp();
    if let Some(person) = world.directory.people.get_mut(user) {
        if person.password == new {
            return "The new password must differ from the old one.";
        }
        new.clone_into(&mut person.password);
        person.password_expired = false;
        person.password_changed = stamp;
    }
    remember(world, flow);
    ""
}

/// The browser stays signed in.
fn remember(world: &mut World, flow: &mut Flow) {
    if let Some(user) = flow.user {
        let one = SignedIn {
            user,
            at: flow.signed_in,
            second_factor: flow.second_factor,
            stamp: world.entra.stamp(),
        };
        flow.session = Some(session::sign_in(world, flow.session.take(), one));
    }
}

/// Only what the page showed is granted, by somebody who may.
fn accept(world: &mut World, flow: &mut Flow, form: &Form) {
    let Step::Consent(keys) = steps::next(world, flow) else {
        return;
    };
    let Some(user) = flow.user else { return };
    let administrator = world
        .directory
        .person(user)
        .is_some_and(|p| p.administrator);
    let everybody = field(form, "everybody") == "on" || flow.is_administrators();
    if everybody && administrator {
        let roles = matches!(flow.purpose, Purpose::Administrator { roles: true, .. });
        consent::grant_all(world, &flow.client, &flow.wanted, roles);
    }
    let consents = &mut world.directory.consents;
    consents.grant(&flow.client, Some(user), &keys);
    flow.consented = true;
}

fn ask_administrator(world: &World, call: &Call, flow: &Flow) -> Answer {
    let text = aadsts::kind(90_095).text;
    match &flow.purpose {
        Purpose::Request(request) => request.back.refuse(world, call, 90_095, text, None),
        _ => page::message(
            "Approval requested",
            "The request was sent",
            "An administrator must approve it. Sign in again afterwards.",
        ),
    }
}

fn cancelled(world: &mut World, call: &Call, flow: &Flow) -> Answer {
    match &flow.purpose {
        Purpose::Request(request) => {
            let text = aadsts::kind(65_004).text;
            request
                .back
                .refuse(world, call, 65_004, text, Some("cancel"))
        }
        Purpose::Device(code) => {
            if let Ok(at) = device::waiting(world, code) {
                let _ = device::settle(world, at, Verdict::Declined, flow.evidence());
            }
            page::message(
                "Sign-in declined",
                "You declined",
                "Nothing was signed in. You may now close this window.",
            )
        }
        Purpose::Administrator { back, .. } => back.answer(vec![
            ("error", "permission_denied".to_owned()),
            (
                "error_description",
                "The admin canceled the request".to_owned(),
            ),
        ]),
    }
}

fn done(world: &mut World, call: &Call, flow: Flow) -> Answer {
    world.entra.flows.remove(&flow.id);
    let Some(user) = flow.user else {
        return page::refused(call, 50_089, aadsts::kind(50_089).text);
    };
    match &flow.purpose {
        Purpose::Request(request) => {
            authorize::finish(world, call, &flow, request, user, flow.evidence())
        }
        Purpose::Device(code) => {
            let verdict = Verdict::Approved(user);
            let settled = device::waiting(world, code)
                .and_then(|at| device::settle(world, at, verdict, flow.evidence()));
            match settled {
                Ok(()) => page::message(
                    "Signed in",
                    "You are signed in",
                    "You have signed in to the application on your device. You may now close this window.",
                ),
                Err(_) => page::code("", "That code was used already, or has expired."),
            }
        }
        Purpose::Administrator { back, .. } => {
            let mut pairs = vec![("tenant", world.tenant.id.clone())];
            pairs.push(("admin_consent", "True".to_owned()));
            back.answer(pairs)
        }
    }
}
