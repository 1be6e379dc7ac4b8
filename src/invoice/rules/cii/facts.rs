//! What many rules of Cross Industry Invoice ask of the document, computed once: categories in use, registrations, sums by category and rate.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::INDICATOR;
use crate::invoice::decimal::Decimal;
use crate::invoice::names::ram::*;
use crate::invoice::names::rsm;
use crate::invoice::rules::engine::Cx;
use crate::invoice::rules::german;
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

/// Lines of one category, or of one category and rate.
type Sums<'t> = BTreeMap<(Cow<'t, str>, Option<Decimal>), Result<Decimal, Fault>>;

pub(crate) struct Facts<'t> {
    root: El<'t>,
    uses: HashMap<Cow<'t, str>, Uses>,
    lines: Sums<'t>,
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
        Facts {
            slack: if forint {
                Decimal::new(5, 1)
            } else {
                Decimal::new(2, 2)
            },
            extension: any_is(root, GUIDELINE, german::EXTENSION),
            vehicles: any_is(root, GUIDELINE, german::CVD),
            root,
            uses: uses(cx),
            lines: sums(root),
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
            has_breakdown: cx.named(ApplicableTradeTax).iter().any(breakdown),
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

    /// The VAT breakdown of the invoice.
    pub(crate) fn breakdown(&self) -> impl Iterator<Item = El<'t>> {
        self.root
            .path(SETTLEMENT)
            .flat_map(|s| s.all(ApplicableTradeTax))
    }

    /// Allowances and charges on the whole invoice.
    pub(crate) fn header_items(&self) -> impl Iterator<Item = El<'t>> {
        self.root
            .path(SETTLEMENT)
            .flat_map(|s| s.all(SpecifiedTradeAllowanceCharge))
    }

    /// Lines plus charges less allowances of a category, or of a category at a rate; each of the three rounded to cents.
    pub(crate) fn sum(
        &self,
        code: &str,
        rate: Option<&Decimal>,
        indicated: Indicated,
    ) -> Result<Decimal, Fault> {
        let key = (Cow::Owned(code.to_owned()), rate.cloned());
        let lines = self.lines.get(&key).cloned().unwrap_or(Ok(Decimal::ZERO))?;
        let (mut charges, mut allowances) = (Decimal::ZERO, Decimal::ZERO);
        for item in self.header_items() {
            let charge = charge(item, indicated)?;
            if !has_tax(item, CategoryTradeTax, code, rate)? {
                continue;
            }
            let Some(amount) = item.child(ActualAmount).map(decimal).transpose()? else {
                continue;
            };
            charges = if charge.0 { charges + &amount } else { charges };
            allowances = if charge.1 {
                allowances + amount
            } else {
                allowances
            };
        }
        Ok(lines.round(2) + charges.round(2) - allowances.round(2))
    }
}

/// Whether an item counts as a charge, and whether as an allowance.
fn charge(item: El<'_>, indicated: Indicated) -> Result<(bool, bool), Fault> {
    if indicated == Indicated::Cast {
        let indicator = one(item, INDICATOR)?.ok_or(Fault::Type(item.order(), "true or false"))?;
        let charge = boolean(indicator)?;
        return Ok((charge, !charge));
    }
    Ok((
        any_boolean(item.path(INDICATOR), true)?,
        any_boolean(item.path(INDICATOR), false)?,
    ))
}

/// `tax/CategoryCode = code and tax/xs:decimal(RateApplicablePercent) = rate`
fn has_tax(
    item: El<'_>,
    tax: crate::invoice::names::Name,
    code: &str,
    rate: Option<&Decimal>,
) -> Result<bool, Fault> {
    if !item.all(tax).any(|t| any_is(t, &[CategoryCode], code)) {
        return Ok(false);
    }
    let Some(rate) = rate else { return Ok(true) };
    for tax in item.all(tax) {
        if decimal_at(tax, &[RateApplicablePercent])?.as_ref() == Some(rate) {
            return Ok(true);
        }
    }
    Ok(false)
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

/// Net amounts of the lines by category, and by category and rate.
fn sums<'t>(root: El<'t>) -> Sums<'t> {
    const LINES: Steps = &[
        rsm::SupplyChainTradeTransaction,
        IncludedSupplyChainTradeLineItem,
        SpecifiedLineTradeSettlement,
    ];
    let mut sums = Sums::new();
    for settlement in root.path(LINES) {
        let mut keys: Vec<(Cow<'t, str>, Option<Decimal>)> = Vec::new();
        let mut rates = Vec::new();
        let mut fault = None;
        for tax in settlement.all(ApplicableTradeTax) {
            keys.extend(strings(tax, &[CategoryCode]).into_iter().map(|c| (c, None)));
            match decimal_at(tax, &[RateApplicablePercent]) {
                Ok(rate) => rates.extend(rate),
                Err(f) => fault = Some(f),
            }
        }
        let plain = keys.len();
        for nth in 0..plain {
            let Some((code, _)) = keys.get(nth).cloned() else {
                continue;
            };
            keys.extend(
                rates
                    .iter()
                    .map(|r: &Decimal| (code.clone(), Some(r.clone()))),
            );
        }
        keys.sort();
        keys.dedup();
        let mut amount = Ok(Decimal::ZERO);
        for total in settlement.all(SpecifiedTradeSettlementLineMonetarySummation) {
            amount = amount.and_then(|sum: Decimal| {
                Ok(sum + decimal_at(total, &[LineTotalAmount])?.unwrap_or(Decimal::ZERO))
            });
        }
        for key in keys {
            let with_rate = key.1.is_some();
            let sum = sums.entry(key).or_insert(Ok(Decimal::ZERO));
            let next = sum.clone().and_then(|s| amount.clone().map(|a| s + a));
            *sum = match &fault {
                Some(fault) if with_rate => Err(fault.clone()),
                _ => next,
            };
        }
    }
    sums
}
