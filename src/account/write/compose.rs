//! What a mail is to Graph's JSON (pure): fields, one body, attachments (Graph: message resource type).
//!
//! Lossy by nature: one body, a header made anew (surprise 2). It serves Outlook only; IMAP serves what the client wrote.
//! Signed and encrypted mail must not come this way.

use crate::{
    graph::upload::Attachment,
    mail::Flags,
    mime::{self, Body, Structure, decode},
};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value, json};

/// Octets of a header block that go along as PidTagTransportMessageHeaders.
const MAX_HEADERS: usize = 30_000;

/// A message without its attachments, and those.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) json: Map<String, Value>,
    pub(super) attachments: Vec<Attachment>,
}

/// Whether another form of the mail would break a signature or lose what only its reader can open.
pub(super) fn must_stay_whole(structure: &Structure) -> bool {
    let (main, sub) = (&structure.media_type.0[..], &structure.media_type.1[..]);
    let sealed = matches!(
        (main, sub),
        ("multipart", "signed" | "encrypted") | ("application", "pkcs7-mime" | "x-pkcs7-mime")
    );
    let inside = || match &structure.content {
        Body::Multipart(parts) => parts.iter().any(must_stay_whole),
        Body::Leaf | Body::Message(..) => false,
    };
    sealed || inside()
}

/// `received` (Unix seconds) is its INTERNALDATE.
pub(super) fn composed(
    octets: &[u8],
    structure: &Structure,
    draft: bool,
    flags: &Flags,
    received: i64,
) -> Composed {
    let mut parts = Parts::default();
    parts.walk(structure, false);
    let header = slice(octets, structure.header.clone());
    let mut json = fields(header);
    json.insert("body".to_owned(), body(octets, parts.body));
    json.insert(
        "isRead".to_owned(),
        json!(flags.has(crate::mail::SystemFlag::Seen)),
    );
    let mut tags = tags(header, received);
    if !draft {
        // PidTagMessageFlags: sent, and not UNSENT (surprise 2).
        tags.push(tag("Integer 0x0E07", "4"));
    }
    json.insert("singleValueExtendedProperties".to_owned(), tags.into());
    let files = parts.files.iter().enumerate();
    Composed {
        json,
        attachments: files
            .map(|(n, (part, inline))| attachment(octets, part, *inline, n + 1))
            .collect(),
    }
}

impl Composed {
    /// Adds properties of a PATCH; extended ones add up.
    pub(super) fn merge(&mut self, patch: Value) {
        let Value::Object(patch) = patch else { return };
        for (name, value) in patch {
            match (self.json.get_mut(&name), value) {
                (Some(Value::Array(own)), Value::Array(more)) => own.extend(more),
                (_, value) => {
                    self.json.insert(name, value);
                }
            }
        }
    }
}

/// Which part is the text, and which are files (with: shown where the text refers to it).
#[derive(Default)]
struct Parts<'a> {
    body: Option<&'a Structure>,
    files: Vec<(&'a Structure, bool)>,
}

impl<'a> Parts<'a> {
    fn walk(&mut self, part: &'a Structure, related: bool) {
        match &part.content {
            Body::Multipart(parts) if part.media_type.1 == "alternative" => {
                self.alternative(parts, related);
            }
            Body::Multipart(parts) => {
                let related = related || part.media_type.1 == "related";
                parts.iter().for_each(|part| self.walk(part, related));
            }
            Body::Leaf if self.body.is_none() && is_text(part) && !is_attached(part) => {
                self.body = Some(part);
            }
            Body::Leaf | Body::Message(..) => {
                let inline = part.id.is_some() && (related || !is_attached(part));
                self.files.push((part, inline));
            }
        }
    }

    /// The richest text; other texts say the same, other things are kept as files.
    fn alternative(&mut self, parts: &'a [Structure], related: bool) {
        let best = parts
            .iter()
            .rposition(|part| holds(part, "html"))
            .or_else(|| parts.iter().position(|part| holds(part, "plain")));
        for (at, part) in parts.iter().enumerate() {
            if Some(at) == best || !is_text(part) {
                self.walk(part, related);
            }
        }
    }
}

fn is_text(part: &Structure) -> bool {
    part.media_type.0 == "text" && matches!(&part.media_type.1[..], "plain" | "html")
}

fn is_attached(part: &Structure) -> bool {
    let kind = part.disposition.as_ref().map(|(kind, _)| kind);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment"))
}

fn holds(part: &Structure, sub: &str) -> bool {
    match &part.content {
        Body::Multipart(parts) => parts.iter().any(|part| holds(part, sub)),
        _ => part.media_type.0 == "text" && part.media_type.1 == sub,
    }
}

fn slice(octets: &[u8], range: std::ops::Range<usize>) -> &[u8] {
    octets.get(range).unwrap_or_default()
}

fn body(octets: &[u8], part: Option<&Structure>) -> Value {
    let Some(part) = part else {
        return json!({"contentType": "text", "content": ""});
    };
    let charset = mime::param_value(&part.params, "charset").unwrap_or_default();
    let raw = decode::decode_leniently(slice(octets, part.body.clone()), &part.encoding);
    let html = part.media_type.1 == "html";
    json!({
        "contentType": if html { "html" } else { "text" },
        "content": decode::in_charset(&raw, &charset),
    })
}

fn fields(header: &[u8]) -> Map<String, Value> {
    let mut json = Map::new();
    let mut set = |name: &str, value: Value| {
        json.insert(name.to_owned(), value);
    };
    let text = |name: &str| mime::text::decoded_fields(header, name).pop();
    set("subject", json!(text("Subject").unwrap_or_default()));
    if let Some(id) = text("Message-ID").filter(|id| !id.trim().is_empty()) {
        set("internetMessageId", json!(id.trim()));
    }
    let envelope = mime::envelope(header);
    for (name, list) in [("from", &envelope.from), ("sender", &envelope.sender)] {
        if let Some(one) = recipients(list).into_iter().next() {
            set(name, one);
        }
    }
    let lists = [
        ("toRecipients", &envelope.to),
        ("ccRecipients", &envelope.cc),
        ("bccRecipients", &envelope.bcc),
    ];
    for (name, list) in lists {
        set(name, recipients(list).into());
    }
    if text("Reply-To").is_some() {
        set("replyTo", recipients(&envelope.reply_to).into());
    }
    if let Some(importance) = importance(text("Importance"), text("X-Priority")) {
        set("importance", json!(importance));
    }
    json
}

fn importance(named: Option<String>, numbered: Option<String>) -> Option<&'static str> {
    let named = named.map(|text| text.trim().to_ascii_lowercase());
    match (named.as_deref(), numbered.as_deref().map(str::trim_start)) {
        (Some("high"), _) => Some("high"),
        (Some("low"), _) => Some("low"),
        (None, Some(number)) if number.starts_with(['1', '2']) => Some("high"),
        (None, Some(number)) if number.starts_with(['4', '5']) => Some("low"),
        _ => None,
    }
}

/// Groups have no address and are left out.
fn recipients(list: &[mime::Address]) -> Vec<Value> {
    let one = |address: &mime::Address| {
        let text = |octets: &Vec<u8>| String::from_utf8_lossy(octets).into_owned();
        let at = format!(
            "{}@{}",
            address.mailbox.as_ref().map(text)?,
            address.host.as_ref().map(text)?
        );
        let name = address.name.as_ref().map(|name| mime::decoded_words(name));
        Some(json!({"emailAddress": {"name": name.unwrap_or_else(|| at.clone()), "address": at}}))
    };
    list.iter().filter_map(one).collect()
}

/// Heeded in the creating request only (surprise 5).
fn tags(header: &[u8], received: i64) -> Vec<Value> {
    let text = |name: &str| mime::text::decoded_fields(header, name).pop();
    let sent = mime::text::sent_date(header).map(|date| date.timestamp());
    let mut tags = Vec::new();
    for (id, seconds) in [
        ("SystemTime 0x0E06", received),
        ("SystemTime 0x0039", sent.unwrap_or(received)),
    ] {
        if let Some(at) = DateTime::from_timestamp(seconds, 0) {
            tags.push(tag(id, &at.to_rfc3339_opts(SecondsFormat::Secs, true)));
        }
    }
    for (id, name) in [
        ("String 0x1042", "In-Reply-To"),
        ("String 0x1039", "References"),
    ] {
        if let Some(value) = text(name) {
            tags.push(tag(id, value.trim()));
        }
    }
    if header.len() <= MAX_HEADERS {
        tags.push(tag("String 0x007D", &String::from_utf8_lossy(header)));
    }
    tags
}

fn tag(id: &str, value: &str) -> Value {
    json!({"id": id, "value": value})
}

fn attachment(octets: &[u8], part: &Structure, inline: bool, number: usize) -> Attachment {
    let raw = slice(octets, part.body.clone());
    let id = part.id.as_ref().map(|id| {
        let id = String::from_utf8_lossy(id);
        id.trim().trim_matches(['<', '>']).to_owned()
    });
    Attachment {
        name: name(part).unwrap_or_else(|| unnamed(part, number)),
        content_type: format!("{}/{}", part.media_type.0, part.media_type.1),
        content_id: id,
        is_inline: inline,
        octets: Bytes::from(decode::decode_leniently(raw, &part.encoding)),
    }
}

fn name(part: &Structure) -> Option<String> {
    let disposition = part.disposition.as_ref().map(|(_, params)| params);
    let value = disposition
        .and_then(|params| mime::param_value(params, "filename"))
        .or_else(|| mime::param_value(&part.params, "name"))?;
    Some(mime::decoded_words(&value).trim().to_owned()).filter(|name| !name.is_empty())
}

fn unnamed(part: &Structure, number: usize) -> String {
    let ending = match (&part.media_type.0[..], &part.media_type.1[..]) {
        ("message", "rfc822") => "eml",
        ("text", "plain") => "txt",
        ("text", "calendar") => "ics",
        (_, sub) if sub.len() <= 4 => sub,
        _ => "bin",
    };
    format!("part{number}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mail: &str) -> Composed {
        let octets = mail.replace('\n', "\r\n").into_bytes();
        let flags = Flags::default();
        composed(&octets, &mime::parse(&octets), false, &flags, 1_767_600_000)
    }

    const MIXED: &str = "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\nTo: g: a@example.org, \"B, C\" <b@example.org>;\n\
        Subject: =?utf-8?q?=C3=84?=\nMessage-ID: <1@example.com>\nIn-Reply-To: <0@example.com>\nX-Priority: 1 (Highest)\n\
        Date: Mon, 5 Jan 2026 09:00:00 +0100\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\
        Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nplain\n--a\n\
        Content-Type: multipart/related; boundary=r\n\n--r\n\
        Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n<b>=FC</b>\n--r\n\
        Content-Type: image/png\nContent-ID: <p@x>\nContent-Transfer-Encoding: base64\n\nQUJD\n--r--\n--a--\n--m\n\
        Content-Type: text/plain; name=notes.txt\n\nsecond text\n--m\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--m\n\
        Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%C3%9C.pdf\n\nPDF\n--m--\n";

    #[test]
    fn one_body_and_the_rest_as_files() {
        let Composed { json, attachments } = of(MIXED);
        assert_eq!(
            json["body"],
            json!({"contentType": "html", "content": "<b>ü</b>"})
        );
        let names: Vec<_> = attachments
            .iter()
            .map(|a| (&a.name[..], a.is_inline, a.octets.len()))
            .collect();
        let want = [
            ("part1.png", true, 3),
            ("notes.txt", false, 11),
            ("part3.eml", false, 16),
            ("Ü.pdf", false, 3),
        ];
        assert_eq!(names, want);
        assert_eq!(attachments[0].content_id.as_deref(), Some("p@x"));
    }

    #[test]
    fn fields_are_decoded_and_tags_carry_what_json_ignores() {
        let json = Value::Object(of(MIXED).json);
        assert_eq!(json["subject"], "Ä");
        assert_eq!(
            json["from"]["emailAddress"],
            json!({"name": "Jörg", "address": "joerg@example.com"})
        );
        assert_eq!(json["toRecipients"][1]["emailAddress"]["name"], "B, C");
        assert_eq!(json["toRecipients"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&json["importance"], &json["internetMessageId"]),
            (&json!("high"), &json!("<1@example.com>"))
        );
        let tags = json["singleValueExtendedProperties"].as_array().unwrap();
        let value = |id: &str| {
            tags.iter()
                .find(|t| t["id"] == id)
                .map(|t| t["value"].clone())
        };
        assert_eq!(value("Integer 0x0E07"), Some(json!("4")));
        assert_eq!(
            value("SystemTime 0x0E06"),
            Some(json!("2026-01-05T08:00:00Z"))
        );
        assert_eq!(
            value("SystemTime 0x0039"),
            Some(json!("2026-01-05T08:00:00Z"))
        );
        assert_eq!(value("String 0x1042"), Some(json!("<0@example.com>")));
        assert_eq!(value("String 0x1039"), None);
    }

    #[test]
    fn signed_and_encrypted_mail_is_told_apart() {
        let whole = |kind: &str| {
            let mail = format!("Content-Type: {kind}; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n");
            must_stay_whole(&mime::parse(mail.as_bytes()))
        };
        for kind in [
            "multipart/signed",
            "Multipart/Encrypted",
            "application/pkcs7-mime",
        ] {
            assert!(whole(kind), "{kind}");
        }
        assert!(!whole("multipart/mixed") && !whole("text/plain"));
        let nested = b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\
            Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--o--\r\n";
        assert!(must_stay_whole(&mime::parse(nested)));
    }
}
