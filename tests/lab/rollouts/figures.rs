//! How long a rollout took, beside the sum of what it cannot avoid: machines that start and join, one start of what moves (its image's pull and
//! its health check among it), and the soak. Beside that it is told with [`ENDS`], which is Swarm's own.

use super::pool::Rolling;
use super::taking::moment;
use crate::harness::{run_of, steps};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// For how long, in milliseconds, a Swarm's agent waits before it stops a running task that was told to end: the wait for the task's own end is broken off,
/// which counts as a failure that is tried again after a second (swarmkit `agent/task.go`, `ErrTaskRetry`). Seen from outside: an engine's `kill` event comes
/// 1.03 s after the agent was told, and `die` 0.05 s later. A node is empty no sooner.
const ENDS: i64 = 1_000;

/// What one node step cannot avoid, in milliseconds.
#[derive(Default)]
struct Floor {
    /// When its machine was asked for, since 1970.
    asked: Option<i64>,
    /// From then until its engine was a member of the Swarm.
    engine: i64,
    /// The longest start of a task that moved: from its creation until it was healthy.
    start: i64,
}

pub struct Figures {
    floors: BTreeMap<String, Floor>,
    soak: i64,
    took: i64,
}

impl Figures {
    /// Follows a rollout to its end, within so many seconds. `soak`: of its pool, in seconds.
    pub fn follow(rolling: &Rolling, run: u64, soak: i64, secs: u64) -> Self {
        let end = Instant::now() + Duration::from_secs(secs);
        let mut floors: BTreeMap<String, Floor> = BTreeMap::new();
        loop {
            let status = rolling.lab.status().expect("the daemon answers");
            for step in steps(&status, run) {
                let floor = floors.entry(step["node"]["node"].as_str().unwrap().to_owned()).or_default();
                floor.learn(rolling, &step);
            }
            let row = &run_of(&status, run).unwrap()["run"];
            if let (Some(ended), Some(started)) = (row["ended"].as_i64(), row["started"].as_i64()) {
                return Self { floors, soak: soak * 1_000, took: ended - started };
            }
            assert!(Instant::now() < end, "the rollout did not end in {secs} s: {row:#}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Prints both, and how they compare. Answers the rollout's time as a multiple of what it cannot avoid.
    pub fn print(&self) -> f64 {
        for (node, floor) in &self.floors {
            assert!(floor.engine > 0, "{node}: it was not seen how its machine started");
            eprintln!(
                "  {node}: engine {} ms, pull and health {} ms, soak {} ms",
                floor.engine, floor.start, self.soak
            );
        }
        let floor: i64 = self.floors.values().map(|floor| floor.engine + floor.start + self.soak).sum();
        let with_ends: i64 = floor + self.floors.values().map(|_| ENDS).sum::<i64>();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes")]
        let times = |what: i64| self.took as f64 / what as f64;
        let (ratio, whole) = (times(floor), times(with_ends));
        eprintln!("the rollout took {} ms, and cannot avoid {floor} ms: {ratio:.2} times that", self.took);
        eprintln!(
            "with the second that Swarm waits before it stops a running task, a node, {with_ends} ms: {whole:.2} times (aim: 1.15)"
        );
        ratio
    }
}

impl Floor {
    fn learn(&mut self, rolling: &Rolling, step: &Value) {
        match step["state"].as_str().unwrap() {
            "provisioning" => self.asked = step["waiting"]["since"].as_i64().or(self.asked),
            "soaking" if self.engine == 0 => {
                let new = rolling.inspect(step["node"]["new_node"].as_str().unwrap());
                // A poll that came too late for it: then the step's begin, a preflight earlier.
                let asked = self.asked.or(step["started"].as_i64()).unwrap();
                self.engine = moment(&new["CreatedAt"]) - asked;
                self.start = longest_start(rolling, step, asked);
            }
            _ => {}
        }
    }
}

/// Of the tasks that were started for this step.
fn longest_start(rolling: &Rolling, step: &Value, since: i64) -> i64 {
    let moved = step["node"]["moved"].as_array().unwrap();
    let tasks = moved
        .iter()
        .flat_map(|one| rolling.tasks(one["workload"].as_str().unwrap().trim_start_matches("lab/")));
    let spans = tasks.map(|task| (moment(&task["CreatedAt"]), moment(&task["Status"]["Timestamp"])));
    spans.filter(|(made, _)| *made > since).map(|(made, well)| well - made).max().unwrap_or(0)
}
