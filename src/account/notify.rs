//! Signals that a folder changed. A signal carries no data: the listener asks the store.

/// Watches one folder.
#[derive(Debug)]
pub struct Watch {}

impl Watch {
    /// Waits for a change after the last call. Cancel-safe.
    pub async fn changed(&mut self) {
        todo!()
    }
}
