//! UBL 2.1 Invoice and CreditNote into the model.

use super::{
    Address, AllowanceCharge, Attachment, Card, Contact, CreditTransfer, Document, Identifier,
    Invoice, Item, ItemAttribute, Line, Note, Party, Payment, Period, Preceding, Price, Read,
    ThirdPartyPayment, VatBreakdown, source::Source,
};
use crate::invoice::{
    names::{Name, cac, cbc},
    rules::Syntax,
    tree::{El, Tree},
};

pub(super) fn read(tree: &Tree, syntax: Syntax) -> Read {
    let s = Source::new(tree);
    let root = tree.root();
    let credit = syntax == Syntax::UblCreditNote;
    let mut invoice = header(&s, root, credit);
    let currency = invoice.currency.clone();
    let currency = currency.as_deref();
    references(&s, root, credit, &mut invoice);
    parties(&s, root, &mut invoice);
    for means in root.all(cac::PaymentMeans) {
        payment(&s, means, credit, &mut invoice);
    }
    for allowance in root.all(cac::AllowanceCharge) {
        push(
            &s,
            allowance,
            &mut invoice.allowances,
            &mut invoice.charges,
            currency,
        );
    }
    for total in root.all(cac::TaxTotal) {
        tax_total(&s, total, &mut invoice);
    }
    if let Some(total) = root.child(cac::LegalMonetaryTotal) {
        let amount = |name: Name| s.amount(total, &[name], currency);
        let t = &mut invoice.totals;
        t.lines = amount(cbc::LineExtensionAmount);
        t.allowances = amount(cbc::AllowanceTotalAmount);
        t.charges = amount(cbc::ChargeTotalAmount);
        t.without_vat = amount(cbc::TaxExclusiveAmount);
        t.with_vat = amount(cbc::TaxInclusiveAmount);
        t.paid = amount(cbc::PrepaidAmount);
        t.rounding = amount(cbc::PayableRoundingAmount);
        t.due = amount(cbc::PayableAmount);
    }
    for prepaid in root.all(cac::PrepaidPayment) {
        invoice.third_party_payments.push(ThirdPartyPayment {
            kind: s.text(prepaid, &[cbc::ID]),
            amount: s.amount(prepaid, &[cbc::PaidAmount], currency),
            description: s.text(prepaid, &[cbc::InstructionID]),
        });
    }
    let lines = root.all(if credit {
        cac::CreditNoteLine
    } else {
        cac::InvoiceLine
    });
    invoice.lines = lines.map(|l| line(&s, l, currency)).collect();
    s.done(invoice)
}

fn header<'t>(s: &Source<'t>, root: El<'t>, credit: bool) -> Invoice {
    Invoice {
        specification: s.text(root, &[cbc::CustomizationID]),
        process: s.text(root, &[cbc::ProfileID]),
        number: s.text(root, &[cbc::ID]),
        issue_date: s.date(root, &[cbc::IssueDate]),
        due_date: s.date(root, &[cbc::DueDate]),
        type_code: s.text(
            root,
            &[if credit {
                cbc::CreditNoteTypeCode
            } else {
                cbc::InvoiceTypeCode
            }],
        ),
        notes: root
            .all(cbc::Note)
            .filter_map(|n| s.own(n))
            .map(note)
            .collect(),
        tax_point_date: s.date(root, &[cbc::TaxPointDate]),
        currency: s.text(root, &[cbc::DocumentCurrencyCode]),
        vat_currency: s.text(root, &[cbc::TaxCurrencyCode]),
        buyer_accounting: s.text(root, &[cbc::AccountingCost]),
        buyer_reference: s.text(root, &[cbc::BuyerReference]),
        period: period(s, root),
        tax_point_code: s.text(root, &[cac::InvoicePeriod, cbc::DescriptionCode]),
        payment_terms: s.texts(root, &[cac::PaymentTerms, cbc::Note]),
        ..Invoice::default()
    }
}

/// `#ADU#text` has the subject in front.
fn note(text: String) -> Note {
    let parts = text.strip_prefix('#').and_then(|t| t.split_once('#'));
    match parts {
        Some((code, rest))
            if code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            Note {
                subject: Some(code.to_owned()),
                text: Some(rest.trim().to_owned()).filter(|t| !t.is_empty()),
            }
        }
        _ => Note {
            subject: None,
            text: Some(text),
        },
    }
}

fn references<'t>(s: &Source<'t>, root: El<'t>, credit: bool, invoice: &mut Invoice) {
    let id = |name: Name| s.text(root, &[name, cbc::ID]);
    invoice.purchase_order = id(cac::OrderReference);
    invoice.sales_order = s.text(root, &[cac::OrderReference, cbc::SalesOrderID]);
    invoice.project = id(cac::ProjectReference);
    invoice.contract = id(cac::ContractDocumentReference);
    invoice.receiving_advice = id(cac::ReceiptDocumentReference);
    invoice.despatch_advice = id(cac::DespatchDocumentReference);
    invoice.tender = id(cac::OriginatorDocumentReference);
    for reference in root.path(&[cac::BillingReference, cac::InvoiceDocumentReference]) {
        invoice.preceding.push(Preceding {
            number: s.text(reference, &[cbc::ID]),
            issue_date: s.date(reference, &[cbc::IssueDate]),
        });
    }
    for document in root.all(cac::AdditionalDocumentReference) {
        let code = document.child(cbc::DocumentTypeCode);
        match code.map(El::text).map(str::trim) {
            Some("130") if invoice.invoiced_object.is_none() => {
                s.constant(code, &["130"]);
                invoice.invoiced_object = s.identifier(document, &[cbc::ID]);
            }
            Some("50") if credit && invoice.project.is_none() => {
                s.constant(code, &["50"]);
                invoice.project = s.text(document, &[cbc::ID]);
            }
            _ => {
                s.constant(code, &["916"]);
                invoice.documents.push(supporting(s, document));
            }
        }
    }
}

fn supporting<'t>(s: &Source<'t>, el: El<'t>) -> Document {
    let object = el.first(&[cac::Attachment, cbc::EmbeddedDocumentBinaryObject]);
    let attachment = object.and_then(|object| {
        let base64: String = s.own(object)?.split_ascii_whitespace().collect();
        Some(Attachment {
            base64,
            mime: s.attr(object, "mimeCode"),
            filename: s.attr(object, "filename"),
        })
    });
    Document {
        reference: s.text(el, &[cbc::ID]),
        description: s.text(el, &[cbc::DocumentDescription]),
        location: s.text(el, &[cac::Attachment, cac::ExternalReference, cbc::URI]),
        attachment,
    }
}

fn parties<'t>(s: &Source<'t>, root: El<'t>, invoice: &mut Invoice) {
    if let Some(seller) = root.first(&[cac::AccountingSupplierParty, cac::Party]) {
        invoice.seller = party(s, seller, &mut invoice.direct_debit.creditor);
    }
    if let Some(buyer) = root.first(&[cac::AccountingCustomerParty, cac::Party]) {
        invoice.buyer = party(s, buyer, &mut None);
    }
    if let Some(payee) = root.child(cac::PayeeParty) {
        invoice.payee = Some(without_trading_name(party(
            s,
            payee,
            &mut invoice.direct_debit.creditor,
        )));
    }
    let representative = root.child(cac::TaxRepresentativeParty);
    invoice.tax_representative =
        representative.map(|p| without_trading_name(party(s, p, &mut None)));
    if let Some(delivery) = root.child(cac::Delivery) {
        invoice.delivery.date = s.date(delivery, &[cbc::ActualDeliveryDate]);
        invoice.delivery.name = s.text(delivery, &[cac::DeliveryParty, cac::PartyName, cbc::Name]);
        invoice.delivery.location = s.identifier(delivery, &[cac::DeliveryLocation, cbc::ID]);
        invoice.delivery.address = delivery
            .first(&[cac::DeliveryLocation, cac::Address])
            .map(|a| address(s, a));
    }
}

/// Payee and tax representative have their only name where others have the trading name.
fn without_trading_name(mut party: Party) -> Party {
    if party.name.is_none() {
        party.name = party.trading_name.take();
    }
    party
}

fn party<'t>(s: &Source<'t>, el: El<'t>, creditor: &mut Option<String>) -> Party {
    let mut party = Party {
        name: s.text(el, &[cac::PartyLegalEntity, cbc::RegistrationName]),
        trading_name: s.text(el, &[cac::PartyName, cbc::Name]),
        legal_registration: s.identifier(el, &[cac::PartyLegalEntity, cbc::CompanyID]),
        legal_information: s.text(el, &[cac::PartyLegalEntity, cbc::CompanyLegalForm]),
        electronic_address: s.identifier(el, &[cbc::EndpointID]),
        address: el.child(cac::PostalAddress).map(|a| address(s, a)),
        contact: el.child(cac::Contact).map(|c| Contact {
            name: s.text(c, &[cbc::Name]),
            department: None,
            telephone: s.text(c, &[cbc::Telephone]),
            email: s.text(c, &[cbc::ElectronicMail]),
        }),
        ..Party::default()
    };
    for id in el.path(&[cac::PartyIdentification, cbc::ID]) {
        if id.attr("schemeID") == Some("SEPA") {
            if creditor.is_none() {
                s.attr(id, "schemeID");
                *creditor = s.own(id);
            }
        } else {
            party
                .identifiers
                .extend(s.own_identifier(id, "schemeID", "schemeVersionID"));
        }
    }
    for scheme in el.all(cac::PartyTaxScheme) {
        let id = scheme.first(&[cac::TaxScheme, cbc::ID]);
        let is_vat = id.is_some_and(|i| i.text().trim().eq_ignore_ascii_case("VAT"));
        let place = if is_vat {
            &mut party.vat_identifier
        } else {
            &mut party.tax_registration
        };
        if place.is_none() {
            *place = s.text(scheme, &[cbc::CompanyID]);
            if let Some(id) = id {
                s.mark(id);
            }
        }
    }
    party
}

fn address<'t>(s: &Source<'t>, el: El<'t>) -> Address {
    Address {
        line1: s.text(el, &[cbc::StreetName]),
        line2: s.text(el, &[cbc::AdditionalStreetName]),
        line3: s.text(el, &[cac::AddressLine, cbc::Line]),
        city: s.text(el, &[cbc::CityName]),
        post_code: s.text(el, &[cbc::PostalZone]),
        subdivision: s.text(el, &[cbc::CountrySubentity]),
        country: s.text(el, &[cac::Country, cbc::IdentificationCode]),
    }
}

fn period<'t>(s: &Source<'t>, el: El<'t>) -> Period {
    Period {
        start: s.date(el, &[cac::InvoicePeriod, cbc::StartDate]),
        end: s.date(el, &[cac::InvoicePeriod, cbc::EndDate]),
    }
}

fn payment<'t>(s: &Source<'t>, el: El<'t>, credit: bool, invoice: &mut Invoice) {
    let code = el.child(cbc::PaymentMeansCode);
    if invoice.remittance.is_none() {
        invoice.remittance = s.text(el, &[cbc::PaymentID]);
    } else if let Some(again) = el.child(cbc::PaymentID) {
        s.constant(Some(again), &[invoice.remittance.as_deref().unwrap_or("")]);
    }
    if credit && invoice.due_date.is_none() {
        invoice.due_date = s.date(el, &[cbc::PaymentDueDate]);
    }
    let transfer = el
        .child(cac::PayeeFinancialAccount)
        .map(|a| CreditTransfer {
            account: s.text(a, &[cbc::ID]),
            name: s.text(a, &[cbc::Name]),
            provider: s.text(a, &[cac::FinancialInstitutionBranch, cbc::ID]),
        });
    if let Some(mandate) = el.child(cac::PaymentMandate) {
        let debit = &mut invoice.direct_debit;
        if debit.mandate.is_none() {
            debit.mandate = s.text(mandate, &[cbc::ID]);
        }
        if debit.account.is_none() {
            debit.account = s.text(mandate, &[cac::PayerFinancialAccount, cbc::ID]);
        }
    }
    invoice.payment.push(Payment {
        means: code.and_then(|c| s.own(c)),
        text: code.and_then(|c| s.attr(c, "name")),
        transfers: transfer
            .into_iter()
            .filter(|t| *t != CreditTransfer::default())
            .collect(),
        card: el.child(cac::CardAccount).map(|c| Card {
            number: s.text(c, &[cbc::PrimaryAccountNumberID]),
            holder: s.text(c, &[cbc::HolderName]),
        }),
    });
}

fn push<'t>(
    s: &Source<'t>,
    el: El<'t>,
    allowances: &mut Vec<AllowanceCharge>,
    charges: &mut Vec<AllowanceCharge>,
    currency: Option<&str>,
) {
    let indicator = el.child(cbc::ChargeIndicator);
    let list = match indicator.map(El::text).map(str::trim) {
        Some("true" | "1") => charges,
        Some("false" | "0") => allowances,
        _ => return,
    };
    s.constant(indicator, &["true", "false", "1", "0"]);
    s.constant(
        el.first(&[cac::TaxCategory, cac::TaxScheme, cbc::ID]),
        &["VAT"],
    );
    list.push(AllowanceCharge {
        amount: s.amount(el, &[cbc::Amount], currency),
        base: s.amount(el, &[cbc::BaseAmount], currency),
        percent: s.decimal(el, &[cbc::MultiplierFactorNumeric]),
        vat_category: s.text(el, &[cac::TaxCategory, cbc::ID]),
        vat_rate: s.decimal(el, &[cac::TaxCategory, cbc::Percent]),
        reason: s.text(el, &[cbc::AllowanceChargeReason]),
        reason_code: s.text(el, &[cbc::AllowanceChargeReasonCode]),
    });
}

fn tax_total<'t>(s: &Source<'t>, el: El<'t>, invoice: &mut Invoice) {
    let currency = invoice.currency.clone();
    if let Some(amount) = el.child(cbc::TaxAmount) {
        let stated = amount.attr("currencyID").map(str::trim);
        let in_vat_currency = stated != currency.as_deref()
            && stated.is_some()
            && stated == invoice.vat_currency.as_deref();
        let totals = &mut invoice.totals;
        let place = if in_vat_currency {
            &mut totals.vat_in_vat_currency
        } else {
            &mut totals.vat
        };
        if place.is_none() && (in_vat_currency || stated.is_none() || stated == currency.as_deref())
        {
            s.attr(amount, "currencyID");
            *place = s.own_decimal(amount);
        }
    }
    for subtotal in el.all(cac::TaxSubtotal) {
        let category = |name: Name| s.text(subtotal, &[cac::TaxCategory, name]);
        s.constant(
            subtotal.first(&[cac::TaxCategory, cac::TaxScheme, cbc::ID]),
            &["VAT"],
        );
        invoice.vat.push(VatBreakdown {
            base: s.amount(subtotal, &[cbc::TaxableAmount], currency.as_deref()),
            amount: s.amount(subtotal, &[cbc::TaxAmount], currency.as_deref()),
            category: category(cbc::ID),
            rate: s.decimal(subtotal, &[cac::TaxCategory, cbc::Percent]),
            exemption: category(cbc::TaxExemptionReason),
            exemption_code: category(cbc::TaxExemptionReasonCode),
        });
    }
}

fn line<'t>(s: &Source<'t>, el: El<'t>, currency: Option<&str>) -> Line {
    let quantity = el
        .child(cbc::InvoicedQuantity)
        .or_else(|| el.child(cbc::CreditedQuantity));
    let mut line = Line {
        id: s.text(el, &[cbc::ID]),
        note: s.text(el, &[cbc::Note]),
        quantity: quantity.and_then(|q| s.own_decimal(q)),
        unit: quantity.and_then(|q| s.attr(q, "unitCode")),
        net: s.amount(el, &[cbc::LineExtensionAmount], currency),
        order_line: s.text(el, &[cac::OrderLineReference, cbc::LineID]),
        buyer_accounting: s.text(el, &[cbc::AccountingCost]),
        period: period(s, el),
        ..Line::default()
    };
    for document in el.all(cac::DocumentReference) {
        let code = document.child(cbc::DocumentTypeCode);
        if code.is_some_and(|c| c.text().trim() == "130") && line.object.is_none() {
            s.constant(code, &["130"]);
            line.object = s.identifier(document, &[cbc::ID]);
        }
    }
    for allowance in el.all(cac::AllowanceCharge) {
        push(
            s,
            allowance,
            &mut line.allowances,
            &mut line.charges,
            currency,
        );
    }
    if let Some(price) = el.child(cac::Price) {
        line.price = self::price(s, price, currency);
    }
    if let Some(item) = el.child(cac::Item) {
        if let Some(tax) = item.child(cac::ClassifiedTaxCategory) {
            s.constant(tax.first(&[cac::TaxScheme, cbc::ID]), &["VAT"]);
            line.vat_category = s.text(tax, &[cbc::ID]);
            line.vat_rate = s.decimal(tax, &[cbc::Percent]);
        }
        line.item = self::item(s, item);
    }
    line.lines = el
        .all(cac::SubInvoiceLine)
        .map(|l| self::line(s, l, currency))
        .collect();
    line
}

fn price<'t>(s: &Source<'t>, el: El<'t>, currency: Option<&str>) -> Price {
    let base = el.child(cbc::BaseQuantity);
    let mut price = Price {
        net: s.amount(el, &[cbc::PriceAmount], currency),
        base_quantity: base.and_then(|q| s.own_decimal(q)),
        base_unit: base.and_then(|q| s.attr(q, "unitCode")),
        ..Price::default()
    };
    if let Some(discount) = el.child(cac::AllowanceCharge) {
        let indicator = discount.child(cbc::ChargeIndicator);
        if indicator.is_none_or(|i| matches!(i.text().trim(), "false" | "0")) {
            s.constant(indicator, &["false", "0"]);
            price.discount = s.amount(discount, &[cbc::Amount], currency);
            price.gross = s.amount(discount, &[cbc::BaseAmount], currency);
        }
    }
    price
}

fn item<'t>(s: &Source<'t>, el: El<'t>) -> Item {
    let classification =
        |c: El<'t>| -> Option<Identifier> { s.own_identifier(c, "listID", "listVersionID") };
    Item {
        name: s.text(el, &[cbc::Name]),
        description: s.text(el, &[cbc::Description]),
        seller_id: s.text(el, &[cac::SellersItemIdentification, cbc::ID]),
        buyer_id: s.text(el, &[cac::BuyersItemIdentification, cbc::ID]),
        standard_id: s.identifier(el, &[cac::StandardItemIdentification, cbc::ID]),
        classifications: el
            .path(&[cac::CommodityClassification, cbc::ItemClassificationCode])
            .filter_map(classification)
            .collect(),
        origin: s.text(el, &[cac::OriginCountry, cbc::IdentificationCode]),
        attributes: el
            .all(cac::AdditionalItemProperty)
            .map(|p| ItemAttribute {
                name: s.text(p, &[cbc::Name]),
                value: s.text(p, &[cbc::Value]),
            })
            .collect(),
    }
}
