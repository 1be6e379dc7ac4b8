//! How the service writes octets: line ends, encoded words, quoted names, transfer encodings.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Turns every bare CR and LF into CRLF.
pub(super) fn only_crlf(octets: Vec<u8>) -> Vec<u8> {
    let bare = |(i, octet): (usize, &u8)| match octet {
        b'\n' => i == 0 || octets.get(i - 1) != Some(&b'\r'),
        b'\r' => octets.get(i + 1) != Some(&b'\n'),
        _ => false,
    };
    if !octets.iter().enumerate().any(bare) {
        return octets;
    }
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    for (i, octet) in octets.iter().enumerate() {
        match octet {
            b'\n' if i > 0 && octets.get(i - 1) == Some(&b'\r') => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(*octet),
        }
    }
    out
}

/// FNV-1a with a salt: stable over builds, unlike the standard hasher.
pub(super) fn hash(octets: &[u8], salt: u64) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325_u64 ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    octets.iter().fold(start, |sum, octet| {
        (sum ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// Free text for a header field: folded where plain, else encoded words.
pub(super) fn words(field: &str, text: &str) -> String {
    // A property holds one line, whatever came in.
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.trim();
    let plain =
        line.is_ascii() && !line.contains("=?") && line.split(' ').all(|word| word.len() < 900);
    if plain {
        fold(field.len() + 1, line)
    } else {
        encoded_words(line)
    }
}

fn fold(mut column: usize, line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    for (i, word) in line.split(' ').enumerate() {
        if i > 0 {
            if column + 1 + word.len() > 76 && !word.is_empty() {
                out.push_str("\r\n");
                column = 0;
            }
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

/// RFC 2047: Q in iso-8859-1 where that holds the text, else B in utf-8.
pub(super) fn encoded_words(text: &str) -> String {
    type Encode = fn(&str) -> String;
    let (open, encode): (&str, Encode) = match latin1(text) {
        Some(_) => ("=?iso-8859-1?Q?", |piece| {
            latin1(piece)
                .unwrap_or_default()
                .into_iter()
                .map(q)
                .collect()
        }),
        None => ("=?utf-8?B?", |piece| STANDARD.encode(piece)),
    };
    let room = 73 - open.len();
    let (mut words, mut piece) = (Vec::new(), String::new());
    for c in text.chars() {
        let end = piece.len();
        piece.push(c);
        if end > 0 && encode(&piece).len() > room {
            piece.truncate(end);
            words.push(format!("{open}{}?=", encode(&piece)));
            piece.clear();
            piece.push(c);
        }
    }
    words.push(format!("{open}{}?=", encode(&piece)));
    words.join("\r\n ")
}

fn q(octet: u8) -> String {
    match octet {
        b' ' => "_".to_owned(),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'*' | b'+' | b'-' | b'/' => {
            char::from(octet).to_string()
        }
        _ => format!("={octet:02X}"),
    }
}

/// Octets of a text that iso-8859-1 holds without its control characters.
fn latin1(text: &str) -> Option<Vec<u8>> {
    let octet = |c: char| {
        u8::try_from(c)
            .ok()
            .filter(|octet| !(0x80..0xA0).contains(octet))
    };
    text.chars().map(octet).collect()
}

/// A display name, always quoted or encoded.
pub(super) fn name(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.is_ascii() && !line.contains("=?") {
        format!(
            "\"{}\"",
            line.trim().replace('\\', "\\\\").replace('"', "\\\"")
        )
    } else {
        encoded_words(line.trim())
    }
}

/// `; name="value"`, as an encoded word where it is not ASCII (the service knows no RFC 2231 here).
pub(super) fn parameter(name: &str, value: &str) -> String {
    let line: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let value = if line.is_ascii() {
        line.replace('\\', "\\\\").replace('"', "\\\"")
    } else {
        encoded_words(&line)
    };
    format!("; {name}=\"{value}\"")
}

/// A text ready for the wire.
pub(super) struct Text {
    pub(super) charset: &'static str,
    /// `None` is 7bit, which the service leaves unsaid.
    pub(super) transfer: Option<&'static str>,
    pub(super) octets: Vec<u8>,
}

/// us-ascii as it is, iso-8859-1 quoted-printable, all else utf-8 in base64. Ends in CRLF.
pub(super) fn text(text: &str) -> Text {
    let mut text = String::from_utf8_lossy(&only_crlf(text.as_bytes().to_vec())).into_owned();
    if !text.is_empty() && !text.ends_with("\r\n") {
        text.push_str("\r\n");
    }
    let harmless = |b: u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    if text.bytes().all(harmless) && text.split("\r\n").all(|line| line.len() < 990) {
        return Text {
            charset: "us-ascii",
            transfer: None,
            octets: text.into_bytes(),
        };
    }
    match latin1(&text) {
        Some(octets) => Text {
            charset: if text.is_ascii() {
                "us-ascii"
            } else {
                "iso-8859-1"
            },
            transfer: Some("quoted-printable"),
            octets: quoted_printable(&octets),
        },
        None => Text {
            charset: "utf-8",
            transfer: Some("base64"),
            octets: base64_lines(text.as_bytes()),
        },
    }
}

pub(super) fn base64_lines(octets: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(octets);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 38 + 2);
    for line in encoded.as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// RFC 2045 section 6.7, for text that ends its lines in CRLF.
fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() * 5 / 4);
    let mut column = 0;
    for (i, octet) in octets.iter().enumerate() {
        if *octet == b'\n' {
            out.extend_from_slice(b"\r\n");
            column = 0;
            continue;
        }
        let ends = matches!(octets.get(i + 1), None | Some(b'\r'));
        match octet {
            b'\r' => continue,
            b' ' | b'\t' if !ends => soft(&mut out, &mut column, 1),
            33..=60 | 62..=126 => soft(&mut out, &mut column, 1),
            _ => {
                soft(&mut out, &mut column, 3);
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
                continue;
            }
        }
        out.push(*octet);
    }
    out
}

/// Makes room for `width` characters in a line of 76.
fn soft(out: &mut Vec<u8>, column: &mut usize, width: usize) {
    if *column + width > 75 {
        out.extend_from_slice(b"=\r\n");
        *column = 0;
    }
    *column += width;
}
