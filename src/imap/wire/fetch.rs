//! What FETCH asks for (RFC 3501 section 6.4.5).

use super::{
    Fault,
    token::{Cursor, Read},
};
use crate::mime::{Part, Section};

/// A data item. The shorthands of old are kept apart from the sections that they stand for, since
/// they are answered under their own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,
    Rfc822,
    Rfc822Header,
    Rfc822Text,
    Section {
        section: Section,
        /// `.PEEK`: does not set `\Seen`.
        peek: bool,
        /// First octet and count; the count is never zero.
        partial: Option<(u32, u32)>,
    },
}

const FAST: [Item; 3] = [Item::Flags, Item::InternalDate, Item::Size];

/// One item, a macro, or a list of items.
pub(super) fn items(cursor: &mut Cursor<'_>) -> Read<Vec<Item>> {
    if !cursor.take(b'(') {
        let word = cursor.rest();
        let name = cursor.clone().keyword();
        let expanded = match name.as_deref() {
            Ok("FAST") => FAST.to_vec(),
            Ok("ALL") => [&FAST[..], &[Item::Envelope]].concat(),
            Ok("FULL") => [&FAST[..], &[Item::Envelope, Item::Body]].concat(),
            _ => return item(cursor).map(|item| vec![item]),
        };
        let macro_length = name.map_or(0, |name| name.len());
        *cursor = Cursor::new(word.get(macro_length..).unwrap_or_default());
        return Ok(expanded);
    }
    let mut items = vec![item(cursor)?];
    while cursor.take(b' ') {
        items.push(item(cursor)?);
    }
    cursor.expect(b')')?;
    Ok(items)
}

fn item(cursor: &mut Cursor<'_>) -> Read<Item> {
    Ok(match cursor.keyword()?.as_str() {
        "FLAGS" => Item::Flags,
        "UID" => Item::Uid,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        "ENVELOPE" => Item::Envelope,
        "BODYSTRUCTURE" => Item::BodyStructure,
        "RFC822" => Item::Rfc822,
        "RFC822.HEADER" => Item::Rfc822Header,
        "RFC822.TEXT" => Item::Rfc822Text,
        "BODY" if cursor.peek() == Some(b'[') => sectioned(cursor, false)?,
        "BODY" => Item::Body,
        "BODY.PEEK" => sectioned(cursor, true)?,
        _ => return Err(Fault::Syntax),
    })
}

fn sectioned(cursor: &mut Cursor<'_>, peek: bool) -> Read<Item> {
    cursor.expect(b'[')?;
    let section = section(cursor)?;
    cursor.expect(b']')?;
    let partial = partial(cursor)?;
    Ok(Item::Section {
        section,
        peek,
        partial,
    })
}

fn partial(cursor: &mut Cursor<'_>) -> Read<Option<(u32, u32)>> {
    if !cursor.take(b'<') {
        return Ok(None);
    }
    let start = cursor.number()?;
    cursor.expect(b'.')?;
    let count = cursor.nz_number()?;
    cursor.expect(b'>')?;
    Ok(Some((start, count)))
}

fn section(cursor: &mut Cursor<'_>) -> Read<Section> {
    let mut path = Vec::new();
    while cursor.peek().is_some_and(|b| b.is_ascii_digit()) {
        path.push(cursor.nz_number()?);
        if !cursor.take(b'.') {
            let part = Part::All;
            return Ok(Section { path, part });
        }
    }
    if path.is_empty() && cursor.peek() == Some(b']') {
        return Ok(Section::default());
    }
    let part = match cursor.keyword()?.as_str() {
        "HEADER" => Part::Header,
        "TEXT" => Part::Text,
        "MIME" if !path.is_empty() => Part::Mime,
        "HEADER.FIELDS" => fields(cursor, false)?,
        "HEADER.FIELDS.NOT" => fields(cursor, true)?,
        _ => return Err(Fault::Syntax),
    };
    Ok(Section { path, part })
}

fn fields(cursor: &mut Cursor<'_>, not: bool) -> Read<Part> {
    cursor.space()?;
    cursor.expect(b'(')?;
    let mut names = Vec::new();
    loop {
        let name = String::from_utf8(cursor.astring()?).map_err(|_| Fault::Syntax)?;
        names.push(name);
        if !cursor.take(b' ') {
            break;
        }
    }
    cursor.expect(b')')?;
    Ok(Part::Fields { names, not })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Read<Vec<Item>> {
        let mut cursor = Cursor::new(text.as_bytes());
        let items = items(&mut cursor)?;
        cursor.end().map(|()| items)
    }

    fn part(path: &[u32], part: Part) -> Item {
        Item::Section {
            section: Section {
                path: path.to_vec(),
                part,
            },
            peek: false,
            partial: None,
        }
    }

    #[test]
    fn macros_and_lists() {
        assert_eq!(read("fast"), Ok(FAST.to_vec()));
        assert_eq!(read("ALL").unwrap().len(), 4);
        assert_eq!(read("FULL").unwrap().last(), Some(&Item::Body));
        assert_eq!(read("(UID FLAGS)"), Ok(vec![Item::Uid, Item::Flags]));
        assert_eq!(read("rfc822.size"), Ok(vec![Item::Size]));
        for bad in [
            "",
            "()",
            "(UID",
            "(UID,FLAGS)",
            "(ALL)",
            "FLAG",
            "(UID  FLAGS)",
            "FASTER",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sections() {
        let one = |text| read(text).map(|items| items.into_iter().next().unwrap());
        assert_eq!(one("BODY[]"), Ok(part(&[], Part::All)));
        assert_eq!(one("body[1.2]"), Ok(part(&[1, 2], Part::All)));
        assert_eq!(one("BODY[3.MIME]"), Ok(part(&[3], Part::Mime)));
        assert_eq!(one("BODY[TEXT]"), Ok(part(&[], Part::Text)));
        let names = vec!["From".to_owned(), "X Y".to_owned()];
        assert_eq!(
            one("BODY[1.HEADER.FIELDS.NOT (From \"X Y\")]"),
            Ok(part(&[1], Part::Fields { names, not: true }))
        );
        assert_eq!(
            one("BODY.PEEK[HEADER]<10.20>"),
            Ok(Item::Section {
                section: Section {
                    path: vec![],
                    part: Part::Header
                },
                peek: true,
                partial: Some((10, 20)),
            })
        );
        for bad in [
            "BODY[",
            "BODY[0]",
            "BODY[1.]",
            "BODY[MIME]",
            "BODY[HEADER.FIELDS ()]",
            "BODY[]<0>",
            "BODY[]<1.0>",
            "BODY.PEEK",
            "BODY[1..2]",
            "BODY[TEXT.1]",
        ] {
            assert!(one(bad).is_err(), "{bad}");
        }
    }
}
