//! Renderings of one message (pure).
//!
//! Exchange makes the MIME anew at each download (surprise 13): generated boundaries, and `X-MS-*` fields
//! of the header, may be other ones. A rendering is the one that was served only if its SHA-256 is:
//! [`rebuild`] puts the kept header block and boundaries in and proves the result.

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
/// boundaries put back. `None` when that is not proved by the SHA-256 of what was served.
pub fn rebuild(served: &Served, octets: &[u8]) -> Option<Vec<u8>> {
    let structure = mime::parse(octets);
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
