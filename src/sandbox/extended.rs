//! Extended (MAPI) properties of messages and folders (dossier 03 section 5).
//!
//! Ids come back normalized (type in Pascal case, hex in small letters without leading zeros),
//! values are always strings, and a property that is not set has no element.

use super::{
    http::{Outcome, bad_request, undeserializable},
    mailbox::{Folder, Item},
    world::timestamp,
};
use serde_json::{Value, json};

const TYPES: &[&str] = &[
    "String",
    "Integer",
    "Long",
    "Short",
    "Boolean",
    "SystemTime",
    "Binary",
    "CLSID",
    "Double",
    "Float",
    "Currency",
    "ApplicationTime",
];

/// Properties that only the creating POST sets; a PATCH of them has no effect.
const FIXED: &[&str] = &[
    "0xe07", "0xe08", "0xe06", "0x39", "0x7d", "0x1042", "0x1039", "0x1035", "0x1a", "0xe23",
];

/// `LONG 0x0E08` is `Long 0xe08`. `None` for what is no property id.
pub(super) fn normalize(id: &str) -> Option<String> {
    let (kind, rest) = id.trim().split_once(' ')?;
    let kind = TYPES.iter().find(|t| t.eq_ignore_ascii_case(kind))?;
    normal(kind, rest)
}

/// `stringarray 0x101F` is `StringArray 0x101f`.
pub(super) fn normalize_multi(id: &str) -> Option<String> {
    let (kind, rest) = id.trim().split_once(' ')?;
    let (bare, _) = kind.split_at_checked(kind.len().checked_sub(5)?)?;
    kind.to_ascii_lowercase().strip_suffix("array")?;
    let kind = TYPES.iter().find(|t| t.eq_ignore_ascii_case(bare))?;
    normal(&format!("{kind}Array"), rest)
}

fn normal(kind: &str, rest: &str) -> Option<String> {
    let rest = rest.trim();
    if rest.starts_with('{') {
        let (guid, name) = rest.split_once('}')?;
        uuid::Uuid::try_parse(guid.strip_prefix('{')?).ok()?;
        let (how, what) = name.trim().split_once(' ')?;
        let (how, what) = match how.to_ascii_lowercase().as_str() {
            "name" => ("Name", what.trim().to_owned()),
            "id" => ("Id", hex(what.trim())?),
            _ => return None,
        };
        return Some(format!(
            "{kind} {}}} {how} {what}",
            guid.to_ascii_lowercase()
        ));
    }
    Some(format!("{kind} {}", hex(rest)?))
}

fn hex(text: &str) -> Option<String> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    Some(format!("0x{:x}", u32::from_str_radix(digits, 16).ok()?))
}

/// The array, or `None` where none of the properties is set: then the key is missing.
pub(super) fn array<T: Into<Value>>(
    ids: &[String],
    value: impl Fn(&str) -> Option<T>,
) -> Option<Value> {
    let set: Vec<_> = ids
        .iter()
        .filter_map(|id| value(id).map(|value| json!({"id": id, "value": value.into()})))
        .collect();
    (!set.is_empty()).then(|| Value::Array(set))
}

/// A message's property by its normalized id. `size_extra` is what the store counts for any item.
pub(super) fn of_item(item: &Item, id: &str, size_extra: u64) -> Option<String> {
    if let Some(value) = item.extended.get(id) {
        return Some(value.clone());
    }
    let props = || item.content.props();
    let tag = id.split_once(' ').map(|(_, tag)| tag)?;
    match tag {
        "0xe08" => Some((props().store_size + size_extra).to_string()),
        "0xe07" => Some(flags(item).to_string()),
        "0x1090" => match item.flag.get("flagStatus").and_then(Value::as_str) {
            Some("flagged") => Some("2".into()),
            Some("complete") => Some("1".into()),
            _ => None,
        },
        "0xe06" => Some(timestamp(item.received)),
        "0x39" => Some(timestamp(
            item.sent.or(props().sent).unwrap_or(item.created),
        )),
        "0x3007" => Some(timestamp(item.created)),
        "0x3008" => Some(timestamp(item.modified)),
        "0x7d" => (!item.draft && !props().headers.is_empty()).then(|| {
            let lines: Vec<_> = props()
                .headers
                .iter()
                .map(|(n, v)| format!("{n}: {v}\r\n"))
                .collect();
            lines.concat()
        }),
        "0x1035" => props().message_id.clone(),
        "0x1042" => props().in_reply_to.clone(),
        "0x1039" => props().references.clone(),
        "0x1a" => Some(props().class.to_owned()),
        "0x37" => Some(props().subject.clone()),
        "0xe23" => Some(item.uid.to_string()),
        _ => None,
    }
}

/// PidTagMessageFlags: 1 read, 2 unmodified, 8 unsent, 0x10 has attachments.
fn flags(item: &Item) -> u32 {
    let attachments = item.content.props().attachments.iter().any(|a| !a.inline);
    u32::from(item.read)
        | u32::from(!item.draft) << 1
        | u32::from(item.draft) << 3
        | u32::from(attachments) << 4
}

pub(super) fn of_folder(folder: &Folder, id: &str) -> Option<String> {
    if let Some(value) = folder.extended.get(id) {
        return Some(value.clone());
    }
    match id.split_once(' ')?.1 {
        "0x3008" => Some(timestamp(folder.modified)),
        "0x670a" => Some(timestamp(folder.committed)),
        "0x3613" => Some("IPF.Note".into()),
        "0x6751" => Some(folder.next_uid().to_string()),
        _ => None,
    }
}

/// Properties in a body's `singleValueExtendedProperties`, ids normalized.
pub(super) fn written(body: &Value) -> Outcome<Vec<(String, String)>> {
    let value = |one: &Value| one.get("value").and_then(Value::as_str).map(str::to_owned);
    listed(body, "singleValueExtendedProperties", normalize, value)
}

/// The same of `multiValueExtendedProperties`.
pub(super) fn written_multi(body: &Value) -> Outcome<Vec<(String, Vec<String>)>> {
    let value = |one: &Value| {
        let list = one.get("value").and_then(Value::as_array)?;
        list.iter()
            .map(|v| v.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    };
    listed(body, "multiValueExtendedProperties", normalize_multi, value)
}

fn listed<T>(
    body: &Value,
    name: &str,
    normalize: fn(&str) -> Option<String>,
    value: impl Fn(&Value) -> Option<T>,
) -> Outcome<Vec<(String, T)>> {
    let list = match body.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(undeserializable)?,
    };
    list.iter()
        .map(|one| {
            let id = one.get("id").and_then(Value::as_str).and_then(normalize);
            id.zip(value(one)).ok_or_else(|| {
                bad_request("The property id or value of an extended property is not valid.")
            })
        })
        .collect()
}

/// Whether a PATCH can set this one.
pub(super) fn is_fixed(id: &str) -> bool {
    id.split_once(' ')
        .is_some_and(|(_, tag)| FIXED.contains(&tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_normalized() {
        for (id, normal) in [
            ("LONG 0x0E08", Some("Long 0xe08")),
            ("SystemTime 0x0039", Some("SystemTime 0x39")),
            (
                "integer {00062008-0000-0000-C000-000000000046} id 0x8570",
                Some("Integer {00062008-0000-0000-c000-000000000046} Id 0x8570"),
            ),
            (
                "String {00020386-0000-0000-c000-000000000046} Name x-Some",
                Some("String {00020386-0000-0000-c000-000000000046} Name x-Some"),
            ),
            ("Integer", None),
            ("Number 0x1", None),
        ] {
            assert_eq!(normalize(id).as_deref(), normal, "{id}");
        }
        assert_eq!(
            normalize_multi("STRINGARRAY 0x101F").as_deref(),
            Some("StringArray 0x101f")
        );
        for wrong in [
            "String 0x101F",
            "Array 0x1",
            "é 0x1",
            "String {nothing} Name x",
        ] {
            assert_eq!(normalize_multi(wrong), None, "{wrong}");
        }
    }
}
