//! The daemon's doors.

pub mod outbox;
pub mod reader;
pub mod table;

#[cfg(test)]
mod tests;
