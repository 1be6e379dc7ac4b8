//! The command line. One file for each command.
//!
//! Answers go to standard output, everything else to standard error. Exit codes: 0 done, 1 it did
//! not work, 2 the command line or the config file is wrong.

mod account;
mod certs;
mod check;
mod config_file;
mod demo;
mod invoice;
mod run;
mod sandbox;
mod signals;

use crate::telemetry;
use clap::{Parser, Subcommand, ValueEnum};
use std::{
    io::{self, Write},
    process::ExitCode,
};

const FAILURE: u8 = 1;
const USAGE: u8 = 2;

/// IMAP and SMTP on this computer, Microsoft 365 behind it.
#[derive(Debug, Parser)]
#[command(name = "postern", version, arg_required_else_help = true)]
struct Arguments {
    /// Log level (error, warn, info, debug, trace) or directives such as
    /// `postern::account=debug,warn`; POSTERN_LOG sets it too
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// How log lines on standard error look
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a sandbox tenant on this computer, with mail, accounts and passwords
    Demo(demo::Demo),
    /// The sandbox tenant alone, for any program that speaks Microsoft Graph
    Sandbox(sandbox::Sandbox),
    /// Serve the accounts of the config file
    Run(run::Run),
    /// Check the config file and do nothing else
    Check(check::Check),
    /// Sign accounts in, make and remove their app passwords
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Where the certificate authority is, and how to trust it
    Certs(certs::Certs),
    /// Check e-invoices (XRechnung, ZUGFeRD), and take them out of PDFs
    #[command(subcommand)]
    Invoice(invoice::InvoiceCommand),
}

/// Why a command failed, with its exit code.
#[derive(Debug)]
struct Failure {
    error: anyhow::Error,
    code: u8,
}

type Outcome = Result<(), Failure>;

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let app = error.downcast_ref::<crate::app::Error>();
        let usage = app.is_some_and(crate::app::Error::is_usage)
            || error.is::<crate::config::Error>()
            || error.is::<crate::config::Problems>();
        let code = if usage { USAGE } else { FAILURE };
        Self { error, code }
    }
}

/// Parses the arguments of this process, runs the command, tells what went wrong.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come as errors too, with code 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let mut status = 0;
    let outcome = start_log(&arguments).and_then(|()| match arguments.command {
        Command::Demo(command) => command.run(),
        Command::Sandbox(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Account(command) => command.run(),
        Command::Certs(command) => command.run(),
        Command::Invoice(command) => command.run().map(|code| status = code),
    });
    match outcome {
        Ok(()) => ExitCode::from(status),
        // The reader of a pipe went away: nobody is left to tell.
        Err(failure) if is_broken_pipe(&failure.error) => ExitCode::SUCCESS,
        Err(failure) => {
            note(&format!("error: {}", failure.error));
            ExitCode::from(failure.code)
        }
    }
}

fn start_log(arguments: &Arguments) -> Outcome {
    let quiet = !matches!(arguments.command, Command::Run(_));
    let default = if quiet { "error" } else { "info" };
    let environment = std::env::var("POSTERN_LOG").ok();
    let filter = arguments.log.clone().or(environment);
    let format = match arguments.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::start(filter.as_deref().unwrap_or(default), format).map_err(|error| Failure {
        error: anyhow::anyhow!(
            "--log (or POSTERN_LOG): {error}; write error, warn, info, debug or trace"
        ),
        code: USAGE,
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An answer, on standard output.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A remark, on standard error. Nothing can be done when that is closed.
fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Few threads: the work is waiting, and each thread costs memory.
fn server_runtime() -> io::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 4));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(32)
        .enable_all()
        .build()
}

/// For a single command.
fn command_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_argument_tree_is_sound() {
        Arguments::command().debug_assert();
    }
}
