//! mailSearchFolder: a folder that holds nothing, and shows what its filter finds in others (dossier 02
//! section 1; surprise 48).

use super::{
    filter,
    http::{Outcome, bad_request, undeserializable},
    mailbox::{Folder, Item, Mailbox, Search},
    messages::{Seen, resolved},
    project::Shape,
    route::folder_number,
    schema,
};
use serde_json::Value;

/// Reads a search folder from the body of a creating POST; `None` for a plain folder.
pub(super) fn read(mailbox: &Mailbox, body: &Value) -> Outcome<Option<Search>> {
    let kind = body.get("@odata.type").and_then(Value::as_str);
    let kind = kind.unwrap_or("").trim_start_matches('#');
    if !kind.eq_ignore_ascii_case("microsoft.graph.mailSearchFolder") {
        return Ok(None);
    }
    let filter = body.get("filterQuery").and_then(Value::as_str);
    let filter = filter.ok_or_else(|| bad_request("A search folder needs a filterQuery."))?;
    schema::check(&filter::parse(filter)?, schema::of_message, "Message")?;
    let sources = body.get("sourceFolderIds").and_then(Value::as_array);
    let sources = sources
        .filter(|l| !l.is_empty())
        .ok_or_else(|| bad_request("A search folder needs sourceFolderIds."))?
        .iter()
        .map(|id| folder_number(mailbox, id.as_str().ok_or_else(undeserializable)?))
        .collect::<Outcome<_>>()?;
    let nested = body.get("includeNestedFolders").and_then(Value::as_bool);
    Ok(Some(Search {
        filter: filter.to_owned(),
        sources,
        nested: nested.unwrap_or(false),
    }))
}

/// What it shows now: the items live elsewhere, as their `parentFolderId` tells.
pub(super) fn shown<'a>(mailbox: &'a Mailbox, search: &Search) -> Vec<&'a Item> {
    let Ok(expr) = filter::parse(&search.filter) else {
        return Vec::new();
    };
    let expr = resolved(mailbox, expr);
    let shape = Shape::default();
    let within = |folder: &Folder| {
        let here = |source: &u64| match search.nested {
            true => mailbox.is_within(folder.number, *source),
            false => folder.number == *source,
        };
        search.sources.iter().any(here)
    };
    mailbox
        .folders
        .values()
        .filter(|f| within(f))
        .flat_map(|f| f.by_date.iter())
        .filter_map(|(_, n)| mailbox.items.get(n))
        .filter(|item| {
            expr.holds(&Seen {
                mailbox,
                item,
                shape: &shape,
                size_extra: 0,
            })
        })
        .collect()
}
