//! Delta of messages and folders (dossier 03 section 3, 02 section 4; surprises 28 to 44).
//!
//! A link carries everything: where its round began (`base`), how far it got (`cursor`), and the
//! options of the first call. Rounds run over a log in the order of changes, so a change during a
//! round shows at its end, and an item can occur twice.

use super::{
    expand::{self, On},
    filter::{self, Expr, Op},
    folders::{self, context, pick},
    http::{Answer, Outcome, bad_request, error, not_found, percent_encode},
    ids,
    mailbox::{Event, Folder, FolderEvent, Item, Mailbox, Tick},
    messages::Seen,
    project::{self, Shape},
    query,
    route::{Ctx, Target, folder_number},
    schema,
    world::World,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Page size without `odata.maxpagesize`.
const PAGE: usize = 10;
/// A round with `$filter` ends here (Graph: message delta).
const FILTERED: usize = 5000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    folder: u64,
    /// Tick that the client has seen up to; 0 for a first round.
    base: Tick,
    /// Tick that this round has told up to.
    cursor: Tick,
    /// Tick at the start of the round.
    start: Tick,
    generation: u64,
    issued: i64,
    immutable: bool,
    options: Options,
    told: usize,
}

/// Baked into the links.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Options {
    select: Option<String>,
    expand: Option<String>,
    filter: Option<String>,
    change: Option<String>,
    /// `$top`: the round ends after so many entries (surprise 41).
    top: Option<usize>,
    hidden: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    First,
    Next,
    Delta,
}

/// What stops a page.
enum Stop {
    /// More to tell; the cursor is here.
    Full(Tick),
    Done,
}

pub(super) fn messages(ctx: &mut Ctx<'_>, target: &Target, id: &str) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let number = match folder_number(mailbox, id) {
        Err(answer) if answer.status == 404 => {
            return Err(error(
                404,
                "ErrorSyncFolderNotFound",
                "The specified folder could not be found in the store.",
            ));
        }
        found => found?,
    };
    let (mut token, kind) = token(ctx, mailbox, number)?;
    begin(ctx, target, &mut token, kind)?;
    let path = format!(
        "mailFolders('{}')/messages/delta",
        ctx.world.mailbox(target.at)?.keys.folder(number)
    );
    let mut value = Vec::new();
    if ctx.world.switches.take("delta-empty-page") {
        return answer(ctx, target, &token, value, &path, Stop::Full(token.cursor));
    }
    if ctx.world.switches.take("delta-tombstones") {
        let unknown = ctx.world.mailbox_mut(target.at)?.next_counter();
        let mailbox = ctx.world.mailbox(target.at)?;
        value.push(removed(ctx.world, mailbox, &token, unknown, unknown));
    }
    let size = page_size(ctx);
    let page = Page::new(ctx, target.at, &token)?;
    let stop = page.fill(&mut value, size, &mut token)?;
    if ctx.world.switches.on("delta-duplicates") {
        value = value.into_iter().flat_map(|v| [v.clone(), v]).collect();
    }
    answer(ctx, target, &token, value, &path, stop)
}

pub(super) fn folders(ctx: &mut Ctx<'_>, target: &Target) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let (mut token, kind) = token(ctx, mailbox, 0)?;
    begin(ctx, target, &mut token, kind)?;
    let size = page_size(ctx);
    let mut value = Vec::new();
    let stop = fill_folders(ctx, target, &mut token, &mut value, size)?;
    answer(ctx, target, &token, value, "mailFolders/delta", stop)
}

fn page_size(ctx: &Ctx<'_>) -> usize {
    let wanted = ctx
        .call
        .prefer("odata.maxpagesize")
        .and_then(|n| n.parse().ok())
        .unwrap_or(PAGE);
    let cap = usize::try_from(ctx.world.switches.number("delta-page-cap")).unwrap_or(1000);
    wanted.clamp(1, cap.max(1))
}

/// The token in the link, or a fresh one.
fn token(ctx: &Ctx<'_>, mailbox: &Mailbox, folder: u64) -> Outcome<(Token, Kind)> {
    let call = ctx.call;
    query::check(call, query::DELTA)?;
    for (name, kind) in [("skiptoken", Kind::Next), ("deltatoken", Kind::Delta)] {
        let Some(text) = call.option(name) else {
            continue;
        };
        let octets = URL_SAFE_NO_PAD.decode(text).ok();
        let token = octets.and_then(|o| serde_json::from_slice::<Token>(&o).ok());
        return match token {
            Some(token) if token.folder == folder => Ok((token, kind)),
            _ => Err(bad_request("Badly formed token.")),
        };
    }
    let options = Options {
        select: call.option("select").map(str::to_owned),
        expand: call.option("expand").map(str::to_owned),
        filter: call.option("filter").map(str::to_owned),
        change: call.option("changeType").map(str::to_owned),
        top: call
            .option("top")
            .map(|t| {
                t.parse()
                    .map_err(|_| bad_request("Invalid value for $top."))
            })
            .transpose()?,
        hidden: call
            .option("includeHiddenFolders")
            .is_some_and(|v| v.eq_ignore_ascii_case("true")),
    };
    check_options(&options)?;
    let order = call.option("orderby").unwrap_or("receivedDateTime desc");
    if !order.eq_ignore_ascii_case("receivedDateTime desc") {
        return Err(bad_request(
            "Delta supports $orderby=receivedDateTime desc only.",
        ));
    }
    let fresh = Token {
        folder,
        base: 0,
        cursor: 0,
        start: mailbox.tick,
        generation: 0,
        issued: ctx.now,
        immutable: call.immutable(),
        options,
        told: 0,
    };
    Ok((fresh, Kind::First))
}

/// What a delta takes: a filter on the time of receipt alone, and three kinds of changes.
fn check_options(options: &Options) -> Outcome<()> {
    if let Some(filter) = options.filter.as_deref() {
        let expr = filter::parse(filter)?;
        if !is_since(&expr) {
            return Err(bad_request(
                "Delta supports $filter on receivedDateTime with ge and gt only.",
            ));
        }
    }
    if options.top == Some(0) {
        return Err(bad_request(
            "Invalid value '0' for $top query option found.",
        ));
    }
    let kinds = ["created", "updated", "deleted"];
    match options.change.as_deref() {
        Some(kind) if !kinds.contains(&kind) => Err(bad_request(&format!(
            "Invalid value '{kind}' for the changeType query option."
        ))),
        _ => Ok(()),
    }
}

fn is_since(expr: &Expr) -> bool {
    let typed = schema::check(expr, schema::of_message, "Message").is_ok();
    typed && matches!(expr, Expr::Compare(path, Op::Ge | Op::Gt, _) if path == "receivedDateTime")
}

/// Refuses dead links; starts the round of a deltaLink.
fn begin(ctx: &Ctx<'_>, target: &Target, token: &mut Token, kind: Kind) -> Outcome<()> {
    let mailbox = ctx.world.mailbox(target.at)?;
    let links = match token.folder {
        0 => &mailbox.links,
        folder => &mailbox.folders.get(&folder).ok_or_else(not_found)?.links,
    };
    let life = ctx.world.switches.number("delta-seconds");
    let old =
        life > 0 && ctx.now.saturating_sub(token.issued) > i64::try_from(life).unwrap_or(i64::MAX);
    let dead = match kind {
        Kind::First => false,
        Kind::Next => old || token.generation < links.next,
        Kind::Delta => old || token.generation < links.delta,
    };
    if dead {
        let (had, now) = (token.generation, links.next.max(links.delta));
        let text = format!(
            "The sync state generation is not found; generation={had};[highest={now}][{now}]."
        );
        let mut gone = error(410, "SyncStateNotFound", &text);
        if ctx.world.switches.on("delta-gone-location") {
            let (base, path) = (&ctx.call.base, &ctx.call.path);
            let anew = format!("{base}{path}?$deltatoken=");
            gone.headers.push(("location".to_owned(), anew));
        }
        return Err(gone);
    }
    if kind != Kind::First
        && token.immutable != ctx.call.immutable()
        && ctx.world.switches.on("delta-id-format-strict")
    {
        return Err(error(410, "SyncStateInvalid", "The sync state is invalid."));
    }
    token.immutable = ctx.call.immutable();
    if kind == Kind::Delta {
        token.start = mailbox.tick;
        token.told = 0;
        replay(ctx.world, mailbox, token);
    }
    Ok(())
}

/// Tells the last changes once more.
fn replay(world: &World, mailbox: &Mailbox, token: &mut Token) {
    let again = usize::try_from(world.switches.number("delta-replay")).unwrap_or(0);
    let Some(folder) = mailbox.folders.get(&token.folder).filter(|_| again > 0) else {
        return;
    };
    if let Some((tick, _)) = folder.log.range(..=token.base).rev().take(again).last() {
        token.base = tick.saturating_sub(1).max(1);
        token.cursor = token.base;
    }
}

struct Page<'a> {
    world: &'a World,
    at: usize,
    mailbox: &'a Mailbox,
    folder: &'a Folder,
    shape: Shape,
    filter: Option<Expr>,
}

impl<'a> Page<'a> {
    fn new(ctx: &'a Ctx<'_>, at: usize, token: &Token) -> Outcome<Self> {
        let mailbox = ctx.world.mailbox(at)?;
        let honoured = ctx.world.switches.on("delta-expand");
        let select = project::select(token.options.select.as_deref().unwrap_or(""))?;
        let asked = expand::parse(token.options.expand.as_deref(), On::Message)?;
        Ok(Self {
            world: ctx.world,
            at,
            mailbox,
            folder: mailbox.folders.get(&token.folder).ok_or_else(not_found)?,
            shape: Shape {
                selected: token
                    .options
                    .select
                    .as_deref()
                    .is_some_and(|s| !s.trim().is_empty()),
                select,
                extended: asked.single.filter(|_| honoured),
                multi: asked.multi.filter(|_| honoured),
                immutable: token.immutable,
                text: ctx
                    .call
                    .prefer("outlook.body-content-type")
                    .is_some_and(|v| v.eq_ignore_ascii_case("text")),
                attachments: false,
            },
            filter: token
                .options
                .filter
                .as_deref()
                .map(filter::parse)
                .transpose()?,
        })
    }

    fn fill(&self, value: &mut Vec<Value>, size: usize, token: &mut Token) -> Outcome<Stop> {
        for (tick, event) in self.folder.log.range(token.cursor + 1..) {
            let most = token.options.top.unwrap_or(usize::MAX);
            let most = if self.filter.is_some() {
                most.min(FILTERED)
            } else {
                most
            };
            if token.told >= most {
                break;
            }
            if value.len() >= size {
                return Ok(Stop::Full(token.cursor));
            }
            if let Some(entry) = self.entry(*tick, *event, token)? {
                value.push(entry);
                token.told += 1;
            }
            token.cursor = *tick;
        }
        Ok(Stop::Done)
    }

    fn entry(&self, tick: Tick, event: Event, token: &Token) -> Outcome<Option<Value>> {
        let wants = |what: &str| token.options.change.as_deref().is_none_or(|c| c == what);
        match event {
            Event::Left { number, entry } => {
                // A first round starts with what is there; only what left during it is told.
                let known = token.base > 0 || tick > token.start;
                Ok((known && wants("deleted"))
                    .then(|| removed(self.world, self.mailbox, token, number, entry)))
            }
            Event::Item(number) => {
                let Some(item) = self.mailbox.items.get(&number) else {
                    return Ok(None);
                };
                let created = item.arrived > token.base;
                if !wants(if created { "created" } else { "updated" }) || self.is_lost(item, token)
                {
                    return Ok(None);
                }
                let size_extra = self.world.switches.number("size-extra");
                let seen = Seen {
                    mailbox: self.mailbox,
                    item,
                    shape: &self.shape,
                    size_extra,
                };
                if self.filter.as_ref().is_some_and(|f| !f.holds(&seen)) {
                    return Ok(None);
                }
                self.told(item, token)
            }
        }
    }

    /// With immutable ids an item that left and came back within one round is not told, nor, by
    /// switch, one that was moved in; until it is touched again.
    fn is_lost(&self, item: &Item, token: &Token) -> bool {
        if !token.immutable || token.base == 0 || item.full > item.arrived {
            return false;
        }
        let returned = item.left_before.is_some_and(|left| left > token.base);
        let moved_in = item.moved_in && item.arrived > token.base;
        returned && self.world.switches.on("delta-aba-loss")
            || moved_in && self.world.switches.on("delta-hides-moved-in")
    }

    fn told(&self, item: &Item, token: &Token) -> Outcome<Option<Value>> {
        let mut out = Map::new();
        out.insert("@odata.type".into(), "#microsoft.graph.message".into());
        let read_only = item.full <= token.base;
        let selected = !self.shape.selected || self.shape.select.contains(&"isRead");
        if read_only && !selected {
            return Ok(None);
        }
        if read_only && self.world.switches.on("delta-partial-read") {
            out.insert(
                "@odata.etag".into(),
                project::etag(self.mailbox, item).into(),
            );
            out.insert(
                "id".into(),
                project::item_id(self.mailbox, item, token.immutable).into(),
            );
            out.insert("isRead".into(), item.read.into());
            out.insert(
                "parentFolderId".into(),
                self.mailbox.keys.folder(item.folder).into(),
            );
            return Ok(Some(Value::Object(out)));
        }
        for (name, value) in project::message(self.world, self.at, item, &self.shape)? {
            out.entry(name).or_insert(value);
        }
        Ok(Some(Value::Object(out)))
    }
}

fn removed(world: &World, mailbox: &Mailbox, token: &Token, number: u64, entry: u64) -> Value {
    let id = match token.immutable {
        true => mailbox.keys.immutable(number),
        false => mailbox.keys.message(token.folder, entry),
    };
    let reason = world.switches.value("delta-removed-reason");
    json!({"@odata.type": "#microsoft.graph.message", "id": id, "@removed": {"reason": reason}})
}

fn fill_folders(
    ctx: &Ctx<'_>,
    target: &Target,
    token: &mut Token,
    value: &mut Vec<Value>,
    size: usize,
) -> Outcome<Stop> {
    let mailbox = ctx.world.mailbox(target.at)?;
    let select = folders::select(ctx)?;
    let baked = token.options.select.clone();
    let baked: Option<Vec<&str>> = baked
        .as_deref()
        .map(|s| s.split(',').map(str::trim).collect());
    let select = select.or(baked);
    let expand = expand::parse(token.options.expand.as_deref(), On::Folder)?;
    for (tick, event) in mailbox.folder_log.range(token.cursor + 1..) {
        if value.len() >= size {
            return Ok(Stop::Full(token.cursor));
        }
        token.cursor = *tick;
        match event {
            FolderEvent::Gone(number) if token.base > 0 || *tick > token.start => {
                value.push(
                    json!({"id": mailbox.keys.folder(*number), "@removed": {"reason": "deleted"}}),
                );
            }
            FolderEvent::Gone(_) => {}
            FolderEvent::Folder(number) => {
                let Some(folder) = mailbox.folders.get(number) else {
                    continue;
                };
                let counts =
                    folder.full <= token.base && !ctx.world.switches.on("folder-delta-counts");
                let asked = token.options.hidden && ctx.world.switches.on("hidden-folders");
                let hidden = folder.hidden && !asked;
                let listed = *number != ids::ROOT && mailbox.is_within(*number, ids::ROOT);
                if listed && !hidden && !counts {
                    let mut object = project::folder(mailbox, folder, &expand);
                    pick(&mut object, select.as_deref());
                    value.push(Value::Object(object));
                }
            }
        }
    }
    Ok(Stop::Done)
}

fn answer(
    ctx: &Ctx<'_>,
    target: &Target,
    token: &Token,
    value: Vec<Value>,
    path: &str,
    stop: Stop,
) -> Outcome {
    let mailbox = ctx.world.mailbox(target.at)?;
    let mut token = token.clone();
    let links = mailbox
        .folders
        .get(&token.folder)
        .map_or(&mailbox.links, |f| &f.links);
    token.generation = links.next.max(links.delta);
    token.issued = ctx.now;
    let (key, name) = match stop {
        Stop::Full(cursor) => {
            token.cursor = cursor;
            ("@odata.nextLink", "$skiptoken")
        }
        Stop::Done => {
            (token.base, token.cursor) = (mailbox.tick, mailbox.tick);
            ("@odata.deltaLink", "$deltatoken")
        }
    };
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default());
    let link = format!(
        "{}/v1.0/{}/{path}?{name}={text}",
        ctx.call.base, target.path
    );
    let shape = if token.folder == 0 {
        "Collection(mailFolder)"
    } else {
        "Collection(message)"
    };
    let metadata = match token.folder {
        0 => format!("{}/v1.0/$metadata#{shape}", ctx.call.base),
        folder => match token.options.select.as_deref() {
            None => format!("{}/v1.0/$metadata#{shape}", ctx.call.base),
            Some(select) => {
                let within = format!(
                    "mailFolders('{}')/messages({select})/$delta",
                    percent_encode(&mailbox.keys.folder(folder))
                );
                context(ctx, target, &within)
            }
        },
    };
    let mut body = Map::new();
    body.insert("@odata.context".into(), metadata.into());
    body.insert(key.into(), link.into());
    body.insert("value".into(), Value::Array(value));
    Ok(Answer::json(200, Value::Object(body)))
}
