//! A command's way to the data folder: through the server that owns it, or by itself.

use super::{Base, Error, Result, desk::Desk};
use crate::{
    config::Config,
    control::{Client, Reply, Request},
};
use std::{path::Path, sync::Arc, time::Duration};

/// A server that has just started owns the folder a moment before its socket is there.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Asks the running server, or does it here when none runs. `progress` sees replies before the last.
pub async fn ask(
    config: Config,
    request: Request,
    mut progress: impl FnMut(Reply),
) -> Result<Reply> {
    if let Some(name) = request.account() {
        known(&config, name)?;
    }
    let base = match Base::open(config).await {
        Ok(base) => Arc::new(base),
        Err(Error::Owned {
            data_dir,
            pid,
            socket: Some(socket),
        }) => {
            let mut client = match connect(&socket).await {
                Ok(client) => client,
                Err(_) => {
                    return Err(Error::Owned {
                        data_dir,
                        pid,
                        socket: Some(socket),
                    });
                }
            };
            let reply = client.ask(&request, progress).await;
            return match reply.map_err(Error::Control)? {
                Reply::Failed { message } => Err(Error::Refused(message)),
                reply => Ok(reply),
            };
        }
        Err(error) => return Err(error),
    };
    let desk = Desk {
        base: Arc::clone(&base),
        server: None,
    };
    let reply = desk.answer(request, async |reply| progress(reply)).await;
    let closed = base.close().await;
    let reply = reply?;
    closed.map(|()| reply)
}

/// A name that the file does not have is the caller's mistake, whoever would answer.
fn known(config: &Config, name: &str) -> Result<()> {
    let mut names = config.accounts.iter().map(|account| account.name.as_str());
    if names.any(|known| known == name) {
        return Ok(());
    }
    let names = config.accounts.iter().map(|account| account.name.as_str());
    Err(Error::NoAccount {
        name: name.to_owned(),
        known: names.collect::<Vec<_>>().join(", "),
    })
}

async fn connect(socket: &Path) -> std::io::Result<Client> {
    for _ in 1..TRIES {
        if let Ok(client) = Client::connect(socket).await {
            return Ok(client);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Client::connect(socket).await
}
