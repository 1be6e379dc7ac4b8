//! UBL: what the whole document must have (BR-01 to BR-16, BR-53, BR-CO-03, BR-CO-15, BR-CO-18, and of the VAT categories what is asked of
//! the document: 01 to 04, 11 to 14).

use super::facts::{is_category, is_vat};
use crate::invoice::decimal::Decimal;
use crate::invoice::names::cac::*;
use crate::invoice::names::{Name as ElementName, cbc, cn, ubl};
use crate::invoice::rules::engine::{Check, Context, Cx, Names, check};
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::text::vat;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const INVOICE: Context = Context {
    names: Names::Of(&[ubl::Invoice, cn::CreditNote]),
    when: |_, e| Ok(e.parent().is_none()),
    checks: CHECKS,
    rows: &[],
};

const SUPPLIER: Steps = &[
    AccountingSupplierParty,
    Party,
    PartyLegalEntity,
    cbc::RegistrationName,
];
const CUSTOMER: Steps = &[
    AccountingCustomerParty,
    Party,
    PartyLegalEntity,
    cbc::RegistrationName,
];
const BREAKDOWN: Steps = &[TaxTotal, TaxSubtotal, TaxCategory];

const CHECKS: &[Check] = &[
    check(BR_01, |_, e| filled(e, &[cbc::CustomizationID])),
    check(BR_02, |_, e| filled(e, &[cbc::ID])),
    check(BR_03, |_, e| filled(e, &[cbc::IssueDate])),
    check(BR_04, |_, e| {
        let invoice = !blank(&normalized(e, &[cbc::InvoiceTypeCode])?);
        holds(invoice || !blank(&normalized(e, &[cbc::CreditNoteTypeCode])?))
    }),
    check(BR_05, |_, e| filled(e, &[cbc::DocumentCurrencyCode])),
    check(BR_06, |_, e| filled(e, SUPPLIER)),
    check(BR_07, |_, e| filled(e, CUSTOMER)),
    check(BR_08, |_, e| {
        holds(exists(e, &[AccountingSupplierParty, Party, PostalAddress]))
    }),
    check(BR_10, |_, e| {
        holds(exists(e, &[AccountingCustomerParty, Party, PostalAddress]))
    }),
    check(BR_16, |_, e| {
        holds(e.has(InvoiceLine) || e.has(CreditNoteLine))
    }),
    check(BR_53, |cx, e| {
        let stated = |currency: &str| {
            let amounts = cx
                .named(cbc::TaxAmount)
                .iter()
                .filter(|a| under(**a, &[TaxTotal]));
            amounts
                .into_iter()
                .any(|a| a.attr("currencyID") == Some(currency))
        };
        let missing = strings(e, &[cbc::TaxCurrencyCode])
            .into_iter()
            .find(|c| !stated(c));
        holds_or(missing.is_none(), || {
            [missing.unwrap_or_default().into_owned()]
        })
    }),
    check(BR_CO_03, |_, e| {
        holds(!e.has(cbc::TaxPointDate) || !exists(e, &[InvoicePeriod, cbc::DescriptionCode]))
    }),
    check(BR_CO_15, grand_total),
    check(BR_CO_18, |_, e| holds(exists(e, &[TaxTotal, TaxSubtotal]))),
    check(vat::REVERSE.breakdown, |cx, e| one_line(cx, e, "AE")),
    check(vat::REVERSE.parties[0], |cx, _| {
        needed(line_uses(cx, "AE")?, both_identified(cx))
    }),
    check(vat::REVERSE.parties[1], |cx, _| {
        needed(item_uses(cx, "AE", false)?, both_identified(cx))
    }),
    check(vat::REVERSE.parties[2], |cx, _| {
        needed(item_uses(cx, "AE", true)?, both_identified(cx))
    }),
    check(vat::EXEMPT.breakdown, |cx, e| one_line(cx, e, "E")),
    check(vat::EXEMPT.parties[0], |cx, _| {
        needed(line_uses(cx, "E")?, registered(cx))
    }),
    check(vat::EXEMPT.parties[1], |cx, _| {
        needed(item_uses(cx, "E", false)?, registered(cx))
    }),
    check(vat::EXEMPT.parties[2], |cx, _| {
        needed(item_uses(cx, "E", true)?, registered(cx))
    }),
    check(vat::EXPORT.breakdown, |cx, e| one_line(cx, e, "G")),
    check(vat::EXPORT.parties[0], |cx, _| {
        needed(line_uses(cx, "G")?, supplier_vat(cx))
    }),
    check(vat::EXPORT.parties[1], |cx, _| {
        needed(item_uses(cx, "G", false)?, supplier_vat(cx))
    }),
    check(vat::EXPORT.parties[2], |cx, _| {
        needed(item_uses(cx, "G", true)?, supplier_vat(cx))
    }),
    check(vat::INTRA.breakdown, |cx, e| one_line(cx, e, "K")),
    check(vat::INTRA.parties[0], |cx, _| {
        needed(line_uses(cx, "K")?, both_vat(cx))
    }),
    check(vat::INTRA.parties[1], |cx, _| {
        needed(item_uses(cx, "K", false)?, both_vat(cx))
    }),
    check(vat::INTRA.parties[2], |cx, _| {
        needed(item_uses(cx, "K", true)?, both_vat(cx))
    }),
    check(vat::BR_IC_11, |_, e| {
        if breakdown_lines(e, "K")? == 0 {
            return holds(true);
        }
        let delivered = string(e, &[Delivery, cbc::ActualDeliveryDate])?
            .chars()
            .count()
            > 1;
        holds(delivered || e.all(InvoicePeriod).any(El::has_children))
    }),
    check(vat::BR_IC_12, |_, e| {
        if breakdown_lines(e, "K")? == 0 {
            return holds(true);
        }
        let country = string(
            e,
            &[
                Delivery,
                DeliveryLocation,
                Address,
                Country,
                cbc::IdentificationCode,
            ],
        )?;
        holds(country.chars().count() > 1)
    }),
    check(vat::CANARY.breakdown, |cx, e| island(cx, e, "L", false)),
    check(vat::CANARY.parties[0], |cx, _| {
        needed(line_uses(cx, "L")?, registered(cx))
    }),
    check(vat::CANARY.parties[1], |cx, _| {
        needed(item_uses(cx, "L", false)?, registered(cx))
    }),
    // The official rule does without white space around the code here.
    check(vat::CANARY.parties[2], |cx, _| {
        needed(
            item_uses(cx, "L", true)? && raw_charge(cx, "L")?,
            registered(cx),
        )
    }),
    check(vat::CEUTA.breakdown, |cx, e| island(cx, e, "M", true)),
    check(vat::CEUTA.parties[0], |cx, _| {
        needed(line_uses(cx, "M")?, registered(cx))
    }),
    check(vat::CEUTA.parties[1], |cx, _| {
        needed(item_uses(cx, "M", false)?, registered(cx))
    }),
    check(vat::CEUTA.parties[2], |cx, _| {
        needed(item_uses(cx, "M", true)?, registered(cx))
    }),
    check(vat::OUTSIDE.breakdown, |cx, e| one_line(cx, e, "O")),
    check(vat::OUTSIDE.parties[0], |cx, _| {
        needed(line_uses(cx, "O")?, no_vat(cx))
    }),
    check(vat::OUTSIDE.parties[1], |cx, e| {
        needed(invoice_items(e, "O", false)?, no_vat(cx))
    }),
    check(vat::OUTSIDE.parties[2], |cx, e| {
        needed(invoice_items(e, "O", true)?, no_vat(cx))
    }),
    check(vat::BR_O_11, |_, e| only_outside(e, e.path(BREAKDOWN))),
    check(vat::BR_O_12, |cx, e| {
        only_outside(e, cx.named(ClassifiedTaxCategory).iter().copied())
    }),
    check(vat::BR_O_13, |cx, e| {
        only_outside(e, item_categories(cx, false)?.into_iter())
    }),
    check(vat::BR_O_14, |cx, e| {
        only_outside(e, item_categories(cx, true)?.into_iter())
    }),
    check(vat::STANDARD.breakdown, |cx, e| {
        let mut uses = 0;
        let items = cx
            .named(TaxCategory)
            .iter()
            .filter(|c| under(**c, &[AllowanceCharge]));
        for category in items.chain(cx.named(ClassifiedTaxCategory)) {
            uses += usize::from(is_category(*category, "S")?);
        }
        let mut lines = 0;
        for category in e.path(BREAKDOWN) {
            lines += usize::from(is_category(category, "S")?);
        }
        holds_or((uses > 0) == (lines > 0), || {
            [uses.to_string(), lines.to_string()]
        })
    }),
    check(vat::STANDARD.parties[0], |cx, _| {
        let mut any = false;
        for category in cx.named(ClassifiedTaxCategory) {
            any |= is_category(*category, "S")?;
        }
        holds(!any || (line_uses(cx, "S")? && registered(cx)))
    }),
    check(vat::STANDARD.parties[1], |cx, _| {
        needed(item_uses(cx, "S", false)?, registered(cx))
    }),
    check(vat::STANDARD.parties[2], |cx, _| {
        needed(item_uses(cx, "S", true)?, registered(cx))
    }),
    check(vat::ZERO.breakdown, |cx, e| one_line(cx, e, "Z")),
    check(vat::ZERO.parties[0], |cx, _| {
        needed(line_uses(cx, "Z")?, registered(cx))
    }),
    check(vat::ZERO.parties[1], |cx, _| {
        needed(item_uses(cx, "Z", false)?, registered(cx))
    }),
    check(vat::ZERO.parties[2], |cx, _| {
        needed(item_uses(cx, "Z", true)?, registered(cx))
    }),
    check(vat::BR_B_01, |cx, _| {
        let split = [TaxCategory, ClassifiedTaxCategory]
            .iter()
            .any(|name| has_code(cx.named(*name), "B"));
        holds(
            !split
                || cx
                    .named(cbc::IdentificationCode)
                    .iter()
                    .all(|c| c.string() == "IT"),
        )
    }),
    check(vat::BR_B_02, |cx, e| {
        let used = |code: &str| {
            let mut header = e
                .path(BREAKDOWN)
                .chain(e.path(&[AllowanceCharge, TaxCategory]));
            header.any(|c| any_is(c, &[cbc::ID], code))
                || has_code(cx.named(ClassifiedTaxCategory), code)
        };
        holds(!used("B") || !used("S"))
    }),
];

fn has_code(categories: &[El<'_>], code: &str) -> bool {
    categories.iter().any(|c| any_is(*c, &[cbc::ID], code))
}

fn needed(used: bool, right: bool) -> Test {
    holds(!used || right)
}

fn registered(cx: &Cx<'_>) -> bool {
    cx.ubl().supplier || cx.ubl().representative_vat
}

fn supplier_vat(cx: &Cx<'_>) -> bool {
    cx.ubl().supplier_vat || cx.ubl().representative_vat
}

fn both_identified(cx: &Cx<'_>) -> bool {
    registered(cx) && (cx.ubl().customer_vat || cx.ubl().customer_legal)
}

fn both_vat(cx: &Cx<'_>) -> bool {
    supplier_vat(cx) && cx.ubl().customer_vat
}

fn no_vat(cx: &Cx<'_>) -> bool {
    !supplier_vat(cx) && !cx.ubl().customer_vat
}

fn is_vat_category(category: El<'_>, code: &str) -> Result<bool, Fault> {
    Ok(is_category(category, code)? && is_vat(category)?)
}

/// Whether a line has the category.
fn line_uses(cx: &Cx<'_>, code: &str) -> Result<bool, Fault> {
    let mut used = false;
    for category in cx.named(ClassifiedTaxCategory) {
        used |= is_vat_category(*category, code)?;
    }
    Ok(used)
}

/// The categories of charges, or allowances, wherever they stand.
fn item_categories<'t>(cx: &Cx<'t>, charge: bool) -> Result<Vec<El<'t>>, Fault> {
    let mut categories = Vec::new();
    for item in cx.named(AllowanceCharge) {
        if any_boolean(item.all(cbc::ChargeIndicator), charge)? {
            categories.extend(item.all(TaxCategory));
        }
    }
    Ok(categories)
}

fn item_uses(cx: &Cx<'_>, code: &str, charge: bool) -> Result<bool, Fault> {
    let mut used = false;
    for category in item_categories(cx, charge)? {
        used |= is_vat_category(category, code)?;
    }
    Ok(used)
}

fn raw_charge(cx: &Cx<'_>, code: &str) -> Result<bool, Fault> {
    let mut used = false;
    for category in item_categories(cx, true)? {
        used |= any_is(category, &[cbc::ID], code) && is_vat(category)?;
    }
    Ok(used)
}

/// The same for the whole invoice alone.
fn invoice_items(invoice: El<'_>, code: &str, charge: bool) -> Result<bool, Fault> {
    let mut used = false;
    for item in invoice.all(AllowanceCharge) {
        if any_boolean(item.all(cbc::ChargeIndicator), charge)? {
            for category in item.all(TaxCategory) {
                used |= is_vat_category(category, code)?;
            }
        }
    }
    Ok(used)
}

/// How many lines of the breakdown have the category.
fn breakdown_lines(invoice: El<'_>, code: &str) -> Result<usize, Fault> {
    let mut lines = 0;
    for category in invoice.path(BREAKDOWN) {
        if is_vat(category)? {
            lines += category
                .all(cbc::ID)
                .filter(|i| i.normalized() == code)
                .count();
        }
    }
    Ok(lines)
}

/// BR-xx-01: exactly one line of the breakdown if the category is in use.
fn one_line(cx: &Cx<'_>, invoice: El<'_>, code: &str) -> Test {
    let mut uses = 0;
    for category in cx
        .named(TaxCategory)
        .iter()
        .chain(cx.named(ClassifiedTaxCategory))
    {
        let coded = category.all(cbc::ID).any(|i| i.normalized() == code);
        uses += usize::from(coded && is_vat(*category)?);
    }
    let lines = breakdown_lines(invoice, code)?;
    holds_or(uses == 0 || lines == 1, || {
        [uses.saturating_sub(lines).to_string(), lines.to_string()]
    })
}

/// BR-AF-01 and BR-AG-01. That the breakdown has the category is asked without white space around the code, and once without the scheme.
fn island(cx: &Cx<'_>, invoice: El<'_>, code: &str, of_vat: bool) -> Test {
    let mut uses = 0;
    let items = cx
        .named(TaxCategory)
        .iter()
        .filter(|c| under(**c, &[AllowanceCharge]));
    for category in items.chain(cx.named(ClassifiedTaxCategory)) {
        uses += usize::from(is_vat_category(*category, code)?);
    }
    let (mut stated, mut lines) = (0, 0);
    for category in invoice.path(BREAKDOWN) {
        stated += usize::from(any_is(category, &[cbc::ID], code) && (!of_vat || is_vat(category)?));
        lines += usize::from(is_vat_category(category, code)?);
    }
    let right = if uses > 0 { stated > 0 } else { lines == 0 };
    holds_or(right, || [uses.to_string(), lines.to_string()])
}

/// BR-O-11 to BR-O-14: none of the categories is another than O, if the breakdown has O.
fn only_outside<'t>(invoice: El<'t>, categories: impl Iterator<Item = El<'t>>) -> Test {
    if breakdown_lines(invoice, "O")? == 0 {
        return holds(true);
    }
    for category in categories {
        if !is_category(category, "O")? && is_vat(category)? {
            return holds(false);
        }
    }
    holds(true)
}

/// For each currency of the invoice: one VAT total in it, and BT-112 = BT-109 + BT-110.
fn grand_total(_: &Cx<'_>, invoice: El<'_>) -> Test {
    const TOTAL: ElementName = LegalMonetaryTotal;
    for currency in invoice.all(cbc::DocumentCurrencyCode) {
        let currency = currency.string();
        let mut taxes = Vec::new();
        for total in invoice.all(TaxTotal) {
            let ours = total
                .all(cbc::TaxAmount)
                .filter(|a| a.attr("currencyID").is_some_and(|c| currency == c));
            taxes.extend(at_most_one(ours)?);
        }
        let mut totals = Vec::new();
        let mut nets = Vec::new();
        for total in invoice.all(TOTAL) {
            totals.extend(decimal_at(total, &[cbc::TaxInclusiveAmount])?);
            nets.extend(decimal_at(total, &[cbc::TaxExclusiveAmount])?);
        }
        let right = match (taxes.as_slice(), nets.as_slice()) {
            ([tax], [net]) => {
                let expected: Decimal = (net + &decimal(*tax)?).round(2);
                totals.contains(&expected)
            }
            _ => false,
        };
        if !right {
            let total = |name| {
                invoice
                    .path(&[LegalMonetaryTotal])
                    .find_map(|t| t.child(name))
            };
            return fires([
                shown(total(cbc::TaxInclusiveAmount)),
                shown(total(cbc::TaxExclusiveAmount)),
                shown(taxes.first().copied()),
            ]);
        }
    }
    holds(true)
}
