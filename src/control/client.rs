//! The command line's side of the socket.

use super::protocol::{Reply, Request};
use std::{io, path::Path};

#[cfg(unix)]
type Pipe = tokio::net::UnixStream;
#[cfg(not(unix))]
type Pipe = tokio::io::DuplexStream;

/// A connection to the server that owns the data folder.
#[derive(Debug)]
pub struct Client {
    stream: tokio::io::BufReader<Pipe>,
}

impl Client {
    #[cfg(unix)]
    pub async fn connect(path: &Path) -> io::Result<Self> {
        let stream = Pipe::connect(path).await?;
        Ok(Self {
            stream: tokio::io::BufReader::new(stream),
        })
    }

    #[cfg(not(unix))]
    pub async fn connect(_path: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Asks, shows every reply that is not the last to `progress`, and returns the last.
    pub async fn ask(
        &mut self,
        request: &Request,
        mut progress: impl FnMut(Reply),
    ) -> io::Result<Reply> {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                let what = "the server closed the connection before it answered";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
            }
            let reply: Reply = serde_json::from_str(&line)?;
            if reply.is_last() {
                return Ok(reply);
            }
            progress(reply);
        }
    }
}
