//! One session: the state table (RFC 3501 section 3) and the dispatch of commands.
//!
//! [`Stage`] is what the table of commands speaks of. AUTHENTICATE, STARTTLS and IDLE are states of
//! their own in which lines are no commands: [`command::login`], [`command::starttls`] and
//! [`command::idle`] hold them. After each command the session is told what changed meanwhile,
//! then comes the tagged response. After [`FAULTS`] BADs in a row, or [`FAILURES`] wrong passwords,
//! the session ends: whoever that is, it is no mail program.

use super::{
    Server, command,
    conn::{Conn, Ended, Event, Result},
    flow::Refusal,
    reply::{Reply, Status},
    room::Held,
    view::View,
    wire::{self, Command, Fault, Malformed, Request},
};
use crate::{
    account::{self, Account, FolderKey, notify::Watch},
    auth::{Principal, rights},
    net::Stream,
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// BADs in a row.
const FAULTS: u32 = 10;
/// Wrong passwords in a session.
const FAILURES: u32 = 3;

/// Time for a login, everything before it included.
const LOGIN_WITHIN: Duration = Duration::from_secs(180);
/// Of that, for one command.
const QUIET_BEFORE_LOGIN: Duration = Duration::from_secs(60);
/// RFC 3501 section 5.4 asks for at least 30 minutes.
pub const QUIET: Duration = Duration::from_secs(35 * 60);

/// Everything that one session knows.
#[derive(Debug)]
pub struct Session {
    pub server: Arc<Server>,
    pub conn: Conn,
    pub peer: IpAddr,
    /// Both ends are on this computer: a password may come without TLS.
    pub loopback: bool,
    pub state: State,
    pub failures: u32,
    /// Room for the message of the APPEND in hand.
    pub held: Option<Held>,
}

#[derive(Debug)]
pub enum State {
    NotAuthenticated,
    Authenticated(User),
    Selected(User, Selection),
    Logout,
}

/// Who logged in, and the mailbox that is served.
#[derive(Debug, Clone)]
pub struct User {
    pub account: Account,
    pub principal: Principal,
}

impl User {
    /// Whether this password, for this account, may change anything.
    pub fn may_write(&self) -> bool {
        self.principal.rights & rights::WRITE != 0 && self.account.may_write()
    }
}

/// The selected mailbox.
#[derive(Debug)]
pub struct Selection {
    pub folder: FolderKey,
    /// By SELECT, and by someone who may.
    pub writable: bool,
    pub view: View,
    pub watch: Watch,
}

/// The states that commands are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    NotAuthenticated,
    Authenticated,
    Selected,
    Logout,
}

/// RFC 3501 sections 6.1 to 6.4: which command is allowed where.
fn allowed(command: &Command, stage: Stage) -> bool {
    match command {
        Command::Capability | Command::Noop | Command::Logout | Command::Id => true,
        Command::StartTls | Command::Authenticate { .. } | Command::Login { .. } => {
            stage == Stage::NotAuthenticated
        }
        Command::Enable
        | Command::Namespace
        | Command::Select(_)
        | Command::Examine(_)
        | Command::Subscribe(_)
        | Command::Unsubscribe(_)
        | Command::List(_)
        | Command::Lsub(_)
        | Command::Status(..)
        | Command::Idle
        | Command::Append(_)
        | Command::Create(_)
        | Command::Delete(_)
        | Command::Rename(..) => stage >= Stage::Authenticated,
        Command::Check
        | Command::Close
        | Command::Unselect
        | Command::Search { .. }
        | Command::Fetch { .. }
        | Command::Store { .. }
        | Command::Copy { .. }
        | Command::Move { .. }
        | Command::Expunge(_) => stage == Stage::Selected,
    }
}

/// Whether EXPUNGE may be sent in answer to it (RFC 3501 section 7.4.1).
fn may_tell_expunges(command: &Command) -> bool {
    !matches!(
        command,
        Command::Fetch { uid: false, .. }
            | Command::Search { uid: false, .. }
            | Command::Store { uid: false, .. }
    )
}

/// Runs a session from the greeting to the close.
pub async fn run(
    server: Arc<Server>,
    stream: Stream,
    loopback: bool,
    peer: IpAddr,
    stop: CancellationToken,
) {
    let mut session = Session {
        server,
        conn: Conn::new(stream, stop),
        peer,
        loopback,
        state: State::NotAuthenticated,
        failures: 0,
        held: None,
    };
    let greeting = command::capability::code(&session);
    session
        .conn
        .say(&format!("* OK [{greeting}] Postern ready\r\n"));
    let ended = session.serve().await;
    if let Err(ended) = ended {
        session.farewell(&ended);
    }
    session.conn.close().await;
}

impl Session {
    pub fn stage(&self) -> Stage {
        match self.state {
            State::NotAuthenticated => Stage::NotAuthenticated,
            State::Authenticated(_) => Stage::Authenticated,
            State::Selected(..) => Stage::Selected,
            State::Logout => Stage::Logout,
        }
    }

    pub fn user(&self) -> Option<&User> {
        match &self.state {
            State::Authenticated(user) | State::Selected(user, _) => Some(user),
            State::NotAuthenticated | State::Logout => None,
        }
    }

    async fn serve(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut faults = 0;
        while self.stage() != Stage::Logout {
            let quiet = match self.stage() {
                Stage::NotAuthenticated => LOGIN_WITHIN
                    .saturating_sub(begun.elapsed())
                    .min(QUIET_BEFORE_LOGIN),
                _ => QUIET,
            };
            // What comes without a pause would never be waited for.
            if quiet.is_zero() {
                return Err(Ended::Quiet);
            }
            let status = match self.conn.command(quiet).await? {
                Event::Command(command) => self.handle(command).await?,
                Event::Announced => {
                    command::append::announced(self).await?;
                    continue;
                }
                Event::Refused { tag, why } => self.refused(tag.as_deref(), why),
            };
            self.held = None;
            faults = if status == Status::Bad { faults + 1 } else { 0 };
            if faults >= FAULTS {
                return Err(Ended::Bye("Too many errors"));
            }
            if self.failures >= FAILURES {
                return Err(Ended::Bye("Too many wrong passwords"));
            }
            self.conn.relieve().await?;
        }
        Ok(())
    }

    async fn handle(&mut self, octets: Vec<u8>) -> Result<Status> {
        match wire::decode(&octets) {
            Ok(request) => self.dispatch(request, octets).await,
            Err(_) if speaks_http(&octets) => {
                self.conn.say("* BAD This is an IMAP server\r\n");
                Err(Ended::Bye("Not a web server"))
            }
            Err(malformed) => Ok(self.malformed(&malformed)),
        }
    }

    fn malformed(&mut self, malformed: &Malformed) -> Status {
        let reply = match malformed.why {
            Fault::Unknown => Reply::bad("Unknown command"),
            Fault::Syntax => malformed_command(),
            Fault::Charset => Reply::no("BADCHARSET (US-ASCII UTF-8)", "Unknown charset"),
            Fault::Depth => Reply::bad("Nested too deep"),
            Fault::Keys => Reply::bad("Too many search keys, 4000 at most"),
        };
        self.tell(malformed.tag.as_deref(), &reply)
    }

    fn refused(&mut self, tag: Option<&str>, why: Refusal) -> Status {
        let reply = match why {
            Refusal::LineTooLong => Reply::bad("Line too long"),
            Refusal::LiteralTooLarge => Reply::bad_with("TOOBIG", "Literal too large"),
            Refusal::MessageTooLarge => Reply::no("TOOBIG", "Larger than any message may be"),
            Refusal::NotNow => out_of_state(),
            Refusal::NoMailbox => command::no_such_target(),
            Refusal::NotAllowed => command::not_allowed(),
            Refusal::OwnMailbox => command::own_mailbox(),
            Refusal::Malformed => malformed_command(),
            Refusal::Keyword => command::no_such_keyword(),
            Refusal::Empty => command::append::empty(),
            Refusal::NoRoom => Reply::no("UNAVAILABLE", "Too much mail at once, try again later"),
        };
        self.tell(tag, &reply)
    }

    fn tell(&mut self, tag: Option<&str>, reply: &Reply) -> Status {
        self.conn.say(&reply.line(tag.unwrap_or("*")));
        reply.status
    }

    async fn dispatch(&mut self, request: Request, octets: Vec<u8>) -> Result<Status> {
        let Request { tag, command } = request;
        if !allowed(&command, self.stage()) {
            return Ok(self.tell(Some(&tag), &out_of_state()));
        }
        let expunges = may_tell_expunges(&command);
        let starts_tls = matches!(command, Command::StartTls);
        let reply = command::execute(self, command, octets).await?;
        self.sync(expunges).await?;
        let status = self.tell(Some(&tag), &reply);
        if starts_tls && status == Status::Ok {
            command::starttls::upgrade(self).await?;
        }
        Ok(status)
    }

    /// Tells what changed in the selected mailbox since the last time.
    pub async fn sync(&mut self, expunges: bool) -> Result<()> {
        let State::Selected(user, selected) = &mut self.state else {
            return Ok(());
        };
        let changes = user
            .account
            .changes_since(selected.folder, selected.view.modseq());
        match changes.await {
            Ok(changes) => selected.view.note(changes),
            Err(error) if error.class() == crate::mail::ErrorClass::NotFound => {
                return Err(Ended::Bye("The selected mailbox is gone"));
            }
            Err(error) => log(&error, "changes of the selected mailbox"),
        }
        command::tell_updates(&mut self.conn, &mut selected.view, expunges).await
    }

    fn farewell(&mut self, ended: &Ended) {
        let text = match ended {
            Ended::Gone(error) => {
                tracing::debug!(peer = %self.peer, %error, "IMAP connection ended");
                // Half an answer may stand in the way: nothing more can be said.
                return self.conn.out().clear();
            }
            Ended::Quiet => "Nothing said for too long",
            Ended::Stopping => "Postern stops, come back soon",
            Ended::Unframed(Refusal::LineTooLong) => "Line too long",
            Ended::Unframed(Refusal::MessageTooLarge) => "Message too large",
            Ended::Unframed(_) => "Literal too large",
            Ended::Bye(text) => text,
        };
        self.conn.say(&format!("* BYE {text}\r\n"));
    }
}

fn malformed_command() -> Reply {
    Reply::bad("Malformed command")
}

fn out_of_state() -> Reply {
    Reply::bad("Not now: the command does not fit the state of this session")
}

/// A browser, or someone who makes one send things here.
fn speaks_http(command: &[u8]) -> bool {
    command
        .split(|&b| b == b' ')
        .nth(2)
        .is_some_and(|version| version.starts_with(b"HTTP/"))
}

/// The cause chain; the client got a short fixed text.
pub fn log(error: &account::Error, what: &str) {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::warn!(what, error = chain, "IMAP command failed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_table() {
        use Stage::{Authenticated, NotAuthenticated, Selected};
        let everywhere = [NotAuthenticated, Authenticated, Selected];
        for (line, stages) in [
            ("CAPABILITY", &everywhere[..]),
            ("NOOP", &everywhere),
            ("LOGOUT", &everywhere),
            ("ID NIL", &everywhere),
            ("STARTTLS", &[NotAuthenticated]),
            ("LOGIN a b", &[NotAuthenticated]),
            ("AUTHENTICATE PLAIN", &[NotAuthenticated]),
            ("ENABLE CONDSTORE", &[Authenticated, Selected]),
            ("NAMESPACE", &[Authenticated, Selected]),
            ("SELECT a", &[Authenticated, Selected]),
            ("EXAMINE a", &[Authenticated, Selected]),
            ("SUBSCRIBE a", &[Authenticated, Selected]),
            ("UNSUBSCRIBE a", &[Authenticated, Selected]),
            ("LIST a b", &[Authenticated, Selected]),
            ("LSUB a b", &[Authenticated, Selected]),
            ("STATUS a (UNSEEN)", &[Authenticated, Selected]),
            ("IDLE", &[Authenticated, Selected]),
            ("APPEND a {1}\r\nx", &[Authenticated, Selected]),
            ("CREATE a", &[Authenticated, Selected]),
            ("DELETE a", &[Authenticated, Selected]),
            ("RENAME a b", &[Authenticated, Selected]),
            ("CHECK", &[Selected]),
            ("CLOSE", &[Selected]),
            ("UNSELECT", &[Selected]),
            ("EXPUNGE", &[Selected]),
            ("SEARCH ALL", &[Selected]),
            ("UID FETCH 1 FLAGS", &[Selected]),
            ("UID EXPUNGE 1", &[Selected]),
            ("STORE 1 FLAGS (a)", &[Selected]),
            ("COPY 1 a", &[Selected]),
            ("UID MOVE 1 a", &[Selected]),
        ] {
            let command = wire::decode(format!("t {line}").as_bytes())
                .unwrap()
                .command;
            for stage in everywhere {
                let wanted = stages.contains(&stage);
                assert_eq!(allowed(&command, stage), wanted, "{line} in {stage:?}");
            }
        }
    }

    #[test]
    fn expunges_wait_for_commands_with_uids_or_none() {
        for (line, may) in [
            ("FETCH 1 FLAGS", false),
            ("SEARCH ALL", false),
            ("STORE 1 FLAGS ()", false),
            ("UID FETCH 1 FLAGS", true),
            ("UID SEARCH ALL", true),
            ("UID STORE 1 FLAGS ()", true),
            ("COPY 1 a", true),
            ("MOVE 1 a", true),
            ("EXPUNGE", true),
            ("NOOP", true),
        ] {
            let command = wire::decode(format!("t {line}").as_bytes())
                .unwrap()
                .command;
            assert_eq!(may_tell_expunges(&command), may, "{line}");
        }
    }

    #[test]
    fn web_browsers_are_known_by_their_request_line() {
        assert!(speaks_http(b"GET / HTTP/1.1"));
        assert!(speaks_http(b"POST /x?y HTTP/1.0"));
        assert!(!speaks_http(b"a LOGIN HTTP"));
    }
}
