//! The header: order and forms as recorded (From, To, Subject, Thread-Topic, … MIME-Version).

use super::{
    Writer,
    content::{Content, Ordinary},
    encode,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{Address, DateTime, Header, HeaderName, HeaderValue, Message, MessagePart};

/// Fields that come from properties, lower case: not copied.
const REBUILT: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "thread-topic",
    "thread-index",
    "date",
    "message-id",
    "references",
    "in-reply-to",
    "content-language",
    "x-ms-has-attach",
    "x-ms-tnef-correlator",
    "x-ms-exchange-messagesentrepresentingtype",
    "x-ms-exchange-organization-recordreviewcfmtype",
    "mime-version",
];

/// What transport wrote: kept on received mail, not there on a draft.
const TRANSPORT: &[&str] = &[
    "return-path",
    "received",
    "received-spf",
    "authentication-results",
    "dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
];

pub(super) fn render(
    mime: &[u8],
    mail: &Message<'_>,
    content: &Content<'_>,
    writer: &Writer<'_>,
    out: &mut Vec<u8>,
) {
    let draft = writer.context.is_draft && writer.depth == 0;
    if !draft {
        copy(mime, mail, out, |name| name == "received");
    }
    people(mail, draft, writer, out);
    topic(mime, mail, out);
    put(out, "X-MS-Exchange-MessageSentRepresentingType", "1");
    if let Some(date) = date(mail) {
        put(out, "Date", &date);
    }
    ids(mime, mail, out);
    let language = text_of(mail, &HeaderName::ContentLanguage);
    put(
        out,
        "Content-Language",
        language.as_deref().unwrap_or("en-US"),
    );
    put(
        out,
        "X-MS-Has-Attach",
        if has_attachments(content) { "yes" } else { "" },
    );
    let correlator = text_of(mail, &HeaderName::Other("X-MS-TNEF-Correlator".into()));
    put(
        out,
        "X-MS-TNEF-Correlator",
        correlator.as_deref().unwrap_or(""),
    );
    put(out, "X-MS-Exchange-Organization-RecordReviewCfmType", "0");
    copy(mime, mail, out, |name| {
        let gone = REBUILT.contains(&name) || name == "received" || name.starts_with("content-");
        !(gone || draft && TRANSPORT.contains(&name))
    });
}

/// `Name: value`, nothing after the colon where there is no value.
pub(super) fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    let blank = value.is_empty() || value.starts_with("\r\n");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(if blank { b":" } else { b": " });
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn people(mail: &Message<'_>, draft: bool, writer: &Writer<'_>, out: &mut Vec<u8>) {
    let from = mail.from().map(list).filter(|list| !list.is_empty());
    let (name, address) = &writer.context.owner;
    let from = match from {
        None if writer.depth == 0 && !address.is_empty() => Some(one(Some(name), address)),
        other => other,
    };
    if let Some(from) = &from {
        put(out, "From", from);
    }
    let sender = mail
        .sender()
        .map(list)
        .filter(|sender| !sender.is_empty() && Some(sender) != from.as_ref());
    if let Some(sender) = sender {
        put(out, "Sender", &sender);
    }
    let all = |name: &'static str, found: Option<&Address<'_>>, out: &mut Vec<u8>| match found
        .map(list)
    {
        Some(list) if !list.is_empty() => put(out, name, &list),
        Some(_) if name == "To" => put(out, name, "Undisclosed recipients:;"),
        _ => {}
    };
    all("To", mail.to(), out);
    all("CC", mail.cc(), out);
    if draft {
        all("BCC", mail.bcc(), out);
    }
    all("Reply-To", mail.reply_to(), out);
}

/// Groups are dissolved into their members.
fn list(address: &Address<'_>) -> String {
    let shown = address
        .iter()
        .filter_map(|it| match (it.name(), it.address()) {
            (name, Some(address)) if !address.trim().is_empty() => Some(one(name, address)),
            (Some(name), _) if !name.trim().is_empty() => Some(encode::name(name) + " <>"),
            _ => None,
        });
    shown.collect::<Vec<_>>().join(",\r\n\t")
}

fn one(name: Option<&str>, address: &str) -> String {
    let address: String = address
        .chars()
        .filter(|c| !c.is_control() && !"<>".contains(*c))
        .collect();
    let name = name
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .unwrap_or(&address);
    format!("{} <{address}>", encode::name(name))
}

fn topic(mime: &[u8], mail: &Message<'_>, out: &mut Vec<u8>) {
    let subject = mail.subject().unwrap_or_default();
    put(out, "Subject", &encode::words("Subject", subject));
    put(
        out,
        "Thread-Topic",
        &encode::words("Thread-Topic", conversation(subject)),
    );
    let known = text_of(mail, &HeaderName::Other("Thread-Index".into()));
    put(
        out,
        "Thread-Index",
        &known.unwrap_or_else(|| thread_index(mime, mail)),
    );
}

/// The subject without its answer and forward marks.
fn conversation(mut subject: &str) -> &str {
    const MARKS: &[&str] = &["re:", "aw:", "fw:", "fwd:", "wg:", "antw:"];
    while let Some(mark) = MARKS.iter().find(|mark| {
        let head = subject.get(..mark.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(mark))
    }) {
        subject = subject.get(mark.len()..).unwrap_or_default().trim_start();
    }
    subject
}

/// `01`, the five upper octets of the time (FILETIME), sixteen of an id, as the service numbers conversations.
fn thread_index(mime: &[u8], mail: &Message<'_>) -> String {
    let seconds = mail
        .date()
        .filter(|date| date.is_valid())
        .map_or(0, DateTime::to_timestamp);
    let filetime = seconds
        .saturating_add(11_644_473_600)
        .saturating_mul(10_000_000);
    let mut octets = vec![1];
    octets.extend(filetime.to_be_bytes().into_iter().take(5));
    for salt in [3, 4] {
        octets.extend_from_slice(&encode::hash(mime, salt).to_be_bytes());
    }
    STANDARD.encode(octets)
}

/// In UTC; from the newest trace field where the mail says nothing readable.
fn date(mail: &Message<'_>) -> Option<String> {
    let said = mail.date().filter(|date| date.is_valid());
    let traced = || {
        mail.received()
            .and_then(|it| it.date())
            .filter(DateTime::is_valid)
    };
    let seconds = said.cloned().or_else(traced)?.to_timestamp();
    Some(chrono::DateTime::from_timestamp(seconds, 0)?.to_rfc2822())
}

fn ids(mime: &[u8], mail: &Message<'_>, out: &mut Vec<u8>) {
    let own = mail.message_id().map(|id| format!("<{}>", clean(id)));
    let made = || {
        let (one, two) = (encode::hash(mime, 5), encode::hash(mime, 6));
        format!("<XX0P000MB0000{one:016X}{two:016X}@XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM>")
    };
    let id = own.unwrap_or_else(made);
    if "Message-ID: ".len() + id.len() > 78 {
        put(out, "Message-ID", &format!("\r\n\t{id}"));
    } else {
        put(out, "Message-ID", &id);
    }
    for (name, value) in [
        ("References", mail.references()),
        ("In-Reply-To", mail.in_reply_to()),
    ] {
        let ids: Vec<String> = match value {
            HeaderValue::Text(id) => vec![format!("<{}>", clean(id))],
            HeaderValue::TextList(ids) => ids.iter().map(|id| format!("<{}>", clean(id))).collect(),
            _ => Vec::new(),
        };
        if !ids.is_empty() {
            put(out, name, &ids.join("\r\n "));
        }
    }
}

fn clean(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).collect()
}

fn text_of(mail: &Message<'_>, name: &HeaderName<'_>) -> Option<String> {
    let headers = mail.headers().iter();
    let found = headers
        .rev()
        .find(|header| header.name.as_str().eq_ignore_ascii_case(name.as_str()))?;
    let text = found.value().as_text()?.trim();
    (!text.is_empty()).then(|| encode::words(name.as_str(), text))
}

fn has_attachments(content: &Content<'_>) -> bool {
    match content {
        Content::Sealed { .. } => true,
        Content::Report { .. } => false,
        Content::Ordinary(Ordinary { attachments, .. }) => !attachments.is_empty(),
    }
}

/// Copies the fields that `wanted` names (in lower case) as they came in.
fn copy(mime: &[u8], mail: &Message<'_>, out: &mut Vec<u8>, wanted: impl Fn(&str) -> bool) {
    for header in mail.headers() {
        if wanted(&header.name().to_ascii_lowercase()) {
            out.extend_from_slice(&raw(mime, header));
        }
    }
}

/// The fields that describe a sealed body: type, encoding, disposition.
pub(super) fn describing(mime: &[u8], part: &MessagePart<'_>) -> Vec<u8> {
    let named = part.headers.iter().filter(|header| {
        let name = header.name().to_ascii_lowercase();
        name.starts_with("content-") && name != "content-language"
    });
    named.flat_map(|header| raw(mime, header)).collect()
}

/// A field with its line ends, without lines that would end the header or begin another field.
fn raw(mime: &[u8], header: &Header<'_>) -> Vec<u8> {
    let range = usize::try_from(header.offset_field)
        .ok()
        .zip(usize::try_from(header.offset_end).ok());
    let whole = range
        .and_then(|(start, end)| mime.get(start..end))
        .unwrap_or_default();
    let mut out = Vec::with_capacity(whole.len() + 2);
    for (i, line) in whole.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let fits = match i {
            0 => named(line),
            _ => line.first().is_some_and(|b| b" \t".contains(b)) && !line.trim_ascii().is_empty(),
        };
        match (fits, i) {
            (true, _) => out.extend_from_slice(&[line, b"\r\n"].concat()),
            (false, 0) => return out,
            (false, _) => {}
        }
    }
    out
}

/// Whether a line opens a field as RFC 5322 section 3.6.8 has it; `From ` of a mail folder does not.
fn named(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|b| *b == b':') else {
        return false;
    };
    let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}
