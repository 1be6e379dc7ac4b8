//! SIGTERM and Ctrl-C: the first ends a server in order, the second at once.

use std::io;

/// What the shell reports for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Watches from its making on: a signal is not lost between two waits.
pub(super) struct End {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl End {
    /// Needs a runtime.
    pub(super) fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Cancel-safe.
    pub(super) async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl End {
    pub(super) fn watch() -> io::Result<Self> {
        Ok(Self {})
    }

    pub(super) async fn come(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl End {
    /// From now on a signal ends the process where it stands.
    pub(super) fn hurry_on_the_next(mut self) {
        tokio::spawn(async move {
            self.come().await;
            std::process::exit(INTERRUPTED);
        });
    }
}
