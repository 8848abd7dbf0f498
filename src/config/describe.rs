//! What `tidegate check` prints: a configuration as Tidegate understood it, in plain aligned lines.

use super::Resolved;
use crate::lineage::Lineage;
use crate::model::jobs::{BaseName, Ingredients, Role};
use crate::model::nodes::{Strategy, WaveSize};
use crate::model::setup::{Gate, Newer, OnFailure, ProbeSpec, Recipe, TestKind, TestSpec, Workload};
use crate::model::text::clean;
use crate::model::{GateName, ImageRef, Owner, WorkloadId};
use std::collections::BTreeMap;
use std::fmt::Display;

/// A line longer than this was not meant to be read.
const LINE_CHARS: usize = 400;

/// Lines of a label and a text, labels aligned.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(text.to_owned());
    }

    fn item(&mut self, text: impl Display) {
        self.lines.push(clean(&format!("  {text}"), LINE_CHARS));
    }

    fn row(&mut self, label: &str, text: impl Display) {
        self.lines.push(clean(&format!("    {label:<10}{text}"), LINE_CHARS));
    }

    fn row_if(&mut self, label: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.row(label, text);
        }
    }
}

/// The whole configuration, with what was read from its Dockerfiles.
pub fn describe(resolved: &Resolved, read: &BTreeMap<ImageRef, Result<Ingredients, String>>) -> String {
    let known = read.iter().filter_map(|(image, read)| Some((image.clone(), read.as_ref().ok()?.clone())));
    let lineage = Lineage::new(&known.collect());
    let mut page = Page::default();
    places(&mut page, resolved);
    match &lineage {
        Ok(lineage) => {
            images(&mut page, resolved, read, lineage);
            workloads(&mut page, resolved);
            upstreams(&mut page, resolved, lineage);
            pools(&mut page, resolved);
        }
        // The files changed since they were checked.
        Err(error) => page.heading(&format!("IMAGES: failed to {error}")),
    }
    warnings(&mut page, resolved);
    page.lines.push(String::new());
    page.lines.join("\n")
}

fn places(page: &mut Page, resolved: &Resolved) {
    page.heading("CONFIGURATION");
    page.row("file", resolved.file.display());
    page.row("state", resolved.state_dir.display());
    page.row("socket", resolved.socket.display());
    page.row("builder", &resolved.builder_host);
    page.row_if(
        "webhook",
        resolved.webhook.as_ref().map(|webhook| format!("{}, with a token", webhook.listen)),
    );
    let newer = match resolved.setup.newer {
        Newer::Finish => "lets the run under way finish first",
        Newer::Supersede => "takes the place of what is not published yet",
    };
    page.row("newer", format!("a newer change {newer}"));
    let carry = if resolved.setup.build_edges { "carry" } else { "do not carry" };
    page.row("lineage", format!("other stages and COPY --from {carry} a change on"));
    for (fleet, setup) in &resolved.setup.fleets {
        page.row("fleet", format!("{fleet} at {}", setup.host));
    }
}

fn images(
    page: &mut Page,
    resolved: &Resolved,
    read: &BTreeMap<ImageRef, Result<Ingredients, String>>,
    lineage: &Lineage,
) {
    page.heading("IMAGES, in the order of building");
    let order = lineage.build_order();
    let unread = resolved.setup.recipes.keys().filter(|image| !order.contains(image));
    for image in order.iter().copied().chain(unread) {
        let Some(recipe) = resolved.setup.recipes.get(image) else { continue };
        page.item(image);
        match read.get(image) {
            Some(Ok(ingredients)) => bases(page, ingredients),
            Some(Err(why)) => page.row("unknown", format!("failed to {why}")),
            None => page.row("unknown", "not read"),
        }
        judged(page, resolved, recipe);
    }
}

fn bases(page: &mut Page, ingredients: &Ingredients) {
    for base in &ingredients.bases {
        let label = match base.role {
            Role::Runtime => "from",
            Role::Build => "build",
        };
        match &base.from {
            BaseName::Tag(image) => page.row(label, image),
            BaseName::Pinned(pinned) => page.row(label, format!("{pinned} (fixed: no moved tag reaches it)")),
        }
    }
    for unknown in &ingredients.unknown {
        page.row("unknown", format!("line {}: {}: {}", unknown.line, unknown.text, unknown.why));
    }
    page.row_if(
        "needs",
        ingredients.buildkit.as_ref().map(|need| format!("BuildKit, line {}: {}", need.line, need.what)),
    );
}

fn judged(page: &mut Page, resolved: &Resolved, recipe: &Recipe) {
    if recipe.tests.is_empty() {
        page.row("tests", "none: every candidate counts as tested");
    }
    for spec in &recipe.tests {
        page.row("test", test(spec));
    }
    page.row_if("gate", gate(resolved, recipe.gate.as_ref()));
    page.row_if("owner", recipe.owner.as_ref());
}

fn test(spec: &TestSpec) -> String {
    let how = match &spec.kind {
        TestKind::Command => "in the candidate".to_owned(),
        TestKind::Service { healthy_within, client, .. } => {
            let client = client.as_ref().map_or_else(|| "the candidate".to_owned(), ToString::to_string);
            format!("against the candidate (healthy within {healthy_within}), from {client}")
        }
    };
    format!("{}: {} {how}, within {}", spec.name, spec.run.join(" "), spec.timeout)
}

fn gate(resolved: &Resolved, name: Option<&GateName>) -> Option<String> {
    let name = name?;
    let Gate { approvals, approvers, expires, .. } = resolved.setup.gates.get(name)?;
    let who = match approvers.is_empty() {
        true => "anybody on the socket".to_owned(),
        false => approvers.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let expires = expires.map_or_else(String::new, |span| format!(", expires after {span}"));
    Some(format!("{name}: {approvals} of {who}{expires}"))
}

fn workloads(page: &mut Page, resolved: &Resolved) {
    page.heading("WORKLOADS, in the order of deploying");
    let mut ordered: Vec<(&WorkloadId, &Workload)> = resolved.setup.workloads.iter().collect();
    ordered.sort_by_key(|(id, workload)| (workload.order, *id));
    for (id, workload) in ordered {
        page.item(format!("{id}, order {}", workload.order));
        page.row("runs", &workload.image);
        let proof = match (workload.probes.is_empty(), workload.accept_running) {
            (true, true) => ", running is proof",
            (true, false) => ", needs a health check of its own",
            (false, _) => "",
        };
        page.row("soak", format!("{}, converged within {}{proof}", workload.soak, workload.deadline));
        for spec in &workload.probes {
            page.row("probe", probe(spec));
        }
        let failure = match workload.on_failure {
            OnFailure::Rollback => "the spec from before is put back",
            OnFailure::Stop => "stops for a person",
        };
        page.row("unhealthy", failure);
        page.row_if("gate", gate(resolved, workload.gate.as_ref()));
        page.row_if("owner", workload.owner.as_ref());
    }
}

fn probe(spec: &ProbeSpec) -> String {
    let body = spec.body.as_ref().map_or_else(String::new, |body| format!(" with {body:?}"));
    format!("{} wants {}{body}, every {}, budget {}", spec.url, spec.status, spec.every, spec.budget)
}

fn upstreams(page: &mut Page, resolved: &Resolved, lineage: &Lineage) {
    page.heading("UPSTREAMS, watched");
    let owner = |image| resolved.setup.upstreams.get(image)?.owner.as_ref();
    for image in lineage.upstreams() {
        let reached = lineage.affected(std::slice::from_ref(image), resolved.setup.build_edges).len();
        let by: Option<&Owner> = owner(image);
        let by = by.map_or_else(String::new, |owner| format!(", owner {owner}"));
        page.item(image);
        page.row("poll", format!("every {}{by}", resolved.poll(image)));
        page.row("reaches", if reached == 1 { "1 image".to_owned() } else { format!("{reached} images") });
    }
}

fn pools(page: &mut Page, resolved: &Resolved) {
    if !resolved.setup.pools.is_empty() {
        page.heading("POOLS, whose nodes get releases");
    }
    for (name, pool) in &resolved.setup.pools {
        let how = match pool.strategy {
            Strategy::Surge => "a new node takes over before the old one goes",
            Strategy::InPlace => "each node is emptied and updated where it stands",
        };
        page.item(format!("{name}, nodes of {}", pool.fleet));
        page.row("strategy", how);
        let waves: Vec<String> = pool.waves.iter().map(wave).collect();
        page.row("waves", format!("{}, at most {} out at a time", waves.join(", "), pool.max_unavailable));
        page.row("soak", pool.soak);
        let stops = match pool.failure_budget {
            0 => "the first stops a rollout".to_owned(),
            budget => format!("more than {budget} stop a rollout"),
        };
        page.row("failures", stops);
        let starts = pool.automatic_after.map_or_else(
            || "a person".to_owned(),
            |span| format!("by itself, {span} after the announcement"),
        );
        page.row("starts", starts);
        page.row_if("last", pool.own_node.as_ref());
        page.row_if("owner", pool.owner.as_ref());
    }
}

fn wave(size: &WaveSize) -> String {
    match size {
        WaveSize::Nodes(nodes) => nodes.to_string(),
        WaveSize::Percent(percent) => format!("{percent}%"),
    }
}

fn warnings(page: &mut Page, resolved: &Resolved) {
    if !resolved.warnings.is_empty() {
        page.heading("WARNINGS");
    }
    for warning in &resolved.warnings {
        page.item(warning.shown(&resolved.file));
    }
}
