//! What the rules BR-CL say: a code must be of its list.

use super::{en, xr};
use crate::invoice::report::Rule;

macro_rules! code {
    ($layer:ident $name:ident, $id:literal, $term:literal, $en:literal, $de:literal, $list:literal) => {
        pub(crate) const $name: Rule = $layer::fatal(
            $id,
            &[$term],
            concat!(
                $en,
                " (",
                $term,
                ") is \"{0}\", which is not in the list ",
                $list,
                ". Enter a code of the list."
            ),
            concat!(
                $de,
                " (",
                $term,
                ") ist \"{0}\" und steht nicht in der Liste ",
                $list,
                ". Tragen Sie einen Code der Liste ein."
            ),
        );
    };
}

code!(en BR_CL_01, "BR-CL-01", "BT-3", "The invoice type", "Der Rechnungstyp", "UNTDID 1001");
code!(en BR_CL_03, "BR-CL-03", "BT-5", "The currency of an amount", "Die Währung eines Betrags", "ISO 4217");
code!(en BR_CL_04, "BR-CL-04", "BT-5", "The invoice currency", "Die Rechnungswährung", "ISO 4217");
code!(en BR_CL_05, "BR-CL-05", "BT-6", "The VAT accounting currency", "Die Abrechnungswährung der Umsatzsteuer", "ISO 4217");
code!(en BR_CL_06, "BR-CL-06", "BT-8", "The code for when VAT becomes due", "Der Code für die Fälligkeit der Umsatzsteuer", "UNTDID 2005/2475");
code!(en BR_CL_07, "BR-CL-07", "BT-18", "The scheme of an object identifier", "Das Schema einer Objektkennung", "UNTDID 1153");
code!(en BR_CL_08, "BR-CL-08", "BT-21", "The subject of a note", "Der Betreff einer Bemerkung", "UNTDID 4451");
code!(en BR_CL_10, "BR-CL-10", "BT-29", "The scheme of a party's identifier", "Das Schema der Kennung eines Beteiligten", "ISO 6523 ICD");
code!(en BR_CL_11, "BR-CL-11", "BT-30", "The scheme of a registration number", "Das Schema einer Registernummer", "ISO 6523 ICD");
code!(en BR_CL_13, "BR-CL-13", "BT-158", "The list of an item classification", "Die Liste einer Artikelklassifizierung", "UNTDID 7143");
code!(en BR_CL_14, "BR-CL-14", "BT-40", "A country", "Ein Land", "ISO 3166-1");
code!(en BR_CL_15, "BR-CL-15", "BT-159", "The country of origin", "Das Herkunftsland", "ISO 3166-1");
code!(en BR_CL_16, "BR-CL-16", "BT-81", "The payment means", "Die Zahlungsart", "UNTDID 4461");
code!(en BR_CL_17, "BR-CL-17", "BT-118", "A VAT category", "Eine Umsatzsteuerkategorie", "UNTDID 5305 (AE, L, M, E, S, Z, G, O, K, B)");
code!(en BR_CL_18, "BR-CL-18", "BT-151", "The VAT category of a line", "Die Umsatzsteuerkategorie einer Position", "UNTDID 5305 (AE, L, M, E, S, Z, G, O, K, B)");
code!(en BR_CL_19, "BR-CL-19", "BT-98", "The reason code of an allowance", "Der Code für den Grund eines Nachlasses", "UNTDID 5189");
code!(en BR_CL_20, "BR-CL-20", "BT-105", "The reason code of a charge", "Der Code für den Grund eines Zuschlags", "UNTDID 7161");
code!(en BR_CL_21, "BR-CL-21", "BT-157", "The scheme of an item's standard number", "Das Schema der Standardnummer eines Artikels", "ISO 6523 ICD");
code!(en BR_CL_22, "BR-CL-22", "BT-121", "The code of a VAT exemption", "Der Code einer Steuerbefreiung", "VATEX");
code!(en BR_CL_23, "BR-CL-23", "BT-130", "A unit of quantity", "Eine Mengeneinheit", "UN/ECE Recommendation 20 and 21");
code!(en BR_CL_25, "BR-CL-25", "BT-34", "The scheme of an electronic address", "Das Schema einer elektronischen Adresse", "EAS");
code!(en BR_CL_26, "BR-CL-26", "BT-71", "The scheme of a delivery location", "Das Schema eines Lieferorts", "ISO 6523 ICD");

pub(crate) const BR_CL_24: Rule = en::fatal(
    "BR-CL-24",
    &["BT-125"],
    "An attachment (BT-125) is of type \"{0}\". Attach PDF, PNG, JPEG, CSV, XLSX or ODS, and name its type correctly.",
    "Ein Anhang (BT-125) ist vom Typ \"{0}\". Hängen Sie PDF, PNG, JPEG, CSV, XLSX oder ODS an und nennen Sie den Typ richtig.",
);

code!(xr BR_DEX_04, "BR-DEX-04", "BT-29", "The scheme of a party's identifier", "Das Schema der Kennung eines Beteiligten", "ISO 6523 ICD with XR01, XR02, XR03");
code!(xr BR_DEX_05, "BR-DEX-05", "BT-30", "The scheme of a registration number", "Das Schema einer Registernummer", "ISO 6523 ICD with XR01, XR02, XR03");
code!(xr BR_DEX_06, "BR-DEX-06", "BT-157", "The scheme of an item's standard number", "Das Schema der Standardnummer eines Artikels", "ISO 6523 ICD with XR01, XR02, XR03");
code!(xr BR_DEX_07, "BR-DEX-07", "BT-34", "The scheme of an electronic address", "Das Schema einer elektronischen Adresse", "EAS with XR01, XR02, XR03");
code!(xr BR_DEX_08, "BR-DEX-08", "BT-71", "The scheme of a delivery location", "Das Schema eines Lieferorts", "ISO 6523 ICD with XR01, XR02, XR03");
code!(xr BR_TMP_CVD_01, "BR-TMP-CVD-01", "BT-158", "The list of an item classification", "Die Liste einer Artikelklassifizierung", "UNTDID 7143 with CVD");

pub(crate) const BR_DEX_01: Rule = xr::fatal(
    "BR-DEX-01",
    &["BT-125"],
    "An attachment (BT-125) is of type \"{0}\". The XRechnung extension takes PDF, PNG, JPEG, CSV, XLSX, ODS and XML.",
    "Ein Anhang (BT-125) ist vom Typ \"{0}\". Die XRechnung Extension erlaubt PDF, PNG, JPEG, CSV, XLSX, ODS und XML.",
);
