//! A service's spec as the manager sent it: what identifies it, and the two edits that are ours.
//!
//! Two labels of the service (not of its containers, so that they restart nothing) are ours:
//! `tidegate.mark` names the deploy that made the spec, `tidegate.seal` is a digest of that name, the image and everything else as the
//! deploy left them. A mark counts only while its seal fits: once somebody changes the image or a setting by hand, the mark's text
//! is still there (`docker service update` keeps labels) but the spec is no longer the one that we made.
//!
//! A third one, `tidegate.shift`, is there while nodes are emptied: it says how many of the tasks were added for that ([`Moving`]).
//! As long as the number of tasks is the label's, the number without them is what identifies the spec, so that a shift breaks no
//! seal and looks like nobody's change; a number that somebody else set counts as it is.

use super::nodes::moving::{LABEL, Moving};
use super::wire::UpdateStatus;
use crate::model::Digest;
use crate::model::reports::{SpecMark, UpdateState};
use crate::model::text::clean;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

const MARK: &str = "tidegate.mark";
const SEAL: &str = "tidegate.seal";
/// All labels that begin like this are ours and say nothing about the workload.
const OURS: &str = "tidegate.";
/// Longer than any image name or mark that the grammar lets through.
const TEXT_CHARS: usize = 1024;

/// A service at one version.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// Swarm's id of it.
    pub(super) id: String,
    /// `Version.Index`: what fences a change.
    pub(super) version: u64,
    /// What Swarm says of its own update of this very spec.
    pub(super) status: UpdateStatus,
    updated_at: Option<DateTime<Utc>>,
    spec: Value,
}

/// How many tasks a service should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// This many.
    Replicated(u64),
    /// One on each eligible node.
    Global,
    /// It runs to its end: its tasks are expected to complete.
    Job(u64),
}

impl Service {
    /// Reads a service; the error names what is missing.
    pub(super) fn read(raw: &Value) -> Result<Self, &'static str> {
        let id = raw.pointer("/ID").and_then(Value::as_str).ok_or("a service without ID")?.to_owned();
        let version =
            raw.pointer("/Version/Index").and_then(Value::as_u64).ok_or("a service without version")?;
        let spec = raw.get("Spec").filter(|s| s.is_object()).ok_or("a service without Spec")?.clone();
        let status = match raw.get("UpdateStatus") {
            None | Some(Value::Null) => UpdateStatus::default(),
            Some(status) => {
                serde_json::from_value(status.clone()).map_err(|_| "a service with an odd UpdateStatus")?
            }
        };
        let updated_at = raw.get("UpdatedAt").and_then(Value::as_str).and_then(|time| time.parse().ok());
        Ok(Self { id, version, status, updated_at, spec })
    }

    /// When the present spec came into force, by the leader's clock: the start of its update, or before the updater has begun (or
    /// where there was nothing to do) the last write to the service, which was the spec's own.
    pub(super) fn began(&self) -> Option<DateTime<Utc>> {
        self.status.started_at.or(self.updated_at)
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.spec.get("Name").and_then(Value::as_str).unwrap_or("")
    }

    /// The image as the spec names it; none where the service runs no containers (a plugin).
    pub(super) fn image(&self) -> Option<&str> {
        self.spec.pointer("/TaskTemplate/ContainerSpec/Image").and_then(Value::as_str)
    }

    /// What its tasks are made from.
    pub(super) fn template(&self) -> Option<&Value> {
        self.spec.get("TaskTemplate")
    }

    /// How many tasks it should have. A replicated service without a number has one (Swarm's default).
    pub(super) fn mode(&self) -> Mode {
        let number = |pointer, default| self.spec.pointer(pointer).and_then(Value::as_u64).unwrap_or(default);
        match self.spec.get("Mode").and_then(Value::as_object) {
            Some(mode) if mode.contains_key("Global") => Mode::Global,
            Some(mode) if mode.contains_key("GlobalJob") => Mode::Job(0),
            Some(mode) if mode.contains_key("ReplicatedJob") => {
                Mode::Job(number("/Mode/ReplicatedJob/MaxConcurrent", 1))
            }
            _ => Mode::Replicated(number("/Mode/Replicated/Replicas", 1)),
        }
    }

    /// What Swarm says of its own update, in our words.
    pub(super) fn update(&self) -> UpdateState {
        self.status.folded()
    }

    /// What identifies the spec.
    pub(super) fn mark(&self) -> SpecMark {
        let image = clean(self.image().unwrap_or(""), TEXT_CHARS);
        let rest = self.rest();
        let seal = self.label(SEAL);
        let sealed = |mark: &&str| seal == Some(seal_of(mark, &image, &rest).as_str());
        let mark = self.label(MARK).filter(sealed).map(|mark| clean(mark, TEXT_CHARS));
        SpecMark { version: self.version, image, mark, rest }
    }

    /// The whole spec.
    pub(super) fn spec(&self) -> &Value {
        &self.spec
    }

    /// What shifts say that they have done to its number of tasks.
    pub(super) fn moving(&self) -> Option<Moving> {
        self.label(LABEL).and_then(Moving::read)
    }

    /// The spec with another image and our mark on it (or none): what is sent back. Nothing else differs.
    pub(super) fn with(&self, image: &str, mark: Option<&str>) -> Value {
        let mut spec = self.spec.clone();
        if let Some(place) = spec.pointer_mut("/TaskTemplate/ContainerSpec/Image") {
            *place = json!(image);
        }
        if let Some(labels) = labels_of(&mut spec) {
            set_labels(labels, mark.map(|mark| (mark, seal_of(mark, image, &self.rest()))));
        }
        spec
    }

    /// The spec with the number of tasks that this says, and the label that explains it; without the label where there is nothing to explain.
    pub(super) fn with_moving(&self, moving: &Moving) -> Value {
        let mut spec = self.spec.clone();
        set_replicas(&mut spec, moving.wanted());
        if let Some(labels) = labels_of(&mut spec) {
            labels.remove(LABEL);
            if !moving.nodes.is_empty() {
                labels.insert(LABEL.to_owned(), json!(moving.text()));
            }
        }
        spec
    }

    /// A digest of everything but the image, our labels, what a shift added to the number of tasks, and `ForceUpdate`, which restarts
    /// tasks and says nothing of what they are.
    fn rest(&self) -> Digest {
        let mut spec = self.spec.clone();
        if let (Some(moving), Mode::Replicated(replicas)) = (self.moving(), self.mode())
            && moving.wanted() == replicas
        {
            set_replicas(&mut spec, moving.base);
        }
        if let Some(container) =
            spec.pointer_mut("/TaskTemplate/ContainerSpec").and_then(Value::as_object_mut)
        {
            container.remove("Image");
        }
        if let Some(template) = spec.get_mut("TaskTemplate").and_then(Value::as_object_mut) {
            template.remove("ForceUpdate");
        }
        if let Some(labels) = spec.get_mut("Labels").and_then(Value::as_object_mut) {
            labels.retain(|name, _| !name.starts_with(OURS));
        }
        Digest::of(canonical(&spec).unwrap_or(Value::Null).to_string().as_bytes())
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.spec.get("Labels").and_then(|labels| labels.get(name)).and_then(Value::as_str)
    }
}

/// The labels, made where there are none.
fn labels_of(spec: &mut Value) -> Option<&mut Map<String, Value>> {
    let labels = spec.as_object_mut()?.entry("Labels").or_insert_with(|| json!({}));
    if labels.is_null() {
        *labels = json!({});
    }
    labels.as_object_mut()
}

fn set_replicas(spec: &mut Value, replicas: u64) {
    if let Some(mode) = spec.pointer_mut("/Mode/Replicated").and_then(Value::as_object_mut) {
        mode.insert("Replicas".to_owned(), json!(replicas));
    }
}

fn set_labels(labels: &mut Map<String, Value>, mark: Option<(&str, Digest)>) {
    labels.remove(MARK);
    labels.remove(SEAL);
    if let Some((mark, seal)) = mark {
        labels.insert(MARK.to_owned(), json!(mark));
        labels.insert(SEAL.to_owned(), json!(seal.as_str()));
    }
}

fn seal_of(mark: &str, image: &str, rest: &Digest) -> Digest {
    Digest::of(format!("{mark}\n{image}\n{rest}").as_bytes())
}

/// The same JSON with sorted keys and without what the engine may write or leave out at will: nulls, empty texts, lists and objects.
/// Zeros and `false` stay, since they can differ from "not said".
pub(super) fn canonical(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
        Value::Array(items) if items.is_empty() => None,
        // Places in a list are kept, also of empty members: a list's order says something.
        Value::Array(items) => {
            Some(items.iter().map(|item| canonical(item).unwrap_or(Value::Null)).collect())
        }
        Value::Object(fields) => {
            let sorted: std::collections::BTreeMap<&String, Value> =
                fields.iter().filter_map(|(name, value)| Some((name, canonical(value)?))).collect();
            let kept: Map<String, Value> = sorted.into_iter().map(|(name, v)| (name.clone(), v)).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(spec: impl Into<Value>) -> Service {
        let spec: Value = spec.into();
        Service::read(&json!({"ID": "x", "Version": {"Index": 7}, "Spec": spec})).unwrap()
    }

    fn web() -> Value {
        json!({
            "Name": "web", "Labels": {"team": "shop"},
            "TaskTemplate": {"ContainerSpec": {"Image": "r.example/web:1", "Env": ["A=b"], "NobodyKnows": {"x": 1}},
                "ForceUpdate": 0},
            "Mode": {"Replicated": {"Replicas": 3}}
        })
    }

    #[test]
    fn the_same_settings_in_another_order_are_the_same_rest() {
        let other = json!({
            "Mode": {"Replicated": {"Replicas": 3}}, "Networks": null, "Labels": {"tidegate.note": "x", "team": "shop"},
            "TaskTemplate": {"ForceUpdate": 4, "ContainerSpec": {"Env": ["A=b"], "Mounts": [], "NobodyKnows": {"x": 1},
                "Image": "r.example/web:2"}},
            "Name": "web"
        });
        assert_eq!(service(web()).mark().rest, service(other).mark().rest);
    }

    #[test]
    fn every_other_setting_is_part_of_the_rest() {
        let rest = service(web()).mark().rest;
        for (pointer, value) in [
            ("/TaskTemplate/ContainerSpec/Env", json!(["A=c"])),
            ("/TaskTemplate/ContainerSpec/NobodyKnows/x", json!(2)),
            ("/Mode/Replicated/Replicas", json!(0)),
            ("/Labels/team", json!("other")),
        ] {
            let mut spec = web();
            *spec.pointer_mut(pointer).unwrap() = value;
            assert_ne!(service(spec).mark().rest, rest, "{pointer}");
        }
    }

    #[test]
    fn an_edit_changes_the_image_and_our_labels_and_nothing_else() {
        let mut edited = service(web()).with("r.example/web:2@sha256:00", Some("r1/1"));
        assert_eq!(service(edited.clone()).mark().mark.as_deref(), Some("r1/1"));
        *edited.pointer_mut("/TaskTemplate/ContainerSpec/Image").unwrap() = json!("r.example/web:1");
        edited["Labels"].as_object_mut().unwrap().retain(|name, _| !name.starts_with("tidegate."));
        assert_eq!(edited, web());
    }

    #[test]
    fn putting_back_gives_the_very_spec_of_before() {
        let edited = service(service(web()).with("r.example/web:2", Some("r1/1")));
        assert_eq!(edited.with("r.example/web:1", None), web());
    }

    #[test]
    fn a_mark_counts_only_while_the_spec_is_as_we_left_it() {
        let ours = service(web()).with("r.example/web:2", Some("r1/1"));
        for (pointer, value) in [
            ("/TaskTemplate/ContainerSpec/Image", json!("r.example/web:evil")),
            ("/Mode/Replicated/Replicas", json!(5)),
            ("/Labels/tidegate.mark", json!("r2/1")),
        ] {
            let mut touched = ours.clone();
            *touched.pointer_mut(pointer).unwrap() = value;
            assert_eq!(service(touched).mark().mark, None, "{pointer}");
        }
    }

    #[test]
    fn a_shift_breaks_no_seal_and_changes_nothing_that_identifies_the_spec() {
        let ours = service(service(web()).with("r.example/web:2", Some("r1/1")));
        let part = serde_json::json!({"add": 2, "goal": 3, "tasks": 2, "since": "2026-11-26T07:00:00Z", "done": false});
        let moving =
            Moving { base: 3, nodes: [("n1".to_owned(), serde_json::from_value(part).unwrap())].into() };
        let scaled = service(ours.with_moving(&moving));
        assert_eq!((scaled.mode(), scaled.moving().as_ref()), (Mode::Replicated(5), Some(&moving)));
        assert_eq!(scaled.mark(), ours.mark());
        let mut touched = scaled.spec().clone();
        touched["Mode"]["Replicated"]["Replicas"] = json!(4);
        assert_eq!(service(touched).mark().mark, None, "somebody's own number is a change of theirs");
        let mut back = Moving { nodes: std::collections::BTreeMap::new(), ..moving };
        assert_eq!(service(scaled.with_moving(&back)).spec(), ours.spec());
        back.base = 4;
        assert_ne!(service(scaled.with_moving(&back)).mark().rest, ours.mark().rest);
    }

    #[test]
    fn modes_are_read() {
        let mode = |mode: Value| service(json!({"Name": "a", "Mode": mode})).mode();
        assert_eq!(mode(json!({"Replicated": {"Replicas": 0}})), Mode::Replicated(0));
        assert_eq!(mode(json!({"Replicated": {}})), Mode::Replicated(1));
        assert_eq!(mode(json!({"Global": {}})), Mode::Global);
        assert_eq!(mode(json!({"ReplicatedJob": {"MaxConcurrent": 2}})), Mode::Job(2));
    }

    #[test]
    fn a_service_without_its_parts_is_no_service() {
        assert!(Service::read(&json!({"message": "hello"})).is_err());
        assert!(Service::read(&json!({"ID": "x", "Version": {"Index": 1}, "Spec": []})).is_err());
    }
}
