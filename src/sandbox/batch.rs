//! `$batch` (dossier 05 section 5): up to 20 requests, answered in any order.
//!
//! Inner requests carry their own headers (`Prefer` included); the outer `Authorization` counts.
//! JSON answers come as objects, everything else as a base64 string.

use super::{
    faults,
    http::{Answer, Call, ErrorStyle, Outcome, Payload, Trace, bad_request, put},
    route::{Ctx, dispatch},
    server::Face,
    traffic::{SECOND, count_inner, throttled},
    world::World,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const MOST: usize = 20;

struct Inner {
    id: String,
    call: Call,
    needs: Vec<String>,
}

/// `excess` says how many of the requests find no place and are throttled.
pub(super) fn answer(ctx: &mut Ctx<'_>, excess: usize) -> Outcome {
    let inner = requests(ctx.call)?;
    let mut statuses: HashMap<String, u16> = HashMap::new();
    let mut responses = Vec::new();
    for (index, one) in inner.iter().enumerate() {
        let failed = one
            .needs
            .iter()
            .any(|need| statuses.get(&need.to_lowercase()).is_none_or(|s| *s >= 400));
        let mut met = None;
        let answer = if failed {
            *super::http::error(
                424,
                "FailedDependency",
                "A request on which this request depends failed.",
            )
        } else if index < excess {
            *throttled(ctx.world, "MailboxConcurrency", SECOND)
        } else {
            one_answer(ctx.world, &one.call, &mut met)
        };
        statuses.insert(one.id.to_lowercase(), answer.status);
        ctx.world
            .journal
            .note_inner(one.call.method.as_str(), &one.call.path, answer.status, met);
        responses.push(response(ctx.world, &one.id, answer));
    }
    // Any order is allowed, so the order of asking is never used where nothing depends on it.
    if inner.iter().all(|i| i.needs.is_empty()) {
        shuffle(&mut responses);
    }
    Ok(Answer::json(200, json!({"responses": responses})))
}

fn one_answer(world: &mut World, call: &Call, met: &mut Option<&'static str>) -> Answer {
    let fault = faults::due(world, Face::Graph, call, true);
    if let Some((answer, name)) = fault.and_then(|f| Some((f.answer()?, f.name()))) {
        *met = Some(name);
        return answer;
    }
    match count_inner(world, call) {
        Ok(()) => dispatch(world, call, 0),
        Err(refused) => *refused,
    }
}

fn requests(call: &Call) -> Outcome<Vec<Inner>> {
    let body = call.json()?;
    let list = body.get("requests").and_then(Value::as_array);
    let list = list.ok_or_else(|| bad_request("Invalid batch payload format."))?;
    if list.is_empty() {
        return Err(bad_request("Invalid batch payload format."));
    }
    if list.len() > MOST {
        return Err(bad_request(&format!(
            "Number of batch request steps exceeds the maximum value of {MOST}."
        )));
    }
    let mut out: Vec<Inner> = Vec::new();
    for one in list {
        let inner = request(call, one)?;
        if out.iter().any(|o| o.id.eq_ignore_ascii_case(&inner.id)) {
            return Err(bad_request(
                "Invalid batch: the ids of the requests are not unique.",
            ));
        }
        if inner
            .needs
            .iter()
            .any(|n| !out.iter().any(|o| o.id.eq_ignore_ascii_case(n)))
        {
            return Err(bad_request(
                "Invalid batch: a request depends on one that does not come before it.",
            ));
        }
        out.push(inner);
    }
    Ok(out)
}

fn request(outer: &Call, one: &Value) -> Outcome<Inner> {
    let invalid = || bad_request("Invalid batch payload format.");
    let text = |name: &str| one.get(name).and_then(Value::as_str).ok_or_else(invalid);
    let method = Method::from_bytes(text("method")?.as_bytes()).map_err(|_| invalid())?;
    let mut headers = HeaderMap::new();
    for (name, value) in one
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| invalid())?;
        let value = value.as_str().ok_or_else(invalid)?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        headers.append(name, value);
    }
    if let Some(token) = outer.headers.get("authorization") {
        headers.insert("authorization", token.clone());
    }
    let body = match one.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(_) if !headers.contains_key("content-type") => {
            return Err(bad_request(
                "Invalid batch: a request with a body needs a Content-Type header.",
            ));
        }
        // Documented as base64url; clients write either alphabet.
        Some(Value::String(text)) => STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text))
            .map_err(|_| invalid())?
            .into(),
        Some(json) => json.to_string().into(),
    };
    let url = text("url")?;
    let path = url.split('?').next().unwrap_or("").trim_start_matches('/');
    if path.to_ascii_lowercase().starts_with("$batch") {
        return Err(bad_request("Invalid batch: a batch cannot hold a batch."));
    }
    if path.contains("://") || path.is_empty() {
        return Err(bad_request(
            "Invalid batch: the url of a request must be relative to the version's root.",
        ));
    }
    // A version of its own is a segment that nothing answers.
    let version = ["v1.0", "beta"].contains(&path.split('/').next().unwrap_or(""));
    let root = if version { "/v1.0/" } else { "/" };
    let target = format!("{root}{}", url.trim_start_matches('/'));
    let needs = match one.get("dependsOn") {
        None | Some(Value::Null) => [].iter(),
        Some(list) => list.as_array().ok_or_else(invalid)?.iter(),
    };
    let id = text("id")?;
    if id.is_empty() {
        return Err(invalid());
    }
    Ok(Inner {
        id: id.to_owned(),
        call: Call::new(method, &target, headers, body, &outer.base),
        needs: needs.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

fn response(world: &World, id: &str, answer: Answer) -> Value {
    let mut headers = Map::new();
    for (name, value) in &answer.headers {
        headers.insert(capitalized(name), value.as_str().into());
    }
    headers.insert("Cache-Control".into(), "private".into());
    let mut out = json!({"id": id, "status": answer.status});
    let body = match answer.payload {
        Payload::Json(mut body) => {
            headers.insert("Content-Type".into(), "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8".into());
            let mut trace = Trace::of(&HeaderMap::new());
            trace.style = ErrorStyle::of(&world.switches);
            trace.complete(&mut body);
            Some(body)
        }
        Payload::Raw(kind, octets) => {
            headers.insert("Content-Type".into(), kind.into());
            Some(match world.switches.text("batch-value-encoding") {
                "text" => String::from_utf8_lossy(&octets).into(),
                "base64url" => URL_SAFE.encode(octets).into(),
                _ => STANDARD.encode(octets).into(),
            })
        }
        Payload::Empty | Payload::None => None,
    };
    put(&mut out, "headers", Value::Object(headers));
    if let Some(body) = body {
        put(&mut out, "body", body);
    }
    out
}

fn capitalized(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_uppercase())
    });
    words.collect::<Vec<_>>().join("-")
}

fn shuffle(list: &mut [Value]) {
    let random = uuid::Uuid::new_v4().as_u128();
    for i in (1..list.len()).rev() {
        let n = random.rotate_right(u32::try_from(i).unwrap_or(0) * 5) % (i as u128 + 1);
        list.swap(i, usize::try_from(n).unwrap_or(0));
    }
}
