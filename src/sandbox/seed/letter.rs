//! A mail being written: who to whom, when, about what; the header around an entity.

use super::{
    entity::{Entity, field},
    header,
};
use chrono::{DateTime, FixedOffset};

/// Display name (may be empty) and address.
pub(super) type Person = (&'static str, &'static str);

/// How a mail got here: decides its Received lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Way {
    /// From another organisation: through its relay and ours.
    #[default]
    Outside,
    /// Inside the tenant.
    Inside,
    /// Written here: sent items and drafts.
    Own,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Letter {
    pub(super) from: Person,
    pub(super) sender: Option<Person>,
    pub(super) reply_to: Option<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) bcc: Vec<Person>,
    /// `None` leaves the field out.
    pub(super) subject: Option<String>,
    /// Unix seconds.
    pub(super) sent: i64,
    /// Minutes east of Greenwich.
    pub(super) zone: i32,
    /// With angle brackets.
    pub(super) message_id: String,
    /// Oldest first; the last one is answered.
    pub(super) references: Vec<String>,
    /// Further fields, folded where they need it.
    pub(super) further: Vec<(String, String)>,
    pub(super) way: Way,
}

impl Letter {
    pub(super) fn way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// Without a Subject from the text: one is given raw, or none at all.
    pub(super) fn unnamed(mut self) -> Self {
        self.subject = None;
        self
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.further.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn render(&self, body: &Entity) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.trace(&mut out);
        field(&mut out, "Date", &date(self.sent, self.zone));
        self.people(&mut out);
        if let Some(subject) = &self.subject {
            field(&mut out, "Subject", &header::text("Subject", subject));
        }
        field(&mut out, "Message-ID", &self.message_id);
        if let Some(parent) = self.references.last() {
            field(&mut out, "In-Reply-To", parent);
            field(&mut out, "References", &self.references.join("\r\n "));
        }
        for (name, value) in &self.further {
            field(&mut out, name, value);
        }
        field(&mut out, "MIME-Version", "1.0");
        body.render(&mut out);
        out
    }

    fn people(&self, out: &mut Vec<u8>) {
        let one = |person: Person| header::addresses([person]);
        field(out, "From", &one(self.from));
        if let Some(sender) = self.sender {
            field(out, "Sender", &one(sender));
        }
        if let Some(reply_to) = self.reply_to {
            field(out, "Reply-To", &one(reply_to));
        }
        for (name, list) in [("To", &self.to), ("Cc", &self.cc), ("Bcc", &self.bcc)] {
            if !list.is_empty() {
                field(out, name, &header::addresses(list.iter().copied()));
            }
        }
        if self.to.is_empty() && self.cc.is_empty() && self.way != Way::Own {
            field(out, "To", "undisclosed-recipients:;");
        }
    }

    /// Received lines, newest first (RFC 5321 section 4.4).
    fn trace(&self, out: &mut Vec<u8>) {
        let at = |seconds: i64| date(self.sent + seconds, 0);
        let id = self.message_id.trim_matches(['<', '>']).split('@').next();
        let id: String = id.unwrap_or_default().chars().take(16).collect();
        let host = self.from.1.rsplit('@').next().unwrap_or("example.net");
        let inside = format!(
            "from mx1.example.com (2001:db8::5) by store1.example.com\r\n (2001:db8::13) with HTTPS; {}",
            at(4)
        );
        match self.way {
            Way::Own => field(
                out,
                "Received",
                &format!(
                    "from store1.example.com ([fe80::1]) by store1.example.com\r\n ([fe80::1%7]) with mapi id 15.20.8335.017; {}",
                    at(0)
                ),
            ),
            Way::Inside => field(out, "Received", &inside),
            Way::Outside => {
                field(out, "Return-Path", &format!("<{}>", self.from.1));
                field(out, "Received", &inside);
                field(
                    out,
                    "Received",
                    &format!(
                        "from mail.{host} (192.0.2.25) by mx1.example.com\r\n (198.51.100.7) with ESMTPS id {id}\r\n (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384); {}",
                        at(3)
                    ),
                );
                field(
                    out,
                    "Received",
                    &format!(
                        "from [10.1.2.3] (unknown [203.0.113.9])\r\n\tby mail.{host} (Postfix) with ESMTPSA id {}\r\n\tfor <{}>; {}",
                        id.to_uppercase(),
                        self.to.first().map_or("anna@example.com", |to| to.1),
                        date(self.sent + 1, self.zone)
                    ),
                );
            }
        }
    }
}

/// RFC 5322 section 3.3, in the given zone.
pub(super) fn date(seconds: i64, zone_minutes: i32) -> String {
    let zone = FixedOffset::east_opt(zone_minutes * 60);
    match (DateTime::from_timestamp(seconds, 0), zone) {
        (Some(utc), Some(zone)) => utc.with_timezone(&zone).to_rfc2822(),
        _ => "Thu, 1 Jan 1970 00:00:00 +0000".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::seed::entity::Transfer;
    use mail_parser::MessageParser;

    #[test]
    fn a_letter_reads_as_it_was_written() {
        let letter = Letter {
            from: ("Jürgen Groß", "j.gross@example.net"),
            to: vec![
                ("Anna Albrecht", "anna@example.com"),
                ("", "ben@example.com"),
            ],
            subject: Some("Größe".to_owned()),
            sent: 1_700_000_000,
            zone: 60,
            message_id: "<2@example.net>".to_owned(),
            references: vec!["<0@example.net>".to_owned(), "<1@example.net>".to_owned()],
            ..Letter::default()
        };
        let octets = letter.render(&Entity::text("text/plain", Transfer::SevenBit, "x\n"));
        let mail = MessageParser::new().parse(&octets).unwrap();
        assert_eq!(mail.subject(), Some("Größe"));
        assert_eq!(
            mail.from().unwrap().first().unwrap().name(),
            Some("Jürgen Groß")
        );
        assert_eq!(mail.to().unwrap().iter().count(), 2);
        assert_eq!(mail.date().unwrap().to_timestamp(), 1_700_000_000);
        assert_eq!(mail.message_id(), Some("2@example.net"));
        assert_eq!(mail.in_reply_to().as_text(), Some("1@example.net"));
        assert_eq!(mail.header_values("Received").count(), 3);
    }
}
