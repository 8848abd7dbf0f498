//! A dossier as Markdown: what is sent to whoever must fix it, and read in an editor or a ticket.

use crate::model::dossier::{
    Built, Changed, Deployed, Dossier, LogTail, NodePart, Released, Seen, TestRound,
};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::nodes::{Finding, Strategy};
use crate::model::reports::ProbeTally;
use crate::model::text::{clean, tasks};
use crate::model::{Digest, Timestamp};
use std::fmt::Write as _;

/// The whole dossier; what it leaves out is empty.
pub fn markdown(dossier: &Dossier) -> String {
    let mut page = Page::default();
    let kept = if dossier.complete { "complete" } else { "PRELIMINARY: the step has not ended" };
    page.line(&format!("# Incident {}: {}", dossier.incident, dossier.class));
    page.line(&dossier.sentence);
    page.items(&[
        format!("cause: `{}`", dossier.cause),
        format!("in: run {}, `{}`, installation `{}`", dossier.run, dossier.step, dossier.install),
        format!("opened {}, written {} ({kept})", exactly(dossier.opened), exactly(dossier.written)),
        format!("vendor: {}; customer: {}", or_nobody(&dossier.vendor), or_nobody(&dossier.customer)),
        format!("flaky before: {} times", dossier.flaky_before),
    ]);
    changed(&mut page, &dossier.changed);
    dossier.built.iter().for_each(|built| self::built(&mut page, built));
    dossier.tests.iter().for_each(|round| tests(&mut page, round));
    dossier.deployed.iter().for_each(|deployed| self::deployed(&mut page, deployed));
    dossier.node.iter().for_each(|node| self::node(&mut page, node));
    page.section("Seen", &dossier.seen);
    page.heading("How to see it");
    page.code(&dossier.reproduce);
    if !dossier.environment.is_empty() {
        page.line(&format!(
            "They need, with values that are not written here: `{}`",
            dossier.environment.join("`, `")
        ));
    }
    page.heading("Timeline");
    page.items(
        &dossier
            .timeline
            .iter()
            .map(|one| format!("{} {}: {}", exactly(one.at), one.by, one.text))
            .collect::<Vec<_>>(),
    );
    dossier.logs.iter().for_each(|log| tail(&mut page, log));
    page.text
}

fn changed(page: &mut Page, changed: &Changed) {
    page.heading("What changed");
    let reason = changed.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    page.items(&[
        format!("`{}`, {} by {}{reason}", what(changed), exactly(changed.at), changed.by),
        format!("from {}", from(changed)),
        format!("to {}", to(changed)),
    ]);
}

fn what(changed: &Changed) -> String {
    match (&changed.release, &changed.image) {
        (Some(released), _) => format!("pool {}", released.pool),
        (None, Some(image)) => image.to_string(),
        (None, None) => "not known".to_owned(),
    }
}

fn from(changed: &Changed) -> String {
    match &changed.release {
        Some(Released { before: Some(before), .. }) => format!("release `{before}`"),
        Some(Released { before: None, .. }) => "a release that is not known".to_owned(),
        None => digest(changed.from.as_ref()),
    }
}

fn to(changed: &Changed) -> String {
    let released = changed.release.as_ref().map(|released| format!("release `{}`", released.release));
    released.unwrap_or_else(|| digest(changed.to.as_ref()))
}

/// What was to happen to a node, what was in the way, and each workload that moved, before and now.
fn node(page: &mut Page, node: &NodePart) {
    page.heading("What was to happen to the node");
    let how = match node.strategy {
        Strategy::Surge => "another machine takes its place",
        Strategy::InPlace => "it is updated where it stands",
    };
    let machine = node.machine.as_ref().map(|machine| format!("; the machine is `{machine}`"));
    let machine = machine.unwrap_or_default();
    page.items(&[
        format!("`{}`, wave {}: {how}{machine}", node.node, node.wave),
        format!("the step ended {}", node.ended),
    ]);
    let finding = |finding: &Finding| {
        let of = finding.workload.as_ref().map(|workload| format!("`{workload}`: ")).unwrap_or_default();
        format!("{of}{}", finding.what)
    };
    page.section("What the preflight found", &node.findings.iter().map(finding).collect::<Vec<_>>());
    for moved in &node.workloads {
        let to: Vec<&str> = moved.to.iter().map(crate::model::NodeId::as_str).collect();
        page.heading(&format!("`{}`: {} moved, to {}", moved.workload, tasks(moved.tasks), to.join(", ")));
        for (what, seen) in [("Before", &moved.before), ("Last seen", &moved.last)] {
            seen.iter().for_each(|seen| look(page, what, seen));
        }
    }
}

fn built(page: &mut Page, built: &Built) {
    page.heading("What was built");
    let mut items = vec![
        format!("`{}`: candidate {}", built.image, digest(built.candidate.as_ref())),
        format!("in place of {}", digest(built.before.as_ref())),
        format!("Dockerfile {}, recipe {}", digest(built.dockerfile.as_ref()), digest(built.recipe.as_ref())),
    ];
    items.extend(built.bases.iter().map(|(base, of)| format!("built on `{base}` {}", digest(Some(of)))));
    page.items(&items);
}

fn tests(page: &mut Page, round: &TestRound) {
    let on = digest(round.on.as_ref());
    page.heading(&format!("Tests, {}: {}/{} passed on {on}", round.what, round.passed, round.total));
    let mut items = Vec::new();
    for test in &round.tests {
        let how = if test.passed { "passed" } else { "FAILED" };
        let why = test.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        items.push(format!("`{}` {how} in {}{why}", test.name, test.took));
        items.extend(test.failing.iter().map(|case| format!("`{}`: {}", case.name, case.message)));
    }
    page.items(&items);
}

fn deployed(page: &mut Page, deployed: &Deployed) {
    page.heading("What was deployed");
    page.items(&[format!("{}; the step ended {}", digest(deployed.want.as_ref()), deployed.ended)]);
    for (what, seen) in [("Before", &deployed.before), ("Last seen", &deployed.last)] {
        seen.iter().for_each(|seen| look(page, what, seen));
    }
}

fn look(page: &mut Page, what: &str, seen: &Seen) {
    let on = digest(seen.digest.as_ref());
    page.heading(&format!(
        "{what}, {}: {} of {} tasks ran {on}",
        exactly(seen.at),
        seen.running,
        seen.desired
    ));
    let mut items: Vec<String> = seen.probes.iter().map(probes).collect();
    for task in &seen.tasks {
        let said = task.message.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
        let probe = task.probe.as_ref().map(|probe| match &probe.why {
            Some(why) => format!("; our probe: {why}"),
            None => format!("; our probe: well in {}", probe.took),
        });
        let node = task.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        items.push(
            format!("`{}`{node} {:?}{said}{}", task.name, task.state, probe.unwrap_or_default())
                .to_lowercase(),
        );
    }
    for task in &seen.ended {
        let exit = task.exit.map(|code| format!(", exit code {code}")).unwrap_or_default();
        items.push(format!("`{}` ended {}{exit}: {}", task.name, exactly(task.at), task.message));
    }
    page.items(&items);
}

fn probes(tally: &ProbeTally) -> String {
    let first = tally
        .first
        .as_ref()
        .map(|first| format!(", first {} of {}: {}", exactly(first.at), first.task, first.what));
    let last = tally.last.as_ref().map(|last| format!(", last {}", exactly(last.at)));
    let broken = tally.broken.as_ref().map(|why| format!("; the probe itself is broken: {why}"));
    format!(
        "probes since {}: {} of {} failed{}{}{}",
        exactly(tally.since),
        tally.failed,
        tally.total,
        first.unwrap_or_default(),
        last.unwrap_or_default(),
        broken.unwrap_or_default()
    )
}

fn tail(page: &mut Page, log: &LogTail) {
    page.heading(&format!("Log `{}`{}", log.id, if log.cut { ", its end" } else { "" }));
    page.code(&log.lines);
}

fn digest(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "nothing".to_owned(), |digest| format!("`{digest}`"))
}

fn or_nobody(owner: &Option<crate::model::Owner>) -> String {
    owner.as_ref().map_or_else(|| "nobody is named".to_owned(), ToString::to_string)
}

fn exactly(at: Timestamp) -> String {
    format!("{at}")
}

/// Markdown, line by line. Whatever comes from outside is one clean line, and cannot end a block.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{}\n", clean(text, MESSAGE_CHARS * 2));
    }

    fn heading(&mut self, text: &str) {
        self.line(&format!("## {text}"));
    }

    fn section(&mut self, heading: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.heading(heading);
            self.items(lines);
        }
    }

    fn items(&mut self, items: &[String]) {
        for item in items {
            let _ = writeln!(self.text, "- {}", clean(item, MESSAGE_CHARS * 2));
        }
        self.text.push('\n');
    }

    /// Indented, because no text can end an indented block.
    fn code(&mut self, lines: &[String]) {
        if lines.is_empty() {
            self.line("(nothing)");
            return;
        }
        for line in lines {
            let _ = writeln!(self.text, "    {}", clean(line, MESSAGE_CHARS * 2));
        }
        self.text.push('\n');
    }
}
