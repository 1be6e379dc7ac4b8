//! Framing: from octets to whole commands, with the size limits in it. Pure.
//!
//! A command is one line, or several joined by literals (RFC 3501 section 4.3; non-synchronizing
//! ones, RFC 7888). Invariants: no more is held than [`Limits`] allow; a literal over the limit is
//! refused before one octet of it is asked for; where the client sends it unasked and it is too
//! much to throw away, the connection ends. A bare LF ends a line too: people type at this port.

use bytes::BytesMut;

/// What one command may make the server hold or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of all lines of one command, literals not counted.
    pub line: usize,
    /// Octets of all literals of one command.
    pub literals: u64,
    /// The same for APPEND, whose last literal is a whole message.
    pub message: u64,
    /// Octets of a refused command that are read and thrown away before the connection is given up.
    pub discard: u64,
}

/// Before login: enough for a long user name and password, and nothing else.
pub const BEFORE_LOGIN: Limits = Limits {
    line: 8 << 10,
    literals: 4 << 10,
    message: 4 << 10,
    discard: 4 << 20,
};

/// After login. Clients send UID sets of 40 kB and more, so a line may have 1 MiB.
pub const AFTER_LOGIN: Limits = Limits {
    line: 1 << 20,
    literals: 256 << 10,
    message: MESSAGE,
    discard: MESSAGE + (64 << 20),
};

/// The largest message that Exchange Online takes from anyone.
pub const MESSAGE: u64 = 150 << 20;

/// The longest line that answers a continuation: base64 of an initial response, or DONE.
const ANSWER: usize = 8 << 10;

/// Enough of a line's end to hold `{18446744073709551615+}`.
const MARKER: usize = 32;

/// Why a command is not handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    LineTooLong,
    LiteralTooLarge,
    /// APPEND: the message is larger than any may be.
    MessageTooLarge,
    /// APPEND before login.
    NotNow,
    /// APPEND to a mailbox that does not exist.
    NoMailbox,
    /// APPEND by someone who may only read.
    NotAllowed,
    /// APPEND to the mailbox that only this server fills.
    OwnMailbox,
    /// APPEND whose arguments are no such.
    Malformed,
    /// APPEND with a keyword that can't be kept.
    Keyword,
    /// APPEND of nothing.
    Empty,
    /// APPEND while there is no room for the message, for too long.
    NoRoom,
}

/// What the shell does next.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the shell must perform the step"]
pub enum Step {
    /// Read more octets.
    More,
    /// Send a command continuation request (RFC 3501 section 7.5).
    Continue,
    /// An APPEND announces a literal and so far is [`Flow::begun`]. The next step comes after
    /// [`Flow::accept`] or [`Flow::decline`].
    Announced,
    /// A whole command, literals included, the last line end cut off.
    Command(Vec<u8>),
    /// The command is thrown away to its end; the connection goes on.
    Refused { tag: Option<String>, why: Refusal },
    /// BYE, and close: where the next command starts can't be told, or is too far away.
    Close(Refusal),
}

/// A line that answers a continuation request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    More,
    Line(Vec<u8>),
    TooLong,
}

/// The framer of one connection.
#[derive(Debug)]
pub struct Flow {
    limits: Limits,
    input: BytesMut,
    /// What of the current command is read; once refused, only its head.
    command: Vec<u8>,
    /// The end of the current line, to find a literal's announcement in.
    tail: Vec<u8>,
    lines: usize,
    literals: u64,
    /// Octets of the literal in progress that are still to come.
    pending: u64,
    /// The client sends that literal only when it is told to.
    waits: bool,
    refused: Option<Refusal>,
    /// The command ended with a literal that will not come.
    ended: bool,
    discarded: u64,
}

impl Flow {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: BytesMut::new(),
            command: Vec::new(),
            tail: Vec::new(),
            lines: 0,
            literals: 0,
            pending: 0,
            waits: false,
            refused: None,
            ended: false,
            discarded: 0,
        }
    }

    /// From the next command on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Where the shell puts what it read.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Forgets everything read so far (STARTTLS: RFC 3501 section 6.2.1).
    pub fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// What of the current command is read, after [`Step::Announced`].
    pub fn begun(&self) -> &[u8] {
        &self.command
    }

    /// Takes the literal that was announced. True when the client waits for a continuation request.
    pub fn accept(&mut self) -> bool {
        // Its whole place at once: grown bit by bit, it would be copied, and have twice the place that it needs.
        let place = self.pending.min(self.limits.message);
        let place = usize::try_from(place).unwrap_or(0);
        // Err: no memory for it now; it is tried again as it comes.
        let _ = self.command.try_reserve_exact(place + MARKER);
        self.waits
    }

    /// A literal is on its way.
    pub fn in_literal(&self) -> bool {
        self.pending > 0
    }

    /// Does not take the literal that was announced: where the client waits, it is not asked for, else it is
    /// thrown away with the rest of the command.
    pub fn decline(&mut self, why: Refusal) {
        self.refuse(why);
        if self.waits {
            self.pending = 0;
            self.ended = true;
        }
    }

    /// The next step with what is read so far.
    pub fn step(&mut self) -> Step {
        if self.ended {
            return self.finish();
        }
        loop {
            if self.pending > 0 {
                self.take_literal();
                if self.pending > 0 {
                    return self.more();
                }
            }
            let end = self.input.iter().position(|&b| b == b'\n');
            let taken = end.map_or(self.input.len(), |at| at + 1);
            self.take_line(taken);
            if end.is_none() {
                return self.more();
            }
            if let Some(step) = self.line_ended() {
                return step;
            }
        }
    }

    /// The next line, while the session waits for the answer to a continuation request.
    pub fn answer(&mut self) -> Answer {
        match self.input.iter().position(|&b| b == b'\n') {
            Some(at) if at <= ANSWER => {
                let mut line = self.input.split_to(at + 1).to_vec();
                cut_line_end(&mut line);
                Answer::Line(line)
            }
            None if self.input.len() <= ANSWER => Answer::More,
            _ => Answer::TooLong,
        }
    }

    fn more(&self) -> Step {
        match self.refused {
            Some(why) if self.discarded > self.limits.discard => Step::Close(why),
            _ => Step::More,
        }
    }

    fn take_literal(&mut self) {
        let here = self.pending.min(self.input.len() as u64);
        let octets = self
            .input
            .split_to(usize::try_from(here).unwrap_or(usize::MAX));
        self.pending -= here;
        if self.refused.is_some() {
            self.discarded += here;
        } else {
            self.command.extend_from_slice(&octets);
        }
    }

    fn take_line(&mut self, count: usize) {
        let octets = self.input.split_to(count);
        let keep = octets
            .get(octets.len().saturating_sub(MARKER)..)
            .unwrap_or_default();
        self.tail.extend_from_slice(keep);
        let extra = self.tail.len().saturating_sub(MARKER);
        self.tail.drain(..extra);
        self.lines += count;
        if self.refused.is_some() {
            self.discarded += count as u64;
            return;
        }
        self.command.extend_from_slice(&octets);
        // The line end itself does not count.
        if self.lines > self.limits.line + 2 {
            self.refuse(Refusal::LineTooLong);
        }
    }

    /// A line is complete: `None` when a literal follows that needs no word of ours.
    fn line_ended(&mut self) -> Option<Step> {
        let Some((size, waits)) = announced(&self.tail) else {
            return Some(self.finish());
        };
        self.tail.clear();
        let append = self.refused.is_none() && is_append(&self.command);
        let all = self.literals.saturating_add(size);
        if append && all > self.limits.message {
            self.refuse(Refusal::MessageTooLarge);
        } else if self.refused.is_none() && !append && all > self.limits.literals {
            self.refuse(Refusal::LiteralTooLarge);
            if !waits {
                return Some(Step::Close(Refusal::LiteralTooLarge));
            }
        }
        match self.refused {
            // The client waits for our word and will not send the literal.
            Some(_) if waits => Some(self.finish()),
            Some(why) if size > self.limits.discard => Some(Step::Close(why)),
            _ => {
                self.literals = self.literals.saturating_add(size);
                self.pending = size;
                self.waits = waits;
                if append && self.refused.is_none() {
                    return Some(Step::Announced);
                }
                waits.then_some(Step::Continue)
            }
        }
    }

    fn refuse(&mut self, why: Refusal) {
        self.refused = Some(why);
        let head = self
            .command
            .iter()
            .position(|&b| b == b' ')
            .unwrap_or(0)
            .min(64);
        self.command.truncate(head);
        self.command.shrink_to_fit();
    }

    fn finish(&mut self) -> Step {
        let mut command = std::mem::take(&mut self.command);
        let refused = self.refused.take();
        self.tail.clear();
        self.ended = false;
        (self.lines, self.literals, self.discarded) = (0, 0, 0);
        match refused {
            Some(why) => {
                let tag = String::from_utf8(command).ok();
                let tag = tag.filter(|t| is_tag(t));
                Step::Refused { tag, why }
            }
            None => {
                cut_line_end(&mut command);
                Step::Command(command)
            }
        }
    }
}

/// Whether `text` may be a tag (RFC 3501 section 9: ASTRING-CHARs without `+`).
pub fn is_tag(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"(){%*\"\\+".contains(&b))
}

fn is_append(command: &[u8]) -> bool {
    let verb = command.split(|&b| b == b' ').nth(1);
    verb.is_some_and(|verb| verb.eq_ignore_ascii_case(b"APPEND"))
}

fn cut_line_end(line: &mut Vec<u8>) {
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
}

/// The literal that a line announces at its end: octets, and whether the client waits for `+`.
/// A count beyond 64 bits is as good as the largest one: both are refused.
fn announced(line: &[u8]) -> Option<(u64, bool)> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_suffix(b"}")?;
    let (line, waits) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let open = line.iter().rposition(|&b| b == b'{')?;
    let digits = std::str::from_utf8(line.get(open + 1..)?).ok()?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((digits.parse().unwrap_or(u64::MAX), waits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Flow {
        Flow::new(Limits {
            line: 40,
            literals: 10,
            message: 60,
            discard: 100,
        })
    }

    /// Feeds `text` in pieces of `size` octets and gathers every step but `More`.
    fn steps(flow: &mut Flow, text: &[u8], size: usize) -> Vec<Step> {
        let mut out = Vec::new();
        for piece in text.chunks(size) {
            flow.input().extend_from_slice(piece);
            loop {
                match flow.step() {
                    Step::More => break,
                    Step::Close(why) => {
                        out.push(Step::Close(why));
                        return out;
                    }
                    step => out.push(step),
                }
            }
        }
        out
    }

    fn command(text: &str) -> Step {
        Step::Command(text.as_bytes().to_vec())
    }

    fn refused(tag: &str, why: Refusal) -> Step {
        let tag = Some(tag.to_owned());
        Step::Refused { tag, why }
    }

    #[test]
    fn commands_come_out_whole_however_they_arrive() {
        let text = b"a NOOP\r\nb LOGIN {3}\r\na\r\n {2+}\r\nbc\r\nc X\nd {0}\r\n\r\n";
        for size in 1..text.len() {
            assert_eq!(
                steps(&mut small(), text, size),
                [
                    command("a NOOP"),
                    Step::Continue,
                    command("b LOGIN {3}\r\na\r\n {2+}\r\nbc"),
                    command("c X"),
                    Step::Continue,
                    command("d {0}\r\n"),
                ],
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn a_literal_over_the_limit_is_refused_before_it_is_read() {
        let out = steps(&mut small(), b"a LOGIN {11}\r\nb NOOP\r\n", 7);
        assert_eq!(
            out,
            [refused("a", Refusal::LiteralTooLarge), command("b NOOP")]
        );
        let out = steps(
            &mut small(),
            b"a LOGIN {99999999999999999999999}\r\nb NOOP\r\n",
            7,
        );
        assert_eq!(
            out,
            [refused("a", Refusal::LiteralTooLarge), command("b NOOP")]
        );
        // Two literals of six are over the limit of ten together.
        let out = steps(&mut small(), b"a X {6+}\r\nabcdef {6}\r\n", 7);
        assert_eq!(out, [refused("a", Refusal::LiteralTooLarge)]);
    }

    #[test]
    fn a_literal_sent_unasked_over_the_limit_closes() {
        let out = steps(&mut small(), b"a LOGIN {11+}\r\nhello", 64);
        assert_eq!(out, [Step::Close(Refusal::LiteralTooLarge)]);
    }

    #[test]
    fn a_long_line_is_thrown_away_to_its_end() {
        let mut text = vec![b'x'; 60];
        text.splice(..0, b"a1 ".iter().copied());
        text.extend_from_slice(b"\r\nb NOOP\r\n");
        for size in [1, 5, 200] {
            let out = steps(&mut small(), &text, size);
            assert_eq!(
                out,
                [refused("a1", Refusal::LineTooLong), command("b NOOP")],
                "{size}"
            );
        }
        let out = steps(&mut small(), &[b'x'; 500], 50);
        assert_eq!(out, [Step::Close(Refusal::LineTooLong)]);
    }

    #[test]
    fn a_long_line_may_end_in_a_literal() {
        let long = "y".repeat(50);
        let text = format!("a {long} {{5+}}\r\n12\n45 {{7}}\r\nb NOOP\r\n");
        let out = steps(&mut small(), text.as_bytes(), 9);
        assert_eq!(out, [refused("a", Refusal::LineTooLong), command("b NOOP")]);
    }

    #[test]
    fn an_appended_message_comes_when_it_is_taken() {
        let mut flow = small();
        flow.input().extend_from_slice(b"a append {1}\r\n");
        assert_eq!(flow.step(), Step::Announced);
        assert!(flow.accept());
        flow.input().extend_from_slice(b"x {50+}\r\n");
        assert_eq!(flow.step(), Step::Announced);
        assert_eq!(flow.begun(), b"a append {1}\r\nx {50+}\r\n");
        assert!(!flow.accept());
        let message = "m\n".repeat(25);
        flow.input().extend_from_slice(message.as_bytes());
        flow.input().extend_from_slice(b"\r\nb NOOP\r\n");
        let whole = format!("a append {{1}}\r\nx {{50+}}\r\n{message}");
        assert_eq!(flow.step(), command(&whole));
        assert_eq!(flow.step(), command("b NOOP"));
    }

    #[test]
    fn an_appended_message_that_is_declined_is_not_asked_for_and_skipped_when_sent_anyway() {
        let mut flow = small();
        flow.input().extend_from_slice(b"a APPEND x {50}\r\n");
        assert_eq!(flow.step(), Step::Announced);
        flow.decline(Refusal::NoMailbox);
        assert_eq!(flow.step(), refused("a", Refusal::NoMailbox));
        flow.input().extend_from_slice(b"b APPEND x {50+}\r\n");
        assert_eq!(flow.step(), Step::Announced);
        flow.decline(Refusal::NoMailbox);
        assert_eq!(flow.step(), Step::More);
        let message = "m\n".repeat(25);
        let rest = format!("{message}\r\nc NOOP\r\n");
        let out = steps(&mut flow, rest.as_bytes(), 9);
        assert_eq!(out, [refused("b", Refusal::NoMailbox), command("c NOOP")]);
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_is_read() {
        let too_large = refused("a", Refusal::MessageTooLarge);
        let out = steps(&mut small(), b"a APPEND x {61}\r\nb NOOP\r\n", 9);
        assert_eq!(out, [too_large, command("b NOOP")]);
        let message = "m".repeat(70);
        let text = format!("a APPEND x {{70+}}\r\n{message}\r\nb NOOP\r\n");
        let out = steps(&mut small(), text.as_bytes(), 9);
        let too_large = refused("a", Refusal::MessageTooLarge);
        assert_eq!(out, [too_large, command("b NOOP")]);
        let out = steps(&mut small(), b"a APPEND x {5000+}\r\n", 9);
        assert_eq!(out, [Step::Close(Refusal::MessageTooLarge)]);
    }

    #[test]
    fn forty_kilobytes_of_uids_fit_and_a_line_of_exactly_the_limit_too() {
        let set = "123456,".repeat(6_000);
        let mut flow = Flow::new(AFTER_LOGIN);
        let out = steps(
            &mut flow,
            format!("a UID FETCH {set}1 FLAGS\r\n").as_bytes(),
            4096,
        );
        assert_eq!(out, [command(&format!("a UID FETCH {set}1 FLAGS"))]);
        let line = "z".repeat(40);
        let out = steps(&mut small(), format!("{line}\r\n").as_bytes(), 3);
        assert_eq!(out, [command(&line)]);
    }

    #[test]
    fn answers_are_lines_of_their_own() {
        let mut flow = small();
        flow.input().extend_from_slice(b"DO");
        assert_eq!(flow.answer(), Answer::More);
        flow.input().extend_from_slice(b"NE\r\na NOOP\r\n");
        assert_eq!(flow.answer(), Answer::Line(b"DONE".to_vec()));
        assert_eq!(flow.step(), command("a NOOP"));
        flow.input().extend_from_slice(&vec![b'x'; ANSWER + 1]);
        assert_eq!(flow.answer(), Answer::TooLong);
    }

    #[test]
    fn clearing_forgets_what_was_read() {
        let mut flow = small();
        flow.input().extend_from_slice(b"a LOGIN {5+}\r\nab");
        assert_eq!(flow.step(), Step::More);
        flow.clear();
        flow.input().extend_from_slice(b"b NOOP\r\n");
        assert_eq!(flow.step(), command("b NOOP"));
    }
}
