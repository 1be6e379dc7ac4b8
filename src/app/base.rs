//! The opened data folder and all that is built on it, but for listeners: what a server and a
//! single command have in common.

use super::{
    Error, Result,
    owner::Owner,
    seat::{Limiters, Seat},
};
use crate::{
    auth::Authenticator, config::Config, mail::AccountName, oauth::vault::Vault, store::Store,
};
use std::{path::Path, sync::Arc};

/// Everything that outlives a request. One for each data folder and process.
#[derive(Debug)]
pub struct Base {
    pub(super) config: Config,
    pub(super) vault: Arc<Vault>,
    pub(super) store: Store,
    pub(super) auth: Authenticator,
    pub(super) seats: Vec<Arc<Seat>>,
    owner: Owner,
}

impl Base {
    /// Takes the data folder and opens it. [`Error::Owned`] when another process has it.
    pub async fn open(config: Config) -> Result<Self> {
        let owner = Owner::take(&config.data_dir)?;
        Self::open_owned(config, owner).await
    }

    pub(super) async fn open_owned(config: Config, owner: Owner) -> Result<Self> {
        let vault = Arc::new(Vault::open(&config.data_dir)?);
        let store = Store::open(&config.data_dir, vault.subkey("message bytes")).await?;
        let logins = config.accounts.iter().flat_map(|account| {
            let names = [account.name.as_str().to_owned(), account.mailbox.clone()];
            names.map(|login| (login, account.name.clone()))
        });
        let key = vault.subkey("app passwords");
        let auth = Authenticator::open(store.clone(), key, logins.collect()).await?;
        let mut limiters = Limiters::default();
        let seats = config.accounts.iter();
        let seats = seats.map(|account| Arc::new(Seat::new(account, &vault, &mut limiters)));
        Ok(Self {
            seats: seats.collect(),
            config,
            vault,
            store,
            auth,
            owner,
        })
    }

    /// An account of the config file.
    pub(super) fn seat(&self, name: &str) -> Result<&Arc<Seat>> {
        let found = self.seats.iter().find(|seat| seat.name().as_str() == name);
        found.ok_or_else(|| {
            let known = self.seats.iter().map(|seat| seat.name().as_str());
            Error::NoAccount {
                name: name.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            }
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &AccountName> {
        self.seats.iter().map(|seat| seat.name())
    }

    pub(super) fn socket(&self) -> &Path {
        self.owner.socket()
    }

    /// Closes the store; the lock goes with `self`.
    pub async fn close(&self) -> Result<()> {
        Ok(self.store.close().await?)
    }
}
