//! One submission to Graph: draft, check, send; and what became of it, when an answer was lost.
//!
//! Each step is written down before it is taken ([`Step`]), so that whoever finds the submission later
//! knows what may exist in the cloud. A draft is sent only after Graph showed that it names exactly the
//! envelope's recipients and the sender that was written.

use super::{
    Route,
    alike::everyone,
    failure::{Told, after_look, after_send, after_write, shown},
    large,
    outgoing::{Defaults, Outgoing, is_sealed, outgoing},
    recipients::{Match, Person, compare, key},
    state::{Event, Patience, Step},
};
use crate::{
    graph::{self, types::Message},
    mail::{ErrorClass, RemoteId},
    mime,
    store::spool::Submission,
};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{sync::Semaphore, time::timeout};

/// Octets of MIME that fit into a request: 4 MB hold them as base64.
pub(super) const FITS: usize = 2_900_000;

/// A mail of so few octets is not taken apart, whatever Graph says about its size.
const LEAST: usize = 64 * 1024;

/// Octets that no request of 4 MB can hold as base64.
const MOST: u64 = 3 << 20;

/// Above this they go one at a time, of all accounts, so that memory stays small.
const LARGE: u64 = 1 << 20;

/// Octets of a message in which its header is looked for.
pub(super) const HEADER: u64 = 256 * 1024;

pub(super) struct Courier<'a> {
    pub(super) ledger: &'a super::ledger::Ledger,
    pub(super) route: &'a Route,
    pub(super) patience: &'a Patience,
    pub(super) deliver: &'a dyn super::Deliver,
    /// Octets that fit into a request of this account, as far as is known; falls when Graph refuses as many, and
    /// is forgotten at the end of the process.
    pub(super) fits: &'a AtomicUsize,
    pub(super) large: &'a Semaphore,
}

/// A submission, and what is made of it for Graph.
struct Job<'a> {
    submission: &'a mut Submission,
    mail: Outgoing,
    /// Graph refused so many octets as too large, and nothing was made.
    refused: Option<usize>,
}

#[derive(Debug)]
enum Plan {
    /// `last`: it cannot be divided, so nothing follows when it is refused.
    Whole {
        last: bool,
    },
    Pieces(large::Split),
}

impl Courier<'_> {
    /// Tries to send. The submission's state is `Attempting` already, in memory; it is on disk before
    /// anything goes out.
    pub(super) async fn attempt(&self, submission: &mut Submission) -> Told {
        // Without a sign-in it stays on the disk, unread.
        if let Err(error) = self.route.graph.has_access().await {
            return not_yet(after_look(&error));
        }
        if self.route.send_only && submission.size > MOST {
            let text = "The account may only send (use = \"send\"), and Microsoft Graph takes such mail in one request \
                        of 4 MB, which is 3 MB in encoded form.";
            return Told::refused("5.3.4", text);
        }
        let _alone = if submission.size > LARGE {
            // What is slow for one account does not stop the others.
            let turn = Duration::from_millis(self.patience.turn);
            timeout(turn, self.large.acquire()).await.ok()
        } else {
            None
        };
        loop {
            let (told, refused) = match self.plan(submission).await {
                Ok(plan) => self.carry_out(submission, plan).await,
                Err(told) => return told,
            };
            let Some(octets) = refused.filter(|octets| *octets > LEAST) else {
                return told;
            };
            // Shrinks each time, so it ends.
            let less = (octets / 4 * 3).max(LEAST);
            self.fits.fetch_min(less, Ordering::Relaxed);
            let account = &submission.account;
            tracing::warn!(%account, octets, less, "Graph takes less in one request than it should");
        }
    }

    /// How to send it: whole, or in pieces above what fits into a request.
    async fn plan(&self, submission: &Submission) -> Result<Plan, Told> {
        let fits = self.fits.load(Ordering::Relaxed);
        let size = usize::try_from(submission.size).unwrap_or(usize::MAX);
        if size <= fits || self.route.send_only {
            return Ok(Plan::Whole { last: false });
        }
        let skim = self.skim(submission).await.map_err(|e| unreadable(&e))?;
        let structure = mime::parse(skim.kept());
        let split = (!is_sealed(&structure)).then(|| large::split(&skim, &structure, fits));
        let text = match split {
            Some(Some(split)) => return Ok(Plan::Pieces(split)),
            // What Graph once refused as too large may have been another matter: it is worth a try.
            _ if size <= FITS => return Ok(Plan::Whole { last: true }),
            None => {
                "Signed or encrypted mail of this size cannot go through Microsoft Graph, which \
                 takes at most 4 MB in one piece, and would be broken in several."
                    .to_owned()
            }
            Some(None) => format!(
                "The text of the mail alone is more than Microsoft Graph takes: {} kB, for a request of \
                 4 MB at most holds it in encoded form. Send the text as an attached file.",
                fits / 1000
            ),
        };
        Err(Told::refused("5.3.4", text))
    }

    /// And how many octets were refused as too many, where fewer can be tried.
    async fn carry_out(&self, submission: &mut Submission, plan: Plan) -> (Told, Option<usize>) {
        let (chunks, parts, last) = match plan {
            Plan::Whole { last } => (vec![large::Chunk::Kept(0..submission.size)], None, last),
            Plan::Pieces(split) => (split.slim, Some(split.parts), false),
        };
        let message = match self.read(submission, chunks).await {
            Ok(message) => message,
            Err(error) => return (unreadable(&error), None),
        };
        let mail = outgoing(&message, &submission.envelope, &defaults(submission));
        drop(message);
        let mut job = Job {
            submission,
            mail,
            refused: None,
        };
        if self.route.send_only {
            return (self.send_at_once(&mut job).await, None);
        }
        let told = self.deliver(&mut job, parts.as_deref()).await;
        let refused = job.refused.filter(|_| !last);
        (told.unwrap_or_else(|told| told), refused)
    }

    /// For accounts that may send and nothing else: in one step, and nobody can look afterwards.
    async fn send_at_once(&self, job: &mut Job<'_>) -> Told {
        if let Err(told) = self.step(job, Step::Sending, None).await {
            return told;
        }
        match self.route.graph.send_mail_mime(&job.mail.mime).await {
            Ok(()) => Told::ACCEPTED,
            Err(error) => after_send(&error, self.is_foreign(job)),
        }
    }

    /// The mail goes out under another address than the mailbox's.
    fn is_foreign(&self, job: &Job<'_>) -> bool {
        let own = key(&self.route.mailbox);
        let from = job.mail.from.as_ref();
        from.is_some_and(|from| key(&from.address) != own)
    }

    /// `Err` ends the attempt early; both sides tell.
    async fn deliver(
        &self,
        job: &mut Job<'_>,
        parts: Option<&[large::Part]>,
    ) -> Result<Told, Told> {
        let draft = match self.kept_draft(job).await? {
            Some(draft) => draft,
            None => self.draft(job, parts).await?,
        };
        let id = RemoteId::new(draft.id.clone());
        if let Err(told) = self.check(job, draft).await {
            return Err(self.discarding(job, &id, told).await);
        }
        self.step(job, Step::Sending, Some(id.clone())).await?;
        match self.route.graph.send_draft(&id).await {
            Ok(()) => Ok(Told::ACCEPTED),
            // Sent already, or taken away: the look tells which.
            Err(error) if error.status() == Some(404) => {
                Err(Told::new(Event::Lost, "4.4.2", error.to_string()))
            }
            Err(error) => {
                let told = after_send(&error, self.is_foreign(job));
                match told.event {
                    Event::Refused => Err(self.discarding(job, &id, told).await),
                    _ => Err(told),
                }
            }
        }
    }

    /// The whole draft that an earlier attempt left and nobody sent; an incomplete one is put away.
    async fn kept_draft(&self, job: &mut Job<'_>) -> Result<Option<Message>, Told> {
        let Some(id) = job.submission.progress.draft.clone() else {
            return Ok(None);
        };
        // On disk again as being attempted.
        let step = Step::from_kept(&job.submission.progress.step).unwrap_or(Step::Sending);
        self.step(job, step, Some(id.clone())).await?;
        match self.route.graph.message(&id).await {
            Ok(message) if message.is_draft == Some(false) => Err(Told::ACCEPTED),
            Ok(message) if step == Step::Sending => Ok(Some(message)),
            Ok(_) => {
                self.put_away(&id).await.map_err(|e| after_look(&e))?;
                Ok(None)
            }
            // It was proved unsent, and now somebody took it away.
            Err(error) if error.status() == Some(404) && step == Step::Sending => {
                Err(Told::new(Event::Lost, "4.4.2", error.to_string()))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(not_yet(after_look(&error))),
        }
    }

    async fn draft(
        &self,
        job: &mut Job<'_>,
        parts: Option<&[large::Part]>,
    ) -> Result<Message, Told> {
        self.step(job, Step::Drafting, None).await?;
        let graph = &self.route.graph;
        let created = graph.create_draft_mime(&job.mail.mime).await;
        let draft = created.map_err(|error| {
            if error.class() == ErrorClass::TooLarge {
                job.refused = Some(job.mail.mime.len());
            }
            after_write(&error)
        })?;
        // What went out is in the cloud now.
        job.mail.mime = Vec::new();
        let Some(parts) = parts else {
            return Ok(draft);
        };
        let id = RemoteId::new(draft.id.clone());
        self.step(job, Step::Drafted, Some(id.clone())).await?;
        for part in parts {
            let file = self.file(job.submission, part).await;
            let mut file = file.map_err(|error| unreadable(&error))?;
            if let Err(error) = graph.attach_from(&id, &mut file).await {
                let told = match file.octets.trouble() {
                    Some(trouble) => unreadable(trouble),
                    None => after_write(&error),
                };
                // Nobody was asked to send it: whatever became of the file, a new draft begins anew.
                let told = match told.event {
                    Event::Lost | Event::Strange => Told {
                        event: Event::Later(None),
                        ..told
                    },
                    _ => told,
                };
                return Err(self.discarding(job, &id, told).await);
            }
        }
        Ok(draft)
    }

    /// Whether the draft names whom it must name and nobody else, and who wrote it. What Graph read
    /// otherwise is put right once, by its own properties.
    async fn check(&self, job: &Job<'_>, draft: Message) -> Result<(), Told> {
        let graph = &self.route.graph;
        let id = RemoteId::new(draft.id.clone());
        let draft = match (&draft.to, &draft.cc, &draft.bcc) {
            (Some(_), Some(_), Some(_)) => draft,
            _ => graph
                .message(&id)
                .await
                .map_err(|e| not_yet(after_look(&e)))?,
        };
        let wanted = &job.submission.envelope.recipients;
        let exact = compare(wanted, everyone(&draft)) == Match::Exact;
        let sender = is_from(job.mail.from.as_ref(), &draft);
        if exact && sender {
            return Ok(());
        }
        tracing::info!(
            submission = job.submission.id,
            exact,
            sender,
            "the draft is put right"
        );
        let patch = corrections(&job.mail, exact, sender);
        let draft = graph.update(&id, &patch).await;
        let draft = draft.map_err(|error| not_yet(after_write(&error)))?;
        if compare(wanted, everyone(&draft)) == Match::Different {
            let text = "Microsoft 365 read other recipients from this mail than it was given.";
            return Err(Told::refused("5.6.0", text));
        }
        if !is_from(job.mail.from.as_ref(), &draft) {
            let text =
                "The account may not send under this From address: Microsoft 365 would replace it.";
            return Err(Told::refused("5.7.60", text));
        }
        Ok(())
    }

    /// The draft of what was given up, should there be one.
    pub(super) async fn tidy(&self, submission: &mut Submission) {
        let Some(draft) = submission.progress.draft.take() else {
            return;
        };
        if let Err(error) = self.put_away(&draft).await {
            let draft = shown(Some(&draft));
            tracing::warn!(submission = submission.id, draft, %error, "a draft is left over");
        }
    }

    /// To the deleted items.
    pub(super) async fn put_away(&self, draft: &RemoteId) -> graph::Result<()> {
        match self.route.graph.move_message(draft, "deleteditems").await {
            Err(error) if error.status() == Some(404) => Ok(()),
            other => other.map(drop),
        }
    }

    /// The draft is of no use any more. Should it stay, nothing is lost but tidiness.
    async fn discarding(&self, job: &mut Job<'_>, draft: &RemoteId, told: Told) -> Told {
        if let Err(error) = self.put_away(draft).await {
            let draft = shown(Some(draft));
            tracing::warn!(submission = job.submission.id, draft, %error, "a draft is left over");
        }
        let progress = &mut job.submission.progress;
        progress.step = Step::Fresh.as_str().to_owned();
        progress.draft = None;
        told
    }

    /// On disk before it is taken.
    async fn step(
        &self,
        job: &mut Job<'_>,
        step: Step,
        draft: Option<RemoteId>,
    ) -> Result<(), Told> {
        let progress = &mut job.submission.progress;
        progress.step = step.as_str().to_owned();
        progress.draft = draft;
        progress.message_id = Some(job.mail.message_id.clone());
        progress.began = Some(super::now());
        let saved = self.ledger.save(job.submission).await;
        saved.map_err(|error| Told::new(Event::Later(None), "4.3.1", error.to_string()))
    }
}

pub(super) fn unsent() -> Told {
    Told {
        event: Event::Unsent,
        reason: None,
    }
}

pub(super) fn unclear(text: &str) -> Told {
    Told::new(Event::Unclear, "4.4.2", text)
}

/// Nothing was sent yet, so nothing is in doubt.
pub(super) fn not_yet(told: Told) -> Told {
    match told.event {
        Event::Lost | Event::Unclear => Told {
            event: Event::Later(None),
            ..told
        },
        _ => told,
    }
}

pub(super) fn unreadable(error: &crate::store::Error) -> Told {
    if error.class().is_temporary() {
        return Told::new(Event::Later(None), "4.3.0", error.to_string());
    }
    Told::new(Event::Strange, "5.3.0", error.to_string())
}

/// The same for every attempt at a submission.
fn defaults(submission: &Submission) -> Defaults {
    let seconds = submission.accepted.div_euclid(1000);
    let date = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let (name, _) = submission
        .file
        .split_at_checked(24)
        .unwrap_or((&submission.file, ""));
    let domain = submission.envelope.reverse_path.rsplit_once('@');
    let domain = domain
        .map(|(_, domain)| domain)
        .filter(|d| d.is_ascii() && !d.is_empty());
    Defaults {
        date: date.format("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        message_id: format!("<{name}.{seconds}@{}>", domain.unwrap_or("localhost")),
    }
}

/// A mail without a From gets the mailbox's own.
fn is_from(wanted: Option<&Person>, draft: &Message) -> bool {
    let found = draft.from.as_ref().and_then(|from| from.address.as_deref());
    match (wanted, found) {
        (None, _) => true,
        (Some(wanted), Some(found)) => key(&wanted.address) == key(found),
        (Some(_), None) => false,
    }
}

fn corrections(mail: &Outgoing, recipients_right: bool, sender_right: bool) -> Value {
    let mut patch = serde_json::Map::new();
    if !recipients_right {
        for (name, people) in [
            ("toRecipients", &mail.to),
            ("ccRecipients", &mail.cc),
            ("bccRecipients", &mail.bcc),
        ] {
            patch.insert(name.to_owned(), people.iter().map(recipient).collect());
        }
    }
    if let (false, Some(from)) = (sender_right, &mail.from) {
        patch.insert("from".to_owned(), recipient(from));
    }
    Value::Object(patch)
}

fn recipient(person: &Person) -> Value {
    let name = person.name.as_deref().map(mime::decoded_words);
    json!({"emailAddress": {
        "name": name.unwrap_or_else(|| person.address.clone()),
        "address": person.address,
    }})
}
