//! Limits for each (application id, mailbox): requests in flight and in ten minutes (dossier 05
//! section 1).

use super::{
    Shared, access,
    http::{Answer, Call, error},
    world::{Traffic, World},
};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

const WINDOW: Duration = Duration::from_mins(10);

pub(super) type Key = (String, usize);

pub(super) struct Admission {
    pub(super) key: Option<Key>,
    pub(super) places: usize,
    pub(super) refused: Option<Box<Answer>>,
    /// Requests inside a `$batch` that find no place.
    pub(super) excess: usize,
    pub(super) latency: Duration,
}

/// Places taken until dropped.
pub(super) struct Place {
    shared: Shared,
    key: Option<Key>,
    places: usize,
}

impl Place {
    pub(super) fn new(shared: &Shared, key: Option<Key>, places: usize) -> Self {
        Self {
            shared: shared.clone(),
            key,
            places,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(key) = self.key.take()
            && let Some(traffic) = self.shared.world().traffic.get_mut(&key)
        {
            traffic.in_flight = traffic.in_flight.saturating_sub(self.places);
        }
    }
}

/// Lets a request in, or refuses it with 429.
pub(super) fn admit(world: &mut World, call: &Call) -> Admission {
    let (places, rounds) = size(call);
    let latency = Duration::from_millis(world.switches.number("latency-ms")) * rounds;
    let key = key(world, call);
    let mut admission = Admission {
        key: None,
        places,
        refused: None,
        excess: 0,
        latency,
    };
    let Some(key) = key else { return admission };
    let most = usize::try_from(world.switches.number("throttle-concurrency")).unwrap_or(4);
    let budget = world.switches.number("rate-limit");
    let traffic = world.traffic.entry(key.clone()).or_insert_with(|| Traffic {
        in_flight: 0,
        peak: 0,
        window: Instant::now(),
        requests: 0,
    });
    if traffic.window.elapsed() > WINDOW {
        traffic.window = Instant::now();
        traffic.requests = 0;
    }
    traffic.requests += 1;
    let over_budget = traffic.requests > budget;
    let over = (traffic.in_flight + places).saturating_sub(most);
    let full = over > 0 && !is_batch(call);
    if over_budget || full {
        admission.refused = Some(throttled(
            world,
            if full {
                "MailboxConcurrency"
            } else {
                "MailboxRequests"
            },
        ));
        return admission;
    }
    traffic.in_flight += places;
    traffic.peak = traffic.peak.max(traffic.in_flight);
    admission.excess = over;
    admission.key = Some(key);
    admission
}

pub(super) fn is_batch(call: &Call) -> bool {
    call.segments.first().is_some_and(|s| s == "$batch")
}

/// Places that a request takes, and how often its latency counts: an unordered batch goes four at
/// a time, an ordered one singly.
fn size(call: &Call) -> (usize, u32) {
    if !is_batch(call) {
        return (1, 1);
    }
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let requests = body.get("requests").and_then(Value::as_array);
    let count = requests.map_or(0, Vec::len);
    let ordered = requests.is_some_and(|l| l.iter().any(|r| r.get("dependsOn").is_some()));
    let rounds = |n: usize| u32::try_from(n).unwrap_or(1).max(1);
    if ordered {
        (1, rounds(count))
    } else {
        (count.clamp(1, 4), rounds(count.div_ceil(4)))
    }
}

/// `/me` alone is no Outlook resource and has another bucket.
fn key(world: &World, call: &Call) -> Option<Key> {
    let access = access::peek(world, call)?;
    let parts: Vec<_> = call.segments.iter().map(String::as_str).collect();
    let at = match parts.as_slice() {
        ["$batch"] => batch_mailbox(world, call).or(access.user)?,
        ["me", _, ..] => access.user?,
        ["users", who, _, ..] => world.user(who)?,
        _ => return None,
    };
    Some((access.client.clone(), at))
}

/// The mailbox of a batch is that of its first request.
fn batch_mailbox(world: &World, call: &Call) -> Option<usize> {
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    let url = body.pointer("/requests/0/url")?.as_str()?;
    let rest = url.trim_start_matches('/').strip_prefix("users/")?;
    world.user(&super::http::percent_decode(rest.split('/').next()?))
}

pub(super) fn throttled(world: &World, limit: &str) -> Box<Answer> {
    let mut answer = error(
        429,
        "ApplicationThrottled",
        &format!("Application is over its {limit} limit."),
    );
    let wait = match world.switches.value("throttle-retry-after") {
        Value::Number(seconds) => Some(seconds.to_string()),
        Value::String(_) => {
            let at = SystemTime::now() + Duration::from_secs(2);
            Some(
                chrono::DateTime::<chrono::Utc>::from(at)
                    .format("%a, %d %b %Y %H:%M:%S GMT")
                    .to_string(),
            )
        }
        _ => None,
    };
    if let Some(wait) = wait {
        answer.headers.push(("retry-after".to_owned(), wait));
    }
    answer
}
