//! One integration binary; one module for each capability.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod architecture;
mod auth;
mod cloud;
mod config;
mod graph;
mod imap_stack;
mod imap_transcripts;
mod mime_golden;
mod mime_hostile;
mod oauth;
mod sandbox;
mod store;
mod tls;
