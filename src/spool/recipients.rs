//! RCPT TO decides who gets a mail; Graph only knows headers (pure).
//!
//! So the header that goes to Graph must name exactly the envelope's recipients. Who is only in the
//! envelope goes into Bcc. Who is only in To or Cc is taken out of it: those who get the mail see To and
//! Cc without the addresses that it is not delivered to (`undisclosed-recipients:;` where nobody is left).
//! The client's own Bcc fields never go on.

use crate::mime::{Address, addresses};
use std::collections::HashSet;

/// What both of our parser and the cloud must agree on: an address, compared as mail systems do in
/// practice. Case does not count, nor do quotes around the local part; a domain counts in its ASCII
/// form (RFC 5890).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(String);

pub(super) fn key(address: &str) -> Key {
    let address = address.trim();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Key(address.to_lowercase());
    };
    let domain = match url::Host::parse(domain) {
        Ok(url::Host::Domain(ascii)) => ascii.to_lowercase(),
        _ => domain.to_lowercase(),
    };
    Key(format!("{}@{domain}", unquoted(local).to_lowercase()))
}

fn unquoted(local: &str) -> String {
    let inner = local.strip_prefix('"').and_then(|l| l.strip_suffix('"'));
    let Some(inner) = inner else {
        return local.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(c);
            escaped = false;
        }
    }
    out
}

/// A recipient as it goes to Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Raw header octets, without quotes.
    pub(super) name: Option<Vec<u8>>,
    pub(super) address: String,
}

/// Who is to get a mail, and who of them was already written into the header.
#[derive(Debug)]
pub(super) struct Wanted {
    all: Vec<(Key, String)>,
    keys: HashSet<Key>,
    shown: HashSet<Key>,
}

/// What becomes of a To or Cc field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It names only people who get the mail (or nobody).
    Keep(Vec<Person>),
    /// It names others too: these are left.
    Replace(Vec<Person>),
}

impl Wanted {
    pub(super) fn new(recipients: &[String]) -> Self {
        let mut keys = HashSet::new();
        let all = recipients.iter().map(|r| (key(r), r.clone()));
        let all: Vec<_> = all.filter(|(key, _)| keys.insert(key.clone())).collect();
        Self {
            all,
            keys,
            shown: HashSet::new(),
        }
    }

    /// Looks at the value of a To or Cc field.
    pub(super) fn take(&mut self, value: &[u8]) -> Verdict {
        let named = addresses(value);
        let (mut kept, mut others) = (Vec::new(), false);
        for address in named.iter().filter(|a| !is_group_mark(a)) {
            match person(address).filter(|p| self.keys.contains(&key(&p.address))) {
                Some(person) => kept.push(person),
                None => others = true,
            }
        }
        for person in &kept {
            self.shown.insert(key(&person.address));
        }
        if others {
            Verdict::Replace(kept)
        } else {
            Verdict::Keep(kept)
        }
    }

    /// Those whom no field shows, in the order of RCPT TO.
    pub(super) fn hidden(&self) -> Vec<Person> {
        let hidden = self.all.iter().filter(|(key, _)| !self.shown.contains(key));
        let person = |(_, address): &(Key, String)| Person {
            name: None,
            address: address.clone(),
        };
        hidden.map(person).collect()
    }
}

/// The recipients of a draft against those that were wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Exact,
    /// As many, but under other addresses.
    Renamed,
    Different,
}

pub(super) fn compare<'a>(wanted: &[String], found: impl Iterator<Item = &'a str>) -> Match {
    let wanted: HashSet<_> = wanted.iter().map(|address| key(address)).collect();
    let found: HashSet<_> = found.map(key).collect();
    if wanted == found {
        Match::Exact
    } else if wanted.len() == found.len() {
        Match::Renamed
    } else {
        Match::Different
    }
}

/// RFC 3501 section 7.4.2: a group's start and end have no host.
fn is_group_mark(address: &Address) -> bool {
    address.host.is_none()
}

/// `None` for what is no address, or not text.
pub(super) fn person(address: &Address) -> Option<Person> {
    let text = |octets: &Option<Vec<u8>>| String::from_utf8(octets.clone()?).ok();
    let (local, host) = (text(&address.mailbox)?, text(&address.host)?);
    Some(Person {
        name: address.name.clone(),
        address: format!("{}@{host}", quoted_local(&local)),
    })
}

/// RFC 5322 section 3.4.1: a dot-atom as it is, anything else in quotes.
fn quoted_local(local: &str) -> String {
    let atom =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if !local.is_empty() && !dots && local.chars().all(|c| atom(c) || c == '.') {
        return local.to_owned();
    }
    format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A field that names these people, folded after each (RFC 5322 section 2.2.3).
pub(super) fn field(name: &str, people: &[Person]) -> Vec<u8> {
    let mut out = format!("{name}: ").into_bytes();
    for (at, person) in people.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b",\r\n ");
        }
        match person.name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => {
                out.extend(phrase(name));
                out.extend_from_slice(format!(" <{}>", person.address).as_bytes());
            }
            None => out.extend_from_slice(person.address.as_bytes()),
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Encoded words must stand bare (RFC 2047 section 5); other names stand in quotes.
fn phrase(name: &[u8]) -> Vec<u8> {
    let encoded = name.starts_with(b"=?") && name.ends_with(b"?=");
    let clean = name.iter().filter(|b| !matches!(b, b'\r' | b'\n'));
    if encoded {
        return clean.copied().collect();
    }
    let mut out = vec![b'"'];
    for octet in clean {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(list: &[&str]) -> Wanted {
        let list: Vec<_> = list.iter().map(|a| (*a).to_owned()).collect();
        Wanted::new(&list)
    }

    fn names(people: &[Person]) -> Vec<&str> {
        people.iter().map(|p| p.address.as_str()).collect()
    }

    #[test]
    fn addresses_compare_as_mail_systems_do() {
        for (a, b) in [
            ("Anna@Example.COM", "anna@example.com"),
            ("\"a.b\"@example.com", "a.b@example.com"),
            ("\"a\\\"b\"@example.com", "\"a\"b\"@example.com"),
            ("x@münchen.example", "x@xn--mnchen-3ya.example"),
            (" x@example.com ", "x@example.com"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        for (a, b) in [
            ("a@example.com", "a@example.org"),
            ("a.b@example.com", "ab@example.com"),
            ("a+x@example.com", "a@example.com"),
            ("postmaster", "postmaster@example.com"),
        ] {
            assert_ne!(key(a), key(b), "{a} {b}");
        }
    }

    #[test]
    fn a_field_that_names_only_recipients_stays() {
        let mut all = wanted(&["a@example.com", "b@example.com", "c@example.com"]);
        let kept = all.take(b" Anna <A@example.com>, (x) \"b\"@EXAMPLE.com");
        let Verdict::Keep(people) = kept else {
            panic!("{kept:?}")
        };
        assert_eq!(names(&people), ["A@example.com", "b@EXAMPLE.com"]);
        assert_eq!(names(&all.hidden()), ["c@example.com"]);
        for nobody in [&b" undisclosed-recipients:;"[..], b"", b" ,, "] {
            assert_eq!(all.take(nobody), Verdict::Keep(vec![]), "{nobody:?}");
        }
    }

    #[test]
    fn whoever_is_not_in_the_envelope_is_taken_out() {
        let mut all = wanted(&["a@example.com"]);
        let value = b" \"M\xc3\xbcller, A\" <a@example.com>, List: x@example.org, a@example.com;, =?utf-8?q?B?= <b@example.com>";
        let Verdict::Replace(people) = all.take(value) else {
            panic!()
        };
        assert_eq!(
            String::from_utf8(field("To", &people)).unwrap(),
            "To: \"Müller, A\" <a@example.com>,\r\n a@example.com\r\n"
        );
        assert_eq!(names(&all.hidden()), [] as [&str; 0]);
    }

    #[test]
    fn recipients_named_twice_are_one() {
        let all = wanted(&["a@example.com", "A@example.com", "b@example.com"]);
        assert_eq!(names(&all.hidden()), ["a@example.com", "b@example.com"]);
    }

    #[test]
    fn a_field_reads_back_as_it_was_written() {
        let odd = [
            (Some("=?utf-8?q?=C3=BC?="), "a@example.com"),
            (Some("Quote \" and \\ back"), "\"a b\"@example.com"),
            (Some("Comma, Name"), "c@example.com"),
            (None, "ü@example.com"),
        ];
        let people: Vec<_> = odd
            .iter()
            .map(|(name, address)| Person {
                name: name.map(|n| n.as_bytes().to_vec()),
                address: (*address).to_owned(),
            })
            .collect();
        let line = field("Bcc", &people);
        let back: Vec<_> = addresses(&line[5..]).iter().filter_map(person).collect();
        assert_eq!(back, people);
    }

    #[test]
    fn drafts_are_compared_as_sets() {
        let want = ["a@example.com".to_owned(), "B@example.com".to_owned()];
        let same = ["b@example.com", "A@example.com", "a@example.com"];
        assert_eq!(compare(&want, same.into_iter()), Match::Exact);
        assert_eq!(
            compare(&want, ["a@example.com", "x@example.com"].into_iter()),
            Match::Renamed
        );
        for other in [
            &["a@example.com"][..],
            &["a@example.com", "b@example.com", "c@example.com"],
        ] {
            assert_eq!(compare(&want, other.iter().copied()), Match::Different);
        }
    }
}
