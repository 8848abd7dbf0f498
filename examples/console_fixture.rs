//! The console on invented rows, for pictures and for looking at it: `cargo run --example console_fixture [THEME]`.

#[path = "../tests/console/fixture/mod.rs"]
mod fixture;

use tidegate::console::{Options, Source, Time, run};

#[tokio::main]
async fn main() -> Result<(), tidegate::console::ConsoleError> {
    let theme = std::env::args().nth(1).unwrap_or_else(|| "dark".to_owned());
    let (sender, frames) = tokio::sync::mpsc::channel(1024);
    tokio::spawn(async move {
        for frame in fixture::snapshot(fixture::rows()) {
            let _ = sender.send(frame).await;
        }
        // The feed stays open, as an observer's does.
        std::future::pending::<()>().await;
    });
    let source = Source::Feed(frames);
    run(Options {
        source,
        theme,
        ascii: false,
        colour: None,
        read_only: false,
        time: Time::default(),
        drill: None,
    })
    .await
}
