//! `postern sandbox`: Microsoft 365 on this computer, without a server in front of it.

mod card;

use super::{Failure, Outcome, USAGE, note, say, server_runtime, signals};
use crate::sandbox::{Options, Sandbox as Running, Seeding, script::Script, seed};
use anyhow::Context;
use card::Card;
use clap::Args;
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// The sandbox alone: for trying any program that reads or sends mail through Microsoft Graph
#[derive(Debug, Args)]
pub(super) struct Sandbox {
    /// Print the card as one line of JSON
    #[arg(long)]
    json: bool,
    /// What it shall do: switches, faults, size of the mailbox (format: docs/sandbox.md)
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// One mailbox of N messages, made from a seed, instead of the demo's tenant
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=5_000_000))]
    messages: Option<u32>,
    /// Ports from N on: Graph N, login N+1, admin N+2. Default: free ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65533))]
    port_base: Option<u16>,
    /// Write the certificate of the authority behind https there (PEM). Every port speaks https
    /// beside http: clients that want https get to trust this file
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Device codes wait for a person (or the admin address) instead of approving themselves
    #[arg(long)]
    pages: bool,
    /// Another loopback address than 127.0.0.1. Any other is refused: nobody is asked for a login
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
}

impl Sandbox {
    pub(super) fn run(self) -> Outcome {
        let script = match &self.script {
            Some(file) => read(file)?,
            None => Script::default(),
        };
        let runtime = server_runtime()?;
        runtime.block_on(self.serve(script))
    }

    async fn serve(self, script: Script) -> Outcome {
        let mut end = signals::End::watch()?;
        let asked = self.messages.and_then(|n| usize::try_from(n).ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs() as i64);
        let tenant = match asked.or(script.messages) {
            Some(messages) => seed::large(messages, now),
            None => seed::demo(now),
        };
        let port = |offset| self.port_base.map_or(0, |base| base.saturating_add(offset));
        let card = Card::of(&tenant);
        let options = Options {
            tenant,
            seeding: Seeding::Regenerated,
            graph_port: port(0),
            login_port: port(1),
            admin_port: port(2),
            auto_approve: !self.pages,
        };
        let sandbox = Running::start_on(self.listen, options).await?;
        if let Some(file) = &self.ca_file {
            std::fs::write(file, sandbox.authority_pem())
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        sandbox.follow(script);
        let card = card.at(&sandbox);
        say(&match self.json {
            true => serde_json::to_string(&card)?,
            false => card.to_string(),
        })?;
        end.come().await;
        if !self.json {
            note("stopping");
        }
        end.hurry_on_the_next();
        sandbox.stop().await;
        Ok(())
    }
}

fn read(file: &Path) -> Result<Script, Failure> {
    let usage = |error: anyhow::Error| Failure { error, code: USAGE };
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("cannot read the script {}", file.display()));
    Script::read(&text.map_err(usage)?)
        .map_err(|mistakes| usage(anyhow::anyhow!("{}: {mistakes}", file.display())))
}
