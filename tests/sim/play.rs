//! One world from its beginning to its end: the story, then faults off, and everything must settle.

use crate::consoles::{self, Desk, Line, Way};
use crate::invariants::{machines, told};
use crate::logs::Logs;
use crate::moment::Violation;
use crate::operators;
use crate::twin::Twin;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use tidegate::daemon::Handle;
use tidegate::engine::State;
use tidegate::model::nodes::NodeLook;
use tidegate::model::{Seq, Span};
use tidegate::play::Stage;
use tidegate::ports::Clock as _;
use tidegate::sim::file::{Happening, Happens, Machine};
use tidegate::sim::{Sim, SimClock, WorldFile};
use tokio::sync::broadcast::error::RecvError;

/// The longest that everything may take to settle once faults are off (invariant 5): the longest hold, some builds and soaks.
const SETTLES_WITHIN: Span = Span::from_secs(3 * 3_600);
/// Every source is asked within this time.
const POLLS_WITHIN: Span = Span::from_secs(90);
/// Between two looks at whether all has settled.
const LOOK_EVERY: Span = Span::from_secs(20);

/// What came of a world.
#[derive(Debug, Default)]
pub struct Played {
    pub violation: Option<Violation>,
    /// The latest events, as sentences.
    pub latest: Vec<String>,
    pub counts: BTreeMap<String, u64>,
    pub events: u64,
    /// How long it was, by the world's own time.
    pub lasted: Span,
    /// The journal, as text.
    pub journal: Vec<String>,
}

/// Plays a world on this thread.
pub fn play(file: &WorldFile, seed: u64) -> Played {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let logs = Logs::default();
    let _quiet = tracing::subscriber::set_default(logs.clone());
    let twin = Arc::new(Mutex::new(None));
    let scene = AssertUnwindSafe(|| runtime.block_on(scene(file, seed, &twin)));
    let ended = std::panic::catch_unwind(scene);
    let sane = |what| Violation { invariant: 10, sentence: "nothing panics and no error is logged", what };
    let violation = match ended {
        Ok((violation, _)) => violation.or_else(|| logs.first().map(sane)),
        Err(panic) => Some(sane(format!("a panic: {}", said(panic.as_ref())))),
    };
    let mut played = Played { violation, ..Played::default() };
    let mut twin = twin.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((twin, stage)) = twin.take() {
        let (twin, stage): (Twin, Arc<Stage>) = (twin, stage);
        played.events = twin.seq().0;
        played.lasted = runtime.block_on(async { stage.sim().clock().passed() });
        played.journal =
            stage.memory().stored(Seq(0), usize::MAX).iter().map(|one| format!("{one:?}")).collect();
        (played.latest, played.counts) = (twin.latest, twin.counts);
    }
    played
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

type Kept = Arc<Mutex<Option<(Twin, Arc<Stage>)>>>;

/// What all parts of a scene share.
struct Scene {
    stage: Arc<Stage>,
    desk: Desk,
    kept: Kept,
}

impl Scene {
    fn twin<T>(&self, with: impl FnOnce(&mut Twin) -> T) -> T {
        with(&mut self.kept.lock().unwrap().as_mut().expect("it is put there before anything begins").0)
    }

    fn note(&self, found: Result<(), Violation>) -> bool {
        if let Err(violation) = found {
            self.desk.found.lock().unwrap().get_or_insert(violation);
            self.desk.told.notify_one();
            return false;
        }
        true
    }
}

async fn scene(file: &WorldFile, seed: u64, kept: &Kept) -> (Option<Violation>, ()) {
    let clock = Arc::new(SimClock::new(file.begins().unwrap(), 1));
    let sim = Sim::new(file.clone(), seed, clock).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let stage = Arc::new(Stage::start(sim, dir.path().to_owned()).await.unwrap());
    *kept.lock().unwrap() = Some((Twin::new(&stage), stage.clone()));
    let scene = Arc::new(Scene { stage, desk: Desk::default(), kept: kept.clone() });
    let mut tasks = tokio::task::JoinSet::new();
    let (one, two, three) = (scene.clone(), scene.clone(), scene.clone());
    tasks.spawn(async move { compare(&one).await });
    tasks.spawn(async move { two.stage.courier().await });
    tasks.spawn(async move { consoles::serve(&three.stage, &three.desk).await });
    for way in ways(seed) {
        let console = scene.clone();
        tasks.spawn(async move { consoles::watch(&console.stage, &console.desk, *way).await });
    }
    let whole = async {
        story(&scene, seed).await;
        settle(&scene).await
    };
    tokio::select! {
        biased;
        () = scene.desk.told.notified() => {}
        settled = whole => { scene.note(settled); }
    }
    tasks.shutdown().await;
    scene.stage.handle().crash().await;
    let found = scene.desk.found.lock().unwrap().clone();
    (found, ())
}

/// The wire's text costs more than all the rest: some worlds have a console that reads it, beside one that does not.
fn ways(seed: u64) -> &'static [Way] {
    if seed.is_multiple_of(4) { &[Way::Wire, Way::Hand] } else { &[Way::Hand] }
}

/// Has the twin catch up after every batch of whichever daemon runs.
async fn compare(scene: &Scene) {
    let mut handles = scene.stage.handles();
    loop {
        let handle: Handle = handles.borrow_and_update().clone();
        let mut touched = handle.subscribe();
        if !scene.note(scene.twin(|twin| twin.catch_up(&scene.stage, &handle))) {
            return;
        }
        loop {
            tokio::select! {
                biased;
                changed = handles.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                next = touched.recv() => match next {
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                },
            }
            if !scene.note(scene.twin(|twin| twin.catch_up(&scene.stage, &handle))) {
                return;
            }
        }
    }
}

/// The story, with people who look now and then beside it.
async fn story(scene: &Scene, seed: u64) {
    let stage = &scene.stage;
    let told = |entry: &tidegate::sim::file::Entry, _| {
        if let Some(Happens::Machine(machine)) = entry.happens() {
            console_line(scene, *machine);
        }
    };
    tokio::select! {
        biased;
        () = stage.play(told) => {}
        () = operators::now_and_then(stage, seed) => {}
    }
}

fn console_line(scene: &Scene, machine: Machine) {
    match machine {
        Machine::ConsoleSlow(span) => drop(scene.desk.line.send_replace(Line::Slow(span.0))),
        Machine::ConsoleCut(span) => drop(scene.desk.line.send_replace(Line::Cut(span.0))),
        Machine::Crash(_)
        | Machine::CrashBeforeWrite(_)
        | Machine::CrashAfterWrite(_)
        | Machine::Restart(_)
        | Machine::Reload(_)
        | Machine::DiskFull(_)
        | Machine::ClockForward(_)
        | Machine::ClockBack(_)
        | Machine::ResultAgain(_) => drop(scene.desk.line.send_replace(Line::Good)),
    }
}

/// Faults off; people decide what waits for them; then everything ends within a bound, and is as the world is.
async fn settle(scene: &Scene) -> Result<(), Violation> {
    let (stage, clock) = (&scene.stage, scene.stage.sim().clock().clone());
    stage.sim().apply(&Happening::Heals);
    stage.memory().full(false);
    scene.desk.line.send_replace(Line::Good);
    let begun = clock.passed();
    // A round of polls may find what moved while nobody could look, and begin anew.
    let mut quiet_since = None;
    while quiet_since.is_none_or(|since| clock.passed() < since + POLLS_WITHIN) {
        operators::decide(stage).await;
        clock.sleep(LOOK_EVERY).await;
        let left = stage.handle().read(|state| machines::left_behind(state, stage.sim()));
        let open = stage.handle().read(what_is_open);
        if left.is_none() && open.is_none() {
            quiet_since.get_or_insert_with(|| clock.passed());
        } else {
            quiet_since = None;
        }
        let late = clock.passed() > begun + SETTLES_WITHIN;
        if let Some(open) = open.filter(|_| late) {
            return Err(liveness(format!("after {SETTLES_WITHIN} without a fault: {open}")));
        }
        if let Some(what) = left.filter(|_| late) {
            let sentence = "no machine is left behind once everything has settled";
            return Err(Violation { invariant: 12, sentence, what });
        }
    }
    if let Some(what) = stage.handle().read(|state| unlike(state, stage.sim())) {
        return Err(liveness(what));
    }
    if let Some(what) = stage.handle().read(|state| told::at_the_end(state, stage.sim())) {
        let sentence = "every incident is told to those who have a channel, or is said to be given up";
        return Err(Violation { invariant: 11, sentence, what });
    }
    if let Some(what) = told::undocumented(&stage.handle()).await {
        let sentence = "what failed has a dossier, complete once its step has ended";
        return Err(Violation { invariant: 11, sentence, what });
    }
    scene.twin(|twin| twin.full_replay(stage))
}

fn liveness(what: String) -> Violation {
    let sentence = "once faults stop, every run ends within a bound, and what is known is what is there";
    Violation { invariant: 5, sentence, what }
}

/// The first thing that has not ended.
fn what_is_open(state: &State) -> Option<String> {
    let run = state.active().next().map(|run| {
        let open = run.steps.values().find(|step| step.ended.is_none());
        let step = open.map(|step| {
            let waits = state.waiting(run, step).map(|waiting| waiting.what);
            format!(
                "{} is {}, wants {:?}, does {:?}, retry {:?}, waits for {waits:?}",
                step.key,
                step.word(),
                step.want,
                step.doing,
                step.retry
            )
        });
        format!("run {} has not ended: {step:?}", run.id)
    });
    let queued = || state.queued.keys().next().map(|image| format!("a change of {image} is queued"));
    let lost = || state.lost.keys().next().map(|who| format!("{who} is lost"));
    let untold = || {
        let next = state.outbox.iter().find(|(_, notice)| !notice.is_over());
        next.map(|(id, _)| format!("notice {id} is on its way"))
    };
    let rollout = || {
        let rollout = state.rolling().next()?;
        let waits = state.rollout_waiting(rollout).map(|waiting| waiting.what);
        let open = rollout.in_flight().next();
        let step = open.map(|step| format!("{} is {}, {step:?}", step.key, step.word()));
        Some(format!("rollout {} has not ended: it waits for {waits:?}; {step:?}", rollout.id))
    };
    run.or_else(rollout).or_else(queued).or_else(lost).or_else(untold)
}

/// The first thing that the state has otherwise than the world.
fn unlike(state: &State, sim: &Sim) -> Option<String> {
    let tag = state.watched().into_iter().find(|image| state.digest_of(image) != sim.tag(image).as_ref());
    let tag = tag.map(|image| {
        format!("{image} is at {:?} and known at {:?}", sim.tag(&image), state.digest_of(&image))
    });
    let running = || {
        let other = state.running.iter().find(|(id, running)| running.digest != sim.runs(id));
        other.map(|(id, running)| {
            format!("{id} runs {:?} and is known to run {:?}", sim.runs(id), running.digest)
        })
    };
    let doing =
        || (!state.outstanding().is_empty()).then(|| format!("outstanding: {:?}", state.outstanding()));
    tag.or_else(running).or_else(doing).or_else(|| unlike_nodes(state, sim))
}

/// The first node that the state has otherwise than the world.
fn unlike_nodes(state: &State, sim: &Sim) -> Option<String> {
    sim.file().pools.values().find_map(|pool| {
        let there = sim.nodes(&pool.fleet);
        let known = state.nodes.iter().filter(|(node, _)| node.fleet == pool.fleet);
        // What runs where changes with every task that ends, and is seen a little later.
        let still = |look: &NodeLook| NodeLook { work: BTreeMap::new(), ..look.clone() };
        let other = known.clone().find(|(_, look)| !there.iter().any(|node| still(node) == still(look)));
        let other = other.map(|(node, look)| format!("{node} is known as {look:?}"));
        let count = || {
            let known = known.count();
            (known != there.len())
                .then(|| format!("{known} nodes of {} are known, of {}", pool.fleet, there.len()))
        };
        other.or_else(count)
    })
}
