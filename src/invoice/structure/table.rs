//! The schemas as tables, read once from the text that `tests/tools/invoice_structure.py` makes of the XSD files.
//!
//! ```text
//! r NAME>TYPE                      a document element and the number of its type
//! q NAME>TYPE{MIN..MAX} ...        elements in this order; 1..1 where nothing is said, `*` for unbounded
//! cMIN..MAX NAME>TYPE ...          one of them
//! a                                one element of another namespace, checked where it is known (UBL's extensions)
//! s BASE/min1/max3 ATTRIBUTE ...   text, with facets; ATTRIBUTE is NAME:BASE, `!` if required, `=VALUE` if fixed
//! ```

use std::sync::LazyLock;

use crate::invoice::names::{Name, SPACES};

/// One schema.
pub struct Schema {
    /// For messages.
    pub title: &'static str,
    pub(super) roots: Vec<(Name, u16)>,
    pub(super) types: Vec<Type>,
}

pub(super) enum Type {
    Sequence(Vec<Item>),
    Choice(Vec<Item>),
    Lax,
    Text(Text, Vec<Attribute>),
}

#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) name: Name,
    pub(super) of: u16,
    pub(super) min: u32,
    pub(super) max: u32,
}

pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) text: Text,
    pub(super) required: bool,
    pub(super) fixed: Option<String>,
}

/// A simple type: its primitive or derived base, and the length that is allowed.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) base: Base,
    pub(super) shortest: usize,
    pub(super) longest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    String,
    NormalizedString,
    Token,
    Language,
    AnyUri,
    Boolean,
    Decimal,
    Base64,
    Date,
    Time,
    DateTime,
}

macro_rules! schema {
    ($name:ident, $file:literal, $title:literal) => {
        #[doc = $title]
        pub(super) static $name: LazyLock<Schema> =
            LazyLock::new(|| Schema::read($title, include_str!($file)));
    };
}
schema!(CII_D16B, "cii-d16b.txt", "CII D16B");
schema!(CII_D22B, "cii-d22b.txt", "CII D22B");
schema!(UBL, "ubl-2.1.txt", "UBL 2.1");
schema!(MINIMUM, "fx-minimum.txt", "Factur-X 1.09 MINIMUM");
schema!(BASIC_WL, "fx-basicwl.txt", "Factur-X 1.09 BASIC WL");
schema!(BASIC, "fx-basic.txt", "Factur-X 1.09 BASIC");
schema!(EN16931, "fx-en16931.txt", "Factur-X 1.09 EN 16931");
schema!(EXTENDED, "fx-extended.txt", "Factur-X 1.09 EXTENDED");

impl Schema {
    /// The tables are ours: what cannot be read is left out, and a test holds that nothing is.
    fn read(title: &'static str, table: &'static str) -> Schema {
        let mut schema = Schema {
            title,
            roots: Vec::new(),
            types: Vec::new(),
        };
        for line in table.lines().filter(|l| !l.starts_with('#')) {
            let mut words = line.split(' ');
            let head = words.next().unwrap_or("");
            match head.as_bytes().first() {
                Some(b'r') => schema
                    .roots
                    .extend(words.filter_map(item).map(|i| (i.name, i.of))),
                Some(b'q') => schema
                    .types
                    .push(Type::Sequence(words.filter_map(item).collect())),
                Some(b'c') => schema
                    .types
                    .push(Type::Choice(words.filter_map(item).collect())),
                Some(b'a') => schema.types.push(Type::Lax),
                _ => {
                    let text = words.next().and_then(text).unwrap_or(ANYTHING);
                    schema
                        .types
                        .push(Type::Text(text, words.filter_map(attribute).collect()));
                }
            }
        }
        schema
    }

    pub(super) fn root(&self, name: Name) -> Option<u16> {
        self.roots.iter().find(|r| r.0 == name).map(|r| r.1)
    }

    /// The type of an element that is declared for all (UBL's are).
    pub(super) fn global(&self, name: Name) -> Option<u16> {
        let mut sequences = self.types.iter().filter_map(|t| match t {
            Type::Sequence(items) => Some(items),
            _ => None,
        });
        sequences
            .find_map(|items| items.iter().find(|i| i.name == name))
            .map(|i| i.of)
    }

    pub(super) fn of(&self, number: u16) -> Option<&Type> {
        self.types.get(usize::from(number))
    }
}

const ANYTHING: Text = Text {
    base: Base::String,
    shortest: 0,
    longest: usize::MAX,
};

/// `ram:ID>3{0..1}`
fn item(word: &'static str) -> Option<Item> {
    let (name, rest) = word.split_once('>')?;
    let (prefix, local) = name.split_once(':')?;
    let (of, occurs) = rest.split_once('{').unwrap_or((rest, "1..1"));
    let (min, max) = occurs.trim_end_matches('}').split_once("..")?;
    let space = SPACES.iter().find(|s| s.prefix == prefix)?;
    Some(Item {
        name: Name::of(space.uri, local),
        of: of.parse().ok()?,
        min: min.parse().ok()?,
        max: if max == "*" {
            u32::MAX
        } else {
            max.parse().ok()?
        },
    })
}

/// `token/min1/max3`
fn text(word: &'static str) -> Option<Text> {
    let mut parts = word.split('/');
    let base = match parts.next()? {
        "string" => Base::String,
        "normalizedString" => Base::NormalizedString,
        "token" => Base::Token,
        "language" => Base::Language,
        "anyURI" => Base::AnyUri,
        "boolean" => Base::Boolean,
        "decimal" => Base::Decimal,
        "base64Binary" => Base::Base64,
        "date" => Base::Date,
        "time" => Base::Time,
        "dateTime" => Base::DateTime,
        _ => return None,
    };
    let mut text = Text { base, ..ANYTHING };
    for facet in parts {
        if let Some(n) = facet.strip_prefix("min") {
            text.shortest = n.parse().ok()?;
        } else {
            text.longest = facet.strip_prefix("max")?.parse().ok()?;
        }
    }
    Some(text)
}

/// `listID:token!=VALUE`
fn attribute(word: &'static str) -> Option<Attribute> {
    let (spec, fixed) = match word.split_once('=') {
        Some((spec, fixed)) => (spec, Some(fixed.replace("%20", " "))),
        None => (word, None),
    };
    let (name, base) = spec.split_once(':')?;
    Some(Attribute {
        name,
        text: text(base.trim_end_matches('!'))?,
        required: base.ends_with('!'),
        fixed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_tables_is_read() {
        let tables = [
            (&CII_D16B, include_str!("cii-d16b.txt")),
            (&CII_D22B, include_str!("cii-d22b.txt")),
            (&UBL, include_str!("ubl-2.1.txt")),
            (&MINIMUM, include_str!("fx-minimum.txt")),
            (&BASIC_WL, include_str!("fx-basicwl.txt")),
            (&BASIC, include_str!("fx-basic.txt")),
            (&EN16931, include_str!("fx-en16931.txt")),
            (&EXTENDED, include_str!("fx-extended.txt")),
        ];
        for (schema, table) in tables {
            let lines: Vec<&str> = table
                .lines()
                .filter(|l| !l.starts_with(['#', 'r']))
                .collect();
            assert_eq!(schema.types.len(), lines.len(), "{}", schema.title);
            assert!(!schema.roots.is_empty());
            for (line, of) in lines.iter().zip(&schema.types) {
                let words = line.split(' ').count();
                match of {
                    Type::Sequence(items) | Type::Choice(items) => {
                        assert_eq!(items.len(), words - 1, "{line}");
                        for item in items {
                            assert!(
                                usize::from(item.of) < lines.len() && !item.name.local().is_empty(),
                                "{line}"
                            );
                        }
                    }
                    Type::Text(_, attributes) => assert_eq!(attributes.len(), words - 2, "{line}"),
                    Type::Lax => assert_eq!(*line, "a"),
                }
            }
        }
    }
}
