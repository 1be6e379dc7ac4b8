//! mailFolder: listing, creating, renaming, moving, deleting (dossier 02).

use super::{
    expand::{self, Expand, On},
    extended,
    filter::{self, Lookup},
    http::{Answer, Outcome, bad_request, error, not_found, percent_encode, undeserializable},
    ids,
    mailbox::{Item, Mailbox},
    mimeview::Content,
    project::{self, entity},
    query,
    route::{Ctx, Target, folder_number},
    schema, searchfolder,
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
    query::check(call, query::FOLDERS)?;
    let select = select(ctx)?;
    let expand = expand::parse(call.option("expand"), On::Folder)?;
    let hidden = call
        .option("includeHiddenFolders")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let expr = call.option("filter").map(filter::parse).transpose()?;
    if let Some(expr) = &expr {
        schema::check(expr, schema::of_folder, "MailFolder")?;
    }
    let order = call.option("orderby").unwrap_or("");
    let order = schema::order(order, schema::of_folder, "MailFolder")?;
    let object = |f| project::folder(mailbox, f, &expand);
    let visible = |at: u64| {
        mailbox
            .children(at)
            .into_iter()
            .filter(|f| hidden && ctx.world.switches.on("hidden-folders") || !f.hidden)
            .collect::<Vec<_>>()
    };
    let mut found: Vec<_> = visible(at)
        .into_iter()
        .filter(|f| expr.as_ref().is_none_or(|e| e.holds(&Object(object(f)))))
        .collect();
    for (path, down) in order.iter().rev() {
        found.sort_by_cached_key(|f| object(f).get(path).map(|v| v.to_string().to_lowercase()));
        if *down {
            found.reverse();
        }
    }
    let (top, skip) = query::paging(call, 10, i32::MAX as usize)?;
    let mut value = Vec::new();
    for folder in found.iter().skip(skip).take(top) {
        let mut one = object(folder);
        pick(&mut one, select.as_deref());
        if expand.children {
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
    if expand.children {
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
    if query::counted(call) {
        body.insert("@odata.count".into(), found.len().into());
    }
    body.insert("value".into(), Value::Array(value));
    if found.len() > skip + top {
        body.insert("@odata.nextLink".into(), next_link(ctx, skip + top).into());
    }
    Ok(Answer::json(200, Value::Object(body)))
}

/// The same request, further on.
pub(super) fn next_link(ctx: &Ctx<'_>, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in ctx.call.query.iter().filter(|(k, _)| {
        !["skip", "skiptoken"].contains(&k.trim_start_matches('$').to_ascii_lowercase().as_str())
    }) {
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
    query::check(ctx.call, query::ONE)?;
    let select = select(ctx)?;
    let expand = expand::parse(ctx.call.option("expand"), On::Folder)?;
    let folder = mailbox.folders.get(&number).ok_or_else(not_found)?;
    let mut object = project::folder(mailbox, folder, &expand);
    pick(&mut object, select.as_deref());
    let mut listed: Vec<_> = select.iter().flatten().map(|n| (*n).to_owned()).collect();
    if expand.children {
        let children = mailbox.children(number).into_iter();
        let children = children.filter(|f| !f.hidden).map(|f| {
            let mut child = project::folder(mailbox, f, &Expand::default());
            pick(&mut child, select.as_deref());
            Value::Object(child)
        });
        object.insert("childFolders".into(), children.collect());
        listed.push("childFolders()".into());
    }
    let listed = match listed.is_empty() {
        true => String::new(),
        false => format!("({})", listed.join(",")),
    };
    Ok(Answer::json(
        200,
        entity(
            context(ctx, target, &format!("mailFolders{listed}/$entity")),
            object,
        ),
    ))
}

/// Keys that a folder's body may have.
const WRITABLE: &[&str] = &[
    "@odata.type",
    "displayName",
    "isHidden",
    "singleValueExtendedProperties",
    "multiValueExtendedProperties",
    "includeNestedFolders",
    "sourceFolderIds",
    "filterQuery",
];

/// The body of a creating or changing request: known keys with values of their types.
fn body(ctx: &Ctx<'_>) -> Outcome<Value> {
    let body = ctx.call.json()?;
    let known = |name: &str| WRITABLE.contains(&name);
    let typed = |name: &str, value: &Value| match name {
        "isHidden" | "includeNestedFolders" => value.is_boolean(),
        "@odata.type" | "displayName" | "filterQuery" => value.is_string(),
        _ => value.is_array(),
    };
    let mut fields = body.as_object().into_iter().flatten();
    match fields.all(|(name, value)| known(name) && typed(name, value)) {
        true => Ok(body),
        false => Err(undeserializable()),
    }
}

/// Extended properties of a body, put on a folder.
fn extend(ctx: &mut Ctx<'_>, target: &Target, number: u64, body: &Value) -> Outcome<()> {
    let (single, multi) = (extended::written(body)?, extended::written_multi(body)?);
    if let Some(folder) = ctx.world.mailbox_mut(target.at)?.folders.get_mut(&number) {
        folder.extended.extend(single);
        folder.multi.extend(multi);
    }
    Ok(())
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
    let object = project::folder(mailbox, folder, &Expand::default());
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
    let body = body(ctx)?;
    let name = wanted_name(&body)?;
    extended::written(&body)?;
    extended::written_multi(&body)?;
    let hidden = body
        .get("isHidden")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let mailbox = ctx.world.mailbox(target.at)?;
    let at = parent.map_or(Ok(ids::ROOT), |id| folder_number(mailbox, id))?;
    let search = searchfolder::read(mailbox, &body)?;
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
    if let Some(folder) = ctx.world.mailbox_mut(target.at)?.folders.get_mut(&number) {
        folder.search = search;
    }
    extend(ctx, target, number, &body)?;
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

/// A new name, or extended properties; `isHidden` is fixed at creation.
pub(super) fn rename(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let body = body(ctx)?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = folder_number(mailbox, id)?;
    extended::written(&body)?;
    extended::written_multi(&body)?;
    if body.get("displayName").is_some() {
        let name = wanted_name(&body)?;
        own_folder(ctx, target, id, "ErrorAccessDenied")?;
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
    }
    extend(ctx, target, number, &body)?;
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
    let (search, extended) = (folder.search.clone(), folder.extended.clone());
    let items: Vec<Item> = folder
        .by_date
        .iter()
        .filter_map(|(_, n)| mailbox.items.get(n).cloned())
        .collect();
    let below: Vec<_> = mailbox.children(number).iter().map(|f| f.number).collect();
    let copy = mailbox.create_folder(to, &name, hidden);
    if let Some(folder) = mailbox.folders.get_mut(&copy) {
        (folder.search, folder.extended) = (search, extended);
    }
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
