//! The console: what an operator sees of a daemon, and steers it with.

pub mod key;
mod plain;
mod text;
pub mod theme;

pub use plain::{plain, word};
