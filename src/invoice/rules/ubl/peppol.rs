//! UBL: the rules of PEPPOL that XRechnung took over (PEPPOL-EN16931-R001 to R130).

use std::cmp::Ordering;

use super::lines::number;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc, cn, ubl};
use crate::invoice::rules::engine::{Context, Cx, Names, any, check, when};
use crate::invoice::rules::text::peppol::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// R008 in a pattern of its own.
pub(crate) const EMPTY: &[Context] = &[Context {
    names: Names::Every,
    when: |_, e| Ok(!e.has_children() && is_blank(e)),
    checks: &[check(R008, |_, e| {
        holds_or(e.is(cbc::ID) && under(e, &[OrderReference]), || {
            [e.qname().to_owned()]
        })
    })],
    rows: &[],
}];

const DOCUMENTS: &[ElementName] = &[ubl::Invoice, cn::CreditNote];

/// An allowance or charge on the invoice or on a line, not on a price.
fn on_amount(item: El<'_>) -> bool {
    let Some(parent) = item.parent() else {
        return false;
    };
    let line = (parent.is(InvoiceLine) && under(parent, &[ubl::Invoice]))
        || (parent.is(CreditNoteLine) && under(parent, &[cn::CreditNote]));
    line || DOCUMENTS.iter().any(|d| parent.is(*d))
}

/// A date of a line's period, in an invoice that has such a date for itself.
fn line_date(cx: &Cx<'_>, date: El<'_>, name: ElementName) -> bool {
    let line = under(date, &[ubl::Invoice, InvoiceLine, InvoicePeriod])
        || under(date, &[cn::CreditNote, CreditNoteLine, InvoicePeriod]);
    line && header_dates(cx, name).next().is_some()
}

fn header_dates<'t>(cx: &Cx<'t>, name: ElementName) -> impl Iterator<Item = El<'t>> {
    cx.ubl().periods.iter().flat_map(move |p| p.all(name))
}

fn inside(cx: &Cx<'_>, own: El<'_>, name: ElementName, test: fn(Ordering) -> bool) -> Test {
    let header = at_most_one(header_dates(cx, name))?;
    let right = match header {
        Some(header) => test(date(own)?.cmp(&date(header)?)),
        None => false,
    };
    holds_or(right, || [shown(Some(own)), shown(header)])
}

pub(crate) const PEPPOL: &[Context] = &[
    Context {
        names: Names::Of(DOCUMENTS),
        when: |_, _| Ok(true),
        checks: &[
            check(R001, |_, e| holds(e.has(cbc::ProfileID))),
            check(R053, |_, e| {
                let count = e.all(TaxTotal).filter(|t| t.has(TaxSubtotal)).count();
                holds_or(count == 1, || [count.to_string()])
            }),
            check(R054, |_, e| {
                let count = e.all(TaxTotal).filter(|t| !t.has(TaxSubtotal)).count();
                holds_or(count == usize::from(e.has(cbc::TaxCurrencyCode)), || {
                    [count.to_string()]
                })
            }),
            check(R055, same_sign),
        ],
        rows: &[],
    },
    any(
        cbc::TaxCurrencyCode,
        &[check(R005, |_, c| {
            let invoice = at_most_one(
                c.parent()
                    .into_iter()
                    .flat_map(|p| p.all(cbc::DocumentCurrencyCode)),
            )?;
            let own = c.normalized();
            holds_or(
                own != invoice.map(El::normalized).unwrap_or_default(),
                || [own.to_string()],
            )
        })],
    ),
    when(
        Party,
        |_, p| Ok(under(p, &[AccountingCustomerParty])),
        &[check(R010, |_, p| holds(p.has(cbc::EndpointID)))],
    ),
    when(
        Party,
        |_, p| Ok(under(p, &[AccountingSupplierParty])),
        &[check(R020, |_, p| holds(p.has(cbc::EndpointID)))],
    ),
    when(
        AllowanceCharge,
        |_, i| Ok(on_amount(i) && i.has(cbc::MultiplierFactorNumeric) && !i.has(cbc::BaseAmount)),
        &[check(R041, |_, _| fires([]))],
    ),
    when(
        AllowanceCharge,
        |_, i| Ok(on_amount(i) && !i.has(cbc::MultiplierFactorNumeric) && i.has(cbc::BaseAmount)),
        &[check(R042, |_, _| fires([]))],
    ),
    when(
        AllowanceCharge,
        |_, i| Ok(on_amount(i)),
        &[
            check(R040, |cx, i| {
                if !i.has(cbc::MultiplierFactorNumeric) || !i.has(cbc::BaseAmount) {
                    return holds(true);
                }
                let amount = decimal_at(i, &[cbc::Amount])?.unwrap_or(Decimal::ZERO);
                let (basis, percent) = (
                    decimal_at(i, &[cbc::BaseAmount])?,
                    decimal_at(i, &[cbc::MultiplierFactorNumeric])?,
                );
                let expected = basis
                    .zip(percent)
                    .map(|(b, p)| (b * p).div(&Decimal::HUNDRED).unwrap_or(Decimal::ZERO));
                let right = expected.is_some_and(|e| within(&amount, &e, &cx.ubl().slack));
                holds_or(right, || {
                    [cbc::Amount, cbc::BaseAmount, cbc::MultiplierFactorNumeric]
                        .map(|name| shown(i.child(name)))
                })
            }),
            check(R043, |_, i| {
                let text = normalized(i, &[cbc::ChargeIndicator])?;
                holds_or(matches!(&*text, "true" | "false"), || [text.into_owned()])
            }),
        ],
    ),
    when(
        PaymentMeans,
        |_, m| {
            Ok(matches!(
                &*normalized(m, &[cbc::PaymentMeansCode])?,
                "49" | "59"
            ))
        },
        &[check(R061, |_, m| {
            holds_or(exists(m, &[PaymentMandate, cbc::ID]), || {
                [shown(m.child(cbc::PaymentMeansCode))]
            })
        })],
    ),
    when(
        cbc::StartDate,
        |cx, d| Ok(line_date(cx, d, cbc::StartDate)),
        &[check(R110, |cx, d| {
            inside(cx, d, cbc::StartDate, Ordering::is_ge)
        })],
    ),
    when(
        cbc::EndDate,
        |cx, d| Ok(line_date(cx, d, cbc::EndDate)),
        &[check(R111, |cx, d| {
            inside(cx, d, cbc::EndDate, Ordering::is_le)
        })],
    ),
    Context {
        names: Names::Of(&[InvoiceLine, CreditNoteLine]),
        when: |_, _| Ok(true),
        checks: &[
            check(R120, line_amount),
            check(R121, |_, l| {
                let positive =
                    decimal_at(l, &[Price, cbc::BaseQuantity])?.is_none_or(|q| q > Decimal::ZERO);
                holds_or(positive, || [shown(l.first(&[Price, cbc::BaseQuantity]))])
            }),
            check(R101, |_, l| {
                holds(
                    !l.has(DocumentReference)
                        || any_is(l, &[DocumentReference, cbc::DocumentTypeCode], "130"),
                )
            }),
        ],
        rows: &[],
    },
    when(
        AllowanceCharge,
        |_, i| Ok(under(i, &[Price])),
        &[
            check(R044, |_, i| {
                holds(normalized(i, &[cbc::ChargeIndicator])? == "false")
            }),
            check(R046, |_, i| {
                let net =
                    at_most_one(i.parent().into_iter().flat_map(|p| p.all(cbc::PriceAmount)))?;
                let Some(gross) = decimal_at(i, &[cbc::BaseAmount])? else {
                    return holds(true);
                };
                let expected = decimal_at(i, &[cbc::Amount])?.map(|less| gross - less);
                let right = expected.is_some() && net.map(decimal).transpose()? == expected;
                holds_or(right, || {
                    [
                        shown(net),
                        shown(i.child(cbc::BaseAmount)),
                        shown(i.child(cbc::Amount)),
                    ]
                })
            }),
        ],
    ),
    when(
        cbc::BaseQuantity,
        |_, q| Ok(under(q, &[Price]) && q.attr("unitCode").is_some()),
        &[check(R130, |cx, q| {
            let line = q.ancestors().nth(1);
            let has = |name: ElementName| line.is_some_and(|l| l.has(name));
            let units = || {
                line.into_iter()
                    .flat_map(|l| l.all(quantity(cx)))
                    .filter_map(|b| b.attr("unitCode"))
            };
            let unit = q.attr("unitCode").unwrap_or_default();
            let none = !has(cbc::InvoicedQuantity) && !has(cbc::CreditedQuantity);
            holds_or(none || units().any(|u| u == unit), || {
                [unit.to_owned(), units().next().unwrap_or("–").to_owned()]
            })
        })],
    ),
];

/// The element of the invoiced quantity in this kind of document.
fn quantity(cx: &Cx<'_>) -> ElementName {
    if cx.root.is(ubl::Invoice) {
        cbc::InvoicedQuantity
    } else {
        cbc::CreditedQuantity
    }
}

/// BT-110 and BT-111 are both at most 0 or both at least 0.
fn same_sign(_: &Cx<'_>, invoice: El<'_>) -> Test {
    if !invoice.has(cbc::TaxCurrencyCode) {
        return holds(true);
    }
    let amounts = |currency: ElementName| -> Result<Vec<El<'_>>, Fault> {
        let currency = at_most_one(invoice.all(currency))?
            .map(El::normalized)
            .unwrap_or_default();
        let amounts = invoice.path(&[TaxTotal, cbc::TaxAmount]);
        Ok(amounts
            .filter(|a| a.attr("currencyID").is_some_and(|c| currency == c))
            .collect())
    };
    let (tax, own) = (
        amounts(cbc::TaxCurrencyCode)?,
        amounts(cbc::DocumentCurrencyCode)?,
    );
    let any = |amounts: &[El<'_>], test: fn(Ordering) -> bool| {
        any_number(amounts.iter().copied(), ZERO, test)
    };
    let negative = any(&tax, Ordering::is_le)? && any(&own, Ordering::is_le)?;
    holds(negative || (any(&tax, Ordering::is_ge)? && any(&own, Ordering::is_ge)?))
}

/// `stated + slack >= value and stated - slack <= value`
fn within(stated: &Decimal, value: &Decimal, slack: &Decimal) -> bool {
    stated + slack >= *value && stated - slack <= *value
}

/// The sum of a line's allowances, or charges, rounded to cents.
fn line_items(line: El<'_>, charge: &str) -> Result<Decimal, Fault> {
    let mut sum = Decimal::ZERO;
    for item in line.all(AllowanceCharge) {
        if normalized(item, &[cbc::ChargeIndicator])? == charge {
            for amount in item.all(cbc::Amount) {
                sum += decimal(amount)?;
            }
        }
    }
    Ok(sum.round(2))
}

/// R120: BT-131 = quantity * (price / base quantity) + charges - allowances.
fn line_amount(cx: &Cx<'_>, line: El<'_>) -> Test {
    let stated = decimal_at(line, &[cbc::LineExtensionAmount])?.unwrap_or(Decimal::ZERO);
    let billed = at_most_one(line.all(quantity(cx)))?
        .map(decimal)
        .transpose()?
        .unwrap_or(Decimal::ONE);
    let price = decimal_at(line, &[Price, cbc::PriceAmount])?.unwrap_or(Decimal::ZERO);
    let base = decimal_at(line, &[Price, cbc::BaseQuantity])?
        .filter(|q| !q.is_zero())
        .unwrap_or(Decimal::ONE);
    let unit = price.div(&base).unwrap_or(Decimal::ZERO);
    let expected = billed * unit + line_items(line, "true")? - line_items(line, "false")?;
    holds_or(within(&stated, &expected, &cx.ubl().slack), || {
        [
            number(line),
            stated.to_string(),
            expected.round(4).to_string(),
        ]
    })
}
