//! While the spool cannot send yet: the ports are bound, so that a mail program's settings can be made
//! once and for all, and each connection is told the truth (RFC 7504 section 3): `521`, and the
//! connection is closed. No mail is taken, so none can be lost.

use crate::net::{Acceptor, Listener, Stream};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// RFC 7504 section 3 with the enhanced code of RFC 3463 section 3.4: system not accepting messages.
const REFUSAL: &[u8] = b"521 5.3.2 This server does not take mail yet; it only reads.\r\n";
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 64;

/// Answers on `listener` until `stop` fires. `acceptor` is given where TLS starts with the first octet.
pub async fn serve(listener: Listener, acceptor: Option<Acceptor>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (acceptor, stop) = (acceptor.clone(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            let told = tokio::time::timeout(PATIENCE, refuse(stream, acceptor));
            tokio::select! {
                () = stop.cancelled() => {}
                told = told => tracing::debug!(%peer, ?told, "SMTP connection refused"),
            }
        });
    }
}

async fn refuse(stream: Stream, acceptor: Option<Acceptor>) -> std::io::Result<()> {
    let mut stream = match acceptor {
        Some(acceptor) => stream.accept_tls(&acceptor).await?,
        None => stream,
    };
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await
}
