//! UBL: codes are of their lists (BR-CL-01 to BR-CL-26).

use crate::invoice::codes::{
    self, List, country, currency, document, identifier, item, payment, reason, reference, tax,
    unit,
};
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc};
use crate::invoice::rules::engine::{Context, Names, any, check, when};
use crate::invoice::rules::text::codes::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

fn is_code(el: El<'_>, list: List) -> Test {
    holds_or(codes::has(list, &el.normalized()), || [shown(Some(el))])
}

fn attr_is_code(el: El<'_>, name: &str, list: List) -> Test {
    let code = el.attr(name).unwrap_or_default();
    holds_or(codes::has(list, &normalize_space(code)), || {
        [code.to_owned()]
    })
}

/// An element under this parent that has the attribute.
pub(crate) fn with_attr(el: El<'_>, parent: Steps, name: &str) -> bool {
    el.attr(name).is_some() && under(el, parent)
}

/// Creditor identifiers of direct debits stand among the identifiers of seller and payee.
pub(crate) fn creditor(id: El<'_>) -> bool {
    let sepa = id
        .attr("schemeID")
        .is_some_and(|s| normalize_space(s) == "SEPA");
    sepa && (id.has_ancestor(AccountingSupplierParty) || id.has_ancestor(PayeeParty))
}

fn indicated(code: El<'_>, charge: bool) -> Result<bool, Fault> {
    let Some(item) = code.parent().filter(|p| p.is(AllowanceCharge)) else {
        return Ok(false);
    };
    any_boolean(item.all(cbc::ChargeIndicator), charge)
}

const AMOUNTS: &[ElementName] = &[
    cbc::Amount,
    cbc::BaseAmount,
    cbc::PriceAmount,
    cbc::TaxAmount,
    cbc::TaxableAmount,
    cbc::LineExtensionAmount,
    cbc::TaxExclusiveAmount,
    cbc::TaxInclusiveAmount,
    cbc::AllowanceTotalAmount,
    cbc::ChargeTotalAmount,
    cbc::PrepaidAmount,
    cbc::PayableRoundingAmount,
    cbc::PayableAmount,
];

pub(crate) const CODES: &[Context] = &[
    Context {
        names: Names::Of(&[cbc::InvoiceTypeCode, cbc::CreditNoteTypeCode]),
        when: |_, _| Ok(true),
        checks: &[check(BR_CL_01, |_, e| {
            is_code(
                e,
                if e.is(cbc::InvoiceTypeCode) {
                    document::UBL_INVOICES
                } else {
                    document::UBL_CREDIT_NOTES
                },
            )
        })],
        rows: &[],
    },
    Context {
        names: Names::Of(AMOUNTS),
        when: |_, _| Ok(true),
        checks: &[check(BR_CL_03, |_, e| {
            attr_is_code(e, "currencyID", currency::CURRENCIES)
        })],
        rows: &[],
    },
    any(
        cbc::DocumentCurrencyCode,
        &[check(BR_CL_04, |_, e| is_code(e, currency::CURRENCIES))],
    ),
    any(
        cbc::TaxCurrencyCode,
        &[check(BR_CL_05, |_, e| is_code(e, currency::CURRENCIES))],
    ),
    when(
        cbc::DescriptionCode,
        |_, e| Ok(under(e, &[InvoicePeriod])),
        &[check(BR_CL_06, |_, e| is_code(e, tax::DUE_UBL))],
    ),
    when(
        cbc::ID,
        |_, e| {
            let object = |d: El<'_>| {
                (d.is(AdditionalDocumentReference) || d.is(DocumentReference))
                    && any_is(d, &[cbc::DocumentTypeCode], "130")
            };
            Ok(e.attr("schemeID").is_some() && e.parent().is_some_and(object))
        },
        &[check(BR_CL_07, |_, e| {
            attr_is_code(e, "schemeID", reference::QUALIFIERS)
        })],
    ),
    when(
        cbc::ID,
        |_, e| Ok(with_attr(e, &[PartyIdentification], "schemeID")),
        &[check(BR_CL_10, |_, e| {
            if creditor(e) {
                holds(true)
            } else {
                attr_is_code(e, "schemeID", identifier::ICD)
            }
        })],
    ),
    when(
        cbc::CompanyID,
        |_, e| Ok(with_attr(e, &[PartyLegalEntity], "schemeID")),
        &[check(BR_CL_11, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
    when(
        cbc::ItemClassificationCode,
        |_, e| Ok(with_attr(e, &[CommodityClassification], "listID")),
        &[check(BR_CL_13, |_, e| {
            attr_is_code(e, "listID", item::CLASSIFICATIONS)
        })],
    ),
    when(
        cbc::IdentificationCode,
        |_, e| Ok(under(e, &[Country])),
        &[check(BR_CL_14, |_, e| is_code(e, country::UBL))],
    ),
    when(
        cbc::IdentificationCode,
        |_, e| Ok(under(e, &[OriginCountry])),
        &[check(BR_CL_15, |_, e| is_code(e, country::UBL))],
    ),
    when(
        cbc::PaymentMeansCode,
        |_, e| Ok(under(e, &[PaymentMeans])),
        &[check(BR_CL_16, |_, e| is_code(e, payment::MEANS))],
    ),
    when(
        cbc::ID,
        |_, e| Ok(under(e, &[TaxCategory])),
        &[check(BR_CL_17, |_, e| is_code(e, tax::CATEGORIES))],
    ),
    when(
        cbc::ID,
        |_, e| Ok(under(e, &[ClassifiedTaxCategory])),
        &[check(BR_CL_18, |_, e| is_code(e, tax::CATEGORIES))],
    ),
    when(
        cbc::AllowanceChargeReasonCode,
        |_, e| indicated(e, false),
        &[check(BR_CL_19, |_, e| is_code(e, reason::ALLOWANCES))],
    ),
    when(
        cbc::AllowanceChargeReasonCode,
        |_, e| indicated(e, true),
        &[check(BR_CL_20, |_, e| is_code(e, reason::CHARGES))],
    ),
    when(
        cbc::ID,
        |_, e| Ok(with_attr(e, &[StandardItemIdentification], "schemeID")),
        &[check(BR_CL_21, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
    any(
        cbc::TaxExemptionReasonCode,
        &[check(BR_CL_22, |_, e| {
            let code = e.normalized();
            holds_or(
                !code.contains(' ') && codes::has(tax::EXEMPTIONS, &code.to_uppercase()),
                || [shown(Some(e))],
            )
        })],
    ),
    Context {
        names: Names::Of(&[
            cbc::InvoicedQuantity,
            cbc::BaseQuantity,
            cbc::CreditedQuantity,
        ]),
        when: |_, e| Ok(e.attr("unitCode").is_some()),
        checks: &[check(BR_CL_23, |_, e| {
            attr_is_code(e, "unitCode", unit::UNITS)
        })],
        rows: &[],
    },
    when(
        cbc::EmbeddedDocumentBinaryObject,
        |_, e| Ok(e.attr("mimeCode").is_some()),
        &[check(BR_CL_24, |_, e| {
            let kind = e.attr("mimeCode").unwrap_or_default();
            holds_or(document::ATTACHMENTS.contains(&kind), || [kind.to_owned()])
        })],
    ),
    when(
        cbc::EndpointID,
        |_, e| Ok(e.attr("schemeID").is_some()),
        &[check(BR_CL_25, |_, e| {
            attr_is_code(e, "schemeID", identifier::EAS)
        })],
    ),
    when(
        cbc::ID,
        |_, e| Ok(with_attr(e, &[DeliveryLocation], "schemeID")),
        &[check(BR_CL_26, |_, e| {
            attr_is_code(e, "schemeID", identifier::ICD)
        })],
    ),
];
