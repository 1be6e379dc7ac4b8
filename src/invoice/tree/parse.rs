//! The reader: XML 1.0 (fifth edition) well-formedness and Namespaces 1.0 in one pass, without DTD.
//!
//! A document type declaration is refused: no official format has one, and entities are how XML attacks its reader.

mod attributes;

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
fn class(byte: u8) -> u8 {
    match byte {
        b' ' | b'\t' | b'\n' => 1,
        b']' => 2,
        b'\r' | b'<' | b'&' | 0xEF => 3,
        0..0x20 => 4,
        _ => 0,
    }
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
