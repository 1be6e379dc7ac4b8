//! `BODY[section]<partial>`: the label that is echoed, and where the octets come from.

use crate::{
    account::Served,
    imap::wire::{Item, encode},
    mime::{self, Part, Section, Slice, Structure},
};
use std::ops::Range;

/// Where the octets of a section are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The message has no such section.
    Nil,
    /// At hand already.
    Ready(Vec<u8>),
    /// These octets of the message.
    Octets(Range<u64>),
    /// The fields asked for, of the header block at these octets.
    Fields(Range<u64>),
}

/// A section that a FETCH asks for, under whichever of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub label: Vec<u8>,
    pub section: Section,
    pub partial: Option<(u32, u32)>,
}

impl Wanted {
    /// `None` for items that are no sections.
    pub fn from_item(item: &Item) -> Option<Self> {
        let whole = |label: &str, part| {
            Some(Self {
                label: label.as_bytes().to_vec(),
                section: Section { path: vec![], part },
                partial: None,
            })
        };
        match item {
            Item::Rfc822 => whole("RFC822", Part::All),
            Item::Rfc822Header => whole("RFC822.HEADER", Part::Header),
            Item::Rfc822Text => whole("RFC822.TEXT", Part::Text),
            Item::Section {
                section, partial, ..
            } => Some(Self {
                label: label(section, *partial),
                section: section.clone(),
                partial: *partial,
            }),
            _ => None,
        }
    }

    /// Whether finding it needs the message's structure.
    pub fn needs_structure(&self) -> bool {
        !self.section.path.is_empty() || self.section.part == Part::Text
    }

    /// Where its octets are. `structure` may be missing where [`Wanted::needs_structure`] says so.
    pub fn source(&self, served: &Served, structure: Option<&Structure>) -> Source {
        if !self.needs_structure() {
            return match &self.section.part {
                Part::All => self.octets(0..served.size),
                Part::Header => Source::Ready(clip(&served.header, self.partial)),
                Part::Fields { .. } => Source::Ready(self.fields(&served.header)),
                Part::Text | Part::Mime => Source::Nil,
            };
        }
        let slice = structure.and_then(|structure| mime::locate(structure, &self.section));
        match slice {
            Some(Slice::Range(range)) => self.octets(wide(&range)),
            Some(Slice::Fields(range)) => Source::Fields(wide(&range)),
            None => Source::Nil,
        }
    }

    /// The fields asked for, of this header block.
    pub fn fields(&self, header: &[u8]) -> Vec<u8> {
        match &self.section.part {
            Part::Fields { names, not } => {
                clip(&mime::header_fields(header, names, *not), self.partial)
            }
            _ => Vec::new(),
        }
    }

    fn octets(&self, whole: Range<u64>) -> Source {
        let (start, end) = (whole.start, whole.end);
        Source::Octets(match self.partial {
            Some((first, count)) => {
                let from = start.saturating_add(u64::from(first)).min(end);
                from..from.saturating_add(u64::from(count)).min(end)
            }
            None => whole,
        })
    }
}

fn wide(range: &Range<usize>) -> Range<u64> {
    range.start as u64..range.end as u64
}

fn clip(octets: &[u8], partial: Option<(u32, u32)>) -> Vec<u8> {
    let Some((first, count)) = partial else {
        return octets.to_vec();
    };
    let from = (first as usize).min(octets.len());
    let to = from.saturating_add(count as usize).min(octets.len());
    octets.get(from..to).unwrap_or_default().to_vec()
}

/// As the client asked, without PEEK and without the count (RFC 3501 section 7.4.2).
fn label(section: &Section, partial: Option<(u32, u32)>) -> Vec<u8> {
    let mut out = b"BODY[".to_vec();
    let path: Vec<_> = section.path.iter().map(u32::to_string).collect();
    encode::text(&mut out, &path.join("."));
    if !path.is_empty() && section.part != Part::All {
        out.push(b'.');
    }
    match &section.part {
        Part::All => {}
        Part::Header => encode::text(&mut out, "HEADER"),
        Part::Text => encode::text(&mut out, "TEXT"),
        Part::Mime => encode::text(&mut out, "MIME"),
        Part::Fields { names, not } => {
            let word = if *not {
                "HEADER.FIELDS.NOT"
            } else {
                "HEADER.FIELDS"
            };
            encode::text(&mut out, word);
            for (at, name) in names.iter().enumerate() {
                encode::text(&mut out, if at == 0 { " (" } else { " " });
                encode::astring(&mut out, name.as_bytes());
            }
            out.push(b')');
        }
    }
    out.push(b']');
    if let Some((first, _)) = partial {
        encode::text(&mut out, &format!("<{first}>"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::wire::{Command, decode};

    fn wanted(item: &str) -> Wanted {
        let line = format!("a FETCH 1 {item}");
        let Command::Fetch { items, .. } = decode(line.as_bytes()).unwrap().command else {
            panic!("{item}")
        };
        Wanted::from_item(&items[0]).unwrap()
    }

    #[test]
    fn labels_are_echoed() {
        for (item, label) in [
            ("BODY.PEEK[]<5.7>", "BODY[]<5>"),
            ("BODY[1.2.TEXT]", "BODY[1.2.TEXT]"),
            ("BODY[3]", "BODY[3]"),
            (
                "BODY[HEADER.FIELDS (From \"a b\")]",
                "BODY[HEADER.FIELDS (From \"a b\")]",
            ),
            (
                "BODY[1.HEADER.FIELDS.NOT (TO)]",
                "BODY[1.HEADER.FIELDS.NOT (TO)]",
            ),
            ("RFC822.TEXT", "RFC822.TEXT"),
        ] {
            assert_eq!(wanted(item).label, label.as_bytes(), "{item}");
        }
    }

    #[test]
    fn partials_are_clipped() {
        let served = Served {
            size: 30,
            sha256: [0; 32],
            header: b"A: b\r\nC: d\r\n\r\n".to_vec(),
            boundaries: String::new(),
            structure: String::new(),
        };
        let source = |item| wanted(item).source(&served, None);
        assert_eq!(source("BODY[]"), Source::Octets(0..30));
        assert_eq!(source("BODY[]<10.5>"), Source::Octets(10..15));
        assert_eq!(source("BODY[]<25.4294967295>"), Source::Octets(25..30));
        assert_eq!(source("BODY[]<99.1>"), Source::Octets(30..30));
        assert_eq!(
            source("BODY[HEADER]<3.4>"),
            Source::Ready(b"b\r\nC".to_vec())
        );
        assert_eq!(source("BODY[HEADER]<99.4>"), Source::Ready(vec![]));
        assert_eq!(
            source("BODY[HEADER.FIELDS (c)]"),
            Source::Ready(b"C: d\r\n\r\n".to_vec())
        );
    }
}
