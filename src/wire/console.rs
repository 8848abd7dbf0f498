//! The console: on a daemon's socket, or, with neither daemon nor configuration, on the local engine.

use super::{Trouble, observe};
use std::io::{IsTerminal, Write};
use std::path::Path;
use tidegate::api::client::Client;
use tidegate::cli::ConsoleStart;
use tidegate::console::{self, Options, Source, Time};

/// 1. The standard output is no terminal: the state as plain lines, once.
/// 2. A daemon answers, or a socket or configuration was named: the console attaches, and waits for the daemon if need be.
/// 3. Neither: this process observes the local engine, read-only.
pub async fn run(start: &ConsoleStart, socket: &Path, config: Option<&Path>) -> Result<(), Trouble> {
    let client = Client::new(socket);
    let answers = client.me().await.is_ok();
    let meant = config.is_some()
        || Path::new("tidegate.toml").exists()
        || std::env::var_os("TIDEGATE_SOCKET").is_some();
    let observing = !answers && !meant && !socket.exists();
    if !std::io::stdout().is_terminal() {
        return plain(&client, observing).await;
    }
    let source = if observing { Source::Feed(observe::feed()) } else { Source::Socket(socket.to_owned()) };
    let options = Options {
        source,
        theme: start.theme.clone().unwrap_or_else(|| "dark".to_owned()),
        ascii: start.ascii,
        colour: None,
        read_only: observing,
        time: Time::default(),
        drill: None,
    };
    console::run(options).await.map_err(|e| Trouble::failed(&e))
}

async fn plain(client: &Client, observing: bool) -> Result<(), Trouble> {
    let status = if observing {
        observe::status().await
    } else {
        client
            .status()
            .await
            .map_err(|error| Trouble { exit: tidegate::cli::Exit::NoDaemon, said: error.to_string() })?
    };
    // A reader that went away wants nothing more.
    let _ = std::io::stdout().lock().write_all(console::plain(&status).as_bytes());
    Ok(())
}
