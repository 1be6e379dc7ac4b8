//! Postern: IMAP and SMTP on this computer, Microsoft 365 behind it.
//!
//! A short map. The protocol faces are [`imap`] and [`smtp`]; [`account`] is one Microsoft 365
//! mailbox as IMAP sees it; [`spool`] takes mail and sees it sent; [`graph`] and [`oauth`] talk to the cloud; [`store`] holds what must
//! survive. [`mail`] and [`mime`] are pure: words and bytes, no I/O. [`sandbox`] is a Microsoft
//! 365 of our own on loopback and shares no type with the rest. [`app`] puts it together.
//! `ARCHITECTURE.md` tells who may import whom; a test holds it.

pub mod account;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod control;
pub mod graph;
pub mod imap;
pub mod invoice;
pub mod mail;
pub mod mime;
pub mod net;
pub mod oauth;
pub mod sandbox;
pub mod sasl;
pub mod smtp;
pub mod spool;
pub mod store;
pub mod telemetry;
pub mod web;
