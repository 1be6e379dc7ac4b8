//! Objects as JSON: which properties, in which order, under which `@odata.context` (recorded).

use super::{
    expand::{self, Expand, On},
    extended,
    http::{Call, Outcome, bad_request, percent_encode},
    ids,
    mailbox::{Folder, Item, Mailbox},
    mimeview::{self, Person},
    searchfolder,
    world::{World, timestamp},
};
use serde_json::{Map, Value, json};

/// The order of a message's properties; those after `flag` come only when selected.
const MESSAGE: &[&str] = &[
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "categories",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "internetMessageId",
    "subject",
    "bodyPreview",
    "importance",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDeliveryReceiptRequested",
    "isReadReceiptRequested",
    "isRead",
    "isDraft",
    "webLink",
    "inferenceClassification",
    "body",
    "sender",
    "from",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "flag",
];
const ON_REQUEST: &[&str] = &["internetMessageHeaders", "uniqueBody"];

/// What is asked for of each message.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// In the service's order; empty for the default projection.
    pub(super) select: Vec<&'static str>,
    pub(super) selected: bool,
    pub(super) extended: Option<Vec<String>>,
    pub(super) multi: Option<Vec<String>>,
    pub(super) attachments: bool,
    pub(super) immutable: bool,
    pub(super) text: bool,
}

impl Shape {
    pub(super) fn of(call: &Call) -> Outcome<Self> {
        let expand = expand::parse(call.option("expand"), On::Message)?;
        Ok(Self {
            select: select(call.option("select").unwrap_or(""))?,
            selected: call.option("select").is_some_and(|s| !s.trim().is_empty()),
            extended: expand.single,
            multi: expand.multi,
            attachments: expand.attachments,
            immutable: call.immutable(),
            text: call
                .prefer("outlook.body-content-type")
                .is_some_and(|v| v.eq_ignore_ascii_case("text")),
        })
    }

    /// What stands in parentheses behind the collection in `@odata.context`.
    pub(super) fn context(&self, call: &Call) -> String {
        let mut names: Vec<String> = Vec::new();
        if self.selected {
            names.extend(
                call.option("select")
                    .unwrap_or("")
                    .split(',')
                    .map(|s| s.trim().to_owned()),
            );
        }
        if self.extended.is_some() {
            names.push("singleValueExtendedProperties()".into());
        }
        if self.multi.is_some() {
            names.push("multiValueExtendedProperties()".into());
        }
        if self.attachments {
            names.push("attachments()".into());
        }
        if names.is_empty() {
            String::new()
        } else {
            format!("({})", names.join(","))
        }
    }
}

/// Names of a `$select` in the service's own order.
pub(super) fn select(text: &str) -> Outcome<Vec<&'static str>> {
    let asked: Vec<_> = text
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    let known = |name: &str| {
        let all = MESSAGE.iter().chain(ON_REQUEST);
        name.eq_ignore_ascii_case("id")
            || name == "*"
            || all.clone().any(|n| n.eq_ignore_ascii_case(name))
    };
    if let Some(wrong) = asked.iter().find(|n| !known(n)) {
        return Err(if wrong.starts_with('@') {
            bad_request("Parsing Select and Expand failed.")
        } else {
            bad_request(&format!(
                "Could not find a property named '{wrong}' on type 'Microsoft.OutlookServices.Message'."
            ))
        });
    }
    let headers_first = ON_REQUEST.iter().chain(MESSAGE);
    let chosen =
        headers_first.filter(|n| asked.iter().any(|a| a.eq_ignore_ascii_case(n) || *a == "*"));
    Ok(chosen.copied().collect())
}

pub(super) fn item_id(mailbox: &Mailbox, item: &Item, immutable: bool) -> String {
    if immutable {
        mailbox.keys.immutable(item.number)
    } else {
        mailbox.keys.message(item.folder, item.entry)
    }
}

pub(super) fn etag(mailbox: &Mailbox, item: &Item) -> String {
    format!("W/\"{}\"", mailbox.keys.change_key(item.change))
}

/// A message in a list or an answer of its own; without `@odata.context`.
pub(super) fn message(
    world: &World,
    at: usize,
    item: &Item,
    shape: &Shape,
) -> Outcome<Map<String, Value>> {
    let mailbox = world.mailbox(at)?;
    let mut out = Map::new();
    if let Some(kind) = odata_type(item).filter(|_| !shape.selected) {
        out.insert("@odata.type".into(), kind.into());
    }
    out.insert("@odata.etag".into(), etag(mailbox, item).into());
    out.insert("id".into(), item_id(mailbox, item, shape.immutable).into());
    let names = if shape.selected {
        shape.select.as_slice()
    } else {
        MESSAGE
    };
    for name in names {
        if let Some(value) = property(mailbox, item, name, shape) {
            out.insert((*name).to_owned(), value);
        }
    }
    if world.switches.on("folder-id-respelled") {
        let id = mailbox.keys.folder_respelled(item.folder);
        out.entry("parentFolderId")
            .and_modify(|own| *own = id.into());
    }
    if let Some(ids) = &shape.extended {
        let extra = world.switches.number("size-extra");
        let value = |id: &str| match (id, world.switches.text("imap-uid")) {
            ("Integer 0xe23", "absent") => None,
            ("Integer 0xe23", "unstable") => Some((item.change & 0xFFFF).to_string()),
            _ => extended::of_item(item, id, extra),
        };
        if let Some(array) = extended::array(ids, value) {
            out.insert("singleValueExtendedProperties".into(), array);
        }
    }
    if let Some(ids) = &shape.multi
        && let Some(array) = extended::array(ids, |id| item.multi.get(id).cloned())
    {
        out.insert("multiValueExtendedProperties".into(), array);
    }
    if shape.attachments {
        out.insert(
            "attachments".into(),
            super::attachments::list(mailbox, item, true),
        );
    }
    Ok(out)
}

fn odata_type(item: &Item) -> Option<&'static str> {
    let class = item.content.props().class;
    if class.starts_with("IPM.Schedule.Meeting.Re") && class.ends_with("Request") {
        return Some("#microsoft.graph.eventMessageRequest");
    }
    if class.starts_with("IPM.Schedule.Meeting.Resp") {
        return Some("#microsoft.graph.eventMessageResponse");
    }
    class
        .starts_with("IPM.Schedule")
        .then_some("#microsoft.graph.eventMessage")
}

/// One property of a message; `None` for a key that is left out.
pub(super) fn property(mailbox: &Mailbox, item: &Item, name: &str, shape: &Shape) -> Option<Value> {
    let props = || item.content.props();
    Some(match name {
        "createdDateTime" => timestamp(item.created).into(),
        "lastModifiedDateTime" => timestamp(item.modified).into(),
        "changeKey" => mailbox.keys.change_key(item.change).into(),
        "categories" => json!(item.categories),
        "receivedDateTime" => timestamp(item.received).into(),
        "sentDateTime" => timestamp(item.sent.or(props().sent).unwrap_or(item.received)).into(),
        "hasAttachments" => props().attachments.iter().any(|a| !a.inline).into(),
        "internetMessageId" => json!(props().message_id),
        "subject" => props().subject.as_str().into(),
        "bodyPreview" => props().preview.as_str().into(),
        "importance" => item
            .importance
            .as_deref()
            .unwrap_or(props().importance)
            .into(),
        "parentFolderId" => mailbox.keys.folder(item.folder).into(),
        "conversationId" => mailbox.keys.conversation(props().thread).into(),
        "conversationIndex" => ids::conversation_index(item.created, props().thread).into(),
        "isDeliveryReceiptRequested" => props().delivery_receipt.into(),
        "isReadReceiptRequested" => props().read_receipt.into(),
        "isRead" => item.read.into(),
        "isDraft" => item.draft.into(),
        "webLink" => web_link(mailbox, item).into(),
        "inferenceClassification" => item.inference.as_deref().unwrap_or("focused").into(),
        "body" | "uniqueBody" => body(item, shape.text),
        "sender" => recipient(props().sender.as_ref()?),
        "from" => recipient(props().from.as_ref()?),
        "toRecipients" => props().to.iter().map(recipient).collect(),
        "ccRecipients" => props().cc.iter().map(recipient).collect(),
        "bccRecipients" => props().bcc.iter().map(recipient).collect(),
        "replyTo" => props().reply_to.iter().map(recipient).collect(),
        "flag" => item.flag.clone(),
        "internetMessageHeaders" if item.draft => return None,
        "internetMessageHeaders" => props()
            .headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect(),
        _ => return None,
    })
}

fn web_link(mailbox: &Mailbox, item: &Item) -> String {
    let id = percent_encode(&mailbox.keys.message(item.folder, item.entry));
    format!("https://outlook.office365.com/owa/?ItemID={id}&exvsurl=1&viewmodel=ReadMessageItem")
}

fn body(item: &Item, text: bool) -> Value {
    let props = item.content.props();
    match (props.html, text) {
        (true, true) => json!({"contentType": "text", "content": mimeview::text_of(&props.body)}),
        (true, false) => json!({"contentType": "html", "content": props.body}),
        (false, _) => json!({"contentType": "text", "content": props.body}),
    }
}

pub(super) fn recipient(person: &Person) -> Value {
    json!({"emailAddress": {"name": person.name, "address": person.address}})
}

/// A folder; `children` adds the expanded level, whose folders carry no `childFolders` themselves.
pub(super) fn folder(mailbox: &Mailbox, folder: &Folder, expand: &Expand) -> Map<String, Value> {
    let mut out = Map::new();
    let mut set = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    if folder.search.is_some() {
        set("@odata.type", "#microsoft.graph.mailSearchFolder".into());
    }
    set("id", mailbox.keys.folder(folder.number).into());
    set("displayName", folder.name.as_str().into());
    set("parentFolderId", mailbox.keys.folder(folder.parent).into());
    let children = mailbox
        .folders
        .values()
        .filter(|f| f.parent == folder.number)
        .count();
    set("childFolderCount", children.into());
    let shown = folder
        .search
        .as_ref()
        .map(|s| searchfolder::shown(mailbox, s));
    let unread = match &shown {
        Some(shown) => shown.iter().filter(|i| !i.read).count() as u64,
        None => folder.unread,
    };
    set("unreadItemCount", unread.into());
    let total = shown.map_or(folder.by_date.len(), |shown| shown.len());
    set("totalItemCount", total.into());
    set("sizeInBytes", folder.size.into());
    set("isHidden", folder.hidden.into());
    if let Some(search) = &folder.search {
        set("isSupported", true.into());
        set("includeNestedFolders", search.nested.into());
        let sources = search.sources.iter().map(|n| mailbox.keys.folder(*n));
        set("sourceFolderIds", sources.collect());
        set("filterQuery", search.filter.as_str().into());
    }
    let single = expand.single.as_deref().unwrap_or(&[]);
    if let Some(array) = extended::array(single, |id| extended::of_folder(folder, id)) {
        set("singleValueExtendedProperties", array);
    }
    let multi = expand.multi.as_deref().unwrap_or(&[]);
    if let Some(array) = extended::array(multi, |id| folder.multi.get(id).cloned()) {
        set("multiValueExtendedProperties", array);
    }
    out
}

/// An entity with its context in front.
pub(super) fn entity(context: String, object: Map<String, Value>) -> Value {
    let mut out = Map::new();
    out.insert("@odata.context".into(), context.into());
    out.extend(object);
    Value::Object(out)
}
