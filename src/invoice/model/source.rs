//! Reading with a memory: what was asked for is marked, and what never was is lost.

use std::{cell::RefCell, collections::HashSet};

use super::{Date, Identifier, Invoice};
use crate::invoice::{
    decimal::Decimal,
    names::Name,
    tree::{El, Tree},
};

/// An invoice that was read, and what of its source the model does not hold.
#[derive(Debug)]
pub struct Read {
    pub invoice: Invoice,
    pub lost: Vec<Lost>,
}

/// A value of the source that has no place in the model, or cannot be read as what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// XPath; `/@name` at the end for an attribute.
    pub location: String,
    pub line: u32,
    pub value: String,
}

pub(super) struct Source<'t> {
    tree: &'t Tree,
    used: RefCell<Vec<bool>>,
    attributes: RefCell<HashSet<(u32, &'t str)>>,
}

impl<'t> Source<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Source {
            tree,
            used: RefCell::new(vec![false; tree.len()]),
            attributes: RefCell::default(),
        }
    }

    pub(super) fn mark(&self, el: El<'_>) {
        if let Some(used) = self.used.borrow_mut().get_mut(el.order() as usize) {
            *used = true;
        }
    }

    /// An attribute's value, marked.
    pub(super) fn attr(&self, el: El<'t>, name: &str) -> Option<String> {
        let attr = el.attrs().find(|a| a.qname == name)?;
        self.attributes
            .borrow_mut()
            .insert((el.order(), attr.qname));
        Some(attr.value.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The element's own text; an empty one says nothing.
    pub(super) fn own(&self, el: El<'t>) -> Option<String> {
        self.mark(el);
        Some(el.text().trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// Text of the first node of the path.
    pub(super) fn text(&self, el: El<'t>, path: &[Name]) -> Option<String> {
        self.own(el.first(path)?)
    }

    pub(super) fn texts(&self, el: El<'t>, path: &[Name]) -> Vec<String> {
        el.path(path).filter_map(|e| self.own(e)).collect()
    }

    /// Marks a value that the model holds by its shape if it is the expected one.
    pub(super) fn constant(&self, el: Option<El<'t>>, expected: &[&str]) {
        if let Some(el) = el.filter(|e| expected.contains(&e.text().trim())) {
            self.mark(el);
        }
    }

    /// An amount, a quantity or a percentage. What is no number stays unmarked, so that it is told.
    pub(super) fn decimal(&self, el: El<'t>, path: &[Name]) -> Option<Decimal> {
        self.own_decimal(el.first(path)?)
    }

    pub(super) fn own_decimal(&self, el: El<'t>) -> Option<Decimal> {
        let value = Decimal::parse(el.text())?;
        self.mark(el);
        Some(value)
    }

    /// An amount in this currency; another one is told.
    pub(super) fn amount(
        &self,
        el: El<'t>,
        path: &[Name],
        currency: Option<&str>,
    ) -> Option<Decimal> {
        let el = el.first(path)?;
        if el
            .attr("currencyID")
            .is_some_and(|c| Some(c.trim()) == currency)
        {
            self.attr(el, "currencyID");
        }
        self.own_decimal(el)
    }

    pub(super) fn date(&self, el: El<'t>, path: &[Name]) -> Option<Date> {
        let el = el.first(path)?;
        let date = Date::parse(el.text().trim())?;
        if el.attr("format").is_some_and(|f| f.trim() == "102") {
            self.attr(el, "format");
        }
        self.mark(el);
        Some(date)
    }

    pub(super) fn identifier(&self, el: El<'t>, path: &[Name]) -> Option<Identifier> {
        self.own_identifier(el.first(path)?, "schemeID", "schemeVersionID")
    }

    pub(super) fn own_identifier(
        &self,
        el: El<'t>,
        scheme: &str,
        version: &str,
    ) -> Option<Identifier> {
        let value = self.own(el)?;
        Some(Identifier {
            value,
            scheme: self.attr(el, scheme),
            scheme_version: self.attr(el, version),
        })
    }

    /// What is left.
    pub(super) fn done(self, invoice: Invoice) -> Read {
        let used = self.used.into_inner();
        let attributes = self.attributes.into_inner();
        let mut lost = Vec::new();
        for el in self.tree.elements() {
            let known = used.get(el.order() as usize).copied().unwrap_or(false);
            let silent = known || el.has_children() || el.text().trim().is_empty();
            if !silent {
                lost.push(Lost {
                    location: el.location(),
                    line: el.line(),
                    value: excerpt(el.text()),
                });
            }
            // Attributes of a lost value go with it.
            if silent && !known {
                continue;
            }
            for attr in el
                .attrs()
                .filter(|a| a.namespace.is_empty() && !a.value.trim().is_empty())
            {
                if known && !attributes.contains(&(el.order(), attr.qname)) {
                    let location = format!("{}/@{}", el.location(), attr.qname);
                    lost.push(Lost {
                        location,
                        line: el.line(),
                        value: excerpt(attr.value),
                    });
                }
            }
        }
        Read { invoice, lost }
    }
}

fn excerpt(text: &str) -> String {
    let text = text.trim();
    let mut out: String = text.chars().take(120).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
