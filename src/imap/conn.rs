//! The shell around a session: reads and writes, time limits, the TLS upgrade, BYE when stopping.
//!
//! Answers are gathered and written once for each burst: when the client has nothing more in hand, when
//! work takes longer than a moment, or when [`FULL`] is reached.

use super::flow::{Answer, BEFORE_LOGIN, Flow, Limits, Refusal, Step};
use crate::net::{Stream, tls::Acceptor};
use std::{future::Future, io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// Gathered answers are written when they reach this many octets.
pub const FULL: usize = 64 << 10;

/// One read at most, for each connection.
const READ: usize = 16 << 10;

/// A client that takes nothing for this long has gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(120);

/// A client that sends nothing of a literal that it began has gone: it holds room that others wait for.
const LITERAL_PATIENCE: Duration = Duration::from_secs(120);

/// Answers in hand are written if the work for the next ones takes longer.
const MOMENT: Duration = Duration::from_millis(20);

/// A sign of life while a listing or a download runs: clients give up after 30 to 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Why a connection ends before LOGOUT.
#[derive(Debug)]
pub enum Ended {
    /// The client hung up, or the network did.
    Gone(io::Error),
    /// The client said nothing for too long.
    Quiet,
    /// This server stops.
    Stopping,
    /// What the client sends can't be framed any more.
    Unframed(Refusal),
    /// The session can't go on, for this reason: told to the client.
    Bye(&'static str),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

pub type Result<T> = std::result::Result<T, Ended>;

/// A command, or why there is none.
#[derive(Debug)]
pub enum Event {
    Command(Vec<u8>),
    Refused {
        tag: Option<String>,
        why: Refusal,
    },
    /// An APPEND announces a literal and so far is [`Conn::begun`]. Before the next command is asked for,
    /// [`Conn::accept`] or [`Conn::decline`] must be called.
    Announced,
}

/// One connection.
#[derive(Debug)]
pub struct Conn {
    stream: Option<Stream>,
    flow: Flow,
    out: Vec<u8>,
    stop: CancellationToken,
}

impl Conn {
    pub fn new(stream: Stream, stop: CancellationToken) -> Self {
        Self {
            stream: Some(stream),
            flow: Flow::new(BEFORE_LOGIN),
            out: Vec::new(),
            stop,
        }
    }

    pub fn is_tls(&self) -> bool {
        self.stream.as_ref().is_some_and(Stream::is_tls)
    }

    pub fn set_limits(&mut self, limits: Limits) {
        self.flow.set_limits(limits);
    }

    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Where answers are gathered. Whoever fills it calls [`Conn::relieve`] now and then.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub fn say(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes what is gathered if it is much.
    pub async fn relieve(&mut self) -> Result<()> {
        if self.out.len() >= FULL {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes what is gathered, in one write.
    pub async fn flush(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let write = async {
            stream.write_all(&self.out).await?;
            stream.flush().await
        };
        let written = timeout(WRITE_PATIENCE, write).await;
        written.map_err(|_| Ended::Quiet)??;
        self.out.clear();
        self.out.shrink_to(FULL);
        Ok(())
    }

    /// The next command, which must be complete within `quiet`: a client that sends an octet now and
    /// then holds no connection. Cancel-safe.
    pub async fn command(&mut self, quiet: Duration) -> Result<Event> {
        let deadline = Instant::now() + quiet;
        loop {
            match self.flow.step() {
                Step::Command(command) => return Ok(Event::Command(command)),
                Step::Refused { tag, why } => return Ok(Event::Refused { tag, why }),
                Step::Close(why) => return Err(Ended::Unframed(why)),
                Step::Continue => self.say("+ Go on\r\n"),
                Step::Announced => return Ok(Event::Announced),
                Step::More if self.flow.in_literal() => {
                    let stalled = Instant::now() + LITERAL_PATIENCE;
                    self.fill(deadline.min(stalled)).await?;
                }
                Step::More => self.fill(deadline).await?,
            }
        }
    }

    pub fn begun(&self) -> &[u8] {
        self.flow.begun()
    }

    pub fn accept(&mut self) {
        if self.flow.accept() {
            self.say("+ Go on\r\n");
        }
    }

    pub fn decline(&mut self, why: Refusal) {
        self.flow.decline(why);
    }

    /// The line that answers a continuation request. Cancel-safe.
    pub async fn answer(&mut self, quiet: Duration) -> Result<Vec<u8>> {
        let deadline = Instant::now() + quiet;
        loop {
            match self.flow.answer() {
                Answer::Line(line) => return Ok(line),
                Answer::TooLong => return Err(Ended::Unframed(Refusal::LineTooLong)),
                Answer::More => self.fill(deadline).await?,
            }
        }
    }

    /// Writes what is due, then reads what there is. Cancel-safe: what was read stands in the flow; of
    /// a write that is given up, the connection is lost anyway unless it had not begun.
    async fn fill(&mut self, deadline: Instant) -> Result<()> {
        self.flush().await?;
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let input = self.flow.input();
        input.reserve(READ);
        let read = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopping),
            read = timeout_at(deadline, stream.read_buf(input)) => read.map_err(|_| Ended::Quiet)??,
        };
        if read == 0 {
            return Err(gone());
        }
        Ok(())
    }

    /// Waits for work that may take long: answers in hand go out, and signs of life follow.
    pub async fn patiently<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        if let Ok(done) = timeout(MOMENT, &mut work).await {
            return Ok(done);
        }
        self.flush().await?;
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = self.stop.cancelled() => return Err(Ended::Stopping),
                () = sleep(KEEP_ALIVE) => {
                    self.say("* OK Still working\r\n");
                    self.flush().await?;
                }
            }
        }
    }

    /// Waits, unless this server stops meanwhile.
    pub async fn pause(&mut self, time: Duration) -> Result<()> {
        self.flush().await?;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopping),
            () = sleep(time) => Ok(()),
        }
    }

    /// Writes what is due, forgets every octet read so far, and shakes hands (RFC 3501 section 6.2.1).
    pub async fn start_tls(&mut self, acceptor: &Acceptor) -> Result<()> {
        self.flush().await?;
        self.flow.clear();
        let stream = self.stream.take().ok_or_else(gone)?;
        self.stream = Some(tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopping),
            shaken = stream.accept_tls(acceptor) => shaken?,
        });
        Ok(())
    }

    /// Writes what is due and closes, as far as the client lets us.
    pub async fn close(mut self) {
        let _ = self.flush().await;
        if let Some(mut stream) = self.stream.take() {
            let _ = timeout(Duration::from_secs(2), stream.shutdown()).await;
        }
    }
}

fn gone() -> Ended {
    Ended::Gone(io::ErrorKind::UnexpectedEof.into())
}
