//! `$batch`: to come.

use super::{
    http::{Outcome, error},
    route::Ctx,
};

pub(super) fn answer(_: &mut Ctx<'_>, _: usize) -> Outcome {
    Err(error(501, "NotImplemented", "not built yet"))
}
