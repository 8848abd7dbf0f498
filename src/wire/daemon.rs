//! `tidegate daemon`: configuration, world, daemon, doors; until a signal says that it is over.

use super::doors::Open;
use super::{Trouble, world};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate::adapters::clock::SystemClock;
use tidegate::cli::DaemonStart;
use tidegate::config::{self, Resolved};
use tidegate::daemon::{self, Handle, Options};
use tidegate::server::webhook::{Token, Tokens};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Where a configuration is looked for when none is named.
pub(super) const CONFIG: &str = "tidegate.toml";

pub async fn run(start: &DaemonStart, socket: Option<&Path>, config: Option<&Path>) -> Result<(), Trouble> {
    log_to_stderr();
    let file = config.map_or_else(|| PathBuf::from(CONFIG), Path::to_owned);
    let resolved = load(&file)?;
    let world = world::world(&resolved)?;
    let options = options(start, &resolved);
    let handle =
        daemon::start(options, world, resolved.setup.clone()).await.map_err(|e| Trouble::failed(&e))?;
    let open = serve(&handle, &resolved, socket.unwrap_or(&resolved.socket)).await;
    let doors = match open {
        Ok(doors) => doors,
        Err(trouble) => {
            handle.shutdown().await;
            return Err(trouble);
        }
    };
    tracing::info!(config = %resolved.file.display(), "the daemon is up");
    until_told(&handle, &file).await?;
    doors.close().await;
    handle.shutdown().await;
    Ok(())
}

fn load(file: &Path) -> Result<Resolved, Trouble> {
    let resolved = config::load(file).map_err(|e| Trouble::usage(&e))?;
    for warning in &resolved.warnings {
        tracing::warn!("{}", warning.shown(&resolved.file));
    }
    Ok(resolved)
}

fn options(start: &DaemonStart, resolved: &Resolved) -> Options {
    let pid = std::process::id();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Options {
        state_dir: resolved.state_dir.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid,
        holder: format!("{}, process {pid}", tidegate::model::text::clean(host.trim(), 64)),
        read_only: start.observe,
        take_over: start.take_over,
        name: None,
        memory: None,
        install: None,
    }
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TIDEGATE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // An error means that a subscriber is set already, which is as good.
    // A file or a service's log has no use for colours.
    let ansi = std::io::stderr().is_terminal();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(ansi)
        .with_writer(std::io::stderr)
        .try_init();
}

async fn serve(handle: &Handle, resolved: &Resolved, path: &Path) -> Result<Open, Trouble> {
    let mut open = Open::at(handle, path, Arc::new(SystemClock)).await?;
    if let Some(hooks) = &resolved.webhook {
        let listener = TcpListener::bind(hooks.listen).await;
        let listener =
            listener.map_err(|e| Trouble::failed(&format!("cannot listen on {}: {e}", hooks.listen)))?;
        let release = hooks.release_token.as_ref().map(|token| Token::new(token.expose()));
        open.webhook(listener, Tokens { registry: Token::new(hooks.token.expose()), release });
    }
    Ok(open)
}

/// TERM and INT end it; HUP reads the configuration again, and keeps the old one when the new one is wrong.
async fn until_told(handle: &Handle, file: &Path) -> Result<(), Trouble> {
    let listen = |kind| signal(kind).map_err(|e| Trouble::failed(&e));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut hup = listen(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => reload(handle, file).await,
        }
    }
}

async fn reload(handle: &Handle, file: &Path) {
    match load(file) {
        Ok(resolved) => match handle.reload(resolved.setup).await {
            Ok(_) => tracing::info!(
                "the configuration was read again; secrets, hosts and listeners change with a restart"
            ),
            Err(stuck) => tracing::error!("{stuck}"),
        },
        Err(trouble) => tracing::error!("the configuration stays as it was: {}", trouble.said),
    }
}
