//! The sandbox over the wire: what it answers has the recorded shapes, and it surprises as the
//! service does.

mod bed;
mod demo;
mod limits;
mod recorded;
mod signin;
mod switches;
mod sync;
mod traffic;
mod transport;
