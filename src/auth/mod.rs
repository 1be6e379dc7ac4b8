//! Local credentials: who may log in here, with what rights. Knows nothing of tokens.
//!
//! Secrets are generated (140 bits), so a keyed SHA-256 keeps them: a slow hash at each login would be a
//! denial of service. A login compares with every credential in constant time, whoever asks
//! and whether the name exists or not; nothing of it touches the disk.

mod network;
mod password;
mod throttle;

use crate::{
    mail::{AccountName, Secret},
    store::{Error, Store, accounts::Credential},
};
use ring::hmac;
use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use subtle::{Choice, ConstantTimeEq};
use throttle::Throttle;

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

/// An app password as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordInfo {
    pub id: i64,
    /// What the user called it.
    pub label: String,
    /// Unix seconds.
    pub created: i64,
}

/// The credential table, and the throttle for guessers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    key: AccountKey,
    /// Lower-case login name to account.
    logins: HashMap<String, AccountName>,
    /// As the store has them.
    credentials: RwLock<Vec<Credential>>,
    throttle: Mutex<Throttle>,
}

/// Keys the hashes.
struct AccountKey(hmac::Key);

impl AccountKey {
    fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Authenticator {
    /// `logins` maps each login name (account name, mailbox address; compared without regard to
    /// case) to its account. `key` keys the hashes.
    pub async fn open(
        store: Store,
        key: Secret<[u8; 32]>,
        logins: Vec<(String, AccountName)>,
    ) -> Result<Self, Error> {
        let logins = logins
            .into_iter()
            .map(|(name, account)| (fold(&name), account));
        let credentials = store.credentials().await?;
        Ok(Self(Arc::new(Shared {
            store,
            key: AccountKey::new(&key),
            logins: logins.collect(),
            credentials: RwLock::new(credentials),
            throttle: Mutex::default(),
        })))
    }

    /// Checks a password in constant time; touches neither disk nor tokens. Never waits itself:
    /// whoever is denied waits [`Denied::delay`] before the answer.
    pub async fn login(
        &self,
        user: &str,
        password: &Secret<String>,
        peer: IpAddr,
    ) -> Result<Principal, Denied> {
        let shared = &self.0;
        let account = shared.logins.get(&fold(user));
        let hash = password::hash(&shared.key, password);
        match shared.find(account, &hash, peer) {
            Some(principal) => Ok(principal),
            None => {
                let mut throttle = shared
                    .throttle
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let delay = throttle.failure(Instant::now(), peer, user);
                Err(Denied { delay })
            }
        }
    }

    /// Makes an app password (128 bits or more), stores its keyed hash, and returns it: shown once.
    /// It may read, write and send.
    pub async fn add_password(
        &self,
        account: &AccountName,
        label: &str,
    ) -> Result<Secret<String>, Error> {
        let password = password::generate()?;
        let credential = Credential {
            id: 0,
            principal: account.to_string(),
            accounts: vec![account.clone()],
            rights: rights::READ | rights::WRITE | rights::SEND,
            hash: password::hash(&self.0.key, &password),
            label: label.to_owned(),
            networks: Vec::new(),
            created: unix_now(),
            expires: None,
        };
        self.0.store.add_credential(credential).await?;
        self.refresh().await?;
        Ok(password)
    }

    /// The app passwords of an account, oldest first.
    pub fn passwords(&self, account: &AccountName) -> Vec<PasswordInfo> {
        let known = self.0.credentials.read();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let own = known.iter().filter(|c| c.principal == account.as_str());
        own.map(|c| PasswordInfo {
            id: c.id,
            label: c.label.clone(),
            created: c.created,
        })
        .collect()
    }

    /// Takes an app password away; logins with it fail from now on. Whether there was one.
    pub async fn remove_password(&self, id: i64) -> Result<bool, Error> {
        let removed = self.0.store.remove_credential(id).await?;
        self.refresh().await?;
        Ok(removed)
    }

    /// Reads the table again, after someone else changed it.
    pub async fn refresh(&self) -> Result<(), Error> {
        let credentials = self.0.store.credentials().await?;
        let mut known = self
            .0
            .credentials
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = credentials;
        Ok(())
    }
}

impl Shared {
    /// Looks at every credential, so that the time taken tells neither which one fits nor whether
    /// the name exists.
    fn find(
        &self,
        account: Option<&AccountName>,
        hash: &[u8; 32],
        peer: IpAddr,
    ) -> Option<Principal> {
        let now = unix_now();
        let known = self
            .credentials
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for (i, credential) in known.iter().enumerate() {
            let opens = account.is_some_and(|account| credential.accounts.contains(account));
            let usable = opens && usable(credential, peer, now);
            let fits = credential.hash.ct_eq(hash) & Choice::from(u8::from(usable));
            if bool::from(fits) {
                found = Some(i);
            }
        }
        let credential = known.get(found?)?;
        Some(Principal {
            name: credential.principal.clone(),
            account: account?.clone(),
            rights: credential.rights,
        })
    }
}

fn usable(credential: &Credential, peer: IpAddr, now: i64) -> bool {
    let networks = &credential.networks;
    let from = networks.is_empty() || networks.iter().any(|n| network::holds(n, peer));
    from && credential.expires.is_none_or(|end| now < end)
}

fn fold(login: &str) -> String {
    login.to_lowercase()
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |t| i64::try_from(t.as_secs()).unwrap_or(i64::MAX))
}
