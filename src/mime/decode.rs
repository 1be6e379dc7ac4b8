//! Transfer encodings (RFC 2045 section 6) and charsets.
//!
//! [`decode`] is exact and refuses what is broken; [`decode_leniently`] takes what it can, for searching.

use super::params::hex;
use mail_parser::decoders::charsets::map::charset_decoder;

/// The octets that a body stands for. `None` for an unknown encoding or broken content
/// (RFC 3516 section 4.3: UNKNOWN-CTE).
pub fn decode(octets: &[u8], encoding: &[u8]) -> Option<Vec<u8>> {
    match &encoding.to_ascii_lowercase()[..] {
        b"7bit" | b"8bit" | b"binary" => Some(octets.to_vec()),
        b"base64" => base64(octets).ok(),
        b"quoted-printable" => quoted_printable(octets).ok(),
        _ => None,
    }
}

/// What can be decoded of a body.
pub(crate) fn decode_leniently(octets: &[u8], encoding: &[u8]) -> Vec<u8> {
    match &encoding.to_ascii_lowercase()[..] {
        b"base64" => either(base64(octets)),
        b"quoted-printable" => either(quoted_printable(octets)),
        _ => octets.to_vec(),
    }
}

pub(crate) fn either(decoded: Result<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    decoded.unwrap_or_else(|partly| partly)
}

/// Text in a charset. A missing, unknown or plain one is guessed: UTF-8 if it is that, else Windows-1252.
pub(crate) fn in_charset(octets: &[u8], charset: &[u8]) -> String {
    if charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"utf8") {
        return String::from_utf8_lossy(octets).into_owned();
    }
    let plain = charset.is_empty() || charset.eq_ignore_ascii_case(b"us-ascii");
    if !plain && let Some(decoder) = charset_decoder(charset) {
        return decoder(octets);
    }
    match (
        std::str::from_utf8(octets),
        charset_decoder(b"windows-1252"),
    ) {
        (Ok(text), _) => text.to_owned(),
        (Err(_), Some(decoder)) => decoder(octets),
        (Err(_), None) => String::from_utf8_lossy(octets).into_owned(),
    }
}

/// RFC 2045 section 6.8. White space is skipped, padding ends a run and another may follow; an error keeps
/// what the valid octets gave.
pub(crate) fn base64(octets: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut out = Vec::with_capacity(octets.len() / 4 * 3);
    let (mut bits, mut count, mut valid) = (0_u32, 0_u8, true);
    let mut padding = 0_u8;
    for octet in octets {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                valid &= padding + count <= 4 && count >= 2;
                if padding + count >= 4 {
                    flush(&mut out, bits, count);
                    (bits, count, padding) = (0, 0, 0);
                }
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => {
                valid = false;
                continue;
            }
        };
        if padding > 0 {
            valid = false;
            padding = 0;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            flush(&mut out, bits, count);
            (bits, count) = (0, 0);
        }
    }
    valid &= count == 0;
    flush(&mut out, bits, count);
    if valid { Ok(out) } else { Err(out) }
}

/// `count` characters of six bits give one octet less.
fn flush(out: &mut Vec<u8>, bits: u32, count: u8) {
    let aligned = bits << (6 * (4 - u32::from(count.min(4))));
    let [_, octets @ ..] = aligned.to_be_bytes();
    let kept = usize::from(count.saturating_sub(1));
    out.extend(octets.iter().take(kept));
}

/// RFC 2045 section 6.7. White space at the end of a line goes; a bad escape is kept as it is and makes an
/// error.
pub(crate) fn quoted_printable(octets: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut out = Vec::with_capacity(octets.len());
    let mut valid = true;
    for line in octets.split_inclusive(|b| *b == b'\n') {
        let end = line.iter().rposition(|b| !matches!(b, b'\r' | b'\n'));
        let (text, line_end) = line.split_at(end.map_or(0, |at| at + 1));
        let blank = text.iter().rposition(|b| !matches!(b, b' ' | b'\t'));
        let text = text.get(..blank.map_or(0, |at| at + 1)).unwrap_or_default();
        let soft = text.strip_suffix(b"=");
        valid &= unescape(soft.unwrap_or(text), &mut out);
        if soft.is_none() {
            out.extend_from_slice(line_end);
        }
    }
    if valid { Ok(out) } else { Err(out) }
}

/// `=XX` in one line; false when an escape is broken.
pub(crate) fn unescape(line: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut rest, mut valid) = (line, true);
    while let Some(at) = rest.iter().position(|b| *b == b'=') {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let octet = match escape {
            [_, high, low, ..] => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        valid &= octet.is_some();
        out.push(octet.unwrap_or(b'='));
        rest = escape.get(octet.map_or(1, |_| 3)..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_any_length() {
        for (text, want) in [
            ("", ""),
            ("QQ==", "A"),
            ("QUI=", "AB"),
            ("QU\r\n JD", "ABC"),
            ("QQ==QUI=", "AAB"),
        ] {
            assert_eq!(
                decode(text.as_bytes(), b"BASE64").unwrap(),
                want.as_bytes(),
                "{text}"
            );
        }
        for broken in ["Q", "QQ", "QQ=", "Q===", "QU-D", "QQ==="] {
            assert_eq!(decode(broken.as_bytes(), b"base64"), None, "{broken}");
        }
        assert_eq!(decode_leniently(b"QUJD-QQ", b"base64"), b"ABCA");
    }

    #[test]
    fn rfc_2045_section_6_7() {
        let text = b"a=3Db=c3 \t\r\nsoft= \r\nline\r\n";
        assert_eq!(
            decode(text, b"quoted-printable").unwrap(),
            b"a=b\xC3\r\nsoftline\r\n"
        );
        assert_eq!(decode(b"a=zz", b"quoted-printable"), None);
        assert_eq!(decode_leniently(b"a=zz=41", b"quoted-printable"), b"a=zzA");
    }

    #[test]
    fn other_encodings_change_nothing_or_are_unknown() {
        assert_eq!(decode(b"a=41", b"8bit").unwrap(), b"a=41");
        assert_eq!(decode(b"a", b"x-uuencode"), None);
    }

    #[test]
    fn charsets_are_decoded_or_guessed() {
        assert_eq!(in_charset(b"\xA4", b"ISO-8859-15"), "€");
        assert_eq!(in_charset(b"\x82\xA0", b"shift_jis"), "あ");
        assert_eq!(
            in_charset("ä\u{80}".as_bytes().split_last().unwrap().1, b"UTF-8"),
            "ä\u{FFFD}"
        );
        assert_eq!(in_charset("ä".as_bytes(), b"us-ascii"), "ä");
        assert_eq!(in_charset(b"\xE4\x80", b"x-unheard-of"), "ä€");
    }
}
