//! The date of a Date field (RFC 5322 section 3.3, obsolete forms of 4.3).

use super::lex::Lexer;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The instant that `value` tells, in the zone that it was written in. The day of the week may be missing,
/// wrong, or without its comma; seconds may be missing; a missing zone is UTC.
pub(crate) fn date(value: &[u8]) -> Option<DateTime<FixedOffset>> {
    let mut lexer = Lexer::new(value);
    lexer.skip_cfws();
    if lexer.peek().is_some_and(|b| b.is_ascii_alphabetic()) {
        word(&mut lexer);
        let _ = lexer.eat(b'.') || lexer.eat(b',');
        lexer.skip_cfws();
    }
    let (day, _) = number(&mut lexer)?;
    separator(&mut lexer);
    let name = word(&mut lexer).to_ascii_lowercase();
    let month = MONTHS.iter().position(|m| name.starts_with(m.as_bytes()))?;
    separator(&mut lexer);
    let year = year(number(&mut lexer)?);
    let clock = clock(&mut lexer)?;
    let zone = zone(&mut lexer)?;
    let month = u32::try_from(month + 1).ok()?;
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    NaiveDateTime::new(day, clock)
        .and_local_timezone(zone)
        .single()
}

/// RFC 5322 section 4.3: two digits below 50 are of this century, other short years of the last one.
fn year((year, digits): (u32, usize)) -> u32 {
    match digits {
        ..=2 if year < 50 => year + 2000,
        ..=3 => year + 1900,
        _ => year,
    }
}

fn clock(lexer: &mut Lexer) -> Option<chrono::NaiveTime> {
    let (hour, _) = number(lexer)?;
    if !lexer.eat(b':') && !lexer.eat(b'.') {
        return None;
    }
    lexer.skip_cfws();
    let (minute, _) = number(lexer)?;
    let mut second = 0;
    if lexer.eat(b':') || lexer.eat(b'.') {
        lexer.skip_cfws();
        // 60 is a leap second; the calendar here has none.
        second = number(lexer)?.0.min(59);
    }
    chrono::NaiveTime::from_hms_opt(hour, minute, second)
}

fn zone(lexer: &mut Lexer) -> Option<FixedOffset> {
    let sign = match lexer.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(b) if b.is_ascii_alphabetic() => return named_zone(word(lexer)),
        _ => return FixedOffset::east_opt(0),
    };
    lexer.bump();
    let (zone, _) = number(lexer)?;
    let seconds = (zone / 100 * 60 + zone % 100) * 60;
    FixedOffset::east_opt(sign * i32::try_from(seconds).ok()?)
}

/// RFC 5322 section 4.3: names other than these, and military letters, tell nothing and count as UTC.
fn named_zone(name: &[u8]) -> Option<FixedOffset> {
    let hours = match &name.to_ascii_uppercase()[..] {
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => 0,
    };
    FixedOffset::east_opt(hours * 3600)
}

fn word<'a>(lexer: &mut Lexer<'a>) -> &'a [u8] {
    let word = lexer.run(|b| b.is_ascii_alphabetic());
    lexer.skip_cfws();
    word
}

/// Value and count of digits.
fn number(lexer: &mut Lexer) -> Option<(u32, usize)> {
    let digits = lexer.run(|b| b.is_ascii_digit());
    lexer.skip_cfws();
    let value = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((value, digits.len()))
}

/// Some write 1-Jan-2024.
fn separator(lexer: &mut Lexer) {
    if lexer.eat(b'-') {
        lexer.skip_cfws();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_5322_dates_with_their_obsolete_forms() {
        for (value, want) in [
            (
                "Fri, 21 Nov 1997 09:55:06 -0600",
                "1997-11-21T09:55:06-06:00",
            ),
            ("1 Jul 2003 10:52 +0200", "2003-07-01T10:52:00+02:00"),
            (
                "Thu,\r\n 13\r\n Feb 1969 23:32 -0330 (Newfoundland Time)",
                "1969-02-13T23:32:00-03:30",
            ),
            (
                "21 Nov 97 09(comment):   55  :  06 GMT",
                "1997-11-21T09:55:06+00:00",
            ),
            ("Wed, 3 Jan 24 10:00:00 EST", "2024-01-03T10:00:00-05:00"),
            ("3 January 124 10:00:00 Z", "2024-01-03T10:00:00+00:00"),
            ("Wed 3-Jan-2024 10.00.00", "2024-01-03T10:00:00+00:00"),
            ("31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00"),
        ] {
            assert_eq!(
                date(value.as_bytes()).unwrap().to_rfc3339(),
                want,
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in [
            "",
            "x",
            "32 Jan 2024 10:00",
            "3 Foo 2024 10:00",
            "3 Jan 2024",
            "3 Jan 2024 25:00",
            "3 Jan 2024 10:00 +9999",
            "3 Jan 99999999999 1:1",
        ] {
            assert_eq!(date(value.as_bytes()), None, "{value}");
        }
    }
}
