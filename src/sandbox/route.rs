//! From a Graph request to its handler: token, scopes, whose mailbox, which resource.

use super::{
    access::{self, Need, authenticate, reach},
    attachments, batch, create, delta,
    entra::Access,
    folders,
    http::{Answer, Call, Outcome, bad_request, error, not_found},
    ids::{Parsed, Wrong},
    mailbox::{Folder, Mailbox},
    messages, send, translate, users,
    world::World,
};

/// A request being handled.
pub(super) struct Ctx<'w> {
    pub(super) world: &'w mut World,
    pub(super) call: &'w Call,
    pub(super) access: Access,
    pub(super) now: i64,
}

/// The mailbox that a request is about.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) at: usize,
    /// As `@odata.context` names it: `users('user%40example.com')`.
    pub(super) context: String,
    /// As links and `Location` name it: `users('user@example.com')`.
    pub(super) plain: String,
    /// As the request named it: `me` or `users/…`.
    pub(super) path: String,
}

/// Answers a Graph request. `excess` says how many requests of a `$batch` find no place.
pub(super) fn dispatch(world: &mut World, call: &Call, excess: usize) -> Answer {
    send::deliver_due(world);
    let answer = handle(world, call, excess);
    let mut answer = answer.unwrap_or_else(|early| *early);
    if call.immutable() && answer.status < 300 {
        answer = answer.with("preference-applied", "IdType=ImmutableId");
    }
    answer
}

fn handle(world: &mut World, call: &Call, excess: usize) -> Outcome {
    let access = authenticate(world, call)?;
    let cap = usize::try_from(world.switches.number("body-cap")).unwrap_or(usize::MAX);
    if call.body.len() > cap {
        return Err(too_large(world));
    }
    let mut ctx = Ctx {
        now: world.now(),
        world,
        call,
        access,
    };
    let segments: Vec<_> = call.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["$batch"] if call.method.as_str() == "POST" => batch::answer(&mut ctx, excess),
        ["$batch"] => Err(not_allowed()),
        ["subscriptions"] => subscription(&ctx),
        ["me"] | ["users", _] if call.method.as_str() != "GET" => Err(not_allowed()),
        ["oidc", "userinfo"] => users::info(&ctx),
        ["me"] | ["users", _] => users::show(&ctx, segments.get(1).copied()),
        ["me", rest @ ..] => mailbox(&mut ctx, None, rest),
        ["users", who, rest @ ..] => mailbox(&mut ctx, Some(who), rest),
        _ => Err(no_segment(segments.first().copied().unwrap_or(""))),
    }
}

/// All three are on record.
fn too_large(world: &World) -> Box<Answer> {
    let text = "The maximum request length supported is 4MB.";
    match world.switches.text("body-cap-as") {
        "400" => error(400, "BadRequest", text),
        "ErrorMessageSizeExceeded" => error(
            400,
            "ErrorMessageSizeExceeded",
            "The message exceeds the maximum supported size.",
        ),
        _ => error(413, "BadRequest", text),
    }
}

fn mailbox(ctx: &mut Ctx<'_>, who: Option<&str>, rest: &[&str]) -> Outcome {
    let method = ctx.call.method.as_str();
    if method != "POST" && matches!(rest, ["sendMail"] | ["translateExchangeIds"]) {
        return Err(not_allowed());
    }
    let need = match (method, rest) {
        (_, ["sendMail"]) | (_, ["messages", _, "send"]) => Need::Send,
        ("GET", _) | (_, ["translateExchangeIds"]) => Need::Read,
        _ => Need::Write,
    };
    let target = reach(ctx, who, need)?;
    if access::is_basic(&ctx.access) {
        access::basic_may_ask(ctx.call, rest)?;
        let mut answer = resource(ctx, &target, rest)?;
        access::strip_to_basic(&mut answer);
        return Ok(answer);
    }
    resource(ctx, &target, rest)
}

fn resource(ctx: &mut Ctx<'_>, target: &Target, rest: &[&str]) -> Outcome {
    let method = ctx.call.method.as_str();
    match rest {
        ["sendMail"] => send::send_mail(ctx, target),
        ["translateExchangeIds"] => translate::answer(ctx, target),
        ["mailFolders", rest @ ..] => folder(ctx, target, rest),
        ["messages"] if method == "GET" => messages::list(ctx, target, None),
        ["messages"] if method == "POST" => create::create(ctx, target, None),
        ["messages"] => Err(not_allowed()),
        ["messages", "$count"] if method == "GET" => messages::count(ctx, target, None),
        ["messages", id, rest @ ..] => message(ctx, target, id, rest, false),
        [other, ..] => Err(no_segment(other)),
        [] => Err(bad_request("Resource not found.")),
    }
}

fn folder(ctx: &mut Ctx<'_>, target: &Target, rest: &[&str]) -> Outcome {
    let method = ctx.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => folders::list(ctx, target, None),
        ("POST", []) => folders::create(ctx, target, None),
        ("GET", ["delta"]) => delta::folders(ctx, target),
        ("GET", [id]) => folders::show(ctx, target, id),
        ("PATCH", [id]) => folders::rename(ctx, target, id),
        ("DELETE", [id]) => folders::delete(ctx, target, id, false),
        ("POST", [id, "permanentDelete"]) => folders::delete(ctx, target, id, true),
        ("POST", [id, "move"]) => folders::relocate(ctx, target, id, false),
        ("POST", [id, "copy"]) => folders::relocate(ctx, target, id, true),
        ("GET", [id, "childFolders"]) => folders::list(ctx, target, Some(id)),
        ("POST", [id, "childFolders"]) => folders::create(ctx, target, Some(id)),
        (_, [_, "childFolders", rest @ ..]) => folder(ctx, target, rest),
        ("GET", [id, "messages"]) => messages::list(ctx, target, Some(id)),
        ("POST", [id, "messages"]) => create::create(ctx, target, Some(id)),
        ("GET", [id, "messages", "$count"]) => messages::count(ctx, target, Some(id)),
        ("GET", [id, "messages", "delta"]) => delta::messages(ctx, target, id),
        (_, [id, "messages", item, rest @ ..]) => {
            let mailbox = ctx.world.mailbox(target.at)?;
            let folder = folder_number(mailbox, id)?;
            let number = item_number(mailbox, item)?;
            let here = mailbox
                .items
                .get(&number)
                .is_some_and(|i| i.folder == folder);
            let shown = |f: &Folder| f.search.is_some();
            if !here && !mailbox.folders.get(&folder).is_some_and(shown) {
                return Err(not_found());
            }
            message(ctx, target, item, rest, true)
        }
        _ => Err(not_allowed()),
    }
}

fn message(
    ctx: &mut Ctx<'_>,
    target: &Target,
    id: &str,
    rest: &[&str],
    in_folder: bool,
) -> Outcome {
    let method = ctx.call.method.clone();
    match (method.as_str(), rest) {
        ("GET", []) => messages::show(ctx, target, id),
        ("PATCH", []) => messages::patch(ctx, target, id),
        ("DELETE", []) => messages::delete(ctx, target, id, false),
        ("POST", ["permanentDelete"]) => messages::delete(ctx, target, id, true),
        ("POST", ["move"]) => messages::relocate(ctx, target, id, false),
        ("POST", ["copy"]) => messages::relocate(ctx, target, id, true),
        ("POST", ["send"]) => send::send_draft(ctx, target, id),
        ("GET", ["$value"]) if !in_folder => messages::value(ctx, target, id),
        ("PUT", ["$value"]) if !in_folder && ctx.world.switches.on("put-value") => {
            messages::put_value(ctx, target, id)
        }
        (_, ["attachments", rest @ ..]) => attachments::handle(ctx, target, id, rest),
        _ => Err(not_allowed()),
    }
}

/// What a folder path under `$value` gets, and any method that does not fit (recorded text).
pub(super) fn not_allowed() -> Box<Answer> {
    error(
        405,
        "ErrorInvalidRequest",
        "The OData request is not supported.",
    )
}

fn no_segment(segment: &str) -> Box<Answer> {
    bad_request(&format!("Resource not found for the segment '{segment}'."))
}

/// A folder by id or well-known name.
pub(super) fn folder_number(mailbox: &Mailbox, id: &str) -> Outcome<u64> {
    if let Some(known) = mailbox.well_known(id) {
        return known.ok_or_else(not_found);
    }
    match mailbox.keys.parse(id) {
        Ok(Parsed::Folder(number)) if mailbox.folders.contains_key(&number) => Ok(number),
        Ok(Parsed::Folder(_)) => Err(not_found()),
        Ok(_) | Err(Wrong::Malformed) => Err(malformed()),
        Err(Wrong::Foreign) => Err(foreign()),
    }
}

/// A folder that can hold items: no search folder.
pub(super) fn real_folder(mailbox: &Mailbox, id: &str) -> Outcome<u64> {
    let number = folder_number(mailbox, id)?;
    match mailbox.folders.get(&number) {
        Some(folder) if folder.search.is_some() => Err(error(
            400,
            "ErrorInvalidRequest",
            "A search folder cannot hold items.",
        )),
        _ => Ok(number),
    }
}

/// A message's number by either spelling of its id.
pub(super) fn item_number(mailbox: &Mailbox, id: &str) -> Outcome<u64> {
    let item = match mailbox.keys.parse(id) {
        Ok(Parsed::Classic(folder, entry)) => {
            mailbox.by_entry(entry).filter(|i| i.folder == folder)
        }
        Ok(Parsed::Immutable(number)) => mailbox.items.get(&number),
        Ok(Parsed::Folder(_)) | Err(Wrong::Malformed) => return Err(malformed()),
        Err(Wrong::Foreign) => return Err(foreign()),
    };
    item.map(|i| i.number).ok_or_else(not_found)
}

fn malformed() -> Box<Answer> {
    error(400, "ErrorInvalidIdMalformed", "Id is malformed.")
}

fn foreign() -> Box<Answer> {
    error(
        400,
        "ErrorInvalidMailboxItemId",
        "Item Id doesn't belong to the current mailbox.",
    )
}

/// Change notifications need a public https address, which nothing here has.
fn subscription(ctx: &Ctx<'_>) -> Outcome {
    match ctx.call.method.as_str() {
        "POST" => {}
        "GET" => {
            let context = format!("{}/v1.0/$metadata#subscriptions", ctx.call.base);
            let none = serde_json::json!({"@odata.context": context, "value": []});
            return Ok(Answer::json(200, none));
        }
        _ => return Err(not_allowed()),
    }
    let body = ctx.call.json()?;
    let url = body
        .get("notificationUrl")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("");
    let why = if url.starts_with("https://") {
        "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request."
    } else {
        "The 'notificationUrl' property is not a valid https address: http endpoints are not supported."
    };
    Err(error(400, "InvalidRequest", why))
}
