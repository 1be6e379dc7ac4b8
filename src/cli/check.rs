//! `postern check`: is the config file right?

use super::{Outcome, config_file::ConfigFile, say};
use crate::config::Config;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let path = self.file.path()?;
        let config = Config::load(&path)?;
        let accounts: Vec<_> = config.accounts.iter().map(|a| a.name.as_str()).collect();
        say(&format!(
            "{} is right. Accounts: {}. Data folder: {}.",
            path.display(),
            accounts.join(", "),
            config.data_dir.display()
        ))?;
        Ok(())
    }
}
