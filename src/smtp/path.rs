//! Reverse-paths and forward-paths (RFC 5321 section 4.1.2, RFC 6531 section 3.3). Pure.
//!
//! What comes out is `local@domain` that names one mailbox and holds no control character, whatever
//! the client wrote: it goes into JSON and header fields later. Source routes are read and ignored
//! (RFC 5321 appendix C). Needless quotes are taken off (`"anna"@example.com`), so that an address has
//! one spelling. More generous than the RFC: a local part may be longer than 64 octets (bounce addresses
//! are), and a path may stand without its angle brackets (old devices).

use core::net::{Ipv4Addr, Ipv6Addr};

/// RFC 5321 section 4.5.3.1.3: 256 with the angle brackets.
const LONGEST: usize = 254;
const LONGEST_LABEL: usize = 63;

/// Why a path is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No address at all.
    Syntax,
    /// A local part alone: this server has no domain of its own to add.
    NoDomain,
    TooLong,
}

/// A path and what follows it on the line. The path is empty for `<>`.
pub fn path(text: &str) -> Result<(String, &str), Fault> {
    let text = text.trim_start_matches(' ');
    let Some(inner) = text.strip_prefix('<') else {
        let end = text.find(' ').unwrap_or(text.len());
        let (bare, rest) = text.split_at(end);
        return Ok((mailbox(bare)?, rest));
    };
    let end = closing(inner).ok_or(Fault::Syntax)?;
    let (path, rest) = inner.split_at(end);
    let rest = rest.get(1..).unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(Fault::Syntax);
    }
    let path = path.trim_matches(' ');
    if path.is_empty() {
        return Ok((String::new(), rest));
    }
    Ok((mailbox(without_route(path)?)?, rest))
}

/// Where the path ends: `>` may stand in quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// `@a.example,@b.example:anna@example.com` is `anna@example.com`.
fn without_route(path: &str) -> Result<&str, Fault> {
    if !path.starts_with('@') {
        return Ok(path);
    }
    let (route, mailbox) = path.split_once(':').ok_or(Fault::Syntax)?;
    let hops = route
        .split(',')
        .all(|hop| hop.strip_prefix('@').is_some_and(is_domain));
    if hops {
        Ok(mailbox)
    } else {
        Err(Fault::Syntax)
    }
}

/// The one spelling of a mailbox.
fn mailbox(text: &str) -> Result<String, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::TooLong);
    }
    let (local, domain) = match text.rsplit_once('@') {
        Some((local, domain)) if !domain.contains('"') => (local, domain),
        _ => {
            return Err(if local_part(text).is_some() {
                Fault::NoDomain
            } else {
                Fault::Syntax
            });
        }
    };
    let local = local_part(local).ok_or(Fault::Syntax)?;
    if !is_domain(domain) && !is_literal(domain) {
        return Err(Fault::Syntax);
    }
    Ok(format!("{local}@{domain}"))
}

fn local_part(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return is_dot_string(text).then(|| text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut content = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        match c {
            _ if c.is_control() => return None,
            _ if escaped => content.push(c),
            '"' => return None,
            '\\' => {}
            _ => content.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    if escaped || content.is_empty() {
        return None;
    }
    Some(if is_dot_string(&content) {
        content
    } else {
        text.to_owned()
    })
}

fn is_dot_string(text: &str) -> bool {
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

/// RFC 6531 section 3.3 allows any; controls and spaces only deceive.
fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        let inside =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || is_beyond_ascii(c);
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(inside)
    })
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
fn is_literal(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    inner.is_some_and(|inner| match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner
            .get(5..)
            .is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_taken() {
        for (text, wanted, rest) in [
            ("<anna@example.com>", "anna@example.com", ""),
            (" <anna@example.com> SIZE=5", "anna@example.com", " SIZE=5"),
            ("< anna@example.com >", "anna@example.com", ""),
            ("anna@example.com SIZE=5", "anna@example.com", " SIZE=5"),
            ("<>", "", ""),
            ("<> BODY=7BIT", "", " BODY=7BIT"),
            ("<Anna.B+x=y@Example.COM>", "Anna.B+x=y@Example.COM", ""),
            ("<\"anna\"@example.com>", "anna@example.com", ""),
            ("<\"a\\nna\"@example.com>", "anna@example.com", ""),
            ("<\"a b>@c\"@example.com>", "\"a b>@c\"@example.com", ""),
            (
                "<\"a\\\"b\\\\\"@example.com>",
                "\"a\\\"b\\\\\"@example.com",
                "",
            ),
            (
                "<@a.example,@b.example:anna@example.com>",
                "anna@example.com",
                "",
            ),
            ("<anna@[192.0.2.1]>", "anna@[192.0.2.1]", ""),
            ("<anna@[IPv6:2001:db8::1]>", "anna@[IPv6:2001:db8::1]", ""),
            ("<anna@intranet>", "anna@intranet", ""),
            ("<anna@a_b.example>", "anna@a_b.example", ""),
            ("<ünal@bücher.example>", "ünal@bücher.example", ""),
        ] {
            assert_eq!(path(text), Ok((wanted.to_owned(), rest)), "{text}");
        }
    }

    #[test]
    fn paths_that_are_none() {
        use Fault::{NoDomain, Syntax, TooLong};
        let long = format!("<{}@example.com>", "a".repeat(250));
        let label = format!("<a@{}.example>", "b".repeat(64));
        for (text, why) in [
            ("", Syntax),
            ("<", Syntax),
            ("<anna@example.com", Syntax),
            ("<anna@example.com>x", Syntax),
            ("<anna>", NoDomain),
            ("<Postmaster>", NoDomain),
            ("postmaster", NoDomain),
            ("<@example.com>", Syntax),
            ("<anna@>", Syntax),
            ("<a..b@example.com>", Syntax),
            ("<.a@example.com>", Syntax),
            ("<a@b@example.com>", Syntax),
            ("<a b@example.com>", Syntax),
            ("<a,b@example.com>", Syntax),
            ("<anna@example..com>", Syntax),
            ("<anna@example.com.>", Syntax),
            ("<anna@-example.com>", Syntax),
            ("<anna@exa mple.com>", Syntax),
            ("<anna@[300.0.2.1]>", Syntax),
            ("<anna@[IPv6:xyz]>", Syntax),
            ("<anna@[é:1]>", Syntax),
            ("<\"\"@example.com>", Syntax),
            ("<\"a\"b@example.com>", Syntax),
            ("<\"a@example.com>", Syntax),
            ("<@a,b:anna@example.com>", Syntax),
            ("<a\u{a0}b@example.com>", Syntax),
            ("<a\u{85}b@example.com>", Syntax),
            (&long, TooLong),
            (&label, Syntax),
        ] {
            assert_eq!(path(text), Err(why), "{text}");
        }
    }
}
