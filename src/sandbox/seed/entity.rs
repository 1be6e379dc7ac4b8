//! A MIME entity (RFC 2045, 2046) being put together: header fields, and octets or parts.
//!
//! Octets are stored as they go over the wire: encoded, CRLF line ends. What is ended here stays ended:
//! a leaf's octets close with CRLF, which for a part belongs to the boundary that follows.

use super::header;
use base64::{Engine, engine::general_purpose::STANDARD};

#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) fields: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Octets(Vec<u8>),
    Parts {
        boundary: String,
        preamble: &'static str,
        parts: Vec<Entity>,
    },
}

/// How octets are made fit for the wire (RFC 2045 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    SevenBit,
    EightBit,
    QuotedPrintable,
    Base64,
}

impl Entity {
    /// An entity with these octets and no header fields.
    pub(super) fn bare(octets: Vec<u8>) -> Self {
        Self {
            fields: Vec::new(),
            body: Body::Octets(octets),
        }
    }

    /// `kind` is a media type, with its parameters.
    pub(super) fn leaf(kind: &str, transfer: Transfer, content: &[u8]) -> Self {
        let mut entity = Self::bare(transfer.encode(content)).with("Content-Type", kind);
        if let Some(name) = transfer.name() {
            entity = entity.with("Content-Transfer-Encoding", name);
        }
        entity
    }

    /// UTF-8 text; LF ends a line in `text`.
    pub(super) fn text(kind: &str, transfer: Transfer, text: &str) -> Self {
        let charset = if text.is_ascii() { "us-ascii" } else { "utf-8" };
        Self::leaf(
            &format!("{kind}; charset={charset}"),
            transfer,
            crlf(text).as_bytes(),
        )
    }

    /// A file for the reader to keep, in base64.
    pub(super) fn file(kind: &str, name: &str, content: &[u8]) -> Self {
        let named = format!("{kind}{}", header::parameter("name", name));
        let disposition = format!("attachment{}", header::parameter("filename", name));
        Self::leaf(&named, Transfer::Base64, content).with("Content-Disposition", &disposition)
    }

    /// An image shown inside the HTML that names `cid`.
    pub(super) fn inline(kind: &str, name: &str, cid: &str, content: &[u8]) -> Self {
        let named = format!("{kind}{}", header::parameter("name", name));
        let disposition = format!("inline{}", header::parameter("filename", name));
        Self::leaf(&named, Transfer::Base64, content)
            .with("Content-ID", &format!("<{cid}>"))
            .with("Content-Disposition", &disposition)
    }

    /// An attached mail (RFC 2046 section 5.2.1), which may not be encoded.
    pub(super) fn mail(mime: &[u8], name: &str) -> Self {
        let disposition = format!("attachment{}", header::parameter("filename", name));
        Self::bare(mime.to_vec())
            .with("Content-Type", "message/rfc822")
            .with("Content-Disposition", &disposition)
    }

    /// `kind` is the subtype and further parameters, such as `related; type="text/html"`.
    pub(super) fn multipart(kind: &str, boundary: &str, parts: Vec<Self>) -> Self {
        let (subtype, parameters) = kind.split_once(';').unwrap_or((kind, ""));
        let further = if parameters.is_empty() {
            String::new()
        } else {
            format!(";\r\n\t{}", parameters.trim())
        };
        Self {
            fields: Vec::new(),
            body: Body::Parts {
                boundary: boundary.to_owned(),
                preamble: "",
                parts,
            },
        }
        .with(
            "Content-Type",
            &format!("multipart/{subtype}{further};\r\n\tboundary=\"{boundary}\""),
        )
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Text before the first part, that old programs show.
    pub(super) fn preamble(mut self, text: &'static str) -> Self {
        if let Body::Parts { preamble, .. } = &mut self.body {
            *preamble = text;
        }
        self
    }

    pub(super) fn render(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.fields {
            field(out, name, value);
        }
        out.extend_from_slice(b"\r\n");
        match &self.body {
            Body::Octets(octets) => out.extend_from_slice(octets),
            Body::Parts {
                boundary,
                preamble,
                parts,
            } => {
                out.extend_from_slice(preamble.as_bytes());
                for part in parts {
                    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
                    part.render(out);
                }
                out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
            }
        }
    }

    #[cfg(test)]
    fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.render(&mut out);
        out
    }
}

pub(super) fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(if value.is_empty() { b":" } else { b": " });
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Text whose lines end in LF, for the wire.
pub(super) fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

impl Transfer {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::SevenBit => Some("7bit"),
            Self::EightBit => Some("8bit"),
            Self::QuotedPrintable => Some("quoted-printable"),
            Self::Base64 => Some("base64"),
        }
    }

    fn encode(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::SevenBit | Self::EightBit => content.to_vec(),
            Self::QuotedPrintable => quoted_printable(content),
            Self::Base64 => base64_lines(content),
        }
    }
}

fn base64_lines(content: &[u8]) -> Vec<u8> {
    let encoded = STANDARD.encode(content);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 38 + 2);
    for line in encoded.as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// RFC 2045 section 6.7, for text with CRLF line ends.
fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() * 5 / 4);
    for (i, line) in content.split(|b| *b == b'\n').enumerate() {
        if i > 0 {
            out.extend_from_slice(b"\r\n");
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut column = 0;
        for (at, octet) in line.iter().enumerate() {
            let last = at + 1 == line.len();
            let plain =
                matches!(octet, 33..=60 | 62..=126) || (matches!(octet, b' ' | b'\t') && !last);
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(*octet);
            } else {
                out.extend_from_slice(format!("={octet:02X}").as_bytes());
            }
            column += width;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{MessageParser, MimeHeaders};

    #[test]
    fn transfer_encodings_come_back_as_they_went_in() {
        let content = format!("Grüße,\r\n{}=\t\r\nEnde \r\n", "äöü ".repeat(40));
        for transfer in [
            Transfer::EightBit,
            Transfer::QuotedPrintable,
            Transfer::Base64,
        ] {
            let entity = Entity::leaf("text/plain; charset=utf-8", transfer, content.as_bytes());
            let octets = entity.octets();
            let parsed = MessageParser::new().parse(&octets).unwrap();
            assert_eq!(parsed.body_text(0).unwrap(), content, "{transfer:?}");
        }
    }

    #[test]
    fn parts_and_their_names_are_found() {
        let file = Entity::file("application/pdf", "Straße 1.pdf", b"%PDF");
        let text = Entity::text("text/plain", Transfer::SevenBit, "hello\n");
        let octets = Entity::multipart("mixed", "edge", vec![text, file]).octets();
        let parsed = MessageParser::new().parse(&octets).unwrap();
        assert_eq!(
            parsed.attachment(0).unwrap().attachment_name(),
            Some("Straße 1.pdf")
        );
        assert_eq!(parsed.attachment(0).unwrap().contents(), b"%PDF");
    }
}
