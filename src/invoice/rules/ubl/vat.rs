//! UBL: VAT categories of the breakdown, of lines, allowances and charges (BR-xx-05 to BR-xx-10).

use std::cmp::Ordering;

use super::facts::{is_category, is_vat};
use super::totals::within_one;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc};
use crate::invoice::rules::engine::{Context, Cx, check, when};
use crate::invoice::rules::text::vat;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// A line of the breakdown of the category, by its TaxCategory.
fn of_breakdown(cx: &Cx<'_>, category: El<'_>, code: &str) -> Result<bool, Fault> {
    let total = category
        .parent()
        .filter(|s| s.is(TaxSubtotal))
        .and_then(El::parent)
        .filter(|t| t.is(TaxTotal));
    Ok(total.is_some_and(|t| t.parent() == Some(cx.root))
        && is_category(category, code)?
        && is_vat(category)?)
}

fn of_item(category: El<'_>, code: &str, charge: bool) -> Result<bool, Fault> {
    let Some(item) = category.parent().filter(|p| p.is(AllowanceCharge)) else {
        return Ok(false);
    };
    Ok(any_boolean(item.all(cbc::ChargeIndicator), charge)?
        && is_category(category, code)?
        && is_vat(category)?)
}

fn of_line(category: El<'_>, code: &str) -> Result<bool, Fault> {
    let line = under(category, &[InvoiceLine, Item]) || under(category, &[CreditNoteLine, Item]);
    Ok(line && is_category(category, code)? && is_vat(category)?)
}

/// `xs:decimal(Percent) = 0`
fn zero_rate(category: El<'_>) -> Test {
    let zero = decimal_at(category, &[cbc::Percent])?.is_some_and(|p| p.is_zero());
    holds_or(zero, || [shown(category.child(cbc::Percent))])
}

fn rate(category: El<'_>, test: fn(Ordering) -> bool) -> Test {
    let right = any_number(category.all(cbc::Percent), ZERO, test)?;
    holds_or(right, || [shown(category.child(cbc::Percent))])
}

fn positive_rate(category: El<'_>) -> Test {
    rate(category, Ordering::is_gt)
}

fn no_negative_rate(category: El<'_>) -> Test {
    rate(category, Ordering::is_ge)
}

fn no_rate(category: El<'_>) -> Test {
    holds_or(!category.has(cbc::Percent), || {
        [shown(category.child(cbc::Percent))]
    })
}

fn subtotal<'t>(category: El<'t>) -> El<'t> {
    category.parent().unwrap_or(category)
}

const LINES: [ElementName; 2] = [InvoiceLine, CreditNoteLine];

/// 08 of the categories without tax: exactly the lines less allowances plus charges.
fn taxable(cx: &Cx<'_>, category: El<'_>, code: &str) -> Test {
    let stated = decimal_at(subtotal(category), &[cbc::TaxableAmount])?;
    let mut sums = Vec::new();
    for kind in LINES {
        if !cx.named(kind).is_empty() {
            sums.push(cx.ubl().sum(kind, code, None)?);
        }
    }
    let right = stated.as_ref().is_some_and(|s| sums.contains(s));
    holds_or(right, || {
        [
            shown(subtotal(category).child(cbc::TaxableAmount)),
            shown_decimal(sums.into_iter().next()),
        ]
    })
}

/// 08 of the categories with a rate: the sum at this rate, within less than 1; `used` says which kinds of lines it is asked for.
fn taxable_at_rate(
    cx: &Cx<'_>,
    category: El<'_>,
    code: &str,
    used: fn(&Cx<'_>, ElementName, &str, &Decimal) -> Result<bool, Fault>,
) -> Test {
    let Some(rate) = decimal_at(category, &[cbc::Percent])? else {
        return holds(true);
    };
    let element = subtotal(category).child(cbc::TaxableAmount);
    let mut sum = None;
    for kind in LINES {
        if !used(cx, kind, code, &rate)? {
            continue;
        }
        let expected = cx.ubl().sum(kind, code, Some(&rate))?;
        if let Some(stated) = element.map(double).transpose()?
            && from_double(stated - 1.0).is_some_and(|s| s < expected)
            && from_double(stated + 1.0).is_some_and(|s| s > expected)
        {
            return holds(true);
        }
        sum.get_or_insert(expected);
    }
    fires([shown(element), shown_decimal(sum)])
}

/// Whether there are such lines at all.
fn any_line(cx: &Cx<'_>, kind: ElementName, _: &str, _: &Decimal) -> Result<bool, Fault> {
    Ok(!cx.named(kind).is_empty())
}

fn rate_in_use(cx: &Cx<'_>, kind: ElementName, code: &str, rate: &Decimal) -> Result<bool, Fault> {
    cx.ubl().rate_in_use(kind, code, rate)
}

fn no_tax(category: El<'_>) -> Test {
    let zero = decimal_at(subtotal(category), &[cbc::TaxAmount])?.is_some_and(|t| t.is_zero());
    holds_or(zero, || [shown(subtotal(category).child(cbc::TaxAmount))])
}

fn tax_at_rate(category: El<'_>) -> Test {
    let line = subtotal(category);
    let (tax, basis) = (
        decimal_at(line, &[cbc::TaxAmount])?,
        decimal_at(line, &[cbc::TaxableAmount])?,
    );
    let right = match (tax, basis, decimal_at(category, &[cbc::Percent])?) {
        (Some(tax), Some(basis), Some(rate)) => within_one(&tax, &basis, &rate),
        _ => false,
    };
    holds_or(right, || {
        [
            shown(line.child(cbc::TaxAmount)),
            shown(line.child(cbc::TaxableAmount)),
            shown(category.child(cbc::Percent)),
        ]
    })
}

fn reason_given(category: El<'_>) -> Test {
    holds(category.has(cbc::TaxExemptionReason) || category.has(cbc::TaxExemptionReasonCode))
}

fn no_reason(category: El<'_>) -> Test {
    holds(!category.has(cbc::TaxExemptionReason) && !category.has(cbc::TaxExemptionReasonCode))
}

/// The four contexts of a category: breakdown, allowance, charge, line.
macro_rules! category {
    ($name:ident: $category:ident: taxable $taxable:expr; tax $tax:expr; reason $reason:expr; rate $rate:expr) => {
        pub(crate) const $name: [Context; 4] = [
            when(
                TaxCategory,
                |cx, c| of_breakdown(cx, c, vat::$category.code),
                &[
                    check(vat::$category.taxable, $taxable),
                    check(vat::$category.tax, |_, c| $tax(c)),
                    check(vat::$category.reason, |_, c| $reason(c)),
                ],
            ),
            when(
                TaxCategory,
                |_, c| of_item(c, vat::$category.code, false),
                &[check(vat::$category.rate[1], |_, c| $rate(c))],
            ),
            when(
                TaxCategory,
                |_, c| of_item(c, vat::$category.code, true),
                &[check(vat::$category.rate[2], |_, c| $rate(c))],
            ),
            when(
                ClassifiedTaxCategory,
                |_, c| of_line(c, vat::$category.code),
                &[check(vat::$category.rate[0], |_, c| $rate(c))],
            ),
        ];
    };
}

category!(REVERSE: REVERSE: taxable |cx, c| taxable(cx, c, "AE"); tax no_tax; reason reason_given; rate zero_rate);
category!(EXEMPT: EXEMPT: taxable |cx, c| taxable(cx, c, "E"); tax no_tax; reason reason_given; rate zero_rate);
category!(EXPORT: EXPORT: taxable |cx, c| taxable(cx, c, "G"); tax no_tax; reason reason_given; rate zero_rate);
category!(INTRA: INTRA: taxable |cx, c| taxable(cx, c, "K"); tax no_tax; reason reason_given; rate zero_rate);
category!(OUTSIDE: OUTSIDE: taxable |cx, c| taxable(cx, c, "O"); tax no_tax; reason reason_given; rate no_rate);
category!(ZERO_RATED: ZERO: taxable |cx, c| taxable(cx, c, "Z"); tax no_tax; reason no_reason; rate zero_rate);
category!(STANDARD: STANDARD: taxable |cx, c| taxable_at_rate(cx, c, "S", rate_in_use); tax tax_at_rate; reason no_reason; rate positive_rate);
category!(CANARY: CANARY: taxable |cx, c| taxable_at_rate(cx, c, "L", any_line); tax tax_at_rate; reason no_reason; rate no_negative_rate);
category!(CEUTA: CEUTA: taxable |cx, c| taxable_at_rate(cx, c, "M", any_line); tax tax_at_rate; reason no_reason; rate no_negative_rate);
