//! Files to attach: small, invented, and true to their formats.

use super::chance::Chance;
use std::fmt::Write;

/// A one-coloured PNG (W3C PNG, sections 5 and 11), its data in a stored deflate block.
pub(super) fn png(side: u8, [red, green, blue]: [u8; 3]) -> Vec<u8> {
    // Each row: filter type 0, then its pixels.
    let side_pixels = usize::from(side);
    let row = [vec![0], [red, green, blue].repeat(side_pixels)].concat();
    let rows = row.repeat(side_pixels);
    let mut header = vec![0, 0, 0, side, 0, 0, 0, side];
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"IDAT", &stored(&rows));
    chunk(&mut out, b"IEND", b"");
    out
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let named = [kind.as_slice(), data].concat();
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&named);
    out.extend_from_slice(&crc32(&named).to_be_bytes());
}

/// A zlib stream (RFC 1950) of one stored block (RFC 1951 section 3.2.4): up to 65,535 octets.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for octet in data {
        a = (a + u32::from(*octet)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

/// A PDF of one page with one line (ISO 32000-1 section 7.5).
pub(super) fn pdf(line: &str) -> Vec<u8> {
    let shown: String = line
        .chars()
        .filter(|c| c.is_ascii() && !"()\\".contains(*c))
        .collect();
    let content = format!("BT /F1 14 Tf 60 780 Td ({shown}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (object, number) in objects.iter().zip(1..) {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        let _ = write!(out, "{number} 0 obj\n{object}\nendobj\n");
    }
    let at = out.len();
    let _ = write!(
        out,
        "{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n",
        objects.len() + 1
    );
    out.into_bytes()
}

/// The empty archive: an end of central directory record alone.
pub(super) fn zip() -> Vec<u8> {
    [b"PK\x05\x06".as_slice(), &[0; 18]].concat()
}

/// Looks like CMS (RFC 5652): ContentInfo with the content type whose last arc is `arc`
/// (2 signed, 3 enveloped), around octets that mean nothing.
pub(super) fn cms(arc: u8, length: u16, chance: &mut Chance) -> Vec<u8> {
    let oid = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, arc];
    let tagged = |tag: u8, content: &[u8]| {
        let [high, low] = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
        [&[tag, 0x82, high, low], content].concat()
    };
    let inner = tagged(0x30, &chance.octets(usize::from(length)));
    tagged(0x30, &[oid.as_slice(), &tagged(0xA0, &inner)].concat())
}

/// TNEF (MS-OXTNEF): signature, key, version and code page, no more.
pub(super) fn tnef() -> Vec<u8> {
    let attribute = |id: u32, data: &[u8]| {
        let sum = data
            .iter()
            .fold(0_u16, |sum, b| sum.wrapping_add(u16::from(*b)));
        let length = u32::try_from(data.len()).unwrap_or(0).to_le_bytes();
        let head = [&[1], id.to_le_bytes().as_slice(), &length].concat();
        [head, data.to_vec(), sum.to_le_bytes().to_vec()].concat()
    };
    let head = [0x223E_9F78_u32.to_le_bytes().as_slice(), &[1, 0]].concat();
    let version = attribute(0x0008_9006, &[0, 0, 1, 0]);
    let code_page = attribute(0x0006_9007, &[0xE4, 4, 0, 0, 0, 0, 0, 0]);
    [head, version, code_page].concat()
}

/// A meeting (RFC 5545, RFC 5546): `method` is REQUEST, REPLY or CANCEL; `start` in Unix seconds.
pub(super) fn calendar(method: &str, uid: &str, summary: &str, start: i64) -> String {
    let at = |seconds| {
        chrono::DateTime::from_timestamp(seconds, 0)
            .map_or_else(String::new, |at| at.format("%Y%m%dT%H%M%SZ").to_string())
    };
    let answer = match method {
        "REPLY" => "ACCEPTED",
        _ => "NEEDS-ACTION",
    };
    let status = match method {
        "CANCEL" => "CANCELLED",
        _ => "CONFIRMED",
    };
    format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Beispiel GmbH//Kalender//DE\nMETHOD:{method}\n\
         BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:{}\nDTSTART:{}\nDTEND:{}\nSUMMARY:{summary}\n\
         LOCATION:Raum 2.17\nSTATUS:{status}\nSEQUENCE:0\nORGANIZER;CN=Clara Conrad:mailto:clara.conrad@example.net\n\
         ATTENDEE;CN=Anna Albrecht;PARTSTAT={answer};RSVP=TRUE:\n mailto:anna@example.com\n\
         END:VEVENT\nEND:VCALENDAR\n",
        at(start - 86_400),
        at(start),
        at(start + 3_600)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_and_offsets_are_right() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert!(png(2, [1, 2, 3]).ends_with(b"IEND\xAE\x42\x60\x82"));
        let pdf = String::from_utf8(pdf("Rechnung (1)")).unwrap();
        let at: usize = pdf
            .rsplit("startxref\n")
            .next()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(pdf[at..].starts_with("xref\n0 6\n"));
        let third: usize = pdf[at..].lines().nth(5).unwrap()[..10].parse().unwrap();
        assert!(pdf[third..].starts_with("3 0 obj\n"));
    }

    #[test]
    fn cms_lengths_close() {
        let blob = cms(2, 700, &mut Chance::new(3));
        assert_eq!(
            usize::from(u16::from_be_bytes([blob[2], blob[3]])),
            blob.len() - 4
        );
        assert_eq!(tnef()[..4], [0x78, 0x9F, 0x3E, 0x22]);
    }
}
