//! UBL: the rules of XRechnung's extension (BR-DEX) and for clean vehicles (BR-DE-CVD).

use super::codes::{creditor, with_attr};
use crate::invoice::codes::{self, List, document, identifier, item};
use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{cbc, cn, ubl};
use crate::invoice::rules::engine::{Context, Cx, Names, check, when};
use crate::invoice::rules::german::{CLEAN, VEHICLES};
use crate::invoice::rules::text::codes::*;
use crate::invoice::rules::text::german::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// The scheme is of the list or one of the extension's own. An empty one passes: the official list is two, with two spaces between them.
fn extended(el: El<'_>, list: List) -> Test {
    let scheme = el.attr("schemeID").unwrap_or_default();
    let code = normalize_space(scheme);
    holds_or(
        code.is_empty() || codes::has(list, &code) || codes::has(identifier::EXTENSION, &code),
        || [scheme.to_owned()],
    )
}

fn sub_lines(line: El<'_>) -> Result<Decimal, Fault> {
    let mut sum = Decimal::ZERO;
    for line in line.all(SubInvoiceLine) {
        sum += decimal_at(line, &[cbc::LineExtensionAmount])?.unwrap_or(Decimal::ZERO);
    }
    Ok(sum)
}

/// Each line with sub-lines has the sum of their amounts.
fn sums_of_sub_lines(cx: &Cx<'_>, invoice: El<'_>) -> Test {
    let lines = invoice
        .all(InvoiceLine)
        .chain(cx.named(SubInvoiceLine).iter().copied());
    for line in lines.filter(|l| l.has(SubInvoiceLine)) {
        if decimal_at(line, &[cbc::LineExtensionAmount])? != Some(sub_lines(line)?) {
            return holds(false);
        }
    }
    holds(true)
}

/// BR-DEX-09: BT-115 as BR-CO-16 has it, with payments of third parties.
fn due(_: &Cx<'_>, totals: El<'_>) -> Test {
    let zero = Decimal::ZERO;
    let prepaid = decimal_at(totals, &[cbc::PrepaidAmount])?.unwrap_or(zero.clone());
    let rounding = decimal_at(totals, &[cbc::PayableRoundingAmount])?.unwrap_or(zero.clone());
    let payments = || {
        totals
            .parent()
            .into_iter()
            .flat_map(|p| p.all(PrepaidPayment))
    };
    let mut third = zero;
    if payments().any(|p| any_filled(p, &[cbc::PaidAmount])) {
        for payment in payments() {
            third += decimal_at(payment, &[cbc::PaidAmount])?.unwrap_or(Decimal::ZERO);
        }
    }
    let payable = decimal_at(totals, &[cbc::PayableAmount])?;
    let total = decimal_at(totals, &[cbc::TaxInclusiveAmount])?;
    let expected = total.map(|t| (t - prepaid + third).round(2));
    let stated = payable.as_ref().map(|p| (p - &rounding).round(2));
    let right = stated.is_some() && stated == expected;
    holds_or(right, || {
        [
            shown_decimal(payable),
            shown_decimal(expected.map(|e| e + rounding)),
        ]
    })
}

fn filled_any(el: El<'_>, steps: Steps) -> Test {
    holds(any_filled(el, steps))
}

pub(crate) const EXTENSION_RULES: &[Context] = &[
    when(
        cbc::EmbeddedDocumentBinaryObject,
        |cx, _| Ok(cx.ubl().extension),
        &[check(BR_DEX_01, |_, a| {
            let kind = a.attr("mimeCode").unwrap_or_default();
            holds_or(
                document::ATTACHMENTS.contains(&kind) || kind == "application/xml",
                || [kind.to_owned()],
            )
        })],
    ),
    when(
        ubl::Invoice,
        |cx, e| Ok(cx.ubl().extension && e.parent().is_none()),
        &[
            check(BR_DEX_02, sums_of_sub_lines),
            check(BR_DEX_03, |cx, _| {
                let mut items = cx.named(SubInvoiceLine).iter().flat_map(|l| l.all(Item));
                holds(items.all(|i| i.count(ClassifiedTaxCategory) == 1))
            }),
        ],
    ),
    when(
        LegalMonetaryTotal,
        |cx, _| Ok(cx.ubl().extension),
        &[check(BR_DEX_09, due)],
    ),
    when(
        cbc::ID,
        |cx, e| Ok(cx.ubl().extension && with_attr(e, &[PartyIdentification], "schemeID")),
        &[check(BR_DEX_04, |_, e| {
            if creditor(e) {
                holds(true)
            } else {
                extended(e, identifier::ICD)
            }
        })],
    ),
    when(
        cbc::CompanyID,
        |cx, e| Ok(cx.ubl().extension && with_attr(e, &[PartyLegalEntity], "schemeID")),
        &[check(BR_DEX_05, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        cbc::ID,
        |cx, e| Ok(cx.ubl().extension && with_attr(e, &[StandardItemIdentification], "schemeID")),
        &[check(BR_DEX_06, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        cbc::EndpointID,
        |cx, e| Ok(cx.ubl().extension && e.attr("schemeID").is_some()),
        &[check(BR_DEX_07, |_, e| extended(e, identifier::EAS))],
    ),
    when(
        cbc::ID,
        |cx, e| Ok(cx.ubl().extension && with_attr(e, &[DeliveryLocation], "schemeID")),
        &[check(BR_DEX_08, |_, e| extended(e, identifier::ICD))],
    ),
    when(
        PrepaidPayment,
        |cx, p| Ok(cx.ubl().extension && rooted(p, &[ubl::Invoice])),
        &[
            check(BR_DEX_10, |_, p| filled_any(p, &[cbc::ID])),
            check(BR_DEX_11, |_, p| filled_any(p, &[cbc::PaidAmount])),
            check(BR_DEX_12, |_, p| filled_any(p, &[cbc::InstructionID])),
            check(BR_DEX_13, |_, p| two_decimals(p, &[cbc::PaidAmount])),
            check(BR_DEX_14, |cx, p| {
                let right = p
                    .all(cbc::PaidAmount)
                    .any(|a| attr_in(a, "currencyID", &cx.ubl().currencies));
                holds_or(right, || {
                    [p.child(cbc::PaidAmount)
                        .and_then(|a| a.attr("currencyID"))
                        .unwrap_or("–")
                        .to_owned()]
                })
            }),
        ],
    ),
];

/// An item of a line of the document.
fn of_line(item: El<'_>) -> bool {
    rooted(item, &[ubl::Invoice, InvoiceLine]) || rooted(item, &[cn::CreditNote, CreditNoteLine])
}

fn vehicles(item: El<'_>) -> usize {
    item.path(&[CommodityClassification, cbc::ItemClassificationCode])
        .filter(|c| c.attr("listID") == Some("CVD"))
        .count()
}

fn clean(property: &El<'_>) -> bool {
    any_is(*property, &[cbc::Name], "cva")
}

pub(crate) const VEHICLE_RULES: &[Context] = &[
    Context {
        names: Names::Of(&[ubl::Invoice, cn::CreditNote]),
        when: |cx, e| Ok(cx.ubl().vehicles && e.parent().is_none()),
        checks: &[
            check(BR_DE_CVD_02, |_, e| {
                filled_any(e, &[OriginatorDocumentReference, cbc::ID])
            }),
            check(BR_DE_CVD_01, |_, e| {
                filled_any(e, &[ContractDocumentReference, cbc::ID])
            }),
            check(BR_DE_CVD_03, |_, e| {
                let mut items = e
                    .path(&[InvoiceLine, Item])
                    .chain(e.path(&[CreditNoteLine, Item]));
                holds(
                    items.any(|i| {
                        vehicles(i) > 0 && i.all(AdditionalItemProperty).any(|p| clean(&p))
                    }),
                )
            }),
        ],
        rows: &[],
    },
    when(
        Item,
        |cx, i| Ok(cx.ubl().vehicles && of_line(i)),
        &[
            check(BR_DE_CVD_06_A, |_, i| {
                holds(vehicles(i) == 0 || i.all(AdditionalItemProperty).filter(clean).count() == 1)
            }),
            check(BR_DE_CVD_06_B, |_, i| {
                holds(!i.all(AdditionalItemProperty).any(|p| clean(&p)) || vehicles(i) == 1)
            }),
        ],
    ),
    when(
        cbc::ItemClassificationCode,
        |cx, c| {
            let item = c
                .parent()
                .filter(|p| p.is(CommodityClassification))
                .and_then(El::parent);
            Ok(cx.ubl().vehicles && item.is_some_and(|i| i.is(Item) && of_line(i)))
        },
        &[
            check(BR_TMP_CVD_01, |_, c| {
                let list = normalize_space(c.attr("listID").unwrap_or_default());
                holds_or(
                    list.is_empty() || codes::has(item::CLASSIFICATIONS, &list) || list == "CVD",
                    || [list.into_owned()],
                )
            }),
            check(BR_DE_CVD_04, |_, c| {
                let vehicle = normalize_space(c.attr("listID").unwrap_or_default()) == "CVD";
                holds_or(!vehicle || VEHICLES.contains(&&*c.normalized()), || {
                    [shown(Some(c))]
                })
            }),
        ],
    ),
    when(
        AdditionalItemProperty,
        |cx, p| {
            Ok(cx.ubl().vehicles
                && clean(&p)
                && p.parent().is_some_and(|i| i.is(Item) && of_line(i)))
        },
        &[check(BR_DE_CVD_05, |_, p| {
            let value = normalized(p, &[cbc::Value])?;
            holds_or(CLEAN.contains(&&*value), || [value.into_owned()])
        })],
    ),
];
