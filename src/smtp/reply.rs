//! Replies: a code, an enhanced status code (RFC 3463, RFC 2034) and text; and what a refusal of the
//! spool becomes. Pure.

use crate::{mail::ErrorClass, spool};
use std::fmt;

/// One reply, of one line or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// Empty where RFC 2034 section 3 has none: the greeting, the answer to EHLO, 334 and 354.
    enhanced: &'static str,
    lines: Vec<String>,
}

impl Reply {
    pub fn new(code: u16, enhanced: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            enhanced,
            lines: vec![text.into()],
        }
    }

    /// Without an enhanced status code.
    pub fn plain(code: u16, lines: Vec<String>) -> Self {
        Self {
            code,
            enhanced: "",
            lines,
        }
    }

    /// A command that is none, or that came when it may not: whoever goes on like that is no mail
    /// program. A refused address is no fault in this sense.
    pub fn is_fault(&self) -> bool {
        matches!(self.code, 500..=504 | 530 | 538 | 555)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.enhanced.is_empty() { "" } else { " " };
        let last = self.lines.len().saturating_sub(1);
        for (i, line) in self.lines.iter().enumerate() {
            let mark = if i == last { ' ' } else { '-' };
            write!(f, "{}{mark}{}{space}{line}\r\n", self.code, self.enhanced)?;
        }
        Ok(())
    }
}

/// Before the 250 every surprise is 4xx, so that the client keeps its copy; 5xx only where the same
/// mail can never be taken.
impl From<&spool::Error> for Reply {
    fn from(error: &spool::Error) -> Self {
        match error {
            spool::Error::Full => {
                Self::new(452, "4.3.1", "No room for the message, try again later")
            }
            spool::Error::NoRecipients => Self::new(554, "5.5.1", "No valid recipients"),
            error => Self::from(error.class()),
        }
    }
}

impl From<ErrorClass> for Reply {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Client => Self::new(554, "5.6.0", "The message cannot be taken"),
            ErrorClass::Denied | ErrorClass::NotFound => {
                Self::new(550, "5.7.1", "This account does not send mail")
            }
            ErrorClass::TooLarge => Self::new(552, "5.3.4", "The message is too large"),
            ErrorClass::Conflict
            | ErrorClass::Temporary { .. }
            | ErrorClass::Permanent
            | ErrorClass::Bug => Self::new(
                451,
                "4.3.0",
                "The message could not be stored, see the server's log",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::AccountName;

    #[test]
    fn one_line_or_several() {
        let ok = Reply::new(250, "2.1.0", "OK");
        assert_eq!(ok.to_string(), "250 2.1.0 OK\r\n");
        let offer = Reply::plain(
            250,
            vec!["localhost".into(), "SIZE 5".into(), "HELP".into()],
        );
        assert_eq!(
            offer.to_string(),
            "250-localhost\r\n250-SIZE 5\r\n250 HELP\r\n"
        );
        let challenge = Reply::plain(334, vec![String::new()]);
        assert_eq!(challenge.to_string(), "334 \r\n");
    }

    #[test]
    fn refusals_of_the_spool() {
        use spool::Error::{Full, NoAccount, NoRecipients, TooLarge};
        for (error, start) in [
            (TooLarge { limit: 5 }, "552 5.3.4 "),
            (Full, "452 4.3.1 "),
            (NoRecipients, "554 5.5.1 "),
            (NoAccount(AccountName::new("anna")), "550 5.7.1 "),
        ] {
            let told = Reply::from(&error).to_string();
            assert!(told.starts_with(start), "{error}: {told}");
        }
        for (class, code) in [
            (ErrorClass::Client, 554),
            (ErrorClass::Denied, 550),
            (ErrorClass::NotFound, 550),
            (ErrorClass::Conflict, 451),
            (ErrorClass::TooLarge, 552),
            (ErrorClass::TEMPORARY, 451),
            (ErrorClass::Permanent, 451),
            (ErrorClass::Bug, 451),
        ] {
            assert_eq!(Reply::from(class).code, code, "{class:?}");
        }
    }
}
