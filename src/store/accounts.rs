//! Who may log in here, and which mailbox state belongs to whom (in `spool.db`).

use super::{Result, Store, error::Error};
use crate::mail::AccountName;
use rusqlite::{OptionalExtension, Row, Transaction, params};

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
        self.spool()
            .read(|conn| {
                let mut query = conn.prepare_cached(
                    "SELECT id, principal, accounts, rights, hash, label, networks, created, expires
                     FROM credentials ORDER BY id",
                )?;
                let rows = query.query_map([], credential)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// `credential.id` is ignored; returns the new one. Durable when it returns.
    pub async fn add_credential(&self, credential: Credential) -> Result<i64> {
        self.spool()
            .write(move |tx| {
                let names: Vec<_> = credential
                    .accounts
                    .iter()
                    .map(AccountName::as_str)
                    .collect();
                tx.execute(
                    "INSERT INTO credentials
                     (principal, accounts, rights, hash, label, networks, created, expires)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![
                        credential.principal,
                        serde_json::json!(names).to_string(),
                        credential.rights,
                        credential.hash,
                        credential.label,
                        serde_json::json!(credential.networks).to_string(),
                        credential.created,
                        credential.expires,
                    ],
                )?;
                Ok(tx.last_insert_rowid())
            })
            .await
    }

    /// Whether there was one. Durable when it returns.
    pub async fn remove_credential(&self, id: i64) -> Result<bool> {
        self.spool()
            .write(move |tx| Ok(tx.execute("DELETE FROM credentials WHERE id = ?1", [id])? > 0))
            .await
    }

    pub async fn pin(&self, account: &AccountName) -> Result<Option<Pin>> {
        let account = account.clone();
        self.spool()
            .read(move |conn| {
                let mut query = conn.prepare_cached(
                    "SELECT tenant_id, object_id, root, state FROM pins WHERE account = ?1",
                )?;
                let found = query.query_row([account.as_str()], |row| {
                    Ok(Pin {
                        account: account.clone(),
                        tenant_id: row.get(0)?,
                        object_id: row.get(1)?,
                        root: row.get(2)?,
                        state: row.get(3)?,
                    })
                });
                Ok(found.optional()?)
            })
            .await
    }

    /// Pins tenant and object id of who signed in. Replaces an earlier pin of that account: callers
    /// do that only for a sign-in that the user asked for. The same ids keep root and state,
    /// others forget them.
    pub async fn set_pin(
        &self,
        account: &AccountName,
        tenant_id: &str,
        object_id: &str,
    ) -> Result<()> {
        let values = [account.as_str(), tenant_id, object_id].map(str::to_owned);
        self.spool()
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO pins (account, tenant_id, object_id) VALUES (?1, ?2, ?3)
                     ON CONFLICT (account) DO UPDATE SET tenant_id = ?2, object_id = ?3,
                         root = NULL, state = NULL
                     WHERE tenant_id IS NOT ?2 OR object_id IS NOT ?3",
                    values,
                )?;
                Ok(())
            })
            .await
    }

    /// Binds the account to the mailbox whose root folder has this id: returns the name of the state
    /// folder, an existing one if (tid, oid, root) is known already, else a new one.
    /// [`Error::NotPinned`] before the first sign-in.
    pub async fn bind_root(&self, account: &AccountName, root: &str) -> Result<String> {
        let (account, root) = (account.clone(), root.to_owned());
        self.spool()
            .write(move |tx| {
                let pinned = tx
                    .query_row(
                        "SELECT tenant_id, object_id FROM pins WHERE account = ?1",
                        [account.as_str()],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .optional()?;
                let (tenant, object): (String, String) =
                    pinned.ok_or_else(|| Error::NotPinned(account.to_string()))?;
                let state = state_of(tx, &tenant, &object, &root)?;
                tx.execute(
                    "UPDATE pins SET root = ?2, state = ?3 WHERE account = ?1",
                    params![account.as_str(), root, state],
                )?;
                Ok(state)
            })
            .await
    }
}

/// Names are random, so that a lost spool.db never leads into someone else's old state.
fn state_of(tx: &Transaction<'_>, tenant: &str, object: &str, root: &str) -> Result<String> {
    tx.execute(
        "INSERT INTO states VALUES ('m' || lower(hex(randomblob(8))), ?1, ?2, ?3)
         ON CONFLICT (tenant_id, object_id, root) DO NOTHING",
        [tenant, object, root],
    )?;
    Ok(tx.query_row(
        "SELECT name FROM states WHERE tenant_id = ?1 AND object_id = ?2 AND root = ?3",
        [tenant, object, root],
        |row| row.get(0),
    )?)
}

fn credential(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        id: row.get(0)?,
        principal: row.get(1)?,
        accounts: strings(row, 2)?.into_iter().map(AccountName::new).collect(),
        rights: row.get(3)?,
        hash: row.get(4)?,
        label: row.get(5)?,
        networks: strings(row, 6)?,
        created: row.get(7)?,
        expires: row.get(8)?,
    })
}

fn strings(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let json: String = row.get(column)?;
    serde_json::from_str(&json).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}
