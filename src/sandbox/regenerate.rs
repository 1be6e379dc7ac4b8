//! What Exchange makes of a message: MIME rebuilt from properties, with losses.

/// What the rendering depends on besides the MIME.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Seeds boundaries and ids, so that the same item gives the same octets until it changes.
    pub item: String,
    pub is_draft: bool,
    /// Name and address of the mailbox, filled in where From is missing.
    pub owner: (String, String),
}

/// The `$value` of an item that came in as `mime`.
pub fn regenerate(_mime: &[u8], _context: &Context) -> Vec<u8> {
    todo!()
}
