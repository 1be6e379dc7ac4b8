//! The invoice module against what the official artefacts say of the data set in `../shared/invoice`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod brought;
mod exactness;
mod expected;
mod fragments;
mod judged;
mod pdf;
mod semantic;
