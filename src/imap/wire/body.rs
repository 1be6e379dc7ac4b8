//! ENVELOPE, BODY and BODYSTRUCTURE on the wire (RFC 3501 section 7.4.2).

use super::encode::{nstring, number, string, text};
use crate::mime::{Address, Body, Envelope, Structure};

pub fn envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    out.push(b'(');
    nstring(out, envelope.date.as_deref());
    out.push(b' ');
    nstring(out, envelope.subject.as_deref());
    let lists = [
        &envelope.from,
        &envelope.sender,
        &envelope.reply_to,
        &envelope.to,
        &envelope.cc,
        &envelope.bcc,
    ];
    for list in lists {
        out.push(b' ');
        addresses(out, list);
    }
    out.push(b' ');
    nstring(out, envelope.in_reply_to.as_deref());
    out.push(b' ');
    nstring(out, envelope.message_id.as_deref());
    out.push(b')');
}

fn addresses(out: &mut Vec<u8>, list: &[Address]) {
    if list.is_empty() {
        return text(out, "NIL");
    }
    out.push(b'(');
    for address in list {
        out.push(b'(');
        nstring(out, address.name.as_deref());
        out.push(b' ');
        nstring(out, address.adl.as_deref());
        out.push(b' ');
        nstring(out, address.mailbox.as_deref());
        out.push(b' ');
        nstring(out, address.host.as_deref());
        out.push(b')');
    }
    out.push(b')');
}

/// BODYSTRUCTURE when `extended`, else BODY.
pub fn structure(out: &mut Vec<u8>, part: &Structure, extended: bool) {
    out.push(b'(');
    match &part.content {
        Body::Multipart(parts) => multipart(out, part, parts, extended),
        Body::Message(inner, envelope_of_inner) => {
            single(out, part);
            out.push(b' ');
            envelope(out, envelope_of_inner);
            out.push(b' ');
            structure(out, inner, extended);
            lines_and_extension(out, part, true, extended);
        }
        Body::Leaf => {
            single(out, part);
            lines_and_extension(out, part, part.media_type.0 == "text", extended);
        }
    }
    out.push(b')');
}

fn multipart(out: &mut Vec<u8>, part: &Structure, parts: &[Structure], extended: bool) {
    if parts.is_empty() {
        // The grammar wants at least one part.
        text(
            out,
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0",
        );
        if extended {
            text(out, " NIL NIL NIL NIL");
        }
        out.push(b')');
    }
    for part in parts {
        structure(out, part, extended);
    }
    out.push(b' ');
    string(out, part.media_type.1.as_bytes());
    if extended {
        out.push(b' ');
        params(out, &part.params);
        extension(out, part);
    }
}

/// Type, parameters, id, description, encoding, size: what every single part starts with.
fn single(out: &mut Vec<u8>, part: &Structure) {
    string(out, part.media_type.0.as_bytes());
    out.push(b' ');
    string(out, part.media_type.1.as_bytes());
    out.push(b' ');
    params(out, &part.params);
    out.push(b' ');
    nstring(out, part.id.as_deref());
    out.push(b' ');
    nstring(out, part.description.as_deref());
    out.push(b' ');
    string(out, &part.encoding);
    out.push(b' ');
    number(out, part.body.len() as u64);
}

fn lines_and_extension(out: &mut Vec<u8>, part: &Structure, lines: bool, extended: bool) {
    if lines {
        out.push(b' ');
        number(out, part.lines as u64);
    }
    if extended {
        out.push(b' ');
        nstring(out, part.md5.as_deref());
        extension(out, part);
    }
}

/// Disposition, language, location.
fn extension(out: &mut Vec<u8>, part: &Structure) {
    out.push(b' ');
    match &part.disposition {
        Some((kind, of)) => {
            out.push(b'(');
            string(out, kind);
            out.push(b' ');
            params(out, of);
            out.push(b')');
        }
        None => text(out, "NIL"),
    }
    out.push(b' ');
    languages(out, &part.language);
    out.push(b' ');
    nstring(out, part.location.as_deref());
}

fn languages(out: &mut Vec<u8>, tags: &[Vec<u8>]) {
    if tags.is_empty() {
        return text(out, "NIL");
    }
    out.push(b'(');
    for (at, tag) in tags.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        string(out, tag);
    }
    out.push(b')');
}

fn params(out: &mut Vec<u8>, params: &[(String, Vec<u8>)]) {
    if params.is_empty() {
        return text(out, "NIL");
    }
    out.push(b'(');
    for (at, (name, value)) in params.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        string(out, name.as_bytes());
        out.push(b' ');
        string(out, value);
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(kind: &str, sub: &str, size: usize) -> Structure {
        Structure {
            header: 0..0,
            body: 0..size,
            media_type: (kind.into(), sub.into()),
            params: vec![],
            id: None,
            description: None,
            encoding: b"7bit".to_vec(),
            md5: None,
            disposition: None,
            language: vec![],
            location: None,
            lines: 2,
            content: Body::Leaf,
        }
    }

    fn show(part: &Structure, extended: bool) -> String {
        let mut out = Vec::new();
        structure(&mut out, part, extended);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn single_parts() {
        let text = leaf("text", "plain", 9);
        assert_eq!(
            show(&text, false),
            r#"("text" "plain" NIL NIL NIL "7bit" 9 2)"#
        );
        let mut pdf = leaf("application", "pdf", 7);
        pdf.params = vec![("name".into(), b"a\"b".to_vec())];
        let of = vec![("filename".into(), b"x".to_vec())];
        pdf.disposition = Some((b"attachment".to_vec(), of));
        pdf.language = vec![b"de".to_vec(), b"en".to_vec()];
        assert_eq!(
            show(&pdf, true),
            r#"("application" "pdf" ("name" "a\"b") NIL NIL "7bit" 7 NIL ("attachment" ("filename" "x")) ("de" "en") NIL)"#
        );
    }

    #[test]
    fn multiparts_and_messages() {
        let mut mixed = leaf("multipart", "mixed", 0);
        let mut message = leaf("message", "rfc822", 20);
        message.content = Body::Message(Box::new(leaf("text", "html", 4)), Box::default());
        mixed.content = Body::Multipart(vec![leaf("image", "png", 5), message]);
        assert_eq!(
            show(&mixed, false),
            concat!(
                r#"(("image" "png" NIL NIL NIL "7bit" 5)("message" "rfc822" NIL NIL NIL "7bit" 20 "#,
                r#"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "html" NIL NIL NIL "7bit" 4 2) 2) "mixed")"#
            )
        );
        mixed.content = Body::Multipart(vec![]);
        assert!(show(&mixed, true).starts_with(r#"(("text" "plain""#));
        assert!(show(&mixed, true).ends_with(r#" "mixed" NIL NIL NIL NIL)"#));
    }
}
