//! `postern demo`: the sandbox and a server in front of it.

use super::{Outcome, note, say, server_runtime, signals};
use crate::app::demo::{Demo as Running, Options};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Anna, Ben and the shared mailbox for invoices, each with an app password.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Print the card as one line of JSON
    #[arg(long)]
    json: bool,
    /// Keep tokens, mail, certificates and the app passwords there (demo-passwords.json, readable
    /// by you alone) instead of in a temporary folder: an empty one, or an earlier demo's. The
    /// sandbox itself starts anew each time
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ports from N on: IMAP N, IMAPS N+1, SMTP N+2, SMTPS N+3, HTTP N+4; the sandbox's Graph N+5,
    /// login N+6, admin N+7. Default: 1143, 1993, 1587, 1465, 8365, and free ones for the sandbox
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65528))]
    port_base: Option<u16>,
}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        let scratch = match &self.data {
            Some(_) => None,
            None => Some(Scratch::new()?),
        };
        let kept = self.data.as_deref();
        let data_dir = scratch.as_ref().map(Scratch::path).or(kept);
        let options = Options {
            data_dir: data_dir.unwrap_or(Path::new(".")).to_owned(),
            port_base: self.port_base,
        };
        let runtime = server_runtime()?;
        let outcome = runtime.block_on(serve(options, self.json));
        // Before the folder goes: nothing of the server may write into it any more.
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        outcome
    }
}

async fn serve(options: Options, json: bool) -> Outcome {
    let mut end = signals::End::watch()?;
    let demo = tokio::select! {
        demo = Running::start(options) => demo?,
        () = end.come() => return Ok(()),
    };
    let card = if json {
        serde_json::to_string(demo.card())?
    } else {
        demo.card().to_string()
    };
    say(&card)?;
    tokio::select! {
        () = end.come() => {}
        () = demo.asked_to_stop() => {}
    }
    if !json {
        note("stopping");
    }
    end.hurry_on_the_next();
    demo.stop().await?;
    Ok(())
}

/// A temporary folder of this user's own; removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let name = format!("postern-demo-{}", uuid::Uuid::new_v4().simple());
        let path = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = builder.create(&path);
        made.with_context(|| format!("cannot make the temporary folder {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            note(&format!("left behind: {}: {error}", self.0.display()));
        }
    }
}
