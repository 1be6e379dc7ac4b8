//! What those rules UBL-SR, UBL-CR and UBL-DT say that are more than a row of a table: the use that EN 16931 makes of UBL 2.1.

use super::en::{fatal, warning};
use crate::invoice::report::Rule;

pub(crate) const CR_002: Rule = warning(
    "UBL-CR-002",
    &[],
    "The UBL version is {0}. Enter 2.1 or leave it out.",
    "Die UBL-Version ist {0}. Tragen Sie 2.1 ein oder lassen Sie sie weg.",
);
pub(crate) const CR_412: Rule = warning(
    "UBL-CR-412",
    &["BT-9"],
    "An invoice has its due date (BT-9) in DueDate, not at the payment means. Move it.",
    "Eine Rechnung trägt das Fälligkeitsdatum (BT-9) in DueDate, nicht bei der Zahlungsart. Verschieben Sie es.",
);
pub(crate) const CR_665: Rule = warning(
    "UBL-CR-665",
    &["BT-122"],
    "Only the invoiced object (type code 130, BT-18) has a scheme. Remove the schemeID of the other references.",
    "Nur das Abrechnungsobjekt (Typ 130, BT-18) hat ein Schema. Entfernen Sie schemeID bei den anderen Verweisen.",
);
pub(crate) const CR_666: Rule = fatal(
    "UBL-CR-666",
    &["BT-18"],
    "The invoiced object (type code 130, BT-18) must not have an attachment. Make a supporting document of its own (BG-24).",
    "Das Abrechnungsobjekt (Typ 130, BT-18) darf keinen Anhang haben. Legen Sie dafür eine eigene Unterlage an (BG-24).",
);
pub(crate) const CR_673: Rule = fatal(
    "UBL-CR-673",
    &["BT-18"],
    "The invoiced object (type code 130, BT-18) must not have a description. Remove it.",
    "Das Abrechnungsobjekt (Typ 130, BT-18) darf keine Beschreibung haben. Entfernen Sie sie.",
);
pub(crate) const DT_01: Rule = fatal(
    "UBL-DT-01",
    &[],
    "The amount {0} is {1}, with more than two decimals. Round it to two.",
    "Der Betrag {0} ist {1} und hat mehr als zwei Nachkommastellen. Runden Sie auf zwei.",
);
pub(crate) const DT_06: Rule = fatal(
    "UBL-DT-06",
    &["BT-125"],
    "An attachment (BT-125) has no mimeCode. Enter its type, for example application/pdf.",
    "Ein Anhang (BT-125) hat kein mimeCode. Tragen Sie seinen Typ ein, zum Beispiel application/pdf.",
);
pub(crate) const DT_07: Rule = fatal(
    "UBL-DT-07",
    &["BT-125"],
    "An attachment (BT-125) has no filename. Enter its name.",
    "Ein Anhang (BT-125) hat kein filename. Tragen Sie seinen Namen ein.",
);
pub(crate) const DT_18: Rule = warning(
    "UBL-DT-18",
    &[],
    "The attribute name is used with the payment means code (BT-82) only. Remove it elsewhere.",
    "Das Attribut name wird nur beim Code der Zahlungsart verwendet (BT-82). Entfernen Sie es an anderen Stellen.",
);

macro_rules! at_most_one {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = fatal(
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
    SR_04,
    "UBL-SR-04",
    "BT-18",
    "invoiced objects (type code 130)",
    "Abrechnungsobjekte (Typ 130)"
);
at_most_one!(
    SR_12,
    "UBL-SR-12",
    "BT-31",
    "VAT identifiers of the seller",
    "Umsatzsteuer-Identifikationsnummern des Verkäufers"
);
at_most_one!(
    SR_13,
    "UBL-SR-13",
    "BT-32",
    "tax numbers of the seller",
    "Steuernummern des Verkäufers"
);
at_most_one!(
    SR_18,
    "UBL-SR-18",
    "BT-48",
    "VAT identifiers of the buyer",
    "Umsatzsteuer-Identifikationsnummern des Käufers"
);
at_most_one!(
    SR_29,
    "UBL-SR-29",
    "BT-90",
    "creditor identifiers (scheme SEPA)",
    "Gläubiger-IDs (Schema SEPA)"
);
at_most_one!(
    SR_44,
    "UBL-SR-44",
    "BT-83",
    "different remittance texts",
    "verschiedene Verwendungszwecke"
);
at_most_one!(
    SR_47,
    "UBL-SR-47",
    "BT-81",
    "different payment means codes",
    "verschiedene Codes der Zahlungsart"
);

pub(crate) const SR_07: Rule = fatal(
    "UBL-SR-07",
    &["BT-25"],
    "The reference to a preceding invoice (BG-3) has no invoice number (BT-25). Enter it or remove the reference.",
    "Der Verweis auf eine vorausgegangene Rechnung (BG-3) hat keine Rechnungsnummer (BT-25). Tragen Sie sie ein oder entfernen Sie den Verweis.",
);

macro_rules! payee {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = fatal(
            $id,
            &[$term],
            concat!("The payee (BG-10) has more than one ", $en, " (", $term, "), no name (BT-59), or the seller's name (BT-27). Keep one, and name somebody else."),
            concat!("Der Zahlungsempfänger (BG-10) hat mehr als eine Angabe zu ", $de, " (", $term, "), keinen Namen (BT-59) oder den des Verkäufers (BT-27). ",
                "Behalten Sie eine, und nennen Sie einen Anderen."),
        );
    };
}

payee!(SR_19, "UBL-SR-19", "BT-59", "name", "Name");
payee!(SR_20, "UBL-SR-20", "BT-60", "identifier", "Kennung");
payee!(
    SR_21,
    "UBL-SR-21",
    "BT-61",
    "registration number",
    "Registernummer"
);

pub(crate) const SR_42: Rule = fatal(
    "UBL-SR-42",
    &["BT-31"],
    "The seller has {0} tax registrations. Keep at most a VAT identifier (BT-31) and a tax number (BT-32).",
    "Der Verkäufer hat {0} steuerliche Registrierungen. Behalten Sie höchstens Umsatzsteuer-Identifikationsnummer (BT-31) und Steuernummer (BT-32).",
);
pub(crate) const SR_43: Rule = fatal(
    "UBL-SR-43",
    &["BT-122"],
    "A document reference has type code \"{0}\" or a scheme. Only the invoiced object (130, BT-18) and, in credit notes, the project (50, BT-11) may.",
    "Ein Dokumentverweis hat den Typ \"{0}\" oder ein Schema. Das dürfen nur das Abrechnungsobjekt (130, BT-18) und in Gutschriften das Projekt (50, BT-11).",
);
pub(crate) const SR_51: Rule = fatal(
    "UBL-SR-51",
    &["BT-162"],
    "An address has {0} additional lines (AddressLine). Keep one.",
    "Eine Anschrift hat {0} Zusatzzeilen (AddressLine). Behalten Sie eine.",
);
pub(crate) const SR_53: Rule = fatal(
    "UBL-SR-53",
    &["BT-31"],
    "A tax registration needs the scheme (TaxScheme/ID, for example VAT) and the number (CompanyID). Enter what is missing.",
    "Eine steuerliche Registrierung braucht das Schema (TaxScheme/ID, zum Beispiel VAT) und die Nummer (CompanyID). Tragen Sie ein, was fehlt.",
);
