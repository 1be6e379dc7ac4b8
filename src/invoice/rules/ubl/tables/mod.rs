//! Rows of the families UBL-CR, UBL-SR and UBL-DT.

pub mod attributes;
pub mod header;
pub mod lines;
pub mod once;
pub mod parties;
pub mod payment;
