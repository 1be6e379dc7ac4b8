//! Extended (MAPI) properties of messages and folders (dossier 03 section 5).
//!
//! Ids come back normalized (type in Pascal case, hex in small letters without leading zeros),
//! values are always strings, and a property that is not set has no element.

use super::{
    http::{Outcome, bad_request},
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
    let rest = rest.trim();
    if rest.starts_with('{') {
        let (guid, name) = rest.split_once('}')?;
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

/// The ids that `$expand=singleValueExtendedProperties($filter=id eq '…' or …)` asks for; `None`
/// without such an expand.
pub(super) fn requested(expand: Option<&str>) -> Outcome<Option<Vec<String>>> {
    let Some(expand) = expand else {
        return Ok(None);
    };
    let Some(at) = expand.find("singleValueExtendedProperties") else {
        return Ok(None);
    };
    let rest = expand.get(at..).unwrap_or("");
    let ids: Option<Vec<_>> = rest.split('\'').skip(1).step_by(2).map(normalize).collect();
    match ids {
        Some(ids) if !ids.is_empty() => Ok(Some(ids)),
        _ => Err(bad_request("Parsing Select and Expand failed.")),
    }
}

/// The array, or `None` where none of the properties is set: then the key is missing.
pub(super) fn array(ids: &[String], value: impl Fn(&str) -> Option<String>) -> Option<Value> {
    let set: Vec<_> = ids
        .iter()
        .filter_map(|id| value(id).map(|value| json!({"id": id, "value": value})))
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
    match id.split_once(' ')?.1 {
        "0x3613" => Some("IPF.Note".into()),
        "0x6751" => Some((folder.by_date.len() + 1).to_string()),
        _ => None,
    }
}

/// Properties in a body's `singleValueExtendedProperties`, ids normalized.
pub(super) fn written(body: &Value) -> Outcome<Vec<(String, String)>> {
    let Some(list) = body
        .get("singleValueExtendedProperties")
        .and_then(Value::as_array)
    else {
        return Ok(Vec::new());
    };
    list.iter()
        .map(|one| {
            let id = one.get("id").and_then(Value::as_str).and_then(normalize);
            let value = one.get("value").and_then(Value::as_str);
            id.zip(value.map(str::to_owned)).ok_or_else(|| {
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
        let ids = requested(Some(
            "singleValueExtendedProperties($filter=id eq 'Integer 0x0E07' or id eq 'Long 0x0e08')",
        ));
        assert_eq!(ids.unwrap().unwrap(), ["Integer 0xe07", "Long 0xe08"]);
    }
}
