//! Where an element stands, for people: line and XPath.

use super::{El, Tree};
use crate::invoice::names::{self, Name};

/// Set in an ordinal if siblings of the same name exist.
const SEVERAL: u32 = 1 << 31;

impl<'t> El<'t> {
    /// Line of the start tag, from 1.
    pub fn line(self) -> u32 {
        self.tree().line_at(self.offset())
    }

    /// XPath with the usual prefixes: `/rsm:CrossIndustryInvoice/.../ram:IncludedSupplyChainTradeLineItem[3]/ram:...`.
    pub fn location(self) -> String {
        let mut steps = vec![self];
        steps.extend(self.ancestors());
        let mut out = String::with_capacity(steps.len() * 32);
        for el in steps.into_iter().rev() {
            out.push('/');
            match el.name() {
                names::UNKNOWN => out.push_str(el.qname()),
                name => {
                    out.push_str(name.prefix());
                    out.push(':');
                    out.push_str(el.local());
                }
            }
            let ordinal = el.tree().ordinal(el.order());
            if ordinal & SEVERAL != 0 {
                out.push_str(&format!("[{}]", ordinal & !SEVERAL));
            }
        }
        out
    }

    /// Position among the siblings of the same name, from 1.
    pub fn ordinal(self) -> u32 {
        self.tree().ordinal(self.order()) & !SEVERAL
    }
}

impl Tree {
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let starts = self.lines.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
            newlines.map(|(i, _)| i as u32).collect()
        });
        1 + starts.partition_point(|at| (*at as usize) < offset) as u32
    }

    fn ordinal(&self, order: u32) -> u32 {
        let all = self.ordinals.get_or_init(|| self.count_siblings());
        all.get(order as usize).copied().unwrap_or(1)
    }

    fn count_siblings(&self) -> Vec<u32> {
        let mut ordinals = vec![1; self.nodes.len()];
        // Children of one parent: name, how many so far, the first.
        let mut seen: Vec<(Name, &str, u32, u32)> = Vec::new();
        for parent in self.elements() {
            seen.clear();
            for child in parent.children() {
                let other = if child.name().local().is_empty() {
                    child.qname()
                } else {
                    ""
                };
                let many = seen.len() >= 128;
                let known = seen
                    .iter_mut()
                    .find(|s| s.0 == child.name() && s.1 == other);
                match known {
                    Some((_, _, count, first)) => {
                        *count += 1;
                        set(&mut ordinals, child.order(), SEVERAL | *count);
                        set(&mut ordinals, *first, SEVERAL | 1);
                    }
                    // Beyond any real content model: the hostile pay with ordinals of 1, not us with time.
                    None if many => {}
                    None => seen.push((child.name(), other, 1, child.order())),
                }
            }
        }
        ordinals
    }
}

fn set(ordinals: &mut [u32], at: u32, value: u32) {
    if let Some(slot) = ordinals.get_mut(at as usize) {
        *slot = value;
    }
}
