//! The mails that two reference servers agree on, fetched over the wire: sandbox, sync, store and server, to
//! the octet. The MIME goldens test the parsing; this tests the rendering, NIL, quoting and literals,
//! with a reader of its own.

use super::imap_stack::{Client, NOW, Stack};
use postern::sandbox::{Seeding, seed};
use ring::digest;
use serde_json::{Map, Value};
use std::{fs, path::PathBuf};

fn shared() -> Option<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/mail");
    if dir.is_dir() {
        return Some(dir);
    }
    assert!(std::env::var_os("CI").is_none(), "no {}", dir.display());
    eprintln!("SKIP: no {}: the IMAP goldens did not run", dir.display());
    None
}

fn read(path: PathBuf) -> Map<String, Value> {
    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Reads a response: atoms, numbers, strings, literals, lists.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken.to_vec()
    }

    fn skip(&mut self, octet: u8) {
        assert_eq!(self.take(1), [octet], "before {}", latin1(self.rest));
    }

    fn value(&mut self) -> Value {
        match self.rest[0] {
            b'(' => self.list(),
            b'"' => self.quoted(),
            b'{' => {
                let end = self.rest.iter().position(|b| *b == b'}').unwrap();
                let size = std::str::from_utf8(&self.rest[1..end]).unwrap();
                let size = size.parse().unwrap();
                assert_eq!(&self.take(end + 3)[end + 1..], b"\r\n");
                latin1(&self.take(size)).into()
            }
            _ => {
                let end = self.rest.iter().position(|b| b" ()".contains(b)).unwrap();
                let atom = latin1(&self.take(end));
                match (atom.as_str(), atom.parse::<u64>()) {
                    ("NIL", _) => Value::Null,
                    (_, Ok(number)) => number.into(),
                    _ => panic!("atom {atom}"),
                }
            }
        }
    }

    /// Parts of a multipart stand side by side; everything else is parted by one space.
    fn list(&mut self) -> Value {
        self.skip(b'(');
        let mut values = Vec::new();
        while self.rest[0] != b')' {
            if !values.is_empty() && self.rest[0] != b'(' {
                self.skip(b' ');
            }
            values.push(self.value());
        }
        self.skip(b')');
        values.into()
    }

    fn quoted(&mut self) -> Value {
        self.skip(b'"');
        let mut out = Vec::new();
        loop {
            match self.take(1)[0] {
                b'"' => return latin1(&out).into(),
                b'\\' => out.extend(self.take(1)),
                octet => {
                    assert!((b' '..=b'~').contains(&octet) || octet == b'\t', "{octet}");
                    out.push(octet);
                }
            }
        }
    }

    /// `NAME value` up to the closing parenthesis.
    fn items(&mut self) -> Map<String, Value> {
        self.skip(b'(');
        let mut items = Map::new();
        loop {
            let name = self.name();
            let value = self.value();
            assert!(items.insert(name.clone(), value).is_none(), "{name} twice");
            if self.rest == b")" {
                return items;
            }
            self.skip(b' ');
        }
    }

    /// A space or a parenthesis inside brackets belongs to the name.
    fn name(&mut self) -> String {
        let mut inside = false;
        let end = self.rest.iter().position(|b| {
            inside = (inside || *b == b'[') && *b != b']';
            !inside && *b == b' '
        });
        let name = latin1(&self.take(end.unwrap()));
        self.skip(b' ');
        name
    }
}

/// A value as the goldens write it: long strings as length, digest and head.
fn shortened(value: &Value) -> Value {
    let Some(text) = value.as_str().filter(|text| text.chars().count() > 300) else {
        return value.clone();
    };
    let octets: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let sha = digest::digest(&digest::SHA256, &octets);
    let hex: String = sha.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    serde_json::json!({"len": octets.len(), "sha256": hex, "head": latin1(&octets[..60])})
}

/// Letter case of media types and parameter names is no difference, nor is an implied charset.
fn folded(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(folded).collect();
            let implied = serde_json::json!(["charset", "us-ascii"]);
            values
                .into_iter()
                .map(|v| if v == implied { Value::Null } else { v })
                .collect()
        }
        Value::String(text) => text.to_ascii_lowercase().into(),
        other => other.clone(),
    }
}

async fn fetch(client: &mut Client, uid: usize, items: &str) -> Map<String, Value> {
    let command = format!("f UID FETCH {uid} ({items})\r\n");
    client.send(command.as_bytes()).await;
    let response = client.response().await;
    let head = format!("* {uid} FETCH ");
    let rest = response.strip_prefix(head.as_bytes());
    let rest = rest.unwrap_or_else(|| panic!("{}", latin1(&response)));
    let items = Reader { rest }.items();
    let tagged = client.response().await;
    assert!(tagged.starts_with(b"f OK"), "{}", latin1(&tagged));
    items
}

/// The golden's own section names as a client would ask for them.
fn ask(name: &str) -> String {
    let name = name.replace("BODY[", "BODY.PEEK[");
    match name.strip_suffix('>') {
        Some(open) => {
            let count = if open.ends_with("<0") { 100 } else { 200 };
            format!("{open}.{count}>")
        }
        None => name,
    }
}

fn check(name: &str, golden: &Map<String, Value>, got: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    for item in ["RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE"] {
        let Some(wanted) = golden.get(item) else {
            continue;
        };
        let fold = |v: &Value| {
            if item.starts_with("BODY") {
                folded(v)
            } else {
                v.clone()
            }
        };
        let deep = |v: &Value| fold(&deep_shortened(v));
        if deep(wanted) != deep(&got[item]) {
            wrong.push(format!(
                "{name} {item}\n  wanted {wanted}\n  got    {}",
                got[item]
            ));
        }
    }
    wrong
}

fn deep_shortened(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(deep_shortened).collect(),
        other => shortened(other),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wire_tells_what_the_reference_servers_tell() {
    let Some(dir) = shared() else { return };
    let opinions = read(dir.join("golden/_second-opinion.json"));
    let firm = opinions
        .iter()
        .filter(|(_, o)| o["all"] == Value::Bool(true));
    let names: Vec<_> = firm.map(|(name, _)| name.clone()).collect();
    assert_eq!(names.len(), 293);
    let mails = names
        .iter()
        .map(|name| fs::read(dir.join(format!("{name}.eml"))).unwrap());
    let tenant = seed::mailbox_of(mails.collect(), NOW);
    let stack = Stack::start(tenant, Seeding::Verbatim).await;
    let mut client = stack.log_in().await;
    let lines = client.command("EXAMINE INBOX").await;
    assert!(lines.contains(&"* 293 EXISTS".to_owned()), "{lines:?}");

    let mut wrong = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let golden = read(dir.join(format!("golden/{name}.json")));
        let items = "RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE";
        let got = fetch(&mut client, at + 1, items).await;
        wrong.extend(check(name, &golden, &got));
        let sections = golden["sections"].as_object().unwrap();
        let asked: Vec<_> = sections.keys().map(|name| ask(name)).collect();
        let got = fetch(&mut client, at + 1, &asked.join(" ")).await;
        for (section, wanted) in sections {
            let got = shortened(&got[section]);
            if got != *wanted {
                wrong.push(format!(
                    "{name} {section}\n  wanted {wanted}\n  got    {got}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
