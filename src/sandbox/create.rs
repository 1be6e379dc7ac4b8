//! Creating and changing messages: to come.

use super::{
    http::{Outcome, error},
    route::{Ctx, Target},
};

pub(super) fn create(_: &mut Ctx<'_>, _: &Target, _: Option<&str>) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
pub(super) fn change(_: &mut Ctx<'_>, _: &Target, _: u64) -> Outcome<()> {
    Err(error(501, "NotImplemented", "not built yet"))
}
