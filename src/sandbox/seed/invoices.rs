//! Invoices for the shared mailbox: PDF, and XML by EN 16931 in the syntax CII.

use super::{
    cast::SUPPLIERS,
    desk::{DAY, Desk, Marks, READ, UNREAD},
    entity::{Entity, Transfer},
    files,
};

/// `count` invoices, one every 17 days; every fifth is an electronic one.
pub(super) fn fill(desk: &mut Desk, path: &[&str], count: i64) {
    for n in 0..count {
        let supplier = desk.chance.pick(SUPPLIERS);
        let number = 2_000 + n * 7;
        let letter = desk.incoming(supplier, &format!("Rechnung {number}"), n * 17 * DAY + 45);
        let words = format!(
            "Guten Tag,\n\nanbei unsere Rechnung {number}. Zahlbar in 14 Tagen ohne Abzug.\n\nGrüße\n{}\n",
            supplier.0
        );
        let mut parts = vec![Entity::text(
            "text/plain",
            Transfer::QuotedPrintable,
            &words,
        )];
        if n % 5 == 0 {
            let xml = cii(number, supplier.0, 100 + n);
            parts.push(Entity::file(
                "application/xml",
                &format!("rechnung-{number}.xml"),
                xml.as_bytes(),
            ));
        }
        let page = files::pdf(&format!("Rechnung {number}"));
        parts.push(Entity::file(
            "application/pdf",
            &format!("Rechnung {number}.pdf"),
            &page,
        ));
        let body = desk.multipart("mixed", parts);
        let marks = Marks {
            categories: if n % 3 == 1 { &["Bezahlt"] } else { &[] },
            ..if n < 3 { UNREAD } else { READ }
        };
        desk.put(path, &letter, &body, marks);
    }
}

/// One line, 19 % value added tax, net amount in whole euros.
fn cii(number: i64, seller: &str, net: i64) -> String {
    let seller = seller.replace('&', "&amp;");
    let tax = format!("{}.{:02}", net * 19 / 100, net * 19 % 100);
    let cents = net * 119;
    let gross = format!("{}.{:02}", cents / 100, cents % 100);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100" xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:cen.eu:en16931:2017</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime><udt:DateTimeString format="102">20250301</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Lieferung</ram:Name></ram:SpecifiedTradeProduct><ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{net}.00</ram:ChargeAmount></ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">1</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>19</ram:RateApplicablePercent></ram:ApplicableTradeTax><ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{net}.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>
<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>{seller}</ram:Name><ram:PostalTradeAddress><ram:PostcodeCode>50667</ram:PostcodeCode><ram:LineOne>Am Wall 3</ram:LineOne><ram:CityName>Köln</ram:CityName><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress><ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456789</ram:ID></ram:SpecifiedTaxRegistration></ram:SellerTradeParty><ram:BuyerTradeParty><ram:Name>Beispiel GmbH</ram:Name><ram:PostalTradeAddress><ram:PostcodeCode>10115</ram:PostcodeCode><ram:LineOne>Musterweg 1</ram:LineOne><ram:CityName>Berlin</ram:CityName><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>
<ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:ApplicableTradeTax><ram:CalculatedAmount>{tax}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount>{net}.00</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>19</ram:RateApplicablePercent></ram:ApplicableTradeTax><ram:SpecifiedTradePaymentTerms><ram:Description>14 Tage ohne Abzug</ram:Description></ram:SpecifiedTradePaymentTerms><ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>{net}.00</ram:LineTotalAmount><ram:TaxBasisTotalAmount>{net}.00</ram:TaxBasisTotalAmount><ram:TaxTotalAmount currencyID="EUR">{tax}</ram:TaxTotalAmount><ram:GrandTotalAmount>{gross}</ram:GrandTotalAmount><ram:DuePayableAmount>{gross}</ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>
"#
    )
}
