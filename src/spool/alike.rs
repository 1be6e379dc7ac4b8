//! Whether a message in the mailbox is what a submission left there (pure).

use super::{
    recipients::{Match, compare},
    state::{State, Step},
};
use crate::{graph::types::Message, store::spool::Submission};

/// Graph cuts a subject there.
const SUBJECT: usize = 255;

/// The draft or the sent copy of one of these.
pub(super) fn is_of(siblings: &[Submission], message: &Message) -> bool {
    let drafts = siblings.iter().filter_map(|s| s.progress.draft.as_ref());
    drafts.into_iter().any(|draft| draft.as_str() == message.id)
}

/// Siblings that a copy of this mail may be of, but for those whose own copy is among the `found`.
pub(super) fn rivals(own: &Submission, siblings: &[Submission], found: &[Message]) -> usize {
    let rival = |sibling: &&Submission| {
        let progress = &sibling.progress;
        let may_be_sent =
            progress.state == State::Sent.as_str() || progress.step == Step::Sending.as_str();
        let known = std::slice::from_ref(*sibling);
        may_be_sent && same_people(own, sibling) && !found.iter().any(|m| is_of(known, m))
    };
    siblings.iter().filter(rival).count()
}

fn same_people(one: &Submission, other: &Submission) -> bool {
    let others = other.envelope.recipients.iter().map(String::as_str);
    compare(&one.envelope.recipients, others) == Match::Exact
}

/// Blanks are folded on the way, and what is too long is cut.
pub(super) fn same_subject(ours: &str, theirs: &str) -> bool {
    let folded = |text: &str| {
        let words: Vec<_> = text.split_whitespace().collect();
        words
            .join(" ")
            .chars()
            .take(SUBJECT - 5)
            .collect::<String>()
    };
    folded(ours) == folded(theirs)
}

pub(super) fn everyone(message: &Message) -> impl Iterator<Item = &str> {
    let lists = [&message.to, &message.cc, &message.bcc];
    let all = lists.into_iter().flatten().flatten();
    all.filter_map(|recipient| recipient.address.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mail::{AccountName, Envelope, RemoteId},
        store::spool::Progress,
    };

    fn submission(to: &str, state: State, step: Step, draft: Option<&str>) -> Submission {
        Submission {
            id: 1,
            account: AccountName::new("anna"),
            envelope: Envelope {
                recipients: vec![to.to_owned()],
                ..Envelope::default()
            },
            file: String::new(),
            size: 0,
            accepted: 0,
            progress: Progress {
                state: state.as_str().to_owned(),
                step: step.as_str().to_owned(),
                draft: draft.map(RemoteId::new),
                ..Progress::default()
            },
        }
    }

    #[test]
    fn a_sibling_to_the_same_people_explains_a_copy_unless_its_own_is_there() {
        let own = submission(
            "ben@example.com",
            State::InDoubt,
            Step::Sending,
            Some("own"),
        );
        let copy = |id: &str| Message {
            id: id.to_owned(),
            ..Message::default()
        };
        let found = [copy("copy")];
        let sent = |to, draft| submission(to, State::Sent, Step::Sending, draft);
        let count = |sibling: Submission, found: &[Message]| rivals(&own, &[sibling], found);
        assert_eq!(count(sent("BEN@example.com", Some("his")), &found), 1);
        assert_eq!(count(sent("ben@example.com", None), &found), 1);
        // Its own copy is another.
        let both = [copy("copy"), copy("his")];
        assert_eq!(count(sent("ben@example.com", Some("his")), &both), 0);
        assert_eq!(count(sent("carl@example.com", Some("his")), &found), 0);
        // Nobody was asked to send it.
        let drafted = submission("ben@example.com", State::Queued, Step::Drafted, Some("his"));
        assert_eq!(count(drafted, &found), 0);
        let asked = submission(
            "ben@example.com",
            State::InDoubt,
            Step::Sending,
            Some("his"),
        );
        assert_eq!(count(asked, &found), 1);
    }
}
