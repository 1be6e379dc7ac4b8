//! The terminals of responses (RFC 3501 section 9), octet exact.

use super::{token::is_atom_char, utf7};
use crate::mail::{Flags, MailboxName, Uid};
use chrono::{DateTime, Datelike, Timelike};

/// As dates on the wire name them.
pub const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The number of a month, from 1.
pub(super) fn month_number(name: &[u8]) -> Option<u32> {
    let at = MONTHS
        .iter()
        .position(|month| name.eq_ignore_ascii_case(month.as_bytes()))?;
    u32::try_from(at + 1).ok()
}

/// Longer strings go as literals: some clients read a line into a small buffer.
const QUOTED: usize = 4096;

pub fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub fn number(out: &mut Vec<u8>, number: u64) {
    text(out, &number.to_string());
}

/// Quoted where that is safe, else a literal.
pub fn string(out: &mut Vec<u8>, octets: &[u8]) {
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\t');
    if octets.len() > QUOTED || !octets.iter().all(plain) {
        return literal(out, octets);
    }
    out.push(b'"');
    for &octet in octets {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(octet);
    }
    out.push(b'"');
}

pub fn literal(out: &mut Vec<u8>, octets: &[u8]) {
    literal_head(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// What announces a literal; exactly `size` octets must follow.
pub fn literal_head(out: &mut Vec<u8>, size: u64) {
    text(out, &format!("{{{size}}}\r\n"));
}

pub fn nstring(out: &mut Vec<u8>, octets: Option<&[u8]>) {
    match octets {
        Some(octets) => string(out, octets),
        None => text(out, "NIL"),
    }
}

/// A header field name as the client wrote it, to be echoed.
pub fn astring(out: &mut Vec<u8>, octets: &[u8]) {
    if !octets.is_empty() && octets.iter().all(|&b| is_atom_char(b)) {
        out.extend_from_slice(octets);
    } else {
        string(out, octets);
    }
}

/// In modified UTF-7.
pub fn mailbox(out: &mut Vec<u8>, name: &MailboxName) {
    astring(out, utf7::encode(name.as_str()).as_bytes());
}

/// `(\Seen work)`; `\Recent` where the session says so.
pub fn flags(out: &mut Vec<u8>, flags: &Flags, recent: bool) {
    out.push(b'(');
    let mut first = true;
    for name in recent
        .then_some("\\Recent")
        .into_iter()
        .chain(flags.wire_names())
    {
        if !std::mem::take(&mut first) {
            out.push(b' ');
        }
        text(out, name);
    }
    out.push(b')');
}

/// A set of UIDs in this order (RFC 4315 section 4), runs of neighbours as ranges.
pub fn uid_set(uids: impl IntoIterator<Item = Uid>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in uids.into_iter().map(Uid::value) {
        match runs.last_mut() {
            Some(run) if run.1.checked_add(1) == Some(uid) => run.1 = uid,
            _ => runs.push((uid, uid)),
        }
    }
    let shown = runs.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}:{last}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

/// `date-time` of Unix seconds, in UTC.
pub fn date_time(out: &mut Vec<u8>, seconds: i64) {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    // The grammar has four digits for the year.
    let year = time.year().clamp(0, 9999);
    let month = MONTHS.get(time.month0() as usize).copied().unwrap_or("Jan");
    let (day, hour, minute, second) = (time.day(), time.hour(), time.minute(), time.second());
    let shown = format!("\"{day:>2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} +0000\"");
    text(out, &shown);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Keyword, SystemFlag};

    fn show(f: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        f(&mut out);
        out.into_iter().map(char::from).collect()
    }

    #[test]
    fn strings_are_quoted_only_where_that_is_safe() {
        assert_eq!(show(|out| nstring(out, None)), "NIL");
        assert_eq!(show(|out| nstring(out, Some(b""))), "\"\"");
        assert_eq!(show(|out| string(out, b"a\"b\\c")), r#""a\"b\\c""#);
        assert_eq!(show(|out| string(out, b"NIL")), "\"NIL\"");
        assert_eq!(show(|out| string(out, b"a\r\nb")), "{4}\r\na\r\nb");
        assert_eq!(show(|out| string(out, b"\xfc")), "{1}\r\n\u{fc}");
        assert_eq!(show(|out| string(out, b"\x7f")), "{1}\r\n\u{7f}");
    }

    #[test]
    fn mailbox_names() {
        let name = |name: &str| show(|out| mailbox(out, &MailboxName::from_client(name)));
        assert_eq!(name("inbox"), "INBOX");
        assert_eq!(name("Gelöschte Elemente"), "\"Gel&APY-schte Elemente\"");
        assert_eq!(name("a\"b"), "\"a\\\"b\"");
        assert_eq!(name("Entwürfe"), "Entw&APw-rfe");
    }

    #[test]
    fn sets_keep_their_order() {
        let set = |uids: &[u32]| uid_set(uids.iter().map(|uid| Uid::new(*uid).unwrap()));
        assert_eq!(set(&[]), "");
        assert_eq!(set(&[7]), "7");
        assert_eq!(set(&[1, 2, 3, 5, 9, 10]), "1:3,5,9:10");
        assert_eq!(set(&[12, 11, 10, 11]), "12,11,10:11");
        assert_eq!(set(&[u32::MAX, 1]), "4294967295,1");
    }

    #[test]
    fn flags_and_dates() {
        let mut some = Flags::default().with(SystemFlag::Seen);
        some.set_keyword(Keyword::new("Rot").unwrap(), true);
        assert_eq!(show(|out| flags(out, &some, true)), "(\\Recent \\Seen Rot)");
        assert_eq!(show(|out| flags(out, &Flags::default(), false)), "()");
        assert_eq!(
            show(|out| date_time(out, 951_782_399)),
            "\"28-Feb-2000 23:59:59 +0000\""
        );
        assert_eq!(
            show(|out| date_time(out, 0)),
            "\" 1-Jan-1970 00:00:00 +0000\""
        );
    }
}
