//! Command lines (RFC 5321 section 4.1.1, RFC 4954, RFC 3207) and their parameters (RFC 1870, 6152,
//! 6531). Pure.
//!
//! A small parser of our own: its answers carry the enhanced code that fits, a secret leaves it only as
//! [`Secret`], and what a client calls itself is never looked at (Windows computers send their names in
//! any charset).

use super::path::{self, path};
use crate::mail::Secret;

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// HELO or EHLO.
    Hello {
        extended: bool,
    },
    StartTls,
    Auth {
        mechanism: String,
        /// Still in base64; empty for `=` (RFC 4954 section 4).
        initial: Option<Secret<Vec<u8>>>,
    },
    Mail {
        reverse_path: String,
        params: Params,
    },
    Rcpt {
        forward_path: String,
    },
    Data,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

/// Parameters of MAIL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params {
    pub size: Option<u64>,
    pub eight_bit: bool,
    pub smtputf8: bool,
}

/// Why a line is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not a word of SMTP.
    Unknown,
    /// A word of SMTP that is not served here.
    NotServed,
    /// Octets that no command has: controls, or text that is not UTF-8.
    Octets,
    /// An argument is missing, too many or malformed.
    Argument,
    /// A parameter of MAIL or RCPT that was not offered.
    Parameter,
    /// Sent by a web browser, or through one.
    Http,
    Path(path::Fault),
}

/// Reads one line without its end.
pub fn decode(line: &[u8]) -> Result<Command, Fault> {
    if speaks_http(line) {
        return Err(Fault::Http);
    }
    if line.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err(Fault::Octets);
    }
    let end = line.iter().position(|b| matches!(b, b' ' | b'\t'));
    let (verb, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_ascii();
    let verb = std::str::from_utf8(verb).map_err(|_| Fault::Octets)?;
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(rest, true),
        "HELO" => hello(rest, false),
        "STARTTLS" => alone(rest, Command::StartTls),
        "AUTH" => auth(rest),
        "MAIL" => mail(after(rest, "FROM:")?),
        "RCPT" => rcpt(after(rest, "TO:")?),
        "DATA" => alone(rest, Command::Data),
        "RSET" => alone(rest, Command::Rset),
        "QUIT" => alone(rest, Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if rest.is_empty() => Err(Fault::Argument),
        "VRFY" => Ok(Command::Vrfy),
        "EXPN" | "BDAT" | "ETRN" | "TURN" | "SEND" | "SOML" | "SAML" => Err(Fault::NotServed),
        _ => Err(Fault::Unknown),
    }
}

/// `GET / HTTP/1.1` and its like: whatever follows was not written by a mail program.
fn speaks_http(line: &[u8]) -> bool {
    let last = line.rsplit(|&b| b == b' ').next().unwrap_or_default();
    let version = last.get(..5).unwrap_or_default();
    line.contains(&b' ') && version.eq_ignore_ascii_case(b"HTTP/")
}

fn hello(name: &[u8], extended: bool) -> Result<Command, Fault> {
    if name.is_empty() {
        return Err(Fault::Argument);
    }
    Ok(Command::Hello { extended })
}

fn alone(rest: &[u8], command: Command) -> Result<Command, Fault> {
    if rest.is_empty() {
        Ok(command)
    } else {
        Err(Fault::Argument)
    }
}

fn auth(rest: &[u8]) -> Result<Command, Fault> {
    let mut words = rest
        .split(|b| b.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let (mechanism, initial) = (words.next(), words.next());
    let mechanism = mechanism.and_then(|word| std::str::from_utf8(word).ok());
    let (Some(mechanism), None) = (mechanism, words.next()) else {
        return Err(Fault::Argument);
    };
    Ok(Command::Auth {
        mechanism: mechanism.to_owned(),
        initial: initial.map(|word| {
            Secret::new(if word == b"=" {
                Vec::new()
            } else {
                word.to_vec()
            })
        }),
    })
}

/// What follows `FROM:` or `TO:`, as text.
fn after<'a>(rest: &'a [u8], word: &str) -> Result<&'a str, Fault> {
    let rest = std::str::from_utf8(rest).map_err(|_| Fault::Octets)?;
    let head = rest.get(..word.len()).ok_or(Fault::Argument)?;
    if !head.eq_ignore_ascii_case(word) {
        return Err(Fault::Argument);
    }
    rest.get(word.len()..).ok_or(Fault::Argument)
}

fn mail(text: &str) -> Result<Command, Fault> {
    let (reverse_path, rest) = path(text).map_err(Fault::Path)?;
    let mut params = Params::default();
    for word in rest.split_ascii_whitespace() {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word, None),
        };
        match (key.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => params.size = Some(size(value)?),
            ("BODY", Some(value)) => params.eight_bit = is_eight_bit(value)?,
            ("SMTPUTF8", None) => params.smtputf8 = true,
            // RFC 4954 section 5: who wrote the message first; this server trusts nobody's word on that.
            ("AUTH", Some(_)) => {}
            ("SIZE" | "BODY" | "SMTPUTF8" | "AUTH", _) => return Err(Fault::Argument),
            _ => return Err(Fault::Parameter),
        }
    }
    Ok(Command::Mail {
        reverse_path,
        params,
    })
}

fn rcpt(text: &str) -> Result<Command, Fault> {
    let (forward_path, rest) = path(text).map_err(Fault::Path)?;
    if forward_path.is_empty() {
        return Err(Fault::Path(path::Fault::Syntax));
    }
    if !rest.trim_ascii().is_empty() {
        return Err(Fault::Parameter);
    }
    Ok(Command::Rcpt { forward_path })
}

/// RFC 1870 section 3: up to 20 digits. What 64 bits do not hold is too large in any case.
fn size(value: &str) -> Result<u64, Fault> {
    let digits =
        !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(Fault::Argument);
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn is_eight_bit(value: &str) -> Result<bool, Fault> {
    if value.eq_ignore_ascii_case("8BITMIME") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("7BIT") {
        Ok(false)
    } else {
        // BINARYMIME goes with BDAT (RFC 3030), which is not offered.
        Err(Fault::Parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail_of(reverse_path: &str, params: Params) -> Result<Command, Fault> {
        let reverse_path = reverse_path.to_owned();
        Ok(Command::Mail {
            reverse_path,
            params,
        })
    }

    #[test]
    fn words_and_arguments() {
        for (line, wanted) in [
            ("ehlo [127.0.0.1]", Ok(Command::Hello { extended: true })),
            ("HELO a b_c", Ok(Command::Hello { extended: false })),
            ("EHLO ", Err(Fault::Argument)),
            ("StartTLS", Ok(Command::StartTls)),
            ("STARTTLS now", Err(Fault::Argument)),
            ("data", Ok(Command::Data)),
            ("QUIT \t ", Ok(Command::Quit)),
            ("RSET", Ok(Command::Rset)),
            ("NOOP anything", Ok(Command::Noop)),
            ("HELP me", Ok(Command::Help)),
            ("VRFY anna", Ok(Command::Vrfy)),
            ("VRFY", Err(Fault::Argument)),
            ("BDAT 5 LAST", Err(Fault::NotServed)),
            ("EXPN staff", Err(Fault::NotServed)),
            ("", Err(Fault::Unknown)),
            ("EHLOX a", Err(Fault::Unknown)),
            ("NO\0OP", Err(Fault::Octets)),
            ("RSET\rQUIT", Err(Fault::Octets)),
            ("GET / HTTP/1.1", Err(Fault::Http)),
            ("POST /a?b http/1.0", Err(Fault::Http)),
            ("Host: example.com", Err(Fault::Unknown)),
            (
                "RCPT TO:<a@example.com>",
                Ok(Command::Rcpt {
                    forward_path: "a@example.com".into(),
                }),
            ),
            ("RCPT TO:<>", Err(Fault::Path(path::Fault::Syntax))),
            (
                "RCPT TO:<a@example.com> NOTIFY=NEVER",
                Err(Fault::Parameter),
            ),
            ("RCPT <a@example.com>", Err(Fault::Argument)),
            ("MAIL", Err(Fault::Argument)),
        ] {
            assert_eq!(decode(line.as_bytes()), wanted, "{line}");
        }
        assert_eq!(
            decode(b"EHLO B\xfcro-PC"),
            Ok(Command::Hello { extended: true })
        );
        assert_eq!(
            decode(b"MAIL FROM:<b\xfcro@example.com>"),
            Err(Fault::Octets)
        );
    }

    #[test]
    fn parameters_of_mail() {
        let none = Params::default();
        let sized = |size| Params {
            size: Some(size),
            ..none
        };
        for (text, wanted) in [
            ("", Ok(none)),
            ("SIZE=123", Ok(sized(123))),
            ("size=00000000000000000123", Ok(sized(123))),
            ("SIZE=99999999999999999999", Ok(sized(u64::MAX))),
            ("SIZE=999999999999999999999", Err(Fault::Argument)),
            ("SIZE=", Err(Fault::Argument)),
            ("SIZE", Err(Fault::Argument)),
            ("SIZE=-1", Err(Fault::Argument)),
            (
                "BODY=8BITMIME",
                Ok(Params {
                    eight_bit: true,
                    ..none
                }),
            ),
            ("body=7bit AUTH=<>", Ok(none)),
            ("BODY=BINARYMIME", Err(Fault::Parameter)),
            (
                "SMTPUTF8  BODY=8BITMIME",
                Ok(Params {
                    eight_bit: true,
                    smtputf8: true,
                    size: None,
                }),
            ),
            ("SMTPUTF8=1", Err(Fault::Argument)),
            ("RET=HDRS", Err(Fault::Parameter)),
        ] {
            let line = format!("MAIL FROM:<a@example.com> {text}");
            let wanted = wanted.and_then(|params| mail_of("a@example.com", params));
            assert_eq!(decode(line.as_bytes()), wanted, "{line}");
        }
        assert_eq!(decode(b"mail from: <>"), mail_of("", none));
    }

    #[test]
    fn initial_responses_are_secrets() {
        let auth = |mechanism: &str, initial: Option<&str>| {
            Ok(Command::Auth {
                mechanism: mechanism.to_owned(),
                initial: initial.map(|text| Secret::new(text.as_bytes().to_vec())),
            })
        };
        assert_eq!(decode(b"AUTH plain"), auth("plain", None));
        assert_eq!(
            decode(b"auth PLAIN  AGEAYg=="),
            auth("PLAIN", Some("AGEAYg=="))
        );
        assert_eq!(decode(b"AUTH PLAIN ="), auth("PLAIN", Some("")));
        assert_eq!(decode(b"AUTH"), Err(Fault::Argument));
        assert_eq!(decode(b"AUTH PLAIN a b"), Err(Fault::Argument));
        let shown = format!("{:?}", decode(b"AUTH PLAIN AGEAYg=="));
        assert!(!shown.contains("AGEA"), "{shown}");
    }
}
