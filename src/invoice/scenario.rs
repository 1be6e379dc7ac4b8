//! Which set of rules an invoice asks for: the scenarios of KoSIT's validator configuration (release 2026-01-31), chosen by BT-24 and syntax,
//! and the severities that they change; and the Factur-X profiles, which have no scenario there.

use super::{
    names::{Name, cbc, ram, rsm},
    report::{Rule, Severity},
    rules::Syntax,
    tree::El,
};

const EN16931: &str = "urn:cen.eu:en16931:2017";
const XRECHNUNG: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0";
const EXTENSION: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0\
    #conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0";
const CVD: &str = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0\
    #compliant#urn:xeinkauf.de:kosit:xrechnung:cvd_0.9";

/// A scenario of the validator configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    En16931,
    XRechnung,
    XRechnungExtension,
    XRechnungCvd,
}

/// A Factur-X / ZUGFeRD profile without a scenario of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    Minimum,
    BasicWl,
    Basic,
    Extended,
}

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Profile::Minimum => "MINIMUM",
            Profile::BasicWl => "BASIC WL",
            Profile::Basic => "BASIC",
            Profile::Extended => "EXTENDED",
        }
    }

    /// By BT-24, in the spellings that are about: `#` or `:` between the parts, Factur-X or ZUGFeRD 2.0.
    pub fn of(bt24: &str) -> Option<Profile> {
        let own = bt24
            .strip_prefix("urn:cen.eu:en16931:2017#compliant#")
            .or_else(|| bt24.strip_prefix("urn:cen.eu:en16931:2017#conformant#"))
            .or_else(|| bt24.strip_prefix("urn:cen.eu:en16931:2017:compliant:"))
            .or_else(|| bt24.strip_prefix("urn:cen.eu:en16931:2017:conformant:"))
            .unwrap_or(bt24);
        let own = own.strip_prefix("urn:").unwrap_or(own);
        let level = own
            .strip_prefix("factur-x.eu:1p0:")
            .or_else(|| own.strip_prefix("zugferd.de:2p0:"))?;
        match level {
            "minimum" => Some(Profile::Minimum),
            "basicwl" => Some(Profile::BasicWl),
            "basic" => Some(Profile::Basic),
            "extended" => Some(Profile::Extended),
            _ => None,
        }
    }
}

/// BT-24 as the invoice has it.
pub fn specification(root: El<'_>) -> Option<El<'_>> {
    const CII: [Name; 3] = [
        rsm::ExchangedDocumentContext,
        ram::GuidelineSpecifiedDocumentContextParameter,
        ram::ID,
    ];
    match Syntax::of(root)? {
        Syntax::Cii => root.first(&CII),
        Syntax::UblInvoice | Syntax::UblCreditNote => root.child(cbc::CustomizationID),
    }
}

impl Scenario {
    pub const ALL: [Scenario; 4] = [
        Scenario::En16931,
        Scenario::XRechnung,
        Scenario::XRechnungExtension,
        Scenario::XRechnungCvd,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::En16931 => "en16931",
            Scenario::XRechnung => "xr",
            Scenario::XRechnungExtension => "xr-ext",
            Scenario::XRechnungCvd => "xr-cvd",
        }
    }

    /// Its BT-24.
    pub fn specification(self) -> &'static str {
        match self {
            Scenario::En16931 => EN16931,
            Scenario::XRechnung => XRECHNUNG,
            Scenario::XRechnungExtension => EXTENSION,
            Scenario::XRechnungCvd => CVD,
        }
    }

    /// By BT-24. There is none for credit notes of the extension in UBL.
    pub fn of(bt24: &str, syntax: Syntax) -> Option<Scenario> {
        let found = Scenario::ALL
            .into_iter()
            .find(|s| s.specification() == bt24)?;
        match (found, syntax) {
            (Scenario::XRechnungExtension, Syntax::UblCreditNote) => None,
            _ => Some(found),
        }
    }

    /// Whether XRechnung's rules count.
    pub fn is_xrechnung(self) -> bool {
        self != Scenario::En16931
    }

    /// The severity that a rule has here.
    pub fn effective(self, rule: &Rule, syntax: Syntax) -> Severity {
        self.changed(rule.id, syntax).unwrap_or(rule.severity)
    }

    fn changed(self, rule: &str, syntax: Syntax) -> Option<Severity> {
        use Scenario::{En16931, XRechnung, XRechnungCvd, XRechnungExtension};
        use Severity::{Fatal, Info, Warning};
        let cii = syntax == Syntax::Cii;
        match (self, rule) {
            (En16931, _) => None,
            (_, "CII-SR-452" | "CII-SR-453" | "CII-SR-454") if cii => Some(Fatal),
            (XRechnung | XRechnungCvd, "BR-CL-21") => Some(Warning),
            (_, "BR-CL-23") => Some(Warning),
            (XRechnung | XRechnungCvd, "UBL-CR-646") if !cii => Some(Fatal),
            (XRechnungCvd, "BR-CL-13") => Some(Info),
            (
                XRechnungExtension,
                "BR-CL-10" | "BR-CL-11" | "BR-CL-21" | "BR-CL-24" | "BR-CL-25" | "BR-CL-26",
            ) => Some(Info),
            (XRechnungExtension, "BR-CO-16" | "UBL-CR-470" | "UBL-CR-646") if !cii => Some(Info),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_in_all_spellings() {
        for (bt24, profile) in [
            ("urn:factur-x.eu:1p0:minimum", Some(Profile::Minimum)),
            ("urn:factur-x.eu:1p0:basicwl", Some(Profile::BasicWl)),
            (
                "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic",
                Some(Profile::Basic),
            ),
            (
                "urn:cen.eu:en16931:2017:compliant:factur-x.eu:1p0:basic",
                Some(Profile::Basic),
            ),
            (
                "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
                Some(Profile::Extended),
            ),
            (
                "urn:cen.eu:en16931:2017#conformant#urn:zugferd.de:2p0:extended",
                Some(Profile::Extended),
            ),
            ("urn:zugferd.de:2p0:minimum", Some(Profile::Minimum)),
            ("urn:cen.eu:en16931:2017", None),
            (XRECHNUNG, None),
        ] {
            assert_eq!(Profile::of(bt24), profile, "{bt24}");
        }
    }
}
