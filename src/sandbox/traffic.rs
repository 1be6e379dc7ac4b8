//! Limits (dossier 05 section 1, 04 section 6). For each (application id, mailbox): requests in flight,
//! requests in ten minutes, octets uploaded in five. For each mailbox: messages a minute, recipients a day.
//!
//! Requests inside a `$batch` count singly, for the mailbox that each names; the `$batch` itself does not.
//! What is refused counts too, as documented: who does not wait never gets in again.

use super::{
    Shared, access,
    http::{Answer, Call, Outcome, error},
    window::Window,
    world::World,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

const TEN_MINUTES: Duration = Duration::from_mins(10);
const FIVE_MINUTES: Duration = Duration::from_mins(5);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Application id and mailbox.
pub(super) type Key = (String, usize);

#[derive(Debug, Default)]
pub(super) struct Meters {
    pairs: HashMap<Key, Pair>,
    mailboxes: HashMap<usize, Sent>,
}

/// An application at a mailbox.
#[derive(Debug)]
struct Pair {
    in_flight: usize,
    peak: usize,
    total: u64,
    refused: u64,
    requests: Window,
    uploaded: Window,
}

#[derive(Debug)]
struct Sent {
    messages: Window,
    recipients: Window,
}

impl Pair {
    fn new() -> Self {
        Self {
            in_flight: 0,
            peak: 0,
            total: 0,
            refused: 0,
            requests: Window::new(TEN_MINUTES),
            uploaded: Window::new(FIVE_MINUTES),
        }
    }
}

impl Meters {
    fn pair(&mut self, key: &Key) -> &mut Pair {
        self.pairs.entry(key.clone()).or_insert_with(Pair::new)
    }

    fn sent(&mut self, mailbox: usize) -> &mut Sent {
        self.mailboxes.entry(mailbox).or_insert_with(|| Sent {
            messages: Window::new(MINUTE),
            recipients: Window::new(DAY),
        })
    }

    /// The most that were in flight at once for one application and mailbox.
    pub(super) fn peak(&self) -> usize {
        self.pairs.values().map(|p| p.peak).max().unwrap_or(0)
    }

    pub(super) fn forget_peaks(&mut self) {
        self.pairs.values_mut().for_each(|p| p.peak = p.in_flight);
    }

    /// Counters begin anew; what is in flight stays so.
    pub(super) fn reset(&mut self) {
        for pair in self.pairs.values_mut() {
            let in_flight = pair.in_flight;
            *pair = Pair {
                in_flight,
                peak: in_flight,
                ..Pair::new()
            };
        }
        self.mailboxes.clear();
    }
}

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
            && let Some(pair) = self.shared.world().traffic.pairs.get_mut(&key)
        {
            pair.in_flight = pair.in_flight.saturating_sub(self.places);
        }
    }
}

/// Lets a request in, or refuses it.
pub(super) fn admit(world: &mut World, call: &Call) -> Admission {
    let (places, rounds) = size(call);
    let jitter = world.switches.number("latency-jitter-ms");
    let jitter = world.chance.below(jitter.saturating_add(1));
    let latency = world.switches.number("latency-ms").saturating_add(jitter);
    let key = key(world, call);
    let mut admission = Admission {
        key: None,
        places,
        refused: None,
        excess: 0,
        latency: Duration::from_millis(latency) * rounds,
    };
    let Some(key) = key else { return admission };
    let asked = match is_batch(call) {
        true => Ok(()),
        false => count(world, &key),
    };
    if let Err(refused) = asked.and_then(|()| uploaded(world, &key, call)) {
        admission.refused = Some(refused);
        return admission;
    }
    let most = usize::try_from(world.switches.number("throttle-concurrency")).unwrap_or(4);
    let pair = world.traffic.pair(&key);
    let over = (pair.in_flight + places).saturating_sub(most);
    if over > 0 && !is_batch(call) {
        pair.refused += 1;
        admission.refused = Some(throttled(world, "MailboxConcurrency", SECOND));
        return admission;
    }
    pair.in_flight += places;
    pair.peak = pair.peak.max(pair.in_flight);
    admission.excess = over;
    admission.key = Some(key);
    admission
}

/// What a client that is over the concurrency limit is told to wait.
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Counts a request inside a `$batch`.
pub(super) fn count_inner(world: &mut World, call: &Call) -> Outcome<()> {
    match key(world, call) {
        Some(key) => count(world, &key),
        None => Ok(()),
    }
}

fn count(world: &mut World, key: &Key) -> Outcome<()> {
    let budget = world.switches.number("rate-limit");
    let now = Instant::now();
    let pair = world.traffic.pair(key);
    pair.total += 1;
    pair.requests.add(now, 1);
    if pair.requests.sum(now) <= budget {
        return Ok(());
    }
    pair.refused += 1;
    // Room for the request that comes again.
    let wait = pair.requests.wait(now, budget.saturating_sub(1));
    Err(throttled(world, "MailboxRequests", wait))
}

/// Counts the octets that a request brings.
pub(super) fn uploaded(world: &mut World, key: &Key, call: &Call) -> Outcome<()> {
    if !matches!(call.method.as_str(), "POST" | "PATCH" | "PUT") {
        return Ok(());
    }
    let budget = world.switches.number("upload-limit");
    let (now, size) = (Instant::now(), call.body.len() as u64);
    let pair = world.traffic.pair(key);
    pair.uploaded.add(now, size);
    if pair.uploaded.sum(now) <= budget {
        return Ok(());
    }
    pair.refused += 1;
    let wait = pair.uploaded.wait(now, budget.saturating_sub(size));
    Err(throttled(world, "IncomingBytes", wait))
}

/// Whether a mailbox may send to so many now, and how much later it goes out where the excess is queued.
/// What is refused here does not count.
pub(super) fn may_send(world: &mut World, mailbox: usize, recipients: usize) -> Outcome<Duration> {
    let (now, recipients) = (Instant::now(), recipients as u64);
    let day = world.switches.number("send-day-limit");
    let minute = world.switches.number("send-minute-limit");
    let queues = world.switches.text("send-minute-as") == "queue";
    let sent = world.traffic.sent(mailbox);
    if sent.recipients.sum(now).saturating_add(recipients) > day {
        let status = world.switches.number("send-day-status");
        return Err(error(
            u16::try_from(status).unwrap_or(403),
            "ErrorExceededMessageLimit",
            "Cannot send mail. Daily Message/Recipient limit exceeded. Follow the instructions in your Inbox to verify your account.",
        ));
    }
    let wait = match sent.messages.sum(now) < minute {
        true => Duration::ZERO,
        false => sent.messages.wait(now, minute.saturating_sub(1)),
    };
    if !wait.is_zero() && !queues {
        return Err(throttled(world, "MailboxMessageSend", wait));
    }
    sent.messages.add(now, 1);
    sent.recipients.add(now, recipients);
    Ok(wait)
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

/// A refusal by a limit. Names of limits other than `MailboxConcurrency` are of no source: clients look at
/// the status.
pub(super) fn throttled(world: &World, limit: &str, wait: Duration) -> Box<Answer> {
    let status = u16::try_from(world.switches.number("throttle-status")).unwrap_or(429);
    let mut answer = error(
        status,
        world.switches.text("throttle-code"),
        &format!("Application is over its {limit} limit."),
    );
    let wait = wait.max(SECOND);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let wait = match world.switches.value("throttle-retry-after") {
        Value::Number(seconds) => Some(seconds.to_string()),
        Value::String(how) if how == "auto" => Some(seconds.to_string()),
        Value::String(_) => {
            let at = SystemTime::now() + Duration::from_secs(seconds + 1);
            let at = chrono::DateTime::<chrono::Utc>::from(at);
            Some(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
        }
        _ => None,
    };
    if let Some(wait) = wait {
        answer.headers.push(("retry-after".to_owned(), wait));
    }
    answer
}

/// All counters, for the admin API.
pub(super) fn shown(world: &mut World) -> Value {
    let now = Instant::now();
    let addresses: Vec<_> = world.users.iter().map(|u| u.address.clone()).collect();
    let address = |at: &usize| addresses.get(*at).cloned().unwrap_or_default();
    let meters = &mut world.traffic;
    let pairs: std::collections::BTreeMap<_, _> = meters.pairs.iter_mut().collect();
    let pairs = pairs.into_iter().map(|((client, at), pair)| {
        json!({
            "client_id": client, "mailbox": address(at), "in_flight": pair.in_flight, "peak": pair.peak,
            "total": pair.total, "refused": pair.refused, "requests": pair.requests.sum(now),
            "uploaded": pair.uploaded.sum(now),
        })
    });
    let pairs: Vec<_> = pairs.collect();
    let mut sent: Vec<_> = meters.mailboxes.iter_mut().collect();
    sent.sort_by_key(|(at, _)| **at);
    let sent = sent.into_iter().map(|(at, sent)| {
        json!({
            "mailbox": address(at), "messages": sent.messages.sum(now), "recipients": sent.recipients.sum(now),
        })
    });
    json!({"traffic": pairs, "sent": sent.collect::<Vec<_>>()})
}
