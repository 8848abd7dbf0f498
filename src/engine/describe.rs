//! One sentence for each fact, as the journal's line on screen says it.

use super::event::{Event, EventKind};
use super::rollout::describe as rollout;
use super::state::State;
use crate::model::notices::NoticeId;
use crate::model::reports::{
    Answer, BuildReport, ChangeReport, LookReport, PublishReport, TestReport, Unreachable,
};
use crate::model::{
    Action, Command, Digest, EffectId, FleetName, ImageRef, RunId, StepKey, Timestamp, WorkloadId,
};

/// The sentence; `state` is the state after the fact.
pub fn sentence(state: &State, event: &Event) -> String {
    match &event.kind {
        EventKind::Installed { install } => format!("the journal was made, installation {install}"),
        EventKind::DaemonStarted { version, pid, .. } => {
            format!("the daemon started, version {version}, pid {pid}")
        }
        EventKind::ConfigLoaded { setup } => format!(
            "configuration loaded: {} recipes, {} workloads, {} gates{}",
            setup.recipes.len(),
            setup.workloads.len(),
            setup.gates.len(),
            given_up(state, event.at)
        ),
        EventKind::RecipesRead { recipes } => {
            match recipes.iter().find_map(|(image, r)| r.as_ref().err().map(|e| (image, e))) {
                Some((image, why)) => {
                    format!("{} recipes read; {} cannot be: {why}", recipes.len(), image.short())
                }
                None => format!("{} recipes read", recipes.len()),
            }
        }
        EventKind::HintReceived { image, .. } => {
            format!("a notification says that {} was pushed", image.short())
        }
        EventKind::TagSeen { image, digest, before } => {
            tag_seen(state, image, before.as_ref(), digest.as_ref())
        }
        EventKind::SourceLost { who, why } => format!("{who} does not answer: {why}"),
        EventKind::SourceFound { who } => format!("{who} answers again"),
        EventKind::WorkloadsSeen { fleet, running, gone } => workloads(fleet, running.len(), gone.as_ref()),
        EventKind::FleetRefused { fleet, holder } => {
            format!("fleet {fleet} is held by {holder}; nothing is done there")
        }
        EventKind::FleetClaimed { fleet } => format!("fleet {fleet} is ours"),
        EventKind::BuildFinished { id, answer } => result(id, answer, build),
        EventKind::TestsFinished { id, answer } => result(id, answer, |report| tests(id, report)),
        EventKind::TagPublished { id, answer } => result(id, answer, |report| publish(id, report)),
        EventKind::WorkloadLooked { id, answer } | EventKind::WorkloadWatched { id, answer } => {
            result(id, answer, |report| look(id, report))
        }
        EventKind::WorkloadChanged { id, answer } => result(id, answer, |report| change(id, report)),
        EventKind::CandidateDiscarded { id, answer } => result(id, answer, |removed| {
            if *removed { "candidate removed" } else { "candidate kept: its digest is in use" }.to_owned()
        }),
        EventKind::NodesSeen { fleet, nodes, gone } => {
            format!("fleet {fleet}: {} nodes changed, {} are gone", nodes.len(), gone.len())
        }
        EventKind::OrphansSeen { pool, machines } => rollout::orphans(pool, machines),
        EventKind::ReleaseAnnounced { pool, release } => {
            format!("release {release} was announced for pool {pool}")
        }
        EventKind::NodePreflighted { id, answer } => result(id, answer, rollout::preflight),
        EventKind::NodeProvisioned { id, answer } => result(id, answer, rollout::provisioned),
        EventKind::MachineFound { id, answer } => result(id, answer, rollout::found),
        EventKind::NodeShifted { id, answer } => result(id, answer, |report| rollout::shifted(id, report)),
        EventKind::NodeChanged { id, answer } => result(id, answer, |report| rollout::changed(id, report)),
        EventKind::NodeUpdated { id, answer } => result(id, answer, rollout::updated),
        EventKind::NodeRemoved { id, answer } => result(id, answer, rollout::removed),
        EventKind::NoticeSent { id, .. } => {
            format!("incident {}: {} told over {} ({})", id.incident, id.party, id.channel, id.occasion)
        }
        EventKind::NoticeFailed { id, cause, .. } => not_told(state, id, &cause.why, event.at),
        EventKind::DeadlinePassed => "a deadline passed".to_owned(),
        EventKind::Commanded { command } => commanded(state, command),
        EventKind::CommandRefused { command, reason } => {
            format!("refused: {}: {reason}", commanded(state, command))
        }
    }
}

fn workloads(fleet: &FleetName, seen: usize, gone: Option<&Vec<WorkloadId>>) -> String {
    match gone {
        Some(gone) => format!("fleet {fleet}: {seen} workloads changed, {} are gone", gone.len()),
        None => format!("fleet {fleet}: {seen} workloads"),
    }
}

fn not_told(state: &State, id: &NoticeId, why: &str, at: Timestamp) -> String {
    let then = if state.was_given_up_at(id, at) { "; GIVEN UP, nobody tries again" } else { "" };
    format!("incident {}: {} not told over {}: {why}{then}", id.incident, id.party, id.channel)
}

/// What a new configuration ends: `; GIVEN UP: incident 3: customer not told over pay-hook: …`.
fn given_up(state: &State, at: Timestamp) -> String {
    let said = |(id, why): (&NoticeId, &str)| {
        format!("; GIVEN UP: incident {}: {} not told over {}: {why}", id.incident, id.party, id.channel)
    };
    state.given_up_at(at).map(said).collect()
}

fn result<T>(id: &EffectId, answer: &Answer<T>, done: impl FnOnce(&T) -> String) -> String {
    let said = match answer {
        Answer::Done(report) => done(report),
        Answer::Unreachable(Unreachable { who, why, .. }) => {
            format!("{}: {who} not reached: {why}", id.action)
        }
    };
    format!("{}: {said}", subject(&id.step))
}

/// `web:1` or `deploy web`: how a step is called on screen.
pub fn subject(step: &StepKey) -> String {
    match step {
        StepKey::Image(image) => image.short(),
        StepKey::Deploy(workload) => format!("deploy {}", workload.name),
        StepKey::Node(node) => format!("node {}", node.name),
    }
}

/// Said of a fact of any age: what the state knows of the tag now is no part of it.
fn tag_seen(state: &State, image: &ImageRef, before: Option<&Digest>, digest: Option<&Digest>) -> String {
    let ours = state.setup.recipes.contains_key(image);
    let made_it = |run: &&super::Run| {
        run.image_step(image).is_some_and(|step| step.digest.as_ref() == digest && digest.is_some())
    };
    let by_run = state.each_run().find(made_it).map(|run| run.id);
    match (before, digest, by_run) {
        (None, Some(now), _) => format!("{} is at {}", image.short(), now.short()),
        (_, None, _) => format!("{} is not in its registry", image.short()),
        (Some(old), Some(now), Some(run)) => {
            format!("{} moved {}→{} by run {run}", image.short(), old.short(), now.short())
        }
        (Some(old), Some(now), None) if ours => format!(
            "{} was moved {}→{} by somebody else; it has passed no tests here and starts nothing",
            image.short(),
            old.short(),
            now.short()
        ),
        (Some(old), Some(now), None) => format!("{} moved {}→{}", image.short(), old.short(), now.short()),
    }
}

fn build(report: &BuildReport) -> String {
    match report {
        BuildReport::Built { digest, found: false } => format!("built {}", digest.short()),
        BuildReport::Built { digest, found: true } => format!("built {}, found finished", digest.short()),
        BuildReport::Failed { message, .. } => format!("build failed: {message}"),
    }
}

fn tests(id: &EffectId, report: &TestReport) -> String {
    let (passed, total) = report.cases();
    let which = match id.action {
        Action::Retest => "second try of the tests",
        Action::Control => "control on the old image",
        _ => "tests",
    };
    format!("{which} {passed}/{total}")
}

fn publish(id: &EffectId, report: &PublishReport) -> String {
    let back = id.action == Action::Untag;
    match report {
        PublishReport::Moved { .. } if back => "public tag put back".to_owned(),
        PublishReport::Moved { .. } => "published".to_owned(),
        PublishReport::MovedByOthers { .. } => {
            "somebody else moved the public tag; it was left alone".to_owned()
        }
        PublishReport::Refused(why) => format!("the registry refused the tag: {why}"),
    }
}

fn look(id: &EffectId, report: &LookReport) -> String {
    // During an update only tasks of the present spec count: without the word, a good one would read like an outage.
    let before = if id.action == Action::Baseline { "before: " } else { "present spec: " };
    match report {
        LookReport::Seen(look) => format!("{before}{}", super::run::evidence::summary(look)),
        LookReport::Gone => "the workload is gone".to_owned(),
    }
}

fn change(id: &EffectId, report: &ChangeReport) -> String {
    let what = if id.action == Action::Restore { "spec from before put back" } else { "spec updated" };
    match report {
        ChangeReport::Changed { found: false, .. } => what.to_owned(),
        ChangeReport::Changed { found: true, .. } => format!("{what}, found done"),
        ChangeReport::ChangedByOthers { found, .. } => {
            format!("somebody else changed it (it names {} now); left alone", found.image)
        }
        ChangeReport::Gone => "the workload is gone".to_owned(),
        ChangeReport::Refused(why) => format!("the orchestrator refused: {why}"),
    }
}

/// `run 42`, or `rollout 17`.
pub fn called(state: &State, run: RunId) -> String {
    let word = if state.rollouts.contains_key(&run) { "rollout" } else { "run" };
    format!("{word} {run}")
}

fn commanded(state: &State, command: &Command) -> String {
    let called = |run: &RunId| called(state, *run);
    let on = |run: &RunId, step: &StepKey| format!("{} {}", called(run), subject(step));
    let why = |reason: Option<&String>| reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    match command {
        Command::Approve { run, step, seen, note } => {
            let digest =
                seen.digest.as_ref().map(|digest| format!(" {}", digest.short())).unwrap_or_default();
            format!("{} approved{digest}{}", on(run, step), why(note.as_ref()))
        }
        Command::Reject { run, step, reason, .. } => format!("{} rejected: {reason}", on(run, step)),
        Command::Pause { run, reason, .. } => format!("{} paused{}", called(run), why(reason.as_ref())),
        Command::Resume { run, reason } => format!("{} resumed{}", called(run), why(reason.as_ref())),
        Command::Abort { run, reason } => format!("{} aborted: {reason}", called(run)),
        Command::Retry { run, step, reason, .. } => {
            format!("{} tried again{}", on(run, step), why(reason.as_ref()))
        }
        Command::Rollback { run, step, reason, .. } => {
            format!("{} ordered back{}", on(run, step), why(reason.as_ref()))
        }
        Command::Start { image, reason } => {
            format!("a run of {} started{}", image.short(), why(reason.as_ref()))
        }
        Command::Release { pool, release } => format!("release {release} announced for pool {pool}"),
        Command::SkipRelease { pool, release, reason } => {
            format!("release {release} of pool {pool} skipped: {reason}")
        }
        Command::UnskipRelease { pool, release, reason } => {
            format!("release {release} of pool {pool} skipped no more{}", why(reason.as_ref()))
        }
        Command::Pin { pool, reason } => format!("pool {pool} pinned: {reason}"),
        Command::Unpin { pool, reason } => {
            format!("the pin of pool {pool} was taken back{}", why(reason.as_ref()))
        }
        Command::StartRollout { pool, release, reason, .. } => {
            format!("a rollout of release {release} through pool {pool} started{}", why(reason.as_ref()))
        }
        Command::Scale { pool, nodes, reason, .. } => {
            format!("pool {pool} is to have {nodes} nodes{}", why(reason.as_ref()))
        }
        Command::RollBackAll { run, reason } => format!("rollout {run} ordered back: {reason}"),
        Command::RollForward { run, release, reason } => {
            format!("rollout {run} goes forward to release {release}{}", why(reason.as_ref()))
        }
        Command::SkipNode { run, step, reason, .. } => format!("{} left out: {reason}", on(run, step)),
        Command::Unquarantine { workload, reason } => {
            format!("{workload} released from quarantine: {reason}")
        }
        Command::Freeze { reason, .. } => format!("everything frozen{}", why(reason.as_ref())),
        Command::Thaw { reason } => format!("the freeze was taken back{}", why(reason.as_ref())),
        Command::Claim { incident } => format!("incident {incident} taken"),
        Command::Close { incident, reason } => format!("incident {incident} closed: {reason}"),
    }
}
