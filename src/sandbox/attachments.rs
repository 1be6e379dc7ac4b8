//! Attachments and upload sessions (dossier 03 section 10).

use super::{
    compose::Draft,
    create::mark,
    expand::{self, On},
    folders::context,
    http::{Answer, Call, Outcome, Payload, bad_request, error, not_found, undeserializable},
    mailbox::{Item, Mailbox},
    messages,
    mimeview::{Attachment, Content, REFERENCE},
    project::{self, Shape, entity},
    query,
    route::{Ctx, Target, item_number, not_allowed},
    traffic,
    world::{World, now, timestamp},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Octets that storage counts on top, for each attachment and per octet (recorded ratio 1.045).
const OVERHEAD: usize = 300;
/// Largest chunk of an upload.
const LARGEST_CHUNK: usize = 4 * 1024 * 1024;
/// Largest file of an upload session.
const LARGEST_FILE: usize = 150 * 1024 * 1024;

/// An upload session; its key is the authtoken in its URL.
#[derive(Debug)]
pub(super) struct Upload {
    /// Application id.
    client: String,
    mailbox: usize,
    item: u64,
    attachment: Attachment,
    size: usize,
    received: Vec<u8>,
    expires: i64,
}

fn id(mailbox: &Mailbox, item: &Item, index: usize, octets: &[u8]) -> String {
    mailbox
        .keys
        .attachment(item.folder, item.entry, mark(index, octets))
}

/// All of a message's attachments; the content of files is included unless left out.
pub(super) fn list(mailbox: &Mailbox, item: &Item, content: bool) -> Value {
    let props = item.content.props();
    let all = props.attachments.iter().enumerate();
    all.map(|(index, a)| Value::Object(object(mailbox, item, index, a, content)))
        .collect()
}

fn object(
    mailbox: &Mailbox,
    item: &Item,
    index: usize,
    a: &Attachment,
    content: bool,
) -> Map<String, Value> {
    let mut out = Map::new();
    let mut set = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    let is_file = !a.is_item && !a.is_reference();
    let kind = match (a.is_item, a.is_reference()) {
        (true, _) => "itemAttachment",
        (_, true) => "referenceAttachment",
        _ => "fileAttachment",
    };
    set("@odata.type", format!("#microsoft.graph.{kind}").into());
    if is_file {
        set("@odata.mediaContentType", a.content_type.as_str().into());
    }
    set("id", id(mailbox, item, index, &a.octets).into());
    set("lastModifiedDateTime", timestamp(item.modified).into());
    set("name", a.name.as_str().into());
    set(
        "contentType",
        if !is_file {
            Value::Null
        } else {
            a.content_type.as_str().into()
        },
    );
    set(
        "size",
        (a.octets.len() + a.octets.len() / 22 + OVERHEAD).into(),
    );
    set("isInline", a.inline.into());
    if is_file {
        set("contentId", json!(a.content_id));
        set("contentLocation", Value::Null);
        if content {
            set("contentBytes", STANDARD.encode(&a.octets).into());
        }
    }
    out
}

/// An attachment as JSON gives it: a file, a message, or a link to a file in the cloud.
pub(super) fn read(body: &Value) -> Outcome<Attachment> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let kind = text("@odata.type").unwrap_or("#microsoft.graph.fileAttachment");
    let kind = kind.trim_start_matches('#').to_ascii_lowercase();
    match kind.as_str() {
        "microsoft.graph.fileattachment" => {
            let octets = STANDARD
                .decode(text("contentBytes").ok_or_else(undeserializable)?)
                .map_err(|_| undeserializable())?;
            Ok(Attachment {
                octets: octets.into(),
                ..described(body)?
            })
        }
        "microsoft.graph.itemattachment" => {
            let item = body.get("item").ok_or_else(undeserializable)?;
            let kind = item.get("@odata.type").and_then(Value::as_str);
            let kind = kind.unwrap_or("#microsoft.graph.message");
            if !kind.eq_ignore_ascii_case("#microsoft.graph.message") {
                return Err(bad_request("Only messages can be attached as items here."));
            }
            if item.get("attachments").is_some() {
                return Err(bad_request(
                    "An attached item cannot hold attachments here.",
                ));
            }
            let inner = super::create::from_json(item, now())?;
            Ok(Attachment {
                is_item: true,
                content_type: "message/rfc822".into(),
                octets: inner.content.mime().clone(),
                ..described(body)?
            })
        }
        "microsoft.graph.referenceattachment" => {
            let link = text("sourceUrl").unwrap_or("https://files.example.com/");
            Ok(Attachment {
                content_type: REFERENCE.into(),
                octets: link.to_owned().into(),
                ..described(body)?
            })
        }
        _ => Err(undeserializable()),
    }
}

/// What an attachment's own message says: the item that `$expand` shows.
fn inner_item(ctx: &Ctx<'_>, target: &Target, a: &Attachment) -> Outcome<Value> {
    let item = Item::new(Arc::new(Content::new(a.octets.clone())), ctx.now);
    let mut shown = Map::new();
    shown.insert("@odata.type".into(), "#microsoft.graph.message".into());
    let all = project::message(ctx.world, target.at, &item, &Shape::default())?;
    // It has a place in no folder and so nothing that names one.
    let placed = [
        "@odata.etag",
        "changeKey",
        "parentFolderId",
        "webLink",
        "id",
    ];
    shown.extend(
        all.into_iter()
            .filter(|(k, _)| !placed.contains(&k.as_str())),
    );
    shown.insert("id".into(), "".into());
    Ok(Value::Object(shown))
}

const NAMES: &[&str] = &[
    "id",
    "lastModifiedDateTime",
    "name",
    "contentType",
    "size",
    "isInline",
    "contentId",
    "contentLocation",
    "contentBytes",
];

/// A `$select` over attachments, checked; those of files only are allowed for all.
fn selected(call: &Call) -> Outcome<Option<Vec<&'static str>>> {
    let Some(text) = call.option("select").filter(|s| !s.trim().is_empty()) else {
        return Ok(None);
    };
    let names = text.split(',').map(|asked| {
        let asked = asked.trim();
        let asked = asked.strip_prefix("microsoft.graph.fileAttachment/").unwrap_or(asked);
        let known = NAMES.iter().find(|n| n.eq_ignore_ascii_case(asked));
        known.copied().ok_or_else(|| {
            bad_request(&format!(
                "Could not find a property named '{asked}' on type 'Microsoft.OutlookServices.Attachment'."
            ))
        })
    });
    names.collect::<Outcome<_>>().map(Some)
}

fn pick(object: &mut Map<String, Value>, select: Option<&[&str]>) {
    if let Some(names) = select {
        object.retain(|k, _| k.starts_with('@') || k == "id" || names.contains(&k.as_str()));
    }
}

fn described(body: &Value) -> Outcome<Attachment> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Attachment {
        name: text("name").ok_or_else(undeserializable)?,
        content_type: text("contentType").unwrap_or_else(|| "application/octet-stream".into()),
        content_id: text("contentId"),
        inline: body
            .get("isInline")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        is_item: false,
        octets: Bytes::new(),
    })
}

pub(super) fn handle(ctx: &mut Ctx<'_>, target: &Target, message: &str, rest: &[&str]) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = item_number(mailbox, message)?;
    let item = mailbox.items.get(&number).ok_or_else(not_found)?;
    let find = |wanted: &str| {
        let all = item.content.props().attachments.iter().enumerate();
        all.into_iter()
            .find(|(i, a)| id(mailbox, item, *i, &a.octets) == wanted)
            .ok_or_else(not_found)
    };
    let within = format!(
        "messages('{}')/attachments",
        super::http::percent_encode(message)
    );
    match (ctx.call.method.as_str(), rest) {
        ("GET", []) => {
            // `$filter` is accepted and ignored, and there are no pages (Graph: known issues).
            query::check(ctx.call, query::LIST)?;
            expand::parse(ctx.call.option("expand"), On::Attachment)?;
            let select = selected(ctx.call)?;
            let mut value = list(mailbox, item, true);
            for one in value.as_array_mut().into_iter().flatten() {
                if let Value::Object(one) = one {
                    pick(one, select.as_deref());
                }
            }
            let context = context(ctx, target, &within);
            Ok(Answer::json(
                200,
                json!({"@odata.context": context, "value": value}),
            ))
        }
        ("GET", [one]) => {
            let (index, attachment) = find(one)?;
            query::check(ctx.call, query::ONE)?;
            let expand = expand::parse(ctx.call.option("expand"), On::Attachment)?;
            let select = selected(ctx.call)?;
            let mut object = object(mailbox, item, index, attachment, true);
            pick(&mut object, select.as_deref());
            if expand.item && attachment.is_item {
                object.insert("item".into(), inner_item(ctx, target, attachment)?);
            }
            Ok(Answer::json(
                200,
                entity(context(ctx, target, &format!("{within}/$entity")), object),
            ))
        }
        ("GET", [one, "$value"]) => {
            let (_, attachment) = find(one)?;
            if attachment.is_reference() {
                return Err(not_allowed());
            }
            let kind = if attachment.is_item {
                "text/plain"
            } else {
                "application/octet-stream"
            };
            let payload = Payload::Raw(kind, attachment.octets.clone());
            Ok(Answer {
                status: 200,
                headers: Vec::new(),
                payload,
            })
        }
        ("DELETE", [one]) => {
            let (index, _) = find(one)?;
            edit(ctx.world, target.at, number, |list| {
                list.remove(index);
            })?;
            Ok(Answer::no_content())
        }
        ("POST", []) => add(ctx, target, number, &within),
        ("POST", ["createUploadSession"]) => session(ctx, target, number),
        _ => Err(not_allowed()),
    }
}

fn add(ctx: &mut Ctx<'_>, target: &Target, number: u64, within: &str) -> Outcome {
    let attachment = read(&ctx.call.json()?)?;
    edit(ctx.world, target.at, number, |list| list.push(attachment))?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let item = messages::item(ctx.world, target, number)?;
    let last = item
        .content
        .props()
        .attachments
        .iter()
        .enumerate()
        .next_back();
    let (index, attachment) = last.ok_or_else(not_found)?;
    let object = object(mailbox, item, index, attachment, true);
    Ok(Answer::json(
        201,
        entity(context(ctx, target, &format!("{within}/$entity")), object),
    ))
}

/// Changes the list of attachments and writes the MIME anew.
fn edit(
    world: &mut World,
    at: usize,
    number: u64,
    change: impl FnOnce(&mut Vec<Attachment>),
) -> Outcome<()> {
    let now = now();
    let mailbox = world.mailbox_mut(at)?;
    let item = mailbox.items.get(&number).ok_or_else(not_found)?;
    let mut draft = Draft::of(item.content.props(), item.created);
    change(&mut draft.attachments);
    let content = Arc::new(Content::new(draft.to_mime()));
    mailbox.change(number, false, now, |item| item.content = content);
    Ok(())
}

fn session(ctx: &mut Ctx<'_>, target: &Target, number: u64) -> Outcome {
    let body = ctx.call.json()?;
    let described_by = body
        .get("AttachmentItem")
        .or_else(|| body.get("attachmentItem"))
        .ok_or_else(undeserializable)?;
    let size = described_by
        .get("size")
        .and_then(Value::as_u64)
        .and_then(|s| usize::try_from(s).ok());
    let size = size.filter(|s| *s > 0).ok_or_else(undeserializable)?;
    let least = ctx.world.switches.number("upload-minimum");
    if (size as u64) < least {
        return Err(error(
            400,
            "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize",
            "The attachment size should be greater than the minimum size.",
        ));
    }
    if size > LARGEST_FILE {
        return Err(error(
            400,
            "ErrorMessageSizeExceeded",
            "The message exceeds the maximum supported size.",
        ));
    }
    let kind = described_by.get("attachmentType").and_then(Value::as_str);
    if !kind.is_some_and(|k| ["file", "item"].contains(&k.to_ascii_lowercase().as_str())) {
        return Err(undeserializable());
    }
    let attachment = described(described_by)?;
    let token = uuid::Uuid::new_v4().simple().to_string();
    let life = ctx.world.switches.number("upload-seconds");
    let expires = ctx
        .now
        .saturating_add(i64::try_from(life).unwrap_or(i64::MAX));
    let mailbox = ctx.world.mailbox(target.at)?;
    let item = messages::item(ctx.world, target, number)?;
    let message = mailbox.keys.message(item.folder, item.entry);
    let url = format!(
        "{}/api/gv1.0/{}/messages('{message}')/AttachmentSessions('{token}')?authtoken={token}",
        ctx.call.beside(&ctx.world.upload_base),
        target.plain
    );
    let upload = Upload {
        client: ctx.access.client.clone(),
        mailbox: target.at,
        item: number,
        attachment,
        size,
        received: Vec::new(),
        expires,
    };
    ctx.world.uploads.insert(token, upload);
    Ok(Answer::json(
        201,
        json!({
            "@odata.context": format!("{}/v1.0/$metadata#microsoft.graph.uploadSession", ctx.call.base),
            "uploadUrl": url,
            "expirationDateTime": timestamp(expires),
            "nextExpectedRanges": ["0-"],
        }),
    ))
}

/// Whether a request goes to an upload URL, which lives on another origin than Graph.
pub(super) fn is_upload(call: &Call) -> bool {
    call.path.starts_with("/api/gv1.0/") && call.path.contains("AttachmentSessions")
}

/// PUT of a chunk, or DELETE of the session. The URL is the only credential.
pub(super) fn upload(world: &mut World, call: &Call) -> Outcome {
    if call.header("authorization").is_some() {
        return Err(error(
            401,
            "InvalidAuthenticationToken",
            "An upload URL must be used without an Authorization header.",
        ));
    }
    let token = call.option("authtoken").unwrap_or("").to_owned();
    if let Some(session) = world.uploads.get(&token) {
        let key = (session.client.clone(), session.mailbox);
        traffic::uploaded(world, &key, call)?;
    }
    let session = world.uploads.get_mut(&token).filter(|u| u.expires > now());
    let session = session.ok_or_else(|| {
        error(
            404,
            "ErrorItemNotFound",
            "The upload session was not found.",
        )
    })?;
    match call.method.as_str() {
        "DELETE" => {
            world.uploads.remove(&token);
            return Ok(Answer::no_content());
        }
        "GET" => return Ok(progress(call, session)),
        "PUT" => {}
        _ => return Err(not_allowed()),
    }
    let (first, last, total) = call
        .header("content-range")
        .and_then(range)
        .ok_or_else(|| bad_request("Invalid Content-Range header."))?;
    if call.body.len() > LARGEST_CHUNK {
        let text = "The maximum request length supported is 4MB.";
        return Err(error(413, "BadRequest", text));
    }
    let fits = total == session.size && last < total && last - first + 1 == call.body.len();
    if !fits {
        return Err(bad_request("Invalid Content-Range header."));
    }
    if first != session.received.len() {
        return Err(error(
            416,
            "ErrorInvalidRange",
            "The uploaded fragment does not follow the last one.",
        ));
    }
    session.received.extend_from_slice(&call.body);
    let have = session.received.len();
    if have < session.size {
        return Ok(progress(call, session));
    }
    finish(world, call, &token)
}

/// What is still missing (recorded nowhere; the keys' letters as the documentation has them).
fn progress(call: &Call, session: &Upload) -> Answer {
    Answer::json(
        200,
        json!({
            "@odata.context": format!("{}/api/gv1.0/$metadata#microsoft.graph.uploadSession", call.base),
            "ExpirationDateTime": timestamp(session.expires),
            "nextExpectedRanges": [session.received.len().to_string()],
        }),
    )
}

/// `bytes a-b/N`.
fn range(text: &str) -> Option<(usize, usize, usize)> {
    let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last, total.parse().ok()?))
}

fn finish(world: &mut World, call: &Call, token: &str) -> Outcome {
    let Some(session) = world.uploads.remove(token) else {
        return Err(not_found());
    };
    let attachment = Attachment {
        octets: session.received.into(),
        ..session.attachment
    };
    edit(world, session.mailbox, session.item, |list| {
        list.push(attachment)
    })?;
    let mailbox = world.mailbox(session.mailbox)?;
    let item = mailbox.items.get(&session.item).ok_or_else(not_found)?;
    let attachments = &item.content.props().attachments;
    let last = attachments.len().saturating_sub(1);
    let octets = attachments
        .last()
        .map(|a| a.octets.clone())
        .unwrap_or_default();
    let message = mailbox.keys.message(item.folder, item.entry);
    let owner = world
        .users
        .get(session.mailbox)
        .map(|u| u.object_id.as_str())
        .unwrap_or_default();
    let location = format!(
        "{}/api/gv1.0/Users('{owner}')/Messages('{message}')/Attachments('{}')",
        call.base,
        id(mailbox, item, last, &octets)
    );
    Ok(Answer {
        status: 201,
        headers: Vec::new(),
        payload: Payload::Empty,
    }
    .with("location", location))
}
