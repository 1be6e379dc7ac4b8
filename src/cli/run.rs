//! `postern run`: the server, until SIGTERM, Ctrl-C or a stop through the control socket.

use super::{Outcome, config_file::ConfigFile, server_runtime, signals};
use crate::{app::App, config::Config};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    file: ConfigFile,
}

impl Run {
    pub(super) fn run(self) -> Outcome {
        let config = self.file.load()?;
        let runtime = server_runtime()?;
        runtime.block_on(serve(config))?;
        // What still runs on a blocking thread holds nothing that must be kept.
        runtime.shutdown_background();
        Ok(())
    }
}

async fn serve(config: Config) -> Outcome {
    let mut end = signals::End::watch()?;
    for (key, address) in config.addresses() {
        tracing::info!(%address, "{key}");
    }
    let app = App::start(config).await?;
    tracing::info!("listening");
    tokio::select! {
        () = end.come() => {}
        () = app.asked_to_stop() => {}
    }
    tracing::info!("stopping");
    end.hurry_on_the_next();
    app.stop().await?;
    Ok(())
}
