//! Multiparts (RFC 2046 section 5.1), inline images (RFC 2387, 2392), and files of every naming.

use crate::sandbox::seed::{
    cast::{CLARA, GRACE, JUERGEN},
    desk::{DAY, Desk, HOUR, Marks, READ, UNREAD},
    entity::{Entity, Transfer},
    files,
    words::html,
};

const TEXT: &str = "Guten Tag Frau Albrecht,\n\nanbei die Pläne, wie besprochen.\n\nMit freundlichen Grüßen\nClara Conrad\n";

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    let body = alternative(desk);
    whole(desk, path, "Pläne, zweimal dasselbe", 3 * DAY + HOUR, body);
    let body = related(desk);
    whole(desk, path, "Mit Bild im Text", 6 * DAY, body);
    let body = full(desk);
    whole(desk, path, "Pläne mit Bild und Anlage", 4 * HOUR, body);
    sequences(desk, path);
    deep(desk, path);
    named_files(desk, path);
    big(desk, path);
}

fn whole(desk: &mut Desk, path: &[&str], subject: &str, age: i64, body: Entity) {
    let letter = desk.incoming(CLARA, subject, age);
    let marks = Marks {
        answered: age > 5 * DAY,
        ..if age < DAY { UNREAD } else { READ }
    };
    desk.put(path, &letter, &body, marks);
}

fn plain() -> Entity {
    Entity::text("text/plain", Transfer::QuotedPrintable, TEXT)
}

fn rich(images: &[&str]) -> Entity {
    let shown: String = images
        .iter()
        .map(|cid| format!("<img src=\"cid:{cid}\" alt=\"Bild\">"))
        .collect();
    let page = html(TEXT).replace("</body>", &format!("{shown}</body>"));
    Entity::text("text/html", Transfer::QuotedPrintable, &page)
}

fn alternative(desk: &mut Desk) -> Entity {
    desk.multipart("alternative", vec![plain(), rich(&[])])
        .preamble("This is a multi-part message in MIME format.\r\n")
}

fn images(desk: &mut Desk) -> (Entity, Vec<Entity>) {
    let (logo, photo) = (
        format!("logo.{:08x}@example.net", desk.chance.next()),
        format!("foto.{:08x}@example.net", desk.chance.next()),
    );
    let pictures = vec![
        Entity::inline(
            "image/png",
            "logo.png",
            &logo,
            &files::png(16, [0, 90, 160]),
        ),
        Entity::inline(
            "image/png",
            "Grundriß.png",
            &photo,
            &files::png(24, [200, 120, 0]),
        ),
    ];
    (rich(&[&logo, &photo]), pictures)
}

fn related(desk: &mut Desk) -> Entity {
    let (page, mut parts) = images(desk);
    parts.insert(0, page);
    desk.multipart("related; type=\"text/html\"", parts)
}

/// mixed(alternative(text, related(html, png, png)), pdf)
fn full(desk: &mut Desk) -> Entity {
    let related = related(desk);
    let readable = desk.multipart("alternative", vec![plain(), related]);
    let plan = Entity::file("application/pdf", "Plan EG.pdf", &files::pdf("Plan EG"));
    desk.multipart("mixed", vec![readable, plan])
}

fn sequences(desk: &mut Desk, path: &[&str]) {
    let text = |line: &str| Entity::text("text/plain", Transfer::SevenBit, line);
    let picture = Entity::inline(
        "image/png",
        "a.png",
        "a@example.net",
        &files::png(8, [9, 9, 9]),
    );
    let parts = vec![
        text("Before the picture.\n"),
        picture,
        text("After the picture.\n"),
    ];
    let body = desk.multipart("mixed", parts);
    whole(desk, path, "Text, picture, text", 120 * DAY, body);
    let body = desk.multipart("mixed", vec![text("Only one part.\n")]);
    whole(desk, path, "A multipart of one", 125 * DAY, body);
    let body = desk.multipart("mixed", vec![text(""), text("The part before is empty.\n")]);
    whole(desk, path, "An empty part", 130 * DAY, body);
    let body = desk.multipart("parallel", vec![text("Left\n"), text("Right\n")]);
    whole(desk, path, "Side by side", 135 * DAY, body);
    let footer = text("_______\nVerteiler bau@example.net\n").with("Content-Disposition", "inline");
    let readable = alternative(desk);
    let body = desk.multipart("mixed", vec![readable, footer]);
    whole(desk, path, "[bau] Mit Fußzeile der Liste", 140 * DAY, body);
}

/// Eight multiparts, one in the other.
fn deep(desk: &mut Desk, path: &[&str]) {
    let mut body = plain();
    for level in 0..8 {
        let beside = Entity::text(
            "text/plain",
            Transfer::SevenBit,
            &format!("Level {level}\n"),
        );
        body = desk.multipart("mixed", vec![body, beside]);
    }
    whole(desk, path, "Schachteln in Schachteln", 145 * DAY, body);
}

fn named_files(desk: &mut Desk, path: &[&str]) {
    let archive = files::zip();
    let encoded_name = "=?utf-8?B?w5xiZXJzaWNodC56aXA=?=";
    let parts = vec![
        plain(),
        Entity::file("application/pdf", "Übersicht über alle Verträge und Anlagen 2025 – final (2).pdf", &files::pdf("Vertrag")),
        Entity::leaf(&format!("application/zip; name=\"{encoded_name}\""), Transfer::Base64, &archive)
            .with("Content-Disposition", &format!("attachment; filename=\"{encoded_name}\"")),
        Entity::leaf("application/octet-stream", Transfer::Base64, b"no name at all").with("Content-Disposition", "attachment"),
        Entity::file("application/octet-stream", "leer.dat", b""),
        Entity::leaf("text/csv; charset=utf-8; name=\"liste.csv\"", Transfer::QuotedPrintable, "Straße;Menge\r\nAm Wall 3;7\r\n".as_bytes())
            .with("Content-Disposition", "attachment; filename=\"liste.csv\"; size=29"),
        Entity::leaf("text/vcard; charset=utf-8", Transfer::EightBit, "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Jürgen Groß\r\nEMAIL:j.gross@example.net\r\nEND:VCARD\r\n".as_bytes())
            .with("Content-Disposition", "attachment; filename=gross.vcf"),
        Entity::file("application/x-tar", "a/../b\\c: \"quoted\".tar", b"tar?"),
    ];
    let body = desk.multipart("mixed", parts);
    let letter = desk.incoming(JUERGEN, "Sieben Anlagen", 28 * HOUR);
    desk.put(path, &letter, &body, READ);
    let letter = desk.incoming(GRACE, "Same names twice", 150 * DAY);
    let twins = ["one", "two"].map(|text| Entity::file("text/plain", "notes.txt", text.as_bytes()));
    let body = desk.multipart("mixed", twins.to_vec());
    desk.put(path, &letter, &body, READ);
}

/// About 3 MB that do not compress.
fn big(desk: &mut Desk, path: &[&str]) {
    let data = desk.chance.octets(3_000_000);
    let file = Entity::file("application/octet-stream", "messdaten.bin", &data);
    let body = desk.multipart("mixed", vec![plain(), file]);
    let letter = desk.incoming(JUERGEN, "Messdaten (groß)", 11 * DAY);
    desk.put(path, &letter, &body, READ);
}
