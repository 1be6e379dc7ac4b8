//! Logging to standard error.
//!
//! Secrets stay out of logs by their type ([`crate::mail::Secret`] prints nothing). Libraries that
//! log what goes over the wire are held at `warn`, whatever level is asked for: their `trace` would
//! show tokens and mail.

use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    /// One JSON object for each line.
    Json,
}

/// Libraries whose finer levels print headers, bodies or keys.
const TALKATIVE: &[&str] = &[
    "h2=warn",
    "hyper=warn",
    "hyper_util=warn",
    "reqwest=warn",
    "axum=warn",
    // Warns of every odd handshake, so that any client could fill the log.
    "rustls=error",
];

/// Starts logging; a second call changes nothing. `filter` is a level (`info`) or directives as
/// `tracing` has them (`postern::account=debug,warn`).
pub fn start(filter: &str, format: Format) -> Result<(), ParseError> {
    let mut filter: EnvFilter = filter.parse()?;
    for directive in TALKATIVE {
        filter = filter.add_directive(directive.parse()?);
    }
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // Fails when a subscriber is there already: tests start more than one server in a process.
    let _ = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
    Ok(())
}
