//! Address lists (RFC 5322 section 3.4 with the obsolete forms of 4.4) as ENVELOPE tells them.
//!
//! Nothing is decoded. What is malformed yields what can be told of it: RFC 3501 lets neither mailbox nor
//! host of an address be NIL (that marks a group), so a missing one gets a word that no one can reply to.
//! A field with more than [`MAX_ADDRESSES`] is told up to there.

use super::envelope::Address;
use super::header::collapsed;
use super::lex::{Lexer, is_atext};

const NO_MAILBOX: &[u8] = b"MISSING_MAILBOX";
const NO_HOST: &[u8] = b"MISSING_DOMAIN";

/// Far above what any mail system accepts as recipients of one mail.
const MAX_ADDRESSES: usize = 10_000;

/// The addresses of a field's value, groups as RFC 3501 section 7.4.2 marks them.
pub(crate) fn addresses(value: &[u8]) -> Vec<Address> {
    let mut lexer = Lexer::new(value);
    let mut list = Vec::new();
    while list.len() < MAX_ADDRESSES {
        lexer.skip_cfws();
        match lexer.peek() {
            None => break,
            // RFC 5322 section 4.4: obsolete lists have empty elements. Some separate by semicolons.
            Some(b',' | b';') => lexer.bump(),
            Some(_) => {
                address(&mut lexer, &mut list);
                skip_garbage(&mut lexer);
            }
        }
    }
    list
}

/// To the next comma or semicolon, over quoted strings and comments.
fn skip_garbage(lexer: &mut Lexer) {
    loop {
        lexer.skip_cfws();
        match lexer.peek() {
            None | Some(b',' | b';') => return,
            Some(b'"') if lexer.quoted_string().is_some() => {}
            Some(_) => lexer.bump(),
        }
    }
}

fn address(lexer: &mut Lexer, list: &mut Vec<Address>) {
    let start = lexer.clone();
    let name = phrase(lexer);
    match (name, lexer.peek()) {
        (Some(name), Some(b':')) => {
            lexer.bump();
            group(lexer, name, list);
        }
        (Some(name), Some(b'<')) => list.push(name_addr(lexer, name)),
        _ => {
            *lexer = start;
            list.push(addr_spec(lexer));
        }
    }
}

fn group(lexer: &mut Lexer, name: Vec<u8>, list: &mut Vec<Address>) {
    list.push(Address {
        mailbox: Some(collapsed(&name)),
        ..Address::default()
    });
    while list.len() < MAX_ADDRESSES {
        lexer.skip_cfws();
        match lexer.peek() {
            None => break,
            Some(b';') => {
                lexer.bump();
                break;
            }
            Some(b',') => lexer.bump(),
            Some(_) => {
                list.push(mailbox(lexer));
                skip_garbage(lexer);
            }
        }
    }
    list.push(Address::default());
}

fn mailbox(lexer: &mut Lexer) -> Address {
    let start = lexer.clone();
    match (phrase(lexer), lexer.peek()) {
        (Some(name), Some(b'<')) => name_addr(lexer, name),
        _ => {
            *lexer = start;
            addr_spec(lexer)
        }
    }
}

/// Words joined by one space each; `None` when something starts that is no word.
fn phrase(lexer: &mut Lexer) -> Option<Vec<u8>> {
    if lexer.peek() == Some(b'.') {
        return None;
    }
    let mut text = Vec::new();
    loop {
        match lexer.peek() {
            Some(b'"') => text.extend(lexer.quoted_string()?),
            _ => text.extend_from_slice(lexer.atom(true)),
        }
        match lexer.peek() {
            Some(octet) if is_atext(octet) || matches!(octet, b'"' | b'.') => text.push(b' '),
            _ => return Some(text),
        }
    }
}

/// `<`, an optional obsolete route, the address, `>`.
fn name_addr(lexer: &mut Lexer, name: Vec<u8>) -> Address {
    lexer.bump();
    lexer.skip_cfws();
    let adl = route(lexer);
    let mailbox = local_part(lexer);
    let host = domain(lexer);
    if lexer.peek() == Some(b'>') {
        lexer.bump();
        lexer.skip_cfws();
    }
    complete(Some(name).filter(|n| !n.is_empty()), adl, mailbox, host)
}

/// RFC 5322 section 4.4: obs-route, told as "@a,@b".
fn route(lexer: &mut Lexer) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    while lexer.peek() == Some(b'@') {
        if !text.is_empty() {
            text.push(b',');
        }
        text.push(b'@');
        text.extend(domain(lexer)?);
        while lexer.eat(b',') {
            lexer.skip_cfws();
        }
    }
    if lexer.eat(b':') {
        lexer.skip_cfws();
    }
    Some(text).filter(|t| !t.is_empty())
}

/// An address without angle brackets; a comment after it is its name. A quoted string or several bare words
/// are a name that has lost its address.
fn addr_spec(lexer: &mut Lexer) -> Address {
    lexer.comment = None;
    let quoted = lexer.peek() == Some(b'"');
    let mailbox = local_part(lexer);
    let host = domain(lexer);
    if let Some(comment) = lexer.comment.take().filter(|c| !c.is_empty()) {
        return complete(Some(comment), None, mailbox, host);
    }
    if host.is_none() {
        let more = phrase(lexer).filter(|p| !p.is_empty());
        match (&mailbox, more) {
            (Some(first), Some(more)) => {
                return complete(Some([first, &b" "[..], &more].concat()), None, None, None);
            }
            (Some(_), None) if quoted => return complete(mailbox, None, None, None),
            _ => {}
        }
    }
    complete(None, None, mailbox, host)
}

/// Words and dots in any order: real addresses have dots where they must not be.
fn local_part(lexer: &mut Lexer) -> Option<Vec<u8>> {
    if let Some(text) = lexer.quoted_string() {
        return Some(text);
    }
    let mut text = Vec::new();
    loop {
        let word = lexer.atom(false);
        text.extend_from_slice(word);
        if !lexer.eat(b'.') {
            return Some(text).filter(|t| !t.is_empty());
        }
        text.push(b'.');
        lexer.skip_cfws();
    }
}

/// `@` and a domain or an address literal in brackets.
fn domain(lexer: &mut Lexer) -> Option<Vec<u8>> {
    if !lexer.eat(b'@') {
        return None;
    }
    lexer.skip_cfws();
    if lexer.peek() == Some(b'[') {
        let mut text = lexer.run(|b| b != b']').to_vec();
        if lexer.eat(b']') {
            text.push(b']');
        }
        lexer.skip_cfws();
        return Some(text);
    }
    let mut text = Vec::new();
    loop {
        text.extend_from_slice(lexer.atom(false));
        if !lexer.eat(b'.') {
            return Some(text).filter(|t| !t.is_empty());
        }
        text.push(b'.');
        lexer.skip_cfws();
    }
}

fn complete(
    name: Option<Vec<u8>>,
    adl: Option<Vec<u8>>,
    mailbox: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
) -> Address {
    Address {
        name: name.map(|n| collapsed(&n)),
        adl,
        mailbox: Some(mailbox.unwrap_or_else(|| NO_MAILBOX.to_vec())),
        host: Some(host.unwrap_or_else(|| NO_HOST.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name|adl|mailbox|host`, NIL as `-`.
    fn told(value: &str) -> Vec<String> {
        let word = |w: &Option<Vec<u8>>| match w {
            Some(w) => String::from_utf8_lossy(w).into_owned(),
            None => "-".to_owned(),
        };
        let one = |a: &Address| [&a.name, &a.adl, &a.mailbox, &a.host].map(word).join("|");
        addresses(value.as_bytes()).iter().map(one).collect()
    }

    #[test]
    fn rfc_5322_section_3_4() {
        for (value, want) in [
            ("a@example.org", "-|-|a|example.org"),
            (
                " Jo Q. Public <jo@example.org> ",
                "Jo Q. Public|-|jo|example.org",
            ),
            (
                "\"P, \\\"Q\\\"\"\r\n <p@example.org>",
                "P, \"Q\"|-|p|example.org",
            ),
            ("<\"a b\"@[192.0.2.1]>", "-|-|a b|[192.0.2.1]"),
            (
                "a@example.org (Jo (the \\) one))",
                "Jo (the ) one)|-|a|example.org",
            ),
            ("a . b @ example . org", "-|-|a.b|example.org"),
            (
                "<@r.example,@s.example:a@example.org>",
                "-|@r.example,@s.example|a|example.org",
            ),
        ] {
            assert_eq!(told(value), [want], "{value}");
        }
    }

    #[test]
    fn groups_are_marked() {
        let want = [
            "-|-|G H|-",
            "-|-|a|x.example",
            "B|-|b|x.example",
            "-|-|-|-",
            "-|-|c|x.example",
        ];
        assert_eq!(
            told("G H: a@x.example, , B <b@x.example>;, c@x.example"),
            want
        );
        assert_eq!(
            told("undisclosed-recipients:;"),
            ["-|-|undisclosed-recipients|-", "-|-|-|-"]
        );
        assert_eq!(
            told("G: a@x.example"),
            ["-|-|G|-", "-|-|a|x.example", "-|-|-|-"]
        );
    }

    #[test]
    fn what_is_malformed_is_told_as_far_as_it_goes() {
        for (value, want) in [
            ("root", "-|-|root|MISSING_DOMAIN"),
            ("Jo Public", "Jo Public|-|MISSING_MAILBOX|MISSING_DOMAIN"),
            (
                "\"Jo Public\"",
                "Jo Public|-|MISSING_MAILBOX|MISSING_DOMAIN",
            ),
            ("Jo <>", "Jo|-|MISSING_MAILBOX|MISSING_DOMAIN"),
            ("a@x.example b@x.example", "-|-|a|x.example"),
        ] {
            assert_eq!(told(value), [want], "{value}");
        }
        assert_eq!(
            told(", a@x.example,; b@x.example"),
            ["-|-|a|x.example", "-|-|b|x.example"]
        );
        assert_eq!(told(" \r\n "), [""; 0]);
    }
}
