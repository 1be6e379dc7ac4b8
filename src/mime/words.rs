//! Encoded words in header text (RFC 2047, with the language of RFC 2231 section 5).

use super::decode::{base64, either, in_charset, unescape};
use super::lex::is_space;

/// Unicode text of an unfolded value. What is no valid encoded word stays as it is; octets above 0x7F are
/// guessed as UTF-8 or Windows-1252.
pub(crate) fn decoded(value: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = value;
    // Octets of adjacent words in one charset: a character may be split between them.
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    while !rest.is_empty() {
        let Some((at, word)) = next_word(rest) else {
            break;
        };
        let before = rest.get(..at).unwrap_or_default();
        rest = rest.get(at + word.len..).unwrap_or_default();
        // Section 6.2: white space between two encoded words is not shown.
        let adjacent = pending.is_some() && before.iter().all(|b| is_space(*b));
        match &mut pending {
            Some((charset, octets)) if adjacent && charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend(word.octets());
                continue;
            }
            _ => {}
        }
        shown(&mut pending, &mut out);
        if !adjacent {
            out += &in_charset(before, b"");
        }
        pending = Some((word.charset, word.octets()));
    }
    shown(&mut pending, &mut out);
    out + &in_charset(rest, b"")
}

fn shown(pending: &mut Option<(&[u8], Vec<u8>)>, out: &mut String) {
    if let Some((charset, octets)) = pending.take() {
        *out += &in_charset(&octets, charset);
    }
}

struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    /// Of all of it, `=?` to `?=`.
    len: usize,
}

impl Word<'_> {
    fn octets(&self) -> Vec<u8> {
        if self.base64 {
            return either(base64(self.text));
        }
        let spaced: Vec<u8> = self
            .text
            .iter()
            .map(|b| if *b == b'_' { b' ' } else { *b })
            .collect();
        let mut out = Vec::with_capacity(spaced.len());
        unescape(&spaced, &mut out);
        out
    }
}

/// The first encoded word and where it starts.
fn next_word(text: &[u8]) -> Option<(usize, Word<'_>)> {
    let mut from = 0;
    loop {
        let tail = text.get(from..)?;
        let at = from + tail.windows(2).position(|w| w == b"=?")?;
        match word(text.get(at..)?) {
            Some(word) => return Some((at, word)),
            None => from = at + 2,
        }
    }
}

/// `=?charset*language?encoding?text?=` at the start of `text`.
fn word(text: &[u8]) -> Option<Word<'_>> {
    let inner = text.strip_prefix(b"=?")?;
    let (charset, after) = split_at_mark(inner, MAX_CHARSET)?;
    let (encoding, [b'?', after @ ..]) = after.split_first()? else {
        return None;
    };
    let base64 = match encoding {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    // A word ends at the first `?=`; real Q text has bare question marks and spaces in it.
    let end = after.windows(2).take(MAX_WORD).position(|w| w == b"?=")?;
    let charset = charset.split(|b| *b == b'*').next()?;
    Some(Word {
        charset,
        base64,
        text: after.get(..end)?,
        len: text.len() - after.len() + end + 2,
    })
}

/// Section 2 allows 75 octets in all; real programs write longer ones. The bounds keep a field of many `=?`
/// from costing its square.
const MAX_WORD: usize = 4096;
const MAX_CHARSET: usize = 64;

fn split_at_mark(text: &[u8], max: usize) -> Option<(&[u8], &[u8])> {
    let at = text.iter().take(max).position(|b| *b == b'?')?;
    let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
    let sound = !before.is_empty() && before.iter().all(|b| b.is_ascii_graphic());
    sound.then_some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_2047_section_8() {
        for (value, want) in [
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?= x =?utf-8*de?b?w6Q=?=", "a b x ä"),
            ("=?utf-8?B?w6?= =?utf-8?b?Q=?= x", "\u{FFFD} x"),
            ("=?utf-8?Q?=C3?= =?UTF-8?Q?=A4?=", "ä"),
            ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
        ] {
            assert_eq!(decoded(value.as_bytes()), want, "{value}");
        }
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        for value in [
            "=?",
            "=?a?q?b",
            "=?a b?q?c?=",
            "=?utf-8?x?a?=",
            "a =??q?b?= c",
            "ä=?",
        ] {
            assert_eq!(decoded(value.as_bytes()), value);
        }
        assert_eq!(decoded(b"=?=?utf-8?q?a?="), "=?a");
    }
}
