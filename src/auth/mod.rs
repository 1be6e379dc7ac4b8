//! Local credentials: who may log in here, with what rights. Knows nothing of tokens.

use crate::{
    mail::{AccountName, Secret},
    store::Store,
};
use std::{net::IpAddr, time::Duration};

/// Rights of a credential, as a bit set.
pub mod rights {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const SEND: u32 = 4;
    pub const INVOICE: u32 = 8;
    pub const ADMIN: u32 = 16;
}

/// Who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub name: String,
    /// The account that the login name named.
    pub account: AccountName,
    pub rights: u32,
}

/// Login refused: answer after `delay`, which grows with each failure from that address or for that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub delay: Duration,
}

/// The credential table, and the throttle for guessers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator {}

impl Authenticator {
    /// `logins` maps each login name (account name, mailbox address; compared without regard to
    /// case) to its account. `key` keys the hashes.
    pub async fn open(
        _store: Store,
        _key: Secret<[u8; 32]>,
        _logins: Vec<(String, AccountName)>,
    ) -> Result<Self, crate::store::Error> {
        todo!()
    }
    /// Checks a password in constant time; touches neither disk nor tokens.
    pub async fn login(
        &self,
        _user: &str,
        _password: &Secret<String>,
        _peer: IpAddr,
    ) -> Result<Principal, Denied> {
        todo!()
    }
    /// Makes an app password (128 bits or more), stores its keyed hash, and returns it: shown once.
    pub async fn add_password(
        &self,
        _account: &AccountName,
        _label: &str,
    ) -> Result<Secret<String>, crate::store::Error> {
        todo!()
    }
}
