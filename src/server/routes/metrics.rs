//! `GET /metrics`: a few numbers in Prometheus' text format, version 0.0.4.

use super::answer::Answer;
use super::doors::Doors;
use crate::api::rows::{Row, SourceRow};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use std::fmt::Write;
use std::sync::Arc;

pub(super) async fn metrics(State(doors): State<Doors>) -> Answer {
    let (seq, rows) = doors.table.rows();
    let mut out = String::new();
    gauge(&mut out, "tidegate_journal_seq", "The latest place in the journal.", seq.0);
    gauge(&mut out, "tidegate_consoles", "Consoles that read the rows.", doors.table.readers() as u64);
    counted(&mut out, &rows);
    sources(&mut out, &rows);
    let webhooks = "tidegate_webhooks_total";
    head(&mut out, webhooks, "counter", "Webhook requests and events by what became of them.");
    for (outcome, count) in doors.webhooks.all() {
        let _ = writeln!(out, "{webhooks}{{outcome=\"{outcome}\"}} {count}");
    }
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], out).into_response())
}

fn counted(out: &mut String, rows: &[Arc<Row>]) {
    let count = |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
    let stuck = |row: &Row| matches!(row, Row::Daemon(row) if row.stuck.is_some());
    let frozen = |row: &Row| matches!(row, Row::Daemon(row) if row.freeze.is_some());
    let behind = |row: &Row| matches!(row, Row::Image(row) if row.behind);
    let active = |row: &Row| matches!(row, Row::Run(row) if row.ended.is_none());
    let held = |row: &Row| matches!(row, Row::Step(row) if row.hold.is_some());
    let open = |row: &Row| matches!(row, Row::Incident(row) if row.closed.is_none());
    let need = |row: &Row| matches!(row, Row::Need(_));
    gauge(out, "tidegate_stuck", "1 while the journal cannot be written.", count(stuck));
    gauge(out, "tidegate_frozen", "1 while everything is frozen.", count(frozen));
    gauge(
        out,
        "tidegate_images_behind",
        "Images whose public content stands on an older base.",
        count(behind),
    );
    gauge(out, "tidegate_runs_active", "Runs that have not ended.", count(active));
    gauge(out, "tidegate_steps_held", "Steps that wait for an approval.", count(held));
    gauge(out, "tidegate_incidents_open", "Incidents that are not closed.", count(open));
    gauge(out, "tidegate_needs", "Things that need a person.", count(need));
}

fn sources(out: &mut String, rows: &[Arc<Row>]) {
    let name = "tidegate_source_up";
    head(out, name, "gauge", "0 while a source of facts does not answer.");
    for row in rows {
        if let Row::Source(SourceRow { name: source, lost, .. }) = &**row {
            let _ = writeln!(out, "{name}{{source=\"{}\"}} {}", label(source), u8::from(lost.is_none()));
        }
    }
}

fn gauge(out: &mut String, name: &str, help: &str, value: u64) {
    head(out, name, "gauge", help);
    let _ = writeln!(out, "{name} {value}");
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label's value: backslash, quote and line end are escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
