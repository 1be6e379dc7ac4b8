//! What many rules of Cross Industry Invoice ask of the document, computed once: categories in use, registrations, sums by category and rate.

use std::borrow::Cow;
use std::collections::HashMap;

use super::INDICATOR;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::ram::*;
use crate::invoice::names::{rsm, udt};
use crate::invoice::rules::engine::Cx;
use crate::invoice::rules::german;
use crate::invoice::rules::sums::Sums;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

/// How often a VAT category is used.
#[derive(Clone, Copy, Default)]
pub(crate) struct Uses {
    /// In lines.
    pub lines: usize,
    /// In allowances and charges.
    pub items: usize,
    /// In the breakdown of the invoice.
    pub header: usize,
}

/// How a sum tells allowances from charges: by comparison, or by a cast that wants exactly one indicator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Indicated {
    Compared,
    Cast,
}

pub(crate) struct Facts<'t> {
    settlements: Vec<El<'t>>,
    uses: HashMap<Cow<'t, str>, Uses>,
    lines: Sums<'t>,
    charges: Sums<'t>,
    allowances: Sums<'t>,
    /// The first allowance or charge that cannot be told apart, by comparison and by cast.
    vague: [Option<Fault>; 2],
    /// BT-110 as the breakdown has it.
    pub tax: Result<Number, Fault>,
    /// Whether all VAT categories are O: of lines and breakdown, of allowances and charges.
    pub outside_taxes: bool,
    pub outside_items: bool,
    /// Periods of the invoice itself.
    pub periods: Vec<El<'t>>,
    /// Whether a line's quantity has a unit.
    pub line_unit: bool,
    /// BT-72, BT-80, BT-89, BT-90, BT-91 are there.
    pub delivered: bool,
    pub delivery_country: bool,
    pub mandate: bool,
    pub creditor: bool,
    pub debtor: bool,
    /// BT-5 and BT-6.
    pub currencies: Vec<Cow<'t, str>>,
    pub tax_currencies: Vec<Cow<'t, str>>,
    pub has_breakdown: bool,
    /// What PEPPOL's sums may be off.
    pub slack: Decimal,
    /// Whether it is an invoice of XRechnung's extension, or one for clean vehicles.
    pub extension: bool,
    pub vehicles: bool,
    /// Parties anywhere.
    pub seller_vat: bool,
    pub seller_registered: bool,
    pub representative_vat: bool,
    pub buyer_vat: bool,
    pub buyer_legal: bool,
    /// Parties of the header.
    pub header_seller_vat: bool,
    pub header_seller_registered: bool,
    pub header_representative_vat: bool,
}

const AGREEMENT: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeAgreement,
];
const SETTLEMENT: Steps = &[
    rsm::SupplyChainTradeTransaction,
    ApplicableHeaderTradeSettlement,
];

fn registered(party: El<'_>, schemes: &[&str]) -> bool {
    let ids = party.path(&[SpecifiedTaxRegistration, ID]);
    ids.filter_map(|i| i.attr("schemeID"))
        .any(|s| schemes.contains(&s))
}

impl<'t> Facts<'t> {
    pub(crate) fn new(cx: &Cx<'t>) -> Self {
        let root = cx.root;
        let any = |name, schemes: &[&str]| cx.named(name).iter().any(|p| registered(*p, schemes));
        let header = |name, schemes: &[&str]| {
            root.path(AGREEMENT)
                .flat_map(|a| a.all(name))
                .any(|p| registered(p, schemes))
        };
        let breakdown = |tax: &El<'_>| {
            under(
                *tax,
                &[
                    rsm::SupplyChainTradeTransaction,
                    ApplicableHeaderTradeSettlement,
                ],
            )
        };
        const GUIDELINE: Steps = &[
            rsm::ExchangedDocumentContext,
            GuidelineSpecifiedDocumentContextParameter,
            ID,
        ];
        let forint = root
            .path(SETTLEMENT)
            .any(|s| any_is(s, &[InvoiceCurrencyCode], "HUF"));
        let settlements: Vec<El<'t>> = root.path(SETTLEMENT).collect();
        let in_settlement = |steps: Steps| settlements.iter().any(|s| exists(*s, steps));
        let only_outside = |name| {
            let mut codes = cx
                .named(name)
                .iter()
                .flat_map(|t: &El<'t>| t.all(CategoryCode));
            codes.all(|c| c.string() == "O")
        };
        const DELIVERY: Steps = &[
            rsm::SupplyChainTradeTransaction,
            ApplicableHeaderTradeDelivery,
        ];
        const SHIP_TO: Steps = &[ShipToTradeParty, PostalTradeAddress, CountryID];
        const DELIVERED: Steps = &[
            ActualDeliverySupplyChainEvent,
            OccurrenceDateTime,
            udt::DateTimeString,
        ];
        let (mut charges, mut allowances) = (Sums::default(), Sums::default());
        let mut vague = [None, None];
        for item in settlements
            .iter()
            .flat_map(|s| s.all(SpecifiedTradeAllowanceCharge))
        {
            add_item(item, &mut charges, &mut allowances, &mut vague);
        }
        let taxes = || settlements.iter().flat_map(|s| s.all(ApplicableTradeTax));
        Facts {
            slack: if forint {
                Decimal::new(5, 1)
            } else {
                Decimal::new(2, 2)
            },
            extension: any_is(root, GUIDELINE, german::EXTENSION),
            vehicles: any_is(root, GUIDELINE, german::CVD),
            uses: uses(cx),
            lines: line_sums(root),
            charges,
            allowances,
            vague,
            tax: sum_in_cents(taxes().flat_map(|t| t.all(CalculatedAmount))),
            outside_taxes: only_outside(ApplicableTradeTax),
            outside_items: only_outside(CategoryTradeTax),
            periods: settlements
                .iter()
                .flat_map(|s| s.all(BillingSpecifiedPeriod))
                .collect(),
            line_unit: cx.named(BilledQuantity).iter().any(|q| {
                const LINE: Steps = &[
                    rsm::CrossIndustryInvoice,
                    rsm::SupplyChainTradeTransaction,
                    IncludedSupplyChainTradeLineItem,
                    SpecifiedLineTradeDelivery,
                ];
                q.attr("unitCode").is_some() && rooted(*q, LINE)
            }),
            delivered: root.path(DELIVERY).any(|d| exists(d, DELIVERED)),
            delivery_country: root.path(DELIVERY).any(|d| exists(d, SHIP_TO)),
            mandate: in_settlement(&[SpecifiedTradePaymentTerms, DirectDebitMandateID]),
            creditor: in_settlement(&[CreditorReferenceID]),
            debtor: in_settlement(&[
                SpecifiedTradeSettlementPaymentMeans,
                PayerPartyDebtorFinancialAccount,
                IBANID,
            ]),
            has_breakdown: cx.named(ApplicableTradeTax).iter().any(breakdown),
            currencies: root
                .path(SETTLEMENT)
                .flat_map(|s| s.all(InvoiceCurrencyCode))
                .map(El::string)
                .collect(),
            tax_currencies: root
                .path(SETTLEMENT)
                .flat_map(|s| s.all(TaxCurrencyCode))
                .map(El::string)
                .collect(),
            settlements,
            seller_vat: any(SellerTradeParty, &["VA"]),
            seller_registered: any(SellerTradeParty, &["VA", "FC"]),
            representative_vat: any(SellerTaxRepresentativeTradeParty, &["VA"]),
            buyer_vat: any(BuyerTradeParty, &["VA"]),
            buyer_legal: cx
                .named(BuyerTradeParty)
                .iter()
                .any(|b| exists(*b, &[SpecifiedLegalOrganization, ID])),
            header_seller_vat: header(SellerTradeParty, &["VA"]),
            header_seller_registered: header(SellerTradeParty, &["VA", "FC"]),
            header_representative_vat: header(SellerTaxRepresentativeTradeParty, &["VA"]),
        }
    }

    pub(crate) fn uses(&self, code: &str) -> Uses {
        self.uses.get(code).copied().unwrap_or_default()
    }

    /// Allowances and charges on the whole invoice.
    pub(crate) fn header_items(&self) -> impl Iterator<Item = El<'t>> {
        self.settlements
            .iter()
            .flat_map(|s| s.all(SpecifiedTradeAllowanceCharge))
    }

    /// Lines plus charges less allowances of a category, or of a category at a rate; each of the three rounded to cents.
    pub(crate) fn sum(
        &self,
        code: &str,
        rate: Option<&Decimal>,
        indicated: Indicated,
    ) -> Result<Decimal, Fault> {
        let [compared, cast] = &self.vague;
        let fault = if indicated == Indicated::Cast {
            cast
        } else {
            compared
        };
        if let Some(fault) = fault {
            return Err(fault.clone());
        }
        let lines = self.lines.get(code, rate)?.round(2);
        Ok(lines + self.charges.get(code, rate)?.round(2)
            - self.allowances.get(code, rate)?.round(2))
    }
}

/// Adds an allowance or charge to the sums of what it says it is.
fn add_item<'t>(
    item: El<'t>,
    charges: &mut Sums<'t>,
    allowances: &mut Sums<'t>,
    vague: &mut [Option<Fault>; 2],
) {
    let [compared, cast] = vague;
    let fault = match one(item, INDICATOR) {
        Ok(Some(indicator)) => boolean(indicator).err(),
        Ok(None) => Some(Fault::Type(item.order(), "true or false")),
        Err(fault) => Some(fault),
    };
    if let Some(fault) = fault {
        cast.get_or_insert(fault);
    }
    let indicated = |charge| any_boolean(item.path(INDICATOR), charge);
    let (charge, allowance) = match (indicated(true), indicated(false)) {
        (Ok(charge), Ok(allowance)) => (charge, allowance),
        (Err(fault), _) | (_, Err(fault)) => {
            compared.get_or_insert(fault);
            return;
        }
    };
    let Some(amount) = item.child(ActualAmount).map(decimal) else {
        return;
    };
    let (codes, rates) = categories(item.all(CategoryTradeTax));
    if charge {
        charges.add(codes.clone(), rates.clone(), amount.clone());
    }
    if allowance {
        allowances.add(codes, rates, amount);
    }
}

/// The categories of tax elements, and their rates.
fn categories<'t>(
    taxes: impl Iterator<Item = El<'t>>,
) -> (Vec<Cow<'t, str>>, Result<Vec<Decimal>, Fault>) {
    let mut codes = Vec::new();
    let mut rates = Ok(Vec::new());
    for tax in taxes {
        codes.extend(strings(tax, &[CategoryCode]));
        rates = rates.and_then(|mut rates: Vec<Decimal>| {
            rates.extend(decimal_at(tax, &[RateApplicablePercent])?);
            Ok(rates)
        });
    }
    (codes, rates)
}

fn uses<'t>(cx: &Cx<'t>) -> HashMap<Cow<'t, str>, Uses> {
    let mut uses: HashMap<Cow<'t, str>, Uses> = HashMap::new();
    let mut add = |tax: El<'t>, count: fn(&mut Uses)| {
        let mut codes: Vec<Cow<'t, str>> = strings(tax, &[CategoryCode]);
        codes.sort();
        codes.dedup();
        for code in codes {
            count(uses.entry(code).or_default());
        }
    };
    for tax in cx.named(ApplicableTradeTax) {
        if under(*tax, &[SpecifiedLineTradeSettlement]) {
            add(*tax, |u| u.lines += 1);
        } else if under(*tax, &[ApplicableHeaderTradeSettlement]) {
            add(*tax, |u| u.header += 1);
        }
    }
    cx.named(CategoryTradeTax)
        .iter()
        .for_each(|t| add(*t, |u| u.items += 1));
    uses
}

/// Net amounts of the lines.
fn line_sums<'t>(root: El<'t>) -> Sums<'t> {
    const LINES: Steps = &[
        rsm::SupplyChainTradeTransaction,
        IncludedSupplyChainTradeLineItem,
        SpecifiedLineTradeSettlement,
    ];
    let mut sums = Sums::default();
    for settlement in root.path(LINES) {
        let mut amount = Ok(Decimal::ZERO);
        for total in settlement.all(SpecifiedTradeSettlementLineMonetarySummation) {
            amount = amount.and_then(|sum: Decimal| {
                Ok(sum + decimal_at(total, &[LineTotalAmount])?.unwrap_or(Decimal::ZERO))
            });
        }
        let (codes, rates) = categories(settlement.all(ApplicableTradeTax));
        sums.add(codes, rates, amount);
    }
    sums
}
