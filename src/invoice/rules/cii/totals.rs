//! Cross Industry Invoice: the totals of the invoice (BR-12 to BR-15, BR-53, BR-CO-10 to BR-CO-16, BR-DEC of totals).

use std::cmp::Ordering;

use crate::invoice::decimal::Decimal;
use crate::invoice::names::ram::*;
use crate::invoice::rules::engine::{Check, Context, Cx, any, check, when};
use crate::invoice::rules::text::decimals::*;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const TOTALS: Context = any(SpecifiedTradeSettlementHeaderMonetarySummation, CHECKS);

/// BT-110: a VAT total in the currency of the invoice.
pub(crate) const TAX_TOTAL: Context = when(
    TaxTotalAmount,
    |cx, e| {
        Ok(under(e, &[SpecifiedTradeSettlementHeaderMonetarySummation])
            && attr_in(e, "currencyID", &cx.cii().currencies))
    },
    &[check(BR_CO_14, |cx, e| {
        let sum = cx.cii().tax.clone()?;
        let right = any_number(std::iter::once(e), sum, Ordering::is_eq)?;
        holds_or(right, || [shown(Some(e)), shown_number(sum)])
    })],
);

const CHECKS: &[Check] = &[
    check(BR_12, |_, t| holds(t.has(LineTotalAmount))),
    check(BR_13, |_, t| holds(t.has(TaxBasisTotalAmount))),
    check(BR_14, |_, t| holds(t.has(GrandTotalAmount))),
    check(BR_15, |_, t| holds(t.has(DuePayableAmount))),
    check(BR_53, |cx, t| {
        let (tax, invoice) = (&cx.cii().tax_currencies, &cx.cii().currencies);
        let stated = t.all(TaxTotalAmount).any(|a| attr_in(a, "currencyID", tax));
        let right = tax.is_empty() || (stated && !tax.iter().any(|c| invoice.contains(c)));
        holds_or(right, || [tax.join(", ")])
    }),
    check(BR_CO_10, sum_of_lines),
    check(BR_CO_11, |cx, t| {
        header_sum(cx, t, AllowanceTotalAmount, false)
    }),
    check(BR_CO_12, |cx, t| header_sum(cx, t, ChargeTotalAmount, true)),
    check(BR_CO_13, |_, t| {
        let lines = first_decimal(t, LineTotalAmount)?;
        let less = first_decimal(t, AllowanceTotalAmount)?;
        let plus = first_decimal(t, ChargeTotalAmount)?;
        let expected = lines
            .map(|l| (l - less.unwrap_or(Decimal::ZERO) + plus.unwrap_or(Decimal::ZERO)).round(2));
        let stated = first_decimal(t, TaxBasisTotalAmount)?;
        holds_or(stated.is_some() && stated == expected, || {
            [shown(t.child(TaxBasisTotalAmount)), shown_decimal(expected)]
        })
    }),
    check(BR_CO_16, |_, t| {
        let total = first_decimal(t, GrandTotalAmount)?;
        let paid = first_decimal(t, TotalPrepaidAmount)?;
        let rounding = first_decimal(t, RoundingAmount)?;
        let expected =
            total.map(|g| g - paid.unwrap_or(Decimal::ZERO) + rounding.unwrap_or(Decimal::ZERO));
        let stated = first_decimal(t, DuePayableAmount)?;
        holds_or(stated.is_some() && stated == expected, || {
            [shown(t.child(DuePayableAmount)), shown_decimal(expected)]
        })
    }),
    check(BR_DEC_09, |_, t| two_decimals(t, &[LineTotalAmount])),
    check(BR_DEC_10, |_, t| two_decimals(t, &[AllowanceTotalAmount])),
    check(BR_DEC_11, |_, t| two_decimals(t, &[ChargeTotalAmount])),
    check(BR_DEC_12, |_, t| two_decimals(t, &[TaxBasisTotalAmount])),
    check(BR_DEC_14, |_, t| two_decimals(t, &[GrandTotalAmount])),
    check(BR_DEC_13, |cx, t| {
        tax_decimals(t, &cx.cii().currencies, false)
    }),
    check(BR_DEC_15, |cx, t| {
        tax_decimals(t, &cx.cii().tax_currencies, true)
    }),
    check(BR_DEC_16, |_, t| two_decimals(t, &[TotalPrepaidAmount])),
    check(BR_DEC_17, |_, t| two_decimals(t, &[RoundingAmount])),
    check(BR_DEC_18, |_, t| two_decimals(t, &[DuePayableAmount])),
];

/// BT-106 is the sum of BT-131. The lines are added as doubles, so the hundredths are rounded from what the sum is in binary.
fn sum_of_lines(_: &Cx<'_>, totals: El<'_>) -> Test {
    const AMOUNT: Steps = &[
        IncludedSupplyChainTradeLineItem,
        SpecifiedLineTradeSettlement,
        SpecifiedTradeSettlementLineMonetarySummation,
        LineTotalAmount,
    ];
    let transaction = totals.parent().and_then(El::parent);
    let sum = sum(transaction.into_iter().flat_map(|t| t.path(AMOUNT)))?;
    let expected = from_double(sum)
        .ok_or(Fault::Type(totals.order(), "decimal"))?
        .round(2);
    let stated = decimal_at(totals, &[LineTotalAmount])?;
    holds_or(stated.as_ref() == Some(&expected), || {
        [shown(totals.child(LineTotalAmount)), expected.to_string()]
    })
}

/// BT-107 is the sum of BT-92, BT-108 that of BT-99; both are missing if there are none.
fn header_sum(
    cx: &Cx<'_>,
    totals: El<'_>,
    stated: crate::invoice::names::Name,
    charge: bool,
) -> Test {
    let mut items = Vec::new();
    for item in cx.cii().header_items() {
        if any_boolean(item.path(super::INDICATOR), charge)? {
            items.push(item);
        }
    }
    if items.is_empty() && !totals.has(stated) {
        return holds(true);
    }
    let sum = sum_in_cents(items.iter().filter_map(|i| i.child(ActualAmount)))?;
    let right = any_number(totals.all(stated), sum, Ordering::is_eq)?;
    holds_or(right, || [shown(totals.child(stated)), shown_number(sum)])
}

/// Whether one of the VAT totals has two decimals or is not in one of the currencies.
fn tax_decimals(
    totals: El<'_>,
    currencies: &[std::borrow::Cow<'_, str>],
    none_is_enough: bool,
) -> Test {
    let mut taxes = totals.all(TaxTotalAmount).peekable();
    if taxes.peek().is_none() || (none_is_enough && currencies.is_empty()) {
        return holds(true);
    }
    for tax in taxes {
        let value = double(tax);
        let ours = attr_in(tax, "currencyID", currencies);
        let other = if none_is_enough { false } else { !ours };
        if other || (ours && value.map(|v| v.total_cmp(&(round(v * 100.0) / 100.0)).is_eq())?) {
            return holds(true);
        }
    }
    fires([shown(totals.child(TaxTotalAmount))])
}

/// `xs:decimal(name[1])`
fn first_decimal(el: El<'_>, name: crate::invoice::names::Name) -> Result<Option<Decimal>, Fault> {
    el.child(name).map(decimal).transpose()
}
