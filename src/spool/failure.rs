//! What Graph's errors mean for a mail that is to be sent (dossier of sending, "send error codes";
//! pure). Enhanced status codes: RFC 3463.

use super::state::Event;
use crate::{
    graph,
    mail::{ErrorClass, RemoteId},
};

/// What came of an attempt, or of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) event: Event,
    pub(super) reason: Option<Reason>,
}

/// Why, for the sender and the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// RFC 3463, such as `5.1.3`.
    pub(super) status: String,
    pub(super) text: String,
}

impl Reason {
    pub(super) fn new(status: &str, text: impl Into<String>) -> Self {
        Self {
            status: status.to_owned(),
            text: text.into(),
        }
    }

    /// As it is kept: status, a space, text.
    pub(super) fn kept(&self) -> String {
        format!("{} {}", self.status, self.text)
    }

    pub(super) fn from_kept(text: &str) -> Self {
        match text.split_once(' ') {
            Some((status, text)) => Self::new(status, text),
            None => Self::new("5.0.0", text),
        }
    }
}

impl Told {
    pub(super) const ACCEPTED: Self = Self {
        event: Event::Accepted,
        reason: None,
    };

    pub(super) fn new(event: Event, status: &str, text: impl Into<String>) -> Self {
        Self {
            event,
            reason: Some(Reason::new(status, text)),
        }
    }

    pub(super) fn refused(status: &str, text: impl Into<String>) -> Self {
        Self::new(Event::Refused, status, text)
    }
}

/// Status of what failed because nothing can be reached: every other mail of the account fails likewise.
pub(super) const UNREACHED: &str = "4.4.1";

/// Codes that settle the matter: for which mail, and what the sender reads.
const REFUSALS: &[(&str, &str, &str)] = &[
    (
        "ErrorInvalidRecipients",
        "5.1.3",
        "An address is not valid, so Microsoft 365 refuses the whole mail.",
    ),
    (
        "ErrorMimeContentInvalid",
        "5.6.0",
        "Microsoft 365 cannot read this mail.",
    ),
    (
        "ErrorMessageSizeExceeded",
        "5.3.4",
        "The mail is larger than the mailbox may send.",
    ),
    (
        "ErrorSendAsDenied",
        "5.7.60",
        "The account may not send under this From address.",
    ),
    (
        "ErrorExceededMaxRecipientLimit",
        "5.5.3",
        "The mail has more recipients than the mailbox may address at once.",
    ),
    (
        "ErrorAccountSuspend",
        "5.7.1",
        "Microsoft 365 has suspended sending for this account.",
    ),
    (
        "ErrorAccountSuspendShowTierUpgrade",
        "5.7.1",
        "Microsoft 365 has suspended sending for this account.",
    ),
    (
        "ErrorMessageBlocked",
        "5.7.1",
        "Microsoft 365 refuses this mail by a policy.",
    ),
    (
        "ErrorMessageSubmissionBlocked",
        "5.7.1",
        "Microsoft 365 refuses this mail by a policy.",
    ),
    (
        "ErrorRightsManagementPermanentException",
        "5.7.1",
        "A rights management policy refuses this mail.",
    ),
];

/// Codes that pass, although their status says otherwise.
const PASSING: &[(&str, &str, &str)] = &[
    (
        "ErrorQuotaExceeded",
        "4.2.2",
        "The mailbox is full, so there is no room for the copy in Sent Items.",
    ),
    (
        "ErrorSubmissionQuotaExceeded",
        "4.5.3",
        "The mailbox has sent as much as it may for now.",
    ),
    (
        "ErrorExceededMessageLimit",
        "4.5.3",
        "The mailbox has sent as much as it may today. Microsoft may have put instructions in its Inbox.",
    ),
    (
        "ErrorExceededHourlyMessageLimit",
        "4.5.3",
        "The mailbox has sent as much as it may for now.",
    ),
];

/// After a request that makes or sends something.
pub(super) fn after_write(error: &graph::Error) -> Told {
    let detail = detail(error);
    let of = |table: &[(&str, &'static str, &'static str)]| {
        let found = table.iter().find(|(code, ..)| error.is_code(code));
        found.map(|(_, status, text)| (*status, *text))
    };
    if let Some((status, text)) = of(REFUSALS) {
        return Told::refused(status, format!("{text} {detail}"));
    }
    if let Some((status, text)) = of(PASSING) {
        let event = Event::Later(retry_after(error.class()));
        return Told::new(event, status, format!("{text} {detail}"));
    }
    if error.may_have_happened() {
        return Told::new(Event::Lost, "4.4.2", detail);
    }
    match error.class() {
        class @ ErrorClass::Temporary { .. } => {
            Told::new(Event::Later(retry_after(class)), temporary(error), detail)
        }
        ErrorClass::Denied => Told::new(Event::NoAccess, "4.7.0", detail),
        ErrorClass::TooLarge => {
            let text = "The mail is larger than the mailbox may send.";
            Told::refused("5.3.4", format!("{text} {detail}"))
        }
        // Changed under our feet, or gone: the next attempt starts from what is there.
        ErrorClass::Conflict | ErrorClass::NotFound => {
            Told::new(Event::Later(None), "4.3.0", detail)
        }
        // Unknown: a person looks.
        ErrorClass::Client | ErrorClass::Permanent | ErrorClass::Bug => {
            Told::new(Event::Strange, "5.3.0", detail)
        }
    }
}

/// After a request to send. A right that is missing for somebody else's address (`foreign`) will not come by
/// waiting: the sender has to choose another From, or get the right to this one.
pub(super) fn after_send(error: &graph::Error, foreign: bool) -> Told {
    let told = after_write(error);
    let denied = told.event == Event::NoAccess && error.status() == Some(403);
    match told.reason {
        Some(reason) if denied && foreign => {
            let text = "The account may not send under this From address.";
            Told::refused("5.7.60", format!("{text} {}", reason.text))
        }
        reason => Told { reason, ..told },
    }
}

/// After a look: whatever went wrong, it says nothing about the mail.
pub(super) fn after_look(error: &graph::Error) -> Told {
    let detail = detail(error);
    match error.class() {
        ErrorClass::Denied => Told::new(Event::NoAccess, "4.7.0", detail),
        ErrorClass::Temporary { .. } => {
            let status = temporary(error);
            Told::new(Event::Later(retry_after(error.class())), status, detail)
        }
        _ => Told::new(Event::Unclear, "4.3.0", detail),
    }
}

/// Where nothing got as far as Graph, it is no matter of this mail (RFC 3463 section 3.5).
fn temporary(error: &graph::Error) -> &'static str {
    match error {
        graph::Error::Auth(_) | graph::Error::Transport { sent: false, .. } => UNREACHED,
        _ => "4.3.2",
    }
}

fn retry_after(class: ErrorClass) -> Option<u64> {
    match class {
        ErrorClass::Temporary {
            retry_after: Some(pause),
        } => u64::try_from(pause.as_millis()).ok(),
        _ => None,
    }
}

/// One line.
fn detail(error: &graph::Error) -> String {
    let text = error.to_string();
    format!(
        "({})",
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

/// For logs: which draft it was about.
pub(super) fn shown(draft: Option<&RemoteId>) -> &str {
    draft.map_or("", RemoteId::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::error::Status;

    fn status(status: u16, code: &str) -> graph::Error {
        graph::Error::Status(Box::new(Status {
            what: "POST send",
            status,
            code: (!code.is_empty()).then(|| code.to_owned()),
            ..Status::default()
        }))
    }

    #[test]
    fn codes_decide_first_and_status_then() {
        let later = Event::Later(None);
        let table = [
            (400, "ErrorInvalidRecipients", Event::Refused, "5.1.3"),
            (403, "ErrorSendAsDenied", Event::Refused, "5.7.60"),
            (403, "ErrorAccessDenied", Event::NoAccess, "4.7.0"),
            (401, "InvalidAuthenticationToken", Event::NoAccess, "4.7.0"),
            (403, "ErrorExceededMessageLimit", later, "4.5.3"),
            (507, "ErrorQuotaExceeded", later, "4.2.2"),
            (400, "ErrorMessageSizeExceeded", Event::Refused, "5.3.4"),
            (413, "", Event::Refused, "5.3.4"),
            (429, "ApplicationThrottled", later, "4.3.2"),
            (503, "", Event::Lost, "4.4.2"),
            (504, "UnknownError", Event::Lost, "4.4.2"),
            (400, "SomethingNew", Event::Strange, "5.3.0"),
            (404, "ErrorItemNotFound", later, "4.3.0"),
            (412, "ErrorIrresolvableConflict", later, "4.3.0"),
        ];
        for (number, code, event, enhanced) in table {
            let told = after_write(&status(number, code));
            assert_eq!(told.event, event, "{number} {code}");
            assert_eq!(told.reason.unwrap().status, enhanced, "{number} {code}");
        }
    }

    #[test]
    fn another_address_without_the_right_to_it_is_refused_at_once() {
        let denied = status(403, "ErrorAccessDenied");
        assert_eq!(after_send(&denied, true).event, Event::Refused);
        assert_eq!(after_send(&denied, false).event, Event::NoAccess);
        let expired = status(401, "InvalidAuthenticationToken");
        assert_eq!(after_send(&expired, true).event, Event::NoAccess);
    }

    #[test]
    fn a_look_never_settles_anything_by_failing() {
        for (number, code) in [
            (400, "ErrorInvalidRecipients"),
            (403, "ErrorSendAsDenied"),
            (503, ""),
            (404, ""),
            (429, ""),
            (500, "ErrorCorruptData"),
        ] {
            let event = after_look(&status(number, code)).event;
            let open = matches!(event, Event::Later(_) | Event::NoAccess | Event::Unclear);
            assert!(open, "{number} {code} {event:?}");
        }
    }

    #[test]
    fn what_reached_nobody_is_told_apart() {
        for (sent, event, enhanced) in [
            (false, Event::Later(None), UNREACHED),
            (true, Event::Lost, "4.4.2"),
        ] {
            let told = after_write(&graph::Error::Transport {
                what: "POST send",
                cause: String::new(),
                sent,
            });
            assert_eq!(
                (told.event, &told.reason.unwrap().status[..]),
                (event, enhanced)
            );
        }
    }

    #[test]
    fn reasons_are_kept_and_read_back() {
        let reason = Reason::new("5.1.3", "An address is not valid.");
        assert_eq!(Reason::from_kept(&reason.kept()), reason);
    }
}
