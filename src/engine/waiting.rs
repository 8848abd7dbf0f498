//! Why something waits: the one value that the console, the CLI and the metrics show.
//!
//! Every step that has not ended and is not being worked on has one; a test walks all stages.

use super::hold::Hold;
use super::rollout::lock;
use super::run::{self, Body, DeployStage, DeployStep, ImageStage, ImageStep, Run, Standing, Step};
use super::state::State;
use crate::model::{Action, Actor, ImageRef, StepKey, Timestamp, Waiting};

impl State {
    /// Why a step waits; none when it has ended or is being worked on without anything in its way.
    pub fn waiting(&self, run: &Run, step: &Step) -> Option<Waiting> {
        if step.standing() != Standing::Open {
            return None;
        }
        if let Some(waiting) = self.stopped(run, step).or_else(|| self.unreachable(step)) {
            return Some(waiting);
        }
        match &step.body {
            Body::Image(image) => self.image_waits(run, step, image),
            Body::Deploy(deploy) => self.deploy_waits(run, step, deploy),
        }
    }

    /// The first step of a run, in order, that waits for something outside the run; else the first that waits.
    pub fn run_waiting(&self, run: &Run) -> Option<Waiting> {
        let waits =
            || run.steps.values().filter_map(|step| self.waiting(run, step).map(|waiting| (step, waiting)));
        let inner = |step: &Step| blocking_step(self, run, step).is_some();
        waits().find(|(step, _)| !inner(step)).or_else(|| waits().next()).map(|(_, waiting)| waiting)
    }

    /// Whether a pause, a freeze, or another daemon on its fleet keeps what a step wants from beginning.
    pub fn is_held_back(&self, run: &Run, step: &Step) -> bool {
        self.stopped(run, step).is_some()
    }

    /// The waits from a step to their last cause, each with its subject.
    pub fn waiting_chain(&self, run: &Run, key: &StepKey) -> Vec<(StepKey, Waiting)> {
        let mut chain = Vec::new();
        let mut next = Some(key.clone());
        while let Some(key) = next.take() {
            let Some(step) = run.steps.get(&key) else { break };
            let Some(waiting) = self.waiting(run, step) else { break };
            chain.push((key, waiting));
            next = blocking_step(self, run, step).filter(|key| chain.iter().all(|(seen, _)| seen != key));
        }
        chain
    }

    /// A pause, a freeze, or another daemon on the fleet keeps what it wants from beginning.
    fn stopped(&self, run: &Run, step: &Step) -> Option<Waiting> {
        let wants = step.want?;
        if let StepKey::Deploy(workload) = &step.key
            && let Some(holder) = self.refused_fleets.get(&workload.fleet)
        {
            return Some(Waiting {
                what: format!("fleet {}: it is held by {holder}", workload.fleet),
                since: step.since,
                deadline: None,
                who: "the operator of that daemon, or takeover of the fleet".to_owned(),
                next: "goes on when the fleet is free".to_owned(),
            });
        }
        let begins = matches!(
            wants,
            Action::Build | Action::Test | Action::Publish | Action::Baseline | Action::Deploy
        );
        let (what, stop) = match (&run.paused, &self.freeze) {
            (Some(stop), _) => ("paused", stop),
            (None, Some(stop)) => ("everything is frozen", stop),
            (None, None) => return None,
        };
        let reason = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        begins.then(|| Waiting {
            what: format!("{what} by {}{reason}", stop.by),
            since: stop.since,
            deadline: stop.until,
            who: "anyone on the socket: resume, or thaw".to_owned(),
            next: stop.until.map_or("nothing: it has no end", |_| "goes on by itself").to_owned(),
        })
    }

    fn unreachable(&self, step: &Step) -> Option<Waiting> {
        let unseen = step.deploy().and_then(|deploy| deploy.unseen.as_ref());
        if let Some(retry) = step.retry.as_ref() {
            return Some(Waiting {
                what: format!("{}: {}", retry.cause.who, retry.cause.why),
                since: retry.since,
                deadline: step.want.map(|_| retry.at),
                who: "whoever runs it; nobody needs to act here".to_owned(),
                next: format!("tried again by itself (try {})", retry.tries + 1),
            });
        }
        unseen.map(|cause| Waiting {
            what: format!("{}: {}", cause.who, cause.why),
            since: step.since,
            deadline: step.deploy().and_then(|deploy| deploy.deadline),
            who: "whoever runs it; nobody needs to act here".to_owned(),
            next: "goes on when it answers; at the deadline a person decides".to_owned(),
        })
    }

    fn image_waits(&self, run: &Run, step: &Step, image: &ImageStep) -> Option<Waiting> {
        match &image.stage {
            ImageStage::Waiting => Some(by_itself(self.image_misses(run, image), step.since)),
            ImageStage::Held(hold) => Some(held(hold, step.since)),
            ImageStage::Cleared => {
                let open = |parent: &&ImageRef| run.standing_of(parent) == Some(Standing::Open);
                let parent = image.parents.iter().find(open).map_or_else(String::new, ImageRef::short);
                Some(by_itself(format!("{parent} to be published first"), step.since))
            }
            ImageStage::Building
            | ImageStage::Testing
            | ImageStage::Publishing
            | ImageStage::Published
            | ImageStage::Failed(_)
            | ImageStage::Blocked(_)
            | ImageStage::Superseded
            | ImageStage::Aborted(_) => None,
        }
    }

    fn image_misses(&self, run: &Run, image: &ImageStep) -> String {
        let read = self.recipes.get(&image.image).and_then(|read| read.as_ref().ok());
        let missing = read.and_then(|read| run::image::missing_base(self, run, image, read));
        match missing {
            Some(base) if run.image_step(base).is_some() => format!("{} to pass its tests", base.short()),
            Some(base) if self.tags.contains_key(base) => format!("{base}, which is not in its registry"),
            Some(base) => format!("the first look at {base} in its registry"),
            None => "its recipe to be read".to_owned(),
        }
    }

    fn deploy_waits(&self, run: &Run, step: &Step, deploy: &DeployStep) -> Option<Waiting> {
        match &deploy.stage {
            DeployStage::Waiting => {
                let misses = deploy_misses(run, step, deploy).or_else(|| self.in_hand(run, deploy));
                Some(by_itself(misses.unwrap_or_default(), step.since))
            }
            DeployStage::Held(hold) => match self.in_hand(run, deploy) {
                Some(what) if hold.open() => Some(by_itself(what, step.since)),
                Some(_) | None => Some(held(hold, step.since)),
            },
            DeployStage::Undecided(why) => Some(Waiting {
                what: format!("a person: {why}"),
                since: step.since,
                deadline: None,
                who: "anyone on the socket: approve takes it as it is, rollback puts it back".to_owned(),
                next: "nothing; it stays as it is".to_owned(),
            }),
            DeployStage::Soaking { until } => Some(Waiting {
                what: "the end of its soak".to_owned(),
                since: step.since,
                deadline: Some(*until),
                who: "nobody: it ends by itself".to_owned(),
                next: "the verdict; sick before that: put back".to_owned(),
            }),
            DeployStage::Updating => {
                deploy.deadline.map(|at| converging(deploy, step.since, at, "put back if not there"))
            }
            DeployStage::Restoring(_) => {
                deploy.deadline.map(|at| converging(deploy, step.since, at, "an incident if not there"))
            }
            DeployStage::Healthy
            | DeployStage::Restored(_)
            | DeployStage::Failed(_)
            | DeployStage::Quarantined(_)
            | DeployStage::Blocked(_)
            | DeployStage::Superseded
            | DeployStage::Aborted(_) => None,
        }
    }
}

impl State {
    /// The other run, or the node step, that has the workload in hand.
    fn in_hand(&self, run: &Run, deploy: &DeployStep) -> Option<String> {
        if let Some(other) = run::deploy::holder(self, run, &deploy.workload) {
            return Some(format!("run {} to let go of it", other.id));
        }
        let (rollout, step) = lock::of_workload(self, &deploy.workload)?;
        let since = step.since.hours_minutes_seconds();
        let (id, node, word) = (rollout.id, &step.node.name, step.word());
        Some(format!("rollout {id} to let go of it: node {node} is {word} since {since}"))
    }
}

fn converging(deploy: &DeployStep, since: Timestamp, deadline: Timestamp, next: &str) -> Waiting {
    let there = deploy
        .look
        .as_ref()
        .map_or_else(String::new, |look| format!(", {} of {} run", look.running, look.desired));
    Waiting {
        what: format!("its tasks{there}"),
        since,
        deadline: Some(deadline),
        who: "nobody: the orchestrator works on it".to_owned(),
        next: next.to_owned(),
    }
}

fn by_itself(what: String, since: Timestamp) -> Waiting {
    Waiting {
        what,
        since,
        deadline: None,
        who: "nobody: it goes on by itself".to_owned(),
        next: "begins as soon as that is done".to_owned(),
    }
}

fn held(hold: &Hold, since: Timestamp) -> Waiting {
    Waiting {
        what: format!("approval {} of {} (gate {})", hold.approvals.len() + 1, hold.needed, hold.gate),
        since,
        deadline: hold.expires,
        who: format!("whoever may approve at gate {}", hold.gate),
        next: hold.expires.map_or("nothing; it stays held", |_| "rejected by itself").to_owned(),
    }
}

fn deploy_misses(run: &Run, step: &Step, deploy: &DeployStep) -> Option<String> {
    match blocking(run, step, deploy)? {
        StepKey::Image(image) => Some(format!("{} to be published", image.short())),
        StepKey::Deploy(workload) => Some(format!("deploy of {} before it", workload.name)),
        StepKey::Node(_) => None,
    }
}

/// The step of the same run that another waits for.
fn blocking_step(state: &State, run: &Run, step: &Step) -> Option<StepKey> {
    match &step.body {
        Body::Deploy(deploy) if deploy.stage == DeployStage::Waiting => blocking(run, step, deploy),
        Body::Image(image) => match &image.stage {
            ImageStage::Waiting => {
                let read = state.recipes.get(&image.image)?.as_ref().ok()?;
                let missing = run::image::missing_base(state, run, image, read)?;
                run.image_step(missing).map(|parent| StepKey::Image(parent.image.clone()))
            }
            ImageStage::Cleared => {
                let open = |parent: &&ImageRef| run.standing_of(parent) == Some(Standing::Open);
                image.parents.iter().find(open).cloned().map(StepKey::Image)
            }
            _ => None,
        },
        Body::Deploy(_) => None,
    }
}

fn blocking(run: &Run, step: &Step, deploy: &DeployStep) -> Option<StepKey> {
    let image = StepKey::Image(deploy.how.image.clone());
    let place = run.steps.place(&step.key).unwrap_or(0);
    let before = run.steps.before(place).iter().map(|step| &step.key);
    let before = before.filter(|key| matches!(key, StepKey::Deploy(_)));
    let open = |key: &&StepKey| run.steps.get(key).is_some_and(|step| step.standing() == Standing::Open);
    std::iter::once(&image).chain(before).find(open).cloned()
}

/// Who set something off, for sentences: `moved 01:20:11`, `started by ana`.
pub fn set_off_by(run: &Run) -> String {
    match &run.change.by {
        Actor::Person { name, .. } => format!("started by {name} {}", run.change.at.hours_minutes_seconds()),
        Actor::Policy(_) | Actor::Timer | Actor::Webhook(_) | Actor::Daemon | Actor::Outside(_) => {
            format!("moved {}", run.change.at.hours_minutes_seconds())
        }
    }
}
