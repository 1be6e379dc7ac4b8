//! Cross Industry Invoice: payment means, allowances and charges (BR-31 to BR-51, BR-61, BR-CO-21 to BR-CO-24, their BR-DEC).

use crate::invoice::names::ram::*;
use crate::invoice::names::udt;
use crate::invoice::rules::engine::{Context, any, check, when};
use crate::invoice::rules::text::decimals::*;
use crate::invoice::rules::text::document::*;
use crate::invoice::rules::text::totals::*;
use crate::invoice::rules::xpath::*;
use crate::invoice::tree::El;

pub(crate) const CARD: Context = any(
    ApplicableTradeSettlementFinancialCard,
    &[check(BR_51, |_, c| {
        let length = normalized(c, &[ID])?.chars().count();
        holds_or(length <= 10, || [length.to_string()])
    })],
);

pub(crate) const TRANSFER_ACCOUNT: Context = when(
    PayeePartyCreditorFinancialAccount,
    |_, a| {
        let means = a
            .parent()
            .filter(|p| p.is(SpecifiedTradeSettlementPaymentMeans));
        Ok(means.is_some_and(|m| any_is(m, &[TypeCode], "30") || any_is(m, &[TypeCode], "58")))
    },
    &[
        check(BR_50, |_, a| {
            let iban = !blank(&normalized(a, &[IBANID])?);
            holds(iban || !blank(&normalized(a, &[ProprietaryID])?))
        }),
        check(BR_61, |_, a| {
            let code = || shown(a.parent().and_then(|m| m.child(TypeCode)));
            holds_or(a.has(IBANID) || a.has(ProprietaryID), || [code()])
        }),
    ],
);

pub(crate) const PAYMENT_MEANS: Context = any(
    SpecifiedTradeSettlementPaymentMeans,
    &[check(BR_49, |_, m| holds(m.has(TypeCode)))],
);

/// The context of the official rules is the indicator of an allowance or charge.
fn indicates(indicator: El<'_>, settlement: Steps, value: &str) -> bool {
    under(indicator, settlement) && any_is(indicator, &[udt::Indicator], value)
}

fn item<'t>(indicator: El<'t>) -> El<'t> {
    indicator.parent().unwrap_or(indicator)
}

fn has_reason(item: El<'_>) -> Test {
    holds(item.has(Reason) || item.has(ReasonCode))
}

/// `../CategoryTradeTax[upper-case(TypeCode) = 'VAT']/CategoryCode`
fn has_category(item: El<'_>) -> Test {
    let mut category = false;
    for tax in item.all(CategoryTradeTax) {
        category |= super::is_vat(tax)? && tax.has(CategoryCode);
    }
    holds(category)
}

/// The first amount has two decimals at most.
fn amount_decimals(item: El<'_>) -> Test {
    let value = item.child(ActualAmount).map(El::string).unwrap_or_default();
    let after = value
        .split_once('.')
        .map_or(0, |(_, after)| after.chars().count());
    holds_or(after <= 2, || [value.into_owned()])
}

const HEADER: Steps = &[
    ApplicableHeaderTradeSettlement,
    SpecifiedTradeAllowanceCharge,
];
const LINE: Steps = &[SpecifiedLineTradeSettlement, SpecifiedTradeAllowanceCharge];

pub(crate) const ALLOWANCE: Context = when(
    ChargeIndicator,
    |_, i| Ok(indicates(i, HEADER, "false")),
    &[
        check(BR_31, |_, i| holds(item(i).has(ActualAmount))),
        check(BR_32, |_, i| has_category(item(i))),
        check(BR_33, |_, i| has_reason(item(i))),
        check(BR_CO_21, |_, i| has_reason(item(i))),
        check(BR_DEC_01, |_, i| amount_decimals(item(i))),
        check(BR_DEC_02, |_, i| two_decimals(item(i), &[BasisAmount])),
    ],
);

pub(crate) const CHARGE: Context = when(
    ChargeIndicator,
    |_, i| Ok(indicates(i, HEADER, "true")),
    &[
        check(BR_36, |_, i| holds(item(i).has(ActualAmount))),
        check(BR_37, |_, i| has_category(item(i))),
        check(BR_38, |_, i| has_reason(item(i))),
        check(BR_CO_22, |_, i| has_reason(item(i))),
        check(BR_DEC_05, |_, i| amount_decimals(item(i))),
        check(BR_DEC_06, |_, i| two_decimals(item(i), &[BasisAmount])),
    ],
);

pub(crate) const LINE_ALLOWANCE: Context = when(
    ChargeIndicator,
    |_, i| Ok(indicates(i, LINE, "false")),
    &[
        check(BR_41, |_, i| holds(item(i).has(ActualAmount))),
        check(BR_42, |_, i| has_reason(item(i))),
        check(BR_CO_23, |_, i| has_reason(item(i))),
        check(BR_DEC_24, |_, i| amount_decimals(item(i))),
        check(BR_DEC_25, |_, i| two_decimals(item(i), &[BasisAmount])),
    ],
);

pub(crate) const LINE_CHARGE: Context = when(
    ChargeIndicator,
    |_, i| Ok(indicates(i, LINE, "true")),
    &[
        check(BR_43, |_, i| holds(item(i).has(ActualAmount))),
        check(BR_44, |_, i| has_reason(item(i))),
        check(BR_CO_24, |_, i| has_reason(item(i))),
        check(BR_DEC_27, |_, i| amount_decimals(item(i))),
        check(BR_DEC_28, |_, i| two_decimals(item(i), &[BasisAmount])),
    ],
);
