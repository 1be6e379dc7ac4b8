//! `translateExchangeIds` (Graph: user translateExchangeIds; dossier 03 section 4).

use super::{
    http::{Answer, Outcome, bad_request, undeserializable},
    mailbox::{Item, Mailbox},
    project,
    route::{Ctx, Target, item_number},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};

/// Ids in one request.
const MOST: usize = 1000;
/// Where an id's entry id begins: behind the mailbox in a `restId`, behind its kind in an immutable one.
const CLASSIC: usize = 43;
const IMMUTABLE: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Entry,
    Ews,
    Immutable,
    Rest,
    RestImmutable,
}

fn format(body: &Value, name: &str) -> Outcome<Format> {
    Ok(match body.get(name).and_then(Value::as_str) {
        Some("entryId") => Format::Entry,
        Some("ewsId") => Format::Ews,
        Some("immutableEntryId") => Format::Immutable,
        Some("restId") => Format::Rest,
        Some("restImmutableEntryId") => Format::RestImmutable,
        _ => {
            return Err(bad_request(&format!(
                "Requested value of '{name}' was not found."
            )));
        }
    })
}

pub(super) fn answer(ctx: &Ctx<'_>, target: &Target) -> Outcome {
    let body = ctx.call.json()?;
    let mailbox = ctx.world.mailbox(target.at)?;
    let (from, to) = (
        format(&body, "sourceIdType")?,
        format(&body, "targetIdType")?,
    );
    let ids = body.get("inputIds").and_then(Value::as_array);
    let ids = ids.ok_or_else(undeserializable)?;
    if ids.len() > MOST {
        return Err(bad_request("inputIds must hold at most 1000 ids."));
    }
    let mut value = Vec::new();
    for id in ids {
        let id = id.as_str().ok_or_else(undeserializable)?;
        value.push(match source(mailbox, id, from) {
            Some(item) => json!({"sourceId": id, "targetId": spelled(mailbox, item, to)}),
            None => json!({"sourceId": id, "errorDetails": {
                "code": "ErrorInvalidIdMalformed", "message": "Id is malformed.",
            }}),
        });
    }
    let context = format!(
        "{}/v1.0/$metadata#Collection(microsoft.graph.convertIdResult)",
        ctx.call.base
    );
    Ok(Answer::json(
        200,
        json!({"@odata.context": context, "value": value}),
    ))
}

fn spelled(mailbox: &Mailbox, item: &Item, to: Format) -> String {
    let (classic, immutable) = (
        project::item_id(mailbox, item, false),
        project::item_id(mailbox, item, true),
    );
    match to {
        Format::Rest => classic,
        Format::RestImmutable => immutable,
        // EWS writes the same octets in the other alphabet.
        Format::Ews => classic.replace('-', "/").replace('_', "+"),
        Format::Entry => entry(&classic, CLASSIC),
        Format::Immutable => entry(&immutable, IMMUTABLE),
    }
}

fn entry(id: &str, from: usize) -> String {
    let octets = URL_SAFE.decode(id).unwrap_or_default();
    URL_SAFE.encode(octets.get(from..).unwrap_or(&[]))
}

fn source<'a>(mailbox: &'a Mailbox, id: &str, from: Format) -> Option<&'a Item> {
    let find = |id: &str| {
        let number = item_number(mailbox, id).ok()?;
        mailbox.items.get(&number)
    };
    match from {
        Format::Rest | Format::RestImmutable => find(id),
        Format::Ews => find(&id.replace('/', "-").replace('+', "_")),
        // What the octets before an entry id are follows from any other id of the mailbox.
        Format::Entry | Format::Immutable => {
            let (any, at) = match from {
                Format::Entry => (mailbox.keys.message(0, 0), CLASSIC),
                _ => (mailbox.keys.immutable(0), IMMUTABLE),
            };
            let mut octets = URL_SAFE.decode(any).ok()?;
            octets.truncate(at);
            octets.extend(URL_SAFE.decode(id).ok()?);
            find(&URL_SAFE.encode(octets))
        }
    }
}
