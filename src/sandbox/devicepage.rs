//! The page at `/device`: where a person types the code, picks an account, approves or declines.

use super::{
    entra::Verdict,
    http::{Answer, Call, Payload},
    world::World,
};
use url::form_urlencoded;

/// The form; `note` says what came of the last attempt.
pub(super) fn show(call: &Call, note: &str) -> Answer {
    let code = escape(call.option("code").unwrap_or(""));
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("<p><strong>{}</strong></p>", escape(note))
    };
    page(&format!(
        "{note}<form method=\"post\" action=\"/device\">\
         <p><label>Code <input name=\"user_code\" value=\"{code}\" autofocus required></label></p>\
         <p><label>Account <input name=\"user\" placeholder=\"anna@example.com\"></label></p>\
         <p><button name=\"verdict\" value=\"approve\">Approve</button> \
         <button name=\"verdict\" value=\"decline\">Decline</button></p></form>"
    ))
}

pub(super) fn submit(world: &mut World, call: &Call) -> Answer {
    let mut code = String::new();
    let mut user = String::new();
    let mut decline = false;
    for (name, value) in form_urlencoded::parse(&call.body) {
        match name.as_ref() {
            "user_code" => code = value.into_owned(),
            "user" => user = value.into_owned(),
            "verdict" => decline = value == "decline",
            _ => {}
        }
    }
    let outcome = decide(world, &code, (!decline).then_some(user.as_str()));
    match outcome {
        Ok(()) if decline => page("<p>You declined. You may close this window.</p>"),
        Ok(()) => page("<p>You are signed in. You may close this window.</p>"),
        Err(why) => show(call, &why),
    }
}

/// Approves a code as a user, or declines it (`None`).
pub(super) fn decide(world: &mut World, code: &str, user: Option<&str>) -> Result<(), String> {
    let code = code.trim().replace('-', "");
    let verdict = match user {
        None => Verdict::Declined,
        Some(name) => {
            let at = world
                .user(name)
                .ok_or_else(|| format!("no account {name:?} in this tenant"))?;
            if !world.users.get(at).is_some_and(|u| u.signs_in) {
                return Err(format!("{name} is a shared mailbox: no one signs in as it"));
            }
            Verdict::Approved(at)
        }
    };
    let device = world
        .entra
        .devices
        .iter_mut()
        .find(|d| d.user_code.eq_ignore_ascii_case(&code));
    match device {
        Some(device) if device.verdict == Verdict::Pending => {
            device.verdict = verdict;
            Ok(())
        }
        Some(_) => Err(format!("code {code} was decided already")),
        None => Err(format!("no code {code:?}")),
    }
}

fn page(body: &str) -> Answer {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign in</title>\
         <body style=\"font-family:sans-serif;max-width:28em;margin:4em auto\"><h1>Sign in on another device</h1>{body}</body></html>"
    );
    Answer {
        status: 200,
        headers: Vec::new(),
        payload: Payload::Raw("text/html; charset=utf-8", html.into()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
