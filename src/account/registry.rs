//! The accounts of this process.

use super::{Account, Error, Result};
use crate::mail::AccountName;
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::watch;

/// A mail program that starts with the computer logs in before the first answer from the cloud is here;
/// most give up after 30 s or more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which account answers to which name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: watch::Sender<BTreeMap<AccountName, Entry>>,
}

#[derive(Debug, Clone)]
enum Entry {
    /// Configured; whether it can serve is not known yet.
    Opening,
    Open(Account),
    /// Why it cannot serve now, and what to do.
    Unavailable(String),
}

impl Registry {
    /// Adds or replaces an account; as it is served from now on. Accounts of the same mailbox state share turns and news.
    pub fn insert(&self, account: Account) -> Account {
        let mut account = account;
        self.entries.send_modify(|all| {
            let same = all.values().find_map(|entry| match entry {
                Entry::Open(other) if other.inner.store.is(&account.inner.store) => Some(other),
                _ => None,
            });
            if let Some(other) = same {
                account.share(other);
            }
            all.insert(account.name().clone(), Entry::Open(account.clone()));
        });
        account
    }

    /// The account is being opened: [`Registry::wait`] waits for what comes of it.
    pub fn set_opening(&self, name: AccountName) {
        self.set(name, Entry::Opening);
    }

    /// The account, or why it cannot serve now (not signed in: `Denied`, with what to do; still being
    /// opened: `Temporary`).
    pub fn get(&self, name: &AccountName) -> Result<Account> {
        match self.entries.borrow().get(name) {
            Some(Entry::Open(account)) => Ok(account.clone()),
            Some(Entry::Opening) => Err(Error::Opening),
            Some(Entry::Unavailable(reason)) => Err(Error::Unavailable(reason.clone())),
            None => Err(Error::Unavailable(format!(
                "account {name} is not configured"
            ))),
        }
    }

    /// As [`Registry::get`], but while the account is being opened it waits, 20 s at most. Cancel-safe.
    pub async fn wait(&self, name: &AccountName) -> Result<Account> {
        let mut entries = self.entries.subscribe();
        let settled = entries.wait_for(|all| !matches!(all.get(name), Some(Entry::Opening)));
        // Out of patience is no error of its own: `get` then says that it is still opening.
        let _ = tokio::time::timeout(PATIENCE, settled).await;
        self.get(name)
    }

    /// Says why an account cannot serve: configured, but not signed in or mis-signed.
    pub fn set_unavailable(&self, name: AccountName, reason: String) {
        self.set(name, Entry::Unavailable(reason));
    }

    fn set(&self, name: AccountName, entry: Entry) {
        self.entries.send_modify(|all| {
            all.insert(name, entry);
        });
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

    #[tokio::test(start_paused = true)]
    async fn who_comes_early_waits_for_what_comes_of_it() {
        let registry = Registry::default();
        let anna = AccountName::new("anna");
        registry.set_opening(anna.clone());
        assert!(registry.get(&anna).unwrap_err().class().is_temporary());
        let waiting = registry.wait(&anna);
        let opening = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            registry.set_unavailable(anna.clone(), "not signed in".to_owned());
        };
        let (found, ()) = tokio::join!(waiting, opening);
        assert_eq!(found.unwrap_err().class(), ErrorClass::Denied);

        registry.set_opening(anna.clone());
        let begun = tokio::time::Instant::now();
        let found = registry.wait(&anna).await;
        assert!(found.unwrap_err().class().is_temporary());
        assert_eq!(begun.elapsed(), PATIENCE);
    }
}
