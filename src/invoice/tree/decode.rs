//! From octets to text: byte order mark, XML declaration, encodings (XML 1.0, section 4.3.3 and appendix F).
//!
//! UTF-8, UTF-16, ISO-8859-1 and Windows-1252 are read. A file that declares one of the last two but holds well-formed UTF-8 beyond ASCII
//! is taken as UTF-8, and that is told: programs that rewrite files forget the declaration.

use std::borrow::Cow;

/// What was done to get text, where that is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// The declaration names this encoding, the octets are UTF-8.
    SaysOtherThanUtf8(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// Offset of the first octet that cannot be read in this encoding.
    Octets(&'static str, usize),
    Unknown(String),
}

/// The text without byte order mark.
pub(super) fn decode(octets: &[u8]) -> Result<(Cow<'_, str>, Option<Oddity>), DecodeError> {
    if let Some(rest) = octets.strip_prefix(b"\xEF\xBB\xBF") {
        return utf8(rest).map(|t| (t, None));
    }
    match octets {
        [0xFF, 0xFE, rest @ ..] => {
            return utf16(rest, u16::from_le_bytes, "UTF-16LE").map(|t| (t, None));
        }
        [0xFE, 0xFF, rest @ ..] => {
            return utf16(rest, u16::from_be_bytes, "UTF-16BE").map(|t| (t, None));
        }
        [b'<', 0, ..] => return utf16(octets, u16::from_le_bytes, "UTF-16LE").map(|t| (t, None)),
        [0, b'<', ..] => return utf16(octets, u16::from_be_bytes, "UTF-16BE").map(|t| (t, None)),
        _ => {}
    }
    let Some(declared) = declared(octets) else {
        return utf8(octets).map(|t| (t, None));
    };
    let latin: fn(u8) -> Option<char> = match declared.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => return utf8(octets).map(|t| (t, None)),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "l1" | "cp819" => {
            |b| Some(char::from(b))
        }
        "windows-1252" | "cp1252" | "cp-1252" => windows_1252,
        // UTF-16 would have shown above: the declaration itself was read as ASCII.
        "utf-16" | "utf-16le" | "utf-16be" => {
            return utf8(octets).map(|t| (t, Some(Oddity::SaysOtherThanUtf8(declared))));
        }
        _ => return Err(DecodeError::Unknown(declared)),
    };
    match std::str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Ok((Cow::Borrowed(text), None)),
        Ok(text) => Ok((
            Cow::Borrowed(text),
            Some(Oddity::SaysOtherThanUtf8(declared)),
        )),
        Err(_) => {
            let mut text = String::with_capacity(octets.len() + octets.len() / 16);
            for (at, octet) in octets.iter().enumerate() {
                text.push(latin(*octet).ok_or(DecodeError::Octets("windows-1252", at))?);
            }
            Ok((Cow::Owned(text), None))
        }
    }
}

fn utf8(octets: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    std::str::from_utf8(octets)
        .map(Cow::Borrowed)
        .map_err(|e| DecodeError::Octets("UTF-8", e.valid_up_to()))
}

fn utf16(
    octets: &[u8],
    unit: fn([u8; 2]) -> u16,
    name: &'static str,
) -> Result<Cow<'static, str>, DecodeError> {
    let (pairs, rest) = octets.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(DecodeError::Octets(name, octets.len()));
    }
    let mut text = String::with_capacity(octets.len() / 2 + 16);
    for c in char::decode_utf16(pairs.iter().map(|p| unit(*p))) {
        text.push(c.map_err(|_| DecodeError::Octets(name, 2 * text.encode_utf16().count() + 2))?);
    }
    Ok(Cow::Owned(text))
}

/// The encoding that the XML declaration names, if there is one in the first octets.
fn declared(octets: &[u8]) -> Option<String> {
    let head = octets.get(..octets.len().min(256))?;
    let head = head.strip_prefix(b"<?xml")?;
    let head: String = head
        .iter()
        .take_while(|b| **b != b'>')
        .map(|b| char::from(*b))
        .collect();
    let (_, rest) = head.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.get(1..)?.split(quote).next().map(str::to_owned)
}

fn windows_1252(octet: u8) -> Option<char> {
    const HIGH: [u16; 32] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
        0x0152, 0, 0x017D, 0, //
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0, 0x017E, 0x0178,
    ];
    match octet {
        0x80..=0x9F => HIGH
            .get(usize::from(octet - 0x80))
            .filter(|c| **c != 0)
            .and_then(|c| char::from_u32(u32::from(*c))),
        _ => Some(char::from(octet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(octets: &[u8]) -> String {
        decode(octets).unwrap().0.into_owned()
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let xml = "<?xml version='1.0' encoding='X'?><a>Grün €</a>";
        let say = |e: &str| xml.replace('X', e);
        assert_eq!(text(say("UTF-8").as_bytes()), say("UTF-8"));
        let mut bom = b"\xEF\xBB\xBF".to_vec();
        bom.extend(say("UTF-8").bytes());
        assert_eq!(text(&bom), say("UTF-8"));
        let wide = say("UTF-16");
        let le: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text(&le), wide);
        assert_eq!(text(&be), wide);
        assert_eq!(text(&[b"\xFF\xFE".as_slice(), &le].concat()), wide);
        assert_eq!(text(&[b"\xFE\xFF".as_slice(), &be].concat()), wide);
        let narrow = |e: &str, euro: u8| -> Vec<u8> {
            say(e)
                .chars()
                .map(|c| if c == '€' { euro } else { c as u8 })
                .collect()
        };
        assert_eq!(text(&narrow("windows-1252", 0x80)), say("windows-1252"));
        assert_eq!(
            text(&narrow("ISO-8859-1", b'E')),
            say("ISO-8859-1").replace('€', "E")
        );
    }

    #[test]
    fn utf8_under_another_name_is_read_and_told() {
        let xml = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Grün</a>";
        let (text, oddity) = decode(xml.as_bytes()).unwrap();
        assert_eq!(text, xml);
        assert_eq!(
            oddity,
            Some(Oddity::SaysOtherThanUtf8("ISO-8859-1".to_owned()))
        );
        let ascii = xml.replace('ü', "u");
        assert_eq!(decode(ascii.as_bytes()).unwrap().1, None);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(decode(b"<a>\xFF</a>"), Err(DecodeError::Octets("UTF-8", 3)));
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='EBCDIC'?><a/>"),
            Err(DecodeError::Unknown("EBCDIC".to_owned()))
        );
    }
}
