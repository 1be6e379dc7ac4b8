//! What Exchange makes of a message: MIME rebuilt from properties, with losses.
//!
//! The service keeps properties (subject, addresses, one body, attachments) and writes MIME anew when
//! it is asked for: own header order and folding, own boundaries, charset and transfer encoding of its
//! choice, one body of which the plain text is derived, `format=flowed` and preambles gone. Kept as
//! they came in are the trace and custom fields of received mail, and everything below the header of
//! signed and encrypted mail. Sources: Graph page "outlook-get-mime-message", and recorded renderings.
//!
//! Invariants: CRLF alone ends a line; the same input gives the same octets; `Context::item` shows in
//! the boundaries and nowhere else; no input makes it fail.

mod body;
mod content;
mod encode;
mod fields;

use mail_parser::{Message, MessageParser};

/// What the rendering depends on besides the MIME.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Seeds boundaries and ids, so that the same item gives the same octets until it changes.
    pub item: String,
    pub is_draft: bool,
    /// Name and address of the mailbox, filled in where From is missing.
    pub owner: (String, String),
}

/// Mails deeper inside each other than this are kept as they are.
const DEEPEST: usize = 12;

/// The `$value` of an item that came in as `mime`.
pub fn regenerate(mime: &[u8], context: &Context) -> Vec<u8> {
    let mut writer = Writer {
        context,
        boundaries: 0,
        depth: 0,
    };
    let mut out = Vec::with_capacity(mime.len() + mime.len() / 8 + 1024);
    writer.message(mime, &mut out);
    encode::only_crlf(out)
}

/// One rendering: counts boundaries through all mails inside each other.
struct Writer<'c> {
    context: &'c Context,
    boundaries: usize,
    depth: usize,
}

impl Writer<'_> {
    fn message(&mut self, mime: &[u8], out: &mut Vec<u8>) {
        let normal = encode::only_crlf(mime.to_vec());
        // No header at all: everything is the body.
        let headless = [b"\r\n".as_slice(), &normal].concat();
        let empty = Message::default();
        let parser = MessageParser::new();
        let (mime, parsed) = match parser.parse(&normal).filter(|it| !it.parts.is_empty()) {
            Some(parsed) => (&normal, parsed),
            None => (&headless, parser.parse(&headless).unwrap_or(empty)),
        };
        let content = content::of(mime, &parsed);
        fields::render(mime, &parsed, &content, self, out);
        body::render(&content, self, out);
    }

    /// The next boundary, in the service's form.
    fn boundary(&mut self) -> String {
        let number = self.boundaries;
        self.boundaries += 1;
        let one = encode::hash(self.context.item.as_bytes(), 1);
        let two = encode::hash(self.context.item.as_bytes(), 2);
        format!("_{number:03}_{one:016X}{two:016X}EXMP_")
    }
}

#[cfg(test)]
mod tests;
