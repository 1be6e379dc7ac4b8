//! Mails inside mails: forwarded, twice forwarded, digests (RFC 2046 sections 5.1.5 and 5.2.1).

use crate::sandbox::seed::{
    cast::{BEN, CLARA, GRACE, JUERGEN},
    desk::{DAY, Desk, Marks, READ},
    entity::{Entity, Transfer},
    files,
};

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    let origin = original(desk);
    let forwarded = forward(desk, "WG: Abnahme", &origin, 12);
    let marks = Marks {
        forwarded: true,
        ..READ
    };
    put(desk, path, "WG: Abnahme", 12, &[&origin], marks);
    put(desk, path, "WG: WG: Abnahme", 13, &[&forwarded], READ);
    let thrice = forward(desk, "WG: WG: Abnahme", &forwarded, 14);
    put(desk, path, "Drei Ebenen tief", 14, &[&thrice], READ);
    put(
        desk,
        path,
        "Zwei Mails anbei",
        155,
        &[&origin, &forwarded],
        READ,
    );
    digest(desk, path, &origin);
    alone(desk, path, &origin);
}

fn original(desk: &mut Desk) -> Vec<u8> {
    let text = Entity::text(
        "text/plain",
        Transfer::QuotedPrintable,
        "Die Abnahme ist erfolgt, Mängel: keine. Schöne Grüße\n",
    );
    let file = Entity::file(
        "application/pdf",
        "Abnahmeprotokoll.pdf",
        &files::pdf("Abnahme"),
    );
    let body = desk.multipart("mixed", vec![text, file]);
    desk.incoming(JUERGEN, "Abnahme Brücke Süd", 16 * DAY)
        .render(&body)
}

fn around(desk: &mut Desk, mails: &[&[u8]]) -> Entity {
    let text = Entity::text(
        "text/plain",
        Transfer::SevenBit,
        "Zur Kenntnis, siehe Anlage.\n",
    );
    let attached = mails
        .iter()
        .map(|mail| Entity::mail(mail, "Abnahme Brücke Süd.eml"));
    let parts = std::iter::once(text).chain(attached).collect();
    desk.multipart("mixed", parts)
}

fn forward(desk: &mut Desk, subject: &str, mail: &[u8], age: i64) -> Vec<u8> {
    let body = around(desk, &[mail]);
    desk.incoming(CLARA, subject, (age + 1) * DAY).render(&body)
}

fn put(desk: &mut Desk, path: &[&str], subject: &str, age: i64, mails: &[&[u8]], marks: Marks) {
    let body = around(desk, mails);
    let letter = desk.incoming(BEN, subject, age * DAY);
    desk.put(path, &letter, &body, marks);
}

fn digest(desk: &mut Desk, path: &[&str], mail: &[u8]) {
    let issues = vec![Entity::bare(mail.to_vec()), Entity::bare(mail.to_vec())];
    let collected = desk.multipart("digest", issues);
    let head = Entity::text(
        "text/plain",
        Transfer::SevenBit,
        "Today's topics: 1. Abnahme 2. Abnahme\n",
    );
    let body = desk.multipart("mixed", vec![head, collected]);
    let letter = desk.incoming(GRACE, "bau Digest, Vol 7, Issue 2", 160 * DAY);
    desk.put(path, &letter, &body, READ);
}

/// A message/rfc822 with nothing around it.
fn alone(desk: &mut Desk, path: &[&str], mail: &[u8]) {
    let letter = desk.incoming(GRACE, "Fwd: Abnahme", 165 * DAY);
    desk.put(path, &letter, &Entity::mail(mail, "original.eml"), READ);
}
