//! The state as plain lines, for a pipe, a log or a screen reader: one fact a line, the state as a word.

use super::text::{safe, short, width};
use crate::api::rows::{Freeze, ImageRow, IncidentRow, Mark, RunRow, SourceRow, StepRow, WorkloadRow};
use crate::api::status::{RunStatus, Status};
use crate::model::{Timestamp, Waiting};
use std::fmt::Write;

/// Ended runs that are listed; `tidegate runs` has the others.
const ENDED_SHOWN: usize = 3;

/// The whole status as plain text: no escape sequences, no colour, every line ends in a line feed.
pub fn plain(status: &Status) -> String {
    let mut out = Lines::default();
    head(&mut out, status);
    needs(&mut out, status);
    incidents(&mut out, status);
    runs(&mut out, status);
    images(&mut out, status);
    workloads(&mut out, status);
    pools(&mut out, status);
    coming(&mut out, status);
    out.text
}

/// A mark as a word.
pub fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "well",
        Mark::Failed => "failed",
        Mark::Sick => "sick",
        Mark::Unknown => "unknown",
        Mark::Held => "held",
        Mark::Paused => "paused",
        Mark::Working => "working",
        Mark::Pending => "pending",
        Mark::Blocked => "blocked",
        Mark::Moved => "moved",
        Mark::Restored => "restored",
    }
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, text: &str) {
        self.text.push_str(safe(text).trim_end());
        self.text.push('\n');
    }

    /// A heading, after an empty line.
    fn part(&mut self, title: &str) {
        self.text.push('\n');
        self.line(title);
    }

    fn marked(&mut self, mark: Mark, text: &str) {
        self.line(&format!("  {:<8} {text}", word(mark)));
    }

    fn more(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.line(&format!("           {label} {text}"));
        }
    }
}

fn head(out: &mut Lines, status: &Status) {
    match &status.daemon {
        None => out.line(&format!("no daemon; observed once at {}", status.at)),
        Some(daemon) => {
            let how = if daemon.read_only { ", only observes" } else { "" };
            let since = daemon.since;
            out.line(&format!("{}: tidegate {} since {since}{how}", daemon.name, daemon.version));
            out.line(&format!("as of {}, event {}", status.at, status.seq));
            if let Some(freeze) = &daemon.freeze {
                let why = freeze.reason.as_deref().unwrap_or("no reason given");
                let end = freeze.until.map_or("no end set".to_owned(), |until| format!("ends {until}"));
                out.line(&format!("frozen by {} since {}: {why}; {end}", freeze.by, freeze.since));
            }
            if let Some(stuck) = &daemon.stuck {
                out.line(&format!("the journal cannot be written since {}: {}", stuck.since, stuck.why));
            }
        }
    }
    status.sources.iter().for_each(|source| source_line(out, source));
}

fn source_line(out: &mut Lines, source: &SourceRow) {
    if let Some(lost) = &source.lost {
        let next = source.next.map_or(String::new(), |at| format!("; asked again {at}"));
        out.line(&format!("{} does not answer since {}: {}{next}", source.name, lost.since, lost.why));
    }
}

fn needs(out: &mut Lines, status: &Status) {
    out.part(&format!("needs you: {}", status.needs.len()));
    for need in &status.needs {
        out.marked(need.mark, &format!("{}  {}", need.object, need.text));
        out.more("if nobody acts:", &need.outcome);
    }
}

fn incidents(out: &mut Lines, status: &Status) {
    let open: Vec<&IncidentRow> = status.incidents.iter().filter(|row| row.closed.is_none()).collect();
    if open.is_empty() {
        return;
    }
    out.part(&format!("open incidents: {}", open.len()));
    for row in open {
        let by =
            row.claimed.as_ref().map_or("nobody took it".to_owned(), |(who, _)| format!("{who} took it"));
        out.marked(
            Mark::Failed,
            &format!("incident {}  {}, since {}, {by}", row.incident, row.cause, row.opened),
        );
        out.more("verdict:", &row.verdict);
        out.more("users:", &row.users);
        out.more("put back:", &row.restored);
    }
}

fn runs(out: &mut Lines, status: &Status) {
    let (ended, going): (Vec<_>, Vec<_>) = status.runs.iter().partition(|run| run.run.ended.is_some());
    if status.runs.is_empty() {
        return;
    }
    out.part(&format!("runs on their way: {}", going.len()));
    for run in going {
        run_lines(out, run);
    }
    for run in ended.iter().take(ENDED_SHOWN) {
        run_line(out, &run.run);
    }
}

fn run_lines(out: &mut Lines, run: &RunStatus) {
    run_line(out, &run.run);
    let open = |step: &&StepRow| step.ended.is_none();
    for step in run.steps.iter().filter(open) {
        let doing = step.progress.as_deref().unwrap_or(&step.result);
        out.line(&format!("    {:<8} {} {} {doing}", word(step.mark), step.title, step.state));
        if let Some(waiting) = &step.waiting {
            waits(out, waiting);
        }
    }
}

fn run_line(out: &mut Lines, run: &RunRow) {
    let left = run.left.map_or(String::new(), |left| format!(", {left} left"));
    out.marked(run.mark, &format!("{}  {}: {}{left}", run.name(), run.cause, run.state));
}

fn waits(out: &mut Lines, waiting: &Waiting) {
    out.more("waits for:", &format!("{}, since {}", waiting.what, waiting.since));
    out.more("unblocks: ", &waiting.who);
    out.more("by itself:", &by_itself(waiting.deadline, &waiting.next));
}

fn by_itself(deadline: Option<Timestamp>, next: &str) -> String {
    deadline.map_or(next.to_owned(), |at| format!("{at} {next}"))
}

fn images(out: &mut Lines, status: &Status) {
    if status.images.is_empty() {
        return;
    }
    let behind = status.images.iter().filter(|image| image.behind).count();
    out.part(&format!("images: {}, behind: {behind}", status.images.len()));
    let name = status.images.iter().map(|row| width(&row.image.to_string())).max().unwrap_or(0);
    status.images.iter().for_each(|row| image_line(out, row, name));
}

fn image_line(out: &mut Lines, row: &ImageRow, name: usize) {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write!(text, "{:<name$} {:<4} {}", row.image.to_string(), short(row.digest.as_ref()), row.state);
    if let Some((base, digest)) = &row.stands_on {
        let _ = write!(text, ", on {base} {}", short(digest.as_ref()));
    }
    out.marked(row.mark, &text);
    if let Some(why) = &row.why_behind {
        out.more("behind:", why);
    }
}

fn workloads(out: &mut Lines, status: &Status) {
    if status.workloads.is_empty() {
        return;
    }
    out.part(&format!("workloads: {}", status.workloads.len()));
    let name = status.workloads.iter().map(|row| width(&row.workload.to_string())).max().unwrap_or(0);
    status.workloads.iter().for_each(|row| workload_line(out, row, name));
}

fn workload_line(out: &mut Lines, row: &WorkloadRow, name: usize) {
    let tasks = format!("{}/{}", row.running, row.desired);
    out.marked(
        row.mark,
        &format!(
            "{:<name$} {tasks:>7} {:<4} {}",
            row.workload.to_string(),
            short(row.digest.as_ref()),
            row.state
        ),
    );
    for held in &row.quarantine {
        out.more("quarantined:", &format!("{} since {}: {}", held.digest.short(), held.since, held.why));
        out.more("ends with:", &held.ends);
    }
}

fn pools(out: &mut Lines, status: &Status) {
    if status.pools.is_empty() {
        return;
    }
    out.part(&format!("pools: {}", status.pools.len()));
    for row in &status.pools {
        out.marked(row.mark, &format!("{}: {}", row.pool, row.state));
        if let Some((release, at)) = &row.next {
            out.more("by itself:", &format!("{at} takes {release}"));
        }
        let bad = row.announced.iter().filter_map(|one| Some((&one.release, one.quarantine.as_ref()?)));
        for (release, why) in bad {
            out.more("quarantined:", &format!("{release}: {why}"));
        }
        if let Some(pin) = &row.pinned {
            out.more("pinned:", &kept(pin));
        }
        for one in &row.announced {
            let Some(skip) = &one.skipped else { continue };
            out.more("skipped:", &format!("{} {}", one.release, kept(skip)));
        }
    }
}

/// `by ana since 02:14: the sale`.
fn kept(stop: &Freeze) -> String {
    format!("by {} since {}: {}", stop.by, stop.since, stop.reason.as_deref().unwrap_or("no reason given"))
}

fn coming(out: &mut Lines, status: &Status) {
    if status.coming.is_empty() {
        return;
    }
    out.part("coming up");
    for row in &status.coming {
        out.line(&format!("  {} {}", row.at, row.text));
    }
}
