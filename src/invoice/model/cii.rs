//! Cross Industry Invoice (D16B, D22B) into the model.

use super::{
    Address, AllowanceCharge, Attachment, Card, Contact, CreditTransfer, Document, Identifier,
    Invoice, Item, ItemAttribute, Line, Note, Party, Payment, Period, Preceding, Price, Read,
    VatBreakdown, source::Source,
};
use crate::invoice::{
    names::{Name, qdt, ram, rsm, udt},
    tree::{El, Tree},
};

const DATE: Name = udt::DateTimeString;

pub(super) fn read(tree: &Tree) -> Read {
    let s = Source::new(tree);
    let root = tree.root();
    let mut invoice = Invoice::default();
    if let Some(context) = root.child(rsm::ExchangedDocumentContext) {
        invoice.process = s.text(
            context,
            &[
                ram::BusinessProcessSpecifiedDocumentContextParameter,
                ram::ID,
            ],
        );
        invoice.specification = s.text(
            context,
            &[ram::GuidelineSpecifiedDocumentContextParameter, ram::ID],
        );
    }
    if let Some(document) = root.child(rsm::ExchangedDocument) {
        invoice.number = s.text(document, &[ram::ID]);
        invoice.type_code = s.text(document, &[ram::TypeCode]);
        invoice.issue_date = s.date(document, &[ram::IssueDateTime, DATE]);
        invoice.notes = document
            .all(ram::IncludedNote)
            .map(|n| note(&s, n))
            .collect();
    }
    let Some(transaction) = root.child(rsm::SupplyChainTradeTransaction) else {
        return s.done(invoice);
    };
    // The currencies come first: amounts in others are told.
    if let Some(settlement) = transaction.child(ram::ApplicableHeaderTradeSettlement) {
        self::settlement(&s, settlement, &mut invoice);
    }
    if let Some(agreement) = transaction.child(ram::ApplicableHeaderTradeAgreement) {
        self::agreement(&s, agreement, &mut invoice);
    }
    if let Some(delivery) = transaction.child(ram::ApplicableHeaderTradeDelivery) {
        self::delivery(&s, delivery, &mut invoice);
    }
    let currency = invoice.currency.clone();
    let lines = transaction.all(ram::IncludedSupplyChainTradeLineItem);
    invoice.lines = lines.map(|l| line(&s, l, currency.as_deref())).collect();
    s.done(invoice)
}

fn note<'t>(s: &Source<'t>, note: El<'t>) -> Note {
    Note {
        subject: s.text(note, &[ram::SubjectCode]),
        text: s.text(note, &[ram::Content]),
    }
}

fn agreement<'t>(s: &Source<'t>, el: El<'t>, invoice: &mut Invoice) {
    let reference = |name: Name| s.text(el, &[name, ram::IssuerAssignedID]);
    invoice.buyer_reference = s.text(el, &[ram::BuyerReference]);
    invoice.project = s.text(el, &[ram::SpecifiedProcuringProject, ram::ID]);
    // The schema wants a name, and there is no term for it: the usual one says nothing.
    s.constant(
        el.first(&[ram::SpecifiedProcuringProject, ram::Name]),
        &["Project reference"],
    );
    invoice.contract = reference(ram::ContractReferencedDocument);
    invoice.purchase_order = reference(ram::BuyerOrderReferencedDocument);
    invoice.sales_order = reference(ram::SellerOrderReferencedDocument);
    for document in el.all(ram::AdditionalReferencedDocument) {
        match document.child(ram::TypeCode).map(El::text).map(str::trim) {
            Some("50") if invoice.tender.is_none() => {
                invoice.tender = s.text(document, &[ram::IssuerAssignedID]);
                s.constant(document.child(ram::TypeCode), &["50"]);
            }
            Some("130") if invoice.invoiced_object.is_none() => {
                invoice.invoiced_object = object(s, document);
            }
            Some("916") => {
                s.constant(document.child(ram::TypeCode), &["916"]);
                invoice.documents.push(supporting(s, document));
            }
            _ => {}
        }
    }
    if let Some(seller) = el.child(ram::SellerTradeParty) {
        invoice.seller = party(s, seller);
    }
    if let Some(buyer) = el.child(ram::BuyerTradeParty) {
        invoice.buyer = party(s, buyer);
    }
    invoice.tax_representative = el
        .child(ram::SellerTaxRepresentativeTradeParty)
        .map(|p| party(s, p));
}

/// BT-18, BT-128
fn object<'t>(s: &Source<'t>, document: El<'t>) -> Option<Identifier> {
    s.constant(document.child(ram::TypeCode), &["130"]);
    let value = s.text(document, &[ram::IssuerAssignedID])?;
    Some(Identifier {
        value,
        scheme: s.text(document, &[ram::ReferenceTypeCode]),
        scheme_version: None,
    })
}

fn supporting<'t>(s: &Source<'t>, el: El<'t>) -> Document {
    let attachment = el.child(ram::AttachmentBinaryObject).and_then(|object| {
        let base64: String = s.own(object)?.split_ascii_whitespace().collect();
        Some(Attachment {
            base64,
            mime: s.attr(object, "mimeCode"),
            filename: s.attr(object, "filename"),
        })
    });
    Document {
        reference: s.text(el, &[ram::IssuerAssignedID]),
        description: s.text(el, &[ram::Name]),
        location: s.text(el, &[ram::URIID]),
        attachment,
    }
}

/// `ram:GlobalID` with its scheme, and `ram:ID`, in the order of the source.
fn identifiers<'t>(s: &Source<'t>, el: El<'t>) -> Vec<Identifier> {
    let ids = el
        .children()
        .filter(|c| c.is(ram::ID) || c.is(ram::GlobalID));
    ids.filter_map(|c| s.own_identifier(c, "schemeID", "schemeVersionID"))
        .collect()
}

fn party<'t>(s: &Source<'t>, el: El<'t>) -> Party {
    let mut party = Party {
        name: s.text(el, &[ram::Name]),
        trading_name: s.text(
            el,
            &[ram::SpecifiedLegalOrganization, ram::TradingBusinessName],
        ),
        identifiers: identifiers(s, el),
        legal_registration: s.identifier(el, &[ram::SpecifiedLegalOrganization, ram::ID]),
        legal_information: s.text(el, &[ram::Description]),
        electronic_address: s.identifier(el, &[ram::URIUniversalCommunication, ram::URIID]),
        address: el.child(ram::PostalTradeAddress).map(|a| address(s, a)),
        contact: el.child(ram::DefinedTradeContact).map(|c| contact(s, c)),
        ..Party::default()
    };
    for id in el.path(&[ram::SpecifiedTaxRegistration, ram::ID]) {
        let place = match id.attr("schemeID").map(str::trim) {
            Some("VA" | "VAT") => &mut party.vat_identifier,
            Some("FC") => &mut party.tax_registration,
            _ => continue,
        };
        if place.is_none() {
            s.attr(id, "schemeID");
            *place = s.own(id);
        }
    }
    party
}

fn address<'t>(s: &Source<'t>, el: El<'t>) -> Address {
    Address {
        line1: s.text(el, &[ram::LineOne]),
        line2: s.text(el, &[ram::LineTwo]),
        line3: s.text(el, &[ram::LineThree]),
        city: s.text(el, &[ram::CityName]),
        post_code: s.text(el, &[ram::PostcodeCode]),
        subdivision: s.text(el, &[ram::CountrySubDivisionName]),
        country: s.text(el, &[ram::CountryID]),
    }
}

fn contact<'t>(s: &Source<'t>, el: El<'t>) -> Contact {
    let (person, department) = (
        s.text(el, &[ram::PersonName]),
        s.text(el, &[ram::DepartmentName]),
    );
    let (name, department) = match person {
        Some(_) => (person, department),
        None => (department, None),
    };
    Contact {
        name,
        department,
        telephone: s.text(
            el,
            &[ram::TelephoneUniversalCommunication, ram::CompleteNumber],
        ),
        email: s.text(el, &[ram::EmailURIUniversalCommunication, ram::URIID]),
    }
}

fn delivery<'t>(s: &Source<'t>, el: El<'t>, invoice: &mut Invoice) {
    invoice.receiving_advice = s.text(
        el,
        &[
            ram::ReceivingAdviceReferencedDocument,
            ram::IssuerAssignedID,
        ],
    );
    invoice.despatch_advice = s.text(
        el,
        &[ram::DespatchAdviceReferencedDocument, ram::IssuerAssignedID],
    );
    invoice.delivery.date = s.date(
        el,
        &[
            ram::ActualDeliverySupplyChainEvent,
            ram::OccurrenceDateTime,
            DATE,
        ],
    );
    if let Some(to) = el.child(ram::ShipToTradeParty) {
        invoice.delivery.name = s.text(to, &[ram::Name]);
        let global = to.child(ram::GlobalID).or_else(|| to.child(ram::ID));
        invoice.delivery.location =
            global.and_then(|id| s.own_identifier(id, "schemeID", "schemeVersionID"));
        invoice.delivery.address = to.child(ram::PostalTradeAddress).map(|a| address(s, a));
    }
}

fn period<'t>(s: &Source<'t>, el: El<'t>) -> Period {
    Period {
        start: s.date(el, &[ram::BillingSpecifiedPeriod, ram::StartDateTime, DATE]),
        end: s.date(el, &[ram::BillingSpecifiedPeriod, ram::EndDateTime, DATE]),
    }
}

fn settlement<'t>(s: &Source<'t>, el: El<'t>, invoice: &mut Invoice) {
    invoice.currency = s.text(el, &[ram::InvoiceCurrencyCode]);
    invoice.vat_currency = s.text(el, &[ram::TaxCurrencyCode]);
    invoice.buyer_accounting = s.text(
        el,
        &[ram::ReceivableSpecifiedTradeAccountingAccount, ram::ID],
    );
    invoice.remittance = s.text(el, &[ram::PaymentReference]);
    invoice.direct_debit.creditor = s.text(el, &[ram::CreditorReferenceID]);
    invoice.period = period(s, el);
    invoice.payee = el.child(ram::PayeeTradeParty).map(|p| party(s, p));
    let currency = invoice.currency.clone();
    for terms in el.all(ram::SpecifiedTradePaymentTerms) {
        invoice
            .payment_terms
            .extend(s.texts(terms, &[ram::Description]));
        invoice.due_date = invoice
            .due_date
            .or_else(|| s.date(terms, &[ram::DueDateDateTime, DATE]));
        if invoice.direct_debit.mandate.is_none() {
            invoice.direct_debit.mandate = s.text(terms, &[ram::DirectDebitMandateID]);
        }
    }
    for means in el.all(ram::SpecifiedTradeSettlementPaymentMeans) {
        let debited = [ram::PayerPartyDebtorFinancialAccount, ram::IBANID];
        if invoice.direct_debit.account.is_none() {
            invoice.direct_debit.account = s.text(means, &debited);
        }
        invoice.payment.push(payment(s, means));
    }
    for tax in el.all(ram::ApplicableTradeTax) {
        invoice.tax_point_date = invoice
            .tax_point_date
            .or_else(|| s.date(tax, &[ram::TaxPointDate, udt::DateString]));
        let code = s
            .text(tax, &[ram::DueDateTypeCode])
            .map(|c| match c.as_str() {
                "5" => "3".to_owned(),
                "29" => "35".to_owned(),
                "72" => "432".to_owned(),
                _ => c,
            });
        if invoice.tax_point_code.is_none() {
            invoice.tax_point_code = code;
        }
        invoice.vat.push(breakdown(s, tax, currency.as_deref()));
    }
    for allowance in el.all(ram::SpecifiedTradeAllowanceCharge) {
        push(
            s,
            allowance,
            &mut invoice.allowances,
            &mut invoice.charges,
            currency.as_deref(),
        );
    }
    for reference in el.all(ram::InvoiceReferencedDocument) {
        invoice.preceding.push(Preceding {
            number: s.text(reference, &[ram::IssuerAssignedID]),
            issue_date: s.date(
                reference,
                &[ram::FormattedIssueDateTime, qdt::DateTimeString],
            ),
        });
    }
    if let Some(totals) = el.child(ram::SpecifiedTradeSettlementHeaderMonetarySummation) {
        self::totals(s, totals, invoice);
    }
}

fn payment<'t>(s: &Source<'t>, el: El<'t>) -> Payment {
    let account = el.child(ram::PayeePartyCreditorFinancialAccount);
    let transfer = account.map(|a| CreditTransfer {
        account: s
            .text(a, &[ram::IBANID])
            .or_else(|| s.text(a, &[ram::ProprietaryID])),
        name: s.text(a, &[ram::AccountName]),
        provider: s.text(
            el,
            &[ram::PayeeSpecifiedCreditorFinancialInstitution, ram::BICID],
        ),
    });
    Payment {
        means: s.text(el, &[ram::TypeCode]),
        text: s.text(el, &[ram::Information]),
        transfers: transfer
            .into_iter()
            .filter(|t| *t != CreditTransfer::default())
            .collect(),
        card: el
            .child(ram::ApplicableTradeSettlementFinancialCard)
            .map(|c| Card {
                number: s.text(c, &[ram::ID]),
                holder: s.text(c, &[ram::CardholderName]),
            }),
    }
}

fn breakdown<'t>(s: &Source<'t>, el: El<'t>, currency: Option<&str>) -> VatBreakdown {
    s.constant(el.child(ram::TypeCode), &["VAT"]);
    VatBreakdown {
        base: s.amount(el, &[ram::BasisAmount], currency),
        amount: s.amount(el, &[ram::CalculatedAmount], currency),
        category: s.text(el, &[ram::CategoryCode]),
        rate: s.decimal(el, &[ram::RateApplicablePercent]),
        exemption: s.text(el, &[ram::ExemptionReason]),
        exemption_code: s.text(el, &[ram::ExemptionReasonCode]),
    }
}

fn totals<'t>(s: &Source<'t>, el: El<'t>, invoice: &mut Invoice) {
    let (currency, vat_currency) = (invoice.currency.clone(), invoice.vat_currency.clone());
    let amount = |name: Name| s.amount(el, &[name], currency.as_deref());
    let t = &mut invoice.totals;
    t.lines = amount(ram::LineTotalAmount);
    t.allowances = amount(ram::AllowanceTotalAmount);
    t.charges = amount(ram::ChargeTotalAmount);
    t.without_vat = amount(ram::TaxBasisTotalAmount);
    t.with_vat = amount(ram::GrandTotalAmount);
    t.paid = amount(ram::TotalPrepaidAmount);
    t.rounding = amount(ram::RoundingAmount);
    t.due = amount(ram::DuePayableAmount);
    for tax in el.all(ram::TaxTotalAmount) {
        let stated = tax.attr("currencyID").map(str::trim);
        let place = if stated.is_none() || stated == currency.as_deref() {
            &mut t.vat
        } else if stated == vat_currency.as_deref() {
            &mut t.vat_in_vat_currency
        } else {
            continue;
        };
        if place.is_none() {
            s.attr(tax, "currencyID");
            *place = s.own_decimal(tax);
        }
    }
}

fn push<'t>(
    s: &Source<'t>,
    el: El<'t>,
    allowances: &mut Vec<AllowanceCharge>,
    charges: &mut Vec<AllowanceCharge>,
    currency: Option<&str>,
) {
    let indicator = el.first(&[ram::ChargeIndicator, udt::Indicator]);
    let list = match indicator.map(El::text).map(str::trim) {
        Some("true" | "1") => charges,
        Some("false" | "0") => allowances,
        _ => return,
    };
    s.constant(indicator, &["true", "false", "1", "0"]);
    s.constant(el.first(&[ram::CategoryTradeTax, ram::TypeCode]), &["VAT"]);
    list.push(AllowanceCharge {
        amount: s.amount(el, &[ram::ActualAmount], currency),
        base: s.amount(el, &[ram::BasisAmount], currency),
        percent: s.decimal(el, &[ram::CalculationPercent]),
        vat_category: s.text(el, &[ram::CategoryTradeTax, ram::CategoryCode]),
        vat_rate: s.decimal(el, &[ram::CategoryTradeTax, ram::RateApplicablePercent]),
        reason: s.text(el, &[ram::Reason]),
        reason_code: s.text(el, &[ram::ReasonCode]),
    });
}

fn line<'t>(s: &Source<'t>, el: El<'t>, currency: Option<&str>) -> Line {
    let mut line = Line::default();
    if let Some(document) = el.child(ram::AssociatedDocumentLineDocument) {
        line.id = s.text(document, &[ram::LineID]);
        line.note = s.text(document, &[ram::IncludedNote, ram::Content]);
        line.parent = s.text(document, &[ram::ParentLineID]);
        line.status = s.text(document, &[ram::LineStatusCode]);
        line.status_reason = s.text(document, &[ram::LineStatusReasonCode]);
    }
    if let Some(product) = el.child(ram::SpecifiedTradeProduct) {
        line.item = item(s, product);
    }
    if let Some(agreement) = el.child(ram::SpecifiedLineTradeAgreement) {
        line.order_line = s.text(agreement, &[ram::BuyerOrderReferencedDocument, ram::LineID]);
        line.price = price(s, agreement, currency);
    }
    if let Some(billed) = el.first(&[ram::SpecifiedLineTradeDelivery, ram::BilledQuantity]) {
        line.quantity = s.own_decimal(billed);
        line.unit = s.attr(billed, "unitCode");
    }
    let Some(settlement) = el.child(ram::SpecifiedLineTradeSettlement) else {
        return line;
    };
    if let Some(tax) = settlement.child(ram::ApplicableTradeTax) {
        s.constant(tax.child(ram::TypeCode), &["VAT"]);
        line.vat_category = s.text(tax, &[ram::CategoryCode]);
        line.vat_rate = s.decimal(tax, &[ram::RateApplicablePercent]);
    }
    line.period = period(s, settlement);
    for allowance in settlement.all(ram::SpecifiedTradeAllowanceCharge) {
        push(
            s,
            allowance,
            &mut line.allowances,
            &mut line.charges,
            currency,
        );
    }
    let net = [
        ram::SpecifiedTradeSettlementLineMonetarySummation,
        ram::LineTotalAmount,
    ];
    line.net = s.amount(settlement, &net, currency);
    line.buyer_accounting = s.text(
        settlement,
        &[ram::ReceivableSpecifiedTradeAccountingAccount, ram::ID],
    );
    for document in settlement.all(ram::AdditionalReferencedDocument) {
        let is_object = document
            .child(ram::TypeCode)
            .is_some_and(|c| c.text().trim() == "130");
        if is_object && line.object.is_none() {
            line.object = object(s, document);
        }
    }
    line
}

fn price<'t>(s: &Source<'t>, el: El<'t>, currency: Option<&str>) -> Price {
    let mut price = Price::default();
    if let Some(gross) = el.child(ram::GrossPriceProductTradePrice) {
        price.gross = s.amount(gross, &[ram::ChargeAmount], currency);
        if let Some(discount) = gross.child(ram::AppliedTradeAllowanceCharge) {
            let indicator = discount.first(&[ram::ChargeIndicator, udt::Indicator]);
            s.constant(indicator, &["false", "0"]);
            let is_charge = indicator.is_some_and(|i| matches!(i.text().trim(), "true" | "1"));
            if !is_charge {
                price.discount = s.amount(discount, &[ram::ActualAmount], currency);
            }
        }
    }
    if let Some(net) = el.child(ram::NetPriceProductTradePrice) {
        price.net = s.amount(net, &[ram::ChargeAmount], currency);
    }
    // At the net price, the gross price, or both; what differs is told.
    for side in [
        ram::NetPriceProductTradePrice,
        ram::GrossPriceProductTradePrice,
    ] {
        let Some(quantity) = el.first(&[side, ram::BasisQuantity]) else {
            continue;
        };
        let value = crate::invoice::decimal::Decimal::parse(quantity.text());
        let unit = quantity.attr("unitCode").map(str::trim);
        let same =
            value == price.base_quantity && (unit == price.base_unit.as_deref() || unit.is_none());
        if price.base_quantity.is_none() || same {
            price.base_quantity = s.own_decimal(quantity);
            let unit = s.attr(quantity, "unitCode");
            price.base_unit = unit.or(price.base_unit);
        }
    }
    price
}

fn item<'t>(s: &Source<'t>, el: El<'t>) -> Item {
    Item {
        name: s.text(el, &[ram::Name]),
        description: s.text(el, &[ram::Description]),
        seller_id: s.text(el, &[ram::SellerAssignedID]),
        buyer_id: s.text(el, &[ram::BuyerAssignedID]),
        standard_id: s.identifier(el, &[ram::GlobalID]),
        classifications: el
            .path(&[ram::DesignatedProductClassification, ram::ClassCode])
            .filter_map(|c| s.own_identifier(c, "listID", "listVersionID"))
            .collect(),
        origin: s.text(el, &[ram::OriginTradeCountry, ram::ID]),
        attributes: el
            .all(ram::ApplicableProductCharacteristic)
            .map(|c| ItemAttribute {
                name: s.text(c, &[ram::Description]),
                value: s.text(c, &[ram::Value]),
            })
            .collect(),
    }
}
