//! What an invoice after EN 16931 has once at most in UBL 2.1 (UBL-SR). Facts from the EN 16931 artefacts 1.3.16.

use crate::invoice::names::cac::*;
use crate::invoice::names::cbc;
use crate::invoice::rules::table::{Row, fatal_once, fatal_one};

/// At the document element.
#[rustfmt::skip]
pub(crate) const INVOICE: &[Row] = &[
    fatal_once("UBL-SR-01", &[ContractDocumentReference, cbc::ID]),
    fatal_once("UBL-SR-02", &[ReceiptDocumentReference, cbc::ID]),
    fatal_once("UBL-SR-03", &[DespatchDocumentReference, cbc::ID]),
    fatal_once("UBL-SR-05", &[PaymentTerms, cbc::Note]),
    fatal_once("UBL-SR-08", &[InvoicePeriod]),
    fatal_once("UBL-SR-09", &[AccountingSupplierParty, Party, PartyLegalEntity, cbc::RegistrationName]),
    fatal_once("UBL-SR-10", &[AccountingSupplierParty, Party, PartyName, cbc::Name]),
    fatal_once("UBL-SR-11", &[AccountingSupplierParty, Party, PartyLegalEntity, cbc::CompanyID]),
    fatal_once("UBL-SR-14", &[AccountingSupplierParty, Party, PartyLegalEntity, cbc::CompanyLegalForm]),
    fatal_once("UBL-SR-15", &[AccountingCustomerParty, Party, PartyLegalEntity, cbc::RegistrationName]),
    fatal_once("UBL-SR-16", &[AccountingCustomerParty, Party, PartyIdentification, cbc::ID]),
    fatal_once("UBL-SR-17", &[AccountingCustomerParty, Party, PartyLegalEntity, cbc::CompanyID]),
    fatal_once("UBL-SR-24", &[Delivery]),
    fatal_once("UBL-SR-39", &[ProjectReference, cbc::ID]),
    fatal_once("UBL-SR-40", &[AccountingCustomerParty, Party, PartyName, cbc::Name]),
    fatal_once("UBL-SR-45", &[PaymentMeans, cbc::PaymentDueDate]),
    fatal_once("UBL-SR-46", &[PaymentMeans, cbc::PaymentMeansCode]).attr("name"),
    fatal_once("UBL-SR-49", &[InvoicePeriod, cbc::DescriptionCode]),
    fatal_once("UBL-SR-54", &[PaymentMeans, CardAccount]),
    fatal_once("UBL-SR-55", &[PaymentMeans, PaymentMandate]),
    fatal_once("UBL-SR-56", &[OriginatorDocumentReference, cbc::ID]),
];

/// At cac:AdditionalDocumentReference.
#[rustfmt::skip]
pub(crate) const DOCUMENT_REFERENCE: &[Row] = &[
    fatal_once("UBL-SR-33", &[cbc::DocumentDescription]),
];

/// At cac:Delivery.
#[rustfmt::skip]
pub(crate) const DELIVERY: &[Row] = &[
    fatal_once("UBL-SR-25", &[DeliveryParty, PartyName, cbc::Name]),
];

/// At cac:AllowanceCharge[cbc:ChargeIndicator = false()].
#[rustfmt::skip]
pub(crate) const ALLOWANCE: &[Row] = &[
    fatal_once("UBL-SR-30", &[cbc::AllowanceChargeReason]),
];

/// At cac:AllowanceCharge[cbc:ChargeIndicator = true()].
#[rustfmt::skip]
pub(crate) const CHARGE: &[Row] = &[
    fatal_once("UBL-SR-31", &[cbc::AllowanceChargeReason]),
];

/// At cac:InvoiceLine | cac:CreditNoteLine.
#[rustfmt::skip]
pub(crate) const LINE: &[Row] = &[
    fatal_once("UBL-SR-34", &[cbc::Note]),
    fatal_once("UBL-SR-35", &[OrderLineReference, cbc::LineID]),
    fatal_once("UBL-SR-36", &[InvoicePeriod]),
    fatal_once("UBL-SR-37", &[Price, AllowanceCharge, cbc::Amount]),
    fatal_one("UBL-SR-48", &[Item, ClassifiedTaxCategory]),
    fatal_once("UBL-SR-50", &[Item, cbc::Description]),
    fatal_once("UBL-SR-52", &[DocumentReference]),
];

/// At cac:PaymentMeans.
#[rustfmt::skip]
pub(crate) const PAYMENT_MEANS: &[Row] = &[
    fatal_once("UBL-SR-26", &[cbc::PaymentID]),
    fatal_once("UBL-SR-27", &[cbc::PaymentMeansCode]),
    fatal_once("UBL-SR-28", &[PaymentMandate, cbc::ID]),
];

/// At cac:BillingReference.
#[rustfmt::skip]
pub(crate) const BILLING_REFERENCE: &[Row] = &[
    fatal_once("UBL-SR-06", &[InvoiceDocumentReference]),
];

/// At cac:TaxRepresentativeParty.
#[rustfmt::skip]
pub(crate) const TAX_REPRESENTATIVE: &[Row] = &[
    fatal_once("UBL-SR-22", &[PartyName, cbc::Name]),
    fatal_once("UBL-SR-23", &[PartyTaxScheme, cbc::CompanyID]),
];

/// At cac:TaxSubtotal.
#[rustfmt::skip]
pub(crate) const TAX_SUBTOTAL: &[Row] = &[
    fatal_once("UBL-SR-32", &[TaxCategory, cbc::TaxExemptionReason]),
];
