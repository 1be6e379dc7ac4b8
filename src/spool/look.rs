//! What became of a submission whose last answer is not known: Graph is asked.
//!
//! Nothing is taken for proof that something else explains: a sibling with the same Message-ID, a copy or
//! a draft that a mail program put there, a draft that a request on its way may still send.

use super::{
    alike::{everyone, is_of, rivals, same_subject},
    courier::{Courier, HEADER, unclear, unsent},
    failure::{Told, after_look},
    outgoing::{header_of, subject},
    recipients::{Match, compare},
    state::{self, Event, Step},
};
use crate::{graph::types::Message, mail::RemoteId, mime, store::spool::Submission};

/// Clocks differ; milliseconds.
const SKEW: i64 = 120_000;

impl Courier<'_> {
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
    /// recipients, at the right time, when no client wrote it, and when no other submission explains it.
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
        let siblings = self.ledger.store.siblings(submission.id, message_id).await;
        let Ok(siblings) = siblings else {
            return unclear("The spool cannot be read.");
        };
        let mut copies = 0;
        for message in found.iter().filter(sent) {
            if !self.is_alike(submission, message, message.sent) || is_of(&siblings, message) {
                continue;
            }
            // What a mail program put there says nothing about sending.
            let id = RemoteId::new(message.id.clone());
            match self.deliver.wrote(&submission.account, &id).await {
                Some(true) => {}
                Some(false) => copies += 1,
                None => return not_open(),
            }
        }
        // Programs hand in one transaction for each recipient, all with one Message-ID: only a sibling to
        // the same people can explain a copy, and each of them explains one.
        if copies > rivals(submission, &siblings, &found) {
            return Told::ACCEPTED;
        }
        unclear("Neither the draft nor its copy in Sent Items can be found.")
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
                None => return not_open(),
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
}

fn not_open() -> Told {
    Told::new(Event::Later(None), "4.3.0", "The mailbox is not open yet.")
}
