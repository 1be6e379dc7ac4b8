//! ENVELOPE (RFC 3501 section 7.4.2) from raw header octets: nothing decoded.
//!
//! Of a field that occurs twice the last one counts; address fields add up. An empty Sender or Reply-To
//! counts as missing.

use super::address::addresses;
use super::header::{Field, collapsed, fields};
use super::latin1;
use serde::{Deserialize, Serialize};

/// Strings are raw octets; `None` is NIL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    #[serde(with = "latin1::option", skip_serializing_if = "Option::is_none")]
    pub date: Option<Vec<u8>>,
    #[serde(with = "latin1::option", skip_serializing_if = "Option::is_none")]
    pub subject: Option<Vec<u8>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sender: Vec<Address>,
    #[serde(rename = "reply", skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Address>,
    #[serde(
        rename = "irt",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_reply_to: Option<Vec<u8>>,
    #[serde(
        rename = "mid",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub message_id: Option<Vec<u8>>,
}

/// One address structure; a group starts with a mailbox and no host and ends with neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    #[serde(
        rename = "n",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<Vec<u8>>,
    #[serde(
        rename = "r",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub adl: Option<Vec<u8>>,
    #[serde(
        rename = "m",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub mailbox: Option<Vec<u8>>,
    #[serde(
        rename = "h",
        with = "latin1::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub host: Option<Vec<u8>>,
}

/// The ENVELOPE of a message with this header block. Sender and Reply-To default to From.
pub fn envelope(header: &[u8]) -> Envelope {
    let mut envelope = Envelope::default();
    for field in fields(header) {
        take(&mut envelope, &field);
    }
    if envelope.sender.is_empty() {
        envelope.sender = envelope.from.clone();
    }
    if envelope.reply_to.is_empty() {
        envelope.reply_to = envelope.from.clone();
    }
    envelope
}

fn take(envelope: &mut Envelope, field: &Field) {
    let text = match &field.name.to_ascii_lowercase()[..] {
        b"date" => &mut envelope.date,
        b"subject" => {
            envelope.subject = Some(collapsed(&field.unfolded()));
            return;
        }
        b"in-reply-to" => &mut envelope.in_reply_to,
        b"message-id" => &mut envelope.message_id,
        b"from" => return envelope.from.extend(addresses(field.value)),
        b"sender" => return envelope.sender.extend(addresses(field.value)),
        b"reply-to" => return envelope.reply_to.extend(addresses(field.value)),
        b"to" => return envelope.to.extend(addresses(field.value)),
        b"cc" => return envelope.cc.extend(addresses(field.value)),
        b"bcc" => return envelope.bcc.extend(addresses(field.value)),
        _ => return,
    };
    *text = Some(field.unfolded());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sender_and_reply_to_default_to_from() {
        let found = envelope(b"From: a@x.example\r\nSender:\r\nReply-To: b@x.example\r\n\r\n");
        assert_eq!(found.sender, found.from);
        assert_eq!(found.reply_to, addresses(b"b@x.example"));
        assert_eq!(found.to, []);
    }

    #[test]
    fn the_last_text_counts_and_addresses_add_up() {
        let found = envelope(b"Subject: a\r\nSUBJECT:  b \t c\r\n\td\r\nTo: a@x.example\r\nto: b@x.example\r\nDate:\r\n");
        assert_eq!(found.subject.unwrap(), b"b c d");
        assert_eq!(found.to, addresses(b"a@x.example, b@x.example"));
        assert_eq!((found.date, found.message_id), (Some(Vec::new()), None));
    }
}
