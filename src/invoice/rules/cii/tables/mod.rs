//! Rows of the families CII-SR and CII-DT.

pub mod header;
pub mod line;
pub mod settlement;
pub mod types;
