//! One SQLite file: a thread that writes, and a few connections that read.
//!
//! A write is one IMMEDIATE transaction: all of it or nothing, also when the caller's future is
//! dropped (the job still runs to its end). A read sees one moment of the file. Jobs hold no lock
//! and wait for nothing but the disk.

use super::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::{
    fmt, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot};

/// Connections that read at the same time; more would only wait for the same disk.
const READERS: u32 = 2;

/// SQLite nests little; the default of 2 MB would be address space for nothing.
const STACK: usize = 512 * 1024;

/// After this long without a write the page cache is given back.
const IDLE: Duration = Duration::from_secs(5);

/// What kind of file it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// SQLite's `application_id`, so that a stranger's database is not taken for ours.
    pub(super) application: i32,
    /// The n-th statement batch leads from schema n to n + 1.
    pub(super) migrations: &'static [&'static str],
    /// `FULL`, or `OFF` where the content may vanish.
    pub(super) synchronous: &'static str,
    /// Whether freed pages go back to the file system bit by bit.
    pub(super) shrinks: bool,
    /// What a person does when the file is damaged.
    pub(super) advice: &'static str,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

struct Shared {
    file: PathBuf,
    kind: Kind,
    writer: Mutex<Option<Writer>>,
    idle_readers: Mutex<Vec<Connection>>,
    reading: Arc<Semaphore>,
}

/// One open file. Cheap to clone; the last clone's drop ends the thread.
#[derive(Clone)]
pub(super) struct Db(Arc<Shared>);

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.file).finish()
    }
}

impl Db {
    /// Opens or creates the file (mode 0600) and brings its schema up to date.
    pub(super) async fn open(file: PathBuf, kind: Kind) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::open_here(file, kind))
            .await
            .map_err(|_| Error::Gone)?
    }

    fn open_here(file: PathBuf, kind: Kind) -> Result<Self> {
        let conn = open_writer(&file, kind).map_err(|e| name_file(e, &file, kind))?;
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .stack_size(STACK)
            .spawn(move || serve(conn, &queue))
            .map_err(|source| Error::Io {
                path: file.clone(),
                source,
            })?;
        Ok(Self(Arc::new(Shared {
            file,
            kind,
            writer: Mutex::new(Some(Writer { jobs, thread })),
            idle_readers: Mutex::new(Vec::new()),
            reading: Arc::new(Semaphore::new(READERS as usize)),
        })))
    }

    pub(super) fn file(&self) -> &Path {
        &self.0.file
    }

    /// Runs `work` in a transaction of its own; durable as the kind says when this returns `Ok`.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.post(Box::new(move |conn| {
            // Nobody waits any more: the work is done all the same.
            let _ = reply.send(transact(conn, work));
        }))?;
        let outcome = answer.await.map_err(|_| Error::Gone)?;
        outcome.map_err(|e| name_file(e, &self.0.file, self.0.kind))
    }

    /// Like [`Db::write`], without waiting for it. A failure is logged.
    pub(super) fn write_later(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) {
        let file = self.0.file.clone();
        let posted = self.post(Box::new(move |conn| {
            if let Err(error) = transact(conn, work) {
                tracing::warn!(file = %file.display(), %error, "a deferred write failed");
            }
        }));
        if let Err(error) = posted {
            tracing::debug!(%error, "a deferred write came too late");
        }
    }

    /// Runs `work` on a connection that cannot write.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reading = Arc::clone(&self.0.reading);
        let permit = reading.acquire_owned().await.map_err(|_| Error::Closed)?;
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            shared
                .read(work)
                .map_err(|e| name_file(e, &shared.file, shared.kind))
        })
        .await
        .map_err(|_| Error::Gone)?
    }

    /// Waits for what runs, then closes every connection; SQLite folds the WAL back in.
    pub(super) async fn close(&self) {
        // Err: closed before.
        if let Ok(all) = self.0.reading.acquire_many(READERS).await {
            self.0.reading.close();
            lock(&self.0.idle_readers).clear();
            drop(all);
        }
        let Some(Writer { jobs, thread }) = lock(&self.0.writer).take() else {
            return;
        };
        drop(jobs);
        // Err: the thread panicked outside a job, and there is nothing left to close.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }

    fn post(&self, job: Job) -> Result<()> {
        let writer = lock(&self.0.writer);
        let writer = writer.as_ref().ok_or(Error::Closed)?;
        writer.jobs.send(job).map_err(|_| Error::Gone)
    }
}

impl Shared {
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let pooled = lock(&self.idle_readers).pop();
        let mut conn = match pooled {
            Some(conn) => conn,
            None => open_reader(&self.file)?,
        };
        let outcome = {
            let moment = conn.transaction()?;
            work(&moment)
        };
        lock(&self.idle_readers).push(conn);
        outcome
    }
}

/// A poisoned lock only says that a job panicked; what these guard stays whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn transact<T>(
    conn: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&tx)?;
    tx.commit()?;
    Ok(done)
}

/// The writer's life: jobs in their order until nobody can send one.
fn serve(mut conn: Connection, queue: &mpsc::Receiver<Job>) {
    let mut rested = true;
    loop {
        let job = if rested {
            queue
                .recv()
                .map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        } else {
            queue.recv_timeout(IDLE)
        };
        match job {
            Ok(job) => {
                rested = false;
                // A panic rolls its transaction back and reaches the caller as `Gone`;
                // the next job finds a sound connection.
                if catch_unwind(AssertUnwindSafe(|| job(&mut conn))).is_err() {
                    tracing::error!("a job of the store panicked");
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                rested = true;
                if let Err(error) = conn.execute_batch("PRAGMA shrink_memory") {
                    tracing::debug!(%error, "page cache not given back");
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err((_, error)) = conn.close() {
        tracing::warn!(%error, "a store file did not close cleanly");
    }
}

fn open_writer(file: &Path, kind: Kind) -> Result<Connection> {
    create_private(file)?;
    let mut conn = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    check_schema(&conn, file, kind)?;
    if kind.shrinks {
        // Only heeded before the first table.
        conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    // 2 MB of pages; sorted subjects must not end up in a clear temporary file.
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 8388608;",
        kind.synchronous
    ))?;
    conn.set_prepared_statement_cache_capacity(64);
    migrate(&mut conn, kind)?;
    Ok(conn)
}

fn open_reader(file: &Path) -> Result<Connection> {
    let conn = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.execute_batch(
        "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
    )?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

/// SQLite gives -wal and -shm the mode of the file itself.
fn create_private(file: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop).map_err(|source| Error::Io {
        path: file.to_owned(),
        source,
    })
}

fn pragma(conn: &Connection, name: &str) -> Result<i32> {
    Ok(conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
}

fn check_schema(conn: &Connection, file: &Path, kind: Kind) -> Result<()> {
    let file = file.to_owned();
    let found = pragma(conn, "user_version")?;
    let known = i32::try_from(kind.migrations.len()).unwrap_or(i32::MAX);
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if tables == 0 {
        return Ok(());
    }
    if pragma(conn, "application_id")? != kind.application {
        return Err(Error::Foreign { file });
    }
    if found > known {
        return Err(Error::Newer { file, found, known });
    }
    Ok(())
}

fn migrate(conn: &mut Connection, kind: Kind) -> Result<()> {
    let found = usize::try_from(pragma(conn, "user_version")?).unwrap_or(0);
    for (step, batch) in kind.migrations.iter().enumerate().skip(found) {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(batch)?;
        tx.execute_batch(&format!(
            "PRAGMA application_id = {}; PRAGMA user_version = {};",
            kind.application,
            step + 1
        ))?;
        tx.commit()?;
    }
    Ok(())
}

/// Adds the file to an error of SQLite's, and the advice where the file is damaged.
fn name_file(error: Error, file: &Path, kind: Kind) -> Error {
    let damage = error.is_damage();
    match error {
        Error::Unnamed(source) if damage => Error::Damaged {
            file: file.to_owned(),
            reason: source.to_string(),
            advice: kind.advice,
        },
        Error::Unnamed(source) => Error::Sql {
            file: file.to_owned(),
            source,
        },
        other => other,
    }
}
