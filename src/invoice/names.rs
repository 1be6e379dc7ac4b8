//! Element names as small integers: one constant for each element of CII and UBL, so that rules compare a `u16` and `match` works.
//!
//! `ram::ID` is the element `ID` in the namespace that the standard's texts call `ram`; the prefix in the file plays no role.
//! A name that the schemas do not know is its namespace's `OTHER`, or [`UNKNOWN`] in a namespace that they do not know.

mod cii;
mod ubl21;

pub use cii::{qdt, ram, rsm, udt};
pub use ubl21::{cac, cbc, cn, ext, ubl};

/// An element's name: namespace and local name together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub(in crate::invoice) u16);

/// An element of a namespace that is neither CII's nor UBL's.
pub const UNKNOWN: Name = Name(0);
/// No element's name: registers a check for every element.
pub const ANY: Name = Name(1);
/// How many names there are.
pub const COUNT: usize = ext::AFTER as usize;

/// One namespace with its names, for looking up.
pub(in crate::invoice) struct Namespace {
    pub(in crate::invoice) prefix: &'static str,
    pub(in crate::invoice) uri: &'static str,
    pub(in crate::invoice) first: u16,
    /// Sorted.
    pub(in crate::invoice) names: &'static [&'static str],
}

macro_rules! namespace {
    ($prefix:ident, $first:expr, $uri:literal: $($name:ident)*) => {
        #[allow(non_upper_case_globals, non_camel_case_types, dead_code, clippy::upper_case_acronyms)]
        pub mod $prefix {
            // Renamed, since elements are called Name too.
            use crate::invoice::names::{Name as N, Namespace as S};
            enum Nth { $($name),* }
            const FIRST: u16 = $first;
            /// An element of this namespace that the schemas do not know.
            pub const OTHER: N = N(AFTER - 1);
            pub(in crate::invoice) const AFTER: u16 = FIRST + SPACE.names.len() as u16 + 1;
            pub(in crate::invoice) const SPACE: S = S {
                prefix: stringify!($prefix),
                uri: $uri,
                first: FIRST,
                names: &[$(stringify!($name)),*],
            };
            $(pub const $name: N = N(FIRST + Nth::$name as u16);)*
        }
    };
}
use namespace;

pub(in crate::invoice) const SPACES: [Namespace; 9] = [
    rsm::SPACE,
    ram::SPACE,
    udt::SPACE,
    qdt::SPACE,
    ubl::SPACE,
    cn::SPACE,
    cac::SPACE,
    cbc::SPACE,
    ext::SPACE,
];

impl Name {
    /// The name of `local` in the namespace `uri`.
    pub fn of(uri: &str, local: &str) -> Name {
        let Some(space) = SPACES.iter().find(|s| s.uri == uri) else {
            return UNKNOWN;
        };
        let nth = space.names.binary_search(&local);
        Name(space.first + nth.unwrap_or(space.names.len()) as u16)
    }

    /// Position in tables that have a row for each name; less than [`COUNT`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The name with this [`Name::index`].
    pub fn at(index: usize) -> Name {
        Name(index as u16)
    }

    fn space(self) -> Option<&'static Namespace> {
        static ALL: [Namespace; 9] = SPACES;
        ALL.iter().rev().find(|s| s.first <= self.0)
    }

    /// The namespace's usual prefix; empty for [`UNKNOWN`].
    pub fn prefix(self) -> &'static str {
        self.space().map_or("", |s| s.prefix)
    }

    /// The namespace; empty for [`UNKNOWN`].
    pub fn uri(self) -> &'static str {
        self.space().map_or("", |s| s.uri)
    }

    /// The local name; empty for `OTHER` and [`UNKNOWN`].
    pub fn local(self) -> &'static str {
        self.space()
            .and_then(|s| s.names.get(usize::from(self.0 - s.first)))
            .copied()
            .unwrap_or("")
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.prefix(), self.local())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again() {
        let mut next = 2;
        for space in &SPACES {
            assert_eq!(space.first, next, "{}", space.prefix);
            for (nth, local) in space.names.iter().enumerate() {
                let name = Name::of(space.uri, local);
                assert_eq!(name.index(), usize::from(space.first) + nth);
                assert_eq!((name.prefix(), name.local()), (space.prefix, *local));
            }
            let other = Name::of(space.uri, "NoSuchElement");
            assert_eq!((other.prefix(), other.local()), (space.prefix, ""));
            next = space.first + space.names.len() as u16 + 1;
        }
        assert_eq!(usize::from(next), COUNT);
        assert_eq!(Name::of("urn:x", "ID"), UNKNOWN);
        assert_eq!(ram::ID, Name::of(ram::SPACE.uri, "ID"));
        assert_ne!(ram::ID, cbc::ID);
    }
}
