//! Who may log in here, and which mailbox state belongs to whom (in `spool.db`).

use super::{Result, Store};
use crate::mail::AccountName;

/// A row of the one local credential table. The secret itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub id: i64,
    /// Who logs in with it; for an app password the account's name.
    pub principal: String,
    /// The accounts that it opens.
    pub accounts: Vec<AccountName>,
    /// `read`, `write`, `send`, `invoice`, `admin`, as a bit set defined in `auth`.
    pub rights: u32,
    /// Keyed SHA-256 (HMAC) of the secret.
    pub hash: [u8; 32],
    /// What the user called it.
    pub label: String,
    /// CIDR networks that may use it; empty: any.
    pub networks: Vec<String>,
    /// Unix seconds.
    pub created: i64,
    pub expires: Option<i64>,
}

/// Who a mailbox state belongs to: rows are never bound to an address, which can be reassigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub account: AccountName,
    pub tenant_id: String,
    pub object_id: String,
    /// The id of the mailbox's `msgfolderroot`, once known.
    pub root: Option<String>,
    /// Folder name under `mailboxes/`: same (tid, oid, root), same state.
    pub state: Option<String>,
}

impl Store {
    pub async fn credentials(&self) -> Result<Vec<Credential>> {
        todo!()
    }
    /// `credential.id` is ignored; returns the new one. Durable when it returns.
    pub async fn add_credential(&self, _credential: Credential) -> Result<i64> {
        todo!()
    }
    pub async fn remove_credential(&self, _id: i64) -> Result<bool> {
        todo!()
    }
    pub async fn pin(&self, _account: &AccountName) -> Result<Option<Pin>> {
        todo!()
    }
    /// First sign-in: pins tenant and object id. Replaces an earlier pin of that account only when
    /// told to (a new sign-in that the user asked for).
    pub async fn set_pin(
        &self,
        _account: &AccountName,
        _tenant_id: &str,
        _object_id: &str,
    ) -> Result<()> {
        todo!()
    }
    /// Binds the account to the mailbox whose root folder has this id: returns the name of the state
    /// folder, an existing one if (tid, oid, root) is known already, else a new one.
    pub async fn bind_root(&self, _account: &AccountName, _root: &str) -> Result<String> {
        todo!()
    }
}
