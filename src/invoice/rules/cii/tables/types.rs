//! What EN 16931 does not use of Cross Industry Invoice, or only once: data types: identifiers, codes, amounts, references, taxes, periods, addresses. Facts from the EN 16931 artefacts 1.3.16.

use crate::invoice::names::ram::*;
use crate::invoice::names::udt;
use crate::invoice::rules::table::{Row, absent, fatal_absent};

/// At //*[ends-with(name(), 'DocumentContextParameter')].
#[rustfmt::skip]
pub(crate) const CONTEXT_PARAMETER: &[Row] = &[
    absent("CII-SR-04", &[Value]),
    absent("CII-SR-05", &[SpecifiedDocumentVersion]),
];

/// At /rsm:ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID | /rsm:ExchangedDocument/ID | /IncludedSupplyChainTradeLineItem/AssociatedDocumentLineDocument/LineID | /IncludedSupplyChainTradeLineItem/SpecifiedTradeProduct/SellerAssignedID.
#[rustfmt::skip]
pub(crate) const PLAIN_ID: &[Row] = &[
    fatal_absent("CII-DT-001", &[]).attr("schemeName"),
    fatal_absent("CII-DT-002", &[]).attr("schemeAgencyName"),
    fatal_absent("CII-DT-003", &[]).attr("schemeDataURI"),
    fatal_absent("CII-DT-004", &[]).attr("schemeURI"),
    fatal_absent("CII-DT-005", &[]).attr("schemeID"),
    fatal_absent("CII-DT-006", &[]).attr("schemeAgencyID"),
    fatal_absent("CII-DT-007", &[]).attr("schemeVersionID"),
];

/// At //*[ends-with(name(), 'ID')].
#[rustfmt::skip]
pub(crate) const ANY_ID: &[Row] = &[
    fatal_absent("CII-DT-101", &[]).attr("schemeName"),
    fatal_absent("CII-DT-102", &[]).attr("schemeAgencyName"),
    fatal_absent("CII-DT-103", &[]).attr("schemeDataURI"),
    fatal_absent("CII-DT-104", &[]).attr("schemeURI"),
];

/// At //TypeCode.
#[rustfmt::skip]
pub(crate) const TYPE_CODE: &[Row] = &[
    fatal_absent("CII-DT-008", &[]).attr("name"),
    fatal_absent("CII-DT-009", &[]).attr("listURI"),
];

/// At /IncludedSupplyChainTradeLineItem/SpecifiedLineTradeSettlement/ApplicableTradeTax/CategoryCode.
#[rustfmt::skip]
pub(crate) const LINE_CATEGORY_CODE: &[Row] = &[
    absent("CII-DT-045", &[]).attr("listID"),
    absent("CII-DT-046", &[]).attr("listAgencyID"),
    absent("CII-DT-047", &[]).attr("listVersionID"),
    absent("CII-DT-048", &[]).attr("listURI"),
];

/// At //*[ends-with(name(), 'ReferencedDocument')].
#[rustfmt::skip]
pub(crate) const REFERENCED_DOCUMENT: &[Row] = &[
    fatal_absent("CII-DT-016", &[StatusCode]),
    fatal_absent("CII-DT-017", &[CopyIndicator]),
    fatal_absent("CII-DT-019", &[GlobalID]),
    fatal_absent("CII-DT-020", &[RevisionID]),
    fatal_absent("CII-DT-023", &[Information]),
    fatal_absent("CII-DT-025", &[SectionName]),
    fatal_absent("CII-DT-026", &[PreviousRevisionID]),
    fatal_absent("CII-DT-028", &[EffectiveSpecifiedPeriod]),
    fatal_absent("CII-DT-029", &[IssuerTradeParty]),
    fatal_absent("CII-DT-030", &[AttachedSpecifiedBinaryFile]),
];

/// At //*[ends-with(name(), 'Amount') and not (self::TaxTotalAmount)].
#[rustfmt::skip]
pub(crate) const AMOUNT: &[Row] = &[
    fatal_absent("CII-DT-031", &[]).attr("currencyID"),
    fatal_absent("CII-DT-032", &[]).attr("currencyCodeListVersionID"),
];

/// At //*[ends-with(name(), 'Quantity')].
#[rustfmt::skip]
pub(crate) const QUANTITY: &[Row] = &[
    fatal_absent("CII-DT-034", &[]).attr("unitCodeListID"),
    fatal_absent("CII-DT-035", &[]).attr("unitCodeListAgencyID"),
    fatal_absent("CII-DT-036", &[]).attr("unitCodeListAgencyName"),
];

/// At //*[ends-with(name(), 'TradeTax')].
#[rustfmt::skip]
pub(crate) const TRADE_TAX: &[Row] = &[
    absent("CII-DT-038", &[CalculatedRate]),
    absent("CII-DT-039", &[CalculationSequenceNumeric]),
    absent("CII-DT-040", &[BasisQuantity]),
    absent("CII-DT-042", &[UnitBasisAmount]),
    absent("CII-DT-043", &[LineTotalBasisAmount]),
    absent("CII-DT-044", &[AllowanceChargeBasisAmount]),
    absent("CII-DT-049", &[CurrencyCode]),
    absent("CII-DT-050", &[Jurisdiction]),
    absent("CII-DT-051", &[CustomsDutyIndicator]),
    absent("CII-DT-053", &[TaxBasisAllowanceRate]),
    absent("CII-DT-055", &[Type]),
    absent("CII-DT-056", &[InformationAmount]),
    absent("CII-DT-057", &[CategoryName]),
    absent("CII-DT-059", &[RateApplicablePercent]).attr("format"),
    absent("CII-DT-060", &[SpecifiedTradeAccountingAccount]),
    absent("CII-DT-061", &[ServiceSupplyTradeCountry]),
    absent("CII-DT-062", &[BuyerRepayableTaxSpecifiedTradeAccountingAccount]),
    absent("CII-DT-063", &[SellerPayableTaxSpecifiedTradeAccountingAccount]),
    absent("CII-DT-064", &[SellerRefundableTaxSpecifiedTradeAccountingAccount]),
    absent("CII-DT-065", &[BuyerDeductibleTaxSpecifiedTradeAccountingAccount]),
    absent("CII-DT-066", &[BuyerNonDeductibleTaxSpecifiedTradeAccountingAccount]),
    absent("CII-DT-067", &[PlaceApplicableTradeLocation]),
];

/// At //BillingSpecifiedPeriod.
#[rustfmt::skip]
pub(crate) const PERIOD: &[Row] = &[
    fatal_absent("CII-DT-068", &[StartDateTime, udt::DateTime]),
    fatal_absent("CII-DT-069", &[DurationMeasure]),
    fatal_absent("CII-DT-070", &[InclusiveIndicator]),
    fatal_absent("CII-DT-071", &[Description]),
    fatal_absent("CII-DT-072", &[EndDateTime, udt::DateTime]),
    fatal_absent("CII-DT-073", &[CompleteDateTime]),
    fatal_absent("CII-DT-074", &[OpenIndicator]),
    fatal_absent("CII-DT-075", &[SeasonCode]),
    fatal_absent("CII-DT-076", &[ID]),
    fatal_absent("CII-DT-077", &[Name]),
    fatal_absent("CII-DT-078", &[SequenceNumeric]),
    fatal_absent("CII-DT-079", &[StartDateFlexibilityCode]),
    fatal_absent("CII-DT-080", &[ContinuousIndicator]),
    fatal_absent("CII-DT-081", &[PurposeCode]),
];

/// At //PostalTradeAddress.
#[rustfmt::skip]
pub(crate) const ADDRESS: &[Row] = &[
    fatal_absent("CII-DT-082", &[ID]),
    fatal_absent("CII-DT-083", &[PostOfficeBox]),
    fatal_absent("CII-DT-084", &[BuildingName]),
    fatal_absent("CII-DT-086", &[LineFour]),
    fatal_absent("CII-DT-087", &[LineFive]),
    fatal_absent("CII-DT-088", &[StreetName]),
    fatal_absent("CII-DT-089", &[CitySubDivisionName]),
    fatal_absent("CII-DT-090", &[CountryName]),
    fatal_absent("CII-DT-091", &[CountrySubDivisionID]),
    fatal_absent("CII-DT-092", &[AttentionOf]),
    fatal_absent("CII-DT-093", &[CareOf]),
    fatal_absent("CII-DT-094", &[BuildingNumber]),
    fatal_absent("CII-DT-095", &[DepartmentName]),
    fatal_absent("CII-DT-096", &[AdditionalStreetName]),
];
