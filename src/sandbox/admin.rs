//! The admin API: how tests and demos script the sandbox and see what it was asked.
//!
//! JSON over HTTP on its own port, without authentication (loopback only). Bodies are objects;
//! answers are `200` with JSON, or `400 {"error": "…"}` that says what is wrong. `mailbox` is an
//! address or object id; `folder` is a well-known name (`inbox`), an id, or a path of display names
//! as an array (`["inbox", "Projekte"]`, from the root or from a well-known folder); `item` is an
//! id in either spelling, or a `Message-ID` with its angle brackets: of several, the one in the Inbox,
//! then the oldest, or the one in the folder that `"in"` names.
//!
//! What happened:
//! - `GET /journal` → `{"entries":[{"n":1,"host":"graph","method":"GET","path":"/v1.0/me?…","status":200,"ms":0.4,"inner":false,"fault":null}]}`.
//!   `inner` marks requests inside a `$batch`; `fault` says which fault was met; status 0 is a connection that was cut. `?after=N` starts behind entry N. No tokens, no bodies.
//! - `GET /count` → `{"graph":12,"inner":40,"login":3,"peak":4}`: requests so far; a `$batch` counts one, its content under `inner`; `peak` is
//!   the most that were in flight at once for one app and mailbox.
//! - `DELETE /journal`: empties both.
//! - `GET /traffic` → `{"traffic":[{"client_id","mailbox","in_flight","peak","total","refused","requests","uploaded"}],"sent":[{"mailbox","messages","recipients"}]}`:
//!   what the limits count, for each application and mailbox: requests in the last ten minutes, octets uploaded in the last five, messages sent in
//!   the last minute, recipients in the last day; `total` and `refused` since the start. `DELETE /traffic`: all counters begin anew.
//!
//! Signing in:
//! - `POST /approve {"user_code":"ABC…","user":"anna@example.com"}`, or `{"user_code":"…","decline":true}`.
//! - `GET /codes` → `{"codes":[{"user_code","verdict":"pending"}]}`.
//! - `POST /revoke {"access":true,"refresh":false}`: forgets tokens (401 at Graph, `invalid_grant` at login).
//! - `POST /challenge {"on":true}`: CAE: every token got so far, and every later one got without the challenge's `claims`, answers 401 with a claims
//!   challenge, if its client declared `cp1`; with `"everyone":true` the others too. `"forbidden":true`: as 403.
//! - `GET /ca` → `{"pem":"…"}`: the authority behind https, which every port speaks beside http.
//! - Registrations, users, consents, policies: [`super::directory_admin`].
//!
//! The service misbehaves:
//! - `POST /faults {"host":"graph","method":"GET","path":"/delta","times":2,"skip":0,"status":503,"headers":{"Retry-After":"1"},"body":{…}}`:
//!   the next two GETs whose path and query contain `path` get this. All keys and what a fault can do are in docs/sandbox.md. Of the faults that a
//!   request matches it meets the first that strikes.
//! - `GET /faults` → `{"faults":[{"do","method","path","skip","left","met","status","after"}]}`: those still waiting. `DELETE /faults`: none any more.
//! - `POST /switch {"name":"delta-duplicates","value":true}`, or several: `{"switches":{"latency-ms":50,"delta-page-cap":2}}`.
//!   `GET /switch` lists all with default and meaning; `DELETE /switch` sets all back.
//! - `POST /expire {"mailbox":"anna@example.com","folder":"inbox","links":"delta"}`: links handed out so far answer 410 (`delta`, `next` or `all`;
//!   without `folder`: of the folder list and of every folder; `"folder":"tree"`: of the folder list only).
//!
//! Another client does something (it takes effect at once):
//! - `POST /deliver {"mailbox":"anna@example.com","folder":"inbox","mime":"<base64>","received":1736871102,"read":false,"flagged":false,"draft":false,"count":1}`
//!   → `{"items":[{"id":"<immutable>","classic":"…"}]}`. Only `mailbox` and `mime` are needed. `count` puts so many copies in.
//! - `POST /item {"mailbox":…,"item":…,"read":true,"flag":"flagged","categories":["Rot"],"importance":"high","move":<folder>,"delete":true,"mime":"<base64>","answered":true,"touch":true}`:
//!   any of these, done in this order: properties, content (`mime`: another rendering of the same item), move, deletion for good.
//! - `GET /item?mailbox=…&item=…` → `{"id","classic","folder","path","read","flag","subject","internetMessageId","mime":"<base64>","value":"<base64 of $value>"}`.
//! - `GET /items?mailbox=…&folder=inbox` → `{"items":[{"id","classic","subject","internetMessageId","read","draft"}]}`, oldest first.
//! - `POST /folder {"mailbox":…,"create":["inbox","Neu"],"hidden":false}` → `{"id":"…"}`; `{"mailbox":…,"folder":…,"rename":"Alt"}`;
//!   `{"mailbox":…,"folder":…,"move":<parent folder>}`; `{"mailbox":…,"folder":…,"delete":true}` (with all in it, for good).
//! - `GET /submissions` → `{"submissions":[{"from","recipients":[…],"message_id","sha256","at"}]}`: what was accepted for sending.

use super::{
    Shared, directory_admin,
    entra::{self, Verdict},
    faults::Fault,
    http::{Answer, Call, Payload, Trace},
    ids::Parsed,
    journal::Journal,
    mailbox::{Item, Mailbox},
    mimeview::Content,
    traffic,
    world::{World, now, seeded_folder},
};
use axum::{body::Body, http::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::sync::Arc;

/// Copies that one delivery makes.
const MOST_COPIES: u64 = 100_000;

type Said = Result<Value, String>;

pub(super) async fn answer(shared: &Shared, call: &Call) -> Response<Body> {
    let said = match (call.method.as_str(), call.segments.as_slice()) {
        // Finding primes takes a while: not under the lock.
        ("POST", [only]) if only == "certificate" => {
            directory_admin::certificate(&serde_json::from_slice(&call.body).unwrap_or_default())
        }
        ("GET", [only]) if only == "ca" => Ok(json!({"pem": shared.tls.authority})),
        _ => handle(&mut shared.world(), call),
    };
    shared.wake.notify_one();
    let (status, body) = match said {
        Ok(body) => (200, body),
        Err(why) => (400, json!({"error": why})),
    };
    let payload = Payload::Raw("application/json; charset=utf-8", body.to_string().into());
    let answer = Answer {
        status,
        headers: Vec::new(),
        payload,
    };
    super::entra::render(answer, &Trace::of(&call.headers))
}

fn handle(world: &mut World, call: &Call) -> Said {
    let body: Value = match call.body.as_ref() {
        [] => json!({}),
        octets => serde_json::from_slice(octets).map_err(|e| format!("not JSON: {e}"))?,
    };
    let parts: Vec<_> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("GET", ["journal"]) => Ok(journal(world, call)),
        ("DELETE", ["journal"]) => {
            world.journal = Journal::default();
            world.traffic.forget_peaks();
            Ok(json!({}))
        }
        ("GET", ["count"]) => Ok(json!({
            "graph": world.journal.graph, "inner": world.journal.inner, "login": world.journal.login,
            "peak": world.traffic.peak(),
        })),
        ("GET", ["traffic"]) => Ok(traffic::shown(world)),
        ("DELETE", ["traffic"]) => {
            world.traffic.reset();
            Ok(json!({}))
        }
        ("GET", ["submissions"]) => Ok(json!({"submissions": world.journal.submissions})),
        ("POST", ["approve"]) => approve(world, &body),
        ("GET", ["codes"]) => Ok(codes(world)),
        ("POST", ["revoke"]) => {
            let refresh = flag(&body, "refresh").unwrap_or(false);
            world.entra.revoke(refresh);
            Ok(json!({}))
        }
        ("POST", ["challenge"]) => {
            let on = flag(&body, "on").unwrap_or(true);
            let everyone = flag(&body, "everyone").unwrap_or(false);
            world.entra.challenge = on.then(|| entra::Challenge {
                since: std::time::Instant::now(),
                everyone,
                forbidden: flag(&body, "forbidden").unwrap_or(false),
            });
            Ok(json!({}))
        }
        ("POST", ["faults"]) => {
            let fault = Fault::read(&body).map_err(|w| format!("{}: {}", w.key, w.what))?;
            world.faults.push(fault);
            Ok(json!({"waiting": world.faults.len()}))
        }
        ("GET", ["faults"]) => {
            Ok(json!({"faults": world.faults.iter().map(Fault::shown).collect::<Vec<_>>()}))
        }
        ("DELETE", ["faults"]) => {
            world.faults.clear();
            Ok(json!({}))
        }
        ("GET", ["switch"]) => Ok(json!({"switches": world.switches.list()})),
        ("POST", ["switch"]) => switch(world, &body),
        ("DELETE", ["switch"]) => {
            world.switches.reset();
            Ok(json!({}))
        }
        ("POST", ["expire"]) => expire(world, &body),
        ("POST", ["deliver"]) => deliver(world, &body),
        ("POST", ["item"]) => change_item(world, &body),
        ("GET", ["item"]) => show_item(world, call),
        ("GET", ["items"]) => list_items(world, call),
        ("POST", ["folder"]) => change_folder(world, &body),
        (method, parts) if directory_admin::knows(parts) => {
            directory_admin::answer(world, method, parts, &body)
        }
        (method, _) => Err(format!(
            "no {method} {}; the API is described in sandbox/admin.rs",
            call.path
        )),
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

fn flag(body: &Value, name: &str) -> Option<bool> {
    body.get(name).and_then(Value::as_bool)
}

fn needed<'a>(body: &'a Value, name: &str) -> Result<&'a str, String> {
    text(body, name).ok_or_else(|| format!("{name} is missing"))
}

fn journal(world: &World, call: &Call) -> Value {
    let after = call
        .option("after")
        .and_then(|n| n.parse::<u64>().ok())
        .unwrap_or(0);
    let entries = world.journal.entries.iter();
    let entries: Vec<_> = entries
        .filter(|e| e.get("n").and_then(Value::as_u64) > Some(after))
        .collect();
    json!({"entries": entries})
}

fn approve(world: &mut World, body: &Value) -> Said {
    let code = needed(body, "user_code")?;
    let user = match flag(body, "decline") {
        Some(true) => None,
        _ => Some(needed(body, "user")?),
    };
    entra::decide(world, code, user)?;
    Ok(json!({}))
}

fn codes(world: &World) -> Value {
    let codes = world.entra.devices.iter().map(|d| {
        let verdict = match d.verdict {
            Verdict::Pending => "pending",
            Verdict::Approved(_) => "approved",
            Verdict::Declined => "declined",
        };
        json!({"user_code": d.user_code, "verdict": verdict, "scopes": d.scopes(), "client_id": d.client})
    });
    json!({"codes": codes.collect::<Vec<_>>()})
}

fn switch(world: &mut World, body: &Value) -> Said {
    match body.get("switches").and_then(Value::as_object) {
        Some(several) => several
            .iter()
            .try_for_each(|(name, value)| world.set_switch(name, value.clone()))?,
        None => world.set_switch(
            needed(body, "name")?,
            body.get("value").cloned().unwrap_or(Value::Null),
        )?,
    }
    Ok(json!({}))
}

fn mailbox_at(world: &World, who: Option<&str>) -> Result<usize, String> {
    let who = who.ok_or("mailbox is missing")?;
    world.user(who).ok_or_else(|| format!("no mailbox {who:?}"))
}

fn mailbox<'w>(world: &'w mut World, body: &Value) -> Result<&'w mut Mailbox, String> {
    let at = mailbox_at(world, text(body, "mailbox"))?;
    world
        .boxes
        .get_mut(at)
        .ok_or_else(|| "no such mailbox".into())
}

fn folder(mailbox: &Mailbox, wanted: &Value) -> Result<u64, String> {
    let fail = || format!("no folder {wanted}");
    let path: Vec<&str> = match wanted {
        Value::String(name) => {
            let parsed = mailbox.keys.parse(name);
            if let Ok(Parsed::Folder(number)) = parsed {
                return mailbox
                    .folders
                    .contains_key(&number)
                    .then_some(number)
                    .ok_or_else(fail);
            }
            vec![name]
        }
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => return Err(fail()),
    };
    let mut at = super::ids::ROOT;
    for (level, name) in path.iter().enumerate() {
        let known = (level == 0)
            .then(|| mailbox.well_known(name).flatten())
            .flatten();
        at = known.or_else(|| mailbox.child(at, name)).ok_or_else(fail)?;
    }
    Ok(at)
}

/// By id, or by Message-ID: of several, the one in the Inbox, then the oldest; `within` a folder
/// only, where one is named.
fn item(mailbox: &Mailbox, wanted: &str, within: Option<u64>) -> Result<u64, String> {
    let found = match mailbox.keys.parse(wanted) {
        Ok(Parsed::Immutable(number)) => mailbox.items.get(&number),
        Ok(Parsed::Classic(_, entry)) => mailbox.by_entry(entry),
        _ => {
            let inbox = mailbox.role("inbox");
            let named = |i: &&Item| i.content.props().message_id.as_deref() == Some(wanted);
            let here = |i: &&Item| within.is_none_or(|f| f == i.folder);
            let all = mailbox.items.values().filter(here).filter(named);
            all.min_by_key(|i| (i.folder != inbox, i.number))
        }
    };
    found
        .map(|i| i.number)
        .ok_or_else(|| format!("no item {wanted:?}"))
}

fn expire(world: &mut World, body: &Value) -> Said {
    let which = text(body, "links").unwrap_or("all");
    if !["all", "delta", "next"].contains(&which) {
        return Err(format!("links: {which:?} is not delta, next or all"));
    }
    let mailbox = mailbox(world, body)?;
    let wanted = body.get("folder").filter(|f| !f.is_null());
    let tree = wanted.is_none_or(|f| f == "tree");
    let one = wanted
        .filter(|f| *f != "tree")
        .map(|f| folder(mailbox, f))
        .transpose()?;
    let outdate = |links: &mut super::mailbox::Links| {
        let next = links.delta.max(links.next) + 1;
        if which != "next" {
            links.delta = next;
        }
        if which != "delta" {
            links.next = next;
        }
    };
    if tree {
        outdate(&mut mailbox.links);
    }
    for f in mailbox.folders.values_mut() {
        if one == Some(f.number) || wanted.is_none() {
            outdate(&mut f.links);
        }
    }
    Ok(json!({}))
}

fn octets(body: &Value, name: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(needed(body, name)?)
        .map_err(|e| format!("{name} is not base64: {e}"))
}

fn deliver(world: &mut World, body: &Value) -> Said {
    let mime = octets(body, "mime")?;
    let mailbox = mailbox(world, body)?;
    let inbox = json!("inbox");
    let to = folder(mailbox, body.get("folder").unwrap_or(&inbox))?;
    let received = body
        .get("received")
        .and_then(Value::as_i64)
        .unwrap_or_else(now);
    let count = body.get("count").and_then(Value::as_u64);
    let count = count.unwrap_or(1).min(MOST_COPIES);
    let mut items = Vec::new();
    for _ in 0..count {
        let mut item = Item::new(Arc::new(Content::new(mime.clone())), received);
        item.read = flag(body, "read").unwrap_or(false);
        item.draft = flag(body, "draft").unwrap_or(false);
        if flag(body, "flagged") == Some(true) {
            item.flag = json!({"flagStatus": "flagged"});
        }
        let number = mailbox.add(to, item);
        items.push(names(mailbox, number));
    }
    Ok(json!({"items": items}))
}

/// Both spellings of an item's id.
fn names(mailbox: &Mailbox, number: u64) -> Value {
    let classic = mailbox
        .items
        .get(&number)
        .map(|i| mailbox.keys.message(i.folder, i.entry));
    json!({"id": mailbox.keys.immutable(number), "classic": classic})
}

fn change_item(world: &mut World, body: &Value) -> Said {
    let mime = body.get("mime").map(|_| octets(body, "mime")).transpose()?;
    let mailbox = mailbox(world, body)?;
    let within = body.get("in").map(|f| folder(mailbox, f)).transpose()?;
    let number = item(mailbox, needed(body, "item")?, within)?;
    let full = [
        "flag",
        "categories",
        "importance",
        "answered",
        "touch",
        "mime",
    ];
    let (full, read) = (
        full.iter().any(|k| body.get(k).is_some()),
        flag(body, "read"),
    );
    if full || read.is_some() {
        mailbox.change(number, !full, now(), |item| {
            item.read = read.unwrap_or(item.read);
            if let Some(status) = text(body, "flag") {
                item.flag = json!({"flagStatus": status});
            }
            if let Some(list) = body.get("categories").and_then(Value::as_array) {
                item.categories = list
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
            }
            if let Some(importance) = text(body, "importance") {
                item.importance = Some(importance.to_owned());
            }
            if flag(body, "answered") == Some(true) {
                item.extended.insert("Integer 0x1081".into(), "102".into());
                item.extended.insert("Integer 0x1080".into(), "261".into());
            }
            if let Some(mime) = mime {
                item.content = Arc::new(Content::new(mime));
            }
        });
    }
    if let Some(to) = body.get("move") {
        let to = folder(mailbox, to)?;
        mailbox.move_item(number, to);
    }
    if flag(body, "delete") == Some(true) {
        mailbox.leave(number);
        return Ok(json!({}));
    }
    Ok(names(mailbox, number))
}

fn show_item(world: &World, call: &Call) -> Said {
    let at = mailbox_at(world, call.option("mailbox"))?;
    let mailbox = world.boxes.get(at).ok_or("no such mailbox")?;
    let wanted = call.option("item").ok_or("item is missing")?;
    let within = call
        .option("in")
        .map(|f| folder(mailbox, &path(f)))
        .transpose()?;
    let number = item(mailbox, wanted, within)?;
    let item = mailbox.items.get(&number).ok_or("no such item")?;
    let mut path = Vec::new();
    let mut folder = mailbox.folders.get(&item.folder);
    while let Some(f) = folder.filter(|f| f.number != super::ids::ROOT) {
        path.insert(0, f.name.clone());
        folder = mailbox.folders.get(&f.parent);
    }
    let props = item.content.props();
    Ok(json!({
        "id": mailbox.keys.immutable(number),
        "classic": mailbox.keys.message(item.folder, item.entry),
        "folder": mailbox.keys.folder(item.folder),
        "path": path,
        "read": item.read,
        "draft": item.draft,
        "flag": item.flag.get("flagStatus"),
        "categories": item.categories,
        "subject": props.subject,
        "internetMessageId": props.message_id,
        "mime": STANDARD.encode(item.content.mime()),
        "value": STANDARD.encode(world.value(at, item)),
    }))
}

/// A folder in a query: a path comes as JSON.
fn path(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn list_items(world: &World, call: &Call) -> Said {
    let at = mailbox_at(world, call.option("mailbox"))?;
    let mailbox = world.boxes.get(at).ok_or("no such mailbox")?;
    let wanted = call.option("folder").ok_or("folder is missing")?;
    let number = folder(mailbox, &path(wanted))?;
    let dates = mailbox
        .folders
        .get(&number)
        .map(|f| &f.by_date)
        .ok_or("no such folder")?;
    let items = dates
        .iter()
        .filter_map(|(_, n)| mailbox.items.get(n))
        .map(|item| {
            let props = item.content.props();
            json!({
                "id": mailbox.keys.immutable(item.number),
                "classic": mailbox.keys.message(item.folder, item.entry),
                "subject": props.subject,
                "internetMessageId": props.message_id,
                "read": item.read,
                "draft": item.draft,
            })
        });
    Ok(json!({"items": items.collect::<Vec<_>>()}))
}

fn change_folder(world: &mut World, body: &Value) -> Said {
    let mailbox = mailbox(world, body)?;
    if let Some(path) = body.get("create").and_then(Value::as_array) {
        let path: Vec<_> = path
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let number = seeded_folder(mailbox, &path, flag(body, "hidden").unwrap_or(false));
        return Ok(json!({"id": mailbox.keys.folder(number)}));
    }
    let number = folder(mailbox, body.get("folder").ok_or("folder is missing")?)?;
    if let Some(name) = text(body, "rename") {
        mailbox.rename_folder(number, name);
    }
    if let Some(parent) = body.get("move") {
        let parent = folder(mailbox, parent)?;
        mailbox.move_folder(number, parent);
    }
    if flag(body, "delete") == Some(true) {
        mailbox.purge_folder(number);
    }
    Ok(json!({"id": mailbox.keys.folder(number)}))
}
