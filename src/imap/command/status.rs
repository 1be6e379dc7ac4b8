//! STATUS (RFC 3501 section 6.3.10).

use super::{failed, no_such_name};
use crate::imap::{
    conn::Result,
    reply::Reply,
    session::Session,
    wire::{Name, StatusItem, encode},
};

pub async fn status(session: &mut Session, name: Name, items: &[StatusItem]) -> Result<Reply> {
    let (Some(name), Some(user)) = (name, session.user()) else {
        return Ok(no_such_name());
    };
    let account = user.account.clone();
    let row = match session.conn.patiently(account.status(&name)).await? {
        Ok(row) => row,
        Err(error) => return Ok(failed(&error, "STATUS")),
    };
    let out = session.conn.out();
    encode::text(out, "* STATUS ");
    encode::mailbox(out, &name);
    let values: Vec<_> = items
        .iter()
        .map(|item| match item {
            StatusItem::Messages => format!("MESSAGES {}", row.messages),
            // What is recent is a matter of each session: see `view`.
            StatusItem::Recent => "RECENT 0".to_owned(),
            StatusItem::UidNext => format!("UIDNEXT {}", row.uid_next),
            StatusItem::UidValidity => format!("UIDVALIDITY {}", row.uid_validity),
            StatusItem::Unseen => format!("UNSEEN {}", row.unseen),
        })
        .collect();
    encode::text(out, &format!(" ({})\r\n", values.join(" ")));
    Ok(Reply::ok("Done"))
}
