//! Cross Industry Invoice: the rules of PEPPOL that XRechnung took over (PEPPOL-EN16931-R001 to R130).

use std::cmp::Ordering;

use super::INDICATOR;
use super::lines::number;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::ram::*;
use crate::invoice::names::{Name as ElementName, rsm, udt};
use crate::invoice::rules::engine::{Context, Cx, Names, any, check, when};
use crate::invoice::rules::text::peppol::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const PEPPOL: &[Context] = &[
    any(
        rsm::ExchangedDocumentContext,
        &[check(R001, |_, c| {
            holds(exists(
                c,
                &[BusinessProcessSpecifiedDocumentContextParameter, ID],
            ))
        })],
    ),
    any(
        ApplicableHeaderTradeSettlement,
        &[
            check(R005, |_, s| {
                let tax = normalized(s, &[TaxCurrencyCode])?;
                let right =
                    !s.has(TaxCurrencyCode) || tax != normalized(s, &[InvoiceCurrencyCode])?;
                holds_or(right, || [tax.into_owned()])
            }),
            check(R053, |cx, s| {
                let count = tax_totals(s)
                    .filter(|t| attr_in(*t, "currencyID", &cx.cii().currencies))
                    .count();
                holds_or(count <= 1, || [count.to_string()])
            }),
            check(R054, |cx, s| {
                let other = |t: &El<'_>| {
                    t.attr("currencyID")
                        .is_some_and(|a| cx.cii().currencies.iter().any(|c| *c != a))
                };
                let count = tax_totals(s).filter(other).count();
                holds_or(count == usize::from(s.has(TaxCurrencyCode)), || {
                    [count.to_string()]
                })
            }),
            check(R055, same_sign),
        ],
    ),
    any(
        BuyerTradeParty,
        &[check(R010, |_, p| {
            holds(exists(p, &[URIUniversalCommunication, URIID]))
        })],
    ),
    any(
        SellerTradeParty,
        &[check(R020, |_, p| {
            holds(exists(p, &[URIUniversalCommunication, URIID]))
        })],
    ),
    when(
        SpecifiedTradeAllowanceCharge,
        |_, i| Ok(i.has(CalculationPercent) && !i.has(BasisAmount)),
        &[check(R041, |_, _| fires([]))],
    ),
    when(
        SpecifiedTradeAllowanceCharge,
        |_, i| Ok(!i.has(CalculationPercent) && i.has(BasisAmount)),
        &[check(R042, |_, _| fires([]))],
    ),
    any(
        SpecifiedTradeAllowanceCharge,
        &[
            check(R040, |cx, i| {
                if !i.has(CalculationPercent) || !i.has(BasisAmount) {
                    return holds(true);
                }
                let amount = decimal_at(i, &[ActualAmount])?.unwrap_or(Decimal::ZERO);
                let (basis, percent) = (
                    decimal_at(i, &[BasisAmount])?,
                    decimal_at(i, &[CalculationPercent])?,
                );
                let expected = basis
                    .zip(percent)
                    .map(|(b, p)| (b * p).div(&Decimal::HUNDRED).unwrap_or(Decimal::ZERO));
                let right = expected.is_some_and(|e| within(&amount, &e, &cx.cii().slack));
                holds_or(right, || {
                    [ActualAmount, BasisAmount, CalculationPercent].map(|name| shown(i.child(name)))
                })
            }),
            check(R043_1, |_, i| indicator(i)),
        ],
    ),
    any(
        AppliedTradeAllowanceCharge,
        &[check(R043_2, |_, i| indicator(i))],
    ),
    when(
        SpecifiedTradeSettlementPaymentMeans,
        |_, m| Ok(matches!(&*normalized(m, &[TypeCode])?, "49" | "59")),
        &[check(R061, |_, m| {
            let mandate = m
                .parent()
                .is_some_and(|s| exists(s, &[SpecifiedTradePaymentTerms, DirectDebitMandateID]));
            holds_or(mandate, || [shown(m.child(TypeCode))])
        })],
    ),
    when(
        StartDateTime,
        |cx, d| Ok(line_date(cx, d, StartDateTime)),
        &[check(R110, |cx, d| {
            inside(cx, d, StartDateTime, |line, all| line >= all)
        })],
    ),
    when(
        EndDateTime,
        |cx, d| Ok(line_date(cx, d, EndDateTime)),
        &[check(R111, |cx, d| {
            inside(cx, d, EndDateTime, |line, all| line <= all)
        })],
    ),
    any(
        IncludedSupplyChainTradeLineItem,
        &[check(R120, line_amount), check(R101, line_object)],
    ),
    Context {
        names: Names::Of(&[NetPriceProductTradePrice, GrossPriceProductTradePrice]),
        when: |_, _| Ok(true),
        checks: &[check(R121, |_, p| {
            let positive = decimal_at(p, &[BasisQuantity])?.is_none_or(|q| q > Decimal::ZERO);
            holds_or(positive, || [shown(p.child(BasisQuantity))])
        })],
        rows: &[],
    },
    when(
        BasisQuantity,
        |_, q| {
            let priced =
                under(q, &[NetPriceProductTradePrice]) || under(q, &[GrossPriceProductTradePrice]);
            Ok(priced && q.attr("unitCode").is_some())
        },
        &[check(R130, |_, q| {
            let line = q.ancestors().nth(2);
            let billed = || {
                line.into_iter()
                    .flat_map(|l| l.path(&[SpecifiedLineTradeDelivery, BilledQuantity]))
            };
            let unit = q.attr("unitCode").unwrap_or_default();
            let right = billed().any(|b| b.attr("unitCode") == Some(unit));
            holds_or(right, || {
                [
                    unit.to_owned(),
                    billed()
                        .find_map(|b| b.attr("unitCode"))
                        .unwrap_or("–")
                        .to_owned(),
                ]
            })
        })],
    ),
];

/// R008 in a pattern of its own. The exception is by the name as written.
pub(crate) const EMPTY: &[Context] = &[Context {
    names: Names::Every,
    when: |_, e| {
        Ok(!e.has_children() && is_blank(e) && e.qname() != "ram:ApplicableHeaderTradeDelivery")
    },
    checks: &[check(R008, |_, e| fires([e.qname().to_owned()]))],
    rows: &[],
}];

pub(crate) const PRICE: &[Context] = &[when(
    GrossPriceProductTradePrice,
    |_, p| {
        Ok(under(
            p,
            &[
                rsm::SupplyChainTradeTransaction,
                IncludedSupplyChainTradeLineItem,
                SpecifiedLineTradeAgreement,
            ],
        ))
    },
    &[
        check(R044, |_, p| {
            let amounts = exists(p, &[AppliedTradeAllowanceCharge, ActualAmount]);
            holds(
                !amounts
                    || any_is(
                        p,
                        &[AppliedTradeAllowanceCharge, ChargeIndicator, udt::Indicator],
                        "false",
                    ),
            )
        }),
        check(R046, |_, gross| {
            if !gross.has(ChargeAmount) {
                return holds(true);
            }
            let net = at_most_one(
                gross
                    .parent()
                    .into_iter()
                    .flat_map(|a| a.path(&[NetPriceProductTradePrice, ChargeAmount])),
            )?;
            let firsts = gross
                .all(AppliedTradeAllowanceCharge)
                .filter_map(|c| c.child(ActualAmount));
            let discount = at_most_one(firsts)?;
            let less = discount.map(decimal).transpose()?.unwrap_or(Decimal::ZERO);
            let expected = decimal_at(gross, &[ChargeAmount])?.map(|g| g - less);
            let right = net.is_some() && net.map(decimal).transpose()? == expected;
            holds_or(right, || {
                [
                    shown(net),
                    shown(gross.child(ChargeAmount)),
                    shown(discount),
                ]
            })
        }),
    ],
)];

fn tax_totals<'t>(settlement: El<'t>) -> impl Iterator<Item = El<'t>> {
    settlement.path(&[
        SpecifiedTradeSettlementHeaderMonetarySummation,
        TaxTotalAmount,
    ])
}

/// BT-110 and BT-111 are both negative or both not.
fn same_sign(cx: &Cx<'_>, settlement: El<'_>) -> Test {
    let facts = cx.cii();
    let own = || tax_totals(settlement).filter(|t| attr_in(*t, "currencyID", &facts.currencies));
    let other =
        || tax_totals(settlement).filter(|t| attr_in(*t, "currencyID", &facts.tax_currencies));
    if facts.tax_currencies.is_empty() || own().next().is_none() {
        return holds(true);
    }
    let negative =
        any_number(other(), ZERO, Ordering::is_lt)? && any_number(own(), ZERO, Ordering::is_lt)?;
    holds(
        negative
            || (any_number(other(), ZERO, Ordering::is_ge)?
                && any_number(own(), ZERO, Ordering::is_ge)?),
    )
}

/// `expected + slack >= value and expected - slack <= value`, where `stated` is what the rule calls expected.
fn within(stated: &Decimal, value: &Decimal, slack: &Decimal) -> bool {
    stated + slack >= *value && stated - slack <= *value
}

fn indicator(item: El<'_>) -> Test {
    let indicator = one(item, INDICATOR)?.filter(|i| !i.has_children());
    let text = indicator.map(El::normalized).unwrap_or_default();
    holds_or(matches!(&*text, "true" | "false"), || [text.into_owned()])
}

/// A date of a line's period, in an invoice that has such a date for itself.
fn line_date(cx: &Cx<'_>, date: El<'_>, name: ElementName) -> bool {
    const LINE: Steps = &[
        rsm::SupplyChainTradeTransaction,
        IncludedSupplyChainTradeLineItem,
        SpecifiedLineTradeSettlement,
        BillingSpecifiedPeriod,
    ];
    under(date, LINE) && header_dates(cx, name).next().is_some()
}

fn header_dates<'t>(cx: &Cx<'t>, name: ElementName) -> impl Iterator<Item = El<'t>> {
    cx.cii().periods.iter().flat_map(move |p| p.all(name))
}

/// Dates compare as strings.
fn inside(cx: &Cx<'_>, date: El<'_>, name: ElementName, test: fn(&str, &str) -> bool) -> Test {
    let all = || header_dates(cx, name).flat_map(|d| d.all(udt::DateTimeString));
    let right = date
        .all(udt::DateTimeString)
        .any(|d| all().any(|a| test(&d.string(), &a.string())));
    holds_or(right, || {
        [shown(date.child(udt::DateTimeString)), shown(all().next())]
    })
}

/// The sum of a line's allowances, or charges, rounded to cents.
fn line_items(settlements: &[El<'_>], charge: &str) -> Result<Decimal, Fault> {
    let mut sum = Decimal::ZERO;
    for item in settlements
        .iter()
        .flat_map(|s| s.all(SpecifiedTradeAllowanceCharge))
    {
        if normalized(item, INDICATOR)? == charge {
            for amount in item.all(ActualAmount) {
                sum += decimal(amount)?;
            }
        }
    }
    Ok(sum.round(2))
}

/// R120: BT-131 = quantity * (price / base quantity) + charges - allowances.
fn line_amount(cx: &Cx<'_>, line: El<'_>) -> Test {
    const AMOUNT: Steps = &[
        SpecifiedLineTradeSettlement,
        SpecifiedTradeSettlementLineMonetarySummation,
        LineTotalAmount,
    ];
    const PRICE: Steps = &[
        SpecifiedLineTradeAgreement,
        NetPriceProductTradePrice,
        ChargeAmount,
    ];
    const NET_BASE: Steps = &[
        SpecifiedLineTradeAgreement,
        NetPriceProductTradePrice,
        BasisQuantity,
    ];
    const GROSS_BASE: Steps = &[
        SpecifiedLineTradeAgreement,
        GrossPriceProductTradePrice,
        BasisQuantity,
    ];
    let stated = decimal_at(line, AMOUNT)?.unwrap_or(Decimal::ZERO);
    let quantity =
        decimal_at(line, &[SpecifiedLineTradeDelivery, BilledQuantity])?.unwrap_or(Decimal::ONE);
    let price = decimal_at(line, PRICE)?.unwrap_or(Decimal::ZERO);
    let mut base = Decimal::ONE;
    for steps in [NET_BASE, GROSS_BASE] {
        if let Some(quantity) = decimal_at(line, steps)?.filter(|q| !q.is_zero()) {
            base = quantity;
            break;
        }
    }
    let settlements: Vec<El<'_>> = line.all(SpecifiedLineTradeSettlement).collect();
    let allowances = line_items(&settlements, "false")?;
    let charges = line_items(&settlements, "true")?;
    let unit = price.div(&base).unwrap_or(Decimal::ZERO);
    let expected = quantity * unit + charges - allowances;
    holds_or(within(&stated, &expected, &cx.cii().slack), || {
        [
            number(line),
            stated.to_string(),
            expected.round(4).to_string(),
        ]
    })
}

/// R101: the documents that a line refers to are its invoiced object.
fn line_object(_: &Cx<'_>, line: El<'_>) -> Test {
    const DOCUMENT: Steps = &[SpecifiedLineTradeSettlement, AdditionalReferencedDocument];
    holds(
        !exists(line, DOCUMENT)
            || any_is(
                line,
                &[
                    SpecifiedLineTradeSettlement,
                    AdditionalReferencedDocument,
                    TypeCode,
                ],
                "130",
            ),
    )
}
