//! SUBSCRIBE and UNSUBSCRIBE (RFC 3501 sections 6.3.6 and 6.3.7). A name need not exist.

use super::{failed, no_such_name};
use crate::imap::{conn::Result, reply::Reply, session::Session, wire::Name};

pub async fn set(session: &mut Session, name: Name, on: bool) -> Result<Reply> {
    let (Some(name), Some(user)) = (name, session.user()) else {
        return Ok(no_such_name());
    };
    let account = user.account.clone();
    Ok(match account.set_subscribed(&name, on).await {
        Ok(()) => Reply::ok("Done"),
        Err(error) => failed(&error, "subscription"),
    })
}
