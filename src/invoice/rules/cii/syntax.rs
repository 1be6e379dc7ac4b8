//! Cross Industry Invoice: which elements and attributes EN 16931 uses (CII-SR, CII-DT). Most are rows of tables; here are the contexts, and
//! the rules that are more than a row.

use super::tables::{header, line, settlement, types};
use super::{HEADER_SETTLEMENT, TRANSACTION};
use crate::invoice::names::ram::*;
use crate::invoice::names::{Name as ElementName, rsm, udt};
use crate::invoice::rules::engine::{Check, Context, Names, Within, any, check, when};
use crate::invoice::rules::german::calendar_date;
use crate::invoice::rules::text::cii::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

const INVOICE: Steps = &[rsm::CrossIndustryInvoice];
const DOCUMENT: Steps = &[rsm::CrossIndustryInvoice, rsm::ExchangedDocument];
const CONTEXT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::ExchangedDocumentContext,
    GuidelineSpecifiedDocumentContextParameter,
];
const LINE: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
];
const LINE_DOCUMENT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
    AssociatedDocumentLineDocument,
];
const PRODUCT: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
    SpecifiedTradeProduct,
];
const LINE_TAX: Steps = &[
    rsm::CrossIndustryInvoice,
    rsm::SupplyChainTradeTransaction,
    IncludedSupplyChainTradeLineItem,
    SpecifiedLineTradeSettlement,
    ApplicableTradeTax,
];

/// Whether a party has not both identifiers.
fn one_identifier(el: El<'_>, party: ElementName) -> Test {
    let has = |name: ElementName| el.all(party).any(|p| p.has(name));
    holds(!(has(ID) && has(GlobalID)))
}

fn one_name(el: El<'_>, party: ElementName) -> Test {
    let has = |name: ElementName| {
        el.all(party)
            .flat_map(|p| p.all(DefinedTradeContact))
            .any(|c| c.has(name))
    };
    holds(!(has(PersonName) && has(DepartmentName)))
}

fn at_most(count: usize) -> Test {
    holds_or(count <= 1, || [count.to_string()])
}

/// The referenced documents whose type code is, normalized, this.
fn typed<'t>(el: El<'t>, code: &str) -> Result<Vec<El<'t>>, Fault> {
    let mut typed = Vec::new();
    for document in el.all(AdditionalReferencedDocument) {
        if normalized(document, &[TypeCode])? == code {
            typed.push(document);
        }
    }
    Ok(typed)
}

fn of_type(el: El<'_>, code: &str) -> Test {
    at_most(
        el.all(AdditionalReferencedDocument)
            .filter(|d| any_is(*d, &[TypeCode], code))
            .count(),
    )
}

const AGREEMENT_CHECKS: &[Check] = &[
    check(SR_450, |_, a| one_identifier(a, BuyerTradeParty)),
    check(SR_457, |_, a| of_type(a, "50")),
    check(SR_458, |_, a| of_type(a, "130")),
    check(SR_465, |_, a| one_name(a, SellerTradeParty)),
    check(SR_466, |_, a| one_name(a, BuyerTradeParty)),
    check(SR_475, |_, a| {
        at_most(typed(a, "916")?.iter().map(|d| d.count(Name)).sum())
    }),
    check(SR_476, |_, a| {
        at_most(
            typed(a, "916")?
                .iter()
                .map(|d| d.count(AttachmentBinaryObject))
                .sum(),
        )
    }),
];

const SETTLEMENT_CHECKS: &[Check] = &[
    check(SR_451, |_, s| one_identifier(s, PayeeTradeParty)),
    check(SR_462, |cx, _| {
        let mut codes: Vec<_> = cx
            .named(DueDateTypeCode)
            .iter()
            .filter(|c| under(**c, &[ApplicableTradeTax]))
            .map(|c| c.string())
            .collect();
        codes.sort();
        codes.dedup();
        holds_or(codes.len() <= 1, || [codes.join(", ")])
    }),
    check(SR_470, |_, s| {
        let mut missing = 0;
        for means in s.all(SpecifiedTradeSettlementPaymentMeans) {
            let transfer = matches!(&*normalized(means, &[TypeCode])?, "30" | "58");
            let account = |name| exists_in(means, PayeePartyCreditorFinancialAccount, name);
            missing += usize::from(transfer && !account(IBANID) && !account(ProprietaryID));
        }
        holds_or(missing == 0, || [missing.to_string()])
    }),
];

fn exists_in(el: El<'_>, parent: ElementName, name: ElementName) -> bool {
    el.all(parent).any(|p| p.has(name))
}

/// Whether all elements of the name in payment means have the text of the first.
fn all_the_same(elements: &[El<'_>]) -> Test {
    let mut means = elements
        .iter()
        .filter(|e| under(**e, &[SpecifiedTradeSettlementPaymentMeans]))
        .map(|e| e.normalized());
    let Some(first) = means.next() else {
        return holds(true);
    };
    match means.find(|m| *m != first) {
        Some(other) => fires([first.into_owned(), other.into_owned()]),
        None => holds(true),
    }
}

const INVOICE_CHECKS: &[Check] = &[
    check(SR_467, |cx, _| all_the_same(cx.named(TypeCode))),
    check(SR_468, |cx, _| all_the_same(cx.named(Information))),
];

const PRODUCT_CHECKS: &[Check] = &[
    check(SR_046, |_, p| {
        holds(!p.has(GlobalID) || p.all(GlobalID).any(|i| i.attr("schemeID").is_some()))
    }),
    check(SR_090, |_, p| {
        let count = count(p, &[OriginTradeCountry, ID]);
        holds_or(!p.has(OriginTradeCountry) || count == 1, || {
            [count.to_string()]
        })
    }),
];

const LINE_AGREEMENT_CHECKS: &[Check] = &[check(SR_119, |_, a| {
    let discounts = || a.path(&[GrossPriceProductTradePrice, AppliedTradeAllowanceCharge]);
    let amount = discounts().any(|d| d.has(ActualAmount));
    let mut allowance = false;
    for indicator in discounts().flat_map(|d| d.path(super::INDICATOR)) {
        allowance |= !boolean(indicator)?;
    }
    holds((allowance && amount) || (!amount && !discounts().any(|d| d.has(ChargeIndicator))))
})];

/// Whether the element is a supporting document with one of the type codes.
fn supporting(document: El<'_>, codes: &[&str]) -> bool {
    document.is(AdditionalReferencedDocument)
        && codes.iter().any(|c| any_is(document, &[TypeCode], c))
}

fn only_if(el: El<'_>, name: ElementName, condition: bool) -> Test {
    holds_or(!el.has(name) || condition, || [el.name().to_string()])
}

const REFERENCE_CHECKS: &[Check] = &[
    check(DT_015, |_, d| only_if(d, URIID, supporting(d, &["916"]))),
    check(DT_018, |_, d| {
        only_if(d, TypeCode, supporting(d, &["50", "130", "916"]))
    }),
    check(DT_021, |_, d| only_if(d, Name, supporting(d, &["916"]))),
    check(DT_022, |_, d| {
        only_if(d, AttachmentBinaryObject, supporting(d, &["916"]))
    }),
    check(DT_024, |_, d| {
        only_if(d, ReferenceTypeCode, supporting(d, &["130"]))
    }),
    check(DT_027, |_, d| {
        only_if(d, FormattedIssueDateTime, d.is(InvoiceReferencedDocument))
    }),
];

const TAX_CHECKS: &[Check] = &[
    check(DT_037, |_, t| {
        holds_or(!t.has(TypeCode) || any_is(t, &[TypeCode], "VAT"), || {
            [shown(t.child(TypeCode))]
        })
    }),
    check(DT_041, |_, t| {
        only_if(
            t,
            BasisAmount,
            t.has_ancestor(ApplicableHeaderTradeSettlement),
        )
    }),
    check(DT_052, |_, t| {
        only_if(t, ExemptionReasonCode, t.is(ApplicableTradeTax))
    }),
    check(DT_098, |_, t| {
        only_if(t, ExemptionReason, t.is(ApplicableTradeTax))
    }),
    check(DT_054, |_, t| {
        only_if(
            t,
            TaxPointDate,
            t.has_ancestor(ApplicableHeaderTradeSettlement),
        )
    }),
    check(DT_058, |_, t| {
        only_if(
            t,
            DueDateTypeCode,
            t.has_ancestor(ApplicableHeaderTradeSettlement),
        )
    }),
];

const fn suffix(suffix: &'static str, within: Within, checks: &'static [Check]) -> Context {
    Context {
        names: Names::Suffix(suffix, within),
        when: |_, _| Ok(true),
        checks,
        rows: &[],
    }
}

pub(crate) const SYNTAX: &[Context] = &[
    any(SpecifiedTradeSettlementPaymentMeans, &[]).with(&[header::PAYMENT_MEANS]),
    when(
        rsm::ExchangedDocumentContext,
        |_, e| Ok(rooted(e, INVOICE)),
        &[],
    )
    .with(&[header::CONTEXT]),
    when(rsm::ExchangedDocument, |_, e| Ok(rooted(e, INVOICE)), &[]).with(&[header::DOCUMENT]),
    when(IncludedNote, |_, e| Ok(rooted(e, DOCUMENT)), &[]).with(&[header::NOTE]),
    when(
        IncludedSupplyChainTradeLineItem,
        |_, e| Ok(rooted(e, TRANSACTION)),
        &[],
    )
    .with(&[line::LINE]),
    when(
        AssociatedDocumentLineDocument,
        |_, e| Ok(rooted(e, LINE)),
        &[],
    )
    .with(&[line::LINE_DOCUMENT]),
    when(
        SpecifiedTradeProduct,
        |_, e| Ok(rooted(e, LINE)),
        PRODUCT_CHECKS,
    )
    .with(&[line::PRODUCT]),
    when(
        ApplicableProductCharacteristic,
        |_, e| Ok(rooted(e, PRODUCT)),
        &[],
    )
    .with(&[line::CHARACTERISTIC]),
    when(
        SpecifiedLineTradeAgreement,
        |_, e| Ok(rooted(e, LINE)),
        LINE_AGREEMENT_CHECKS,
    )
    .with(&[line::LINE_AGREEMENT]),
    any(
        SpecifiedTradeAllowanceCharge,
        &[check(SR_463, |_, i| holds(i.has(ChargeIndicator)))],
    )
    .with(&[header::ALLOWANCE_CHARGE]),
    when(
        AppliedTradeAllowanceCharge,
        |_, e| Ok(under(e, &[GrossPriceProductTradePrice])),
        &[],
    )
    .with(&[header::PRICE_ALLOWANCE]),
    when(SpecifiedLineTradeDelivery, |_, e| Ok(rooted(e, LINE)), &[]).with(&[line::LINE_DELIVERY]),
    when(
        SpecifiedLineTradeSettlement,
        |_, e| Ok(rooted(e, LINE)),
        &[check(SR_474, |_, s| at_most(typed(s, "130")?.len()))],
    )
    .with(&[line::LINE_SETTLEMENT]),
    when(
        ApplicableHeaderTradeAgreement,
        |_, e| Ok(rooted(e, TRANSACTION)),
        AGREEMENT_CHECKS,
    )
    .with(&[header::AGREEMENT]),
    when(
        ApplicableHeaderTradeDelivery,
        |_, e| Ok(rooted(e, TRANSACTION)),
        &[check(SR_449, |_, d| one_identifier(d, ShipToTradeParty))],
    )
    .with(&[header::DELIVERY]),
    when(
        ApplicableHeaderTradeSettlement,
        |_, e| Ok(rooted(e, TRANSACTION)),
        SETTLEMENT_CHECKS,
    )
    .with(&[settlement::SETTLEMENT]),
    when(
        SpecifiedTradeSettlementHeaderMonetarySummation,
        |_, e| Ok(rooted(e, HEADER_SETTLEMENT)),
        &[],
    )
    .with(&[settlement::TOTALS]),
    when(
        rsm::CrossIndustryInvoice,
        |_, e| Ok(e.parent().is_none()),
        INVOICE_CHECKS,
    )
    .with(&[header::INVOICE]),
    suffix("DocumentContextParameter", Within::Anywhere, &[]).with(&[types::CONTEXT_PARAMETER]),
    Context {
        names: Names::Of(&[ID, LineID, SellerAssignedID]),
        when: |_, e| {
            let id = e.is(ID) && (rooted(e, CONTEXT) || rooted(e, DOCUMENT));
            Ok(id
                || (e.is(LineID) && rooted(e, LINE_DOCUMENT))
                || (e.is(SellerAssignedID) && rooted(e, PRODUCT)))
        },
        checks: &[],
        rows: &[types::PLAIN_ID],
    },
    suffix("ID", Within::Ram, &[]).with(&[types::ANY_ID]),
    // The rows for the type code of the document come after this context, and so never get their turn.
    any(TypeCode, &[]).with(&[types::TYPE_CODE]),
    when(CategoryCode, |_, e| Ok(rooted(e, LINE_TAX)), &[]).with(&[types::LINE_CATEGORY_CODE]),
    suffix("ReferencedDocument", Within::Ram, REFERENCE_CHECKS).with(&[types::REFERENCED_DOCUMENT]),
    Context {
        names: Names::Suffix("Amount", Within::Ram),
        when: |_, e| Ok(!e.is(TaxTotalAmount)),
        checks: &[],
        rows: &[types::AMOUNT],
    },
    suffix(
        "Quantity",
        Within::Ram,
        &[check(DT_033, |cx, q| {
            holds_or(q.attr("unitCode").is_none() || cx.cii().line_unit, || {
                [q.name().to_string()]
            })
        })],
    )
    .with(&[types::QUANTITY]),
    suffix("TradeTax", Within::Ram, TAX_CHECKS).with(&[types::TRADE_TAX]),
    any(BillingSpecifiedPeriod, &[]).with(&[types::PERIOD]),
    any(PostalTradeAddress, &[]).with(&[types::ADDRESS]),
    when(
        udt::DateTimeString,
        |_, e| Ok(e.attr("format") == Some("102")),
        &[check(DT_097, |_, d| {
            holds_or(calendar_date(&d.string()), || [shown(Some(d))])
        })],
    ),
];
