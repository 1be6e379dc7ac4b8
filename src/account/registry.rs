//! The accounts of this process.

use super::{Account, Result};
use crate::mail::AccountName;

/// Which account answers to which name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Registry {}

impl Registry {
    /// Adds or replaces an account.
    pub fn insert(&self, _account: Account) {
        todo!()
    }
    /// The account, or why it cannot serve now (not signed in: `Denied`, with what to do).
    pub fn get(&self, _name: &AccountName) -> Result<Account> {
        todo!()
    }
    /// Says why an account cannot serve: configured, but not signed in or mis-signed.
    pub fn set_unavailable(&self, _name: AccountName, _reason: String) {
        todo!()
    }
}
