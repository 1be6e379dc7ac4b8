//! Runs the rules: each pattern is a list of contexts; of each pattern, the first context that matches an element decides which checks it gets.
//!
//! The elements are sorted by name once; then only the contexts of a name see its elements. Facts that many tests ask for are computed once.

use std::cell::OnceCell;

use super::table::{self, Row};
use super::text::stops::{EN_STOPS, XR_STOPS};
use super::xpath::{Fault, Outcome, Test};
use super::{cii, ubl};
use crate::invoice::names::{self, Name};
use crate::invoice::report::{Layer, Out, Rule};
use crate::invoice::tree::{El, Tree};

/// A test of one rule.
pub(crate) struct Check {
    pub rule: Rule,
    pub test: for<'t> fn(&Cx<'t>, El<'t>) -> Test,
}

pub(crate) const fn check(rule: Rule, test: for<'t> fn(&Cx<'t>, El<'t>) -> Test) -> Check {
    Check { rule, test }
}

/// Which elements a context is about, by name.
pub(crate) enum Names {
    Is(Name),
    Of(&'static [Name]),
    /// `ends-with(name(), …)`; within CII's `ram` if so.
    Suffix(&'static str, Within),
    /// `*`
    Every,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    Ram,
    Anywhere,
}

pub(crate) type When = for<'t> fn(&Cx<'t>, El<'t>) -> Result<bool, Fault>;

/// One rule element of the Schematron: a context and its asserts.
pub(crate) struct Context {
    pub names: Names,
    /// A fault means that it does not match, as in XSLT.
    pub when: When,
    pub checks: &'static [Check],
    pub rows: &'static [&'static [Row]],
}

/// The context of a name that needs no further condition.
pub(crate) const fn any(name: Name, checks: &'static [Check]) -> Context {
    Context {
        names: Names::Is(name),
        when: |_, _| Ok(true),
        checks,
        rows: &[],
    }
}

/// The context of a name on a condition.
pub(crate) const fn when(name: Name, when: When, checks: &'static [Check]) -> Context {
    Context {
        names: Names::Is(name),
        when,
        checks,
        rows: &[],
    }
}

impl Context {
    /// The same with rows of tables.
    pub(crate) const fn with(mut self, rows: &'static [&'static [Row]]) -> Context {
        self.rows = rows;
        self
    }
}

/// The document with what is known of it.
pub(crate) struct Cx<'t> {
    pub root: El<'t>,
    by_name: Vec<Vec<El<'t>>>,
    attributes: Vec<Attribute<'t>>,
    cii: OnceCell<cii::Facts<'t>>,
    ubl: OnceCell<ubl::Facts<'t>>,
}

/// All attributes of one name.
struct Attribute<'t> {
    name: &'t str,
    count: usize,
    first: El<'t>,
}

impl<'t> Cx<'t> {
    pub(crate) fn new(root: El<'t>) -> Self {
        let mut by_name = vec![Vec::new(); names::COUNT];
        let mut attributes: Vec<Attribute<'t>> = Vec::new();
        for el in root.tree().elements() {
            if let Some(list) = by_name.get_mut(el.name().index()) {
                list.push(el);
            }
            for attr in el.attrs().filter(|a| a.namespace.is_empty()) {
                match attributes.iter_mut().find(|a| a.name == attr.qname) {
                    Some(known) => known.count += 1,
                    None => attributes.push(Attribute {
                        name: attr.qname,
                        count: 1,
                        first: el,
                    }),
                }
            }
        }
        Cx {
            root,
            by_name,
            attributes,
            cii: OnceCell::new(),
            ubl: OnceCell::new(),
        }
    }

    /// `//name`, in document order.
    pub(crate) fn named(&self, name: Name) -> &[El<'t>] {
        self.by_name.get(name.index()).map_or(&[], Vec::as_slice)
    }

    /// `//@name`: how many, and the element of the first.
    pub(crate) fn attributes(&self, name: &str) -> Option<(usize, El<'t>)> {
        self.attributes
            .iter()
            .find(|a| a.name == name)
            .map(|a| (a.count, a.first))
    }

    pub(crate) fn cii(&self) -> &cii::Facts<'t> {
        self.cii.get_or_init(|| cii::Facts::new(self))
    }

    pub(crate) fn ubl(&self) -> &ubl::Facts<'t> {
        self.ubl.get_or_init(|| ubl::Facts::new(self))
    }
}

/// A pattern: its contexts in the order in which they are tried.
pub(crate) type Pattern = &'static [Context];

/// The patterns of a syntax, sorted by the names that they are about. Made once.
pub(crate) struct Plan {
    patterns: &'static [Pattern],
    tables: Vec<Vec<table::Table>>,
    by_name: Vec<Vec<(usize, usize)>>,
    every: Vec<(usize, usize)>,
}

impl Plan {
    pub(crate) fn new(patterns: &'static [Pattern]) -> Plan {
        let mut by_name: Vec<Vec<(usize, usize)>> = vec![Vec::new(); names::COUNT];
        let mut every = Vec::new();
        let mut tables = Vec::new();
        for (p, contexts) in patterns.iter().enumerate() {
            tables.push(contexts.iter().map(|c| table::Table::new(c.rows)).collect());
            for (c, context) in contexts.iter().enumerate() {
                if matches!(context.names, Names::Every) {
                    every.push((p, c));
                }
                for (index, list) in by_name.iter_mut().enumerate() {
                    if context.names.has(Name::at(index)) {
                        list.push((p, c));
                    }
                }
            }
        }
        Plan {
            patterns,
            tables,
            by_name,
            every,
        }
    }

    pub(crate) fn run(&'static self, cx: &Cx<'_>, out: &mut Found) {
        for (contexts, elements) in self.by_name.iter().zip(&cx.by_name) {
            if !contexts.is_empty() {
                for el in elements {
                    self.element(cx, contexts, *el, out);
                }
            }
        }
        if !self.every.is_empty() {
            for el in cx.root.tree().elements() {
                self.element(cx, &self.every, el, out);
            }
        }
    }

    fn element<'t>(
        &'static self,
        cx: &Cx<'t>,
        contexts: &[(usize, usize)],
        el: El<'t>,
        out: &mut Found,
    ) {
        let mut matched = None;
        for (p, c) in contexts {
            if matched == Some(*p) {
                continue;
            }
            let Some(context) = self.patterns.get(*p).and_then(|contexts| contexts.get(*c)) else {
                continue;
            };
            if !context.names.has_other(el) || !(context.when)(cx, el).unwrap_or(false) {
                continue;
            }
            matched = Some(*p);
            if let Some(table) = self.tables.get(*p).and_then(|t| t.get(*c)) {
                table.run(cx, el, out.out);
            }
            for check in context.checks {
                match (check.test)(cx, el) {
                    Ok(Outcome::Holds) => {}
                    Ok(Outcome::Fires(values)) => {
                        let fired = out.out.fire(&check.rule, el);
                        for (place, value) in PLACES.iter().zip(values) {
                            fired.with(place, value);
                        }
                    }
                    Err(fault) => out.fault(check.rule.layer, &check.rule, fault),
                }
            }
        }
    }
}

/// The places of a sentence.
const PLACES: [&str; 4] = ["0", "1", "2", "3"];

/// What is found: rules that fire, and the first rule of each layer that cannot be carried out.
pub(crate) struct Found<'o> {
    pub out: &'o mut Out,
    pub faults: Vec<(Layer, &'static Rule, Fault)>,
}

impl Found<'_> {
    /// Lets one finding stand for each layer that cannot be carried out.
    pub(crate) fn stop(self, tree: &Tree) {
        for (layer, rule, fault) in self.faults {
            let (order, wanted) = match fault {
                Fault::Several(order) => (order, "one element"),
                Fault::Type(order, wanted) => (order, wanted),
            };
            let Some(el) = tree.element(order) else {
                continue;
            };
            let stops = if layer == Layer::En {
                &EN_STOPS
            } else {
                &XR_STOPS
            };
            self.out.drop_layer(layer);
            let fired = self.out.fire(stops, el);
            fired
                .with("rule", rule.id)
                .with("element", el.name())
                .with("value", el.normalized())
                .with("wanted", wanted);
        }
    }

    fn fault(&mut self, layer: Layer, rule: &'static Rule, fault: Fault) {
        if !self.faults.iter().any(|f| f.0 == layer) {
            self.faults.push((layer, rule, fault));
        }
    }
}

impl Names {
    fn has(&self, name: Name) -> bool {
        match self {
            Names::Is(is) => *is == name,
            Names::Of(list) => list.contains(&name),
            Names::Suffix(suffix, within) => {
                let inside = *within == Within::Anywhere || name.prefix() == "ram";
                inside && (name.local().is_empty() || name.local().ends_with(suffix))
            }
            Names::Every => false,
        }
    }

    /// For names that the schemas do not know: whether the element's own has the suffix.
    fn has_other(&self, el: El<'_>) -> bool {
        match self {
            Names::Suffix(suffix, _) if el.name().local().is_empty() => {
                el.local().ends_with(suffix)
            }
            _ => true,
        }
    }
}
