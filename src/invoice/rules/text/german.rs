//! What the rules of XRechnung 3.0 say (BR-DE, BR-TMP, BR-DE-CVD, BR-DEX).

use super::xr::{fatal, information, warning};
use crate::invoice::report::Rule;

pub(crate) const BR_DE_1: Rule = fatal(
    "BR-DE-1",
    &["BG-16"],
    "The payment instructions (BG-16) are missing. Enter how the invoice is to be paid.",
    "Die Zahlungsanweisung (BG-16) fehlt. Tragen Sie ein, wie die Rechnung zu bezahlen ist.",
);
pub(crate) const BR_DE_2: Rule = fatal(
    "BR-DE-2",
    &["BG-6"],
    "The contact of the seller (BG-6) is missing. Enter a person or department with telephone and e-mail.",
    "Der Ansprechpartner des Verkäufers (BG-6) fehlt. Tragen Sie Person oder Abteilung mit Telefon und E-Mail ein.",
);
pub(crate) const BR_DE_3: Rule = fatal(
    "BR-DE-3",
    &["BT-37"],
    "The city of the seller (BT-37) is missing. Enter it.",
    "Der Ort des Verkäufers (BT-37) fehlt. Tragen Sie ihn ein.",
);
pub(crate) const BR_DE_4: Rule = fatal(
    "BR-DE-4",
    &["BT-38"],
    "The post code of the seller (BT-38) is missing. Enter it.",
    "Die Postleitzahl des Verkäufers (BT-38) fehlt. Tragen Sie sie ein.",
);
pub(crate) const BR_DE_5: Rule = fatal(
    "BR-DE-5",
    &["BT-41"],
    "The contact of the seller has no name (BT-41). Enter a person or a department.",
    "Der Ansprechpartner des Verkäufers hat keinen Namen (BT-41). Tragen Sie eine Person oder Abteilung ein.",
);
pub(crate) const BR_DE_6: Rule = fatal(
    "BR-DE-6",
    &["BT-42"],
    "The contact of the seller has no telephone number (BT-42). Enter it.",
    "Der Ansprechpartner des Verkäufers hat keine Telefonnummer (BT-42). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_7: Rule = fatal(
    "BR-DE-7",
    &["BT-43"],
    "The contact of the seller has no e-mail address (BT-43). Enter it.",
    "Der Ansprechpartner des Verkäufers hat keine E-Mail-Adresse (BT-43). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_8: Rule = fatal(
    "BR-DE-8",
    &["BT-52"],
    "The city of the buyer (BT-52) is missing. Enter it.",
    "Der Ort des Käufers (BT-52) fehlt. Tragen Sie ihn ein.",
);
pub(crate) const BR_DE_9: Rule = fatal(
    "BR-DE-9",
    &["BT-53"],
    "The post code of the buyer (BT-53) is missing. Enter it.",
    "Die Postleitzahl des Käufers (BT-53) fehlt. Tragen Sie sie ein.",
);
pub(crate) const BR_DE_10: Rule = fatal(
    "BR-DE-10",
    &["BT-77"],
    "The city of the delivery address (BT-77) is missing. Enter it or remove the address (BG-15).",
    "Der Ort der Lieferanschrift (BT-77) fehlt. Tragen Sie ihn ein oder entfernen Sie die Anschrift (BG-15).",
);
pub(crate) const BR_DE_11: Rule = fatal(
    "BR-DE-11",
    &["BT-78"],
    "The post code of the delivery address (BT-78) is missing. Enter it or remove the address (BG-15).",
    "Die Postleitzahl der Lieferanschrift (BT-78) fehlt. Tragen Sie sie ein oder entfernen Sie die Anschrift (BG-15).",
);
pub(crate) const BR_DE_14: Rule = fatal(
    "BR-DE-14",
    &["BT-119"],
    "A line of the VAT breakdown (BG-23) has no rate (BT-119). Enter it, 0 if no VAT is charged.",
    "Eine Zeile der Umsatzsteueraufschlüsselung (BG-23) hat keinen Steuersatz (BT-119). Tragen Sie ihn ein, 0 wenn keine Steuer anfällt.",
);
pub(crate) const BR_DE_15: Rule = fatal(
    "BR-DE-15",
    &["BT-10"],
    "The buyer reference (BT-10) is missing. Public bodies want their Leitweg-ID there; otherwise enter what the buyer asks for.",
    "Die Käuferreferenz (BT-10) fehlt. Öffentliche Auftraggeber erwarten dort ihre Leitweg-ID; sonst tragen Sie ein, was der Käufer verlangt.",
);
pub(crate) const BR_DE_16: Rule = fatal(
    "BR-DE-16",
    &["BT-31"],
    "An invoice with VAT categories needs the seller's VAT identifier (BT-31), tax number (BT-32) or tax representative (BG-11). Enter one of them.",
    "Eine Rechnung mit Umsatzsteuerkategorien braucht Umsatzsteuer-Identifikationsnummer (BT-31), Steuernummer (BT-32) oder Steuervertreter \
     (BG-11) des Verkäufers. Tragen Sie eines davon ein.",
);
pub(crate) const BR_DE_17: Rule = warning(
    "BR-DE-17",
    &["BT-3"],
    "The invoice type is \"{0}\" (BT-3). XRechnung wants one of 326, 380, 381, 384, 389, 875, 876, 877.",
    "Der Rechnungstyp ist \"{0}\" (BT-3). XRechnung sieht 326, 380, 381, 384, 389, 875, 876 und 877 vor.",
);
pub(crate) const BR_DE_18: Rule = fatal(
    "BR-DE-18",
    &["BT-20"],
    "The payment terms (BT-20) have a line that begins with # and does not follow the rule for discounts: \"{0}\". Write \
     #SKONTO#TAGE=14#PROZENT=2.25# with two decimals, optionally #BASISBETRAG=100.00# at the end, and a line break after it.",
    "Die Zahlungsbedingungen (BT-20) haben eine Zeile, die mit # beginnt und nicht der Regel für Skonto folgt: \"{0}\". Schreiben Sie \
     #SKONTO#TAGE=14#PROZENT=2.25# mit zwei Nachkommastellen, bei Bedarf #BASISBETRAG=100.00# am Ende, und danach einen Zeilenumbruch.",
);
pub(crate) const BR_DE_19: Rule = warning(
    "BR-DE-19",
    &["BT-84"],
    "The account for the SEPA transfer (BT-84) is \"{0}\", which is no valid IBAN. Correct it.",
    "Das Konto für die SEPA-Überweisung (BT-84) ist \"{0}\" und keine gültige IBAN. Berichtigen Sie es.",
);
pub(crate) const BR_DE_20: Rule = warning(
    "BR-DE-20",
    &["BT-91"],
    "The account for the SEPA direct debit (BT-91) is \"{0}\", which is no valid IBAN. Correct it.",
    "Das Konto für die SEPA-Lastschrift (BT-91) ist \"{0}\" und keine gültige IBAN. Berichtigen Sie es.",
);
pub(crate) const BR_DE_21: Rule = warning(
    "BR-DE-21",
    &["BT-24"],
    "The specification identifier (BT-24) is \"{0}\", which is not one of XRechnung 3.0. Enter the identifier of XRechnung 3.0.",
    "Die Spezifikationskennung (BT-24) ist \"{0}\" und keine von XRechnung 3.0. Tragen Sie die Kennung von XRechnung 3.0 ein.",
);
pub(crate) const BR_DE_22: Rule = fatal(
    "BR-DE-22",
    &["BT-125"],
    "Two attachments (BT-125) have the same file name \"{0}\". Give each its own name.",
    "Zwei Anhänge (BT-125) haben denselben Dateinamen \"{0}\". Geben Sie jedem einen eigenen.",
);
pub(crate) const BR_DE_23_A: Rule = fatal(
    "BR-DE-23-a",
    &["BG-17"],
    "Payment by transfer (BT-81 is {0}) needs the seller's account (BG-17). Enter the IBAN.",
    "Die Zahlung durch Überweisung (BT-81 ist {0}) braucht das Konto des Verkäufers (BG-17). Tragen Sie die IBAN ein.",
);
pub(crate) const BR_DE_23_B: Rule = fatal(
    "BR-DE-23-b",
    &["BG-17"],
    "With payment by transfer (BT-81 is {0}) there must be no card (BG-18) and no direct debit (BG-19). Remove them or change BT-81.",
    "Bei Zahlung durch Überweisung (BT-81 ist {0}) darf es weder Karte (BG-18) noch Lastschrift (BG-19) geben. Entfernen Sie sie oder ändern Sie BT-81.",
);
pub(crate) const BR_DE_24_A: Rule = fatal(
    "BR-DE-24-a",
    &["BG-18"],
    "Payment by card (BT-81 is {0}) needs the card (BG-18). Enter it.",
    "Die Zahlung mit Karte (BT-81 ist {0}) braucht die Angaben zur Karte (BG-18). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_24_B: Rule = fatal(
    "BR-DE-24-b",
    &["BG-18"],
    "With payment by card (BT-81 is {0}) there must be no transfer (BG-17) and no direct debit (BG-19). Remove them or change BT-81.",
    "Bei Zahlung mit Karte (BT-81 ist {0}) darf es weder Überweisung (BG-17) noch Lastschrift (BG-19) geben. Entfernen Sie sie oder ändern Sie BT-81.",
);
pub(crate) const BR_DE_25_A: Rule = fatal(
    "BR-DE-25-a",
    &["BG-19"],
    "Payment by direct debit (BT-81 is 59) needs the direct debit (BG-19): mandate, creditor identifier, debited account. Enter them.",
    "Die Zahlung durch Lastschrift (BT-81 ist 59) braucht die Angaben zur Lastschrift (BG-19): Mandat, Gläubiger-ID, belastetes Konto. Tragen Sie sie ein.",
);
pub(crate) const BR_DE_25_B: Rule = fatal(
    "BR-DE-25-b",
    &["BG-19"],
    "With payment by direct debit (BT-81 is 59) there must be no transfer (BG-17) and no card (BG-18). Remove them or change BT-81.",
    "Bei Zahlung durch Lastschrift (BT-81 ist 59) darf es weder Überweisung (BG-17) noch Karte (BG-18) geben. Entfernen Sie sie oder ändern Sie BT-81.",
);
pub(crate) const BR_DE_26: Rule = warning(
    "BR-DE-26",
    &["BG-3"],
    "A corrected invoice (BT-3 is 384) should name the invoice that it corrects (BG-3). Enter its number.",
    "Eine Rechnungskorrektur (BT-3 ist 384) soll die berichtigte Rechnung nennen (BG-3). Tragen Sie deren Nummer ein.",
);
pub(crate) const BR_DE_27: Rule = warning(
    "BR-DE-27",
    &["BT-42"],
    "The telephone number of the seller's contact (BT-42) is \"{0}\", with fewer than three digits. Enter the whole number.",
    "Die Telefonnummer des Ansprechpartners (BT-42) ist \"{0}\" und hat weniger als drei Ziffern. Tragen Sie die vollständige Nummer ein.",
);
pub(crate) const BR_DE_28: Rule = warning(
    "BR-DE-28",
    &["BT-43"],
    "The e-mail address of the seller's contact (BT-43) is \"{0}\", which is no e-mail address. Correct it.",
    "Die E-Mail-Adresse des Ansprechpartners (BT-43) ist \"{0}\" und keine E-Mail-Adresse. Berichtigen Sie sie.",
);
pub(crate) const BR_DE_30: Rule = fatal(
    "BR-DE-30",
    &["BT-90"],
    "The direct debit (BG-19) is incomplete: the creditor identifier (BT-90) is needed, with mandate (BT-89) or debited account (BT-91). Enter it.",
    "Die Lastschrift (BG-19) ist unvollständig: Die Gläubiger-ID (BT-90) ist nötig, mit Mandat (BT-89) oder belastetem Konto (BT-91). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_31: Rule = fatal(
    "BR-DE-31",
    &["BT-91"],
    "The direct debit (BG-19) is incomplete: the debited account (BT-91) is needed, with mandate (BT-89) or creditor identifier (BT-90). Enter it.",
    "Die Lastschrift (BG-19) ist unvollständig: Das belastete Konto (BT-91) ist nötig, mit Mandat (BT-89) oder Gläubiger-ID (BT-90). Tragen Sie es ein.",
);
pub(crate) const BR_DE_TMP_32: Rule = information(
    "BR-DE-TMP-32",
    &["BT-72"],
    "The invoice does not say when the delivery was: date of delivery (BT-72), invoicing period (BG-14), or a period for each line (BG-26).",
    "Die Rechnung sagt nicht, wann geliefert wurde: Lieferdatum (BT-72), Abrechnungszeitraum (BG-14) oder ein Zeitraum in jeder Position (BG-26).",
);
pub(crate) const BR_TMP_2: Rule = fatal(
    "BR-TMP-2",
    &["BT-124"],
    "The address of an external document (BT-124) is \"{0}\", which is no URL. Enter it with its scheme, for example https:.",
    "Die Adresse eines externen Dokuments (BT-124) ist \"{0}\" und keine URL. Tragen Sie sie mit ihrem Schema ein, zum Beispiel https:.",
);
pub(crate) const BR_TMP_3: Rule = fatal(
    "BR-TMP-3",
    &["BT-149"],
    "Gross price and net price of line {0} are for different quantities ({1} and {2}, BT-149, BT-150). Write the same number and unit at both.",
    "Brutto- und Nettopreis der Position {0} gelten für verschiedene Mengen ({1} und {2}, BT-149, BT-150). Schreiben Sie bei beiden dieselbe Zahl \
     und Einheit.",
);
pub(crate) const BR_TMP_4: Rule = warning(
    "BR-TMP-4",
    &["BT-123"],
    "A supporting document (BG-24) has {0} descriptions (BT-123). Keep one.",
    "Eine rechnungsbegründende Unterlage (BG-24) hat {0} Beschreibungen (BT-123). Behalten Sie eine.",
);
pub(crate) const BR_TMP_5: Rule = warning(
    "BR-TMP-5",
    &["BT-125"],
    "A supporting document (BG-24) has {0} attachments (BT-125). Make a document of its own for each.",
    "Eine rechnungsbegründende Unterlage (BG-24) hat {0} Anhänge (BT-125). Legen Sie für jeden eine eigene Unterlage an.",
);
pub(crate) const BR_TMP_6: Rule = warning(
    "BR-TMP-6",
    &[],
    "The date \"{0}\" in {1} has not the form 2026-12-31. Correct it.",
    "Das Datum \"{0}\" in {1} hat nicht die Form 2026-12-31. Berichtigen Sie es.",
);
pub(crate) const BR_TMP_7: Rule = warning(
    "BR-TMP-7",
    &[],
    "The date \"{0}\" (format \"{1}\") has not the form 20261231 with format 102. Correct it.",
    "Das Datum \"{0}\" (Format \"{1}\") hat nicht die Form 20261231 mit dem Format 102. Berichtigen Sie es.",
);
pub(crate) const BR_DE_CVD_01: Rule = fatal(
    "BR-DE-CVD-01",
    &["BT-12"],
    "An invoice for clean vehicles needs the contract reference (BT-12). Enter it.",
    "Eine Rechnung über saubere Fahrzeuge braucht die Vertragsnummer (BT-12). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_CVD_02: Rule = fatal(
    "BR-DE-CVD-02",
    &["BT-17"],
    "An invoice for clean vehicles needs the reference of the tender or lot (BT-17). Enter it.",
    "Eine Rechnung über saubere Fahrzeuge braucht die Vergabenummer (BT-17). Tragen Sie sie ein.",
);
pub(crate) const BR_DE_CVD_03: Rule = fatal(
    "BR-DE-CVD-03",
    &["BT-158"],
    "An invoice for clean vehicles needs a line whose item has a classification of list CVD (BT-158) and an attribute named cva (BT-160).",
    "Eine Rechnung über saubere Fahrzeuge braucht eine Position, deren Artikel eine Klassifizierung der Liste CVD (BT-158) und ein Merkmal cva (BT-160) hat.",
);
pub(crate) const BR_DE_CVD_04: Rule = fatal(
    "BR-DE-CVD-04",
    &["BT-158"],
    "The vehicle category (BT-158) is \"{0}\". Enter M1, M2, M3, N1, N2 or N3.",
    "Die Fahrzeugklasse (BT-158) ist \"{0}\". Tragen Sie M1, M2, M3, N1, N2 oder N3 ein.",
);
pub(crate) const BR_DE_CVD_05: Rule = fatal(
    "BR-DE-CVD-05",
    &["BT-161"],
    "The vehicle attribute cva (BT-161) is \"{0}\". Enter clean, zero-emission or other.",
    "Das Fahrzeugmerkmal cva (BT-161) ist \"{0}\". Tragen Sie clean, zero-emission oder other ein.",
);
pub(crate) const BR_DE_CVD_06_A: Rule = fatal(
    "BR-DE-CVD-06-a",
    &["BG-32"],
    "An item with a classification of list CVD (BT-158) needs exactly one attribute cva (BT-160). Enter it.",
    "Ein Artikel mit einer Klassifizierung der Liste CVD (BT-158) braucht genau ein Merkmal cva (BT-160). Tragen Sie es ein.",
);
pub(crate) const BR_DE_CVD_06_B: Rule = fatal(
    "BR-DE-CVD-06-b",
    &["BT-158"],
    "An item with the attribute cva (BT-160) needs exactly one classification of list CVD (BT-158). Enter it.",
    "Ein Artikel mit dem Merkmal cva (BT-160) braucht genau eine Klassifizierung der Liste CVD (BT-158). Tragen Sie sie ein.",
);
pub(crate) const BR_DEX_02: Rule = warning(
    "BR-DEX-02",
    &["BT-131"],
    "A line with sub-lines should have the sum of their amounts as its own (BT-131). Correct the amounts.",
    "Eine Position mit Unterpositionen soll die Summe von deren Beträgen tragen (BT-131). Berichtigen Sie die Beträge.",
);
pub(crate) const BR_DEX_03: Rule = fatal(
    "BR-DEX-03",
    &["BT-151"],
    "Each sub-line needs exactly one VAT category. Enter it.",
    "Jede Unterposition braucht genau eine Umsatzsteuerkategorie. Tragen Sie sie ein.",
);
pub(crate) const BR_DEX_09: Rule = fatal(
    "BR-DEX-09",
    &["BT-115"],
    "The amount due (BT-115) is {0}, but the total with VAT (BT-112) less what was paid (BT-113), plus third party payments (BT-DEX-002), plus \
     rounding (BT-114) is {1}. Correct it.",
    "Der fällige Betrag (BT-115) ist {0}, der Gesamtbetrag mit Umsatzsteuer (BT-112) abzüglich Vorauszahlung (BT-113) zuzüglich Zahlungen Dritter \
     (BT-DEX-002) und Rundung (BT-114) ist aber {1}. Berichtigen Sie ihn.",
);
pub(crate) const BR_DEX_10: Rule = fatal(
    "BR-DEX-10",
    &["BT-DEX-001"],
    "A third party payment needs its type (BT-DEX-001). Enter it.",
    "Eine Zahlung Dritter braucht ihren Typ (BT-DEX-001). Tragen Sie ihn ein.",
);
pub(crate) const BR_DEX_11: Rule = fatal(
    "BR-DEX-11",
    &["BT-DEX-002"],
    "A third party payment needs its amount (BT-DEX-002). Enter it.",
    "Eine Zahlung Dritter braucht ihren Betrag (BT-DEX-002). Tragen Sie ihn ein.",
);
pub(crate) const BR_DEX_12: Rule = fatal(
    "BR-DEX-12",
    &["BT-DEX-003"],
    "A third party payment needs its description (BT-DEX-003). Enter it.",
    "Eine Zahlung Dritter braucht ihre Beschreibung (BT-DEX-003). Tragen Sie sie ein.",
);
pub(crate) const BR_DEX_13: Rule = fatal(
    "BR-DEX-13",
    &["BT-DEX-002"],
    "The amount of a third party payment (BT-DEX-002) is {0}, with more than two decimals. Round it to two.",
    "Der Betrag einer Zahlung Dritter (BT-DEX-002) ist {0} und hat mehr als zwei Nachkommastellen. Runden Sie auf zwei.",
);
pub(crate) const BR_DEX_14: Rule = fatal(
    "BR-DEX-14",
    &["BT-DEX-002"],
    "The amount of a third party payment (BT-DEX-002) is in {0}. Enter it in the invoice currency (BT-5).",
    "Der Betrag einer Zahlung Dritter (BT-DEX-002) ist in {0}. Tragen Sie ihn in der Rechnungswährung ein (BT-5).",
);
pub(crate) const BR_DEX_15: Rule = warning(
    "BR-DEX-15",
    &["BG-25"],
    "The invoice has sub-lines (ParentLineID). They cannot yet be checked in CII; make sure that the amounts add up.",
    "Die Rechnung hat Unterpositionen (ParentLineID). Sie werden in CII noch nicht geprüft; achten Sie selbst darauf, dass die Beträge aufgehen.",
);
