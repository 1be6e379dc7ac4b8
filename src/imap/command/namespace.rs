//! NAMESPACE (RFC 2342): one personal namespace at the root.

use crate::{
    imap::{reply::Reply, session::Session},
    mail::DELIMITER,
};

pub fn namespace(session: &mut Session) -> Reply {
    let line = format!("* NAMESPACE ((\"\" \"{DELIMITER}\")) NIL NIL\r\n");
    session.conn.say(&line);
    Reply::ok("That is all")
}
