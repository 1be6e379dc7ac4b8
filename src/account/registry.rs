//! The accounts of this process.

use super::{Account, Error, Result};
use crate::mail::AccountName;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Which account answers to which name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: Arc<RwLock<BTreeMap<AccountName, Entry>>>,
}

#[derive(Debug, Clone)]
enum Entry {
    Open(Account),
    /// Why it cannot serve now, and what to do.
    Unavailable(String),
}

impl Registry {
    /// Adds or replaces an account.
    pub fn insert(&self, account: Account) {
        self.set(account.name().clone(), Entry::Open(account));
    }

    /// The account, or why it cannot serve now (not signed in: `Denied`, with what to do).
    pub fn get(&self, name: &AccountName) -> Result<Account> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        match entries.get(name) {
            Some(Entry::Open(account)) => Ok(account.clone()),
            Some(Entry::Unavailable(reason)) => Err(Error::Unavailable(reason.clone())),
            None => Err(Error::Unavailable(format!(
                "account {name} is not configured"
            ))),
        }
    }

    /// Says why an account cannot serve: configured, but not signed in or mis-signed.
    pub fn set_unavailable(&self, name: AccountName, reason: String) {
        self.set(name, Entry::Unavailable(reason));
    }

    fn set(&self, name: AccountName, entry: Entry) {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::ErrorClass;

    #[test]
    fn an_account_that_cannot_serve_says_why() {
        let registry = Registry::default();
        let anna = AccountName::new("anna");
        assert_eq!(registry.get(&anna).unwrap_err().class(), ErrorClass::Denied);
        registry.set_unavailable(anna.clone(), "not signed in: run account login".to_owned());
        let error = registry.get(&anna).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Denied);
        assert!(error.to_string().contains("account login"));
    }
}
