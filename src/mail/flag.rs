//! Message flags (RFC 3501 section 2.3.2) and keywords.

use std::collections::BTreeSet;

/// The flags that the protocol or a registry names; each is one bit of [`Flags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SystemFlag {
    Seen = 1,
    Answered = 2,
    Flagged = 4,
    Deleted = 8,
    Draft = 16,
    /// `$Forwarded` (RFC 5788 registry).
    Forwarded = 32,
}

impl SystemFlag {
    /// In the order in which servers usually list them.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Flagged,
        Self::Deleted,
        Self::Seen,
        Self::Draft,
        Self::Forwarded,
    ];

    /// As written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Forwarded => "$Forwarded",
        }
    }

    /// Case-insensitive, as RFC 3501 section 2.3.2 wants flags compared.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|flag| flag.as_str().eq_ignore_ascii_case(name))
    }
}

/// A keyword: an IMAP atom, compared without regard to ASCII case.
#[derive(Debug, Clone)]
pub struct Keyword(String);

impl Keyword {
    /// `None` when `name` is not an atom of at most 128 octets, or is a system flag.
    pub fn new(name: &str) -> Option<Self> {
        let atom = !name.is_empty()
            && name.len() <= 128
            && name
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b));
        (atom && SystemFlag::from_wire(name).is_none()).then(|| Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for Keyword {}
impl Ord for Keyword {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}
impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The flags of one message. `\Recent` is a matter of a session, not of a message, and is not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    bits: u8,
    keywords: BTreeSet<Keyword>,
}

impl Flags {
    /// From the bits that [`Flags::bits`] gave; unknown bits are dropped.
    pub fn from_parts(bits: u8, keywords: impl IntoIterator<Item = Keyword>) -> Self {
        Self {
            bits: bits & 63,
            keywords: keywords.into_iter().collect(),
        }
    }

    /// One bit for each [`SystemFlag`], as its discriminant says.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    pub fn has(&self, flag: SystemFlag) -> bool {
        self.bits & flag as u8 != 0
    }

    pub fn set(&mut self, flag: SystemFlag, on: bool) {
        if on {
            self.bits |= flag as u8;
        } else {
            self.bits &= !(flag as u8);
        }
    }

    /// The same flags with `flag` set.
    #[must_use]
    pub fn with(mut self, flag: SystemFlag) -> Self {
        self.set(flag, true);
        self
    }

    pub fn keywords(&self) -> impl Iterator<Item = &Keyword> {
        self.keywords.iter()
    }

    pub fn has_keyword(&self, keyword: &Keyword) -> bool {
        self.keywords.contains(keyword)
    }

    pub fn set_keyword(&mut self, keyword: Keyword, on: bool) {
        if on {
            self.keywords.insert(keyword);
        } else {
            self.keywords.remove(&keyword);
        }
    }

    /// Names as written on the wire, system flags first.
    pub fn wire_names(&self) -> impl Iterator<Item = &str> {
        SystemFlag::ALL
            .into_iter()
            .filter(|flag| self.has(*flag))
            .map(|flag| -> &str { flag.as_str() })
            .chain(self.keywords.iter().map(Keyword::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_atoms_and_fold_case() {
        assert_eq!(Keyword::new("Rot"), Keyword::new("ROT"));
        for bad in ["", "a b", "a(b", "\\Seen", "$forwarded", "ü", "a]b"] {
            assert!(Keyword::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn wire_order_is_stable() {
        let mut flags = Flags::default()
            .with(SystemFlag::Seen)
            .with(SystemFlag::Answered);
        flags.set_keyword(Keyword::new("work").unwrap(), true);
        let names: Vec<_> = flags.wire_names().collect();
        assert_eq!(names, ["\\Answered", "\\Seen", "work"]);
        assert_eq!(
            Flags::from_parts(flags.bits(), flags.keywords().cloned()),
            flags
        );
    }
}
