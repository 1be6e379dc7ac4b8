//! Microsoft Graph v1.0 and Entra ID v2 on loopback: a tenant of our own.
//!
//! Imports nothing of ours, so that a wrong field name cannot be wrong on both sides.

pub mod regenerate;
pub mod seed;

use std::io;
use url::Url;

/// How a sandbox starts. Ports of 0 mean any free one.
#[derive(Debug, Clone)]
pub struct Options {
    pub tenant: seed::Tenant,
    pub seeding: Seeding,
    pub graph_port: u16,
    pub login_port: u16,
    pub admin_port: u16,
    /// Device codes approve themselves for the user that the sign-in is for, a second after they were handed out.
    pub auto_approve: bool,
}

/// What `$value` gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeding {
    /// The MIME comes back as it was put in (golden tests).
    Verbatim,
    /// As Exchange does: rebuilt from properties, with losses (the default of demo and sync tests).
    Regenerated,
}

/// A running sandbox; stops when dropped.
#[derive(Debug)]
pub struct Sandbox {}

impl Sandbox {
    pub async fn start(_options: Options) -> io::Result<Self> {
        todo!()
    }
    /// Graph's root, such as `http://127.0.0.1:9001/` (the API is under `/v1.0`).
    pub fn graph_url(&self) -> Url {
        todo!()
    }
    pub fn login_url(&self) -> Url {
        todo!()
    }
    /// Journal, faults, deliveries, switches: over HTTP, so that any test client can use it.
    pub fn admin_url(&self) -> Url {
        todo!()
    }
    pub async fn stop(self) {
        todo!()
    }
}
