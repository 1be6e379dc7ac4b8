//! Address lists (RFC 5322 section 3.4 with the obsolete forms of 4.4) as ENVELOPE tells them.
//!
//! Nothing is decoded. What is malformed yields what can be told of it: RFC 3501 lets neither mailbox nor
//! host of an address be NIL (that marks a group), so a missing one gets a word that no one can reply to.

use super::envelope::Address;
use super::header::collapsed;
use super::lex::{Lexer, is_atext};

const NO_MAILBOX: &[u8] = b"MISSING_MAILBOX";
const NO_HOST: &[u8] = b"MISSING_DOMAIN";

/// The addresses of a field's value, groups as RFC 3501 section 7.4.2 marks them.
pub(crate) fn addresses(value: &[u8]) -> Vec<Address> {
    let mut lexer = Lexer::new(value);
    let mut list = Vec::new();
    loop {
        lexer.skip_cfws();
        match lexer.peek() {
            None => return list,
            // RFC 5322 section 4.4: obsolete lists have empty elements.
            Some(b',') => lexer.bump(),
            Some(_) => {
                address(&mut lexer, &mut list);
                skip_garbage(&mut lexer, false);
            }
        }
    }
}

/// To the next comma (in a group also its semicolon), over quoted strings and comments.
fn skip_garbage(lexer: &mut Lexer, in_group: bool) {
    loop {
        lexer.skip_cfws();
        match lexer.peek() {
            None | Some(b',') => return,
            Some(b';') if in_group => return,
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
    loop {
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
                skip_garbage(lexer, true);
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

/// An address without angle brackets; a comment after it is its name. Several bare words are a name that
/// has lost its address.
fn addr_spec(lexer: &mut Lexer) -> Address {
    lexer.comment = None;
    let mailbox = local_part(lexer);
    let host = domain(lexer);
    if let Some(comment) = lexer.comment.take().filter(|c| !c.is_empty()) {
        return complete(Some(comment), None, mailbox, host);
    }
    if host.is_none() {
        let more = phrase(lexer).filter(|p| !p.is_empty());
        if let (Some(first), Some(more)) = (&mailbox, more) {
            return complete(Some([first, &b" "[..], &more].concat()), None, None, None);
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
