//! The sandbox over the wire: what it answers has the recorded shapes, and it surprises as the
//! service does.

mod authorize;
mod bed;
mod browser;
mod consent;
mod delegation;
mod demo;
mod grants;
mod hostile;
mod https;
mod limits;
mod queries;
mod recorded;
mod refusals;
mod signin;
mod switches;
mod sync;
mod tokens;
mod traffic;
mod transport;
