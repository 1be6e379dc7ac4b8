//! CAPABILITY (RFC 3501 section 6.1.1): exactly what works, here and now.

use crate::imap::{
    flow::MESSAGE,
    reply::Reply,
    session::{Session, Stage},
};

/// RFC 3501, 4959, 7888, 2971, 2342, 3348, 6154, 2177, 5161, 3691, 4315, 6851.
const ALWAYS: &str = "IMAP4rev1 SASL-IR LITERAL+ ID NAMESPACE CHILDREN SPECIAL-USE IDLE ENABLE \
    UNSELECT UIDPLUS MOVE";

pub fn capability(session: &mut Session) -> Reply {
    let list = code(session);
    session.conn.say(&format!("* {list}\r\n"));
    Reply::ok("That is all")
}

/// The list, as an untagged response or a response code has it.
pub fn code(session: &Session) -> String {
    let mut list = format!("CAPABILITY {ALWAYS}");
    if session.stage() != Stage::NotAuthenticated {
        // RFC 7889 section 2.
        list.push_str(&format!(" APPENDLIMIT={MESSAGE}"));
        return list;
    }
    if may_start_tls(session) {
        list.push_str(" STARTTLS");
    }
    if may_log_in(session) {
        list.push_str(" AUTH=PLAIN AUTH=LOGIN");
    } else {
        list.push_str(" LOGINDISABLED");
    }
    list
}

pub fn may_start_tls(session: &Session) -> bool {
    session.server.acceptor.is_some() && !session.conn.is_tls()
}

/// A password in the clear stays on this computer, or is refused (RFC 3501 section 11.1).
pub fn may_log_in(session: &Session) -> bool {
    session.loopback || session.conn.is_tls()
}
