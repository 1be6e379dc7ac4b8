//! Cross Industry Invoice: what the whole document must have (BR-01 to BR-16, BR-62, BR-63, BR-CO-15, BR-xx-01, BR-B).

use super::vat::{counted_once, counted_pairs};
use crate::invoice::names::ram::*;
use crate::invoice::names::{rsm, udt};
use crate::invoice::rules::engine::{Check, Context, Cx, check, when};
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::BR_CO_15;
use crate::invoice::rules::text::vat;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const INVOICE: Context = when(
    rsm::CrossIndustryInvoice,
    |_, e| Ok(e.parent().is_none()),
    CHECKS,
);

const SELLER: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
    SellerTradeParty,
];
const BUYER: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
    BuyerTradeParty,
];
const SETTLEMENT: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeSettlement,
];

const CHECKS: &[Check] = &[
    check(BR_01, |_, e| {
        filled(
            e,
            &[
                rsm::ExchangedDocumentContext,
                GuidelineSpecifiedDocumentContextParameter,
                ID,
            ],
        )
    }),
    check(BR_02, |_, e| filled(e, &[rsm::ExchangedDocument, ID])),
    check(BR_03, |_, e| {
        let dates = e.path(&[rsm::ExchangedDocument, IssueDateTime, udt::DateTimeString]);
        let date = at_most_one(dates.filter(|d| d.attr("format") == Some("102")))?;
        holds(date.is_some_and(|d| !is_blank(d)))
    }),
    check(BR_04, |_, e| filled(e, &[rsm::ExchangedDocument, TypeCode])),
    check(BR_05, |_, e| {
        filled_of(e.path(SETTLEMENT), &[InvoiceCurrencyCode])
    }),
    check(BR_06, |_, e| filled_of(e.path(SELLER), &[Name])),
    check(BR_07, |_, e| filled_of(e.path(BUYER), &[Name])),
    check(BR_08, |_, e| {
        holds(e.path(SELLER).any(|p| p.has(PostalTradeAddress)))
    }),
    check(BR_09, |_, e| {
        filled_of(e.path(SELLER), &[PostalTradeAddress, CountryID])
    }),
    check(BR_10, |_, e| {
        holds(e.path(BUYER).any(|p| p.has(PostalTradeAddress)))
    }),
    check(BR_11, |_, e| {
        filled_of(e.path(BUYER), &[PostalTradeAddress, CountryID])
    }),
    check(BR_16, |cx, _| {
        holds(!cx.named(IncludedSupplyChainTradeLineItem).is_empty())
    }),
    check(BR_62, |_, e| address_scheme(e, SELLER)),
    check(BR_63, |_, e| address_scheme(e, BUYER)),
    check(BR_CO_15, grand_total),
    check(vat::STANDARD.breakdown, |cx, _| counted_pairs(cx, "S")),
    check(vat::ZERO.breakdown, |cx, _| counted_once(cx, "Z")),
    check(vat::EXEMPT.breakdown, |cx, _| counted_once(cx, "E")),
    check(vat::REVERSE.breakdown, |cx, _| counted_once(cx, "AE")),
    check(vat::INTRA.breakdown, |cx, _| counted_once(cx, "K")),
    check(vat::EXPORT.breakdown, |cx, _| counted_once(cx, "G")),
    check(vat::OUTSIDE.breakdown, |cx, _| {
        match cx.cii().uses("O").header {
            0 => holds(true),
            _ => counted_once(cx, "O"),
        }
    }),
    check(vat::CANARY.breakdown, |cx, _| counted_pairs(cx, "L")),
    check(vat::CEUTA.breakdown, |cx, _| counted_pairs(cx, "M")),
    check(vat::BR_B_01, |cx, _| {
        let split = has_code(cx, "B");
        holds(!split || cx.named(CountryID).iter().all(|c| c.string() == "IT"))
    }),
    check(vat::BR_B_02, |cx, _| {
        holds(!has_code(cx, "B") || !has_code(cx, "S"))
    }),
];

fn has_code(cx: &Cx<'_>, code: &str) -> bool {
    cx.named(CategoryCode).iter().any(|c| c.string() == code)
}

/// Whether the first electronic address of the party has a scheme, or it has no address.
fn address_scheme(invoice: El<'_>, party: Steps) -> Test {
    let firsts = invoice
        .path(party)
        .filter_map(|p| p.child(URIUniversalCommunication));
    let scheme = one_attr(firsts.flat_map(|a| a.all(URIID)), "schemeID")?;
    let addressed = invoice
        .path(party)
        .any(|p| p.has(URIUniversalCommunication));
    holds(!addressed || scheme.is_some_and(|s| !blank(s)))
}

/// For each currency of the invoice: BT-112 = BT-109 + BT-110, or BT-112 = BT-109.
fn grand_total(_: &Cx<'_>, invoice: El<'_>) -> Test {
    let totals = || {
        invoice
            .path(SETTLEMENT)
            .flat_map(|s| s.all(SpecifiedTradeSettlementHeaderMonetarySummation))
    };
    let grand = totals().find_map(|t| t.child(GrandTotalAmount));
    let basis = totals().find_map(|t| t.child(TaxBasisTotalAmount));
    for currency in invoice
        .path(SETTLEMENT)
        .flat_map(|s| s.all(InvoiceCurrencyCode))
    {
        let currency = currency.string();
        let mut taxes = totals()
            .flat_map(|t| t.all(TaxTotalAmount))
            .filter(|t| t.attr("currencyID").is_some_and(|c| currency == c));
        let (tax, only) = (taxes.next(), taxes.next().is_none());
        let (total, net) = (
            grand.map(decimal).transpose()?,
            basis.map(decimal).transpose()?,
        );
        let with_tax = match (&net, tax) {
            (Some(net), Some(tax)) if only => Some((net + &decimal(tax)?).round(2)),
            _ => None,
        };
        let right = total.is_some() && (total == with_tax || total == net);
        if !right {
            return fires([shown(grand), shown(basis), shown(tax)]);
        }
    }
    holds(true)
}
