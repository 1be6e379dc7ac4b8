//! The spool over the configured accounts: who may send, and when a wait is over.

use super::{
    Base, Result,
    seat::{Seat, State},
};
use crate::{
    account::{Registry, write::Outgoing},
    mail::AccountName,
    spool::{Couriers, Options, Spool},
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Opens what an earlier run left to be sent.
pub(super) async fn open(base: &Base) -> Result<Spool> {
    let routes = base.seats.iter().filter_map(|seat| {
        let route = seat.route()?;
        Some((seat.name().clone(), route))
    });
    let couriers: Couriers = routes.collect();
    let options = Options {
        max_message_size: base.config.smtp.max_message_size,
        ..Options::default()
    };
    Ok(Spool::open(base.store.clone(), couriers, options).await?)
}

/// So long a submission may take to its first attempt, where its Message-ID gets known.
const BEGINS: Duration = Duration::from_secs(2);

/// What the spool tells of one account's submissions to its IMAP side.
#[derive(Debug)]
struct Submitted {
    spool: Spool,
    account: AccountName,
}

impl Outgoing for Submitted {
    fn expects_copy<'a>(
        &'a self,
        message_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let mut changes = self.spool.changes();
            let until = tokio::time::Instant::now() + BEGINS;
            loop {
                let known = self.spool.in_flight(&self.account);
                if known
                    .iter()
                    .any(|one| one.message_id.as_deref() == Some(message_id))
                {
                    return true;
                }
                // One whose Message-ID is not known yet may be it.
                if known.iter().all(|one| one.message_id.is_some()) {
                    return false;
                }
                match tokio::time::timeout_at(until, changes.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return false,
                }
            }
        })
    }
}

/// Mail that waits for a sign-in, or for the cloud, goes as soon as the account is there. Its IMAP side then
/// knows what was submitted.
pub(super) async fn release(
    seat: Arc<Seat>,
    registry: Registry,
    spool: Spool,
    stop: CancellationToken,
) {
    let mut state = seat.state();
    loop {
        let ready = *state.borrow_and_update() == State::Ready;
        if ready {
            if let Ok(account) = registry.get(seat.name()) {
                account.set_outgoing(Arc::new(Submitted {
                    spool: spool.clone(),
                    account: seat.name().clone(),
                }));
            }
            spool.release(seat.name()).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}
