//! Cross Industry Invoice: the rules of XRechnung itself (BR-DE, BR-TMP).

use std::collections::HashSet;

use super::lines::number;
use super::{AGREEMENT, HEADER_SETTLEMENT, TRANSACTION};
use crate::invoice::names::ram::*;
use crate::invoice::names::{qdt, rsm, udt};
use crate::invoice::rules::engine::{Check, Context, Cx, Names, check, when};
use crate::invoice::rules::german::*;
use crate::invoice::rules::text::german::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

const TERMS: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeSettlement,
    SpecifiedTradePaymentTerms,
];
const MEANS: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeSettlement,
    SpecifiedTradeSettlementPaymentMeans,
];
const LINE_TAX: Steps = &[
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
    SpecifiedLineTradeSettlement,
    ApplicableTradeTax,
];

const INVOICE: &[Check] = &[
    check(BR_DE_30, |cx, _| {
        let (mandate, creditor, debtor) = (cx.cii().mandate, cx.cii().creditor, cx.cii().debtor);
        holds(((mandate || debtor) && creditor) || !(mandate || creditor || debtor))
    }),
    check(BR_DE_31, |cx, _| {
        let (mandate, creditor, debtor) = (cx.cii().mandate, cx.cii().creditor, cx.cii().debtor);
        holds(((mandate || creditor) && debtor) || !(mandate || creditor || debtor))
    }),
    check(BR_DE_1, |_, e| holds(exists(e, MEANS))),
    check(BR_DE_15, |_, e| {
        holds(any_filled(
            e,
            &[
                rsm::SupplyChainTradeTransaction,
                ApplicableHeaderTradeAgreement,
                BuyerReference,
            ],
        ))
    }),
    check(BR_DE_16, |_, e| holds(!taxed(e) || registered(e))),
    check(BR_DE_17, |_, e| {
        let kind = normalized(e, &[rsm::ExchangedDocument, TypeCode])?;
        holds_or(TYPES.contains(&&*kind), || [kind.into_owned()])
    }),
    check(BR_DE_18, |_, e| {
        discounts(e.path(TERMS).filter_map(|t| t.child(Description)))
    }),
    check(BR_DE_22, |cx, _| {
        let mut seen = HashSet::new();
        let mut twice = None;
        for document in cx.named(AdditionalReferencedDocument) {
            let names: Vec<&str> = document
                .all(AttachmentBinaryObject)
                .filter_map(|a| a.attr("filename"))
                .collect();
            let parent = document.parent().map(El::order);
            twice = twice.or(names.iter().copied().find(|n| seen.contains(&(parent, *n))));
            seen.extend(names.into_iter().map(|n| (parent, n)));
        }
        holds_or(twice.is_none(), || [twice.unwrap_or_default().to_owned()])
    }),
    check(BR_DE_26, |_, e| {
        const PRECEDING: Steps = &[
            rsm::SupplyChainTradeTransaction,
            ApplicableHeaderTradeSettlement,
            InvoiceReferencedDocument,
        ];
        holds(normalized(e, &[rsm::ExchangedDocument, TypeCode])? != "384" || exists(e, PRECEDING))
    }),
];

/// Whether a VAT category with tax is in use, as BR-DE-16 asks it: of the lines, and of allowances that are nothing but the text VAT.
fn taxed(invoice: El<'_>) -> bool {
    const ITEM_TAX: Steps = &[
        rsm::SupplyChainTradeTransaction,
        ApplicableHeaderTradeSettlement,
        SpecifiedTradeAllowanceCharge,
        CategoryTradeTax,
    ];
    let codes = |steps: Steps| {
        let mut codes = invoice.path(steps).flat_map(|t| t.all(CategoryCode));
        codes.any(|c| TAXED.contains(&&*c.string()))
    };
    let lines = invoice
        .path(LINE_TAX)
        .any(|t| any_is(t, &[TypeCode], "VAT"))
        && codes(LINE_TAX);
    lines || (any_is(invoice, ITEM_TAX, "VAT") && codes(ITEM_TAX))
}

fn registered(invoice: El<'_>) -> bool {
    invoice
        .path(&[
            rsm::SupplyChainTradeTransaction,
            ApplicableHeaderTradeAgreement,
        ])
        .any(|a| {
            a.has(SellerTaxRepresentativeTradeParty)
                || a.path(&[SellerTradeParty, SpecifiedTaxRegistration, ID])
                    .any(|i| {
                        i.attr("schemeID")
                            .is_some_and(|s| matches!(&*normalize_space(s), "VA" | "FC"))
                            && !is_blank(i)
                    })
        })
}

/// The address is complete: city and post code.
const ADDRESS_PARTS: [crate::invoice::names::Name; 2] = [CityName, PostcodeCode];

fn part(address: El<'_>, nth: usize) -> Test {
    holds(
        ADDRESS_PARTS
            .get(nth)
            .is_some_and(|name| address.all(*name).any(|e| !is_blank(e))),
    )
}

const SELLER_ADDRESS: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
    SellerTradeParty,
];
const BUYER_ADDRESS: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
    BuyerTradeParty,
];
const DELIVERY_ADDRESS: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeDelivery,
    ShipToTradeParty,
];

fn means(means: El<'_>, codes: &[&str]) -> Result<bool, Fault> {
    Ok(rooted(means, HEADER_SETTLEMENT) && codes.contains(&&*normalized(means, &[TypeCode])?))
}

fn code(means: El<'_>) -> [String; 1] {
    [shown(means.child(TypeCode))]
}

/// Whether a payment means shows a direct debit: mandate or creditor in the invoice, or a debited account of its own.
fn debit(cx: &Cx<'_>, means: El<'_>) -> bool {
    cx.cii().mandate
        || cx.cii().creditor
        || exists(means, &[PayerPartyDebtorFinancialAccount, IBANID])
}

pub(crate) const XRECHNUNG_RULES: &[Context] = &[
    when(
        rsm::CrossIndustryInvoice,
        |_, e| Ok(e.parent().is_none()),
        INVOICE,
    ),
    when(
        rsm::ExchangedDocumentContext,
        |_, c| Ok(rooted(c, &[rsm::CrossIndustryInvoice])),
        &[check(BR_DE_21, |_, c| {
            let ids = strings(c, &[GuidelineSpecifiedDocumentContextParameter, ID]);
            let right = ids
                .iter()
                .any(|i| [XRECHNUNG, EXTENSION, CVD].contains(&&**i));
            holds_or(right, || {
                [ids.first().map(|i| i.to_string()).unwrap_or_default()]
            })
        })],
    ),
    when(
        SellerTradeParty,
        |_, s| Ok(rooted(s, AGREEMENT)),
        &[check(BR_DE_2, |_, s| holds(s.has(DefinedTradeContact)))],
    ),
    when(
        PostalTradeAddress,
        |_, a| Ok(rooted(a, SELLER_ADDRESS)),
        &[
            check(BR_DE_3, |_, a| part(a, 0)),
            check(BR_DE_4, |_, a| part(a, 1)),
        ],
    ),
    when(
        DefinedTradeContact,
        |_, c| Ok(rooted(c, SELLER_ADDRESS)),
        &[
            check(BR_DE_5, |_, c| {
                holds(any_filled(c, &[PersonName]) || any_filled(c, &[DepartmentName]))
            }),
            check(BR_DE_6, |_, c| {
                holds(any_filled(
                    c,
                    &[TelephoneUniversalCommunication, CompleteNumber],
                ))
            }),
            check(BR_DE_7, |_, c| {
                holds(any_filled(c, &[EmailURIUniversalCommunication, URIID]))
            }),
            check(BR_DE_27, |_, c| {
                let number = normalized(c, &[TelephoneUniversalCommunication, CompleteNumber])?;
                holds_or(telephone(&number), || [number.into_owned()])
            }),
            check(BR_DE_28, |_, c| {
                let address = normalized(c, &[EmailURIUniversalCommunication, URIID])?;
                holds_or(email(&address), || [address.into_owned()])
            }),
        ],
    ),
    when(
        PostalTradeAddress,
        |_, a| Ok(rooted(a, BUYER_ADDRESS)),
        &[
            check(BR_DE_8, |_, a| part(a, 0)),
            check(BR_DE_9, |_, a| part(a, 1)),
        ],
    ),
    when(
        AdditionalReferencedDocument,
        |_, d| Ok(rooted(d, AGREEMENT) && any_is(d, &[TypeCode], "916")),
        &[
            check(BR_TMP_2, |_, d| {
                let address = string(d, &[URIID])?;
                holds_or(!d.has(URIID) || url(&address), || [address.into_owned()])
            }),
            check(BR_TMP_4, |_, d| {
                holds_or(d.count(Name) <= 1, || [d.count(Name).to_string()])
            }),
            check(BR_TMP_5, |_, d| {
                let count = d.count(AttachmentBinaryObject);
                holds_or(count <= 1, || [count.to_string()])
            }),
        ],
    ),
    Context {
        names: Names::Of(&[udt::DateTimeString, qdt::DateTimeString, udt::DateString]),
        when: |_, _| Ok(true),
        checks: &[check(BR_TMP_7, |_, d| {
            let format = d.attr("format").unwrap_or_default();
            let right = normalize_space(format) == "102" && compact_date(&d.normalized());
            holds_or(right, || [shown(Some(d)), format.to_owned()])
        })],
        rows: &[],
    },
    when(
        PostalTradeAddress,
        |_, a| Ok(rooted(a, DELIVERY_ADDRESS)),
        &[
            check(BR_DE_10, |_, a| part(a, 0)),
            check(BR_DE_11, |_, a| part(a, 1)),
        ],
    ),
    when(
        SpecifiedTradeSettlementPaymentMeans,
        |_, m| means(m, &["30", "58"]),
        &[
            check(BR_DE_19, |_, m| {
                let account = string(m, &[PayeePartyCreditorFinancialAccount, IBANID])?;
                holds_or(
                    normalized(m, &[TypeCode])? != "58" || iban(&account),
                    || [account.into_owned()],
                )
            }),
            check(BR_DE_23_A, |_, m| {
                holds_or(m.has(PayeePartyCreditorFinancialAccount), || code(m))
            }),
            check(BR_DE_23_B, |cx, m| {
                holds_or(
                    !m.has(ApplicableTradeSettlementFinancialCard) && !debit(cx, m),
                    || code(m),
                )
            }),
        ],
    ),
    when(
        SpecifiedTradeSettlementPaymentMeans,
        |_, m| means(m, &["48", "54", "55"]),
        &[
            check(BR_DE_24_A, |_, m| {
                holds_or(m.has(ApplicableTradeSettlementFinancialCard), || code(m))
            }),
            check(BR_DE_24_B, |cx, m| {
                holds_or(
                    !m.has(PayeePartyCreditorFinancialAccount) && !debit(cx, m),
                    || code(m),
                )
            }),
        ],
    ),
    when(
        SpecifiedTradeSettlementPaymentMeans,
        |_, m| means(m, &["59"]),
        &[
            check(BR_DE_20, |_, m| {
                let account = string(m, &[PayerPartyDebtorFinancialAccount, IBANID])?;
                holds_or(iban(&account), || [account.into_owned()])
            }),
            check(BR_DE_25_A, |cx, m| holds(debit(cx, m))),
            check(BR_DE_25_B, |_, m| {
                let other = [
                    PayeePartyCreditorFinancialAccount,
                    PayeeSpecifiedCreditorFinancialInstitution,
                    PayerSpecifiedDebtorFinancialInstitution,
                    ApplicableTradeSettlementFinancialCard,
                ];
                holds(!other.iter().any(|name| m.has(*name)))
            }),
        ],
    ),
    when(
        ApplicableTradeTax,
        |_, t| Ok(rooted(t, HEADER_SETTLEMENT)),
        &[check(BR_DE_14, |_, t| {
            holds(any_filled(t, &[RateApplicablePercent]))
        })],
    ),
    when(
        rsm::SupplyChainTradeTransaction,
        |_, t| Ok(rooted(t, &[rsm::CrossIndustryInvoice])),
        &[check(BR_DE_TMP_32, |_, t| {
            let delivered = exists(
                t,
                &[
                    ApplicableHeaderTradeDelivery,
                    ActualDeliverySupplyChainEvent,
                    OccurrenceDateTime,
                ],
            );
            let period = exists(
                t,
                &[ApplicableHeaderTradeSettlement, BillingSpecifiedPeriod],
            );
            let mut lines = t.all(IncludedSupplyChainTradeLineItem);
            holds(
                delivered
                    || period
                    || lines.all(|l| {
                        exists(l, &[SpecifiedLineTradeSettlement, BillingSpecifiedPeriod])
                    }),
            )
        })],
    ),
    when(
        IncludedSupplyChainTradeLineItem,
        |_, l| Ok(rooted(l, TRANSACTION)),
        &[check(BR_TMP_3, same_base)],
    ),
];

/// Base quantities of gross and net price are the same text, and of the same unit if both have one.
fn same_base(_: &Cx<'_>, line: El<'_>) -> Test {
    let base = |price| {
        line.all(SpecifiedLineTradeAgreement)
            .flat_map(move |a| a.all(price))
            .flat_map(|p| p.all(BasisQuantity))
    };
    let (gross, net): (Vec<El<'_>>, Vec<El<'_>>) = (
        base(GrossPriceProductTradePrice).collect(),
        base(NetPriceProductTradePrice).collect(),
    );
    if gross.is_empty() || net.is_empty() {
        return holds(true);
    }
    let pair = |same: &dyn Fn(El<'_>, El<'_>) -> bool| {
        gross.iter().any(|g| net.iter().any(|n| same(*g, *n)))
    };
    let unit = |quantities: &[El<'_>]| quantities.iter().any(|q| q.attr("unitCode").is_some());
    let same_unit =
        pair(&|g, n| g.attr("unitCode").is_some() && g.attr("unitCode") == n.attr("unitCode"));
    let right =
        pair(&|g, n| g.string() == n.string()) && (!(unit(&net) && unit(&gross)) || same_unit);
    let shown = |q: Option<&El<'_>>| {
        q.map(|q| format!("{} {}", q.normalized(), q.attr("unitCode").unwrap_or("")))
            .unwrap_or_default()
    };
    holds_or(right, || {
        [number(line), shown(gross.first()), shown(net.first())]
    })
}
