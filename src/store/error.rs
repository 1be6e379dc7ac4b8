//! What can go wrong with what must survive, and whose fault it is.

use crate::mail::ErrorClass;
use rusqlite::ErrorCode;
use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {source}", file.display())]
    Sql {
        file: PathBuf,
        source: rusqlite::Error,
    },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged ({reason}). {advice}", file.display())]
    Damaged {
        file: PathBuf,
        reason: String,
        advice: &'static str,
    },
    #[error(
        "{} was written by a newer Postern (schema {found}, this one knows {known}): start that one",
        file.display()
    )]
    Newer {
        file: PathBuf,
        found: i32,
        known: i32,
    },
    #[error("{} is a database of another program", file.display())]
    Foreign { file: PathBuf },
    #[error("a sealed record in {} does not open: it was altered, or sealed with another key", file.display())]
    Tampered { file: PathBuf },
    #[error("{0:?} is no name of a mailbox state")]
    StateName(String),
    #[error("account {0} has never signed in")]
    NotPinned(String),
    #[error("no such folder")]
    NoFolder,
    #[error("no such message")]
    NoMessage,
    #[error("two folders would be called {0:?}")]
    NameTaken(String),
    #[error("the folder has handed out its last UID")]
    UidsExhausted,
    #[error("the store is closed")]
    Closed,
    #[error("a thread of the store ended in the middle of its work")]
    Gone,
    #[error("the cipher or the system's random source failed")]
    Crypto,
    /// Inside a job, before the file is named.
    #[error(transparent)]
    Unnamed(#[from] rusqlite::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Sql { source, .. } | Self::Unnamed(source) => sql_class(source),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    ErrorClass::Permanent
                }
                _ => ErrorClass::TEMPORARY,
            },
            Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::Tampered { .. }
            | Self::UidsExhausted => ErrorClass::Permanent,
            Self::NotPinned(_) => ErrorClass::Denied,
            Self::NoFolder | Self::NoMessage => ErrorClass::NotFound,
            Self::NameTaken(_) => ErrorClass::Conflict,
            // The process is stopping: the client comes back.
            Self::Closed => ErrorClass::TEMPORARY,
            Self::StateName(_) | Self::Gone | Self::Crypto => ErrorClass::Bug,
        }
    }

    /// No room on the disk.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            Self::Sql { source, .. } | Self::Unnamed(source) => {
                source.sqlite_error_code() == Some(ErrorCode::DiskFull)
            }
            _ => false,
        }
    }

    /// Whether SQLite says that the file's content cannot be trusted.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Sql { source, .. } | Self::Unnamed(source) => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Damaged { .. } => true,
            _ => false,
        }
    }
}

/// A full disk and a busy file pass; damage and a fault in our SQL do not.
fn sql_class(source: &rusqlite::Error) -> ErrorClass {
    use rusqlite::Error as E;
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ErrorClass::Permanent,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => ErrorClass::Permanent,
        Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::ApiMisuse
            | ErrorCode::ParameterOutOfRange,
        ) => ErrorClass::Bug,
        Some(_) => ErrorClass::TEMPORARY,
        None => match source {
            E::SqlInputError { .. }
            | E::InvalidQuery
            | E::InvalidParameterCount(..)
            | E::InvalidColumnType(..)
            | E::InvalidColumnIndex(_) => ErrorClass::Bug,
            _ => ErrorClass::TEMPORARY,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> Error {
        Error::Unnamed(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(code),
            None,
        ))
    }

    #[test]
    fn classes_say_whether_trying_again_helps() {
        use rusqlite::ffi;
        for passing in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR] {
            assert!(sqlite(passing).class().is_temporary(), "{passing}");
        }
        for lasting in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert_eq!(sqlite(lasting).class(), ErrorClass::Permanent);
            assert!(sqlite(lasting).is_damage());
        }
        assert_eq!(sqlite(ffi::SQLITE_CONSTRAINT).class(), ErrorClass::Bug);
        assert_eq!(Error::Gone.class(), ErrorClass::Bug);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let full = Error::Io {
            path: "x".into(),
            source: full,
        };
        assert!(full.class().is_temporary());
    }
}
