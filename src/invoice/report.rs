//! Rules, and what is found: the words for it, and the collector that rules fire into.
//!
//! A [`Rule`] is a constant: identifier, layer, severity as published, terms, and a sentence in English and German that tells an accountant
//! what to change. The sentences may name values in braces, which the rule hands over: `"BT-106 is {stated}, but the lines add up to {sum}"`.

use super::tree::El;

/// The layers in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Well-formedness and the XML schema.
    Xsd,
    /// EN 16931.
    En,
    /// XRechnung.
    Xr,
    /// A Factur-X profile.
    Fx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Warning,
    Fatal,
}

/// One rule in one syntax.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub id: &'static str,
    pub layer: Layer,
    pub severity: Severity,
    /// BT and BG numbers that it speaks of.
    pub terms: &'static [&'static str],
    pub en: &'static str,
    pub de: &'static str,
}

impl Rule {
    /// The same with another severity, for the other syntax.
    pub const fn at(mut self, severity: Severity) -> Rule {
        self.severity = severity;
        self
    }
}

/// What a rule found, before it becomes a sentence.
#[derive(Debug)]
pub struct Fired {
    pub rule: &'static Rule,
    /// Document order of the element.
    pub at: u32,
    pub values: Vec<(&'static str, String)>,
}

impl Fired {
    /// Hands over a value that the sentences name in braces.
    pub fn with(&mut self, name: &'static str, value: impl ToString) -> &mut Fired {
        let mut value = value.to_string();
        if value.len() > MAX_VALUE {
            let cut = value
                .char_indices()
                .map(|(i, _)| i)
                .take_while(|i| *i <= MAX_VALUE)
                .last()
                .unwrap_or(0);
            value.truncate(cut);
            value.push('…');
        }
        self.values.push((name, value));
        self
    }
}

/// A value in a finding is for reading.
const MAX_VALUE: usize = 200;

/// More findings than this help nobody; the rest is counted.
const MAX_FIRED: usize = 20_000;

/// Collects what fires.
#[derive(Debug, Default)]
pub struct Out {
    fired: Vec<Fired>,
    dropped: Option<Fired>,
    left_out: usize,
}

impl Out {
    /// The rule fires at this element.
    pub fn fire(&mut self, rule: &'static Rule, el: El<'_>) -> &mut Fired {
        let fired = Fired {
            rule,
            at: el.order(),
            values: Vec::new(),
        };
        if self.fired.len() >= MAX_FIRED {
            self.left_out += 1;
            return self.dropped.insert(fired);
        }
        self.fired.push(fired);
        let last = self.fired.len() - 1;
        match self.fired.get_mut(last) {
            Some(fired) => fired,
            None => self.dropped.get_or_insert(Fired {
                rule,
                at: 0,
                values: Vec::new(),
            }),
        }
    }

    /// Fires unless the test holds, as `<assert test="...">` does.
    pub fn assert(&mut self, test: bool, rule: &'static Rule, el: El<'_>) {
        if !test {
            self.fire(rule, el);
        }
    }

    /// Forgets what fired of a layer.
    pub fn drop_layer(&mut self, layer: Layer) {
        self.fired.retain(|f| f.rule.layer != layer);
    }

    pub fn fired(&self) -> &[Fired] {
        &self.fired
    }

    /// How many were not kept.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

/// A finding, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: String,
    pub layer: Layer,
    /// As the rule has it.
    pub severity: Severity,
    /// After the scenario's overrides.
    pub effective: Severity,
    /// BT and BG numbers, separated by spaces.
    pub term: String,
    /// XPath.
    pub location: String,
    pub line: u32,
    pub message: String,
    pub message_de: String,
    pub values: Vec<(&'static str, String)>,
}

impl Finding {
    /// The finding that a rule's firing is, with the rule's own severity in effect.
    pub fn of(fired: &Fired, el: El<'_>) -> Finding {
        let Fired { rule, values, .. } = fired;
        Finding {
            rule: rule.id.to_owned(),
            layer: rule.layer,
            severity: rule.severity,
            effective: rule.severity,
            term: rule.terms.join(" "),
            location: el.location(),
            line: el.line(),
            message: fill(rule.en, values),
            message_de: fill(rule.de, values),
            values: values.clone(),
        }
    }
}

/// `{name}` becomes the value of that name.
fn fill(sentence: &str, values: &[(&'static str, String)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            continue;
        };
        out.push_str(
            values
                .iter()
                .find(|v| v.0 == name)
                .map_or("?", |v| v.1.as_str()),
        );
        rest = after;
    }
    out.push_str(rest);
    out
}
