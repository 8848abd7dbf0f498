//! With no daemon and no configuration: what runs on the local Docker Engine, and on which images. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use tidegate::adapters::clock::SystemClock;
use tidegate::adapters::fleet::docker::DockerHost;
use tidegate::api::rows::{DaemonRow, ImageRow, Mark, Row, RowKey, SourceRow, Stuck, WorkloadRow};
use tidegate::api::status::{SCHEMA, Status};
use tidegate::api::stream::Frame;
use tidegate::model::reports::{Answer, Running, UpdateState};
use tidegate::model::{ImageRef, PinnedRef, Seq, Span, Timestamp};
use tidegate::ports::Clock;
use tokio::sync::mpsc;

/// The engine that a Docker client would use.
const ENGINE: &str = "unix:///var/run/docker.sock";
const SOURCE: &str = "engine local";
const EVERY: Span = Span::from_secs(5);

/// Rows of the local engine, looked at again every few seconds, until the reader is gone.
pub fn feed() -> mpsc::Receiver<Frame> {
    let (frames, reader) = mpsc::channel(8);
    tokio::spawn(async move {
        let since = SystemClock.now();
        let mut shown: BTreeMap<RowKey, Row> = BTreeMap::new();
        for seq in 0.. {
            let rows = look(since).await;
            let sent =
                if seq == 0 { begin(&frames, &rows).await } else { delta(&frames, seq, &shown, &rows).await };
            if sent.is_err() {
                return;
            }
            shown = rows.into_iter().map(|row| (row.key(), row)).collect();
            SystemClock.sleep(EVERY).await;
        }
    });
    reader
}

type Sent = Result<(), mpsc::error::SendError<Frame>>;

async fn begin(frames: &mpsc::Sender<Frame>, rows: &[Row]) -> Sent {
    frames.send(Frame::Begin { epoch: 0 }).await?;
    for row in rows {
        frames.send(Frame::Row { row: Box::new(row.clone()) }).await?;
    }
    frames.send(Frame::End { epoch: 0, seq: Seq(0) }).await
}

/// Only what differs is sent: an engine on which nothing happens costs a console nothing.
async fn delta(frames: &mpsc::Sender<Frame>, seq: u64, shown: &BTreeMap<RowKey, Row>, rows: &[Row]) -> Sent {
    let keys: BTreeSet<RowKey> = rows.iter().map(Row::key).collect();
    let upsert: Vec<Row> = rows.iter().filter(|row| shown.get(&row.key()) != Some(row)).cloned().collect();
    let remove: Vec<RowKey> = shown.keys().filter(|key| !keys.contains(key)).cloned().collect();
    if upsert.is_empty() && remove.is_empty() {
        return if frames.is_closed() {
            Err(mpsc::error::SendError(Frame::Begin { epoch: 0 }))
        } else {
            Ok(())
        };
    }
    frames.send(Frame::Delta { seq: Seq(seq), upsert, remove }).await
}

/// The same, once, for a standard output that is no terminal.
pub async fn status() -> Status {
    let at = SystemClock.now();
    let mut status = Status {
        schema: SCHEMA,
        seq: Seq(0),
        at,
        daemon: None,
        sources: Vec::new(),
        images: Vec::new(),
        runs: Vec::new(),
        workloads: Vec::new(),
        holds: Vec::new(),
        incidents: Vec::new(),
        needs: Vec::new(),
        coming: Vec::new(),
        pools: Vec::new(),
        nodes: Vec::new(),
    };
    for row in look(at).await {
        match row {
            Row::Source(row) => status.sources.push(row),
            Row::Image(row) => status.images.push(row),
            Row::Workload(row) => status.workloads.push(row),
            Row::Daemon(_)
            | Row::Pool(_)
            | Row::Node(_)
            | Row::Run(_)
            | Row::Step(_)
            | Row::Incident(_)
            | Row::Need(_)
            | Row::Coming(_)
            | Row::Event(_) => {}
        }
    }
    status
}

async fn look(since: Timestamp) -> Vec<Row> {
    let fleet = "local".parse().expect("a plain word is a name");
    let seen = match DockerHost::new(fleet, ENGINE) {
        Ok(engine) => engine.observe().await,
        Err(error) => Answer::Unreachable(tidegate::model::reports::Unreachable {
            who: SOURCE.to_owned(),
            why: error.to_string(),
            retry_after: None,
        }),
    };
    let now = SystemClock.now();
    let (running, lost) = match seen {
        Answer::Done(running) => (running, None),
        Answer::Unreachable(silence) => (Vec::new(), Some(Stuck { why: silence.why, since })),
    };
    let answered = lost.is_none().then_some(since);
    let source =
        SourceRow { name: SOURCE.to_owned(), seen: answered, next: lost.as_ref().map(|_| now + EVERY), lost };
    let mut rows = vec![Row::Daemon(daemon(since)), Row::Source(source)];
    rows.extend(images(&running).into_values().map(Row::Image));
    rows.extend(running.into_iter().map(|running| Row::Workload(workload(running))));
    rows
}

fn daemon(since: Timestamp) -> DaemonRow {
    DaemonRow {
        name: "local".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        since,
        read_only: true,
        freeze: None,
        stuck: None,
        config: None,
    }
}

fn image_of(running: &Running) -> Option<ImageRef> {
    running.image.parse().ok().filter(|_| running.image.parse::<PinnedRef>().is_err())
}

fn images(running: &[Running]) -> BTreeMap<ImageRef, ImageRow> {
    let mut images: BTreeMap<ImageRef, ImageRow> = BTreeMap::new();
    for one in running {
        let Some(image) = image_of(one) else { continue };
        let row = images.entry(image.clone()).or_insert_with(|| ImageRow {
            image,
            upstream: true,
            owner: None,
            digest: one.digest.clone(),
            mark: Mark::Unknown,
            state: "observed".to_owned(),
            since: None,
            bases: Vec::new(),
            unknown: Vec::new(),
            stands_on: None,
            behind: false,
            why_behind: None,
            run: None,
            workloads: Vec::new(),
            polled: None,
        });
        row.workloads.push(one.workload.clone());
    }
    images
}

fn workload(running: Running) -> WorkloadRow {
    let all = running.running >= running.desired;
    WorkloadRow {
        image: image_of(&running),
        runs: running.image,
        digest: running.digest,
        stands_on: None,
        owner: None,
        // Green needs a verdict, and nobody gives one here.
        mark: Mark::Unknown,
        state: if all { "running" } else { "not running" }.to_owned(),
        running: running.running,
        desired: running.desired,
        tasks: Vec::new(),
        probes: None,
        update: UpdateState::None,
        quarantine: Vec::new(),
        run: None,
        seen: None,
        workload: running.workload,
    }
}
