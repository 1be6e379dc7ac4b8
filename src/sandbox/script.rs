//! A script: who is there, which switches stand how, which faults come. TOML, as people write it; its
//! format is in docs/sandbox.md.
//!
//! Mistakes are all told at once, each with its line and key.

use super::{
    faults::{Fault, Wrong},
    switches::Switches,
};
use serde_json::{Map, Value};
use std::fmt;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

const KEYS: &[&str] = &["messages", "switches", "fault"];
/// What fits into the numbers of ids.
const MOST_MESSAGES: i64 = 5_000_000;

/// What a sandbox is told at its start.
#[derive(Debug, Default)]
pub struct Script {
    /// One mailbox of so many messages, instead of the demo's tenant.
    pub messages: Option<usize>,
    pub(super) switches: Vec<(String, Value)>,
    pub(super) faults: Vec<Fault>,
}

/// All that is wrong with a script; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    /// From 1.
    line: usize,
    key: String,
    what: String,
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Mistake { line, key, what }) in self.0.iter().enumerate() {
            let newline = if n > 0 { "\n" } else { "" };
            let key = if key.is_empty() {
                String::new()
            } else {
                format!(", {key}")
            };
            write!(f, "{newline}line {line}{key}: {what}")?;
        }
        Ok(())
    }
}

impl Script {
    /// Reads a script's text.
    pub fn read(text: &str) -> Result<Self, Mistakes> {
        let mut reader = Reader {
            text,
            mistakes: Vec::new(),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            reader.complain(at, "", format!("not TOML: {}", error.message()));
        }
        let mut script = Self::default();
        if errors.is_empty() {
            for (key, value) in table.get_ref() {
                reader.top(&mut script, key, value);
            }
        }
        reader.mistakes.sort_by_key(|mistake| mistake.line);
        match reader.mistakes.is_empty() {
            true => Ok(script),
            false => Err(Mistakes(reader.mistakes)),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn complain(&mut self, at: usize, key: &str, what: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        self.mistakes.push(Mistake {
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            what: what.into(),
        });
    }

    fn top(
        &mut self,
        script: &mut Script,
        key: &Spanned<impl AsRef<str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let at = key.span().start;
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("messages", value) => match json(value).as_i64() {
                Some(count @ 0..=MOST_MESSAGES) => script.messages = usize::try_from(count).ok(),
                _ => {
                    let what = format!("write a whole number from 0 to {MOST_MESSAGES}");
                    self.complain(at, "messages", what);
                }
            },
            ("switches", DeValue::Table(table)) => {
                let mut known = Switches::new();
                for (name, value) in table {
                    let value = json(value.get_ref());
                    let set = known.set(name.get_ref(), value.clone());
                    match set {
                        Ok(()) => script.switches.push((name.get_ref().to_string(), value)),
                        Err(why) => {
                            let key = format!("switches.{}", name.get_ref());
                            self.complain(name.span().start, &key, why);
                        }
                    }
                }
            }
            ("switches", _) => self.complain(at, "switches", "write a table: [switches]"),
            ("fault", DeValue::Array(list)) => {
                for one in list {
                    self.fault(script, one);
                }
            }
            ("fault", _) => self.complain(at, "fault", "write a table for each: [[fault]]"),
            (other, _) => {
                let what = format!("no such key; there are {}", KEYS.join(", "));
                self.complain(at, other, what);
            }
        }
    }

    fn fault(&mut self, script: &mut Script, one: &Spanned<DeValue<'_>>) {
        let DeValue::Table(table) = one.get_ref() else {
            self.complain(
                one.span().start,
                "fault",
                "write a table for each: [[fault]]",
            );
            return;
        };
        match Fault::read(&json(one.get_ref())) {
            Ok(fault) => script.faults.push(fault),
            Err(Wrong { key, what }) => {
                let place = table.iter().find(|(name, _)| *name.get_ref() == key);
                let at = place.map_or(one.span().start, |(name, _)| name.span().start);
                self.complain(at, &format!("fault.{key}"), what);
            }
        }
    }
}

/// TOML as the JSON that the admin API takes; `"null"` of a switch is written as a text.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) if text == "null" => Value::Null,
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse::<f64>();
            number.map_or(Value::Null, Value::from)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(list) => list.iter().map(|one| json(one.get_ref())).collect(),
        DeValue::Table(table) => {
            let fields = table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read() {
        let script = Script::read(
            "messages = 500_000\n[switches]\nlatency-ms = 20\ndelete-to = \"recoverable\"\n\
             throttle-retry-after = \"null\"\n\
             [[fault]]\npath = \"/delta\"\nstatus = 503\nheaders = { Retry-After = 7 }\n\
             [[fault]]\nhost = \"login\"\ndo = \"silence\"\nseconds = 0.5\nprobability = 0.1\nseed = 7\n",
        );
        let script = script.unwrap();
        assert_eq!(script.messages, Some(500_000));
        assert_eq!(script.switches.len(), 3);
        assert!(
            script
                .switches
                .contains(&("throttle-retry-after".into(), Value::Null))
        );
        assert_eq!(script.faults.len(), 2);
        let answer = script.faults[0].answer().unwrap();
        assert_eq!(
            (answer.status, answer.headers),
            (503, vec![("retry-after".to_owned(), "7".to_owned())])
        );
        assert!(Script::read("").unwrap().faults.is_empty());
    }

    #[test]
    fn mistakes_are_told_with_line_and_key() {
        let wrong = Script::read(
            "mesages = 1\nmessages = -1\n\n[switches]\nlatency = 5\n\n[[fault]]\npath = \"/x\"\n\
             sttus = 503\n\n[[fault]]\nprobability = 7\n",
        );
        let told = wrong.unwrap_err().to_string();
        let lines: Vec<_> = told.lines().map(|l| l.split(':').next().unwrap()).collect();
        assert_eq!(
            lines,
            [
                "line 1, mesages",
                "line 2, messages",
                "line 5, switches.latency",
                "line 9, fault.sttus",
                "line 12, fault.probability"
            ]
        );
        let broken = Script::read("messages = \n").unwrap_err().to_string();
        assert!(broken.starts_with("line 1: not TOML"), "{broken}");
    }
}
