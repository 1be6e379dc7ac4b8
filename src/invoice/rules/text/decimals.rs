//! What the rules BR-DEC say: amounts have at most two decimals.

use super::en::fatal;
use crate::invoice::report::Rule;

macro_rules! decimals {
    ($name:ident, $id:literal, $term:literal, $en:literal, $de:literal) => {
        pub(crate) const $name: Rule = fatal(
            $id,
            &[$term],
            concat!(
                $en,
                " (",
                $term,
                ") is {0}, with more than two decimals. Round it to two."
            ),
            concat!(
                $de,
                " (",
                $term,
                ") ist {0} und hat mehr als zwei Nachkommastellen. Runden Sie auf zwei."
            ),
        );
    };
}

decimals!(
    BR_DEC_01,
    "BR-DEC-01",
    "BT-92",
    "The amount of an allowance",
    "Der Betrag eines Nachlasses"
);
decimals!(
    BR_DEC_02,
    "BR-DEC-02",
    "BT-93",
    "The base amount of an allowance",
    "Der Grundbetrag eines Nachlasses"
);
decimals!(
    BR_DEC_05,
    "BR-DEC-05",
    "BT-99",
    "The amount of a charge",
    "Der Betrag eines Zuschlags"
);
decimals!(
    BR_DEC_06,
    "BR-DEC-06",
    "BT-100",
    "The base amount of a charge",
    "Der Grundbetrag eines Zuschlags"
);
decimals!(
    BR_DEC_09,
    "BR-DEC-09",
    "BT-106",
    "The sum of the line amounts",
    "Die Summe der Positionsbeträge"
);
decimals!(
    BR_DEC_10,
    "BR-DEC-10",
    "BT-107",
    "The sum of allowances",
    "Die Summe der Nachlässe"
);
decimals!(
    BR_DEC_11,
    "BR-DEC-11",
    "BT-108",
    "The sum of charges",
    "Die Summe der Zuschläge"
);
decimals!(
    BR_DEC_12,
    "BR-DEC-12",
    "BT-109",
    "The total without VAT",
    "Der Gesamtbetrag ohne Umsatzsteuer"
);
decimals!(
    BR_DEC_13,
    "BR-DEC-13",
    "BT-110",
    "The VAT total",
    "Der Umsatzsteuerbetrag"
);
decimals!(
    BR_DEC_14,
    "BR-DEC-14",
    "BT-112",
    "The total with VAT",
    "Der Gesamtbetrag mit Umsatzsteuer"
);
decimals!(
    BR_DEC_15,
    "BR-DEC-15",
    "BT-111",
    "The VAT total in accounting currency",
    "Der Umsatzsteuerbetrag in Abrechnungswährung"
);
decimals!(
    BR_DEC_16,
    "BR-DEC-16",
    "BT-113",
    "The amount paid",
    "Die Vorauszahlung"
);
decimals!(
    BR_DEC_17,
    "BR-DEC-17",
    "BT-114",
    "The rounding amount",
    "Der Rundungsbetrag"
);
decimals!(
    BR_DEC_18,
    "BR-DEC-18",
    "BT-115",
    "The amount due",
    "Der fällige Betrag"
);
decimals!(
    BR_DEC_19,
    "BR-DEC-19",
    "BT-116",
    "The taxable amount of a VAT category",
    "Die Bemessungsgrundlage einer Umsatzsteuerkategorie"
);
decimals!(
    BR_DEC_20,
    "BR-DEC-20",
    "BT-117",
    "The tax amount of a VAT category",
    "Der Steuerbetrag einer Umsatzsteuerkategorie"
);
decimals!(
    BR_DEC_23,
    "BR-DEC-23",
    "BT-131",
    "The net amount of a line",
    "Der Nettobetrag einer Position"
);
decimals!(
    BR_DEC_24,
    "BR-DEC-24",
    "BT-136",
    "The amount of an allowance on a line",
    "Der Betrag eines Nachlasses auf eine Position"
);
decimals!(
    BR_DEC_25,
    "BR-DEC-25",
    "BT-137",
    "The base amount of an allowance on a line",
    "Der Grundbetrag eines Nachlasses auf eine Position"
);
decimals!(
    BR_DEC_27,
    "BR-DEC-27",
    "BT-141",
    "The amount of a charge on a line",
    "Der Betrag eines Zuschlags auf eine Position"
);
decimals!(
    BR_DEC_28,
    "BR-DEC-28",
    "BT-142",
    "The base amount of a charge on a line",
    "Der Grundbetrag eines Zuschlags auf eine Position"
);
