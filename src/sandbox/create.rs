//! Creating and changing messages, by JSON and by MIME (dossier 03 sections 7 and 8).

use super::{
    attachments,
    compose::{Draft, has_field, new_message_id, reheaded},
    extended,
    folders::context,
    http::{
        Answer, Call, Outcome, Payload, bad_request, error, not_found, percent_encode,
        undeserializable,
    },
    ids,
    mailbox::Item,
    mimeview::Content,
    project::{self, Shape, entity},
    route::{Ctx, Target, real_folder},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Accepted in a creating POST without any effect (surprise 5).
const IGNORED: &[&str] = &[
    "@odata.type",
    "receivedDateTime",
    "sentDateTime",
    "createdDateTime",
    "lastModifiedDateTime",
    "bodyPreview",
    "hasAttachments",
    "isDraft",
    "multiValueExtendedProperties",
];
/// Octets of base64 from which a MIME was once answered 200 without any effect (surprise 9).
const SILENT: usize = 2_200_000;
/// Changeable while the message is a draft.
const DRAFT_ONLY: &[&str] = &[
    "subject",
    "body",
    "replyTo",
    "internetMessageId",
    "from",
    "sender",
];

pub(super) fn create(ctx: &mut Ctx<'_>, target: &Target, folder: Option<&str>) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = match folder {
        Some(id) => real_folder(mailbox, id)?,
        None => mailbox.role("drafts"),
    };
    let item = if ctx.call.is_mime() {
        if folder.is_some() && !ctx.world.switches.on("mime-folder-post") {
            return Err(undeserializable());
        }
        let item = from_mime(ctx.call, ctx.now)?;
        if ctx.world.switches.on("silent-200") && ctx.call.body.len() >= SILENT {
            return Ok(Answer::json(200, json!({})));
        }
        item
    } else {
        let body = ctx.call.json()?;
        let mut item = from_json(&body, ctx.now)?;
        let flags = extended::written(&body)?.into_iter().rev();
        let mut flags = flags.filter(|(id, _)| id == "Integer 0xe07");
        if let Some((_, flags)) = flags.next() {
            let flags = flags.parse::<u32>().unwrap_or(8);
            let mask = ctx.world.switches.text("nondraft-flags").parse();
            item.draft = flags & 8 != 0 || mask.is_ok_and(|mask: u32| flags & mask == 0);
        }
        item
    };
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let number = mailbox.add(at, item);
    let shape = Shape {
        immutable: ctx.call.immutable(),
        ..Shape::default()
    };
    let mailbox = ctx.world.mailbox(target.at)?;
    let item = mailbox.items.get(&number).ok_or_else(not_found)?;
    let id = project::item_id(mailbox, item, shape.immutable);
    let within = match folder {
        Some(_) => format!(
            "mailFolders('{}')/messages/$entity",
            percent_encode(&mailbox.keys.folder(at))
        ),
        None => "messages/$entity".into(),
    };
    let object = project::message(ctx.world, target.at, item, &shape)?;
    let location = format!("{}/v1.0/{}/messages('{id}')", ctx.call.base, target.plain);
    Ok(Answer::json(201, entity(context(ctx, target, &within), object)).with("location", location))
}

/// `PUT` of a draft's `$value`.
pub(super) fn replace(ctx: &mut Ctx<'_>, target: &Target, number: u64) -> Outcome<()> {
    let now = ctx.now;
    let content = from_mime(ctx.call, now)?.content;
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    if !mailbox.items.get(&number).is_some_and(|item| item.draft) {
        return Err(not_updatable("$value"));
    }
    mailbox.change(number, false, now, |item| item.content = content);
    Ok(())
}

/// The MIME in a `text/plain` body of base64.
pub(super) fn mime_body(call: &Call) -> Outcome<Vec<u8>> {
    let text: Vec<u8> = call
        .body
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    if text.is_empty() {
        return Err(undeserializable());
    }
    let mime = STANDARD.decode(text).map_err(|_| {
        error(
            400,
            "ErrorMimeContentInvalidBase64String",
            "Invalid base64 string for MIME content.",
        )
    })?;
    let bare = mime
        .iter()
        .zip(std::iter::once(&0).chain(&mime))
        .any(|(b, before)| *b == b'\n' && *before != b'\r');
    if mime.is_empty() || bare {
        return Err(undeserializable());
    }
    Ok(mime)
}

/// Always a draft, and read; a missing Message-ID is made up.
fn from_mime(call: &Call, now: i64) -> Outcome<Item> {
    let mut mime = mime_body(call)?;
    if !has_field(&mime, "Message-ID") {
        mime = reheaded(&mime, &[], &format!("Message-ID: {}\r\n", new_message_id()));
    }
    let mut item = Item::new(Arc::new(Content::new(mime)), now);
    item.draft = true;
    item.read = true;
    Ok(item)
}

/// An item from a message in JSON. Not a draft if `Integer 0x0E07` says so; its times may be set by
/// MAPI tags, and only by them.
pub(super) fn from_json(body: &Value, now: i64) -> Outcome<Item> {
    let mut draft = Draft {
        date: now,
        ..Draft::default()
    };
    let mut item = Item::new(Arc::new(Content::new(Vec::new())), now);
    item.draft = true;
    item.read = true;
    item.sent = Some(now);
    let extended = extended::written(body)?;
    for (name, value) in body.as_object().ok_or_else(undeserializable)? {
        if name == "attachments" {
            let list = value.as_array().ok_or_else(undeserializable)?;
            draft.attachments = list.iter().map(attachments::read).collect::<Outcome<_>>()?;
        } else if name != "singleValueExtendedProperties"
            && !IGNORED.contains(&name.as_str())
            && !draft.set(name, value)?
            && !state(&mut item, name, value)?
        {
            return Err(undeserializable());
        }
    }
    if draft.sender.is_none() {
        draft.sender.clone_from(&draft.from);
    }
    for (id, value) in extended {
        tag(&mut item, &mut draft, id, value);
    }
    item.multi.extend(extended::written_multi(body)?);
    item.content = Arc::new(Content::new(draft.to_mime()));
    Ok(item)
}

/// A MAPI tag in a creating POST.
fn tag(item: &mut Item, draft: &mut Draft, id: String, value: String) {
    let time = || {
        chrono::DateTime::parse_from_rfc3339(&value)
            .ok()
            .map(|t| t.timestamp())
    };
    match id.split_once(' ').map_or("", |(_, tag)| tag) {
        // 1 and 4 are both in use for "not a draft": what counts is that UNSENT (8) is clear.
        "0xe07" => item.draft = value.parse::<u32>().is_ok_and(|flags| flags & 8 != 0),
        "0xe06" => item.received = time().unwrap_or(item.received),
        "0x39" => item.sent = time().or(item.sent),
        "0x1042" => draft.in_reply_to = Some(value),
        "0x1039" => draft.references = Some(value),
        "0x1035" => draft.message_id = Some(value),
        "0xe08" | "0xe23" => {}
        _ => {
            item.extended.insert(id, value);
        }
    }
}

/// A property that is not content; false for an unknown name.
fn state(item: &mut Item, name: &str, value: &Value) -> Outcome<bool> {
    match name {
        "isRead" => item.read = value.as_bool().ok_or_else(undeserializable)?,
        "categories" => {
            let list = value.as_array().ok_or_else(undeserializable)?;
            let names = list.iter().map(|c| c.as_str().map(str::to_owned));
            item.categories = names
                .collect::<Option<Vec<_>>>()
                .ok_or_else(undeserializable)?;
        }
        "flag" => item.flag = flag(value)?,
        "inferenceClassification" => match value.as_str() {
            Some(class @ ("focused" | "other")) => item.inference = Some(class.to_owned()),
            _ => return Err(undeserializable()),
        },
        _ => return Ok(false),
    }
    Ok(true)
}

fn importance(value: &Value) -> Outcome<String> {
    let known = ["low", "normal", "high"].into_iter();
    let given = value.as_str().unwrap_or("");
    let mut known = known.filter(|k| k.eq_ignore_ascii_case(given));
    known.next().map(str::to_owned).ok_or_else(undeserializable)
}

/// followupFlag: a due date needs a start date.
fn flag(value: &Value) -> Outcome<Value> {
    let status = value
        .get("flagStatus")
        .and_then(Value::as_str)
        .unwrap_or("notFlagged");
    let known = ["notFlagged", "flagged", "complete"]
        .iter()
        .find(|k| k.eq_ignore_ascii_case(status));
    let known = known.ok_or_else(|| bad_request("The value of flagStatus is not valid."))?;
    let has = |name: &str| value.get(name).is_some_and(|v| !v.is_null());
    if has("dueDateTime") && !has("startDateTime") {
        return Err(error(
            400,
            "ErrorInvalidArgument",
            "The start date of a flag is required where it has a due date.",
        ));
    }
    let mut out = Map::new();
    out.insert("flagStatus".into(), json!(known));
    for name in ["startDateTime", "dueDateTime", "completedDateTime"] {
        if *known != "notFlagged" && has(name) {
            out.insert(name.into(), value.get(name).cloned().unwrap_or_default());
        }
    }
    Ok(Value::Object(out))
}

/// Applies a PATCH body. Nothing but `isRead` leaves change key and modification time alone.
pub(super) fn change(ctx: &mut Ctx<'_>, target: &Target, number: u64) -> Outcome<()> {
    let body = ctx.call.json()?;
    let extended = extended::written(&body)?;
    let multi = extended::written_multi(&body)?;
    let now = ctx.now;
    let switches = &ctx.world.switches;
    let (flags_drafts, dates) = (switches.on("draft-flag"), switches.on("mapi-patch"));
    let sent_code = switches.value("sent-patch-code").clone();
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let old = mailbox.items.get(&number).ok_or_else(not_found)?;
    let mut new = old.clone();
    new.multi.extend(multi);
    let mut draft = Draft::of(old.content.props(), old.created);
    let mut content = false;
    for (name, value) in body.as_object().ok_or_else(undeserializable)? {
        match name.as_str() {
            "singleValueExtendedProperties" => {}
            "importance" => new.importance = Some(importance(value)?),
            "internetMessageHeaders" => return Err(not_updatable(name)),
            name if DRAFT_ONLY.contains(&name) && !old.draft => {
                let mut refused = not_updatable(name);
                if let Payload::Json(body) = &mut refused.payload
                    && let Some(code) = body.pointer_mut("/error/code")
                {
                    code.clone_from(&sent_code);
                }
                return Err(refused);
            }
            "flag" if old.draft && !flags_drafts => {}
            name if IGNORED.contains(&name) => {}
            name if state(&mut new, name, value)? => {}
            name if draft.set(name, value)? => content = true,
            _ => return Err(undeserializable()),
        }
    }
    for (id, value) in extended {
        if extended::is_fixed(&id) {
            let time = chrono::DateTime::parse_from_rfc3339(&value).map(|t| t.timestamp());
            match (id.as_str(), time) {
                ("SystemTime 0xe06", Ok(time)) if dates => new.received = time,
                ("SystemTime 0x39", Ok(time)) if dates => new.sent = Some(time),
                _ => {}
            }
            continue;
        }
        if id == "Integer 0x1090" {
            let status = match value.as_str() {
                "2" => "flagged",
                "1" => "complete",
                _ => "notFlagged",
            };
            new.flag = json!({"flagStatus": status});
        } else {
            new.extended.insert(id, value);
        }
    }
    if content {
        new.content = Arc::new(Content::new(draft.to_mime()));
    }
    let same = same_but_read(old, &new) && !content;
    if same && old.read == new.read {
        return Ok(());
    }
    mailbox.change(number, same, now, |item| {
        item.read = new.read;
        item.flag = new.flag;
        item.categories = new.categories;
        item.importance = new.importance;
        item.inference = new.inference;
        item.extended = new.extended;
        item.multi = new.multi;
        item.content = new.content;
        (item.received, item.sent) = (new.received, new.sent);
    });
    Ok(())
}

fn same_but_read(old: &Item, new: &Item) -> bool {
    old.flag == new.flag
        && old.categories == new.categories
        && old.importance == new.importance
        && old.inference == new.inference
        && old.extended == new.extended
        && old.multi == new.multi
        && (old.received, old.sent) == (new.received, new.sent)
}

fn not_updatable(name: &str) -> Box<Answer> {
    let text = format!("Property {name} is read-only and cannot be set.");
    error(400, "ErrorInvalidPropertySet", &text)
}

/// What names an attachment: its place and its content.
pub(super) fn mark(index: usize, octets: &[u8]) -> [u8; 16] {
    ids::sixteen(&[
        &index.to_be_bytes(),
        octets.get(..octets.len().min(4096)).unwrap_or(&[]),
    ])
}
