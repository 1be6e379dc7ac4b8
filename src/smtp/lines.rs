//! Framing of command lines, with the limits in it. Pure.
//!
//! A bare LF ends a command too: people and small devices type at this port. It never ends a message
//! ([`super::data`]). Invariants: no more is held than one line and what came with the last read; what
//! is too long is thrown away to its end and answered once.

use bytes::BytesMut;

/// RFC 5321 section 4.5.3.1.4 asks for 512 with the line end; long addresses and parameters need more.
const LINE: usize = 2048;
/// RFC 4954 section 4: 12288 for AUTH and its answers.
const AUTH_LINE: usize = 12_288;
/// Octets of one line that are read and thrown away before the connection is given up.
const DISCARD: usize = 1 << 20;

/// What the shell does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Read more octets.
    More,
    /// A line, its end cut off.
    Line(Vec<u8>),
    /// A line was too long; it is gone.
    TooLong,
    /// Where the next line starts is too far away: close.
    Flood,
    /// A TLS handshake where commands were due: close.
    Tls,
}

/// The framer of one connection.
#[derive(Debug, Default)]
pub struct Lines {
    input: BytesMut,
    /// Octets of a refused line thrown away so far.
    discarded: usize,
    /// The start of the line was thrown away.
    skips: bool,
}

impl Lines {
    /// Where the shell puts what it read, and where DATA is read from.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Forgets everything read so far (STARTTLS: RFC 3207 section 4.2).
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next line; `answer` when it answers a 334.
    pub fn next(&mut self, answer: bool) -> Next {
        let Some(at) = self.input.iter().position(|&b| b == b'\n') else {
            return self.incomplete(answer);
        };
        let limit = self.limit(answer);
        let mut line = self.input.split_to(at + 1).to_vec();
        if std::mem::take(&mut self.skips) || line.len() > limit {
            self.discarded = 0;
            return Next::TooLong;
        }
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Next::Line(line)
    }

    fn incomplete(&mut self, answer: bool) -> Next {
        // The first octets of a TLS record: a handshake, any version.
        if !self.skips && self.input.starts_with(&[22, 3]) {
            return Next::Tls;
        }
        if self.skips || self.input.len() > self.limit(answer) {
            self.skips = true;
            self.discarded += self.input.len();
            self.input.clear();
            if self.discarded > DISCARD {
                return Next::Flood;
            }
        }
        Next::More
    }

    fn limit(&self, answer: bool) -> usize {
        let verb = self.input.get(..4).unwrap_or_default();
        if answer || verb.eq_ignore_ascii_case(b"AUTH") {
            AUTH_LINE
        } else {
            LINE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]], answer: bool) -> Vec<Next> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for piece in pieces {
            lines.input().extend_from_slice(piece);
            loop {
                match lines.next(answer) {
                    Next::More => break,
                    last @ (Next::Flood | Next::Tls) => {
                        out.push(last);
                        return out;
                    }
                    next => out.push(next),
                }
            }
        }
        out
    }

    fn line(text: &str) -> Next {
        Next::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_in_any_pieces() {
        let whole = b"EHLO a\r\nNOOP\n\r\nQUIT\r\nRS";
        let wanted = [line("EHLO a"), line("NOOP"), line(""), line("QUIT")];
        assert_eq!(all(&[whole], false), wanted);
        let single: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(all(&single, false), wanted);
    }

    #[test]
    fn long_lines_are_refused_once_and_forgotten() {
        let long = vec![b'x'; 5000];
        let got = all(&[&long, &long, b"\r\nNOOP\r\n"], false);
        assert_eq!(got, [Next::TooLong, line("NOOP")]);
        let fits = "x".repeat(LINE - 2);
        assert_eq!(all(&[fits.as_bytes(), b"\r\n"], false), [line(&fits)]);
        let over = "x".repeat(LINE - 1);
        assert_eq!(all(&[over.as_bytes(), b"\r\n"], false), [Next::TooLong]);
        assert_eq!(all(&[over.as_bytes(), b"\r\n"], true), [line(&over)]);
        let auth = format!("auth plain {}", "x".repeat(9000));
        assert_eq!(all(&[auth.as_bytes(), b"\r\n"], false), [line(&auth)]);
        let over = "x".repeat(AUTH_LINE);
        assert_eq!(all(&[over.as_bytes(), b"\r\n"], true), [Next::TooLong]);
    }

    #[test]
    fn no_end_of_line_is_no_mail_program() {
        let piece = vec![b'x'; 300 << 10];
        let pieces: Vec<&[u8]> = vec![&piece; 4];
        assert_eq!(all(&pieces, false), [Next::Flood]);
        assert_eq!(all(&[&[22, 3, 1, 2, 0]], false), [Next::Tls]);
    }
}
