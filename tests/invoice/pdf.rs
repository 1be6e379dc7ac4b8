//! The sample PDFs: what each carries.

use std::fs;

use postern::invoice::{
    open::{Unreadable, open},
    pdf::{self, NoInvoice},
    scenario,
};

use crate::expected::shared;

#[test]
fn every_sample_gives_its_invoice() {
    let Some(dir) = shared() else { return };
    let table = fs::read_to_string(dir.join("pdf-dev.tsv")).unwrap();
    let mut seen = 0;
    for line in table.lines().skip(1) {
        let c: Vec<&str> = line.split('\t').collect();
        let octets = fs::read(dir.join("pdf-dev").join(c[0])).unwrap();
        let mut found: Vec<String> = pdf::attachments(&octets)
            .unwrap()
            .iter()
            .map(|a| {
                let relationship = a.relationship.as_deref().unwrap_or("-");
                format!(
                    "{}|/{relationship}|/{}|{}",
                    a.name,
                    a.mime.as_deref().unwrap_or("-"),
                    a.octets.len()
                )
            })
            .collect();
        let mut expected: Vec<&str> = c[4].split(" ; ").filter(|w| *w != "-").collect();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{}", c[0]);
        match (open(&octets), c[13]) {
            (Err(e), "-") => assert_eq!(e, Unreadable::Pdf(NoInvoice::NoAttachment), "{}", c[0]),
            (Err(e), "XML error") => assert!(matches!(e, Unreadable::Xml(_)), "{}: {e}", c[0]),
            // Carries both ZUGFeRD 1, which the table names, and Factur-X, which we take.
            (Ok(o), "urn:ferd:CrossIndustryDocument:invoice:1p0:extended") => {
                assert_eq!(o.embedded.as_deref(), Some("factur-x.xml"));
            }
            (Ok(o), guideline) => {
                let found = scenario::specification(o.tree.root()).map(|e| e.text());
                assert_eq!(found, Some(guideline), "{}", c[0]);
            }
            (Err(e), guideline) => panic!("{}: {guideline} expected, but {e}", c[0]),
        }
        seen += 1;
    }
    assert!(seen >= 14);
}

#[test]
fn no_cut_and_no_flip_breaks_the_reader() {
    let Some(dir) = shared() else { return };
    let octets = fs::read(dir.join("pdf-dev/python-factur-x.pdf")).unwrap();
    for cut in (0..octets.len()).step_by(1009) {
        let _ = open(&octets[..cut]);
    }
    let mut flipped = octets.clone();
    for at in (0..octets.len()).step_by(1511) {
        flipped[at] ^= 0x55;
        let _ = open(&flipped);
    }
}
