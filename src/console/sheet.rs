//! A sheet: what would be sent, what must be typed for it, and what its author saw.

use super::replica::Replica;
use crate::api::rollout::{PlanRow, ReleaseRow};
use crate::api::rows::May;
use crate::model::limits::SHEET_DEAF;
use crate::model::{
    Command, Digest, ImageRef, IncidentId, PoolName, ReleaseName, RunId, Seen, StepKey, Timestamp, WorkloadId,
};

/// What a sheet would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Let a held step go on.
    Approve(RunId, StepKey),
    /// Refuse it.
    Reject(RunId, StepKey),
    /// Try a failed step again.
    Retry(RunId, StepKey),
    /// Put a workload, or a node's work, back.
    Rollback(RunId, StepKey),
    /// Take back all that a rollout has done.
    RollBackAll(RunId),
    /// End a rollout and go on with this release.
    Forward(RunId, ReleaseName),
    /// Leave a node out.
    Skip(RunId, StepKey),
    /// Pause a run.
    Pause(RunId),
    /// Resume it.
    Resume(RunId),
    /// End it.
    Abort(RunId),
    /// Start a run.
    Start(ImageRef),
    /// Start the rollout that this plan shows.
    StartRollout(Box<PlanRow>),
    /// Keep a pool on what it has.
    Pin(PoolName),
    /// Take a pin back.
    Unpin(PoolName),
    /// Never take a release by itself.
    SkipRelease(PoolName, ReleaseName),
    /// Take that back.
    UnskipRelease(PoolName, ReleaseName),
    /// Release what is quarantined.
    Unquarantine(WorkloadId),
    /// Freeze everything.
    Freeze,
    /// Take the freeze back.
    Thaw,
    /// Take an incident.
    Claim(IncidentId),
    /// Close an incident.
    Close(IncidentId),
}

/// What proves that the sheet was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Enter; there is nothing else to say.
    Nothing,
    /// Enter; a reason may be given.
    Enter,
    /// Enter; a reason must be given.
    Reason,
    /// This text, which the sheet shows; a reason may be given.
    Code(String),
    /// This full name, and a reason.
    Name(String),
}

/// Which field keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What proves that it was read.
    Proof,
    /// The reason.
    Reason,
}

/// An open sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it would do.
    pub order: Order,
    /// What must be typed.
    pub proof: Proof,
    /// What was on screen when its author began to type.
    pub seen: Seen,
    /// What was typed as proof.
    pub typed: String,
    /// What was typed as reason.
    pub reason: String,
    /// Where keys go.
    pub field: Field,
    /// When it was opened, or last became another one: keys of the first moments are dropped.
    pub opened: Timestamp,
    /// What moved since it was opened, to be read before anything is typed.
    pub moved: Vec<String>,
    /// The ticket, once it was sent.
    pub sent: Option<u64>,
    /// Why the last Enter did nothing.
    pub problem: Option<String>,
    /// Its first line in sight.
    pub top: usize,
    /// Whether its last line was in sight since it became what it is.
    pub read: bool,
}

impl Sheet {
    /// A fresh sheet; none when its object is not there.
    pub fn open(order: Order, replica: &Replica, at: Timestamp) -> Option<Self> {
        let seen = fence(&order, replica)?;
        let proof = proof(&order, replica)?;
        let field = match proof {
            Proof::Nothing | Proof::Enter | Proof::Reason => Field::Reason,
            Proof::Code(_) | Proof::Name(_) => Field::Proof,
        };
        Some(Self {
            order,
            proof,
            seen,
            typed: String::new(),
            reason: String::new(),
            field,
            opened: at,
            moved: Vec::new(),
            sent: None,
            problem: None,
            top: 0,
            read: false,
        })
    }

    /// Whether a key that was pressed at `at` was typed at the screen before.
    pub fn is_deaf(&self, at: Timestamp) -> bool {
        at < self.opened + SHEET_DEAF
    }

    /// Compares the sheet with the rows as they are now. What moved is said, and must be read before anything is typed.
    pub fn recheck(&mut self, replica: &Replica, at: Timestamp) {
        let now = fence(&self.order, replica);
        let proof = proof(&self.order, replica);
        let same_proof = proof.as_ref().is_none_or(|proof| *proof == self.proof);
        if (now.as_ref() == Some(&self.seen) && same_proof) || self.sent.is_some() {
            return;
        }
        self.moved = match &now {
            Some(now) => differences(&self.seen, now),
            None => vec!["it is not there any more: Esc".to_owned()],
        };
        self.moved.extend(proof.as_ref().and_then(|proof| kept_out_since(&self.proof, proof)));
        self.typed.clear();
        self.problem = None;
        (self.top, self.read) = (0, false);
        self.opened = at;
        if let Some(now) = now {
            self.seen = now;
            self.proof = proof.unwrap_or(Proof::Enter);
        }
    }

    /// Whether what the sheet is about is still there.
    pub fn still_stands(&self, replica: &Replica) -> bool {
        fence(&self.order, replica).is_some()
    }

    /// Whether a step may still be treated so; true of everything that is not about a step, and of a step that is gone. A rollout
    /// may still be taken back or forward.
    pub fn may_still(&self, replica: &Replica) -> bool {
        let rollout = |run: &RunId| replica.run(*run).and_then(|row| row.rollout.as_deref());
        let (run, step, may) = match &self.order {
            Order::Approve(run, step) => (run, step, May::Approve),
            Order::Reject(run, step) => (run, step, May::Reject),
            Order::Retry(run, step) => (run, step, May::Retry),
            Order::Rollback(run, step) => (run, step, May::Rollback),
            Order::Skip(run, step) => (run, step, May::Skip),
            Order::RollBackAll(run) => return rollout(run).is_none_or(|part| part.back),
            Order::Forward(run, to) => {
                return rollout(run).is_none_or(|part| part.forward.as_ref() == Some(to));
            }
            Order::StartRollout(plan) => return super::target::may_start(replica, plan),
            Order::Pin(pool) | Order::Unpin(pool) => {
                let pinned = replica.pool(pool).map(|row| row.pinned.is_some());
                return pinned.is_none_or(|pinned| pinned == matches!(self.order, Order::Unpin(_)));
            }
            Order::SkipRelease(pool, release) => {
                return release_of(replica, pool, release).is_none_or(may_skip);
            }
            Order::UnskipRelease(pool, release) => {
                return release_of(replica, pool, release).is_none_or(|row| row.skipped.is_some());
            }
            Order::Pause(_)
            | Order::Resume(_)
            | Order::Abort(_)
            | Order::Start(_)
            | Order::Unquarantine(_)
            | Order::Freeze
            | Order::Thaw
            | Order::Claim(_)
            | Order::Close(_) => return true,
        };
        replica.step(*run, step).is_none_or(|row| row.may.contains(&may))
    }

    /// The command, or what is missing.
    pub fn command(&self) -> Result<Command, String> {
        let reason = self.reason.trim();
        match &self.proof {
            Proof::Nothing | Proof::Enter => {}
            Proof::Reason if reason.is_empty() => return Err("a reason is needed: type it".to_owned()),
            Proof::Reason => {}
            Proof::Code(code) | Proof::Name(code) if self.typed != *code => {
                return Err(format!("type {code}, as it is shown, then Enter"));
            }
            Proof::Name(_) if reason.is_empty() => {
                return Err("a reason is needed: Tab, then type it".to_owned());
            }
            Proof::Code(_) | Proof::Name(_) => {}
        }
        Ok(self.build(reason))
    }

    fn build(&self, reason: &str) -> Command {
        let seen = self.seen.clone();
        let given = (!reason.is_empty()).then(|| reason.to_owned());
        let reason = reason.to_owned();
        match self.order.clone() {
            Order::Approve(run, step) => Command::Approve { run, step, seen, note: given },
            Order::Reject(run, step) => Command::Reject { run, step, seen, reason },
            Order::Retry(run, step) => Command::Retry { run, step, seen, reason: given },
            Order::Rollback(run, step) => Command::Rollback { run, step, seen, reason: given },
            Order::RollBackAll(run) => Command::RollBackAll { run, reason },
            Order::Forward(run, release) => Command::RollForward { run, release, reason: given },
            Order::Skip(run, step) => Command::SkipNode { run, step, seen, reason },
            Order::Pause(run) => Command::Pause { run, reason: given, until: None },
            Order::Resume(run) => Command::Resume { run, reason: given },
            Order::Abort(run) => Command::Abort { run, reason },
            Order::Start(image) => Command::Start { image, reason: given },
            Order::StartRollout(plan) => {
                Command::StartRollout { pool: plan.pool, release: plan.release, seen, reason: given }
            }
            Order::Pin(pool) => Command::Pin { pool, reason },
            Order::Unpin(pool) => Command::Unpin { pool, reason: given },
            Order::SkipRelease(pool, release) => Command::SkipRelease { pool, release, reason },
            Order::UnskipRelease(pool, release) => Command::UnskipRelease { pool, release, reason: given },
            Order::Unquarantine(workload) => Command::Unquarantine { workload, reason },
            Order::Freeze => Command::Freeze { reason: given, until: None },
            Order::Thaw => Command::Thaw { reason: given },
            Order::Claim(incident) => Command::Claim { incident },
            Order::Close(incident) => Command::Close { incident, reason },
        }
    }
}

/// An announced release, by its name.
pub fn release_of<'a>(
    replica: &'a Replica,
    pool: &PoolName,
    release: &ReleaseName,
) -> Option<&'a ReleaseRow> {
    replica.pool(pool)?.announced.iter().find(|row| row.release == *release)
}

/// Whether a pool could still take this release by itself, so that there is something to skip.
pub fn may_skip(row: &ReleaseRow) -> bool {
    !row.taken && row.skipped.is_none()
}

/// What must stay as it is while the sheet is open; none when its object is not there.
fn fence(order: &Order, replica: &Replica) -> Option<Seen> {
    let nothing = Some(Seen::default());
    match order {
        Order::Approve(run, step)
        | Order::Reject(run, step)
        | Order::Retry(run, step)
        | Order::Rollback(run, step)
        | Order::Skip(run, step) => replica.step(*run, step).map(|row| row.expect.clone()),
        Order::Resume(run) | Order::Abort(run) | Order::RollBackAll(run) | Order::Forward(run, _) => {
            replica.run(*run).map(|row| Seen { plan: Some(row.plan.clone()), ..Seen::default() })
        }
        Order::Start(image) => {
            replica.image(image).map(|row| Seen { digest: row.digest.clone(), ..Seen::default() })
        }
        // The daemon compares: a plan is no row.
        Order::StartRollout(plan) => Some(Seen { plan: Some(plan.plan.clone()), ..Seen::default() }),
        Order::Unquarantine(workload) => replica.workload(workload).map(|row| Seen {
            digest: row.quarantine.first().map(|held| held.digest.clone()),
            ..Seen::default()
        }),
        // Towards safety nothing may stand in the way, also not a plan that has just moved.
        Order::Pause(run) => replica.run(*run).map(|_| Seen::default()),
        Order::Claim(incident) | Order::Close(incident) => {
            replica.incident(*incident).map(|_| Seen::default())
        }
        Order::Pin(pool) | Order::Unpin(pool) => replica.pool(pool).map(|_| Seen::default()),
        Order::SkipRelease(pool, release) | Order::UnskipRelease(pool, release) => {
            release_of(replica, pool, release).map(|_| Seen::default())
        }
        Order::Freeze => nothing,
        Order::Thaw => replica.daemon().and_then(|daemon| daemon.freeze.as_ref()).map(|_| Seen::default()),
    }
}

/// What proves that this sheet was read, as the rows are now.
fn proof(order: &Order, replica: &Replica) -> Option<Proof> {
    let code = |digest: Option<&Digest>, otherwise: String| {
        Proof::Code(digest.map_or(otherwise, |digest| digest.short().to_owned()))
    };
    let node =
        |step: &StepKey| if let StepKey::Node(node) = step { Some(node.name.to_string()) } else { None };
    Some(match order {
        Order::Claim(_) => Proof::Nothing,
        Order::Pause(_) | Order::Freeze => Proof::Enter,
        Order::Reject(..) | Order::Close(_) | Order::Pin(_) | Order::SkipRelease(..) => Proof::Reason,
        Order::Approve(_, step @ StepKey::Node(_))
        | Order::Retry(_, step @ StepKey::Node(_))
        | Order::Rollback(_, step @ StepKey::Node(_)) => Proof::Code(node(step)?),
        Order::Skip(_, step) => Proof::Name(node(step)?),
        Order::Forward(run, release) => {
            proof_of_release(replica, &replica.run(*run)?.rollout.as_deref()?.pool, release)
        }
        Order::RollBackAll(run) => Proof::Name(replica.run(*run)?.name()),
        Order::Approve(run, step) | Order::Retry(run, step) => {
            code(replica.step(*run, step)?.digest.as_ref(), run.to_string())
        }
        Order::Rollback(run, step) => code(replica.step(*run, step)?.before.as_ref(), run.to_string()),
        Order::Resume(run) => Proof::Code(run.to_string()),
        Order::Start(image) => code(replica.image(image)?.digest.as_ref(), image.short()),
        Order::StartRollout(plan) => proof_of_release(replica, &plan.pool, &plan.release),
        Order::Thaw => Proof::Code(replica.daemon()?.name.clone()),
        Order::Abort(run) => Proof::Name(replica.run(*run)?.name()),
        Order::Unpin(pool) => Proof::Code(pool.to_string()),
        Order::UnskipRelease(_, release) => Proof::Name(release.to_string()),
        Order::Unquarantine(workload) => Proof::Name(workload.to_string()),
    })
}

/// A release that begins is neither in quarantine nor skipped any more: that overrides what kept it out. The row is asked and
/// not a plan: a plan may be older.
fn proof_of_release(replica: &Replica, pool: &PoolName, release: &ReleaseName) -> Proof {
    let row = release_of(replica, pool, release);
    if row.is_some_and(|row| row.quarantine.is_some() || row.skipped.is_some()) {
        Proof::Name(release.to_string())
    } else {
        Proof::Code(release.to_string())
    }
}

/// That the release of a sheet came into quarantine or was skipped since, or is so no more.
fn kept_out_since(before: &Proof, now: &Proof) -> Option<String> {
    match (before, now) {
        (Proof::Code(_), Proof::Name(name)) => Some(format!("{name} is kept out now: a reason is needed")),
        (Proof::Name(_), Proof::Code(name)) => Some(format!("{name} is kept out no more")),
        _ => None,
    }
}

/// What moved, line by line.
fn differences(before: &Seen, now: &Seen) -> Vec<String> {
    let mut out = Vec::new();
    let mut digests = |what: &str, a: &Option<Digest>, b: &Option<Digest>| {
        if a != b {
            let (a, b) = (super::text::short(a.as_ref()), super::text::short(b.as_ref()));
            out.push(format!("{what} was {a} and is {b} now"));
        }
    };
    digests("the digest", &before.digest, &now.digest);
    digests("the plan", &before.plan, &now.plan);
    if before.generation != now.generation {
        out.push("the step has changed its state".to_owned());
    }
    out
}
