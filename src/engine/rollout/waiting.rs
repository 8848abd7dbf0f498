//! Why a rollout or a node step waits: the one value that the console, the CLI and the metrics show.

use super::advance::{InTheWay, cleared, held_back, in_the_way};
use super::issue::{begins, waits_for_move};
use super::{NodeStage, NodeStep, Question, Rollout, lock};
use crate::engine::describe::subject;
use crate::engine::run::Standing;
use crate::engine::state::State;
use crate::model::limits::GROW_AT_ONCE;
use crate::model::nodes::NodeChange;
use crate::model::{Timestamp, Waiting};

const NOBODY: &str = "nobody: it goes on by itself";

impl State {
    /// Why a rollout waits; none when it has ended, or works without anything in its way. That it has stopped comes first, then what
    /// is in flight, then what has not begun.
    pub fn rollout_waiting(&self, rollout: &Rollout) -> Option<Waiting> {
        if rollout.ended.is_some() {
            return None;
        }
        if rollout.stopped() && !rollout.is_ending() {
            return Some(stopped(rollout));
        }
        let waits = |step: &NodeStep| self.node_waiting(rollout, step);
        let pending = || rollout.pending.first().and_then(|place| rollout.at(*place)).and_then(waits);
        rollout.in_flight().find_map(waits).or_else(pending)
    }

    /// Why a node step waits; none when it has ended, or works without anything in its way.
    pub fn node_waiting(&self, rollout: &Rollout, step: &NodeStep) -> Option<Waiting> {
        if step.standing() != Standing::Open {
            return None;
        }
        if step.stage == NodeStage::Pending {
            let way = in_the_way(self, rollout, step);
            let turn = || turn(rollout, step);
            return way.map(|way| self.pending(rollout, step, way)).or_else(turn);
        }
        self.held(rollout, step)
            .or_else(|| self.for_others(rollout, step))
            .or_else(|| unreachable(step))
            .or_else(|| by_stage(step))
    }

    fn pending(&self, rollout: &Rollout, step: &NodeStep, way: InTheWay) -> Waiting {
        let own = |what: String| by_itself(what, step.since, None, "begins as soon as that is so");
        match way {
            InTheWay::Ending => own("the rollout to end".to_owned()),
            InTheWay::Stopped => stopped(rollout),
            InTheWay::Paused => self.paused(rollout).unwrap_or_else(|| own("a pause to end".to_owned())),
            InTheWay::Refused => self.elsewhere(rollout, step),
            InTheWay::Wave(wave) => own(format!("wave {wave} to end")),
            InTheWay::Zone(key) => own(format!("{} in another zone to end", subject(&key))),
            InTheWay::Out(names) => {
                let most = rollout.how.max_unavailable;
                let shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
                let more = if names.len() > 3 { " and more" } else { "" };
                own(format!("{}{more} to be back (at most {most} may be out)", shown.join(", ")))
            }
            InTheWay::Added => own(format!("others to have joined ({GROW_AT_ONCE} at a time)")),
        }
    }

    /// A pause, a freeze, or another daemon on the fleet keeps what it wants from beginning.
    fn held(&self, rollout: &Rollout, step: &NodeStep) -> Option<Waiting> {
        let shifts = ready_to_shift(step);
        let wants = step.want.is_some() || step.watched.values().any(|one| one.want.is_some());
        if self.refused_fleets.contains_key(&rollout.how.fleet) && (wants || shifts) {
            return Some(self.elsewhere(rollout, step));
        }
        let begins = shifts || step.want.is_some_and(|action| begins(step, action));
        (begins && held_back(self, rollout)).then(|| self.paused(rollout)).flatten()
    }

    fn elsewhere(&self, rollout: &Rollout, step: &NodeStep) -> Waiting {
        let fleet = &rollout.how.fleet;
        let holder = self.refused_fleets.get(fleet).map_or("another daemon", String::as_str);
        Waiting {
            what: format!("fleet {fleet}: it is held by {holder}"),
            since: step.since,
            deadline: None,
            who: "the operator of that daemon, or takeover of the fleet".to_owned(),
            next: "goes on when the fleet is free".to_owned(),
        }
    }

    fn paused(&self, rollout: &Rollout) -> Option<Waiting> {
        let (what, stop) = match (&rollout.paused, &self.freeze) {
            (Some(stop), _) => ("paused", stop),
            (None, Some(stop)) => ("everything is frozen", stop),
            (None, None) => return None,
        };
        let reason = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(Waiting {
            what: format!("{what} by {}{reason}", stop.by),
            since: stop.since,
            deadline: stop.until,
            who: "anyone on the socket: resume, or thaw".to_owned(),
            next: stop.until.map_or("nothing: it has no end", |_| "goes on by itself").to_owned(),
        })
    }

    /// Whoever has a workload in hand that this step moves.
    fn for_others(&self, rollout: &Rollout, step: &NodeStep) -> Option<Waiting> {
        let ready = ready_to_shift(step);
        if ready && let Some((run, other)) = lock::of_node(self, step) {
            let what = format!(
                "run {} to let go of {}, which is {} since {}",
                run.id,
                subject(&other.key),
                other.word(),
                other.since.hours_minutes_seconds()
            );
            return Some(by_itself(what, step.since, None, then_moved(step)));
        }
        let other = if ready { lock::of_other_node(self, rollout, step) } else { None };
        let other = other.or_else(|| waits_for_move(self, rollout, step))?;
        let what = format!("{} to have moved a workload of it", subject(&other.key));
        Some(by_itself(what, step.since, None, then_moved(step)))
    }
}

fn then_moved(step: &NodeStep) -> &'static str {
    if step.stage == NodeStage::Cordoning && step.traces.cordoned {
        "it takes no new work meanwhile; its work is moved as soon as that is so"
    } else {
        "the work is moved as soon as that is so"
    }
}

/// Whether all is done that comes before the work is taken in hand: what is left is to wait for others, or for the end of a pause.
fn ready_to_shift(step: &NodeStep) -> bool {
    match step.stage {
        NodeStage::Preflight => cleared(step),
        NodeStage::Joining => step.traces.admitted,
        NodeStage::Cordoning => !step.cordons(),
        _ => false,
    }
}

/// Nothing is in its own way, but in that of one before it.
fn turn(rollout: &Rollout, step: &NodeStep) -> Option<Waiting> {
    let first = rollout.at(*rollout.pending.first()?).filter(|first| first.key != step.key)?;
    let what = if first.wave == step.wave {
        format!("{} before it", subject(&first.key))
    } else {
        format!("wave {} to end", first.wave)
    };
    Some(by_itself(what, step.since, None, "begins as soon as that is so"))
}

fn stopped(rollout: &Rollout) -> Waiting {
    let failed = rollout.bad.iter().filter_map(|place| rollout.at(*place));
    let last = failed.max_by_key(|step| step.since);
    let why = last.and_then(|step| Some(format!("{}: {}", subject(&step.key), step.stage.cause()?)));
    Waiting {
        what: format!("a person: it stopped, {}", why.unwrap_or_else(|| "a node failed".to_owned())),
        since: last.map_or(rollout.started, |step| step.since),
        deadline: None,
        who: match rollout.scale {
            None => {
                "anyone on the socket: roll forward, roll back all, retry or skip the node, or abort to leave it"
            }
            Some(_) => "anyone on the socket: retry or skip the node, or abort to leave it",
        }
        .to_owned(),
        next: "nothing: no other node is begun".to_owned(),
    }
}

fn unreachable(step: &NodeStep) -> Option<Waiting> {
    let watched = step.watched.values();
    let retry = step.retry.as_ref().or_else(|| watched.clone().find_map(|one| one.retry.as_ref()));
    if let Some(retry) = retry {
        return Some(Waiting {
            what: format!("{}: {}", retry.cause.who, retry.cause.why),
            since: retry.since,
            deadline: Some(retry.at),
            who: "whoever runs it; nobody needs to act here".to_owned(),
            next: format!("tried again by itself (try {})", retry.tries + 1),
        });
    }
    let cause = watched.clone().find_map(|one| one.unseen.as_ref())?;
    Some(Waiting {
        what: format!("{}: {}", cause.who, cause.why),
        since: step.since,
        deadline: None,
        who: "whoever runs it; nobody needs to act here".to_owned(),
        next: "goes on when it answers".to_owned(),
    })
}

fn by_stage(step: &NodeStep) -> Option<Waiting> {
    let own = |what: String, next: &str| Some(by_itself(what, step.since, step.deadline, next));
    match &step.stage {
        NodeStage::Preflight => own("its preflight".to_owned(), "goes on, or says what is in the way"),
        NodeStage::Provisioning => own("its machine to be made".to_owned(), "taken back if not there"),
        NodeStage::Joining => {
            let name = step.traces.machine.as_ref().map_or("the new node", |machine| machine.node.as_str());
            own(format!("{name} to join its fleet"), "taken back if not there")
        }
        NodeStage::Cordoning => own("nothing new to be placed on it".to_owned(), "its work is moved"),
        NodeStage::Shifting => own("its work to move".to_owned(), "taken back if that is not done"),
        NodeStage::Updating => own("the command that updates it".to_owned(), "a person, if that fails"),
        NodeStage::Rejoining => own("it to take work again".to_owned(), "a person, if it does not"),
        NodeStage::Soaking { until } => Some(by_itself(
            "the end of its soak".to_owned(),
            step.since,
            Some(*until),
            "the verdict; sick before that: taken back",
        )),
        NodeStage::Undecided(question) => Some(asked(step, question)),
        NodeStage::Retiring if step.change == NodeChange::Shrink => own("it to leave".to_owned(), "done"),
        NodeStage::Retiring => own("the old node to leave".to_owned(), "done"),
        NodeStage::Restoring(_) => own("everything to be as before".to_owned(), "a person, if that fails"),
        NodeStage::Pending
        | NodeStage::Done
        | NodeStage::Restored(_)
        | NodeStage::Failed(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => None,
    }
}

fn asked(step: &NodeStep, question: &Question) -> Waiting {
    let (what, who) = match question {
        Question::Gaps(findings) => {
            let first = findings.first().map(super::cause::one).unwrap_or_default();
            let more = findings.len().saturating_sub(1);
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let who = "anyone on the socket: approve lets it be down for that, skip leaves the node out";
            (format!("a person: {first}{more}"), who)
        }
        Question::Verdict(why) => {
            let who = "anyone on the socket: approve takes it as it is, rollback takes it back";
            (format!("a person: {why}"), who)
        }
    };
    Waiting {
        what,
        since: step.since,
        deadline: None,
        who: who.to_owned(),
        next: "nothing; it stays as it is".to_owned(),
    }
}

fn by_itself(what: String, since: Timestamp, deadline: Option<Timestamp>, next: &str) -> Waiting {
    Waiting { what, since, deadline, who: NOBODY.to_owned(), next: next.to_owned() }
}
