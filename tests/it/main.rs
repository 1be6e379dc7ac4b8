//! One integration binary; one module for each capability.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod architecture;
mod auth;
mod bodies;
mod cli;
mod cloud;
mod config;
mod crash_send;
mod crash_sent;
mod crash_write;
mod demo;
mod graph;
mod imap_bulk;
mod imap_golden;
mod imap_server;
mod imap_stack;
mod imap_transcripts;
mod imap_write;
mod mime_golden;
mod mime_hostile;
mod oauth;
mod positions;
mod program;
mod recovered;
mod sandbox;
mod sandbox_alone;
mod smtp;
mod smtp_taking;
mod smtp_time;
mod smtp_transcripts;
mod spool;
mod spool_faults;
mod store;
#[cfg(target_os = "linux")]
mod submission_disk;
mod sync;
mod sync_faults;
mod sync_random;
mod sync_world;
mod tls;
mod two_accounts;
mod write;
mod write_append;
mod write_carry;
mod write_sent;
mod write_tree;
