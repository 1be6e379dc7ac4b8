//! What goes to Graph for a submission: its octets, with a header that names exactly the envelope's
//! recipients (pure).
//!
//! Changed are To, Cc and Bcc only (see [`super::recipients`]); Message-ID and Date are added where they
//! are missing (RFC 6409 section 8), Return-Path is taken out (RFC 5321 section 4.4: the last server adds
//! it). Everything from the blank line on stays, but for bare LFs (Graph refuses them).

use super::recipients::{self, Person, Verdict, Wanted};
use crate::{
    mail::Envelope,
    mime::{self, Structure},
};

/// What is said where the message says nothing.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    /// RFC 5322 form.
    pub(super) date: String,
    /// With its angle brackets.
    pub(super) message_id: String,
}

#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    /// CRLF line ends throughout.
    pub(super) mime: Vec<u8>,
    pub(super) message_id: String,
    /// The first address of From.
    pub(super) from: Option<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) bcc: Vec<Person>,
}

/// What the header says, without the rest of the message.
pub(super) fn header_of(message: &[u8]) -> &[u8] {
    let fields = mime::header::fields(message).map(|f| f.raw.len());
    message.get(..fields.sum::<usize>()).unwrap_or_default()
}

pub(super) fn outgoing(message: &[u8], envelope: &Envelope, defaults: &Defaults) -> Outgoing {
    let message = mime::normalize(message);
    let header = header_of(&message);
    let body = message.get(header.len()..).unwrap_or_default();
    let mut draft = Draft::new(&envelope.recipients, message.len());
    for field in mime::header::fields(header) {
        draft.take(&field);
    }
    draft.complete(defaults);
    let Draft {
        mut mime,
        message_id,
        from,
        to,
        cc,
        wanted,
        ..
    } = draft;
    if body.is_empty() {
        mime.extend_from_slice(b"\r\n");
    }
    mime.extend_from_slice(body);
    Outgoing {
        mime,
        message_id: message_id.unwrap_or_else(|| defaults.message_id.clone()),
        from,
        to,
        cc,
        bcc: wanted.hidden(),
    }
}

/// The decoded subject.
pub(super) fn subject(header: &[u8]) -> String {
    let found = mime::text::decoded_fields(header, "subject");
    found.into_iter().next().unwrap_or_default()
}

/// The Message-ID of a header block, if it has a usable one.
pub(super) fn message_id_of(header: &[u8]) -> Option<String> {
    let mut all = mime::header::fields(header).filter(|field| field.is("message-id"));
    all.find_map(|field| message_id(&field.unfolded()))
}

fn message_id(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let usable = text.starts_with('<') && text.ends_with('>') && text.len() > 4;
    let clean = !text.contains([' ', '\t', '\r', '\n']) && text.is_ascii();
    (usable && clean).then(|| text.to_owned())
}

/// Signed or encrypted: its octets must reach the recipient as they are (RFC 1847, RFC 8551, RFC 3156).
pub(super) fn is_sealed(structure: &Structure) -> bool {
    let (main, sub) = &structure.media_type;
    match main.as_str() {
        "multipart" => matches!(sub.as_str(), "signed" | "encrypted"),
        "application" => matches!(sub.as_str(), "pkcs7-mime" | "x-pkcs7-mime"),
        _ => false,
    }
}

struct Draft {
    mime: Vec<u8>,
    wanted: Wanted,
    to: Vec<Person>,
    cc: Vec<Person>,
    from: Option<Person>,
    message_id: Option<String>,
    dated: bool,
    /// A To or Cc field stands in it.
    addressed: bool,
}

impl Draft {
    fn new(recipients: &[String], size: usize) -> Self {
        Self {
            mime: Vec::with_capacity(size + 1024),
            wanted: Wanted::new(recipients),
            to: Vec::new(),
            cc: Vec::new(),
            from: None,
            message_id: None,
            dated: false,
            addressed: false,
        }
    }

    fn take(&mut self, field: &mime::header::Field<'_>) {
        match &field.name.to_ascii_lowercase()[..] {
            b"bcc" | b"resent-bcc" | b"return-path" => return,
            b"to" => return self.recipients("To", field),
            b"cc" => return self.recipients("Cc", field),
            b"message-id" => match message_id(&field.unfolded()) {
                Some(id) if self.message_id.is_none() => self.message_id = Some(id),
                _ => return,
            },
            b"date" if field.value.trim_ascii().is_empty() => return,
            b"date" => self.dated = true,
            b"from" if self.from.is_none() => {
                let from = mime::addresses(field.value);
                self.from = from.iter().find_map(recipients::person);
            }
            _ => {}
        }
        self.keep(field.raw);
    }

    fn recipients(&mut self, name: &str, field: &mime::header::Field<'_>) {
        let people = match self.wanted.take(field.value) {
            Verdict::Keep(people) => {
                if !field.value.trim_ascii().is_empty() {
                    self.keep(field.raw);
                    self.addressed = true;
                }
                people
            }
            Verdict::Replace(people) => {
                if !people.is_empty() {
                    self.mime.extend(recipients::field(name, &people));
                    self.addressed = true;
                }
                people
            }
        };
        match name {
            "To" => self.to.extend(people),
            _ => self.cc.extend(people),
        }
    }

    fn keep(&mut self, raw: &[u8]) {
        self.mime.extend_from_slice(raw);
        if !raw.ends_with(b"\n") {
            self.mime.extend_from_slice(b"\r\n");
        }
    }

    fn complete(&mut self, defaults: &Defaults) {
        if !self.addressed {
            self.keep(b"To: undisclosed-recipients:;");
        }
        let hidden = self.wanted.hidden();
        if !hidden.is_empty() {
            self.mime.extend(recipients::field("Bcc", &hidden));
        }
        if !self.dated {
            self.keep(format!("Date: {}", defaults.date).as_bytes());
        }
        if self.message_id.is_none() {
            self.keep(format!("Message-ID: {}", defaults.message_id).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(message: &str, recipients: &[&str]) -> Outgoing {
        let envelope = Envelope {
            recipients: recipients.iter().map(|r| (*r).to_owned()).collect(),
            ..Envelope::default()
        };
        let defaults = Defaults {
            date: "Wed, 25 Nov 2026 10:00:00 +0000".to_owned(),
            message_id: "<new@example.com>".to_owned(),
        };
        outgoing(message.as_bytes(), &envelope, &defaults)
    }

    fn text(outgoing: &Outgoing) -> &str {
        std::str::from_utf8(&outgoing.mime).unwrap()
    }

    #[test]
    fn a_mail_whose_header_and_envelope_agree_stays_as_it_is() {
        let mail = "From: A <a@example.com>\r\nTo: b@example.com\r\nCC: c@example.com\r\nDate: x\r\n\
                    Message-ID: <1@example.com>\r\nX-Y: z\r\n\r\nBody\r\n";
        let got = made(mail, &["c@example.com", "b@example.com"]);
        assert_eq!(text(&got), mail);
        assert_eq!(got.message_id, "<1@example.com>");
        assert_eq!(got.from.unwrap().address, "a@example.com");
        assert_eq!((got.to.len(), got.cc.len(), got.bcc.len()), (1, 1, 0));
    }

    #[test]
    fn the_envelope_decides() {
        let mail = "To: b@example.com, outsider@example.org\r\nBcc: secret@example.org,\r\n x@example.org\r\n\
                    Resent-Bcc: y@example.org\r\nCc: other@example.org\r\nReturn-Path: <r@example.org>\r\n\
                    Date: x\r\nMessage-ID: <1@example.com>\r\n\r\nhi";
        let got = made(mail, &["b@example.com", "h@example.com", "i@example.com"]);
        assert_eq!(
            text(&got),
            "To: b@example.com\r\nDate: x\r\nMessage-ID: <1@example.com>\r\n\
             Bcc: h@example.com,\r\n i@example.com\r\n\r\nhi"
        );
        assert!(!text(&got).contains("example.org"));
    }

    #[test]
    fn a_bcc_that_is_in_the_envelope_is_delivered_and_not_shown() {
        let got = made(
            "To: a@example.com\r\nBcc: b@example.com\r\n\r\n",
            &["a@example.com", "b@example.com"],
        );
        assert!(text(&got).contains("Bcc: b@example.com\r\n"));
        assert_eq!(got.bcc.len(), 1);
    }

    #[test]
    fn with_nobody_left_recipients_are_undisclosed() {
        let got = made(
            "To: x@example.org\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\nhi\n",
            &["a@example.com"],
        );
        assert_eq!(
            text(&got),
            "Subject: =?utf-8?q?=C3=BC?=\r\nTo: undisclosed-recipients:;\r\nBcc: a@example.com\r\n\
             Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <new@example.com>\r\n\r\nhi\r\n"
        );
        assert_eq!(subject(&got.mime), "ü");
        assert_eq!(got.message_id, "<new@example.com>");
    }

    #[test]
    fn a_message_id_that_cannot_be_one_is_replaced() {
        for bad in ["", "<>", "no brackets", "<a b@x>"] {
            let got = made(&format!("Message-ID: {bad}\r\n\r\n"), &["a@example.com"]);
            assert_eq!(got.message_id, "<new@example.com>", "{bad}");
            assert_eq!(text(&got).matches("Message-ID").count(), 1);
        }
    }

    #[test]
    fn a_mail_without_header_or_body_becomes_one() {
        for mail in ["", "\r\n", "\r\nonly body", "Subject: x"] {
            let got = made(mail, &["a@example.com"]);
            let header = header_of(&got.mime);
            assert!(got.mime[header.len()..].starts_with(b"\r\n"), "{mail:?}");
            assert!(text(&got).contains("Bcc: a@example.com"));
        }
    }

    #[test]
    fn signed_and_encrypted_mail_is_known() {
        for (kind, sealed) in [
            ("multipart/signed; boundary=x", true),
            ("multipart/encrypted; boundary=x", true),
            ("application/pkcs7-mime; smime-type=enveloped-data", true),
            ("application/x-pkcs7-mime", true),
            ("multipart/mixed; boundary=x", false),
            ("text/plain", false),
            ("application/pdf", false),
        ] {
            let mail = format!("Content-Type: {kind}\r\n\r\n");
            assert_eq!(is_sealed(&mime::parse(mail.as_bytes())), sealed, "{kind}");
        }
    }
}
