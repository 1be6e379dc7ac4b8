//! ID (RFC 2971). What the client says of itself is not kept.

use crate::imap::{reply::Reply, session::Session};

pub fn id(session: &mut Session) -> Reply {
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("* ID (\"name\" \"Postern\" \"version\" \"{version}\")\r\n");
    session.conn.say(&line);
    Reply::ok("Pleased to meet you")
}
