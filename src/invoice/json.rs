//! A check's result as one line of JSON.

use serde_json::{Value, json};

use super::{
    check::Checked,
    open::Unreadable,
    report::{Finding, Layer, Severity},
};

impl Layer {
    pub fn name(self) -> &'static str {
        match self {
            Layer::Xsd => "xsd",
            Layer::En => "en",
            Layer::Xr => "xr",
            Layer::Fx => "fx",
        }
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Fatal => "fatal",
            Severity::Warning => "warning",
            Severity::Info => "information",
        }
    }
}

/// The result of one file. With `all_layers`, the findings of layers that do not count for the verdict too.
pub fn checked(file: &str, checked: &Checked, all_layers: bool) -> String {
    let others = checked.others.iter().filter(|_| all_layers);
    let findings: Vec<Value> = checked.findings.iter().chain(others).map(finding).collect();
    let profile = checked.profile.as_ref();
    json!({
        "file": file,
        "scenario": checked.scenario.map_or("none", |s| s.name()),
        "verdict": checked.verdict.name(),
        "profile": profile.map(|(p, v)| json!({"name": p.name(), "verdict": v.name()})),
        "findings": findings,
    })
    .to_string()
}

/// A file that cannot be read: rejected, with the reason as its only finding.
pub fn unreadable(file: &str, why: &Unreadable) -> String {
    let line = match why {
        Unreadable::Xml(e) => e.line,
        _ => 1,
    };
    json!({
        "file": file,
        "scenario": "none",
        "verdict": "reject",
        "profile": null,
        "findings": [{
            "rule": "UNREADABLE",
            "layer": "xsd",
            "severity": "fatal",
            "effective": "fatal",
            "term": "",
            "location": "/",
            "line": line,
            "message": why.to_string(),
            "message_de": why.german(),
        }],
    })
    .to_string()
}

fn finding(f: &Finding) -> Value {
    json!({
        "rule": f.rule,
        "layer": f.layer.name(),
        "severity": f.severity.name(),
        "effective": f.effective.name(),
        "term": f.term,
        "location": f.location,
        "line": f.line,
        "message": f.message,
        "message_de": f.message_de,
    })
}
