//! Plays every story in `tests/transcripts/smtp` against the pure session and its framing: no socket.
//!
//! `C:` is sent with CRLF, `c:` without; `S:` is one line that must come (`…` stands for anything). `M:`
//! is a line of the message that was taken last, all of them in a row; `E:` its envelope. `#` is a
//! comment. `!` acts: `as remote`, `as tls` or `as bare` (no certificate) come first, else both ends
//! are on one computer; `tls` shakes hands; `full`, `broken`, `unknown` and `large` are what the spool
//! says next; `send N` sends N times x; `end`: the server must have closed. `\xNN` is an octet.
//! `{PLAIN}` is anna's SASL message in base64, whose password is `geheim`; `reader` may not send.
//! Each story is played with its lines whole, and octet by octet.

use postern::{
    auth::{Principal, rights},
    mail::{AccountName, Envelope, ErrorClass},
    sasl::Credentials,
    smtp::{
        data::{Data, Fed},
        lines::{Lines, Next},
        reply::Reply,
        session::{Input, Session, Setting, Step},
    },
    spool::{self, SubmissionId},
    store,
};
use std::{collections::VecDeque, fs};

#[test]
fn every_smtp_transcript() {
    let only = std::env::var("TRANSCRIPT").unwrap_or_default();
    let (mut count, mut failed) = (0, Vec::new());
    for entry in fs::read_dir("tests/transcripts/smtp").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for piece in [usize::MAX, 1] {
            if let Err(why) = play(&text, piece) {
                failed.push(format!("{name}:{why}"));
                break;
            }
        }
        count += 1;
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(count > 10 || !only.is_empty(), "no transcripts found");
}

/// A shell without a socket.
struct Player {
    session: Session,
    lines: Lines,
    out: VecDeque<String>,
    state: State,
    /// What the spool says next.
    spool: Option<spool::Error>,
    queued: i64,
    envelope: Option<Envelope>,
    message: Vec<u8>,
    told: VecDeque<String>,
    piece: usize,
}

enum State {
    Commands,
    Handshake,
    Message(Data),
    Closed,
}

fn play(text: &str, piece: usize) -> Result<(), String> {
    let place = text.lines().find_map(|line| line.strip_prefix("! as "));
    let mut player = Player::new(place.unwrap_or("local"), piece);
    for (number, line) in text.lines().enumerate() {
        let step = player.line(line);
        step.map_err(|why| format!("{}: {why}", number + 1))?;
    }
    match player.out.is_empty() {
        true => Ok(()),
        false => Err(format!("unread: {:?}", player.out)),
    }
}

impl Player {
    fn new(place: &str, piece: usize) -> Self {
        let session = Session::new(Setting {
            host: "localhost".into(),
            max_size: 1000,
            can_start_tls: place != "bare",
            tls: place == "tls",
            loopback: place != "remote",
        });
        let mut player = Self {
            lines: Lines::default(),
            out: VecDeque::new(),
            state: State::Commands,
            spool: None,
            queued: 0,
            envelope: None,
            message: Vec::new(),
            told: VecDeque::new(),
            piece,
            session,
        };
        let greeting = player.session.greeting();
        player.perform(greeting);
        player
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "C:" | "c:" => {
                let mut octets = octets(rest);
                if word == "C:" {
                    octets.extend_from_slice(b"\r\n");
                }
                self.send(&octets);
            }
            "S:" => return fits(rest, self.out.pop_front()),
            "M:" => return fits(rest, self.told.pop_front()),
            "E:" => return fits(rest, self.envelope.as_ref().map(shown)),
            "!" => return self.act(rest),
            _ => return Err(format!("unknown line {line}")),
        }
        Ok(())
    }

    fn act(&mut self, what: &str) -> Result<(), String> {
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        match word {
            "as" => {}
            "tls" if matches!(self.state, State::Handshake) => {
                self.lines.clear();
                self.state = State::Commands;
                let step = self.session.handle(Input::TlsStarted);
                self.perform(step);
            }
            "full" => self.spool = Some(spool::Error::Full),
            "large" => self.spool = Some(spool::Error::TooLarge { limit: 1000 }),
            "unknown" => self.spool = Some(spool::Error::NoAccount(AccountName::new("anna"))),
            "broken" => self.spool = Some(spool::Error::Store(store::Error::Closed)),
            "send" => self.send(&vec![b'x'; rest.parse().map_err(|_| "no number")?]),
            "end" if matches!(self.state, State::Closed) => {}
            _ => return Err(format!("cannot {what} now")),
        }
        Ok(())
    }

    fn send(&mut self, octets: &[u8]) {
        for piece in octets.chunks(self.piece) {
            self.lines.input().extend_from_slice(piece);
            while self.go_on() {}
        }
    }

    /// Whether there is more to do with what was read.
    fn go_on(&mut self) -> bool {
        match &mut self.state {
            State::Closed | State::Handshake => false,
            State::Message(data) => {
                match data.feed(self.lines.input(), &mut self.message) {
                    Fed::More => {
                        self.lines.input().clear();
                        return false;
                    }
                    Fed::End(count) => drop(self.lines.input().split_to(count)),
                }
                self.received();
                true
            }
            State::Commands => {
                let answer = self.session.expects_answer();
                let step = match self.lines.next(answer) {
                    Next::More => return false,
                    Next::Line(line) => self.session.handle(Input::Line(&line)),
                    Next::TooLong => self.session.handle(Input::LineTooLong),
                    Next::Flood | Next::Tls => {
                        self.state = State::Closed;
                        return false;
                    }
                };
                self.perform(step);
                true
            }
        }
    }

    fn received(&mut self) {
        self.state = State::Commands;
        let text = String::from_utf8_lossy(&self.message).replace("\r\n", "\n");
        self.told = text.lines().map(|l| l.replace('\r', "\\x0D")).collect();
        let result = match self.spool.take() {
            Some(error) => Err(error),
            None => {
                self.queued += 1;
                Ok(SubmissionId(self.queued))
            }
        };
        let step = self.session.handle(Input::Received(result));
        self.perform(step);
    }

    fn perform(&mut self, step: Step) {
        let next = match step {
            Step::Read => return,
            Step::Reply(reply) => return self.say(&reply),
            Step::StartTls(reply) => {
                self.state = State::Handshake;
                return self.say(&reply);
            }
            Step::Receive(reply) => {
                self.message.clear();
                self.state = State::Message(Data::default());
                return self.say(&reply);
            }
            Step::Close(reply) => {
                self.state = State::Closed;
                return self.say(&reply);
            }
            Step::Authenticate(credentials) => {
                let principal = principal(&credentials);
                self.session.handle(Input::Authenticated(principal))
            }
            Step::Begin(account, envelope) => {
                assert_eq!(account.as_str(), "anna");
                self.envelope = Some(envelope);
                let begun = match self.spool.take() {
                    Some(spool::Error::TooLarge { limit }) => {
                        // Only the message itself shows it.
                        self.spool = Some(spool::Error::TooLarge { limit });
                        Ok(())
                    }
                    Some(error) => Err(error),
                    None => Ok(()),
                };
                self.session.handle(Input::Begun(begun))
            }
        };
        self.perform(next);
    }

    fn say(&mut self, reply: &Reply) {
        let text = reply.to_string();
        assert!(text.ends_with("\r\n"));
        self.out
            .extend(text.split_terminator("\r\n").map(str::to_owned));
    }
}

fn principal(credentials: &Credentials) -> Option<Principal> {
    let rights = match credentials.user.as_str() {
        "anna" => rights::READ | rights::SEND,
        "reader" => rights::READ,
        _ => return None,
    };
    (credentials.password.expose() == "geheim").then(|| Principal {
        name: "anna".into(),
        account: AccountName::new("anna"),
        rights,
    })
}

fn shown(envelope: &Envelope) -> String {
    let mut text = format!(
        "{} -> {}",
        envelope.reverse_path,
        envelope.recipients.join(", ")
    );
    if envelope.eight_bit {
        text.push_str(" 8bit");
    }
    if envelope.smtputf8 {
        text.push_str(" utf8");
    }
    if let Some(size) = envelope.size {
        text.push_str(&format!(" size={size}"));
    }
    text
}

fn octets(text: &str) -> Vec<u8> {
    let text = text.replace("{PLAIN}", "AGFubmEAZ2VoZWlt");
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        out.push(u8::from_str_radix(hex, 16).unwrap());
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

/// `…` at the end stands for anything.
fn fits(wanted: &str, got: Option<String>) -> Result<(), String> {
    let got = got.ok_or_else(|| format!("nothing came, wanted {wanted}"))?;
    let fits = match wanted.strip_suffix('…') {
        Some(start) => got.starts_with(start),
        None => got == wanted,
    };
    match fits {
        true => Ok(()),
        false => Err(format!("\n  wanted {wanted}\n  got    {got}")),
    }
}

/// The classes that only a broken disk shows are told as temporary.
#[test]
fn a_broken_store_is_no_reason_to_lose_mail() {
    let reply = Reply::from(&spool::Error::Store(store::Error::Closed));
    assert_eq!(reply.code, 451);
    assert_eq!(Reply::from(ErrorClass::Bug).code, 451);
}
