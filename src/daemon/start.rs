//! The start: lock, snapshot and replay, the facts of this start, and what is to be done again.

use super::core::{Acted, Core, Input, Store};
use super::executor::Executor;
use super::inbox::{self, Fact};
use super::main_loop::MainLoop;
use super::shared::Shared;
use super::{Handle, Options, StartError, dossiers, pollers, retention};
use crate::engine::{EventKind, State};
use crate::journal::Journal;
use crate::model::{Seq, Setup, limits};
use crate::ports::World;
use std::io::Read;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts a daemon on the state directory of `options`. It runs until [`Handle::shutdown`].
///
/// 1. The state is read: the latest snapshot, and the events after it.
/// 2. What this start changes becomes facts: the installation's name when the journal is new, the start itself, the configuration
///    and the recipes where they differ.
/// 3. What was under way is issued again.
/// 4. Polling begins, everything at once: a move while no daemon ran is found now.
///
/// # Errors
/// See [`StartError`]; nothing runs then.
pub async fn start(options: Options, world: World, setup: Setup) -> Result<Handle, StartError> {
    let journal = match &options.memory {
        Some(memory) => Journal::on(memory)?,
        None => Journal::open(&options.state_dir)?,
    };
    let state = restore(&journal)?;
    let logs = options.state_dir.join("logs");
    std::fs::create_dir_all(&logs).map_err(|source| StartError::Logs { path: logs, source })?;
    let install = match (state.install.is_empty(), &options.install) {
        (false, _) => None,
        (true, Some(name)) => Some(name.clone()),
        (true, None) => Some(random_name()?),
    };
    let recipes = world.recipes.read(&setup).await;
    let facts = first_facts(&options, &state, install, setup, recipes);
    let store = Arc::new(Store::new(journal, state));
    let mut core = Core::new(store.clone());
    let acted = core.handle(world.clock.now(), facts.into_iter().map(Fact::ours).map(Input::Fact).collect());
    if let Some(stuck) = core.stuck() {
        let why = stuck.why.clone();
        return Err(StartError::Stuck(why));
    }
    Ok(run(options, world, store, core, acted))
}

/// The state that follows from the journal.
fn restore(journal: &Journal) -> Result<State, StartError> {
    let (from, mut state) = journal.latest_snapshot()?.unwrap_or((Seq(0), State::default()));
    let count = journal.replay(from, |_, event| {
        // What these effects led to is in the journal too; what is still wanted comes from `outstanding`.
        state.step(event);
    })?;
    tracing::info!(snapshot = %from, events = count, "read the journal");
    Ok(state)
}

fn first_facts(
    options: &Options,
    state: &State,
    install: Option<String>,
    setup: Setup,
    recipes: std::collections::BTreeMap<
        crate::model::ImageRef,
        Result<crate::model::jobs::Ingredients, String>,
    >,
) -> Vec<EventKind> {
    let mut facts: Vec<EventKind> =
        install.map(|install| EventKind::Installed { install }).into_iter().collect();
    facts.push(EventKind::DaemonStarted { version: options.version.clone(), pid: options.pid, marks: true });
    if state.configured.is_none() || state.setup != setup {
        facts.push(EventKind::ConfigLoaded { setup: Box::new(setup) });
    }
    if state.recipes != recipes {
        facts.push(EventKind::RecipesRead { recipes });
    }
    facts
}

fn run(options: Options, world: World, store: Arc<Store>, core: Core, acted: Acted) -> Handle {
    let (senders, inbox) = inbox::new();
    let shared = Arc::new(Shared {
        store,
        world,
        logs: options.state_dir.join("logs"),
        options,
        senders,
        observations: inbox::Observations::default(),
        live: super::Live::default(),
        sources: super::sources::Sources::default(),
        claims: super::claims::Claims::default(),
        touched: broadcast::Sender::new(limits::TOUCHED),
        stuck: Mutex::default(),
        hints: Mutex::default(),
        hinted: Notify::new(),
        reread: Notify::new(),
        stop: CancellationToken::new(),
        crash: CancellationToken::new(),
        tasks: TaskTracker::new(),
    });
    let executor = Executor::new(shared.clone());
    // Some of it is in `acted` too; what is being done already is not begun again.
    executor.take(acted.effects);
    let outstanding = shared.read(State::outstanding);
    executor.take(outstanding);
    let main = MainLoop::new(shared.clone(), core, inbox, executor.clone());
    shared.tasks.spawn(main.run());
    pollers::begin(&shared);
    retention::begin(&shared);
    dossiers::begin(&shared);
    Handle { shared, executor }
}

/// 64 random bits: a name that no other installation has.
fn random_name() -> Result<String, StartError> {
    let mut bytes = [0; 8];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(StartError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
