//! Some messages of a command fail, the others are answered: what the tagged response then says.
//!
//! A message that is gone meanwhile is left out; with numbers that is NO [EXPUNGEISSUED] (RFC 2180
//! sections 4.1.2 and 4.2.2, RFC 5530), with UIDs it is as good as a UID that does not exist: OK (RFC 3501 section 6.4.8).

use crate::{
    account,
    imap::{reply::Reply, session::log},
    mail::{ErrorClass, Uid},
};

#[derive(Debug)]
pub struct Outcome {
    what: &'static str,
    vanished: bool,
    failed: Option<ErrorClass>,
}

impl Outcome {
    /// `what` names the command in the log.
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            vanished: false,
            failed: None,
        }
    }

    pub fn note(&mut self, error: &account::Error) {
        if error.class() == ErrorClass::NotFound {
            return self.vanish();
        }
        log(error, self.what);
        self.fail(error.class());
    }

    pub fn note_all(&mut self, failed: &[(Uid, account::Error)]) {
        for (_, error) in failed {
            self.note(error);
        }
    }

    /// A message is gone.
    pub fn vanish(&mut self) {
        self.vanished = true;
    }

    /// The first failure is the one that is told.
    pub fn fail(&mut self, class: ErrorClass) {
        self.failed.get_or_insert(class);
    }

    /// `done` if nothing failed. `uid`: the client named its messages by UID.
    pub fn reply(&self, uid: bool, done: Reply) -> Reply {
        match self.failed {
            // Of one message, not of the mailbox or of the command.
            Some(ErrorClass::Conflict) => Reply::no("INUSE", "Some changed meanwhile, try again"),
            Some(ErrorClass::Client) => Reply::no("CANNOT", "Some of the messages can't be so"),
            Some(class) => Reply::from(class),
            None if self.vanished && !uid => {
                Reply::no("EXPUNGEISSUED", "Some of the messages are gone")
            }
            None => done,
        }
    }
}
