//! One mailbox: folders, items, and the logs that delta reads.
//!
//! Invariants: every change takes a new tick. A folder's log holds each of its items once, at the
//! tick of the item's last change there, and one entry for each departure. So a page of a delta
//! costs what it shows, however full the folder is.

use super::{
    ids::{self, Keys},
    mimeview::Content,
    seed::Language,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

pub(super) type Tick = u64;

/// Well-known name, folder counter, English name, German name (dossier 02 section 2).
const DEFAULTS: &[(&str, u64, &str, &str)] = &[
    (
        "msgfolderroot",
        ids::ROOT,
        "Top of Information Store",
        "Oberste Ebene des Informationsspeichers",
    ),
    ("sentitems", 0x109, "Sent Items", "Gesendete Elemente"),
    ("deleteditems", 0x10A, "Deleted Items", "Gelöschte Elemente"),
    ("outbox", 0x10B, "Outbox", "Postausgang"),
    ("inbox", 0x10C, "Inbox", "Posteingang"),
    ("drafts", 0x10F, "Drafts", "Entwürfe"),
    ("junkemail", 0x115, "Junk Email", "Junk-E-Mail"),
    ("archive", 0xA7CA, "Archive", "Archiv"),
    ("recoverableitemsdeletions", 0x11E, "Deletions", "Deletions"),
];

/// Well-known names that a mailbox may lack; these do.
const LACKING: &[&str] = &[
    "clutter",
    "conflicts",
    "conversationhistory",
    "localfailures",
    "scheduled",
    "searchfolders",
    "serverfailures",
    "syncissues",
];

#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) keys: Keys,
    pub(super) folders: BTreeMap<u64, Folder>,
    /// By the number in the immutable id.
    pub(super) items: HashMap<u64, Item>,
    /// From the counter in a classic id to the item's number.
    classic: HashMap<u64, u64>,
    pub(super) folder_log: BTreeMap<Tick, FolderEvent>,
    pub(super) tick: Tick,
    counter: u64,
    pub(super) links: Links,
}

/// Links of an older generation are dead.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) delta: u64,
    pub(super) next: u64,
}

#[derive(Debug)]
pub(super) struct Folder {
    pub(super) number: u64,
    pub(super) parent: u64,
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) well_known: Option<&'static str>,
    pub(super) unread: u64,
    pub(super) size: u64,
    /// (received, number), oldest first.
    pub(super) by_date: BTreeSet<(i64, u64)>,
    pub(super) log: BTreeMap<Tick, Event>,
    /// Departures not yet superseded: number and tick.
    left: HashMap<u64, Tick>,
    /// Place in the folder log, and the last change other than of counts.
    pub(super) event: Tick,
    pub(super) full: Tick,
    pub(super) links: Links,
    next_uid: u32,
    /// Extended properties that were written, by normalized id.
    pub(super) extended: BTreeMap<String, String>,
    pub(super) multi: BTreeMap<String, Vec<String>>,
    /// Of a search folder: what it shows.
    pub(super) search: Option<Search>,
    /// Last change of the folder itself, and of its content.
    pub(super) modified: i64,
    pub(super) committed: i64,
}

/// A mailSearchFolder: it holds nothing, and shows what its filter finds elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) filter: String,
    pub(super) sources: Vec<u64>,
    pub(super) nested: bool,
}

impl Folder {
    /// PidTag 0x6751: the number that the next item gets.
    pub(super) fn next_uid(&self) -> u32 {
        self.next_uid
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Item(u64),
    /// Number and classic counter of an item that left.
    Left {
        number: u64,
        entry: u64,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum FolderEvent {
    Folder(u64),
    Gone(u64),
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) entry: u64,
    pub(super) folder: u64,
    pub(super) content: Arc<Content>,
    pub(super) received: i64,
    pub(super) created: i64,
    pub(super) modified: i64,
    /// Overrides the Date of the MIME.
    pub(super) sent: Option<i64>,
    pub(super) read: bool,
    pub(super) draft: bool,
    pub(super) flag: Value,
    pub(super) categories: Vec<String>,
    pub(super) importance: Option<String>,
    pub(super) inference: Option<String>,
    /// Extended properties that were written, by normalized id.
    pub(super) extended: BTreeMap<String, String>,
    pub(super) multi: BTreeMap<String, Vec<String>>,
    /// IMAP UID of Exchange's own IMAP (0x0E23).
    pub(super) uid: u32,
    pub(super) change: u64,
    /// Place in the folder's log; last change other than of the read state; arrival in the folder.
    pub(super) event: Tick,
    pub(super) full: Tick,
    pub(super) arrived: Tick,
    /// Came by a move; and when it had left this folder before.
    pub(super) moved_in: bool,
    pub(super) left_before: Option<Tick>,
}

impl Item {
    pub(super) fn new(content: Arc<Content>, received: i64) -> Self {
        Self {
            number: 0,
            entry: 0,
            folder: 0,
            content,
            received,
            created: received,
            modified: received,
            sent: None,
            read: false,
            draft: false,
            flag: json!({"flagStatus": "notFlagged"}),
            categories: Vec::new(),
            importance: None,
            inference: None,
            extended: BTreeMap::new(),
            multi: BTreeMap::new(),
            uid: 0,
            change: 0,
            event: 0,
            full: 0,
            arrived: 0,
            moved_in: false,
            left_before: None,
        }
    }
}

impl Mailbox {
    pub(super) fn new(object_id: &str, language: Language) -> Self {
        let mut mailbox = Self {
            keys: Keys::new(object_id),
            folders: BTreeMap::new(),
            items: HashMap::new(),
            classic: HashMap::new(),
            folder_log: BTreeMap::new(),
            tick: 0,
            counter: 0xC825_0000,
            links: Links::default(),
        };
        for (name, number, english, german) in DEFAULTS {
            let parent = match *name {
                "msgfolderroot" | "recoverableitemsdeletions" => ids::ABOVE_ROOT,
                _ => ids::ROOT,
            };
            let display = match language {
                Language::English => english,
                Language::German => german,
            };
            mailbox.insert_folder(*number, parent, display, false, Some(name));
        }
        mailbox
    }

    pub(super) fn next_counter(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn next_tick(&mut self) -> Tick {
        self.tick += 1;
        self.tick
    }

    /// `Some(None)` is a well-known folder that this mailbox lacks.
    pub(super) fn well_known(&self, name: &str) -> Option<Option<u64>> {
        let name = name.to_ascii_lowercase();
        let known = DEFAULTS.iter().find(|(n, ..)| *n == name);
        match known {
            Some((_, number, ..)) => Some(self.folders.contains_key(number).then_some(*number)),
            None => LACKING.contains(&name.as_str()).then_some(None),
        }
    }

    pub(super) fn role(&self, name: &str) -> u64 {
        self.well_known(name).flatten().unwrap_or(ids::ROOT)
    }

    fn insert_folder(
        &mut self,
        number: u64,
        parent: u64,
        name: &str,
        hidden: bool,
        well_known: Option<&'static str>,
    ) {
        let folder = Folder {
            number,
            parent,
            name: name.to_owned(),
            hidden,
            well_known,
            unread: 0,
            size: 0,
            by_date: BTreeSet::new(),
            log: BTreeMap::new(),
            left: HashMap::new(),
            event: 0,
            full: 0,
            links: Links::default(),
            next_uid: 1,
            extended: BTreeMap::new(),
            multi: BTreeMap::new(),
            search: None,
            modified: 0,
            committed: 0,
        };
        self.folders.insert(number, folder);
        self.touch_folder(number, true);
    }

    pub(super) fn create_folder(&mut self, parent: u64, name: &str, hidden: bool) -> u64 {
        let number = self.next_counter();
        self.insert_folder(number, parent, name, hidden, None);
        self.touch_folder(parent, false);
        number
    }

    /// Direct children, by name in the mailbox's collation.
    pub(super) fn children(&self, parent: u64) -> Vec<&Folder> {
        let mut children: Vec<_> = self
            .folders
            .values()
            .filter(|f| f.parent == parent)
            .collect();
        children.sort_by_cached_key(|f| (collation(&f.name), f.number));
        children
    }

    /// The child of that name, without regard to case.
    pub(super) fn child(&self, parent: u64, name: &str) -> Option<u64> {
        let name = name.to_lowercase();
        self.folders
            .values()
            .find(|f| f.parent == parent && f.name.to_lowercase() == name)
            .map(|f| f.number)
    }

    /// Whether `folder` is `ancestor` or below it.
    pub(super) fn is_within(&self, folder: u64, ancestor: u64) -> bool {
        let mut at = folder;
        while at != ancestor {
            match self.folders.get(&at) {
                Some(f) => at = f.parent,
                None => return false,
            }
        }
        true
    }

    pub(super) fn touch_folder(&mut self, number: u64, full: bool) {
        let tick = self.next_tick();
        if let Some(folder) = self.folders.get_mut(&number) {
            self.folder_log.remove(&folder.event);
            folder.event = tick;
            folder.committed = super::world::now();
            if full {
                folder.full = tick;
                folder.modified = folder.committed;
            }
            self.folder_log.insert(tick, FolderEvent::Folder(number));
        }
    }

    pub(super) fn rename_folder(&mut self, number: u64, name: &str) {
        if let Some(folder) = self.folders.get_mut(&number) {
            folder.name = name.to_owned();
        }
        self.touch_folder(number, true);
    }

    pub(super) fn move_folder(&mut self, number: u64, parent: u64) {
        let old = self
            .folders
            .get_mut(&number)
            .map(|f| std::mem::replace(&mut f.parent, parent));
        self.touch_folder(number, true);
        self.touch_folder(parent, false);
        if let Some(old) = old {
            self.touch_folder(old, false);
        }
    }

    /// Removes a folder with everything in and below it.
    pub(super) fn purge_folder(&mut self, number: u64) {
        let below: Vec<_> = self
            .folders
            .values()
            .filter(|f| f.parent == number)
            .map(|f| f.number)
            .collect();
        for child in below {
            self.purge_folder(child);
        }
        let Some(folder) = self.folders.remove(&number) else {
            return;
        };
        for (_, item) in &folder.by_date {
            if let Some(item) = self.items.remove(item) {
                self.classic.remove(&item.entry);
            }
        }
        self.folder_log.remove(&folder.event);
        let tick = self.next_tick();
        self.folder_log.insert(tick, FolderEvent::Gone(number));
        self.touch_folder(folder.parent, false);
    }

    /// The item behind the counter of a classic id.
    pub(super) fn by_entry(&self, entry: u64) -> Option<&Item> {
        self.classic.get(&entry).and_then(|n| self.items.get(n))
    }

    /// Puts a new item into a folder and returns its number.
    pub(super) fn add(&mut self, folder: u64, mut item: Item) -> u64 {
        item.number = self.next_counter();
        item.change = self.next_counter();
        item.moved_in = false;
        item.left_before = None;
        let number = item.number;
        self.enter(folder, item);
        number
    }

    /// Puts an item back that [`Mailbox::leave`] took out: the immutable id stays.
    pub(super) fn put_back(&mut self, folder: u64, mut item: Item) {
        item.change = self.next_counter();
        item.moved_in = true;
        let before = self
            .folders
            .get(&folder)
            .and_then(|f| f.left.get(&item.number));
        item.left_before = before.copied();
        self.enter(folder, item);
    }

    fn enter(&mut self, folder: u64, mut item: Item) {
        item.entry = self.next_counter();
        item.folder = folder;
        let tick = self.next_tick();
        (item.event, item.full, item.arrived) = (tick, tick, tick);
        if let Some(f) = self.folders.get_mut(&folder) {
            item.uid = f.next_uid;
            f.next_uid += 1;
            f.unread += u64::from(!item.read);
            f.size += item.content.mime().len() as u64;
            f.by_date.insert((item.received, item.number));
            f.log.insert(tick, Event::Item(item.number));
        }
        self.classic.insert(item.entry, item.number);
        self.items.insert(item.number, item);
        self.touch_folder(folder, false);
    }

    /// Takes an item out of its folder, and leaves the trace that delta reads.
    pub(super) fn leave(&mut self, number: u64) -> Option<Item> {
        let item = self.items.remove(&number)?;
        self.classic.remove(&item.entry);
        let tick = self.next_tick();
        if let Some(f) = self.folders.get_mut(&item.folder) {
            f.log.remove(&item.event);
            f.unread = f.unread.saturating_sub(u64::from(!item.read));
            f.size = f.size.saturating_sub(item.content.mime().len() as u64);
            f.by_date.remove(&(item.received, number));
            f.log.insert(
                tick,
                Event::Left {
                    number,
                    entry: item.entry,
                },
            );
            f.left.insert(number, tick);
        }
        self.touch_folder(item.folder, false);
        Some(item)
    }

    /// Moves an item: the number stays, the classic id is new.
    pub(super) fn move_item(&mut self, number: u64, folder: u64) {
        if let Some(item) = self.leave(number) {
            self.put_back(folder, item);
        }
    }

    /// Changes an item. `read_only` says that nothing but the read state is touched: then change
    /// key and modification time stay (recorded).
    pub(super) fn change(
        &mut self,
        number: u64,
        read_only: bool,
        now: i64,
        edit: impl FnOnce(&mut Item),
    ) {
        let tick = self.next_tick();
        let counter = self.next_counter();
        let Some(item) = self.items.get_mut(&number) else {
            return;
        };
        let (was_unread, was_size, was_date) =
            (!item.read, item.content.mime().len(), item.received);
        edit(item);
        if !read_only {
            item.change = counter;
            item.modified = now;
            item.full = tick;
        }
        let before = std::mem::replace(&mut item.event, tick);
        if let Some(f) = self.folders.get_mut(&item.folder) {
            f.log.remove(&before);
            f.log.insert(tick, Event::Item(number));
            f.unread = (f.unread + u64::from(!item.read)).saturating_sub(u64::from(was_unread));
            f.size = (f.size + item.content.mime().len() as u64).saturating_sub(was_size as u64);
            if item.received != was_date {
                f.by_date.remove(&(was_date, number));
                f.by_date.insert((item.received, number));
            }
        }
        let (folder, counts) = (item.folder, was_unread == item.read);
        if counts {
            self.touch_folder(folder, false);
        }
    }
}

/// Umlauts sort with their letters, capitals with small letters.
fn collation(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'ä' => 'a',
            'ö' => 'o',
            'ü' => 'u',
            'ß' => 's',
            other => other,
        })
        .collect()
}
