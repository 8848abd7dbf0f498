//! The built program's demo, as whoever tries it has it: as lines, and in a terminal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::print_stdout, reason = "a question that is not asked yet is said, not silent")]

mod drills;
mod lines;
mod pty;
mod questions;

use std::path::{Path, PathBuf};
use tidegate::sim::WorldFile;
use tidegate::sim::file::Length;

/// The program with nothing of this machine's around it but `folder`, which it may write into.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tidegate"))
}

/// The demo's world up to a moment: what a person sees then stays, however slow this machine is.
fn until(folder: &Path, seconds: u64) -> PathBuf {
    let mut world = WorldFile::parse(tidegate::play::DEMO).unwrap();
    world.story.retain(|entry| entry.at <= Length::secs(seconds));
    let file = folder.join("world.toml");
    std::fs::write(&file, world.text()).unwrap();
    file
}
