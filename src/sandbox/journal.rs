//! What was asked of Graph and of the login host, and what was accepted for sending: no tokens, no bodies.

use super::{http::Call, server::Face};
use serde_json::{Value, json};
use std::{collections::VecDeque, time::Duration};

/// Older entries fall out; counts stay.
const LONGEST_JOURNAL: usize = 100_000;
/// What was asked of Graph and login.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) entries: VecDeque<Value>,
    number: u64,
    pub(super) graph: u64,
    pub(super) inner: u64,
    pub(super) login: u64,
    pub(super) submissions: Vec<Value>,
}

impl Journal {
    pub(super) fn note(
        &mut self,
        face: Face,
        call: &Call,
        target: &str,
        status: u16,
        took: Duration,
        fault: Option<&str>,
    ) {
        let host = if face == Face::Login {
            self.login += 1;
            "login"
        } else {
            self.graph += 1;
            "graph"
        };
        let ms = (took.as_secs_f64() * 1e4).round() / 10.0;
        let entry = json!({
            "host": host, "method": call.method.as_str(), "path": shown(target), "status": status, "ms": ms,
            "inner": false, "fault": fault,
        });
        self.push(entry);
    }

    /// A request inside a `$batch`.
    pub(super) fn note_inner(
        &mut self,
        method: &str,
        target: &str,
        status: u16,
        fault: Option<&str>,
    ) {
        self.inner += 1;
        let entry = json!({
            "host": "graph", "method": method, "path": shown(target), "status": status, "ms": 0.0,
            "inner": true, "fault": fault,
        });
        self.push(entry);
    }

    fn push(&mut self, mut entry: Value) {
        self.number += 1;
        if self.entries.len() >= LONGEST_JOURNAL {
            self.entries.pop_front();
        }
        super::http::put(&mut entry, "n", self.number.into());
        self.entries.push_back(entry);
    }
}

/// The authtoken of an upload is a secret of its own.
fn shown(target: &str) -> &str {
    target.split("authtoken=").next().unwrap_or(target)
}
