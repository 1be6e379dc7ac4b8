//! Whether and when to repeat a request (pure).
