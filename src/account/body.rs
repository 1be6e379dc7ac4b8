//! Bodies: downloaded once, checked, kept; what was served for a UID is never contradicted.

use super::{Result, Served};
use crate::mime::Structure;

/// The structure kept in [`Served::structure`] (JSON).
pub fn structure(_served: &Served) -> Result<Structure> {
    todo!()
}
