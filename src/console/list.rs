//! The rows of a screen, in order: made anew when rows, filter or folding change, not when a frame is drawn.

use super::model::{Model, Picker, Screen, Tree};
use super::rank::List;
use super::replica::{Replica, Shared};
use super::text::{exactly_when, short};
use super::tree;
use crate::api::rows::{Row, RowKey};
use crate::model::{PoolName, RunId, Seq};
use std::sync::Arc;

/// Lines of people that stand above everything else in the journal.
const PEOPLE_SHOWN: usize = 5;

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A row, which can be selected.
    Row {
        /// Which one.
        key: Shared,
        /// How deep it stands in a tree; 0 elsewhere.
        depth: u16,
        /// Whether something stands below it, and how many lines of it are hidden.
        fold: Fold,
    },
    /// A line between rows.
    Rule(String),
}

/// What stands below a line of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Nothing.
    Leaf,
    /// What follows.
    Open,
    /// This many hidden lines.
    Folded(usize),
}

impl Entry {
    /// A row at the top level.
    pub fn flat(key: &Shared) -> Self {
        Self::Row { key: Arc::clone(key), depth: 0, fold: Fold::Leaf }
    }

    /// Its key, when it can be selected.
    pub fn key(&self) -> Option<&Shared> {
        match self {
            Self::Row { key, .. } => Some(key),
            Self::Rule(_) => None,
        }
    }
}

impl Model {
    /// Makes the list of the screen on top anew, and finds the selected row in it again.
    pub fn rebuild(&mut self) {
        let shown = match self.screen() {
            Screen::Overview(picker) => {
                let mut shown = flat(&self.replica, List::Needs, picker);
                shown.extend(flat(&self.replica, List::Going, picker));
                shown
            }
            Screen::Lineage(picker, folding) => lineage(&self.replica, folding, picker),
            Screen::Updates(picker) => flat(&self.replica, List::Updates, picker),
            Screen::Runs(picker) => flat(&self.replica, List::Runs, picker),
            Screen::Run(run, picker) => filtered(&self.replica, self.replica.steps(*run), picker),
            Screen::Pools(picker) => flat(&self.replica, List::Pools, picker),
            Screen::Pool(pool, picker) => nodes(&self.replica, pool, picker),
            Screen::Incidents(picker) => flat(&self.replica, List::Incidents, picker),
            Screen::Journal(picker, about) => journal(self, picker, *about),
            Screen::Page(..) | Screen::Log(_) => Vec::new(),
        };
        self.shown = shown;
        self.anchor();
    }

    /// Selection follows identity; the neighbour takes over when a row is gone.
    fn anchor(&mut self) {
        let shown = std::mem::take(&mut self.shown);
        if let Some(picker) = self.screen_mut().picker_mut() {
            let same = |entry: &Entry| entry.key().is_some() && entry.key() == picker.selected.as_ref();
            let at_old_place = shown.get(picker.index).is_some_and(same);
            let found = if at_old_place { Some(picker.index) } else { shown.iter().position(same) };
            let index = found.or_else(|| nearest(&shown, picker.index));
            picker.index = index.unwrap_or(0);
            picker.selected = index.and_then(|at| shown[at].key()).cloned();
        }
        self.shown = shown;
    }
}

/// The selectable line nearest to `index`.
pub fn nearest(shown: &[Entry], index: usize) -> Option<usize> {
    let at = index.min(shown.len().checked_sub(1)?);
    let before = (0..=at).rev().find(|at| shown[*at].key().is_some());
    before.or_else(|| (at..shown.len()).find(|at| shown[*at].key().is_some()))
}

fn flat(replica: &Replica, list: List, picker: &Picker) -> Vec<Entry> {
    filtered(replica, replica.list(list), picker)
}

fn filtered(replica: &Replica, keys: &[(super::rank::Rank, Shared)], picker: &Picker) -> Vec<Entry> {
    let needle = picker.filter.to_lowercase();
    let keep = |key: &Shared| needle.is_empty() || replica.row(key).is_some_and(|row| contains(row, &needle));
    keys.iter().map(|(_, key)| key).filter(|key| keep(key)).map(Entry::flat).collect()
}

/// The nodes of a pool.
fn nodes(replica: &Replica, pool: &PoolName, picker: &Picker) -> Vec<Entry> {
    let ours = |entry: &Entry| match entry.key().and_then(|key| replica.row(key)) {
        Some(Row::Node(row)) => row.pool.as_ref() == Some(pool),
        _ => false,
    };
    flat(replica, List::Nodes, picker).into_iter().filter(ours).collect()
}

fn lineage(replica: &Replica, folding: &Tree, picker: &Picker) -> Vec<Entry> {
    let needle = picker.filter.to_lowercase();
    if needle.is_empty() {
        return tree::flatten(replica, folding);
    }
    let whole = Tree { whole: true, behind_only: folding.behind_only, ..Tree::default() };
    let all = tree::flatten(replica, &whole);
    let keep = |entry: &Entry| {
        entry.key().and_then(|key| replica.row(key)).is_some_and(|row| contains(row, &needle))
    };
    all.into_iter().filter(keep).collect()
}

/// People before machines, then everything with a line at the place where somebody last looked.
fn journal(model: &Model, picker: &Picker, about: Option<RunId>) -> Vec<Entry> {
    let belongs = |entry: &Entry| match (about, entry.key().and_then(|key| model.replica.row(key))) {
        (None, _) => true,
        (Some(run), Some(Row::Event(event))) => event.run == Some(run),
        (Some(_), _) => false,
    };
    let people: Vec<Entry> =
        flat(&model.replica, List::ByPeople, picker).into_iter().filter(belongs).take(PEOPLE_SHOWN).collect();
    let is_shown_above = |entry: &Entry| people.contains(entry);
    let rest = flat(&model.replica, List::Events, picker)
        .into_iter()
        .filter(|entry| belongs(entry) && !is_shown_above(entry));
    let mut shown = Vec::new();
    if !people.is_empty() {
        shown.push(Entry::Rule("by people".to_owned()));
        shown.extend(people.iter().cloned());
        shown.push(Entry::Rule("everything else, newest first".to_owned()));
    }
    let mut looked = model.looked.filter(|seq| *seq > Seq(0));
    for entry in rest {
        if let (Some(seq), Some(RowKey::Event(this))) = (looked, entry.key().map(|key| &**key))
            && *this <= seq
        {
            let at = model
                .replica
                .event(seq)
                .map_or(String::new(), |row| format!(", {}", exactly_when(row.at, model.now)));
            shown.push(Entry::Rule(format!("you last looked here{at}")));
            looked = None;
        }
        shown.push(entry);
    }
    shown
}

/// Whether a row contains what was typed, in what its line shows.
pub fn contains(row: &Row, needle: &str) -> bool {
    let any = |texts: &[&str]| texts.iter().any(|text| text.to_lowercase().contains(needle));
    match row {
        Row::Daemon(row) => any(&[&row.name]),
        Row::Source(row) => any(&[&row.name]),
        Row::Image(row) => {
            let owner = row.owner.as_ref().map_or("", |owner| owner.as_str());
            any(&[&row.image.to_string(), &row.state, owner, short(row.digest.as_ref())])
        }
        Row::Workload(row) => {
            let owner = row.owner.as_ref().map_or("", |owner| owner.as_str());
            any(&[&row.workload.to_string(), &row.state, owner, short(row.digest.as_ref())])
        }
        Row::Pool(row) => any(&[row.pool.as_str(), &row.state]),
        Row::Node(row) => {
            let release = row.release.as_ref().map_or("", |release| release.as_str());
            any(&[&row.node.to_string(), &row.state, release])
        }
        Row::Run(row) => any(&[&row.name(), &row.cause, &row.state, &row.doing]),
        Row::Step(row) => any(&[&row.title, &row.state, &row.result]),
        Row::Incident(row) => any(&[&format!("incident {}", row.incident), &row.cause, &row.verdict]),
        Row::Need(row) => any(&[&row.object, &row.text, &row.outcome]),
        Row::Coming(row) => any(&[&row.text]),
        Row::Event(row) => any(&[&row.text, &row.kind, &row.by.to_string()]),
    }
}
