//! Simple types of XML Schema Part 2: white space, lexical forms, length.

use std::borrow::Cow;

use super::table::{Base, Text};
use crate::invoice::{decimal::Decimal, tree::normalize_space};

/// What a text is not, if it is not of its type.
pub(super) fn wrong(text: &str, of: Text) -> Option<&'static str> {
    let value = collapsed(text, of.base);
    let fits = match of.base {
        Base::String | Base::NormalizedString | Base::Token => true,
        Base::Language => language(&value),
        Base::AnyUri => uri_reference(&value),
        Base::Boolean => matches!(value.as_ref(), "true" | "false" | "1" | "0"),
        Base::Decimal => Decimal::parse(&value).is_some(),
        Base::Base64 => base64(&value),
        Base::Date => zoned(&value, date),
        Base::Time => zoned(&value, time),
        Base::DateTime => zoned(&value, |v| {
            v.split_once('T').is_some_and(|(d, t)| date(d) && time(t))
        }),
    };
    if !fits {
        return Some(name(of.base));
    }
    let length = value.chars().count();
    (length < of.shortest || length > of.longest).then_some("text of the allowed length")
}

fn name(base: Base) -> &'static str {
    match base {
        Base::String | Base::NormalizedString | Base::Token => "text",
        Base::Language => "a language tag",
        Base::AnyUri => "a URI",
        Base::Boolean => "true or false",
        Base::Decimal => "a number (digits and a decimal point, no group separators, no comma)",
        Base::Base64 => "base64",
        Base::Date => "a date (YYYY-MM-DD)",
        Base::Time => "a time (hh:mm:ss)",
        Base::DateTime => "a date and time (YYYY-MM-DDThh:mm:ss)",
    }
}

/// The value after the type's white space facet.
pub(super) fn collapsed(text: &str, base: Base) -> Cow<'_, str> {
    match base {
        Base::String => Cow::Borrowed(text),
        Base::NormalizedString if text.contains(['\t', '\n', '\r']) => {
            Cow::Owned(text.replace(['\t', '\n', '\r'], " "))
        }
        Base::NormalizedString => Cow::Borrowed(text),
        // Long, and white space within is looked at below.
        Base::Base64 => Cow::Borrowed(text.trim_matches([' ', '\t', '\n', '\r'])),
        _ => normalize_space(text),
    }
}

/// RFC 3986, section 4.1, for text whose other characters get escaped.
fn uri_reference(text: &str) -> bool {
    let escapes = text.split('%').skip(1).all(|rest| {
        rest.as_bytes()
            .get(..2)
            .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit))
    });
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (path, query) = before.split_once('?').unwrap_or((before, ""));
    let (scheme, rest) = match path.split_once(':') {
        Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest),
        _ => (None, path),
    };
    let scheme = scheme.is_none_or(|s| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    });
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let brackets = |t: &str| t.contains(['[', ']']);
    escapes
        && scheme
        && self::authority(authority)
        && !fragment.contains('#')
        && !brackets(path)
        && !brackets(query)
}

/// `user@host:port`, where the host may be an address in brackets.
fn authority(text: &str) -> bool {
    let (user, host) = text.split_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((_, rest)) => ("", rest.strip_prefix(':').unwrap_or(rest)),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    !user.contains(['[', ']'])
        && !host.contains(['[', ']', '@'])
        && port.bytes().all(|b| b.is_ascii_digit())
}

fn language(text: &str) -> bool {
    text.split('-').enumerate().all(|(nth, part)| {
        let letters = part.bytes().all(|b| {
            if nth == 0 {
                b.is_ascii_alphabetic()
            } else {
                b.is_ascii_alphanumeric()
            }
        });
        (1..=8).contains(&part.len()) && letters
    })
}

/// Quartets of the alphabet, the last one padded with zero bits; white space anywhere.
fn base64(text: &str) -> bool {
    let (mut count, mut padding, mut last) = (0_usize, 0_usize, b'A');
    for byte in text.bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => last = byte,
            _ => return false,
        }
        count += 1;
    }
    count % 4 == 0
        && match padding {
            0 => true,
            1 => b"AEIMQUYcgkosw048".contains(&last),
            2 => b"AQgw".contains(&last),
            _ => false,
        }
}

/// With an optional time zone at the end.
fn zoned(text: &str, body: impl Fn(&str) -> bool) -> bool {
    if let Some(rest) = text.strip_suffix('Z') {
        return body(rest);
    }
    if body(text) {
        return true;
    }
    let Some((rest, zone)) = text
        .len()
        .checked_sub(6)
        .and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let offset = zone
        .strip_prefix(['+', '-'])
        .and_then(|z| z.split_once(':'));
    let within = offset.is_some_and(|(h, m)| match (two(h), two(m)) {
        (Some(h), Some(m)) => (h < 14 && m < 60) || (h == 14 && m == 0),
        _ => false,
    });
    within && body(rest)
}

fn two(text: &str) -> Option<u32> {
    let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn date(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let plain = year.len() >= 4 && year.bytes().all(|b| b.is_ascii_digit());
    // More than four digits only where they are needed; there is no year 0 (XML Schema 1.0).
    if !plain || (year.len() > 4 && year.starts_with('0')) || year.bytes().all(|b| b == b'0') {
        return false;
    }
    let tail = year
        .get(year.len().saturating_sub(4)..)
        .and_then(|y| y.parse::<u32>().ok());
    let (Some(month), Some(day), Some(tail)) = (two(month), two(day), tail) else {
        return false;
    };
    let leap = tail % 4 == 0 && (tail % 100 != 0 || tail % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn time(text: &str) -> bool {
    let mut parts = text.split(':');
    let (Some(h), Some(m), Some(s), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (seconds, fraction) = s.split_once('.').unwrap_or((s, "0"));
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    match (two(h), two(m), two(seconds)) {
        (Some(24), Some(0), Some(0)) => digits && fraction.bytes().all(|b| b == b'0'),
        (Some(h), Some(m), Some(s)) => digits && h < 24 && m < 60 && s < 60,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, base: Base) -> bool {
        wrong(
            text,
            Text {
                base,
                shortest: 0,
                longest: usize::MAX,
            },
        )
        .is_none()
    }

    #[test]
    fn dates_and_times() {
        for good in [
            "2026-12-01",
            " 2024-02-29\n",
            "2026-12-01Z",
            "2026-12-01+14:00",
            "2026-12-01-05:30",
            "-0044-03-15",
            "12026-01-01",
        ] {
            assert!(fits(good, Base::Date), "{good}");
        }
        for bad in [
            "",
            "20261201",
            "2026-13-01",
            "2025-02-29",
            "1900-02-29",
            "2026-1-1",
            "01.12.2026",
            "2026-12-01T00:00:00",
            "0000-01-01",
            "2026-12-01+14:01",
            "02026-01-01",
        ] {
            assert!(!fits(bad, Base::Date), "{bad}");
        }
        for good in ["00:00:00", "23:59:59.999", "24:00:00", "12:00:00Z"] {
            assert!(fits(good, Base::Time), "{good}");
        }
        for bad in ["24:00:01", "12:00", "12:60:00", "12:00:00."] {
            assert!(!fits(bad, Base::Time), "{bad}");
        }
        assert!(fits("2026-12-01T10:00:00+01:00", Base::DateTime));
        assert!(!fits("2026-12-01 10:00:00", Base::DateTime));
    }

    #[test]
    fn uris() {
        for good in [
            "",
            "a b",
            "http://[::1]",
            "a:b",
            "a/b:c",
            "?a:b",
            "a#b",
            "http:",
            "mailto:x@y",
            "#[",
            "http://x:99999/",
            "file:///c|/x",
            "//",
            "€",
        ] {
            assert!(fits(good, Base::AnyUri), "{good}");
        }
        for bad in [
            "%zz",
            "%",
            "http://[",
            "1:b",
            "#a#b",
            "http://x:ab/",
            "://",
            "http://a@b@c/",
            "a[b]",
            "?[",
            "2026-01-01T00:00:00",
        ] {
            assert!(!fits(bad, Base::AnyUri), "{bad}");
        }
    }

    #[test]
    fn base64_is_complete() {
        for good in ["", "AAAA", "AA==", "AAA=", "AA A=\n", "A A = ="] {
            assert!(fits(good, Base::Base64), "{good}");
        }
        for bad in ["A", "AAA", "AB==", "AAB=", "AA=A", "A===", "AA-_", "===="] {
            assert!(!fits(bad, Base::Base64), "{bad}");
        }
    }
}
