//! Header fields over raw octets.
