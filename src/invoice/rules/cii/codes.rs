//! Cross Industry Invoice: codes are of their lists (BR-CL-01 to BR-CL-26).

use super::INDICATOR;
use crate::invoice::codes::{
    self, List, country, currency, document, identifier, item, note, payment, reason, reference,
    tax, unit,
};
use crate::invoice::names::ram::*;
use crate::invoice::names::rsm;
use crate::invoice::rules::engine::{Context, Names, any, check, when};
use crate::invoice::rules::text::codes::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// The element's content is a code of the list.
fn is_code(el: El<'_>, list: List) -> Test {
    holds_or(codes::has(list, &el.normalized()), || [shown(Some(el))])
}

/// The attribute is a code of the list.
fn attr_is_code(el: El<'_>, name: &str, list: List) -> Test {
    let code = el.attr(name).unwrap_or_default();
    holds_or(codes::has(list, &normalize_space(code)), || {
        [code.to_owned()]
    })
}

fn has_attr(el: El<'_>, name: &str) -> bool {
    el.attr(name).is_some()
}

/// An allowance or charge whose indicator says so.
fn indicated(code: El<'_>, charge: bool) -> Result<bool, Fault> {
    let Some(item) = code
        .parent()
        .filter(|p| p.is(SpecifiedTradeAllowanceCharge))
    else {
        return Ok(false);
    };
    any_boolean(item.path(INDICATOR), charge)
}

/// Whether the identifier stands neither in an item nor in a delivery location.
pub(crate) fn of_party(id: El<'_>) -> bool {
    !id.has_ancestor(SpecifiedTradeProduct) && !id.has_ancestor(ShipToTradeParty)
}

/// The delivery location of the invoice.
pub(crate) fn of_delivery(id: El<'_>) -> bool {
    under(id, &[ApplicableHeaderTradeDelivery, ShipToTradeParty])
}

pub(crate) const CODES: &[Context] = &[
    when(
        TypeCode,
        |_, e| Ok(under(e, &[rsm::ExchangedDocument])),
        &[check(BR_CL_01, |_, e| is_code(e, document::TYPES))],
    ),
    when(
        TaxTotalAmount,
        |_, e| Ok(has_attr(e, "currencyID")),
        &[check(BR_CL_03, |_, e| {
            attr_is_code(e, "currencyID", currency::CURRENCIES)
        })],
    ),
    any(
        InvoiceCurrencyCode,
        &[check(BR_CL_04, |_, e| is_code(e, currency::CURRENCIES))],
    ),
    any(
        TaxCurrencyCode,
        &[check(BR_CL_05, |_, e| is_code(e, currency::CURRENCIES))],
    ),
    any(
        DueDateTypeCode,
        &[check(BR_CL_06, |_, e| is_code(e, tax::DUE_CII))],
    ),
    any(
        ReferenceTypeCode,
        &[check(BR_CL_07, |_, e| is_code(e, reference::QUALIFIERS))],
    ),
    any(
        SubjectCode,
        &[check(BR_CL_08, |_, e| is_code(e, note::SUBJECTS_CII))],
    ),
    when(
        GlobalID,
        |_, e| Ok(has_attr(e, "schemeID") && of_party(e)),
        &[check(BR_CL_10, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
    when(
        ID,
        |_, e| Ok(has_attr(e, "schemeID") && !e.has_ancestor(SpecifiedTaxRegistration)),
        &[check(BR_CL_11, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
    when(
        ClassCode,
        |_, e| Ok(has_attr(e, "listID")),
        &[check(BR_CL_13, |_, e| {
            attr_is_code(e, "listID", item::CLASSIFICATIONS)
        })],
    ),
    any(
        CountryID,
        &[check(BR_CL_14, |_, e| is_code(e, country::CII))],
    ),
    when(
        ID,
        |_, e| Ok(under(e, &[OriginTradeCountry])),
        &[check(BR_CL_15, |_, e| is_code(e, country::CII))],
    ),
    when(
        TypeCode,
        |_, e| Ok(under(e, &[SpecifiedTradeSettlementPaymentMeans])),
        &[check(BR_CL_16, |_, e| is_code(e, payment::MEANS))],
    ),
    when(
        CategoryCode,
        |_, e| Ok(under(e, &[CategoryTradeTax])),
        &[check(BR_CL_17, |_, e| is_code(e, tax::CATEGORIES))],
    ),
    when(
        CategoryCode,
        |_, e| Ok(under(e, &[ApplicableTradeTax])),
        &[check(BR_CL_18, |_, e| is_code(e, tax::CATEGORIES))],
    ),
    when(
        ReasonCode,
        |_, e| indicated(e, false),
        &[check(BR_CL_19, |_, e| is_code(e, reason::ALLOWANCES))],
    ),
    when(
        ReasonCode,
        |_, e| indicated(e, true),
        &[check(BR_CL_20, |_, e| is_code(e, reason::CHARGES))],
    ),
    when(
        GlobalID,
        |_, e| Ok(has_attr(e, "schemeID") && under(e, &[SpecifiedTradeProduct])),
        &[check(BR_CL_21, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
    any(
        ExemptionReasonCode,
        &[check(BR_CL_22, |_, e| {
            let code = e.normalized().to_uppercase();
            holds_or(codes::has(tax::EXEMPTIONS, &code), || [shown(Some(e))])
        })],
    ),
    Context {
        names: Names::Of(&[BasisQuantity, BilledQuantity]),
        when: |_, e| Ok(has_attr(e, "unitCode")),
        checks: &[check(BR_CL_23, |_, e| {
            attr_is_code(e, "unitCode", unit::UNITS)
        })],
        rows: &[],
    },
    when(
        AttachmentBinaryObject,
        |_, e| Ok(has_attr(e, "mimeCode")),
        &[check(BR_CL_24, |_, e| {
            let kind = e.attr("mimeCode").unwrap_or_default();
            holds_or(document::ATTACHMENTS.contains(&kind), || [kind.to_owned()])
        })],
    ),
    when(
        URIID,
        |_, e| Ok(has_attr(e, "schemeID") && under(e, &[URIUniversalCommunication])),
        &[check(BR_CL_25, |_, e| {
            attr_is_code(e, "schemeID", identifier::EAS)
        })],
    ),
    when(
        GlobalID,
        |_, e| Ok(has_attr(e, "schemeID") && of_delivery(e)),
        &[check(BR_CL_26, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
];
