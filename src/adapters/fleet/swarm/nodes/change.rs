//! Fenced changes: of a node (availability, labels, role), and of what shifts left on services.

use super::member::{self, Member};
use super::moving::{Moving, Part};
use super::progress::Gap;
use super::quorum::Quorum;
use super::removal::{Ties, healthy_after};
use super::view::{Found, View, fits_nowhere};
use crate::adapters::fleet::swarm::manager::{Trouble, escape};
use crate::adapters::fleet::swarm::port::Swarm;
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::limits::{CHANGE_LOOKS_EVERY, FENCE_ROUNDS, ROLE_TAKES, SHIFT_TAKES_BACK};
use crate::model::nodes::{AdmitJob, AvailJob, Availability, NodeReport, NodeRole, RetireJob};
use crate::model::{NodeId, Span};
use serde_json::Value;
use tokio::time::Instant;

/// What a node that is there asks for.
pub(super) enum Edit {
    /// Nothing: it is as it was wanted.
    Found,
    /// Send this spec, under the version just read.
    Send(Value),
    /// It cannot be done, whoever asks.
    Refuse(String),
}

/// What a service that is there asks for.
pub(super) enum Count {
    /// Nothing.
    Found,
    /// Its number of tasks and our label become this, under the version just read.
    Send(Moving),
}

/// What became of that.
pub(super) enum Counted {
    /// It is as it was wanted.
    Done,
    /// There is no such service any more, or none whose number of tasks can be changed.
    Gone,
    /// The manager refused for good.
    Refused(String),
}

/// How two nodes of one name are told.
pub(super) fn several(name: &NodeId) -> String {
    format!(
        "several nodes are called {name}; remove those that are gone with `docker node rm`; of several that live, give all but one another host name and let them join anew"
    )
}

fn availability_word(availability: Availability) -> &'static str {
    match availability {
        Availability::Active => "active",
        Availability::Cordoned => "pause",
        Availability::Drained => "drain",
    }
}

/// Labels and role of a node that joined ours.
fn admitted(member: &Member, job: &AdmitJob) -> Edit {
    if !job.manager && member.shall_manage() {
        let name = member.shown();
        return Edit::Refuse(format!(
            "{name} joined as a manager and shall be none; `docker node demote {name}`"
        ));
    }
    let mut labels = vec![(member::POOL, job.pool.as_str()), (member::RELEASE, job.release.as_str())];
    labels.extend(job.zone.as_deref().map(|zone| (member::ZONE, zone)));
    labels.extend(job.token.as_deref().map(|token| (member::TOKEN, token)));
    let role: &[(&str, &str)] = if job.manager { &[("Role", "manager")] } else { &[] };
    let spec = member.with(role, &labels);
    if spec == member.spec { Edit::Found } else { Edit::Send(spec) }
}

/// Labels of one node that another lacks, but for ours.
fn lent(from: &Member, onto: &Member) -> Edit {
    let missing: Vec<(&str, &str)> = from
        .others_labels()
        .filter(|(name, _)| onto.label(name).is_none())
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    if missing.is_empty() { Edit::Found } else { Edit::Send(onto.with(&[], &missing)) }
}

impl Swarm {
    /// Looks, decides, and changes a node at most once; a version that moved in between means looking again.
    pub(super) async fn edit_node(
        &self,
        id: &str,
        edit: impl Fn(&Member) -> Edit + Send + Sync,
    ) -> Result<NodeReport, Trouble> {
        for _ in 0..FENCE_ROUNDS {
            let Some(member) = self.member(id).await? else { return Ok(NodeReport::Gone) };
            let spec = match edit(&member) {
                Edit::Found => return Ok(NodeReport::Done { found: true }),
                Edit::Refuse(why) => return Ok(NodeReport::Refused(why)),
                Edit::Send(spec) => spec,
            };
            let path = format!("/nodes/{}/update?version={}", escape(id), member.version.index);
            match self.manager.post(&path, &spec, None).await {
                Ok(_) => return Ok(NodeReport::Done { found: false }),
                Err(Trouble::Moved | Trouble::Missing) => {}
                Err(Trouble::Refused(why)) => return Ok(NodeReport::Refused(why)),
                Err(other @ (Trouble::Silent(_) | Trouble::Exists)) => return Err(other),
            }
        }
        Err(self.manager.silent("the node changes faster than it can be looked at"))
    }

    /// The same for what shifts keep on a service.
    pub(super) async fn edit_count(
        &self,
        service: &Service,
        decide: impl Fn(&Service, Moving) -> Count + Send + Sync,
    ) -> Result<Counted, Trouble> {
        let Ok(name) = service.name().parse() else {
            return Ok(Counted::Refused("its name is none that we can ask for".to_owned()));
        };
        for _ in 0..FENCE_ROUNDS {
            let now = self.service(&name).await?.filter(|now| now.id == service.id);
            let Some(now) = now else { return Ok(Counted::Gone) };
            let Mode::Replicated(replicas) = now.mode() else { return Ok(Counted::Gone) };
            let moving = match decide(&now, Moving::of(now.moving(), replicas)) {
                Count::Send(moving) => moving,
                Count::Found => return Ok(Counted::Done),
            };
            match self.send(&now, &now.with_moving(&moving)).await {
                Ok(()) => return Ok(Counted::Done),
                Err(Trouble::Moved | Trouble::Missing) => {}
                Err(Trouble::Refused(why)) => return Ok(Counted::Refused(why)),
                Err(other @ (Trouble::Silent(_) | Trouble::Exists)) => return Err(other),
            }
        }
        Err(self.manager.silent("the service changes faster than it can be looked at"))
    }

    async fn member(&self, id: &str) -> Result<Option<Member>, Trouble> {
        match self.manager.get(&format!("/nodes/{}", escape(id))).await {
            Ok(raw) => {
                let read =
                    serde_json::from_value(raw).map_err(|error| self.manager.odd(&error.to_string()))?;
                Ok(Some(read))
            }
            Err(Trouble::Missing) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Sets whether work may be placed on a node.
    pub(super) async fn set_availability(&self, id: &str, want: Availability) -> Result<NodeReport, Trouble> {
        self.edit_node(id, |member| {
            let spec = match want {
                // It has its work back, or gets other work.
                Availability::Active => member.active_without(member::GAPS),
                Availability::Cordoned | Availability::Drained => {
                    member.with(&[("Availability", availability_word(want))], &[])
                }
            };
            if spec == member.spec { Edit::Found } else { Edit::Send(spec) }
        })
        .await
    }

    /// Drains a node, and keeps with it what leaves it with a gap.
    pub(super) async fn drain(&self, id: &str, gaps: &[Gap]) -> Result<NodeReport, Trouble> {
        let text = serde_json::to_string(gaps).expect("names, numbers and times are JSON");
        let labels: &[(&str, &str)] = if gaps.is_empty() { &[] } else { &[(member::GAPS, &text)] };
        self.edit_node(id, |member| {
            let spec = member.with(&[("Availability", availability_word(Availability::Drained))], labels);
            if spec == member.spec { Edit::Found } else { Edit::Send(spec) }
        })
        .await
    }

    /// Gives a node the labels of another one that it lacks, but for ours: constraints that held there hold here.
    pub(super) async fn lend_labels(
        &self,
        view: &View,
        from: &str,
        onto: &NodeId,
    ) -> Result<NodeReport, Trouble> {
        let (Some(from), Found::One(onto)) = (view.member(from), view.find(onto)) else {
            return Ok(NodeReport::Gone);
        };
        self.edit_node(&onto.id, |onto| lent(from, onto)).await
    }

    pub(super) async fn avail_once(&self, job: &AvailJob) -> Result<NodeReport, Trouble> {
        let view = self.view().await?;
        let member = match view.find(&job.node.name) {
            Found::One(member) => member,
            Found::Several => return Ok(NodeReport::Refused(several(&job.node.name))),
            Found::Nobody => return Ok(NodeReport::Gone),
        };
        match job.want {
            Availability::Active => {
                let report = self.set_availability(&member.id, job.want).await?;
                if matches!(report, NodeReport::Done { .. }) {
                    self.take_back(Some(&member.id)).await?;
                }
                Ok(report)
            }
            Availability::Cordoned => self.cordon(member).await,
            Availability::Drained => {
                Ok(NodeReport::Refused("a node is drained by moving its work".to_owned()))
            }
        }
    }

    /// Ends shifts that nobody goes on with: those of `node`, of nodes that take work again, and of nodes that are gone.
    ///
    /// What such a shift had added is taken away in a moment in which Swarm's own choice leaves as many healthy tasks as before. After a while a
    /// less certain such moment is enough. Where there is none, it stays until the next change of a node: one task too many is better
    /// than one too few.
    pub(super) async fn take_back(&self, node: Option<&str>) -> Result<(), Trouble> {
        let deadline = Instant::now() + SHIFT_TAKES_BACK.to_std();
        loop {
            let view = self.view().await?;
            let late = Instant::now() >= deadline;
            let ties = if late { Ties::RunningStays } else { Ties::Worst };
            let mut waits = None;
            for service in view.services.values() {
                for (id, part) in abandoned(&view, service, node) {
                    let added = part.add;
                    if may_end(&view, service, &id, ties) {
                        // A shift that has begun meanwhile keeps its own.
                        let forget = |_: &Service, moving: Moving| match moving.nodes.get(&id) {
                            Some(now) if now.is_of(&part) => Count::Send(moving.forgotten(&id)),
                            Some(_) | None => Count::Found,
                        };
                        if let Counted::Refused(why) = self.edit_count(service, forget).await? {
                            tracing::warn!(service = service.name(), why, "what a shift had added stays");
                        }
                    } else if added > 0 {
                        waits = Some(service.name().to_owned());
                    }
                }
            }
            match waits {
                None => return Ok(()),
                Some(service) if late => {
                    tracing::warn!(
                        service,
                        "what an ended shift had added stays: without it too few tasks would be healthy"
                    );
                    return Ok(());
                }
                Some(_) => tokio::time::sleep(CHANGE_LOOKS_EVERY.to_std()).await,
            }
        }
    }

    pub(super) async fn admit_once(&self, job: &AdmitJob) -> Result<NodeReport, Trouble> {
        let view = self.view().await?;
        let id = match view.find(&job.node.name) {
            Found::One(member) => member.id.clone(),
            Found::Several => return Ok(NodeReport::Refused(several(&job.node.name))),
            Found::Nobody => return Ok(NodeReport::Gone),
        };
        let report = self.edit_node(&id, |member| admitted(member, job)).await?;
        if job.manager && matches!(report, NodeReport::Done { .. }) {
            let manages =
                |member: &Member| matches!(member.role(), NodeRole::Manager { reachable: true, .. });
            return Ok(if self.becomes(&id, manages).await? { report } else { NodeReport::Gone });
        }
        Ok(report)
    }

    pub(super) async fn retire_once(&self, job: &RetireJob) -> Result<NodeReport, Trouble> {
        let view = self.view().await?;
        let member = match (&job.uid, view.find(&job.node.name)) {
            (Some(uid), _) => view.member(uid),
            (None, Found::One(member)) => Some(member),
            (None, Found::Several) => return Ok(NodeReport::Refused(several(&job.node.name))),
            (None, Found::Nobody) => None,
        };
        let Some(member) = member else { return Ok(NodeReport::Gone) };
        let own = self.own_node().await?;
        if let Some(why) = must_stay(&view, member, &own) {
            return Ok(NodeReport::Refused(why));
        }
        if member.shall_manage() || member.manager_status.is_some() {
            let demoted = |member: &Member| match member.shall_manage() {
                true => Edit::Send(member.with(&[("Role", "worker")], &[])),
                false => Edit::Found,
            };
            if let refused @ NodeReport::Refused(_) = self.edit_node(&member.id, demoted).await? {
                return Ok(refused);
            }
            self.becomes(&member.id, |member| member.manager_status.is_none()).await?;
        }
        let report = match self.manager.delete(&format!("/nodes/{}?force=true", escape(&member.id))).await {
            Ok(()) => NodeReport::Done { found: false },
            Err(Trouble::Missing) => NodeReport::Done { found: true },
            Err(Trouble::Refused(why)) => return Ok(NodeReport::Refused(why)),
            Err(other) => return Err(other),
        };
        self.take_back(None).await?;
        Ok(report)
    }

    /// Waits for a node's role to be taken on; false: it is gone.
    async fn becomes(&self, id: &str, is: impl Fn(&Member) -> bool) -> Result<bool, Trouble> {
        let deadline = Instant::now() + ROLE_TAKES.to_std();
        while let Some(member) = self.member(id).await? {
            if is(&member) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                let name = member.shown();
                return Err(self
                    .manager
                    .silent(&format!("{name} has not taken on its new role within {ROLE_TAKES}")));
            }
            tokio::time::sleep(Span::to_std(CHANGE_LOOKS_EVERY)).await;
        }
        Ok(false)
    }

    /// The id of the node whose engine we speak with.
    pub(super) async fn own_node(&self) -> Result<String, Trouble> {
        let info = self.manager.get("/info").await?;
        Ok(info.pointer("/Swarm/NodeID").and_then(Value::as_str).unwrap_or("").to_owned())
    }
}

/// Why a node cannot be removed now.
///
/// 1. Tidegate reaches the Swarm through it.
/// 2. It is up and carries what does not run once per node: that would go down.
/// 3. It is a manager, and those that would be left are not enough.
fn must_stay(view: &View, member: &Member, own: &str) -> Option<String> {
    let name = member.shown();
    if member.id == own {
        return Some(format!(
            "Tidegate reaches this Swarm through {name}; set the fleet's `host` to another manager first"
        ));
    }
    if let Some(service) = view.is_needed(&member.id).filter(|_| member.is_up()) {
        return Some(format!("{name} still carries {}; its work must be moved first", service.name()));
    }
    let after = Quorum::of(view).without(member.role());
    let lost = member.role() != NodeRole::Worker && !after.holds();
    lost.then(|| format!("without {name} {}; add managers first", after.shown()))
}

/// Nodes whose shift of this service nobody goes on with, each with its entry.
fn abandoned(view: &View, service: &Service, node: Option<&str>) -> Vec<(String, Part)> {
    let Some(moving) = service.moving() else { return Vec::new() };
    let ended = |id: &str| match view.member(id) {
        Some(member) => member.availability() == Availability::Active,
        None => true,
    };
    let entries = moving.nodes.iter();
    entries
        .filter(|(id, part)| Some(id.as_str()) == node || (!part.done && ended(id)))
        .map(|(id, part)| (id.clone(), part.clone()))
        .collect()
}

/// Whether the service may be scaled back by what was added for `node`: by Swarm's own choice, as many healthy tasks stay as must be.
pub(super) fn may_end(view: &View, service: &Service, node: &str, ties: Ties) -> bool {
    let Some(replicas) = service.replicas() else { return true };
    let moving = Moving::of(service.moving(), replicas);
    let Some(part) = moving.nodes.get(node) else { return true };
    let (goal, keep) = (part.goal.min(moving.base), moving.clone().ended(node).wanted());
    let living: Vec<&Task> = view.tasks_of(&service.id).collect();
    if part.add == 0 {
        // Only the label would change.
        return !living.iter().any(|task| fits_nowhere(task));
    }
    // A node that takes work again keeps its tasks.
    let active = |id: &str| view.member(id).is_some_and(|m| m.availability() == Availability::Active);
    let stays = |task: &Task| active(&task.node) || !moving.is_leaving(&task.node);
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    healthy_after(&living, keep, stays, ties) as u64 >= goal
}

#[cfg(test)]
mod tests {
    use super::super::sample::{World, up};
    use super::*;
    use serde_json::json;

    fn admit(manager: bool) -> AdmitJob {
        use crate::model::{Action, EffectId, RunId, StepKey};
        let step = StepKey::Deploy("prod/web".parse().unwrap());
        AdmitJob {
            id: EffectId { run: RunId(1), step, action: Action::Look, subject: None, attempt: 1 },
            node: "prod/w1".parse().unwrap(),
            pool: "workers".parse().unwrap(),
            release: "r2".parse().unwrap(),
            zone: None,
            token: Some("t1".to_owned()),
            manager,
        }
    }

    fn sent(edit: Edit) -> Value {
        match edit {
            Edit::Send(spec) => spec,
            Edit::Found => panic!("nothing to do"),
            Edit::Refuse(why) => panic!("{why}"),
        }
    }

    #[test]
    fn a_node_is_admitted_once_and_keeps_what_it_has() {
        let mut world = World::default();
        let member = world.node("n1", "w1");
        member.spec = json!({"Labels": {"disk": "ssd", "tidegate.zone": "a"}, "Role": "worker", "Availability": "active", "New": 1});
        let spec = sent(admitted(member, &admit(false)));
        assert_eq!(
            spec["Labels"],
            json!({"disk": "ssd", "tidegate.zone": "a", "tidegate.pool": "workers", "tidegate.release": "r2", "tidegate.token": "t1"})
        );
        assert_eq!((&spec["New"], &spec["Role"]), (&json!(1), &json!("worker")));
        member.spec = spec;
        assert!(matches!(admitted(member, &admit(false)), Edit::Found));
        assert_eq!(sent(admitted(member, &admit(true)))["Role"], json!("manager"));
        member.spec["Role"] = json!("manager");
        assert!(matches!(admitted(member, &admit(false)), Edit::Refuse(_)));
    }

    #[test]
    fn a_new_node_is_lent_the_labels_of_the_old_one_and_keeps_its_own() {
        let mut world = World::default();
        let old = world.node("n1", "w1");
        old.spec["Labels"] = json!({"disk": "ssd", "rack": "r1", "tidegate.pool": "workers"});
        let old = old.clone();
        let new = world.node("n2", "w2");
        new.spec["Labels"] = json!({"rack": "r2"});
        new.spec = sent(lent(&old, new));
        assert_eq!(new.spec["Labels"], json!({"disk": "ssd", "rack": "r2"}));
        assert!(matches!(lent(&old, new), Edit::Found));
    }

    #[test]
    fn a_node_is_removed_only_when_nothing_goes_down_with_it() {
        let mut world = World::default();
        world.manager("m1", true);
        world.node("w1", "w1");
        world.service("web", 1);
        world.service("agent", 0)["Mode"] = json!({"Global": {}});
        up(&mut world, "agent", "w1");
        let why = |world: &World, id: &str| {
            let view = world.view();
            must_stay(&view, view.member(id).unwrap(), "")
        };
        assert_eq!(why(&world, "w1"), None);
        up(&mut world, "web", "w1");
        assert_eq!(why(&world, "w1").unwrap(), "w1 still carries web; its work must be moved first");
        world.members[1].status.state = "down".to_owned();
        assert_eq!(why(&world, "w1"), None, "a dead node carries nothing any more");
        assert_eq!(
            why(&world, "m1").unwrap(),
            "without m1 0 of 0 managers would answer, and 1 are needed; add managers first"
        );
        world.manager("m2", true);
        assert_eq!(why(&world, "m1"), None);
        let view = world.view();
        assert!(must_stay(&view, view.member("m1").unwrap(), "m1").is_some());
    }

    #[test]
    fn what_a_dropped_shift_had_added_goes_only_when_enough_stays() {
        let mut world = World::default();
        for name in ["a", "b"] {
            world.node(name, name);
        }
        let part = json!({"add": 1, "goal": 1, "tasks": 1, "since": "2026-11-26T07:00:01Z", "done": false});
        let label = json!({"base": 1, "nodes": {"a": part}}).to_string();
        world.service("web", 2)["Labels"] = json!({"tidegate.shift": label});
        up(&mut world, "web", "a");
        let starting = world.task("web", "b", "starting");
        starting["Slot"] = json!(2);
        let added = |view: &View, node| -> Vec<(String, u64)> {
            let all = abandoned(view, &view.services["web"], node).into_iter();
            all.map(|(id, part)| (id, part.add)).collect()
        };
        let may = |world: &World, ties| {
            let view = world.view();
            assert_eq!(added(&view, None), [("a".to_owned(), 1)]);
            may_end(&view, &view.services["web"], "a", ties)
        };
        assert!(!may(&world, Ties::Worst), "the healthy one might go");
        assert!(may(&world, Ties::RunningStays));
        world.tasks[1]["Status"]["State"] = json!("running");
        assert!(may(&world, Ties::Worst));
        world.members[0].spec["Availability"] = json!("pause");
        let view = world.view();
        assert!(added(&view, None).is_empty(), "somebody goes on with it");
        assert_eq!(added(&view, Some("a")), [("a".to_owned(), 1)]);
    }
}
