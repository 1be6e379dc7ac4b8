//! The shapes claimed really occur, and every mail of the demo is fit for the wire.

use crate::sandbox::seed::{Message, demo};
use mail_parser::{HeaderName, MessageParser, MimeHeaders, PartType};
use std::collections::{BTreeMap, HashSet};

fn world() -> Vec<Message> {
    let users = demo(1_750_000_000).users.into_iter();
    let folders = users.flat_map(|user| user.folders);
    folders.flat_map(|folder| folder.messages).collect()
}

#[test]
fn every_mail_parses_has_crlf_alone_an_ascii_header_and_an_id_of_its_own() {
    let mut ids = HashSet::new();
    for mail in world() {
        let shown = String::from_utf8_lossy(&mail.mime[..mail.mime.len().min(600)]).into_owned();
        for (i, octet) in mail.mime.iter().enumerate() {
            match octet {
                b'\n' => assert!(i > 0 && mail.mime[i - 1] == b'\r', "bare LF: {shown}"),
                b'\r' => assert_eq!(mail.mime.get(i + 1), Some(&b'\n'), "bare CR: {shown}"),
                _ => {}
            }
        }
        let end = mail
            .mime
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("end of header");
        assert!(mail.mime[..end].is_ascii(), "{shown}");
        assert!(
            mail.mime[..end]
                .split(|b| *b == b'\n')
                .all(|line| line.len() < 998),
            "{shown}"
        );
        let parsed = MessageParser::new().parse(&mail.mime).expect("parses");
        let id = parsed.message_id().expect("Message-ID").to_owned();
        assert!(ids.insert(id), "id twice: {shown}");
        assert!(parsed.header_values("Received").count() > 0, "{shown}");
        assert!(parsed.from().is_some(), "{shown}");
        let sent = parsed.date().expect("Date").to_timestamp();
        assert!((0..10).contains(&(mail.received - sent)), "{shown}");
        assert!(parsed.date().unwrap().is_valid());
    }
}

#[test]
fn texts_in_odd_charsets_mean_what_was_meant() {
    let wanted = [
        ("Grüße aus Köln", "Schöne Grüße aus Köln, bis übermorgen!"),
        ("Preis in €", "100 € für alles"),
        ("„Zitat“ – 100 €", "„Anführung“ – und 100 €…"),
        ("Pozdrowienia z Łodzi", "pozdrawiamy z Łodzi"),
        ("UTF-16", "sechzehn Bit 🚀"),
        ("Привет", "Привет из Новосибирска, до встречи"),
        ("こんにちは", "こんにちは, Anna-san"),
        ("你好，世界", "你好，世界"),
        ("你好", "你好"),
    ];
    let world = world();
    let parsed: Vec<_> = world
        .iter()
        .filter_map(|mail| MessageParser::new().parse(&mail.mime))
        .collect();
    for (subject, text) in wanted {
        let found = parsed.iter().any(|mail| {
            mail.subject() == Some(subject)
                && mail.body_text(0).is_some_and(|body| body.contains(text))
        });
        assert!(found, "{subject}: {text}");
    }
}

/// What occurs, by media type and by peculiarity.
fn census() -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let mut count = |what: &str| *seen.entry(what.to_owned()).or_insert(0) += 1;
    for mail in world() {
        for (what, holds) in [
            ("read", mail.read),
            ("unread", !mail.read),
            ("draft", mail.draft),
            ("flagged", mail.flagged),
            ("answered", mail.answered),
            ("forwarded", mail.forwarded),
            (
                "category with space",
                mail.categories.iter().any(|name| name.contains(' ')),
            ),
            (
                "category with umlaut",
                mail.categories.iter().any(|name| !name.is_ascii()),
            ),
            ("3 MB", mail.mime.len() > 3_000_000),
        ] {
            if holds {
                count(what);
            }
        }
        let parsed = MessageParser::new().parse(&mail.mime).unwrap();
        for (what, holds) in [
            ("no subject", parsed.header("Subject").is_none()),
            (
                "long subject",
                parsed.subject().is_some_and(|text| text.len() > 200),
            ),
            ("no recipient", parsed.to().is_none()),
            (
                "crowd",
                parsed.to().is_some_and(|to| to.iter().count() > 50),
            ),
            ("bcc", parsed.bcc().is_some()),
            ("list", parsed.header("List-Unsubscribe").is_some()),
            ("thread", parsed.header(HeaderName::References).is_some()),
            ("two deep", depth(&parsed) >= 2),
            ("three deep", depth(&parsed) >= 3),
        ] {
            if holds {
                count(what);
            }
        }
        for part in &parsed.parts {
            if let Some(kind) = part.content_type() {
                count(&format!(
                    "{}/{}",
                    kind.ctype(),
                    kind.subtype().unwrap_or("")
                ));
                for name in ["format", "smime-type"] {
                    if let Some(value) = kind.attribute(name) {
                        count(&format!("{name}={value}"));
                    }
                }
            }
            match part.content_transfer_encoding() {
                Some(name) => count(name),
                None => count("no encoding"),
            }
            if part.content_id().is_some() {
                count("Content-ID");
            }
        }
        let raw = String::from_utf8_lossy(&mail.mime);
        for mark in [
            "filename*0*=",
            "filename*=",
            "undisclosed-recipients:;",
            "CrossIndustryInvoice",
        ] {
            if raw.contains(mark) || (mark == "CrossIndustryInvoice" && attached(&parsed, mark)) {
                count(mark);
            }
        }
    }
    seen
}

fn attached(mail: &mail_parser::Message<'_>, mark: &str) -> bool {
    mail.attachments()
        .any(|part| String::from_utf8_lossy(part.contents()).contains(mark))
}

fn depth(mail: &mail_parser::Message<'_>) -> usize {
    let inner = mail.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(inner) => Some(1 + depth(inner)),
        _ => None,
    });
    inner.max().unwrap_or(0)
}

#[test]
fn every_shape_claimed_is_there() {
    let seen = census();
    let least = [
        ("multipart/mixed", 30),
        ("multipart/alternative", 30),
        ("multipart/related", 2),
        ("multipart/signed", 4),
        ("multipart/encrypted", 2),
        ("multipart/report", 5),
        ("multipart/digest", 2),
        ("multipart/parallel", 1),
        ("message/delivery-status", 2),
        ("message/disposition-notification", 2),
        ("message/feedback-report", 1),
        ("message/rfc822", 8),
        ("text/calendar", 3),
        ("text/html", 30),
        ("text/csv", 1),
        ("application/pdf", 30),
        ("application/pkcs7-mime", 6),
        ("application/pkcs7-signature", 2),
        ("application/pgp-signature", 2),
        ("application/ms-tnef", 1),
        ("application/xml", 5),
        ("image/png", 5),
        ("quoted-printable", 100),
        ("base64", 50),
        ("8bit", 10),
        ("7bit", 10),
        ("format=flowed", 5),
        ("smime-type=enveloped-data", 2),
        ("Content-ID", 4),
        ("read", 150),
        ("unread", 25),
        ("draft", 4),
        ("flagged", 8),
        ("answered", 15),
        ("forwarded", 5),
        ("category with space", 3),
        ("category with umlaut", 3),
        ("3 MB", 1),
        ("no subject", 1),
        ("long subject", 2),
        ("no recipient", 2),
        ("crowd", 1),
        ("bcc", 2),
        ("list", 6),
        ("thread", 20),
        ("two deep", 4),
        ("three deep", 2),
        ("filename*0*=", 1),
        ("filename*=", 1),
        ("undisclosed-recipients:;", 1),
        ("CrossIndustryInvoice", 5),
    ];
    for (what, wanted) in least {
        let found = seen.get(what).copied().unwrap_or(0);
        assert!(
            found >= wanted,
            "{what}: {found}, wanted {wanted}\n{seen:#?}"
        );
    }
}
