//! The console from outside: pictures of every screen, and keys pressed on a bad night.

mod fixture;
mod honest;
mod pictures;
mod pools;
mod press;
mod questions;
mod random;
mod rollouts;
mod screen;
mod sheets;
mod sleep;
mod waits;
mod why;
