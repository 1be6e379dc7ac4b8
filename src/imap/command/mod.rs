//! One file for each command, or tight family.

pub mod append;
pub mod capability;
pub mod copy;
pub mod expunge;
pub mod fetch;
pub mod flags;
pub mod folder;
pub mod id;
pub mod idle;
pub mod list;
pub mod login;
pub mod mailbox;
pub mod namespace;
pub mod noop;
pub mod outcome;
pub mod pattern;
pub mod search;
pub mod section;
pub mod starttls;
pub mod status;
pub mod subscribe;

use super::{
    conn::{Conn, Result},
    reply::Reply,
    session::{Session, State, log},
    view::{Update, View},
    wire::{Command, encode},
};
use crate::account;
use copy::Kind;

/// Carries out a command that the state table allows; `octets` is its whole text. Untagged responses are
/// gathered in the connection; the tagged one is returned.
pub async fn execute(session: &mut Session, command: Command, octets: Vec<u8>) -> Result<Reply> {
    match command {
        Command::Capability => Ok(capability::capability(session)),
        Command::Noop | Command::Check => noop::noop(session).await,
        Command::Logout => {
            session.conn.say("* BYE Until next time\r\n");
            session.state = State::Logout;
            Ok(Reply::ok("Logged out"))
        }
        Command::Id => Ok(id::id(session)),
        Command::StartTls => Ok(starttls::starttls(session)),
        Command::Authenticate { mechanism, initial } => {
            login::authenticate(session, &mechanism, initial).await
        }
        Command::Login { user, password } => login::login(session, user, password).await,
        Command::Enable => {
            // Nothing can be enabled yet, so nothing is (RFC 5161 section 3.1).
            session.conn.say("* ENABLED\r\n");
            Ok(Reply::ok("Nothing enabled"))
        }
        Command::Namespace => Ok(namespace::namespace(session)),
        Command::Select(name) => mailbox::select(session, name, false).await,
        Command::Examine(name) => mailbox::select(session, name, true).await,
        Command::Close => mailbox::close(session).await,
        Command::Unselect => Ok(mailbox::unselect(session)),
        Command::Subscribe(name) => subscribe::set(session, name, true).await,
        Command::Unsubscribe(name) => subscribe::set(session, name, false).await,
        Command::List(pattern) => list::list(session, &pattern).await,
        Command::Lsub(pattern) => list::lsub(session, &pattern).await,
        Command::Status(name, items) => status::status(session, name, &items).await,
        Command::Idle => idle::idle(session).await,
        Command::Search { uid, key } => search::search(session, uid, key).await,
        Command::Fetch { uid, set, items } => fetch::fetch(session, uid, &set, items).await,
        Command::Store {
            uid,
            set,
            change,
            flags,
            silent,
        } => flags::store(session, uid, &set, change, &flags, silent).await,
        Command::Copy { uid, set, to } => copy::copy(session, Kind::Copy, uid, &set, to).await,
        Command::Move { uid, set, to } => copy::copy(session, Kind::Move, uid, &set, to).await,
        Command::Expunge(set) => expunge::expunge(session, set.as_ref()).await,
        Command::Append(append) => append::append(session, append, octets).await,
        Command::Create(name) => folder::create(session, name).await,
        Command::Delete(name) => folder::delete(session, name).await,
        Command::Rename(from, to) => folder::rename(session, from, to).await,
    }
}

/// The mailbox is selected by EXAMINE, or by someone who may only read.
fn read_only() -> Reply {
    Reply::no("READ-ONLY", "The mailbox is selected for reading")
}

/// Who logged in may only read.
pub fn not_allowed() -> Reply {
    Reply::no("NOPERM", "This login may read mail, not change it")
}

/// Of COPY, MOVE and APPEND: the client may ask the user, create the mailbox, and try again (RFC 3501 section 7.1).
pub fn no_such_target() -> Reply {
    Reply::no("TRYCREATE", "There is no such mailbox")
}

/// Of COPY, MOVE and APPEND.
pub fn own_mailbox() -> Reply {
    Reply::no("CANNOT", "Only Postern puts mail into Recovered")
}

pub fn no_such_keyword() -> Reply {
    Reply::no("CANNOT", "Such a keyword can't be kept")
}

fn no_such_number() -> Reply {
    Reply::bad("There is no message with that number")
}

/// A mailbox name that can be none: it is not modified UTF-7.
fn no_such_name() -> Reply {
    Reply::no("NONEXISTENT", "There is no such mailbox")
}

/// The tagged response to an error, of which the log gets the rest.
fn failed(error: &account::Error, what: &str) -> Reply {
    log(error, what);
    if error.is_over_quota() {
        return Reply::no("OVERQUOTA", "The mailbox at Microsoft 365 is full");
    }
    if error.is_disk_full() {
        return Reply::no(
            "UNAVAILABLE",
            "This computer's disk is full, nothing was kept",
        );
    }
    Reply::from(error.class())
}

/// Sends what the view has to tell.
pub async fn tell_updates(conn: &mut Conn, view: &mut View, expunges: bool) -> Result<()> {
    for update in view.announce(expunges) {
        let out = conn.out();
        match update {
            Update::Expunge(seq) => encode::text(out, &format!("* {} EXPUNGE\r\n", seq.0)),
            Update::Exists(count) => encode::text(out, &format!("* {count} EXISTS\r\n")),
            Update::Recent(count) => encode::text(out, &format!("* {count} RECENT\r\n")),
            Update::Fetch(seq) => {
                let Some(row) = view.row(seq) else { continue };
                encode::text(out, &format!("* {} FETCH (UID {} FLAGS ", seq.0, row.uid));
                encode::flags(out, &row.flags, row.recent);
                encode::text(out, ")\r\n");
            }
        }
        conn.relieve().await?;
    }
    Ok(())
}
