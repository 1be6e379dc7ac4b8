//! UBL: lines, items, periods (BR-21 to BR-30, BR-54, BR-64, BR-65, BR-CO-04, BR-CO-19, BR-CO-20, BR-CL-08 of notes).

use std::cmp::Ordering;

use super::facts::is_vat;
use crate::invoice::codes::note;
use crate::invoice::names::cac::*;
use crate::invoice::names::{cbc, cn, ubl};
use crate::invoice::rules::engine::{Check, Context, Names, any, check, when};
use crate::invoice::rules::text::codes::BR_CL_08;
use crate::invoice::rules::text::decimals::BR_DEC_23;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const LINE: Context = Context {
    names: Names::Of(&[InvoiceLine, CreditNoteLine]),
    when: |_, _| Ok(true),
    checks: CHECKS,
    rows: &[],
};

const PRICE: Steps = &[Price, cbc::PriceAmount];
const GROSS_PRICE: Steps = &[Price, AllowanceCharge, cbc::BaseAmount];

/// The number of a line (BT-126), for messages.
pub(crate) fn number(line: El<'_>) -> String {
    shown(line.child(cbc::ID))
}

fn quantities<'t>(line: El<'t>) -> impl Iterator<Item = El<'t>> {
    line.children()
        .filter(|c| c.is(cbc::InvoicedQuantity) || c.is(cbc::CreditedQuantity))
}

const CHECKS: &[Check] = &[
    check(BR_21, |_, l| filled(l, &[cbc::ID])),
    check(BR_22, |_, l| {
        holds_or(quantities(l).next().is_some(), || [number(l)])
    }),
    check(BR_23, |_, l| {
        holds_or(quantities(l).any(|q| q.attr("unitCode").is_some()), || {
            [number(l)]
        })
    }),
    check(BR_24, |_, l| {
        holds_or(l.has(cbc::LineExtensionAmount), || [number(l)])
    }),
    check(BR_25, |_, l| {
        let name = one(l, &[Item, cbc::Name])?;
        holds_or(name.is_some_and(|n| !is_blank(n)), || [number(l)])
    }),
    check(BR_26, |_, l| holds_or(exists(l, PRICE), || [number(l)])),
    check(BR_27, |_, l| {
        let positive = any_number(l.path(PRICE), ZERO, Ordering::is_ge)?;
        holds_or(positive, || [number(l), shown(l.first(PRICE))])
    }),
    check(BR_28, |_, l| {
        let positive = any_number(l.path(GROSS_PRICE), ZERO, Ordering::is_ge)?;
        holds_or(positive || !exists(l, GROSS_PRICE), || {
            [number(l), shown(l.first(GROSS_PRICE))]
        })
    }),
    check(BR_CO_04, |_, l| {
        let mut category = false;
        for tax in l.path(&[Item, ClassifiedTaxCategory]) {
            category |= is_vat(tax)? && tax.has(cbc::ID);
        }
        holds_or(category, || [number(l)])
    }),
    check(BR_DEC_23, |_, l| {
        two_decimals(l, &[cbc::LineExtensionAmount])
    }),
];

fn of_line(el: El<'_>) -> bool {
    under(el, &[InvoiceLine]) || under(el, &[CreditNoteLine])
}

pub(crate) const LINE_PERIOD: Context = when(
    InvoicePeriod,
    |_, p| Ok(of_line(p)),
    &[
        check(BR_30, |_, p| period(p)),
        check(BR_CO_20, |_, p| {
            holds(p.has(cbc::StartDate) || p.has(cbc::EndDate))
        }),
    ],
);

pub(crate) const INVOICE_PERIOD: Context = any(
    InvoicePeriod,
    &[
        check(BR_29, |_, p| period(p)),
        check(BR_CO_19, |_, p| {
            holds(p.has(cbc::StartDate) || p.has(cbc::EndDate) || p.has(cbc::DescriptionCode))
        }),
    ],
);

fn period(period: El<'_>) -> Test {
    let (Some(start), Some(end)) = (
        one(period, &[cbc::StartDate])?,
        one(period, &[cbc::EndDate])?,
    ) else {
        return holds(true);
    };
    holds_or(date(end)? >= date(start)?, || {
        [shown(Some(start)), shown(Some(end))]
    })
}

pub(crate) const PROPERTY: Context = any(
    AdditionalItemProperty,
    &[check(BR_54, |_, p| {
        holds(p.has(cbc::Name) && p.has(cbc::Value))
    })],
);

fn of_item(el: El<'_>, parent: crate::invoice::names::Name) -> bool {
    let item = el
        .parent()
        .filter(|p| p.is(parent))
        .and_then(El::parent)
        .filter(|i| i.is(Item));
    item.is_some_and(of_line)
}

pub(crate) const CLASSIFICATION: Context = when(
    cbc::ItemClassificationCode,
    |_, c| Ok(of_item(c, CommodityClassification)),
    &[check(BR_65, |_, c| holds(c.attr("listID").is_some()))],
);

pub(crate) const ITEM_NUMBER: Context = when(
    cbc::ID,
    |_, i| Ok(of_item(i, StandardItemIdentification)),
    &[check(BR_64, |_, i| holds(i.attr("schemeID").is_some()))],
);

/// BT-21 in UBL is `#CODE#` before the text. The official rule looks for three characters in the list as a text, spaces and all.
pub(crate) const NOTE: Context = when(
    cbc::Note,
    |_, n| {
        Ok(n.parent()
            .is_some_and(|p| (p.is(ubl::Invoice) || p.is(cn::CreditNote)) && p.parent().is_none()))
    },
    &[check(BR_CL_08, |_, n| {
        let text = n.string();
        let subject = text
            .split_once('#')
            .and_then(|(_, after)| after.split_once('#'))
            .map_or("", |(subject, _)| subject);
        let right = subject.chars().count() != 3 || listed(note::SUBJECTS_UBL, subject);
        holds_or(right, || [subject.to_owned()])
    })],
);
