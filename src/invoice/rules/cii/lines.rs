//! Cross Industry Invoice: invoice lines, their items and their periods (BR-21 to BR-30, BR-54, BR-64, BR-65, BR-CO-04, BR-CO-18 to BR-CO-20).

use std::cmp::Ordering;

use crate::invoice::names::ram::*;
use crate::invoice::names::{Name as ElementName, udt};
use crate::invoice::rules::engine::{Check, Context, any, check, when};
use crate::invoice::rules::text::decimals::BR_DEC_23;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const LINE: Context = any(IncludedSupplyChainTradeLineItem, CHECKS);

const QUANTITY: Steps = &[SpecifiedLineTradeDelivery, BilledQuantity];
const NET_PRICE: Steps = &[
    SpecifiedLineTradeAgreement,
    NetPriceProductTradePrice,
    ChargeAmount,
];
const GROSS_PRICE: Steps = &[
    SpecifiedLineTradeAgreement,
    GrossPriceProductTradePrice,
    ChargeAmount,
];
const ITEM_NUMBER: Steps = &[SpecifiedTradeProduct, GlobalID];
const AMOUNT: Steps = &[
    SpecifiedLineTradeSettlement,
    SpecifiedTradeSettlementLineMonetarySummation,
    LineTotalAmount,
];

/// The number of a line (BT-126), for messages.
pub(crate) fn number(line: El<'_>) -> String {
    shown(line.first(&[AssociatedDocumentLineDocument, LineID]))
}

const CHECKS: &[Check] = &[
    check(BR_21, |_, l| {
        filled(l, &[AssociatedDocumentLineDocument, LineID])
    }),
    check(BR_22, |_, l| holds_or(exists(l, QUANTITY), || [number(l)])),
    check(BR_23, |_, l| {
        holds_or(
            l.path(QUANTITY).any(|q| q.attr("unitCode").is_some()),
            || [number(l)],
        )
    }),
    check(BR_24, |_, l| holds_or(exists(l, AMOUNT), || [number(l)])),
    check(BR_25, |_, l| {
        let name = one(l, &[SpecifiedTradeProduct, Name])?;
        holds_or(name.is_some_and(|n| !is_blank(n)), || [number(l)])
    }),
    check(BR_26, |_, l| holds_or(exists(l, NET_PRICE), || [number(l)])),
    check(BR_27, |_, l| {
        let positive = any_number(l.path(NET_PRICE), ZERO, Ordering::is_ge)?;
        holds_or(positive, || [number(l), shown(l.first(NET_PRICE))])
    }),
    check(BR_28, |_, l| {
        let positive = any_number(l.path(GROSS_PRICE), ZERO, Ordering::is_ge)?;
        holds_or(positive || !exists(l, GROSS_PRICE), || {
            [number(l), shown(l.first(GROSS_PRICE))]
        })
    }),
    check(BR_64, |_, l| {
        let scheme = one_attr(l.path(ITEM_NUMBER), "schemeID")?;
        holds(scheme.is_some_and(|s| !blank(s)) || !exists(l, ITEM_NUMBER))
    }),
    check(BR_CO_04, |_, l| {
        let mut category = false;
        for tax in l.path(&[SpecifiedLineTradeSettlement, ApplicableTradeTax]) {
            category |= super::is_vat(tax)? && tax.has(CategoryCode);
        }
        holds_or(category, || [number(l)])
    }),
    check(BR_CO_18, |cx, _| holds(cx.cii().has_breakdown)),
    check(BR_DEC_23, |_, l| two_decimals(l, AMOUNT)),
];

pub(crate) const CLASSIFICATION: Context = any(
    DesignatedProductClassification,
    &[check(BR_65, |_, c| {
        let list = one_attr(c.all(ClassCode), "listID")?;
        holds(list.is_some_and(|l| !blank(l)) || !c.has(ClassCode))
    })],
);

pub(crate) const CHARACTERISTIC: Context = any(
    ApplicableProductCharacteristic,
    &[check(BR_54, |_, c| {
        holds(c.has(Description) && c.has(Value))
    })],
);

pub(crate) const LINE_PERIOD: Context = when(
    BillingSpecifiedPeriod,
    |_, p| Ok(under(p, &[SpecifiedLineTradeSettlement])),
    &[
        check(BR_30, |_, p| period(p)),
        check(BR_CO_20, |_, p| {
            holds(p.has(StartDateTime) || p.has(EndDateTime))
        }),
    ],
);

pub(crate) const INVOICE_PERIOD: Context = when(
    BillingSpecifiedPeriod,
    |_, p| Ok(under(p, &[ApplicableHeaderTradeSettlement])),
    &[
        check(BR_29, |_, p| period(p)),
        check(BR_CO_19, |_, p| {
            holds(p.has(StartDateTime) || p.has(EndDateTime))
        }),
    ],
);

/// Whether the end is not before the begin; dates of format 102 compare as strings.
fn period(period: El<'_>) -> Test {
    if !period.has(StartDateTime) || !period.has(EndDateTime) {
        return holds(true);
    }
    let dates = |name: ElementName| {
        let all = period.all(name).flat_map(|d| d.all(udt::DateTimeString));
        all.filter(|d| d.attr("format") == Some("102"))
            .map(El::string)
            .collect::<Vec<_>>()
    };
    let (starts, ends) = (dates(StartDateTime), dates(EndDateTime));
    let right = ends.iter().any(|e| starts.iter().any(|s| e >= s));
    let shown = |name: ElementName| shown(period.child(name).and_then(|d| d.children().next()));
    holds_or(right, || [shown(StartDateTime), shown(EndDateTime)])
}
