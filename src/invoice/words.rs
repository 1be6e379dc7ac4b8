//! A check's result in words, for the terminal and as a page, in English and German.

use std::fmt::Write;

use super::{
    check::{Checked, Verdict},
    open::Unreadable,
    report::{Finding, Severity},
    rules::Syntax,
    scenario::Scenario,
};

/// The reader's language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    German,
}

use Language::{English, German};

impl Language {
    /// One of two.
    pub fn pick<T>(self, english: T, german: T) -> T {
        match self {
            English => english,
            German => german,
        }
    }
}

impl Syntax {
    pub fn title(self) -> &'static str {
        match self {
            Syntax::Cii => "CII",
            Syntax::UblInvoice => "UBL Invoice",
            Syntax::UblCreditNote => "UBL CreditNote",
        }
    }
}

impl Scenario {
    pub fn title(self) -> &'static str {
        match self {
            Scenario::En16931 => "EN 16931",
            Scenario::XRechnung => "XRechnung 3.0",
            Scenario::XRechnungExtension => "XRechnung 3.0 Extension",
            Scenario::XRechnungCvd => "XRechnung 3.0 CVD",
        }
    }
}

fn verdict(checked: &Checked, language: Language) -> String {
    let format = match (checked.scenario, checked.profile) {
        (Some(scenario), _) => scenario.title().to_owned(),
        (None, Some((profile, _))) => format!("ZUGFeRD/Factur-X {}", profile.name()),
        (None, None) => String::new(),
    };
    let syntax = checked.syntax.map_or("", Syntax::title);
    let outcome = checked.profile.map_or(checked.verdict, |p| p.1);
    let bt24 = checked.specification.as_deref().unwrap_or("");
    match outcome {
        Verdict::Accept => format!("{} ({format}, {syntax})", language.pick("accepted", "angenommen")),
        Verdict::Reject => format!("{} ({format}, {syntax})", language.pick("REJECTED", "ABGELEHNT")),
        Verdict::NoScenario if bt24.is_empty() => language
            .pick(
                "not checked: the specification identifier (BT-24) is missing, so nobody can tell by which rules",
                "nicht geprüft: Die Spezifikationskennung (BT-24) fehlt, daher ist unbekannt, nach welchen Regeln",
            )
            .to_owned(),
        Verdict::NoScenario => language.pick(
            format!("not checked: \"{bt24}\" (BT-24) is neither EN 16931 nor XRechnung 3.0 nor ZUGFeRD/Factur-X"),
            format!("nicht geprüft: „{bt24}“ (BT-24) ist weder EN 16931 noch XRechnung 3.0 noch ZUGFeRD/Factur-X"),
        ),
    }
}

fn label(severity: Severity, language: Language) -> &'static str {
    match severity {
        Severity::Fatal => language.pick("Error", "Fehler"),
        Severity::Warning => language.pick("Warning", "Warnung"),
        Severity::Info => language.pick("Note", "Hinweis"),
    }
}

fn counts(findings: &[&Finding], language: Language) -> String {
    let of = |s: Severity| findings.iter().filter(|f| f.effective == s).count();
    let mut parts = Vec::new();
    for (severity, one, many) in [
        (
            Severity::Fatal,
            language.pick("error", "Fehler"),
            language.pick("errors", "Fehler"),
        ),
        (
            Severity::Warning,
            language.pick("warning", "Warnung"),
            language.pick("warnings", "Warnungen"),
        ),
        (
            Severity::Info,
            language.pick("note", "Hinweis"),
            language.pick("notes", "Hinweise"),
        ),
    ] {
        match of(severity) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            n => parts.push(format!("{n} {many}")),
        }
    }
    parts.join(", ")
}

/// The worst first, in document order otherwise.
fn sorted(checked: &Checked, all_layers: bool) -> Vec<&Finding> {
    let others = checked.others.iter().filter(|_| all_layers);
    let mut findings: Vec<&Finding> = checked.findings.iter().chain(others).collect();
    findings.sort_by_key(|f| std::cmp::Reverse(f.effective));
    findings
}

/// The result for the terminal.
pub fn text(file: &str, checked: &Checked, all_layers: bool, language: Language) -> String {
    let findings = sorted(checked, all_layers);
    let mut out = format!("{file}: {}\n", verdict(checked, language));
    if !findings.is_empty() {
        let _ = writeln!(out, "  {}", counts(&findings, language));
    }
    for finding in findings {
        let term = if finding.term.is_empty() {
            String::new()
        } else {
            format!(" · {}", finding.term)
        };
        let line = language.pick("line", "Zeile");
        let label = label(finding.effective, language);
        let _ = writeln!(
            out,
            "\n  {label} {}{term} · {line} {}",
            finding.rule, finding.line
        );
        let _ = writeln!(
            out,
            "    {}",
            wrapped(
                language.pick(&finding.message, &finding.message_de),
                96,
                "    "
            )
        );
        let _ = writeln!(out, "    {}", short(&finding.location));
    }
    if checked.left_out > 0 {
        let n = checked.left_out;
        let _ = writeln!(
            out,
            "\n  {}",
            language.pick(format!("and {n} more"), format!("und {n} weitere"))
        );
    }
    out
}

/// The path without the steps that every path has.
fn short(location: &str) -> String {
    location.replace(
        "/rsm:CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/",
        "…/",
    )
}

fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            out.push('\n');
            out.push_str(indent);
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
    }
    out
}

/// Why a file cannot be read, for the terminal.
pub fn unreadable(file: &str, why: &Unreadable, language: Language) -> String {
    match language {
        English => format!("{file}: UNREADABLE: {why}\n"),
        German => format!("{file}: NICHT LESBAR: {}\n", why.german()),
    }
}

/// Text with what HTML reads as markup made harmless.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const STYLE: &str = "
body{font:15px/1.5 system-ui,'Segoe UI',Roboto,'Liberation Sans',sans-serif;margin:0;background:#f4f5f7;color:#1c2430}
main{max-width:58rem;margin:2rem auto;padding:0 1rem}
section{background:#fff;border:1px solid #d9dde3;border-radius:10px;margin:0 0 1.5rem;overflow:hidden}
header{padding:1rem 1.25rem;border-left:6px solid #7a8594}
.accept header{border-color:#1f8a4c}.reject header{border-color:#c62f2f}
h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1.05rem;margin:0;overflow-wrap:anywhere}header p{margin:.25rem 0 0;color:#4a5666}
.accept header p b{color:#1f8a4c}.reject header p b{color:#c62f2f}
article{padding:.9rem 1.25rem;border-top:1px solid #e8ebef}
article p{margin:.35rem 0 .2rem}
.tag{display:inline-block;border-radius:999px;padding:0 .6rem;font-size:.8rem;font-weight:600;color:#fff;background:#5b6675}
.fatal .tag{background:#c62f2f}.warning .tag{background:#a86200}
.rule{font-weight:600;margin-left:.5rem}.term,.line{color:#5b6675;margin-left:.5rem;font-size:.9rem}
code{display:block;color:#5b6675;font:12px/1.45 ui-monospace,'DejaVu Sans Mono',monospace;overflow-wrap:anywhere}
";

/// Head of a page.
pub fn page_start(title: &str, language: Language) -> String {
    let lang = language.pick("en", "de");
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n"
    )
}

/// Its end.
pub fn page_end() -> &'static str {
    "</main>\n</body>\n</html>\n"
}

/// The result of one file as a part of a page.
pub fn html(file: &str, checked: &Checked, all_layers: bool, language: Language) -> String {
    let findings = sorted(checked, all_layers);
    let outcome = checked.profile.map_or(checked.verdict, |p| p.1);
    let mut out = format!(
        "<section class=\"{}\">\n<header>\n<h2>{}</h2>\n<p><b>{}</b></p>\n",
        outcome.name(),
        escaped(file),
        escaped(&verdict(checked, language))
    );
    let nothing = language
        .pick("No findings.", "Keine Beanstandungen.")
        .to_owned();
    let counts = if findings.is_empty() {
        nothing
    } else {
        counts(&findings, language)
    };
    if outcome != Verdict::NoScenario || !findings.is_empty() {
        let _ = writeln!(out, "<p>{counts}</p>");
    }
    out.push_str("</header>\n");
    for f in findings {
        let _ = writeln!(
            out,
            "<article class=\"{}\">\n<span class=\"tag\">{}</span><span class=\"rule\">{}</span><span class=\"term\">{}</span>\
             <span class=\"line\">{} {}</span>\n<p>{}</p>\n<code>{}</code>\n</article>",
            f.effective.name(),
            label(f.effective, language),
            escaped(&f.rule),
            escaped(&f.term),
            language.pick("line", "Zeile"),
            f.line,
            escaped(language.pick(&f.message, &f.message_de)),
            escaped(&f.location)
        );
    }
    out.push_str("</section>\n");
    out
}

/// An unreadable file as a part of a page.
pub fn html_unreadable(file: &str, why: &Unreadable, language: Language) -> String {
    let reason = language.pick(why.to_string(), why.german());
    let word = language.pick("UNREADABLE", "NICHT LESBAR");
    format!(
        "<section class=\"reject\">\n<header>\n<h2>{}</h2>\n<p><b>{word}</b></p>\n<p>{}</p>\n</header>\n</section>\n",
        escaped(file),
        escaped(&reason)
    )
}
