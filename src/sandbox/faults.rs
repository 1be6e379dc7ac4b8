//! Faults by script: what matching requests meet instead of, or after, their answer.
//!
//! Each fault counts the requests that reach it: the first in the list that strikes is the one that is met.
//! Where chance decides, a seed does: the same requests in the same order meet the same faults.

use super::{
    attachments,
    http::{Answer, Call, Payload},
    seed::chance::Chance,
    server::Face,
    world::World,
};
use serde_json::{Value, json};
use std::time::Duration;

/// What is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) key: String,
    pub(super) what: String,
}

#[derive(Debug, Clone)]
pub(super) struct Fault {
    host: Host,
    method: Option<String>,
    /// A part of path and query; with a `*` in it, the whole of them.
    path: String,
    /// Matching requests that pass first.
    skip: u64,
    /// How many meet it; `None` for all.
    times: Option<u64>,
    /// Of a million.
    probability: Option<u64>,
    chance: Chance,
    met: u64,
    /// The request takes effect first: "done, then the answer was lost".
    pub(super) after: bool,
    pub(super) delay: Option<Duration>,
    pub(super) effect: Effect,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Graph,
    Login,
    /// Upload URLs.
    Upload,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Another status, headers and body; without them only the delay counts.
    Answer,
    Reset,
    Silence(Duration),
    /// Half of the body, then a reset.
    Truncate,
    /// Half of the JSON, as a whole answer.
    CutJson,
    /// JSON of another shape.
    WrongJson,
    /// Tokens are forgotten first; refresh tokens too.
    Revoke {
        refresh: bool,
    },
}

const KEYS: &[&str] = &[
    "host",
    "method",
    "path",
    "times",
    "skip",
    "from",
    "to",
    "probability",
    "seed",
    "do",
    "seconds",
    "refresh",
    "delay",
    "after",
    "status",
    "headers",
    "body",
];

/// Takes typed values out of a description.
struct Reader<'v>(&'v Value);

impl<'v> Reader<'v> {
    fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>, Wrong> {
        let Some(value) = self.0.get(key).filter(|v| !v.is_null()) else {
            return Ok(None);
        };
        let wrong = || Wrong {
            key: key.to_owned(),
            what: format!("{value} is not {wanted}"),
        };
        read(value).map(Some).ok_or_else(wrong)
    }

    fn text(&self, key: &str) -> Result<Option<&'v str>, Wrong> {
        self.get(key, Value::as_str, "a text")
    }

    fn count(&self, key: &str) -> Result<Option<u64>, Wrong> {
        self.get(key, Value::as_u64, "a whole number from 0")
    }

    fn flag(&self, key: &str) -> Result<bool, Wrong> {
        let flag = self.get(key, Value::as_bool, "true or false")?;
        Ok(flag.unwrap_or(false))
    }

    fn seconds(&self, key: &str) -> Result<Option<Duration>, Wrong> {
        let hour = |v: &Value| v.as_f64().filter(|s| (0.0..=3600.0).contains(s));
        let seconds = self.get(key, hour, "a number of seconds from 0 to 3600")?;
        Ok(seconds.map(Duration::from_secs_f64))
    }

    /// One of the words, told from 0.
    fn word(&self, key: &str, words: &[&str]) -> Result<usize, Wrong> {
        let place = |v: &Value| {
            let word = v.as_str()?;
            words.iter().position(|w| *w == word)
        };
        let place = self.get(key, place, &format!("one of {}", words.join(", ")))?;
        Ok(place.unwrap_or(0))
    }
}

impl Fault {
    /// From the body of `POST /faults`, or a table of a script (keys: docs/sandbox.md).
    pub(super) fn read(body: &Value) -> Result<Self, Wrong> {
        for key in body.as_object().into_iter().flat_map(|o| o.keys()) {
            if !KEYS.contains(&key.as_str()) {
                return Err(Wrong {
                    key: key.clone(),
                    what: format!("no such key; there are {}", KEYS.join(", ")),
                });
            }
        }
        let reader = Reader(body);
        let hosts = ["graph", "login", "upload", "any"];
        let host = match reader.word("host", &hosts)? {
            0 => Host::Graph,
            1 => Host::Login,
            2 => Host::Upload,
            _ => Host::Any,
        };
        let effects = [
            "answer",
            "reset",
            "silence",
            "truncate",
            "cut-json",
            "wrong-json",
            "revoke",
        ];
        let silence = reader
            .seconds("seconds")?
            .unwrap_or(Duration::from_secs(30));
        let effect = match reader.word("do", &effects)? {
            0 => Effect::Answer,
            1 => Effect::Reset,
            2 => Effect::Silence(silence),
            3 => Effect::Truncate,
            4 => Effect::CutJson,
            5 => Effect::WrongJson,
            _ => Effect::Revoke {
                refresh: reader.flag("refresh")?,
            },
        };
        let share = |v: &Value| v.as_f64().filter(|p| (0.0..=1.0).contains(p));
        let probability = reader.get("probability", share, "a number from 0 to 1")?;
        let (skip, times) = window(&reader, probability.is_some())?;
        let status = |v: &Value| v.as_u64().filter(|s| (200..600).contains(s));
        let status = reader.get("status", status, "an HTTP status from 200 to 599")?;
        let headers = reader.get("headers", Value::as_object, "a table of header fields")?;
        Ok(Self {
            host,
            method: reader.text("method")?.map(str::to_ascii_uppercase),
            path: reader.text("path")?.unwrap_or("").to_owned(),
            skip,
            times,
            probability: probability.map(|p| (p * 1e6) as u64),
            chance: Chance::new(reader.count("seed")?.unwrap_or(1)),
            met: 0,
            after: reader.flag("after")?,
            delay: reader.seconds("delay")?,
            effect,
            status: status.and_then(|s| u16::try_from(s).ok()),
            headers: headers
                .into_iter()
                .flatten()
                .map(|(k, v)| {
                    let text = v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                    (k.to_ascii_lowercase(), text)
                })
                .collect(),
            body: body.get("body").cloned(),
        })
    }

    fn matches(&self, face: Face, call: &Call) -> bool {
        let here = match self.host {
            Host::Graph => face == Face::Graph,
            Host::Login => face == Face::Login,
            Host::Upload => face == Face::Login && attachments::is_upload(call),
            Host::Any => true,
        };
        let method = self.method.as_deref();
        if !here || method.is_some_and(|m| m != call.method.as_str()) {
            return false;
        }
        let query: Vec<_> = call.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let path = super::http::percent_decode(&call.path);
        let target = match query.is_empty() {
            true => path,
            false => format!("{path}?{}", query.join("&")),
        };
        if self.path.contains('*') {
            return glob(&self.path, &target);
        }
        target.contains(&self.path) || call.path.contains(&self.path)
    }

    /// Whether it strikes at a matching request, which counts.
    fn strikes(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times = self.times.map(|times| times.saturating_sub(1));
        let drawn = self.chance.below(1_000_000);
        let strikes = self.probability.is_none_or(|p| drawn < p);
        self.met += u64::from(strikes);
        strikes
    }

    pub(super) fn needs_answer(&self) -> bool {
        match self.effect {
            Effect::Truncate | Effect::CutJson | Effect::WrongJson | Effect::Revoke { .. } => true,
            Effect::Answer => self.status.is_none(),
            Effect::Reset | Effect::Silence(_) => false,
        }
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

    /// In the journal.
    pub(super) fn name(&self) -> &'static str {
        match self.effect {
            Effect::Answer if self.status.is_some() => "answer",
            Effect::Answer => "delay",
            Effect::Reset => "reset",
            Effect::Silence(_) => "silence",
            Effect::Truncate => "truncate",
            Effect::CutJson => "cut-json",
            Effect::WrongJson => "wrong-json",
            Effect::Revoke { .. } => "revoke",
        }
    }

    pub(super) fn shown(&self) -> Value {
        json!({
            "do": self.name(), "method": self.method, "path": self.path, "skip": self.skip,
            "left": self.times, "met": self.met, "status": self.status, "after": self.after,
        })
    }
}

/// `skip` and `times`, or `from` and `to`. Chance goes on until told otherwise.
fn window(reader: &Reader<'_>, by_chance: bool) -> Result<(u64, Option<u64>), Wrong> {
    let (from, to) = (reader.count("from")?, reader.count("to")?);
    let wrong = |key: &str, what: &str| {
        Err(Wrong {
            key: key.to_owned(),
            what: what.to_owned(),
        })
    };
    let ranged = from.is_some() || to.is_some();
    for key in ["times", "skip"] {
        if ranged && reader.0.get(key).is_some() {
            return wrong(key, "goes with neither from nor to");
        }
    }
    if ranged {
        let from = from.unwrap_or(1);
        return match to {
            _ if from == 0 => wrong("from", "counts from 1"),
            Some(to) if to < from => wrong("to", "comes before from"),
            Some(to) => Ok((from - 1, Some(to - from + 1))),
            None => Ok((from - 1, None)),
        };
    }
    let skip = reader.count("skip")?.unwrap_or(0);
    let times = reader.get(
        "times",
        |v| match v.as_str() {
            Some("always") => Some(None),
            _ => v.as_u64().filter(|n| *n > 0).map(Some),
        },
        "a whole number from 1, or \"always\"",
    )?;
    let default = if by_chance { None } else { Some(1) };
    Ok((skip, times.unwrap_or(default)))
}

/// `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The fault that a request meets, used up by one. Inside a `$batch` only scripted answers apply.
pub(super) fn due(world: &mut World, face: Face, call: &Call, inner: bool) -> Option<Fault> {
    let mut due = None;
    for fault in &mut world.faults {
        let fits = fault.matches(face, call) && (!inner || fault.status.is_some());
        if fits && fault.strikes() {
            due = Some(fault.clone());
            break;
        }
    }
    world.faults.retain(|fault| fault.times != Some(0));
    due
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn call(method: Method, target: &str) -> Call {
        Call::new(method, target, HeaderMap::new(), Bytes::new(), "http://x")
    }

    fn fault(body: Value) -> Fault {
        Fault::read(&body).unwrap()
    }

    #[test]
    fn host_method_and_path_select() {
        let get = call(Method::GET, "/v1.0/me/messages?$top=5");
        let matches = |body: Value| fault(body).matches(Face::Graph, &get);
        for (body, fits) in [
            (json!({}), true),
            (json!({"path": "/messages"}), true),
            (json!({"path": "$top=5"}), true),
            (json!({"path": "*/messages"}), false),
            (json!({"path": "*/messages?*"}), true),
            (json!({"path": "/v1.0/*/mess*=5"}), true),
            (json!({"method": "post"}), false),
            (json!({"host": "login"}), false),
            (json!({"host": "any"}), true),
        ] {
            assert_eq!(matches(body.clone()), fits, "{body}");
        }
        let put = call(
            Method::PUT,
            "/api/gv1.0/x/AttachmentSessions('1')?authtoken=2",
        );
        assert!(fault(json!({"host": "upload"})).matches(Face::Login, &put));
        assert!(!fault(json!({"host": "upload"})).matches(Face::Login, &get));
    }

    #[test]
    fn the_nth_to_the_mth_are_met() {
        for (body, met) in [
            (json!({}), vec![1]),
            (json!({"times": 2, "skip": 1}), vec![2, 3]),
            (json!({"from": 2, "to": 3}), vec![2, 3]),
            (json!({"from": 3}), vec![3, 4, 5]),
            (json!({"to": 2}), vec![1, 2]),
            (json!({"times": "always"}), vec![1, 2, 3, 4, 5]),
        ] {
            let mut fault = fault(body.clone());
            let strikes = (1..=5).filter(|_| fault.times != Some(0) && fault.strikes());
            assert_eq!(strikes.collect::<Vec<_>>(), met, "{body}");
        }
    }

    #[test]
    fn a_seed_decides_about_chance() {
        let run = |seed: u64| {
            let mut fault = fault(json!({"probability": 0.25, "seed": seed}));
            (0..1000).map(|_| fault.strikes()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let met = run(3).iter().filter(|met| **met).count();
        assert!((200..300).contains(&met), "{met}");
    }

    #[test]
    fn mistakes_name_their_key() {
        for (body, key) in [
            (json!({"tmes": 2}), "tmes"),
            (json!({"times": 0}), "times"),
            (json!({"times": 2, "to": 3}), "times"),
            (json!({"from": 3, "to": 2}), "to"),
            (json!({"probability": 2}), "probability"),
            (json!({"do": "dance"}), "do"),
            (json!({"host": "elsewhere"}), "host"),
            (json!({"status": 42}), "status"),
            (json!({"delay": "long"}), "delay"),
            (json!({"headers": "x"}), "headers"),
        ] {
            let wrong = Fault::read(&body).unwrap_err();
            assert_eq!(wrong.key, key, "{body}: {}", wrong.what);
        }
    }
}
