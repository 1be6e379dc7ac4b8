//! What the rules for the VAT categories say (BR-S, BR-Z, BR-E, BR-AE, BR-IC, BR-G, BR-O, BR-AF, BR-AG): the same fourteen questions for each
//! category, with the answers that it gives.

use super::en::fatal;
use crate::invoice::report::Rule;

/// The rules of one VAT category.
pub(crate) struct Category {
    /// The code in BT-95, BT-102, BT-118 and BT-151.
    pub code: &'static str,
    /// 01: the breakdown has the category if lines, allowances or charges have it.
    pub breakdown: Rule,
    /// 02 to 04: identifiers that seller and buyer need, for a line, an allowance, a charge.
    pub parties: [Rule; 3],
    /// 05 to 07: the rate of a line, an allowance, a charge.
    pub rate: [Rule; 3],
    /// 08: the taxable amount of the breakdown.
    pub taxable: Rule,
    /// 09: the tax amount of the breakdown.
    pub tax: Rule,
    /// 10: whether there is a reason for an exemption.
    pub reason: Rule,
}

macro_rules! category {
    ($name:ident, $id:literal, $code:literal, $en:literal, $de:literal,
     parties: $parties_en:literal, $parties_de:literal; rate: $rate_en:literal, $rate_de:literal;
     tax: $tax_en:literal, $tax_de:literal; reason: $reason_en:literal, $reason_de:literal) => {
        pub(crate) const $name: Category = Category {
            code: $code,
            breakdown: fatal(
                concat!("BR-", $id, "-01"),
                &["BG-23"],
                concat!(
                    "Category ", $code, " (", $en, ") of lines (BT-151), allowances (BT-95), charges (BT-102) and of the VAT breakdown (BT-118) do not ",
                    "go together: {0} lines, allowances and charges, {1} lines of the breakdown. Make the breakdown match."
                ),
                concat!(
                    "Die Kategorie ", $code, " (", $de, ") der Positionen (BT-151), Nachlässe (BT-95), Zuschläge (BT-102) und der ",
                    "Umsatzsteueraufschlüsselung (BT-118) passen nicht zusammen: {0} Positionen, Nachlässe und Zuschläge, {1} Zeilen der ",
                    "Aufschlüsselung. Bringen Sie die Aufschlüsselung in Einklang."
                ),
            ),
            parties: [
                fatal(
                    concat!("BR-", $id, "-02"),
                    &["BT-151"],
                    concat!("A line has VAT category ", $code, " (", $en, ", BT-151): ", $parties_en),
                    concat!("Eine Position hat die Umsatzsteuerkategorie ", $code, " (", $de, ", BT-151): ", $parties_de),
                ),
                fatal(
                    concat!("BR-", $id, "-03"),
                    &["BT-95"],
                    concat!("An allowance has VAT category ", $code, " (", $en, ", BT-95): ", $parties_en),
                    concat!("Ein Nachlass hat die Umsatzsteuerkategorie ", $code, " (", $de, ", BT-95): ", $parties_de),
                ),
                fatal(
                    concat!("BR-", $id, "-04"),
                    &["BT-102"],
                    concat!("A charge has VAT category ", $code, " (", $en, ", BT-102): ", $parties_en),
                    concat!("Ein Zuschlag hat die Umsatzsteuerkategorie ", $code, " (", $de, ", BT-102): ", $parties_de),
                ),
            ],
            rate: [
                fatal(
                    concat!("BR-", $id, "-05"),
                    &["BT-152"],
                    concat!("The VAT rate of a line (BT-152) of category ", $code, " (", $en, ") is {0}. ", $rate_en),
                    concat!("Der Steuersatz einer Position (BT-152) der Kategorie ", $code, " (", $de, ") ist {0}. ", $rate_de),
                ),
                fatal(
                    concat!("BR-", $id, "-06"),
                    &["BT-96"],
                    concat!("The VAT rate of an allowance (BT-96) of category ", $code, " (", $en, ") is {0}. ", $rate_en),
                    concat!("Der Steuersatz eines Nachlasses (BT-96) der Kategorie ", $code, " (", $de, ") ist {0}. ", $rate_de),
                ),
                fatal(
                    concat!("BR-", $id, "-07"),
                    &["BT-103"],
                    concat!("The VAT rate of a charge (BT-103) of category ", $code, " (", $en, ") is {0}. ", $rate_en),
                    concat!("Der Steuersatz eines Zuschlags (BT-103) der Kategorie ", $code, " (", $de, ") ist {0}. ", $rate_de),
                ),
            ],
            taxable: fatal(
                concat!("BR-", $id, "-08"),
                &["BT-116"],
                concat!(
                    "The taxable amount (BT-116) of category ", $code, " (", $en, ") is {0}, but its lines less allowances plus charges are {1}. ",
                    "Correct the amount, or the category and rate of the lines."
                ),
                concat!(
                    "Die Bemessungsgrundlage (BT-116) der Kategorie ", $code, " (", $de, ") ist {0}, ihre Positionen abzüglich Nachlässen zuzüglich ",
                    "Zuschlägen ergeben aber {1}. Berichtigen Sie den Betrag oder Kategorie und Satz der Positionen."
                ),
            ),
            tax: fatal(
                concat!("BR-", $id, "-09"),
                &["BT-117"],
                concat!("The tax amount (BT-117) of category ", $code, " (", $en, ") is {0}. ", $tax_en),
                concat!("Der Steuerbetrag (BT-117) der Kategorie ", $code, " (", $de, ") ist {0}. ", $tax_de),
            ),
            reason: fatal(
                concat!("BR-", $id, "-10"),
                &["BT-120"],
                concat!("VAT category ", $code, " (", $en, ") in the breakdown: ", $reason_en),
                concat!("Umsatzsteuerkategorie ", $code, " (", $de, ") in der Aufschlüsselung: ", $reason_de),
            ),
        };
    };
}

category!(STANDARD, "S", "S", "standard rate", "steuerpflichtig",
    parties: "enter the seller's VAT identifier (BT-31) or tax number (BT-32), or the VAT identifier of the tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer (BT-31) oder Steuernummer (BT-32) des Verkäufers ein oder die Nummer des Steuervertreters (BT-63).";
    rate: "It must be greater than 0; without VAT another category applies.",
        "Er muss größer als 0 sein; ohne Umsatzsteuer gilt eine andere Kategorie.";
    tax: "It must be the taxable amount ({1}, BT-116) times the rate ({2} %, BT-119), within 1. Correct it.",
        "Er muss die Bemessungsgrundlage ({1}, BT-116) mal dem Satz ({2} %, BT-119) sein, auf 1 genau. Berichtigen Sie ihn.";
    reason: "taxed supplies have no reason for an exemption. Remove BT-120 and BT-121.",
        "Steuerpflichtige Leistungen haben keinen Befreiungsgrund. Entfernen Sie BT-120 und BT-121.");

category!(ZERO, "Z", "Z", "zero rate", "Nullsatz",
    parties: "enter the seller's VAT identifier (BT-31) or tax number (BT-32), or the VAT identifier of the tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer (BT-31) oder Steuernummer (BT-32) des Verkäufers ein oder die Nummer des Steuervertreters (BT-63).";
    rate: "It must be 0.", "Er muss 0 sein.";
    tax: "It must be 0.", "Er muss 0 sein.";
    reason: "zero rated supplies have no reason for an exemption. Remove BT-120 and BT-121.",
        "Leistungen zum Nullsatz haben keinen Befreiungsgrund. Entfernen Sie BT-120 und BT-121.");

category!(EXEMPT, "E", "E", "exempt from VAT", "steuerbefreit",
    parties: "enter the seller's VAT identifier (BT-31) or tax number (BT-32), or the VAT identifier of the tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer (BT-31) oder Steuernummer (BT-32) des Verkäufers ein oder die Nummer des Steuervertreters (BT-63).";
    rate: "It must be 0.", "Er muss 0 sein.";
    tax: "It must be 0.", "Er muss 0 sein.";
    reason: "enter why no VAT is charged, as text (BT-120) or as code (BT-121).",
        "Tragen Sie ein, warum keine Umsatzsteuer anfällt, als Text (BT-120) oder als Code (BT-121).");

category!(REVERSE, "AE", "AE", "reverse charge", "Steuerschuld des Empfängers",
    parties: "enter the seller's VAT identifier (BT-31), tax number (BT-32) or representative (BT-63), and the buyer's VAT identifier (BT-48) or registration number (BT-47).",
        "Tragen Sie Umsatzsteuer-Identifikationsnummer (BT-31), Steuernummer (BT-32) oder Steuervertreter (BT-63) des Verkäufers ein und Umsatzsteuer-Identifikationsnummer (BT-48) oder Registernummer (BT-47) des Käufers.";
    rate: "It must be 0: the buyer owes the tax.", "Er muss 0 sein: Der Käufer schuldet die Steuer.";
    tax: "It must be 0: the buyer owes the tax.", "Er muss 0 sein: Der Käufer schuldet die Steuer.";
    reason: "enter that the buyer owes the tax, as text (BT-120, \"Reverse charge\") or as code (BT-121, VATEX-EU-AE).",
        "Tragen Sie ein, dass der Käufer die Steuer schuldet, als Text (BT-120, \"Steuerschuldnerschaft des Leistungsempfängers\") oder als Code (BT-121, VATEX-EU-AE).");

category!(INTRA, "IC", "K", "intra-community supply", "innergemeinschaftliche Lieferung",
    parties: "enter the VAT identifier of the seller (BT-31) or of its tax representative (BT-63), and the buyer's (BT-48).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer des Verkäufers (BT-31) oder seines Steuervertreters (BT-63) ein und die des Käufers (BT-48).";
    rate: "It must be 0.", "Er muss 0 sein.";
    tax: "It must be 0.", "Er muss 0 sein.";
    reason: "enter that it is an intra-community supply, as text (BT-120) or as code (BT-121, VATEX-EU-IC).",
        "Tragen Sie ein, dass es eine innergemeinschaftliche Lieferung ist, als Text (BT-120) oder als Code (BT-121, VATEX-EU-IC).");

category!(EXPORT, "G", "G", "export outside the EU", "Ausfuhr",
    parties: "enter the VAT identifier of the seller (BT-31) or of its tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer des Verkäufers (BT-31) oder seines Steuervertreters (BT-63) ein.";
    rate: "It must be 0.", "Er muss 0 sein.";
    tax: "It must be 0.", "Er muss 0 sein.";
    reason: "enter that it is an export, as text (BT-120) or as code (BT-121, VATEX-EU-G).",
        "Tragen Sie ein, dass es eine Ausfuhr ist, als Text (BT-120) oder als Code (BT-121, VATEX-EU-G).");

category!(OUTSIDE, "O", "O", "outside the scope of VAT", "nicht steuerbar",
    parties: "then the invoice must not have VAT identifiers of seller (BT-31), tax representative (BT-63) or buyer (BT-48). Remove them, or use another category.",
        "Dann darf die Rechnung keine Umsatzsteuer-Identifikationsnummer von Verkäufer (BT-31), Steuervertreter (BT-63) oder Käufer (BT-48) haben. Entfernen Sie sie oder wählen Sie eine andere Kategorie.";
    rate: "There must be no rate at all. Remove it.", "Es darf gar kein Satz angegeben sein. Entfernen Sie ihn.";
    tax: "It must be 0.", "Er muss 0 sein.";
    reason: "enter why no VAT applies, as text (BT-120) or as code (BT-121, VATEX-EU-O).",
        "Tragen Sie ein, warum keine Umsatzsteuer gilt, als Text (BT-120) oder als Code (BT-121, VATEX-EU-O).");

category!(CANARY, "AF", "L", "IGIC of the Canary Islands", "IGIC der Kanarischen Inseln",
    parties: "enter the seller's VAT identifier (BT-31) or tax number (BT-32), or the VAT identifier of the tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer (BT-31) oder Steuernummer (BT-32) des Verkäufers ein oder die Nummer des Steuervertreters (BT-63).";
    rate: "Enter a rate that is not negative, in CII greater than 0.", "Tragen Sie einen Satz ein, der nicht negativ ist, in CII größer als 0.";
    tax: "It must be the taxable amount ({1}, BT-116) times the rate ({2} %, BT-119), within 1. Correct it.",
        "Er muss die Bemessungsgrundlage ({1}, BT-116) mal dem Satz ({2} %, BT-119) sein, auf 1 genau. Berichtigen Sie ihn.";
    reason: "taxed supplies have no reason for an exemption. Remove BT-120 and BT-121.",
        "Steuerpflichtige Leistungen haben keinen Befreiungsgrund. Entfernen Sie BT-120 und BT-121.");

category!(CEUTA, "AG", "M", "IPSI of Ceuta and Melilla", "IPSI von Ceuta und Melilla",
    parties: "enter the seller's VAT identifier (BT-31) or tax number (BT-32), or the VAT identifier of the tax representative (BT-63).",
        "Tragen Sie die Umsatzsteuer-Identifikationsnummer (BT-31) oder Steuernummer (BT-32) des Verkäufers ein oder die Nummer des Steuervertreters (BT-63).";
    rate: "Enter a rate that is not negative.", "Tragen Sie einen Satz ein, der nicht negativ ist.";
    tax: "It must be the taxable amount ({1}, BT-116) times the rate ({2} %, BT-119), within 1. Correct it.",
        "Er muss die Bemessungsgrundlage ({1}, BT-116) mal dem Satz ({2} %, BT-119) sein, auf 1 genau. Berichtigen Sie ihn.";
    reason: "taxed supplies have no reason for an exemption. Remove BT-120 and BT-121.",
        "Steuerpflichtige Leistungen haben keinen Befreiungsgrund. Entfernen Sie BT-120 und BT-121.");

pub(crate) const BR_IC_11: Rule = fatal(
    "BR-IC-11",
    &["BT-72"],
    "An intra-community supply (category K) needs the date of delivery (BT-72) or an invoicing period (BG-14). Enter one of them.",
    "Eine innergemeinschaftliche Lieferung (Kategorie K) braucht das Lieferdatum (BT-72) oder einen Abrechnungszeitraum (BG-14). Tragen Sie eines davon ein.",
);
pub(crate) const BR_IC_12: Rule = fatal(
    "BR-IC-12",
    &["BT-80"],
    "An intra-community supply (category K) needs the country of the delivery address (BT-80). Enter it.",
    "Eine innergemeinschaftliche Lieferung (Kategorie K) braucht das Land der Lieferanschrift (BT-80). Tragen Sie es ein.",
);
pub(crate) const BR_O_11: Rule = fatal(
    "BR-O-11",
    &["BG-23"],
    "The breakdown has category O (outside the scope of VAT): it must have no other category. Split the invoice, or correct the categories.",
    "Die Aufschlüsselung hat die Kategorie O (nicht steuerbar): Sie darf keine andere haben. Teilen Sie die Rechnung oder berichtigen Sie die Kategorien.",
);
pub(crate) const BR_O_12: Rule = fatal(
    "BR-O-12",
    &["BT-151"],
    "The breakdown has category O (outside the scope of VAT): no line (BT-151) may have another category. Correct the lines.",
    "Die Aufschlüsselung hat die Kategorie O (nicht steuerbar): Keine Position (BT-151) darf eine andere haben. Berichtigen Sie die Positionen.",
);
pub(crate) const BR_O_13: Rule = fatal(
    "BR-O-13",
    &["BT-95"],
    "The breakdown has category O (outside the scope of VAT): no allowance (BT-95) may have another category. Correct the allowances.",
    "Die Aufschlüsselung hat die Kategorie O (nicht steuerbar): Kein Nachlass (BT-95) darf eine andere haben. Berichtigen Sie die Nachlässe.",
);
pub(crate) const BR_O_14: Rule = fatal(
    "BR-O-14",
    &["BT-102"],
    "The breakdown has category O (outside the scope of VAT): no charge (BT-102) may have another category. Correct the charges.",
    "Die Aufschlüsselung hat die Kategorie O (nicht steuerbar): Kein Zuschlag (BT-102) darf eine andere haben. Berichtigen Sie die Zuschläge.",
);
pub(crate) const BR_B_01: Rule = fatal(
    "BR-B-01",
    &["BT-151"],
    "VAT category B (split payment) is for domestic invoices in Italy only. Choose another category.",
    "Die Umsatzsteuerkategorie B (Split Payment) gilt nur für inländische Rechnungen in Italien. Wählen Sie eine andere Kategorie.",
);
pub(crate) const BR_B_02: Rule = fatal(
    "BR-B-02",
    &["BT-151"],
    "The invoice has VAT categories B (split payment) and S (standard rate) together. Use one of them only.",
    "Die Rechnung hat die Umsatzsteuerkategorien B (Split Payment) und S (steuerpflichtig) zugleich. Verwenden Sie nur eine davon.",
);
