//! A change of one folder's messages: one transaction, at most one new MODSEQ.
//!
//! Invariants: a UID is handed out here and nowhere else, always the folder's next one. MODSEQ grows
//! only with a message that is new or whose flags or keywords became others, and with
//! an expunge. An internal date never changes. `\Deleted` is ours: no word from the cloud touches it.

use super::{
    MailboxStore,
    error::{Error, Result},
    mailboxes::{FolderKey, mod_seq},
    messages::{Change, MessageKey, RemoteMessage},
    unix_now,
};
use crate::mail::{Flags, Keyword, ModSeq, RemoteId, SystemFlag, Uid};
use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

/// So many messages that left a folder keep what was served for them, to find it again where they went.
const DEPARTED: i64 = 2_000;

/// `\Seen` as a bit.
const SEEN: u8 = SystemFlag::Seen as u8;

impl MailboxStore {
    /// One page of a delta round and the link to go on with (`None`: as it was), in one commit. A
    /// replay changes nothing: MODSEQ grows only where something visible changed. Returns the
    /// new highest MODSEQ.
    pub async fn apply(
        &self,
        folder: FolderKey,
        changes: Vec<Change>,
        link: Option<String>,
    ) -> Result<ModSeq> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder)?;
                for change in &changes {
                    match change {
                        Change::Upsert(remote, message) => {
                            round.upsert(remote.as_str(), message)?
                        }
                        Change::Remove(remote) => round.remove(remote)?,
                    }
                }
                if let Some(link) = link {
                    tx.prepare_cached("UPDATE folders SET link = ?2 WHERE key = ?1")?
                        .execute(params![folder.0, link])?;
                }
                round.finish()
            })
            .await
    }

    /// Sets local flags after Graph took them. Returns the new highest MODSEQ.
    pub async fn set_flags(&self, key: MessageKey, flags: Flags) -> Result<ModSeq> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder_of(tx, key)?)?;
                let known = round.known_by_key(key)?.ok_or(Error::NoMessage)?;
                round.show(&known, flags.bits(), &keywords_text(&flags))?;
                round.finish()
            })
            .await
    }

    /// New content under the same remote id: the old row is expunged, a new one with the highest UID
    /// takes over flags and dates, in one commit.
    pub async fn replace(&self, key: MessageKey) -> Result<Uid> {
        self.state()
            .write(move |tx| {
                let mut round = Round::begin(tx, folder_of(tx, key)?)?;
                let uid = round.replace(key)?;
                round.finish()?;
                Ok(uid)
            })
            .await
    }
}

fn folder_of(tx: &Transaction<'_>, key: MessageKey) -> Result<FolderKey> {
    tx.prepare_cached("SELECT folder FROM messages WHERE key = ?1")?
        .query_row([key.0], |row| row.get(0).map(FolderKey))
        .optional()?
        .ok_or(Error::NoMessage)
}

/// The flags that the cloud tells of, and their values.
pub(super) fn told(message: &RemoteMessage) -> (u8, u8) {
    let all = [
        (SystemFlag::Seen, message.seen),
        (SystemFlag::Flagged, message.flagged),
        (SystemFlag::Draft, message.draft),
        (SystemFlag::Answered, message.answered),
        (SystemFlag::Forwarded, message.forwarded),
    ];
    let mut told = (0, 0);
    for (flag, value) in all {
        if let Some(on) = value {
            told.0 |= flag as u8;
            told.1 |= if on { flag as u8 } else { 0 };
        }
    }
    told
}

/// Keywords as the database keeps them: sorted, separated by spaces.
pub(super) fn join(keywords: &[Keyword]) -> String {
    keywords_text(&Flags::from_parts(0, keywords.iter().cloned()))
}

fn keywords_text(flags: &Flags) -> String {
    let words: Vec<_> = flags.keywords().map(Keyword::as_str).collect();
    words.join(" ")
}

/// A message's row as far as a round looks at it.
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) uid: u32,
    pub(super) flags: u8,
    pub(super) keywords: String,
    born: i64,
}

/// A folder's counters, taken out at the beginning and put back at the end.
pub(super) struct Round<'a> {
    tx: &'a Transaction<'a>,
    folder: i64,
    uid_next: u32,
    highest: i64,
    messages: u32,
    unseen: u32,
    /// The MODSEQ of everything that this round changes.
    modseq: i64,
    changed: bool,
    now: i64,
}

impl<'a> Round<'a> {
    pub(super) fn begin(tx: &'a Transaction<'a>, folder: FolderKey) -> Result<Self> {
        tx.prepare_cached(
            "SELECT uid_next, highest_modseq, messages, unseen FROM folders WHERE key = ?1",
        )?
        .query_row([folder.0], |row| {
            let highest: i64 = row.get(1)?;
            Ok(Self {
                tx,
                folder: folder.0,
                uid_next: row.get(0)?,
                highest,
                messages: row.get(2)?,
                unseen: row.get(3)?,
                modseq: highest + 1,
                changed: false,
                now: unix_now(),
            })
        })
        .optional()?
        .ok_or(Error::NoFolder)
    }

    /// Puts the counters back. Returns the highest MODSEQ.
    pub(super) fn finish(self) -> Result<ModSeq> {
        if !self.changed {
            return Ok(mod_seq(self.highest));
        }
        self.cached(
            "UPDATE folders SET uid_next = ?2, highest_modseq = ?3, messages = ?4, unseen = ?5
             WHERE key = ?1",
        )?
        .execute(params![
            self.folder,
            self.uid_next,
            self.modseq,
            self.messages,
            self.unseen
        ])?;
        self.prune_departed()?;
        Ok(mod_seq(self.modseq))
    }

    /// A patch of a known message, or a new one.
    pub(super) fn upsert(&mut self, remote: &str, message: &RemoteMessage) -> Result<()> {
        let (mask, values) = told(message);
        let keywords = message.keywords.as_deref().map(join);
        let Some(known) = self.known(remote)? else {
            if self.is_second_copy(remote, message)? {
                return Ok(());
            }
            let values = self.without_draft(remote, values)?;
            let keywords = keywords.unwrap_or_default();
            return self.insert(remote, message, values, &keywords).map(drop);
        };
        let flags = self.without_draft(remote, known.flags & !mask | values)?;
        let keywords = keywords.unwrap_or_else(|| known.keywords.clone());
        self.show(&known, flags, &keywords)?;
        self.patch_details(known.key, message)
    }

    /// Unknown ids are ignored.
    pub(super) fn remove(&mut self, remote: &RemoteId) -> Result<()> {
        match self.known(remote.as_str())? {
            Some(known) => self.expunge(&known, remote.as_str()),
            None => Ok(()),
        }
    }

    pub(super) fn tx(&self) -> &'a Transaction<'a> {
        self.tx
    }

    pub(super) fn folder(&self) -> FolderKey {
        FolderKey(self.folder)
    }

    pub(super) fn known(&self, remote: &str) -> Result<Option<Known>> {
        let mut query = self.cached(
            "SELECT key, uid, flags, keywords, born FROM messages WHERE remote = ?1 AND folder = ?2",
        )?;
        Ok(query
            .query_row(params![remote, self.folder], known)
            .optional()?)
    }

    pub(super) fn known_by_key(&self, key: MessageKey) -> Result<Option<Known>> {
        let mut query =
            self.cached("SELECT key, uid, flags, keywords, born FROM messages WHERE key = ?1")?;
        Ok(query.query_row([key.0], known).optional()?)
    }

    /// Makes flags and keywords visible, if they are other ones.
    fn show(&mut self, known: &Known, flags: u8, keywords: &str) -> Result<()> {
        if known.flags == flags && known.keywords == keywords {
            return Ok(());
        }
        self.cached("UPDATE messages SET flags = ?2, keywords = ?3, modseq = ?4 WHERE key = ?1")?
            .execute(params![known.key, flags, keywords, self.modseq])?;
        self.count(known.flags, false);
        self.count(flags, true);
        self.changed = true;
        Ok(())
    }

    pub(super) fn patch_details(&self, key: i64, message: &RemoteMessage) -> Result<()> {
        self.cached(
            "UPDATE messages SET change_key = coalesce(?2, change_key),
                 subject = coalesce(?3, subject), message_id = coalesce(?4, message_id),
                 store_size = coalesce(?5, store_size), summary = coalesce(?6, summary)
             WHERE key = ?1 AND (coalesce(?2, change_key) IS NOT change_key
                 OR coalesce(?3, subject) IS NOT subject
                 OR coalesce(?4, message_id) IS NOT message_id
                 OR coalesce(?5, store_size) IS NOT store_size
                 OR coalesce(?6, summary) IS NOT summary)",
        )?
        .execute(params![
            key,
            message.change_key,
            message.subject,
            message.message_id,
            message.store_size.map(signed),
            message.summary,
        ])?;
        Ok(())
    }

    fn insert(
        &mut self,
        remote: &str,
        message: &RemoteMessage,
        flags: u8,
        keywords: &str,
    ) -> Result<u32> {
        let uid = self.allocate()?;
        self.cached(
            "INSERT INTO messages (folder, uid, remote, flags, keywords, modseq, born,
                 internal_date, change_key, subject, message_id, store_size, summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            self.folder,
            uid,
            remote,
            flags,
            keywords,
            self.modseq,
            message.received.unwrap_or(self.now),
            message.change_key,
            message.subject,
            message.message_id,
            message.store_size.map(signed),
            message.summary,
        ])?;
        self.count(flags, true);
        Ok(uid)
    }

    /// [`Round::insert`] with all the flags that a message has.
    pub(super) fn insert_shown(
        &mut self,
        remote: &str,
        message: &RemoteMessage,
        flags: &Flags,
    ) -> Result<(MessageKey, Uid)> {
        let uid = self.insert(remote, message, flags.bits(), &keywords_text(flags))?;
        let key = MessageKey(self.tx.last_insert_rowid());
        Ok((key, Uid::new(uid).ok_or(Error::UidsExhausted)?))
    }

    pub(super) fn show_flags(&mut self, known: &Known, flags: &Flags) -> Result<()> {
        self.show(known, flags.bits(), &keywords_text(flags))
    }

    /// What a client wrote as no draft is none, though Graph takes MIME for one (surprise 1).
    fn without_draft(&self, remote: &str, flags: u8) -> Result<u8> {
        const DRAFT: u8 = SystemFlag::Draft as u8;
        if flags & DRAFT != 0 && super::writes::undraft(self.tx, remote)? {
            return Ok(flags & !DRAFT);
        }
        Ok(flags)
    }

    /// A message's flags in any folder.
    pub(super) fn flags_now(&self, key: MessageKey) -> Result<Option<Flags>> {
        let known = self.known_by_key(key)?;
        Ok(known.map(|known| {
            let words = known.keywords.split(' ').filter_map(Keyword::new);
            Flags::from_parts(known.flags, words)
        }))
    }

    pub(super) fn internal_date(&self, key: MessageKey) -> Result<i64> {
        let mut query = self.cached("SELECT internal_date FROM messages WHERE key = ?1")?;
        Ok(query.query_row([key.0], |row| row.get(0))?)
    }

    /// Dates a message whose UID was made in this round; its key.
    pub(super) fn date(&self, uid: Uid, internal_date: i64) -> Result<MessageKey> {
        let mut query = self.cached(
            "UPDATE messages SET internal_date = ?3 WHERE folder = ?1 AND uid = ?2 RETURNING key",
        )?;
        let place = params![self.folder, uid.value(), internal_date];
        Ok(query.query_row(place, |row| row.get(0).map(MessageKey))?)
    }

    /// The only place where a UID is made.
    fn allocate(&mut self) -> Result<u32> {
        let uid = self.uid_next;
        self.uid_next = uid.checked_add(1).ok_or(Error::UidsExhausted)?;
        self.changed = true;
        Ok(uid)
    }

    fn expunge(&mut self, known: &Known, remote: &str) -> Result<()> {
        self.cached(
            "INSERT INTO departed SELECT ?1, ?2, ?3
             WHERE EXISTS (SELECT 1 FROM served WHERE message = ?1)",
        )?
        .execute(params![known.key, self.folder, remote])?;
        self.bury(known)?;
        self.cached("DELETE FROM messages WHERE key = ?1")?
            .execute([known.key])?;
        Ok(())
    }

    fn bury(&mut self, known: &Known) -> Result<()> {
        self.cached("INSERT INTO expunged VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.folder, self.modseq, known.uid, known.born])?;
        self.count(known.flags, false);
        self.changed = true;
        Ok(())
    }

    /// Expunges what a listing did not name, but for `keep`.
    pub(super) fn expunge_unstaged(&mut self, gone: &[RemoteId]) -> Result<()> {
        let unstaged: Vec<String> = super::listing::unstaged(self.tx, self.folder)?;
        let gone: std::collections::HashSet<_> = gone.iter().map(RemoteId::as_str).collect();
        for remote in unstaged.iter().filter(|r| gone.contains(r.as_str())) {
            self.remove(&RemoteId::new(remote))?;
        }
        Ok(())
    }

    /// The row gets a new key too, since what was served belongs to the old content.
    pub(super) fn replace(&mut self, key: MessageKey) -> Result<Uid> {
        let known = self.known_by_key(key)?.ok_or(Error::NoMessage)?;
        self.bury(&known)?;
        let uid = self.allocate()?;
        self.count(known.flags, true);
        self.cached(
            "UPDATE messages SET uid = ?2, modseq = ?3, born = ?3,
                 key = (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'messages')
             WHERE key = ?1",
        )?
        .execute(params![key.0, uid, self.modseq])?;
        self.cached("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'messages'")?
            .execute([])?;
        self.cached("DELETE FROM served WHERE message = ?1")?
            .execute([key.0])?;
        Uid::new(uid).ok_or(Error::UidsExhausted)
    }

    fn count(&mut self, flags: u8, appears: bool) {
        let unseen = u32::from(flags & SEEN == 0);
        if appears {
            self.messages += 1;
            self.unseen += unseen;
        } else {
            self.messages = self.messages.saturating_sub(1);
            self.unseen = self.unseen.saturating_sub(unseen);
        }
    }

    fn prune_departed(&self) -> Result<()> {
        let oldest = "SELECT message FROM departed ORDER BY message DESC LIMIT 1 OFFSET ?1";
        let oldest: Option<i64> = self
            .cached(oldest)?
            .query_row([DEPARTED], |row| row.get(0))
            .optional()?;
        let Some(oldest) = oldest else {
            return Ok(());
        };
        self.cached(
            "DELETE FROM served WHERE message IN (SELECT message FROM departed WHERE message <= ?1)",
        )?
        .execute([oldest])?;
        self.cached("DELETE FROM departed WHERE message <= ?1")?
            .execute([oldest])?;
        Ok(())
    }

    fn cached(&self, sql: &str) -> Result<CachedStatement<'a>> {
        Ok(self.tx.prepare_cached(sql)?)
    }
}

fn known(row: &rusqlite::Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        key: row.get(0)?,
        uid: row.get(1)?,
        flags: row.get(2)?,
        keywords: row.get(3)?,
        born: row.get(4)?,
    })
}

/// Sizes come from the cloud: one beyond 2^63 is kept as the largest number there is.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
