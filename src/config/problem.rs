//! What is wrong with a config file, so that its author can put it right.

use std::{fmt, path::PathBuf};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// As a path, such as `account.client_id`; empty where the text is no TOML at all.
    pub key: String,
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

/// All problems of a file, in the order of their lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub file: PathBuf,
    pub list: Vec<Problem>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        let s = if count == 1 { "" } else { "s" };
        write!(f, "{count} problem{s} in {}", self.file.display())?;
        for problem in &self.list {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.instead.is_empty() {
            write!(f, "\n      instead: {}", self.instead)?;
        }
        Ok(())
    }
}
