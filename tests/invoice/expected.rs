//! The data set: `expected-dev.tsv` and the files below `dev/`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Rule id and how often it fires.
pub(crate) type Rules = BTreeMap<String, usize>;

pub(crate) struct Expected {
    pub(crate) file: String,
    pub(crate) scenario: String,
    pub(crate) valid: bool,
    /// All layers, raw.
    pub(crate) rules: Rules,
    pub(crate) effective: Vec<String>,
    pub(crate) verdict: String,
    /// The official stylesheet stopped.
    pub(crate) stopped: bool,
}

/// `../shared/invoice`; `None`, loudly, where it is missing.
pub(crate) fn shared() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/invoice");
    if dir.is_dir() {
        return Some(dir);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing, and this is CI",
        dir.display()
    );
    eprintln!("SKIPPED: {} is missing", dir.display());
    None
}

/// `ID*3 OTHER` as counts.
pub(crate) fn rules(text: &str) -> Rules {
    let mut rules = Rules::new();
    for word in text.split_whitespace() {
        let (id, times) = word.split_once('*').unwrap_or((word, "1"));
        *rules.entry(id.to_owned()).or_default() += times.parse::<usize>().unwrap();
    }
    rules
}

pub(crate) fn expected(dir: &Path) -> Vec<Expected> {
    let text = fs::read_to_string(dir.join("expected-dev.tsv")).unwrap();
    let all = text.lines().skip(1).map(|line| {
        let c: Vec<&str> = line.split('\t').collect();
        Expected {
            file: c[0].to_owned(),
            scenario: c[7].to_owned(),
            valid: c[8] == "valid",
            rules: rules(&c[9..14].join(" ")),
            effective: c[14]
                .split_whitespace()
                .filter(|w| *w != "-")
                .map(|w| w.split('*').next().unwrap().to_owned())
                .collect(),
            verdict: c[15].to_owned(),
            stopped: !c[17].is_empty(),
        }
    });
    all.collect()
}

/// `BR-CO-10` is of `BR-CO`, `PEPPOL-EN16931-R001` of `PEPPOL-EN16931`.
pub(crate) fn family(rule: &str) -> &str {
    rule.rsplit_once('-').map_or(rule, |(family, _)| family)
}
