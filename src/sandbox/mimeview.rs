//! What the JSON of a message says, read from its MIME.
//!
//! The service stores properties and generates MIME; here it is the other way round, and both are
//! worked out once, when first asked for.

use super::{ids, regenerate};
use bytes::Bytes;
use mail_parser::{
    Address, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};
use std::sync::OnceLock;

/// A message's octets as they came in, and what follows from them.
#[derive(Debug)]
pub(super) struct Content {
    mime: Bytes,
    props: OnceLock<Props>,
    rendered: OnceLock<Bytes>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
}

/// Properties of a message as the JSON shows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Props {
    pub(super) subject: String,
    pub(super) from: Option<Person>,
    pub(super) sender: Option<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) bcc: Vec<Person>,
    pub(super) reply_to: Vec<Person>,
    /// With angle brackets.
    pub(super) message_id: Option<String>,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Option<String>,
    /// Unix seconds, from Date.
    pub(super) sent: Option<i64>,
    pub(super) html: bool,
    pub(super) body: String,
    pub(super) preview: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) importance: &'static str,
    pub(super) class: &'static str,
    pub(super) read_receipt: bool,
    pub(super) delivery_receipt: bool,
    pub(super) headers: Vec<(String, String)>,
    /// What the store counts: text in UTF-16, attachments decoded with 4.5 % on top (recorded: a
    /// file of 3,483,322 octets counts 3,640,066). So a mail of one line counts more than its MIME,
    /// one with a large attachment less.
    pub(super) store_size: u64,
    /// The octets that all messages of a conversation share.
    pub(super) thread: [u8; 16],
}

#[derive(Debug, Clone, Default)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) content_id: Option<String>,
    pub(super) inline: bool,
    /// A mail within the mail.
    pub(super) is_item: bool,
    pub(super) octets: Bytes,
}

/// How a link to a file in the cloud is kept in MIME: its octets are the link (surprise 19).
pub(super) const REFERENCE: &str = "application/x-cloud-reference";

impl Attachment {
    pub(super) fn is_reference(&self) -> bool {
        self.content_type == REFERENCE
    }
}

impl Content {
    pub(super) fn new(mime: impl Into<Bytes>) -> Self {
        Self {
            mime: mime.into(),
            props: OnceLock::new(),
            rendered: OnceLock::new(),
        }
    }

    pub(super) fn mime(&self) -> &Bytes {
        &self.mime
    }

    pub(super) fn props(&self) -> &Props {
        self.props.get_or_init(|| read(&self.mime))
    }

    /// What `$value` answers where the service regenerates: the same until the content changes.
    pub(super) fn rendered(&self, context: &regenerate::Context) -> Bytes {
        self.rendered
            .get_or_init(|| regenerate::regenerate(&self.mime, context).into())
            .clone()
    }
}

/// Reads properties from MIME. Never fails: what cannot be read stays empty.
pub(super) fn read(mime: &[u8]) -> Props {
    let Some(message) = MessageParser::default().parse(mime) else {
        return Props {
            importance: "normal",
            class: "IPM.Note",
            ..Props::default()
        };
    };
    let from = people(message.from()).into_iter().next();
    let sender = people(message.sender()).into_iter().next();
    let (html, body) = body(&message);
    let plain = if html { text_of(&body) } else { body.clone() };
    let references = ids_of(message.references());
    let in_reply_to = ids_of(message.in_reply_to());
    let message_id = message.message_id().map(bracketed);
    let subject = message.subject().unwrap_or("").to_owned();
    let attachments = attachments(&message);
    let root = references
        .as_deref()
        .and_then(|r| r.split(' ').next().map(str::to_owned))
        .or_else(|| in_reply_to.clone())
        .or_else(|| message_id.clone())
        .unwrap_or_else(|| subject.clone());
    Props {
        sender: sender.or_else(|| from.clone()),
        from,
        to: people(message.to()),
        cc: people(message.cc()),
        bcc: people(message.bcc()),
        reply_to: people(message.reply_to()),
        sent: message.date().map(|d| d.to_timestamp()),
        preview: plain.trim().chars().take(255).collect(),
        store_size: store_size(&message, &body, &attachments),
        html,
        body,
        attachments,
        importance: importance(&message),
        class: class(&message),
        read_receipt: has(&message, "Disposition-Notification-To"),
        delivery_receipt: has(&message, "Return-Receipt-To"),
        headers: headers(&message),
        thread: ids::sixteen(&[b"thread", root.as_bytes()]),
        subject,
        message_id,
        in_reply_to,
        references,
    }
}

fn store_size(message: &Message<'_>, body: &str, attachments: &[Attachment]) -> u64 {
    let head = message.root_part().raw_header_offset()..message.root_part().raw_body_offset();
    let text = body.encode_utf16().count() * 2;
    let files = attachments
        .iter()
        .map(|a| a.octets.len() + a.octets.len() / 22 + 300);
    u64::from(head.end.saturating_sub(head.start)) + (text + files.sum::<usize>()) as u64
}

/// A header field's raw value, whatever name the parser knows it by.
fn raw<'a>(message: &'a Message<'_>, name: &str) -> Option<&'a str> {
    let mut fields = message.headers_raw();
    fields
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn has(message: &Message<'_>, name: &str) -> bool {
    raw(message, name).is_some()
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let Some(address) = address else {
        return Vec::new();
    };
    address
        .iter()
        .filter_map(|a| {
            let address = a.address().unwrap_or("").to_owned();
            let name = a.name().unwrap_or(&address).to_owned();
            (!address.is_empty() || !name.is_empty()).then_some(Person { name, address })
        })
        .collect()
}

fn bracketed(id: &str) -> String {
    if id.starts_with('<') {
        id.to_owned()
    } else {
        format!("<{id}>")
    }
}

fn ids_of(value: &HeaderValue<'_>) -> Option<String> {
    let ids: Vec<_> = match value {
        HeaderValue::Text(id) => vec![bracketed(id)],
        HeaderValue::TextList(list) => list.iter().map(|id| bracketed(id)).collect(),
        _ => return None,
    };
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn body(message: &Message<'_>) -> (bool, String) {
    let html = message.html_bodies().find_map(|p| match &p.body {
        PartType::Html(text) => Some(text.to_string()),
        _ => None,
    });
    if let Some(html) = html {
        return (true, html);
    }
    let text: Vec<_> = message
        .text_bodies()
        .filter_map(|p| match &p.body {
            PartType::Text(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let text = text.join("\r\n");
    (false, text.strip_suffix("\r\n").unwrap_or(&text).to_owned())
}

/// HTML without its tags, roughly as the preview and `outlook.body-content-type="text"` show it.
pub(super) fn text_of(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let lower: String = tag.chars().take(8).collect::<String>().to_ascii_lowercase();
        let end = ["style", "script", "head"]
            .iter()
            .find(|skip| {
                lower
                    .get(1..)
                    .is_some_and(|l| l.starts_with(*skip) && !l.starts_with("header"))
            })
            .and_then(|skip| tag.find(&format!("</{skip}")).map(|i| (i, skip)))
            .map_or(0, |(i, _)| i + 1);
        if ["<br", "<p", "<div", "<tr", "</p"]
            .iter()
            .any(|b| lower.starts_with(b))
            && !out.ends_with('\n')
        {
            out.push_str("\r\n");
        }
        let from = tag.get(end..).unwrap_or("");
        rest = from.find('>').and_then(|i| from.get(i + 1..)).unwrap_or("");
    }
    out.push_str(rest);
    out.replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn importance(message: &Message<'_>) -> &'static str {
    let named = ["Importance", "X-Priority"].iter();
    let value = named
        .copied()
        .find_map(|name| raw(message, name))
        .map(str::to_ascii_lowercase);
    match value.as_deref() {
        Some(v) if v.starts_with("high") || v.starts_with(['1', '2']) => "high",
        Some(v) if v.starts_with("low") || v.starts_with(['4', '5']) => "low",
        _ => "normal",
    }
}

fn class(message: &Message<'_>) -> &'static str {
    let root = message.root_part();
    let kind = mime_type(root);
    let attribute = |name: &str| {
        root.content_type()
            .and_then(|c| c.attribute(name))
            .unwrap_or("")
            .to_ascii_lowercase()
    };
    match kind.as_str() {
        "multipart/signed" if attribute("protocol").contains("pkcs7") => {
            "IPM.Note.SMIME.MultipartSigned"
        }
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "IPM.Note.SMIME",
        "multipart/report" if attribute("report-type") == "delivery-status" => {
            "REPORT.IPM.Note.NDR"
        }
        "multipart/report" if attribute("report-type") == "disposition-notification" => {
            "REPORT.IPM.Note.IPNRN"
        }
        _ => meeting(message).unwrap_or("IPM.Note"),
    }
}

fn meeting(message: &Message<'_>) -> Option<&'static str> {
    message.parts.iter().find_map(|part| {
        let kind = part.content_type()?;
        if mime_type(part) != "text/calendar" {
            return None;
        }
        match kind
            .attribute("method")
            .unwrap_or("")
            .to_ascii_uppercase()
            .as_str()
        {
            "REQUEST" => Some("IPM.Schedule.Meeting.Request"),
            "CANCEL" => Some("IPM.Schedule.Meeting.Canceled"),
            "REPLY" => Some("IPM.Schedule.Meeting.Resp.Pos"),
            _ => None,
        }
    })
}

fn mime_type(part: &MessagePart<'_>) -> String {
    match (part.content_type(), &part.body) {
        (Some(c), _) => format!("{}/{}", c.ctype(), c.subtype().unwrap_or("")).to_ascii_lowercase(),
        (None, PartType::Message(_)) => "message/rfc822".into(),
        (None, _) => "text/plain".into(),
    }
}

/// S/MIME hides its inside: one attachment, whatever it holds (surprise 18).
fn attachments(message: &Message<'_>) -> Vec<Attachment> {
    if class(message).starts_with("IPM.Note.SMIME") {
        let root = message.root_part();
        let from = usize::try_from(root.offset_body).unwrap_or(0);
        let octets = message.raw_message.get(from..).unwrap_or(&[]);
        return vec![Attachment {
            name: "smime.p7m".into(),
            content_type: "application/pkcs7-mime".into(),
            octets: Bytes::copy_from_slice(octets),
            ..Attachment::default()
        }];
    }
    message.attachments().map(attachment).collect()
}

/// A message within another: its offsets count from where the octets around it begin.
fn octets_of(inner: &Message<'_>) -> Bytes {
    let root = inner.root_part();
    let at = |offset: u32| usize::try_from(offset).unwrap_or(0);
    let octets = inner
        .raw_message
        .get(at(root.offset_header)..at(root.offset_end));
    Bytes::copy_from_slice(octets.unwrap_or(&[]))
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let (is_item, octets) = match &part.body {
        PartType::Message(inner) => (true, octets_of(inner)),
        _ => (false, Bytes::copy_from_slice(part.contents())),
    };
    let inner_subject = match &part.body {
        PartType::Message(inner) => inner.subject().map(str::to_owned),
        _ => None,
    };
    let content_id = part.content_id().map(str::to_owned);
    let disposition = part.content_disposition();
    Attachment {
        name: part
            .attachment_name()
            .map(str::to_owned)
            .or(inner_subject)
            .unwrap_or_else(|| "attachment".into()),
        content_type: mime_type(part),
        inline: disposition.is_some_and(|d| d.is_inline()) && content_id.is_some()
            || disposition.is_none() && content_id.is_some(),
        content_id,
        is_item,
        octets,
    }
}

fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    message
        .headers_raw()
        .map(|(name, value)| {
            let value = value.replace("\r\n", "");
            (name.to_owned(), value.trim().replace('\t', " "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_follow_from_the_mime() {
        let props = read(
            b"From: Anna <anna@example.com>\r\nTo: ben@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
              Date: Tue, 14 Jan 2025 18:11:42 +0200\r\nMessage-ID: <a@example.com>\r\nReferences: <r@example.com> <s@example.com>\r\n\
              Importance: high\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
              --b\r\nContent-Type: text/html\r\n\r\n<style>p{}</style><p>Hello</p>\r\n--b\r\nContent-Type: image/png\r\n\
              Content-ID: <i>\r\nContent-Disposition: inline\r\n\r\nx\r\n--b--\r\n",
        );
        assert_eq!(props.subject, "Grüße");
        assert_eq!(props.sent, Some(1_736_871_102));
        assert_eq!(props.preview, "Hello");
        assert_eq!(props.importance, "high");
        assert_eq!(
            props.references.as_deref(),
            Some("<r@example.com> <s@example.com>")
        );
        assert_eq!(props.to[0].name, "ben@example.com");
        assert!(props.attachments[0].inline);
    }
}
