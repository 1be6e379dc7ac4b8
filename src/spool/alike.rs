//! Whether a message in the mailbox is what a submission left there (pure).

use super::recipients::{Match, compare};
use crate::{graph::types::Message, store::spool::Submission};

/// Graph cuts a subject there.
const SUBJECT: usize = 255;

/// The draft or the sent copy of one of these.
pub(super) fn is_of(siblings: &[Submission], message: &Message) -> bool {
    let drafts = siblings.iter().filter_map(|s| s.progress.draft.as_ref());
    drafts.into_iter().any(|draft| draft.as_str() == message.id)
}

pub(super) fn same_people(one: &Submission, other: &Submission) -> bool {
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
