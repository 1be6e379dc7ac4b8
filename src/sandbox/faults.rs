//! Faults by script: what the next matching requests meet instead of, or after, their answer.

use super::{
    http::{Answer, Call, Payload},
    server::Face,
    world::World,
};
use serde_json::Value;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(super) struct Fault {
    face: Face,
    method: Option<String>,
    /// A part of path and query.
    path: String,
    times: u64,
    skip: u64,
    /// The request takes effect first: "done, then the answer was lost".
    pub(super) after: bool,
    pub(super) delay: Option<Duration>,
    pub(super) effect: Effect,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// Another status, headers and body; without them only the delay counts.
    Answer,
    Reset,
    Silence(Duration),
    /// Half of the body, then a reset.
    Truncate,
}

impl Fault {
    /// From the body of `POST /faults` (fields: admin.rs).
    pub(super) fn read(body: &Value) -> Result<Self, String> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let seconds = |name: &str| {
            body.get(name)
                .and_then(Value::as_f64)
                .map(|s| Duration::from_secs_f64(s.clamp(0.0, 3600.0)))
        };
        let effect = match text("do").unwrap_or("answer") {
            "answer" => Effect::Answer,
            "reset" => Effect::Reset,
            "silence" => Effect::Silence(seconds("seconds").unwrap_or(Duration::from_secs(30))),
            "truncate" => Effect::Truncate,
            other => {
                return Err(format!(
                    "do: {other:?} is not answer, reset, silence or truncate"
                ));
            }
        };
        let face = match text("host").unwrap_or("graph") {
            "graph" => Face::Graph,
            "login" => Face::Login,
            other => return Err(format!("host: {other:?} is neither graph nor login")),
        };
        let status = body
            .get("status")
            .and_then(Value::as_u64)
            .map(u16::try_from);
        let headers = body.get("headers").and_then(Value::as_object);
        Ok(Self {
            face,
            method: text("method").map(str::to_ascii_uppercase),
            path: text("path").unwrap_or("").to_owned(),
            times: body.get("times").and_then(Value::as_u64).unwrap_or(1),
            skip: body.get("skip").and_then(Value::as_u64).unwrap_or(0),
            after: body.get("after").and_then(Value::as_bool).unwrap_or(false),
            delay: seconds("delay"),
            effect,
            status: status
                .transpose()
                .map_err(|_| "status: not an HTTP status".to_owned())?,
            headers: headers
                .into_iter()
                .flatten()
                .map(|(k, v)| {
                    (
                        k.to_ascii_lowercase(),
                        v.as_str().map_or_else(|| v.to_string(), str::to_owned),
                    )
                })
                .collect(),
            body: body.get("body").cloned(),
        })
    }

    fn matches(&self, face: Face, call: &Call) -> bool {
        let query: Vec<_> = call.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let target = format!(
            "{}?{}",
            super::http::percent_decode(&call.path),
            query.join("&")
        );
        self.face == face
            && self
                .method
                .as_deref()
                .is_none_or(|m| m == call.method.as_str())
            && (target.contains(&self.path) || call.path.contains(&self.path))
    }

    pub(super) fn needs_answer(&self) -> bool {
        self.effect == Effect::Truncate || self.effect == Effect::Answer && self.status.is_none()
    }

    /// The scripted answer, if the script has one.
    pub(super) fn answer(&self) -> Option<Answer> {
        let status = self.status?;
        let payload = match &self.body {
            None => Payload::Empty,
            Some(Value::String(text)) => {
                Payload::Raw("text/html", text.clone().into_bytes().into())
            }
            Some(json) => Payload::Json(json.clone()),
        };
        Some(Answer {
            status,
            headers: self.headers.clone(),
            payload,
        })
    }
}

/// The fault that a request meets, used up by one. Inside a `$batch` only scripted answers apply.
pub(super) fn due(world: &mut World, face: Face, call: &Call, inner: bool) -> Option<Fault> {
    let at = world
        .faults
        .iter()
        .position(|f| f.matches(face, call) && (!inner || f.status.is_some()))?;
    let fault = world.faults.get_mut(at)?;
    if fault.skip > 0 {
        fault.skip -= 1;
        return None;
    }
    let due = fault.clone();
    fault.times = fault.times.saturating_sub(1);
    if fault.times == 0 {
        world.faults.remove(at);
    }
    Some(due)
}
