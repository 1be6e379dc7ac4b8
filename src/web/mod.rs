//! HTTP: `/healthz`, until there is more; everything else is 401.
//!
//! A web page that the user visits can make a browser talk to a server on this computer. So the
//! Host header must name this computer: an address, `localhost` or its host name. A name of the
//! page's own, which its DNS points to 127.0.0.1 (DNS rebinding), gets 421 (RFC 9110 section 15.5.20).

mod door;

use crate::net::{Acceptor, Listener};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use door::Door;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Nothing here takes a body yet.
const BODY_LIMIT: usize = 16 * 1024;
/// How long a request that is under way when the server stops may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves `listener` until `stop` fires, and [`LAST_WORDS`] longer at most. `acceptor` is given where TLS starts with the first octet;
/// `host` is this computer's name.
pub async fn serve(
    listener: Listener,
    acceptor: Option<Acceptor>,
    host: String,
    stop: CancellationToken,
) {
    let door = Door::open(listener, acceptor, stop.clone());
    let stopping = stop.clone().cancelled_owned();
    let served = axum::serve(door, router(host)).with_graceful_shutdown(stopping);
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        served = served.into_future() => if let Err(error) = served {
            tracing::error!(%error, "HTTP ended");
        },
        // What is left falls silent, and with that ends by itself.
        () = too_long => tracing::debug!("HTTP requests given up while stopping"),
    }
}

fn router(host: String) -> Router {
    let unauthorized = || async {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Postern\"")];
        (StatusCode::UNAUTHORIZED, challenge, "not signed in\n")
    };
    Router::new()
        .route("/healthz", get(|| async { "ok" }).fallback(unauthorized))
        .fallback(unauthorized)
        .layer(middleware::from_fn_with_state(
            Arc::<str>::from(host),
            check_host,
        ))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

async fn check_host(State(host): State<Arc<str>>, request: Request, next: Next) -> Response {
    let mut given = request.headers().get_all(header::HOST).iter();
    let named = given.next().and_then(|value| value.to_str().ok());
    if given.next().is_none() && named.is_some_and(|named| is_here(named, &host)) {
        return next.run(request).await;
    }
    let what = "the Host header must name this computer: localhost, or an address\n";
    (StatusCode::MISDIRECTED_REQUEST, what).into_response()
}

/// An address needs no DNS, so it cannot be rebound: any is fine.
fn is_here(named: &str, host: &str) -> bool {
    let Ok(authority) = named.parse::<Authority>() else {
        return false;
    };
    let name = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    !named.contains('@')
        && (name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || (!host.is_empty() && name.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_computer_pass() {
        for (named, good) in [
            ("localhost", true),
            ("LocalHost:8365", true),
            ("127.0.0.1:8365", true),
            ("[::1]:8365", true),
            ("192.0.2.7", true),
            ("desk", true),
            ("desk.example.com", false),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("localhost@evil.example", false),
            ("evil@localhost", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_here(named, "desk"), good, "{named}");
        }
        assert!(!is_here("", ""));
    }
}
