//! What the rules PEPPOL-EN16931 say, which XRechnung 3.0 took over.

use super::xr::{fatal, warning};
use crate::invoice::report::Rule;

pub(crate) const R001: Rule = fatal(
    "PEPPOL-EN16931-R001",
    &["BT-23"],
    "The business process (BT-23) is missing. Enter urn:fdc:peppol.eu:2017:poacc:billing:01:1.0 if nothing else was agreed.",
    "Der Geschäftsprozess (BT-23) fehlt. Tragen Sie urn:fdc:peppol.eu:2017:poacc:billing:01:1.0 ein, wenn nichts anderes vereinbart ist.",
);
pub(crate) const R005: Rule = fatal(
    "PEPPOL-EN16931-R005",
    &["BT-6"],
    "The VAT accounting currency (BT-6) is {0}, the same as the invoice currency (BT-5). Remove BT-6.",
    "Die Abrechnungswährung der Umsatzsteuer (BT-6) ist {0}, dieselbe wie die Rechnungswährung (BT-5). Entfernen Sie BT-6.",
);
pub(crate) const R008: Rule = fatal(
    "PEPPOL-EN16931-R008",
    &[],
    "The element {0} is empty. Fill it or leave it out.",
    "Das Element {0} ist leer. Füllen Sie es aus oder lassen Sie es weg.",
);
pub(crate) const R010: Rule = fatal(
    "PEPPOL-EN16931-R010",
    &["BT-49"],
    "The electronic address of the buyer (BT-49) is missing. Enter it, for example an e-mail address with scheme EM.",
    "Die elektronische Adresse des Käufers (BT-49) fehlt. Tragen Sie sie ein, zum Beispiel eine E-Mail-Adresse mit dem Schema EM.",
);
pub(crate) const R020: Rule = fatal(
    "PEPPOL-EN16931-R020",
    &["BT-34"],
    "The electronic address of the seller (BT-34) is missing. Enter it, for example an e-mail address with scheme EM.",
    "Die elektronische Adresse des Verkäufers (BT-34) fehlt. Tragen Sie sie ein, zum Beispiel eine E-Mail-Adresse mit dem Schema EM.",
);
pub(crate) const R040: Rule = fatal(
    "PEPPOL-EN16931-R040",
    &["BT-92"],
    "The amount of an allowance or charge is {0}, but base amount {1} times {2} % is another amount. Correct amount, base amount or percentage.",
    "Der Betrag eines Nachlasses oder Zuschlags ist {0}, der Grundbetrag {1} mal {2} % ergibt aber etwas anderes. Berichtigen Sie Betrag, \
     Grundbetrag oder Prozentsatz.",
);
pub(crate) const R041: Rule = fatal(
    "PEPPOL-EN16931-R041",
    &["BT-93"],
    "An allowance or charge has a percentage but no base amount (BT-93, BT-100, BT-137, BT-142). Enter the base amount or remove the percentage.",
    "Ein Nachlass oder Zuschlag hat einen Prozentsatz, aber keinen Grundbetrag (BT-93, BT-100, BT-137, BT-142). Tragen Sie den Grundbetrag ein \
     oder entfernen Sie den Prozentsatz.",
);
pub(crate) const R042: Rule = fatal(
    "PEPPOL-EN16931-R042",
    &["BT-94"],
    "An allowance or charge has a base amount but no percentage (BT-94, BT-101, BT-138, BT-143). Enter the percentage or remove the base amount.",
    "Ein Nachlass oder Zuschlag hat einen Grundbetrag, aber keinen Prozentsatz (BT-94, BT-101, BT-138, BT-143). Tragen Sie den Prozentsatz ein \
     oder entfernen Sie den Grundbetrag.",
);

const INDICATOR_EN: &str = "An allowance or charge does not say which of the two it is: the indicator is \"{0}\". Enter true (charge) or false (allowance).";
const INDICATOR_DE: &str = "Es ist nicht angegeben, ob Nachlass oder Zuschlag: Das Kennzeichen ist \"{0}\". Tragen Sie true (Zuschlag) oder false (Nachlass) ein.";

pub(crate) const R043: Rule = fatal(
    "PEPPOL-EN16931-R043",
    &["BG-20"],
    INDICATOR_EN,
    INDICATOR_DE,
);
pub(crate) const R043_1: Rule = fatal(
    "PEPPOL-EN16931-R043-1",
    &["BG-20"],
    INDICATOR_EN,
    INDICATOR_DE,
);
pub(crate) const R043_2: Rule = fatal(
    "PEPPOL-EN16931-R043-2",
    &["BT-147"],
    INDICATOR_EN,
    INDICATOR_DE,
);
pub(crate) const R044: Rule = fatal(
    "PEPPOL-EN16931-R044",
    &["BT-147"],
    "The price of an item can only have a discount (BT-147), no charge. Set the indicator to false, or put the charge on the line (BG-28).",
    "Ein Artikelpreis darf nur einen Nachlass haben (BT-147), keinen Zuschlag. Setzen Sie das Kennzeichen auf false oder den Zuschlag in die \
     Position (BG-28).",
);
pub(crate) const R046: Rule = fatal(
    "PEPPOL-EN16931-R046",
    &["BT-146"],
    "The net price (BT-146) is {0}, but the gross price {1} (BT-148) less the discount {2} (BT-147) is another amount. Correct the prices.",
    "Der Nettopreis (BT-146) ist {0}, der Bruttopreis {1} (BT-148) abzüglich des Nachlasses {2} (BT-147) ergibt aber etwas anderes. \
     Berichtigen Sie die Preise.",
);
pub(crate) const R053: Rule = fatal(
    "PEPPOL-EN16931-R053",
    &["BT-110"],
    "There are {0} VAT totals in the invoice currency (BT-110). Keep exactly one.",
    "Es gibt {0} Umsatzsteuerbeträge in der Rechnungswährung (BT-110). Behalten Sie genau einen.",
);
pub(crate) const R054: Rule = fatal(
    "PEPPOL-EN16931-R054",
    &["BT-111"],
    "There are {0} VAT totals in accounting currency (BT-111). There must be one if BT-6 names such a currency, and none otherwise.",
    "Es gibt {0} Umsatzsteuerbeträge in Abrechnungswährung (BT-111). Nennt BT-6 eine solche Währung, muss es einer sein, sonst keiner.",
);
pub(crate) const R055: Rule = fatal(
    "PEPPOL-EN16931-R055",
    &["BT-111"],
    "The VAT totals in invoice currency (BT-110) and in accounting currency (BT-111) have different signs, or one is missing. Correct them.",
    "Die Umsatzsteuerbeträge in Rechnungswährung (BT-110) und Abrechnungswährung (BT-111) haben verschiedene Vorzeichen, oder einer fehlt. \
     Berichtigen Sie sie.",
);
pub(crate) const R061: Rule = fatal(
    "PEPPOL-EN16931-R061",
    &["BT-89"],
    "Payment by direct debit (BT-81 is {0}) needs a mandate reference (BT-89). Enter it.",
    "Die Zahlung durch Lastschrift (BT-81 ist {0}) braucht eine Mandatsreferenz (BT-89). Tragen Sie sie ein.",
);
pub(crate) const R101: Rule = fatal(
    "PEPPOL-EN16931-R101",
    &["BT-128"],
    "A line refers to a document that is not its invoiced object (type code 130, BT-128). Correct the type code or remove the reference.",
    "Eine Position verweist auf ein Dokument, das nicht ihr Abrechnungsobjekt ist (Typ 130, BT-128). Berichtigen Sie den Typ oder entfernen Sie \
     den Verweis.",
);
pub(crate) const R110: Rule = fatal(
    "PEPPOL-EN16931-R110",
    &["BT-134"],
    "The period of a line begins on {0} (BT-134), before the period of the invoice ({1}, BT-73). Correct one of the dates.",
    "Der Zeitraum einer Position beginnt am {0} (BT-134), vor dem Abrechnungszeitraum der Rechnung ({1}, BT-73). Berichtigen Sie eines der Daten.",
);
pub(crate) const R111: Rule = fatal(
    "PEPPOL-EN16931-R111",
    &["BT-135"],
    "The period of a line ends on {0} (BT-135), after the period of the invoice ({1}, BT-74). Correct one of the dates.",
    "Der Zeitraum einer Position endet am {0} (BT-135), nach dem Abrechnungszeitraum der Rechnung ({1}, BT-74). Berichtigen Sie eines der Daten.",
);
pub(crate) const R120: Rule = warning(
    "PEPPOL-EN16931-R120",
    &["BT-131"],
    "The net amount of line {0} (BT-131) is {1}, but quantity times price, less allowances, plus charges, is {2}. Correct the line.",
    "Der Nettobetrag der Position {0} (BT-131) ist {1}, Menge mal Preis abzüglich Nachlässen zuzüglich Zuschlägen ergibt aber {2}. \
     Berichtigen Sie die Position.",
);
pub(crate) const R121: Rule = fatal(
    "PEPPOL-EN16931-R121",
    &["BT-149"],
    "The quantity that a price is for (BT-149) is {0}; it must be greater than 0. Enter for example 1.",
    "Die Menge, auf die sich ein Preis bezieht (BT-149), ist {0}; sie muss größer als 0 sein. Tragen Sie zum Beispiel 1 ein.",
);
pub(crate) const R130: Rule = fatal(
    "PEPPOL-EN16931-R130",
    &["BT-150"],
    "The price is for a quantity in {0} (BT-150), the invoiced quantity is in {1} (BT-130). Use the same unit.",
    "Der Preis bezieht sich auf eine Menge in {0} (BT-150), die berechnete Menge ist in {1} (BT-130). Verwenden Sie dieselbe Einheit.",
);
