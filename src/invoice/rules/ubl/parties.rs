//! UBL: parties, addresses, references, payment, allowances and charges (BR-09 to BR-11, BR-17 to BR-20, BR-31 to BR-63, BR-CO-09, BR-CO-21 to
//! BR-CO-26, their BR-DEC).

use super::facts::is_vat;
use crate::invoice::codes::country;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc};
use crate::invoice::report::Severity;
use crate::invoice::rules::engine::{Context, any, check, when};
use crate::invoice::rules::text::decimals::*;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const SUPPORTING_DOCUMENT: Context = any(
    AdditionalDocumentReference,
    &[check(BR_52, |_, d| filled(d, &[cbc::ID]))],
);

fn has_scheme(endpoint: El<'_>) -> Test {
    holds(endpoint.attr("schemeID").is_some())
}

pub(crate) const CUSTOMER_ENDPOINT: Context = when(
    cbc::EndpointID,
    |_, e| Ok(under(e, &[AccountingCustomerParty, Party])),
    &[check(BR_63, |_, e| has_scheme(e))],
);
pub(crate) const SUPPLIER_ENDPOINT: Context = when(
    cbc::EndpointID,
    |_, e| Ok(under(e, &[AccountingSupplierParty, Party])),
    &[check(BR_62, |_, e| has_scheme(e))],
);

const COUNTRY: Steps = &[Country, cbc::IdentificationCode];

pub(crate) const CUSTOMER_ADDRESS: Context = when(
    PostalAddress,
    |_, a| Ok(under(a, &[AccountingCustomerParty, Party])),
    &[check(BR_11, |_, a| filled(a, COUNTRY))],
);
pub(crate) const SUPPLIER_ADDRESS: Context = when(
    PostalAddress,
    |_, a| Ok(under(a, &[AccountingSupplierParty, Party])),
    &[check(BR_09, |_, a| filled(a, COUNTRY))],
);
pub(crate) const REPRESENTATIVE_ADDRESS: Context = when(
    PostalAddress,
    |_, a| Ok(under(a, &[TaxRepresentativeParty])),
    &[check(BR_20, |_, a| filled(a, COUNTRY))],
);
pub(crate) const DELIVERY_ADDRESS: Context = when(
    Address,
    |_, a| Ok(under(a, &[Delivery, DeliveryLocation])),
    &[check(BR_57, |_, a| holds(exists(a, COUNTRY)))],
);

pub(crate) const CARD: Context = when(
    cbc::PrimaryAccountNumberID,
    |_, c| Ok(under(c, &[PaymentMeans, CardAccount])),
    &[check(BR_51.at(Severity::Warning), |_, c| {
        let length = c.normalized().chars().count();
        holds_or(length <= 10, || [length.to_string()])
    })],
);

/// The payee is named, and is not the seller: neither name nor identifier is the same.
pub(crate) const PAYEE: Context = any(
    PayeeParty,
    &[check(BR_17, |_, payee| {
        let sellers: Vec<El<'_>> = payee
            .parent()
            .into_iter()
            .flat_map(|i| i.path(&[AccountingSupplierParty, Party]))
            .collect();
        let same = |steps: Steps| {
            payee.path(steps).any(|own| {
                sellers
                    .iter()
                    .flat_map(|s| s.path(steps))
                    .any(|other| own.string() == other.string())
            })
        };
        let right = exists(payee, &[PartyName, cbc::Name])
            && !same(&[PartyName, cbc::Name])
            && !same(&[PartyIdentification, cbc::ID]);
        holds_or(right, || [shown(payee.first(&[PartyName, cbc::Name]))])
    })],
);

pub(crate) const TRANSFER_ACCOUNT: Context = when(
    PayeeFinancialAccount,
    |_, a| {
        let means = a.parent().filter(|p| p.is(PaymentMeans));
        Ok(means.is_some_and(|m| {
            m.all(cbc::PaymentMeansCode)
                .any(|c| matches!(&*c.string(), "30" | "58"))
        }))
    },
    &[check(BR_50, |_, a| filled(a, &[cbc::ID]))],
);

pub(crate) const PAYMENT_MEANS: Context = any(
    PaymentMeans,
    &[
        check(BR_49, |_, m| holds(m.has(cbc::PaymentMeansCode))),
        check(BR_61, |_, m| {
            let code = normalized(m, &[cbc::PaymentMeansCode])?;
            let transfer = matches!(&*code, "30" | "58");
            holds_or(
                !transfer || exists(m, &[PayeeFinancialAccount, cbc::ID]),
                || [code.into_owned()],
            )
        }),
    ],
);

pub(crate) const PRECEDING_INVOICE: Context = any(
    BillingReference,
    &[check(BR_55, |_, b| {
        holds(exists(b, &[InvoiceDocumentReference, cbc::ID]))
    })],
);

pub(crate) const SUPPLIER: Context = any(
    AccountingSupplierParty,
    &[check(BR_CO_26, |_, s| {
        let mut identified = exists(s, &[Party, PartyLegalEntity, cbc::CompanyID]);
        identified |= s
            .path(&[Party, PartyIdentification, cbc::ID])
            .any(|i| i.attr("schemeID") != Some("SEPA"));
        for scheme in s.path(&[Party, PartyTaxScheme]) {
            identified |= scheme.has(cbc::CompanyID) && is_vat(scheme)?;
        }
        holds(identified)
    })],
);

pub(crate) const REPRESENTATIVE: Context = any(
    TaxRepresentativeParty,
    &[
        check(BR_18, |_, r| filled(r, &[PartyName, cbc::Name])),
        check(BR_19, |_, r| holds(r.has(PostalAddress))),
        check(BR_56, |_, r| {
            let mut identified = false;
            for scheme in r.all(PartyTaxScheme) {
                identified |= scheme.has(cbc::CompanyID) && is_vat(scheme)?;
            }
            holds(identified)
        }),
    ],
);

/// The official rule looks for the first two characters in the list as a text, spaces and all.
pub(crate) const VAT_IDENTIFIER: Context = when(
    PartyTaxScheme,
    |_, s| is_vat(s),
    &[check(BR_CO_09, |_, s| {
        let prefix: String = string(s, &[cbc::CompanyID])?.chars().take(2).collect();
        holds_or(listed(country::VAT_PREFIXES_UBL, &prefix), || {
            [shown(s.child(cbc::CompanyID))]
        })
    })],
);

/// `TaxCategory[VAT]/ID`
fn has_category(item: El<'_>) -> Test {
    let mut category = false;
    for tax in item.all(TaxCategory) {
        category |= tax.has(cbc::ID) && is_vat(tax)?;
    }
    holds(category)
}

fn has_reason(item: El<'_>) -> Test {
    holds(item.has(cbc::AllowanceChargeReason) || item.has(cbc::AllowanceChargeReasonCode))
}

fn indicated(item: El<'_>, parents: &[ElementName], charge: bool) -> Result<bool, Fault> {
    let inside = item
        .parent()
        .is_some_and(|p| parents.iter().any(|name| p.is(*name)));
    Ok(inside && any_boolean(item.all(cbc::ChargeIndicator), charge)?)
}

const LINES: &[ElementName] = &[InvoiceLine, CreditNoteLine];

fn of_invoice(item: El<'_>, charge: bool) -> Result<bool, Fault> {
    use crate::invoice::names::{cn::CreditNote, ubl::Invoice};
    Ok(indicated(item, &[Invoice, CreditNote], charge)? && item.ancestors().count() == 1)
}

pub(crate) const ALLOWANCE: Context = when(
    AllowanceCharge,
    |_, i| of_invoice(i, false),
    &[
        check(BR_31, |_, i| holds(i.has(cbc::Amount))),
        check(BR_32, |_, i| has_category(i)),
        check(BR_33, |_, i| has_reason(i)),
        check(BR_CO_21, |_, i| has_reason(i)),
        check(BR_DEC_01, |_, i| two_decimals(i, &[cbc::Amount])),
        check(BR_DEC_02, |_, i| two_decimals(i, &[cbc::BaseAmount])),
    ],
);

pub(crate) const CHARGE: Context = when(
    AllowanceCharge,
    |_, i| of_invoice(i, true),
    &[
        check(BR_36, |_, i| holds(i.has(cbc::Amount))),
        check(BR_37, |_, i| has_category(i)),
        check(BR_38, |_, i| has_reason(i)),
        check(BR_CO_22, |_, i| has_reason(i)),
        check(BR_DEC_05, |_, i| two_decimals(i, &[cbc::Amount])),
        check(BR_DEC_06, |_, i| two_decimals(i, &[cbc::BaseAmount])),
    ],
);

pub(crate) const LINE_ALLOWANCE: Context = when(
    AllowanceCharge,
    |_, i| indicated(i, LINES, false),
    &[
        check(BR_41, |_, i| holds(i.has(cbc::Amount))),
        check(BR_42, |_, i| has_reason(i)),
        check(BR_CO_23, |_, i| has_reason(i)),
        check(BR_DEC_24, |_, i| two_decimals(i, &[cbc::Amount])),
        check(BR_DEC_25, |_, i| two_decimals(i, &[cbc::BaseAmount])),
    ],
);

pub(crate) const LINE_CHARGE: Context = when(
    AllowanceCharge,
    |_, i| indicated(i, LINES, true),
    &[
        check(BR_43, |_, i| holds(i.has(cbc::Amount))),
        check(BR_44, |_, i| has_reason(i)),
        check(BR_CO_24, |_, i| has_reason(i)),
        check(BR_DEC_27, |_, i| two_decimals(i, &[cbc::Amount])),
        check(BR_DEC_28, |_, i| two_decimals(i, &[cbc::BaseAmount])),
    ],
);
