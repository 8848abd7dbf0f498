//! Emptying a node so that nothing goes down. The steps are those of [`super`]; each is a question to what is there now.

use super::change::{Count, Counted, several};
use super::member::Member;
use super::moving::Moving;
use super::preflight::{finding, work};
use super::progress::{
    Gap, Phase, before, begun, gaps, lost, missing, moved, moving_from, over, undone, unended, unkept,
};
use super::removal::Ties;
use super::replaced::Replaced;
use super::view::{Found, View};
use crate::adapters::fleet::swarm::manager::Trouble;
use crate::adapters::fleet::swarm::port::Swarm;
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::Span;
use crate::model::limits::{SHIFT_HOLDS, SHIFT_LOOKS_FIRST, SHIFT_LOOKS_LAST, SHIFT_TELLS_AGAIN};
use crate::model::nodes::{Finding, FindingKind, NodeReport, ShiftJob, ShiftReport};
use crate::model::pace::look_again;
use crate::ports::{Progress, Reporter};
use serde_json::Value;
use tokio::time::Instant;

impl Swarm {
    pub(super) async fn shift_once(
        &self,
        job: &ShiftJob,
        reporter: &dyn Reporter,
    ) -> Result<ShiftReport, Trouble> {
        let deadline = Instant::now() + job.timeout.to_std();
        let view = self.view().await?;
        let member = match view.find(&job.from.name) {
            Found::Nobody => return Ok(ShiftReport::Gone),
            Found::Several => return Ok(refused(several(&job.from.name))),
            Found::One(member) => member,
        };
        if let Some(onto) = job.onto.as_ref().filter(|_| job.lend)
            && let NodeReport::Refused(why) = self.lend_labels(&view, &member.id, onto).await?
        {
            return Ok(refused(format!("{onto} cannot be given the labels of {}: {why}", member.shown())));
        }
        // It waits for what was being placed there, where the node took work until now.
        match self.cordon(member).await? {
            NodeReport::Done { .. } | NodeReport::Cordoned { .. } => {}
            NodeReport::Gone => return Ok(ShiftReport::Gone),
            NodeReport::Refused(why) => return Ok(refused(why)),
        }
        let node = member.id.clone();
        Shift { swarm: self, job, reporter, node, deadline, gaps: Vec::new(), kept: Vec::new() }.run().await
    }
}

fn refused(what: String) -> ShiftReport {
    ShiftReport::Blocked {
        moved: Vec::new(),
        by: vec![Finding { workload: None, kind: FindingKind::Unsettled, what }],
    }
}

fn is_job(view: &View, block: &Finding) -> bool {
    let is = |service: &Service| {
        view.workload(service) == block.workload && matches!(service.mode(), Mode::Job(_))
    };
    view.services.values().any(is)
}

/// The leader chooses: what the manager that we ask says of its own engine (`GET /version`) holds for that one where its engine is of the same version.
fn ties(engine: &Value, view: &View) -> Ties {
    let says = |key: &str| engine.get(key).and_then(Value::as_str).unwrap_or_default();
    let leader = view.members.iter().find(|member| member.leads());
    let same = leader.is_some_and(|leader| leader.description.engine.engine_version == says("Version"));
    if same { Ties::of(says("GoVersion")) } else { Ties::Worst }
}

struct Shift<'a> {
    swarm: &'a Swarm,
    job: &'a ShiftJob,
    reporter: &'a dyn Reporter,
    node: String,
    deadline: Instant,
    /// What moves, or has moved, with a gap.
    gaps: Vec<Gap>,
    /// What else was on the node, as it was before anything moved: for where somebody takes our label off a service meanwhile.
    kept: Vec<Gap>,
}

impl Shift<'_> {
    async fn run(&mut self) -> Result<ShiftReport, Trouble> {
        // Read after the cordon: from here on nothing new lands on the node.
        let view = self.swarm.view().await?;
        let Some(member) = view.member(&self.node) else { return Ok(ShiftReport::Gone) };
        let blocks = work(&view, member, false).blocks;
        let (agreed, mut by): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| self.agreed(block));
        // One that began here since the preflight does not keep the others here: its own end is waited for.
        by.retain(|block| !is_job(&view, block));
        if !by.is_empty() {
            return Ok(ShiftReport::Blocked { moved: Vec::new(), by });
        }
        self.gaps = gaps(&view, &self.node, &agreed);
        self.kept = before(&view, &self.node);
        self.kept.retain(|kept| !self.gaps.iter().any(|gap| gap.workload == kept.workload));
        let by = self.begin(&view, &unkept(&view, &self.node, |_| false), &Replaced::default()).await?;
        if !by.is_empty() {
            return Ok(ShiftReport::Blocked { moved: Vec::new(), by });
        }
        self.emptied().await
    }

    /// From the services that have what they need to the node that has nothing left.
    async fn emptied(&self) -> Result<ShiftReport, Trouble> {
        let hold = self.hold().await?;
        // Asked now, while the further tasks start, so that nothing waits for it later; who leads is looked at then.
        let engine = self.swarm.manager.get("/version").await?;
        let mut by = self.until(Phase::Elsewhere, hold).await?;
        if by.is_empty() {
            match self.swarm.drain(&self.node, &self.gaps).await? {
                NodeReport::Done { .. } | NodeReport::Cordoned { .. } => {
                    by = self.until(Phase::Empty, Span::default()).await?;
                }
                NodeReport::Gone => return Ok(ShiftReport::Gone),
                NodeReport::Refused(why) => return Ok(refused(why)),
            }
        }
        if by.is_empty() {
            let ties = self.ties(hold, &engine).await?;
            by = self.until(Phase::Settled(ties), hold).await?;
        }
        if by.is_empty() {
            self.end().await?;
            by = self.until(Phase::Back, Span::default()).await?;
        }
        let all: Vec<Gap> = self.gaps.iter().chain(&self.kept).cloned().collect();
        let moved = moved(&self.swarm.view().await?, &self.node, &all);
        Ok(if by.is_empty() { ShiftReport::Shifted { moved } } else { ShiftReport::Blocked { moved, by } })
    }

    /// Whether a person was shown that this workload has a gap, and agreed. What somebody else does to it now, nobody was shown.
    fn agreed(&self, block: &Finding) -> bool {
        let shown = block.workload.as_ref().is_some_and(|workload| self.job.gaps.contains(workload));
        shown && block.kind != FindingKind::Unsettled
    }

    fn has_gap(&self, view: &View, service: &Service) -> bool {
        view.workload(service).is_some_and(|workload| self.gaps.iter().any(|gap| gap.workload == workload))
    }

    /// The same, with what has lost our label: once the node is drained its tasks move as if a gap had been agreed to.
    fn waits_for(&self, view: &View, service: &Service) -> bool {
        self.has_gap(view, service) || lost(view, service, &self.node, &self.kept)
    }

    /// Whether a task of a job, which a drain does not end, may stay until its node goes: somebody has agreed, or could not be asked since its service is gone.
    fn goes_on(&self, view: &View, task: &Task) -> bool {
        let workload = view.services.get(&task.service).and_then(|service| view.workload(service));
        task.desired_state == "complete" && workload.is_none_or(|workload| self.job.gaps.contains(&workload))
    }

    /// Adds to each service as many tasks as it has here, once. Where that is refused, the node must not be emptied.
    async fn begin(
        &self,
        view: &View,
        services: &[&Service],
        replaced: &Replaced,
    ) -> Result<Vec<Finding>, Trouble> {
        let mut refused = Vec::new();
        for service in services {
            let name = service.name();
            if self.has_gap(view, service) {
                self.reporter.line(&format!("{name}: its tasks end here and start elsewhere, with a gap"));
                continue;
            }
            let decide = |now: &Service, moving: Moving| match (moving.open(&self.node), now.unsettled()) {
                (Some(_), _) | (None, Some(_)) => Count::Found,
                (None, None) => Count::Send(
                    replaced
                        .still_holds(now)
                        .cloned()
                        .unwrap_or_else(|| begun(view, now, moving, &self.node)),
                ),
            };
            match self.swarm.edit_count(service, decide).await? {
                Counted::Done => {
                    self.reporter.line(&format!("{name}: its tasks start elsewhere, then end here"));
                }
                Counted::Gone => {}
                Counted::Refused(why) => {
                    let what = format!("{name} cannot be given further tasks: {why}");
                    refused.push(finding(view, Some(service), FindingKind::Unsettled, &what));
                }
            }
        }
        Ok(refused)
    }

    /// A service whose spec somebody replaced meanwhile has neither our label nor what was added: a drain would take it down. It begins anew
    /// once nothing is in the way of that.
    async fn begun_anew(&self, view: &View, replaced: &mut Replaced) -> Result<Vec<Finding>, Trouble> {
        let without = unkept(view, &self.node, |service| self.has_gap(view, service));
        let rested = replaced.rested(view, &self.node, &without, Instant::now());
        let Some(member) = view.member(&self.node).filter(|_| !without.is_empty()) else {
            return Ok(Vec::new());
        };
        let names: Vec<_> = without.iter().filter_map(|service| view.workload(service)).collect();
        let mut by = work(view, member, false).blocks;
        by.retain(|block| block.workload.as_ref().is_some_and(|workload| names.contains(workload)));
        if by.is_empty() {
            by = self.begin(view, &rested, replaced).await?;
        }
        let changed = |service: &&Service| {
            let late = "has a task that came here late; it is moved too";
            let anew = "was changed by somebody else; its tasks are moved anew";
            let what = if lost(view, service, &self.node, &self.kept) { anew } else { late };
            finding(view, Some(service), FindingKind::Unsettled, &format!("{} {what}", service.name()))
        };
        by.extend(without.iter().map(changed));
        Ok(by)
    }

    /// Takes away what was added.
    async fn end(&self) -> Result<(), Trouble> {
        let view = self.swarm.view().await?;
        for service in moving_from(&view, &self.node) {
            let ended = |_: &Service, moving: Moving| Count::Send(moving.ended(&self.node));
            self.swarm.edit_count(service, ended).await?;
        }
        Ok(())
    }

    /// Tells Swarm once more how many tasks there shall be, where it has left too many.
    ///
    /// It looks at a service's tasks when the service changes, and removes them as they were when it looked: a task that has changed since, as one
    /// does that has just started, is left, with "failed to update task to REMOVE" in the leader's log (swarmkit
    /// `manager/orchestrator/replicated/services.go`, `setTasksDesiredState`). The same number again is a change too. Seen once in some fifty shifts,
    /// on a machine that was busy: the shift waited for its whole time and failed.
    async fn tell_again(&self, view: &View) -> Result<(), Trouble> {
        for service in view.services.values().filter(|service| over(view, service) > 0) {
            if service.moving().is_some_and(|moving| moving.nodes.contains_key(&self.node)) {
                self.swarm.edit_count(service, |_, moving| Count::Send(moving)).await?;
            }
        }
        Ok(())
    }

    /// How long tasks must have been healthy before they are relied on: without a health check Swarm calls a task running when its process has
    /// started, and it may serve only later.
    async fn hold(&self) -> Result<Span, Trouble> {
        let view = self.swarm.view().await?;
        for service in moving_from(&view, &self.node) {
            if !self.swarm.health_check(service).await? {
                return Ok(SHIFT_HOLDS);
            }
        }
        Ok(Span::default())
    }

    /// What is known of Swarm's choice when it scales down.
    ///
    /// Where tasks without a health check move, what runs is not relied on yet, and its staying is worth nothing.
    async fn ties(&self, hold: Span, engine: &Value) -> Result<Ties, Trouble> {
        if hold > Span::default() {
            return Ok(Ties::Worst);
        }
        Ok(ties(engine, &self.swarm.view().await?))
    }

    /// Looks until nothing is missing, and has not been for so long; what is, at the deadline.
    async fn until(&self, phase: Phase, hold: Span) -> Result<Vec<Finding>, Trouble> {
        let (mut told, mut good, mut told_swarm) = (Vec::new(), None, Instant::now());
        let (mut changed, mut replaced) = (Instant::now(), Replaced::default());
        loop {
            let asked = Instant::now();
            let view = self.swarm.view().await?;
            if let Some(undone) = undone(&view, &self.node) {
                return Ok(vec![undone]);
            }
            let mut missing = self.missing(&view, phase).await?;
            if phase == Phase::Elsewhere {
                missing.extend(self.begun_anew(&view, &mut replaced).await?);
            }
            if missing.is_empty() {
                if good.get_or_insert_with(Instant::now).elapsed() >= hold.to_std() {
                    return Ok(missing);
                }
            } else {
                good = None;
                if Instant::now() >= self.deadline {
                    return Ok(missing);
                }
                if self.tell(phase, &missing, &mut told) {
                    changed = Instant::now();
                }
                if phase == Phase::Back && told_swarm.elapsed() >= SHIFT_TELLS_AGAIN.to_std() {
                    self.tell_again(&view).await?;
                    told_swarm = Instant::now();
                }
            }
            let (waited, took) = (Span::from_std(changed.elapsed()), Span::from_std(asked.elapsed()));
            tokio::time::sleep(look_again(waited, took, SHIFT_LOOKS_FIRST, SHIFT_LOOKS_LAST).to_std()).await;
        }
    }

    /// Says what is missing, when that is something else than before; whether it is.
    fn tell(&self, phase: Phase, missing: &[Finding], told: &mut Vec<Finding>) -> bool {
        let changed = missing != told;
        if changed {
            missing.iter().for_each(|finding| self.reporter.line(&finding.what));
            let progress = Progress { doing: phase.doing().to_owned(), done: phase.number() - 1, total: 4 };
            self.reporter.progress(progress);
            *told = missing.to_vec();
        }
        changed
    }

    async fn missing(&self, view: &View, phase: Phase) -> Result<Vec<Finding>, Trouble> {
        if phase == Phase::Empty {
            // A node that is not heard of tells no ends.
            let up = view.member(&self.node).is_some_and(Member::is_up);
            let left = if up { self.swarm.unended(&self.node).await? } else { Vec::new() };
            let left = left.iter().filter(|task| !self.goes_on(view, task));
            return Ok(left.map(|task| unended(view, task)).collect());
        }
        let gap = |service: &Service| match phase {
            Phase::Elsewhere => self.has_gap(view, service),
            Phase::Empty | Phase::Settled(_) | Phase::Back => self.waits_for(view, service),
        };
        Ok(missing(view, &self.node, phase, gap))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::World;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_of_our_manager_holds_for_a_leader_of_the_same_version() {
        let engine = json!({"Version": "20.10.24", "GoVersion": "go1.19.8"});
        let mut world = World::default();
        world.manager("m1", true).description.engine.engine_version = "20.10.24".to_owned();
        assert_eq!(ties(&engine, &world.view()), Ties::Worst, "nobody leads");
        let leads = |member: &mut Member| member.manager_status.as_mut().unwrap().leader = true;
        leads(&mut world.members[0]);
        assert_eq!(ties(&engine, &world.view()), Ties::RunningStays);
        assert_eq!(ties(&json!({"Version": "20.10.24"}), &world.view()), Ties::Worst);
        world.members[0].description.engine.engine_version = "20.10.7".to_owned();
        assert_eq!(ties(&engine, &world.view()), Ties::Worst, "the leader is another one");
    }
}
