//! The fragments of CEN's unit tests for UBL: each names rules that it fires and rules that it does not.

use std::{collections::BTreeSet, fs};

use postern::invoice::{
    report::Layer,
    rules::{self, Syntax},
    tree::Tree,
};

use crate::expected::shared;

/// The documents of a test set, as they stand in it.
fn documents(set: &str) -> Vec<&str> {
    // Not <testSet>.
    let tests = set.split("<test").filter(|t| t.starts_with(['>', ' ']));
    let document = |test: &'_ str| -> (usize, usize) {
        for element in ["Invoice", "CreditNote", "ns:CreditNote", "ns:Invoice"] {
            let Some(from) = test.find(&format!("<{element}")) else {
                continue;
            };
            let close = format!("</{element}>");
            let to = match test.rfind(&close) {
                Some(to) => to + close.len(),
                None => from + test[from..].find("/>").unwrap() + 2,
            };
            return (from, to);
        }
        panic!("a test without document: {test}");
    };
    tests
        .map(|test| (test, document(test)))
        .map(|(test, (from, to))| &test[from..to])
        .collect()
}

#[test]
fn fragments() {
    let Some(dir) = shared() else { return };
    let table = fs::read_to_string(dir.join("expected-dev-cen-unit.tsv")).unwrap();
    let mut exact = 0;
    let mut wrong = Vec::new();
    for line in table.lines().skip(1) {
        let c: Vec<&str> = line.split('\t').collect();
        let set = fs::read_to_string(dir.join("dev-cen-unit").join(c[0])).unwrap();
        let document = documents(&set)[c[1].parse::<usize>().unwrap()];
        let tree = Tree::parse(document.as_bytes()).unwrap();
        let out = rules::run(&tree, Syntax::of(tree.root()).unwrap());
        let en = out.fired().iter().filter(|f| f.rule.layer == Layer::En);
        let fired: BTreeSet<&str> = en.map(|f| f.rule.id).collect();
        let wanted: BTreeSet<&str> = c[5]
            .split_whitespace()
            .map(|w| w.split('*').next().unwrap())
            .collect();
        let author = c[4].split_whitespace().all(|id| fired.contains(id))
            && !c[3].split_whitespace().any(|id| fired.contains(id));
        if fired == wanted && author {
            exact += 1;
        } else {
            let differing: Vec<_> = fired.symmetric_difference(&wanted).collect();
            wrong.push(format!("{} {}: {differing:?}", c[0], c[1]));
        }
    }
    eprintln!("{exact} fragments exact");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(exact > 700);
}
