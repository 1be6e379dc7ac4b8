//! A mailbox being filled: hands out message ids and boundaries, and files mails with their marks.

use super::{
    Folder, Message,
    chance::Chance,
    entity::Entity,
    letter::{Letter, Person, Way},
};
use chrono::Datelike;

/// Minutes of an hour and of a day, for ages.
pub(super) const HOUR: i64 = 60;
pub(super) const DAY: i64 = 24 * HOUR;
/// The demo reaches back 18 months.
pub(super) const OLDEST: i64 = 545 * DAY;

/// What the reader did with a mail.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) read: bool,
    pub(super) draft: bool,
    pub(super) flagged: bool,
    pub(super) answered: bool,
    pub(super) forwarded: bool,
    pub(super) categories: &'static [&'static str],
}

pub(super) const UNREAD: Marks = Marks {
    read: false,
    draft: false,
    flagged: false,
    answered: false,
    forwarded: false,
    categories: &[],
};
pub(super) const READ: Marks = Marks {
    read: true,
    ..UNREAD
};

/// Minutes that the clocks are ahead in summer: from April to October, near enough.
fn summer(seconds: i64) -> i32 {
    let month = chrono::DateTime::from_timestamp(seconds, 0).map_or(1, |at| at.month());
    if (4..=10).contains(&month) { 60 } else { 0 }
}

pub(super) struct Desk {
    pub(super) owner: Person,
    pub(super) german: bool,
    pub(super) chance: Chance,
    now: i64,
    mails: u64,
    folders: Vec<Folder>,
}

impl Desk {
    pub(super) fn new(owner: Person, german: bool, now: i64) -> Self {
        let seed = owner.1.bytes().fold(1_u64, |sum, b| {
            sum.wrapping_mul(31).wrapping_add(u64::from(b))
        });
        Self {
            owner,
            german,
            chance: Chance::new(seed),
            now,
            mails: 0,
            folders: Vec::new(),
        }
    }

    /// A letter from `from` to this desk, sent `age` minutes ago.
    pub(super) fn incoming(&mut self, from: Person, subject: &str, age: i64) -> Letter {
        let inside = from.1.ends_with("@example.com");
        self.letter(from, vec![self.owner], subject, age)
            .way(if inside { Way::Inside } else { Way::Outside })
    }

    /// A letter that this desk wrote `age` minutes ago.
    pub(super) fn outgoing(&mut self, to: Vec<Person>, subject: &str, age: i64) -> Letter {
        self.letter(self.owner, to, subject, age).way(Way::Own)
    }

    fn letter(&mut self, from: Person, to: Vec<Person>, subject: &str, age: i64) -> Letter {
        self.mails += 1;
        let host = from.1.rsplit('@').next().unwrap_or("example.net");
        let mailbox = self.owner.1.split('@').next().unwrap_or("desk");
        let jitter = i64::try_from(self.chance.below(55)).unwrap_or(0);
        Letter {
            from,
            to,
            subject: Some(subject.to_owned()),
            sent: self.now - age * 60 - jitter,
            zone: if self.german { 60 } else { 0 } + summer(self.now - age * 60),
            message_id: format!(
                "<{:016x}.{}.{mailbox}@{host}>",
                self.chance.next(),
                self.mails
            ),
            ..Letter::default()
        }
    }

    /// A boundary that occurs in no text.
    pub(super) fn boundary(&mut self) -> String {
        format!(
            "=_{:016x}_{:08x}",
            self.chance.next(),
            self.chance.next() >> 32
        )
    }

    pub(super) fn multipart(&mut self, kind: &str, parts: Vec<Entity>) -> Entity {
        let boundary = self.boundary();
        Entity::multipart(kind, &boundary, parts)
    }

    /// Makes the folder where it is not yet there.
    pub(super) fn folder(&mut self, path: &[&str], hidden: bool) -> &mut Folder {
        let known = self.folders.iter().position(|folder| folder.path == path);
        let at = known.unwrap_or(self.folders.len());
        if known.is_none() {
            self.folders.push(Folder {
                path: path.iter().map(|&level| level.to_owned()).collect(),
                hidden,
                messages: Vec::new(),
            });
        }
        // `at` is in range: found above, or just pushed.
        #[allow(clippy::indexing_slicing)]
        &mut self.folders[at]
    }

    pub(super) fn put(&mut self, path: &[&str], letter: &Letter, body: &Entity, marks: Marks) {
        let message = Message {
            mime: letter.render(body),
            received: letter.sent + if letter.way == Way::Own { 0 } else { 4 },
            read: marks.read,
            draft: marks.draft,
            flagged: marks.flagged,
            answered: marks.answered,
            forwarded: marks.forwarded,
            categories: marks
                .categories
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
        };
        self.folder(path, false).messages.push(message);
    }

    /// The folders, each with its oldest mail first.
    pub(super) fn into_folders(mut self) -> Vec<Folder> {
        for folder in &mut self.folders {
            folder.messages.sort_by_key(|message| message.received);
        }
        self.folders
    }
}
