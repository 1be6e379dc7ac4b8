//! Cross Industry Invoice: VAT categories and the VAT breakdown (BR-45 to BR-48, BR-CO-03, BR-CO-17, BR-S to BR-AG).

use std::cmp::Ordering;

use super::facts::Indicated;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::ram::*;
use crate::invoice::names::rsm;
use crate::invoice::rules::engine::{Check, Context, Cx, When, check, when};
use crate::invoice::rules::text::decimals::*;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::text::vat::{
    self, BR_IC_11, BR_IC_12, BR_O_11, BR_O_12, BR_O_13, BR_O_14,
};
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// BR-xx-01 for categories with one line of the breakdown: it is there exactly if something uses it.
pub(crate) fn counted_once(cx: &Cx<'_>, code: &str) -> Test {
    let uses = cx.cii().uses(code);
    let used = uses.lines + uses.items;
    holds_or(matches!((uses.header, used), (0, 0) | (1, 1..)), || {
        [used.to_string(), uses.header.to_string()]
    })
}

/// BR-xx-01 for categories with several rates: the official rule counts uses and lines of the breakdown together, and wants two.
pub(crate) fn counted_pairs(cx: &Cx<'_>, code: &str) -> Test {
    let uses = cx.cii().uses(code);
    let enough = |used: usize| used == 0 || used + uses.header >= 2;
    holds_or(enough(uses.lines) && enough(uses.items), || {
        [
            (uses.lines + uses.items).to_string(),
            uses.header.to_string(),
        ]
    })
}

/// `RateApplicablePercent op number`
fn rate(tax: El<'_>, test: fn(Ordering) -> bool) -> Test {
    let right = any_number(tax.all(RateApplicablePercent), ZERO, test)?;
    holds_or(right, || [shown(tax.child(RateApplicablePercent))])
}

fn zero_rate(tax: El<'_>) -> Test {
    rate(tax, Ordering::is_eq)
}

fn positive_rate(tax: El<'_>) -> Test {
    rate(tax, Ordering::is_gt)
}

fn no_negative_rate(tax: El<'_>) -> Test {
    rate(tax, Ordering::is_ge)
}

fn no_rate(tax: El<'_>) -> Test {
    holds_or(!tax.has(RateApplicablePercent), || {
        [shown(tax.child(RateApplicablePercent))]
    })
}

/// BR-xx-08 within 1: lines less allowances plus charges of the category.
fn taxable_about(cx: &Cx<'_>, tax: El<'_>, code: &str, indicated: Indicated) -> Test {
    let sum = cx.cii().sum(code, None, indicated)?;
    let right = match one(tax, &[BasisAmount])? {
        None => false,
        Some(basis) => {
            let (basis, sum) = (double(basis)?, to_double(&sum));
            basis - 1.0 < sum && basis + 1.0 > sum
        }
    };
    holds_or(right, || [shown(tax.child(BasisAmount)), sum.to_string()])
}

/// BR-S-08: exact, for each rate of the line of the breakdown.
fn taxable_at_rate(cx: &Cx<'_>, tax: El<'_>, code: &str) -> Test {
    for rate in tax.all(RateApplicablePercent) {
        let sum = cx
            .cii()
            .sum(code, Some(&decimal(rate)?), Indicated::Compared)?;
        if !any_number(
            tax.all(BasisAmount),
            Number::Double(to_double(&sum)),
            Ordering::is_eq,
        )? {
            return fires([shown(tax.child(BasisAmount)), sum.to_string()]);
        }
    }
    holds(true)
}

/// BR-xx-09 of the categories without tax.
fn no_tax(tax: El<'_>) -> Test {
    let right = any_number(tax.all(CalculatedAmount), ZERO, Ordering::is_eq)?;
    holds_or(right, || [shown(tax.child(CalculatedAmount))])
}

/// BR-S-09. The rate is a double, so the product is one, and it is rounded before the division: to whole hundredths.
fn tax_at_rate(tax: El<'_>) -> Test {
    let calculated = decimal_at(tax, &[CalculatedAmount])?;
    let basis = decimal_at(tax, &[BasisAmount])?;
    let rate = one(tax, &[RateApplicablePercent])?
        .map(double)
        .transpose()?;
    let right = match (calculated, basis, rate) {
        (Some(calculated), Some(basis), Some(rate)) => {
            let expected = round(to_double(&basis.abs()) * rate) / 100.0;
            let calculated = calculated.abs();
            to_double(&(&calculated - &Decimal::ONE)) < expected
                && to_double(&(calculated + Decimal::ONE)) > expected
        }
        _ => false,
    };
    let values = || {
        [CalculatedAmount, BasisAmount, RateApplicablePercent].map(|name| shown(tax.child(name)))
    };
    holds_or(right, values)
}

fn reason_given(tax: El<'_>) -> Test {
    holds(tax.has(ExemptionReason) || tax.has(ExemptionReasonCode))
}

fn no_reason(tax: El<'_>) -> Test {
    holds(!tax.has(ExemptionReason) && !tax.has(ExemptionReasonCode))
}

/// Contexts of lines, allowances and charges of a category.
fn line_tax(tax: El<'_>, code: &str) -> Result<bool, Fault> {
    const LINE: Steps = &[
        rsm::SupplyChainTradeTransaction,
        IncludedSupplyChainTradeLineItem,
        SpecifiedLineTradeSettlement,
    ];
    Ok(under(tax, LINE) && any_is(tax, &[CategoryCode], code) && super::is_vat(tax)?)
}

fn item_tax(tax: El<'_>, code: &str, charge: bool) -> Result<bool, Fault> {
    let Some(item) = tax.parent().filter(|p| p.is(SpecifiedTradeAllowanceCharge)) else {
        return Ok(false);
    };
    Ok(any_is(tax, &[CategoryCode], code)
        && any_boolean(item.path(super::INDICATOR), charge)?
        && super::is_vat(tax)?)
}

const HEADER: Steps = &[ApplicableHeaderTradeSettlement, ApplicableTradeTax];

/// Contexts of the breakdown: for some categories the code, for others the line of the breakdown; the latter then miss the other rules for it.
fn header_code(code_element: El<'_>, code: &str) -> Result<bool, Fault> {
    const TRANSACTION: Steps = &[
        rsm::SupplyChainTradeTransaction,
        ApplicableHeaderTradeSettlement,
        ApplicableTradeTax,
    ];
    Ok(code_element.string() == code
        && under(code_element, TRANSACTION)
        && super::is_vat(up(code_element))?)
}

fn header_tax(tax: El<'_>, code: &str) -> Result<bool, Fault> {
    const TRANSACTION: Steps = &[
        rsm::SupplyChainTradeTransaction,
        ApplicableHeaderTradeSettlement,
    ];
    Ok(under(tax, TRANSACTION) && any_is(tax, &[CategoryCode], code) && super::is_vat(tax)?)
}

fn up<'t>(el: El<'t>) -> El<'t> {
    el.parent().unwrap_or(el)
}

/// The four contexts of a category: breakdown, allowance, charge, line.
macro_rules! category {
    ($category:ident, $breakdown:ident, $allowance:ident, $charge:ident, $line:ident:
     header $name:ident $header:expr, $header_checks:expr; parties $parties:expr; rate $rate:expr) => {
        pub(crate) const $breakdown: Context = when($name, $header, $header_checks);
        pub(crate) const $allowance: Context = when(
            CategoryTradeTax,
            |_, t| item_tax(t, vat::$category.code, false),
            &[
                check(vat::$category.parties[1], |cx, _| $parties(cx)),
                check(vat::$category.rate[1], |_, t| $rate(t)),
            ],
        );
        pub(crate) const $charge: Context = when(
            CategoryTradeTax,
            |_, t| item_tax(t, vat::$category.code, true),
            &[
                check(vat::$category.parties[2], |cx, _| $parties(cx)),
                check(vat::$category.rate[2], |_, t| $rate(t)),
            ],
        );
        pub(crate) const $line: Context = when(
            ApplicableTradeTax,
            |_, t| line_tax(t, vat::$category.code),
            &[
                check(vat::$category.parties[0], |cx, _| $parties(cx)),
                check(vat::$category.rate[0], |_, t| $rate(t)),
            ],
        );
    };
}

/// Seller with VAT identifier or tax number, or tax representative; where the official rule looks at the header's parties only.
fn registered(cx: &Cx<'_>) -> Test {
    let facts = cx.cii();
    holds(facts.header_seller_registered || facts.header_representative_vat)
}

/// The same and a buyer that can be identified; parties anywhere.
fn both_identified(cx: &Cx<'_>) -> Test {
    let facts = cx.cii();
    holds(
        (facts.seller_registered || facts.representative_vat)
            && (facts.buyer_vat || facts.buyer_legal),
    )
}

fn seller_vat(cx: &Cx<'_>) -> Test {
    let facts = cx.cii();
    holds(facts.seller_vat || facts.representative_vat)
}

fn both_vat(cx: &Cx<'_>) -> Test {
    let facts = cx.cii();
    holds((facts.seller_vat || facts.representative_vat) && facts.buyer_vat)
}

fn no_vat(cx: &Cx<'_>) -> Test {
    let facts = cx.cii();
    holds(!facts.header_seller_vat && !facts.header_representative_vat && !facts.buyer_vat)
}

macro_rules! exempt {
    ($category:ident) => {
        &[
            check(vat::$category.taxable, |cx, c| {
                taxable_about(cx, up(c), vat::$category.code, Indicated::Compared)
            }),
            check(vat::$category.tax, |_, c| no_tax(up(c))),
            check(vat::$category.reason, |_, c| reason_given(up(c))),
        ]
    };
}

const INTRA_CHECKS: &[Check] = &[
    check(vat::INTRA.taxable, |cx, c| {
        taxable_about(cx, up(c), "K", Indicated::Compared)
    }),
    check(vat::INTRA.tax, |_, c| no_tax(up(c))),
    check(vat::INTRA.reason, |_, c| reason_given(up(c))),
    check(BR_IC_11, |cx, c| {
        let period = c.parent().and_then(El::parent).is_some_and(|s| {
            exists(s, &[BillingSpecifiedPeriod, StartDateTime])
                || exists(s, &[BillingSpecifiedPeriod, EndDateTime])
        });
        holds(cx.cii().delivered || period)
    }),
    check(BR_IC_12, |cx, _| holds(cx.cii().delivery_country)),
];

const OUTSIDE_CHECKS: &[Check] = &[
    check(vat::OUTSIDE.taxable, |cx, t| {
        let sum = cx.cii().sum("O", None, Indicated::Cast)?;
        let right = any_number(
            t.all(BasisAmount),
            Number::Double(to_double(&sum)),
            Ordering::is_eq,
        )?;
        holds_or(right, || [shown(t.child(BasisAmount)), sum.to_string()])
    }),
    check(vat::OUTSIDE.tax, |_, t| no_tax(t)),
    check(vat::OUTSIDE.reason, |_, t| reason_given(t)),
    check(BR_O_11, |cx, _| holds(cx.cii().outside_taxes)),
    check(BR_O_12, |cx, _| holds(cx.cii().outside_taxes)),
    check(BR_O_13, |cx, _| holds(cx.cii().outside_items)),
    check(BR_O_14, |cx, _| holds(cx.cii().outside_items)),
];

const TAXED: &[Check] = &[
    check(vat::STANDARD.taxable, |cx, c| {
        taxable_at_rate(cx, up(c), "S")
    }),
    check(vat::STANDARD.tax, |_, c| tax_at_rate(up(c))),
    check(vat::STANDARD.reason, |_, c| no_reason(up(c))),
];

const ZERO_CHECKS: &[Check] = &[
    check(vat::ZERO.taxable, |cx, c| {
        taxable_about(cx, up(c), "Z", Indicated::Cast)
    }),
    check(vat::ZERO.tax, |_, c| no_tax(up(c))),
    check(vat::ZERO.reason, |_, c| no_reason(up(c))),
];

const CODE_S: When = |_, c| Ok(under(c, HEADER) && c.string() == "S");
const CODE_Z: When = |_, c| Ok(under(c, HEADER) && c.string() == "Z");

category!(REVERSE, REVERSE_HEADER, REVERSE_ALLOWANCE, REVERSE_CHARGE, REVERSE_LINE: header CategoryCode |_, c| header_code(c, "AE"), exempt!(REVERSE); parties both_identified; rate zero_rate);
category!(EXEMPT, EXEMPT_HEADER, EXEMPT_ALLOWANCE, EXEMPT_CHARGE, EXEMPT_LINE: header CategoryCode |_, c| header_code(c, "E"), exempt!(EXEMPT); parties registered; rate zero_rate);
category!(EXPORT, EXPORT_HEADER, EXPORT_ALLOWANCE, EXPORT_CHARGE, EXPORT_LINE: header CategoryCode |_, c| header_code(c, "G"), exempt!(EXPORT); parties seller_vat; rate zero_rate);
category!(INTRA, INTRA_HEADER, INTRA_ALLOWANCE, INTRA_CHARGE, INTRA_LINE: header CategoryCode |_, c| header_code(c, "K"), INTRA_CHECKS; parties both_vat; rate zero_rate);
category!(OUTSIDE, OUTSIDE_HEADER, OUTSIDE_ALLOWANCE, OUTSIDE_CHARGE, OUTSIDE_LINE: header ApplicableTradeTax |_, t| header_tax(t, "O"), OUTSIDE_CHECKS; parties no_vat; rate no_rate);
category!(STANDARD, STANDARD_HEADER, STANDARD_ALLOWANCE, STANDARD_CHARGE, STANDARD_LINE: header CategoryCode CODE_S, TAXED; parties registered; rate positive_rate);
category!(ZERO, ZERO_HEADER, ZERO_ALLOWANCE, ZERO_CHARGE, ZERO_LINE: header CategoryCode CODE_Z, ZERO_CHECKS; parties registered; rate zero_rate);
// 08 asks for the rate of the parent's parent, which has none, and 09 for nothing: neither can fire.
category!(CANARY, CANARY_HEADER, CANARY_ALLOWANCE, CANARY_CHARGE, CANARY_LINE: header ApplicableTradeTax |_, t| header_tax(t, "L"), &[check(vat::CANARY.reason, |_, t| no_reason(t))];
    parties registered; rate positive_rate);
category!(CEUTA, CEUTA_HEADER, CEUTA_ALLOWANCE, CEUTA_CHARGE, CEUTA_LINE: header ApplicableTradeTax |_, t| header_tax(t, "M"), &[check(vat::CEUTA.reason, |_, t| no_reason(t))];
    parties registered; rate no_negative_rate);

/// Any line of the breakdown but those of categories L, M and O.
pub(crate) const BREAKDOWN: Context = when(
    ApplicableTradeTax,
    |_, t| Ok(under(t, &[ApplicableHeaderTradeSettlement])),
    &[
        check(BR_45, |_, t| holds(t.has(BasisAmount))),
        check(BR_46, |_, t| holds(t.has(CalculatedAmount))),
        check(BR_47, |_, t| {
            holds(super::is_vat(t)? && t.has(CategoryCode))
        }),
        check(BR_48, |_, t| {
            holds(
                super::is_vat(t)?
                    && (t.has(RateApplicablePercent) || any_is(t, &[CategoryCode], "O")),
            )
        }),
        check(BR_CO_03, |cx, _| {
            holds(cx.named(TaxPointDate).is_empty() || cx.named(DueDateTypeCode).is_empty())
        }),
        check(BR_CO_17, calculated_tax),
        check(BR_DEC_19, |_, t| two_decimals(t, &[BasisAmount])),
        check(BR_DEC_20, |_, t| two_decimals(t, &[CalculatedAmount])),
    ],
);

/// BR-CO-17: BT-117 is BT-116 times BT-119, within 1; without a rate, or with one that rounds to 0, it rounds to 0.
fn calculated_tax(_: &Cx<'_>, tax: El<'_>) -> Test {
    let kind = normalized(tax, &[TypeCode])?.to_uppercase();
    let rate = if kind == "VAT" {
        decimal_at(tax, &[RateApplicablePercent])?
    } else {
        None
    };
    let calculated = decimal_at(tax, &[CalculatedAmount])?;
    let nothing = calculated
        .as_ref()
        .is_some_and(|c| c.round(0) == Decimal::ZERO);
    let right = match rate {
        None => nothing,
        Some(rate) if rate.round(0) == Decimal::ZERO => nothing,
        Some(rate) => match (calculated, decimal_at(tax, &[BasisAmount])?) {
            (Some(calculated), Some(basis)) => {
                let expected =
                    (basis.abs() * rate.div(&Decimal::HUNDRED).unwrap_or(Decimal::ZERO)).round(2);
                let calculated = calculated.abs();
                &calculated - &Decimal::ONE <= expected && calculated + Decimal::ONE >= expected
            }
            _ => false,
        },
    };
    let values = || {
        [CalculatedAmount, BasisAmount, RateApplicablePercent].map(|name| shown(tax.child(name)))
    };
    holds_or(right, values)
}
