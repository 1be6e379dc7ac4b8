//! `$expand`: which navigation properties are asked for, and with which options of their own
//! (dossier 03 section 5, 02 section 3).

use super::{
    extended,
    http::{Answer, Outcome, bad_request},
};

/// Expanded properties: more make a query that the store refuses (surprise 56).
const MOST_PROPERTIES: usize = 40;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expand {
    /// Normalized ids of extended properties; `None` where they are not asked for.
    pub(super) single: Option<Vec<String>>,
    pub(super) multi: Option<Vec<String>>,
    pub(super) attachments: bool,
    pub(super) children: bool,
    /// The message inside an item attachment.
    pub(super) item: bool,
}

/// What a resource can expand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Message,
    Folder,
    Attachment,
}

pub(super) fn parse(text: Option<&str>, on: On) -> Outcome<Expand> {
    let mut out = Expand::default();
    for part in parts(text.unwrap_or("")) {
        let (name, options) = match part.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix(')').ok_or_else(failed)?),
            None => (part, ""),
        };
        match (on, name.to_ascii_lowercase().as_str()) {
            (On::Message | On::Folder, "singlevalueextendedproperties") => {
                out.single = Some(ids(options, extended::normalize)?);
            }
            (On::Message | On::Folder, "multivalueextendedproperties") => {
                out.multi = Some(ids(options, extended::normalize_multi)?);
            }
            (On::Message, "attachments") => out.attachments = true,
            (On::Folder, "childfolders") => out.children = true,
            (On::Attachment, "microsoft.graph.itemattachment/item") => out.item = true,
            _ => return Err(failed()),
        }
    }
    Ok(out)
}

fn failed() -> Box<Answer> {
    bad_request("Parsing Select and Expand failed.")
}

/// The ids in `$filter=id eq '…' or id eq '…'`. Without a filter there is nothing to expand.
fn ids(options: &str, normalize: fn(&str) -> Option<String>) -> Outcome<Vec<String>> {
    let filter = options
        .split(';')
        .map(str::trim)
        .find_map(|o| o.strip_prefix("$filter=").or(o.strip_prefix("filter=")))
        .ok_or_else(failed)?;
    let mut out = Vec::new();
    for (n, piece) in filter.split('\'').enumerate() {
        if n % 2 == 1 {
            out.push(normalize(piece).ok_or_else(failed)?);
            continue;
        }
        let words = piece.to_ascii_lowercase();
        let words: Vec<_> = words.split_whitespace().collect();
        let between = match words.as_slice() {
            [] => n > 0,
            ["id", "eq"] => n == 0,
            ["or", "id", "eq"] => n > 0,
            _ => false,
        };
        if !between {
            return Err(failed());
        }
    }
    if out.is_empty() {
        return Err(failed());
    }
    if out.len() > MOST_PROPERTIES {
        return Err(super::filter::too_complex());
    }
    Ok(out)
}

/// Items between commas that stand in neither parentheses nor quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut start) = (0_i32, false, 0);
    let mut out = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                out.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    out.extend(text.get(start..));
    out.into_iter()
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart_outside_of_parentheses() {
        let expand = parse(
            Some(
                "singleValueExtendedProperties($filter=Id eq 'LONG 0x0E08' or id eq 'String {00020386-0000-0000-C000-000000000046} Name a,b'),attachments($select=id,name)",
            ),
            On::Message,
        )
        .unwrap();
        assert_eq!(
            expand.single.unwrap(),
            [
                "Long 0xe08",
                "String {00020386-0000-0000-c000-000000000046} Name a,b"
            ]
        );
        assert!(expand.attachments);
        let multi = parse(
            Some("multiValueExtendedProperties($filter=id eq 'stringarray 0x101F')"),
            On::Folder,
        );
        assert_eq!(multi.unwrap().multi.unwrap(), ["StringArray 0x101f"]);
        for wrong in [
            "colour",
            "attachments(",
            "singleValueExtendedProperties",
            "singleValueExtendedProperties($filter=id eq 'Nothing')",
            "singleValueExtendedProperties($filter=id ne 'Long 0x1')",
            "singleValueExtendedProperties($filter=id eq 'Long 0x1' and id eq 'Long 0x2')",
            "childFolders",
        ] {
            assert!(parse(Some(wrong), On::Message).is_err(), "{wrong}");
        }
    }
}
