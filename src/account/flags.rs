//! Flags between Graph and IMAP (pure).
