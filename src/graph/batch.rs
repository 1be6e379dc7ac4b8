//! `$batch`: up to 20 requests in one (Graph: JSON batching).
//!
//! Always unordered. Each inner request has its own outcome; inner 429s and 5xx are repeated after the
//! largest Retry-After among them, the rest of the batch is not. Graph works on four requests of a batch at a time; where
//! fewer places are free in the limiter, as many requests go up at a time, in several batches.

use super::{
    Client, Error, Result, address, challenge,
    client::{malformed, random},
    error::Status,
    exchange::{Call, IMMUTABLE, fault},
    json, read, retry,
    retry::{Attempt, Verdict},
    types::Message,
};
use crate::mail::RemoteId;
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Requests in one batch at most.
const LIMIT: usize = 20;
const WHAT: &str = "POST batch";

/// One request inside a batch. `path` stands under the mailbox.
#[derive(Debug, Clone)]
pub(super) struct Inner {
    pub(super) what: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) idempotent: bool,
}

/// An inner 2xx.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) body: Value,
}

type Outcome<T> = std::result::Result<T, Error>;

impl Inner {
    pub(super) fn get(what: &'static str, path: String) -> Self {
        Self {
            what,
            method: Method::GET,
            path,
            body: None,
            idempotent: true,
        }
    }
}

/// What an inner failure asks for.
struct Wait {
    pause: Duration,
    /// The whole mailbox rests, not this request alone.
    mailbox: bool,
    repeat: bool,
}

impl Client {
    /// Messages by id, 20 to a batch, in the order asked for; each with its own outcome.
    /// `Prefer` is repeated inside; inner 429s are repeated after the largest Retry-After.
    pub async fn messages(&self, ids: &[RemoteId]) -> Result<Vec<(RemoteId, Outcome<Message>)>> {
        let query = format!(
            "?$select={}&$expand={}",
            read::MESSAGE_SELECT,
            read::MESSAGE_EXPAND
        );
        let replies = self.batch(message_gets(ids, "GET message", &query)).await?;
        let outcomes = ids.iter().cloned().zip(replies).map(|(id, reply)| {
            let read = reply.and_then(|reply| {
                read::message(&reply.body).ok_or_else(|| malformed("GET message", "no message"))
            });
            (id, read)
        });
        let mut outcomes: Vec<_> = outcomes.collect();
        // Some mailboxes cannot expand (surprise 56): those messages are asked for without.
        for (id, outcome) in &mut outcomes {
            if outcome.as_ref().is_err_and(Error::refuses_query) {
                *outcome = self.message(id).await;
            }
        }
        Ok(outcomes)
    }

    /// MIME of several small messages, 20 to a batch; each with its own outcome.
    pub async fn mimes(&self, ids: &[RemoteId]) -> Result<Vec<(RemoteId, Outcome<Vec<u8>>)>> {
        const WHAT: &str = "GET MIME";
        let replies = self.batch(message_gets(ids, WHAT, "/$value")).await?;
        let decode = |reply: Reply| octets(&reply.body).ok_or_else(|| malformed(WHAT, "no MIME"));
        let outcomes = replies.into_iter().map(|reply| reply.and_then(decode));
        Ok(ids.iter().cloned().zip(outcomes).collect())
    }

    /// Sends `inner` in batches of 20; the outcomes stand in the same order.
    pub(super) async fn batch(&self, inner: Vec<Inner>) -> Result<Vec<Outcome<Reply>>> {
        let mut outcomes = Vec::with_capacity(inner.len());
        let mut rest = inner.as_slice();
        let mut hurried = false;
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(LIMIT));
            match self.part(part, hurried).await {
                Ok(done) if !done.is_empty() => {
                    hurried = done.len() < part.len();
                    rest = rest.get(done.len()..).unwrap_or_default();
                    outcomes.extend(done);
                    continue;
                }
                Ok(_) => return Err(malformed(WHAT, "nothing was sent")),
                Err(error) if outcomes.is_empty() => return Err(error),
                // What earlier batches did stays told.
                Err(error) => outcomes.extend(part.iter().map(|_| Err(error.clone()))),
            }
            rest = later;
        }
        Ok(outcomes)
    }

    /// One batch with its repetitions: the outcomes of those that were sent, the first of `inner`.
    async fn part(&self, inner: &[Inner], hurried: bool) -> Result<Vec<Outcome<Reply>>> {
        let start = Instant::now();
        let mut outcomes: Vec<Outcome<Reply>> = Vec::new();
        let mut open: Vec<usize> = (0..inner.len()).collect();
        let mut renewed = false;
        for number in 1.. {
            let answers = match self.exchange(inner, &open, hurried || number > 1).await {
                Ok(answers) => answers,
                Err(error) if number == 1 => return Err(error),
                Err(error) => {
                    // What the first time told stays told; only these may have been done now or not.
                    for at in open {
                        set(&mut outcomes, at, Err(error.clone()));
                    }
                    break;
                }
            };
            let unsent = open.split_off(answers.len().min(open.len()));
            // What was not sent yet comes with the next part; what is to be repeated, with the next time.
            let mut again = if number == 1 { Vec::new() } else { unsent };
            if number == 1 {
                outcomes.resize_with(open.len(), || Err(malformed(WHAT, "no answer")));
            }
            let mut longest = None::<Duration>;
            let mut throttled = false;
            let mut refused = None::<Option<String>>;
            for (at, answer) in open.iter().copied().zip(answers) {
                let Some(item) = inner.get(at) else { continue };
                let failed = match answer {
                    Ok(reply) => {
                        set(&mut outcomes, at, Ok(reply));
                        continue;
                    }
                    Err(failed) => failed,
                };
                let unauthorized = failed.error.status() == Some(401);
                if unauthorized && !renewed {
                    refused = Some(failed.claims);
                    again.push(at);
                } else if let Some(wait) = self.wait(item, &failed.error, number, start) {
                    longest = longest.max(Some(wait.pause));
                    throttled |= wait.mailbox;
                    if wait.repeat {
                        again.push(at);
                    }
                }
                set(&mut outcomes, at, Err(failed.error));
            }
            if let Some(claims) = refused {
                if let Err(error) = self.renew_held(claims.as_deref()).await {
                    if again.len() == outcomes.len() {
                        return Err(error);
                    }
                    for at in again {
                        set(&mut outcomes, at, Err(error.clone()));
                    }
                    break;
                }
                renewed = true;
            }
            match longest {
                Some(pause) if throttled => self.pause(pause),
                Some(pause) => tokio::time::sleep(pause).await,
                None => {}
            }
            if again.is_empty() {
                break;
            }
            open = again;
        }
        Ok(outcomes)
    }

    /// What this inner failure asks for; `None`: nothing. A throttled mailbox rests even where this
    /// request cannot wait so long: whatever is sent meanwhile counts against it.
    fn wait(&self, item: &Inner, error: &Error, number: u32, start: Instant) -> Option<Wait> {
        let Error::Status(status) = error else {
            return None;
        };
        let attempt = Attempt {
            fault: fault(status),
            number,
            idempotent: item.idempotent,
            retry_after: status.retry_after,
            elapsed: start.elapsed(),
            budget: self.budget(),
            base: self.base(),
            random: random(),
        };
        match retry::verdict(&attempt) {
            Verdict::Wait { pause, mailbox } => Some(Wait {
                pause,
                mailbox,
                repeat: true,
            }),
            Verdict::GiveUp => retry::slows_mailbox(attempt.fault).then(|| Wait {
                pause: retry::pause(&attempt),
                mailbox: true,
                repeat: false,
            }),
        }
    }

    /// Sends the `open` ones in one request, or the first of them, as places are free; the answers in their order.
    async fn exchange(
        &self,
        inner: &[Inner],
        open: &[usize],
        hurried: bool,
    ) -> Result<Vec<std::result::Result<Reply, InnerFailure>>> {
        let items: Vec<_> = open.iter().filter_map(|at| inner.get(*at)).collect();
        let requests: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(n, item)| self.request(n, item))
            .collect();
        let mut call = Call::new(WHAT, Method::POST, self.batch_url(WHAT)?).parts(requests);
        call.idempotent = items.iter().all(|item| item.idempotent);
        call.hurried = hurried;
        let mut answers = HashMap::new();
        let mut sent = 0;
        let mut next = Some(call);
        while let Some(call) = next.take() {
            let answer = self.run(&call, false).await?;
            sent = if sent == 0 { answer.requests } else { sent };
            let json = json::parse(&answer.body).map_err(|cause| malformed(WHAT, &cause))?;
            let list = json.get("responses").and_then(Value::as_array);
            for answer in list.ok_or_else(|| malformed(WHAT, "no responses"))? {
                if let Some(id) = answer.get("id").and_then(id_of) {
                    answers.insert(id, answer.clone());
                }
            }
            // Seen with long batches: the rest of the answers stands behind a link.
            if let Some(link) = json.get("@odata.nextLink").and_then(Value::as_str) {
                self.check_link(WHAT, link)?;
                next = Some(Call::get(WHAT, self.kept_link(link)?));
            }
        }
        Ok(items
            .iter()
            .take(sent)
            .enumerate()
            .map(|(n, item)| match answers.get(&n) {
                Some(answer) => outcome(item.what, answer),
                None => Err(malformed(item.what, "the batch left it out").into()),
            })
            .collect())
    }

    fn request(&self, number: usize, item: &Inner) -> Value {
        let mut headers = json!({ "Prefer": IMMUTABLE });
        let mut request = json!({
            "id": number.to_string(),
            "method": item.method.as_str(),
            "url": format!("{}{}", self.scope(), item.path),
        });
        // A POST without a body wants an empty object and its type (Graph: JSON batching, example 4).
        let empty = (item.method == Method::POST).then(|| json!({}));
        if let (Some(body), Value::Object(headers)) = (item.body.clone().or(empty), &mut headers) {
            headers.insert("Content-Type".to_owned(), json!("application/json"));
            if let Value::Object(request) = &mut request {
                request.insert("body".to_owned(), body);
            }
        }
        if let Value::Object(request) = &mut request {
            request.insert("headers".to_owned(), headers);
        }
        request
    }
}

#[derive(Debug)]
struct InnerFailure {
    error: Error,
    claims: Option<String>,
}

impl From<Error> for InnerFailure {
    fn from(error: Error) -> Self {
        Self {
            error,
            claims: None,
        }
    }
}

fn message_gets(ids: &[RemoteId], what: &'static str, tail: &str) -> Vec<Inner> {
    ids.iter()
        .map(|id| {
            let path = format!("/messages/{}{tail}", address::segment(id.as_str()));
            Inner::get(what, path)
        })
        .collect()
}

fn set(outcomes: &mut [Outcome<Reply>], at: usize, outcome: Outcome<Reply>) {
    if let Some(place) = outcomes.get_mut(at) {
        *place = outcome;
    }
}

/// Ids are ours, and numbers; a service that answers with a JSON number is understood too.
fn id_of(id: &Value) -> Option<usize> {
    match id {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => usize::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}

fn outcome(what: &'static str, answer: &Value) -> std::result::Result<Reply, InnerFailure> {
    let status = answer
        .get("status")
        .and_then(|status| match status {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        })
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| malformed(what, "no status"))?;
    let body = answer.get("body").cloned().unwrap_or(Value::Null);
    if (200..300).contains(&status) {
        return Ok(Reply { body });
    }
    let retry_after = header(answer, "retry-after")
        .and_then(|value| retry::retry_after(&value, chrono::Utc::now()));
    let request_id = header(answer, "request-id");
    let error = Status::new(what, status, Some(&body), request_id, retry_after);
    let mut headers = reqwest::header::HeaderMap::new();
    let challenged = header(answer, "www-authenticate").and_then(|value| value.parse().ok());
    if let Some(value) = challenged {
        headers.insert(reqwest::header::WWW_AUTHENTICATE, value);
    }
    Err(InnerFailure {
        error: Error::Status(Box::new(error)),
        claims: challenge::claims(&headers),
    })
}

fn header(answer: &Value, name: &str) -> Option<String> {
    let headers = answer.get("headers")?.as_object()?;
    let (_, value) = headers
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The octets of a `$value` body: base64 in either alphabet. How the service encodes them is not
/// documented: a plain text that cannot be base64 is taken as it is while it is ASCII, since anything
/// else may have been altered on its way through JSON.
fn octets(body: &Value) -> Option<Vec<u8>> {
    let text = body.as_str()?;
    let decoded = challenge::base64(text).filter(|octets| !octets.is_empty());
    decoded.or_else(|| (text.is_ascii() && text.contains(':')).then(|| text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    #[test]
    fn mime_bodies_in_every_encoding() {
        let mime = b"Subject: x\xfc\xfe\xff\r\n\r\ntext?\xff\xff\r\n".to_vec();
        for text in [
            base64::engine::general_purpose::STANDARD.encode(&mime),
            base64::engine::general_purpose::URL_SAFE.encode(&mime),
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&mime),
        ] {
            assert_eq!(octets(&Value::from(text)), Some(mime.clone()));
        }
        let plain = "Subject: x\r\n\r\ntext\r\n";
        assert_eq!(octets(&Value::from(plain)), Some(plain.as_bytes().to_vec()));
        for bad in [
            json!("Subject: ü\r\n\r\n"),
            json!({}),
            json!(null),
            json!(""),
        ] {
            assert_eq!(octets(&bad), None, "{bad}");
        }
    }

    #[test]
    fn inner_answers_are_read_leniently() {
        let ok = outcome("t", &json!({"id": "1", "status": 200, "body": {"id": "m"}})).unwrap();
        assert_eq!(ok.body["id"], "m");
        let failed = outcome(
            "t",
            &json!({"id": "1", "status": "429", "headers": {"RETRY-AFTER": 7},
                    "body": {"error": {"code": "ApplicationThrottled"}}}),
        )
        .unwrap_err();
        let Error::Status(status) = failed.error else {
            panic!("a status");
        };
        assert_eq!(status.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(status.code.as_deref(), Some("ApplicationThrottled"));
        assert!(outcome("t", &json!({"id": "1"})).is_err());
    }
}
