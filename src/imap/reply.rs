//! From an error's class to a tagged NO or BAD with a response code of RFC 5530. Pure.
//!
//! The client gets a short fixed text; what went wrong in detail stands in the log.

use crate::mail::ErrorClass;
use std::borrow::Cow;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    No,
    Bad,
}

/// A tagged response, but for its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: Status,
    /// Without its brackets.
    pub code: Option<Cow<'static, str>>,
    pub text: &'static str,
}

impl Reply {
    pub fn ok(text: &'static str) -> Self {
        Self::new(Status::Ok, None, text)
    }

    pub fn ok_with(code: impl Into<Cow<'static, str>>, text: &'static str) -> Self {
        Self::new(Status::Ok, Some(code.into()), text)
    }

    pub fn no(code: &'static str, text: &'static str) -> Self {
        Self::new(Status::No, Some(code.into()), text)
    }

    pub fn bad(text: &'static str) -> Self {
        Self::new(Status::Bad, None, text)
    }

    pub fn bad_with(code: &'static str, text: &'static str) -> Self {
        Self::new(Status::Bad, Some(code.into()), text)
    }

    fn new(status: Status, code: Option<Cow<'static, str>>, text: &'static str) -> Self {
        Self { status, code, text }
    }

    /// The whole line; `*` as tag makes it untagged.
    pub fn line(&self, tag: &str) -> String {
        let status = match self.status {
            Status::Ok => "OK",
            Status::No => "NO",
            Status::Bad => "BAD",
        };
        match &self.code {
            Some(code) => format!("{tag} {status} [{code}] {}\r\n", self.text),
            None => format!("{tag} {status} {}\r\n", self.text),
        }
    }
}

impl From<ErrorClass> for Reply {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Client => {
                Self::bad_with("CLIENTBUG", "The server can make nothing of this")
            }
            ErrorClass::Denied => Self::no("NOPERM", "Microsoft 365 does not allow this"),
            ErrorClass::NotFound => Self::no("NONEXISTENT", "There is no such mailbox"),
            ErrorClass::Conflict => Self::no("INUSE", "It changed meanwhile, try again"),
            ErrorClass::TooLarge => Self::no("LIMIT", "Too large"),
            ErrorClass::Temporary { .. } => Self::no(
                "UNAVAILABLE",
                "Microsoft 365 does not answer now, try again later",
            ),
            ErrorClass::Permanent => Self::no(
                "CONTACTADMIN",
                "Microsoft 365 refuses this, see the server's log",
            ),
            ErrorClass::Bug => Self::no("SERVERBUG", "Internal error, see the server's log"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_code() {
        for (class, line) in [
            (ErrorClass::Client, "a BAD [CLIENTBUG] "),
            (ErrorClass::Denied, "a NO [NOPERM] "),
            (ErrorClass::NotFound, "a NO [NONEXISTENT] "),
            (ErrorClass::Conflict, "a NO [INUSE] "),
            (ErrorClass::TooLarge, "a NO [LIMIT] "),
            (ErrorClass::TEMPORARY, "a NO [UNAVAILABLE] "),
            (ErrorClass::Permanent, "a NO [CONTACTADMIN] "),
            (ErrorClass::Bug, "a NO [SERVERBUG] "),
        ] {
            let shown = Reply::from(class).line("a");
            assert!(
                shown.starts_with(line) && shown.ends_with("\r\n"),
                "{shown}"
            );
        }
        assert_eq!(Reply::bad("No").line("*"), "* BAD No\r\n");
    }
}
