//! How exactly our rules fire: for each family the share of files with the same rules as often as the official ones, never less than
//! `tests/invoice/floor.txt` says.
//!
//! ```text
//! cargo test --test invoice -- --nocapture exactness                         the table
//! INVOICE_RULE=BR-CO-10 cargo test --test invoice -- --nocapture exactness   every file where this rule (or family) differs
//! INVOICE_FILE=01.01a  cargo test --test invoice -- --nocapture exactness    every difference in these files
//! INVOICE_RECORD=1     cargo test --test invoice -- --nocapture exactness    writes the floor anew
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use postern::invoice::{check, report::Layer};

use crate::expected::{Expected, Rules, expected, family, shared};

/// family: (exact, files where it fires in either)
type Shares = BTreeMap<String, (usize, usize)>;

fn floor_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invoice/floor.txt")
}

#[derive(Default)]
struct Tally {
    shares: Shares,
    /// rule: (files where it is missing, files where it is too much)
    rules: BTreeMap<String, (usize, usize)>,
}

impl Tally {
    fn count(&mut self, name: &str, exact: bool) {
        let share = self.shares.entry(name.to_owned()).or_default();
        share.0 += usize::from(exact);
        share.1 += 1;
    }

    fn compare(&mut self, file: &str, want: &Rules, have: &Rules) {
        let ids: BTreeSet<&String> = want.keys().chain(have.keys()).collect();
        let mut families: BTreeMap<&str, bool> = BTreeMap::new();
        for id in ids {
            let (w, h) = (
                want.get(id).copied().unwrap_or(0),
                have.get(id).copied().unwrap_or(0),
            );
            *families.entry(family(id)).or_insert(true) &= w == h;
            if w == h {
                continue;
            }
            let rule = self.rules.entry(id.clone()).or_default();
            if w > h {
                rule.0 += 1;
            } else {
                rule.1 += 1;
            }
            let asked = env::var("INVOICE_RULE").is_ok_and(|r| r == *id || r == family(id))
                || env::var("INVOICE_FILE").is_ok_and(|f| file.contains(&f));
            if asked {
                eprintln!("{file}: {id} should fire {w} times, fires {h}");
            }
        }
        for (name, exact) in families {
            self.count(name, exact);
        }
    }
}

fn one(tally: &mut Tally, dir: &Path, want: &Expected) {
    let octets = fs::read(dir.join("dev").join(&want.file)).unwrap();
    let have = match check::check(&octets) {
        Ok(have) => have,
        Err(e) => panic!("{} cannot be read: {e}", want.file),
    };
    let scenario = have.scenario.map_or("none", |s| s.name());
    assert_eq!(scenario, want.scenario, "{}", want.file);
    let all = || have.findings.iter().chain(&have.others);
    let valid = !all().any(|f| f.layer == Layer::Xsd);
    tally.count("= xsd", valid == want.valid);
    if valid != want.valid && env::var("INVOICE_RULE").is_ok_and(|r| r == "xsd") {
        let first = all().find(|f| f.layer == Layer::Xsd);
        eprintln!(
            "{}: should be valid: {}; {:?}",
            want.file, want.valid, first
        );
    }
    tally.count("= verdict", have.verdict.name() == want.verdict);
    if want.valid {
        let mut fired = Rules::new();
        for finding in all().filter(|f| f.layer != Layer::Xsd && f.layer != Layer::Fx) {
            *fired.entry(finding.rule.clone()).or_default() += 1;
        }
        tally.compare(&want.file, &want.rules, &fired);
        tally.count("= all rules", want.rules == fired);
    } else if !want.stopped && env::var("INVOICE_RULE").is_ok_and(|r| r == "verdict") {
        eprintln!("{}: informative only, the schema rejects it", want.file);
    }
    let errors: BTreeSet<&str> = have
        .findings
        .iter()
        .filter(|f| {
            f.layer != Layer::Xsd && f.effective == postern::invoice::report::Severity::Fatal
        })
        .map(|f| f.rule.as_str())
        .collect();
    let wanted: BTreeSet<&str> = want
        .effective
        .iter()
        .map(String::as_str)
        .filter(|r| *r != "XSD")
        .collect();
    if want.valid && have.scenario.is_some() {
        tally.count("= effective errors", errors == wanted);
    }
}

#[test]
fn exactness() {
    let Some(dir) = shared() else { return };
    let mut tally = Tally::default();
    for want in expected(&dir) {
        one(&mut tally, &dir, &want);
    }
    let mut differing: Vec<_> = tally.rules.iter().collect();
    differing.sort_by_key(|(_, (missing, extra))| std::cmp::Reverse(missing + extra));
    for (rule, (missing, extra)) in differing.iter().take(60) {
        eprintln!("{rule:24} too seldom in {missing:4} files, too often in {extra:4}");
    }
    let mut table = String::new();
    for (name, (exact, of)) in &tally.shares {
        table += &format!("{name}: {exact} of {of}\n");
        eprintln!(
            "{name:24} {exact:5} of {of:5}  {:6.2} %",
            100.0 * *exact as f64 / *of as f64
        );
    }
    if env::var_os("INVOICE_RECORD").is_some() {
        fs::write(floor_file(), table).unwrap();
        return;
    }
    let floor = fs::read_to_string(floor_file()).unwrap();
    for line in floor.lines() {
        let (name, share) = line.rsplit_once(": ").unwrap();
        let (exact, of) = share.split_once(" of ").unwrap();
        // A family that fired too often had more files then; what must not fall is the number of exact ones, unless all that are left are exact.
        let least: usize = exact.parse().unwrap();
        let (have, total) = tally.shares.get(name).copied().unwrap_or_default();
        assert!(
            have >= least || have == total,
            "{name}: {have} of {total} exact, {least} of {of} before"
        );
    }
}
