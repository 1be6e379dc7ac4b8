//! What EN 16931 does not use of Cross Industry Invoice, or only once: header: context, document, agreement, delivery, payment means, allowances and charges. Facts from the EN 16931 artefacts 1.3.16.

use crate::invoice::names::ram::*;
use crate::invoice::names::udt;
use crate::invoice::rules::table::{Row, absent, fatal_absent, fatal_once, fatal_one, once};

/// At /rsm:ExchangedDocumentContext.
#[rustfmt::skip]
pub(crate) const CONTEXT: &[Row] = &[
    absent("CII-SR-001", &[SpecifiedTransactionID]),
    absent("CII-SR-002", &[TestIndicator]),
    once("CII-SR-003", &[BusinessProcessSpecifiedDocumentContextParameter]),
    absent("CII-SR-006", &[BIMSpecifiedDocumentContextParameter]),
    absent("CII-SR-007", &[ScenarioSpecifiedDocumentContextParameter]),
    absent("CII-SR-008", &[ApplicationSpecifiedDocumentContextParameter]),
    fatal_one("CII-SR-009", &[GuidelineSpecifiedDocumentContextParameter]),
    fatal_one("CII-SR-010", &[GuidelineSpecifiedDocumentContextParameter, ID]),
    absent("CII-SR-011", &[SubsetSpecifiedDocumentContextParameter]),
    absent("CII-SR-012", &[MessageStandardSpecifiedDocumentContextParameter]),
];

/// At /rsm:ExchangedDocument.
#[rustfmt::skip]
pub(crate) const DOCUMENT: &[Row] = &[
    absent("CII-SR-013", &[Name]),
    fatal_one("CII-SR-014", &[TypeCode]),
    absent("CII-SR-015", &[IssueDateTime, udt::DateTime]),
    absent("CII-SR-016", &[CopyIndicator]),
    absent("CII-SR-017", &[Purpose]),
    absent("CII-SR-018", &[ControlRequirementIndicator]),
    absent("CII-SR-019", &[LanguageID]),
    absent("CII-SR-020", &[PurposeCode]),
    absent("CII-SR-021", &[RevisionDateTime]),
    absent("CII-SR-022", &[VersionID]),
    absent("CII-SR-023", &[GlobalID]),
    absent("CII-SR-024", &[RevisionID]),
    absent("CII-SR-025", &[PreviousRevisionID]),
    absent("CII-SR-026", &[CategoryCode]),
    absent("CII-SR-027", &[IncludedNote, Subject]),
    absent("CII-SR-028", &[IncludedNote, ContentCode]),
    absent("CII-SR-032", &[IncludedNote, ID]),
    absent("CII-SR-033", &[EffectiveSpecifiedPeriod]),
    absent("CII-SR-034", &[IssuerTradeParty]),
];

/// At /rsm:ExchangedDocument/IncludedNote.
#[rustfmt::skip]
pub(crate) const NOTE: &[Row] = &[
    once("CII-SR-030", &[Content]),
];

/// At /ApplicableHeaderTradeAgreement.
#[rustfmt::skip]
pub(crate) const AGREEMENT: &[Row] = &[
    absent("CII-SR-442", &[Reference]),
    absent("CII-SR-222", &[SellerTradeParty, RoleCode]),
    absent("CII-SR-223", &[SellerTradeParty, SpecifiedLegalOrganization, LegalClassificationCode]),
    absent("CII-SR-224", &[SellerTradeParty, SpecifiedLegalOrganization, Name]),
    absent("CII-SR-225", &[SellerTradeParty, SpecifiedLegalOrganization, PostalTradeAddress]),
    absent("CII-SR-226", &[SellerTradeParty, SpecifiedLegalOrganization, AuthorizedLegalRegistration]),
    absent("CII-SR-227", &[SellerTradeParty, DefinedTradeContact, ID]),
    absent("CII-SR-228", &[SellerTradeParty, DefinedTradeContact, TypeCode]),
    absent("CII-SR-229", &[SellerTradeParty, DefinedTradeContact, JobTitle]),
    absent("CII-SR-230", &[SellerTradeParty, DefinedTradeContact, Responsibility]),
    absent("CII-SR-231", &[SellerTradeParty, DefinedTradeContact, PersonID]),
    absent("CII-SR-232", &[SellerTradeParty, DefinedTradeContact, TelephoneUniversalCommunication, URIID]),
    absent("CII-SR-233", &[SellerTradeParty, DefinedTradeContact, TelephoneUniversalCommunication, ChannelCode]),
    absent("CII-SR-234", &[SellerTradeParty, DefinedTradeContact, DirectTelephoneUniversalCommunication]),
    absent("CII-SR-235", &[SellerTradeParty, DefinedTradeContact, MobileTelephoneUniversalCommunication]),
    absent("CII-SR-236", &[SellerTradeParty, DefinedTradeContact, FaxUniversalCommunication]),
    absent("CII-SR-237", &[SellerTradeParty, DefinedTradeContact, EmailURIUniversalCommunication, ChannelCode]),
    absent("CII-SR-238", &[SellerTradeParty, DefinedTradeContact, EmailURIUniversalCommunication, CompleteNumber]),
    absent("CII-SR-239", &[SellerTradeParty, DefinedTradeContact, TelexUniversalCommunication]),
    absent("CII-SR-240", &[SellerTradeParty, DefinedTradeContact, VOIPUniversalCommunication]),
    absent("CII-SR-241", &[SellerTradeParty, DefinedTradeContact, InstantMessagingUniversalCommunication]),
    absent("CII-SR-242", &[SellerTradeParty, DefinedTradeContact, SpecifiedNote]),
    absent("CII-SR-243", &[SellerTradeParty, DefinedTradeContact, SpecifiedContactPerson]),
    absent("CII-SR-244", &[SellerTradeParty, URIUniversalCommunication, ChannelCode]),
    absent("CII-SR-245", &[SellerTradeParty, URIUniversalCommunication, CompleteNumber]),
    absent("CII-SR-246", &[SellerTradeParty, SpecifiedTaxRegistration, AssociatedRegisteredTax]),
    absent("CII-SR-247", &[SellerTradeParty, EndPointURIUniversalCommunication]),
    absent("CII-SR-248", &[SellerTradeParty, LogoAssociatedSpecifiedBinaryFile]),
    absent("CII-SR-249", &[BuyerTradeParty, RoleCode]),
    absent("CII-SR-250", &[BuyerTradeParty, Description]),
    absent("CII-SR-251", &[BuyerTradeParty, SpecifiedLegalOrganization, LegalClassificationCode]),
    absent("CII-SR-252", &[BuyerTradeParty, SpecifiedLegalOrganization, Name]),
    absent("CII-SR-254", &[BuyerTradeParty, SpecifiedLegalOrganization, PostalTradeAddress]),
    absent("CII-SR-255", &[BuyerTradeParty, SpecifiedLegalOrganization, AuthorizedLegalRegistration]),
    absent("CII-SR-256", &[BuyerTradeParty, DefinedTradeContact, ID]),
    absent("CII-SR-257", &[BuyerTradeParty, DefinedTradeContact, TypeCode]),
    absent("CII-SR-258", &[BuyerTradeParty, DefinedTradeContact, JobTitle]),
    absent("CII-SR-259", &[BuyerTradeParty, DefinedTradeContact, Responsibility]),
    absent("CII-SR-260", &[BuyerTradeParty, DefinedTradeContact, PersonID]),
    absent("CII-SR-261", &[BuyerTradeParty, DefinedTradeContact, TelephoneUniversalCommunication, URIID]),
    absent("CII-SR-262", &[BuyerTradeParty, DefinedTradeContact, TelephoneUniversalCommunication, ChannelCode]),
    absent("CII-SR-263", &[BuyerTradeParty, DefinedTradeContact, DirectTelephoneUniversalCommunication]),
    absent("CII-SR-264", &[BuyerTradeParty, DefinedTradeContact, MobileTelephoneUniversalCommunication]),
    absent("CII-SR-265", &[BuyerTradeParty, DefinedTradeContact, FaxUniversalCommunication]),
    absent("CII-SR-266", &[BuyerTradeParty, DefinedTradeContact, EmailURIUniversalCommunication, ChannelCode]),
    absent("CII-SR-267", &[BuyerTradeParty, DefinedTradeContact, EmailURIUniversalCommunication, CompleteNumber]),
    absent("CII-SR-268", &[BuyerTradeParty, DefinedTradeContact, TelexUniversalCommunication]),
    absent("CII-SR-269", &[BuyerTradeParty, DefinedTradeContact, VOIPUniversalCommunication]),
    absent("CII-SR-270", &[BuyerTradeParty, DefinedTradeContact, InstantMessagingUniversalCommunication]),
    absent("CII-SR-271", &[BuyerTradeParty, DefinedTradeContact, SpecifiedNote]),
    absent("CII-SR-272", &[BuyerTradeParty, DefinedTradeContact, SpecifiedContactPerson]),
    absent("CII-SR-273", &[BuyerTradeParty, URIUniversalCommunication, ChannelCode]),
    absent("CII-SR-274", &[BuyerTradeParty, URIUniversalCommunication, CompleteNumber]),
    absent("CII-SR-275", &[BuyerTradeParty, SpecifiedTaxRegistration, AssociatedRegisteredTax]),
    absent("CII-SR-276", &[BuyerTradeParty, EndPointURIUniversalCommunication]),
    absent("CII-SR-277", &[BuyerTradeParty, LogoAssociatedSpecifiedBinaryFile]),
    absent("CII-SR-278", &[SalesAgentTradeParty]),
    absent("CII-SR-279", &[BuyerRequisitionerTradeParty]),
    absent("CII-SR-280", &[BuyerAssignedAccountantTradeParty]),
    absent("CII-SR-281", &[SellerAssignedAccountantTradeParty]),
    absent("CII-SR-282", &[BuyerTaxRepresentativeTradeParty]),
    absent("CII-SR-283", &[SellerTaxRepresentativeTradeParty, GlobalID]),
    absent("CII-SR-284", &[SellerTaxRepresentativeTradeParty, RoleCode]),
    absent("CII-SR-285", &[SellerTaxRepresentativeTradeParty, Description]),
    absent("CII-SR-286", &[SellerTaxRepresentativeTradeParty, SpecifiedLegalOrganization]),
    absent("CII-SR-287", &[SellerTaxRepresentativeTradeParty, DefinedTradeContact]),
    absent("CII-SR-288", &[SellerTaxRepresentativeTradeParty, URIUniversalCommunication]),
    absent("CII-SR-289", &[SellerTaxRepresentativeTradeParty, SpecifiedTaxRegistration, AssociatedRegisteredTax]),
    absent("CII-SR-290", &[SellerTaxRepresentativeTradeParty, EndPointURIUniversalCommunication]),
    absent("CII-SR-291", &[SellerTaxRepresentativeTradeParty, LogoAssociatedSpecifiedBinaryFile]),
    absent("CII-SR-292", &[ProductEndUserTradeParty]),
    absent("CII-SR-293", &[ApplicableTradeDeliveryTerms]),
    absent("CII-SR-294", &[SellerOrderReferencedDocument, LineID]),
    absent("CII-SR-295", &[BuyerOrderReferencedDocument, LineID]),
    absent("CII-SR-296", &[QuotationReferencedDocument]),
    absent("CII-SR-297", &[OrderResponseReferencedDocument]),
    absent("CII-SR-298", &[ContractReferencedDocument, LineID]),
    absent("CII-SR-299", &[DemandForecastReferencedDocument]),
    absent("CII-SR-300", &[SupplyInstructionReferencedDocument]),
    absent("CII-SR-301", &[PromotionalDealReferencedDocument]),
    absent("CII-SR-302", &[PriceListReferencedDocument]),
    absent("CII-SR-303", &[AdditionalReferencedDocument, LineID]),
    absent("CII-SR-304", &[RequisitionerReferencedDocument]),
    absent("CII-SR-305", &[BuyerAgentTradeParty]),
    absent("CII-SR-306", &[PurchaseConditionsReferencedDocument]),
    absent("CII-SR-307", &[SpecifiedProcuringProject, Description]),
    absent("CII-SR-448", &[UltimateCustomerOrderReferencedDocument]),
    fatal_once("CII-SR-455", &[SellerTradeParty, DefinedTradeContact]),
    fatal_once("CII-SR-456", &[BuyerTradeParty, DefinedTradeContact]),
    fatal_once("CII-SR-459", &[SellerTradeParty, URIUniversalCommunication]),
    fatal_once("CII-SR-460", &[BuyerTradeParty, URIUniversalCommunication]),
];

/// At /ApplicableHeaderTradeDelivery.
#[rustfmt::skip]
pub(crate) const DELIVERY: &[Row] = &[
    absent("CII-SR-308", &[RelatedSupplyChainConsignment]),
    absent("CII-SR-309", &[ShipToTradeParty, RoleCode]),
    absent("CII-SR-310", &[ShipToTradeParty, Description]),
    absent("CII-SR-311", &[ShipToTradeParty, SpecifiedLegalOrganization]),
    absent("CII-SR-312", &[ShipToTradeParty, DefinedTradeContact]),
    absent("CII-SR-313", &[ShipToTradeParty, URIUniversalCommunication]),
    absent("CII-SR-314", &[ShipToTradeParty, SpecifiedTaxRegistration]),
    absent("CII-SR-315", &[ShipToTradeParty, EndPointURIUniversalCommunication]),
    absent("CII-SR-316", &[ShipToTradeParty, LogoAssociatedSpecifiedBinaryFile]),
    absent("CII-SR-317", &[UltimateShipToTradeParty]),
    absent("CII-SR-318", &[ShipFromTradeParty]),
    absent("CII-SR-319", &[ActualDespatchSupplyChainEvent]),
    absent("CII-SR-320", &[ActualPickUpSupplyChainEvent]),
    absent("CII-SR-321", &[ActualDeliverySupplyChainEvent, ID]),
    absent("CII-SR-322", &[ActualDeliverySupplyChainEvent, OccurrenceDateTime, udt::DateTime]),
    absent("CII-SR-323", &[ActualDeliverySupplyChainEvent, TypeCode]),
    absent("CII-SR-324", &[ActualDeliverySupplyChainEvent, Description]),
    absent("CII-SR-325", &[ActualDeliverySupplyChainEvent, DescriptionBinaryObject]),
    absent("CII-SR-326", &[ActualDeliverySupplyChainEvent, UnitQuantity]),
    absent("CII-SR-327", &[ActualDeliverySupplyChainEvent, LatestOccurrenceDateTime]),
    absent("CII-SR-328", &[ActualDeliverySupplyChainEvent, EarliestOccurrenceDateTime]),
    absent("CII-SR-329", &[ActualDeliverySupplyChainEvent, OccurrenceSpecifiedPeriod]),
    absent("CII-SR-330", &[ActualDeliverySupplyChainEvent, OccurrenceLogisticsLocation]),
    absent("CII-SR-331", &[ActualReceiptSupplyChainEvent]),
    absent("CII-SR-332", &[AdditionalReferencedDocument]),
    absent("CII-SR-333", &[DespatchAdviceReferencedDocument, LineID]),
    absent("CII-SR-334", &[DespatchAdviceReferencedDocument, LineID]),
    absent("CII-SR-335", &[DeliveryNoteReferencedDocument]),
    absent("CII-SR-336", &[ConsumptionReportReferencedDocument]),
    absent("CII-SR-337", &[PreviousDeliverySupplyChainEvent]),
    absent("CII-SR-338", &[PackingListReferencedDocument]),
];

/// At the document element.
#[rustfmt::skip]
pub(crate) const INVOICE: &[Row] = &[
    fatal_absent("CII-DT-013", &[]).attr("languageID"),
    fatal_absent("CII-DT-014", &[]).attr("languageLocaleID"),
    fatal_once("CII-SR-469", &[ApplicableHeaderTradeSettlement, PaymentReference]).anywhere(),
];

/// At //SpecifiedTradeSettlementPaymentMeans.
#[rustfmt::skip]
pub(crate) const PAYMENT_MEANS: &[Row] = &[
    absent("CII-SR-464", &[PayerSpecifiedDebtorFinancialInstitution]),
];

/// At //SpecifiedTradeAllowanceCharge.
#[rustfmt::skip]
pub(crate) const ALLOWANCE_CHARGE: &[Row] = &[
    fatal_once("CII-SR-471", &[RateApplicablePercent]),
    fatal_once("CII-SR-472", &[CategoryTradeTax]),
    fatal_once("CII-SR-473", &[ActualAmount]),
];

/// At //GrossPriceProductTradePrice/AppliedTradeAllowanceCharge.
#[rustfmt::skip]
pub(crate) const PRICE_ALLOWANCE: &[Row] = &[
    fatal_once("CII-SR-440", &[ActualAmount]),
];
