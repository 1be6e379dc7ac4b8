//! One mail of each shape that a mailbox meets, so that whoever opens the demo meets them too.

pub(super) mod bodies;
pub(super) mod charsets;
pub(super) mod headers;
pub(super) mod multiparts;
pub(super) mod nested;
pub(super) mod reports;
pub(super) mod sealed;

#[cfg(test)]
mod tests;
