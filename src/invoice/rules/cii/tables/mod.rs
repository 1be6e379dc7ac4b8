//! Rows of the families CII-SR and CII-DT.

pub(crate) mod header;
pub(crate) mod line;
pub(crate) mod settlement;
pub(crate) mod types;
