//! One session as a state machine without I/O (RFC 5321, RFC 6409).
//!
//! The shell ([`super::conn`]) feeds [`Input`] and performs the [`Step`] that comes back. AUTH's exchange
//! and DATA are states of their own. Invariants: nothing is taken before a login; a password is looked
//! at only under TLS or within this computer; TLS wipes what was said before it (RFC 3207 section 4.2);
//! 250 is said only with the spool's number in hand.

use super::{
    command::{self, Command, Fault, Params},
    path,
    reply::Reply,
};
use crate::{
    auth::{Principal, rights},
    mail::{AccountName, Envelope, Secret},
    sasl::{self, Credentials, Exchange, Malformed, Mechanism},
    spool::{self, SubmissionId},
};

/// RFC 5321 section 4.5.3.1.8 asks for 100; Microsoft 365 takes 500.
const RECIPIENTS: usize = 500;
/// Commands in a row that are none ([`Reply::is_fault`]).
const FAULTS: u32 = 10;
/// Wrong passwords in a session.
const FAILURES: u32 = 3;

#[derive(Debug)]
pub enum Input<'a> {
    /// A command or the answer to a 334, without its end.
    Line(&'a [u8]),
    /// There was one, but it was too long.
    LineTooLong,
    /// The handshake after [`Step::StartTls`] is done.
    TlsStarted,
    /// What [`Step::Authenticate`] came to; a refusal's delay is over.
    Authenticated(Option<Principal>),
    /// What [`Step::Begin`] came to.
    Begun(Result<(), spool::Error>),
    /// What [`Step::Receive`] came to: durable, or not there.
    Received(Result<SubmissionId, spool::Error>),
}

#[derive(Debug, PartialEq, Eq)]
#[must_use = "the shell must perform the step"]
pub enum Step {
    /// Say it, then read a line.
    Reply(Reply),
    /// Nothing to say, read a line.
    Read,
    /// Say it, forget what was read, shake hands.
    StartTls(Reply),
    Authenticate(Credentials),
    /// Ask the spool for a place.
    Begin(AccountName, Envelope),
    /// Say it, and read a message into that place.
    Receive(Reply),
    /// Say it, and close.
    Close(Reply),
}

/// What the session knows of the connection and the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What the server calls itself.
    pub host: String,
    /// Octets of a message (RFC 1870).
    pub max_size: u64,
    /// There is a certificate.
    pub can_start_tls: bool,
    pub tls: bool,
    /// Both ends are on this computer.
    pub loopback: bool,
}

#[derive(Debug)]
pub struct Session {
    setting: Setting,
    greeted: bool,
    user: Option<Principal>,
    /// Between AUTH and its end: lines are answers.
    exchange: Option<Exchange>,
    /// Between MAIL and the end of DATA.
    transaction: Option<Envelope>,
    faults: u32,
    failures: u32,
}

impl Session {
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            greeted: false,
            user: None,
            exchange: None,
            transaction: None,
            faults: 0,
            failures: 0,
        }
    }

    pub fn greeting(&self) -> Step {
        let text = format!("{} ESMTP Postern ready", self.setting.host);
        Step::Reply(Reply::plain(220, vec![text]))
    }

    /// The next line answers a 334: it may be longer.
    pub fn expects_answer(&self) -> bool {
        self.exchange.is_some()
    }

    pub fn user(&self) -> Option<&Principal> {
        self.user.as_ref()
    }

    pub fn handle(&mut self, input: Input<'_>) -> Step {
        let step = match input {
            Input::Line(line) if self.exchange.is_some() => self.answer(line),
            Input::Line(line) => match command::decode(line) {
                Ok(command) => self.command(command),
                Err(fault) => refused(fault),
            },
            Input::LineTooLong if self.exchange.take().is_some() => {
                say(500, "5.5.6", "Answer too long")
            }
            Input::LineTooLong => say(500, "5.5.2", "Line too long"),
            Input::TlsStarted => {
                self.forget();
                self.setting.tls = true;
                Step::Read
            }
            Input::Authenticated(user) => self.authenticated(user),
            Input::Begun(Ok(())) => {
                let text = "Send the message, end with a dot on a line of its own";
                Step::Receive(Reply::plain(354, vec![text.to_owned()]))
            }
            Input::Begun(Err(error)) | Input::Received(Err(error)) => {
                Step::Reply(Reply::from(&error))
            }
            Input::Received(Ok(id)) => say(250, "2.0.0", &format!("Queued as {id}")),
        };
        self.count_faults(step)
    }

    /// RFC 3207 section 4.2; wrong passwords still count.
    fn forget(&mut self) {
        self.greeted = false;
        self.user = None;
        self.exchange = None;
        self.transaction = None;
    }

    fn command(&mut self, command: Command) -> Step {
        match command {
            Command::Hello { extended } => self.hello(extended),
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial),
            Command::Mail {
                reverse_path,
                params,
            } => self.mail(reverse_path, params),
            Command::Rcpt { forward_path } => self.rcpt(forward_path),
            Command::Data => self.data(),
            Command::Rset => {
                self.transaction = None;
                say(250, "2.0.0", "Forgotten")
            }
            Command::Noop => say(250, "2.0.0", "OK"),
            // RFC 5321 section 3.5.3: only Microsoft 365 knows who exists.
            Command::Vrfy => say(252, "2.5.0", "Send some mail, and see"),
            Command::Help => say(
                214,
                "2.0.0",
                "EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT",
            ),
            Command::Quit => Step::Close(Reply::new(221, "2.0.0", "Bye")),
        }
    }

    fn hello(&mut self, extended: bool) -> Step {
        self.greeted = true;
        self.transaction = None;
        let mut lines = vec![self.setting.host.clone()];
        if extended {
            lines.extend(self.offers());
        }
        Step::Reply(Reply::plain(250, lines))
    }

    /// Exactly what works, here and now.
    fn offers(&self) -> Vec<String> {
        let mut offers = vec![
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.setting.max_size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
        ];
        if self.may_start_tls() {
            offers.push("STARTTLS".to_owned());
        }
        if self.may_log_in() && self.user.is_none() {
            let names = Mechanism::ALL.map(Mechanism::as_str).join(" ");
            offers.push(format!("AUTH {names}"));
        }
        offers.push("HELP".to_owned());
        offers
    }

    fn may_start_tls(&self) -> bool {
        self.setting.can_start_tls && !self.setting.tls
    }

    /// A password in the clear stays on this computer, or is refused (RFC 4954 section 4).
    fn may_log_in(&self) -> bool {
        self.setting.tls || self.setting.loopback
    }

    fn start_tls(&self) -> Step {
        if self.setting.tls {
            say(503, "5.5.1", "TLS is on already")
        } else if self.setting.can_start_tls {
            Step::StartTls(Reply::new(220, "2.0.0", "Begin TLS"))
        } else {
            say(502, "5.5.1", "No TLS here")
        }
    }

    fn auth(&mut self, mechanism: &str, initial: Option<Secret<Vec<u8>>>) -> Step {
        if !self.greeted {
            return hello_first();
        }
        if self.user.is_some() {
            return say(503, "5.5.1", "Logged in already");
        }
        if self.transaction.is_some() {
            return say(503, "5.5.1", "Not within a transaction");
        }
        let Some(mechanism) = Mechanism::from_wire(mechanism) else {
            return say(504, "5.5.4", "Mechanism not offered");
        };
        if !self.may_log_in() {
            return say(538, "5.7.11", "Start TLS first");
        }
        let initial = match initial.map(|text| sasl::from_base64(text.expose())) {
            Some(Err(malformed)) => return self.malformed(malformed),
            Some(Ok(octets)) => Some(octets),
            None => None,
        };
        let mut exchange = Exchange::new(mechanism);
        let step = exchange.start(initial.as_ref().map(|octets| octets.expose().as_slice()));
        self.exchange = Some(exchange);
        self.exchanged(step)
    }

    fn answer(&mut self, line: &[u8]) -> Step {
        let Some(mut exchange) = self.exchange.take() else {
            return say(503, "5.5.1", "No question was asked");
        };
        if line == b"*" {
            return say(501, "5.0.0", "Given up");
        }
        let step = sasl::from_base64(line).and_then(|octets| exchange.answer(octets.expose()));
        self.exchange = Some(exchange);
        self.exchanged(step)
    }

    fn exchanged(&mut self, step: Result<sasl::Step, Malformed>) -> Step {
        match step {
            Ok(sasl::Step::Challenge(text)) => {
                Step::Reply(Reply::plain(334, vec![sasl::to_base64(text)]))
            }
            Ok(sasl::Step::Done(credentials)) => {
                self.exchange = None;
                Step::Authenticate(credentials)
            }
            Err(malformed) => self.malformed(malformed),
        }
    }

    fn malformed(&mut self, malformed: Malformed) -> Step {
        self.exchange = None;
        match malformed {
            Malformed::Base64 | Malformed::Message => say(501, "5.5.2", "Malformed answer"),
            Malformed::Identity => self.failed("Nobody may act for another here"),
        }
    }

    fn authenticated(&mut self, user: Option<Principal>) -> Step {
        if user.is_none() {
            return self.failed("Wrong user name or password");
        }
        self.user = user;
        self.failures = 0;
        say(235, "2.7.0", "Logged in")
    }

    /// The last one too is told why, before the connection ends.
    fn failed(&mut self, why: &str) -> Step {
        self.failures += 1;
        let reply = Reply::new(535, "5.7.8", why);
        if self.failures >= FAILURES {
            Step::Close(reply)
        } else {
            Step::Reply(reply)
        }
    }

    /// Any valid sender will do: Microsoft 365 decides what an account may say it is, and puts the
    /// account's own address where it may not.
    fn mail(&mut self, reverse_path: String, params: Params) -> Step {
        if !self.greeted {
            return hello_first();
        }
        let Some(user) = &self.user else {
            return log_in_first();
        };
        if user.rights & rights::SEND == 0 {
            return say(550, "5.7.1", "This password is not for sending mail");
        }
        if self.transaction.is_some() {
            return say(503, "5.5.1", "One MAIL at a time");
        }
        if params.size.is_some_and(|size| size > self.setting.max_size) {
            return say(552, "5.3.4", "The message is too large");
        }
        if !reverse_path.is_ascii() && !params.smtputf8 {
            return needs_smtputf8();
        }
        self.transaction = Some(Envelope {
            reverse_path,
            recipients: Vec::new(),
            eight_bit: params.eight_bit,
            smtputf8: params.smtputf8,
            size: params.size,
        });
        say(250, "2.1.0", "OK")
    }

    fn rcpt(&mut self, forward_path: String) -> Step {
        if self.user.is_none() {
            return log_in_first();
        }
        let Some(envelope) = &mut self.transaction else {
            return mail_first();
        };
        if !forward_path.is_ascii() && !envelope.smtputf8 {
            return needs_smtputf8();
        }
        if envelope.recipients.contains(&forward_path) {
            return say(250, "2.1.5", "OK, named before");
        }
        if envelope.recipients.len() >= RECIPIENTS {
            return say(452, "4.5.3", "Too many recipients");
        }
        envelope.recipients.push(forward_path);
        say(250, "2.1.5", "OK")
    }

    /// The transaction ends here, however it ends.
    fn data(&mut self) -> Step {
        let Some(user) = &self.user else {
            return log_in_first();
        };
        match self.transaction.take() {
            None => mail_first(),
            Some(envelope) if envelope.recipients.is_empty() => {
                self.transaction = Some(envelope);
                say(554, "5.5.1", "No valid recipients")
            }
            Some(envelope) => Step::Begin(user.account.clone(), envelope),
        }
    }

    fn count_faults(&mut self, step: Step) -> Step {
        let Step::Reply(reply) = step else {
            return step;
        };
        self.faults = if reply.is_fault() { self.faults + 1 } else { 0 };
        if self.faults >= FAULTS {
            return Step::Close(Reply::new(421, "4.7.0", "Too many errors"));
        }
        Step::Reply(reply)
    }
}

fn say(code: u16, enhanced: &'static str, text: &str) -> Step {
    Step::Reply(Reply::new(code, enhanced, text))
}

fn hello_first() -> Step {
    say(503, "5.5.1", "Say EHLO first")
}

fn mail_first() -> Step {
    say(503, "5.5.1", "Say MAIL first")
}

fn log_in_first() -> Step {
    say(530, "5.7.0", "Log in first")
}

/// RFC 6531 section 3.5.
fn needs_smtputf8() -> Step {
    say(553, "5.6.7", "Such an address needs SMTPUTF8 in MAIL")
}

fn refused(fault: Fault) -> Step {
    match fault {
        Fault::Unknown => say(500, "5.5.1", "Unknown command"),
        Fault::NotServed => say(502, "5.5.1", "Not offered"),
        Fault::Octets => say(501, "5.5.2", "Octets that no command has"),
        Fault::Argument => say(501, "5.5.4", "Malformed argument"),
        Fault::Parameter => say(555, "5.5.4", "Parameter not offered"),
        Fault::Http => Step::Close(Reply::new(421, "4.7.0", "This is no web server")),
        Fault::Path(path::Fault::Syntax) => say(553, "5.1.3", "Malformed address"),
        Fault::Path(path::Fault::NoDomain) => say(553, "5.1.3", "An address needs its domain"),
        Fault::Path(path::Fault::TooLong) => say(553, "5.1.3", "Address too long"),
    }
}
