//! What many rules of UBL ask of the document, computed once: categories in use, registrations, sums by category and rate.

use std::borrow::Cow;

use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc};
use crate::invoice::rules::engine::Cx;
use crate::invoice::rules::german;
use crate::invoice::rules::sums::Sums;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) struct Facts<'t> {
    invoice_lines: Sums<'t>,
    credit_lines: Sums<'t>,
    charges: Sums<'t>,
    allowances: Sums<'t>,
    /// Allowances and charges wherever they stand.
    items: Sums<'t>,
    /// The first allowance or charge that does not say which it is.
    vague: Option<Fault>,
    /// Periods of the invoice itself.
    pub periods: Vec<El<'t>>,
    /// BT-5.
    pub currencies: Vec<Cow<'t, str>>,
    /// What PEPPOL's sums may be off.
    pub slack: Decimal,
    pub extension: bool,
    pub vehicles: bool,
    /// Registrations: of the seller at all, for VAT; of the tax representative; of the buyer.
    pub supplier: bool,
    pub supplier_vat: bool,
    pub representative_vat: bool,
    pub customer_vat: bool,
    pub customer_legal: bool,
}

impl<'t> Facts<'t> {
    pub(crate) fn new(cx: &Cx<'t>) -> Self {
        let root = cx.root;
        let currencies = strings(root, &[cbc::DocumentCurrencyCode]);
        let forint = currencies.iter().any(|c| c == "HUF");
        let schemes = |parties: ElementName, steps: Steps, vat: bool| {
            let mut schemes = cx.named(parties).iter().flat_map(|p| p.path(steps));
            schemes.any(|s| s.has(cbc::CompanyID) && (!vat || is_vat(s).unwrap_or(false)))
        };
        const PARTY: Steps = &[Party, PartyTaxScheme];
        let identifier = |id: &str| any_is(root, &[cbc::CustomizationID], id);
        let mut facts = Facts {
            invoice_lines: Sums::default(),
            credit_lines: Sums::default(),
            charges: Sums::default(),
            allowances: Sums::default(),
            items: Sums::default(),
            vague: None,
            periods: root.all(InvoicePeriod).collect(),
            currencies,
            slack: if forint {
                Decimal::new(5, 1)
            } else {
                Decimal::new(2, 2)
            },
            extension: identifier(german::EXTENSION),
            vehicles: identifier(german::CVD),
            supplier: schemes(AccountingSupplierParty, PARTY, false),
            supplier_vat: schemes(AccountingSupplierParty, PARTY, true),
            representative_vat: schemes(TaxRepresentativeParty, &[PartyTaxScheme], true),
            customer_vat: schemes(AccountingCustomerParty, PARTY, true),
            customer_legal: schemes(AccountingCustomerParty, &[Party, PartyLegalEntity], false),
        };
        facts.add_lines(root);
        for item in cx.named(AllowanceCharge) {
            facts.add_item(*item, item.parent() == Some(root));
        }
        facts
    }

    fn add_lines(&mut self, root: El<'t>) {
        for line in root.children() {
            let sums = match line {
                _ if line.is(InvoiceLine) => &mut self.invoice_lines,
                _ if line.is(CreditNoteLine) => &mut self.credit_lines,
                _ => continue,
            };
            let (codes, rates) = categories(line.path(&[Item, ClassifiedTaxCategory]));
            let amount =
                decimal_at(line, &[cbc::LineExtensionAmount]).map(Option::unwrap_or_default);
            sums.add(codes, rates, amount);
        }
    }

    fn add_item(&mut self, item: El<'t>, of_invoice: bool) {
        let (codes, rates) = categories(item.all(TaxCategory));
        self.items
            .add(codes.clone(), rates.clone(), Ok(Decimal::ZERO));
        if !of_invoice {
            return;
        }
        let amount = decimal_at(item, &[cbc::Amount]).map(Option::unwrap_or_default);
        for (charge, sums) in [(true, &mut self.charges), (false, &mut self.allowances)] {
            match any_boolean(item.all(cbc::ChargeIndicator), charge) {
                Ok(true) => sums.add(codes.clone(), rates.clone(), amount.clone()),
                Ok(false) => {}
                Err(fault) => {
                    self.vague.get_or_insert(fault);
                }
            }
        }
    }

    fn lines(&self, kind: ElementName) -> &Sums<'t> {
        if kind == InvoiceLine {
            &self.invoice_lines
        } else {
            &self.credit_lines
        }
    }

    /// Lines of this kind plus charges less allowances of a category, or of a category at a rate. Not rounded.
    pub(crate) fn sum(
        &self,
        kind: ElementName,
        code: &str,
        rate: Option<&Decimal>,
    ) -> Result<Decimal, Fault> {
        if let Some(fault) = &self.vague {
            return Err(fault.clone());
        }
        let lines = self.lines(kind).get(code, rate)?;
        Ok(lines + self.charges.get(code, rate)? - self.allowances.get(code, rate)?)
    }

    /// Whether a line of this kind, or an allowance or charge, has category and rate.
    pub(crate) fn rate_in_use(
        &self,
        kind: ElementName,
        code: &str,
        rate: &Decimal,
    ) -> Result<bool, Fault> {
        Ok(self.lines(kind).has(code, rate)? || self.items.has(code, rate)?)
    }
}

/// The categories of tax elements, and their rates.
fn categories<'t>(
    taxes: impl Iterator<Item = El<'t>>,
) -> (Vec<Cow<'t, str>>, Result<Vec<Decimal>, Fault>) {
    let mut codes = Vec::new();
    let mut rates = Ok(Vec::new());
    for tax in taxes {
        codes.extend(tax.all(cbc::ID).map(El::normalized));
        rates = rates.and_then(|mut rates: Vec<Decimal>| {
            rates.extend(decimal_at(tax, &[cbc::Percent])?);
            Ok(rates)
        });
    }
    (codes, rates)
}

/// `TaxScheme/normalize-space(upper-case(ID)) = 'VAT'`
pub(crate) fn is_vat(el: El<'_>) -> Result<bool, Fault> {
    for scheme in el.all(TaxScheme) {
        if normalized(scheme, &[cbc::ID])?.eq_ignore_ascii_case("VAT") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `normalize-space(ID) = code`
pub(crate) fn is_category(category: El<'_>, code: &str) -> Result<bool, Fault> {
    Ok(normalized(category, &[cbc::ID])? == code)
}
