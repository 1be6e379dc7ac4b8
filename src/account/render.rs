//! Renderings of one message (pure).
//!
//! Exchange makes the MIME anew at each download (surprise 13): generated boundaries, and `X-MS-*` fields
//! of the header, may be other ones; nothing else may. A rendering is the one that was served only if
//! its header tells the same and its SHA-256 is the same: [`rebuild`] compares the header fields, puts the kept header
//! block and boundaries in, and proves the result.

use super::{Error, Result};
use crate::{
    mime::{self, Body, Structure},
    store::messages::Served,
};
use std::borrow::Cow;

/// Facts of normalised octets, to be kept as served, and their structure.
pub fn facts(octets: &[u8]) -> Result<(Served, Structure)> {
    let structure = mime::parse(octets);
    let header = octets.get(structure.header.clone()).unwrap_or_default();
    let served = Served {
        size: octets.len() as u64,
        sha256: sha256(octets),
        header: header.to_vec(),
        boundaries: boundaries(&structure).join("\n"),
        structure: serde_json::to_string(&structure).map_err(Error::Facts)?,
    };
    Ok((served, structure))
}

/// The structure kept in [`Served::structure`] (JSON).
pub fn structure(served: &Served) -> Result<Structure> {
    serde_json::from_str(&served.structure).map_err(Error::Facts)
}

pub fn sha256(octets: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, octets);
    let mut sum = [0; 32];
    sum.copy_from_slice(digest.as_ref());
    sum
}

/// The boundaries of all multiparts, outermost first, in order of appearance. A
/// boundary of octets that are not UTF-8 is kept with replacement characters: it then proves nothing.
fn boundaries(structure: &Structure) -> Vec<String> {
    let mut found = Vec::new();
    collect(structure, &mut found);
    found
}

fn collect(part: &Structure, found: &mut Vec<String>) {
    match &part.content {
        Body::Leaf => {}
        Body::Message(inner, _) => collect(inner, found),
        Body::Multipart(parts) => {
            found.push(boundary(part).map_or_else(String::new, Cow::into_owned));
            parts.iter().for_each(|part| collect(part, found));
        }
    }
}

fn boundary(part: &Structure) -> Option<Cow<'_, str>> {
    let (_, value) = part
        .params
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    Some(String::from_utf8_lossy(value))
}

/// Whether nothing is missing at the end: the outermost multipart has its closing delimiter (RFC 2046
/// section 5.1.1). A message of one part tells nothing; the transfer's own end must do there.
pub fn looks_whole(octets: &[u8], structure: &Structure) -> bool {
    if octets.is_empty() {
        return false;
    }
    let (Body::Multipart(_), Some(boundary)) = (&structure.content, boundary(structure)) else {
        return true;
    };
    let close = format!("--{boundary}--");
    let body = octets.get(structure.body.clone()).unwrap_or_default();
    body.split(|&octet| octet == b'\n')
        .any(|line| line.starts_with(close.as_bytes()))
}

/// The octets that were served, made of a later rendering: the kept header block, and the body with its
/// boundaries put back. `None` when the fresh header tells anything else (the SHA-256 cannot: the kept block is in
/// it), or the SHA-256 is not that of what was served.
pub fn rebuild(served: &Served, octets: &[u8]) -> Option<Vec<u8>> {
    let structure = mime::parse(octets);
    let header = octets.get(structure.header.clone()).unwrap_or_default();
    if !same_header(&served.header, header) {
        return None;
    }
    let fresh = boundaries(&structure);
    let kept: Vec<&str> = match served.boundaries.as_str() {
        "" => Vec::new(),
        list => list.split('\n').collect(),
    };
    if fresh.len() != kept.len() {
        return None;
    }
    let mut pairs: Vec<(&[u8], &[u8])> = fresh
        .iter()
        .zip(kept)
        .map(|(fresh, kept)| (fresh.as_bytes(), kept.as_bytes()))
        .filter(|(fresh, _)| !fresh.is_empty())
        .collect();
    // The longest first: one boundary may begin like another.
    pairs.sort_by_key(|(fresh, _)| std::cmp::Reverse(fresh.len()));
    let mut rebuilt = served.header.clone();
    let body = octets.get(structure.body).unwrap_or_default();
    replace_all(body, &pairs, &mut rebuilt);
    (rebuilt.len() as u64 == served.size && sha256(&rebuilt) == served.sha256).then_some(rebuilt)
}

/// Whether two header blocks differ in nothing but what each rendering makes anew.
fn same_header(kept: &[u8], fresh: &[u8]) -> bool {
    told(kept).eq(told(fresh))
}

/// What a header block tells, field by field, without what each rendering makes anew.
fn told(header: &[u8]) -> impl Iterator<Item = Told<'_>> {
    mime::header::fields(header)
        .filter(|field| {
            let start = field.name.get(..TRACE.len()).unwrap_or_default();
            !start.eq_ignore_ascii_case(TRACE)
        })
        .map(|field| match field.is("Content-Type") {
            true => Told::Type(content_type(field.raw)),
            false => Told::Field(field.raw),
        })
}

/// Fields of Exchange's own begin so; it writes them for each rendering.
const TRACE: &[u8] = b"X-MS-";

#[derive(PartialEq)]
enum Told<'a> {
    /// As it stands, with its line ends.
    Field(&'a [u8]),
    /// Media type, subtype, and the parameters without the boundary. Not as it stands: a boundary of another
    /// length folds the field elsewhere.
    Type((String, String, Vec<mime::Param>)),
}

fn content_type(field: &[u8]) -> (String, String, Vec<mime::Param>) {
    let Structure {
        media_type: (kind, subtype),
        mut params,
        ..
    } = mime::parse(field);
    params.retain(|(name, _)| !name.eq_ignore_ascii_case("boundary"));
    (kind, subtype, params)
}

fn replace_all(body: &[u8], pairs: &[(&[u8], &[u8])], out: &mut Vec<u8>) {
    let mut rest = body;
    while let Some((&first, tail)) = rest.split_first() {
        match pairs.iter().find(|(fresh, _)| rest.starts_with(fresh)) {
            Some((fresh, kept)) => {
                out.extend_from_slice(kept);
                rest = rest.get(fresh.len()..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(trace: &str, outer: &str, inner: &str, text: &str) -> Vec<u8> {
        format!(
            "From: a@example.com\r\nX-MS-Exchange-Trace: {trace}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"{outer}\"\r\n\r\n\
             --{outer}\r\nContent-Type: multipart/alternative; boundary=\"{inner}\"\r\n\r\n\
             --{inner}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--{inner}--\r\n\r\n--{outer}--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn generated_boundaries_and_trace_fields_are_put_back() {
        let first = mail("1", "_000_A", "_000_A_b", "Hallo");
        let (served, _) = facts(&first).unwrap();
        assert_eq!(served.boundaries, "_000_A\n_000_A_b");
        assert_eq!(served.size, first.len() as u64);
        let later = mail("another, longer one", "_000_XYZ", "_000_XYZ_long", "Hallo");
        assert_eq!(rebuild(&served, &later), Some(first));
    }

    #[test]
    fn other_text_is_other_content() {
        let (served, _) = facts(&mail("1", "a", "b", "Hallo")).unwrap();
        assert_eq!(rebuild(&served, &mail("1", "a", "b", "Hullo")), None);
        assert_eq!(rebuild(&served, b"Subject: x\r\n\r\nHallo\r\n"), None);
    }

    #[test]
    fn another_header_is_other_content_though_the_body_is_the_same() {
        let first = text(&mail("1", "_000_A", "_000_A_b", "Hallo"));
        let (served, _) = facts(first.as_bytes()).unwrap();
        let later = text(&mail("2", "_000_XYZ", "_000_XYZ_b", "Hallo"));
        assert!(rebuild(&served, later.as_bytes()).is_some());
        let to = "To: b@example.com\r\nMIME-Version";
        for (was, is) in [
            ("a@example.com", "b@example.com"),
            ("From: a@example.com\r\n", ""),
            ("From: a@", "From:  a@"),
            ("MIME-Version", to),
            (
                "MIME-Version: 1.0\r\n",
                "MIME-Version: 1.0\r\nX-Mail: 1\r\n",
            ),
            ("multipart/mixed", "multipart/related"),
            ("multipart/mixed;", "multipart/mixed; type=x;"),
        ] {
            let edited = later.replacen(was, is, 1);
            assert_ne!(edited, later);
            assert_eq!(rebuild(&served, edited.as_bytes()), None, "{was} {is}");
        }
        let swapped = later.replacen("MIME-Version: 1.0\r\n", "", 1);
        let swapped = format!("MIME-Version: 1.0\r\n{swapped}");
        assert_eq!(rebuild(&served, swapped.as_bytes()), None, "another order");
    }

    #[test]
    fn what_each_rendering_makes_anew_is_no_other_content() {
        let first = mail("1", "_000_A", "_000_A_b", "Hallo");
        let (served, _) = facts(&first).unwrap();
        let later = text(&mail("1", "_000_XYZ", "_000_XYZ_b", "Hallo"));
        for (was, is) in [
            ("X-MS-Exchange-Trace: 1\r\n", ""),
            ("MIME-Version", "x-ms-other: 1\r\n\tfolded\r\nMIME-Version"),
            ("mixed; boundary", "mixed;\r\n\tboundary"),
        ] {
            let other = later.replacen(was, is, 1);
            assert_ne!(other, later);
            let rebuilt = rebuild(&served, other.as_bytes());
            assert_eq!(rebuilt.as_ref(), Some(&first), "{was} {is}");
        }
    }

    fn text(octets: &[u8]) -> String {
        String::from_utf8(octets.to_vec()).unwrap()
    }

    #[test]
    fn a_cut_multipart_shows() {
        let whole = mail("1", "a", "b", "Hallo");
        assert!(looks_whole(&whole, &mime::parse(&whole)));
        let cut = &whole[..whole.len() - 9];
        assert!(!looks_whole(cut, &mime::parse(cut)));
        let text = b"Subject: x\r\n\r\nHallo";
        assert!(looks_whole(text, &mime::parse(text)));
        assert!(!looks_whole(b"", &mime::parse(b"")));
    }

    #[test]
    fn the_structure_survives_being_kept() {
        let octets = mail("1", "a", "b", "Hallo");
        let (served, parsed) = facts(&octets).unwrap();
        assert_eq!(structure(&served).unwrap(), parsed);
    }
}
