//! What one notice says: made for its party, of what that party may see.
//!
//! 1. A vendor sees what of theirs changed, the cause class, counts and names of failing tests. Not the workload's name, the
//!    candidate or what tests and tasks said, unless the channel allows evidence.
//! 2. A customer sees which update waits, what failed, and how to see it.
//! 3. Nobody sees a value of an environment, also where a test printed it.

use super::incident::{Cause, Incident};
use super::rollout;
use super::run::{Run, Step};
use super::state::State;
use super::veil::Veil;
use crate::model::defect::{Defect, present};
use crate::model::notices::{NOTICE_SCHEMA, Notice, NoticeId, Occasion, Party, VendorSees};
use crate::model::{Digest, ImageRef, Owner, StepKey, limits};

/// The notice; none when its incident or run is gone.
pub(super) fn make(state: &State, id: &NoticeId, owner: &Owner) -> Option<Notice> {
    let incident = state.incidents.get(&id.incident)?;
    let allowed = state.setup.channels.get(&id.channel)?.vendor_sees;
    let sees =
        id.party == Party::Customer || allowed == VendorSees::Evidence || present(Defect::VendorToldAll);
    if let Some(rollout) = state.rollouts.get(&incident.run) {
        return rollout::notice::make(state, rollout, incident, id, owner, sees);
    }
    let run = state.runs.get(&incident.run)?;
    let customer = id.party == Party::Customer;
    let tested = candidate(run, &incident.step).filter(|_| customer);
    let (tests, failing) = tests(&incident.cause, &Veil::of(run));
    Some(Notice {
        schema: NOTICE_SCHEMA,
        id: format!("{}/{id}", state.install),
        occasion: id.occasion,
        party: id.party,
        owner: owner.clone(),
        at: state.now,
        incident: incident.id,
        run: run.id,
        subject: subject(&incident.step, customer),
        cause: incident.cause.word().to_owned(),
        text: text(incident, run, id, customer),
        changed: run.change.image.to_string(),
        from: run.change.from.clone(),
        to: run.change.to.clone(),
        candidate: tested.as_ref().map(|(_, digest)| digest.clone()),
        tests,
        failing,
        probes: probes(&incident.cause),
        evidence: if sees { evidence(incident, &Veil::of(run)) } else { Vec::new() },
        reproduce: tested.map(|(image, digest)| reproduce(run, &image, &digest)).unwrap_or_default(),
    })
}

fn subject(step: &StepKey, customer: bool) -> String {
    match (step, customer) {
        (_, true) => step.to_string(),
        (StepKey::Image(_), false) => "an image that is built on it".to_owned(),
        (StepKey::Deploy(_), false) => "a workload that runs it".to_owned(),
        (StepKey::Node(_), false) => "a node that gets it".to_owned(),
    }
}

/// What failed: the candidate of an image, or what a workload was moved onto.
pub(super) fn candidate(run: &Run, step: &StepKey) -> Option<(ImageRef, Digest)> {
    let found = run.steps.get(step)?;
    match (found.image(), found.deploy()) {
        (Some(image), _) => Some((image.image.clone(), image.digest.clone()?)),
        (None, Some(deploy)) => Some((deploy.how.image.clone(), deploy.want.clone()?)),
        (None, None) => None,
    }
}

fn text(incident: &Incident, run: &Run, id: &NoticeId, customer: bool) -> String {
    let to = run.change.to.as_ref().map(|to| format!(" at {}", to.short())).unwrap_or_default();
    let (what, change) = (subject(&incident.step, customer), format!("{}{to}", run.change.image.short()));
    let class = incident.cause.class();
    match id.occasion {
        Occasion::Opened if customer => {
            format!("{what}: {class}; the update of {change} waits and does not reach it")
        }
        Occasion::Opened => format!("{change} changed; {what}: {class}"),
        Occasion::PutBack => format!("{what} runs again what it ran before the update of {change}"),
        // No incident is ever told so.
        Occasion::Test => format!("{what}: a test"),
        Occasion::Closed => format!("the incident of {what} with {change} was closed"),
    }
}

type Tests = (Option<(u32, u32)>, Vec<String>);

fn tests(cause: &Cause, veil: &Veil) -> Tests {
    let Cause::Tests { passed, total, failing, .. } = cause.root() else { return (None, Vec::new()) };
    let names = failing.iter().take(limits::NOTICE_LINES).map(|case| veil.over(&case.name));
    (Some((*passed, *total)), names.collect())
}

fn probes(cause: &Cause) -> Option<(u32, u32)> {
    let Cause::ProbesFailed { failed, total, .. } = cause.root() else { return None };
    Some((*failed, *total))
}

/// What was said: the cause's own sentence, what failing cases said, what was seen of the workload.
fn evidence(incident: &Incident, veil: &Veil) -> Vec<String> {
    let cases =
        if let Cause::Tests { failing, .. } = incident.cause.root() { failing.as_slice() } else { &[] };
    let said = cases.iter().map(|case| format!("{}: {}", case.name, case.message));
    let lines = std::iter::once(incident.cause.to_string()).chain(said).chain(incident.seen.iter().cloned());
    lines.take(limits::NOTICE_LINES).map(|line| veil.over(&line)).collect()
}

/// How the failure can be seen: by hand with the very content that failed. No environment, not even names.
pub(super) fn reproduce(run: &Run, image: &ImageRef, digest: &Digest) -> Vec<String> {
    let pinned = image.at(digest.clone());
    let step = run.steps.get(&StepKey::Image(image.clone())).and_then(Step::image);
    let commands = step.iter().flat_map(|step| &step.recipe.tests).map(|test| {
        let argv: Vec<String> = test.run.iter().map(|word| quoted(word)).collect();
        format!("docker run --rm {pinned} {}", argv.join(" "))
    });
    std::iter::once(format!("docker pull {pinned}")).chain(commands).take(limits::NOTICE_LINES).collect()
}

/// One word of an argv, as a shell must be given it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
