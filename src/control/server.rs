//! The server's side of the socket.

use super::protocol::{Reply, Request};
use tokio::sync::mpsc;

/// A request, and where its replies go. A closed receiver means that the asker hung up.
#[derive(Debug)]
pub struct Call {
    pub request: Request,
    pub replies: mpsc::Sender<Reply>,
}

#[cfg(not(unix))]
pub use elsewhere::Server;
#[cfg(unix)]
pub use unix::Server;

#[cfg(unix)]
mod unix {
    use super::*;
    use crate::control::place::user_id;
    use std::{
        io,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
        sync::Arc,
        time::Duration,
    };
    use tokio::{
        io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
        net::{UnixListener, UnixStream},
        sync::Semaphore,
    };
    use tokio_util::sync::CancellationToken;

    /// A request is a few words; what is longer is no request.
    const LONGEST_LINE: u64 = 64 * 1024;
    /// A command line asks at once; a connection that says nothing is closed.
    const PATIENCE: Duration = Duration::from_secs(30);
    const CONNECTIONS: usize = 16;

    /// The bound socket; its file goes when this is dropped.
    #[derive(Debug)]
    pub struct Server {
        listener: UnixListener,
        path: PathBuf,
    }

    impl Server {
        /// `path` belongs to whoever owns the data folder: a file that a crash left is replaced.
        pub fn bind(path: &Path) -> io::Result<Self> {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
            Ok(Self {
                listener,
                path: path.to_owned(),
            })
        }

        /// Hands requests over until `stop` fires or nobody takes them any more.
        pub async fn serve(self, calls: mpsc::Sender<Call>, stop: CancellationToken) {
            let places = Arc::new(Semaphore::new(CONNECTIONS));
            loop {
                let accepted = tokio::select! {
                    () = stop.cancelled() => return,
                    accepted = self.listener.accept() => accepted,
                };
                let stream = match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "control socket: accept failed");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                    continue;
                };
                if !is_ours(&stream) {
                    tracing::warn!("control socket: another user was turned away");
                    continue;
                }
                let (calls, stop) = (calls.clone(), stop.clone());
                tokio::spawn(async move {
                    let _place = place;
                    tokio::select! {
                        () = stop.cancelled() => {}
                        ended = converse(stream, calls) => if let Err(error) = ended {
                            tracing::debug!(%error, "control socket: connection ended");
                        }
                    }
                });
            }
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// The file's mode keeps others out already; this holds where a file system ignores modes.
    fn is_ours(stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == user_id())
    }

    async fn converse(stream: UnixStream, calls: mpsc::Sender<Call>) -> io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = String::new();
            let mut bounded = (&mut reader).take(LONGEST_LINE);
            let read = bounded.read_line(&mut line);
            let count = tokio::time::timeout(PATIENCE, read).await??;
            if count == 0 {
                return Ok(());
            }
            let request = match serde_json::from_str(&line) {
                Ok(request) => request,
                Err(error) => {
                    let message = format!("not a request: {error}");
                    send(&mut writer, &Reply::Failed { message }).await?;
                    return Ok(());
                }
            };
            let (replies, mut answers) = mpsc::channel(4);
            if calls.send(Call { request, replies }).await.is_err() {
                return Ok(());
            }
            loop {
                tokio::select! {
                    answer = answers.recv() => match answer {
                        Some(reply) => {
                            send(&mut writer, &reply).await?;
                            if reply.is_last() {
                                break;
                            }
                        }
                        None => return Ok(()),
                    },
                    // Nothing is asked while an answer is due: the asker hung up.
                    _ = reader.fill_buf() => return Ok(()),
                }
            }
        }
    }

    async fn send(writer: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
        let mut line = serde_json::to_string(reply)?;
        line.push('\n');
        writer.write_all(line.as_bytes()).await
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use super::*;
    use std::{io, path::Path};
    use tokio_util::sync::CancellationToken;

    #[derive(Debug)]
    pub struct Server {}

    impl Server {
        /// Always an error: a named pipe is still to be written.
        pub fn bind(_path: &Path) -> io::Result<Self> {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "there is no control socket on this platform yet: stop the server before using \
                 account commands",
            ))
        }

        pub async fn serve(self, _calls: mpsc::Sender<Call>, _stop: CancellationToken) {}
    }
}
