//! The pages of the sign-in, plain HTML: each one form, usable without scripts.

use super::{
    aadsts::{self, Traces},
    flow::{Flow, Purpose},
    scope,
    steps::Step,
};
use crate::sandbox::{
    directory::PASSWORD,
    http::{Answer, Call, Payload},
    world::World,
};
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 'Segoe UI',system-ui,sans-serif;background:#f2f2f2;margin:0;color:#1b1b1b}\
main{background:#fff;max-width:27rem;margin:6vh auto;padding:2.2rem 2.6rem;box-shadow:0 2px 6px #0003}\
h1{font-size:1.45rem;font-weight:600;margin:.2rem 0 1rem}small,footer{color:#605e5c}footer{text-align:center;font-size:.8rem}\
input[type=text],input[type=password]{box-sizing:border-box;width:100%;font:inherit;padding:.35rem 0;border:0;border-bottom:1px solid #666}\
input:focus{outline:0;border-color:#0067b8}button{font:inherit;padding:.35rem 1.6rem;border:0;background:#ccc;cursor:pointer}\
button:focus-visible{outline:2px solid #000;outline-offset:1px}button.go{background:#0067b8;color:#fff}\
button.row{display:block;width:100%;text-align:left;background:#fff;border-bottom:1px solid #ddd;padding:.7rem .4rem}\
button.row:hover{background:#f2f2f2}.ends{display:flex;flex-direction:row-reverse;gap:.6rem;margin-top:1.6rem}\
.enter{position:absolute;left:-99em}\
.wrong{color:#b10e1c;margin:.4rem 0}.who{color:#444;margin:0 0 .4rem}ul{padding-left:1.2rem}li{margin:.3rem 0}code{font-size:.85em}";

fn page(title: &str, status: u16, body: &str) -> Answer {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main>\
         <footer>Postern's sandbox on this computer. Nothing here reaches Microsoft.</footer></body></html>",
        escape(title)
    );
    Answer {
        status,
        headers: vec![("x-frame-options".to_owned(), "DENY".to_owned())],
        payload: Payload::Raw("text/html; charset=utf-8", html.into()),
    }
}

pub(super) fn message(title: &str, heading: &str, text: &str) -> Answer {
    let body = format!("<h1>{}</h1><p>{}</p>", escape(heading), escape(text));
    page(title, 200, &body)
}

/// What cannot be told by redirect.
pub(super) fn refused(call: &Call, number: u32, text: &str) -> Answer {
    let traces = Traces::of(call);
    let body = format!(
        "<h1>Sorry, but we're having trouble signing you in.</h1><p>AADSTS{number}: {}</p>\
         <small>Request Id: {}<br>Correlation Id: {}<br>Timestamp: {}</small>",
        escape(text),
        traces.trace,
        traces.correlation,
        traces.timestamp
    );
    page("Sign in to your account", 400, &body)
}

/// `/error?code=…`, which `error_uri` points to.
pub(super) fn explain(call: &Call) -> Answer {
    let number = call.option("code").and_then(|n| n.parse::<u32>().ok());
    match number.filter(|n| aadsts::is_known(*n)) {
        Some(number) => message(
            "Error lookup",
            &format!("AADSTS{number}"),
            aadsts::kind(number).text,
        ),
        None => message(
            "Error lookup",
            "No such code",
            "This page knows the codes of the sandbox.",
        ),
    }
}

/// Where a device's code is typed.
pub(super) fn code(code: &str, note: &str) -> Answer {
    let body = format!(
        "<h1>Enter code to allow access</h1>{}<form method=\"post\" action=\"/device\">\
         <p><label>Enter the code displayed on your app or device.\
         <input type=\"text\" name=\"user_code\" value=\"{}\" autofocus required autocomplete=\"off\"></label></p>\
         <div class=\"ends\"><button class=\"go\">Next</button></div></form>",
        wrong(note),
        escape(code)
    );
    page("Sign in to your account", 200, &body)
}

/// OAuth 2.0 Form Post Response Mode; a button for browsers without scripts.
pub(super) fn form_post(to: &str, pairs: &[(&str, String)]) -> Answer {
    let mut fields = String::new();
    for (name, value) in pairs {
        fields.push_str(&hidden(name, value));
    }
    let body = format!(
        "<form method=\"post\" action=\"{}\" id=\"answer\">{fields}<p>Going back to the application.</p>\
         <div class=\"ends\"><button class=\"go\">Continue</button></div></form>\
         <script>document.getElementById('answer').submit()</script>",
        escape(to)
    );
    page("Working...", 200, &body)
}

/// The page of one step of a sign-in.
pub(super) fn step(world: &World, call: &Call, flow: &Flow, step: &Step, note: &str) -> Answer {
    let app = world.directory.app(&flow.client);
    let app = app.map_or("the application", |a| a.name.as_str());
    let who = flow
        .user
        .map(|at| world.principal_name(at))
        .unwrap_or_default();
    let known = format!("<p class=\"who\">{}</p>", escape(&who));
    let body = match step {
        Step::Pick => pick(world, flow, note),
        Step::Password => format!(
            "{known}<h1>Enter password</h1>{}<p><input type=\"password\" name=\"password\" aria-label=\"Password\" autofocus required></p>\
             <small>In the sandbox every password is <code>{PASSWORD}</code> unless it was set otherwise.</small>{}",
            wrong(note),
            ends(
                "password",
                "Sign in",
                Some(("other", "Use another account"))
            )
        ),
        Step::NewPassword => format!(
            "{known}<h1>Update your password</h1><p>Your password has expired.</p>{}\
             <p><input type=\"password\" name=\"new_password\" placeholder=\"New password\" autofocus required></p>\
             <p><input type=\"password\" name=\"again\" placeholder=\"Confirm password\" required></p>{}",
            wrong(note),
            ends("new-password", "Sign in", None)
        ),
        Step::SecondFactor => format!(
            "{known}<h1>Approve sign in request</h1><p>Your organization asks for a second factor. On this page, the button is your telephone.</p>{}",
            ends("second-factor", "Approve", Some(("cancel", "Deny")))
        ),
        Step::Enrol => format!(
            "{known}<h1>More information required</h1><p>Your organization needs more information to keep your account secure: a second factor must be set up.</p>{}",
            ends("enrol", "Next", Some(("cancel", "Skip")))
        ),
        Step::Confirm => format!(
            "{known}<h1>Are you trying to sign in to {}?</h1><p>Only continue if you got the code from an application or website that you trust.</p>{}",
            escape(app),
            ends("confirm", "Continue", Some(("cancel", "Cancel")))
        ),
        Step::Consent(keys) => consent(world, flow, app, &known, keys),
        Step::NeedsAdministrator(keys) => format!(
            "{known}<h1>Need admin approval</h1><p><strong>{}</strong> needs permission to access resources in your organization that only an admin can grant.</p>{}\
             <small>AADSTS90094</small>{}",
            escape(app),
            listed(flow, keys),
            ends(
                "request-approval",
                "Request approval",
                Some(("cancel", "Back to the app"))
            )
        ),
        Step::Refused(number) => {
            let traces = Traces::of(call);
            let heading = match number {
                50_020 | 50_034 | 500_208 => "Selected user account does not exist in tenant",
                50_105 => "Sorry, but we're having trouble signing you in.",
                _ => "You cannot access this right now",
            };
            format!(
                "{known}<h1>{heading}</h1><p>AADSTS{number}: {}</p><small>Request Id: {}<br>Timestamp: {}</small>{}",
                escape(aadsts::kind(*number).text),
                traces.trace,
                traces.timestamp,
                ends(
                    "other",
                    "Use another account",
                    Some(("cancel", "Back to the app"))
                )
            )
        }
        Step::Done => String::new(),
    };
    let form = format!(
        "<form method=\"post\" action=\"/{}/login\">{}{body}</form>",
        escape(&flow.alias),
        hidden("flow", &flow.id)
    );
    page("Sign in to your account", 200, &form)
}

fn pick(world: &World, flow: &Flow, note: &str) -> String {
    // For the Enter key, which would press the first account otherwise.
    let mut out = String::from(
        "<button class=\"enter\" tabindex=\"-1\" aria-hidden=\"true\">Next</button><h1>Pick an account</h1>",
    );
    out.push_str(&wrong(note));
    let signed_in = flow.accounts(world);
    for (at, user) in world.users.iter().enumerate() {
        let person = world.directory.person(at);
        if !user.signs_in || person.is_none_or(|p| p.deleted) || !fits(world, flow, at) {
            continue;
        }
        let state = match signed_in.iter().any(|a| a.user == at) {
            true => "<br><small>Signed in</small>",
            false => "",
        };
        let name = world.principal_name(at);
        let _ = write!(
            out,
            "<button class=\"row\" name=\"account\" value=\"{0}\" formnovalidate>{1}<br><small>{0}</small>{state}</button>",
            escape(&name),
            escape(&user.name)
        );
    }
    let _ = write!(
        out,
        "<p><label>Another account<input type=\"text\" name=\"login\" value=\"{}\" placeholder=\"Email\" autocomplete=\"off\"></label></p>{}\
         <div class=\"ends\"><button class=\"go\">Next</button><button name=\"action\" value=\"cancel\">Cancel</button></div>",
        escape(&flow.hint),
        hidden("action", "pick")
    );
    out
}

/// Whether the account is of the kind that `domain_hint` names.
fn fits(world: &World, flow: &Flow, at: usize) -> bool {
    let personal = world
        .directory
        .person(at)
        .is_some_and(|p| p.kind == crate::sandbox::directory::Kind::Personal);
    match flow.domain.as_str() {
        "" => true,
        "consumers" => personal,
        "organizations" => !personal,
        domain => {
            let name = world.principal_name(at).to_ascii_lowercase();
            name.ends_with(&format!("@{}", domain.to_ascii_lowercase()))
        }
    }
}

fn consent(world: &World, flow: &Flow, app: &str, known: &str, keys: &[String]) -> String {
    let administrator = flow
        .user
        .and_then(|at| world.directory.person(at))
        .is_some_and(|p| p.administrator);
    let everybody = match (flow.is_administrators(), administrator) {
        (true, _) => {
            "<p>If you accept, this application gets these permissions for <strong>all users in your organization</strong>. Nobody else will be asked.</p>"
        }
        (false, true) => {
            "<p><label><input type=\"checkbox\" name=\"everybody\"> Consent on behalf of your organization</label></p>"
        }
        (false, false) => "",
    };
    let roles = match &flow.purpose {
        Purpose::Administrator { roles: true, .. } => {
            let app = world.directory.app(&flow.client);
            let wanted = app.map(|a| a.roles_wanted.clone()).unwrap_or_default();
            let rows = wanted.iter().map(|r| {
                format!(
                    "<li>Act on all mailboxes without a signed-in user<br><code>{}</code></li>",
                    escape(r)
                )
            });
            let rows: String = rows.collect();
            format!("<ul>{rows}</ul>")
        }
        _ => String::new(),
    };
    format!(
        "{known}<h1>Permissions requested</h1><p><strong>{}</strong><br><small>unverified</small></p><p>This application would like to:</p>{}{roles}{everybody}{}",
        escape(app),
        listed(flow, keys),
        ends("consent", "Accept", Some(("cancel", "Cancel")))
    )
}

fn listed(flow: &Flow, keys: &[String]) -> String {
    let oidc = flow.wanted.oidc.iter().map(|o| (*o).to_owned());
    let rows = keys.iter().cloned().chain(oidc).map(|key| {
        let name = key.rsplit('/').next().unwrap_or(&key);
        format!(
            "<li>{}<br><code>{}</code></li>",
            escape(scope::meaning(&key)),
            escape(name)
        )
    });
    format!("<ul>{}</ul>", rows.collect::<String>())
}

/// The buttons at the end: what goes on, what goes back. The Enter key presses the first of a form.
fn ends(action: &str, label: &str, other: Option<(&str, &str)>) -> String {
    let other = other.map_or_else(String::new, |(action, label)| {
        format!("<button name=\"action\" value=\"{action}\" formnovalidate>{label}</button>")
    });
    format!(
        "<div class=\"ends\"><button class=\"go\" name=\"action\" value=\"{action}\">{label}</button>{other}</div>"
    )
}

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
        escape(name),
        escape(value)
    )
}

fn wrong(note: &str) -> String {
    match note {
        "" => String::new(),
        note => format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(note)),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
