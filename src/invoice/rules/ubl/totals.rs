//! UBL: totals and VAT breakdown (BR-12 to BR-15, BR-45 to BR-48, BR-CO-10 to BR-CO-17, their BR-DEC).

use super::facts::is_vat;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc};
use crate::invoice::rules::engine::{Check, Context, Cx, any, check, when};
use crate::invoice::rules::text::decimals::*;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const TOTALS: Context = any(LegalMonetaryTotal, CHECKS);

const CHECKS: &[Check] = &[
    check(BR_12, |_, t| holds(t.has(cbc::LineExtensionAmount))),
    check(BR_13, |_, t| holds(t.has(cbc::TaxExclusiveAmount))),
    check(BR_14, |_, t| holds(t.has(cbc::TaxInclusiveAmount))),
    check(BR_15, |_, t| holds(t.has(cbc::PayableAmount))),
    check(BR_CO_10, |cx, t| {
        let mut sum = Decimal::ZERO;
        for line in cx.named(InvoiceLine).iter().chain(cx.named(CreditNoteLine)) {
            sum += decimal_at(*line, &[cbc::LineExtensionAmount])?.unwrap_or(Decimal::ZERO);
        }
        stated_is(t, cbc::LineExtensionAmount, sum.round(2))
    }),
    check(BR_CO_11, |_, t| {
        item_sum(t, cbc::AllowanceTotalAmount, false)
    }),
    check(BR_CO_12, |_, t| item_sum(t, cbc::ChargeTotalAmount, true)),
    check(BR_CO_13, |_, t| {
        let lines = decimal_at(t, &[cbc::LineExtensionAmount])?;
        let less = decimal_at(t, &[cbc::AllowanceTotalAmount])?;
        let plus = decimal_at(t, &[cbc::ChargeTotalAmount])?;
        let stated = decimal_at(t, &[cbc::TaxExclusiveAmount])?;
        // Without allowances and charges nothing is rounded.
        let expected = match (lines, &less, &plus) {
            (lines, None, None) => lines,
            (lines, ..) => lines.map(|l| {
                (l + plus.unwrap_or(Decimal::ZERO) - less.unwrap_or(Decimal::ZERO)).round(2)
            }),
        };
        holds_or(stated.is_some() && stated == expected, || {
            [
                shown(t.child(cbc::TaxExclusiveAmount)),
                shown_decimal(expected),
            ]
        })
    }),
    check(BR_CO_16, |_, t| {
        let total = decimal_at(t, &[cbc::TaxInclusiveAmount])?;
        let paid = decimal_at(t, &[cbc::PrepaidAmount])?;
        let rounding = decimal_at(t, &[cbc::PayableRoundingAmount])?;
        let payable = decimal_at(t, &[cbc::PayableAmount])?;
        let (Some(total), Some(payable)) = (total, payable) else {
            return fires([shown(t.child(cbc::PayableAmount)), "–".to_owned()]);
        };
        let rounded = |d: Decimal, when: bool| if when { d.round(2) } else { d };
        let due = rounded(
            &total - paid.as_ref().unwrap_or(&Decimal::ZERO),
            paid.is_some(),
        );
        let stated = rounded(
            &payable - rounding.as_ref().unwrap_or(&Decimal::ZERO),
            rounding.is_some(),
        );
        holds_or(stated == due, || {
            [
                payable.to_string(),
                (due + rounding.unwrap_or(Decimal::ZERO)).to_string(),
            ]
        })
    }),
    check(BR_DEC_09, |_, t| {
        two_decimals(t, &[cbc::LineExtensionAmount])
    }),
    check(BR_DEC_10, |_, t| {
        two_decimals(t, &[cbc::AllowanceTotalAmount])
    }),
    check(BR_DEC_11, |_, t| two_decimals(t, &[cbc::ChargeTotalAmount])),
    check(BR_DEC_12, |_, t| {
        two_decimals(t, &[cbc::TaxExclusiveAmount])
    }),
    check(BR_DEC_14, |_, t| {
        two_decimals(t, &[cbc::TaxInclusiveAmount])
    }),
    check(BR_DEC_16, |_, t| two_decimals(t, &[cbc::PrepaidAmount])),
    check(BR_DEC_17, |_, t| {
        two_decimals(t, &[cbc::PayableRoundingAmount])
    }),
    check(BR_DEC_18, |_, t| two_decimals(t, &[cbc::PayableAmount])),
];

fn stated_is(totals: El<'_>, name: ElementName, expected: Decimal) -> Test {
    let stated = at_most_one(totals.all(name))?.map(decimal).transpose()?;
    holds_or(stated.as_ref() == Some(&expected), || {
        [shown(totals.child(name)), expected.to_string()]
    })
}

/// BT-107 is the sum of BT-92, BT-108 that of BT-99; both are missing if there are none.
fn item_sum(totals: El<'_>, name: ElementName, charge: bool) -> Test {
    let mut sum = Decimal::ZERO;
    let mut none = true;
    for item in totals
        .parent()
        .into_iter()
        .flat_map(|p| p.all(AllowanceCharge))
    {
        if any_boolean(item.all(cbc::ChargeIndicator), charge)? {
            none = false;
            sum += decimal_at(item, &[cbc::Amount])?.unwrap_or(Decimal::ZERO);
        }
    }
    if none && !totals.has(name) {
        return holds(true);
    }
    stated_is(totals, name, sum.round(2))
}

pub(crate) const TAX_TOTAL: Context = when(
    TaxTotal,
    |cx, t| Ok(t.parent() == Some(cx.root)),
    &[check(BR_CO_14, |_, t| {
        if !t.has(TaxSubtotal) {
            return holds(true);
        }
        let mut sum = Decimal::ZERO;
        for line in t.all(TaxSubtotal) {
            sum += decimal_at(line, &[cbc::TaxAmount])?.unwrap_or(Decimal::ZERO);
        }
        stated_is(t, cbc::TaxAmount, sum.round(2))
    })],
);

pub(crate) const BREAKDOWN: Context = when(
    TaxSubtotal,
    |_, t| Ok(under(t, &[TaxTotal])),
    &[
        check(BR_45, |_, t| holds(t.has(cbc::TaxableAmount))),
        check(BR_46, |_, t| holds(t.has(cbc::TaxAmount))),
        check(BR_47, |_, t| {
            holds(vat_categories(t)?.iter().any(|c| c.has(cbc::ID)))
        }),
        check(BR_48, |_, t| {
            let mut right = false;
            for category in vat_categories(t)? {
                right |= category.has(cbc::Percent) || normalized(category, &[cbc::ID])? == "O";
            }
            holds(right)
        }),
        check(BR_CO_17, calculated_tax),
        check(BR_DEC_19, |_, t| two_decimals(t, &[cbc::TaxableAmount])),
        check(BR_DEC_20, |_, t| two_decimals(t, &[cbc::TaxAmount])),
    ],
);

fn vat_categories<'t>(subtotal: El<'t>) -> Result<Vec<El<'t>>, Fault> {
    let mut categories = Vec::new();
    for category in subtotal.all(TaxCategory) {
        if is_vat(category)? {
            categories.push(category);
        }
    }
    Ok(categories)
}

/// BR-CO-17: BT-117 is BT-116 times BT-119, within less than 1; without a rate, or with one that rounds to 0, it rounds to 0.
fn calculated_tax(_: &Cx<'_>, subtotal: El<'_>) -> Test {
    let rates = vat_categories(subtotal)?
        .into_iter()
        .flat_map(|c| c.all(cbc::Percent));
    let rate_element = at_most_one(rates)?;
    let rate = rate_element.map(decimal).transpose()?;
    let tax = decimal_at(subtotal, &[cbc::TaxAmount])?;
    let nothing = tax.as_ref().is_some_and(|t| t.round(0).is_zero());
    let right = match rate {
        None => nothing,
        Some(rate) if rate.round(0).is_zero() => nothing,
        Some(rate) => match (tax, decimal_at(subtotal, &[cbc::TaxableAmount])?) {
            (Some(tax), Some(basis)) => within_one(&tax, &basis, &rate),
            _ => false,
        },
    };
    holds_or(right, || {
        [
            shown(subtotal.child(cbc::TaxAmount)),
            shown(subtotal.child(cbc::TaxableAmount)),
            shown(rate_element),
        ]
    })
}

/// Whether a tax amount is less than 1 away from basis times rate, without regard to signs.
pub(crate) fn within_one(tax: &Decimal, basis: &Decimal, rate: &Decimal) -> bool {
    let expected = (basis.abs() * rate.div(&Decimal::HUNDRED).unwrap_or(Decimal::ZERO)).round(2);
    let tax = tax.abs();
    &tax - &Decimal::ONE < expected && tax + Decimal::ONE > expected
}
