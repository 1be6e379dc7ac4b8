//! The note beside a message that Microsoft 365 refused (pure): what a person reads who finds the message in
//! "Recovered". It answers the message (In-Reply-To), so that mail programs show the two together.

use chrono::DateTime;

/// Longest text of a field, of the reason, and of a word in it (characters): some are a stranger's.
const LONGEST: usize = 200;
const REASON: usize = 2000;
const COLUMNS: usize = 90;

#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The message's id, of characters that a Message-ID may have.
    pub(super) id: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) from: Option<&'a str>,
    /// With its angle brackets.
    pub(super) message_id: Option<&'a str>,
    /// The mailbox that it was for.
    pub(super) to: &'a str,
    pub(super) octets: usize,
    pub(super) too_large: bool,
    pub(super) reason: &'a str,
    /// Unix seconds.
    pub(super) now: i64,
}

pub(super) fn note(about: &About<'_>) -> Vec<u8> {
    let subject = match about.too_large {
        true => "Kept here: too large for Microsoft 365",
        false => "Kept here: refused by Microsoft 365",
    };
    let date = date(about.now);
    let id = about.id.replace(':', ".");
    let mut out = format!(
        "From: Postern <postern@postern.invalid>\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{id}@postern.invalid>\r\n"
    );
    if let Some(id) = about.message_id.filter(|id| is_plain(id)) {
        out += &format!("In-Reply-To: {id}\r\nReferences: {id}\r\n");
    }
    out += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
            A mail program wanted to store a message, and Microsoft 365 does not take it. It is kept here, on\r\n\
            this computer alone, exactly as the program wrote it:\r\n\r\n";
    for (name, text) in [("Subject", about.subject), ("From", about.from)] {
        out += &format!("  {name}: {}\r\n", line(text.unwrap_or("(none)")));
    }
    out += &format!(
        "  Meant for the mailbox: {}\r\n  On: {date}\r\n  Size: {} octets\r\n\r\nReason:{}\r\n\r\n",
        line(about.to),
        about.octets,
        wrapped(about.reason)
    );
    out += "Nobody tries again by himself. When the reason is gone, move the message to a mailbox of Microsoft\r\n\
            365; when you need it no longer, delete it. This note goes with it.\r\n";
    out.into_bytes()
}

/// A Message-ID that is safe to repeat in a header.
fn is_plain(id: &str) -> bool {
    id.len() < 900
        && id.starts_with('<')
        && id.ends_with('>')
        && id.bytes().all(|octet| octet.is_ascii_graphic())
}

fn date(unix: i64) -> String {
    let date = DateTime::from_timestamp(unix, 0).unwrap_or_default();
    date.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn line(text: &str) -> String {
    let words = text.split(char::is_control).flat_map(str::split_whitespace);
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}

/// In lines; RFC 5322 section 2.1.1 lets none be longer than 998 octets.
fn wrapped(text: &str) -> String {
    let (mut out, mut column) = (String::new(), "Reason:".len());
    for word in text.split(char::is_control).flat_map(str::split_whitespace) {
        let word: String = word.chars().take(LONGEST).collect();
        if out.len() + word.len() > REASON {
            break;
        }
        column += word.len() + 1;
        let begins = column > COLUMNS;
        out += if begins { "\r\n " } else { " " };
        out += &word;
        column = if begins { word.len() + 1 } else { column };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime;

    #[test]
    fn it_is_a_mail_whatever_the_message_holds() {
        let long = "many words ".repeat(5000);
        let about = About {
            id: "postern:recovered:ab",
            subject: Some("Grüße\r\nBcc: eve@example.com"),
            from: None,
            message_id: Some("<a@example.com>"),
            to: "Ablage/2024",
            octets: 17,
            too_large: true,
            reason: &long,
            now: 1_767_600_000,
        };
        let octets = note(&about);
        let structure = mime::parse(&octets);
        let header = String::from_utf8_lossy(&octets[structure.header.clone()]).into_owned();
        assert!(header.contains("\r\nIn-Reply-To: <a@example.com>\r\n"));
        assert!(header.contains("\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\n"));
        assert!(!header.contains("Bcc"), "{header}");
        let text = mime::text::body_text(&octets, &structure);
        assert!(
            text.contains("  Subject: Grüße Bcc: eve@example.com\r\n"),
            "{text}"
        );
        assert!(text.contains("  From: (none)\r\n") && text.contains("Ablage/2024"));
        assert!(octets.len() < 4000);
        assert!(octets.split(|b| *b == b'\n').all(|line| line.len() < 250));
        assert_eq!(mime::normalize(&octets), &octets[..], "CRLF throughout");
        for bad in ["<a\r\nX: y@z>", "a@b", "<ä@b>"] {
            let octets = note(&About {
                message_id: Some(bad),
                ..about
            });
            assert!(
                !String::from_utf8_lossy(&octets).contains("In-Reply-To"),
                "{bad}"
            );
        }
    }
}
