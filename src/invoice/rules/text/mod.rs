//! What the rules say, in words for people who write invoices: English and German, with places for values.

pub(crate) mod cii;
pub(crate) mod codes;
pub(crate) mod decimals;
pub(crate) mod document;
pub(crate) mod german;
pub(crate) mod peppol;
pub(crate) mod rows;
pub(crate) mod stops;
pub(crate) mod totals;
pub(crate) mod ubl;
pub(crate) mod vat;

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

    pub(crate) const fn fatal(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::En, Severity::Fatal, terms, en, de)
    }

    pub(crate) const fn warning(
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

    pub(crate) const fn fatal(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::Xr, Severity::Fatal, terms, en, de)
    }

    pub(crate) const fn warning(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::Xr, Severity::Warning, terms, en, de)
    }

    pub(crate) const fn information(
        id: &'static str,
        terms: Terms,
        en: &'static str,
        de: &'static str,
    ) -> Rule {
        rule(id, Layer::Xr, Severity::Info, terms, en, de)
    }
}
