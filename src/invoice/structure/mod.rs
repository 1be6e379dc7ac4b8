//! The layer of the XML schema: order, cardinality, types and attributes.
//!
//! A finding's rule is the error code of XML Schema (Part 1, appendix C), as other validators tell it too. After a violation the check goes
//! on where it can: an element in the wrong place is checked by its own type, a missing one is told and passed over.
//!
//! UBL's extensions hold foreign elements. They are checked as far as they are UBL's own; the signature schemas are not in the tables.

mod simple;
mod table;

use super::{
    names::{self, Name},
    report::{Finding, Layer, Severity},
    rules::Syntax,
    scenario::Profile,
    tree::{El, Tree},
};
pub use table::Schema;
use table::{Attribute, Base, Item, Type};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// More tell nobody anything.
const MAX_FINDINGS: usize = 200;

/// What the syntax's schema says against the document; empty if it is valid.
pub fn check(tree: &Tree, syntax: Syntax) -> Vec<Finding> {
    let schema = match syntax {
        Syntax::Cii => &table::CII_D16B,
        Syntax::UblInvoice | Syntax::UblCreditNote => &table::UBL,
    };
    check_with(tree, schema)
}

/// The schema of a Factur-X profile.
pub fn of_profile(profile: Profile) -> &'static Schema {
    match profile {
        Profile::Minimum => &table::MINIMUM,
        Profile::BasicWl => &table::BASIC_WL,
        Profile::Basic => &table::BASIC,
        Profile::Extended => &table::EXTENDED,
    }
}

/// CII D22B, on which Factur-X builds.
pub fn d22b() -> &'static Schema {
    &table::CII_D22B
}

/// The EN 16931 profile of Factur-X, stricter than CII itself.
pub fn factur_x_en16931() -> &'static Schema {
    &table::EN16931
}

/// What a schema says against the document.
pub fn check_with(tree: &Tree, schema: &Schema) -> Vec<Finding> {
    let mut run = Run {
        schema,
        found: Vec::new(),
    };
    let root = tree.root();
    match schema.root(root.name()) {
        Some(number) => run.element(root, number),
        None => {
            let what = format!("<{}> is no document of {}.", root.qname(), schema.title);
            let was = format!(
                "<{}> ist kein Dokument nach {}.",
                root.qname(),
                schema.title
            );
            run.tell("cvc-elt.1", root, what, was);
        }
    }
    run.found
}

struct Run<'s> {
    schema: &'s Schema,
    found: Vec<Finding>,
}

impl Run<'_> {
    fn tell(&mut self, rule: &str, el: El<'_>, message: String, message_de: String) {
        if self.found.len() >= MAX_FINDINGS {
            return;
        }
        self.found.push(Finding {
            rule: rule.to_owned(),
            layer: Layer::Xsd,
            severity: Severity::Fatal,
            effective: Severity::Fatal,
            term: String::new(),
            location: el.location(),
            line: el.line(),
            message,
            message_de,
            values: Vec::new(),
        });
    }

    fn element(&mut self, el: El<'_>, number: u16) {
        let Some(of) = self.schema.of(number) else {
            return;
        };
        match of {
            Type::Text(text, attributes) => {
                self.attributes(el, attributes);
                self.text(el, *text);
            }
            Type::Sequence(items) => {
                self.container(el);
                self.sequence(el, items);
            }
            Type::Choice(items) => {
                self.container(el);
                self.choice(el, items);
            }
            Type::Lax => {
                self.container(el);
                self.foreign(el);
            }
        }
    }

    fn text(&mut self, el: El<'_>, of: table::Text) {
        if let Some(child) = el.children().next() {
            let what = format!(
                "<{}> holds text, no elements; remove <{}>.",
                shown(el),
                shown(child)
            );
            let was = format!(
                "<{}> enthält Text, keine Elemente; <{}> bitte entfernen.",
                shown(el),
                shown(child)
            );
            self.tell("cvc-type.3.1.2", child, what, was);
            return;
        }
        let Some(expected) = simple::wrong(el.text(), of) else {
            return;
        };
        let value = excerpt(el.text());
        let (what, was) = if el.normalized().is_empty() {
            (
                format!(
                    "<{}> is empty. Write {expected}, or leave the element out.",
                    shown(el)
                ),
                format!(
                    "<{}> ist leer. Bitte {} angeben oder das Element weglassen.",
                    shown(el),
                    german(of.base)
                ),
            )
        } else {
            (
                format!("<{}> is \"{value}\", which is not {expected}.", shown(el)),
                format!(
                    "<{}> ist „{value}“; erwartet wird {}.",
                    shown(el),
                    german(of.base)
                ),
            )
        };
        self.tell("cvc-datatype-valid.1.2.1", el, what, was);
    }

    fn attributes(&mut self, el: El<'_>, allowed: &[Attribute]) {
        for attr in el.attrs() {
            if attr.namespace == XSI {
                // `nil` only where the schema says so, and it does not.
                if attr.local == "nil" {
                    self.no_attribute(el, attr.qname);
                }
                continue;
            }
            let known = allowed
                .iter()
                .find(|a| a.name == attr.qname && attr.namespace.is_empty());
            let Some(known) = known else {
                self.no_attribute(el, attr.qname);
                continue;
            };
            let value = simple::collapsed(attr.value, known.text.base);
            let shown_value = excerpt(&value);
            if let Some(expected) = simple::wrong(attr.value, known.text) {
                let what = format!(
                    "{} of <{}> is \"{shown_value}\", which is not {expected}.",
                    attr.qname,
                    shown(el)
                );
                let was = format!(
                    "{} von <{}> ist „{shown_value}“; erwartet wird {}.",
                    attr.qname,
                    shown(el),
                    german(known.text.base)
                );
                self.tell("cvc-attribute.3", el, what, was);
            } else if let Some(fixed) = known.fixed.as_ref().filter(|f| **f != value) {
                let what = format!(
                    "{} of <{}> is \"{shown_value}\"; leave it out, or write \"{fixed}\".",
                    attr.qname,
                    shown(el)
                );
                let was = format!(
                    "{} von <{}> ist „{shown_value}“; bitte weglassen oder „{fixed}“ schreiben.",
                    attr.qname,
                    shown(el)
                );
                self.tell("cvc-attribute.4", el, what, was);
            }
        }
        for required in allowed
            .iter()
            .filter(|a| a.required && el.attr(a.name).is_none())
        {
            let what = format!("<{}> needs the attribute {}.", shown(el), required.name);
            let was = format!("<{}> braucht das Attribut {}.", shown(el), required.name);
            self.tell("cvc-complex-type.4", el, what, was);
        }
    }

    fn no_attribute(&mut self, el: El<'_>, qname: &str) {
        let what = format!("<{}> has no attribute {qname}; remove it.", shown(el));
        let was = format!(
            "<{}> hat kein Attribut {qname}; bitte entfernen.",
            shown(el)
        );
        self.tell("cvc-complex-type.3.2.2", el, what, was);
    }

    /// No text beside the children, no attributes.
    fn container(&mut self, el: El<'_>) {
        self.attributes(el, &[]);
        let stray = el.mixed() || (!el.has_children() && !el.normalized().is_empty());
        if stray {
            let what = format!(
                "<{}> holds elements; the text \"{}\" has no place there.",
                shown(el),
                excerpt(&el.normalized())
            );
            let was = format!(
                "<{}> enthält Elemente; der Text „{}“ gehört nicht hierher.",
                shown(el),
                excerpt(&el.normalized())
            );
            self.tell("cvc-complex-type.2.3", el, what, was);
        }
    }

    fn sequence(&mut self, el: El<'_>, items: &[Item]) {
        let (mut at, mut count) = (0, 0);
        for child in el.children() {
            let here = items
                .get(at)
                .is_some_and(|i| i.name == child.name() && count < i.max);
            if here {
                count += 1;
            } else {
                let from = at + 1;
                let next = items
                    .iter()
                    .enumerate()
                    .skip(from)
                    .find(|(_, i)| i.name == child.name())
                    .map(|(i, _)| i);
                let Some(next) = next else {
                    self.misplaced(el, child, items, at, count);
                    continue;
                };
                for skipped in items.get(at..next).unwrap_or(&[]) {
                    if count < skipped.min {
                        self.missing(child, el, skipped.name);
                    }
                    count = 0;
                }
                (at, count) = (next, 1);
            }
            if let Some(item) = items.get(at) {
                self.element(child, item.of);
            }
        }
        for left in items.get(at..).unwrap_or(&[]) {
            if count < left.min {
                self.missing(el, el, left.name);
            }
            count = 0;
        }
    }

    fn choice(&mut self, el: El<'_>, items: &[Item]) {
        let mut children = el.children();
        let Some(first) = children.next() else {
            if let Some(item) = items.first() {
                self.missing(el, el, item.name);
            }
            return;
        };
        match items.iter().find(|i| i.name == first.name()) {
            Some(item) => self.element(first, item.of),
            None => self.misplaced(el, first, items, 0, 0),
        }
        for more in children {
            self.misplaced(el, more, items, items.len(), 0);
        }
    }

    /// Where the element must stand is told by where it was found missing.
    fn missing(&mut self, at: El<'_>, parent: El<'_>, name: Name) {
        let what = format!("<{name}> is missing in <{}>.", shown(parent));
        let was = format!("In <{}> fehlt <{name}>.", shown(parent));
        let rule = if at == parent {
            "cvc-complex-type.2.4.b"
        } else {
            "cvc-complex-type.2.4.a"
        };
        self.tell(rule, at, what, was);
    }

    fn misplaced(&mut self, el: El<'_>, child: El<'_>, items: &[Item], at: usize, count: u32) {
        let known = items
            .iter()
            .enumerate()
            .find(|(_, i)| i.name == child.name());
        let (what, was) = match known {
            None => (
                format!(
                    "<{}> has no place in <{}>; remove it.",
                    shown(child),
                    shown(el)
                ),
                format!(
                    "<{}> gehört nicht in <{}>; bitte entfernen.",
                    shown(child),
                    shown(el)
                ),
            ),
            Some((place, item)) if place == at && count >= item.max => (
                format!(
                    "<{}> may stand {} in <{}>; remove what is too much.",
                    shown(child),
                    times(item.max, false),
                    shown(el)
                ),
                format!(
                    "<{}> darf {} in <{}> stehen; bitte den Rest entfernen.",
                    shown(child),
                    times(item.max, true),
                    shown(el)
                ),
            ),
            Some((place, _)) => {
                let before = items
                    .get(place + 1..)
                    .and_then(|r| r.iter().find(|i| el.has(i.name)));
                let before = before.map_or(names::UNKNOWN, |i| i.name);
                if before == names::UNKNOWN || at >= items.len() {
                    (
                        format!("<{}> has no place here in <{}>.", shown(child), shown(el)),
                        format!(
                            "<{}> darf hier in <{}> nicht stehen.",
                            shown(child),
                            shown(el)
                        ),
                    )
                } else {
                    (
                        format!(
                            "<{}> stands too late in <{}>; it belongs before <{before}>.",
                            shown(child),
                            shown(el)
                        ),
                        format!(
                            "<{}> steht in <{}> zu spät; es gehört vor <{before}>.",
                            shown(child),
                            shown(el)
                        ),
                    )
                }
            }
        };
        self.tell("cvc-complex-type.2.4.a", child, what, was);
        if let Some((_, item)) = known {
            self.element(child, item.of);
        }
    }

    /// Exactly one element of another namespace than UBL's extensions; UBL's own are checked.
    fn foreign(&mut self, el: El<'_>) {
        let mut children = el.children();
        let Some(first) = children.next() else {
            let what = format!("<{}> must hold an element.", shown(el));
            let was = format!("<{}> muss ein Element enthalten.", shown(el));
            return self.tell("cvc-complex-type.2.4.b", el, what, was);
        };
        let own = first.namespace() == el.namespace() || first.namespace().is_empty();
        let stray = if own { Some(first) } else { children.next() };
        if let Some(stray) = stray {
            self.misplaced(el, stray, &[], 0, 0);
        }
        self.lax(first);
    }

    fn lax(&mut self, el: El<'_>) {
        match self
            .schema
            .root(el.name())
            .or_else(|| self.schema.global(el.name()))
        {
            Some(number) => self.element(el, number),
            None => el.children().for_each(|c| self.lax(c)),
        }
    }
}

fn shown(el: El<'_>) -> String {
    match el.name() {
        names::UNKNOWN => el.qname().to_owned(),
        name => format!("{}:{}", name.prefix(), el.local()),
    }
}

fn times(n: u32, german: bool) -> String {
    match (n, german) {
        (1, false) => "only once".to_owned(),
        (1, true) => "nur einmal".to_owned(),
        (n, false) => format!("at most {n} times"),
        (n, true) => format!("höchstens {n}-mal"),
    }
}

fn german(base: Base) -> &'static str {
    match base {
        Base::String | Base::NormalizedString | Base::Token => "Text in der erlaubten Länge",
        Base::Language => "ein Sprachkürzel",
        Base::AnyUri => "eine URI",
        Base::Boolean => "true oder false",
        Base::Decimal => {
            "eine Zahl (Ziffern mit Dezimalpunkt, ohne Tausendertrennzeichen und Komma)"
        }
        Base::Base64 => "Base64",
        Base::Date => "ein Datum (JJJJ-MM-TT)",
        Base::Time => "eine Uhrzeit (hh:mm:ss)",
        Base::DateTime => "Datum und Uhrzeit (JJJJ-MM-TThh:mm:ss)",
    }
}

/// A value for a message.
fn excerpt(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
