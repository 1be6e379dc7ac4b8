//! Sending: sendMail in both forms, draft and send, transport between the tenant's mailboxes, and
//! non-delivery reports (dossier 04).

use super::{
    Shared,
    compose::{has_field, new_message_id, reheaded},
    create::{from_json, mime_body},
    http::{Answer, Outcome, error, not_found},
    mailbox::Item,
    messages,
    mimeview::{self, Content, Props},
    rights::{self, Sender},
    route::{Ctx, Target, item_number},
    traffic,
    world::World,
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

/// Recipients of one message.
const MOST_RECIPIENTS: usize = 500;

/// Mail on its way into a mailbox.
#[derive(Debug)]
pub(super) struct Transit {
    due: Instant,
    mailbox: usize,
    folder: &'static str,
    parcel: Parcel,
}

#[derive(Debug)]
enum Parcel {
    New(Item),
    /// A sent draft keeps its immutable id.
    Same(Item),
}

pub(super) fn send_mail(ctx: &mut Ctx<'_>, target: &Target) -> Outcome {
    if ctx.call.is_mime() {
        let mime = mime_body(ctx.call)?;
        let sent = submission(ctx, target, &mime, false)?;
        let later = traffic::may_send(ctx.world, target.at, sent.recipients.len())?;
        dispatch(ctx, target, sent, Copy::New, later);
        return Ok(Answer::accepted());
    }
    let body = ctx.call.json()?;
    let part = |a: &str, b: &str| body.get(a).or_else(|| body.get(b)).cloned();
    let message = part("message", "Message").ok_or_else(super::http::undeserializable)?;
    let keep = match part("saveToSentItems", "SaveToSentItems") {
        Some(Value::Bool(keep)) => keep,
        Some(Value::String(text)) => !text.eq_ignore_ascii_case("false"),
        _ => true,
    };
    let item = from_json(&message, ctx.now)?;
    let sent = submission(ctx, target, item.content.mime(), true)?;
    let later = traffic::may_send(ctx.world, target.at, sent.recipients.len())?;
    let copy = if keep { Copy::New } else { Copy::None };
    dispatch(ctx, target, sent, copy, later);
    Ok(Answer::accepted())
}

pub(super) fn send_draft(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let number = item_number(ctx.world.mailbox(target.at)?, id)?;
    let item = messages::item(ctx.world, target, number)?;
    if !item.draft {
        return Err(error(
            400,
            "ErrorInvalidRequest",
            "The message was sent already: only drafts can be sent.",
        ));
    }
    let mime = item.content.mime().clone();
    let sent = submission(ctx, target, &mime, true)?;
    let later = traffic::may_send(ctx.world, target.at, sent.recipients.len())?;
    // It leaves the drafts at once, and shows in Sent Items a moment later.
    let item = ctx
        .world
        .mailbox_mut(target.at)?
        .leave(number)
        .ok_or_else(not_found)?;
    dispatch(ctx, target, sent, Copy::Same(Box::new(item)), later);
    Ok(Answer::accepted())
}

enum Copy {
    None,
    New,
    Same(Box<Item>),
}

struct Submission {
    /// With Bcc, for the sender's own copy.
    mime: Vec<u8>,
    recipients: Vec<String>,
    props: Props,
}

/// Checks sender and recipients and makes what is sent of what was handed in.
fn submission(
    ctx: &Ctx<'_>,
    target: &Target,
    mime: &[u8],
    trusts_from: bool,
) -> Outcome<Submission> {
    let props = mimeview::read(mime);
    let everyone = props.to.iter().chain(&props.cc).chain(&props.bcc);
    let mut recipients: Vec<String> = Vec::new();
    for person in everyone.filter(|p| !p.address.is_empty()) {
        if !is_address(&person.address) {
            let text = format!(
                "At least one recipient is not valid., Recipient '{}' is not resolved. All recipients must be resolved before a message can be submitted.",
                person.address
            );
            return Err(error(400, "ErrorInvalidRecipients", &text));
        }
        if !recipients
            .iter()
            .any(|r| r.eq_ignore_ascii_case(&person.address))
        {
            recipients.push(person.address.clone());
        }
    }
    if recipients.is_empty() {
        return Err(error(
            400,
            "ErrorInvalidRecipients",
            "At least one recipient is not valid., A message can't be sent because it contains no recipients.",
        ));
    }
    if recipients.len() > MOST_RECIPIENTS {
        return Err(error(
            400,
            "ErrorExceededMaxRecipientLimit",
            "The message has more recipients than are allowed.",
        ));
    }
    let switches = &ctx.world.switches;
    let custom = match trusts_from || switches.on("mime-x-headers") {
        true => Vec::new(),
        false => custom_fields(&props),
    };
    let mut without = vec!["Date", "Return-Path", "Received"];
    without.extend(custom.iter().map(String::as_str));
    if trusts_from || !switches.on("mime-auto-submitted") {
        without.push("Auto-Submitted");
    }
    if trusts_from || !switches.on("mime-sender") {
        without.push("Sender");
    }
    let mut add = format!("Date: {}\r\n", date(ctx.now));
    let (replaced, lines) = from_lines(ctx, target, &props, trusts_from)?;
    if replaced {
        without.push("From");
    }
    add.push_str(&lines);
    if !has_field(mime, "Message-ID") {
        let _ = write!(add, "Message-ID: {}\r\n", new_message_id());
    }
    let mime = reheaded(mime, &without, &add);
    Ok(Submission {
        props: mimeview::read(&mime),
        mime,
        recipients,
    })
}

fn custom_fields(props: &Props) -> Vec<String> {
    let names = props.headers.iter().map(|(name, _)| name.clone());
    names
        .filter(|name| name.to_ascii_lowercase().starts_with("x-"))
        .collect()
}

fn is_address(text: &str) -> bool {
    let domain = text.rsplit_once('@').map_or(
        "",
        |(local, domain)| if local.is_empty() { "" } else { domain },
    );
    !domain.is_empty()
        && !text.contains([' ', '<', '>', ','])
        && !domain.contains("..")
        && !domain.starts_with('.')
}

/// Whether the submitted From is replaced, and the fields that are added: From, and the Sender of mail
/// sent on behalf of somebody.
fn from_lines(
    ctx: &Ctx<'_>,
    target: &Target,
    props: &Props,
    trusts_from: bool,
) -> Outcome<(bool, String)> {
    let from = props.from.as_ref().map(|f| f.address.as_str());
    let sender = rights::sender(ctx, target, from, trusts_from)?;
    let line = |field: &str, at: usize| {
        let user = ctx.world.users.get(at);
        user.map(|u| format!("{field}: {} <{}>\r\n", quoted(&u.name), u.address))
            .unwrap_or_default()
    };
    let replaced = from.is_none() || sender == Sender::Primary;
    let mut lines = match replaced {
        true => line("From", target.at),
        false => String::new(),
    };
    if let Sender::OnBehalf(user) = sender {
        lines.push_str(&line("Sender", user));
    }
    Ok((replaced, lines))
}

fn quoted(name: &str) -> String {
    if name.is_ascii() {
        format!("\"{}\"", name.replace(['"', '\\'], ""))
    } else {
        use base64::{Engine, engine::general_purpose::STANDARD};
        format!("=?utf-8?B?{}?=", STANDARD.encode(name))
    }
}

fn date(unix: i64) -> String {
    chrono::DateTime::from_timestamp(unix, 0)
        .unwrap_or_default()
        .format("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

/// `later`: how long transport keeps it back.
fn dispatch(ctx: &mut Ctx<'_>, target: &Target, sent: Submission, copy: Copy, later: Duration) {
    let (now, at) = (ctx.now, target.at);
    let world = &mut *ctx.world;
    let begun = Instant::now() + later;
    let wait = |name: &str| begun + Duration::from_millis(world.switches.number(name));
    let (delivered, copied) = (wait("deliver-ms"), wait("sent-ms"));
    let owner = world
        .users
        .get(at)
        .map(|u| u.address.clone())
        .unwrap_or_default();
    let seen = reheaded(&sent.mime, &["Bcc"], &transport(&owner, now));
    let mut unknown = Vec::new();
    for recipient in &sent.recipients {
        match world.user(recipient) {
            Some(mailbox) => {
                let item = Item::new(Arc::new(Content::new(seen.clone())), now);
                let parcel = Parcel::New(item);
                world.transit.push(Transit {
                    due: delivered,
                    mailbox,
                    folder: "inbox",
                    parcel,
                });
            }
            None if bounces(world, recipient) => unknown.push(recipient.clone()),
            // Mail to other domains leaves the tenant.
            None => {}
        }
    }
    if !unknown.is_empty() {
        let report = non_delivery(world, &owner, &sent, &unknown, now);
        let item = Item::new(Arc::new(Content::new(report)), now);
        world.transit.push(Transit {
            due: delivered,
            mailbox: at,
            folder: "inbox",
            parcel: Parcel::New(item),
        });
    }
    world.journal.submissions.push(json!({
        "from": sent.props.from.as_ref().map(|f| f.address.as_str()),
        "mailbox": owner,
        "recipients": sent.recipients,
        "message_id": sent.props.message_id,
        "subject": sent.props.subject,
        "sha256": digest(&SHA256, &sent.mime).as_ref().iter().fold(String::new(), |text, b| format!("{text}{b:02x}")),
        "at": now,
    }));
    let content = Arc::new(Content::new(sent.mime));
    let (parcel, time) = match copy {
        Copy::None => return,
        Copy::New => (Parcel::New(Item::new(content, now)), now),
        Copy::Same(item) => (Parcel::Same(Item { content, ..*item }), now),
    };
    let mut parcel = parcel;
    let (Parcel::New(item) | Parcel::Same(item)) = &mut parcel;
    (item.read, item.draft, item.sent) = (true, false, Some(time));
    (item.received, item.modified) = (time, time);
    world.transit.push(Transit {
        due: copied,
        mailbox: at,
        folder: "sentitems",
        parcel,
    });
}

/// The trace that transport leaves.
fn transport(sender: &str, unix: i64) -> String {
    format!(
        "Received: from XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM ([fe80::1]) by XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM\r\n ([fe80::1%7]) with mapi id 15.20.8335.017; {}\r\nReturn-Path: {sender}\r\n",
        date(unix)
    )
}

/// Addresses in the tenant's own domain must exist; `.invalid` (RFC 2606) never does.
fn bounces(world: &World, recipient: &str) -> bool {
    let domain = recipient
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
        .to_ascii_lowercase();
    domain == world.tenant.domain.to_ascii_lowercase() || domain.ends_with(".invalid")
}

fn non_delivery(
    world: &World,
    owner: &str,
    sent: &Submission,
    unknown: &[String],
    unix: i64,
) -> Vec<u8> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let subject = sent.props.subject.replace(['\r', '\n'], " ");
    let (block, _) = super::compose::split(&sent.mime);
    let mut status = format!(
        "Reporting-MTA: dns;XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM\r\nArrival-Date: {}\r\n",
        date(unix)
    );
    let mut text = String::from("Your message could not be delivered to these recipients:\r\n\r\n");
    for address in unknown {
        let _ = write!(text, "  {address}\r\n");
        let _ = write!(
            status,
            "\r\nFinal-Recipient: rfc822;{address}\r\nAction: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {address} not found by SMTP address lookup\r\n"
        );
    }
    let encoded = quoted(&format!("Undeliverable: {subject}"));
    let subject = if subject.is_ascii() {
        format!("Undeliverable: {subject}")
    } else {
        encoded
    };
    let head = format!(
        "From: \"Microsoft Outlook\" <MicrosoftExchange{id}@{}>\r\nTo: <{owner}>\r\nSubject: {subject}\r\nDate: {}\r\nMessage-ID: {}\r\nIn-Reply-To: {}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"{id}\"\r\n\r\n",
        world.tenant.domain,
        date(unix),
        new_message_id(),
        sent.props.message_id.as_deref().unwrap_or("<>"),
    );
    let mut out = head.into_bytes();
    for (kind, content) in [
        ("text/plain; charset=utf-8", text.as_bytes()),
        ("message/delivery-status", status.as_bytes()),
        ("text/rfc822-headers", block),
    ] {
        out.extend_from_slice(format!("--{id}\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{id}--\r\n").as_bytes());
    out
}

/// Puts what is due into its mailboxes.
pub(super) fn deliver_due(world: &mut World) {
    let (now, date) = (Instant::now(), world.now());
    let (due, waiting) = std::mem::take(&mut world.transit)
        .into_iter()
        .partition::<Vec<_>, _>(|t| t.due <= now);
    world.transit = waiting;
    for transit in due {
        let Some(mailbox) = world.boxes.get_mut(transit.mailbox) else {
            continue;
        };
        let folder = mailbox.role(transit.folder);
        match transit.parcel {
            Parcel::New(mut item) => {
                item.received = date;
                mailbox.add(folder, item);
            }
            Parcel::Same(item) => mailbox.put_back(folder, item),
        }
    }
}

/// Delivers in the background, until the sandbox stops.
pub(super) async fn carry(shared: Shared) {
    loop {
        let next = {
            let mut world = shared.world();
            deliver_due(&mut world);
            world.transit.iter().map(|t| t.due).min()
        };
        let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.wake.notified() => {}
            () = tokio::time::sleep_until(next.into()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_text() {
        for good in ["a@example.com", "a.b+c@mail.example.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "a",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@example..com",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert_eq!(date(1_736_871_102), "Tue, 14 Jan 2025 16:11:42 +0000");
    }
}
