//! Taking a submission: written to disk as it comes in, never whole in memory.

use super::{
    Error, Result, Spool, SubmissionId, outgoing,
    state::{State, Step},
};
use crate::{
    mail::{AccountName, Envelope},
    store::spool::{MessageWriter, Progress},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A submission on its way in. Dropped before [`Incoming::commit`], it was never there.
#[derive(Debug)]
pub struct Incoming {
    spool: Spool,
    account: AccountName,
    envelope: Envelope,
    /// `None` after an error.
    message: Option<MessageWriter>,
    /// The first octets: the header, in all likelihood.
    head: Vec<u8>,
    room: Room,
}

/// Of the head.
const HEAD: usize = 64 * 1024;

/// Octets that count against the quota while it lives.
#[derive(Debug)]
struct Room {
    held: Arc<AtomicU64>,
    octets: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.held.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

impl Room {
    fn grow(&mut self, octets: u64, quota: Option<u64>) -> Result<()> {
        let before = self.held.fetch_add(octets, Ordering::Relaxed);
        self.octets += octets;
        match quota {
            Some(quota) if before.saturating_add(octets) > quota => Err(Error::Full),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    pub(super) fn begin(spool: Spool, account: &AccountName, envelope: Envelope) -> Result<Self> {
        let options = &spool.0.options;
        if envelope.recipients.is_empty() {
            return Err(Error::NoRecipients);
        }
        if !spool.0.couriers.contains_key(account) {
            return Err(Error::NoAccount(account.clone()));
        }
        let announced = envelope.size.unwrap_or(0);
        let limit = options.max_message_size;
        if announced > limit {
            return Err(Error::TooLarge { limit });
        }
        let held = Arc::clone(&spool.0.held);
        if let Some(quota) = options.quota
            && held.load(Ordering::Relaxed).saturating_add(announced) > quota
        {
            return Err(Error::Full);
        }
        let message = spool.0.ledger.store.message_writer()?;
        Ok(Self {
            account: account.clone(),
            envelope,
            message: Some(message),
            head: Vec::new(),
            room: Room { held, octets: 0 },
            spool,
        })
    }

    /// Appends octets of the message (dots undone, CRLF line ends). [`Error::TooLarge`] and
    /// [`Error::Full`] end it, and its file is gone: read the rest of DATA without keeping it, then
    /// refuse.
    pub async fn write(&mut self, octets: &[u8]) -> Result<()> {
        let Some(mut message) = self.message.take() else {
            return Err(Error::Full);
        };
        let options = &self.spool.0.options;
        let limit = options.max_message_size;
        if message.size() + octets.len() as u64 > limit {
            return Err(Error::TooLarge { limit });
        }
        self.room.grow(octets.len() as u64, options.quota)?;
        let room = HEAD.saturating_sub(self.head.len()).min(octets.len());
        self.head
            .extend_from_slice(octets.get(..room).unwrap_or_default());
        message.write(octets).await?;
        self.message = Some(message);
        Ok(())
    }

    /// Durable when it returns: only now may 250 be said.
    pub async fn commit(self) -> Result<SubmissionId> {
        let Some(message) = self.message else {
            return Err(Error::Full);
        };
        let spool = self.spool;
        let now = super::now();
        let progress = Progress {
            state: State::Queued.as_str().to_owned(),
            step: Step::Fresh.as_str().to_owned(),
            due: Some(now),
            message_id: outgoing::message_id_of(&self.head),
            ..Progress::default()
        };
        let store = &spool.0.ledger.store;
        let submitted = store
            .submit(&self.account, &self.envelope, &progress, now, message)
            .await?;
        // Its file stays: what it takes is given back when it is over.
        spool.0.held.fetch_add(submitted.size, Ordering::Relaxed);
        spool.0.ledger.note(&submitted);
        spool.wake(&self.account);
        Ok(SubmissionId(submitted.id))
    }
}
