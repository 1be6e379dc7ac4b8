//! What the sender is told (pure): a delivery status notification (RFC 3464) in a multipart/report
//! (RFC 6522), with the reason in plain words and the header of the mail that it is about.

use super::failure::Reason;
use crate::mail::Envelope;

/// Why there is something to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It will not be sent.
    Failed,
    /// It may have been sent or not: nobody tries again by himself.
    Held,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Held => "held",
        }
    }

    pub(super) fn from_kept(text: &str) -> Self {
        match text {
            "held" => Self::Held,
            _ => Self::Failed,
        }
    }
}

/// What is known about the mail.
#[derive(Debug, Clone)]
pub(super) struct About<'a> {
    pub(super) kind: Kind,
    pub(super) id: i64,
    pub(super) envelope: &'a Envelope,
    /// Its header block, without the blank line.
    pub(super) header: &'a [u8],
    pub(super) subject: &'a str,
    pub(super) message_id: Option<&'a str>,
    pub(super) reason: &'a Reason,
    /// Unix seconds.
    pub(super) accepted: i64,
    pub(super) now: i64,
    /// The mailbox that gets the report.
    pub(super) mailbox: &'a str,
}

/// A message for the sender's Inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub subject: String,
    /// With angle brackets; the same for each delivery of the same report.
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub from_name: &'static str,
    pub from: String,
    pub to: String,
    /// The readable part.
    pub text: String,
    /// Unix seconds.
    pub date: i64,
    /// All of it: multipart/report with CRLF line ends.
    pub mime: Vec<u8>,
}

/// Longest header that is given back.
const HEADER: usize = 64 * 1024;

pub(super) fn report(about: &About<'_>) -> Report {
    let domain = about
        .mailbox
        .rsplit_once('@')
        .map_or("localhost", |(_, d)| d);
    let subject = match about.kind {
        Kind::Failed => format!("Not sent: {}", line(about.subject)),
        Kind::Held => format!("Perhaps not sent: {}", line(about.subject)),
    };
    let mut report = Report {
        subject: subject.trim_end_matches([' ', ':']).to_owned(),
        message_id: format!(
            "<{}-{}.{}@postern.invalid>",
            about.kind.as_str(),
            about.id,
            about.accepted
        ),
        in_reply_to: about.message_id.map(str::to_owned),
        from_name: "Postern",
        from: format!("postmaster@{domain}"),
        to: about.mailbox.to_owned(),
        text: text(about),
        date: about.now,
        mime: Vec::new(),
    };
    report.mime = mime(about, &report);
    report
}

fn text(about: &About<'_>) -> String {
    let mut out = match about.kind {
        Kind::Failed => "This mail was not sent, and nobody will try again:\r\n\r\n".to_owned(),
        Kind::Held => "Nobody can tell whether this mail was sent. It is kept, and nobody tries again by \
                       himself, lest it arrives twice. Look into Sent Items, or ask a recipient:\r\n\r\n"
            .to_owned(),
    };
    out += &format!(
        "  Subject: {}\r\n  Taken on: {}\r\n",
        line(about.subject),
        date(about.accepted)
    );
    for recipient in &about.envelope.recipients {
        out += &format!("  To: {}\r\n", line(recipient));
    }
    out += &format!(
        "\r\nReason: {} ({})\r\n",
        line(&about.reason.text),
        about.reason.status
    );
    out
}

fn mime(about: &About<'_>, report: &Report) -> Vec<u8> {
    let boundary = format!("=_postern_{}_{}", about.id, about.accepted);
    let mut head = format!(
        "From: {} <{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: {}\r\n",
        report.from_name,
        report.from,
        report.to,
        encoded(&report.subject),
        date(report.date),
        report.message_id,
    );
    if let Some(id) = &report.in_reply_to {
        head += &format!("In-Reply-To: {id}\r\nReferences: {id}\r\n");
    }
    head += &format!(
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n"
    );
    let mut out = head.into_bytes();
    let header = about
        .header
        .get(..HEADER.min(about.header.len()))
        .unwrap_or_default();
    let global = !header.is_ascii();
    for (kind, content) in [
        ("text/plain; charset=utf-8", report.text.as_bytes()),
        ("message/delivery-status", status(about).as_bytes()),
        (
            if global {
                "message/global-headers"
            } else {
                "text/rfc822-headers"
            },
            header,
        ),
    ] {
        let eight = if content.is_ascii() { "7bit" } else { "8bit" };
        out.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {eight}\r\n\r\n"
            )
            .as_bytes(),
        );
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// RFC 3464 section 2: fields for the message, then a block for each recipient.
fn status(about: &About<'_>) -> String {
    let mut out = format!(
        "Reporting-MTA: dns; localhost\r\nArrival-Date: {}\r\n",
        date(about.accepted)
    );
    let (action, status) = match about.kind {
        Kind::Failed => ("failed", permanent(&about.reason.status)),
        Kind::Held => ("delayed", transient(&about.reason.status)),
    };
    for recipient in &about.envelope.recipients {
        // RFC 6533 section 3: what is not ASCII goes by another address type.
        let kind = if recipient.is_ascii() {
            "rfc822"
        } else {
            "utf-8"
        };
        out += &format!(
            "\r\nFinal-Recipient: {kind}; {}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: x-postern; {}\r\n",
            line(recipient),
            line(&about.reason.text).replace(|c: char| !c.is_ascii(), "?"),
        );
    }
    out
}

/// What was given up has failed, though each attempt failed for a passing reason.
fn permanent(status: &str) -> String {
    with_class(status, '5')
}

fn transient(status: &str) -> String {
    with_class(status, '4')
}

fn with_class(status: &str, class: char) -> String {
    let rest = status
        .get(1..)
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(".0.0");
    format!("{class}{rest}")
}

/// On one line.
fn line(text: &str) -> String {
    text.split(char::is_control)
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

fn date(unix: i64) -> String {
    let date = chrono::DateTime::from_timestamp(unix, 0).unwrap_or_default();
    date.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// RFC 2047, in words of at most 75 characters.
fn encoded(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    if text.is_ascii() && text.len() < 900 {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;

    fn about<'a>(kind: Kind, envelope: &'a Envelope, reason: &'a Reason) -> About<'a> {
        About {
            kind,
            id: 7,
            envelope,
            header: b"Subject: =?utf-8?q?=C3=BC?=\r\nTo: b@example.org\r\n",
            subject: "ü\r\nBcc: x@example.org",
            message_id: Some("<1@example.com>"),
            reason,
            accepted: 1_764_000_000,
            now: 1_764_000_100,
            mailbox: "anna@example.com",
        }
    }

    fn envelope() -> Envelope {
        Envelope {
            reverse_path: "anna@example.com".to_owned(),
            recipients: vec!["b@example.org".to_owned(), "ü@example.org".to_owned()],
            ..Envelope::default()
        }
    }

    #[test]
    fn rfc_3464_a_block_for_each_recipient_after_the_message() {
        let (envelope, reason) = (envelope(), Reason::new("4.3.2", "Graph\r\nis  away"));
        let report = report(&about(Kind::Failed, &envelope, &reason));
        let octets = &report.mime;
        let structure = mime::parse(octets);
        assert_eq!(structure.media_type, ("multipart".into(), "report".into()));
        let mime::Body::Multipart(parts) = &structure.content else {
            panic!()
        };
        let types: Vec<_> = parts.iter().map(|p| p.media_type.1.as_str()).collect();
        assert_eq!(types, ["plain", "delivery-status", "rfc822-headers"]);
        let status = String::from_utf8_lossy(&octets[parts[1].body.clone()]).into_owned();
        let blocks: Vec<_> = status.split("\r\n\r\n").collect();
        assert_eq!(blocks.len(), 3, "{status}");
        assert!(
            blocks[1].contains(
                "Final-Recipient: rfc822; b@example.org\r\nAction: failed\r\nStatus: 5.3.2"
            )
        );
        assert!(blocks[1].ends_with("Diagnostic-Code: x-postern; Graph is away"));
        assert!(blocks[2].contains("Final-Recipient: utf-8; ü@example.org"));
        assert!(!String::from_utf8_lossy(octets).contains("\r\nBcc:"));
        assert_eq!(mime::normalize(octets), octets.as_slice());
    }

    #[test]
    fn held_mail_is_told_as_delayed() {
        let (envelope, reason) = (envelope(), Reason::new("4.4.2", "lost"));
        let report = report(&about(Kind::Held, &envelope, &reason));
        let text = String::from_utf8_lossy(&report.mime).into_owned();
        assert!(text.contains("Action: delayed\r\nStatus: 4.4.2"), "{text}");
        assert!(report.subject.starts_with("Perhaps not sent: ü"));
    }

    #[test]
    fn the_same_report_has_the_same_id() {
        let (envelope, reason) = (envelope(), Reason::new("5.1.3", "x"));
        let one = report(&about(Kind::Failed, &envelope, &reason));
        let later = About {
            now: 1_764_000_999,
            ..about(Kind::Failed, &envelope, &reason)
        };
        assert_eq!(one.message_id, report(&later).message_id);
    }

    #[test]
    fn rfc_2047_words_stay_short() {
        let text = "Grüße ".repeat(40);
        let got = encoded(&text);
        assert!(got.split("\r\n ").all(|word| word.len() <= 75));
        assert_eq!(
            mime::decoded_words(got.replace("\r\n", "").as_bytes()),
            text
        );
    }
}
