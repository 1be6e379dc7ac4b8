//! What a sender may do to the parser: size, depth, and random damage. Nothing may panic, hang, or break the
//! invariants of a [`Structure`].

use postern::mime::{
    Body, Envelope, Structure, decode, envelope, header_fields, normalize, parse,
    parse::{MAX_DEPTH, MAX_PARTS},
    section, text,
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const SAMPLES: &[&[u8]] = &[
    b"From: \"A, B\" <a@example.org>, c (D E), G: x@example.org, <@r:y@example.org>;\r\n\
      Subject: =?utf-8?q?Gr=C3=BC?= =?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=\r\nDate: Tue, 1 Jul 03 10:52 (x) EST\r\n\
      Content-Type: multipart/mixed; boundary=\"ab\"\r\n\r\npre\r\n--ab\r\n\r\ntext\r\n--ab\r\n\
      Content-Type: multipart/digest; boundary*0=a; boundary*1*=%62c\r\n\r\n--abc\r\n\r\nSubject: 1\r\n\r\n\
      one\r\n--abc\r\nContent-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: base64\r\n\r\n\
      PGI+eDwvYj4mYW1wOw==\r\n--abc--\r\n--ab--\r\nepilogue",
    b"Content-Type: message/rfc822; name*1=b; name*0*=utf-8''a%20; x\r\nContent-Disposition: attachment;\r\n\
      \tfilename=a b.eml (c)\r\nContent-Language: de, en\r\n\r\nFrom: x\r\nMIME-Version: 1.0\r\n\
      Content-Type: multipart/alternative; boundary=--\r\n\r\n----\r\nContent-Type: text/plain;\r\n \
      charset=utf-16\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=00=\r\n b=FE \r\n------\r\n",
    b"\r\n\r\n--\r\n: \r\n",
];

/// Panics where an invariant is broken; gives the depth.
fn checked(part: &Structure, within: std::ops::Range<usize>) -> usize {
    assert!(within.start <= part.header.start && part.header.start <= part.header.end);
    assert_eq!(part.header.end, part.body.start);
    assert!(
        part.body.start <= part.body.end && part.body.end <= within.end,
        "{part:?}"
    );
    let children: Vec<_> = match &part.content {
        Body::Leaf => Vec::new(),
        Body::Message(inner, _) => vec![&**inner],
        Body::Multipart(parts) => parts.iter().collect(),
    };
    assert!(!children.is_empty() || part.content == Body::Leaf);
    let (mut from, mut depth) = (part.body.start, 0);
    for child in children {
        depth = depth.max(checked(child, from..part.body.end));
        from = child.body.end;
    }
    depth + 1
}

fn count(part: &Structure) -> usize {
    1 + match &part.content {
        Body::Leaf => 0,
        Body::Message(inner, _) => count(inner),
        Body::Multipart(parts) => parts.iter().map(count).sum(),
    }
}

/// Everything that a message goes through.
pub(crate) fn through(octets: &[u8]) -> Structure {
    let octets = normalize(octets);
    assert_eq!(
        normalize(&octets),
        octets,
        "normalizing twice is normalizing once"
    );
    let structure = parse(&octets);
    let depth = checked(&structure, 0..octets.len());
    assert!(depth <= MAX_DEPTH);
    assert!(count(&structure) <= 2 * MAX_PARTS);
    assert_eq!(
        (structure.header.start, structure.body.end),
        (0, octets.len())
    );
    let json = serde_json::to_string(&structure).unwrap();
    assert_eq!(serde_json::from_str::<Structure>(&json).unwrap(), structure);
    let header = &octets[structure.header.clone()];
    let envelope = envelope(header);
    let json = serde_json::to_string(&envelope).unwrap();
    assert_eq!(serde_json::from_str::<Envelope>(&json).unwrap(), envelope);
    let names = ["subject".to_owned()];
    let fields =
        header_fields(header, &names, false).len() + header_fields(header, &names, true).len();
    assert!(fields <= header.len() + 4);
    text::sent_date(header);
    text::header_text(header);
    text::body_text(&octets, &structure);
    structure
}

/// A debug build on a busy machine: only what is no longer linear misses this.
fn soon(octets: &[u8]) -> Structure {
    let start = Instant::now();
    let structure = through(octets);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    structure
}

#[test]
fn depth_is_bounded() {
    let mut mail = Vec::new();
    for level in 0..10_000 {
        mail.extend(
            format!("Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n")
                .bytes(),
        );
    }
    assert_eq!(checked(&soon(&mail), 0..mail.len()), MAX_DEPTH);
    let mail = b"Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    let root = soon(&mail);
    assert_eq!(checked(&root, 0..mail.len()), MAX_DEPTH);
    let deepest = section::part_at(&root, &[1; MAX_DEPTH]).unwrap();
    assert_eq!(deepest.media_type.0, "application");
    assert_eq!(section::part_at(&root, &[1; MAX_DEPTH + 1]), None);
}

#[test]
fn parts_are_bounded() {
    let mut mail = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    mail.extend(b"--b\r\n".repeat(50_000));
    let Body::Multipart(parts) = soon(&mail).content else {
        panic!("no multipart")
    };
    assert_eq!(parts.len(), MAX_PARTS - 1);
}

#[test]
fn long_lines_and_headers_take_linear_time() {
    let body = b"Content-Type: text/html\r\n\r\n";
    for unit in [
        "x", "<", "&", "--", "=", "=?a?q?", "\r", "\n ", "(", "\"", "\\\"", "a,", "a;", ";a=\"\\",
        "<@a,",
    ] {
        let long = unit.repeat(100_000);
        soon(&[body, long.as_bytes()].concat());
        for name in [
            "Subject",
            "From",
            "Content-Type: multipart/x; boundary=b",
            "Date",
            long.as_str(),
        ] {
            soon(&[name.as_bytes(), b": ", long.as_bytes(), b"\r\n\r\nx"].concat());
        }
    }
    soon("A: b\r\n c\r\n".repeat(20_000).as_bytes());
}

#[test]
fn many_open_boundaries_cost_no_square() {
    let mut mail = Vec::new();
    for level in 0..MAX_DEPTH {
        let boundary = format!("{}{level}", "a".repeat(75));
        mail.extend(
            format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n")
                .bytes(),
        );
    }
    mail.extend(format!("\r\n{}", format!("--{}\r\n", "a".repeat(76)).repeat(20_000)).bytes());
    soon(&mail);
}

#[test]
fn structures_are_stored_short() {
    let json = serde_json::to_string(&parse(b"Content-Type: text/plain\r\n\r\nx")).unwrap();
    assert_eq!(json, r#"[{"a":[0,28,29],"t":["text","plain"],"e":"7bit"}]"#);
    for broken in ["[]", r#"[{"a":[0,1,1],"t":["a","b"],"e":"","c":1}]"#] {
        serde_json::from_str::<Structure>(broken).unwrap_err();
    }
}

proptest! {
    #[test]
    fn damage_breaks_nothing(
        sample in 0..SAMPLES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, prop::collection::vec(octet(), 0..6)), 0..12),
    ) {
        let mut mail = SAMPLES[sample].to_vec();
        for (at, kind, octets) in cuts {
            let at = at.index(mail.len() + 1);
            match kind {
                0 => mail.truncate(at),
                1 => { let end = mail.len().min(at + octets.len()); mail.drain(at..end); }
                _ => { mail.splice(at..at, octets); }
            }
        }
        through(&mail);
    }

    #[test]
    fn noise_breaks_nothing(mail in prop::collection::vec(octet(), 0..300)) {
        through(&mail);
        for name in ["From", "Date", "Subject", "Content-Type", "Content-Disposition"] {
            through(&[name.as_bytes(), b": ", &mail].concat());
        }
        text::contains(&String::from_utf8_lossy(&mail), "x");
        decode(&mail, b"base64");
        decode(&mail, b"quoted-printable");
    }
}

/// Octets that mean something, more often than others.
fn octet() -> impl Strategy<Value = u8> {
    let special = prop::sample::select(b"\r\n\n\r --:;=\"\\()<>@,.?*%'\0\xFF0aB/".to_vec());
    prop_oneof![3 => special, 1 => any::<u8>()]
}
