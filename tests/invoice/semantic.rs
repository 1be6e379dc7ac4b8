//! The model against `semantic-dev`: every business term of every published instance.

use std::{collections::BTreeMap, fs};

use postern::invoice::{decimal::Decimal, model, open::open, rules::Syntax};

use crate::expected::shared;

type Key = (String, String, String);

/// The data set's notation where it differs from the model's (its README says so): a UBL note has its code in front of the text, and a UBL
/// reference that is BT-18 or BT-11 is listed as a supporting document too.
fn expected_terms(text: &str, ubl: bool, credit: bool) -> Vec<Key> {
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(1)
        .map(|l| l.split('\t').collect())
        .collect();
    let mut twice: Vec<&str> = rows
        .iter()
        .filter(|c| c[1] == "BT-18" || (credit && c[1] == "BT-11"))
        .map(|c| c[2])
        .collect();
    let value = |term: &str| rows.iter().find(|c| c[1] == term).map(|c| c[2]);
    // The two currencies are one: so is the amount, but it is listed as both.
    let one_currency = value("BT-5") == value("BT-6");
    let mut terms = Vec::new();
    for c in &rows {
        if one_currency && c[1] == "BT-111" {
            continue;
        }
        if let Some(at) = twice
            .iter()
            .position(|t| ubl && c[1] == "BT-122" && *t == c[2])
        {
            twice.remove(at);
            continue;
        }
        let mut value = c[2];
        if ubl && c[1] == "BT-22" && value.starts_with('#') {
            let (code, rest) = value[1..].split_once('#').unwrap();
            terms.push((c[0].to_owned(), "BT-21".to_owned(), code.to_owned()));
            value = rest;
        }
        if !value.is_empty() {
            terms.push((group(c[0]), c[1].to_owned(), plain(value)));
        }
    }
    terms
}

/// Documents are compared without their number, which the doubled references shift.
fn group(path: &str) -> String {
    if path.starts_with("/BG-24[") {
        "/BG-24".to_owned()
    } else {
        path.to_owned()
    }
}

/// Numbers as numbers, white space collapsed.
fn plain(value: &str) -> String {
    let text = value.split_whitespace().collect::<Vec<_>>().join(" ");
    Decimal::parse(&text).map_or(text, |d| d.to_string())
}

#[test]
fn every_term_is_read() {
    let Some(dir) = shared() else { return };
    let (mut terms, mut wrong, mut files, mut exact, mut lost) =
        (0, Vec::new(), 0, 0, BTreeMap::new());
    for entry in fs::read_dir(dir.join("semantic-dev")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file = dir.join("dev").join(stem.replacen("__", "/", 2));
        // One suffix is written in capitals.
        let octets = fs::read(file.with_added_extension("xml"))
            .or_else(|_| fs::read(file.with_added_extension("XML")))
            .unwrap();
        let opened = open(&octets).unwrap();
        let read = model::read(&opened.tree, opened.syntax);
        for l in &read.lost {
            let place = l
                .location
                .split('/')
                .skip(2)
                .map(|s| s.split('[').next().unwrap())
                .collect::<Vec<_>>()
                .join("/");
            *lost.entry(place).or_insert(0) += 1;
        }
        let mut have: BTreeMap<Key, i32> = BTreeMap::new();
        for t in read.invoice.terms() {
            *have
                .entry((group(&t.group), t.term.to_owned(), plain(&t.value)))
                .or_default() += 1;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut bad = 0;
        // CII may carry the base quantity at both prices; what differs is told as lost.
        let two_bases = read
            .lost
            .iter()
            .any(|l| l.location.contains("ram:BasisQuantity"));
        for key in expected_terms(
            &text,
            stem.starts_with("ubl"),
            opened.syntax == Syntax::UblCreditNote,
        ) {
            terms += 1;
            if key.2.starts_with("sha256:") {
                // The hash is of code and text.
                if key.1 == "BT-22" && stem.starts_with("ubl") {
                    have.retain(|k, _| k.0 != key.0 || k.1 != "BT-21");
                }
                let long = have
                    .iter_mut()
                    .find(|(k, n)| k.0 == key.0 && k.1 == key.1 && k.2.len() > 300 && **n > 0);
                match long {
                    Some((_, n)) => *n -= 1,
                    None => wrong.push(format!("{stem}: missing {key:?}")),
                }
                continue;
            }
            match have.get_mut(&key) {
                Some(n) if *n > 0 => *n -= 1,
                _ if two_bases && key.1 == "BT-149" => {
                    have.retain(|k, _| k.0 != key.0 || k.1 != "BT-149")
                }
                _ => {
                    bad += 1;
                    wrong.push(format!("{stem}: missing {} {} {}", key.0, key.1, key.2));
                }
            }
        }
        for (key, n) in have.iter().filter(|(_, n)| **n > 0) {
            bad += 1;
            wrong.push(format!(
                "{stem}: too much ({n}) {} {} {}",
                key.0, key.1, key.2
            ));
        }
        files += 1;
        exact += usize::from(bad == 0);
    }
    for line in wrong.iter().take(80) {
        eprintln!("{line}");
    }
    if std::env::var_os("INVOICE_LOST").is_some() {
        lost.iter()
            .for_each(|(place, n)| eprintln!("lost {n} x {place}"));
    }
    eprintln!(
        "{exact} of {files} files exact; {} differences in {terms} terms",
        wrong.len()
    );
    assert!(wrong.is_empty());
}
