//! The rules for UBL 2.1 invoices and credit notes. Each pattern lists its contexts in the order of the official artefacts, where the first
//! match wins.

mod codes;
mod document;
mod extension;
mod facts;
mod german;
mod lines;
mod parties;
mod peppol;
mod syntax;
mod tables;
mod totals;
mod vat;

pub(crate) use facts::Facts;

use super::engine::{Context, Pattern};

const MODEL: &[Context] = &[
    parties::SUPPORTING_DOCUMENT,
    parties::CUSTOMER_ENDPOINT,
    parties::CUSTOMER_ADDRESS,
    parties::CARD,
    parties::DELIVERY_ADDRESS,
    parties::ALLOWANCE,
    parties::CHARGE,
    totals::TOTALS,
    document::INVOICE,
    lines::LINE,
    parties::LINE_ALLOWANCE,
    parties::LINE_CHARGE,
    lines::LINE_PERIOD,
    lines::INVOICE_PERIOD,
    lines::PROPERTY,
    lines::CLASSIFICATION,
    lines::ITEM_NUMBER,
    lines::NOTE,
    parties::PAYEE,
    parties::TRANSFER_ACCOUNT,
    parties::PAYMENT_MEANS,
    parties::PRECEDING_INVOICE,
    parties::SUPPLIER,
    parties::SUPPLIER_ENDPOINT,
    parties::SUPPLIER_ADDRESS,
    parties::REPRESENTATIVE,
    parties::REPRESENTATIVE_ADDRESS,
    totals::TAX_TOTAL,
    totals::BREAKDOWN,
    parties::VAT_IDENTIFIER,
];

/// EN 16931, then XRechnung. The contexts of the VAT categories exclude each other and those of the model, so each is a pattern here.
pub(crate) const PATTERNS: &[Pattern] = &[
    MODEL,
    &vat::REVERSE,
    &vat::EXEMPT,
    &vat::EXPORT,
    &vat::INTRA,
    &vat::CANARY,
    &vat::CEUTA,
    &vat::OUTSIDE,
    &vat::STANDARD,
    &vat::ZERO_RATED,
    syntax::SYNTAX,
    codes::CODES,
    peppol::EMPTY,
    peppol::PEPPOL,
    german::XRECHNUNG_RULES,
    extension::EXTENSION_RULES,
    extension::VEHICLE_RULES,
];
