//! A small Swarm for unit tests, made by hand.

use super::member::Member;
use super::view::View;
use crate::adapters::fleet::swarm::spec::Service;
use crate::adapters::fleet::swarm::wire::Task;
use serde_json::{Value, json};

/// Nodes with 4 processors and 8 GiB; services whose id is their name.
#[derive(Default)]
pub(super) struct World {
    pub(super) members: Vec<Member>,
    pub(super) services: Vec<(Value, Value)>,
    pub(super) tasks: Vec<Value>,
}

impl World {
    /// A worker.
    pub(super) fn node(&mut self, id: &str, name: &str) -> &mut Member {
        let raw = json!({"ID": id, "Version": {"Index": 7}, "Spec": {"Labels": {}, "Role": "worker", "Availability": "active"},
            "Description": {"Hostname": name, "Platform": {"Architecture": "x86_64", "OS": "linux"},
                "Resources": {"NanoCPUs": 4_000_000_000_i64, "MemoryBytes": 8_i64 << 30}},
            "Status": {"State": "ready", "Addr": format!("10.0.0.{}", self.members.len() + 1)}});
        self.members.push(serde_json::from_value(raw).unwrap());
        self.members.last_mut().unwrap()
    }

    /// A manager.
    pub(super) fn manager(&mut self, id: &str, reachable: bool) -> &mut Member {
        let member = self.node(id, id);
        member.spec = member.with(&[("Role", "manager")], &[]);
        let reachability = if reachable { "reachable" } else { "unreachable" };
        let status = json!({"Leader": false, "Reachability": reachability, "Addr": "10.0.0.9:2377"});
        member.manager_status = Some(serde_json::from_value(status).unwrap());
        member
    }

    /// A replicated service; its spec can be changed.
    pub(super) fn service(&mut self, name: &str, replicas: u64) -> &mut Value {
        let spec = json!({"Name": name, "Labels": {}, "TaskTemplate": {"ContainerSpec": {"Image": "r.example/a:1"}},
            "Mode": {"Replicated": {"Replicas": replicas}}});
        self.services.push((spec, Value::Null));
        &mut self.services.last_mut().unwrap().0
    }

    /// A task in a slot of its own.
    pub(super) fn task(&mut self, service: &str, node: &str, state: &str) -> &mut Value {
        let number = self.tasks.len() + 1;
        let at = format!("2026-11-26T07:00:{number:02}Z");
        self.tasks
            .push(json!({"ID": format!("t{number}"), "ServiceID": service, "CreatedAt": at, "UpdatedAt": at,
            "Slot": number, "NodeID": node, "Status": {"State": state}, "DesiredState": "running"}));
        self.tasks.last_mut().unwrap()
    }

    pub(super) fn view(&self) -> View {
        let service = |(spec, status): &(Value, Value)| {
            let raw =
                json!({"ID": spec["Name"], "Version": {"Index": 3}, "Spec": spec, "UpdateStatus": status});
            let service = Service::read(&raw).unwrap();
            (service.id.clone(), service)
        };
        let task = |task: &Value| -> Task { serde_json::from_value(task.clone()).unwrap() };
        View {
            fleet: Some("prod".parse().unwrap()),
            members: self.members.clone(),
            services: self.services.iter().map(service).collect(),
            tasks: self.tasks.iter().map(task).collect(),
        }
    }
}

/// A running task.
pub(super) fn up(world: &mut World, service: &str, node: &str) {
    world.task(service, node, "running");
}
