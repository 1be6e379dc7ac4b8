//! Cross Industry Invoice: seller, tax representative, payee, delivery, references (BR-17 to BR-20, BR-52, BR-55 to BR-57, BR-CO-09, BR-CO-26).

use super::HEADER_SETTLEMENT;
use crate::invoice::codes::{self, country};
use crate::invoice::names::ram::*;
use crate::invoice::names::rsm;
use crate::invoice::rules::engine::{Context, any, check, when};
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::{BR_CO_09, BR_CO_26};
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const SUPPORTING_DOCUMENT: Context = any(
    AdditionalReferencedDocument,
    &[check(BR_52, |_, d| filled(d, &[IssuerAssignedID]))],
);

pub(crate) const PRECEDING_INVOICE: Context = when(
    InvoiceReferencedDocument,
    |_, d| Ok(rooted(d, HEADER_SETTLEMENT)),
    &[check(BR_55, |_, d| filled(d, &[IssuerAssignedID]))],
);

pub(crate) const DELIVERY: Context = when(
    ApplicableHeaderTradeDelivery,
    |_, d| {
        Ok(rooted(
            d,
            &[rsm::CrossIndustryInvoice, rsm::SupplyChainTradeTransaction],
        ))
    },
    &[check(BR_57, |_, d| {
        let addressed = exists(d, &[ShipToTradeParty, PostalTradeAddress]);
        let country = one(d, &[ShipToTradeParty, PostalTradeAddress, CountryID])?;
        holds(!addressed || country.is_some_and(|c| !is_blank(c)))
    })],
);

/// The payee is named, and is not the seller: neither name nor identifier nor registration number is the same.
pub(crate) const PAYEE: Context = any(
    PayeeTradeParty,
    &[check(BR_17, |_, payee| {
        const SELLER: Steps = &[ApplicableHeaderTradeAgreement, SellerTradeParty];
        let transaction = payee.parent().and_then(El::parent);
        let sellers: Vec<El<'_>> = transaction
            .into_iter()
            .flat_map(|t| t.path(SELLER))
            .collect();
        let same = |steps: Steps| {
            payee.path(steps).any(|own| {
                sellers
                    .iter()
                    .flat_map(|s| s.path(steps))
                    .any(|other| own.string() == other.string())
            })
        };
        let other = !same(&[Name]) && !same(&[ID]) && !same(&[SpecifiedLegalOrganization, ID]);
        holds_or(payee.has(Name) && other, || [shown(payee.child(Name))])
    })],
);

pub(crate) const SELLER: Context = any(
    SellerTradeParty,
    &[check(BR_CO_26, |_, s| {
        let registered = s
            .path(&[SpecifiedTaxRegistration, ID])
            .any(|i| i.attr("schemeID") == Some("VA"));
        holds(
            s.has(ID)
                || s.has(GlobalID)
                || exists(s, &[SpecifiedLegalOrganization, ID])
                || registered,
        )
    })],
);

pub(crate) const REPRESENTATIVE: Context = any(
    SellerTaxRepresentativeTradeParty,
    &[
        check(BR_18, |_, r| filled(r, &[Name])),
        check(BR_19, |_, r| holds(r.has(PostalTradeAddress))),
        check(BR_20, |_, r| filled(r, &[PostalTradeAddress, CountryID])),
        check(BR_56, |_, r| {
            let ids = r
                .path(&[SpecifiedTaxRegistration, ID])
                .filter(|i| i.attr("schemeID") == Some("VA"));
            holds(at_most_one(ids)?.is_some_and(|i| !is_blank(i)))
        }),
    ],
);

/// A VAT identifier begins with a country; Greece and Northern Ireland have their own prefix.
pub(crate) const VAT_IDENTIFIER: Context = when(
    ID,
    |_, i| Ok(under(i, &[SpecifiedTaxRegistration]) && i.attr("schemeID") == Some("VA")),
    &[check(BR_CO_09, |_, i| {
        let text = i.string();
        let prefix: String = text.chars().take(2).collect();
        holds_or(codes::has(country::VAT_PREFIXES, &prefix), || {
            [shown(Some(i))]
        })
    })],
);
