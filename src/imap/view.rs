//! What one session believes its mailbox to be: message numbers and UIDs. Pure.
//!
//! RFC 3501 sections 2.3.1.2 and 7.4.1, RFC 2180: a message keeps its number until this session is
//! told EXPUNGE, and has one only after this session was told EXISTS. Changes queue up in
//! [`View::note`]; [`View::announce`] tells them, expunges only where the command in progress allows
//! it, so EXISTS only grows until then. Invariant: `rows` is ascending by UID, and so is `arrived`,
//! whose UIDs are all higher.
//!
//! `\Recent` is handled plainly: what arrived while this session had the mailbox selected is recent
//! to it; nothing is recent at SELECT (section 2.3.2 leaves room where sessions are not told apart).

use crate::{
    account::{Changes, Snapshot, ViewRow},
    mail::{Flags, ModSeq, SystemFlag, Uid, UidValidity},
};
use std::{collections::BTreeSet, num::NonZeroU32};

/// A message sequence number: its place in the view, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeqNum(pub NonZeroU32);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub uid: Uid,
    pub flags: Flags,
    pub recent: bool,
    /// Its flags changed, and the session was not told yet.
    changed: bool,
}

/// An untagged response that a change makes due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    Expunge(SeqNum),
    Exists(usize),
    Recent(usize),
    Fetch(SeqNum),
}

#[derive(Debug)]
pub struct View {
    uid_validity: UidValidity,
    uid_next: u32,
    modseq: ModSeq,
    rows: Vec<Row>,
    arrived: Vec<Row>,
    gone: BTreeSet<Uid>,
}

impl View {
    pub fn new(snapshot: Snapshot) -> Self {
        let rows = snapshot.rows.into_iter().map(|row| Row {
            uid: row.uid,
            flags: row.flags,
            recent: false,
            changed: false,
        });
        Self {
            uid_validity: snapshot.uid_validity,
            uid_next: snapshot.uid_next,
            modseq: snapshot.highest_modseq,
            rows: rows.collect(),
            arrived: Vec::new(),
            gone: BTreeSet::new(),
        }
    }

    pub fn uid_validity(&self) -> UidValidity {
        self.uid_validity
    }

    pub fn uid_next(&self) -> u32 {
        self.uid_next
    }

    /// What this session has taken note of: the next changes are those after it.
    pub fn modseq(&self) -> ModSeq {
        self.modseq
    }

    /// Messages that the session was told of.
    pub fn exists(&self) -> usize {
        self.rows.len()
    }

    pub fn recent(&self) -> usize {
        self.rows.iter().filter(|row| row.recent).count()
    }

    /// The first message without `\Seen`.
    pub fn first_unseen(&self) -> Option<SeqNum> {
        let at = self
            .rows
            .iter()
            .position(|row| !row.flags.has(SystemFlag::Seen))?;
        seq(at)
    }

    pub fn row(&self, seq: SeqNum) -> Option<&Row> {
        self.rows.get(seq.0.get() as usize - 1)
    }

    pub fn seq_of(&self, uid: Uid) -> Option<SeqNum> {
        let at = self.rows.binary_search_by_key(&uid, |row| row.uid).ok()?;
        seq(at)
    }

    pub fn last_uid(&self) -> Option<Uid> {
        self.rows.last().map(|row| row.uid)
    }

    /// Every message with its number, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (SeqNum, &Row)> {
        (1..)
            .filter_map(NonZeroU32::new)
            .map(SeqNum)
            .zip(self.rows.iter())
    }

    /// Numbers of the messages whose UIDs lie in `low..=high`.
    pub fn between(&self, low: u32, high: u32) -> std::ops::Range<usize> {
        let start = self.rows.partition_point(|row| row.uid.value() < low);
        let end = self.rows.partition_point(|row| row.uid.value() <= high);
        start..end.max(start)
    }

    /// The number at a place counted from 0, as [`View::between`] gives them.
    pub fn seq_at(&self, place: usize) -> Option<SeqNum> {
        (place < self.rows.len()).then(|| seq(place)).flatten()
    }

    /// Whether the message is gone, although the session was not told yet.
    pub fn is_gone(&self, uid: Uid) -> bool {
        self.gone.contains(&uid)
    }

    /// Takes note of what happened since [`View::modseq`]. Nothing is told yet.
    pub fn note(&mut self, changes: Changes) {
        self.modseq = self.modseq.max(changes.highest_modseq);
        self.uid_next = self.uid_next.max(changes.uid_next);
        for row in changes.changed {
            self.note_row(row);
        }
        for uid in changes.expunged {
            self.arrived.retain(|row| row.uid != uid);
            if self.seq_of(uid).is_some() {
                self.gone.insert(uid);
            }
        }
    }

    fn note_row(&mut self, new: ViewRow) {
        let known = |rows: &[Row]| rows.binary_search_by_key(&new.uid, |row| row.uid).ok();
        if let Some(row) = known(&self.rows).and_then(|at| self.rows.get_mut(at)) {
            row.changed |= row.flags != new.flags;
            row.flags = new.flags;
            return;
        }
        if let Some(row) = known(&self.arrived).and_then(|at| self.arrived.get_mut(at)) {
            row.flags = new.flags;
            return;
        }
        // UIDs only grow, so what is unknown is the newest. Anything else is gone already here.
        let last = self.arrived.last().or(self.rows.last());
        if last.is_none_or(|row| row.uid < new.uid) {
            self.arrived.push(Row {
                uid: new.uid,
                flags: new.flags,
                recent: true,
                changed: false,
            });
        }
    }

    /// Takes note of what a command of this session made of a message. `known`: the client knows already.
    pub fn stored(&mut self, new: ViewRow, known: bool) {
        let at = self.rows.binary_search_by_key(&new.uid, |row| row.uid);
        if let Some(row) = at.ok().and_then(|at| self.rows.get_mut(at)) {
            row.changed |= !known;
            row.flags = new.flags;
        }
    }

    /// What the session is told now, in the order of sending. Expunges wait where they may not be
    /// told: in answer to FETCH, STORE and SEARCH (RFC 3501 section 7.4.1).
    pub fn announce(&mut self, expunges: bool) -> Vec<Update> {
        let mut updates = Vec::new();
        let before = self.recent();
        if expunges && !self.gone.is_empty() {
            self.expunge(&mut updates);
        }
        if !self.arrived.is_empty() {
            self.rows.append(&mut self.arrived);
            updates.push(Update::Exists(self.rows.len()));
        }
        let recent = self.recent();
        if recent != before {
            updates.push(Update::Recent(recent));
        }
        for (at, row) in self.rows.iter_mut().enumerate() {
            if std::mem::take(&mut row.changed) {
                updates.extend(seq(at).map(Update::Fetch));
            }
        }
        updates
    }

    /// Each number is that after the expunges before it: from the lowest up, shifted.
    fn expunge(&mut self, updates: &mut Vec<Update>) {
        let gone = std::mem::take(&mut self.gone);
        let mut place = 0;
        self.rows.retain(|row| {
            let stays = !gone.contains(&row.uid);
            if stays {
                place += 1;
            } else {
                updates.extend(seq(place).map(Update::Expunge));
            }
            stays
        });
    }
}

fn seq(place: usize) -> Option<SeqNum> {
    let number = u32::try_from(place).ok()?.checked_add(1)?;
    NonZeroU32::new(number).map(SeqNum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uid: u32, flag: Option<SystemFlag>) -> ViewRow {
        let mut flags = Flags::default();
        if let Some(flag) = flag {
            flags.set(flag, true);
        }
        ViewRow {
            uid: Uid::new(uid).unwrap(),
            flags,
            modseq: ModSeq(1),
        }
    }

    fn view(uids: &[u32]) -> View {
        View::new(Snapshot {
            uid_validity: UidValidity::new(7).unwrap(),
            uid_next: 100,
            highest_modseq: ModSeq(1),
            rows: uids.iter().map(|uid| row(*uid, None)).collect(),
        })
    }

    fn seq(number: u32) -> SeqNum {
        SeqNum(NonZeroU32::new(number).unwrap())
    }

    /// New or changed UIDs (negative: with `\Seen`), and expunged ones.
    fn changes(changed: &[i32], expunged: &[u32]) -> Changes {
        let changed = changed.iter().map(|n| {
            let seen = (*n < 0).then_some(SystemFlag::Seen);
            row(n.unsigned_abs(), seen)
        });
        Changes {
            highest_modseq: ModSeq(2),
            uid_next: 101,
            changed: changed.collect(),
            expunged: expunged.iter().map(|u| Uid::new(*u).unwrap()).collect(),
        }
    }

    type Case<'a> = (
        &'a str,
        &'a [u32],
        Vec<Changes>,
        bool,
        Vec<Update>,
        &'a [u32],
    );

    #[test]
    fn named_cases() {
        use Update::{Exists, Expunge, Fetch, Recent};
        let cases: Vec<Case<'_>> = vec![
            (
                "nothing happened",
                &[1, 2],
                vec![changes(&[], &[])],
                true,
                vec![],
                &[1, 2],
            ),
            (
                "one arrives",
                &[1],
                vec![changes(&[5], &[])],
                true,
                vec![Exists(2), Recent(1)],
                &[1, 5],
            ),
            (
                "arrivals are told although expunges wait",
                &[1],
                vec![changes(&[5], &[1])],
                false,
                vec![Exists(2), Recent(1)],
                &[1, 5],
            ),
            (
                "first of three goes",
                &[1, 2, 3],
                vec![changes(&[], &[1])],
                true,
                vec![Expunge(seq(1))],
                &[2, 3],
            ),
            (
                "all go: the number stays one",
                &[4, 5, 6],
                vec![changes(&[], &[4, 5, 6])],
                true,
                vec![Expunge(seq(1)), Expunge(seq(1)), Expunge(seq(1))],
                &[],
            ),
            (
                "outer two go",
                &[1, 2, 3],
                vec![changes(&[], &[1, 3])],
                true,
                vec![Expunge(seq(1)), Expunge(seq(2))],
                &[2],
            ),
            (
                "expunge and arrival at once",
                &[1, 2],
                vec![changes(&[9], &[1])],
                true,
                vec![Expunge(seq(1)), Exists(2), Recent(1)],
                &[2, 9],
            ),
            (
                "arrived and gone before it was told",
                &[1],
                vec![changes(&[5], &[]), changes(&[], &[5])],
                true,
                vec![],
                &[1],
            ),
            (
                "flags change",
                &[1, 2],
                vec![changes(&[-2], &[])],
                false,
                vec![Fetch(seq(2))],
                &[1, 2],
            ),
            (
                "flags as they were are not told",
                &[1, 2],
                vec![changes(&[2], &[])],
                true,
                vec![],
                &[1, 2],
            ),
            (
                "flags of a message that moves up",
                &[1, 2],
                vec![changes(&[-2], &[1])],
                true,
                vec![Expunge(seq(1)), Fetch(seq(1))],
                &[2],
            ),
            (
                "flags of a new message come with it",
                &[1],
                vec![changes(&[5], &[]), changes(&[-5], &[])],
                true,
                vec![Exists(2), Recent(1)],
                &[1, 5],
            ),
            (
                "an expunge noted twice is told once",
                &[1, 2],
                vec![changes(&[], &[2]), changes(&[], &[2])],
                true,
                vec![Expunge(seq(2))],
                &[1],
            ),
            (
                "expunge of one never known",
                &[1],
                vec![changes(&[], &[77])],
                true,
                vec![],
                &[1],
            ),
            (
                "first message of an empty mailbox",
                &[],
                vec![changes(&[1], &[])],
                true,
                vec![Exists(1), Recent(1)],
                &[1],
            ),
            (
                "a late word about one that is gone does not bring it back",
                &[5],
                vec![changes(&[3], &[])],
                true,
                vec![],
                &[5],
            ),
        ];
        for (name, uids, noted, expunges, told, after) in cases {
            let mut view = view(uids);
            for changes in noted {
                view.note(changes);
            }
            assert_eq!(view.announce(expunges), told, "{name}");
            let left: Vec<_> = view.iter().map(|(_, row)| row.uid.value()).collect();
            assert_eq!(left, after, "{name}");
            assert!(view.announce(false).is_empty(), "{name}: told twice");
        }
    }

    #[test]
    fn a_waiting_expunge_keeps_the_numbers() {
        let mut view = view(&[1, 2, 3]);
        view.note(changes(&[], &[1]));
        assert!(view.announce(false).is_empty());
        assert_eq!(view.row(seq(1)).unwrap().uid.value(), 1);
        assert!(view.is_gone(Uid::new(1).unwrap()));
        view.note(changes(&[8], &[2]));
        assert_eq!(
            view.announce(false),
            [Update::Exists(4), Update::Recent(1)],
            "EXISTS only grows"
        );
        assert_eq!(
            view.announce(true),
            [Update::Expunge(seq(1)), Update::Expunge(seq(1))]
        );
        assert_eq!(view.seq_of(Uid::new(8).unwrap()), Some(seq(2)));
    }

    #[test]
    fn a_recent_message_that_goes_lowers_recent() {
        let mut view = view(&[1]);
        view.note(changes(&[2, 3], &[]));
        let _ = view.announce(true);
        view.note(changes(&[], &[2]));
        assert_eq!(
            view.announce(true),
            [Update::Expunge(seq(2)), Update::Recent(1)]
        );
    }

    #[test]
    fn what_the_session_itself_stored_is_told_unless_it_is_known() {
        let seen = |uid| row(uid, Some(SystemFlag::Seen));
        let mut view = view(&[4, 5, 6]);
        view.stored(seen(4), true);
        view.stored(seen(5), false);
        view.stored(row(6, None), false);
        view.stored(seen(7), false);
        // The same news comes again by way of the store.
        view.note(changes(&[-4, -5], &[]));
        let told = [Update::Fetch(seq(2)), Update::Fetch(seq(3))];
        assert_eq!(view.announce(false), told);
        assert!(view.row(seq(1)).unwrap().flags.has(SystemFlag::Seen));
    }

    #[test]
    fn ranges_of_uids() {
        let view = view(&[2, 4, 6]);
        assert_eq!(view.between(1, 9), 0..3);
        assert_eq!(view.between(3, 5), 1..2);
        assert_eq!(view.between(7, 9), 3..3);
        assert_eq!(view.between(9, 1), 3..3);
        assert_eq!(view.seq_at(2), Some(seq(3)));
        assert_eq!(view.seq_at(3), None);
        assert_eq!(view.first_unseen(), Some(seq(1)));
    }
}
