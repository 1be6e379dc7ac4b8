//! Any octets: XML and PDF readers, schema, rules, model and pages never panic, and what the reader gives is consistent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use postern::invoice::{check, json, model, open, page, words, words::Language};

fuzz_target!(|octets: &[u8]| {
    let opened = match open::open(octets) {
        Ok(opened) => opened,
        Err(why) => {
            json::unreadable("f", &why);
            return;
        }
    };
    let root = opened.tree.root();
    assert_eq!(root.descendants().count() + 1, opened.tree.len());
    for el in opened.tree.elements() {
        assert!(el.children().all(|c| c.parent() == Some(el)));
        assert!(el.line() >= 1);
    }
    root.string();
    let checked = check::check_tree(&opened.tree);
    json::checked("f", &checked, true);
    words::html("f", &checked, true, Language::German);
    let read = model::read(&opened.tree, opened.syntax);
    page::html(&read, Language::English);
    page::text(&read, Language::German);
});
