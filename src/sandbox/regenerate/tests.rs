//! The rendering held against the recorded one, against the demo's mails, and against a corpus.

use super::{Context, regenerate};
use crate::sandbox::seed;
use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};
use std::{collections::BTreeMap, fs, path::Path};

fn context(item: &str) -> Context {
    Context {
        item: item.to_owned(),
        is_draft: false,
        owner: ("Anna Albrecht".to_owned(), "anna@example.com".to_owned()),
    }
}

fn parse(octets: &[u8]) -> Message<'_> {
    MessageParser::new()
        .parse(octets)
        .expect("mail-parser reads it")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn a_draft_comes_out_as_recorded() {
    let mime = b"From: from@example.com\r\nTo: test@example.com\r\nSubject: Subject\r\n\
        Thread-Index: AQHbZp7+zMzMzMzMzMzMzMzMzMzMzA==\r\nDate: Tue, 14 Jan 2025 17:11:39 +0100\r\n\
        Message-ID: <XX0P000MB0000AAAABBBBCCCCDDDDEEEEFFFF@XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM>\r\n\
        Received: by nobody; Tue, 14 Jan 2025 16:11:39 +0000\r\n\r\nTest email\r\n";
    let draft = Context {
        is_draft: true,
        ..context("item")
    };
    let recorded = "From: \"from@example.com\" <from@example.com>\r\nTo: \"test@example.com\" <test@example.com>\r\n\
        Subject: Subject\r\nThread-Topic: Subject\r\nThread-Index: AQHbZp7+zMzMzMzMzMzMzMzMzMzMzA==\r\n\
        X-MS-Exchange-MessageSentRepresentingType: 1\r\nDate: Tue, 14 Jan 2025 16:11:39 +0000\r\n\
        Message-ID:\r\n\t<XX0P000MB0000AAAABBBBCCCCDDDDEEEEFFFF@XX0P000MB0000.EXMP000.PROD.OUTLOOK.COM>\r\n\
        Content-Language: en-US\r\nX-MS-Has-Attach:\r\nX-MS-TNEF-Correlator:\r\n\
        X-MS-Exchange-Organization-RecordReviewCfmType: 0\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\
        MIME-Version: 1.0\r\n\r\nTest email\r\n";
    assert_eq!(text(&regenerate(mime, &draft)), recorded);
    // Without one that came in, the index starts with the time of the mail, as recorded.
    let unindexed = text(mime).replace("Thread-Index", "X-Index");
    let made = text(&regenerate(unindexed.as_bytes(), &draft));
    assert!(made.contains("\r\nThread-Index: AQHbZp7+"), "{made}");
}

#[test]
fn another_item_gives_other_boundaries_and_nothing_else() {
    let mails = seed::demo(1_750_000_000)
        .users
        .remove(0)
        .folders
        .into_iter();
    for mail in mails
        .flat_map(|folder| folder.messages)
        .filter(|mail| mail.mime.len() < 1_000_000)
    {
        let (one, again, two) = (
            regenerate(&mail.mime, &context("one")),
            regenerate(&mail.mime, &context("one")),
            regenerate(&mail.mime, &context("two")),
        );
        assert!(one == again);
        let id = |octets: &[u8]| {
            let text = text(octets);
            let end = text.find("EXMP_\"")?;
            Some(text[end - 32..end].to_owned())
        };
        match (id(&one), id(&two)) {
            (Some(a), Some(b)) => {
                assert_ne!(a, b);
                assert_eq!(text(&one).replace(&a, &b), text(&two));
            }
            _ => assert!(one == two),
        }
    }
}

#[test]
fn bcc_shows_on_drafts_alone_and_trace_on_received_mail_alone() {
    let mime = b"Received: from a by b; Tue, 14 Jan 2025 16:11:39 +0000\r\nFrom: a@example.com\r\n\
        Bcc: c@example.com\r\nX-Own: kept\r\n\ttoo\r\nContent-Type: text/plain\r\n\r\nx\r\n";
    let received = text(&regenerate(mime, &context("i")));
    assert!(received.starts_with("Received: from a by b;") && !received.contains("c@example.com"));
    assert!(received.contains("X-Own: kept\r\n\ttoo\r\n"));
    let draft = Context {
        is_draft: true,
        ..context("i")
    };
    let draft = text(&regenerate(mime, &draft));
    assert!(
        !draft.contains("Received:")
            && draft.contains("BCC: \"c@example.com\" <c@example.com>\r\n")
    );
}

#[test]
fn a_missing_sender_is_the_owner_of_the_mailbox() {
    let out = text(&regenerate(b"Subject: x\r\n\r\ny", &context("i")));
    assert!(
        out.contains("From: \"Anna Albrecht\" <anna@example.com>\r\n"),
        "{out}"
    );
    assert!(out.ends_with("\r\n\r\ny\r\n"));
}

#[test]
fn what_is_no_field_is_left_out() {
    let mime = b"From a@example.com Tue Jan 14 16:11:39 2025\r\nFrom: a@example.com\r\n\
        Mail content: lost\r\nX-Kept: yes\r\n\r\nx\r\n";
    let out = text(&regenerate(mime, &context("i")));
    assert!(
        out.starts_with("From: \"a@example.com\" <a@example.com>\r\n"),
        "{out}"
    );
    assert!(!out.contains("lost") && !out.contains("From a@") && out.contains("X-Kept: yes\r\n"));
}

#[test]
fn charset_encoding_and_flow_change_and_the_words_stay() {
    let mime = b"From: a@example.com\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\
        Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
        > quoted \r\n> on\r\nGr\xC3\xBC\xC3\x9Fe aus \r\nK\xC3\xB6ln\r\n";
    let out = regenerate(mime, &context("i"));
    let shown = text(&out);
    assert!(
        shown.contains("Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n"),
        "{shown}"
    );
    assert!(shown.contains("Content-Type: text/plain; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n"));
    assert!(!shown.contains("flowed"));
    assert_eq!(
        parse(&out).body_text(0).unwrap(),
        "> quoted on\r\nGrüße aus Köln\r\n"
    );
}

#[test]
fn signed_octets_stay_below_the_new_header() {
    let mut sealed = 0;
    let folders = seed::demo(1_750_000_000).users.remove(0).folders;
    for mail in folders.into_iter().flat_map(|folder| folder.messages) {
        let parsed = parse(&mail.mime);
        let kind = super::content::kind(parsed.root_part());
        if ![
            "multipart/signed",
            "multipart/encrypted",
            "application/pkcs7-mime",
        ]
        .contains(&kind.as_str())
        {
            continue;
        }
        sealed += 1;
        let out = regenerate(&mail.mime, &context("i"));
        let below = |octets: &[u8]| {
            let at = octets.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
            octets[at..].to_vec()
        };
        assert!(below(&mail.mime) == below(&out));
        assert_eq!(super::content::kind(parse(&out).root_part()), kind);
    }
    assert!(sealed >= 6, "{sealed}");
}

#[test]
fn the_tree_is_the_services_own() {
    let mime = b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: application/pdf; name=\"=?utf-8?B?w7wucGRm?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n\
        --x\r\nContent-Type: text/html\r\n\r\n<p>Hi <img src=\"cid:pic@x\"></p>\r\n\
        --x\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n";
    let out = regenerate(mime, &context("i"));
    let parsed = parse(&out);
    let kinds: Vec<_> = parsed.parts.iter().map(super::content::kind).collect();
    assert_eq!(
        kinds,
        [
            "multipart/mixed",
            "multipart/related",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "image/png",
            "application/pdf"
        ]
    );
    assert_eq!(parsed.part(6).unwrap().attachment_name(), Some("ü.pdf"));
    assert!(parsed.body_text(0).unwrap().contains("Hi"));
    assert!(text(&out).contains("X-MS-Has-Attach: yes\r\n"));
}

#[test]
fn a_multipart_that_nobody_closed_keeps_its_attachment() {
    let mime = b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\n\r\ntext\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n\r\n";
    let out = regenerate(mime, &context("i"));
    assert_eq!(parse(&out).attachment(0).unwrap().contents(), b"%PDF-1.4");
}

#[test]
fn meetings_stay_meetings() {
    let folders = seed::demo(1_750_000_000).users.remove(0).folders;
    let mails = folders.into_iter().flat_map(|folder| folder.messages);
    let event = |octets: &[u8]| {
        let parsed = parse(octets);
        let found = parsed
            .parts
            .iter()
            .find(|part| super::content::kind(part) == "text/calendar")?;
        let method = found.content_type()?.attribute("method")?.to_owned();
        Some((method, found.text_contents()?.to_owned()))
    };
    let mut methods = Vec::new();
    for mail in mails {
        let before = event(&mail.mime);
        assert_eq!(before, event(&regenerate(&mail.mime, &context("i"))));
        methods.extend(before.map(|(method, _)| method));
    }
    methods.sort();
    assert_eq!(methods, ["CANCEL", "REPLY", "REQUEST"]);
}

fn addresses(found: Option<&Address<'_>>) -> Vec<String> {
    let list = found.into_iter().flat_map(|it| it.iter());
    // An angle bracket too many is no part of an address, whatever the parser makes of it.
    let bare = |address: &str| address.trim_matches(['<', '>']).to_owned();
    list.filter_map(|it| it.address()).map(bare).collect()
}

/// Without differences in white space; a property holds no control characters.
fn words(text: Option<&str>) -> String {
    let apart = |c: char| c.is_whitespace() || c.is_control();
    let words = text
        .unwrap_or_default()
        .split(apart)
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The text of a mail that is nothing but text, and not flowed.
fn lone_text<'m>(mail: &'m Message<'_>) -> Option<&'m str> {
    let root = mail.root_part();
    let flowed = root
        .content_type()
        .is_some_and(|it| it.has_attribute("format"));
    match &root.body {
        PartType::Text(text) if super::content::kind(root) == "text/plain" && !flowed => Some(text),
        _ => None,
    }
}

/// Contents of all binary parts and of texts with a name, in attached mails too.
fn binaries(mail: &Message<'_>, found: &mut BTreeMap<Vec<u8>, usize>) {
    // Where the parser gave up decoding it has nothing to compare with.
    for part in mail.parts.iter().filter(|part| !part.is_encoding_problem) {
        match &part.body {
            PartType::Binary(octets) | PartType::InlineBinary(octets) if !octets.is_empty() => {
                *found.entry(octets.to_vec()).or_default() += 1;
            }
            PartType::Text(text) | PartType::Html(text)
                if part.attachment_name().is_some() && !text.is_empty() =>
            {
                *found
                    .entry(text.trim_end().as_bytes().to_vec())
                    .or_default() += 1;
            }
            PartType::Message(inner) => binaries(inner, found),
            _ => {}
        }
    }
}

/// What is wrong with the rendering of a well-formed mail.
fn faults(mime: &[u8]) -> Vec<String> {
    let out = regenerate(mime, &context("i"));
    let mut faults = Vec::new();
    let (before, after) = (parse(mime), parse(&out));
    let mut same = |what: &str, a: String, b: String| {
        if a != b {
            faults.push(format!("{what}: {a} / {b}"));
        }
    };
    if let Some(id) = before.message_id() {
        same(
            "Message-ID",
            id.to_owned(),
            after.message_id().unwrap_or_default().to_owned(),
        );
    }
    same("Subject", words(before.subject()), words(after.subject()));
    for (what, a, b) in [
        ("From", before.from(), after.from()),
        ("To", before.to(), after.to()),
        ("Cc", before.cc(), after.cc()),
    ] {
        if a.is_some() || what != "From" {
            same(what, addresses(a).join(","), addresses(b).join(","));
        }
    }
    if let (Some(text), None) = (lone_text(&before), before.root_part().attachment_name()) {
        same(
            "text",
            words(Some(text)),
            words(after.body_text(0).as_deref()),
        );
    }
    for field in [
        "From",
        "To",
        "Cc",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "References",
        "Thread-Topic",
        "Thread-Index",
        "MIME-Version",
        "Content-Type",
        "Content-Language",
    ] {
        let times = after
            .headers()
            .iter()
            .filter(|it| it.name().eq_ignore_ascii_case(field));
        same(
            "fields at most",
            (times.count() > 1).to_string(),
            "false".to_owned(),
        );
    }
    let (mut a, mut b) = (BTreeMap::new(), BTreeMap::new());
    binaries(&before, &mut a);
    binaries(&after, &mut b);
    for (octets, count) in a {
        if b.get(&octets).copied().unwrap_or(0) < count {
            faults.push(format!(
                "attachment lost: {}",
                text(&octets[..octets.len().min(60)])
            ));
        }
    }
    faults
}

fn assert_crlf_alone(name: &str, octets: &[u8]) {
    for (i, octet) in octets.iter().enumerate() {
        match octet {
            b'\n' => assert!(i > 0 && octets[i - 1] == b'\r', "{name}: bare LF"),
            b'\r' => assert_eq!(octets.get(i + 1), Some(&b'\n'), "{name}: bare CR"),
            _ => {}
        }
    }
}

#[test]
fn the_demo_loses_no_id_subject_address_or_attachment() {
    for user in seed::demo(1_750_000_000).users {
        for mail in user.folders.into_iter().flat_map(|folder| folder.messages) {
            let faults = faults(&mail.mime);
            assert!(
                faults.is_empty(),
                "{faults:#?}\n{}",
                text(&mail.mime[..mail.mime.len().min(3_000)])
            );
        }
    }
}

#[test]
fn the_corpus_comes_through() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mail");
    let Ok(entries) = fs::read_dir(&folder) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no corpus at {}",
            folder.display()
        );
        eprintln!("SKIPPED: no corpus at {}", folder.display());
        return;
    };
    let opinions = fs::read_to_string(folder.join("golden/_second-opinion.json")).unwrap();
    let opinions: serde_json::Value = serde_json::from_str(&opinions).unwrap();
    let (mut read, mut firm, mut wrong) = (0, 0, Vec::new());
    for entry in entries.map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|it| it != "eml") {
            continue;
        }
        read += 1;
        let name = entry.file_stem().unwrap().to_string_lossy().into_owned();
        let mime = fs::read(&entry).unwrap();
        let out = regenerate(&mime, &context("i"));
        assert!(out == regenerate(&mime, &context("i")), "{name}");
        assert_crlf_alone(&name, &out);
        assert!(MessageParser::new().parse(&out).is_some(), "{name}");
        if opinions[&name]["all"] == true {
            firm += 1;
            wrong.extend(
                faults(&mime)
                    .into_iter()
                    .map(|fault| format!("{name}: {fault}")),
            );
        }
    }
    assert!(read >= 400 && firm >= 250, "{read} {firm}");
    assert!(wrong.is_empty(), "{} of {firm}: {wrong:#?}", wrong.len());
}

#[test]
fn hostile_octets_are_no_fault() {
    let deep = b"Content-Type: message/rfc822\r\n\r\n".repeat(300);
    let mut boxes = Vec::new();
    for level in 0..300 {
        boxes.extend_from_slice(
            format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n")
                .as_bytes(),
        );
    }
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for mime in [
        b"".as_slice(),
        b"\r\n",
        b"\n",
        b"\r",
        b":",
        b"x",
        b": \r\n: \r\n",
        b"\0\0\0",
        b"From: \xFF\xFE\r\n \r\n\r\n",
        b"Subject: a\rb\nX\n\n\r\r",
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
        b"Content-Type: multipart/signed; boundary=\"\"\r\n\r\n--\r\n",
        b"Content-Type: text/html\r\n\r\n<meta charset=\xC3\x84<META",
        &deep,
        &boxes,
        &noise,
    ] {
        let out = regenerate(mime, &Context::default());
        assert_crlf_alone("hostile", &out);
        assert!(MessageParser::new().parse(&out).is_some());
    }
}

/// A header that any program reads: fields, folded lines, and one blank line after them.
fn assert_sound(name: &str, out: &[u8]) {
    assert_crlf_alone(name, out);
    let end = out
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("the header ends");
    let header = text(&out[..end]);
    assert!(header.contains("MIME-Version: 1.0"), "{name}: {header}");
    for line in header.split("\r\n") {
        let folded = line.starts_with([' ', '\t']);
        assert!(
            folded || line.find(':').is_some_and(|at| at > 0),
            "{name}: {line}"
        );
    }
    assert!(MessageParser::new().parse(out).is_some(), "{name}");
}

#[test]
fn damaged_mails_still_come_out_sound() {
    let mut chance = 1_u64;
    let mut below = |end: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance).unwrap() % end
    };
    let folders = seed::demo(1_750_000_000).users.remove(0).folders;
    let mails = folders.into_iter().flat_map(|folder| folder.messages);
    for mail in mails.filter(|mail| mail.mime.len() < 20_000) {
        for _ in 0..4 {
            let mut damaged = mail.mime.clone();
            for _ in 0..=below(6) {
                let at = below(damaged.len());
                match below(4) {
                    0 => damaged.truncate(at + 1),
                    1 => drop(damaged.drain(at..(at + 150).min(damaged.len()))),
                    _ => damaged[at] = b"\n\r-\"<=: \0\xE4"[below(10)],
                }
                if damaged.is_empty() {
                    damaged.push(b':');
                }
            }
            let name = text(&damaged[..damaged.len().min(400)]);
            assert_sound(&name, &regenerate(&damaged, &context("i")));
        }
    }
}
