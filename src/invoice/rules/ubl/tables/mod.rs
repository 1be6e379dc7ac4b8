//! Rows of the families UBL-CR, UBL-SR and UBL-DT.

pub(crate) mod attributes;
pub(crate) mod header;
pub(crate) mod lines;
pub(crate) mod once;
pub(crate) mod parties;
pub(crate) mod payment;
