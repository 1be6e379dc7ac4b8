//! What those rules CII-SR and CII-DT say that are more than a row of a table: the use that EN 16931 makes of Cross Industry Invoice.

use super::en::{fatal, warning};
use crate::invoice::report::Rule;

pub(crate) const SR_046: Rule = fatal(
    "CII-SR-046",
    &["BT-157"],
    "The standard number of an item (GlobalID, BT-157) has no schemeID. Enter the scheme, for example 0160 for a GTIN.",
    "Die Standardnummer eines Artikels (GlobalID, BT-157) hat kein schemeID. Tragen Sie das Schema ein, zum Beispiel 0160 für eine GTIN.",
);
pub(crate) const SR_090: Rule = fatal(
    "CII-SR-090",
    &["BT-159"],
    "The country of origin has {0} codes (OriginTradeCountry/ID, BT-159). Give exactly one, or leave the country out.",
    "Das Herkunftsland hat {0} Codes (OriginTradeCountry/ID, BT-159). Geben Sie genau einen an oder lassen Sie das Land weg.",
);
pub(crate) const SR_119: Rule = warning(
    "CII-SR-119",
    &["BT-147"],
    "A discount on the gross price (BT-147) needs both an indicator \"false\" and an amount. Enter what is missing.",
    "Ein Nachlass auf den Bruttopreis (BT-147) braucht das Kennzeichen \"false\" und einen Betrag. Tragen Sie ein, was fehlt.",
);
pub(crate) const SR_462: Rule = fatal(
    "CII-SR-462",
    &["BT-8"],
    "The codes for when VAT becomes due (DueDateTypeCode, BT-8) differ: {0}. Use the same everywhere.",
    "Die Codes für die Fälligkeit der Umsatzsteuer (DueDateTypeCode, BT-8) sind verschieden: {0}. Verwenden Sie überall denselben.",
);
pub(crate) const SR_463: Rule = fatal(
    "CII-SR-463",
    &["BG-20"],
    "An allowance or charge has no indicator (ChargeIndicator). Enter true for a charge, false for an allowance.",
    "Ein Nachlass oder Zuschlag hat kein Kennzeichen (ChargeIndicator). Tragen Sie true für Zuschlag oder false für Nachlass ein.",
);
pub(crate) const SR_467: Rule = fatal(
    "CII-SR-467",
    &["BT-81"],
    "The payment means codes (BT-81) differ: {0} and {1}. EN 16931 knows one for the whole invoice; use the same everywhere.",
    "Die Codes der Zahlungsart (BT-81) sind verschieden: {0} und {1}. EN 16931 kennt einen für die ganze Rechnung; verwenden Sie überall denselben.",
);
pub(crate) const SR_468: Rule = fatal(
    "CII-SR-468",
    &["BT-82"],
    "The texts of the payment means (BT-82) differ: \"{0}\" and \"{1}\". Use the same everywhere.",
    "Die Texte der Zahlungsart (BT-82) sind verschieden: \"{0}\" und \"{1}\". Verwenden Sie überall denselben.",
);
pub(crate) const SR_470: Rule = fatal(
    "CII-SR-470",
    &["BT-84"],
    "{0} payment means for a transfer have no account (BT-84). Enter the IBAN at each.",
    "{0} Zahlungsarten für Überweisung haben kein Konto (BT-84). Tragen Sie bei jeder die IBAN ein.",
);

macro_rules! one_of_two {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = warning(
            $id,
            &[$term],
            concat!(
                $en,
                " has both an ID and a GlobalID (",
                $term,
                "). EN 16931 knows one; remove the other."
            ),
            concat!(
                $de,
                " hat sowohl ID als auch GlobalID (",
                $term,
                "). EN 16931 kennt nur eine; entfernen Sie die andere."
            ),
        );
    };
}

one_of_two!(
    SR_449,
    "CII-SR-449",
    "BT-71",
    "The delivery location",
    "Der Lieferort"
);
one_of_two!(SR_450, "CII-SR-450", "BT-46", "The buyer", "Der Käufer");
one_of_two!(
    SR_451,
    "CII-SR-451",
    "BT-60",
    "The payee",
    "Der Zahlungsempfänger"
);

macro_rules! person_or_department {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = warning(
            $id,
            &[$term],
            concat!(
                "The contact of the ",
                $en,
                " has a person and a department (",
                $term,
                "). EN 16931 knows one name; remove the other."
            ),
            concat!(
                "Der Ansprechpartner des ",
                $de,
                " hat Person und Abteilung (",
                $term,
                "). EN 16931 kennt einen Namen; entfernen Sie den anderen."
            ),
        );
    };
}

person_or_department!(SR_465, "CII-SR-465", "BT-41", "seller", "Verkäufers");
person_or_department!(SR_466, "CII-SR-466", "BT-56", "buyer", "Käufers");

macro_rules! at_most_one {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = warning(
            $id,
            &[$term],
            concat!("There are {0} ", $en, " (", $term, "). Keep one."),
            concat!(
                "Es gibt {0} ",
                $de,
                " (",
                $term,
                "). Behalten Sie davon nur eine Angabe."
            ),
        );
    };
}

at_most_one!(
    SR_457,
    "CII-SR-457",
    "BT-17",
    "references of tender or lot (type code 50)",
    "Verweise auf Vergabe oder Los (Typ 50)"
);
at_most_one!(
    SR_458,
    "CII-SR-458",
    "BT-18",
    "invoiced objects (type code 130)",
    "Abrechnungsobjekte (Typ 130)"
);
at_most_one!(
    SR_474,
    "CII-SR-474",
    "BT-128",
    "invoiced objects of a line (type code 130)",
    "Abrechnungsobjekte einer Position (Typ 130)"
);
at_most_one!(
    SR_475,
    "CII-SR-475",
    "BT-123",
    "descriptions of supporting documents",
    "Beschreibungen rechnungsbegründender Unterlagen"
);
at_most_one!(
    SR_476,
    "CII-SR-476",
    "BT-125",
    "attachments of supporting documents",
    "Anhänge rechnungsbegründender Unterlagen"
);

macro_rules! only_in {
    ($level:ident, $name:ident, $id:literal, $element:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = $level(
            $id,
            &[],
            concat!(
                "The element {0} has ",
                $element,
                ", which is used ",
                $en,
                " only. Remove it."
            ),
            concat!(
                "Das Element {0} hat ",
                $element,
                ", das nur ",
                $de,
                " verwendet wird. Entfernen Sie es."
            ),
        );
    };
}

only_in!(
    fatal,
    DT_015,
    "CII-DT-015",
    "URIID",
    "in an AdditionalReferencedDocument with type code 916",
    "in einem AdditionalReferencedDocument mit Typ 916"
);
only_in!(
    fatal,
    DT_018,
    "CII-DT-018",
    "TypeCode",
    "in an AdditionalReferencedDocument, with 50, 130 or 916,",
    "in einem AdditionalReferencedDocument mit 50, 130 oder 916"
);
only_in!(
    fatal,
    DT_021,
    "CII-DT-021",
    "Name",
    "in an AdditionalReferencedDocument with type code 916",
    "in einem AdditionalReferencedDocument mit Typ 916"
);
only_in!(
    fatal,
    DT_022,
    "CII-DT-022",
    "AttachmentBinaryObject",
    "in an AdditionalReferencedDocument with type code 916",
    "in einem AdditionalReferencedDocument mit Typ 916"
);
only_in!(
    fatal,
    DT_024,
    "CII-DT-024",
    "ReferenceTypeCode",
    "in an AdditionalReferencedDocument with type code 130",
    "in einem AdditionalReferencedDocument mit Typ 130"
);
only_in!(
    fatal,
    DT_027,
    "CII-DT-027",
    "FormattedIssueDateTime",
    "in an InvoiceReferencedDocument",
    "in einem InvoiceReferencedDocument"
);
only_in!(
    warning,
    DT_041,
    "CII-DT-041",
    "BasisAmount",
    "in the VAT breakdown of the invoice",
    "in der Umsatzsteueraufschlüsselung der Rechnung"
);
only_in!(
    warning,
    DT_052,
    "CII-DT-052",
    "ExemptionReasonCode",
    "in ApplicableTradeTax",
    "in ApplicableTradeTax"
);
only_in!(
    warning,
    DT_054,
    "CII-DT-054",
    "TaxPointDate",
    "in the VAT breakdown of the invoice",
    "in der Umsatzsteueraufschlüsselung der Rechnung"
);
only_in!(
    warning,
    DT_058,
    "CII-DT-058",
    "DueDateTypeCode",
    "in the VAT breakdown of the invoice",
    "in der Umsatzsteueraufschlüsselung der Rechnung"
);
only_in!(
    warning,
    DT_098,
    "CII-DT-098",
    "ExemptionReason",
    "in ApplicableTradeTax",
    "in ApplicableTradeTax"
);

pub(crate) const DT_033: Rule = fatal(
    "CII-DT-033",
    &["BT-130"],
    "The quantity {0} has a unit, but no invoiced quantity of the lines has one (BT-130). Enter the units of the lines.",
    "Die Menge {0} hat eine Einheit, aber keine berechnete Menge der Positionen hat eine (BT-130). Tragen Sie die Einheiten der Positionen ein.",
);
pub(crate) const DT_037: Rule = fatal(
    "CII-DT-037",
    &["BT-118"],
    "The type of a tax is \"{0}\". EN 16931 knows VAT only; enter VAT.",
    "Die Art einer Steuer ist \"{0}\". EN 16931 kennt nur die Umsatzsteuer; tragen Sie VAT ein.",
);
pub(crate) const DT_097: Rule = fatal(
    "CII-DT-097",
    &[],
    "The date \"{0}\" is no date of the form 20261231. Correct it.",
    "Das Datum \"{0}\" hat nicht die Form 20261231. Berichtigen Sie es.",
);
