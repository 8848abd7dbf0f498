//! `tidegate demo`: the whole product on a simulated fleet.

use super::Trouble;
use super::stage::{self, Show, Signals};
use std::io::Write;
use tidegate::cli::{ConsoleStart, DemoStart};
use tidegate::console;
use tidegate::play::{DEMO, Story};
use tidegate::sim::WorldFile;

/// What the header says.
const NAME: &str = "DEMO";

/// Shows it in the console until its user leaves that.
pub async fn show(start: &DemoStart, looks: &ConsoleStart) -> Result<(), Trouble> {
    let mut signals = Signals::listen()?;
    let mut show = Show::begin(world(start)?, &start.play, NAME).await?;
    show.serve().await?;
    show.play();
    let seen = tokio::select! {
        biased;
        () = signals.any() => Ok(()),
        seen = console::run(show.console(looks)) => seen.map_err(|e| Trouble::failed(&e)),
    };
    show.close().await.and(seen)
}

/// Tells its story as lines, and ends with it.
pub async fn tell(start: &DemoStart) -> Result<(), Trouble> {
    let mut signals = Signals::listen()?;
    let show = Show::begin(world(start)?, &start.play, NAME).await?;
    let mut story = Story::of(&show.stage);
    let told = tokio::select! {
        biased;
        () = signals.any() => Ok(()),
        told = story.tell(|line| writeln!(std::io::stdout().lock(), "{line}")) => told,
    };
    show.close().await?;
    match told {
        // A reader that went away wants nothing more.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        told => told.map_err(|e| Trouble::failed(&e)),
    }
}

fn world(start: &DemoStart) -> Result<WorldFile, Trouble> {
    match &start.world {
        Some(file) => stage::world(file),
        None => WorldFile::parse(DEMO).map_err(|e| Trouble::failed(&e)),
    }
}
