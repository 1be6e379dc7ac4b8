//! What the service keeps of a mail's parts: one body, attachments, or a sealed whole.

use super::encode;
use mail_parser::{
    Encoding, Message, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

/// A mail below its header.
pub(super) enum Content<'m> {
    /// Signed or encrypted: the octets after the header, and the fields that describe them, as they are.
    Sealed {
        fields: Vec<u8>,
        octets: &'m [u8],
    },
    /// multipart/report (RFC 6522): its type, and its parts.
    Report {
        report_type: String,
        parts: Vec<Piece>,
    },
    Ordinary(Ordinary),
}

#[derive(Default)]
pub(super) struct Ordinary {
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    /// Method and content of a meeting.
    pub(super) calendar: Option<(String, Vec<u8>)>,
    pub(super) inline: Vec<Piece>,
    pub(super) attachments: Vec<Piece>,
}

/// A part apart from the body.
pub(super) struct Piece {
    /// Type and subtype, lower case.
    pub(super) kind: String,
    pub(super) charset: Option<String>,
    pub(super) name: Option<String>,
    /// Without angle brackets.
    pub(super) cid: Option<String>,
    /// Decoded.
    pub(super) octets: Vec<u8>,
}

/// Parts nest; deeper than this they are not looked into (parser and mail may be hostile).
const DEEPEST: usize = 64;

pub(super) fn of<'m>(mime: &'m [u8], mail: &Message<'_>) -> Content<'m> {
    let Some(root) = mail.parts.first() else {
        return Content::Ordinary(Ordinary::default());
    };
    let kind = kind(root);
    if is_sealed(&kind) {
        let start = usize::try_from(root.offset_body).unwrap_or(usize::MAX);
        return Content::Sealed {
            fields: super::fields::describing(mime, root),
            octets: mime.get(start..).unwrap_or_default(),
        };
    }
    if let (true, PartType::Multipart(children)) = (kind == "multipart/report", &root.body) {
        let parts = children.iter().filter_map(|id| mail.part(*id));
        return Content::Report {
            report_type: attribute(root, "report-type")
                .unwrap_or_else(|| "delivery-status".to_owned()),
            parts: parts.map(|part| piece(mime, part)).collect(),
        };
    }
    let mut gathering = Gathering {
        mime,
        mail,
        found: Ordinary::default(),
        from: None,
    };
    gathering.part(0, Place::default());
    Content::Ordinary(gathering.done())
}

fn is_sealed(kind: &str) -> bool {
    matches!(
        kind,
        "multipart/signed"
            | "multipart/encrypted"
            | "application/pkcs7-mime"
            | "application/x-pkcs7-mime"
    )
}

/// Where in the tree a part is.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    /// The multipart/alternative around it.
    alternative: Option<u32>,
    in_digest: bool,
}

struct Gathering<'a> {
    mime: &'a [u8],
    mail: &'a Message<'a>,
    found: Ordinary,
    /// The alternative that the body is from: it may give a text and an HTML. `Some(None)`: a lone part.
    from: Option<Option<u32>>,
}

impl Gathering<'_> {
    fn part(&mut self, id: u32, place: Place) {
        let Some(part) = self.mail.part(id) else {
            return;
        };
        let kind = kind(part);
        match &part.body {
            PartType::Multipart(children) if place.depth < DEEPEST => {
                let below = Place {
                    depth: place.depth + 1,
                    alternative: if kind == "multipart/alternative" {
                        Some(id)
                    } else {
                        place.alternative
                    },
                    in_digest: kind == "multipart/digest",
                };
                for child in children {
                    self.part(*child, below);
                }
            }
            PartType::Multipart(_) => {}
            _ if self.takes_as_body(part, &kind, place) => {}
            _ => {
                let mut piece = piece(self.mime, part);
                if place.in_digest && part.content_type().is_none() {
                    piece.kind = "message/rfc822".to_owned();
                }
                self.found.attachments.push(piece);
            }
        }
    }

    /// The first readable part is the body, and so is its sibling in the same alternative.
    fn takes_as_body(&mut self, part: &MessagePart<'_>, kind: &str, place: Place) -> bool {
        let kept = part
            .content_disposition()
            .is_some_and(|it| it.ctype() == "attachment");
        if kind == "text/calendar" && !kept && self.found.calendar.is_none() {
            let method = attribute(part, "method").unwrap_or_else(|| "REQUEST".to_owned());
            self.found.calendar = Some((method, decoded(self.mime, part)));
            return true;
        }
        let named = part.attachment_name().is_some();
        let open = match self.from {
            None => true,
            Some(from) => from.is_some() && from == place.alternative,
        };
        if kept || named || !open {
            return false;
        }
        let slot = match (&part.body, kind) {
            (PartType::Text(text), "text/plain") if self.found.text.is_none() => {
                self.found.text = Some(unflowed(part, text));
                true
            }
            (PartType::Html(html), _) if self.found.html.is_none() => {
                self.found.html = Some(html.clone().into_owned());
                true
            }
            _ => false,
        };
        if slot {
            self.from = Some(place.alternative);
        }
        slot
    }

    /// Images that the HTML shows are inline, the others stand beside it.
    fn done(self) -> Ordinary {
        let mut found = self.found;
        if let Some(html) = &found.html {
            let shown = |piece: &Piece| {
                let cid = piece.cid.as_ref();
                cid.is_some_and(|cid| !cid.is_empty() && html.contains(&format!("cid:{cid}")))
            };
            (found.inline, found.attachments) = found.attachments.into_iter().partition(shown);
        }
        found
    }
}

/// Joins the soft line breaks of RFC 3676: the service knows no flowed text.
fn unflowed(part: &MessagePart<'_>, text: &str) -> String {
    let flowed = attribute(part, "format").is_some_and(|it| it.eq_ignore_ascii_case("flowed"));
    if !flowed {
        return text.to_owned();
    }
    let delsp = attribute(part, "delsp").is_some_and(|it| it.eq_ignore_ascii_case("yes"));
    let (mut out, mut soft, mut quotes) = (String::with_capacity(text.len()), false, 0);
    for line in text.lines() {
        let bare = line.trim_start_matches('>');
        let depth = line.len() - bare.len();
        let words = bare.strip_prefix(' ').unwrap_or(bare);
        if soft && depth == quotes {
            out.push_str(words);
        } else {
            if !out.is_empty() {
                out.push_str("\r\n");
            }
            out.push_str(line.get(..depth).unwrap_or_default());
            out.push_str(if depth > 0 { " " } else { "" });
            out.push_str(words);
        }
        quotes = depth;
        soft = words.ends_with(' ') && words != "-- ";
        if soft && delsp {
            out.pop();
        }
    }
    out
}

/// Type and subtype in lower case; a part that says nothing is text/plain (RFC 2045 section 5.2).
pub(super) fn kind(part: &MessagePart<'_>) -> String {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    match (part.content_type(), &part.body) {
        (Some(it), _) if token(it.ctype()) && it.subtype().is_some_and(token) => {
            format!("{}/{}", it.ctype(), it.subtype().unwrap_or_default()).to_ascii_lowercase()
        }
        (_, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, _) => "text/plain".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

fn attribute(part: &MessagePart<'_>, name: &str) -> Option<String> {
    let found = part.content_type()?.attribute(name)?;
    Some(found.to_owned())
}

fn piece(mime: &[u8], part: &MessagePart<'_>) -> Piece {
    Piece {
        kind: kind(part),
        charset: attribute(part, "charset"),
        name: part.attachment_name().map(str::to_owned),
        cid: part.content_id().map(str::to_owned),
        octets: decoded(mime, part),
    }
}

/// The part's octets without their transfer encoding, in their own charset.
fn decoded(mime: &[u8], part: &MessagePart<'_>) -> Vec<u8> {
    if let PartType::Binary(octets) | PartType::InlineBinary(octets) = &part.body {
        return octets.to_vec();
    }
    let range = usize::try_from(part.offset_body)
        .ok()
        .zip(usize::try_from(part.offset_end).ok());
    let raw = range
        .and_then(|(start, end)| mime.get(start..end))
        .unwrap_or_default();
    let said = part.content_transfer_encoding().unwrap_or_default();
    let plain = match part.encoding {
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::Base64 => base64_decode(raw),
        // The parser gives up where a multipart is not closed; its octets are good all the same.
        Encoding::None if part.is_encoding_problem && said.eq_ignore_ascii_case("base64") => {
            base64_decode(&alphabet(raw))
        }
        Encoding::None => None,
    };
    plain.unwrap_or_else(|| encode::only_crlf(raw.to_vec()))
}

/// The base64 characters of a damaged part, in whole groups of four.
fn alphabet(raw: &[u8]) -> Vec<u8> {
    let known = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
    let mut kept: Vec<u8> = raw.iter().copied().filter(known).collect();
    kept.truncate(kept.len() / 4 * 4);
    kept
}
