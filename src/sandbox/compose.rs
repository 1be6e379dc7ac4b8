//! MIME of messages that were made or changed by JSON, and edits of header blocks.

use super::{
    http::{Answer, Outcome, error, undeserializable},
    mimeview::{Attachment, Person, Props},
};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, message_id::MessageId, raw::Raw},
    mime::{BodyPart, MimePart},
};
use serde_json::Value;

/// Headers given by JSON: names must start with `x-`, and there may be five at most.
const MOST_HEADERS: usize = 5;

/// What JSON can say about a message's content.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) subject: String,
    pub(super) html: bool,
    pub(super) body: String,
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
    pub(super) importance: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) attachments: Vec<Attachment>,
    /// Unix seconds.
    pub(super) date: i64,
    pub(super) read_receipt: bool,
    pub(super) delivery_receipt: bool,
}

impl Draft {
    /// What there is already, to be changed.
    pub(super) fn of(props: &Props, date: i64) -> Self {
        let custom = |name: &str| {
            name.to_ascii_lowercase().starts_with("x-") && !name.eq_ignore_ascii_case("x-priority")
        };
        Self {
            subject: props.subject.clone(),
            html: props.html,
            body: props.body.clone(),
            from: props.from.clone(),
            sender: props
                .sender
                .clone()
                .filter(|s| Some(s) != props.from.as_ref()),
            to: props.to.clone(),
            cc: props.cc.clone(),
            bcc: props.bcc.clone(),
            reply_to: props.reply_to.clone(),
            message_id: props.message_id.clone(),
            in_reply_to: props.in_reply_to.clone(),
            references: props.references.clone(),
            importance: Some(props.importance.to_owned()),
            headers: props
                .headers
                .iter()
                .filter(|(n, _)| custom(n))
                .cloned()
                .collect(),
            attachments: props.attachments.clone(),
            date: props.sent.unwrap_or(date),
            read_receipt: props.read_receipt,
            delivery_receipt: props.delivery_receipt,
        }
    }

    /// Takes one JSON property; false for a name that is not content.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Outcome<bool> {
        let text = || value.as_str().unwrap_or("").to_owned();
        let typed = match name {
            "subject" | "internetMessageId" | "importance" => value.is_string(),
            "isReadReceiptRequested" | "isDeliveryReceiptRequested" => value.is_boolean(),
            "body" | "from" | "sender" => value.is_object(),
            _ => true,
        };
        if !typed && !value.is_null() {
            return Err(undeserializable());
        }
        match name {
            "subject" => self.subject = text(),
            "body" => {
                let kind = value
                    .get("contentType")
                    .and_then(Value::as_str)
                    .unwrap_or("text");
                if !["html", "text"].contains(&kind.to_ascii_lowercase().as_str()) {
                    return Err(undeserializable());
                }
                self.html = kind.eq_ignore_ascii_case("html");
                self.body = value
                    .get("content")
                    .and_then(Value::as_str)
                    .unwrap_or("")
                    .to_owned();
            }
            "from" => self.from = person(value),
            "sender" => self.sender = person(value),
            "toRecipients" => self.to = people(value)?,
            "ccRecipients" => self.cc = people(value)?,
            "bccRecipients" => self.bcc = people(value)?,
            "replyTo" => self.reply_to = people(value)?,
            "internetMessageId" => self.message_id = Some(text()).filter(|t| !t.is_empty()),
            "internetMessageHeaders" => self.headers = custom_headers(value)?,
            "importance" => self.importance = Some(text().to_ascii_lowercase()),
            "isReadReceiptRequested" => self.read_receipt = value.as_bool().unwrap_or(false),
            "isDeliveryReceiptRequested" => {
                self.delivery_receipt = value.as_bool().unwrap_or(false)
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn to_mime(&self) -> Vec<u8> {
        let mut builder = MessageBuilder::new()
            .date(self.date)
            .subject(self.subject.as_str());
        if let Some(from) = &self.from {
            builder = builder.from(address(from));
        }
        if let Some(sender) = self
            .sender
            .as_ref()
            .filter(|s| Some(*s) != self.from.as_ref())
        {
            builder = builder.sender(address(sender));
        }
        for (name, list) in [
            ("To", &self.to),
            ("Cc", &self.cc),
            ("Bcc", &self.bcc),
            ("Reply-To", &self.reply_to),
        ] {
            if !list.is_empty() {
                builder =
                    builder.header(name, Address::new_list(list.iter().map(address).collect()));
            }
        }
        let id = self.message_id.clone().unwrap_or_else(new_message_id);
        builder = builder.message_id(MessageId::new(bare(&id).to_owned()));
        for (name, value) in [
            ("In-Reply-To", &self.in_reply_to),
            ("References", &self.references),
        ] {
            if let Some(value) = value {
                let ids: Vec<String> = value
                    .split_whitespace()
                    .map(|id| bare(id).to_owned())
                    .collect();
                builder = builder.header(name, MessageId::new_list(ids.into_iter()));
            }
        }
        builder = self.marks(builder);
        for (name, value) in &self.headers {
            builder = builder.header(name.clone(), Raw::new(value.clone()));
        }
        builder = match self.html {
            true => builder.html_body(self.body.as_str()),
            false => builder.text_body(self.body.as_str()),
        };
        if !self.attachments.is_empty() {
            builder.attachments = Some(self.attachments.iter().map(part).collect());
        }
        builder.write_to_vec().unwrap_or_default()
    }

    fn marks<'a>(&'a self, mut builder: MessageBuilder<'a>) -> MessageBuilder<'a> {
        if let Some(importance) = self.importance.as_deref().filter(|i| *i != "normal") {
            builder = builder.header("Importance", Raw::new(importance));
        }
        let back = self.from.as_ref().map_or("", |f| f.address.as_str());
        for (wanted, name) in [
            (self.read_receipt, "Disposition-Notification-To"),
            (self.delivery_receipt, "Return-Receipt-To"),
        ] {
            if wanted {
                builder = builder.header(name, Raw::new(format!("<{back}>")));
            }
        }
        builder
    }
}

fn address(person: &Person) -> Address<'_> {
    let name = Some(person.name.as_str()).filter(|n| !n.is_empty() && *n != person.address);
    Address::new_address(name, person.address.as_str())
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn part(attachment: &Attachment) -> MimePart<'_> {
    let body = BodyPart::Binary(attachment.octets.as_ref().into());
    let mut part = MimePart::new(attachment.content_type.clone(), body);
    if attachment.is_item && attachment.content_type == "message/rfc822" {
        part = part.transfer_encoding("8bit");
    }
    part = match attachment.inline {
        true => part.inline(),
        false => part.attachment(attachment.name.as_str()),
    };
    match &attachment.content_id {
        Some(id) => part.cid(id.as_str()),
        None => part,
    }
}

/// As Exchange makes them.
pub(super) fn new_message_id() -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    let (host, rest) = unique.split_at(12);
    format!("<XX0P{host}{rest}@XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM>")
}

pub(super) fn person(value: &Value) -> Option<Person> {
    let of = value.get("emailAddress")?;
    let address = of
        .get("address")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned();
    let name = of
        .get("name")
        .and_then(Value::as_str)
        .filter(|n| !n.is_empty());
    Some(Person {
        name: name.unwrap_or(&address).to_owned(),
        address,
    })
}

fn people(value: &Value) -> Outcome<Vec<Person>> {
    let list = value.as_array().ok_or_else(undeserializable)?;
    list.iter()
        .map(|one| person(one).ok_or_else(undeserializable))
        .collect()
}

fn custom_headers(value: &Value) -> Outcome<Vec<(String, String)>> {
    let list = value.as_array().ok_or_else(undeserializable)?;
    if list.len() > MOST_HEADERS {
        return Err(refused(
            "InvalidInternetMessageHeaderCollection",
            "Maximum number of headers in one message should be less than or equal to 5.",
        ));
    }
    list.iter()
        .map(|one| {
            let text = |name: &str| {
                one.get(name)
                    .and_then(Value::as_str)
                    .unwrap_or("")
                    .to_owned()
            };
            let (name, value) = (text("name"), text("value"));
            if !name.to_ascii_lowercase().starts_with("x-") {
                let text = format!(
                    "The internet message header name '{name}' should start with 'x-' or 'X-'."
                );
                return Err(refused("InvalidInternetMessageHeader", &text));
            }
            Ok((name, value))
        })
        .collect()
}

fn refused(code: &str, text: &str) -> Box<Answer> {
    error(400, code, text)
}

/// The header block (with the line end of its last field) and the rest, which starts with the
/// empty line.
pub(super) fn split(mime: &[u8]) -> (&[u8], &[u8]) {
    if mime.starts_with(b"\r\n") {
        return (&[], mime);
    }
    let end = mime
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .map_or(mime.len(), |at| at + 2);
    mime.split_at(end)
}

/// The fields of a header block with their continuation lines and line ends.
fn fields(block: &[u8]) -> Vec<&[u8]> {
    let mut out: Vec<&[u8]> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in block.split_inclusive(|b| *b == b'\n') {
        if at > start && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            out.extend(block.get(start..at));
            start = at;
        }
        at += line.len();
    }
    out.extend(block.get(start..).filter(|f| !f.is_empty()));
    out
}

fn is_named(field: &[u8], name: &str) -> bool {
    let colon = field.iter().position(|b| *b == b':').unwrap_or(0);
    field
        .get(..colon)
        .is_some_and(|n| n.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

pub(super) fn has_field(mime: &[u8], name: &str) -> bool {
    fields(split(mime).0).iter().any(|f| is_named(f, name))
}

/// The same octets without the named header fields, and with `add` in front.
pub(super) fn reheaded(mime: &[u8], without: &[&str], add: &str) -> Vec<u8> {
    let (block, rest) = split(mime);
    let mut out = Vec::with_capacity(mime.len() + add.len());
    out.extend_from_slice(add.as_bytes());
    for field in fields(block) {
        if !without.iter().any(|name| is_named(field, name)) {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::mimeview;

    #[test]
    fn header_edits_leave_the_rest_alone() {
        let mime = b"Date: then\r\nBcc: a@example.com,\r\n b@example.com\r\nTo: c@example.com\r\n\r\nBcc: body\r\n";
        let out = reheaded(mime, &["bcc", "date"], "Date: now\r\n");
        assert_eq!(out, b"Date: now\r\nTo: c@example.com\r\n\r\nBcc: body\r\n");
        assert!(has_field(mime, "BCC"));
        assert!(!has_field(&out, "Bcc"));
        assert_eq!(
            reheaded(b"\r\nbody", &["to"], "To: x\r\n"),
            b"To: x\r\n\r\nbody"
        );
    }

    #[test]
    fn a_draft_reads_back_as_it_was_written() {
        let draft = Draft {
            subject: "Grüße".into(),
            body: "Hallo".into(),
            from: Some(Person {
                name: "Anna".into(),
                address: "anna@example.com".into(),
            }),
            bcc: vec![Person {
                name: "ben@example.com".into(),
                address: "ben@example.com".into(),
            }],
            message_id: Some("<m@example.com>".into()),
            references: Some("<a@example.com> <b@example.com>".into()),
            importance: Some("high".into()),
            attachments: vec![Attachment {
                name: "a.txt".into(),
                content_type: "text/plain".into(),
                octets: bytes::Bytes::from_static(b"octets"),
                ..Attachment::default()
            }],
            date: 1_736_871_102,
            ..Draft::default()
        };
        let props = mimeview::read(&draft.to_mime());
        assert_eq!(props.subject, "Grüße");
        assert_eq!(props.body, "Hallo");
        assert_eq!(props.bcc, draft.bcc);
        assert_eq!(props.message_id, draft.message_id);
        assert_eq!(props.references, draft.references);
        assert_eq!(props.importance, "high");
        assert_eq!(props.sent, Some(draft.date));
        assert_eq!(props.attachments[0].name, "a.txt");
        assert_eq!(&props.attachments[0].octets[..], b"octets");
    }
}
