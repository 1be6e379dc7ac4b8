//! Which config file is meant.

use super::{Failure, USAGE, note};
use crate::config::{Config, default_config_file};
use clap::Args;
use std::path::{Path, PathBuf};

/// The option that every command with a config has.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// The config file. Without it: postern.toml in this folder, else in the platform's folder for
    /// settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The path meant; one that was searched for is told on standard error.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.config {
            return Ok(path.clone());
        }
        let here = Path::new("postern.toml").to_owned();
        let places = [Some(here), default_config_file()];
        let places: Vec<_> = places.into_iter().flatten().collect();
        if let Some(found) = places.iter().find(|path| path.is_file()) {
            note(&format!("config file: {}", found.display()));
            return Ok(found.clone());
        }
        let looked: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
        Err(Failure {
            error: anyhow::anyhow!(
                "no config file: there is no {}; name one with --config FILE \
                 (config/postern.example.toml shows what goes in)",
                looked.join(" and no ")
            ),
            code: USAGE,
        })
    }

    pub(super) fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.path()?)?)
    }
}
