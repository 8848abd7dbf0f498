//! The dossier of a failed node step: what was to change, what was in the way, what moved, each workload before and now.

use super::{NodeStep, Rollout, Watched};
use crate::engine::describe;
use crate::engine::dossier::{seen, tail, timeline};
use crate::engine::event::{Event, EventKind};
use crate::engine::incident::Incident;
use crate::engine::outbox::{customer, vendor};
use crate::engine::state::State;
use crate::engine::veil::Veil;
use crate::model::dossier::{Changed, DOSSIER_SCHEMA, Dossier, LogTail, MovedWorkload, NodePart, Released};
use crate::model::{Action, Command, EffectId, StepKey, WorkloadId, limits};

/// The dossier as it is now; none when its step is gone.
pub(in crate::engine) fn make(
    state: &State,
    rollout: &Rollout,
    incident: &Incident,
    events: &[Event],
    logs: &[LogTail],
) -> Option<Dossier> {
    let step = rollout.steps.get(&incident.step)?;
    let veil = Veil::default();
    Some(Dossier {
        schema: DOSSIER_SCHEMA,
        install: state.install.clone(),
        incident: incident.id,
        run: rollout.id,
        step: step.key.clone(),
        opened: incident.opened,
        written: state.now,
        complete: step.ended.is_some(),
        cause: incident.cause.word().to_owned(),
        class: incident.cause.class().to_owned(),
        sentence: format!("{}: {}", describe::subject(&step.key), incident.cause),
        flaky_before: 0,
        vendor: vendor(state, incident).cloned(),
        customer: customer(state, incident).cloned(),
        changed: changed(rollout, step),
        built: None,
        tests: Vec::new(),
        deployed: None,
        node: Some(node(rollout, step, &veil)),
        seen: incident.seen.clone(),
        logs: logs.iter().take(limits::DOSSIER_LOGS).map(|log| tail(log, &veil)).collect(),
        timeline: timeline(state, &|event| concerns(rollout, None, event), events, &veil),
        reproduce: vec![match rollout.scale {
            None => format!("tidegate rollout {} {}", rollout.pool, step.target),
            Some(scale) => format!("tidegate scale {} {}", rollout.pool, scale.to),
        }],
        environment: Vec::new(),
    })
}

fn changed(rollout: &Rollout, step: &NodeStep) -> Changed {
    Changed {
        image: None,
        release: Some(Released {
            pool: rollout.pool.clone(),
            release: step.target.clone(),
            before: step.was.clone(),
        }),
        from: None,
        to: None,
        by: rollout.by.to_string(),
        at: rollout.started,
        reason: rollout.reason.clone(),
    }
}

fn node(rollout: &Rollout, step: &NodeStep, veil: &Veil) -> NodePart {
    let moved = |workload: &WorkloadId| step.moved.iter().find(|one| one.workload == *workload);
    let workload = |(workload, one): (&WorkloadId, &Watched)| MovedWorkload {
        workload: workload.clone(),
        tasks: moved(workload).map_or(0, |one| one.tasks),
        to: moved(workload).map(|one| one.to.clone()).unwrap_or_default(),
        before: one.baseline.as_deref().map(|look| seen(look, veil)),
        last: one.look.as_deref().map(|look| seen(look, veil)),
    };
    NodePart {
        node: step.node.clone(),
        machine: step.traces.machine.as_ref().map(|machine| machine.node.clone()),
        strategy: rollout.how.strategy,
        wave: step.wave,
        ended: step.word().to_owned(),
        findings: step
            .preflight
            .iter()
            .flat_map(|report| report.blocks.iter().chain(&report.notes))
            .cloned()
            .collect(),
        workloads: step.watched.iter().take(limits::FINDINGS).map(workload).collect(),
    }
}

/// The logs that the work of a step has written, oldest action first.
pub fn logs(rollout: &Rollout, step: &NodeStep) -> Vec<EffectId> {
    let written = |action: &&Action| {
        matches!(
            action,
            Action::Provision | Action::Shift | Action::Update | Action::ShiftBack | Action::Deprovision
        )
    };
    let attempts = step.attempts.iter().filter(|(action, _)| written(action));
    let id = |action: Action, attempt: u32| EffectId {
        run: rollout.id,
        step: step.key.clone(),
        subject: None,
        action,
        attempt,
    };
    attempts.flat_map(|(action, last)| (1..=*last).map(move |attempt| id(*action, attempt))).collect()
}

/// Whether a fact belongs to a rollout, or to one of its steps; and the announcement of its release.
pub fn concerns(rollout: &Rollout, step: Option<&StepKey>, event: &Event) -> bool {
    if let Some((id, about)) = event.kind.subject() {
        return id == rollout.id && (step.is_none() || about.is_none() || about.as_ref() == step);
    }
    if let EventKind::Commanded { command: Command::Scale { pool, nodes, .. } } = &event.kind {
        let same = rollout.scale.is_some_and(|scale| scale.to == *nodes);
        return same && *pool == rollout.pool && event.at <= rollout.started;
    }
    let (pool, release) = match &event.kind {
        EventKind::ReleaseAnnounced { pool, release }
        | EventKind::Commanded {
            command: Command::Release { pool, release } | Command::StartRollout { pool, release, .. },
        } => (pool, release),
        _ => return false,
    };
    *pool == rollout.pool && *release == rollout.release && event.at <= rollout.started
}
