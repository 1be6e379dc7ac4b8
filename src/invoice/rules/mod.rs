//! The rules of EN 16931 (1.3.16) and of XRechnung 3.0 (Schematron 2.6.0), for CII and for UBL.
//!
//! A rule is a [`Check`](engine::Check): words ([`text`]) and a small function over its context, or a [`Row`](table::Row) of a table. The
//! checks of a context lie together, the contexts of a pattern in the order of the official artefacts: there, and so in [`engine`], a node
//! belongs to the first context of a pattern that matches it. [`xpath`] has what the tests use of XPath's semantics.
//!
//! ```ignore
//! pub const LINE: Context = any(IncludedSupplyChainTradeLineItem, &[
//!     check(BR_26, |_, line| holds_or(exists(line, NET_PRICE), || [number(line)])),
//! ]);
//! ```
//!
//! Where the official rules stop with a type error (two elements where one is expected, a text that is no number), nothing of their layer is
//! told; so here one finding takes the place of all of the layer, and says what stopped it.

mod cii;
mod engine;
mod german;
mod sums;
mod table;
mod text;
mod ubl;
mod xpath;

use std::sync::LazyLock;

use engine::{Cx, Found, Plan};

use super::names;
use super::report::Out;
use super::tree::{El, Tree};

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

/// Runs every rule of EN 16931 and XRechnung over an invoice.
pub fn run(tree: &Tree, syntax: Syntax) -> Out {
    static FOR_CII: LazyLock<Plan> = LazyLock::new(|| Plan::new(cii::PATTERNS));
    static FOR_UBL: LazyLock<Plan> = LazyLock::new(|| Plan::new(ubl::PATTERNS));
    let plan = match syntax {
        Syntax::Cii => &*FOR_CII,
        Syntax::UblInvoice | Syntax::UblCreditNote => &*FOR_UBL,
    };
    let mut out = Out::default();
    let mut found = Found {
        out: &mut out,
        faults: Vec::new(),
    };
    plan.run(&Cx::new(tree.root()), &mut found);
    found.stop(tree);
    out
}
