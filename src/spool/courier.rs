//! One submission to Graph: draft, check, send; and what became of it, when an answer was lost.
//!
//! Each step is written down before it is taken ([`Step`]), so that whoever finds the submission later
//! knows what may exist in the cloud. A draft is sent only after Graph showed that it names exactly the
//! envelope's recipients and the sender that was written.

use super::{
    Route,
    alike::{everyone, is_of, same_people, same_subject},
    failure::{Told, after_look, after_send, after_write, shown},
    large::{self, Pieces},
    outgoing::{Defaults, Outgoing, header_of, is_sealed, outgoing, subject},
    recipients::{Match, Person, compare, key},
    state::{self, Event, Patience, Step},
};
use crate::{
    graph::{self, types::Message, upload::Attachment},
    mail::{ErrorClass, RemoteId},
    mime,
    store::spool::Submission,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Octets of MIME that fit into a request: 4 MB hold them as base64.
pub(super) const FITS: usize = 2_900_000;

/// A mail of so few octets is not taken apart, whatever Graph says about its size.
const LEAST: usize = 64 * 1024;

/// Above this only one is in memory at a time, of all accounts.
const LARGE: u64 = 1 << 20;

/// Octets of a message in which its header is looked for.
pub(super) const HEADER: u64 = 256 * 1024;

/// Octets of a large part that are read at once.
const PIECE: u64 = 1 << 20;

/// Clocks differ; milliseconds.
const SKEW: i64 = 120_000;

pub(super) struct Courier<'a> {
    pub(super) ledger: &'a super::ledger::Ledger,
    pub(super) route: &'a Route,
    pub(super) patience: &'a Patience,
    pub(super) deliver: &'a dyn super::Deliver,
    /// Octets that fit into a request; falls when Graph refuses as many.
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

impl Courier<'_> {
    /// Tries to send. The submission's state is `Attempting` already, in memory; it is on disk before
    /// anything goes out.
    pub(super) async fn attempt(&self, submission: &mut Submission) -> Told {
        let size = submission.size;
        let _alone = if size > LARGE {
            // Without a sign-in it stays on the disk.
            if let Err(error) = self.route.graph.has_access().await {
                return not_yet(after_look(&error));
            }
            self.large.acquire().await.ok()
        } else {
            None
        };
        loop {
            let fits = self.fits.load(Ordering::Relaxed);
            let (told, refused) = self.attempt_within(submission, fits).await;
            match refused {
                Some(octets) if octets > LEAST && !self.route.send_only => {
                    // Shrinks each time, so it ends.
                    let less = (octets / 4 * 3).max(LEAST);
                    self.fits.fetch_min(less, Ordering::Relaxed);
                    tracing::warn!(
                        octets,
                        less,
                        "Graph takes less in one request than it should"
                    );
                }
                _ => return told,
            }
        }
    }

    /// And how many octets were refused as too many.
    async fn attempt_within(
        &self,
        submission: &mut Submission,
        fits: usize,
    ) -> (Told, Option<usize>) {
        let size = submission.size;
        let message = self.ledger.store.submitted_range(submission, 0, size).await;
        let message = match message {
            Ok(message) => message,
            Err(error) => return (unreadable(&error), None),
        };
        if message.len() > fits && !self.route.send_only {
            return self.attempt_large(submission, message, fits).await;
        }
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
        let told = self.deliver(&mut job, None).await;
        (told.unwrap_or_else(|told| told), job.refused)
    }

    async fn attempt_large(
        &self,
        submission: &mut Submission,
        message: Vec<u8>,
        fits: usize,
    ) -> (Told, Option<usize>) {
        let structure = mime::parse(&message);
        if is_sealed(&structure) {
            let text = "Signed or encrypted mail of this size cannot go through Microsoft Graph, which \
                        takes at most 4 MB in one piece, and would be broken in several.";
            return (Told::refused("5.3.4", text), None);
        }
        let Some(split) = large::split(&message, &structure, fits) else {
            let text = format!(
                "The text of the mail alone is more than Microsoft Graph takes: {} kB, for a request of \
                 4 MB at most holds it in encoded form. Send the text as an attached file.",
                fits / 1000
            );
            return (Told::refused("5.3.4", text), None);
        };
        drop((message, structure));
        let mail = outgoing(&split.slim, &submission.envelope, &defaults(submission));
        let mut job = Job {
            submission,
            mail,
            refused: None,
        };
        let told = self.deliver(&mut job, Some(&split.parts)).await;
        (told.unwrap_or_else(|told| told), job.refused)
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
            let file = self.file(job, part).await?;
            if let Err(error) = graph.attach(&id, &file).await {
                let told = after_write(&error);
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

    /// The file that a part holds; its encoded form is never whole in memory, unless it is broken.
    async fn file(&self, job: &Job<'_>, part: &large::Part) -> Result<Attachment, Told> {
        let (store, submission) = (&self.ledger.store, &*job.submission);
        let (start, end) = (part.body.start as u64, part.body.end as u64);
        let unreadable = |error: crate::store::Error| unreadable(&error);
        if part.is_base64() {
            let mut pieces = Pieces::for_octets(part.body.len());
            let mut at = start;
            while at < end {
                let next = end.min(at + PIECE);
                let piece = store.submitted_range(submission, at, next).await;
                pieces.push(&piece.map_err(unreadable)?);
                at = next;
            }
            if let Some(decoded) = pieces.finish() {
                return Ok(part.attachment(decoded));
            }
        }
        let octets = store.submitted_range(submission, start, end).await;
        let octets = octets.map_err(unreadable)?;
        Ok(part.attachment(part.decoded(octets)))
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

    /// What became of a submission whose last answer is not known.
    pub(super) async fn look(&self, submission: &mut Submission) -> Told {
        let step = Step::from_kept(&submission.progress.step).unwrap_or(Step::Sending);
        match (step, submission.progress.draft.clone()) {
            (Step::Fresh | Step::Drafted, _) => unsent(),
            (Step::Drafting, _) => self.look_for_orphan(submission).await,
            (Step::Sending, Some(draft)) => self.look_at(submission, &draft).await,
            (Step::Sending, None) => {
                let text = "The account may send but not read, so nobody can tell whether the mail went out.";
                Told::new(Event::Unclear, "4.4.2", text)
            }
        }
    }

    /// By the draft's immutable id: a sent draft keeps it. A draft that is still one proves that it was
    /// not sent once the request to send it cannot be on its way any more; a 404 proves nothing.
    async fn look_at(&self, submission: &Submission, draft: &RemoteId) -> Told {
        match self.route.graph.message(draft).await {
            Ok(message) if message.is_draft == Some(false) => Told::ACCEPTED,
            Ok(message) if message.is_draft == Some(true) && self.settled(submission) => unsent(),
            Ok(_) => {
                unclear("The draft is still there, but the request to send it may be on its way.")
            }
            Err(error) if error.status() == Some(404) => {
                self.look_for_copy(submission, draft).await
            }
            Err(error) => after_look(&error),
        }
    }

    /// In Sent Items by Message-ID. The draft's own id is proof; another id only with the same
    /// recipients, at the right time, and when no other submission has that Message-ID.
    async fn look_for_copy(&self, submission: &Submission, draft: &RemoteId) -> Told {
        let Some(message_id) = &submission.progress.message_id else {
            return unclear("Nothing is known about it.");
        };
        let found = self
            .route
            .graph
            .with_message_id("sentitems", message_id)
            .await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return after_look(&error),
        };
        let sent = |m: &&Message| m.is_draft == Some(false);
        if found.iter().filter(sent).any(|m| m.id == draft.as_str()) {
            return Told::ACCEPTED;
        }
        let alike = |m: &Message| self.is_alike(submission, m, m.sent);
        let siblings = self.ledger.store.siblings(submission.id, message_id).await;
        match siblings {
            // One transaction for each recipient, and all with one Message-ID: only a sibling to the same
            // people explains the copy.
            Ok(siblings)
                if !siblings.iter().any(|other| same_people(submission, other))
                    && found
                        .iter()
                        .filter(sent)
                        .any(|m| !is_of(&siblings, m) && alike(m)) =>
            {
                Told::ACCEPTED
            }
            _ => unclear("Neither the draft nor its copy in Sent Items can be found."),
        }
    }

    /// A draft whose creation was not answered was not sent either. If there is just one that fits, it
    /// is put away; a stray draft is never removed for good.
    async fn look_for_orphan(&self, submission: &Submission) -> Told {
        if !self.settled(submission) {
            return unclear("The draft may still be on its way.");
        }
        let Some(message_id) = &submission.progress.message_id else {
            return unsent();
        };
        let found = self.route.graph.with_message_id("drafts", message_id).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return after_look(&error),
        };
        let draft = |m: &&Message| m.is_draft == Some(true);
        let store = &self.ledger.store;
        let siblings = store.siblings(submission.id, message_id).await;
        let head = store.submitted_range(submission, 0, HEADER).await;
        let (Ok(siblings), Ok(head)) = (siblings, head) else {
            return unclear("The spool cannot be read.");
        };
        let head = mime::normalize(&head);
        let subject = subject(header_of(&head));
        let alike = |m: &&Message| {
            self.is_alike(submission, m, m.received.or(m.last_modified))
                && same_subject(&subject, m.subject.as_deref().unwrap_or_default())
                && !is_of(&siblings, m)
        };
        let mut fitting = Vec::new();
        for message in found.iter().filter(draft).filter(alike) {
            let id = RemoteId::new(message.id.clone());
            match self.deliver.wrote(&submission.account, &id).await {
                Some(true) => {}
                Some(false) => fitting.push(message),
                None => {
                    return Told::new(Event::Later(None), "4.3.0", "The mailbox is not open yet.");
                }
            }
        }
        match fitting.as_slice() {
            [] => unsent(),
            [orphan] => match self.put_away(&RemoteId::new(orphan.id.clone())).await {
                Ok(()) => unsent(),
                Err(error) => after_look(&error),
            },
            several => {
                let count = several.len();
                // In doubt, a refusal holds it: a person looks.
                Told::refused(
                    "4.3.0",
                    format!(
                        "{count} drafts in Drafts look like this mail, and nobody can tell which of them \
                         Postern made. It was not sent. Look into Drafts, and send it from there."
                    ),
                )
            }
        }
    }

    fn is_alike(&self, submission: &Submission, message: &Message, at: Option<i64>) -> bool {
        let began = submission.progress.began.unwrap_or(submission.accepted);
        let in_time = at.is_some_and(|at| at.saturating_mul(1000) >= began - SKEW);
        in_time && compare(&submission.envelope.recipients, everyone(message)) == Match::Exact
    }

    fn settled(&self, submission: &Submission) -> bool {
        state::settled(super::now(), submission.progress.began, self.patience)
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
    async fn put_away(&self, draft: &RemoteId) -> graph::Result<()> {
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

fn unsent() -> Told {
    Told {
        event: Event::Unsent,
        reason: None,
    }
}

fn unclear(text: &str) -> Told {
    Told::new(Event::Unclear, "4.4.2", text)
}

/// Nothing was sent yet, so nothing is in doubt.
fn not_yet(told: Told) -> Told {
    match told.event {
        Event::Lost | Event::Unclear => Told {
            event: Event::Later(None),
            ..told
        },
        _ => told,
    }
}

fn unreadable(error: &crate::store::Error) -> Told {
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
