//! Rows of the form "this path must not occur, at most once, exactly once": the mechanical families CII-SR, CII-DT, UBL-CR, UBL-SR, UBL-DT.
//!
//! The rows of one context are a trie over the steps of their paths, so that one walk over what is there answers all of them.

use super::engine::Cx;
use super::text::rows;
use super::xpath::Steps;
use crate::invoice::names::{Name, cac};
use crate::invoice::report::{Layer, Out, Rule, Severity};
use crate::invoice::tree::El;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Absent,
    AtMostOne,
    ExactlyOne,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Row {
    pub rule: Rule,
    pub kind: Kind,
    pub path: Steps,
    /// The attribute at the end of the path; empty for none.
    pub attribute: &'static str,
    /// `//path`: from anywhere in the document.
    pub anywhere: bool,
    /// Below a line of the UBL document.
    pub of_lines: bool,
}

const fn row(id: &'static str, severity: Severity, kind: Kind, path: Steps) -> Row {
    let (en, de) = match kind {
        Kind::Absent => rows::ABSENT,
        Kind::AtMostOne => rows::AT_MOST_ONE,
        Kind::ExactlyOne => rows::EXACTLY_ONE,
    };
    let rule = Rule {
        id,
        layer: Layer::En,
        severity,
        terms: &[],
        en,
        de,
    };
    Row {
        rule,
        kind,
        path,
        attribute: "",
        anywhere: false,
        of_lines: false,
    }
}

pub(crate) const fn absent(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Warning, Kind::Absent, path)
}

/// The same below each line of a UBL document.
pub(crate) const fn line_absent(id: &'static str, path: Steps) -> Row {
    let mut row = absent(id, path);
    row.of_lines = true;
    row
}

pub(crate) const fn fatal_absent(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Fatal, Kind::Absent, path)
}

pub(crate) const fn once(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Warning, Kind::AtMostOne, path)
}

pub(crate) const fn fatal_once(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Fatal, Kind::AtMostOne, path)
}

pub(crate) const fn one(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Warning, Kind::ExactlyOne, path)
}

pub(crate) const fn fatal_one(id: &'static str, path: Steps) -> Row {
    row(id, Severity::Fatal, Kind::ExactlyOne, path)
}

impl Row {
    /// The attribute of what the path leads to.
    pub(crate) const fn attr(mut self, attribute: &'static str) -> Row {
        self.attribute = attribute;
        self
    }

    /// From anywhere in the document.
    pub(crate) const fn anywhere(mut self) -> Row {
        self.anywhere = true;
        self
    }

    /// The path as XPath.
    pub(crate) fn xpath(&self) -> String {
        let mut out = String::from(match (self.anywhere, self.of_lines) {
            (true, _) => "//",
            (_, true) => "(cac:InvoiceLine | cac:CreditNoteLine)/",
            _ => "",
        });
        for (nth, name) in self.path.iter().enumerate() {
            out.push_str(if nth > 0 { "/" } else { "" });
            out.push_str(&name.to_string());
        }
        if !self.attribute.is_empty() {
            out.push_str(if self.path.is_empty() { "@" } else { "/@" });
            out.push_str(self.attribute);
        }
        out
    }
}

/// The rows of a context, as a trie.
pub(crate) struct Table {
    rows: Vec<&'static Row>,
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    next: Vec<(Name, usize)>,
    /// Rows whose path ends here.
    ends: Vec<usize>,
    attributes: Vec<(&'static str, usize)>,
}

/// The context itself, and the document for rows from anywhere.
const HERE: usize = 0;
const ANYWHERE: usize = 1;

impl Table {
    pub(crate) fn new(rows: &'static [&'static [Row]]) -> Table {
        let mut table = Table {
            rows: rows.iter().copied().flatten().collect(),
            nodes: vec![Node::default(), Node::default()],
        };
        for nth in 0..table.rows.len() {
            table.insert(nth);
        }
        table
    }

    fn insert(&mut self, nth: usize) {
        let Some(row) = self.rows.get(nth).copied() else {
            return;
        };
        if row.of_lines {
            self.insert_path(nth, HERE, &[&[cac::InvoiceLine], row.path].concat());
            self.insert_path(nth, HERE, &[&[cac::CreditNoteLine], row.path].concat());
        } else {
            self.insert_path(nth, if row.anywhere { ANYWHERE } else { HERE }, row.path);
        }
    }

    fn insert_path(&mut self, nth: usize, mut at: usize, path: &[Name]) {
        let Some(row) = self.rows.get(nth).copied() else {
            return;
        };
        for name in path {
            let fresh = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return;
            };
            at = match node.next.iter().find(|(n, _)| n == name) {
                Some((_, next)) => *next,
                None => {
                    node.next.push((*name, fresh));
                    self.nodes.push(Node::default());
                    fresh
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at) {
            match row.attribute {
                "" => node.ends.push(nth),
                attribute => node.attributes.push((attribute, nth)),
            }
        }
    }

    /// Fires the rows that do not hold, where their path first occurs, or at the context if it does not.
    pub(crate) fn run<'t>(&self, cx: &Cx<'t>, context: El<'t>, out: &mut Out) {
        if self.rows.is_empty() {
            return;
        }
        let mut found: Vec<(usize, Option<El<'t>>)> = vec![(0, None); self.rows.len()];
        let mut hit = |nth: usize, el: El<'t>, times: usize| {
            if let Some(found) = found.get_mut(nth) {
                found.0 += times;
                found.1.get_or_insert(el);
            }
        };
        self.visit(HERE, context, &mut hit);
        if let Some(anywhere) = self.nodes.get(ANYWHERE) {
            for (name, next) in &anywhere.next {
                cx.named(*name)
                    .iter()
                    .for_each(|el| self.visit(*next, *el, &mut hit));
            }
            for (attribute, nth) in &anywhere.attributes {
                if let Some((times, first)) = cx.attributes(attribute) {
                    hit(*nth, first, times);
                }
            }
        }
        for (row, (count, first)) in self.rows.iter().zip(found) {
            let fires = match row.kind {
                Kind::Absent => count > 0,
                Kind::AtMostOne => count > 1,
                Kind::ExactlyOne => count != 1,
            };
            if fires {
                out.fire(&row.rule, first.unwrap_or(context))
                    .with("path", row.xpath())
                    .with("count", count);
            }
        }
    }

    fn visit<'t>(&self, node: usize, el: El<'t>, hit: &mut dyn FnMut(usize, El<'t>, usize)) {
        let Some(node) = self.nodes.get(node) else {
            return;
        };
        node.ends.iter().for_each(|nth| hit(*nth, el, 1));
        for (attribute, nth) in &node.attributes {
            if el.attr(attribute).is_some() {
                hit(*nth, el, 1);
            }
        }
        if !node.next.is_empty() {
            for child in el.children() {
                if let Some((_, next)) = node.next.iter().find(|(name, _)| child.is(*name)) {
                    self.visit(*next, child, hit);
                }
            }
        }
    }
}
