//! Mailbox names: how Graph's free-text folder names become IMAP names, injectively.

use std::fmt;

/// The hierarchy delimiter that IMAP clients see.
pub const DELIMITER: char = '/';

const RECOVERED: &str = "Recovered";

/// What a folder is for (RFC 6154 SPECIAL-USE, and INBOX).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Inbox,
    Archive,
    Drafts,
    Junk,
    Sent,
    Trash,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Inbox,
        Self::Archive,
        Self::Drafts,
        Self::Junk,
        Self::Sent,
        Self::Trash,
    ];

    /// Graph's well-known folder name (Graph: mailFolder resource, well-known folder names).
    pub fn well_known_name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Archive => "archive",
            Self::Drafts => "drafts",
            Self::Junk => "junkemail",
            Self::Sent => "sentitems",
            Self::Trash => "deleteditems",
        }
    }

    /// The SPECIAL-USE attribute (RFC 6154 section 2); INBOX has none.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Inbox => None,
            Self::Archive => Some("\\Archive"),
            Self::Drafts => Some("\\Drafts"),
            Self::Junk => Some("\\Junk"),
            Self::Sent => Some("\\Sent"),
            Self::Trash => Some("\\Trash"),
        }
    }
}

/// A mailbox name as IMAP clients see it, in Unicode, levels joined by [`DELIMITER`].
///
/// Inside a level, `/`, `=`, `%`, `*` and control characters are written `=XX` (two upper-case
/// hexadecimal digits for each UTF-8 octet), so that two folders never share a name. A top-level user folder
/// that would read as INBOX (in any case), `Shared` or `Recovered` has its first letter escaped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxName(String);

impl MailboxName {
    /// The Inbox, whatever the cloud calls it (RFC 3501 section 5.1).
    pub fn inbox() -> Self {
        Self("INBOX".to_owned())
    }

    /// The mailbox of what the cloud refused; no folder of the cloud has this name.
    pub fn recovered() -> Self {
        Self(RECOVERED.to_owned())
    }

    pub fn is_recovered(&self) -> bool {
        self.0 == RECOVERED
    }

    /// From a client's name in Unicode: `inbox` in any case becomes `INBOX`, alone or as the
    /// first level; the rest stays as it is.
    pub fn from_client(name: &str) -> Self {
        let (first, rest) = match name.split_once(DELIMITER) {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        if !first.eq_ignore_ascii_case("INBOX") {
            return Self(name.to_owned());
        }
        match rest {
            Some(rest) => Self(format!("INBOX{DELIMITER}{rest}")),
            None => Self::inbox(),
        }
    }

    /// The name of a folder called `display_name` under `parent` (`None`: at the top).
    pub fn child(parent: Option<&Self>, display_name: &str) -> Self {
        let mut level = String::with_capacity(display_name.len());
        for c in display_name.chars() {
            if matches!(c, '/' | '=' | '%' | '*') || c.is_control() {
                escape(c, &mut level);
            } else {
                level.push(c);
            }
        }
        match parent {
            Some(parent) => Self(format!("{}{DELIMITER}{level}", parent.0)),
            None => Self(reserve(level)),
        }
    }

    /// The display name of the last level, escapes undone: what [`MailboxName::child`] was given.
    /// `None` when an escape is malformed or the level is empty.
    pub fn display_name(&self) -> Option<String> {
        let level = self.0.rsplit(DELIMITER).next().filter(|l| !l.is_empty())?;
        let mut octets = Vec::with_capacity(level.len());
        let mut rest = level.as_bytes();
        while let Some((&first, tail)) = rest.split_first() {
            if first == b'=' {
                let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
                octets.push(u8::from_str_radix(hex, 16).ok()?);
                rest = tail.get(2..)?;
            } else {
                octets.push(first);
                rest = tail;
            }
        }
        String::from_utf8(octets).ok()
    }

    /// The name one level up; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0
            .rsplit_once(DELIMITER)
            .map(|(parent, _)| Self(parent.to_owned()))
    }

    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keeps a user's folder apart from the names that mean something of ours.
fn reserve(level: String) -> String {
    let taken = level.eq_ignore_ascii_case("INBOX")
        || level.eq_ignore_ascii_case("Shared")
        || level.eq_ignore_ascii_case(RECOVERED);
    let mut chars = level.chars();
    match chars.next() {
        Some(first) if taken => {
            let mut escaped = String::new();
            escape(first, &mut escaped);
            escaped + chars.as_str()
        }
        _ => level,
    }
}

fn escape(c: char, out: &mut String) {
    use std::fmt::Write;
    let mut octets = [0; 4];
    for octet in c.encode_utf8(&mut octets).bytes() {
        // Writing to a String cannot fail.
        let _ = write!(out, "={octet:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_never_collide() {
        let displays = [
            "Projekte",
            "a/b",
            "a=2Fb",
            "a",
            "INBOX",
            "inbox",
            "=49NBOX",
            "Shared",
            "Recovered",
            "recovered",
            "100 %",
            "*",
            "R&D 🚀/x",
            "tab\tx",
            "\u{85}",
            " ",
        ];
        let mut seen = std::collections::BTreeSet::new();
        for display in displays {
            let name = MailboxName::child(None, display);
            assert_eq!(name.display_name().as_deref(), Some(display));
            assert!(!name.is_inbox() && !name.is_recovered(), "{display}");
            assert!(seen.insert(name.clone()), "{display} collides");
            let nested = MailboxName::child(Some(&name), display);
            assert_eq!(nested.display_name().as_deref(), Some(display));
            assert_eq!(nested.parent(), Some(name));
        }
    }

    #[test]
    fn inbox_is_one_name_in_any_case() {
        assert_eq!(MailboxName::from_client("iNbOx"), MailboxName::inbox());
        assert_eq!(MailboxName::from_client("inbox/x").as_str(), "INBOX/x");
        assert_eq!(MailboxName::from_client("Inbox2").as_str(), "Inbox2");
    }
}
