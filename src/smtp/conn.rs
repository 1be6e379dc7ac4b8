//! The shell around a session: reads and writes, time limits, the TLS upgrade, the spool, 421 when
//! stopping.
//!
//! Replies are gathered and written once for each burst of commands (RFC 2920 section 3.2), since this
//! writes only before it reads or waits. A message goes from the socket to the spool piece by piece.

use super::{
    Server,
    data::{Data, Fed},
    lines::{Lines, Next},
    reply::Reply,
    session::{Input, Session, Setting, Step},
};
use crate::{
    mail::{AccountName, Envelope, Secret},
    net::{Stream, tls::Acceptor},
    sasl::Credentials,
    spool::{self, Incoming, SubmissionId},
};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// One read at most: commands, and a message.
const READ: usize = 4 << 10;
const READ_MESSAGE: usize = 64 << 10;

/// Time for a login, everything before it included: whoever has none holds no connection.
const LOGIN_WITHIN: Duration = Duration::from_secs(180);
/// For one command. RFC 5321 section 4.5.3.2.7 asks a server for at least 5 minutes.
const QUIET: Duration = Duration::from_secs(5 * 60);
/// Within a message: section 4.5.3.2.5 gives the other side 3 minutes for each piece, and 10 in all.
const QUIET_IN_MESSAGE: Duration = Duration::from_secs(10 * 60);
/// A client that takes nothing for this long has gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(120);
/// What still comes in is read for so long after the last word: closing over it would cut the word off.
const LINGER: Duration = Duration::from_secs(1);

/// Octets of a refused message that are read and thrown away before the connection is given up.
const DISCARD: u64 = 1 << 30;

/// Why a connection ends without QUIT.
#[derive(Debug)]
enum Ended {
    Gone(io::Error),
    Quiet,
    Stopping,
    /// Where the next command starts is too far away.
    Flood,
    /// A TLS handshake where a command was due.
    Tls,
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

type Result<T> = std::result::Result<T, Ended>;

struct Conn {
    server: Arc<Server>,
    stream: Option<Stream>,
    lines: Lines,
    out: Vec<u8>,
    session: Session,
    peer: IpAddr,
    /// When a connection without a user ends.
    login_by: Instant,
    /// Between Begin and Receive.
    incoming: Option<Place>,
    stop: CancellationToken,
}

/// Where a message goes.
struct Place {
    account: AccountName,
    recipients: usize,
    incoming: Incoming,
}

/// Serves one connection from the greeting to the close. `loopback`: both ends are on this computer.
pub(super) async fn run(
    server: Arc<Server>,
    stream: Stream,
    loopback: bool,
    peer: IpAddr,
    stop: CancellationToken,
) {
    let setting = Setting {
        host: server.host.clone(),
        max_size: server.spool.max_message_size(),
        can_start_tls: server.acceptor.is_some(),
        tls: stream.is_tls(),
        loopback,
    };
    let mut conn = Conn {
        server,
        stream: Some(stream),
        lines: Lines::default(),
        out: Vec::new(),
        session: Session::new(setting),
        peer,
        login_by: Instant::now() + LOGIN_WITHIN,
        incoming: None,
        stop,
    };
    if let Err(ended) = conn.serve().await {
        conn.farewell(&ended);
    }
    conn.close().await;
}

impl Conn {
    async fn serve(&mut self) -> Result<()> {
        let mut step = self.session.greeting();
        loop {
            step = match step {
                Step::Reply(reply) => {
                    self.say(&reply);
                    self.next_line().await?
                }
                Step::Read => self.next_line().await?,
                Step::StartTls(reply) => {
                    self.say(&reply);
                    self.start_tls().await?
                }
                Step::Authenticate(credentials) => self.authenticate(credentials).await?,
                Step::Begin(account, envelope) => self.begin(account, envelope).await,
                Step::Receive(reply) => {
                    self.say(&reply);
                    let received = self.receive().await?;
                    self.session.handle(Input::Received(received))
                }
                Step::Close(reply) => {
                    self.say(&reply);
                    return Ok(());
                }
            }
        }
    }

    fn say(&mut self, reply: &Reply) {
        self.out.extend_from_slice(reply.to_string().as_bytes());
    }

    /// The whole line must be there in time: a client that sends an octet now and then holds no
    /// connection, nor does one that never stops talking without a login.
    async fn next_line(&mut self) -> Result<Step> {
        let mut deadline = Instant::now() + QUIET;
        if self.session.user().is_none() {
            deadline = deadline.min(self.login_by);
        }
        if deadline <= Instant::now() {
            return Err(Ended::Quiet);
        }
        loop {
            match self.lines.next(self.session.expects_answer()) {
                Next::Line(line) => {
                    // It may hold a password.
                    let line = Secret::new(line);
                    return Ok(self.session.handle(Input::Line(line.expose())));
                }
                Next::TooLong => return Ok(self.session.handle(Input::LineTooLong)),
                Next::Flood => return Err(Ended::Flood),
                Next::Tls => return Err(Ended::Tls),
                Next::More => self.fill(READ, deadline).await?,
            }
        }
    }

    async fn start_tls(&mut self) -> Result<Step> {
        self.flush().await?;
        // May be another's, put in to be taken for the client's (CVE-2011-0411).
        self.lines.clear();
        let acceptor: Option<Acceptor> = self.server.acceptor.clone();
        let (Some(stream), Some(acceptor)) = (self.stream.take(), acceptor) else {
            return Err(gone());
        };
        self.stream = Some(tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopping),
            shaken = stream.accept_tls(&acceptor) => shaken?,
        });
        Ok(self.session.handle(Input::TlsStarted))
    }

    async fn authenticate(&mut self, credentials: Credentials) -> Result<Step> {
        let Credentials { user, password } = credentials;
        let login = self.server.auth.login(&user, &password, self.peer).await;
        let principal = match login {
            Ok(principal) => {
                let account = &principal.account;
                tracing::info!(peer = %self.peer, %account, tls = self.is_tls(), "SMTP login");
                Some(principal)
            }
            Err(denied) => {
                tracing::warn!(peer = %self.peer, "SMTP login refused");
                self.pause(denied.delay).await?;
                None
            }
        };
        Ok(self.session.handle(Input::Authenticated(principal)))
    }

    async fn begin(&mut self, account: AccountName, envelope: Envelope) -> Step {
        let recipients = envelope.recipients.len();
        let begun = match self.server.spool.begin(&account, envelope).await {
            Ok(incoming) => {
                self.incoming = Some(Place {
                    account,
                    recipients,
                    incoming,
                });
                Ok(())
            }
            Err(error) => {
                log(&account, &error);
                Err(error)
            }
        };
        self.session.handle(Input::Begun(begun))
    }

    /// Reads a message to its end, whatever the spool says to it.
    async fn receive(&mut self) -> Result<spool::Result<SubmissionId>> {
        let place = self.incoming.take().ok_or_else(gone)?;
        let start = Instant::now();
        let (mut data, mut piece, mut octets) = (Data::default(), Vec::new(), 0);
        let mut incoming = Ok(place.incoming);
        loop {
            let fed = data.feed(self.lines.input(), &mut piece);
            match fed {
                Fed::More => self.lines.input().clear(),
                Fed::End(count) => drop(self.lines.input().split_to(count)),
            }
            octets += piece.len() as u64;
            incoming = match incoming {
                Ok(open) => keep(open, &piece).await,
                Err(_) if octets > DISCARD => return Err(Ended::Flood),
                refused => refused,
            };
            piece.clear();
            if fed != Fed::More {
                break;
            }
            let deadline = Instant::now() + QUIET_IN_MESSAGE;
            self.fill(READ_MESSAGE, deadline).await?;
        }
        let taken = match incoming {
            Ok(whole) => whole.commit().await,
            Err(error) => Err(error),
        };
        let account = &place.account;
        match &taken {
            Ok(id) => {
                let (recipients, ms) = (place.recipients, start.elapsed().as_millis());
                tracing::info!(%account, %id, recipients, octets, ms, "submission taken");
            }
            Err(error) => log(account, error),
        }
        Ok(taken)
    }

    /// Writes what is due, then reads what there is. Cancel-safe up to the write.
    async fn fill(&mut self, room: usize, deadline: Instant) -> Result<()> {
        self.flush().await?;
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let input = self.lines.input();
        input.reserve(room);
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

    /// Writes what is gathered, in one write.
    async fn flush(&mut self) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let stream = self.stream.as_mut().ok_or_else(gone)?;
        let write = async {
            stream.write_all(&self.out).await?;
            stream.flush().await
        };
        timeout(WRITE_PATIENCE, write)
            .await
            .map_err(|_| Ended::Quiet)??;
        self.out.clear();
        Ok(())
    }

    /// Waits, unless this server stops meanwhile.
    async fn pause(&mut self, time: Duration) -> Result<()> {
        self.flush().await?;
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ended::Stopping),
            () = sleep(time) => Ok(()),
        }
    }

    fn is_tls(&self) -> bool {
        self.stream.as_ref().is_some_and(Stream::is_tls)
    }

    fn farewell(&mut self, ended: &Ended) {
        let reply = match ended {
            Ended::Gone(error) => {
                tracing::debug!(peer = %self.peer, %error, "SMTP connection ended");
                // Half a reply may stand in the way: nothing more can be said.
                return self.out.clear();
            }
            Ended::Quiet => Reply::new(421, "4.4.2", "Nothing said for too long"),
            Ended::Stopping => Reply::new(421, "4.3.2", "Postern stops, come back soon"),
            Ended::Flood => Reply::new(421, "4.7.0", "Too much at once"),
            Ended::Tls => Reply::new(421, "4.7.0", "Use STARTTLS here, or the port for TLS"),
        };
        self.say(&reply);
    }

    /// Writes what is due and closes, as far as the client lets us.
    async fn close(mut self) {
        let _ = self.flush().await;
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        let _ = timeout(Duration::from_secs(2), stream.shutdown()).await;
        let mut rest = [0; 1024];
        let drain = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
        let _ = timeout(LINGER, drain).await;
    }
}

async fn keep(mut incoming: Incoming, piece: &[u8]) -> spool::Result<Incoming> {
    if !piece.is_empty() {
        incoming.write(piece).await?;
    }
    Ok(incoming)
}

fn gone() -> Ended {
    Ended::Gone(io::ErrorKind::UnexpectedEof.into())
}

/// The cause chain; the client gets a short fixed text.
fn log(account: &AccountName, error: &spool::Error) {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::warn!(%account, error = chain, "submission not taken");
}
