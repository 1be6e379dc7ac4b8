//! Rounds of the message delta; listings; the background worker.
