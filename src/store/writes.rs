//! What a client's command changes in `state.db`: flags, and messages that come, go and change their folder.
//!
//! Every method is one commit and may meet what a delta round brought already: a message that is in its new folder
//! keeps the UID it got there, one that left its old folder is not expunged twice.

use super::{
    MailboxStore,
    error::{Error, Result},
    mailboxes::FolderKey,
    messages::{MessageKey, MessageRow, RemoteMessage, Served, ViewRow},
    rounds::Round,
    served, unix_now,
};
use crate::mail::{Flags, Keyword, RemoteId, SystemFlag, Uid};
use rusqlite::{OptionalExtension, Transaction, params};

/// So long (seconds) a copy that we made counts, when its source is expunged.
pub const COPY_COUNTS: i64 = 24 * 3600;

/// A change of one message's flags: what is named in neither stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlagEdit {
    pub on: Flags,
    pub off: Flags,
    /// As Graph answered the change, so that its echo in the delta is no news.
    pub change_key: Option<String>,
}

/// A message that is in another folder now, or (COPY) there as well.
#[derive(Debug, Clone)]
pub struct Carried {
    /// As it was read before Graph was asked.
    pub row: MessageRow,
    /// Its id in the destination: the same after a move, another after a copy.
    pub remote: RemoteId,
    /// What Graph told of it there.
    pub told: RemoteMessage,
    /// It arrives without \Deleted.
    pub undelete: bool,
    /// Perhaps somebody else changed its content before Graph carried it: nothing in the cache stands for it.
    pub suspect: bool,
}

/// A message in the folder where it was carried to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    pub key: MessageKey,
    pub uid: Uid,
}

/// A message that a client wrote.
#[derive(Debug, Clone)]
pub struct Written {
    pub remote: RemoteId,
    pub told: RemoteMessage,
    pub flags: Flags,
    /// Unix seconds.
    pub internal_date: i64,
    /// Graph takes it for a draft, and it is none.
    pub undraft: bool,
    pub mime: Vec<u8>,
    /// Facts of `mime`.
    pub served: Served,
}

impl MailboxStore {
    /// Rows of these UIDs, ascending, without what was served; unknown ones are left out.
    pub async fn bare_messages(
        &self,
        folder: FolderKey,
        mut uids: Vec<Uid>,
    ) -> Result<Vec<MessageRow>> {
        uids.sort_unstable();
        uids.dedup();
        self.state()
            .read(move |conn| {
                let mut found = Vec::with_capacity(uids.len());
                for uid in uids {
                    found.extend(super::messages::bare(conn, folder, uid.value())?);
                }
                Ok(found)
            })
            .await
    }

    /// Changes flags after Graph took them. Messages that are gone are left out; the rows stand as they are now, in the order given.
    pub async fn edit_flags(
        &self,
        folder: FolderKey,
        edits: Vec<(MessageKey, FlagEdit)>,
    ) -> Result<Vec<ViewRow>> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder)?;
                let mut keys = Vec::with_capacity(edits.len());
                for (key, edit) in &edits {
                    if round.edit(*key, edit)? {
                        keys.push(*key);
                    }
                }
                round.finish()?;
                keys.into_iter()
                    .map(|key| super::messages::view(tx, key))
                    .collect()
            })
            .await
    }

    /// MOVE: out of `from` and into `to`, in one commit; the messages there, in the order given. What was served, and the MIME in
    /// the cache, serve the new place. In a folder that was never listed they have no UIDs yet: its first listing brings
    /// them, also one that is under way and read that page before.
    pub async fn move_rows(
        &self,
        from: FolderKey,
        to: FolderKey,
        moved: Vec<Carried>,
    ) -> Result<Vec<Arrived>> {
        self.carry(Some(from), to, moved).await
    }

    /// COPY: the copies get their UIDs in `to`, in the order given; for a day it is known what they are copies of.
    pub async fn copy_rows(&self, to: FolderKey, copied: Vec<Carried>) -> Result<Vec<Arrived>> {
        self.carry(None, to, copied).await
    }

    async fn carry(
        &self,
        from: Option<FolderKey>,
        to: FolderKey,
        all: Vec<Carried>,
    ) -> Result<Vec<Arrived>> {
        let mailbox = self.clone();
        let (arrived, heirs) = self
            .state()
            .write(move |tx| {
                let (arrived, heirs) = match super::listing::is_listed(tx, to)? {
                    true => mailbox.arrive_all(tx, from.is_none(), to, &all)?,
                    false => {
                        stage_all(tx, to, &all)?;
                        (Vec::new(), Vec::new())
                    }
                };
                if let Some(from) = from {
                    let mut round = Round::begin(tx, from)?;
                    for one in &all {
                        round.remove(&one.row.remote)?;
                    }
                    round.finish()?;
                }
                Ok((arrived, heirs))
            })
            .await?;
        for (old, new) in heirs {
            // The cache may vanish at any time: the message is then downloaded once more.
            let cached = match new {
                Heir::Adopts(new) => self.cache().adopt(old, new).await,
                Heir::Doubts(new) => self.cache_remove(new).await,
            };
            if let Err(error) = cached {
                tracing::debug!(%error, "cached octets stay behind");
            }
        }
        Ok(arrived)
    }

    fn arrive_all(
        &self,
        tx: &Transaction<'_>,
        copies: bool,
        to: FolderKey,
        all: &[Carried],
    ) -> Result<(Vec<Arrived>, Heirs)> {
        let mut round = Round::begin(tx, to)?;
        let (mut arrived, mut heirs) = (Vec::with_capacity(all.len()), Vec::new());
        for one in all {
            let kept = self.served_in(tx, one.row.key)?;
            let (key, uid) = round.arrive(one, kept.is_some())?;
            if copies {
                remember_copy(tx, &one.row.remote, &one.remote)?;
                self.share_original(tx, &one.row.remote, &one.remote)?;
            }
            let inherits = self.inherit(tx, kept, key)?;
            if one.suspect {
                super::originals::doubt(tx, one.remote.as_str())?;
                heirs.push((one.row.key, Heir::Doubts(key)));
            } else if inherits {
                heirs.push((one.row.key, Heir::Adopts(key)));
            }
            arrived.push(Arrived { key, uid });
        }
        round.finish()?;
        Ok((arrived, heirs))
    }

    /// What was served (`kept`) serves `to`, unless `to` was served already. Whether it does: the octets then belong to
    /// `to` as well, else those served there may be another rendering.
    fn inherit(&self, tx: &Transaction<'_>, kept: Option<Served>, to: MessageKey) -> Result<bool> {
        let (Some(facts), None) = (kept, self.served_in(tx, to)?) else {
            return Ok(false);
        };
        served::write(tx, self.sealer(), to, &facts)?;
        Ok(true)
    }

    /// Takes messages out of a folder; those that are gone already are fine.
    pub async fn expunge_rows(&self, folder: FolderKey, gone: Vec<RemoteId>) -> Result<()> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder)?;
                for remote in &gone {
                    round.remove(remote)?;
                }
                round.finish()?;
                Ok(())
            })
            .await
    }

    /// Copies that we made of these messages within the last [`COPY_COUNTS`] seconds: (source, copy).
    pub async fn copies(&self, sources: Vec<RemoteId>) -> Result<Vec<(RemoteId, RemoteId)>> {
        let since = unix_now() - COPY_COUNTS;
        self.state()
            .read(move |conn| {
                let mut query = conn
                    .prepare_cached("SELECT copy FROM copies WHERE source = ?1 AND made >= ?2")?;
                let mut found = Vec::new();
                for source in sources {
                    let rows = query.query_map(params![source.as_str(), since], |row| {
                        row.get::<_, String>(0)
                    })?;
                    for copy in rows {
                        found.push((source.clone(), RemoteId::new(copy?)));
                    }
                }
                Ok(found)
            })
            .await
    }

    /// A message that a client wrote: its row, what it was served as, and its octets, in one commit.
    /// Where a delta round brought it already and it was shown otherwise, it gets a new UID.
    pub async fn append_row(&self, folder: FolderKey, written: Written) -> Result<Uid> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| mailbox.append_in(tx, folder, &written))
            .await
    }

    pub(super) fn append_in(
        &self,
        tx: &Transaction<'_>,
        folder: FolderKey,
        written: &Written,
    ) -> Result<Uid> {
        self.keep_original(tx, &written.remote, &written.mime, written.undraft)?;
        let mut round = Round::begin(tx, folder)?;
        let shown = round.write(written, |key| self.served_in(tx, key))?;
        round.finish()?;
        let (key, uid, served) = shown;
        if !served {
            served::write(tx, self.sealer(), key, &written.served)?;
        }
        Ok(uid)
    }

    /// What a client wrote is the original of a message that is there already, unless that was served otherwise before. Whether it is.
    pub async fn adopt_original(
        &self,
        key: MessageKey,
        remote: RemoteId,
        mime: Vec<u8>,
        facts: Served,
    ) -> Result<bool> {
        let mailbox = self.clone();
        self.state()
            .write(move |tx| mailbox.adopt_in(tx, key, &remote, &mime, &facts))
            .await
    }

    pub(super) fn adopt_in(
        &self,
        tx: &Transaction<'_>,
        key: MessageKey,
        remote: &RemoteId,
        mime: &[u8],
        facts: &Served,
    ) -> Result<bool> {
        let kept = self.served_in(tx, key)?;
        if kept.is_some_and(|kept| kept.sha256 != facts.sha256) {
            return Ok(false);
        }
        self.keep_original(tx, remote, mime, false)?;
        self.keep_in(tx, key, facts.clone())?;
        Ok(true)
    }
}

/// Keys of messages, and what becomes of what the cache has of them.
type Heirs = Vec<(MessageKey, Heir)>;

/// What the cache has of a carried message.
enum Heir {
    Adopts(MessageKey),
    Doubts(MessageKey),
}

fn stage_all(tx: &Transaction<'_>, to: FolderKey, all: &[Carried]) -> Result<()> {
    for one in all {
        let message = RemoteMessage {
            received: one.told.received.or(Some(one.row.internal_date)),
            ..one.told.clone()
        };
        super::listing::stage_one(tx, to, &one.remote, &message)?;
    }
    Ok(())
}

fn remember_copy(tx: &Transaction<'_>, source: &RemoteId, copy: &RemoteId) -> Result<()> {
    let now = unix_now();
    tx.prepare_cached("DELETE FROM copies WHERE made < ?1")?
        .execute([now - COPY_COUNTS])?;
    tx.prepare_cached("INSERT OR REPLACE INTO copies VALUES (?1, ?2, ?3)")?
        .execute(params![source.as_str(), copy.as_str(), now])?;
    Ok(())
}

impl Round<'_> {
    fn edit(&mut self, key: MessageKey, edit: &FlagEdit) -> Result<bool> {
        let Some(known) = self.known_by_key(key)? else {
            return Ok(false);
        };
        let bits = (known.flags | edit.on.bits()) & !edit.off.bits();
        let words = known.keywords.split(' ').filter_map(Keyword::new);
        let mut flags = Flags::from_parts(bits, words);
        for word in edit.on.keywords() {
            flags.set_keyword(word.clone(), true);
        }
        for word in edit.off.keywords() {
            flags.set_keyword(word.clone(), false);
        }
        self.show_flags(&known, &flags)?;
        self.patch_details(
            known.key,
            &RemoteMessage {
                change_key: edit.change_key.clone(),
                ..RemoteMessage::default()
            },
        )?;
        Ok(true)
    }

    /// A message comes from another folder with its flags and its date. One that is here already keeps its
    /// UID and gets the flags that only we know. `served`: somebody saw its content. Then the changeKey of the answer is
    /// not taken, since it covers what others changed before as well: the delta's echo is looked at. (A suspect is looked
    /// at anyway.)
    fn arrive(&mut self, one: &Carried, served: bool) -> Result<(MessageKey, Uid)> {
        // Flags may have changed since the row was read.
        let now = self.flags_now(one.row.key)?;
        let mut flags = now.unwrap_or_else(|| one.row.flags.clone());
        if one.undelete {
            flags.set(SystemFlag::Deleted, false);
        }
        if let Some(known) = self.known(one.remote.as_str())? {
            let mut shown = Flags::from_parts(known.flags, words(&known.keywords));
            for flag in [
                SystemFlag::Deleted,
                SystemFlag::Answered,
                SystemFlag::Forwarded,
            ] {
                shown.set(flag, flags.has(flag) || shown.has(flag));
            }
            self.show_flags(&known, &shown)?;
            return Ok((MessageKey(known.key), uid(known.uid)?));
        }
        let (row, told) = (&one.row, &one.told);
        let looked_at = served && !one.suspect;
        let told_key = told.change_key.clone().filter(|_| !looked_at);
        let message = RemoteMessage {
            received: Some(row.internal_date),
            change_key: told_key.or(row.change_key.clone()),
            subject: row.subject.clone().or(told.subject.clone()),
            message_id: row.message_id.clone().or(told.message_id.clone()),
            store_size: row.store_size.or(told.store_size),
            summary: row.summary.clone(),
            ..RemoteMessage::default()
        };
        self.insert_shown(one.remote.as_str(), &message, &flags)
    }

    /// The row of a message that a client wrote: its key, its UID, and whether its facts are kept already.
    fn write(
        &mut self,
        written: &Written,
        served: impl Fn(MessageKey) -> Result<Option<Served>>,
    ) -> Result<(MessageKey, Uid, bool)> {
        let Some(known) = self.known(written.remote.as_str())? else {
            let message = RemoteMessage {
                received: Some(written.internal_date),
                ..written.told.clone()
            };
            let (key, uid) =
                self.insert_shown(written.remote.as_str(), &message, &written.flags)?;
            return Ok((key, uid, false));
        };
        let key = MessageKey(known.key);
        let facts = served(key)?;
        let same_date = self.internal_date(key)? == written.internal_date;
        let same_octets = facts
            .as_ref()
            .is_none_or(|f| f.sha256 == written.served.sha256);
        self.show_flags(&known, &written.flags)?;
        self.patch_details(known.key, &written.told)?;
        if same_date && same_octets {
            return Ok((key, uid(known.uid)?, facts.is_some()));
        }
        let new = self.replace(key)?;
        let key = self.date(new, written.internal_date)?;
        Ok((key, new, false))
    }
}

fn words(keywords: &str) -> impl Iterator<Item = Keyword> {
    keywords.split(' ').filter_map(Keyword::new)
}

fn uid(value: u32) -> Result<Uid> {
    Uid::new(value).ok_or(Error::UidsExhausted)
}

/// Whether Graph takes for a draft what is none.
pub(super) fn undraft(tx: &Transaction<'_>, remote: &str) -> Result<bool> {
    let mut query = tx.prepare_cached("SELECT undraft FROM appended WHERE remote = ?1")?;
    let found: Option<bool> = query.query_row([remote], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(false))
}
