//! The message after DATA: where it ends, dots undone, CRLF line ends (RFC 5321 sections 4.1.1.4 and
//! 4.5.2). Pure, streaming: holds nothing but its state.
//!
//! Only `CRLF . CRLF` ends a message, and only CRLF starts a line in whose front a dot is undone. A
//! bare LF, which RFC 5321 section 2.3.8 forbids and old devices send, becomes CRLF in what is kept
//! but is no line end to this framing. So no `LF . LF`, `LF . CRLF` or `CR . CR` inside a message makes
//! the rest of it commands ("SMTP smuggling"), and nothing is lost of a message whose sender counts
//! lines otherwise. A bare CR stays an octet like others.

/// Reads one message.
#[derive(Debug, Default)]
pub struct Data {
    at: At,
}

/// What was read last. The octets named are withheld until it is known what they are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The start of a line; the message starts as if after CRLF.
    #[default]
    Start,
    /// A dot at the start.
    Dot,
    /// A dot and CR at the start.
    DotCr,
    Middle,
    /// CR, not after a dot at the start.
    Cr,
}

/// What became of a piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Fed {
    /// All of it belongs to the message.
    More,
    /// The message ended; so many octets were its, the rest is the next command.
    End(usize),
}

impl Data {
    /// Appends the message's octets of `input` to `out`.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Fed {
        let mut rest = input;
        while let Some((&octet, tail)) = rest.split_first() {
            if self.at == At::Middle {
                let plain = rest.iter().position(|b| matches!(b, b'\r' | b'\n'));
                let (run, after) = rest.split_at(plain.unwrap_or(rest.len()));
                if !run.is_empty() {
                    out.extend_from_slice(run);
                    rest = after;
                    continue;
                }
            }
            rest = tail;
            if self.at == At::DotCr && octet == b'\n' {
                self.at = At::Start;
                return Fed::End(input.len() - rest.len());
            }
            self.at = step(self.at, octet, out);
        }
        Fed::More
    }
}

fn step(at: At, octet: u8, out: &mut Vec<u8>) -> At {
    match (at, octet) {
        (At::Start, b'.') => At::Dot,
        (At::Dot, b'\r') => At::DotCr,
        (At::Start | At::Middle, b'\r') => At::Cr,
        (At::Cr, b'\n') => {
            out.extend_from_slice(b"\r\n");
            At::Start
        }
        (At::Cr | At::DotCr, b'\r') => {
            out.push(b'\r');
            At::Cr
        }
        (At::Cr | At::DotCr, _) => {
            out.extend_from_slice(&[b'\r', octet]);
            At::Middle
        }
        (At::Start | At::Dot | At::Middle, b'\n') => {
            out.extend_from_slice(b"\r\n");
            At::Middle
        }
        (At::Start | At::Dot | At::Middle, _) => {
            out.push(octet);
            At::Middle
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The message and what follows it; `None` when it does not end.
    fn read(input: &[u8], piece: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut data, mut out, mut before) = (Data::default(), Vec::new(), 0);
        for chunk in input.chunks(piece) {
            match data.feed(chunk, &mut out) {
                Fed::More => before += chunk.len(),
                Fed::End(count) => return Some((out, input[before + count..].to_vec())),
            }
        }
        None
    }

    #[test]
    fn dots_and_ends() {
        for (wire, message, rest) in [
            ("a\r\n.\r\n", "a\r\n", ""),
            (".\r\n", "", ""),
            (".\r\nQUIT\r\n", "", "QUIT\r\n"),
            ("..\r\n.\r\n", ".\r\n", ""),
            ("..a\r\n...\r\n.\r\nRSET\r\n", ".a\r\n..\r\n", "RSET\r\n"),
            (".a\r\n.\r\n", "a\r\n", ""),
            ("a.\r\n.\r\n", "a.\r\n", ""),
            // Bare line ends are kept apart from the framing, and made CRLF.
            ("a\nb\r\n.\r\n", "a\r\nb\r\n", ""),
            ("a\n.\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""),
            ("a\n.\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""),
            ("a\r\n.\nMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", ""),
            ("a\r.\rMAIL\r\n.\r\n", "a\r.\rMAIL\r\n", ""),
            ("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", ""),
            ("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", ""),
            ("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", ""),
            ("a\r\r\n.\r\n", "a\r\r\n", ""),
            ("a\n..b\r\n.\r\n", "a\r\n..b\r\n", ""),
            ("\n.\r\n\r\n.\r\n", "\r\n.\r\n\r\n", ""),
        ] {
            for piece in [1, 2, 3, 5, 1000] {
                let got = read(wire.as_bytes(), piece);
                let wanted = (message.as_bytes().to_vec(), rest.as_bytes().to_vec());
                assert_eq!(got, Some(wanted), "{wire:?} in pieces of {piece}");
            }
        }
        for open in [
            "a\n.\n", "a\n.\r\n", "a\r.\r", "a\r\n.\n", "a\r\n.\r", "a.\r\n", "\0.\r\n",
        ] {
            assert_eq!(read(open.as_bytes(), 1), None, "{open:?}");
        }
    }

    /// What a client does (RFC 5321 section 4.5.2).
    fn stuffed(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut start = true;
        for (i, &octet) in message.iter().enumerate() {
            if start && octet == b'.' {
                out.push(b'.');
            }
            out.push(octet);
            start = octet == b'\n' && i > 0 && message[i - 1] == b'\r';
        }
        if !start && !message.is_empty() {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    proptest! {
        #[test]
        fn what_a_client_sends_comes_out(
            text in "([a.\\r\\n]|\\r\\n|\\r\\n\\.){0,40}",
            piece in 1usize..20,
        ) {
            let mut wire = stuffed(text.as_bytes());
            let mut wanted = Vec::new();
            let mut before = 0;
            for octet in text.bytes() {
                if octet == b'\n' && before != b'\r' {
                    wanted.push(b'\r');
                }
                wanted.push(octet);
                before = octet;
            }
            if !text.is_empty() && !text.ends_with("\r\n") {
                wanted.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"NOOP\r\n");
            let (message, rest) = read(&wire, piece).unwrap();
            prop_assert_eq!(message, wanted);
            prop_assert_eq!(rest, b"NOOP\r\n".to_vec());
        }
    }
}
