//! From octets to a [`Structure`] (RFC 2045, RFC 2046 section 5).
//!
//! One pass over the lines, no recursion: open multiparts and messages wait on a stack. A line is compared
//! with the boundaries of all open multiparts, in headers and in bodies, so that a missing close of an inner
//! one ends with its outer one.
//!
//! Bounds: [`MAX_DEPTH`] levels, [`MAX_PARTS`] parts, [`MAX_BOUNDARY`] octets of a boundary, [`MAX_ENVELOPES`]
//! octets of envelopes. What lies beyond is content of the part where the bound was met; no octet is lost.

use super::content::{describe, plain_text};
use super::header::{is_blank, line_len};
use super::{Body, Envelope, Structure, envelope};
use std::borrow::Cow;
use std::ops::Range;

/// Nesting beyond this comes from attackers; everything recursive over a structure may rely on it.
pub const MAX_DEPTH: usize = 100;
/// Bounds the memory of a structure to a few megabytes.
pub const MAX_PARTS: usize = 10_000;
/// Octets of headers of attached messages whose ENVELOPE is told; those beyond have an empty one.
const MAX_ENVELOPES: usize = 2 << 20;
/// RFC 2046 section 5.1.1 allows 70; more are not compared.
const MAX_BOUNDARY: usize = 80;

/// What is served over IMAP for these octets: a bare LF becomes CRLF, NUL becomes 0x80 (NUL may not occur in
/// an IMAP string, RFC 3501 section 9). A bare CR stays. Borrowed when nothing had to change.
pub fn normalize(octets: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut before = 0;
    for (at, octet) in octets.iter().enumerate() {
        let instead: &[u8] = match octet {
            b'\n' if before != b'\r' => b"\r\n",
            0 => b"\x80",
            _ => b"",
        };
        if !instead.is_empty() {
            out.extend_from_slice(octets.get(copied..at).unwrap_or_default());
            out.extend_from_slice(instead);
            copied = at + 1;
        }
        before = *octet;
    }
    if copied == 0 {
        return Cow::Borrowed(octets);
    }
    out.extend_from_slice(octets.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Parses normalised octets. Never fails: what is malformed becomes text of its surroundings.
pub fn parse(octets: &[u8]) -> Structure {
    let mut parser = Parser {
        octets,
        at: 0,
        open: Vec::new(),
        parts: 0,
        envelopes: MAX_ENVELOPES,
    };
    loop {
        let begun = parser.begin_part();
        let found = match begun {
            Begun::Message => continue,
            Begun::Body => parser.skip_to_delimiter(),
            Begun::Cut(delimiter) => Some(delimiter),
        };
        if let Some(root) = parser.follow(found) {
            return root;
        }
    }
}

struct Parser<'a> {
    octets: &'a [u8],
    /// Start of the line to read next.
    at: usize,
    /// The parts that enclose this place, the outermost first; the last one may be a leaf.
    open: Vec<Open>,
    parts: usize,
    /// What is left of the bound.
    envelopes: usize,
}

/// A part whose end is not known yet.
struct Open {
    part: Structure,
    kind: Kind,
    children: Vec<Structure>,
    /// The body reaches at least to here: behind its children and its closing delimiter's line.
    reaches: usize,
}

enum Kind {
    Leaf,
    Message,
    /// The boundary; `None` after the closing one.
    Multipart(Option<Vec<u8>>),
}

/// A line that delimits parts of the multipart at `level` of the stack.
#[derive(Debug, Clone, Copy)]
struct Delimiter {
    level: usize,
    closing: bool,
    /// Start of its line. The CRLF before it belongs to it (RFC 2046 section 5.1.1).
    line: usize,
}

enum Begun {
    /// A message/rfc822 body starts here.
    Message,
    Body,
    /// The header was cut short by a delimiter.
    Cut(Delimiter),
}

impl Parser<'_> {
    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.octets.get(range).unwrap_or_default()
    }

    /// Reads a header block and opens its part.
    fn begin_part(&mut self) -> Begun {
        self.parts += 1;
        let start = self.at;
        let cut = self.skip_header();
        let end = match cut {
            Some(delimiter) => self.content_end(delimiter.line, start),
            None => self.at,
        };
        let mut part = empty_part(start..end);
        if self.in_digest() {
            part.media_type = ("message".to_owned(), "rfc822".to_owned());
            part.params.clear();
        }
        describe(self.slice(start..end), &mut part);
        let kind = self.kind(&mut part);
        let message = matches!(kind, Kind::Message);
        self.open.push(Open {
            reaches: part.body.start,
            part,
            kind,
            children: Vec::new(),
        });
        match cut {
            Some(delimiter) => Begun::Cut(delimiter),
            None if message => Begun::Message,
            None => Begun::Body,
        }
    }

    /// RFC 2046 section 5.1.5.
    fn in_digest(&self) -> bool {
        self.open
            .last()
            .is_some_and(|o| o.part.media_type.0 == "multipart" && o.part.media_type.1 == "digest")
    }

    fn kind(&self, part: &mut Structure) -> Kind {
        let (main, sub) = &part.media_type;
        let multipart = main == "multipart";
        let message = main == "message" && sub == "rfc822";
        if !multipart && !message {
            return Kind::Leaf;
        }
        if self.open.len() + 1 >= MAX_DEPTH || self.parts >= MAX_PARTS {
            part.media_type = ("application".to_owned(), "octet-stream".to_owned());
            part.params.clear();
            return Kind::Leaf;
        }
        if message {
            return Kind::Message;
        }
        Kind::Multipart(part.boundary().map(|mut b| {
            b.truncate(MAX_BOUNDARY);
            b
        }))
    }

    /// Moves behind the blank line, or to the end or a delimiter.
    fn skip_header(&mut self) -> Option<Delimiter> {
        while self.at < self.octets.len() {
            if let Some(delimiter) = self.delimiter() {
                return Some(delimiter);
            }
            let line = self.at..self.at + line_len(self.slice(self.at..self.octets.len()));
            self.at = line.end;
            if is_blank(self.slice(line)) {
                break;
            }
        }
        None
    }

    fn skip_to_delimiter(&mut self) -> Option<Delimiter> {
        while self.at < self.octets.len() {
            let delimiter = self.delimiter();
            if delimiter.is_some() {
                return delimiter;
            }
            self.at += line_len(self.slice(self.at..self.octets.len()));
        }
        None
    }

    /// What the line at hand delimits: the longest boundary that it starts with, of equal ones the innermost.
    fn delimiter(&self) -> Option<Delimiter> {
        let line = self.slice(self.at..self.octets.len()).strip_prefix(b"--")?;
        if self.parts >= MAX_PARTS {
            return None;
        }
        let mut best: Option<(usize, &[u8])> = None;
        for (level, open) in self.open.iter().enumerate().rev() {
            if let Kind::Multipart(Some(boundary)) = &open.kind
                && line.starts_with(boundary)
                && best.is_none_or(|(_, b)| b.len() < boundary.len())
            {
                best = Some((level, boundary));
            }
        }
        let (level, boundary) = best?;
        let after = line.get(boundary.len()..).unwrap_or_default();
        Some(Delimiter {
            level,
            closing: after.starts_with(b"--"),
            line: self.at,
        })
    }

    /// Where content ends before a delimiter's line: its CRLF taken off, not before `start`.
    fn content_end(&self, line: usize, start: usize) -> usize {
        let content = self.slice(start..line);
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        start + content.len()
    }

    /// Closes what the delimiter (or the end) ends, and moves behind its line. The root when all is closed.
    fn follow(&mut self, mut found: Option<Delimiter>) -> Option<Structure> {
        while let Some(delimiter) = found {
            while self.open.len() > delimiter.level + 1 {
                self.close(delimiter.line);
            }
            self.at += line_len(self.slice(self.at..self.octets.len()));
            if !delimiter.closing {
                return None;
            }
            if let Some(open) = self.open.last_mut() {
                open.kind = Kind::Multipart(None);
                open.reaches = self.at;
            }
            found = self.skip_to_delimiter();
        }
        let end = self.octets.len();
        while self.open.len() > 1 {
            self.close_at(end);
        }
        let root = self.open.pop()?;
        Some(self.finished(root, end))
    }

    fn close(&mut self, line: usize) {
        let reaches = self.open.last().map_or(line, |o| o.reaches);
        self.close_at(self.content_end(line, reaches.min(line)));
    }

    fn close_at(&mut self, end: usize) {
        if let Some(open) = self.open.pop() {
            let part = self.finished(open, end);
            if let Some(parent) = self.open.last_mut() {
                parent.reaches = parent.reaches.max(part.body.end);
                parent.children.push(part);
            }
        }
    }

    fn finished(&mut self, open: Open, end: usize) -> Structure {
        let Open {
            mut part,
            kind,
            mut children,
            reaches,
        } = open;
        part.body.end = end.max(reaches);
        let body = self.slice(part.body.clone());
        if part.media_type.0 == "text" || matches!(kind, Kind::Message) {
            part.lines = body.iter().filter(|b| **b == b'\n').count();
        }
        part.content = match kind {
            Kind::Leaf => Body::Leaf,
            Kind::Multipart(_) => {
                if children.is_empty() {
                    children.push(empty_part(part.body.end..part.body.end));
                }
                Body::Multipart(children)
            }
            Kind::Message => {
                let inner = children
                    .pop()
                    .unwrap_or_else(|| empty_part(part.body.end..part.body.end));
                let envelope = self.envelope(inner.header.clone());
                Body::Message(Box::new(inner), Box::new(envelope))
            }
        };
        part
    }

    fn envelope(&mut self, header: Range<usize>) -> Envelope {
        match self.envelopes.checked_sub(header.len()) {
            Some(left) => {
                self.envelopes = left;
                envelope(self.slice(header))
            }
            None => Envelope::default(),
        }
    }
}

/// Plain text without content.
fn empty_part(header: Range<usize>) -> Structure {
    let (media_type, params) = plain_text();
    Structure {
        body: header.end..header.end,
        header,
        media_type,
        params,
        id: None,
        description: None,
        encoding: b"7bit".to_vec(),
        md5: None,
        disposition: None,
        language: Vec::new(),
        location: None,
        lines: 0,
        content: Body::Leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers and bodies of all leaves, and their types.
    fn leaves(octets: &[u8]) -> Vec<(String, String, String)> {
        let (root, mut found) = (parse(octets), Vec::new());
        let mut waiting = vec![&root];
        while let Some(part) = waiting.pop() {
            match &part.content {
                Body::Multipart(parts) => waiting.extend(parts.iter().rev()),
                Body::Message(inner, _) => waiting.push(inner),
                Body::Leaf => {
                    let text =
                        |r: &Range<usize>| String::from_utf8_lossy(&octets[r.clone()]).into_owned();
                    found.push((
                        text(&part.header),
                        text(&part.body),
                        part.media_type.1.clone(),
                    ));
                }
            }
        }
        found
    }

    fn bodies(octets: &[u8]) -> Vec<String> {
        leaves(octets)
            .into_iter()
            .map(|(_, body, _)| body)
            .collect()
    }

    const MIXED: &[u8] = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n";

    #[test]
    fn normalizing_changes_bare_lf_and_nul_only() {
        assert!(matches!(normalize(b"a\r\nb\rc\r\r\n"), Cow::Borrowed(_)));
        assert_eq!(
            &*normalize(b"\na\n\nb\0\r\n\n\r"),
            b"\r\na\r\n\r\nb\x80\r\n\r\n\r"
        );
    }

    #[test]
    fn the_line_end_before_a_delimiter_belongs_to_it() {
        let mail = [
            MIXED,
            b"pre\r\n--b\r\n\r\none\r\n--b \t\r\nA: x\r\n\r\ntwo\r\n\r\n--b--\r\npost\r\n--b\r\nx",
        ]
        .concat();
        assert_eq!(bodies(&mail), ["one", "two\r\n"]);
        let Body::Multipart(parts) = parse(&mail).content else {
            panic!()
        };
        assert_eq!(parts[1].lines, 1);
    }

    #[test]
    fn parts_may_lack_header_blank_line_or_body() {
        let mail = [
            MIXED,
            b"--b\r\n--b\r\n\r\n--b\r\nA: x\r\n--b\r\nA: x\r\n\r\n--b--",
        ]
        .concat();
        let found: Vec<_> = leaves(&mail)
            .into_iter()
            .map(|(header, body, _)| (header, body))
            .collect();
        let want = [("", ""), ("\r\n", ""), ("A: x", ""), ("A: x\r\n\r\n", "")];
        assert_eq!(found, want.map(|(h, b)| (h.to_owned(), b.to_owned())));
    }

    #[test]
    fn an_outer_delimiter_ends_what_is_open_inside() {
        let mail = [MIXED, b"--b\r\nContent-Type: multipart/x; boundary=bc\r\n\r\n--bc\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--"].concat();
        assert_eq!(bodies(&mail), ["one", "two"]);
        let Body::Multipart(parts) = parse(&mail).content else {
            panic!()
        };
        assert!(matches!(&parts[0].content, Body::Multipart(inner) if inner.len() == 1));
    }

    #[test]
    fn a_multipart_without_parts_has_an_empty_one() {
        for body in [&b""[..], b"text", b"--b--\r\n"] {
            assert_eq!(bodies(&[MIXED, body].concat()), [""]);
        }
        assert_eq!(
            bodies(b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx"),
            [""]
        );
    }

    #[test]
    fn rfc_2046_section_5_1_5_parts_of_a_digest_are_messages() {
        let mail = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\none\r\n--b\r\n\
                     Content-Type: text/x\r\n\r\ntwo\r\n--b--\r\n";
        let found = leaves(mail);
        assert_eq!(
            found[0],
            ("Subject: s\r\n\r\n".into(), "one".into(), "plain".into())
        );
        assert_eq!(found[1].2, "x");
    }

    #[test]
    fn an_extended_boundary_is_decoded() {
        let mail = b"Content-Type: multipart/mixed; boundary*0*=us-ascii''%62; boundary*1=c\r\n\r\n--bc\r\n\r\nx\r\n--bc--";
        assert_eq!(bodies(mail), ["x"]);
    }
}
