//! Taking a submission: written to disk as it comes in, never whole in memory.

use super::{Result, Spool, SubmissionId};
use crate::mail::{AccountName, Envelope};

/// A submission on its way in. Dropped before [`Incoming::commit`], it was never there.
#[derive(Debug)]
pub struct Incoming {
    spool: Spool,
}

impl Incoming {
    pub(super) async fn begin(
        _spool: Spool,
        _account: &AccountName,
        _envelope: Envelope,
    ) -> Result<Self> {
        todo!()
    }

    /// Appends octets of the message (dots undone, CRLF line ends). [`super::Error::TooLarge`] and
    /// [`super::Error::Full`] end it: read the rest of DATA without keeping it, then refuse.
    pub async fn write(&mut self, _octets: &[u8]) -> Result<()> {
        let _ = &self.spool;
        todo!()
    }

    /// Durable when it returns: only now may 250 be said.
    pub async fn commit(self) -> Result<SubmissionId> {
        todo!()
    }
}
