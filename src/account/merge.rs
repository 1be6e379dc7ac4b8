//! From delta entries and what is known to changes of the store (pure).
