//! The columns of each list, and what stands in them. Wider terminals add columns at the right; they never reorder.

use super::canvas::{Cell, Column, Wide};
use crate::api::rollout::{called, role};
use crate::api::rows::{
    EventRow, ImageRow, IncidentRow, Mark, NodeRow, PoolRow, Row, RowKey, RunRow, StepRow, WorkloadRow,
};
use crate::console::list::Fold;
use crate::console::model::{Model, Screen};
use crate::console::text::{day_or_time, exactly_when, short, when};
use crate::console::theme::{Role, glyph};
use crate::model::{Span, Timestamp};

const SIGN: Column = Column::left("", Wide::Fixed(1));

/// The columns of a screen at this width.
pub fn columns(screen: &Screen, width: u16) -> &'static [Column] {
    let wide = width >= 110;
    match screen {
        Screen::Lineage(..) => {
            if wide {
                &LINEAGE_WIDE
            } else {
                &LINEAGE_WIDE[..5]
            }
        }
        Screen::Updates(_) => {
            if wide {
                &UPDATES_WIDE
            } else {
                &UPDATES_WIDE[..5]
            }
        }
        Screen::Runs(_) => {
            if wide {
                &RUNS_WIDE
            } else {
                &RUNS_WIDE[..6]
            }
        }
        Screen::Run(..) => {
            if wide {
                &RUN_WIDE
            } else {
                &RUN_WIDE[..5]
            }
        }
        Screen::Incidents(_) => {
            if wide {
                &INCIDENTS_WIDE
            } else {
                &INCIDENTS_WIDE[..5]
            }
        }
        Screen::Pools(_) => {
            if wide {
                &POOLS_WIDE
            } else {
                &POOLS_WIDE[..4]
            }
        }
        Screen::Pool(..) => {
            if wide {
                &NODES_WIDE
            } else {
                &NODES_WIDE[..5]
            }
        }
        Screen::Journal(..) => &JOURNAL,
        Screen::Overview(_) | Screen::Page(..) | Screen::Log(_) => &[],
    }
}

const LINEAGE_WIDE: [Column; 8] = [
    Column::left("  image, workload", Wide::Share(1)),
    Column::right("up", Wide::Fixed(5)),
    Column::left("base", Wide::Fixed(4)),
    SIGN,
    Column::left("state", Wide::Fixed(13)),
    Column::left("at", Wide::Fixed(4)),
    Column::left("owner", Wide::Fixed(12)),
    Column::left("run", Wide::Fixed(5)),
];

const UPDATES_WIDE: [Column; 7] = [
    SIGN,
    Column::left("what", Wide::Share(5)),
    Column::left("state", Wide::Share(5)),
    Column::left("stands on", Wide::Share(8)),
    Column::left("since", Wide::Fixed(6)),
    Column::left("owner", Wide::Fixed(14)),
    Column::left("run", Wide::Fixed(5)),
];

const RUNS_WIDE: [Column; 9] = [
    SIGN,
    Column::right("run", Wide::Fixed(4)),
    Column::left("cause", Wide::Share(5)),
    Column::left("state", Wide::Share(4)),
    Column::right("left", Wide::Fixed(6)),
    Column::right("usual", Wide::Fixed(6)),
    Column::left("began", Wide::Fixed(12)),
    Column::left("ended", Wide::Fixed(12)),
    Column::left("by", Wide::Fixed(12)),
];

const RUN_WIDE: [Column; 8] = [
    SIGN,
    Column::left("step", Wide::Share(3)),
    Column::left("result", Wide::Share(5)),
    Column::right("took", Wide::Fixed(6)),
    Column::right("usual", Wide::Fixed(6)),
    Column::left("began", Wide::Fixed(12)),
    Column::left("ended", Wide::Fixed(12)),
    Column::left("owner", Wide::Fixed(12)),
];

const INCIDENTS_WIDE: [Column; 7] = [
    SIGN,
    Column::right("no", Wide::Fixed(4)),
    Column::left("cause", Wide::Share(5)),
    Column::left("opened", Wide::Fixed(6)),
    Column::left("taken by", Wide::Share(2)),
    Column::left("put back", Wide::Share(4)),
    Column::left("in", Wide::Share(2)),
];

const POOLS_WIDE: [Column; 7] = [
    SIGN,
    Column::left("pool", Wide::Share(2)),
    Column::left("state", Wide::Share(5)),
    Column::left("newest release", Wide::Share(3)),
    Column::left("by itself", Wide::Fixed(12)),
    Column::left("owner", Wide::Fixed(12)),
    Column::left("run", Wide::Fixed(5)),
];

const NODES_WIDE: [Column; 8] = [
    SIGN,
    Column::left("node", Wide::Share(3)),
    Column::left("release", Wide::Share(3)),
    Column::left("state", Wide::Share(4)),
    Column::right("tasks", Wide::Fixed(5)),
    Column::left("zone", Wide::Fixed(10)),
    Column::left("role", Wide::Fixed(10)),
    Column::left("run", Wide::Fixed(5)),
];

const JOURNAL: [Column; 4] = [
    Column::left("", Wide::Fixed(12)),
    SIGN,
    Column::left("", Wide::Fixed(9)),
    Column::left("", Wide::Share(1)),
];

/// What stands in the columns of a row.
pub fn cells(model: &Model, key: &RowKey, depth: u16, fold: Fold) -> Vec<Cell> {
    let now = model.now;
    match (model.replica.row(key), model.screen()) {
        (Some(Row::Image(row)), Screen::Lineage(..)) => lineage_image(model, row, depth, fold),
        (Some(Row::Workload(row)), Screen::Lineage(..)) => lineage_workload(row, depth),
        (Some(Row::Image(row)), _) => update_image(model, row),
        (Some(Row::Workload(row)), _) => update_workload(row, now),
        (Some(Row::Pool(row)), _) => pool(row, now),
        (Some(Row::Node(row)), _) => node(row),
        (Some(Row::Run(row)), _) => run(row, now),
        (Some(Row::Step(row)), _) => step(row, now),
        (Some(Row::Incident(row)), _) => incident(row, now),
        (Some(Row::Event(row)), _) => event(row, now),
        (Some(Row::Daemon(_) | Row::Source(_) | Row::Need(_) | Row::Coming(_)) | None, _) => Vec::new(),
    }
}

fn sign(mark: Mark) -> Cell {
    Cell::styled(glyph(mark), Role::of(mark))
}

fn opt(at: Option<Timestamp>, now: Timestamp) -> Cell {
    Cell::text(at.map_or("-".to_owned(), |at| when(at, now)))
}

fn brief(at: Option<Timestamp>, now: Timestamp) -> Cell {
    Cell::text(at.map_or("-".to_owned(), |at| day_or_time(at, now)))
}

fn span(span: Option<Span>) -> Cell {
    Cell::text(span.map_or("-".to_owned(), |span| span.to_string()))
}

fn words(text: Option<impl ToString>) -> Cell {
    Cell::text(text.map_or("-".to_owned(), |text| text.to_string()))
}

fn lineage_image(model: &Model, row: &ImageRow, depth: u16, fold: Fold) -> Vec<Cell> {
    let (arrow, more) = match fold {
        Fold::Leaf => (" ", String::new()),
        Fold::Open => ("▾", String::new()),
        Fold::Folded(hidden) => ("▸", format!(" +{hidden}")),
    };
    let base = match &row.stands_on {
        Some((root, _)) if *root == row.image => row.digest.as_ref(),
        Some((_, digest)) => digest.as_ref(),
        None => row.digest.as_ref().filter(|_| row.bases.is_empty()),
    };
    let behind = if row.behind { Role::Moved } else { Role::Text };
    let up: (u32, u32) = match fold {
        Fold::Folded(_) => row
            .workloads
            .iter()
            .filter_map(|workload| model.replica.workload(workload))
            .fold((0, 0), |(up, all), row| (up + row.running, all + row.desired)),
        Fold::Leaf | Fold::Open => (0, 0),
    };
    let up = if up.1 == 0 { String::new() } else { format!("{}/{}", up.0, up.1) };
    vec![
        Cell::branch(format!("{}{arrow} ", indent(depth)), format!("{}{more}", row.image.short())),
        Cell::text(up),
        Cell::styled(base.map_or("?", |digest| digest.short()), behind),
        sign(row.mark),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        Cell::text(short(row.digest.as_ref())),
        words(row.owner.as_ref()),
        words(row.run),
    ]
}

fn lineage_workload(row: &WorkloadRow, depth: u16) -> Vec<Cell> {
    vec![
        Cell::branch(format!("{}  ", indent(depth)), row.workload.name.to_string()),
        Cell::text(format!("{}/{}", row.running, row.desired)),
        Cell::text(row.stands_on.as_ref().map_or("?", |digest| digest.short())),
        sign(row.mark),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        Cell::text(short(row.digest.as_ref())),
        words(row.owner.as_ref()),
        words(row.run),
    ]
}

fn indent(depth: u16) -> String {
    "  ".repeat(usize::from(depth.min(12)))
}

fn update_image(model: &Model, row: &ImageRow) -> Vec<Cell> {
    let now = model.now;
    let on = row.stands_on.as_ref().map_or("not known".to_owned(), |(root, digest)| {
        let newest = model.replica.image(root).and_then(|root| root.digest.as_ref());
        match (*root == row.image, newest) {
            (true, _) => format!("points to {}", short(row.digest.as_ref())),
            (false, Some(newest)) if row.behind => {
                format!("{} {}, now {}", root.short(), short(digest.as_ref()), newest.short())
            }
            (false, _) => format!("{} {}", root.short(), short(digest.as_ref())),
        }
    });
    vec![
        sign(row.mark),
        Cell::name(row.image.short()),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        Cell::styled(on, if row.behind { Role::Moved } else { Role::Text }),
        brief(row.since, now),
        words(row.owner.as_ref()),
        words(row.run),
    ]
}

fn update_workload(row: &WorkloadRow, now: Timestamp) -> Vec<Cell> {
    let held = row.quarantine.first();
    let mark = if held.is_some() { Mark::Failed } else { row.mark };
    let state = held.map_or(row.state.clone(), |held| format!("{} quarantined", held.digest.short()));
    vec![
        sign(mark),
        Cell::name(row.workload.to_string()),
        Cell::styled(state, Role::of(mark)),
        Cell::text(held.map_or(String::new(), |held| format!("until {}", held.ends))),
        brief(held.map(|held| held.since), now),
        words(row.owner.as_ref()),
        words(row.run),
    ]
}

fn pool(row: &PoolRow, now: Timestamp) -> Vec<Cell> {
    let newest = row.announced.last();
    let bad = newest.is_some_and(|one| one.quarantine.is_some());
    let release = newest.map_or("none announced".to_owned(), |one| one.release.to_string());
    vec![
        sign(row.mark),
        Cell::name(row.pool.to_string()),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        Cell::styled(
            if bad { format!("{release} quarantined") } else { release },
            if bad { Role::Failed } else { Role::Text },
        ),
        opt(row.next.as_ref().map(|(_, at)| *at), now),
        words(row.owner.as_ref()),
        words(row.run),
    ]
}

fn node(row: &NodeRow) -> Vec<Cell> {
    let tasks: u32 = row.work.iter().map(|(_, tasks)| tasks).sum();
    vec![
        sign(row.mark),
        Cell::name(row.node.name.to_string()),
        words(row.release.as_ref()),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        Cell::text(tasks.to_string()),
        words(row.zone.as_ref()),
        Cell::text(role(row.role)),
        words(row.run),
    ]
}

fn run(row: &RunRow, now: Timestamp) -> Vec<Cell> {
    let left = if row.ended.is_some() {
        Cell::text("-")
    } else {
        Cell::text(row.left.map_or("?".to_owned(), |left| left.to_string()))
    };
    vec![
        sign(row.mark),
        Cell::text(row.run.to_string()),
        Cell::text(row.cause.clone()),
        Cell::styled(row.state.clone(), Role::of(row.mark)),
        left,
        span(row.usual),
        Cell::text(when(row.started, now)),
        opt(row.ended, now),
        Cell::text(row.by.to_string()),
    ]
}

fn step(row: &StepRow, now: Timestamp) -> Vec<Cell> {
    let detail = match (&row.progress, &row.waiting, row.result.as_str()) {
        (Some(progress), _, _) => progress.clone(),
        (None, Some(waiting), "") => format!("for {}", waiting.what),
        (None, _, result) => result.to_owned(),
    };
    let took = row.started.zip(row.ended).map(|(from, to)| to.since(from));
    vec![
        sign(row.mark),
        Cell::name(row.title.clone()),
        Cell::styled(format!("{:<10} {detail}", row.state), Role::of(row.mark)),
        span(took),
        span(row.usual),
        opt(row.started, now),
        opt(row.ended, now),
        words(row.owner.as_ref()),
    ]
}

fn incident(row: &IncidentRow, now: Timestamp) -> Vec<Cell> {
    let mark = if row.closed.is_some() { Mark::Pending } else { Mark::Failed };
    let taken = match (&row.closed, &row.claimed) {
        (Some(_), _) => "closed".to_owned(),
        (None, Some((who, _))) => who.to_string(),
        (None, None) => "nobody".to_owned(),
    };
    vec![
        sign(mark),
        Cell::text(row.incident.to_string()),
        Cell::text(row.cause.clone()),
        brief(Some(row.opened), now),
        Cell::text(taken),
        Cell::text(row.restored.clone()),
        Cell::text(called(row.run, &row.step)),
    ]
}

fn event(row: &EventRow, now: Timestamp) -> Vec<Cell> {
    let person = matches!(row.by, crate::model::Actor::Person { .. });
    let role = if person { Role::Text } else { Role::Dim };
    let today = row.at.utc().date_naive() == now.utc().date_naive();
    vec![
        Cell::styled(if today { exactly_when(row.at, now) } else { when(row.at, now) }, role),
        row.mark.map_or(Cell::text(""), sign),
        Cell::styled(row.by.to_string(), role),
        Cell::styled(row.text.clone(), role),
    ]
}
