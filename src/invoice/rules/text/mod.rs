//! What the rules say, in words for people who write invoices: English and German, with places for values.

pub mod cii;
pub mod codes;
pub mod decimals;
pub mod document;
pub mod german;
pub mod peppol;
pub mod rows;
pub mod stops;
pub mod totals;
pub mod ubl;
pub mod vat;

use crate::invoice::report::{Layer, Rule, Severity};

const fn rule(
    id: &'static str,
    layer: Layer,
    severity: Severity,
    terms: Terms,
    en: &'static str,
    de: &'static str,
) -> Rule {
    Rule {
        id,
        layer,
        severity,
        terms,
        en,
        de,
    }
}

type Terms = &'static [&'static str];

/// Rules of EN 16931.
pub(super) mod en {
    use super::{Layer, Rule, Severity, Terms, rule};

    pub const fn fatal(id: &'static str, terms: Terms, en: &'static str, de: &'static str) -> Rule {
        rule(id, Layer::En, Severity::Fatal, terms, en, de)
    }

    pub const fn warning(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::En, Severity::Warning, terms, en, de)
    }
}

/// Rules of XRechnung.
pub(super) mod xr {
    use super::{Layer, Rule, Severity, Terms, rule};

    pub const fn fatal(id: &'static str, terms: Terms, en: &'static str, de: &'static str) -> Rule {
        rule(id, Layer::Xr, Severity::Fatal, terms, en, de)
    }

    pub const fn warning(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::Xr, Severity::Warning, terms, en, de)
    }

    pub const fn information(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::Xr, Severity::Info, terms, en, de)
    }
}
