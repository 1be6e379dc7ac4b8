//! What machines write: delivery reports (RFC 3464), receipts (RFC 8098), meetings (RFC 6047), TNEF.

use crate::sandbox::seed::{
    cast::{BEN, CLARA, GRACE, JUERGEN, POSTMASTER},
    desk::{DAY, Desk, HOUR, Marks, READ, UNREAD},
    entity::{Entity, Transfer, crlf},
    files,
    letter::date,
};

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    bounce(desk, path, "failed", "5.1.1", 32 * HOUR);
    bounce(desk, path, "delayed", "4.4.1", 170 * DAY);
    receipt(desk, path, "displayed", 2 * DAY);
    receipt(desk, path, "deleted", 175 * DAY);
    absence(desk, path);
    meeting(desk, path, "REQUEST", "Einladung: Baubesprechung", 6 * HOUR);
    meeting(desk, path, "REPLY", "Zugesagt: Baubesprechung", 29 * HOUR);
    meeting(desk, path, "CANCEL", "Abgesagt: Jour fixe", 180 * DAY);
    complaint(desk, path);
    winmail(desk, path);
}

fn bounce(desk: &mut Desk, path: &[&str], action: &str, status: &str, age: i64) {
    let to = vec![("", "niemand@example.net")];
    let sent = desk.outgoing(to, "Angebot für den Neubau", age + 2);
    let original = sent.render(&Entity::text(
        "text/plain",
        Transfer::SevenBit,
        "Angebot anbei.\n",
    ));
    let letter = desk
        .incoming(POSTMASTER, "Undelivered Mail Returned to Sender", age)
        .with("Auto-Submitted", "auto-replied");
    let report = format!(
        "Reporting-MTA: dns; mail.example.net\nArrival-Date: {}\n\n\
         Original-Recipient: rfc822;niemand@example.net\nFinal-Recipient: rfc822; niemand@example.net\n\
         Action: {action}\nStatus: {status}\nRemote-MTA: dns; mx.example.net\n\
         Diagnostic-Code: smtp; 550 5.1.1 <niemand@example.net>: Recipient address rejected\n",
        date(sent.sent, 0)
    );
    let parts = vec![
        Entity::text(
            "text/plain",
            Transfer::SevenBit,
            "I'm sorry to have to inform you that your message could not be delivered.\n",
        ),
        Entity::bare(crlf(&report).into_bytes()).with("Content-Type", "message/delivery-status"),
        Entity::bare(original).with("Content-Type", "message/rfc822"),
    ];
    let body = desk.multipart("report; report-type=delivery-status", parts);
    desk.put(path, &letter, &body, UNREAD);
}

fn receipt(desk: &mut Desk, path: &[&str], what: &str, age: i64) {
    let mut letter = desk.incoming(JUERGEN, "Gelesen: Angebot für den Neubau", age);
    let asked = format!("<asked.{}@example.com>", letter.sent);
    letter.references = vec![asked.clone()];
    let report = format!(
        "Reporting-UA: mail.example.net; Mailprogramm 9\nFinal-Recipient: rfc822;j.gross@example.net\n\
         Original-Message-ID: {asked}\nDisposition: manual-action/MDN-sent-manually; {what}\n"
    );
    let parts = vec![
        Entity::text(
            "text/plain",
            Transfer::QuotedPrintable,
            "Ihre Nachricht wurde geöffnet. Das heißt nicht, dass sie verstanden wurde.\n",
        ),
        Entity::bare(crlf(&report).into_bytes())
            .with("Content-Type", "message/disposition-notification"),
    ];
    let body = desk.multipart("report; report-type=disposition-notification", parts);
    desk.put(path, &letter, &body, READ);
}

fn absence(desk: &mut Desk, path: &[&str]) {
    let letter = desk
        .incoming(GRACE, "Automatic reply: Numbers", 31 * HOUR)
        .with("Auto-Submitted", "auto-replied")
        .with("X-Auto-Response-Suppress", "All")
        .with("Precedence", "bulk");
    let body = Entity::text(
        "text/plain",
        Transfer::SevenBit,
        "I'm out of the office until Monday.\n",
    );
    desk.put(path, &letter, &body, READ);
}

fn meeting(desk: &mut Desk, path: &[&str], method: &str, subject: &str, age: i64) {
    let letter = desk.incoming(CLARA, subject, age);
    let uid = format!("{:016x}@example.net", desk.chance.next());
    let event = crlf(&files::calendar(
        method,
        &uid,
        "Baubesprechung",
        letter.sent + 5 * 86_400,
    ));
    let parts = vec![
        Entity::text(
            "text/plain",
            Transfer::QuotedPrintable,
            "Baubesprechung, Raum 2.17. Für Kaffee ist gesorgt, Grüße\n",
        ),
        Entity::leaf(
            &format!("text/calendar; charset=utf-8; method={method}"),
            Transfer::Base64,
            event.as_bytes(),
        ),
    ];
    let readable = desk.multipart("alternative", parts);
    let file = Entity::file("application/ics", "invite.ics", event.as_bytes());
    let body = desk.multipart("mixed", vec![readable, file]);
    let marks = Marks {
        categories: if method == "REQUEST" {
            &["Besprechung"]
        } else {
            &[]
        },
        ..if age < DAY { UNREAD } else { READ }
    };
    desk.put(path, &letter, &body, marks);
}

/// An abuse report (RFC 5965) whose original is a header alone.
fn complaint(desk: &mut Desk, path: &[&str]) {
    let letter = desk.incoming(POSTMASTER, "Abuse report", 185 * DAY);
    let parts = vec![
        Entity::text("text/plain", Transfer::SevenBit, "This is a report about mail from 192.0.2.25.\n"),
        Entity::bare(b"Feedback-Type: abuse\r\nUser-Agent: Reporter/1.0\r\nVersion: 1\r\n".to_vec())
            .with("Content-Type", "message/feedback-report"),
        Entity::bare(b"From: news@example.org\r\nSubject: Bauwelt\r\nMessage-ID: <complaint@example.org>\r\n".to_vec())
            .with("Content-Type", "text/rfc822-headers"),
    ];
    let body = desk.multipart("report; report-type=feedback-report", parts);
    desk.put(path, &letter, &body, READ);
}

fn winmail(desk: &mut Desk, path: &[&str]) {
    let letter = desk
        .incoming(BEN, "Formatted on an old machine", 190 * DAY)
        .with("X-MS-TNEF-Correlator", "<old@example.com>");
    let parts = vec![
        Entity::text(
            "text/plain",
            Transfer::SevenBit,
            "The formatting is in the other part.\n",
        ),
        Entity::file("application/ms-tnef", "winmail.dat", &files::tnef()),
    ];
    let body = desk.multipart("mixed", parts);
    desk.put(path, &letter, &body, READ);
}
