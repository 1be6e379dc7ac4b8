//! Flags between Graph and IMAP (pure).
//!
//! Categories are keywords. A category is free text, a keyword an atom (RFC 3501 section 9), so a
//! category is escaped, injectively: a space becomes `_`; ASCII letters, digits and those marks that
//! an atom may hold stay; every other octet of its UTF-8 (also `_` and `=` themselves) becomes `=XX`, two upper-case
//! hexadecimal digits. A category that would read as a flag of ours (`$Forwarded`) has its first octet escaped.
//! Categories whose keyword would be longer than 128 octets are not shown.

use crate::{
    graph::types::Message,
    mail::{Keyword, SystemFlag},
    store::messages::RemoteMessage,
};

/// PidTagLastVerbExecuted (MS-OXOMSG 2.2.1.36): reply, reply to all, forward.
const REPLIED: [i32; 2] = [102, 103];
const FORWARDED: i32 = 104;

/// What an entry or an answer tells of a message, in the store's words.
pub fn told(message: &Message) -> RemoteMessage {
    let (answered, forwarded) = last_verb(message);
    RemoteMessage {
        received: message.received,
        seen: message.is_read,
        flagged: message.flagged,
        draft: message.is_draft,
        answered,
        forwarded,
        keywords: message.categories.as_deref().map(keywords),
        change_key: message.change_key.clone(),
        subject: message.subject.clone(),
        message_id: message.internet_message_id.clone(),
        store_size: message.store_size,
        summary: None,
    }
}

/// Exchange keeps only the last thing done: who forwards an answered mail has still answered it, so
/// one verb says nothing against the other; only "nothing done" takes both away.
fn last_verb(message: &Message) -> (Option<bool>, Option<bool>) {
    match message.last_verb {
        _ if !message.extended => (None, None),
        Some(verb) if REPLIED.contains(&verb) => (Some(true), None),
        Some(FORWARDED) => (None, Some(true)),
        _ => (Some(false), Some(false)),
    }
}

/// Keywords for categories; those that cannot be shown are left out.
pub fn keywords(categories: &[String]) -> Vec<Keyword> {
    categories.iter().filter_map(|c| keyword(c)).collect()
}

/// The keyword for a category; `None` when it is empty or its keyword would be too long.
pub fn keyword(category: &str) -> Option<Keyword> {
    let reserved = SystemFlag::from_wire(category).is_some();
    let mut atom = String::with_capacity(category.len());
    for (i, octet) in category.bytes().enumerate() {
        match octet {
            b' ' => atom.push('_'),
            _ if stays(octet) && !(reserved && i == 0) => atom.push(char::from(octet)),
            _ => atom.push_str(&format!("={octet:02X}")),
        }
    }
    Keyword::new(&atom)
}

/// The category that a keyword stands for; `None` for a keyword that stands for none, since no category
/// is shown as it (a stray `=`, an escape where none is needed, octets that are no UTF-8).
pub fn category(keyword: &Keyword) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = keyword.as_str().as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'_' => octets.push(b' '),
            b'=' => {
                let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
                octets.push(u8::from_str_radix(hex, 16).ok()?);
                rest = tail.get(2..)?;
            }
            other => octets.push(other),
        }
    }
    let category = String::from_utf8(octets).ok()?;
    (self::keyword(&category).as_ref() == Some(keyword)).then_some(category)
}

fn stays(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"(){%*\"\\]_=".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_map_to_atoms_and_back() {
        let cases = [
            ("Rot", "Rot"),
            ("Rote Kategorie", "Rote_Kategorie"),
            ("a_b", "a=5Fb"),
            ("a _", "a_=5F"),
            ("a_ ", "a=5F_"),
            ("Überfällig", "=C3=9Cberf=C3=A4llig"),
            ("100 %", "100_=25"),
            ("a=41", "a=3D41"),
            ("$Forwarded", "=24Forwarded"),
            ("\\Seen", "=5CSeen"),
            ("NonJunk", "NonJunk"),
            ("a]b", "a=5Db"),
        ];
        for (name, atom) in cases {
            let keyword = keyword(name).unwrap();
            assert_eq!(keyword.as_str(), atom);
            assert_eq!(category(&keyword).as_deref(), Some(name));
        }
        assert!(keyword("").is_none());
        assert!(keyword(&"ü".repeat(30)).is_none(), "180 octets");
    }

    #[test]
    fn keywords_that_no_category_is_shown_as_have_none() {
        for atom in ["a=b", "a=4", "=41", "=FF", "="] {
            assert_eq!(category(&Keyword::new(atom).unwrap()), None, "{atom}");
        }
    }

    #[test]
    fn the_last_verb_sets_and_only_nothing_clears() {
        let of = |extended, last_verb| {
            let told = told(&Message {
                extended,
                last_verb,
                ..Message::default()
            });
            (told.answered, told.forwarded)
        };
        assert_eq!(of(false, Some(102)), (None, None), "not asked for");
        assert_eq!(of(true, Some(102)), (Some(true), None));
        assert_eq!(of(true, Some(103)), (Some(true), None));
        assert_eq!(of(true, Some(104)), (None, Some(true)));
        assert_eq!(of(true, Some(0)), (Some(false), Some(false)));
        assert_eq!(of(true, None), (Some(false), Some(false)));
    }
}
