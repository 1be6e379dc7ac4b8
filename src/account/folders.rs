//! The folder tree: roles, names, rounds of the folder delta.
