//! Attachments: to come.

use super::{
    http::{Call, Outcome, error},
    mailbox::{Item, Mailbox},
    route::{Ctx, Target},
    world::World,
};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Upload {}

pub(super) fn is_upload(_: &Call) -> bool {
    false
}
pub(super) fn upload(_: &mut World, _: &Call) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
pub(super) fn list(_: &Mailbox, _: &Item, _: bool) -> Value {
    json!([])
}
pub(super) fn handle(_: &mut Ctx<'_>, _: &Target, _: &str, _: &[&str]) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
