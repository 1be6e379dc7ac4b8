//! JSON as Graph really sends it: rare items hold control characters or half surrogate pairs, which
//! strict readers refuse (surprise 26). Read strictly first, mended only when that fails.

use serde_json::Value;

/// The value, or what is wrong with the text.
pub(super) fn parse(body: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(first) => {
            serde_json::from_str(&mend(body)).map_err(|_| format!("the answer is no JSON: {first}"))
        }
    }
}

/// Inside strings: raw control characters escaped, lone surrogates replaced, bad UTF-8 replaced.
fn mend(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len() + 64);
    let mut in_string = false;
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        let (mut took, escape) = (c.len_utf8(), in_string && c == '\\');
        match c {
            '"' => in_string = !in_string,
            _ if in_string && c.is_control() && (c as u32) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", c as u32));
                rest = rest.get(took..).unwrap_or_default();
                continue;
            }
            _ => {}
        }
        if escape {
            match unit(rest) {
                Some(high @ 0xD800..=0xDBFF) => {
                    let low = rest.get(6..).and_then(unit);
                    if !matches!(low, Some(0xDC00..=0xDFFF)) {
                        tracing::debug!(high, "half a surrogate pair replaced");
                        out.push_str("\\ufffd");
                        rest = rest.get(6..).unwrap_or_default();
                        continue;
                    }
                    took = 12;
                }
                Some(0xDC00..=0xDFFF) => {
                    out.push_str("\\ufffd");
                    rest = rest.get(6..).unwrap_or_default();
                    continue;
                }
                Some(_) => took = 6,
                // The escaped character goes along, so that `\"` does not end the string.
                None => took = 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            }
        }
        out.push_str(rest.get(..took).unwrap_or(rest));
        rest = rest.get(took..).unwrap_or_default();
    }
    out
}

/// The code unit of a `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strict_readers_refuse_is_mended_and_the_rest_untouched() {
        let table: [(&[u8], &str); 8] = [
            (b"{\"a\":\"x\x01\x1fy\"}", "x\u{1}\u{1f}y"),
            (b"{\"a\":\"x\ty\r\n\"}", "x\ty\r\n"),
            (b"{\"a\":\"q\\\"\x02\\\\\"}", "q\"\u{2}\\"),
            (b"{\"a\":\"cut \\ud83d\"}", "cut \u{fffd}"),
            (
                b"{\"a\":\"cut \\ude80 \\ud83d\\ude80\"}",
                "cut \u{fffd} \u{1f680}",
            ),
            (b"{\"a\":\"\\ud83dx\\u0041\"}", "\u{fffd}xA"),
            (b"{\"a\":\"bad \xff\"}", "bad \u{fffd}"),
            (b"{\n\"a\" :\t\"\x03\"}", "\u{3}"),
        ];
        for (body, expected) in table {
            assert_eq!(parse(body).unwrap()["a"], expected, "{body:?}");
        }
        for bad in [
            &b""[..],
            b"<html>",
            b"{\"a\":\"x",
            b"{\"a\":\"\\u12\"}",
            b"{\"a\":\"\\",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
