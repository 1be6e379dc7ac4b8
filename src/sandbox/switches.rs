//! Named switches: settings, and both answers where the service is unpredictable or the dossier knows two.
//!
//! One table for each part of the service, in the files below; `GET /switch` of the admin API shows them
//! all with the present values, and `docs/sandbox.md` lists them (a test holds it to that).

mod api;
mod delta;
mod entra;
mod folders;
mod messages;
mod sending;

use serde_json::{Map, Value, json};

#[derive(Debug)]
struct Switch {
    name: &'static str,
    /// JSON, as everything here.
    default: &'static str,
    /// The other answers that clients must live with: the suites run under each. Empty for a mere setting.
    others: &'static [&'static str],
    what: &'static str,
}

const fn switch(
    name: &'static str,
    default: &'static str,
    others: &'static [&'static str],
    what: &'static str,
) -> Switch {
    Switch {
        name,
        default,
        others,
        what,
    }
}

const PARTS: [(&str, &[Switch]); 6] = [
    ("entra", entra::TABLE),
    ("api", api::TABLE),
    ("folders", folders::TABLE),
    ("delta", delta::TABLE),
    ("messages", messages::TABLE),
    ("sending", sending::TABLE),
];

fn all() -> impl Iterator<Item = &'static Switch> {
    PARTS.into_iter().flat_map(|(_, table)| table)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

#[derive(Debug)]
pub(super) struct Switches {
    values: Map<String, Value>,
}

impl Switches {
    pub(super) fn new() -> Self {
        let values = all().map(|s| (s.name.to_owned(), json_of(s.default)));
        Self {
            values: values.collect(),
        }
    }

    /// Sets a switch. An unknown name is an error that lists the known ones.
    pub(super) fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        match self.values.get_mut(name) {
            Some(slot) => {
                *slot = value;
                Ok(())
            }
            None => Err(format!("no switch {name:?}; there are {}", names())),
        }
    }

    /// Back to the default of every switch.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    pub(super) fn on(&self, name: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|v| *v == Value::Bool(true))
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.values.get(name).and_then(Value::as_bool)
    }

    /// A number of either sign.
    pub(super) fn signed(&self, name: &str) -> i64 {
        let number = self.values.get(name).and_then(Value::as_i64);
        number
            .unwrap_or(0)
            .clamp(-1_000_000_000_000, 1_000_000_000_000)
    }

    /// Never so large that a time computed from it overflows.
    pub(super) fn number(&self, name: &str) -> u64 {
        let number = self.values.get(name).and_then(Value::as_u64);
        number.unwrap_or(0).min(1_000_000_000_000)
    }

    pub(super) fn value(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.value(name).as_str().unwrap_or("")
    }

    /// Takes one off a counting switch; true if there was one.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let left = self.number(name);
        if left > 0 {
            self.values.insert(name.to_owned(), json!(left - 1));
        }
        left > 0
    }

    pub(super) fn list(&self) -> Value {
        let parts = PARTS.into_iter();
        let switches = parts.flat_map(|(part, table)| table.iter().map(move |s| (part, s)));
        switches
            .map(|(part, s)| {
                let others: Vec<_> = s.others.iter().map(|o| json_of(o)).collect();
                json!({
                    "name": s.name, "value": self.value(s.name), "default": json_of(s.default),
                    "others": others, "part": part, "what": s.what,
                })
            })
            .collect()
    }
}

fn names() -> String {
    let names: Vec<_> = all().map(|s| s.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_json_and_unknown_names_are_refused() {
        let mut names = std::collections::BTreeSet::new();
        for switch in all() {
            assert!(names.insert(switch.name), "{} twice", switch.name);
            for text in std::iter::once(&switch.default).chain(switch.others) {
                assert!(
                    serde_json::from_str::<Value>(text).is_ok(),
                    "{}: {text}",
                    switch.name
                );
            }
            assert!(
                !switch.others.contains(&switch.default),
                "{}: the default is no other answer",
                switch.name
            );
        }
        let mut switches = Switches::new();
        assert!(switches.set("delta-teeth", json!(1)).is_err());
        switches.set("slow-down", json!(1)).unwrap();
        assert!(switches.take("slow-down"));
        assert!(!switches.take("slow-down"));
        assert_eq!(switches.number("delta-page-cap"), 1000);
    }
}
