//! The wiring: the only place that names concrete adapters.
//!
//! ```text
//!   cli::run ─▶ Program ─┬▶ daemon.rs    configuration → world → daemon → server, until a signal
//!                        ├▶ console.rs   the console on a daemon's socket, or on what observe.rs sees
//!                        └▶ world.rs     the ports, made of adapters
//! ```

mod console;
mod daemon;
mod observe;
mod world;

use std::path::Path;
use tidegate::cli::{ConsoleStart, DaemonStart, Entry, Exit};

/// The program, as the command line starts it.
pub struct Program;

impl Entry for Program {
    fn console(&self, start: &ConsoleStart, socket: &Path, config: Option<&Path>) -> Exit {
        on_a_runtime(console::run(start, socket, config))
    }

    fn daemon(&self, start: &DaemonStart, socket: Option<&Path>, config: Option<&Path>) -> Exit {
        on_a_runtime(daemon::run(start, socket, config))
    }
}

/// Runs it to its end; what went wrong is said on the standard error.
fn on_a_runtime(work: impl Future<Output = Result<(), Trouble>>) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = match runtime {
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
        Err(trouble) => {
            eprintln!("tidegate: {}", trouble.said);
            trouble.exit
        }
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

    fn usage(error: &dyn std::fmt::Display) -> Self {
        Self { exit: Exit::Usage, said: error.to_string() }
    }
}
