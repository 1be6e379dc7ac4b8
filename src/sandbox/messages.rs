//! message: listing, reading, changing, moving, deleting (dossier 03 sections 2, 6, 8, 9).

use super::{
    extended,
    filter::{self, Expr, Lookup},
    folders::{context, destination, next_link},
    http::{Answer, Outcome, Payload, bad_request, error, not_found, percent_encode},
    mailbox::{Item, Mailbox},
    mimeview::Content,
    project::{self, Shape, entity},
    query,
    route::{Ctx, Target, folder_number, item_number, real_folder},
    schema, search, searchfolder,
    world::World,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Largest `$top`.
const LARGEST_PAGE: usize = 1000;

/// A message as `$filter` and `$orderby` see it.
pub(super) struct Seen<'a> {
    pub(super) mailbox: &'a Mailbox,
    pub(super) item: &'a Item,
    pub(super) shape: &'a Shape,
    pub(super) size_extra: u64,
}

impl Lookup for Seen<'_> {
    fn path(&self, path: &str) -> Option<Value> {
        let mut levels = path.split('/');
        let first = levels.next()?;
        let value = project::property(self.mailbox, self.item, first, self.shape)?;
        levels.try_fold(value, |v, level| v.get(level).cloned())
    }
    fn extended(&self, id: &str) -> Option<String> {
        extended::of_item(self.item, id, self.size_extra)
    }
}

pub(super) fn list(ctx: &Ctx<'_>, target: &Target, folder: Option<&str>) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = folder.map(|id| folder_number(mailbox, id)).transpose()?;
    let shape = Shape::of(ctx.call)?;
    query::check(ctx.call, query::LIST)?;
    query::check_search(ctx.call)?;
    let (top, skip) = query::paging(ctx.call, 10, LARGEST_PAGE)?;
    let skip = match (ctx.call.option("search"), ctx.call.option("skiptoken")) {
        (Some(_), Some(token)) => token
            .parse()
            .map_err(|_| bad_request("Badly formed token."))?,
        (None, Some(_)) => return Err(bad_request("Badly formed token.")),
        _ => skip,
    };
    let found = found(ctx, mailbox, at, &shape)?;
    let counted = query::counted(ctx.call);
    let (page, total) = match found {
        Found::All(all) => (
            all.iter().skip(skip).take(top).copied().collect::<Vec<_>>(),
            all.len(),
        ),
        Found::Newest(folder) => {
            let dates = mailbox
                .folders
                .get(&folder)
                .map(|f| &f.by_date)
                .ok_or_else(not_found)?;
            let page = dates.iter().rev().skip(skip).take(top);
            (
                page.filter_map(|(_, n)| mailbox.items.get(n)).collect(),
                dates.len(),
            )
        }
    };
    let value = page
        .into_iter()
        .map(|i| project::message(ctx.world, target.at, i, &shape).map(Value::Object));
    let value = value.collect::<Outcome<Vec<_>>>()?;
    let within = match at {
        Some(at) => format!(
            "mailFolders('{}')/messages",
            percent_encode(&mailbox.keys.folder(at))
        ),
        None => "messages".into(),
    };
    let mut body = Map::new();
    body.insert(
        "@odata.context".into(),
        context(ctx, target, &format!("{within}{}", shape.context(ctx.call))).into(),
    );
    if counted {
        body.insert("@odata.count".into(), total.into());
    }
    body.insert("value".into(), Value::Array(value));
    if total > skip + top {
        let link = match ctx.call.option("search") {
            // `$skip` does not go with `$search`.
            Some(_) => next_link(ctx, skip + top).replace("$skip=", "$skiptoken="),
            None => next_link(ctx, skip + top),
        };
        body.insert("@odata.nextLink".into(), link.into());
    }
    Ok(Answer::json(200, Value::Object(body)))
}

enum Found<'a> {
    All(Vec<&'a Item>),
    /// A whole folder, newest first: the one order that costs nothing.
    Newest(u64),
}

fn found<'a>(
    ctx: &Ctx<'_>,
    mailbox: &'a Mailbox,
    folder: Option<u64>,
    shape: &Shape,
) -> Outcome<Found<'a>> {
    let call = ctx.call;
    let expr = call.option("filter").map(filter::parse).transpose()?;
    if let Some(expr) = &expr {
        schema::check(expr, schema::of_message, "Message")?;
    }
    let expr = expr.map(|e| resolved(mailbox, e));
    let order = call.option("orderby").unwrap_or("");
    let order = schema::order(order, schema::of_message, "Message")?;
    let sought = call.option("search").map(search::parse).transpose()?;
    let search_folder = folder
        .and_then(|f| mailbox.folders.get(&f))
        .and_then(|f| f.search.as_ref());
    if let Some(expr) = expr
        .as_ref()
        .filter(|_| ctx.world.switches.on("filter-rule"))
    {
        check_order(expr, &order)?;
    }
    let plain = order.is_empty() || order == [("receivedDateTime".to_owned(), true)];
    let whole = expr.is_none() && plain && sought.is_none() && search_folder.is_none();
    if let (Some(folder), true) = (folder, whole) {
        return Ok(Found::Newest(folder));
    }
    let seen = |item: &'a Item| Seen {
        mailbox,
        item,
        shape,
        size_extra: ctx.world.switches.number("size-extra"),
    };
    let mut items: Vec<&Item> = match folder {
        Some(_) if search_folder.is_some() => search_folder
            .map(|search| searchfolder::shown(mailbox, search))
            .unwrap_or_default(),
        Some(folder) => mailbox
            .folders
            .get(&folder)
            .map(|f| {
                f.by_date
                    .iter()
                    .filter_map(|(_, n)| mailbox.items.get(n))
                    .collect()
            })
            .unwrap_or_default(),
        None => {
            let outside = mailbox.role("recoverableitemsdeletions");
            mailbox
                .items
                .values()
                .filter(|i| i.folder != outside)
                .collect()
        }
    };
    items.retain(|i| expr.as_ref().is_none_or(|e| e.holds(&seen(i))));
    if let Some(query) = sought {
        // By the time of sending, and no more than so many.
        items.retain(|i| query.holds(i));
        let sent = |i: &Item| i.sent.or(i.content.props().sent).unwrap_or(i.received);
        items.sort_by_key(|i| std::cmp::Reverse((sent(i), i.number)));
        items.truncate(search::MOST);
        return Ok(Found::All(items));
    }
    items.sort_by_key(|i| std::cmp::Reverse((i.received, i.number)));
    for (path, descending) in order.iter().rev() {
        items.sort_by_cached_key(|i| seen(i).path(path).map(|v| v.to_string().to_lowercase()));
        if *descending {
            items.reverse();
        }
    }
    Ok(Found::All(items))
}

/// Well-known names stand for ids in `parentFolderId eq 'inbox'` (recorded).
pub(super) fn resolved(mailbox: &Mailbox, expr: Expr) -> Expr {
    match expr {
        Expr::And(a, b) => Expr::And(
            Box::new(resolved(mailbox, *a)),
            Box::new(resolved(mailbox, *b)),
        ),
        Expr::Or(a, b) => Expr::Or(
            Box::new(resolved(mailbox, *a)),
            Box::new(resolved(mailbox, *b)),
        ),
        Expr::Not(a) => Expr::Not(Box::new(resolved(mailbox, *a))),
        Expr::Compare(path, op, Value::String(text)) if path == "parentFolderId" => {
            let known = mailbox
                .well_known(&text)
                .flatten()
                .map(|n| mailbox.keys.folder(n));
            Expr::Compare(path, op, Value::String(known.unwrap_or(text)))
        }
        other => other,
    }
}

/// Each ordering property must stand in the filter, in the same order and before others.
fn check_order(expr: &Expr, order: &[(String, bool)]) -> Outcome<()> {
    let mut named = Vec::new();
    expr.properties(&mut named);
    let fits = order
        .iter()
        .zip(named.iter().map(Some).chain(std::iter::repeat(None)));
    let mut fits = fits.map(|((path, _), name)| name.is_some_and(|n| n == path));
    if fits.all(|fits| fits) {
        return Ok(());
    }
    Err(error(
        400,
        "InefficientFilter",
        "The restriction or sort order is too complex for this operation.",
    ))
}

pub(super) fn item<'w>(world: &'w World, target: &Target, number: u64) -> Outcome<&'w Item> {
    world
        .mailbox(target.at)?
        .items
        .get(&number)
        .ok_or_else(not_found)
}

/// A message as the answer of its own, under `messages`.
pub(super) fn message_answer(
    ctx: &Ctx<'_>,
    target: &Target,
    number: u64,
    status: u16,
    shape: &Shape,
) -> Outcome {
    let item = item(ctx.world, target, number)?;
    let object = project::message(ctx.world, target.at, item, shape)?;
    let context = context(
        ctx,
        target,
        &format!("messages{}/$entity", shape.context(ctx.call)),
    );
    Ok(Answer::json(status, entity(context, object)))
}

pub(super) fn show(ctx: &Ctx<'_>, target: &Target, id: &str) -> Outcome {
    query::check(ctx.call, query::ONE)?;
    let number = item_number(ctx.world.mailbox(target.at)?, id)?;
    message_answer(ctx, target, number, 200, &Shape::of(ctx.call)?)
}

pub(super) fn value(ctx: &Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let number = item_number(ctx.world.mailbox(target.at)?, id)?;
    let octets = ctx.world.value(target.at, item(ctx.world, target, number)?);
    Ok(Answer {
        status: 200,
        headers: Vec::new(),
        payload: Payload::Raw("text/plain", octets),
    })
}

pub(super) fn put_value(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let number = item_number(ctx.world.mailbox(target.at)?, id)?;
    super::create::replace(ctx, target, number)?;
    message_answer(ctx, target, number, 200, &Shape::of(ctx.call)?)
}

pub(super) fn relocate(ctx: &mut Ctx<'_>, target: &Target, id: &str, copy: bool) -> Outcome {
    let body = ctx.call.json()?;
    let (call, now) = (ctx.call, ctx.now);
    let stays = ctx.world.switches.text("same-folder-move") == "400";
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let number = item_number(mailbox, id)?;
    let to = real_folder(mailbox, destination(&body)?)?;
    if stays && !copy && mailbox.items.get(&number).is_some_and(|i| i.folder == to) {
        return Err(error(
            400,
            "ErrorMoveCopyFailed",
            "The move or copy operation failed.",
        ));
    }
    let number = if copy {
        let mut twin = mailbox.items.get(&number).cloned().ok_or_else(not_found)?;
        // A rendering of its own: generated boundaries name the item.
        twin.content = Arc::new(Content::new(twin.content.mime().clone()));
        twin.created = now;
        twin.modified = now;
        mailbox.add(to, twin)
    } else {
        mailbox.move_item(number, to);
        number
    };
    let shape = Shape::of(call)?;
    let answer = message_answer(ctx, target, number, 201, &shape)?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let id = project::item_id(mailbox, item(ctx.world, target, number)?, shape.immutable);
    if !ctx.world.switches.on("move-location") {
        return Ok(answer);
    }
    Ok(answer.with(
        "location",
        format!("{}/v1.0/{}/messages('{id}')", call.base, target.plain),
    ))
}

/// DELETE goes where the switch says; what is in the recoverable items already stays there.
pub(super) fn delete(ctx: &mut Ctx<'_>, target: &Target, id: &str, purge: bool) -> Outcome {
    let recoverable = ctx.world.switches.text("delete-to") == "recoverable";
    let purges = ctx.world.switches.text("purge-to") != "recoverable";
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let number = item_number(mailbox, id)?;
    check_match(ctx, target, number)?;
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let folder = mailbox
        .items
        .get(&number)
        .map(|i| i.folder)
        .ok_or_else(not_found)?;
    let (trash, dumpster) = (
        mailbox.role("deleteditems"),
        mailbox.role("recoverableitemsdeletions"),
    );
    if purge && (purges || folder == dumpster) {
        mailbox.leave(number);
        return Ok(Answer::no_content());
    }
    if folder == dumpster {
        return Err(error(
            403,
            "ErrorCannotDeleteObject",
            "Object cannot be deleted.",
        ));
    }
    let to = if purge || recoverable || mailbox.is_within(folder, trash) {
        dumpster
    } else {
        trash
    };
    mailbox.move_item(number, to);
    Ok(Answer::no_content())
}

/// `If-Match`, and the 412 that comes unasked.
pub(super) fn check_match(ctx: &mut Ctx<'_>, target: &Target, number: u64) -> Outcome<()> {
    let mailbox = ctx.world.mailbox(target.at)?;
    let current = mailbox
        .items
        .get(&number)
        .map(|i| project::etag(mailbox, i));
    let wanted = ctx.call.header("if-match").filter(|w| *w != "*");
    let differs = wanted.is_some_and(|w| current.as_deref() != Some(w));
    let differs = differs && ctx.world.switches.on("if-match");
    let patch = ctx.call.method.as_str() == "PATCH";
    if differs || patch && ctx.world.switches.take("conflict-412") {
        return Err(error(
            412,
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
        ));
    }
    Ok(())
}

pub(super) fn patch(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let number = item_number(ctx.world.mailbox(target.at)?, id)?;
    check_match(ctx, target, number)?;
    super::create::change(ctx, target, number)?;
    message_answer(
        ctx,
        target,
        number,
        200,
        &Shape {
            immutable: ctx.call.immutable(),
            ..Shape::default()
        },
    )
}

/// `$count` as a path segment: the number as plain text.
pub(super) fn count(ctx: &Ctx<'_>, target: &Target, folder: Option<&str>) -> Outcome {
    query::check(ctx.call, &["filter"])?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = folder.map(|id| folder_number(mailbox, id)).transpose()?;
    let number = match found(ctx, mailbox, at, &Shape::default())? {
        Found::All(all) => all.len(),
        Found::Newest(folder) => mailbox.folders.get(&folder).map_or(0, |f| f.by_date.len()),
    };
    Ok(Answer {
        status: 200,
        headers: Vec::new(),
        payload: Payload::Raw("text/plain", number.to_string().into()),
    })
}
