//! Mails of one part: every transfer encoding, flowed text, HTML alone, nothing at all.

use crate::sandbox::seed::{
    cast::{BARE, BEN, CLARA, GRACE, JUERGEN},
    desk::{DAY, Desk, HOUR, READ, UNREAD},
    entity::{Entity, Transfer, crlf},
    words::html,
};

const GERMAN: &str = "Hallo Anna,\n\ndie Prüfung der Größenänderung läuft. Kosten: 1.200 € – geschätzt.\n\n\
    .\n.. Zeilen, die mit einem Punkt beginnen\nFrom hier an folgt der Anhang = Gleichheitszeichen, \ttab\n\nGrüße\nJürgen\n";

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    let plain = "Hi,\n\njust plain words, in seven bits.\n";
    single(
        desk,
        path,
        "Plain words",
        9 * DAY,
        Entity::bare(crlf(plain).into_bytes()),
    );
    let encodings = [
        ("Prüfung, 8 Bit", Transfer::EightBit),
        ("Prüfung, quoted-printable", Transfer::QuotedPrintable),
        ("Prüfung, Base64", Transfer::Base64),
    ];
    for ((subject, transfer), day) in encodings.into_iter().zip(20..) {
        single(
            desk,
            path,
            subject,
            day * DAY,
            Entity::text("text/plain", transfer, GERMAN),
        );
    }
    for (transfer, day) in [(Transfer::QuotedPrintable, 24), (Transfer::Base64, 25)] {
        let body = Entity::text("text/html", transfer, &html(GERMAN));
        single(desk, path, "Nur HTML", day * DAY, body);
    }
    flowed(desk, path);
    empty(desk, path);
    wide(desk, path);
    scanned(desk, path);
}

fn single(desk: &mut Desk, path: &[&str], subject: &str, age: i64, body: Entity) {
    let letter = desk.incoming(JUERGEN, subject, age);
    desk.put(path, &letter, &body, READ);
}

/// RFC 3676: soft breaks, quotes, a stuffed line, and DelSp.
fn flowed(desk: &mut Desk, path: &[&str]) {
    let text = "> Shall we meet before the call, or is it enough to send the numbers \n> around?\n\n\
        The numbers are enough. I have put them into the sheet, and the second \ntab holds those of last year.\n \
        From my side nothing else.\n\n-- \nGrace\n";
    let letter = desk.incoming(GRACE, "Re: Numbers", 30 * HOUR);
    let body = Entity::leaf(
        "text/plain; charset=us-ascii; format=flowed",
        Transfer::SevenBit,
        crlf(text).as_bytes(),
    );
    desk.put(path, &letter, &body, READ);
    let letter = desk.incoming(CLARA, "Fließtext", 40 * DAY);
    let body = Entity::leaf(
        "text/plain; charset=utf-8; format=flowed; delsp=yes",
        Transfer::EightBit,
        crlf("Ein langer Satz, der hier  \ngebrochen wird und weiter fließt.\n").as_bytes(),
    );
    desk.put(path, &letter, &body, READ);
}

fn empty(desk: &mut Desk, path: &[&str]) {
    let letter = desk.incoming(BEN, "Leer (siehe Betreff)", 2 * DAY);
    let body = Entity::leaf("text/plain; charset=us-ascii", Transfer::SevenBit, b"");
    desk.put(path, &letter, &body, UNREAD);
    let letter = desk.incoming(BEN, "Nur Zeilenenden", 50 * DAY);
    desk.put(path, &letter, &Entity::bare(b"\r\n\r\n\r\n".to_vec()), READ);
    let letter = desk.incoming(BEN, "HTML ohne Text", 51 * DAY);
    let body = Entity::text(
        "text/html",
        Transfer::SevenBit,
        "<html><body></body></html>\n",
    );
    desk.put(path, &letter, &body, READ);
}

/// Lines as long as RFC 5322 section 2.1.1 lets them be (998 octets).
fn wide(desk: &mut Desk, path: &[&str]) {
    let line = "0123456789 ".repeat(90) + "end\n";
    let body = Entity::text("text/plain", Transfer::SevenBit, &line.repeat(5));
    single(desk, path, "Very long lines", 60 * DAY, body);
}

/// Nothing but a file: no multipart around it.
fn scanned(desk: &mut Desk, path: &[&str]) {
    let letter = desk.incoming(BARE, "Scan 0042", 3 * DAY);
    let page = crate::sandbox::seed::files::pdf("Scan 0042");
    desk.put(
        path,
        &letter,
        &Entity::file("application/pdf", "scan-0042.pdf", &page),
        UNREAD,
    );
}
