//! The code lists that EN 16931 points to, as the official artefacts (validation 1.3.16 of the CEN committee) use them. Sorted.

pub mod country;
pub mod currency;
pub mod document;
pub mod identifier;
pub mod item;
pub mod note;
pub mod payment;
pub mod reason;
pub mod reference;
pub mod tax;
pub mod unit;

/// A code list, sorted.
pub type List = &'static [&'static str];

/// Whether the code is of the list.
pub fn has(list: List, code: &str) -> bool {
    list.binary_search(&code).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        let lists = [
            country::CII,
            country::UBL,
            country::VAT_PREFIXES,
            country::VAT_PREFIXES_UBL,
            currency::CURRENCIES,
            document::TYPES,
            document::UBL_INVOICES,
            document::UBL_CREDIT_NOTES,
            document::ATTACHMENTS,
            identifier::ICD,
            identifier::EAS,
            identifier::EXTENSION,
            item::CLASSIFICATIONS,
            note::SUBJECTS_CII,
            note::SUBJECTS_UBL,
            payment::MEANS,
            reason::ALLOWANCES,
            reason::CHARGES,
            reference::QUALIFIERS,
            tax::CATEGORIES,
            tax::EXEMPTIONS,
            tax::DUE_CII,
            tax::DUE_UBL,
            unit::UNITS,
        ];
        for list in lists {
            assert!(list.is_sorted(), "{:?}", list.first());
            assert!(list.iter().all(|code| has(list, code) && !code.is_empty()));
        }
        assert!(has(unit::UNITS, "H87") && !has(unit::UNITS, "h87") && !has(unit::UNITS, ""));
    }
}
