//! The command line against a daemon without disk or world: the real engine, the real rows, the real socket.

mod commands;
mod docs;
mod rows;
mod wire;
mod world;
