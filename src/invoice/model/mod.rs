//! The semantic model of EN 16931-1 with the additions of XRechnung's extension: each field names its business term (BT) or group (BG).
//!
//! Everything is optional or a list, because invoices that lack a required term must be read too, to be shown and told. What a source has
//! and the model has no place for is in [`Read::lost`], with its place; nothing is dropped silently.

mod cii;
mod source;
mod terms;
mod ubl;

pub use source::{Lost, Read};
pub use terms::Term;

use super::{decimal::Decimal, rules::Syntax, tree::Tree};

/// Reads an invoice into the model.
pub fn read(tree: &Tree, syntax: Syntax) -> Read {
    match syntax {
        Syntax::Cii => cii::read(tree),
        Syntax::UblInvoice | Syntax::UblCreditNote => ubl::read(tree, syntax),
    }
}

/// An identifier with the list that it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifier {
    pub value: String,
    pub scheme: Option<String>,
    pub scheme_version: Option<String>,
}

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Date {
    /// `20261201` or `2026-12-01`, nothing else.
    pub fn parse(text: &str) -> Option<Date> {
        let digits: Vec<u8> = match text.as_bytes() {
            [y @ .., b'-', m1, m2, b'-', d1, d2] if y.len() == 4 => {
                [y, &[*m1, *m2, *d1, *d2]].concat()
            }
            plain if plain.len() == 8 => plain.to_vec(),
            _ => return None,
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = digits
            .iter()
            .fold(0_u32, |n, d| n * 10 + u32::from(d - b'0'));
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=days).contains(&day) && year > 0).then_some(Date {
            year: year as u16,
            month: month as u8,
            day: day as u8,
        })
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invoice {
    /// BT-1
    pub number: Option<String>,
    /// BT-2
    pub issue_date: Option<Date>,
    /// BT-3
    pub type_code: Option<String>,
    /// BT-5
    pub currency: Option<String>,
    /// BT-6
    pub vat_currency: Option<String>,
    /// BT-7
    pub tax_point_date: Option<Date>,
    /// BT-8, as UNTDID 2475 has it in UBL (3, 35, 432); CII's 5, 29, 72 mean the same
    pub tax_point_code: Option<String>,
    /// BT-9
    pub due_date: Option<Date>,
    /// BT-10
    pub buyer_reference: Option<String>,
    /// BT-11
    pub project: Option<String>,
    /// BT-12
    pub contract: Option<String>,
    /// BT-13
    pub purchase_order: Option<String>,
    /// BT-14
    pub sales_order: Option<String>,
    /// BT-15
    pub receiving_advice: Option<String>,
    /// BT-16
    pub despatch_advice: Option<String>,
    /// BT-17
    pub tender: Option<String>,
    /// BT-18
    pub invoiced_object: Option<Identifier>,
    /// BT-19
    pub buyer_accounting: Option<String>,
    /// BT-20, one for each block of terms that the source has
    pub payment_terms: Vec<String>,
    /// BG-1
    pub notes: Vec<Note>,
    /// BT-23
    pub process: Option<String>,
    /// BT-24
    pub specification: Option<String>,
    /// BG-3
    pub preceding: Vec<Preceding>,
    /// BG-4
    pub seller: Party,
    /// BG-7
    pub buyer: Party,
    /// BG-10
    pub payee: Option<Party>,
    /// BG-11
    pub tax_representative: Option<Party>,
    /// BG-13
    pub delivery: Delivery,
    /// BG-14
    pub period: Period,
    /// BG-16, one for each means of payment that the source has
    pub payment: Vec<Payment>,
    /// BT-83
    pub remittance: Option<String>,
    /// BG-19
    pub direct_debit: DirectDebit,
    /// BG-20
    pub allowances: Vec<AllowanceCharge>,
    /// BG-21
    pub charges: Vec<AllowanceCharge>,
    /// BG-22
    pub totals: Totals,
    /// BG-23
    pub vat: Vec<VatBreakdown>,
    /// BG-24
    pub documents: Vec<Document>,
    /// BG-25
    pub lines: Vec<Line>,
    /// BG-DEX-09
    pub third_party_payments: Vec<ThirdPartyPayment>,
}

/// BG-1
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// BT-21
    pub subject: Option<String>,
    /// BT-22
    pub text: Option<String>,
}

/// BG-3
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preceding {
    /// BT-25
    pub number: Option<String>,
    /// BT-26
    pub issue_date: Option<Date>,
}

/// BG-4, BG-7, BG-10, BG-11: each uses the fields that it has in the standard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// BT-27, BT-44, BT-59, BT-62
    pub name: Option<String>,
    /// BT-28, BT-45
    pub trading_name: Option<String>,
    /// BT-29, BT-46, BT-60
    pub identifiers: Vec<Identifier>,
    /// BT-30, BT-47, BT-61
    pub legal_registration: Option<Identifier>,
    /// BT-31, BT-48, BT-63
    pub vat_identifier: Option<String>,
    /// BT-32
    pub tax_registration: Option<String>,
    /// BT-33
    pub legal_information: Option<String>,
    /// BT-34, BT-49
    pub electronic_address: Option<Identifier>,
    /// BG-5, BG-8, BG-12
    pub address: Option<Address>,
    /// BG-6, BG-9
    pub contact: Option<Contact>,
}

/// BG-5, BG-8, BG-12, BG-15
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// BT-35, BT-50, BT-64, BT-75
    pub line1: Option<String>,
    /// BT-36, BT-51, BT-65, BT-76
    pub line2: Option<String>,
    /// BT-162, BT-163, BT-164, BT-165
    pub line3: Option<String>,
    /// BT-37, BT-52, BT-66, BT-77
    pub city: Option<String>,
    /// BT-38, BT-53, BT-67, BT-78
    pub post_code: Option<String>,
    /// BT-39, BT-54, BT-68, BT-79
    pub subdivision: Option<String>,
    /// BT-40, BT-55, BT-69, BT-80
    pub country: Option<String>,
}

/// BG-6, BG-9
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// BT-41, BT-56: a person, or else a department
    pub name: Option<String>,
    /// The department, where the source names a person too
    pub department: Option<String>,
    /// BT-42, BT-57
    pub telephone: Option<String>,
    /// BT-43, BT-58
    pub email: Option<String>,
}

/// BG-13
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// BT-70
    pub name: Option<String>,
    /// BT-71
    pub location: Option<Identifier>,
    /// BT-72
    pub date: Option<Date>,
    /// BG-15
    pub address: Option<Address>,
}

/// BG-14, BG-26
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// BT-73, BT-134
    pub start: Option<Date>,
    /// BT-74, BT-135
    pub end: Option<Date>,
}

/// BG-16
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// BT-81
    pub means: Option<String>,
    /// BT-82
    pub text: Option<String>,
    /// BG-17
    pub transfers: Vec<CreditTransfer>,
    /// BG-18
    pub card: Option<Card>,
}

/// BG-17
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreditTransfer {
    /// BT-84
    pub account: Option<String>,
    /// BT-85
    pub name: Option<String>,
    /// BT-86
    pub provider: Option<String>,
}

/// BG-18
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// BT-87
    pub number: Option<String>,
    /// BT-88
    pub holder: Option<String>,
}

/// BG-19
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectDebit {
    /// BT-89
    pub mandate: Option<String>,
    /// BT-90
    pub creditor: Option<String>,
    /// BT-91
    pub account: Option<String>,
}

/// BG-20, BG-21, BG-27, BG-28; VAT on document level only
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllowanceCharge {
    /// BT-92, BT-99, BT-136, BT-141
    pub amount: Option<Decimal>,
    /// BT-93, BT-100, BT-137, BT-142
    pub base: Option<Decimal>,
    /// BT-94, BT-101, BT-138, BT-143
    pub percent: Option<Decimal>,
    /// BT-95, BT-102
    pub vat_category: Option<String>,
    /// BT-96, BT-103
    pub vat_rate: Option<Decimal>,
    /// BT-97, BT-104, BT-139, BT-144
    pub reason: Option<String>,
    /// BT-98, BT-105, BT-140, BT-145
    pub reason_code: Option<String>,
}

/// BG-22
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// BT-106
    pub lines: Option<Decimal>,
    /// BT-107
    pub allowances: Option<Decimal>,
    /// BT-108
    pub charges: Option<Decimal>,
    /// BT-109
    pub without_vat: Option<Decimal>,
    /// BT-110
    pub vat: Option<Decimal>,
    /// BT-111, in the currency of BT-6
    pub vat_in_vat_currency: Option<Decimal>,
    /// BT-112
    pub with_vat: Option<Decimal>,
    /// BT-113
    pub paid: Option<Decimal>,
    /// BT-114
    pub rounding: Option<Decimal>,
    /// BT-115
    pub due: Option<Decimal>,
}

/// BG-23
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VatBreakdown {
    /// BT-116
    pub base: Option<Decimal>,
    /// BT-117
    pub amount: Option<Decimal>,
    /// BT-118
    pub category: Option<String>,
    /// BT-119
    pub rate: Option<Decimal>,
    /// BT-120
    pub exemption: Option<String>,
    /// BT-121
    pub exemption_code: Option<String>,
}

/// BG-24
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// BT-122
    pub reference: Option<String>,
    /// BT-123
    pub description: Option<String>,
    /// BT-124
    pub location: Option<String>,
    /// BT-125
    pub attachment: Option<Attachment>,
}

/// BT-125, in base64 as the source has it, without white space
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    pub base64: String,
    pub mime: Option<String>,
    pub filename: Option<String>,
}

/// BG-25, and BG-DEX-01 for a line of a line
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// BT-126
    pub id: Option<String>,
    /// BT-127
    pub note: Option<String>,
    /// BT-128
    pub object: Option<Identifier>,
    /// BT-129
    pub quantity: Option<Decimal>,
    /// BT-130
    pub unit: Option<String>,
    /// BT-131
    pub net: Option<Decimal>,
    /// BT-132
    pub order_line: Option<String>,
    /// BT-133
    pub buyer_accounting: Option<String>,
    /// BG-26, BG-DEX-05
    pub period: Period,
    /// BG-27, BG-DEX-03
    pub allowances: Vec<AllowanceCharge>,
    /// BG-28, BG-DEX-04
    pub charges: Vec<AllowanceCharge>,
    /// BG-29, BG-DEX-07
    pub price: Price,
    /// BT-151
    pub vat_category: Option<String>,
    /// BT-152
    pub vat_rate: Option<Decimal>,
    /// BG-31, BG-DEX-02
    pub item: Item,
    /// BG-DEX-01, where the syntax nests them
    pub lines: Vec<Line>,
    /// EXTENDED: the line that this one is part of, by BT-126 (CII does not nest)
    pub parent: Option<String>,
    /// EXTENDED: whether it is a detail, a group or information (UNTDID 1229 and the profile's own)
    pub status: Option<String>,
    /// EXTENDED: DETAIL, GROUP, INFORMATION
    pub status_reason: Option<String>,
}

/// BG-29
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Price {
    /// BT-146
    pub net: Option<Decimal>,
    /// BT-147
    pub discount: Option<Decimal>,
    /// BT-148
    pub gross: Option<Decimal>,
    /// BT-149
    pub base_quantity: Option<Decimal>,
    /// BT-150
    pub base_unit: Option<String>,
}

/// BG-31
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// BT-153
    pub name: Option<String>,
    /// BT-154
    pub description: Option<String>,
    /// BT-155
    pub seller_id: Option<String>,
    /// BT-156
    pub buyer_id: Option<String>,
    /// BT-157
    pub standard_id: Option<Identifier>,
    /// BT-158
    pub classifications: Vec<Identifier>,
    /// BT-159
    pub origin: Option<String>,
    /// BG-32
    pub attributes: Vec<ItemAttribute>,
}

/// BG-32
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemAttribute {
    /// BT-160
    pub name: Option<String>,
    /// BT-161
    pub value: Option<String>,
}

/// BG-DEX-09
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThirdPartyPayment {
    /// BT-DEX-001
    pub kind: Option<String>,
    /// BT-DEX-002
    pub amount: Option<Decimal>,
    /// BT-DEX-003
    pub description: Option<String>,
}
