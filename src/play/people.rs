//! What a person of the story asks for, as the command that their console would send.

use super::rollouts;
use crate::engine::decide::about;
use crate::engine::run::Standing;
use crate::engine::{DeployStage, ImageStage, Run, State, Step};
use crate::model::{Actor, Command, ImageRef, RunId, Seen, WorkloadId};
use crate::sim::file::{Person, PersonDoes};

/// The first of the user ids that people of a story have.
const FIRST_UID: u32 = 1_000;

/// Who a person of the story is for the daemon.
pub fn actor(name: &str) -> Actor {
    let number = name.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    Actor::Person { name: name.to_owned(), uid: FIRST_UID + number % 60_000 }
}

/// The command, made from what the person sees; none when there is nothing that it could be about.
///
/// The newest run comes first, and in it the first step that fits; a rollout where no run fits, or where its pool or node is named.
pub fn command(seen: &State, person: &Person) -> Option<Command> {
    let reason = person.because.clone().unwrap_or_else(|| format!("{} of the story", person.name));
    let on_step = |fits: fn(&Step) -> bool| steps(seen, person).find(|(_, step)| fits(step));
    let names_pool =
        person.on.as_ref().is_some_and(|on| seen.setup.pools.keys().any(|pool| pool.as_str() == on));
    let on_run = || runs(seen).find(|run| run.ended.is_none() && !names_pool).map(|run| run.id);
    let active = || on_run().or_else(|| rollouts::under_way(seen, person));
    let note = person.because.clone();
    match person.does {
        PersonDoes::Approve => on_step(waits_for_a_person)
            .map(|(run, step)| Command::Approve {
                run: run.id,
                step: step.key.clone(),
                seen: shown(seen, run, step),
                note: note.clone(),
            })
            .or_else(|| rollouts::approve(seen, person, note)),
        PersonDoes::Reject => on_step(held).map(|(run, step)| Command::Reject {
            run: run.id,
            step: step.key.clone(),
            seen: shown(seen, run, step),
            reason,
        }),
        PersonDoes::Retry => on_step(bad)
            .map(|(run, step)| Command::Retry {
                run: run.id,
                step: step.key.clone(),
                seen: shown(seen, run, step),
                reason: Some(reason.clone()),
            })
            .or_else(|| rollouts::retry(seen, person, reason)),
        PersonDoes::Rollback => on_step(moved)
            .map(|(run, step)| Command::Rollback {
                run: run.id,
                step: step.key.clone(),
                seen: shown(seen, run, step),
                reason: Some(reason.clone()),
            })
            .or_else(|| rollouts::roll_back(seen, person, reason)),
        PersonDoes::Pause => active().map(|run| Command::Pause { run, reason: Some(reason), until: None }),
        PersonDoes::Resume => {
            let paused = paused(seen).filter(|_| !names_pool).or_else(|| rollouts::paused(seen, person));
            paused.or_else(active).map(|run| Command::Resume { run, reason: Some(reason) })
        }
        PersonDoes::Abort => active().map(|run: RunId| Command::Abort { run, reason }),
        PersonDoes::Release => rollouts::release(seen, person),
        PersonDoes::RollOut => rollouts::roll_out(seen, person, reason),
        PersonDoes::Scale => rollouts::scale(seen, person, reason),
        PersonDoes::RollForward => rollouts::roll_forward(seen, person, reason),
        PersonDoes::RollBackAll => rollouts::roll_back_all(seen, person, reason),
        PersonDoes::Skip => rollouts::skip(seen, person, reason),
        PersonDoes::Start => image(seen, person).map(|image| Command::Start { image, reason: Some(reason) }),
        PersonDoes::Unquarantine => {
            quarantined(seen, person).map(|workload| Command::Unquarantine { workload, reason })
        }
        PersonDoes::Freeze => Some(Command::Freeze { reason: Some(reason), until: None }),
        PersonDoes::Thaw => Some(Command::Thaw { reason: Some(reason) }),
        PersonDoes::Claim => open(seen).map(|incident| Command::Claim { incident }),
        PersonDoes::Close => open(seen).map(|incident| Command::Close { incident, reason }),
    }
}

fn paused(state: &State) -> Option<RunId> {
    runs(state).find(|run| run.ended.is_none() && run.paused.is_some()).map(|run| run.id)
}

/// What a console shows of a step.
fn shown(state: &State, run: &Run, step: &Step) -> Seen {
    Seen { digest: about(step).cloned(), plan: Some(state.plan_hash(run)), generation: Some(step.generation) }
}

fn runs(state: &State) -> impl Iterator<Item = &Run> {
    state.each_run().rev()
}

/// The steps that the person can mean, in the order in which a console lists them.
fn steps<'a>(state: &'a State, person: &'a Person) -> impl Iterator<Item = (&'a Run, &'a Step)> {
    let all = runs(state).flat_map(|run| run.steps.values().map(move |step| (run, step)));
    all.filter(move |(_, step)| person.on.as_ref().is_none_or(|on| is(step, on)))
}

fn is(step: &Step, on: &str) -> bool {
    let image = |image: &ImageRef| on.parse().is_ok_and(|named: ImageRef| named == *image);
    step.image().is_some_and(|step| image(&step.image))
        || step.deploy().is_some_and(|deploy| deploy.workload.to_string() == on)
}

fn held(step: &Step) -> bool {
    step.image().is_some_and(|image| matches!(image.stage, ImageStage::Held(_)))
        || step.deploy().is_some_and(|deploy| matches!(deploy.stage, DeployStage::Held(_)))
}

fn waits_for_a_person(step: &Step) -> bool {
    held(step) || step.deploy().is_some_and(|deploy| matches!(deploy.stage, DeployStage::Undecided(_)))
}

fn bad(step: &Step) -> bool {
    step.standing() == Standing::Bad
}

fn moved(step: &Step) -> bool {
    step.deploy().is_some_and(|deploy| deploy.touched && step.standing() != Standing::Bad)
}

fn image(state: &State, person: &Person) -> Option<ImageRef> {
    let named = person.on.as_ref().and_then(|on| on.parse().ok());
    named.or_else(|| state.setup.recipes.keys().next().cloned())
}

fn quarantined(state: &State, person: &Person) -> Option<WorkloadId> {
    let named = person.on.as_ref().and_then(|on| on.parse().ok());
    named.or_else(|| state.quarantine.first().map(|entry| entry.workload.clone()))
}

fn open(state: &State) -> Option<crate::model::IncidentId> {
    state.incidents.values().find(|incident| incident.closed.is_none()).map(|incident| incident.id)
}
