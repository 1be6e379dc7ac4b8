//! Any octets: parsing never panics, ranges nest and stay in bounds, sections slice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::mime::{self, Body, Part, Section, Slice, Structure};

fn check(
    part: &Structure,
    within: &std::ops::Range<usize>,
    path: &mut Vec<u32>,
    octets: &[u8],
    whole: &Structure,
) {
    for range in [&part.header, &part.body] {
        assert!(range.start <= range.end && within.start <= range.start && range.end <= within.end);
    }
    for kind in [Part::All, Part::Header, Part::Text, Part::Mime] {
        let section = Section {
            path: path.clone(),
            part: kind,
        };
        match mime::locate(whole, &section) {
            Some(Slice::Range(range)) => assert!(octets.get(range).is_some()),
            Some(Slice::Fields(range)) => {
                let header = octets.get(range).expect("in bounds");
                mime::header_fields(header, &["subject".to_owned()], true);
            }
            None => {}
        }
    }
    match &part.content {
        Body::Leaf => {}
        Body::Multipart(parts) => {
            for (i, inner) in parts.iter().enumerate() {
                path.push(i as u32 + 1);
                check(inner, &part.body, path, octets, whole);
                path.pop();
            }
        }
        Body::Message(inner, _) => {
            path.push(1);
            check(inner, &part.body, path, octets, whole);
            path.pop();
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let octets = mime::normalize(data);
    let structure = mime::parse(&octets);
    check(
        &structure,
        &(0..octets.len()),
        &mut Vec::new(),
        &octets,
        &structure,
    );
    let header = &octets[structure.header.clone()];
    mime::envelope(header);
    mime::text::sent_date(header);
    mime::text::body_text(&octets, &structure);
});
