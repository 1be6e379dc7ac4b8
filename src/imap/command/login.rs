//! LOGIN and AUTHENTICATE (RFC 3501 sections 6.2.2 and 6.2.3).
//!
//! A wrong password costs the delay that [`auth`](crate::auth) sets, and the third one the session.
//! Where a password may not come in the clear, it is not even looked at.

use super::capability;
use crate::{
    auth::rights,
    imap::{
        conn::Result,
        flow::AFTER_LOGIN,
        reply::Reply,
        session::{Session, State, User, log},
    },
    mail::Secret,
    sasl::{self, Credentials, Exchange, Malformed, Mechanism, Step},
};
use std::time::Duration;

/// To type a password, or to unlock what keeps it.
const QUIET: Duration = Duration::from_secs(60);

pub async fn login(
    session: &mut Session,
    user: Vec<u8>,
    password: Secret<Vec<u8>>,
) -> Result<Reply> {
    if !capability::may_log_in(session) {
        return Ok(in_the_clear());
    }
    // What is not UTF-8 is nobody's name or password: refused as slowly as a wrong one.
    let user = String::from_utf8_lossy(&user).into_owned();
    let password = String::from_utf8_lossy(password.expose()).into_owned();
    let password = Secret::new(password);
    check(session, Credentials { user, password }).await
}

pub async fn authenticate(
    session: &mut Session,
    mechanism: &str,
    initial: Option<Secret<Vec<u8>>>,
) -> Result<Reply> {
    let Some(mechanism) = Mechanism::from_wire(mechanism) else {
        return Ok(Reply::no("CANNOT", "Mechanism not offered"));
    };
    if !capability::may_log_in(session) {
        return Ok(in_the_clear());
    }
    let mut exchange = Exchange::new(mechanism);
    let mut step = exchange.start(initial.as_ref().map(|octets| octets.expose().as_slice()));
    loop {
        match step {
            Ok(Step::Done(credentials)) => return check(session, credentials).await,
            Ok(Step::Challenge(challenge)) => {
                let challenge = sasl::to_base64(challenge);
                session.conn.say(&format!("+ {challenge}\r\n"));
                let line = Secret::new(session.conn.answer(QUIET).await?);
                if line.expose() == b"*" {
                    return Ok(Reply::bad("Given up"));
                }
                step = sasl::from_base64(line.expose())
                    .and_then(|answer| exchange.answer(answer.expose()));
            }
            Err(Malformed::Identity) => {
                return Ok(Reply::no(
                    "AUTHORIZATIONFAILED",
                    "Nobody may act for another here",
                ));
            }
            Err(Malformed::Base64 | Malformed::Message) => {
                return Ok(Reply::bad("Malformed answer"));
            }
        }
    }
}

async fn check(session: &mut Session, credentials: Credentials) -> Result<Reply> {
    let Credentials { user, password } = credentials;
    let auth = session.server.auth.clone();
    let principal = match auth.login(&user, &password, session.peer).await {
        Ok(principal) => principal,
        Err(denied) => {
            tracing::warn!(peer = %session.peer, "IMAP login refused");
            session.conn.pause(denied.delay).await?;
            session.failures += 1;
            return Ok(Reply::no(
                "AUTHENTICATIONFAILED",
                "Wrong user name or password",
            ));
        }
    };
    if principal.rights & rights::READ == 0 {
        return Ok(Reply::no(
            "AUTHORIZATIONFAILED",
            "This password is not for reading mail",
        ));
    }
    let registry = session.server.registry.clone();
    let opened = registry.wait(&principal.account);
    let account = match session.conn.patiently(opened).await? {
        Ok(account) => account,
        Err(error) => {
            log(&error, "login");
            let text = if error.class().is_temporary() {
                "The account is still being opened, try again"
            } else {
                "The account cannot be read here: postern account list says why"
            };
            return Ok(Reply::no("UNAVAILABLE", text));
        }
    };
    tracing::info!(peer = %session.peer, account = %principal.account, tls = session.conn.is_tls(), "IMAP login");
    session.state = State::Authenticated(User { account, principal });
    session.conn.set_limits(AFTER_LOGIN);
    Ok(Reply::ok_with(capability::code(session), "Logged in"))
}

fn in_the_clear() -> Reply {
    Reply::no("PRIVACYREQUIRED", "Start TLS first")
}
