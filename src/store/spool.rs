//! Submissions: envelope and state in `spool.db`, the message in a sealed file under `spool/`.
//!
//! Order of taking one: the file is written and synced, its folder is synced, and then one transaction
//! makes it a submission. A file without a submission was never taken: [`Store::sweep_spool`] removes it.
//! Times are Unix milliseconds. What the states mean is the business of the `spool` module.

mod file;

pub use file::MessageWriter;
pub(super) use file::Messages;

use super::{
    Store,
    error::{Error, Result},
};
use crate::mail::{AccountName, Envelope, RemoteId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashSet;

/// States in which nothing is left to be done and the message is not needed any more.
const OVER: &str = "state IN ('sent', 'failed') AND report IS NULL";

/// A submission as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: i64,
    pub account: AccountName,
    pub envelope: Envelope,
    /// Name of its message's file.
    pub file: String,
    /// Octets of the message.
    pub size: u64,
    pub accepted: i64,
    pub progress: Progress,
}

/// What changes while a submission is worked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub state: String,
    pub step: String,
    /// When to look at it again; `None`: never by itself.
    pub due: Option<i64>,
    pub attempts: u32,
    /// When the last attempt began.
    pub began: Option<i64>,
    pub doubted: Option<i64>,
    pub message_id: Option<String>,
    pub draft: Option<RemoteId>,
    pub reason: Option<String>,
    /// A report that the sender has yet to get.
    pub report: Option<String>,
}

impl Store {
    /// A file for a message that is coming in.
    pub fn message_writer(&self) -> Result<MessageWriter> {
        self.0.messages.writer()
    }

    /// Makes a submission of a finished message. Durable when it returns.
    pub async fn submit(
        &self,
        account: &AccountName,
        envelope: &Envelope,
        progress: &Progress,
        accepted: i64,
        message: MessageWriter,
    ) -> Result<Submission> {
        let (file, size) = message.finish().await?;
        let mut submission = Submission {
            id: 0,
            account: account.clone(),
            envelope: envelope.clone(),
            file,
            size,
            accepted,
            progress: progress.clone(),
        };
        let row = submission.clone();
        // From here on the row decides about the file, whoever waits for it or not.
        let inserted = self.spool().write(move |tx| insert(tx, &row)).await;
        match inserted {
            Ok(id) => {
                submission.id = id;
                Ok(submission)
            }
            Err(error) => {
                // A commit that failed may still have reached the disk; the sweep knows.
                if !self.is_submitted(&submission.file).await.unwrap_or(true) {
                    self.0.messages.remove(&submission.file);
                }
                Err(error)
            }
        }
    }

    /// Writes down how far a submission is. Durable when it returns.
    pub async fn progress(&self, id: i64, progress: &Progress) -> Result<()> {
        let progress = progress.clone();
        let changed = now_ms();
        self.spool()
            .write(move |tx| {
                tx.prepare_cached(
                    "UPDATE submissions SET state = ?2, step = ?3, due = ?4, attempts = ?5,
                     began = ?6, doubted = ?7, message_id = ?8, draft = ?9, reason = ?10,
                     report = ?11, changed = ?12 WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    progress.state,
                    progress.step,
                    progress.due,
                    progress.attempts,
                    progress.began,
                    progress.doubted,
                    progress.message_id,
                    progress.draft.as_ref().map(RemoteId::as_str),
                    progress.reason,
                    progress.report,
                    changed,
                ])?;
                Ok(())
            })
            .await
    }

    /// What would be looked at later, in one of these states, is due at `due`, and so is every report.
    /// What waits for a person goes on waiting.
    pub async fn hurry(
        &self,
        account: &AccountName,
        states: [&'static str; 2],
        due: i64,
    ) -> Result<()> {
        let account = account.clone();
        self.spool()
            .write(move |tx| {
                let [one, other] = states;
                tx.execute(
                    "UPDATE submissions SET due = ?2
                     WHERE account = ?1 AND (due > ?2 AND state IN (?3, ?4)
                       OR report IS NOT NULL AND (due IS NULL OR due > ?2))",
                    params![account.as_str(), due, one, other],
                )?;
                Ok(())
            })
            .await
    }

    /// What was deferred with a reason that begins so is due at `due`.
    pub async fn hurry_deferred(
        &self,
        account: &AccountName,
        reason: &'static str,
        due: i64,
    ) -> Result<()> {
        let account = account.clone();
        self.spool()
            .write(move |tx| {
                tx.execute(
                    "UPDATE submissions SET due = ?2 WHERE account = ?1 AND due > ?2
                     AND state = 'deferred' AND substr(reason, 1, length(?3)) = ?3",
                    params![account.as_str(), due, reason],
                )?;
                Ok(())
            })
            .await
    }

    /// The submission of an account that is due first. One that is not over lets no later one of the same
    /// sender pass, unless it is held, or was taken before `since` and was not deferred with a reason that
    /// begins with `unreached`. The null sender is nobody.
    pub async fn next_submission(
        &self,
        account: &AccountName,
        since: i64,
        unreached: &'static str,
    ) -> Result<Option<Submission>> {
        let account = account.clone();
        self.spool()
            .read(move |conn| {
                let query = format!(
                    "{SELECT} AS own WHERE account = ?1 AND due IS NOT NULL
                     AND (report IS NOT NULL OR reverse_path = '' OR NOT EXISTS (
                         SELECT 1 FROM submissions AS earlier
                         WHERE earlier.account = ?1 AND earlier.due IS NOT NULL
                         AND earlier.id < own.id AND earlier.reverse_path = own.reverse_path
                         AND (earlier.accepted > ?2 OR earlier.state = 'deferred'
                              AND substr(earlier.reason, 1, length(?3)) = ?3)
                         AND earlier.report IS NULL
                         AND earlier.state IN ('queued', 'attempting', 'deferred', 'in doubt')))
                     ORDER BY due, id LIMIT 1"
                );
                let mut query = conn.prepare_cached(&query)?;
                Ok(query
                    .query_row(params![account.as_str(), since, unreached], submission)
                    .optional()?)
            })
            .await
    }

    pub async fn submission(&self, id: i64) -> Result<Option<Submission>> {
        self.spool()
            .read(move |conn| {
                let query = format!("{SELECT} WHERE id = ?1");
                let mut query = conn.prepare_cached(&query)?;
                Ok(query.query_row([id], submission).optional()?)
            })
            .await
    }

    /// Every submission that something is left to be done for, and those that ended after `since`.
    pub async fn submissions(&self, since: i64) -> Result<Vec<Submission>> {
        self.spool()
            .read(move |conn| {
                let query = format!("{SELECT} WHERE NOT ({OVER}) OR changed > ?1 ORDER BY id");
                let mut query = conn.prepare_cached(&query)?;
                let rows = query.query_map([since], submission)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// The other submissions with this Message-ID, in whatever state.
    pub async fn siblings(&self, id: i64, message_id: &str) -> Result<Vec<Submission>> {
        let message_id = message_id.to_owned();
        self.spool()
            .read(move |conn| {
                let query = format!("{SELECT} WHERE message_id = ?1 AND id <> ?2");
                let mut query = conn.prepare_cached(&query)?;
                let rows = query.query_map(params![message_id, id], submission)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Octets `start..end` (clipped) of a submission's message.
    pub async fn submitted_range(
        &self,
        submission: &Submission,
        start: u64,
        end: u64,
    ) -> Result<Vec<u8>> {
        let (file, size) = (submission.file.clone(), submission.size);
        self.0.messages.read(file, size, start, end).await
    }

    /// Removes the message of a submission that is over.
    pub fn forget_message(&self, submission: &Submission) {
        self.0.messages.remove(&submission.file);
    }

    /// At start, before anything is taken: files that no live submission names go, and so do
    /// submissions that were over before `until`.
    pub async fn sweep_spool(&self, until: i64) -> Result<()> {
        let live: HashSet<String> = self
            .spool()
            .write(move |tx| {
                tx.execute(
                    &format!("DELETE FROM submissions WHERE {OVER} AND changed < ?1"),
                    [until],
                )?;
                let mut query =
                    tx.prepare(&format!("SELECT file FROM submissions WHERE NOT ({OVER})"))?;
                let rows = query.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await?;
        self.0.messages.sweep(live).await
    }

    async fn is_submitted(&self, file: &str) -> Result<bool> {
        let file = file.to_owned();
        self.spool()
            .read(move |conn| {
                let mut query = conn.prepare("SELECT 1 FROM submissions WHERE file = ?1")?;
                Ok(query.exists([file])?)
            })
            .await
    }
}

const SELECT: &str =
    "SELECT id, account, file, size, reverse_path, recipients, eight_bit, smtputf8,
    accepted, state, step, due, attempts, began, doubted, message_id, draft, reason, report
    FROM submissions";

fn insert(conn: &Connection, row: &Submission) -> Result<i64> {
    let progress = &row.progress;
    conn.prepare_cached(
        "INSERT INTO submissions (account, file, size, reverse_path, recipients, eight_bit, smtputf8,
         accepted, state, step, due, attempts, message_id, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?8)",
    )?
    .execute(params![
        row.account.as_str(),
        row.file,
        i64::try_from(row.size).unwrap_or(i64::MAX),
        row.envelope.reverse_path,
        serde_json::json!(row.envelope.recipients).to_string(),
        row.envelope.eight_bit,
        row.envelope.smtputf8,
        row.accepted,
        progress.state,
        progress.step,
        progress.due,
        progress.attempts,
        progress.message_id,
    ])?;
    Ok(conn.last_insert_rowid())
}

fn submission(row: &Row<'_>) -> rusqlite::Result<Submission> {
    let size: i64 = row.get(3)?;
    let recipients: String = row.get(5)?;
    let recipients = serde_json::from_str(&recipients).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(5, rusqlite::types::Type::Text, Box::new(e))
    })?;
    let size = u64::try_from(size).unwrap_or(0);
    Ok(Submission {
        id: row.get(0)?,
        account: AccountName::new(row.get::<_, String>(1)?),
        file: row.get(2)?,
        size,
        envelope: Envelope {
            reverse_path: row.get(4)?,
            recipients,
            eight_bit: row.get(6)?,
            smtputf8: row.get(7)?,
            size: Some(size),
        },
        accepted: row.get(8)?,
        progress: Progress {
            state: row.get(9)?,
            step: row.get(10)?,
            due: row.get(11)?,
            attempts: row.get(12)?,
            began: row.get(13)?,
            doubted: row.get(14)?,
            message_id: row.get(15)?,
            draft: row.get::<_, Option<String>>(16)?.map(RemoteId::new),
            reason: row.get(17)?,
            report: row.get(18)?,
        },
    })
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |t| i64::try_from(t.as_millis()).unwrap_or(i64::MAX))
}

/// What a folder or a file of the spool said.
fn io_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
