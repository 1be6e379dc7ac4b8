//! Signed and encrypted mail: S/MIME (RFC 8551) and OpenPGP (RFC 3156). No signature verifies: keys there are none.

use crate::sandbox::seed::{
    cast::{CLARA, COUNSEL, GRACE},
    desk::{DAY, Desk, HOUR, READ, UNREAD},
    entity::{Entity, Transfer, crlf},
    files,
    letter::Person,
};
use base64::{Engine, engine::general_purpose::STANDARD};

pub(in crate::sandbox::seed) fn fill(desk: &mut Desk, path: &[&str]) {
    smime_signed(desk, path);
    for (kind, arc, age) in [
        ("signed-data", 2, 17),
        ("enveloped-data", 3, 1),
        ("authEnveloped-data", 3, 195),
    ] {
        let blob = files::cms(arc, 2_400, &mut desk.chance);
        let named = format!("application/pkcs7-mime; smime-type={kind};\r\n\tname=\"smime.p7m\"");
        let body = Entity::leaf(&named, Transfer::Base64, &blob)
            .with("Content-Disposition", "attachment; filename=\"smime.p7m\"")
            .with("Content-Description", "S/MIME Message");
        seal(
            desk,
            path,
            COUNSEL,
            &format!("Vertraulich ({kind})"),
            age * DAY,
            &body,
        );
    }
    pgp_signed(desk, path);
    pgp_encrypted(desk, path);
    clear_signed(desk, path);
    dkim(desk, path);
}

fn seal(desk: &mut Desk, path: &[&str], from: Person, subject: &str, age: i64, body: &Entity) {
    let letter = desk.incoming(from, subject, age);
    desk.put(
        path,
        &letter,
        body,
        if age < 2 * DAY { UNREAD } else { READ },
    );
}

/// What is signed holds trailing blanks, an odd fold and two parts, so that any re-encoding shows.
fn signed_content(desk: &mut Desk) -> Entity {
    let text = Entity::leaf(
        "text/plain;\r\n charset=\"iso-8859-1\"",
        Transfer::QuotedPrintable,
        b"Sehr geehrte Frau Albrecht,=20\r\n\r\nanbei der gepr\xFCfte Vertrag.\r\n",
    );
    let file = Entity::file("application/pdf", "Vertrag.pdf", &files::pdf("Vertrag"));
    desk.multipart("mixed", vec![text, file])
}

fn smime_signed(desk: &mut Desk, path: &[&str]) {
    let blob = files::cms(2, 1_800, &mut desk.chance);
    let signature = Entity::file("application/pkcs7-signature", "smime.p7s", &blob);
    let parts = vec![signed_content(desk), signature];
    let kind = "signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256";
    let body = desk.multipart(kind, parts);
    seal(desk, path, COUNSEL, "Vertrag, signiert", 7 * HOUR, &body);
}

fn armor(kind: &str, octets: &[u8]) -> String {
    let encoded = STANDARD.encode(octets);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .filter_map(|line| str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN PGP {kind}-----\n\n{}\n-----END PGP {kind}-----\n",
        lines.join("\n")
    )
}

fn pgp_signed(desk: &mut Desk, path: &[&str]) {
    let armored = armor("SIGNATURE", &desk.chance.octets(228));
    let signature = Entity::bare(crlf(&armored).into_bytes())
        .with(
            "Content-Type",
            "application/pgp-signature; name=\"signature.asc\"",
        )
        .with("Content-Description", "OpenPGP digital signature");
    let parts = vec![signed_content(desk), signature];
    let kind = "signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"";
    let body = desk.multipart(kind, parts);
    seal(desk, path, GRACE, "Key change, signed", 19 * DAY, &body);
}

fn pgp_encrypted(desk: &mut Desk, path: &[&str]) {
    let armored = armor("MESSAGE", &desk.chance.octets(900));
    let parts = vec![
        Entity::bare(b"Version: 1\r\n".to_vec()).with("Content-Type", "application/pgp-encrypted"),
        Entity::bare(crlf(&armored).into_bytes())
            .with(
                "Content-Type",
                "application/octet-stream; name=\"encrypted.asc\"",
            )
            .with("Content-Disposition", "inline; filename=\"encrypted.asc\""),
    ];
    let body = desk.multipart("encrypted; protocol=\"application/pgp-encrypted\"", parts);
    seal(desk, path, GRACE, "...", 21 * DAY, &body);
}

fn clear_signed(desk: &mut Desk, path: &[&str]) {
    let signature = armor("SIGNATURE", &desk.chance.octets(228));
    let text = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- -- dashes\nAgreed.\n{signature}"
    );
    let body = Entity::text("text/plain", Transfer::SevenBit, &text);
    seal(desk, path, GRACE, "Agreed", 200 * DAY, &body);
}

fn dkim(desk: &mut Desk, path: &[&str]) {
    let signature = STANDARD.encode(desk.chance.octets(256));
    let value = format!(
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net;\r\n\ts=2025; h=from:to:subject:date:message-id;\r\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb={}",
        signature
            .as_bytes()
            .chunks(70)
            .filter_map(|line| str::from_utf8(line).ok())
            .collect::<Vec<_>>()
            .join("\r\n\t ")
    );
    let letter = desk
        .incoming(CLARA, "Signiert von der Domain", 22 * DAY)
        .with("DKIM-Signature", &value)
        .with("Authentication-Results", "mx1.example.com; dkim=pass header.d=example.net;\r\n spf=pass smtp.mailfrom=example.net");
    desk.put(
        path,
        &letter,
        &Entity::text("text/plain", Transfer::SevenBit, "Nichts weiter.\n"),
        READ,
    );
}
