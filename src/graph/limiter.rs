//! Four in flight and 10,000 in ten minutes, for each (application id, mailbox) (Graph: throttling limits).

/// Shared by everything that talks to one mailbox with one application id. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Limiter {}
