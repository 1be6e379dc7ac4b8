//! mailFolder: listing, creating, renaming, moving, deleting (dossier 02).

use super::{
    extended,
    filter::{self, Lookup},
    http::{Answer, Outcome, bad_request, error, not_found, percent_encode},
    ids,
    mailbox::{Item, Mailbox},
    mimeview::Content,
    project::{self, entity},
    route::{Ctx, Target, folder_number},
};
use serde_json::{Map, Value};
use std::sync::Arc;

const NAMES: &[&str] = &[
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "sizeInBytes",
    "isHidden",
];
/// Longest display name.
const LONGEST_NAME: usize = 255;

pub(super) fn context(ctx: &Ctx<'_>, target: &Target, rest: &str) -> String {
    format!("{}/v1.0/$metadata#{}/{rest}", ctx.call.base, target.context)
}

/// A `$select` over folders, checked. v1.0 has no `wellKnownName`.
pub(super) fn select(ctx: &Ctx<'_>) -> Outcome<Option<Vec<&'static str>>> {
    let Some(text) = ctx.call.option("select").filter(|s| !s.trim().is_empty()) else {
        return Ok(None);
    };
    let names = text.split(',').map(str::trim).map(|asked| {
        NAMES.iter().find(|n| n.eq_ignore_ascii_case(asked)).copied().ok_or_else(|| {
            bad_request(&format!("Could not find a property named '{asked}' on type 'Microsoft.OutlookServices.MailFolder'."))
        })
    });
    names.collect::<Outcome<Vec<_>>>().map(Some)
}

/// Drops what was not selected; the id always stays.
pub(super) fn pick(object: &mut Map<String, Value>, select: Option<&[&str]>) {
    if let Some(names) = select {
        object.retain(|key, _| {
            key.starts_with('@')
                || key == "id"
                || !NAMES.contains(&key.as_str())
                || names.contains(&key.as_str())
        });
    }
}

struct Object(Map<String, Value>);

impl Lookup for Object {
    fn path(&self, path: &str) -> Option<Value> {
        self.0.get(path).cloned()
    }
    fn extended(&self, _: &str) -> Option<String> {
        None
    }
}

pub(super) fn list(ctx: &Ctx<'_>, target: &Target, parent: Option<&str>) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = match parent {
        Some(id) => folder_number(mailbox, id)?,
        None => ids::ROOT,
    };
    let call = ctx.call;
    let select = select(ctx)?;
    let properties = extended::requested(call.option("expand"))?;
    let expand = call
        .option("expand")
        .is_some_and(|e| e.contains("childFolders"));
    let hidden = call
        .option("includeHiddenFolders")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let expr = call.option("filter").map(filter::parse).transpose()?;
    let object = |f| project::folder(mailbox, f, properties.as_deref());
    let visible = |at: u64| {
        mailbox
            .children(at)
            .into_iter()
            .filter(|f| hidden && ctx.world.switches.on("hidden-folders") || !f.hidden)
            .collect::<Vec<_>>()
    };
    let found: Vec<_> = visible(at)
        .into_iter()
        .filter(|f| expr.as_ref().is_none_or(|e| e.holds(&Object(object(f)))))
        .collect();
    let (top, skip) = paging(ctx, 10)?;
    let mut value = Vec::new();
    for folder in found.iter().skip(skip).take(top) {
        let mut one = object(folder);
        pick(&mut one, select.as_deref());
        if expand {
            let children = visible(folder.number).into_iter().map(|f| {
                let mut child = object(f);
                pick(&mut child, select.as_deref());
                Value::Object(child)
            });
            one.insert("childFolders".into(), children.collect());
        }
        value.push(Value::Object(one));
    }
    let within = parent.map(|_| {
        format!(
            "mailFolders('{}')/childFolders",
            percent_encode(&mailbox.keys.folder(at))
        )
    });
    let within = within.unwrap_or_else(|| "mailFolders".into());
    let mut listed: Vec<_> = select.iter().flatten().map(|n| (*n).to_owned()).collect();
    if expand {
        listed.push("childFolders()".into());
    }
    let listed = if listed.is_empty() {
        String::new()
    } else {
        format!("({})", listed.join(","))
    };
    let mut body = Map::new();
    body.insert(
        "@odata.context".into(),
        context(ctx, target, &format!("{within}{listed}")).into(),
    );
    if call.option("count").is_some_and(|c| c == "true") {
        body.insert("@odata.count".into(), found.len().into());
    }
    body.insert("value".into(), Value::Array(value));
    if found.len() > skip + top {
        body.insert("@odata.nextLink".into(), next_link(ctx, skip + top).into());
    }
    Ok(Answer::json(200, Value::Object(body)))
}

/// `$top` and `$skip`.
pub(super) fn paging(ctx: &Ctx<'_>, default: usize) -> Outcome<(usize, usize)> {
    let number = |name: &str, default: usize| match ctx.call.option(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| {
            bad_request(&format!(
                "Invalid value '{text}' for ${name} query option found."
            ))
        }),
    };
    let top = match number("top", default)? {
        0 => return Err(bad_request("The value of $top must be at least 1.")),
        top => top,
    };
    Ok((top, number("skip", 0)?))
}

/// The same request, further on.
pub(super) fn next_link(ctx: &Ctx<'_>, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in ctx
        .call
        .query
        .iter()
        .filter(|(k, _)| !k.trim_start_matches('$').eq_ignore_ascii_case("skip"))
    {
        query.append_pair(name, value);
    }
    query.append_pair("$skip", &skip.to_string());
    let query = query.finish().replace("%24", "$").replace('+', "%20");
    let path = ctx.call.path.trim_end_matches('/');
    let root = if path.starts_with("/v1.0") {
        ""
    } else {
        "/v1.0"
    };
    format!("{}{root}{path}?{query}", ctx.call.base)
}

pub(super) fn show(ctx: &Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = folder_number(mailbox, id)?;
    let select = select(ctx)?;
    let properties = extended::requested(ctx.call.option("expand"))?;
    let folder = mailbox.folders.get(&number).ok_or_else(not_found)?;
    let mut object = project::folder(mailbox, folder, properties.as_deref());
    pick(&mut object, select.as_deref());
    let listed = select
        .map(|s| format!("({})", s.join(",")))
        .unwrap_or_default();
    Ok(Answer::json(
        200,
        entity(
            context(ctx, target, &format!("mailFolders{listed}/$entity")),
            object,
        ),
    ))
}

fn wanted_name(body: &Value) -> Outcome<&str> {
    let name = body
        .get("displayName")
        .and_then(Value::as_str)
        .unwrap_or("");
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(error(
            400,
            "ErrorInvalidRequest",
            "The folder name is not valid.",
        ));
    }
    Ok(name)
}

fn exists(ctx: &Ctx<'_>, name: &str) -> Box<Answer> {
    let status = u16::try_from(ctx.world.switches.number("folder-exists-status")).unwrap_or(409);
    let text = format!(
        "A folder with the specified name already exists., Could not create folder '{name}'."
    );
    error(status, "ErrorFolderExists", &text)
}

fn folder_answer(
    ctx: &Ctx<'_>,
    target: &Target,
    number: u64,
    status: u16,
    within: &str,
) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let folder = mailbox.folders.get(&number).ok_or_else(not_found)?;
    let object = project::folder(mailbox, folder, None);
    let answer = Answer::json(
        status,
        entity(context(ctx, target, &format!("{within}/$entity")), object),
    );
    if status != 201 {
        return Ok(answer);
    }
    let location = format!(
        "{}/v1.0/{}/mailFolders('{}')",
        ctx.call.base,
        target.plain,
        mailbox.keys.folder(number)
    );
    Ok(answer.with("location", location))
}

pub(super) fn create(ctx: &mut Ctx<'_>, target: &Target, parent: Option<&str>) -> Outcome {
    let body = ctx.call.json()?;
    let name = wanted_name(&body)?;
    let hidden = body
        .get("isHidden")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = parent.map_or(Ok(ids::ROOT), |id| folder_number(mailbox, id))?;
    if mailbox.child(at, name).is_some() {
        return Err(exists(ctx, name));
    }
    let within = match parent {
        Some(_) => format!(
            "mailFolders('{}')/childFolders",
            percent_encode(&mailbox.keys.folder(at))
        ),
        None => "mailFolders".into(),
    };
    let number = ctx
        .world
        .mailbox_mut(target.at)?
        .create_folder(at, name, hidden);
    folder_answer(ctx, target, number, 201, &within)
}

/// Default folders resist renaming, moving and deleting.
fn own_folder(ctx: &Ctx<'_>, target: &Target, id: &str, code: &str) -> Outcome<u64> {
    let mailbox = ctx.world.mailbox(target.at)?;
    let status = ctx.world.switches.number("default-folder-status");
    let number = folder_number(mailbox, id)?;
    match mailbox.folders.get(&number).and_then(|f| f.well_known) {
        Some(_) => Err(error(
            u16::try_from(status).unwrap_or(403),
            code,
            "The distinguished folder cannot be changed.",
        )),
        None => Ok(number),
    }
}

pub(super) fn rename(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let body = ctx.call.json()?;
    let name = wanted_name(&body)?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = own_folder(ctx, target, id, "ErrorAccessDenied")?;
    let parent = mailbox.folders.get(&number).map_or(ids::ROOT, |f| f.parent);
    if mailbox
        .child(parent, name)
        .is_some_and(|other| other != number)
    {
        return Err(exists(ctx, name));
    }
    ctx.world
        .mailbox_mut(target.at)?
        .rename_folder(number, name);
    folder_answer(ctx, target, number, 200, "mailFolders")
}

/// `move` and `copy`.
pub(super) fn relocate(ctx: &mut Ctx<'_>, target: &Target, id: &str, copy: bool) -> Outcome {
    let body = ctx.call.json()?;
    let destination = destination(&body)?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = match copy {
        true => folder_number(mailbox, id)?,
        false => own_folder(ctx, target, id, "ErrorMoveDistinguishedFolder")?,
    };
    let to = folder_number(mailbox, destination)?;
    let name = mailbox
        .folders
        .get(&number)
        .map(|f| f.name.clone())
        .ok_or_else(not_found)?;
    if mailbox
        .child(to, &name)
        .is_some_and(|other| copy || other != number)
    {
        return Err(exists(ctx, &name));
    }
    if mailbox.is_within(to, number) {
        return Err(error(
            400,
            "ErrorMoveCopyFailed",
            "The move or copy operation failed.",
        ));
    }
    let now = ctx.now;
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let result = if copy {
        copy_tree(mailbox, number, to, now)
    } else {
        mailbox.move_folder(number, to);
        number
    };
    let status = u16::try_from(ctx.world.switches.number("folder-move-status")).unwrap_or(201);
    folder_answer(ctx, target, result, status, "mailFolders")
}

pub(super) fn destination(body: &Value) -> Outcome<&str> {
    ["destinationId", "DestinationId"]
        .iter()
        .find_map(|k| body.get(k))
        .and_then(Value::as_str)
        .ok_or_else(|| error(400, "ErrorInvalidRequest", "The destinationId is missing."))
}

fn copy_tree(mailbox: &mut Mailbox, number: u64, to: u64, now: i64) -> u64 {
    let Some(folder) = mailbox.folders.get(&number) else {
        return number;
    };
    let (name, hidden) = (folder.name.clone(), folder.hidden);
    let items: Vec<Item> = folder
        .by_date
        .iter()
        .filter_map(|(_, n)| mailbox.items.get(n).cloned())
        .collect();
    let below: Vec<_> = mailbox.children(number).iter().map(|f| f.number).collect();
    let copy = mailbox.create_folder(to, &name, hidden);
    for mut item in items {
        item.content = Arc::new(Content::new(item.content.mime().clone()));
        item.created = now;
        mailbox.add(copy, item);
    }
    for child in below {
        copy_tree(mailbox, child, copy, now);
    }
    copy
}

/// Into the Deleted Items, or for good for what is there already.
pub(super) fn delete(ctx: &mut Ctx<'_>, target: &Target, id: &str, purge: bool) -> Outcome {
    let number = own_folder(ctx, target, id, "ErrorDeleteDistinguishedFolder")?;
    let mailbox = ctx.world.mailbox_mut(target.at)?;
    let trash = mailbox.role("deleteditems");
    if purge || mailbox.is_within(number, trash) {
        mailbox.purge_folder(number);
        return Ok(Answer::no_content());
    }
    let name = mailbox
        .folders
        .get(&number)
        .map(|f| f.name.clone())
        .unwrap_or_default();
    if mailbox.child(trash, &name).is_some() {
        // Outlook numbers such names; a clash here would block the deletion.
        let free = (1..)
            .map(|n| format!("{name} {n}"))
            .find(|n| mailbox.child(trash, n).is_none());
        mailbox.rename_folder(number, free.as_deref().unwrap_or(&name));
    }
    mailbox.move_folder(number, trash);
    Ok(Answer::no_content())
}
