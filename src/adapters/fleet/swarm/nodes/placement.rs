//! Whether a node may carry a service at all: constraints and platforms, by the scheduler's own rules.
//!
//! Source: swarmkit `manager/constraint` and `manager/scheduler/filter.go`. Texts are compared without case; a constraint with an unknown key is met by no node.

use super::member::Member;
use crate::adapters::fleet::swarm::spec::Service;
use crate::model::text::clean;
use serde_json::Value;
use std::net::IpAddr;

/// Longer constraints are cut where they are shown.
const SHOWN_CHARS: usize = 120;

/// A reason why a node does not take a service, as the end of a sentence.
pub(super) type Why = String;

/// Whether the service may be placed on the node.
pub(super) fn allowed(service: &Service, member: &Member) -> Result<(), Why> {
    let constraints = list(service, "/Placement/Constraints");
    for constraint in constraints.filter_map(Value::as_str) {
        if !meets(constraint, member) {
            return Err(format!("does not meet {:?}", clean(constraint, SHOWN_CHARS)));
        }
    }
    let mut platforms = list(service, "/Placement/Platforms").peekable();
    if platforms.peek().is_some() && !platforms.any(|platform| runs(platform, member)) {
        let own = &member.description.platform;
        return Err(format!(
            "is {}/{}, for which the image is not made",
            clean(&own.os, 20),
            clean(&own.architecture, 20)
        ));
    }
    Ok(())
}

fn list<'a>(service: &'a Service, pointer: &str) -> impl Iterator<Item = &'a Value> {
    let found = service.template().and_then(|template| template.pointer(pointer)).and_then(Value::as_array);
    found.into_iter().flatten()
}

/// Empty fields of a platform are any; a node that does not say what it is runs nothing that asks.
fn runs(platform: &Value, member: &Member) -> bool {
    let text = |name| platform.get(name).and_then(Value::as_str).unwrap_or("");
    let own = &member.description.platform;
    let same = |wanted: &str, has: &str| wanted.is_empty() || normal(wanted) == normal(has);
    same(text("OS"), &own.os) && same(text("Architecture"), &own.architecture)
}

/// The two names that two architectures have.
fn normal(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        other => other.to_owned(),
    }
}

/// `key == value` or `key != value`.
fn meets(constraint: &str, member: &Member) -> bool {
    let (key, wanted, equal) = match (constraint.split_once("=="), constraint.split_once("!=")) {
        (Some((key, wanted)), _) => (key, wanted, true),
        (None, Some((key, wanted))) => (key, wanted, false),
        (None, None) => return false,
    };
    let (key, wanted) = (key.trim(), wanted.trim());
    let same = |has: &str| has.eq_ignore_ascii_case(wanted) == equal;
    let lower = key.to_ascii_lowercase();
    match lower.as_str() {
        "node.id" => same(&member.id),
        "node.hostname" => same(&member.description.hostname),
        "node.role" => same(if member.shall_manage() { "manager" } else { "worker" }),
        "node.platform.os" => same(&member.description.platform.os),
        "node.platform.arch" => same(&member.description.platform.architecture),
        "node.ip" => within(&member.status.addr, wanted) == equal,
        // The prefix is compared without case, the label's own name with it.
        _ if lower.starts_with("node.labels.") => {
            same(member.label(&key["node.labels.".len()..]).unwrap_or(""))
        }
        _ if lower.starts_with("engine.labels.") => {
            let labels = &member.description.engine.labels;
            same(labels.get(&key["engine.labels.".len()..]).map_or("", String::as_str))
        }
        _ => false,
    }
}

/// Whether an address is the wanted one, or in the wanted network (`10.0.0.0/8`).
fn within(address: &str, wanted: &str) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let (network, length) = wanted.split_once('/').unwrap_or((wanted, ""));
    let Ok(network) = network.parse::<IpAddr>() else { return false };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((address_bits, width), (network_bits, other)) = (bits(address), bits(network));
    let length = if length.is_empty() { Ok(width) } else { length.parse::<u32>() };
    match length {
        Ok(length) if width == other && length <= width => {
            length == 0 || (address_bits ^ network_bits) >> (128 - length) == 0
        }
        Ok(_) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::World;
    use super::*;
    use serde_json::json;

    fn world(placement: Value) -> World {
        let mut world = World::default();
        let member = world.node("n1", "w1");
        member.spec = member.with(&[], &[("disk", "SSD")]);
        member.description.engine.labels.insert("rack".to_owned(), "r7".to_owned());
        world.service("web", 1)["TaskTemplate"]["Placement"] = placement;
        world
    }

    fn taken(constraint: &str) -> bool {
        let world = world(json!({"Constraints": [constraint]}));
        allowed(&world.view().services["web"], &world.members[0]).is_ok()
    }

    #[test]
    fn constraints_are_read_as_the_scheduler_reads_them() {
        for met in [
            "node.labels.disk==ssd",
            "node.labels.disk != hdd",
            "NODE.LABELS.disk == ssd",
            "node.labels.none != x",
            "node.hostname==W1",
            "node.id == n1",
            "node.role==worker",
            "node.platform.os==linux",
            "engine.labels.rack==r7",
            "node.ip==10.0.0.1",
            "node.ip==10.0.0.0/24",
            "node.ip!=10.1.0.0/16",
        ] {
            assert!(taken(met), "{met}");
        }
        for unmet in [
            "node.labels.disk==hdd",
            "node.labels.Disk==ssd",
            "node.role!=worker",
            "node.ip==10.1.0.0/16",
            "node.ip==10.0.0.0/99",
            "node.colour==red",
            "nonsense",
        ] {
            assert!(!taken(unmet), "{unmet}");
        }
    }

    #[test]
    fn an_image_runs_where_its_platform_is_under_either_name() {
        for (architecture, runs) in [("amd64", true), ("x86_64", true), ("", true), ("arm64", false)] {
            let world = world(json!({"Platforms": [{"Architecture": architecture, "OS": "linux"}]}));
            let view = world.view();
            assert_eq!(allowed(&view.services["web"], &view.members[0]).is_ok(), runs, "{architecture}");
        }
    }
}
