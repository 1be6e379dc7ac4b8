//! FETCH and UID FETCH (RFC 3501 sections 6.4.5 and 7.4.2).
//!
//! First a [`Plan`]: what is asked decides what must be got. FLAGS and UID come from the session's view
//! alone; INTERNALDATE from the rows; everything else from what is known of the exact MIME, or from
//! its octets. Messages are taken in chunks, so that a whole mailbox is never in memory, and a long
//! section goes out piece by piece.
//!
//! One message's failure is not the others': they are answered, then comes a tagged NO. Nothing is ever
//! written into a message.
//!
//! A section without PEEK sets `\Seen` where the mailbox is selected read-write, once the message is at hand
//! and before it is answered. If Graph does not take the flag, the message is read all the same.

use super::{
    no_such_number,
    outcome::Outcome,
    section::{Source, Wanted},
};
use crate::{
    account::FlagChange,
    account::{self, Account, MessageRow, Served},
    imap::{
        conn::{Conn, Ended, Result},
        reply::Reply,
        session::{Selection, Session, State, log},
        view::{SeqNum, View},
        wire::{Item, SequenceSet, body, encode},
    },
    mail::{ErrorClass, Flags, SystemFlag, Uid},
    mime::{self, Structure},
};
use std::{collections::HashMap, ops::Range, time::Duration};
use tokio::time::sleep;

/// Messages at a time.
const CHUNK: usize = 50;
/// Octets of a section at a time. A section of at most this size is at hand before it is begun.
const PIECE: u64 = 1 << 20;
/// Once a section is begun, its next piece is asked for so often.
const ATTEMPTS: u32 = 3;

/// How much a FETCH needs, from cheap to dear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    View,
    Row,
    Served,
}

/// What one FETCH asks of each message.
#[derive(Debug)]
struct Plan {
    items: Vec<Ask>,
    need: Need,
    structure: bool,
    /// It is reading: sets `\Seen`.
    reads: bool,
}

#[derive(Debug)]
enum Ask {
    Plain(Item),
    Section(Wanted),
}

impl Plan {
    fn new(uid: bool, items: Vec<Item>) -> Self {
        // A UID command's answer always has the UID (section 6.4.8).
        let implied = (uid && !items.contains(&Item::Uid)).then_some(Item::Uid);
        let mut plan = Self {
            items: Vec::new(),
            need: Need::View,
            structure: false,
            reads: false,
        };
        for item in implied.into_iter().chain(items) {
            plan.add(item);
        }
        plan
    }

    fn add(&mut self, item: Item) {
        let (need, structure) = match &item {
            Item::Flags | Item::Uid => (Need::View, false),
            Item::InternalDate => (Need::Row, false),
            Item::Body | Item::BodyStructure => (Need::Served, true),
            _ => (Need::Served, false),
        };
        self.need = self.need.max(need);
        self.structure |= structure;
        self.reads |= matches!(
            item,
            Item::Rfc822 | Item::Rfc822Text | Item::Section { peek: false, .. }
        );
        self.items.push(match Wanted::from_item(&item) {
            Some(wanted) => {
                self.structure |= wanted.needs_structure();
                Ask::Section(wanted)
            }
            None => Ask::Plain(item),
        });
    }

    fn tells_flags(&self) -> bool {
        let flags = |ask: &Ask| matches!(ask, Ask::Plain(Item::Flags));
        self.items.iter().any(flags)
    }
}

pub async fn fetch(
    session: &mut Session,
    uid: bool,
    set: &SequenceSet,
    items: Vec<Item>,
) -> Result<Reply> {
    let State::Selected(user, selected) = &mut session.state else {
        return Ok(Reply::bad("Nothing is selected"));
    };
    let Some(places) = places(&selected.view, uid, set) else {
        return Ok(no_such_number());
    };
    let plan = Plan::new(uid, items);
    let mut fetching = Fetching {
        account: &user.account,
        selected,
        conn: &mut session.conn,
        plan: &plan,
        outcome: Outcome::new("FETCH"),
    };
    if plan.need == Need::View {
        fetching.flags_only(places).await?;
    } else {
        let places: Vec<usize> = places.into_iter().flatten().collect();
        for chunk in places.chunks(CHUNK) {
            fetching.chunk(chunk).await?;
        }
    }
    Ok(fetching.outcome.reply(uid, Reply::ok("Done")))
}

/// Places in the view, ascending. `None`: a message number that is not in use (section 9: BAD).
/// `1:*` of an empty mailbox names nothing and is no error: clients send it.
pub(super) fn places(view: &View, uid: bool, set: &SequenceSet) -> Option<Vec<Range<usize>>> {
    let exists = u32::try_from(view.exists()).unwrap_or(u32::MAX);
    if uid {
        let ranges = set.resolve(view.last_uid().map(Uid::value));
        let places = ranges.into_iter().map(|(a, b)| view.between(a, b));
        return Some(places.collect());
    }
    let last = (exists > 0).then_some(exists);
    let starred_empty = last.is_none() && set.highest_named() <= 1;
    if set.highest_named() > exists && !starred_empty {
        return None;
    }
    let ranges = set.resolve(last).into_iter();
    let ranges = ranges.map(|(a, b)| a as usize - 1..(b as usize).min(view.exists()));
    Some(ranges.filter(|range| range.start < range.end).collect())
}

struct Fetching<'a> {
    account: &'a Account,
    selected: &'a mut Selection,
    conn: &'a mut Conn,
    plan: &'a Plan,
    outcome: Outcome,
}

impl Fetching<'_> {
    async fn flags_only(&mut self, places: Vec<Range<usize>>) -> Result<()> {
        for place in places.into_iter().flatten() {
            let Some(seq) = self.selected.view.seq_at(place) else {
                continue;
            };
            self.message(seq, None, None).await?;
            self.conn.relieve().await?;
        }
        Ok(())
    }

    async fn chunk(&mut self, places: &[usize]) -> Result<()> {
        let view = &self.selected.view;
        let seqs: Vec<_> = places.iter().filter_map(|p| view.seq_at(*p)).collect();
        let uids: Vec<_> = seqs
            .iter()
            .filter_map(|seq| view.row(*seq))
            .map(|row| row.uid)
            .collect();
        let rows = self.account.messages(self.selected.folder, &uids);
        let rows = match self.conn.patiently(rows).await? {
            Ok(rows) => rows,
            Err(error) => {
                self.outcome.note(&error);
                return Ok(());
            }
        };
        let served = self.served(&rows).await?;
        if self.plan.reads && self.selected.writable {
            self.see(&rows, &served).await?;
        }
        let mut rows: HashMap<_, _> = rows
            .iter()
            .map(|row| row.uid)
            .zip(rows.iter().zip(served))
            .collect();
        for (seq, uid) in seqs.into_iter().zip(uids) {
            match rows.remove(&uid) {
                Some((row, Ok(served))) => self.message(seq, Some(row), served.as_ref()).await?,
                Some((_, Err(error))) => self.outcome.note(&error),
                None => self.outcome.vanish(),
            }
            self.conn.relieve().await?;
        }
        Ok(())
    }

    /// One outcome for each row; `Ok(None)` where the rows are enough.
    async fn served(
        &mut self,
        rows: &[MessageRow],
    ) -> Result<Vec<account::Result<Option<Served>>>> {
        if self.plan.need < Need::Served {
            return Ok(rows.iter().map(|_| Ok(None)).collect());
        }
        let served = self.conn.patiently(self.account.served(rows)).await?;
        Ok(served.into_iter().map(|one| one.map(Some)).collect())
    }

    /// Sets `\Seen` of what is about to be shown. Where FLAGS are asked for they are in the same response,
    /// else they follow.
    async fn see(
        &mut self,
        rows: &[MessageRow],
        served: &[account::Result<Option<Served>>],
    ) -> Result<()> {
        let view = &mut self.selected.view;
        let unseen = |uid| {
            let row = view.seq_of(uid).and_then(|seq| view.row(seq));
            row.is_some_and(|row| !row.flags.has(SystemFlag::Seen))
        };
        let shown = rows.iter().zip(served).filter(|(_, one)| one.is_ok());
        let uids: Vec<_> = shown
            .map(|(row, _)| row.uid)
            .filter(|u| unseen(*u))
            .collect();
        if uids.is_empty() {
            return Ok(());
        }
        let seen = Flags::default().with(SystemFlag::Seen);
        let folder = self.selected.folder;
        let stored = self
            .account
            .store_flags(folder, &uids, FlagChange::Add, &seen);
        match self.conn.patiently(stored).await? {
            Ok(stored) => {
                let told = self.plan.tells_flags();
                for row in stored.changed {
                    self.selected.view.stored(row, told);
                }
                for (_, error) in stored.failed {
                    log(&error, "\\Seen");
                }
            }
            Err(error) => log(&error, "\\Seen"),
        }
        Ok(())
    }

    /// Writes one response, or none if something of it can't be got.
    async fn message(
        &mut self,
        seq: SeqNum,
        row: Option<&MessageRow>,
        served: Option<&Served>,
    ) -> Result<()> {
        let structure = match (self.plan.structure, served) {
            (true, Some(served)) => match serde_json::from_str(&served.structure) {
                Ok(structure) => Some(structure),
                Err(error) => {
                    tracing::error!(%error, "a kept structure can't be read");
                    self.outcome.fail(ErrorClass::Bug);
                    return Ok(());
                }
            },
            _ => None,
        };
        let begun = self.conn.out().len();
        let message = Message {
            seq,
            row,
            served,
            structure: structure.as_ref(),
        };
        match self.write(&message).await? {
            Ok(()) => Ok(()),
            Err(error) => {
                self.conn.out().truncate(begun);
                self.outcome.note(&error);
                Ok(())
            }
        }
    }

    async fn write(&mut self, message: &Message<'_>) -> Result<account::Result<()>> {
        let plan = self.plan;
        encode::text(self.conn.out(), &format!("* {} FETCH (", message.seq.0));
        let mut whole = true;
        for (at, ask) in plan.items.iter().enumerate() {
            if at > 0 {
                self.conn.out().push(b' ');
            }
            match ask {
                Ask::Plain(item) => self.plain(item, message),
                Ask::Section(wanted) => match self.section(wanted, message, whole).await? {
                    Ok(at_once) => whole &= at_once,
                    Err(error) => return Ok(Err(error)),
                },
            }
        }
        self.conn.say(")\r\n");
        Ok(Ok(()))
    }

    fn plain(&mut self, item: &Item, message: &Message<'_>) {
        let view_row = self.selected.view.row(message.seq);
        let out = self.conn.out();
        match item {
            Item::Flags => {
                encode::text(out, "FLAGS ");
                if let Some(row) = view_row {
                    encode::flags(out, &row.flags, row.recent);
                }
            }
            Item::Uid => {
                encode::text(out, "UID ");
                encode::number(out, view_row.map_or(0, |row| row.uid.value().into()));
            }
            Item::InternalDate => {
                encode::text(out, "INTERNALDATE ");
                encode::date_time(out, message.row.map_or(0, |row| row.internal_date));
            }
            Item::Size => {
                encode::text(out, "RFC822.SIZE ");
                encode::number(out, message.served.map_or(0, |served| served.size));
            }
            Item::Envelope => {
                encode::text(out, "ENVELOPE ");
                let header = message.served.map_or(&[][..], |served| &served.header);
                body::envelope(out, &mime::envelope(header));
            }
            Item::Body | Item::BodyStructure => {
                let extended = *item == Item::BodyStructure;
                encode::text(out, if extended { "BODYSTRUCTURE " } else { "BODY " });
                if let Some(structure) = message.structure {
                    body::structure(out, structure, extended);
                }
            }
            Item::Rfc822 | Item::Rfc822Header | Item::Rfc822Text | Item::Section { .. } => {}
        }
    }

    /// True when nothing was written to the client yet, so that the response can still be taken back.
    async fn section(
        &mut self,
        wanted: &Wanted,
        message: &Message<'_>,
        whole: bool,
    ) -> Result<account::Result<bool>> {
        let (Some(row), Some(served)) = (message.row, message.served) else {
            return Ok(Ok(true));
        };
        self.conn.out().extend_from_slice(&wanted.label);
        self.conn.out().push(b' ');
        match wanted.source(served, message.structure) {
            Source::Nil => encode::nstring(self.conn.out(), None),
            Source::Ready(octets) => section_octets(self.conn.out(), &octets),
            Source::Fields(range) => match self.octets(row, range, whole).await? {
                Ok(header) => section_octets(self.conn.out(), &wanted.fields(&header)),
                Err(error) => return Ok(Err(error)),
            },
            Source::Octets(range) => return self.stream(row, range, whole).await,
        }
        Ok(Ok(true))
    }

    /// Exactly these octets. After a part of the response went out, an error ends the connection: there is no
    /// other way not to make something up.
    async fn octets(
        &mut self,
        row: &MessageRow,
        range: Range<u64>,
        whole: bool,
    ) -> Result<account::Result<Vec<u8>>> {
        for attempt in 1.. {
            let wanted = range.end - range.start;
            // No sign of life here: it would fall between the parts of a response.
            let got = self.account.octets(row, range.clone()).await;
            match got {
                Ok(octets) if octets.len() as u64 == wanted => return Ok(Ok(octets)),
                Ok(_) if whole => return Ok(Err(account::Error::Broken)),
                Err(error) if whole => return Ok(Err(error)),
                Err(error) => log(&error, "FETCH, in the middle of a message"),
                Ok(_) => tracing::error!("a message ended before its size"),
            }
            if attempt >= ATTEMPTS {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        Err(Ended::Gone(std::io::Error::other("message broke off")))
    }

    async fn stream(
        &mut self,
        row: &MessageRow,
        range: Range<u64>,
        whole: bool,
    ) -> Result<account::Result<bool>> {
        let size = range.end - range.start;
        let mut from = range.start;
        let mut at_once = whole;
        while from < range.end || size == 0 {
            let to = range.end.min(from + PIECE);
            let octets = match self.octets(row, from..to, at_once).await? {
                Ok(octets) => octets,
                Err(error) => return Ok(Err(error)),
            };
            if from == range.start {
                if size <= PIECE {
                    section_octets(self.conn.out(), &octets);
                    break;
                }
                encode::literal_head(self.conn.out(), size);
            }
            self.conn.out().extend_from_slice(&octets);
            self.conn.flush().await?;
            at_once = false;
            from = to;
        }
        Ok(Ok(at_once))
    }
}

/// A section is a literal, as clients expect it, unless it is empty.
fn section_octets(out: &mut Vec<u8>, octets: &[u8]) {
    if octets.is_empty() {
        encode::string(out, octets);
    } else {
        encode::literal(out, octets);
    }
}

/// What is known of the message in hand.
struct Message<'a> {
    seq: SeqNum,
    row: Option<&'a MessageRow>,
    served: Option<&'a Served>,
    structure: Option<&'a Structure>,
}
