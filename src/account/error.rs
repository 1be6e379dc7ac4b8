//! Errors of the account layer.

use crate::{
    graph,
    mail::{ErrorClass, MailboxName},
    store,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Graph(#[from] graph::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no mailbox {0}")]
    NoMailbox(MailboxName),
    /// The folder went while it was looked at.
    #[error("the mailbox is gone")]
    FolderGone,
    /// The message went, or its content became another and so another UID.
    #[error("the message is gone")]
    MessageGone,
    /// Three downloads, and none was whole.
    #[error("the message could not be downloaded whole")]
    Broken,
    #[error("the message is larger than any that Exchange lets in")]
    TooLarge,
    /// Graph could not say of some messages where they are; what is known stays.
    #[error("{0} messages could not be looked up")]
    Unresolved(usize),
    #[error("a round does not end ({0} pages)")]
    Endless(usize),
    /// What a round that this caller waited for ended with.
    #[error("{text}")]
    Shared { class: ErrorClass, text: String },
    /// The account is configured, but nobody is signed in as it should be.
    #[error("{0}")]
    Unavailable(String),
    /// CREATE, RENAME: there is a mailbox of that name (also one that IMAP does not show).
    #[error("there is a mailbox {0} already")]
    Exists(MailboxName),
    /// DELETE: mailboxes below it would go with it.
    #[error("there are mailboxes below {0}")]
    HasChildren(MailboxName),
    /// The Inbox and Exchange's default folders stay where they are and keep their names.
    #[error("{0} is a default folder: it stays")]
    Fixed(MailboxName),
    /// No folder can be shown under this name.
    #[error("{0} cannot be a mailbox's name")]
    BadName(MailboxName),
    /// MOVE to where it is, RENAME to below itself.
    #[error("source and destination are one mailbox")]
    SameMailbox,
    /// No category is shown as this keyword.
    #[error("{0} cannot be kept as a category")]
    Keyword(String),
    #[error("the mailbox has no deleted items")]
    NoTrash,
    /// Microsoft 365 refuses what was to be appended, and will refuse it again.
    #[error("Microsoft 365 does not take this message: {0}")]
    Refused(#[source] graph::Error),
    /// A message that must stay as it is goes up as MIME in one request (surprise 1).
    #[error(
        "a message that must stay as it is has to fit into one request, and this one is larger than 3 MB"
    )]
    NotInOne,
    /// What Microsoft 365 refuses for good is in the mailbox "Recovered" now.
    #[error("kept in Recovered: {0}")]
    Recovered(#[source] Box<Error>),
    /// It would be, but there is too much in it.
    #[error("not kept, since Recovered holds as much as it may: {0}")]
    RecoveredFull(#[source] Box<Error>),
    /// Postern's own mailbox: nobody puts anything into it, renames or deletes it.
    #[error("{0} is Postern's own mailbox")]
    Ours(MailboxName),
    /// The process just started: whether the account can serve is not known yet.
    #[error("the account is still being opened")]
    Opening,
    #[error("the account is being closed")]
    Stopping,
    #[error("what was kept of the message cannot be read")]
    Facts(#[source] serde_json::Error),
    #[error("a task of ours ended in the middle of its work")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Graph(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::NoMailbox(_) | Self::FolderGone | Self::MessageGone => ErrorClass::NotFound,
            Self::Opening
            | Self::Broken
            | Self::Unresolved(_)
            | Self::Endless(_)
            | Self::Stopping => ErrorClass::TEMPORARY,
            Self::TooLarge | Self::NotInOne => ErrorClass::TooLarge,
            Self::Recovered(error) | Self::RecoveredFull(error) => error.class(),
            Self::Shared { class, .. } => *class,
            Self::Unavailable(_) => ErrorClass::Denied,
            Self::Exists(_) | Self::HasChildren(_) => ErrorClass::Conflict,
            Self::Fixed(_) | Self::BadName(_) | Self::SameMailbox | Self::Ours(_) => {
                ErrorClass::Denied
            }
            Self::Keyword(_) => ErrorClass::Client,
            Self::Refused(error) if error.class() == ErrorClass::TooLarge => ErrorClass::TooLarge,
            Self::NoTrash | Self::Refused(_) => ErrorClass::Permanent,
            Self::Facts(_) | Self::Task(_) => ErrorClass::Bug,
        }
    }

    /// The mailbox at Microsoft 365 is full: that passes.
    pub fn is_over_quota(&self) -> bool {
        matches!(self, Self::Graph(error) if error.is_over_quota())
    }

    /// No room on this computer's disk.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_full())
    }

    /// Whether trying later may help: what is known is served meanwhile.
    pub(super) fn is_temporary(&self) -> bool {
        self.class().is_temporary()
    }
}
