//! The rules for Cross Industry Invoice. Each pattern lists its contexts in the order of the official artefacts, where the first match wins.

mod codes;
mod document;
mod extension;
mod facts;
mod german;
mod lines;
mod parties;
mod payment;
mod peppol;
mod syntax;
mod tables;
mod totals;
mod vat;

pub(crate) use facts::Facts;

use super::engine::{Context, Pattern};
use super::xpath::{Fault, Steps, string};
use crate::invoice::names::ram::*;
use crate::invoice::names::{rsm, udt};
use crate::invoice::tree::El;

const TRANSACTION: Steps = &[rsm::CrossIndustryInvoice, rsm::SupplyChainTradeTransaction];
const AGREEMENT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
];
const HEADER_SETTLEMENT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeSettlement,
];
/// Whether an allowance or charge is a charge.
const INDICATOR: Steps = &[ChargeIndicator, udt::Indicator];

/// `upper-case(TypeCode) = 'VAT'`
fn is_vat(tax: El<'_>) -> Result<bool, Fault> {
    Ok(string(tax, &[TypeCode])?.eq_ignore_ascii_case("VAT"))
}

const MODEL: &[Context] = &[
    lines::CLASSIFICATION,
    parties::SUPPORTING_DOCUMENT,
    payment::CARD,
    payment::TRANSFER_ACCOUNT,
    parties::DELIVERY,
    payment::ALLOWANCE,
    payment::CHARGE,
    totals::TOTALS,
    document::INVOICE,
    lines::LINE,
    payment::LINE_ALLOWANCE,
    payment::LINE_CHARGE,
    lines::LINE_PERIOD,
    lines::INVOICE_PERIOD,
    lines::CHARACTERISTIC,
    parties::PAYEE,
    payment::PAYMENT_MEANS,
    parties::PRECEDING_INVOICE,
    parties::SELLER,
    parties::REPRESENTATIVE,
    totals::TAX_TOTAL,
    parties::VAT_IDENTIFIER,
    vat::REVERSE_HEADER,
    vat::REVERSE_ALLOWANCE,
    vat::REVERSE_CHARGE,
    vat::REVERSE_LINE,
    vat::CANARY_HEADER,
    vat::CANARY_LINE,
    vat::CANARY_ALLOWANCE,
    vat::CANARY_CHARGE,
    vat::CEUTA_HEADER,
    vat::CEUTA_LINE,
    vat::CEUTA_ALLOWANCE,
    vat::CEUTA_CHARGE,
    vat::EXEMPT_HEADER,
    vat::EXEMPT_ALLOWANCE,
    vat::EXEMPT_CHARGE,
    vat::EXEMPT_LINE,
    vat::EXPORT_HEADER,
    vat::EXPORT_ALLOWANCE,
    vat::EXPORT_CHARGE,
    vat::EXPORT_LINE,
    vat::INTRA_HEADER,
    vat::INTRA_ALLOWANCE,
    vat::INTRA_CHARGE,
    vat::INTRA_LINE,
    vat::OUTSIDE_HEADER,
    vat::OUTSIDE_ALLOWANCE,
    vat::OUTSIDE_CHARGE,
    vat::OUTSIDE_LINE,
    vat::STANDARD_HEADER,
    vat::STANDARD_LINE,
    vat::STANDARD_ALLOWANCE,
    vat::STANDARD_CHARGE,
    vat::ZERO_HEADER,
    vat::ZERO_ALLOWANCE,
    vat::ZERO_CHARGE,
    vat::ZERO_LINE,
    vat::BREAKDOWN,
];

/// EN 16931, then XRechnung.
pub(crate) const PATTERNS: &[Pattern] = &[
    MODEL,
    syntax::SYNTAX,
    codes::CODES,
    peppol::PEPPOL,
    peppol::EMPTY,
    peppol::PRICE,
    german::XRECHNUNG_RULES,
    extension::EXTENSION_RULES,
    extension::VEHICLE_RULES,
];
