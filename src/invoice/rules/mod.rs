//! The rules of EN 16931 (1.3.16) and of XRechnung 3.0 (Schematron 2.6.0), for CII and for UBL.
//!
//! The document is walked once. For each element, the checks that are registered for its name are called in the order of registration; those
//! registered for [`names::ANY`] see every element. A check is a function over one context, the `<rule context="...">` of Schematron: it
//! looks at its element and fires what does not hold. Within a Schematron pattern a node belongs to the first rule whose context matches;
//! where that matters, the check must ask for it, since here every check is called.
//!
//! A CII rule, with a value in its sentence, and a UBL rule:
//!
//! ```ignore
//! static BR_24: Rule = Rule {
//!     id: "BR-24",
//!     layer: Layer::En,
//!     severity: Severity::Fatal,
//!     terms: &["BT-131", "BG-25"],
//!     en: "Invoice line {line} has no net amount. Add it.",
//!     de: "Position {line} hat keinen Nettobetrag. Bitte ergänzen.",
//! };
//!
//! fn line(line: El<'_>, _: &Facts<'_>, out: &mut Out) {
//!     const NET: [Name; 3] = [
//!         ram::SpecifiedLineTradeSettlement,
//!         ram::SpecifiedTradeSettlementLineMonetarySummation,
//!         ram::LineTotalAmount,
//!     ];
//!     if line.first(&NET).is_none() {
//!         let id = line.first(&[ram::AssociatedDocumentLineDocument, ram::LineID]);
//!         out.fire(&BR_24, line).with("line", id.map_or("?", El::text));
//!     }
//! }
//!
//! pub(super) static CHECKS: &[Check] = &[Check { at: &[ram::IncludedSupplyChainTradeLineItem], run: line }];
//!
//! // UBL: exists(cbc:LineExtensionAmount) at cac:InvoiceLine | cac:CreditNoteLine
//! fn ubl_line(line: El<'_>, _: &Facts<'_>, out: &mut Out) {
//!     out.assert(line.has(cbc::LineExtensionAmount), &BR_24_UBL, line);
//! }
//!
//! pub(super) static UBL: &[Check] = &[Check { at: &[cac::InvoiceLine, cac::CreditNoteLine], run: ubl_line }];
//! ```
//!
//! What several rules need of the whole document (currency, sums by VAT category) is computed once in [`Facts`].

mod facts;

use std::sync::LazyLock;

pub use facts::Facts;

use super::{
    names::{self, Name},
    report::Out,
    tree::{El, Tree},
};

/// The syntax of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    Cii,
    UblInvoice,
    UblCreditNote,
}

impl Syntax {
    /// By the document element; `None` is no invoice that we know.
    pub fn of(root: El<'_>) -> Option<Syntax> {
        match root.name() {
            names::rsm::CrossIndustryInvoice => Some(Syntax::Cii),
            names::ubl::Invoice => Some(Syntax::UblInvoice),
            names::cn::CreditNote => Some(Syntax::UblCreditNote),
            _ => None,
        }
    }
}

/// A function over one context.
pub type Run = for<'t> fn(El<'t>, &Facts<'t>, &mut Out);

/// A check and the elements that it is called for.
pub struct Check {
    pub at: &'static [Name],
    pub run: Run,
}

/// All checks for CII, in the order of their calls.
static CII: &[&[Check]] = &[];

/// All checks for UBL, in the order of their calls.
static UBL: &[&[Check]] = &[];

/// For each name the checks that see it.
struct Dispatch {
    by_name: Vec<Vec<Run>>,
}

impl Dispatch {
    fn new(lists: &[&'static [Check]]) -> Dispatch {
        let mut by_name = vec![Vec::new(); names::COUNT];
        for check in lists.iter().copied().flatten() {
            for name in check.at {
                if *name == names::ANY {
                    by_name.iter_mut().for_each(|runs| runs.push(check.run));
                } else if let Some(runs) = by_name.get_mut(name.index()) {
                    runs.push(check.run);
                }
            }
        }
        Dispatch { by_name }
    }
}

/// Runs every rule of EN 16931 and XRechnung over an invoice.
pub fn run(tree: &Tree, syntax: Syntax) -> Out {
    static FOR_CII: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(CII));
    static FOR_UBL: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(UBL));
    let dispatch = match syntax {
        Syntax::Cii => &FOR_CII,
        Syntax::UblInvoice | Syntax::UblCreditNote => &FOR_UBL,
    };
    let facts = Facts::new(tree, syntax);
    let mut out = Out::default();
    for el in tree.elements() {
        for run in dispatch
            .by_name
            .get(el.name().index())
            .into_iter()
            .flatten()
        {
            run(el, &facts, &mut out);
        }
    }
    out
}
