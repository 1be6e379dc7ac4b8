//! Amounts by VAT category, and by category and rate: added up once, whatever the number of lines and of lines of the breakdown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::xpath::Fault;
use crate::invoice::decimal::Decimal;

/// A sum that is wanted for a category, or for a category at a rate.
type Key<'t> = (Cow<'t, str>, Option<Decimal>);

#[derive(Default)]
pub(crate) struct Sums<'t> {
    sums: BTreeMap<Key<'t>, Result<Decimal, Fault>>,
    /// Categories with a rate that is no number, so that its rates cannot be told apart.
    vague: BTreeMap<Cow<'t, str>, Fault>,
}

impl<'t> Sums<'t> {
    /// Adds an amount that has these categories and rates, each with each.
    pub(crate) fn add(
        &mut self,
        mut codes: Vec<Cow<'t, str>>,
        rates: Result<Vec<Decimal>, Fault>,
        amount: Result<Decimal, Fault>,
    ) {
        codes.sort();
        codes.dedup();
        let (mut rates, fault) = match rates {
            Ok(rates) => (rates, None),
            Err(fault) => (Vec::new(), Some(fault)),
        };
        rates.sort();
        rates.dedup();
        for code in codes {
            if let Some(fault) = &fault {
                self.vague
                    .entry(code.clone())
                    .or_insert_with(|| fault.clone());
            }
            for rate in std::iter::once(None).chain(rates.iter().cloned().map(Some)) {
                let sum = self
                    .sums
                    .entry((code.clone(), rate))
                    .or_insert(Ok(Decimal::ZERO));
                *sum = sum.clone().and_then(|sum| Ok(sum + amount.clone()?));
            }
        }
    }

    pub(crate) fn get(&self, code: &str, rate: Option<&Decimal>) -> Result<Decimal, Fault> {
        if rate.is_some()
            && let Some(fault) = self.vague.get(code)
        {
            return Err(fault.clone());
        }
        let key = (Cow::Owned(code.to_owned()), rate.cloned());
        self.sums.get(&key).cloned().unwrap_or(Ok(Decimal::ZERO))
    }

    /// Whether something has category and rate.
    pub(crate) fn has(&self, code: &str, rate: &Decimal) -> Result<bool, Fault> {
        if let Some(fault) = self.vague.get(code) {
            return Err(fault.clone());
        }
        Ok(self
            .sums
            .contains_key(&(Cow::Owned(code.to_owned()), Some(rate.clone()))))
    }
}
