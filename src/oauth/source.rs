//! Access tokens for one account.

use super::{Result, vault::Vault};
use crate::{
    config,
    mail::{AccountName, Secret},
};
use std::sync::Arc;

/// One for each account, shared by all who call Graph for it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenSource {}

/// Who a token speaks for, from the id_token (Entra: id token claims): the account's pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub tenant_id: String,
    pub object_id: String,
    /// For messages only, never for comparing.
    pub username: Option<String>,
}

impl TokenSource {
    pub fn new(
        _account: &config::Account,
        _http: reqwest::Client,
        _vault: Arc<Vault>,
    ) -> Result<Self> {
        todo!()
    }
    pub fn account(&self) -> &AccountName {
        todo!()
    }
    /// A token that is good for a minute at least; refreshes if needed, one at a time.
    pub async fn access_token(&self) -> Result<Secret<String>> {
        todo!()
    }
    /// Graph answered 401 to `token`: refreshes unless someone did so meanwhile. `claims` is the
    /// challenge of a CAE 401, passed on to the token endpoint.
    pub async fn renew(
        &self,
        _token: &Secret<String>,
        _claims: Option<&str>,
    ) -> Result<Secret<String>> {
        todo!()
    }
    /// Whether a refresh token is stored, and since when (Unix seconds) it works or has failed.
    pub async fn is_signed_in(&self) -> bool {
        todo!()
    }
}
