//! TLS of the local listeners: own CA with critical name constraints and a leaf renewed while running, or PEM files.

/// Makes server sides of TLS; the certificate behind it can change while running. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Acceptor {}
