//! UBL: which elements and attributes EN 16931 uses, and how often (UBL-CR, UBL-SR, UBL-DT). Most are rows of tables; here are the contexts,
//! and the rules that are more than a row.

use std::collections::BTreeSet;

use super::tables::{attributes, header, lines, once, parties, payment};
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc, cn, ubl};
use crate::invoice::rules::engine::{Check, Context, Names, Within, any, check, when};
use crate::invoice::rules::text::ubl::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

fn at_most(count: usize) -> Test {
    holds_or(count <= 1, || [count.to_string()])
}

/// `TaxScheme/upper-case(ID)` compared with VAT.
fn scheme_is(scheme: El<'_>, vat: bool) -> Result<bool, Fault> {
    for tax in scheme.all(TaxScheme) {
        if string(tax, &[cbc::ID])?.eq_ignore_ascii_case("VAT") == vat {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many registrations of the party's are for VAT, or for another tax.
fn registrations(invoice: El<'_>, party: ElementName, vat: bool) -> Test {
    let mut count = 0;
    for scheme in invoice
        .all(party)
        .flat_map(|p| p.path(&[Party, PartyTaxScheme]))
    {
        count += if scheme_is(scheme, vat)? {
            scheme.count(cbc::CompanyID)
        } else {
            0
        };
    }
    at_most(count)
}

/// Whether a referenced document is the invoiced object (BT-18).
fn is_object(document: &El<'_>) -> bool {
    any_is(*document, &[cbc::DocumentTypeCode], "130")
}

fn distinct(elements: &[El<'_>]) -> Test {
    at_most(
        elements
            .iter()
            .map(|e| e.string())
            .collect::<BTreeSet<_>>()
            .len(),
    )
}

const INVOICE_CHECKS: &[Check] = &[
    check(CR_002, |_, e| {
        let right = !e.has(cbc::UBLVersionID) || any_is(e, &[cbc::UBLVersionID], "2.1");
        holds_or(right, || [shown(e.child(cbc::UBLVersionID))])
    }),
    check(CR_412, |_, e| {
        holds(e.is(cn::CreditNote) || !exists(e, &[PaymentMeans, cbc::PaymentDueDate]))
    }),
    check(CR_665, |cx, _| {
        let other = |d: &&El<'_>| {
            let types = strings(**d, &[cbc::DocumentTypeCode]);
            types.is_empty() || types.iter().any(|t| t != "130")
        };
        let mut documents = cx.named(AdditionalDocumentReference).iter().filter(other);
        holds(!documents.any(|d| d.all(cbc::ID).any(|i| i.attr("schemeID").is_some())))
    }),
    check(CR_666, |cx, _| {
        holds(
            !cx.named(AdditionalDocumentReference)
                .iter()
                .any(|d| is_object(d) && d.has(Attachment)),
        )
    }),
    check(CR_673, |cx, _| {
        holds(
            !cx.named(AdditionalDocumentReference)
                .iter()
                .any(|d| is_object(d) && d.has(cbc::DocumentDescription)),
        )
    }),
    check(DT_18, |cx, _| {
        let means = cx
            .named(cbc::PaymentMeansCode)
            .iter()
            .filter(|c| c.attr("name").is_some())
            .count();
        holds(cx.attributes("name").map_or(0, |(count, _)| count) <= means)
    }),
    check(SR_04, |_, e| {
        at_most(
            e.all(AdditionalDocumentReference)
                .filter(is_object)
                .map(|d| d.count(cbc::ID))
                .sum(),
        )
    }),
    check(SR_12, |_, e| {
        registrations(e, AccountingSupplierParty, true)
    }),
    check(SR_13, |_, e| {
        registrations(e, AccountingSupplierParty, false)
    }),
    check(SR_18, |_, e| {
        registrations(e, AccountingCustomerParty, true)
    }),
    check(SR_29, |cx, _| {
        let sepa = |i: &&El<'_>| {
            under(**i, &[PartyIdentification])
                && i.attr("schemeID")
                    .is_some_and(|s| s.eq_ignore_ascii_case("SEPA"))
        };
        at_most(cx.named(cbc::ID).iter().filter(sepa).count())
    }),
    check(SR_44, |cx, _| distinct(cx.named(cbc::PaymentID))),
    check(SR_47, |cx, _| distinct(cx.named(cbc::PaymentMeansCode))),
];

fn indicated(item: El<'_>, charge: bool) -> Result<bool, Fault> {
    any_boolean(item.all(cbc::ChargeIndicator), charge)
}

/// UBL-SR-19 to 21: at most one of these, and the payee has a name that is not the seller's.
fn other_payee(payee: El<'_>, count: usize) -> Test {
    const SELLER: Steps = &[
        AccountingSupplierParty,
        Party,
        PartyLegalEntity,
        cbc::RegistrationName,
    ];
    let sellers: Vec<_> = payee
        .parent()
        .into_iter()
        .flat_map(|i| i.path(SELLER))
        .map(El::string)
        .collect();
    let other = payee
        .path(&[PartyName, cbc::Name])
        .any(|n| sellers.iter().any(|s| n.string() != *s));
    holds(count <= 1 && other)
}

/// Amounts of prices with a discount may have more decimals.
fn is_bounded(amount: El<'_>) -> bool {
    let priced = amount
        .ancestors()
        .any(|a| a.is(Price) && a.has(AllowanceCharge));
    !amount.local().ends_with("PriceAmount") && !priced
}

pub(crate) const SYNTAX: &[Context] = &[
    Context {
        names: Names::Of(&[PostalAddress, Address]),
        when: |_, _| Ok(true),
        checks: &[check(SR_51, |_, a| at_most(a.count(AddressLine)))],
        rows: &[],
    },
    when(
        Party,
        |_, p| Ok(under(p, &[AccountingSupplierParty])),
        &[check(SR_42, |_, p| {
            let count = p.count(PartyTaxScheme);
            holds_or(count <= 2, || [count.to_string()])
        })],
    ),
    any(
        AdditionalDocumentReference,
        &[check(SR_43, |cx, d| {
            let project = cx.root.is(cn::CreditNote) && any_is(d, &[cbc::DocumentTypeCode], "50");
            let plain = !d.has(cbc::DocumentTypeCode)
                && !d.all(cbc::ID).any(|i| i.attr("schemeID").is_some());
            holds_or(is_object(&d) || project || plain, || {
                [shown(d.child(cbc::DocumentTypeCode))]
            })
        })],
    )
    .with(&[once::DOCUMENT_REFERENCE]),
    Context {
        names: Names::Suffix("Amount", Within::Anywhere),
        when: |_, a| Ok(is_bounded(a)),
        checks: &[check(DT_01, |_, a| {
            let value = a.string();
            let after = value
                .split_once('.')
                .map_or(0, |(_, after)| after.chars().count());
            holds_or(after <= 2, || [a.name().to_string(), shown(Some(a))])
        })],
        rows: &[],
    },
    Context {
        names: Names::Suffix("BinaryObject", Within::Anywhere),
        when: |_, _| Ok(true),
        checks: &[
            check(DT_06, |_, o| holds(o.attr("mimeCode").is_some())),
            check(DT_07, |_, o| holds(o.attr("filename").is_some())),
        ],
        rows: &[],
    },
    any(Delivery, &[]).with(&[once::DELIVERY]),
    when(AllowanceCharge, |_, i| indicated(i, false), &[]).with(&[once::ALLOWANCE]),
    when(AllowanceCharge, |_, i| indicated(i, true), &[]).with(&[once::CHARGE]),
    any(
        PartyTaxScheme,
        &[check(SR_53, |_, s| {
            holds(exists(s, &[TaxScheme, cbc::ID]) && s.has(cbc::CompanyID))
        })],
    ),
    Context {
        names: Names::Of(&[ubl::Invoice, cn::CreditNote]),
        when: |_, e| Ok(e.parent().is_none()),
        checks: INVOICE_CHECKS,
        rows: &[
            header::HEADER,
            parties::PARTIES,
            payment::PAYMENT,
            lines::LINES,
            attributes::ATTRIBUTES,
            once::INVOICE,
        ],
    },
    Context {
        names: Names::Of(&[InvoiceLine, CreditNoteLine]),
        when: |_, _| Ok(true),
        checks: &[],
        rows: &[once::LINE],
    },
    any(
        PayeeParty,
        &[
            check(SR_19, |_, p| {
                other_payee(p, count(p, &[PartyName, cbc::Name]))
            }),
            check(SR_20, |_, p| {
                let other = |i: &El<'_>| {
                    !i.attr("schemeID")
                        .is_some_and(|s| s.eq_ignore_ascii_case("SEPA"))
                };
                other_payee(
                    p,
                    p.path(&[PartyIdentification, cbc::ID])
                        .filter(other)
                        .count(),
                )
            }),
            check(SR_21, |_, p| {
                other_payee(p, count(p, &[PartyLegalEntity, cbc::CompanyID]))
            }),
        ],
    ),
    any(PaymentMeans, &[]).with(&[once::PAYMENT_MEANS]),
    any(
        BillingReference,
        &[check(SR_07, |_, b| {
            holds(exists(b, &[InvoiceDocumentReference, cbc::ID]))
        })],
    )
    .with(&[once::BILLING_REFERENCE]),
    any(TaxRepresentativeParty, &[]).with(&[once::TAX_REPRESENTATIVE]),
    any(TaxSubtotal, &[]).with(&[once::TAX_SUBTOTAL]),
];
