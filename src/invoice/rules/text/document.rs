//! What the rules BR-01 to BR-65 of EN 16931 say: which terms an invoice must have, in words for an accountant. The places `{0}`, `{1}` are
//! filled with the values that the test found.

use super::en::fatal;
use crate::invoice::report::Rule;

pub(crate) const BR_01: Rule = fatal(
    "BR-01",
    &["BT-24"],
    "The specification identifier (BT-24) is missing. Enter the identifier of the rules that the invoice follows.",
    "Die Spezifikationskennung (BT-24) fehlt. Tragen Sie die Kennung der Vorgabe ein, nach der die Rechnung erstellt ist.",
);
pub(crate) const BR_02: Rule = fatal(
    "BR-02",
    &["BT-1"],
    "The invoice number (BT-1) is missing. Enter the number of the invoice.",
    "Die Rechnungsnummer (BT-1) fehlt. Tragen Sie die Nummer der Rechnung ein.",
);
pub(crate) const BR_03: Rule = fatal(
    "BR-03",
    &["BT-2"],
    "The invoice date (BT-2) is missing or not in the expected format. Enter the date of issue.",
    "Das Rechnungsdatum (BT-2) fehlt oder hat nicht das erwartete Format. Tragen Sie das Ausstellungsdatum ein.",
);
pub(crate) const BR_04: Rule = fatal(
    "BR-04",
    &["BT-3"],
    "The invoice type code (BT-3) is missing. Enter for example 380 for an invoice or 381 for a credit note.",
    "Der Rechnungstyp (BT-3) fehlt. Tragen Sie zum Beispiel 380 für eine Rechnung oder 381 für eine Gutschrift ein.",
);
pub(crate) const BR_05: Rule = fatal(
    "BR-05",
    &["BT-5"],
    "The currency of the invoice (BT-5) is missing. Enter it, for example EUR.",
    "Die Rechnungswährung (BT-5) fehlt. Tragen Sie sie ein, zum Beispiel EUR.",
);
pub(crate) const BR_06: Rule = fatal(
    "BR-06",
    &["BT-27"],
    "The name of the seller (BT-27) is missing. Enter the full name of the company.",
    "Der Name des Verkäufers (BT-27) fehlt. Tragen Sie den vollständigen Namen des Unternehmens ein.",
);
pub(crate) const BR_07: Rule = fatal(
    "BR-07",
    &["BT-44"],
    "The name of the buyer (BT-44) is missing. Enter the full name of the customer.",
    "Der Name des Käufers (BT-44) fehlt. Tragen Sie den vollständigen Namen des Kunden ein.",
);
pub(crate) const BR_08: Rule = fatal(
    "BR-08",
    &["BG-5"],
    "The postal address of the seller (BG-5) is missing. Enter it with at least the country.",
    "Die Anschrift des Verkäufers (BG-5) fehlt. Tragen Sie sie mindestens mit dem Land ein.",
);
pub(crate) const BR_09: Rule = fatal(
    "BR-09",
    &["BT-40"],
    "The country of the seller's address (BT-40) is missing. Enter the two-letter code, for example DE.",
    "Das Land in der Anschrift des Verkäufers (BT-40) fehlt. Tragen Sie den zweistelligen Code ein, zum Beispiel DE.",
);
pub(crate) const BR_10: Rule = fatal(
    "BR-10",
    &["BG-8"],
    "The postal address of the buyer (BG-8) is missing. Enter it with at least the country.",
    "Die Anschrift des Käufers (BG-8) fehlt. Tragen Sie sie mindestens mit dem Land ein.",
);
pub(crate) const BR_11: Rule = fatal(
    "BR-11",
    &["BT-55"],
    "The country of the buyer's address (BT-55) is missing. Enter the two-letter code, for example DE.",
    "Das Land in der Anschrift des Käufers (BT-55) fehlt. Tragen Sie den zweistelligen Code ein, zum Beispiel DE.",
);
pub(crate) const BR_12: Rule = fatal(
    "BR-12",
    &["BT-106"],
    "The sum of the line amounts (BT-106) is missing. Enter it in the totals of the invoice.",
    "Die Summe der Positionsbeträge (BT-106) fehlt. Tragen Sie sie in den Gesamtbeträgen ein.",
);
pub(crate) const BR_13: Rule = fatal(
    "BR-13",
    &["BT-109"],
    "The total without VAT (BT-109) is missing. Enter it in the totals of the invoice.",
    "Der Gesamtbetrag ohne Umsatzsteuer (BT-109) fehlt. Tragen Sie ihn in den Gesamtbeträgen ein.",
);
pub(crate) const BR_14: Rule = fatal(
    "BR-14",
    &["BT-112"],
    "The total with VAT (BT-112) is missing. Enter it in the totals of the invoice.",
    "Der Gesamtbetrag mit Umsatzsteuer (BT-112) fehlt. Tragen Sie ihn in den Gesamtbeträgen ein.",
);
pub(crate) const BR_15: Rule = fatal(
    "BR-15",
    &["BT-115"],
    "The amount due for payment (BT-115) is missing. Enter it in the totals of the invoice.",
    "Der fällige Betrag (BT-115) fehlt. Tragen Sie ihn in den Gesamtbeträgen ein.",
);
pub(crate) const BR_16: Rule = fatal(
    "BR-16",
    &["BG-25"],
    "The invoice has no line (BG-25). Add at least one line.",
    "Die Rechnung hat keine Position (BG-25). Fügen Sie mindestens eine Position hinzu.",
);
pub(crate) const BR_17: Rule = fatal(
    "BR-17",
    &["BT-59"],
    "The payee (BG-10) needs a name (BT-59) and must be somebody else than the seller. If the seller receives the money, remove the payee; \
     otherwise enter name and identifiers of the other party (found: {0}).",
    "Der Zahlungsempfänger (BG-10) braucht einen Namen (BT-59) und muss ein anderer als der Verkäufer sein. Erhält der Verkäufer das Geld, \
     entfernen Sie den Zahlungsempfänger; sonst tragen Sie Namen und Kennungen des Anderen ein (gefunden: {0}).",
);
pub(crate) const BR_18: Rule = fatal(
    "BR-18",
    &["BT-62"],
    "The name of the seller's tax representative (BT-62) is missing. Enter it or remove the representative (BG-11).",
    "Der Name des Steuervertreters (BT-62) fehlt. Tragen Sie ihn ein oder entfernen Sie den Steuervertreter (BG-11).",
);
pub(crate) const BR_19: Rule = fatal(
    "BR-19",
    &["BG-12"],
    "The postal address of the seller's tax representative (BG-12) is missing. Enter it with at least the country.",
    "Die Anschrift des Steuervertreters (BG-12) fehlt. Tragen Sie sie mindestens mit dem Land ein.",
);
pub(crate) const BR_20: Rule = fatal(
    "BR-20",
    &["BT-69"],
    "The country in the address of the seller's tax representative (BT-69) is missing. Enter the two-letter code.",
    "Das Land in der Anschrift des Steuervertreters (BT-69) fehlt. Tragen Sie den zweistelligen Code ein.",
);
pub(crate) const BR_21: Rule = fatal(
    "BR-21",
    &["BT-126"],
    "An invoice line has no number (BT-126). Number the lines.",
    "Eine Rechnungsposition hat keine Nummer (BT-126). Nummerieren Sie die Positionen.",
);
pub(crate) const BR_22: Rule = fatal(
    "BR-22",
    &["BT-129"],
    "Line {0} has no quantity (BT-129). Enter how much is invoiced.",
    "Position {0} hat keine Menge (BT-129). Tragen Sie ein, wie viel berechnet wird.",
);
pub(crate) const BR_23: Rule = fatal(
    "BR-23",
    &["BT-130"],
    "The quantity of line {0} has no unit (BT-130). Enter a unit code, for example H87 for pieces or HUR for hours.",
    "Die Menge der Position {0} hat keine Einheit (BT-130). Tragen Sie einen Einheitencode ein, zum Beispiel H87 für Stück oder HUR für Stunden.",
);
pub(crate) const BR_24: Rule = fatal(
    "BR-24",
    &["BT-131"],
    "Line {0} has no net amount (BT-131). Enter quantity times price, less allowances, plus charges.",
    "Position {0} hat keinen Nettobetrag (BT-131). Tragen Sie Menge mal Preis abzüglich Nachlässen zuzüglich Zuschlägen ein.",
);
pub(crate) const BR_25: Rule = fatal(
    "BR-25",
    &["BT-153"],
    "The item of line {0} has no name (BT-153). Enter what was sold.",
    "Der Artikel der Position {0} hat keinen Namen (BT-153). Tragen Sie ein, was verkauft wurde.",
);
pub(crate) const BR_26: Rule = fatal(
    "BR-26",
    &["BT-146"],
    "Line {0} has no net price (BT-146). Enter the price of the item without VAT.",
    "Position {0} hat keinen Nettopreis (BT-146). Tragen Sie den Preis des Artikels ohne Umsatzsteuer ein.",
);
pub(crate) const BR_27: Rule = fatal(
    "BR-27",
    &["BT-146"],
    "The net price (BT-146) of line {0} is {1}, but a price must not be negative. Put the sign into the quantity (BT-129).",
    "Der Nettopreis (BT-146) der Position {0} ist {1}, ein Preis darf aber nicht negativ sein. Setzen Sie das Vorzeichen in die Menge (BT-129).",
);
pub(crate) const BR_28: Rule = fatal(
    "BR-28",
    &["BT-148"],
    "The gross price (BT-148) of line {0} is {1}, but a price must not be negative. Put the sign into the quantity (BT-129).",
    "Der Bruttopreis (BT-148) der Position {0} ist {1}, ein Preis darf aber nicht negativ sein. Setzen Sie das Vorzeichen in die Menge (BT-129).",
);
pub(crate) const BR_29: Rule = fatal(
    "BR-29",
    &["BT-74"],
    "The invoicing period ends ({1}, BT-74) before it begins ({0}, BT-73), or one of the dates is in another format. Correct the dates.",
    "Der Abrechnungszeitraum endet ({1}, BT-74) vor seinem Beginn ({0}, BT-73), oder ein Datum hat ein anderes Format. Berichtigen Sie die Daten.",
);
pub(crate) const BR_30: Rule = fatal(
    "BR-30",
    &["BT-135"],
    "The period of a line ends ({1}, BT-135) before it begins ({0}, BT-134), or one of the dates is in another format. Correct the dates.",
    "Der Zeitraum einer Position endet ({1}, BT-135) vor seinem Beginn ({0}, BT-134), oder ein Datum hat ein anderes Format. Berichtigen Sie die Daten.",
);
pub(crate) const BR_31: Rule = fatal(
    "BR-31",
    &["BT-92"],
    "An allowance for the whole invoice (BG-20) has no amount (BT-92). Enter it.",
    "Ein Nachlass auf die Rechnung (BG-20) hat keinen Betrag (BT-92). Tragen Sie ihn ein.",
);
pub(crate) const BR_32: Rule = fatal(
    "BR-32",
    &["BT-95"],
    "An allowance for the whole invoice (BG-20) has no VAT category (BT-95). Enter the category of the goods that it reduces.",
    "Ein Nachlass auf die Rechnung (BG-20) hat keine Umsatzsteuerkategorie (BT-95). Tragen Sie die Kategorie der Leistungen ein, die er mindert.",
);
pub(crate) const BR_33: Rule = fatal(
    "BR-33",
    &["BT-97"],
    "An allowance for the whole invoice (BG-20) has no reason. Enter a text (BT-97) or a code (BT-98).",
    "Ein Nachlass auf die Rechnung (BG-20) hat keinen Grund. Tragen Sie einen Text (BT-97) oder einen Code (BT-98) ein.",
);
pub(crate) const BR_36: Rule = fatal(
    "BR-36",
    &["BT-99"],
    "A charge for the whole invoice (BG-21) has no amount (BT-99). Enter it.",
    "Ein Zuschlag auf die Rechnung (BG-21) hat keinen Betrag (BT-99). Tragen Sie ihn ein.",
);
pub(crate) const BR_37: Rule = fatal(
    "BR-37",
    &["BT-102"],
    "A charge for the whole invoice (BG-21) has no VAT category (BT-102). Enter it.",
    "Ein Zuschlag auf die Rechnung (BG-21) hat keine Umsatzsteuerkategorie (BT-102). Tragen Sie sie ein.",
);
pub(crate) const BR_38: Rule = fatal(
    "BR-38",
    &["BT-104"],
    "A charge for the whole invoice (BG-21) has no reason. Enter a text (BT-104) or a code (BT-105).",
    "Ein Zuschlag auf die Rechnung (BG-21) hat keinen Grund. Tragen Sie einen Text (BT-104) oder einen Code (BT-105) ein.",
);
pub(crate) const BR_41: Rule = fatal(
    "BR-41",
    &["BT-136"],
    "An allowance on a line (BG-27) has no amount (BT-136). Enter it.",
    "Ein Nachlass auf eine Position (BG-27) hat keinen Betrag (BT-136). Tragen Sie ihn ein.",
);
pub(crate) const BR_42: Rule = fatal(
    "BR-42",
    &["BT-139"],
    "An allowance on a line (BG-27) has no reason. Enter a text (BT-139) or a code (BT-140).",
    "Ein Nachlass auf eine Position (BG-27) hat keinen Grund. Tragen Sie einen Text (BT-139) oder einen Code (BT-140) ein.",
);
pub(crate) const BR_43: Rule = fatal(
    "BR-43",
    &["BT-141"],
    "A charge on a line (BG-28) has no amount (BT-141). Enter it.",
    "Ein Zuschlag auf eine Position (BG-28) hat keinen Betrag (BT-141). Tragen Sie ihn ein.",
);
pub(crate) const BR_44: Rule = fatal(
    "BR-44",
    &["BT-144"],
    "A charge on a line (BG-28) has no reason. Enter a text (BT-144) or a code (BT-145).",
    "Ein Zuschlag auf eine Position (BG-28) hat keinen Grund. Tragen Sie einen Text (BT-144) oder einen Code (BT-145) ein.",
);
pub(crate) const BR_45: Rule = fatal(
    "BR-45",
    &["BT-116"],
    "A line of the VAT breakdown (BG-23) has no taxable amount (BT-116). Enter it.",
    "Eine Zeile der Umsatzsteueraufschlüsselung (BG-23) hat keine Bemessungsgrundlage (BT-116). Tragen Sie sie ein.",
);
pub(crate) const BR_46: Rule = fatal(
    "BR-46",
    &["BT-117"],
    "A line of the VAT breakdown (BG-23) has no tax amount (BT-117). Enter it, also if it is 0.",
    "Eine Zeile der Umsatzsteueraufschlüsselung (BG-23) hat keinen Steuerbetrag (BT-117). Tragen Sie ihn ein, auch wenn er 0 ist.",
);
pub(crate) const BR_47: Rule = fatal(
    "BR-47",
    &["BT-118"],
    "A line of the VAT breakdown (BG-23) has no VAT category (BT-118). Enter it, for example S for the standard rate.",
    "Eine Zeile der Umsatzsteueraufschlüsselung (BG-23) hat keine Kategorie (BT-118). Tragen Sie sie ein, zum Beispiel S für steuerpflichtig.",
);
pub(crate) const BR_48: Rule = fatal(
    "BR-48",
    &["BT-119"],
    "A line of the VAT breakdown (BG-23) has no rate (BT-119). Enter it; only category O (outside the scope of VAT) has none.",
    "Eine Zeile der Umsatzsteueraufschlüsselung (BG-23) hat keinen Steuersatz (BT-119). Tragen Sie ihn ein; nur Kategorie O (nicht steuerbar) hat keinen.",
);
pub(crate) const BR_49: Rule = fatal(
    "BR-49",
    &["BT-81"],
    "The payment instructions (BG-16) have no payment means code (BT-81). Enter for example 58 for a SEPA transfer.",
    "Die Zahlungsanweisung (BG-16) hat keinen Code für die Zahlungsart (BT-81). Tragen Sie zum Beispiel 58 für eine SEPA-Überweisung ein.",
);
pub(crate) const BR_50: Rule = fatal(
    "BR-50",
    &["BT-84"],
    "The account for a transfer (BG-17) has no number (BT-84). Enter the IBAN.",
    "Das Konto für die Überweisung (BG-17) hat keine Nummer (BT-84). Tragen Sie die IBAN ein.",
);
pub(crate) const BR_51: Rule = fatal(
    "BR-51",
    &["BT-87"],
    "The card number (BT-87) has {0} characters. Show at most ten, the first six and the last four digits.",
    "Die Kartennummer (BT-87) hat {0} Zeichen. Geben Sie höchstens zehn an: die ersten sechs und die letzten vier Ziffern.",
);
pub(crate) const BR_52: Rule = fatal(
    "BR-52",
    &["BT-122"],
    "A supporting document (BG-24) has no reference (BT-122). Enter its number.",
    "Eine rechnungsbegründende Unterlage (BG-24) hat keine Kennung (BT-122). Tragen Sie ihre Nummer ein.",
);
pub(crate) const BR_53: Rule = fatal(
    "BR-53",
    &["BT-111"],
    "The VAT accounting currency (BT-6) is {0}, but the VAT total in this currency (BT-111) is missing, or it is the invoice currency. \
     Enter the VAT total in {0}, or remove BT-6.",
    "Die Abrechnungswährung der Umsatzsteuer (BT-6) ist {0}, es fehlt aber der Steuerbetrag in dieser Währung (BT-111), oder sie ist die \
     Rechnungswährung. Tragen Sie den Steuerbetrag in {0} ein oder entfernen Sie BT-6.",
);
pub(crate) const BR_54: Rule = fatal(
    "BR-54",
    &["BG-32"],
    "An item attribute (BG-32) needs both a name (BT-160) and a value (BT-161). Enter what is missing.",
    "Ein Artikelmerkmal (BG-32) braucht einen Namen (BT-160) und einen Wert (BT-161). Tragen Sie ein, was fehlt.",
);
pub(crate) const BR_55: Rule = fatal(
    "BR-55",
    &["BT-25"],
    "The reference to a preceding invoice (BG-3) has no invoice number (BT-25). Enter it or remove the reference.",
    "Der Verweis auf eine vorausgegangene Rechnung (BG-3) hat keine Rechnungsnummer (BT-25). Tragen Sie sie ein oder entfernen Sie den Verweis.",
);
pub(crate) const BR_56: Rule = fatal(
    "BR-56",
    &["BT-63"],
    "The seller's tax representative (BG-11) has no VAT identifier (BT-63). Enter it.",
    "Der Steuervertreter (BG-11) hat keine Umsatzsteuer-Identifikationsnummer (BT-63). Tragen Sie sie ein.",
);
pub(crate) const BR_57: Rule = fatal(
    "BR-57",
    &["BT-80"],
    "The country of the delivery address (BT-80) is missing. Enter the two-letter code or remove the address (BG-15).",
    "Das Land der Lieferanschrift (BT-80) fehlt. Tragen Sie den zweistelligen Code ein oder entfernen Sie die Anschrift (BG-15).",
);
pub(crate) const BR_61: Rule = fatal(
    "BR-61",
    &["BT-84"],
    "Payment by transfer (BT-81 is {0}) needs an account (BT-84). Enter the IBAN.",
    "Die Zahlung durch Überweisung (BT-81 ist {0}) braucht ein Konto (BT-84). Tragen Sie die IBAN ein.",
);
pub(crate) const BR_62: Rule = fatal(
    "BR-62",
    &["BT-34"],
    "The electronic address of the seller (BT-34) has no scheme. Enter it, for example EM for an e-mail address.",
    "Die elektronische Adresse des Verkäufers (BT-34) hat keine Kennung des Schemas. Tragen Sie sie ein, zum Beispiel EM für eine E-Mail-Adresse.",
);
pub(crate) const BR_63: Rule = fatal(
    "BR-63",
    &["BT-49"],
    "The electronic address of the buyer (BT-49) has no scheme. Enter it, for example EM for an e-mail address.",
    "Die elektronische Adresse des Käufers (BT-49) hat keine Kennung des Schemas. Tragen Sie sie ein, zum Beispiel EM für eine E-Mail-Adresse.",
);
pub(crate) const BR_64: Rule = fatal(
    "BR-64",
    &["BT-157"],
    "The standard number of an item (BT-157) has no scheme. Enter it, for example 0160 for a GTIN.",
    "Die Standardnummer eines Artikels (BT-157) hat keine Kennung des Schemas. Tragen Sie sie ein, zum Beispiel 0160 für eine GTIN.",
);
pub(crate) const BR_65: Rule = fatal(
    "BR-65",
    &["BT-158"],
    "The classification of an item (BT-158) does not name its list. Enter it, for example STI for CPV codes.",
    "Die Klassifizierung eines Artikels (BT-158) nennt ihre Liste nicht. Tragen Sie sie ein, zum Beispiel STI für CPV-Codes.",
);
