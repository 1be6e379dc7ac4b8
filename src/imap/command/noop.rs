//! NOOP and CHECK (RFC 3501 sections 6.1.2 and 6.4.1): ask the cloud, then tell what changed.

use crate::imap::{
    conn::Result,
    reply::Reply,
    session::{Session, State, log},
};
use std::time::Duration;
use tokio::time::timeout;

/// Clients poll with NOOP and wait for it: a slow cloud must not look like a dead server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Always succeeds, as the RFC says: when the cloud does not answer, what is known here is told.
pub async fn noop(session: &mut Session) -> Result<Reply> {
    if let State::Selected(user, selected) = &mut session.state {
        let refresh = timeout(PATIENCE, user.account.refresh(selected.folder));
        if let Ok(Err(error)) = session.conn.patiently(refresh).await? {
            log(&error, "refresh");
        }
    }
    Ok(Reply::ok("Done"))
}
