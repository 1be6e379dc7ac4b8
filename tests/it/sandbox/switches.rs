//! `docs/sandbox.md` lists what `GET /switch` lists.

use super::bed::bed;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_documentation_lists_every_switch() {
    let bed = bed(0).await;
    let shown = bed.admin("GET", "/switch", Value::Null).await;
    let listed: BTreeSet<String> = shown["switches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            let others = s["others"].as_array().unwrap().iter();
            let others: Vec<_> = others.map(|o| format!("`{o}`")).collect();
            format!(
                "| `{}` | `{}` | {} | {} |",
                s["name"].as_str().unwrap(),
                s["default"],
                others.join(", "),
                s["what"].as_str().unwrap()
            )
        })
        .collect();
    let page = std::fs::read_to_string("docs/sandbox.md").unwrap();
    let (_, section) = page.split_once("## Switches\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|l| l.starts_with("| `"));
    let documented: BTreeSet<String> = rows.map(str::to_owned).collect();
    let missing: Vec<_> = listed.difference(&documented).cloned().collect();
    let stale: Vec<_> = documented.difference(&listed).cloned().collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/sandbox.md lacks\n{}\nand still has\n{}",
        missing.join("\n"),
        stale.join("\n")
    );
    assert!(listed.len() > 40, "{}", listed.len());
}
