//! UBL: the rules of XRechnung itself (BR-DE, BR-TMP).

use std::collections::HashSet;

use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc, cn, ubl};
use crate::invoice::rules::engine::{Check, Context, Names, When, check, when};
use crate::invoice::rules::german::*;
use crate::invoice::rules::text::german::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

const DEBTOR: Steps = &[PaymentMeans, PaymentMandate, PayerFinancialAccount, cbc::ID];

const INVOICE: &[Check] = &[
    check(BR_DE_1, |_, e| holds(e.has(PaymentMeans))),
    check(BR_DE_15, |_, e| {
        holds(any_filled(e, &[cbc::BuyerReference]))
    }),
    check(BR_DE_16, |_, e| {
        let registered = e.has(TaxRepresentativeParty)
            || any_filled(
                e,
                &[
                    AccountingSupplierParty,
                    Party,
                    PartyTaxScheme,
                    cbc::CompanyID,
                ],
            );
        holds(registered || !taxed(e))
    }),
    check(BR_DE_17, |_, e| {
        let (invoice, note) = (
            normalized(e, &[cbc::InvoiceTypeCode])?,
            normalized(e, &[cbc::CreditNoteTypeCode])?,
        );
        let right = TYPES.contains(&&*invoice) || TYPES.contains(&&*note);
        holds_or(right, || {
            [if invoice.is_empty() {
                note.into_owned()
            } else {
                invoice.into_owned()
            }]
        })
    }),
    check(BR_DE_18, |_, e| {
        discounts(e.all(PaymentTerms).filter_map(|t| t.child(cbc::Note)))
    }),
    check(BR_DE_21, |_, e| {
        let ids = strings(e, &[cbc::CustomizationID]);
        let right = ids
            .iter()
            .any(|i| [XRECHNUNG, EXTENSION, CVD].contains(&&**i));
        holds_or(right, || {
            [ids.first().map(|i| i.to_string()).unwrap_or_default()]
        })
    }),
    check(BR_DE_22, |_, e| {
        let mut seen = HashSet::new();
        let mut twice = None;
        for document in e.all(AdditionalDocumentReference) {
            let files = document.path(&[Attachment, cbc::EmbeddedDocumentBinaryObject]);
            let names: Vec<&str> = files.filter_map(|a| a.attr("filename")).collect();
            twice = twice.or(names.iter().copied().find(|n| seen.contains(n)));
            seen.extend(names);
        }
        holds_or(twice.is_none(), || [twice.unwrap_or_default().to_owned()])
    }),
    check(BR_DE_26, |_, e| {
        let corrected = normalized(e, &[cbc::InvoiceTypeCode])? == "384"
            || normalized(e, &[cbc::CreditNoteTypeCode])? == "384";
        holds(!corrected || exists(e, &[BillingReference, InvoiceDocumentReference]))
    }),
    check(BR_DE_30, |_, e| {
        let sepa = |steps: Steps| e.path(steps).any(|i| i.attr("schemeID") == Some("SEPA"));
        let creditor = sepa(&[AccountingSupplierParty, Party, PartyIdentification, cbc::ID])
            || sepa(&[PayeeParty, PartyIdentification, cbc::ID]);
        holds(!exists(e, &[PaymentMeans, PaymentMandate]) || creditor)
    }),
    check(BR_DE_31, |_, e| {
        holds(!exists(e, &[PaymentMeans, PaymentMandate]) || exists(e, DEBTOR))
    }),
    check(BR_DE_TMP_32, |_, e| {
        let delivered = exists(e, &[Delivery, cbc::ActualDeliveryDate]) || e.has(InvoicePeriod);
        let mut lines = e
            .children()
            .filter(|c| c.is(InvoiceLine) || c.is(CreditNoteLine));
        holds(delivered || lines.all(|l| l.has(InvoicePeriod)))
    }),
];

/// Whether lines, allowances or charges of the invoice have a VAT category with tax.
fn taxed(invoice: El<'_>) -> bool {
    let has = |steps: Steps, from: El<'_>| from.path(steps).any(|i| TAXED.contains(&&*i.string()));
    let items = invoice.all(AllowanceCharge).any(|i| {
        let indicated = any_is(i, &[cbc::ChargeIndicator], "false")
            || any_is(i, &[cbc::ChargeIndicator], "true");
        indicated && has(&[TaxCategory, cbc::ID], i)
    });
    let mut lines = invoice
        .children()
        .filter(|c| c.is(InvoiceLine) || c.is(CreditNoteLine));
    items || lines.any(|l| has(&[Item, ClassifiedTaxCategory, cbc::ID], l))
}

/// Below the document element, whichever it is.
fn in_document(el: El<'_>, parents: Steps) -> bool {
    under(el, parents)
        && el.ancestors().count() == parents.len() + 1
        && el
            .ancestors()
            .last()
            .is_some_and(|r| r.is(ubl::Invoice) || r.is(cn::CreditNote))
}

fn part(address: El<'_>, name: ElementName) -> Test {
    holds(address.all(name).any(|e| !is_blank(e)))
}

fn means(means: El<'_>, codes: &[&str]) -> Result<bool, Fault> {
    Ok(in_document(means, &[]) && codes.contains(&&*normalized(means, &[cbc::PaymentMeansCode])?))
}

fn code(means: El<'_>) -> [String; 1] {
    [shown(means.child(cbc::PaymentMeansCode))]
}

const DATES: &[ElementName] = &[
    cbc::IssueDate,
    cbc::DueDate,
    cbc::StartDate,
    cbc::EndDate,
    cbc::ActualDeliveryDate,
    cbc::TaxPointDate,
    cbc::PaymentDueDate,
];

const SUPPLIER_ADDRESS: When = |_, a| Ok(in_document(a, &[AccountingSupplierParty, Party]));
const CUSTOMER_ADDRESS: When = |_, a| Ok(in_document(a, &[AccountingCustomerParty, Party]));
const DELIVERY_ADDRESS: When = |_, a| Ok(in_document(a, &[Delivery, DeliveryLocation]));

pub(crate) const XRECHNUNG_RULES: &[Context] = &[
    Context {
        names: Names::Of(&[ubl::Invoice, cn::CreditNote]),
        when: |_, e| Ok(e.parent().is_none()),
        checks: INVOICE,
        rows: &[],
    },
    when(
        ExternalReference,
        |_, r| Ok(in_document(r, &[AdditionalDocumentReference, Attachment])),
        &[check(BR_TMP_2, |_, r| {
            let address = string(r, &[cbc::URI])?;
            holds_or(url(&address), || [address.into_owned()])
        })],
    ),
    Context {
        names: Names::Of(DATES),
        when: |_, _| Ok(true),
        checks: &[check(BR_TMP_6, |_, d| {
            holds_or(!d.has_children() && dashed_date(&d.normalized()), || {
                [shown(Some(d)), d.name().to_string()]
            })
        })],
        rows: &[],
    },
    when(
        AccountingSupplierParty,
        |_, s| Ok(in_document(s, &[])),
        &[check(BR_DE_2, |_, s| holds(exists(s, &[Party, Contact])))],
    ),
    when(
        PostalAddress,
        SUPPLIER_ADDRESS,
        &[
            check(BR_DE_3, |_, a| part(a, cbc::CityName)),
            check(BR_DE_4, |_, a| part(a, cbc::PostalZone)),
        ],
    ),
    when(
        Contact,
        |_, c| Ok(in_document(c, &[AccountingSupplierParty, Party])),
        &[
            check(BR_DE_5, |_, c| part(c, cbc::Name)),
            check(BR_DE_6, |_, c| part(c, cbc::Telephone)),
            check(BR_DE_7, |_, c| part(c, cbc::ElectronicMail)),
            check(BR_DE_27, |_, c| {
                let number = normalized(c, &[cbc::Telephone])?;
                holds_or(telephone(&number), || [number.into_owned()])
            }),
            check(BR_DE_28, |_, c| {
                let address = normalized(c, &[cbc::ElectronicMail])?;
                holds_or(email(&address), || [address.into_owned()])
            }),
        ],
    ),
    when(
        PostalAddress,
        CUSTOMER_ADDRESS,
        &[
            check(BR_DE_8, |_, a| part(a, cbc::CityName)),
            check(BR_DE_9, |_, a| part(a, cbc::PostalZone)),
        ],
    ),
    when(
        Address,
        DELIVERY_ADDRESS,
        &[
            check(BR_DE_10, |_, a| part(a, cbc::CityName)),
            check(BR_DE_11, |_, a| part(a, cbc::PostalZone)),
        ],
    ),
    when(
        PaymentMeans,
        |_, m| means(m, &["30", "58"]),
        &[
            check(BR_DE_19, |_, m| {
                let account = string(m, &[PayeeFinancialAccount, cbc::ID])?;
                holds_or(
                    normalized(m, &[cbc::PaymentMeansCode])? != "58" || iban(&account),
                    || [account.into_owned()],
                )
            }),
            check(BR_DE_23_A, |_, m| {
                holds_or(m.has(PayeeFinancialAccount), || code(m))
            }),
            check(BR_DE_23_B, |_, m| {
                holds_or(!m.has(CardAccount) && !m.has(PaymentMandate), || code(m))
            }),
        ],
    ),
    when(
        PaymentMeans,
        |_, m| means(m, &["48", "54", "55"]),
        &[
            check(BR_DE_24_A, |_, m| holds_or(m.has(CardAccount), || code(m))),
            check(BR_DE_24_B, |_, m| {
                holds_or(
                    !m.has(PayeeFinancialAccount) && !m.has(PaymentMandate),
                    || code(m),
                )
            }),
        ],
    ),
    when(
        PaymentMeans,
        |_, m| means(m, &["59"]),
        &[
            check(BR_DE_20, |_, m| {
                let account = string(m, &[PaymentMandate, PayerFinancialAccount, cbc::ID])?;
                holds_or(iban(&account), || [account.into_owned()])
            }),
            check(BR_DE_25_A, |_, m| holds(m.has(PaymentMandate))),
            check(BR_DE_25_B, |_, m| {
                holds(!m.has(PayeeFinancialAccount) && !m.has(CardAccount))
            }),
        ],
    ),
    when(
        TaxSubtotal,
        |_, t| Ok(in_document(t, &[TaxTotal])),
        &[check(BR_DE_14, |_, t| {
            holds(any_filled(t, &[TaxCategory, cbc::Percent]))
        })],
    ),
];
