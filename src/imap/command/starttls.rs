//! STARTTLS (RFC 3501 section 6.2.1). After it there is no second greeting, and nothing that the client
//! said before counts.

use super::capability::may_start_tls;
use crate::imap::{
    conn::{Ended, Result},
    reply::Reply,
    session::{Session, State},
};

pub fn starttls(session: &mut Session) -> Reply {
    if may_start_tls(session) {
        Reply::ok("Begin TLS")
    } else {
        Reply::bad("TLS is on already, or not available here")
    }
}

/// Follows the tagged OK. Octets that came in before the handshake are dropped: they may be another's, put in
/// to be taken for the client's (CVE-2011-0411).
pub async fn upgrade(session: &mut Session) -> Result<()> {
    let acceptor = session.server.acceptor.clone();
    let acceptor = acceptor.ok_or(Ended::Bye("No TLS here"))?;
    session.conn.start_tls(&acceptor).await?;
    session.state = State::NotAuthenticated;
    session.failures = 0;
    Ok(())
}
