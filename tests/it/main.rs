//! One integration binary; one module for each capability.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod architecture;
mod auth;
mod config;
mod graph;
mod mime_golden;
mod mime_hostile;
mod oauth;
mod store;
mod tls;
