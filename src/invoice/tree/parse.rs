//! The reader: XML 1.0 (fifth edition) well-formedness and Namespaces 1.0 in one pass, without DTD.
//!
//! A document type declaration is refused: no official format has one, and entities are how XML attacks its reader.

use super::chars::{illegal, legal, name_at, name_ends, push_lines, reference};
use super::{Att, Limits, MIXED, Node, NotXml, Oddity, SIDE, Span, Tree};
use crate::invoice::names::{self, Name};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

pub(super) fn parse(text: String, oddity: Option<Oddity>, limits: &Limits) -> Result<Tree, NotXml> {
    let mut reader = Reader {
        src: &text,
        at: 0,
        limits,
        side: String::new(),
        nodes: Vec::with_capacity(text.len() / 64 + 8),
        atts: Vec::new(),
        namespaces: vec![String::new(), XML.to_owned()],
        foreign: Vec::new(),
        scope: Vec::new(),
        open: Vec::new(),
        memo: vec![Memo::default(); MEMO],
        generation: 1,
        pending: 0,
    };
    match reader.document() {
        Ok(()) => {
            let Reader {
                side,
                nodes,
                atts,
                namespaces,
                foreign,
                ..
            } = reader;
            let (lines, ordinals) = Default::default();
            Ok(Tree {
                text,
                side,
                nodes,
                atts,
                namespaces,
                foreign,
                oddity,
                lines,
                ordinals,
            })
        }
        Err(what) => {
            let at = reader.at.min(text.len());
            let line = 1 + text.bytes().take(at).filter(|b| *b == b'\n').count() as u32;
            Err(NotXml { line, what })
        }
    }
}

type Step<T = ()> = Result<T, String>;

struct Reader<'s> {
    src: &'s str,
    at: usize,
    limits: &'s Limits,
    side: String,
    nodes: Vec<Node>,
    atts: Vec<Att>,
    namespaces: Vec<String>,
    foreign: Vec<(u32, u16)>,
    /// Declarations in scope: (prefix, index in `namespaces`).
    scope: Vec<(&'s str, u16)>,
    open: Vec<Open<'s>>,
    memo: Vec<Memo<'s>>,
    /// Counts changes of `scope`: memos of another generation do not hold.
    generation: u32,
    /// Where the declarations of the tag under way begin in `scope`.
    pending: usize,
}

struct Open<'s> {
    qname: &'s str,
    index: u32,
    /// Length of `scope` before the element.
    scope: usize,
    text: Run,
}

/// Text of an element so far.
#[derive(Default)]
struct Run {
    span: Span,
    black: bool,
}

const MEMO: usize = 1024;

#[derive(Clone, Copy, Default)]
struct Memo<'s> {
    qname: &'s str,
    generation: u32,
    name: u16,
    namespace: u16,
}

/// 0: nothing special; 1: white space; 2: look closer in text; 3: look closer in attribute values too; 4: never.
static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut i = 0;
    while i < 0x20 {
        class[i] = 4;
        i += 1;
    }
    class[b' ' as usize] = 1;
    class[b'\t' as usize] = 1;
    class[b'\n' as usize] = 1;
    class[b'\r' as usize] = 3;
    class[b'<' as usize] = 3;
    class[b'&' as usize] = 3;
    class[b']' as usize] = 2;
    class[0xEF] = 3;
    class
};

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(4)
}

impl<'s> Reader<'s> {
    fn peek(&self) -> Option<u8> {
        self.src.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'s str {
        self.src.get(self.at..).unwrap_or("")
    }

    fn eat(&mut self, literal: &str) -> bool {
        let hit = self
            .src
            .as_bytes()
            .get(self.at..)
            .is_some_and(|r| r.starts_with(literal.as_bytes()));
        self.at += if hit { literal.len() } else { 0 };
        hit
    }

    fn spaces(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.at > start
    }

    fn document(&mut self) -> Step {
        self.declaration()?;
        self.miscellany()?;
        if self.peek() != Some(b'<') {
            return Err(match self.peek() {
                None => "the file holds no element".to_owned(),
                Some(_) => "this is not XML: text where the first element should start".to_owned(),
            });
        }
        self.start_tag()?;
        while let Some(open) = self.open.last() {
            match self.peek() {
                None => return Err(format!("the file ends inside of <{}>", open.qname)),
                Some(b'<') => self.markup()?,
                Some(_) => self.text()?,
            }
        }
        self.miscellany()?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err("something follows the end of the document".to_owned()),
        }
    }

    fn declaration(&mut self) -> Step {
        if !self.rest().starts_with("<?xml") || name_at(self.src, 2) != "xml" {
            return Ok(());
        }
        let inner = self
            .rest()
            .split_once("?>")
            .map(|(d, _)| d)
            .ok_or("the XML declaration does not end")?;
        self.at += inner.len() + 2;
        let mut rest = inner.get(5..).unwrap_or("");
        for (nth, key) in ["version", "encoding", "standalone"]
            .into_iter()
            .enumerate()
        {
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            let Some(after) = trimmed.strip_prefix(key) else {
                if nth == 0 {
                    return Err("the XML declaration has no version".to_owned());
                }
                continue;
            };
            let bad = || format!("the XML declaration's {key} cannot be read");
            let after = after
                .trim_start_matches([' ', '\t', '\r', '\n'])
                .strip_prefix('=')
                .ok_or_else(bad)?;
            let after = after.trim_start_matches([' ', '\t', '\r', '\n']);
            let quote = after
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '\''))
                .ok_or_else(bad)?;
            let (value, after) = after
                .get(1..)
                .and_then(|a| a.split_once(quote))
                .ok_or_else(bad)?;
            let fits = match key {
                "version" => value
                    .strip_prefix("1.")
                    .is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit())),
                "encoding" => value.starts_with(|c: char| c.is_ascii_alphabetic()),
                _ => matches!(value, "yes" | "no"),
            };
            if !fits || trimmed.len() == rest.len() {
                return Err(bad());
            }
            rest = after;
        }
        match rest.trim_matches([' ', '\t', '\r', '\n']) {
            "" => Ok(()),
            _ => Err("the XML declaration cannot be read".to_owned()),
        }
    }

    fn miscellany(&mut self) -> Step {
        loop {
            if self.spaces() {
            } else if self.eat("<!--") {
                self.comment()?;
            } else if self.eat("<?") {
                self.instruction()?;
            } else if self.rest().starts_with("<!DOCTYPE") {
                return Err(
                    "document type declarations are refused; remove <!DOCTYPE ...>".to_owned(),
                );
            } else {
                return Ok(());
            }
        }
    }

    fn markup(&mut self) -> Step {
        match self.src.as_bytes().get(self.at + 1) {
            Some(b'/') => self.end_tag(),
            Some(b'!') if self.eat("<!--") => self.comment(),
            Some(b'!') if self.eat("<![CDATA[") => self.cdata(),
            Some(b'!') => Err("this declaration has no place in a document".to_owned()),
            Some(b'?') => {
                self.at += 2;
                self.instruction()
            }
            _ => self.start_tag(),
        }
    }

    fn comment(&mut self) -> Step {
        let end = self.rest().find("--").ok_or("a comment does not end")?;
        legal(self.rest().get(..end).unwrap_or(""))?;
        self.at += end + 2;
        if self.eat(">") {
            Ok(())
        } else {
            Err("\"--\" may not stand in a comment".to_owned())
        }
    }

    fn instruction(&mut self) -> Step {
        let target = name_at(self.src, self.at);
        if target.is_empty() || target.eq_ignore_ascii_case("xml") || target.contains(':') {
            return Err("this processing instruction has no place here".to_owned());
        }
        self.at += target.len();
        let spaced = self.spaces();
        let end = self
            .rest()
            .find("?>")
            .ok_or("a processing instruction does not end")?;
        if end > 0 && !spaced {
            return Err(
                "white space is missing after the target of a processing instruction".to_owned(),
            );
        }
        legal(self.rest().get(..end).unwrap_or(""))?;
        self.at += end + 2;
        Ok(())
    }

    fn cdata(&mut self) -> Step {
        let end = self
            .rest()
            .find("]]>")
            .ok_or("a CDATA section does not end")?;
        let body = self.rest().get(..end).unwrap_or("");
        legal(body)?;
        let start = self.at;
        self.at += end + 3;
        if body.contains('\r') {
            let at = self.side.len();
            push_lines(&mut self.side, body);
            self.append(
                Span {
                    at: at as u32 | SIDE,
                    len: (self.side.len() - at) as u32,
                },
                true,
            );
        } else {
            self.append(
                Span {
                    at: start as u32,
                    len: end as u32,
                },
                true,
            );
        }
        Ok(())
    }

    fn start_tag(&mut self) -> Step {
        let start = self.at;
        self.at += 1;
        let qname = name_at(self.src, self.at);
        if qname.is_empty() {
            return Err(
                "\"<\" must be followed by a name; write &lt; for the sign itself".to_owned(),
            );
        }
        self.at += qname.len();
        if self.open.len() >= self.limits.depth {
            return Err(format!(
                "elements are nested deeper than {}",
                self.limits.depth
            ));
        }
        let index = self.nodes.len() as u32;
        let parent = self.open.last().map_or(0, |o| o.index);
        self.leave_text();
        let scope = self.scope.len();
        self.pending = scope;
        let atts = self.atts.len();
        let empty = self.attributes()?;
        let (name, namespace) = self.resolve(qname)?;
        self.resolve_attributes(atts)?;
        let node = Node {
            name,
            flags: 0,
            parent,
            end: index + 1,
            at: start as u32,
            text: Span::default(),
            atts: atts as u32,
        };
        self.nodes.push(node);
        if name.local().is_empty() && namespace != 0 {
            self.foreign.push((index, namespace));
        }
        if empty {
            self.close_scope(scope);
        } else {
            self.open.push(Open {
                qname,
                index,
                scope,
                text: Run::default(),
            });
        }
        Ok(())
    }

    /// Up to `>`; true for an empty-element tag.
    fn attributes(&mut self) -> Step<bool> {
        let first = self.atts.len();
        loop {
            let spaced = self.spaces();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'/') if self.eat("/>") => return Ok(true),
                None => return Err("the file ends inside of a tag".to_owned()),
                Some(_) => {}
            }
            let start = self.at;
            let qname = name_at(self.src, start);
            if qname.is_empty() || !spaced {
                return Err("this tag cannot be read: attributes are written  name=\"value\"  with white space before".to_owned());
            }
            self.at += qname.len();
            self.spaces();
            if !self.eat("=") {
                return Err(format!("\"=\" is missing after the attribute {qname}"));
            }
            self.spaces();
            let value = self.attribute_value(qname)?;
            if qname == "xmlns" || qname.starts_with("xmlns:") {
                self.declare(qname.strip_prefix("xmlns:").unwrap_or(""), value)?;
                continue;
            }
            if self.atts.len() - first >= self.limits.attributes
                || qname.len() > usize::from(u16::MAX)
            {
                return Err(format!(
                    "an element has more than {} attributes",
                    self.limits.attributes
                ));
            }
            let prefix = qname.split_once(':').map_or(0, |(p, _)| p.len() as u16 + 1);
            self.atts.push(Att {
                at: start as u32,
                len: qname.len() as u16,
                prefix,
                namespace: 0,
                value,
            });
        }
    }

    fn attribute_value(&mut self, qname: &str) -> Step<Span> {
        let quote = self.peek().filter(|q| matches!(q, b'"' | b'\''));
        let quote = quote.ok_or_else(|| format!("the value of {qname} is not in quotes"))?;
        self.at += 1;
        let start = self.at;
        let mut side: Option<usize> = None;
        let mut from = start;
        loop {
            let byte = self
                .peek()
                .ok_or_else(|| format!("the value of {qname} does not end"))?;
            if byte == quote {
                break;
            }
            let special = match class(byte) {
                0 | 2 => false,
                1 => byte != b' ',
                4 => return Err(illegal(byte)),
                _ => byte != 0xEF,
            };
            if byte == 0xEF {
                self.noncharacter()?;
            }
            if !special {
                self.at += 1;
                continue;
            }
            side.get_or_insert(self.side.len());
            self.side
                .push_str(self.src.get(from..self.at).unwrap_or(""));
            match byte {
                b'<' => {
                    return Err(format!(
                        "\"<\" may not stand in the value of {qname}; write &lt;"
                    ));
                }
                b'&' => {
                    let c = self.reference()?;
                    self.side.push(c);
                }
                _ => {
                    self.at += if self.rest().starts_with("\r\n") {
                        2
                    } else {
                        1
                    };
                    self.side.push(' ');
                }
            }
            from = self.at;
        }
        let end = self.at;
        self.at += 1;
        Ok(match side {
            None => Span {
                at: start as u32,
                len: (end - start) as u32,
            },
            Some(at) => {
                self.side.push_str(self.src.get(from..end).unwrap_or(""));
                Span {
                    at: at as u32 | SIDE,
                    len: (self.side.len() - at) as u32,
                }
            }
        })
    }

    fn value(&self, span: Span) -> &str {
        let from = if span.at & SIDE == 0 {
            self.src
        } else {
            &self.side
        };
        let at = (span.at & !SIDE) as usize;
        from.get(at..at + span.len as usize).unwrap_or("")
    }

    fn declare(&mut self, prefix: &'s str, value: Span) -> Step {
        let uri = self.value(value).to_owned();
        let wrong = match prefix {
            "xml" => uri != XML,
            "xmlns" => true,
            "" => uri == XML || uri == XMLNS,
            _ => uri.is_empty() || uri == XML || uri == XMLNS || prefix.contains(':'),
        };
        if wrong {
            return Err(format!(
                "the prefix \"{prefix}\" may not be bound to \"{uri}\""
            ));
        }
        if self
            .scope
            .iter()
            .skip(self.pending)
            .any(|(p, _)| *p == prefix)
        {
            return Err(format!("the prefix \"{prefix}\" is declared twice"));
        }
        if self.scope.len() >= self.limits.namespaces || self.namespaces.len() >= 4096 {
            return Err("too many namespace declarations".to_owned());
        }
        let known = self.namespaces.iter().position(|n| *n == uri);
        let index = known.unwrap_or_else(|| {
            self.namespaces.push(uri);
            self.namespaces.len() - 1
        });
        self.scope.push((prefix, index as u16));
        self.generation += 1;
        Ok(())
    }

    fn close_scope(&mut self, scope: usize) {
        if self.scope.len() > scope {
            self.scope.truncate(scope);
            self.generation += 1;
        }
    }

    fn namespace_of(&self, prefix: &str) -> Step<u16> {
        let bound = self.scope.iter().rev().find(|(p, _)| *p == prefix);
        match (bound, prefix) {
            (Some((_, index)), _) => Ok(*index),
            (None, "") => Ok(0),
            (None, "xml") => Ok(1),
            (None, _) => Err(format!("the prefix \"{prefix}\" is not declared")),
        }
    }

    fn resolve(&mut self, qname: &'s str) -> Step<(Name, u16)> {
        let hash = qname.bytes().fold(qname.len(), |h, b| {
            h.wrapping_mul(31).wrapping_add(usize::from(b))
        });
        let slot = hash % MEMO;
        if let Some(memo) = self.memo.get(slot)
            && memo.generation == self.generation
            && memo.qname == qname
        {
            return Ok((Name(memo.name), memo.namespace));
        }
        let (prefix, local) = qname.split_once(':').unwrap_or(("", qname));
        if (local.len() < qname.len() && prefix.is_empty())
            || name_at(local, 0) != local
            || local.contains(':')
            || local.is_empty()
        {
            return Err(format!("<{qname}> is not a name"));
        }
        let namespace = self.namespace_of(prefix)?;
        let name = self
            .namespaces
            .get(usize::from(namespace))
            .map_or(names::UNKNOWN, |uri| Name::of(uri, local));
        if let Some(memo) = self.memo.get_mut(slot) {
            *memo = Memo {
                qname,
                generation: self.generation,
                name: name.0,
                namespace,
            };
        }
        Ok((name, namespace))
    }

    fn resolve_attributes(&mut self, first: usize) -> Step {
        for i in first..self.atts.len() {
            let Some(att) = self.atts.get(i).copied() else {
                break;
            };
            let start = att.at as usize;
            let qname = self
                .src
                .get(start..start + usize::from(att.len))
                .unwrap_or("");
            let (prefix, local) = qname
                .split_at_checked(usize::from(att.prefix))
                .unwrap_or(("", qname));
            let mut namespace = 0;
            if let Some(prefix) = prefix.strip_suffix(':') {
                if prefix.is_empty()
                    || local.is_empty()
                    || local.contains(':')
                    || name_at(local, 0) != local
                {
                    return Err(format!("\"{qname}\" is not a name for an attribute"));
                }
                namespace = self.namespace_of(prefix)?;
                if let Some(att) = self.atts.get_mut(i) {
                    att.namespace = namespace;
                }
            }
            let twice = self.atts.iter().take(i).skip(first).any(|a| {
                let start = a.at as usize;
                let other = self
                    .src
                    .get(start + usize::from(a.prefix)..start + usize::from(a.len));
                a.namespace == namespace && other == Some(local)
            });
            if twice {
                return Err(format!("the attribute {qname} stands twice in one tag"));
            }
        }
        Ok(())
    }

    fn end_tag(&mut self) -> Step {
        let Some(open) = self.open.pop() else {
            return Err("an end tag without a start tag".to_owned());
        };
        let name_start = self.at + 2;
        self.at = name_start;
        let matches = self
            .src
            .as_bytes()
            .get(name_start..)
            .is_some_and(|r| r.starts_with(open.qname.as_bytes()));
        let after = name_start + open.qname.len();
        if !matches || !name_ends(self.src, after) {
            return Err(format!(
                "</{}> closes <{}>",
                name_at(self.src, name_start),
                open.qname
            ));
        }
        self.at = after;
        self.spaces();
        if !self.eat(">") {
            return Err(format!(
                "the end tag of <{}> does not end with \">\"",
                open.qname
            ));
        }
        let end = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(open.index as usize) {
            node.end = end;
            if end == open.index + 1 {
                node.text = open.text.span;
            } else if open.text.black {
                node.flags |= MIXED;
            }
        }
        self.close_scope(open.scope);
        Ok(())
    }

    /// A child begins: what text the parent had is not its own value.
    fn leave_text(&mut self) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let (black, index) = (open.text.black, open.index);
        open.text = Run::default();
        if let Some(node) = self.nodes.get_mut(index as usize).filter(|_| black) {
            node.flags |= MIXED;
        }
    }

    fn append(&mut self, more: Span, black: bool) {
        let so_far = match self.open.last() {
            Some(open) => open.text.span,
            None => return,
        };
        let aside = so_far.at & SIDE != 0;
        let span = if so_far.len == 0 {
            more
        } else if more.len == 0 {
            so_far
        } else if aside && so_far.at + so_far.len == more.at {
            Span {
                at: so_far.at,
                len: so_far.len + more.len,
            }
        } else {
            // Two pieces become one at the end of `side`.
            let tail = self.value(more).to_owned();
            let mut at = so_far.at;
            if !aside || (at & !SIDE) + so_far.len != self.side.len() as u32 {
                let head = self.value(so_far).to_owned();
                at = self.side.len() as u32 | SIDE;
                self.side.push_str(&head);
            }
            self.side.push_str(&tail);
            Span {
                at,
                len: so_far.len + more.len,
            }
        };
        if let Some(open) = self.open.last_mut() {
            open.text.span = span;
            open.text.black |= black;
        }
    }

    fn text(&mut self) -> Step {
        let start = self.at;
        let mut side: Option<usize> = None;
        let mut from = start;
        let mut black = false;
        while let Some(byte) = self.peek() {
            match class(byte) {
                0 => {
                    black = true;
                    self.at += 1;
                    continue;
                }
                1 => {
                    self.at += 1;
                    continue;
                }
                4 => return Err(illegal(byte)),
                _ => {}
            }
            match byte {
                b'<' => break,
                b']' if self.rest().starts_with("]]>") => {
                    return Err("\"]]>\" may not stand in text; write ]]&gt;".to_owned());
                }
                0xEF => self.noncharacter()?,
                b'&' | b'\r' => {
                    side.get_or_insert(self.side.len());
                    self.side
                        .push_str(self.src.get(from..self.at).unwrap_or(""));
                    let c = if byte == b'&' {
                        self.reference()?
                    } else {
                        self.at += if self.rest().starts_with("\r\n") {
                            2
                        } else {
                            1
                        };
                        '\n'
                    };
                    black |= !matches!(c, ' ' | '\t' | '\n' | '\r');
                    self.side.push(c);
                    from = self.at;
                    continue;
                }
                _ => {}
            }
            black = true;
            self.at += 1;
        }
        let end = self.at;
        let span = match side {
            None => Span {
                at: start as u32,
                len: (end - start) as u32,
            },
            Some(at) => {
                self.side.push_str(self.src.get(from..end).unwrap_or(""));
                Span {
                    at: at as u32 | SIDE,
                    len: (self.side.len() - at) as u32,
                }
            }
        };
        self.append(span, black);
        Ok(())
    }

    /// U+FFFE and U+FFFF are no characters of XML; other characters begin with the same octet.
    fn noncharacter(&self) -> Step {
        match self.src.as_bytes().get(self.at + 1..self.at + 3) {
            Some([0xBF, 0xBE | 0xBF]) => Err("U+FFFE and U+FFFF may not stand in XML".to_owned()),
            _ => Ok(()),
        }
    }

    /// `&...;`
    fn reference(&mut self) -> Step<char> {
        let (c, len) = reference(self.rest())?;
        self.at += len;
        Ok(c)
    }
}
