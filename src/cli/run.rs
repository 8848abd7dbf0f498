//! Who does what was typed.

use super::args::{Cli, Cmd, ConsoleStart, DaemonStart, DemoStart, DrillStart};
use super::commands::{dossier, events, logs, look, nodes, offline, rollout, steer};
use super::output::Output;
use super::{Exit, Failure, socket};
use crate::api::client::Client;
use std::future::Future;
use std::io::Write;
use std::path::Path;

/// What only the program can start, because it needs the world.
pub trait Entry {
    /// Opens the console. `socket` is where a daemon is looked for; without one, this process observes.
    fn console(&self, start: &ConsoleStart, socket: &Path, config: Option<&Path>) -> Exit;
    /// Runs the daemon until it is told to end.
    fn daemon(&self, start: &DaemonStart, socket: Option<&Path>, config: Option<&Path>) -> Exit;
    /// Sends a test notice over every channel of an owner.
    fn notify(&self, owner: &str, config: Option<&Path>) -> Exit;
    /// Tries a pool's commands; makes and removes a machine of the release `make`, where there is one.
    fn provisioner(&self, pool: &str, make: Option<&str>, config: Option<&Path>) -> Exit;
    /// Plays the demo until its user leaves it; without a terminal, tells its story.
    fn demo(&self, start: &DemoStart, console: &ConsoleStart) -> Exit;
    /// Plays a drill until it is over; without a terminal, with nobody, or by its best answer. Lists and checks drills.
    fn drill(&self, start: &DrillStart, console: &ConsoleStart) -> Exit;
}

/// Does what was typed. What it says goes to `out`, what went wrong to `err`.
pub fn run(cli: &Cli, entry: &dyn Entry, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let (typed, config) = (cli.socket.as_deref(), cli.config.as_deref());
    let done = match &cli.command {
        None => return entry.console(&cli.console, &socket(typed, config), config),
        Some(Cmd::Demo(start)) => return entry.demo(start, &cli.console),
        Some(Cmd::Drill(start)) => return entry.drill(start, &cli.console),
        Some(Cmd::Daemon(start)) => return entry.daemon(start, typed, config),
        Some(Cmd::Notify { test }) => return entry.notify(test, config),
        Some(Cmd::Check { file, provisioner: Some(pool), make }) => {
            return entry.provisioner(pool, make.as_deref(), file.as_deref().or(config));
        }
        Some(Cmd::Check { file, provisioner: None, .. }) => {
            offline::check(file.as_deref().or(config), &mut Output(out))
        }
        Some(Cmd::Lineage { targets, json }) => offline::lineage(targets, *json, config, &mut Output(out)),
        Some(command) => ask(command, &Client::new(socket(typed, config)), &mut Output(out)),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            if !failure.is_quiet() {
                // Nothing is left to tell it to when this fails too.
                let _ = writeln!(err, "tidegate: {failure}");
            }
            failure.exit()
        }
    }
}

/// The commands that ask a daemon.
fn ask(command: &Cmd, client: &Client, out: &mut Output<'_>) -> Result<(), Failure> {
    match command {
        Cmd::Status { json } => wait(look::status(client, *json, out)),
        Cmd::Nodes { json } => wait(nodes::nodes(client, *json, out)),
        Cmd::Runs { json } => wait(look::runs(client, *json, out)),
        Cmd::Why { id, json } => wait(look::why(client, id, *json, out)),
        Cmd::Dossier { id, json, output } => {
            wait(dossier::dossier(client, id, *json, output.as_deref(), out))
        }
        Cmd::Logs { id, follow, error } => wait(logs::logs(client, id, *follow, *error, out)),
        Cmd::Events { follow, json, last, after } => wait(events::events(
            client,
            events::Ask { follow: *follow, json: *json, last: *last, after: *after },
            out,
        )),
        Cmd::Rollout(start) => wait(rollout::start(client, start, out)),
        Cmd::Scale(start) => wait(rollout::scale(client, start, out)),
        Cmd::Approve(_)
        | Cmd::Reject(_)
        | Cmd::Pause { .. }
        | Cmd::Resume { .. }
        | Cmd::Abort { .. }
        | Cmd::Retry(_)
        | Cmd::Rollback(_)
        | Cmd::Release { .. }
        | Cmd::SkipRelease(_)
        | Cmd::UnskipRelease(_)
        | Cmd::Pin(_)
        | Cmd::Unpin(_)
        | Cmd::Forward { .. }
        | Cmd::Skip { .. }
        | Cmd::Freeze { .. }
        | Cmd::Thaw { .. }
        | Cmd::Start { .. }
        | Cmd::Unquarantine { .. }
        | Cmd::Claim { .. }
        | Cmd::Close { .. } => wait(steer::steer(client, command, out)),
        Cmd::Demo(_)
        | Cmd::Drill(_)
        | Cmd::Daemon(_)
        | Cmd::Notify { .. }
        | Cmd::Check { .. }
        | Cmd::Lineage { .. } => Ok(()),
    }
}

fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?.block_on(work)
}
