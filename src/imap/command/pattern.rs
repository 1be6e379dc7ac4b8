//! Patterns of LIST and LSUB (RFC 3501 section 6.3.8): `*` matches anything, `%` anything but the delimiter.

use crate::mail::{DELIMITER, MailboxName};

/// A reference and a pattern joined.
#[derive(Debug)]
pub struct Matcher {
    pattern: Vec<char>,
    /// The pattern as it meets INBOX, whose name has no case.
    for_inbox: Vec<char>,
}

impl Matcher {
    pub fn new(reference: &str, pattern: &str) -> Self {
        let pattern = format!("{reference}{pattern}");
        let first = pattern.find(DELIMITER).unwrap_or(pattern.len());
        let (first, rest) = pattern.split_at(first);
        let for_inbox = first.to_ascii_uppercase() + rest;
        Self {
            for_inbox: for_inbox.chars().collect(),
            pattern: pattern.chars().collect(),
        }
    }

    pub fn matches(&self, name: &MailboxName) -> bool {
        let text = name.as_str();
        let first = text.split(DELIMITER).next();
        let pattern = if first == Some("INBOX") {
            &self.for_inbox
        } else {
            &self.pattern
        };
        matches(pattern, text)
    }

    /// Whether a level of a deeper name can be asked for as such: LSUB shows those only for `%`.
    pub fn has_percent(&self) -> bool {
        self.pattern.contains(&'%')
    }
}

/// In time proportional to both lengths, whatever the pattern: `reached` holds the places in the pattern that
/// the text so far can have come to.
fn matches(pattern: &[char], text: &str) -> bool {
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    skip_wildcards(pattern, &mut reached);
    for c in text.chars() {
        let mut next = vec![false; reached.len()];
        for (at, wanted) in pattern.iter().enumerate() {
            if !reached.get(at).is_some_and(|reached| *reached) {
                continue;
            }
            let (stays, advances) = match wanted {
                '*' => (true, false),
                '%' => (c != DELIMITER, false),
                wanted => (false, *wanted == c),
            };
            let to = if stays { at } else { at + 1 };
            if let Some(place) = next.get_mut(to) {
                *place |= stays || advances;
            }
        }
        skip_wildcards(pattern, &mut next);
        reached = next;
    }
    reached.last().is_some_and(|reached| *reached)
}

/// A wildcard may match nothing.
fn skip_wildcards(pattern: &[char], reached: &mut [bool]) {
    for (at, wanted) in pattern.iter().enumerate() {
        if matches!(wanted, '*' | '%')
            && reached.get(at).is_some_and(|reached| *reached)
            && let Some(next) = reached.get_mut(at + 1)
        {
            *next = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(reference: &str, pattern: &str, name: &str) -> bool {
        Matcher::new(reference, pattern).matches(&MailboxName::from_client(name))
    }

    #[test]
    fn wildcards() {
        for (pattern, name, hit) in [
            ("*", "a/b/c", true),
            ("%", "a", true),
            ("%", "a/b", false),
            ("%/%", "a/b", true),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a*c", "a/b/c", true),
            ("a%c", "abc", true),
            ("a%c", "a/c", false),
            ("", "a", false),
            ("a", "A", false),
            ("**%*", "x/y", true),
            ("*b", "a/bb", true),
            ("Entwürfe", "Entwürfe", true),
            ("inbox", "INBOX", true),
            ("iN%", "INBOX", true),
            ("inbox/%", "INBOX/Rechnungen", true),
            ("INBOX/rech%", "INBOX/Rechnungen", false),
            ("inbox", "Inboxes", false),
        ] {
            assert_eq!(hits("", pattern, name), hit, "{pattern} on {name}");
        }
        assert!(hits("Projekte/", "%", "Projekte/2024"));
        assert!(!hits("Projekte/", "%", "Archiv"));
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let pattern = "*a%".repeat(300) + "b";
        assert!(!hits("", &pattern, &"a".repeat(300)));
    }
}
