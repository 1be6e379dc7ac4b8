//! A mail above the request limit, in pieces that fit (pure): the mail without its largest attachments,
//! and these, to be attached to the draft one by one.
//!
//! Only parts of multipart/mixed and multipart/related are taken out, and never text that is meant to be
//! read. Ranges are octets of the original message. What gets lost: header fields of such a part beyond
//! its name, type, Content-ID and disposition, and its place among the others.

use super::skim::Skim;
use crate::{
    graph::upload::Attachment,
    mime::{self, Body, Structure},
};
use std::ops::Range;

/// The mail without the parts, and the parts.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) slim: Vec<Chunk>,
    pub(super) parts: Vec<Part>,
}

/// What the mail without the parts is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Octets of the original message.
    Kept(Range<u64>),
    New(Vec<u8>),
}

/// An attachment, still encoded in the original message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) body: Range<u64>,
    encoding: Vec<u8>,
    name: String,
    content_type: String,
    content_id: Option<String>,
    inline: bool,
}

/// What an emptied multipart gets.
const EMPTY: &[u8] = b"Content-Type: text/plain; charset=us-ascii\r\n\r\n";

/// `structure` is that of what is kept in `skim`. `None` when what must stay is more than `budget` octets.
pub(super) fn split(skim: &Skim, structure: &Structure, budget: usize) -> Option<Split> {
    if matches!(structure.content, Body::Leaf) && !is_text(structure) {
        return Some(Split {
            slim: vec![Chunk::New(bare_header(skim.kept(), structure))],
            parts: vec![part(skim, structure)],
        });
    }
    let mut found = Vec::new();
    candidates(structure, &mut found);
    let octets = |c: &Candidate<'_>| {
        let whole = skim.original(&(c.part.header.start..c.part.body.end));
        whole.end - whole.start
    };
    found.sort_by_key(|c| std::cmp::Reverse(octets(c)));
    let budget = budget as u64;
    let mut left = skim.size();
    let mut taken = Vec::new();
    for candidate in found {
        if left <= budget {
            break;
        }
        left = left.saturating_sub(octets(&candidate));
        taken.push(candidate);
    }
    if left > budget {
        return None;
    }
    // In the order of the message.
    taken.sort_by_key(|c| c.part.body.start);
    Some(Split {
        slim: without(skim, &taken),
        parts: taken.iter().map(|c| part(skim, c.part)).collect(),
    })
}

impl Part {
    pub(super) fn is_base64(&self) -> bool {
        self.encoding.eq_ignore_ascii_case(b"base64")
    }

    /// Its octets are what they stand for.
    pub(super) fn is_plain(&self) -> bool {
        let plain: [&[u8]; 3] = [b"7bit", b"8bit", b"binary"];
        plain.iter().any(|p| self.encoding.eq_ignore_ascii_case(p))
    }

    /// `octets` are those of [`Part::body`].
    pub(super) fn decoded(&self, octets: Vec<u8>) -> Vec<u8> {
        // What does not decode is sent as it is.
        mime::decode(&octets, &self.encoding).unwrap_or(octets)
    }

    pub(super) fn attachment<O>(&self, octets: O) -> Attachment<O> {
        Attachment {
            name: self.name.clone(),
            content_type: self.content_type.clone(),
            content_id: self.content_id.clone(),
            is_inline: self.inline,
            octets,
        }
    }
}

/// Base64 (RFC 2045 section 6.8) that comes in pieces, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Up to three characters that wait for the rest of their group.
    rest: Vec<u8>,
    decoded: Vec<u8>,
    broken: bool,
}

impl Pieces {
    pub(super) fn push(&mut self, piece: &[u8]) {
        let blank = |b: &&u8| !matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        self.rest.extend(piece.iter().filter(blank));
        let whole = self.rest.len() / 4 * 4;
        let later = self.rest.split_off(whole);
        self.group();
        self.rest = later;
    }

    /// Decoded since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.decoded)
    }

    /// The last of it. `None` when it was not proper base64 from the first to the last character.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.group();
        (!self.broken).then_some(self.decoded)
    }

    fn group(&mut self) {
        match mime::decode(&self.rest, b"base64") {
            // Padding in the middle is left to the decoder of the whole.
            Some(_) if self.broken => {}
            Some(octets) => self.decoded.extend(octets),
            None => self.broken = true,
        }
    }
}

struct Candidate<'a> {
    part: &'a Structure,
    parent: &'a Structure,
}

/// Depth is bounded by [`mime::parse::MAX_DEPTH`].
fn candidates<'a>(parent: &'a Structure, found: &mut Vec<Candidate<'a>>) {
    let (main, sub) = &parent.media_type;
    let Body::Multipart(children) = &parent.content else {
        return;
    };
    if main != "multipart" || !matches!(sub.as_str(), "mixed" | "related") {
        return;
    }
    for child in children {
        match &child.content {
            Body::Multipart(_) => candidates(child, found),
            _ if is_text(child) && !is_attached(child) => {}
            _ => found.push(Candidate {
                part: child,
                parent,
            }),
        }
    }
}

fn is_text(part: &Structure) -> bool {
    part.media_type.0 == "text"
}

fn is_attached(part: &Structure) -> bool {
    let kind = part.disposition.as_ref().map(|(kind, _)| kind);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment")) || file_name(part).is_some()
}

fn file_name(part: &Structure) -> Option<String> {
    let disposition = part.disposition.as_ref().map(|(_, params)| params);
    let name = disposition.and_then(|params| mime::param_value(params, "filename"));
    let name = name.or_else(|| mime::param_value(&part.params, "name"))?;
    let name = mime::decoded_words(&name);
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn part(skim: &Skim, structure: &Structure) -> Part {
    let (main, sub) = &structure.media_type;
    let id = structure.id.as_deref().map(String::from_utf8_lossy);
    let id = id.map(|id| id.trim().trim_matches(['<', '>']).to_owned());
    let id = id.filter(|id| !id.is_empty());
    let kind = structure
        .disposition
        .as_ref()
        .map(|(kind, _)| kind.as_slice());
    let attached = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment"));
    let fallback = match main.as_str() {
        "message" => "message.eml",
        _ => "attachment",
    };
    Part {
        body: skim.original(&structure.body),
        encoding: structure.encoding.clone(),
        name: file_name(structure).unwrap_or_else(|| fallback.to_owned()),
        content_type: format!("{main}/{sub}"),
        inline: id.is_some() && !attached,
        content_id: id,
    }
}

/// The message with these parts cut out, each with the delimiter before it.
fn without(skim: &Skim, taken: &[Candidate<'_>]) -> Vec<Chunk> {
    let mut out = Vec::new();
    let mut copied = 0;
    for candidate in taken {
        let (cut, instead) = cut(skim.kept(), candidate, taken);
        out.push(Chunk::Kept(skim.original(&(copied..cut.start))));
        out.push(Chunk::New(instead.to_vec()));
        copied = cut.end;
    }
    out.push(Chunk::Kept(skim.original(&(copied..skim.kept().len()))));
    out
}

fn cut(
    message: &[u8],
    candidate: &Candidate<'_>,
    taken: &[Candidate<'_>],
) -> (Range<usize>, &'static [u8]) {
    let Candidate { part, parent } = candidate;
    let whole = part.header.start..part.body.end;
    // A multipart keeps one part at least (RFC 2046 section 5.1.1).
    let Body::Multipart(siblings) = &parent.content else {
        return (whole, b"");
    };
    let gone = |s: &Structure| taken.iter().any(|c| std::ptr::eq(c.part, s));
    let first = siblings.first().is_some_and(|s| std::ptr::eq(s, *part));
    if first && siblings.iter().all(gone) {
        return (whole, EMPTY);
    }
    let before = message.get(..part.header.start).unwrap_or_default();
    let line = before.len().saturating_sub(1);
    let line = before
        .get(..line)
        .and_then(|b| b.iter().rposition(|o| *o == b'\n'));
    let line = line.map_or(0, |at| at + 1);
    if line <= parent.body.start {
        let rest = message.get(part.body.end..).unwrap_or_default();
        return (line..part.body.end + line_end(rest), b"");
    }
    let above = message.get(..line).unwrap_or_default();
    let above = above.strip_suffix(b"\n").unwrap_or(above);
    let above = above.strip_suffix(b"\r").unwrap_or(above);
    (above.len()..part.body.end, b"")
}

fn line_end(octets: &[u8]) -> usize {
    match octets {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// The header of a message that is nothing but a file, for a message with an empty text.
fn bare_header(message: &[u8], structure: &Structure) -> Vec<u8> {
    let header = message.get(structure.header.clone()).unwrap_or_default();
    let mut out = Vec::with_capacity(header.len());
    for field in mime::header::fields(header) {
        let about_content = field
            .name
            .get(..8)
            .is_some_and(|n| n.eq_ignore_ascii_case(b"content-"));
        if !about_content {
            out.extend_from_slice(field.raw);
        }
    }
    out.extend_from_slice(EMPTY);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(parts: &[&str]) -> String {
        let mut out = "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
        for part in parts {
            out += &format!("--b\r\n{part}\r\n");
        }
        out + "--b--\r\n"
    }

    fn file(name: &str, size: usize) -> String {
        format!(
            "Content-Type: application/x; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            "QUFB".repeat(size / 4)
        )
    }

    fn range(range: &Range<u64>) -> Range<usize> {
        usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
    }

    fn made(message: &str, budget: usize) -> Option<(String, Vec<Part>)> {
        let mut skim = Skim::default();
        skim.push(message.as_bytes());
        let skim = skim.finish();
        let structure = mime::parse(skim.kept());
        let split = split(&skim, &structure, budget)?;
        let slim = split.slim.into_iter().map(|chunk| match chunk {
            Chunk::Kept(kept) => message[range(&kept)].to_owned(),
            Chunk::New(octets) => String::from_utf8(octets).unwrap(),
        });
        Some((slim.collect(), split.parts))
    }

    /// Files so large that most of them is skipped.
    #[test]
    fn large_files_are_cut_at_the_same_places() {
        let text = "Content-Type: text/plain\r\n\r\nhi";
        let lines = "Content-Type: a/b; name=l\r\n\r\n".to_owned() + &"QUFBQUFB\r\n".repeat(50_000);
        let message = mixed(&[text, &file("one", 400_000), &lines, &file("two", 4000)]);
        let (slim, parts) = made(&message, 10_000).unwrap();
        assert_eq!(slim, mixed(&[text, &file("two", 4000)]));
        assert_eq!(names(&parts), ["one", "l"]);
        assert_eq!(&message[range(&parts[0].body)], "QUFB".repeat(100_000));
        assert_eq!(
            &message[range(&parts[1].body)],
            "QUFBQUFB\r\n".repeat(50_000)
        );
        let (slim, parts) = made(&message, 450_000).unwrap();
        assert_eq!(
            slim,
            mixed(&[text, &file("one", 400_000), &file("two", 4000)])
        );
        assert_eq!(names(&parts), ["l"]);
    }

    fn names(parts: &[Part]) -> Vec<&str> {
        parts.iter().map(|p| p.name.as_str()).collect()
    }

    #[test]
    fn the_largest_attachments_go_and_the_rest_stays_as_it_was() {
        let (text, small) = ("Content-Type: text/html\r\n\r\n<p>", file("small", 40));
        let message = mixed(&[text, &file("one", 4000), &small, &file("two", 8000)]);
        let (slim, parts) = made(&message, 1000).unwrap();
        assert_eq!(slim, mixed(&[text, &small]));
        assert_eq!(names(&parts), ["one", "two"]);
        let octets = message.as_bytes()[range(&parts[1].body)].to_vec();
        let whole = parts[1].attachment(parts[1].decoded(octets));
        assert_eq!(&whole.octets[..], "A".repeat(6000).as_bytes());
        let (slim, parts) = made(&message, 6000).unwrap();
        assert_eq!(slim, mixed(&[text, &file("one", 4000), &small]));
        assert_eq!(names(&parts), ["two"]);
    }

    #[test]
    fn base64_in_pieces_is_base64() {
        use base64::{Engine, engine::general_purpose::STANDARD};
        for length in [0, 1, 2, 3, 56, 57, 58, 200] {
            let octets: Vec<u8> = (0..length).collect();
            let text = STANDARD.encode(&octets).into_bytes();
            let lines: Vec<_> = text.chunks(76).collect();
            let text = lines.join(&b"\r\n"[..]);
            for size in [1, 2, 3, 5, 77, 1000] {
                let mut pieces = Pieces::default();
                let mut decoded = Vec::new();
                for piece in text.chunks(size) {
                    pieces.push(piece);
                    decoded.extend(pieces.take());
                }
                decoded.extend(pieces.finish().unwrap());
                assert_eq!(decoded, octets, "{length} {size}");
            }
        }
        for broken in ["QUF", "Q*FB", "Q"] {
            let mut pieces = Pieces::default();
            pieces.push(broken.as_bytes());
            let whole = mime::decode(broken.as_bytes(), b"base64");
            assert_eq!(pieces.finish(), whole, "{broken}");
        }
    }

    #[test]
    fn the_first_part_and_the_only_one_can_go_too() {
        let text = "Content-Type: text/plain\r\n\r\nhi";
        let (slim, _) = made(&mixed(&[&file("one", 4000), text]), 1000).unwrap();
        assert_eq!(slim, mixed(&[text]));
        let two = mixed(&[&file("one", 4000), &file("two", 4000)]);
        let (slim, parts) = made(&two, 1000).unwrap();
        assert_eq!(names(&parts), ["one", "two"]);
        assert_eq!(
            slim,
            mixed(&["Content-Type: text/plain; charset=us-ascii\r\n\r\n"])
        );
    }

    #[test]
    fn text_alternatives_and_signatures_stay() {
        let text = format!("Content-Type: text/plain\r\n\r\n{}", "x".repeat(4000));
        assert_eq!(made(&mixed(&[&text, &file("f", 40)]), 1000), None);
        for kind in ["alternative", "signed", "report"] {
            let message = mixed(&[&file("one", 4000)]).replace("/mixed", &format!("/{kind}"));
            assert_eq!(made(&message, 1000), None, "{kind}");
        }
        let csv = text.replace("text/plain", "text/csv; name=t.csv");
        let (_, parts) = made(&mixed(&["\r\nhi", &csv]), 1000).unwrap();
        assert_eq!(
            (names(&parts), &parts[0].content_type[..]),
            (vec!["t.csv"], "text/csv")
        );
    }

    #[test]
    fn inline_images_keep_their_id() {
        let image = format!("Content-Id: <i@x>\r\n{}", file("i.png", 4000));
        let related = format!(
            "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n<img>\r\n--r\r\n{image}\r\n--r--"
        );
        let (slim, parts) = made(&mixed(&[&related]), 1000).unwrap();
        assert_eq!(
            (parts[0].content_id.as_deref(), parts[0].inline),
            (Some("i@x"), true)
        );
        assert!(slim.contains("<img>\r\n--r--"), "{slim}");
    }

    #[test]
    fn a_mail_that_is_a_file_becomes_one_with_a_file() {
        let message = format!("Subject: s\r\n{}", file("=?utf-8?q?=C3=BC?=.bin", 4000));
        let (slim, parts) = made(&message, 1000).unwrap();
        assert_eq!(
            slim,
            format!("Subject: s\r\n{}", String::from_utf8_lossy(EMPTY))
        );
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].encoding, b"base64");
    }
}
