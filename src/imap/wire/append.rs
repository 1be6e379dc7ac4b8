//! APPEND (RFC 3501 section 6.3.11): all that stands before the message, and where the message lies.
//!
//! A message may be large, so it is not read into a value here: [`Append::message`] says which octets of
//! the command it is, and [`Append::into_message`] makes the command's own buffer the message.

use super::{
    Fault, Name,
    change::flag_list,
    decode::mailbox,
    encode::month_number,
    token::{Cursor, Read},
};
use crate::mail::Flags;
use chrono::{FixedOffset, NaiveDate};
use std::ops::Range;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub to: Name,
    pub flags: Flags,
    /// INTERNALDATE in Unix seconds.
    pub date: Option<i64>,
    /// Octets of the command, as framed.
    pub message: Range<usize>,
}

impl Append {
    /// The message, in the buffer in which the command came.
    pub fn into_message(self, mut command: Vec<u8>) -> Vec<u8> {
        command.truncate(self.message.end);
        command.drain(..self.message.start.min(command.len()));
        command
    }
}

/// The arguments; `length` is that of the whole command.
pub(super) fn arguments(cursor: &mut Cursor<'_>, length: usize) -> Read<Append> {
    let (to, flags, date) = head(cursor)?;
    let octets = cursor.literal_octets()?;
    let end = length - cursor.rest().len();
    cursor.end()?;
    Ok(Append {
        to,
        flags,
        date,
        message: end - octets.len()..end,
    })
}

/// What an APPEND says before its message is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// All but the message, of `size` octets.
    Message { to: Name, flags: Flags, size: u64 },
    /// The literal that comes is the mailbox's name, of so many octets.
    Name(u64),
    /// Nothing that can follow makes a command of it.
    Malformed,
}

/// Reads an APPEND up to the literal that it announces.
pub fn begun(command: &[u8]) -> Begun {
    read_begun(command).unwrap_or(Begun::Malformed)
}

fn read_begun(command: &[u8]) -> Read<Begun> {
    let mut cursor = Cursor::new(command);
    cursor.run(|b| b != b' ');
    if !cursor.take_word(" APPEND") {
        return Err(Fault::Unknown);
    }
    let mut name = cursor.clone();
    name.space()?;
    if let Ok(size) = announcement(name) {
        return Ok(Begun::Name(size));
    }
    let (to, flags, _) = head(&mut cursor)?;
    let size = announcement(cursor)?;
    Ok(Begun::Message { to, flags, size })
}

/// `{310}` or `{310+}` with its line end, and nothing behind it.
fn announcement(mut cursor: Cursor<'_>) -> Read<u64> {
    cursor.expect(b'{')?;
    let size = cursor.number()?;
    cursor.take(b'+');
    cursor.expect(b'}')?;
    cursor.take(b'\r');
    cursor.expect(b'\n')?;
    cursor.end()?;
    Ok(size.into())
}

fn head(cursor: &mut Cursor<'_>) -> Read<(Name, Flags, Option<i64>)> {
    cursor.space()?;
    let to = mailbox(&cursor.astring()?);
    cursor.space()?;
    let mut flags = Flags::default();
    if cursor.peek() == Some(b'(') {
        flags = flag_list(cursor)?;
        cursor.space()?;
    }
    let mut date = None;
    if cursor.peek() == Some(b'"') {
        date = Some(date_time(cursor)?);
        cursor.space()?;
    }
    Ok((to, flags, date))
}

/// `" 1-Feb-2024 07:08:09 +0100"`; the first digit of the day may also be a 0, or left out.
fn date_time(cursor: &mut Cursor<'_>) -> Read<i64> {
    cursor.expect(b'"')?;
    cursor.take(b' ');
    let day = cursor.number()?;
    cursor.expect(b'-')?;
    let month = cursor.run(|b| b.is_ascii_alphabetic());
    let month = month_number(month).ok_or(Fault::Syntax)?;
    cursor.expect(b'-')?;
    let year = i32::try_from(cursor.number()?).map_err(|_| Fault::Syntax)?;
    cursor.space()?;
    let hour = cursor.number()?;
    cursor.expect(b':')?;
    let minute = cursor.number()?;
    cursor.expect(b':')?;
    // A leap second is the second before it.
    let second = cursor.number()?;
    let second = if second == 60 { 59 } else { second };
    cursor.space()?;
    let zone = zone(cursor)?;
    cursor.expect(b'"')?;
    NaiveDate::from_ymd_opt(year, month, day)
        .filter(|_| (0..=9999).contains(&year))
        .and_then(|date| date.and_hms_opt(hour, minute, second))
        .and_then(|time| time.and_local_timezone(zone).single())
        .map(|time| time.timestamp())
        .ok_or(Fault::Syntax)
}

fn zone(cursor: &mut Cursor<'_>) -> Read<FixedOffset> {
    let east = cursor.take(b'+');
    if !east {
        cursor.expect(b'-')?;
    }
    let digits = cursor.run(|b| b.is_ascii_digit());
    let number = std::str::from_utf8(digits).ok().filter(|d| d.len() == 4);
    let number: i32 = number.and_then(|d| d.parse().ok()).ok_or(Fault::Syntax)?;
    let seconds = (number / 100 * 60 + number % 100) * 60;
    FixedOffset::east_opt(if east { seconds } else { -seconds }).ok_or(Fault::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        imap::wire::{Command, decode},
        mail::SystemFlag,
    };

    fn append(text: &str) -> Option<(Append, String)> {
        let command = format!("a {text}").into_bytes();
        let Command::Append(append) = decode(&command).ok()?.command else {
            return None;
        };
        let message = append.clone().into_message(command);
        Some((append, String::from_utf8(message).unwrap()))
    }

    #[test]
    fn appends_in_every_form() {
        let (plain, message) = append("APPEND inbox {5}\r\nA: b\n").unwrap();
        assert!(plain.to.unwrap().is_inbox());
        assert_eq!((plain.flags, plain.date), (Flags::default(), None));
        assert_eq!(message, "A: b\n");
        let text = "append {3}\r\na b (\\Seen Rot) \" 1-Jan-1970 01:00:01 +0100\" {6+}\r\nB: {3}";
        let (full, message) = append(text).unwrap();
        assert_eq!(full.to.unwrap().as_str(), "a b");
        assert!(full.flags.has(SystemFlag::Seen) && full.flags.keywords().count() == 1);
        assert_eq!(full.date, Some(1));
        assert_eq!(message, "B: {3}");
        let (empty, message) = append("APPEND x () {0}\r\n").unwrap();
        assert_eq!((empty.flags, message.as_str()), (Flags::default(), ""));
        for bad in [
            "APPEND",
            "APPEND inbox",
            "APPEND inbox \"text\"",
            "APPEND inbox text",
            "APPEND inbox {3}\r\nab",
            "APPEND inbox {3}\r\nabcd",
            "APPEND inbox {3}\r\nabc {3}\r\nabc",
            "APPEND inbox {3}\r\na\0b",
            "APPEND inbox (\\Blue) {1}\r\na",
            "APPEND inbox \" 1-Jan-1970 01:00:01 +0100\" () {1}\r\na",
            "UID APPEND inbox {1}\r\na",
        ] {
            assert!(append(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn dates() {
        let read = |text: &str| date_time(&mut Cursor::new(text.as_bytes())).ok();
        assert_eq!(read("\"28-Feb-2000 23:59:59 +0000\""), Some(951_782_399));
        assert_eq!(read("\"28-feb-2000 18:29:59 -0530\""), Some(951_782_399));
        assert_eq!(read("\"1-Jan-1970 00:00:60 +0000\""), Some(59));
        assert_eq!(read("\"31-Dec-1969 23:59:59 +0000\""), Some(-1));
        for bad in [
            "\"30-Feb-2000 23:59:59 +0000\"",
            "\"28-Foo-2000 23:59:59 +0000\"",
            "\"28-Feb-2000 24:00:00 +0000\"",
            "\"28-Feb-2000 23:59:59 0000\"",
            "\"28-Feb-2000 23:59:59 +00\"",
            "\"28-Feb-2000 23:59:59 +2500\"",
            "\"28-Feb-2000 23:59:59\"",
            "\"28-Feb-99999 23:59:59 +0000\"",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_announced_is_known_before_the_message_is_there() {
        let known = |text: &str| match begun(text.as_bytes()) {
            Begun::Message { to, flags, size } => {
                let to = to.map_or("none".to_owned(), |name| name.to_string());
                let flags: Vec<_> = flags.wire_names().collect();
                format!("{to} ({}) {size}", flags.join(" "))
            }
            Begun::Name(size) => format!("name {size}"),
            Begun::Malformed => "malformed".to_owned(),
        };
        assert_eq!(known("a APPEND inbox {310}\r\n"), "INBOX () 310");
        assert_eq!(
            known("a append {1}\r\nx (\\Seen) {310+}\n"),
            "x (\\Seen) 310"
        );
        let dated = "a APPEND x (Rot) \" 1-Jan-1970 01:00:01 +0100\" {0}\r\n";
        assert_eq!(known(dated), "x (Rot) 0");
        assert_eq!(known("a APPEND &bad {5}\r\n"), "none () 5");
        assert_eq!(known("a APPEND {5}\r\n"), "name 5");
        assert_eq!(known("a APPEND {5+}\r\n"), "name 5");
        for bad in [
            "a LOGIN {5}\r\n",
            "a APPEND{5}\r\n",
            "a APPEND  {5}\r\n",
            "a APPEND x{5}\r\n",
            "a APPEND x (\\Blue) {5}\r\n",
            "a APPEND x (a {5}\r\n",
            "a APPEND x \"yesterday\" {5}\r\n",
            "a APPEND x CATENATE (TEXT {5}\r\n",
            "a APPEND x ~{5}\r\n",
            "a APPEND x {1}\r\na {5}\r\n",
            "a APPEND {9}\r\nx {5}\r\n",
        ] {
            assert_eq!(known(bad), "malformed", "{bad}");
        }
    }

    #[test]
    fn the_message_keeps_the_buffer() {
        let command = [b"a APPEND x {5}\r\n".as_slice(), b"hello"].concat();
        let begin = command.as_ptr();
        let Command::Append(append) = decode(&command).unwrap().command else {
            panic!()
        };
        let message = append.into_message(command);
        assert_eq!(
            (message.as_ptr(), message.as_slice()),
            (begin, &b"hello"[..])
        );
    }
}
