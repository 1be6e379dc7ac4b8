//! Ids as Exchange makes them (dossier 02 section 7): the recorded lengths and byte layouts.
//!
//! A classic message id holds its folder's counter, which is why a move changes it. An immutable
//! id holds the item's own counter only. Clients must take all of them as opaque.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE};
use ring::digest::{Context, SHA256};

/// Counter of `msgfolderroot` in every mailbox.
pub(super) const ROOT: u64 = 0x108;
/// Counter of the folder that holds the root and the recoverable items; never listed.
pub(super) const ABOVE_ROOT: u64 = 0x101;

/// Provider of immutable ids (recorded).
const IMMUTABLE_PROVIDER: [u8; 16] = [
    0x1D, 0x84, 0x03, 0x11, 0xAA, 0x66, 0x11, 0xCD, 0x9B, 0xC8, 0x00, 0xAA, 0x00, 0x2F, 0x84, 0x5A,
];
const IMMUTABLE: &[u8] = &[0, 9, 0, 0x2E, 0, 0, 0, 0, 0];
const IN_FOLDER: &[u8] = &[0, 0x2E, 0, 0, 0, 0, 0];
const IN_MESSAGE: &[u8] = &[0, 0x46, 0, 0, 0, 0, 0];
const FOLDER_LEN: usize = 89;
const MESSAGE_LEN: usize = 113;
const IMMUTABLE_LEN: usize = 51;

/// What a mailbox puts into its ids.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// Mailbox GUID, 36 characters.
    mailbox: String,
    database: [u8; 16],
    provider: [u8; 16],
}

/// An id taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    Folder(u64),
    /// The message's counter within its folder; the folder's counter comes first.
    Classic(u64, u64),
    Immutable(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Malformed,
    /// Well-formed, but of another mailbox.
    Foreign,
}

impl Keys {
    pub(super) fn new(object_id: &str) -> Self {
        Self {
            mailbox: format!("{:0<36.36}", object_id),
            database: sixteen(&[b"database", object_id.as_bytes()]),
            provider: sixteen(&[b"provider", object_id.as_bytes()]),
        }
    }

    fn head(&self, kind: u8, tail: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(MESSAGE_LEN);
        out.extend_from_slice(&[0, kind, 0x24, 0]);
        out.extend_from_slice(self.mailbox.as_bytes());
        out.extend_from_slice(tail);
        out
    }

    fn counter(&self, out: &mut Vec<u8>, counter: u64) {
        out.extend_from_slice(&self.database);
        out.extend_from_slice(&six(counter));
        out.extend_from_slice(&[0, 0]);
    }

    pub(super) fn folder(&self, counter: u64) -> String {
        let mut out = self.head(3, IN_FOLDER);
        out.extend_from_slice(&self.provider);
        out.extend_from_slice(&[1, 0]);
        self.counter(&mut out, counter);
        URL_SAFE.encode(out)
    }

    /// The same id as some answers spell it: the first octet is 1, and zeros are counted (`00 n`).
    pub(super) fn folder_respelled(&self, counter: u64) -> String {
        let plain = URL_SAFE.decode(self.folder(counter)).unwrap_or_default();
        let mut out = vec![1];
        let mut zeros = 0;
        for octet in plain.into_iter().skip(1).chain([1]) {
            if octet == 0 {
                zeros += 1;
                continue;
            }
            if zeros > 0 {
                out.extend_from_slice(&[0, zeros]);
            }
            zeros = 0;
            out.push(octet);
        }
        // The one that ended the last run.
        out.pop();
        URL_SAFE.encode(out)
    }

    pub(super) fn message(&self, folder: u64, counter: u64) -> String {
        URL_SAFE.encode(self.message_octets(folder, counter))
    }

    fn message_octets(&self, folder: u64, counter: u64) -> Vec<u8> {
        let mut out = self.head(3, IN_MESSAGE);
        out.extend_from_slice(&self.provider);
        out.extend_from_slice(&[7, 0]);
        self.counter(&mut out, folder);
        self.counter(&mut out, counter);
        out
    }

    pub(super) fn immutable(&self, number: u64) -> String {
        let mut out = IMMUTABLE.to_vec();
        out.extend_from_slice(&IMMUTABLE_PROVIDER);
        out.extend_from_slice(&[0x0D, 0]);
        self.counter(&mut out, number);
        URL_SAFE.encode(out)
    }

    /// A message's id followed by a record that names the attachment by place and content.
    pub(super) fn attachment(&self, folder: u64, counter: u64, mark: [u8; 16]) -> String {
        let mut out = self.message_octets(folder, counter);
        out.extend_from_slice(&[1, 0x12, 0, 0x10, 0]);
        out.extend_from_slice(&mark);
        URL_SAFE.encode(out)
    }

    /// Standard base64: may hold `/` and `+`.
    pub(super) fn change_key(&self, counter: u64) -> String {
        let mut out = vec![9, 0, 0, 0, 0x16, 0, 0, 0];
        out.extend_from_slice(&self.database);
        out.extend_from_slice(&six(counter));
        STANDARD.encode(out)
    }

    pub(super) fn conversation(&self, thread: [u8; 16]) -> String {
        let mut out = self.head(4, &[0, 0x10, 0]);
        out.extend_from_slice(&thread);
        URL_SAFE.encode(out)
    }

    /// Takes an id of this mailbox apart; both spellings are usable in any request.
    pub(super) fn parse(&self, id: &str) -> Result<Parsed, Wrong> {
        let octets = URL_SAFE.decode(id).map_err(|_| Wrong::Malformed)?;
        let octets = match octets.first() {
            Some(1) => expanded(&octets),
            _ => octets,
        };
        let number = |at: usize| octets.get(at..at + 6).map(from_six).ok_or(Wrong::Malformed);
        let database = |at: usize| octets.get(at..at + 16) == Some(&self.database[..]);
        let has = |at: usize, part: &[u8]| octets.get(at..at + part.len()) == Some(part);
        match octets.len() {
            FOLDER_LEN if has(0, &[0, 3, 0x24, 0]) && has(40, IN_FOLDER) && has(63, &[1, 0]) => {
                (database(65)).then_some(()).ok_or(Wrong::Foreign)?;
                Ok(Parsed::Folder(number(81)?))
            }
            MESSAGE_LEN if has(0, &[0, 3, 0x24, 0]) && has(40, IN_MESSAGE) && has(63, &[7, 0]) => {
                (database(65)).then_some(()).ok_or(Wrong::Foreign)?;
                Ok(Parsed::Classic(number(81)?, number(105)?))
            }
            IMMUTABLE_LEN if has(0, IMMUTABLE) && has(9, &IMMUTABLE_PROVIDER) => {
                (database(27)).then_some(()).ok_or(Wrong::Foreign)?;
                Ok(Parsed::Immutable(number(43)?))
            }
            _ => Err(Wrong::Malformed),
        }
    }
}

fn expanded(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![0];
    let mut octets = octets.iter().skip(1);
    while let Some(octet) = octets.next() {
        match octet {
            0 => out.extend(std::iter::repeat_n(
                0,
                octets.next().copied().map_or(0, usize::from),
            )),
            other => out.push(*other),
        }
    }
    out
}

/// `01`, five octets of FILETIME, the thread's 16.
pub(super) fn conversation_index(unix: i64, thread: [u8; 16]) -> String {
    // FILETIME counts 100 ns from 1601.
    let filetime = u64::try_from(unix.saturating_add(11_644_473_600)).unwrap_or(0) * 10_000_000;
    let [a, b, c, d, e, ..] = filetime.to_be_bytes();
    let mut out = vec![1, a, b, c, d, e];
    out.extend_from_slice(&thread);
    STANDARD.encode(out)
}

/// Sixteen octets that follow from `parts` alone.
pub(super) fn sixteen(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
        context.update(&[0]);
    }
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}

fn six(counter: u64) -> [u8; 6] {
    let [_, _, a, b, c, d, e, f] = counter.to_be_bytes();
    [a, b, c, d, e, f]
}

fn from_six(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |sum, b| sum << 8 | u64::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_the_recorded_ones() {
        let keys = Keys {
            mailbox: "00000000-1111-2222-3333-444444444444".into(),
            database: [0xBB; 16],
            provider: [0xAA; 16],
        };
        assert_eq!(
            keys.folder(0xC825_02F7),
            "AAMkADAwMDAwMDAwLTExMTEtMjIyMi0zMzMzLTQ0NDQ0NDQ0NDQ0NAAuAAAAAACqqqqqqqqqqqqqqqqqqqqqAQC7u7u7u7u7u7u7u7u7u7u7AADIJQL3AAA="
        );
        assert_eq!(
            keys.message(0x5882_A6C0, 0x5882_FB15),
            "AAMkADAwMDAwMDAwLTExMTEtMjIyMi0zMzMzLTQ0NDQ0NDQ0NDQ0NABGAAAAAACqqqqqqqqqqqqqqqqqqqqqBwC7u7u7u7u7u7u7u7u7u7u7AABYgqbAAAC7u7u7u7u7u7u7u7u7u7u7AABYgvsVAAA="
        );
        assert_eq!(
            keys.conversation([0xCC; 16]),
            "AAQkADAwMDAwMDAwLTExMTEtMjIyMi0zMzMzLTQ0NDQ0NDQ0NDQ0NAAQAMzMzMzMzMzMzMzMzMzMzMw="
        );
        assert_eq!(
            keys.change_key(0x586B_68A5),
            "CQAAABYAAAC7u7u7u7u7u7u7u7u7u7u7AABYa2il"
        );
        let immutable = keys.immutable(7);
        assert_eq!(immutable.len(), 68);
        assert!(keys.folder_respelled(0x10C).starts_with("AQMk"));
        assert!(immutable.starts_with("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"));
        for (id, parsed) in [
            (keys.folder(0x10C), Parsed::Folder(0x10C)),
            (keys.folder_respelled(0x10C), Parsed::Folder(0x10C)),
            (keys.message(0x10C, 9), Parsed::Classic(0x10C, 9)),
            (immutable, Parsed::Immutable(7)),
        ] {
            assert_eq!(keys.parse(&id), Ok(parsed));
            assert_eq!(Keys::new("other").parse(&id), Err(Wrong::Foreign));
        }
        assert_eq!(keys.parse("inbox"), Err(Wrong::Malformed));
    }
}
