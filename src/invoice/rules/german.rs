//! What the XRechnung rules ask of single values, in both syntaxes: IBAN, e-mail, telephone, URL, dates, discounts, identifiers.

use super::xpath::{Test, at_most_one, fires, holds, normalize_space};
use crate::invoice::tree::El;

pub(crate) const XRECHNUNG: &str =
    "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0";
pub(crate) const EXTENSION: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0";
pub(crate) const CVD: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0#compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9";

/// BT-3 that XRechnung wants.
pub(crate) const TYPES: [&str; 8] = ["326", "380", "384", "389", "381", "875", "876", "877"];
/// VAT categories for which the seller must be registered.
pub(crate) const TAXED: [&str; 8] = ["S", "Z", "E", "AE", "K", "G", "L", "M"];
pub(crate) const VEHICLES: [&str; 6] = ["M1", "M2", "M3", "N1", "N2", "N3"];
pub(crate) const CLEAN: [&str; 3] = ["clean", "zero-emission", "other"];

/// ISO 13616: country, check digits, at most 30 letters and digits; the remainder by 97 is 1.
pub(crate) fn iban(text: &str) -> bool {
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '\u{c}')
        .collect();
    let bytes = text.as_bytes();
    let (Some(country), Some(check), Some(rest)) =
        (bytes.get(..2), bytes.get(2..4), bytes.get(4..))
    else {
        return false;
    };
    let shaped = country.iter().all(u8::is_ascii_uppercase)
        && check.iter().all(u8::is_ascii_digit)
        && rest.len() <= 30
        && rest.iter().all(u8::is_ascii_alphanumeric);
    if !shaped {
        return false;
    }
    let remainder = rest
        .iter()
        .chain(country)
        .chain(check)
        .fold(0_u32, |remainder, b| match b {
            b'0'..=b'9' => (remainder * 10 + u32::from(b - b'0')) % 97,
            // Small letters keep their own code, which makes them 42 and more.
            _ => (remainder * 100 + u32::from(b - 55)) % 97,
        });
    remainder == 1
}

fn space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// One `@`, something before it, and a domain of two labels at least.
pub(crate) fn email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    !local.is_empty()
        && !text.chars().any(space)
        && !domain.contains('@')
        && labels.len() >= 2
        && labels.iter().all(|l| !l.is_empty())
}

/// Three digits at least.
pub(crate) fn telephone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 3
}

/// RFC 3986: begins with a scheme of two characters at least, and a colon.
pub(crate) fn url(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let mut chars = scheme.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && scheme.len() >= 2
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
}

/// A decimal digit of any script, which is what `\d` is.
fn digit(c: char) -> bool {
    // Unicode 15.1, general category Nd, where each run of ten begins.
    const ZEROS: [u32; 37] = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
        0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
        0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
        0xff10,
    ];
    ZEROS
        .iter()
        .any(|zero| (*zero..zero + 10).contains(&u32::from(c)))
}

fn shape(text: &str, pattern: &str) -> bool {
    let mut chars = text.chars();
    let right = pattern.chars().all(|p| {
        chars
            .next()
            .is_some_and(|c| if p == '9' { digit(c) } else { c == p })
    });
    right && chars.next().is_none()
}

/// `20261231`
pub(crate) fn compact_date(text: &str) -> bool {
    shape(text, "99999999")
}

/// `2026-12-31`
pub(crate) fn dashed_date(text: &str) -> bool {
    shape(text, "9999-99-99")
}

/// `20261231` as a month and a day can be.
pub(crate) fn calendar_date(text: &str) -> bool {
    let text = text.trim_matches(space);
    let tail: Vec<char> = text.chars().skip(4).collect();
    let in_calendar = match tail.as_slice() {
        [m1, m2, d1, d2] => {
            let month = matches!((m1, m2), ('1', '0'..='2') | ('0', '1'..='9'));
            month
                && matches!(
                    (d1, d2),
                    ('3', '0' | '1') | ('1' | '2', '0'..='9') | ('0', '1'..='9')
                )
        }
        _ => false,
    };
    in_calendar && text.chars().take(4).all(digit)
}

/// BR-DE-18. The official rule stops where several texts would have to be one.
pub(crate) fn discounts<'t>(terms: impl Iterator<Item = El<'t>>) -> Test {
    let terms: Vec<El<'t>> = terms.filter(|t| !t.string().is_empty()).collect();
    for term in &terms {
        let text = term.string();
        if let Some(wrong) = wrong_discount(&text) {
            return fires([wrong.trim().to_owned()]);
        }
        if text
            .split('\n')
            .any(|l| normalize_space(l).starts_with('#'))
        {
            at_most_one(terms.iter().copied())?;
        }
    }
    holds(true)
}

/// The first line of payment terms that begins with `#` and breaks the rule for discounts (BR-DE-18), or `None`.
///
/// A right line is `#SKONTO#TAGE=n#PROZENT=n.nn#`, with `BASISBETRAG=n.nn#` if need be; after the last stretch between two `#` of a line comes
/// a line end.
pub(crate) fn wrong_discount(terms: &str) -> Option<&str> {
    let mut lines = terms
        .split('\n')
        .filter(|l| normalize_space(l).starts_with('#'));
    lines.find(|l| !discount(&normalize_space(l)) || !line_end_follows(terms))
}

fn discount(line: &str) -> bool {
    let Some(rest) = line
        .strip_prefix("#SKONTO#TAGE=")
        .and_then(|l| l.strip_suffix('#'))
    else {
        return false;
    };
    let mut parts = rest.split('#');
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let cents = |t: &str| {
        t.split_once('.')
            .is_some_and(|(whole, part)| digits(whole) && part.len() == 2 && digits(part))
    };
    parts.next().is_some_and(digits)
        && parts
            .next()
            .and_then(|p| p.strip_prefix("PROZENT="))
            .is_some_and(cents)
        && parts.next().is_none_or(|p| {
            p.strip_prefix("BASISBETRAG=")
                .is_some_and(|amount| cents(amount.strip_prefix('-').unwrap_or(amount)))
        })
        && parts.next().is_none()
}

/// Whether the white space after the last `#…#` of the text, or at its begin if there is none, has a line end.
fn line_end_follows(text: &str) -> bool {
    let mut after = 0;
    let mut start = 0;
    for line in text.split(['\n', '\r']) {
        if let (Some(first), Some(last)) = (line.find('#'), line.rfind('#'))
            && last >= first + 2
        {
            after = start + last + 1;
        }
        start += line.len() + 1;
    }
    text.get(after..)
        .unwrap_or("")
        .chars()
        .take_while(|c| space(*c))
        .any(|c| c == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts() {
        assert_eq!(wrong_discount("Zahlbar sofort"), None);
        assert_eq!(wrong_discount("#SKONTO#TAGE=14#PROZENT=2.25#\n"), None);
        assert_eq!(
            wrong_discount("#SKONTO#TAGE=14#PROZENT=2.25#BASISBETRAG=-3.00#\n  \nDanke"),
            None
        );
        assert_eq!(
            wrong_discount("a\n  #SKONTO#TAGE=14#PROZENT=2.25# \n#SKONTO#TAGE=28#PROZENT=1.00#\n"),
            None
        );
        for wrong in [
            "#SKONTO#TAGE=14#PROZENT=2.25#",
            "#SKONTO#TAGE=14#PROZENT=2.25#   ",
            "#SKONTO#TAGE=14#PROZENT=2.5#\n",
            "#SKONTO#TAGE=#PROZENT=2.50#\n",
            "#SKONTO#TAGE=14#PROZENT=2.50#BASISBETRAG=1#\n",
            "#SKONTO#TAGE=14#PROZENT=2.50#BASISBETRAG=1.00#X#\n",
            "#skonto#TAGE=14#PROZENT=2.50#\n",
            "#\n",
        ] {
            assert!(wrong_discount(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn values() {
        assert!(
            iban("DE75512108001245126199")
                && iban("DE 7551 2108 0012 4512 6199\n")
                && iban("GB82WEST12345698765432")
        );
        assert!(
            !iban("DE75512108001245126198")
                && !iban("")
                && !iban("DE")
                && !iban("de75512108001245126199")
        );
        assert!(
            email("a@b.c")
                && email("x.y@example.com")
                && !email("a@b")
                && !email("a b@c.de")
                && !email("a@b@c.de")
                && !email("@b.c")
        );
        assert!(!email("a@b..c") && !email("a@b.c."));
        assert!(telephone("+49 1 2") && !telephone("49"));
        assert!(
            url("https://example.com")
                && url("ab:")
                && !url("a:b")
                && !url("1ab:")
                && !url("example.com")
                && !url("a_b:c")
        );
        assert!(compact_date("20261231") && !compact_date("2026123") && !compact_date("202612311"));
        assert!(dashed_date("2026-12-31") && !dashed_date("2026-12-31Z"));
        assert!(
            calendar_date(" 20261231\n")
                && !calendar_date("20261331")
                && !calendar_date("20261200")
                && !calendar_date("20260132")
        );
    }
}
