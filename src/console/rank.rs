//! Which lists a row belongs to, and its place there.

use crate::api::rows::{ImageRow, Mark, Row, WorkloadRow};
use crate::model::Timestamp;

/// A list that is kept sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// What needs a person: harm, then deadline.
    Needs,
    /// Runs that go on, oldest first.
    Going,
    /// What will happen by itself, next first.
    Coming,
    /// Runs, newest first.
    Runs,
    /// Steps, by run and place.
    Steps,
    /// Updates that are not through: what needs a person first.
    Updates,
    /// Incidents: open ones first, newest first.
    Incidents,
    /// The journal, newest first.
    Events,
    /// The journal's lines by people, newest first.
    ByPeople,
    /// Images, by name.
    Images,
    /// Workloads, by name.
    Workloads,
    /// Pools, by name.
    Pools,
    /// Nodes, by fleet and name.
    Nodes,
    /// Images that are behind.
    Behind,
    /// Images about which something is not known.
    Unclear,
    /// Sources that do not answer, longest first.
    Lost,
}

impl List {
    /// How many there are.
    pub const COUNT: usize = Self::Lost as usize + 1;
}

/// A place in a list; rows of the same rank are ordered by their keys.
pub type Rank = (i64, i64, i64);

/// The lists that a row belongs to.
pub fn ranks(row: &Row) -> [Option<(List, Rank)>; 4] {
    match row {
        Row::Daemon(_) => [None; 4],
        Row::Pool(_) => [Some((List::Pools, (0, 0, 0))), None, None, None],
        Row::Node(_) => [Some((List::Nodes, (0, 0, 0))), None, None, None],
        Row::Source(row) => {
            let lost = row.lost.as_ref().map(|lost| (List::Lost, (lost.since.as_millis(), 0, 0)));
            [lost, None, None, None]
        }
        Row::Image(row) => of_image(row),
        Row::Workload(row) => of_workload(row),
        Row::Run(row) => {
            let number = i64::try_from(row.run.0).unwrap_or(i64::MAX);
            let going = row.ended.is_none().then_some((List::Going, (row.started.as_millis(), number, 0)));
            [Some((List::Runs, (-number, 0, 0))), going, None, None]
        }
        Row::Step(row) => {
            let number = i64::try_from(row.run.0).unwrap_or(i64::MAX);
            [Some((List::Steps, (number, i64::from(row.place), 0))), None, None, None]
        }
        Row::Incident(row) => {
            let closed = i64::from(row.closed.is_some());
            [Some((List::Incidents, (closed, -row.opened.as_millis(), 0))), None, None, None]
        }
        Row::Need(row) => {
            let deadline = row.deadline.map_or(i64::MAX, Timestamp::as_millis);
            let rank = (i64::from(row.harm), deadline, row.since.as_millis());
            [Some((List::Needs, rank)), None, None, None]
        }
        Row::Coming(row) => [Some((List::Coming, (row.at.as_millis(), 0, 0))), None, None, None],
        Row::Event(row) => {
            let rank = (-i64::try_from(row.seq.0).unwrap_or(i64::MAX), 0, 0);
            let person = matches!(row.by, crate::model::Actor::Person { .. });
            [Some((List::Events, rank)), person.then_some((List::ByPeople, rank)), None, None]
        }
    }
}

fn of_image(row: &ImageRow) -> [Option<(List, Rank)>; 4] {
    let pending = row.behind || !matches!(row.mark, Mark::Good | Mark::Pending);
    [
        Some((List::Images, (0, 0, 0))),
        pending.then_some((List::Updates, (urgency(row.mark), 0, 0))),
        row.behind.then_some((List::Behind, (0, 0, 0))),
        (!row.unknown.is_empty() || row.mark == Mark::Unknown).then_some((List::Unclear, (0, 0, 0))),
    ]
}

fn of_workload(row: &WorkloadRow) -> [Option<(List, Rank)>; 4] {
    let kept_out = !row.quarantine.is_empty() || matches!(row.mark, Mark::Failed | Mark::Sick);
    let rank = (urgency(if row.quarantine.is_empty() { row.mark } else { Mark::Failed }), 1, 0);
    [Some((List::Workloads, (0, 0, 0))), kept_out.then_some((List::Updates, rank)), None, None]
}

/// How soon a person should look: lower is sooner.
pub const fn urgency(mark: Mark) -> i64 {
    match mark {
        Mark::Sick => 0,
        Mark::Failed => 1,
        Mark::Held => 2,
        Mark::Paused => 3,
        Mark::Unknown => 4,
        Mark::Restored => 5,
        Mark::Blocked => 6,
        Mark::Moved => 7,
        Mark::Working => 8,
        Mark::Pending => 9,
        Mark::Good => 10,
    }
}
