//! The module map of ARCHITECTURE.md, enforced: who may import whom, what stays pure, how long a file may get.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Module, and the modules that it may import. A module that is not listed fails the test.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("invoice", &[]),
    ("sandbox", &[]),
    ("mime", &["mail"]),
    ("sasl", &["mail"]),
    ("config", &["mail"]),
    ("telemetry", &["mail"]),
    ("store", &["mail"]),
    ("gate", &["mail", "mime", "invoice"]),
    ("net", &["mail", "config"]),
    ("oauth", &["mail", "config"]),
    ("auth", &["mail", "store"]),
    ("graph", &["mail", "config", "oauth"]),
    ("account", &["mail", "mime", "store", "graph"]),
    ("spool", &["mail", "mime", "store", "graph"]),
    ("imap", &["mail", "mime", "sasl", "auth", "net", "account"]),
    (
        "smtp",
        &["mail", "mime", "sasl", "auth", "net", "spool", "gate"],
    ),
    (
        "web",
        &["mail", "auth", "net", "account", "spool", "gate", "invoice"],
    ),
    (
        "control",
        &["mail", "auth", "net", "account", "spool", "gate", "invoice"],
    ),
    ("app", ALL_BUT_CLI),
    ("cli", ALL),
    ("main", ALL),
    ("lib", ALL),
];

const ALL_BUT_CLI: &[&str] = &[
    "mail",
    "invoice",
    "sandbox",
    "mime",
    "sasl",
    "config",
    "telemetry",
    "store",
    "gate",
    "net",
    "oauth",
    "auth",
    "graph",
    "account",
    "spool",
    "imap",
    "smtp",
    "web",
    "control",
];

const ALL: &[&str] = &[
    "mail",
    "invoice",
    "sandbox",
    "mime",
    "sasl",
    "config",
    "telemetry",
    "store",
    "gate",
    "net",
    "oauth",
    "auth",
    "graph",
    "account",
    "spool",
    "imap",
    "smtp",
    "web",
    "control",
    "app",
    "cli",
];

const MAX_LINES: usize = 600;

/// Paths under `src` that stay without I/O, clock or chance: the functional core.
const PURE: &[&str] = &[
    "mail",
    "mime",
    "invoice",
    "sasl.rs",
    "imap/flow.rs",
    "imap/wire",
    "imap/view.rs",
    "imap/reply.rs",
    "account/merge.rs",
    "account/flags.rs",
    "account/names.rs",
    "account/render.rs",
    "account/write/compose.rs",
    "account/write/note.rs",
    "graph/retry.rs",
    "spool/state.rs",
    "spool/bounce.rs",
    "spool/recipients.rs",
    "spool/outgoing.rs",
    "spool/alike.rs",
    "spool/large.rs",
    "spool/skim.rs",
    "smtp/command.rs",
    "smtp/data.rs",
    "smtp/lines.rs",
    "smtp/path.rs",
    "smtp/reply.rs",
    "smtp/session.rs",
    "oauth/token.rs",
];

const EFFECTS: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Utc::now",
    "Local::now",
    "rusqlite",
    "reqwest",
    "hyper::",
    "rand::",
    "async fn",
    ".await",
];

/// Crates that one place alone may name: (crate path, where).
const ONLY_IN: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("imap_codec", "imap/wire"),
    ("mail_parser", "mime"),
];

fn sources() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(Path::new("src"), &mut files);
    files
}

/// The code with comments blanked, not cut, so that line numbers stay right.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|l| l.split("//").next().unwrap_or("").to_owned())
        .collect()
}

/// Every module that the code names by `crate::name` or `crate::{a, b::c}`, with its line.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push((line, ident(rest)));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    found.push((line, ident(list[start..i].trim())));
                    start = i + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    // Lower case only: `crate::Error` would name an item of lib.rs, not a module.
    found.retain(|(_, name)| name.starts_with(char::is_lowercase));
    found
}

fn ident(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn module_of(rel: &Path) -> String {
    let first = rel.components().next().unwrap().as_os_str();
    let first = first.to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

#[test]
fn modules_import_only_what_the_map_allows() {
    let allowed: BTreeMap<_, BTreeSet<_>> = MAY_IMPORT
        .iter()
        .map(|(m, l)| (*m, l.iter().copied().collect()))
        .collect();
    let mut wrong = Vec::new();
    for file in sources() {
        let rel = file.strip_prefix("src").unwrap();
        let module = module_of(rel);
        let code = code(&file);
        let Some(may) = allowed.get(module.as_str()) else {
            wrong.push(format!(
                "{}: module {module} is not on the map",
                file.display()
            ));
            continue;
        };
        for (line, target) in imports(&code.join("\n")) {
            if target != module && !may.contains(target.as_str()) {
                wrong.push(format!(
                    "{}:{line}: {module} may not import {target}",
                    file.display()
                ));
            }
        }
        // `super` must not be a back door to the crate root.
        let at_root = rel.components().count() == 1
            || rel.ends_with("mod.rs") && rel.components().count() == 2;
        let back_door = if at_root { "super::" } else { "super::super::" };
        for (i, line) in code.iter().enumerate() {
            if line.contains(back_door) && !line.contains("super::*") {
                wrong.push(format!(
                    "{}:{}: name the path from crate::",
                    file.display(),
                    i + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable_in_one_sitting() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|f| fs::read_to_string(f).unwrap().lines().count() > MAX_LINES)
        .collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines: {long:?}");
}

#[test]
fn the_core_has_no_effects() {
    let files = sources();
    let mut wrong = Vec::new();
    for pure in PURE {
        let dir = Path::new("src").join(pure);
        assert!(dir.exists(), "{pure} is on the list but not in src");
        for file in files.iter().filter(|f| f.starts_with(&dir)) {
            for (i, line) in code(file).iter().enumerate() {
                for word in EFFECTS.iter().filter(|w| line.contains(*w)) {
                    wrong.push(format!("{}:{}: {word} in the core", file.display(), i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn foreign_vocabularies_stay_in_their_room() {
    let mut wrong = Vec::new();
    for file in sources() {
        let rel = file.strip_prefix("src").unwrap().to_owned();
        for (word, home) in ONLY_IN {
            // The sandbox has vocabularies of its own: it shares nothing with the rest.
            if rel.starts_with(home) || rel.starts_with("sandbox") {
                continue;
            }
            for (i, line) in code(&file).iter().enumerate() {
                if line.contains(&format!("{word}::")) {
                    wrong.push(format!(
                        "{}:{}: {word} belongs in {home}",
                        file.display(),
                        i + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_map_is_read_as_meant() {
    let found =
        imports("use crate::{mail::{Uid, Flags}, store, net::tls as t};\ncrate::graph::Client");
    let names: Vec<_> = found.iter().map(|(l, n)| (*l, n.as_str())).collect();
    assert_eq!(names, [(1, "mail"), (1, "store"), (1, "net"), (2, "graph")]);
}
