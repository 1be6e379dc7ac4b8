//! The three listeners: reading requests, faults and latency around the handlers, journal.
//!
//! The lock on the world is taken for the handler alone, never over an `.await`.

use super::{
    Shared, admin, attachments, entra,
    faults::{self, Effect},
    http::{self, Answer, Call, ErrorStyle, Trace},
    route, traffic,
    wire::{Both, Link},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode},
};
use bytes::Bytes;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Nothing larger is read from any client (uploads come in chunks of 4 MB).
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// Which of the three hosts a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Graph,
    Login,
    Admin,
}

/// Binds a port of a loopback address; 0 means any free one. Nothing here asks who it talks to, so no other
/// address will do.
pub(super) async fn bind(face: Face, address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let host = format!("{face:?}").to_lowercase();
    if !address.is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "sandbox ({host}): will not listen on {address}: it is for this computer alone, so only 127.0.0.1 or ::1"
            ),
        ));
    }
    TcpListener::bind(SocketAddr::new(address, port))
        .await
        .map_err(|e| {
            let why = match e.kind() {
                io::ErrorKind::AddrInUse => format!("port {port} is in use by another program"),
                _ => format!("cannot listen on port {port}: {e}"),
            };
            io::Error::new(e.kind(), format!("sandbox ({host}): {why}"))
        })
}

pub(super) fn serve(listener: TcpListener, face: Face, shared: Shared) -> JoinHandle<()> {
    let stop = shared.stop.clone();
    let shared_tls = shared.tls.clone();
    let app = Router::new().fallback(handle).with_state((face, shared));
    let service = app.into_make_service_with_connect_info::<Link>();
    let both = Both::new(listener, shared_tls, stop.clone());
    tokio::spawn(async move {
        let stopped = async move { stop.cancelled().await };
        let served = match both {
            Ok(both) => {
                axum::serve(both, service)
                    .with_graceful_shutdown(stopped)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::warn!(?face, %error, "sandbox listener ended");
        }
    })
}

async fn handle(
    State((face, shared)): State<(Face, Shared)>,
    ConnectInfo(link): ConnectInfo<Link>,
    request: Request,
) -> Response<Body> {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |p| p.as_str())
        .to_owned();
    let mut trace = Trace::of(&parts.headers);
    trace.style = ErrorStyle::of(&shared.world().switches);
    let Ok(octets) = to_bytes(body, LARGEST_BODY).await else {
        // Larger than anything, or it broke off: then nobody reads this.
        let text = "The maximum request length supported is 4MB.";
        return render(face, *http::error(413, "BadRequest", text), &trace);
    };
    let base = base(&shared.base(face), &parts.headers, link.secure);
    let call = Call::new(parts.method, &target, parts.headers, octets, &base);
    let fault = match face {
        Face::Admin => None,
        Face::Graph | Face::Login => faults::due(&mut shared.world(), face, &call, false),
    };
    let met = fault.as_ref().map(faults::Fault::name);
    let response = match face {
        Face::Admin => admin::answer(&shared, &call).await,
        Face::Graph | Face::Login => faced(face, &shared, &call, &trace, &link, fault).await,
    };
    if face != Face::Admin {
        let status = if link.is_cut() {
            0
        } else {
            response.status().as_u16()
        };
        shared
            .world()
            .journal
            .note(face, &call, &target, status, begun.elapsed(), met);
    }
    dated(response, face, &shared)
}

/// By the service's clock, where that is wrong.
fn dated(mut response: Response<Body>, face: Face, shared: &Shared) -> Response<Body> {
    let world = shared.world();
    if face != Face::Admin && world.switches.signed("clock-skew-seconds") != 0 {
        let date = chrono::DateTime::from_timestamp(world.now(), 0).unwrap_or_default();
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert("date", date);
        }
    }
    response
}

/// Where this server is, as the client has it: links keep its scheme and its name for this computer.
fn base(own: &str, headers: &HeaderMap, secure: bool) -> String {
    let authority = own
        .split_once("://")
        .map_or(own, |(_, authority)| authority);
    let port = authority.rsplit(':').next().unwrap_or("");
    let asked = headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        .filter(|host| {
            let name = host.strip_suffix(port).and_then(|h| h.strip_suffix(':'));
            name.is_some_and(|name| ["localhost", "127.0.0.1", "[::1]"].contains(&name))
        });
    let scheme = if secure { "https" } else { "http" };
    format!("{scheme}://{}", asked.unwrap_or(authority))
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

async fn faced(
    face: Face,
    shared: &Shared,
    call: &Call,
    trace: &Trace,
    link: &Link,
    fault: Option<faults::Fault>,
) -> Response<Body> {
    let Some(fault) = fault else {
        return render(face, answered(face, shared, call).await, trace);
    };
    if let Some(pause) = fault.delay {
        idle(shared, pause).await;
    }
    if let Effect::Revoke { refresh } = fault.effect {
        shared.world().entra.revoke(refresh);
    }
    let real = match fault.after || fault.needs_answer() {
        true => Some(answered(face, shared, call).await),
        false => None,
    };
    match fault.effect {
        Effect::CutJson | Effect::WrongJson => {
            let answer = real.unwrap_or_else(Answer::no_content);
            spoiled(
                render(face, answer, trace),
                fault.effect == Effect::WrongJson,
            )
            .await
        }
        Effect::Answer | Effect::Revoke { .. } => {
            let answer = fault.answer();
            render(
                face,
                answer.unwrap_or_else(|| real.unwrap_or_else(Answer::no_content)),
                trace,
            )
        }
        Effect::Reset => {
            link.cut();
            plain(StatusCode::OK)
        }
        Effect::Silence(how_long) => {
            idle(shared, how_long).await;
            link.cut();
            plain(StatusCode::OK)
        }
        Effect::Truncate => {
            let response = render(face, real.unwrap_or_else(Answer::no_content), trace);
            truncated(response, link).await
        }
    }
}

/// An answer that arrives whole, with JSON that no client can use.
async fn spoiled(response: Response<Body>, wrong: bool) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let octets = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let octets = match wrong {
        true => {
            Bytes::from_static(br#"{"value":{"id":["unexpected"]},"id":7,"access_token":false}"#)
        }
        false => octets.slice(..octets.len() / 2),
    };
    parts.headers.remove("content-length");
    Response::from_parts(parts, http::chunked(octets))
}

/// Sends half of the body, then cuts the connection.
async fn truncated(response: Response<Body>, link: &Link) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let octets = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = octets.slice(..octets.len() / 2);
    let link = link.clone();
    let stream = futures_util::stream::unfold((0, half), move |(step, half)| {
        let link = link.clone();
        async move {
            if step == 0 {
                return Some((Ok(half), (1, Bytes::new())));
            }
            // The first half must be on the wire before the cut.
            tokio::time::sleep(Duration::from_millis(50)).await;
            link.cut();
            Some((
                Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                (2, half),
            ))
        }
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

async fn idle(shared: &Shared, how_long: Duration) {
    tokio::select! {
        () = tokio::time::sleep(how_long) => {}
        () = shared.stop.cancelled() => {}
    }
}

async fn answered(face: Face, shared: &Shared, call: &Call) -> Answer {
    if face == Face::Login && attachments::is_upload(call) {
        return attachments::upload(&mut shared.world(), call).unwrap_or_else(|early| *early);
    }
    if face == Face::Login {
        return entra::answer(&mut shared.world(), call);
    }
    let admission = traffic::admit(&mut shared.world(), call);
    if let Some(refused) = admission.refused {
        return *refused;
    }
    // Gives the places back even if the client hangs up meanwhile.
    let _place = traffic::Place::new(shared, admission.key, admission.places);
    if !admission.latency.is_zero() {
        idle(shared, admission.latency).await;
    }
    let answer = route::dispatch(&mut shared.world(), call, admission.excess);
    shared.wake.notify_one();
    answer
}

fn render(face: Face, answer: Answer, trace: &Trace) -> Response<Body> {
    match face {
        Face::Graph => http::render(answer, trace),
        Face::Login | Face::Admin => entra::render(answer, trace),
    }
}
