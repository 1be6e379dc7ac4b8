//! The invoice module against what the official artefacts say of the data set in `../shared/invoice`.

mod exactness;
mod expected;
mod fragments;
mod judged;
mod pdf;
mod semantic;
