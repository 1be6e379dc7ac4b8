//! IDLE (RFC 2177): a state in which the server speaks and the client's next line is DONE.

use crate::imap::{
    conn::{Ended, Result},
    reply::Reply,
    session::{QUIET, Session, State},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// A line now and then keeps the ways through home routers open and finds out who has gone.
const SIGN_OF_LIFE: Duration = Duration::from_secs(120);

pub async fn idle(session: &mut Session) -> Result<Reply> {
    session.conn.say("+ idling\r\n");
    let deadline = Instant::now() + QUIET;
    let line = timeout_at(deadline, until_done(session)).await;
    let line = line.map_err(|_| Ended::Quiet)??;
    if line.eq_ignore_ascii_case(b"DONE") {
        Ok(Reply::ok("Idle no more"))
    } else {
        Ok(Reply::bad("DONE was expected"))
    }
}

/// The client's next line; meanwhile it is told what changes.
async fn until_done(session: &mut Session) -> Result<Vec<u8>> {
    loop {
        session.sync(true).await?;
        session.conn.flush().await?;
        let conn = &mut session.conn;
        let watch = match &mut session.state {
            State::Selected(_, selected) => Some(&mut selected.watch),
            _ => None,
        };
        let changed = async {
            match watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            line = conn.answer(QUIET) => return line,
            () = changed => {}
            () = sleep(SIGN_OF_LIFE) => conn.say("* OK Still here\r\n"),
        }
    }
}
