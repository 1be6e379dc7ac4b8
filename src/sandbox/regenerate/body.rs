//! What stands below the header: Content-Type, MIME-Version, and the parts.
//!
//! mixed( related( alternative( text/plain, text/html, text/calendar ), inline images ), attachments ),
//! each level only where there is something to hold.

use super::{
    DEEPEST, Writer,
    content::{Content, Ordinary, Piece},
    encode,
    fields::put,
};
use mail_parser::decoders::html::html_to_text;

/// An entity: its MIME fields and, after the blank line, its octets.
struct Entity {
    fields: Vec<u8>,
    octets: Vec<u8>,
}

pub(super) fn render(content: &Content<'_>, writer: &mut Writer<'_>, out: &mut Vec<u8>) {
    let whole = match content {
        Content::Sealed { fields, octets } => Entity {
            fields: fields.clone(),
            octets: octets.to_vec(),
        },
        Content::Report { report_type, parts } => {
            let boundary = writer.boundary();
            let parts = parts.iter().map(|part| report_part(part, writer)).collect();
            let kind = format!(
                "multipart/report{}",
                encode::parameter("report-type", report_type)
            );
            multipart(&kind, &boundary, parts)
        }
        Content::Ordinary(ordinary) => mixed(ordinary, writer),
    };
    out.extend_from_slice(&whole.fields);
    put(out, "MIME-Version", "1.0");
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&whole.octets);
}

fn multipart(kind: &str, boundary: &str, parts: Vec<Entity>) -> Entity {
    let mut fields = Vec::new();
    put(
        &mut fields,
        "Content-Type",
        &format!("{kind};\r\n\tboundary=\"{boundary}\""),
    );
    let room = parts
        .iter()
        .map(|part| part.octets.len() + part.fields.len() + 64)
        .sum();
    let mut octets = Vec::with_capacity(room);
    for part in parts {
        octets.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        octets.extend_from_slice(&part.fields);
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(&part.octets);
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Entity { fields, octets }
}

fn mixed(ordinary: &Ordinary, writer: &mut Writer<'_>) -> Entity {
    if ordinary.attachments.is_empty() {
        return related(ordinary, writer);
    }
    let boundary = writer.boundary();
    let mut parts = vec![related(ordinary, writer)];
    for (piece, number) in ordinary.attachments.iter().zip(1..) {
        parts.push(attachment(piece, "attachment", number, writer));
    }
    multipart("multipart/mixed", &boundary, parts)
}

fn related(ordinary: &Ordinary, writer: &mut Writer<'_>) -> Entity {
    if ordinary.inline.is_empty() {
        return readable(ordinary, writer);
    }
    let boundary = writer.boundary();
    let first = readable(ordinary, writer);
    let alternative = first.fields.starts_with(b"Content-Type: multipart/");
    let kind = if alternative {
        "multipart/alternative"
    } else {
        "text/html"
    };
    let mut parts = vec![first];
    for (piece, number) in ordinary.inline.iter().zip(101..) {
        parts.push(attachment(piece, "inline", number, writer));
    }
    let kind = format!("multipart/related{}", encode::parameter("type", kind));
    multipart(&kind, &boundary, parts)
}

/// The body: text alone, or text and HTML, and a meeting where there is one.
fn readable(ordinary: &Ordinary, writer: &mut Writer<'_>) -> Entity {
    let text = match (&ordinary.html, &ordinary.text) {
        // The plain text is derived: the one that came in is not kept beside HTML.
        (Some(html), _) => html_to_text(html),
        (None, text) => text.clone().unwrap_or_default(),
    };
    let plain = body_part("text/plain", &text);
    if ordinary.html.is_none() && ordinary.calendar.is_none() {
        return plain;
    }
    let boundary = writer.boundary();
    let mut parts = vec![plain];
    if let Some(html) = &ordinary.html {
        let charset = encode::text(html).charset;
        parts.push(body_part("text/html", &with_charset(html, charset)));
    }
    if let Some((method, event)) = &ordinary.calendar {
        let mut fields = Vec::new();
        let kind = format!(
            "text/calendar; charset=\"utf-8\"{}",
            encode::parameter("method", method)
        );
        put(&mut fields, "Content-Type", &kind);
        put(&mut fields, "Content-Transfer-Encoding", "base64");
        let octets = encode::base64_lines(event);
        parts.push(Entity { fields, octets });
    }
    multipart("multipart/alternative", &boundary, parts)
}

fn body_part(kind: &str, text: &str) -> Entity {
    let text = encode::text(text);
    let mut fields = Vec::new();
    put(
        &mut fields,
        "Content-Type",
        &format!("{kind}; charset=\"{}\"", text.charset),
    );
    if let Some(transfer) = text.transfer {
        put(&mut fields, "Content-Transfer-Encoding", transfer);
    }
    Entity {
        fields,
        octets: text.octets,
    }
}

/// Says in the page's head which charset it is in, instead of what was said there.
fn with_charset(html: &str, charset: &str) -> String {
    // Same length as `html`, so that positions fit both.
    let lower = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len() + 100);
    let mut at = 0;
    while let Some(start) = lower
        .get(at..)
        .and_then(|rest| rest.find("<meta"))
        .map(|it| it + at)
    {
        let end = lower
            .get(start..)
            .and_then(|rest| rest.find('>'))
            .map_or(html.len(), |it| start + it + 1);
        let stop = match lower.get(start..end) {
            Some(tag) if tag.contains("charset") => start,
            _ => end,
        };
        out.push_str(html.get(at..stop).unwrap_or_default());
        at = end;
    }
    out.push_str(html.get(at..).unwrap_or_default());
    let meta =
        format!("<meta http-equiv=\"Content-Type\" content=\"text/html; charset={charset}\">\r\n");
    let lower = out.to_ascii_lowercase();
    let end_of = |tag: &str| {
        let start = lower.find(tag)?;
        Some(start + lower.get(start..)?.find('>')? + 1)
    };
    match (end_of("<head>"), end_of("<html")) {
        (Some(at), _) => out.insert_str(at, &format!("\r\n{meta}")),
        (None, Some(at)) => out.insert_str(at, &format!("<head>\r\n{meta}</head>")),
        (None, None) => {
            out.insert_str(0, &format!("<html><head>\r\n{meta}</head><body>\r\n"));
            out.push_str("</body></html>");
        }
    }
    out
}

fn attachment(piece: &Piece, disposition: &str, number: u32, writer: &mut Writer<'_>) -> Entity {
    if is_mail(&piece.kind) {
        let mut fields = Vec::new();
        put(&mut fields, "Content-Type", "message/rfc822");
        put(&mut fields, "Content-Disposition", "attachment");
        let octets = inner(&piece.octets, writer);
        return Entity { fields, octets };
    }
    let ending = match piece.kind.as_str() {
        "text/plain" => "txt",
        "text/html" => "htm",
        kind if kind.starts_with("image/") => kind.trim_start_matches("image/"),
        _ => "bin",
    };
    let made = format!("ATT{number:05}.{ending}");
    let name = piece
        .name
        .as_deref()
        .filter(|name| !name.trim().is_empty())
        .unwrap_or(&made);
    // A composite type may not be encoded (RFC 2045 section 6.4), so it turns into a mere file.
    let composite = piece.kind.starts_with("multipart/") || piece.kind.starts_with("message/");
    let kind = if composite {
        "application/octet-stream"
    } else {
        &piece.kind
    };
    let charset = piece
        .charset
        .as_deref()
        .filter(|_| kind.starts_with("text/"));
    let charset = charset.map_or_else(String::new, |it| encode::parameter("charset", it));
    let mut fields = Vec::new();
    put(
        &mut fields,
        "Content-Type",
        &format!("{kind}{charset};\r\n\t{}", unled("name", name)),
    );
    put(
        &mut fields,
        "Content-Description",
        &encode::words("Content-Description", name),
    );
    let size = piece.octets.len();
    let kept = format!(
        "{disposition};\r\n\t{}; size={size}",
        unled("filename", name)
    );
    put(&mut fields, "Content-Disposition", &kept);
    if let Some(cid) = &piece.cid {
        let cid: String = cid.chars().filter(|c| !c.is_control()).collect();
        put(&mut fields, "Content-ID", &format!("<{cid}>"));
    }
    put(&mut fields, "Content-Transfer-Encoding", "base64");
    Entity {
        fields,
        octets: encode::base64_lines(&piece.octets),
    }
}

/// A parameter at the start of a line.
fn unled(name: &str, value: &str) -> String {
    encode::parameter(name, value)
        .trim_start_matches("; ")
        .to_owned()
}

fn is_mail(kind: &str) -> bool {
    matches!(kind, "message/rfc822" | "message/global")
}

/// A mail inside the mail, rendered like the outer one.
fn inner(mime: &[u8], writer: &mut Writer<'_>) -> Vec<u8> {
    if writer.depth >= DEEPEST {
        return mime.to_vec();
    }
    let mut out = Vec::with_capacity(mime.len() + 512);
    writer.depth += 1;
    writer.message(mime, &mut out);
    writer.depth -= 1;
    out
}

/// A report's parts stay readable for machines: in their own types, in the clear.
fn report_part(piece: &Piece, writer: &mut Writer<'_>) -> Entity {
    let mut fields = Vec::new();
    match piece.kind.as_str() {
        "text/plain" | "text/html" => readable_piece(piece),
        kind if is_mail(kind) => {
            put(&mut fields, "Content-Type", "message/rfc822");
            let octets = inner(&piece.octets, writer);
            Entity { fields, octets }
        }
        kind if kind.starts_with("message/") || kind.starts_with("text/") => {
            put(&mut fields, "Content-Type", kind);
            Entity {
                fields,
                octets: piece.octets.clone(),
            }
        }
        _ => attachment(piece, "attachment", 1, writer),
    }
}

fn readable_piece(piece: &Piece) -> Entity {
    let charset = piece.charset.as_deref().unwrap_or("us-ascii");
    let mut fields = Vec::new();
    let kind = format!("{}{}", piece.kind, encode::parameter("charset", charset));
    put(&mut fields, "Content-Type", &kind);
    put(&mut fields, "Content-Transfer-Encoding", "base64");
    Entity {
        fields,
        octets: encode::base64_lines(&piece.octets),
    }
}
