//! `postern invoice`: check invoices, show them, and take them out of PDFs.
//!
//! Exit status: 0 all accepted, 1 one was rejected, 2 one cannot be read, 3 no rules fit one. The worst file decides, in the order 2, 1, 3.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use super::Failure;
use crate::invoice::{
    check::{self, Checked, Verdict},
    json, model,
    open::{self, Unreadable},
    page, pdf,
    words::{self, Language},
};

#[derive(Debug, Subcommand)]
pub(super) enum InvoiceCommand {
    /// Check invoices (XRechnung, ZUGFeRD, EN 16931; XML or PDF) as the official validators do
    Check(Check),
    /// Show an invoice to read, in the terminal or as a web page
    Show(Show),
    /// Write the invoice that a ZUGFeRD PDF carries
    Extract(Extract),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One line of JSON for each file
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// A report as a web page, on standard output
    #[arg(long)]
    html: bool,
    /// Findings of rules that do not count for the verdict too
    #[arg(long)]
    all_layers: bool,
    /// Language of the findings; by default that of the environment
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    file: PathBuf,
    /// As a web page, on standard output
    #[arg(long)]
    html: bool,
    /// Language of the labels; by default that of the environment
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

#[derive(Debug, Args)]
pub(super) struct Extract {
    pdf: PathBuf,
    /// Where to write it instead of standard output; an existing file is not overwritten
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    De,
    En,
}

fn language(asked: Option<Lang>) -> Language {
    let german = match asked {
        Some(lang) => lang == Lang::De,
        None => ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .is_some_and(|value| value.starts_with("de")),
    };
    if german {
        Language::German
    } else {
        Language::English
    }
}

const UNREADABLE: u8 = 2;

impl InvoiceCommand {
    /// The exit status.
    pub(super) fn run(self) -> Result<u8, Failure> {
        match self {
            InvoiceCommand::Check(command) => command.run(),
            InvoiceCommand::Show(command) => command.run(),
            InvoiceCommand::Extract(command) => command.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<u8, Failure> {
        let language = language(self.lang);
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.html {
            let title = language.pick("Invoice check", "Rechnungsprüfung");
            out.write_all(words::page_start(title, language).as_bytes())?;
        }
        let mut status = 0;
        for (nth, path) in self.files.iter().enumerate() {
            let name = path.display().to_string();
            let (told, code) = match std::fs::read(path) {
                Ok(octets) => self.one(&name, &octets, language),
                Err(error) => {
                    super::note(&format!("error: {name}: {error}"));
                    status = worse(status, UNREADABLE);
                    continue;
                }
            };
            status = worse(status, code);
            if nth > 0 && !self.json && !self.html {
                out.write_all(b"\n")?;
            }
            out.write_all(told.as_bytes())?;
        }
        if self.html {
            out.write_all(words::page_end().as_bytes())?;
        }
        out.flush()?;
        Ok(status)
    }

    fn one(&self, name: &str, octets: &[u8], language: Language) -> (String, u8) {
        match open::open(octets) {
            Ok(opened) => {
                let checked = check::check_tree(&opened.tree);
                let told = if self.json {
                    json::checked(name, &checked, self.all_layers) + "\n"
                } else if self.html {
                    words::html(name, &checked, self.all_layers, language)
                } else {
                    words::text(name, &checked, self.all_layers, language)
                };
                (told, code(&checked))
            }
            Err(why) => (self.unreadable(name, &why, language), UNREADABLE),
        }
    }

    fn unreadable(&self, name: &str, why: &Unreadable, language: Language) -> String {
        if self.json {
            json::unreadable(name, why) + "\n"
        } else if self.html {
            words::html_unreadable(name, why, language)
        } else {
            words::unreadable(name, why, language)
        }
    }
}

impl Show {
    fn run(self) -> Result<u8, Failure> {
        let language = language(self.lang);
        let name = self.file.display().to_string();
        let octets = match std::fs::read(&self.file) {
            Ok(octets) => octets,
            Err(error) => {
                super::note(&format!("error: {name}: {error}"));
                return Ok(UNREADABLE);
            }
        };
        let opened = match open::open(&octets) {
            Ok(opened) => opened,
            Err(why) => {
                super::note(words::unreadable(&name, &why, language).trim_end());
                return Ok(UNREADABLE);
            }
        };
        let read = model::read(&opened.tree, opened.syntax);
        let told = if self.html {
            page::html(&read, language)
        } else {
            page::text(&read, language)
        };
        io::stdout().lock().write_all(told.as_bytes())?;
        Ok(0)
    }
}

fn code(checked: &Checked) -> u8 {
    match checked.verdict {
        Verdict::Accept => 0,
        Verdict::Reject => 1,
        Verdict::NoScenario => 3,
    }
}

/// Of two exit statuses the one that matters more.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |status: u8| match status {
        0 => 0,
        3 => 1,
        1 => 2,
        _ => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

impl Extract {
    fn run(self) -> Result<u8, Failure> {
        let octets = match std::fs::read(&self.pdf) {
            Ok(octets) => octets,
            Err(error) => {
                super::note(&format!("error: {}: {error}", self.pdf.display()));
                return Ok(UNREADABLE);
            }
        };
        let found = match pdf::invoice(&octets) {
            Ok(found) => found,
            Err(why) => {
                super::note(&format!("error: {}: {why}", self.pdf.display()));
                return Ok(UNREADABLE);
            }
        };
        match &self.output {
            None => io::stdout().lock().write_all(&found.octets)?,
            Some(path) => write_new(path, &found.octets)?,
        }
        Ok(0)
    }
}

fn write_new(path: &Path, octets: &[u8]) -> Result<(), Failure> {
    let mut file = std::fs::File::create_new(path).with_context(|| path.display().to_string())?;
    file.write_all(octets)?;
    file.sync_all()?;
    Ok(())
}
