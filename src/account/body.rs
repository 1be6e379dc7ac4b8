//! Bodies: downloaded once, checked, kept; what was served for a UID is never contradicted.
