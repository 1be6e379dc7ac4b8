//! SASL PLAIN (RFC 4616) and LOGIN, shared by IMAP and SMTP. Pure.
//!
//! An [`Exchange`] takes the client's answers out of their base64 and gives the next challenge or the
//! [`Credentials`]. The protocol face frames them (`+ ` or `334 `) and knows how a client gives up (`*`).

use crate::mail::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    Login,
}

impl Mechanism {
    pub const ALL: [Self; 2] = [Self::Plain, Self::Login];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// Case-insensitive.
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(name))
    }
}

/// What a client proves itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: Secret<String>,
}

/// The client's answer is no answer of this mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("not base64")]
    Base64,
    #[error("not what the mechanism asks for")]
    Message,
    /// RFC 4616 section 2: who acts for another is refused; there is no such right here.
    #[error("acting for another identity is not possible")]
    Identity,
}

#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// To be sent in base64; empty for PLAIN without an initial response.
    Challenge(&'static str),
    Done(Credentials),
}

/// One exchange, from the mechanism's name to the credentials.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    user: Option<String>,
}

impl Exchange {
    pub fn new(mechanism: Mechanism) -> Self {
        let user = None;
        Self { mechanism, user }
    }

    /// With the initial response, if there was one, out of its base64. LOGIN takes the user's name as such.
    pub fn start(&mut self, initial: Option<&[u8]>) -> Result<Step, Malformed> {
        match (initial, self.mechanism) {
            (Some(initial), _) => self.answer(initial),
            (None, Mechanism::Plain) => Ok(Step::Challenge("")),
            (None, Mechanism::Login) => Ok(Step::Challenge("Username:")),
        }
    }

    /// The answer to the last challenge, out of its base64.
    pub fn answer(&mut self, answer: &[u8]) -> Result<Step, Malformed> {
        if self.mechanism == Mechanism::Plain {
            return plain(answer).map(Step::Done);
        }
        let text = String::from_utf8(answer.to_vec()).map_err(|_| Malformed::Message)?;
        match self.user.take() {
            None => {
                self.user = Some(text);
                Ok(Step::Challenge("Password:"))
            }
            Some(user) => Ok(Step::Done(Credentials {
                user,
                password: Secret::new(text),
            })),
        }
    }
}

/// An answer as it stands on its line.
pub fn from_base64(line: &[u8]) -> Result<Secret<Vec<u8>>, Malformed> {
    let octets = STANDARD.decode(line).map_err(|_| Malformed::Base64)?;
    Ok(Secret::new(octets))
}

/// A challenge as it goes on the wire.
pub fn to_base64(challenge: &str) -> String {
    STANDARD.encode(challenge)
}

/// `[authzid] NUL authcid NUL passwd`.
fn plain(message: &[u8]) -> Result<Credentials, Malformed> {
    let text = std::str::from_utf8(message).map_err(|_| Malformed::Message)?;
    let mut parts = text.split('\0');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(identity), Some(user), Some(password), None) = parts else {
        return Err(Malformed::Message);
    };
    if user.is_empty() || password.is_empty() {
        return Err(Malformed::Message);
    }
    if !identity.is_empty() && !identity.eq_ignore_ascii_case(user) {
        return Err(Malformed::Identity);
    }
    Ok(Credentials {
        user: user.to_owned(),
        password: Secret::new(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(user: &str, password: &str) -> Result<Step, Malformed> {
        Ok(Step::Done(Credentials {
            user: user.into(),
            password: Secret::new(password.into()),
        }))
    }

    #[test]
    fn plain_in_one_step_or_two() {
        let mut exchange = Exchange::new(Mechanism::Plain);
        assert_eq!(exchange.start(Some(b"\0anna\0pw")), done("anna", "pw"));
        assert_eq!(exchange.start(None), Ok(Step::Challenge("")));
        assert_eq!(exchange.answer(b"anna\0anna\0p w"), done("anna", "p w"));
    }

    #[test]
    fn plain_refuses_what_it_does_not_mean() {
        for (message, why) in [
            (&b"ben\0anna\0pw"[..], Malformed::Identity),
            (b"", Malformed::Message),
            (b"\0anna", Malformed::Message),
            (b"\0anna\0pw\0x", Malformed::Message),
            (b"\0\0pw", Malformed::Message),
            (b"\0anna\0", Malformed::Message),
            (b"\0anna\0\xff", Malformed::Message),
        ] {
            let mut exchange = Exchange::new(Mechanism::Plain);
            assert_eq!(exchange.answer(message), Err(why), "{message:?}");
        }
    }

    #[test]
    fn login_asks_twice() {
        let mut exchange = Exchange::new(Mechanism::Login);
        assert_eq!(exchange.start(None), Ok(Step::Challenge("Username:")));
        assert_eq!(exchange.answer(b"anna"), Ok(Step::Challenge("Password:")));
        assert_eq!(exchange.answer(b"pw"), done("anna", "pw"));
        let mut exchange = Exchange::new(Mechanism::Login);
        assert_eq!(
            exchange.start(Some(b"anna")),
            Ok(Step::Challenge("Password:"))
        );
    }

    #[test]
    fn base64_both_ways() {
        assert_eq!(to_base64("Username:"), "VXNlcm5hbWU6");
        assert_eq!(from_base64(b"YW5uYQ==").unwrap().expose(), b"anna");
        assert_eq!(from_base64(b"***"), Err(Malformed::Base64));
        assert_eq!(from_base64(b"").unwrap().expose(), b"");
    }
}
