//! The spool over the configured accounts: who may send, where reports go, when a wait is over, and
//! what an account must know of the mail that is under way.

use super::{
    Base, Result,
    seat::{Seat, State},
};
use crate::{
    account::{
        Registry,
        write::{Expected, Outgoing},
    },
    mail::{AccountName, ErrorClass, Flags, MailboxName, RemoteId},
    spool::{Couriers, Deliver, Delivered, Options, Report, Spool, Wrote, deliver_through_graph},
};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Opens what an earlier run left to be sent.
pub(super) async fn open(base: &Base, registry: &Registry) -> Result<Spool> {
    let routes = base.seats.iter().filter_map(|seat| {
        let route = seat.route()?;
        Some((seat.name().clone(), route))
    });
    let couriers: Couriers = routes.collect();
    let options = Options {
        max_message_size: base.config.smtp.max_message_size,
        deliver: Some(Arc::new(ToInbox {
            registry: registry.clone(),
            couriers: couriers.clone(),
        })),
        ..Options::default()
    };
    Ok(Spool::open(base.store.clone(), couriers, options).await?)
}

/// Follows an account: it knows what is under way, and mail that waits for a sign-in or for the cloud
/// goes as soon as the account is there.
pub(super) async fn follow(
    seat: Arc<Seat>,
    registry: Registry,
    spool: Spool,
    stop: CancellationToken,
) {
    let mut state = seat.state();
    loop {
        let ready = matches!(*state.borrow_and_update(), State::Ready | State::Sending);
        if let Ok(account) = registry.get(seat.name()) {
            account.set_outgoing(Arc::new(UnderWay {
                spool: spool.clone(),
                account: seat.name().clone(),
            }));
        }
        if ready {
            spool.release(seat.name()).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

/// So long a submission may take to its first attempt, where its Message-ID gets known.
const BEGINS: Duration = Duration::from_secs(2);

/// The copy in Sent Items of a mail that was just taken is Graph's to make.
#[derive(Debug)]
struct UnderWay {
    spool: Spool,
    account: AccountName,
}

impl Outgoing for UnderWay {
    fn expects_copy<'a>(
        &'a self,
        message_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Expected> + Send + 'a>> {
        Box::pin(async move {
            let mut changes = self.spool.changes();
            let until = tokio::time::Instant::now() + BEGINS;
            loop {
                let told = self.spool.in_flight(&self.account);
                if told
                    .iter()
                    .any(|mail| mail.message_id.as_deref() == Some(message_id))
                {
                    return Expected::Yes;
                }
                // One whose Message-ID is not known yet may be it: programs append at once.
                if told.iter().all(|mail| mail.message_id.is_some()) {
                    return Expected::No;
                }
                match tokio::time::timeout_at(until, changes.changed()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return Expected::Perhaps,
                }
            }
        })
    }

    /// By its id; by its Message-ID while Graph has not told the id yet.
    fn is_own_draft(&self, id: &str, message_id: Option<&str>) -> bool {
        let told = self.spool.in_flight(&self.account);
        told.iter().any(|mail| match &mail.draft {
            Some(draft) => draft.as_str() == id,
            None => {
                mail.drafting && message_id.is_some() && mail.message_id.as_deref() == message_id
            }
        })
    }
}

/// Reports go the way of a client's APPEND, so that their octets are served as they were written;
/// where the account is not served, through Graph.
#[derive(Debug)]
struct ToInbox {
    registry: Registry,
    couriers: Couriers,
}

impl Deliver for ToInbox {
    fn wrote<'a>(&'a self, name: &'a AccountName, message: &'a RemoteId) -> Wrote<'a> {
        Box::pin(async move {
            let account = self.registry.get(name).ok()?;
            account.wrote(message).await.ok()
        })
    }

    fn deliver<'a>(&'a self, name: &'a AccountName, report: &'a Report) -> Delivered<'a> {
        Box::pin(async move {
            let route = self.couriers.get(name).ok_or(ErrorClass::NotFound)?;
            let Ok(account) = self.registry.get(name) else {
                return deliver_through_graph(&route.graph, report).await;
            };
            // A report whose delivery was not answered.
            let there = route
                .graph
                .with_message_id("inbox", &report.message_id)
                .await;
            if !there.map_err(|error| error.class())?.is_empty() {
                return Ok(());
            }
            let (inbox, flags) = (MailboxName::inbox(), Flags::default());
            let appended = account
                .append(&inbox, &flags, None, report.mime.clone())
                .await;
            appended.map(drop).map_err(|error| {
                tracing::warn!(account = %name, %error, "a report was not delivered");
                error.class()
            })
        })
    }
}
