//! What the rules BR-CO say: how the amounts of an invoice depend on each other.

use super::en::fatal;
use crate::invoice::report::Rule;

pub(crate) const BR_CO_03: Rule = fatal(
    "BR-CO-03",
    &["BT-7"],
    "The invoice has both a date (BT-7) and a code (BT-8) for when VAT becomes due. Keep one of them.",
    "Die Rechnung hat sowohl ein Datum (BT-7) als auch einen Code (BT-8) für die Fälligkeit der Umsatzsteuer. Behalten Sie eines von beiden.",
);
pub(crate) const BR_CO_04: Rule = fatal(
    "BR-CO-04",
    &["BT-151"],
    "Line {0} has no VAT category (BT-151). Enter it, for example S for the standard rate.",
    "Position {0} hat keine Umsatzsteuerkategorie (BT-151). Tragen Sie sie ein, zum Beispiel S für steuerpflichtig.",
);
pub(crate) const BR_CO_09: Rule = fatal(
    "BR-CO-09",
    &["BT-31"],
    "The VAT identifier {0} (BT-31, BT-48, BT-63) does not begin with a country code. Enter it with its prefix, for example DE123456789.",
    "Die Umsatzsteuer-Identifikationsnummer {0} (BT-31, BT-48, BT-63) beginnt nicht mit einem Ländercode. Tragen Sie sie mit ihrem Präfix ein, \
     zum Beispiel DE123456789.",
);
pub(crate) const BR_CO_10: Rule = fatal(
    "BR-CO-10",
    &["BT-106"],
    "The sum of the line amounts (BT-106) is {0}, but the lines (BT-131) add up to {1}. Correct BT-106 or the lines.",
    "Die Summe der Positionsbeträge (BT-106) ist {0}, die Positionen (BT-131) ergeben aber {1}. Berichtigen Sie BT-106 oder die Positionen.",
);
pub(crate) const BR_CO_11: Rule = fatal(
    "BR-CO-11",
    &["BT-107"],
    "The sum of allowances (BT-107) is {0}, but the allowances on the invoice (BT-92) add up to {1}. Correct BT-107 or the allowances.",
    "Die Summe der Nachlässe (BT-107) ist {0}, die Nachlässe auf die Rechnung (BT-92) ergeben aber {1}. Berichtigen Sie BT-107 oder die Nachlässe.",
);
pub(crate) const BR_CO_12: Rule = fatal(
    "BR-CO-12",
    &["BT-108"],
    "The sum of charges (BT-108) is {0}, but the charges on the invoice (BT-99) add up to {1}. Correct BT-108 or the charges.",
    "Die Summe der Zuschläge (BT-108) ist {0}, die Zuschläge auf die Rechnung (BT-99) ergeben aber {1}. Berichtigen Sie BT-108 oder die Zuschläge.",
);
pub(crate) const BR_CO_13: Rule = fatal(
    "BR-CO-13",
    &["BT-109"],
    "The total without VAT (BT-109) is {0}, but the sum of lines (BT-106) less allowances (BT-107) plus charges (BT-108) is {1}. \
     Correct BT-109.",
    "Der Gesamtbetrag ohne Umsatzsteuer (BT-109) ist {0}, die Summe der Positionen (BT-106) abzüglich Nachlässen (BT-107) zuzüglich Zuschlägen \
     (BT-108) ist aber {1}. Berichtigen Sie BT-109.",
);
pub(crate) const BR_CO_14: Rule = fatal(
    "BR-CO-14",
    &["BT-110"],
    "The VAT total (BT-110) is {0}, but the tax amounts of the breakdown (BT-117) add up to {1}. Correct BT-110 or the breakdown.",
    "Der Umsatzsteuerbetrag (BT-110) ist {0}, die Steuerbeträge der Aufschlüsselung (BT-117) ergeben aber {1}. Berichtigen Sie BT-110 oder die \
     Aufschlüsselung.",
);
pub(crate) const BR_CO_15: Rule = fatal(
    "BR-CO-15",
    &["BT-112"],
    "The total with VAT (BT-112) is {0}, but the total without VAT (BT-109: {1}) plus the VAT total in the invoice currency (BT-110: {2}) is \
     another amount. Correct what is wrong; there must be exactly one VAT total in the invoice currency.",
    "Der Gesamtbetrag mit Umsatzsteuer (BT-112) ist {0}, der Gesamtbetrag ohne Umsatzsteuer (BT-109: {1}) zuzüglich des Steuerbetrags in der \
     Rechnungswährung (BT-110: {2}) ergibt aber etwas anderes. Berichtigen Sie den falschen Betrag; es muss genau einen Steuerbetrag in der \
     Rechnungswährung geben.",
);
pub(crate) const BR_CO_16: Rule = fatal(
    "BR-CO-16",
    &["BT-115"],
    "The amount due (BT-115) is {0}, but the total with VAT (BT-112) less what was paid (BT-113) plus rounding (BT-114) is {1}. Correct it.",
    "Der fällige Betrag (BT-115) ist {0}, der Gesamtbetrag mit Umsatzsteuer (BT-112) abzüglich Vorauszahlung (BT-113) zuzüglich Rundung (BT-114) \
     ist aber {1}. Berichtigen Sie ihn.",
);
pub(crate) const BR_CO_17: Rule = fatal(
    "BR-CO-17",
    &["BT-117"],
    "The tax amount (BT-117) is {0}, but the taxable amount {1} (BT-116) times the rate {2} % (BT-119) is more than 1 away from it. Correct it.",
    "Der Steuerbetrag (BT-117) ist {0}, die Bemessungsgrundlage {1} (BT-116) mal dem Satz {2} % (BT-119) weicht aber um mehr als 1 davon ab. \
     Berichtigen Sie ihn.",
);
pub(crate) const BR_CO_18: Rule = fatal(
    "BR-CO-18",
    &["BG-23"],
    "The VAT breakdown (BG-23) is missing. Enter one line for each category and rate, also if no VAT is charged.",
    "Die Umsatzsteueraufschlüsselung (BG-23) fehlt. Tragen Sie je Kategorie und Satz eine Zeile ein, auch wenn keine Steuer anfällt.",
);
pub(crate) const BR_CO_19: Rule = fatal(
    "BR-CO-19",
    &["BG-14"],
    "The invoicing period (BG-14) has neither begin (BT-73) nor end (BT-74). Enter a date or remove the period.",
    "Der Abrechnungszeitraum (BG-14) hat weder Beginn (BT-73) noch Ende (BT-74). Tragen Sie ein Datum ein oder entfernen Sie den Zeitraum.",
);
pub(crate) const BR_CO_20: Rule = fatal(
    "BR-CO-20",
    &["BG-26"],
    "The period of a line (BG-26) has neither begin (BT-134) nor end (BT-135). Enter a date or remove the period.",
    "Der Zeitraum einer Position (BG-26) hat weder Beginn (BT-134) noch Ende (BT-135). Tragen Sie ein Datum ein oder entfernen Sie den Zeitraum.",
);
pub(crate) const BR_CO_21: Rule = fatal(
    "BR-CO-21",
    &["BG-20"],
    "An allowance for the whole invoice (BG-20) names neither a reason (BT-97) nor a reason code (BT-98). Enter one of them.",
    "Ein Nachlass auf die Rechnung (BG-20) nennt weder Grund (BT-97) noch Code des Grundes (BT-98). Tragen Sie eines davon ein.",
);
pub(crate) const BR_CO_22: Rule = fatal(
    "BR-CO-22",
    &["BG-21"],
    "A charge for the whole invoice (BG-21) names neither a reason (BT-104) nor a reason code (BT-105). Enter one of them.",
    "Ein Zuschlag auf die Rechnung (BG-21) nennt weder Grund (BT-104) noch Code des Grundes (BT-105). Tragen Sie eines davon ein.",
);
pub(crate) const BR_CO_23: Rule = fatal(
    "BR-CO-23",
    &["BG-27"],
    "An allowance on a line (BG-27) names neither a reason (BT-139) nor a reason code (BT-140). Enter one of them.",
    "Ein Nachlass auf eine Position (BG-27) nennt weder Grund (BT-139) noch Code des Grundes (BT-140). Tragen Sie eines davon ein.",
);
pub(crate) const BR_CO_24: Rule = fatal(
    "BR-CO-24",
    &["BG-28"],
    "A charge on a line (BG-28) names neither a reason (BT-144) nor a reason code (BT-145). Enter one of them.",
    "Ein Zuschlag auf eine Position (BG-28) nennt weder Grund (BT-144) noch Code des Grundes (BT-145). Tragen Sie eines davon ein.",
);
pub(crate) const BR_CO_26: Rule = fatal(
    "BR-CO-26",
    &["BT-29"],
    "The buyer cannot identify the seller: enter a seller identifier (BT-29), a registration number (BT-30) or a VAT identifier (BT-31).",
    "Der Käufer kann den Verkäufer nicht eindeutig erkennen: Tragen Sie eine Kennung (BT-29), eine Registernummer (BT-30) oder eine \
     Umsatzsteuer-Identifikationsnummer (BT-31) ein.",
);
