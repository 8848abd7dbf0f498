//! The wiring: the only place that names concrete adapters.
//!
//! ```text
//!   cli::run ─▶ Program ─┬▶ daemon.rs    configuration → world → daemon → server, until a signal
//!                        ├▶ console.rs   the console on a daemon's socket, or on what observe.rs sees
//!                        ├▶ demo.rs      stage.rs with the demo's world, and a console on it or its story as lines
//!                        ├▶ drill.rs     stage.rs with a drill's world, its referee, and a console or lines
//!                        ├▶ stage.rs     a simulated world, a daemon on it, its doors on a private socket
//!                        ├▶ doors.rs     a daemon's doors
//!                        ├▶ notify.rs    a test notice over an owner's channels
//!                        ├▶ provisioner.rs   a pool's commands, tried
//!                        └▶ world.rs     the ports, made of adapters
//! ```

mod console;
mod daemon;
mod demo;
mod doors;
mod drill;
mod notify;
mod observe;
mod provisioner;
mod stage;
mod world;

use std::io::IsTerminal;
use std::path::Path;
use tidegate::cli::{ConsoleStart, DaemonStart, DemoStart, DrillStart, Entry, Exit};

/// The program, as the command line starts it.
pub struct Program;

impl Entry for Program {
    fn console(&self, start: &ConsoleStart, socket: &Path, config: Option<&Path>) -> Exit {
        on_a_runtime(console::run(start, socket, config))
    }

    fn daemon(&self, start: &DaemonStart, socket: Option<&Path>, config: Option<&Path>) -> Exit {
        on_a_runtime(daemon::run(start, socket, config))
    }

    fn notify(&self, owner: &str, config: Option<&Path>) -> Exit {
        on_a_runtime(notify::test(owner, config))
    }

    fn provisioner(&self, pool: &str, make: Option<&str>, config: Option<&Path>) -> Exit {
        on_a_runtime(provisioner::check(pool, make, config))
    }

    fn demo(&self, start: &DemoStart, console: &ConsoleStart) -> Exit {
        if std::io::stdout().is_terminal() {
            on_a_runtime(demo::show(start, console))
        } else {
            in_no_time(demo::tell(start))
        }
    }

    fn drill(&self, start: &DrillStart, console: &ConsoleStart) -> Exit {
        let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        match drill::meant(start) {
            Ok(None) => Exit::Ok,
            Ok(Some(world)) if terminal && !start.answer => on_a_runtime(drill::show(start, world, console)),
            Ok(Some(world)) => in_no_time(drill::tell(start, world)),
            Err(trouble) => trouble.said(),
        }
    }
}

/// Runs it on a clock that jumps to the next thing that anybody waits for.
fn in_no_time(work: impl Future<Output = Result<(), Trouble>>) -> Exit {
    on(tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true), work)
}

/// Runs it to its end; what went wrong is said on the standard error.
fn on_a_runtime(work: impl Future<Output = Result<(), Trouble>>) -> Exit {
    on(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all(), work)
}

fn on(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = Result<(), Trouble>>) -> Exit {
    let done = match runtime.build() {
        Ok(runtime) => {
            let done = runtime.block_on(work);
            // A blocking read of a terminal must not keep the process.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(Trouble { exit: Exit::Failed, said: format!("cannot start: {error}") }),
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(trouble) => trouble.said(),
    }
}

/// Why it ended before it was told to.
pub struct Trouble {
    exit: Exit,
    said: String,
}

impl Trouble {
    fn failed(error: &dyn std::fmt::Display) -> Self {
        Self { exit: Exit::Failed, said: error.to_string() }
    }

    fn not_found(what: String) -> Self {
        Self { exit: Exit::NotFound, said: what }
    }

    /// Says it, to end with its code.
    fn said(&self) -> Exit {
        eprintln!("tidegate: {}", self.said);
        self.exit
    }

    fn usage(error: &dyn std::fmt::Display) -> Self {
        Self { exit: Exit::Usage, said: error.to_string() }
    }
}
