//! Sending: to come.

use super::{
    Shared,
    http::{Outcome, error},
    route::{Ctx, Target},
    world::World,
};

#[derive(Debug)]
pub(super) struct Transit {}

pub(super) fn deliver_due(_: &mut World) {}
pub(super) async fn carry(shared: Shared) {
    shared.stop.cancelled().await;
}
pub(super) fn send_mail(_: &mut Ctx<'_>, _: &Target) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
pub(super) fn send_draft(_: &mut Ctx<'_>, _: &Target, _: &str) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
