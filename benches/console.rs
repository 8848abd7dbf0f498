//! What a frame and a delta cost with 10,000 rows on a 200x50 terminal, and how much memory 1,000 rows take.
//!
//! `TIDEGATE_RSS=1 cargo bench --bench console` prints the resident size of a process that holds a console.

#[path = "../tests/console/fixture/mod.rs"]
mod fixture;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tidegate::api::rows::{Mark, Row, RowKey};
use tidegate::api::stream::Frame;
use tidegate::console::key::Key;
use tidegate::console::theme::{Depth, GlyphSet};
use tidegate::console::{Model, Msg, Theme, update, view};
use tidegate::model::Seq;

fn theme() -> Theme {
    Theme::load("dark", Depth::Full, GlyphSet::Unicode).expect("the built-in themes load; a test says so")
}

fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        update(model, Msg::Key(Key::Char(c), fixture::now()));
    }
}

/// A console with many rows, on one of its views.
fn on(view: &str, rows: usize) -> Model {
    let mut all = fixture::rows();
    all.extend(fixture::many(rows));
    let mut model = fixture::model_of(all, 200, 50);
    press(&mut model, view);
    model
}

fn frames(c: &mut Criterion) {
    let theme = theme();
    for (name, keys) in [("overview", "0"), ("lineage", "1"), ("updates", "2")] {
        let model = on(keys, 10_000);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 50));
        c.bench_function(&format!("frame 10k {name}"), |b| {
            b.iter(|| {
                buffer.reset();
                view(&model, &theme, &mut buffer);
            });
        });
    }
}

fn changed(model: &Model, n: u64) -> Row {
    let key = RowKey::Image(fixture::image("registry.example.com:5000/team-5/app-5:1.5"));
    let Some(Row::Image(row)) = model.replica.row(&key) else { panic!("the row is there") };
    let mut row = row.clone();
    row.mark = if n.is_multiple_of(2) { Mark::Working } else { Mark::Moved };
    row.state = format!("moved {n}");
    Row::Image(row)
}

fn deltas(c: &mut Criterion) {
    for (name, keys) in [("overview", "0"), ("lineage", "1"), ("updates", "2")] {
        let mut model = on(keys, 10_000);
        let mut n = 0;
        c.bench_function(&format!("delta 10k {name}"), |b| {
            b.iter_batched(
                || {
                    n += 1;
                    Frame::Delta { seq: Seq(n), upsert: vec![changed(&on_small(), n)], remove: vec![] }
                },
                |delta| update(&mut model, Msg::Rows(vec![delta], fixture::now())),
                BatchSize::SmallInput,
            );
        });
    }
}

/// The few rows that a change is made from.
fn on_small() -> Model {
    fixture::model_of(fixture::many(20), 80, 24)
}

fn keys(c: &mut Criterion) {
    let mut model = on("2", 10_000);
    c.bench_function("key 10k updates", |b| {
        b.iter(|| {
            press(&mut model, "j");
            press(&mut model, "k");
        });
    });
}

/// `VmRSS` of this process.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: not known here").to_owned()
}

fn memory(_: &mut Criterion) {
    if std::env::var_os("TIDEGATE_RSS").is_none() {
        return;
    }
    let before = resident();
    for rows in [1_000, 10_000] {
        let model = on("1", rows);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 50));
        view(&model, &theme(), &mut buffer);
        eprintln!("{} rows held: {} (before: {before})", model.replica.len(), resident());
    }
}

criterion_group!(benches, memory, frames, deltas, keys);
criterion_main!(benches);
