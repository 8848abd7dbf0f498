//! Tests of the module as its users see it.

mod graph;
mod random;
mod reading;
