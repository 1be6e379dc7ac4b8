//! The spool over the configured accounts: who may send, and when a wait is over.

use super::{
    Base, Result,
    seat::{Seat, State},
};
use crate::spool::{Couriers, Options, Spool};
use std::sync::Arc;
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

/// Mail that waits for a sign-in, or for the cloud, goes as soon as the account is there.
pub(super) async fn release(seat: Arc<Seat>, spool: Spool, stop: CancellationToken) {
    let mut state = seat.state();
    loop {
        let ready = *state.borrow_and_update() == State::Ready;
        if ready {
            spool.release(seat.name()).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}
