//! Every bound of the program, with its reason. Nothing grows without one.

use super::time::Span;

/// Characters of a message from outside that are kept: two lines of a wide terminal, thrice.
pub const MESSAGE_CHARS: usize = 600;
/// Failing test cases that are kept by name; the rest is a count. A screen shows ten.
pub const FAILING_CASES: usize = 50;
/// Tasks of one workload that are kept one by one; beyond that only counts are.
pub const TASKS_PER_WORKLOAD: usize = 200;
/// Ended tasks that are remembered per deploy; ten restarts prove a crash loop, the rest is a count.
pub const ENDED_TASKS: usize = 32;
/// Health samples kept per workload outside the state: ten minutes of one a second.
pub const HEALTH_RING: usize = 600;
/// Runs that stay in the state after they ended; older ones are in the journal.
pub const ENDED_RUNS: usize = 200;
/// Rollouts that stay in the state after they ended; one of a large pool has ten thousand steps.
pub const ENDED_ROLLOUTS: usize = 20;
/// Findings of preflights that a rollout's own row lists; each node's row has all of its own.
pub const ROLLOUT_FINDINGS: usize = 100;
/// Announced releases of one pool that are remembered, newest first.
pub const RELEASES_PER_POOL: usize = 50;
/// Releases in quarantine that are remembered; the oldest is let go.
pub const BAD_RELEASES: usize = 200;
/// How much longer than the longest time of a node's job the engine waits for its result: the job's own message says more.
pub const NODE_GRACE: Span = Span::from_secs(10);
/// Machines that are left behind and known at a time; more are seen once these are gone.
pub const ORPHANS: usize = 100;
/// Machines that were handed over and whose nodes we did not take out: remembered so that none of them is ever taken for one that is left behind. Where
/// there are more, none is.
pub const DELIVERED: usize = 20_000;
/// Between two listings of a pool's machines: what is left behind costs money, and a listing may take a cloud's quota.
pub const MACHINES_EVERY: Span = Span::from_secs(600);
/// The same, while the list cannot be read.
pub const MACHINES_AGAIN: Span = Span::from_secs(60);
/// How long a machine must have been left behind, seen twice, before it is removed: longer than any fact is on its way.
pub const ORPHAN_SURE: Span = Span::from_secs(120);
/// How long the node of a removed machine is looked for in its fleet: it may be about to join, and is called down once it was silent for a while.
pub const ORPHAN_NODE: Span = Span::from_secs(600);
/// Longest wait between two tries to remove a machine that is left behind.
pub const ORPHAN_LONGEST: Span = Span::from_secs(900);
/// Findings of a preflight that are kept; one screen shows fewer.
pub const FINDINGS: usize = 100;
/// Incidents that stay in the state after they were closed.
pub const CLOSED_INCIDENTS: usize = 200;
/// Body of a webhook that is read; a notification of one manifest is about 2 kB.
pub const WEBHOOK_BODY_BYTES: usize = 1 << 20;
/// Events of one webhook body that are looked at; a registry sends one.
pub const WEBHOOK_EVENTS: usize = 1_000;
/// Webhook ids that are remembered, to answer a repetition without work.
pub const WEBHOOK_IDS: usize = 4_096;
/// Body of a token answer that is read (distribution's tokens are 1 to 4 kB).
pub const TOKEN_BODY_BYTES: usize = 64 << 10;
/// A manifest or index that is read; the specification lets a registry refuse more than 4 MiB.
pub const MANIFEST_BYTES: usize = 4 << 20;
/// A JUnit file that is read out of a container.
pub const JUNIT_BYTES: usize = 8 << 20;
/// A Dockerfile that is read.
pub const DOCKERFILE_BYTES: usize = 1 << 20;
/// Dockerfiles that one search of a folder finds; a report of more would not be read.
pub const DOCKERFILES: usize = 10_000;
/// A build context that is sent; more is nearly always a forgotten `.dockerignore`.
pub const CONTEXT_BYTES: u64 = 2 << 30;
/// Files of a build context.
pub const CONTEXT_FILES: usize = 200_000;
/// A log file of one effect; later lines are dropped and counted.
pub const LOG_BYTES: u64 = 64 << 20;
/// One line of a log; the rest of the line is cut.
pub const LOG_LINE_BYTES: usize = 16 << 10;
/// A window of a log that one request reads.
pub const LOG_WINDOW_BYTES: usize = 256 << 10;
/// Builds at a time: one, because they share one engine's disk and cache.
pub const BUILDS_AT_ONCE: usize = 1;
/// Test suites at a time.
pub const TESTS_AT_ONCE: usize = 2;
/// Other effects at a time; each waits for a registry or an orchestrator.
pub const EFFECTS_AT_ONCE: usize = 16;
/// Inputs that share one fsync.
pub const BATCH: usize = 256;
/// Results, commands and observations that may wait for the loop.
pub const INBOX: usize = 1_024;
/// Consoles that are served at a time.
pub const CONSOLES: usize = 64;
/// Rows that a slow console may be behind by; one entry a row, so it never grows past the rows there are.
pub const ROWS: usize = 200_000;
/// Removed rows that are remembered for `?since=`; older readers begin anew.
pub const REMOVED_ROWS: usize = 10_000;
/// Event lines that are rows; the journal has them all.
pub const EVENT_ROWS: usize = 500;
/// First wait after "not reachable", doubled each time.
pub const RETRY_FIRST: Span = Span::from_secs(1);
/// Longest wait after "not reachable": the outage of a minute ends at most this much later.
pub const RETRY_LONGEST: Span = Span::from_secs(15);
/// One look at an orchestrator or one probe round.
pub const LOOK_EVERY: Span = Span::from_secs(1);
/// A watched workload that was not seen for this long is not known to be well.
pub const LOOK_STALE: Span = Span::from_secs(10);
/// Between two deltas to the same console.
pub const DELTA_EVERY: Span = Span::from_millis(50);
/// Between two frames of the console.
pub const FRAME_EVERY: Span = Span::from_millis(33);
/// Keys that arrive this soon after a sheet's first frame are dropped: they were typed at another screen.
pub const SHEET_DEAF: Span = Span::from_millis(300);
/// The heartbeat of the claim on a fleet.
pub const CLAIM_BEAT: Span = Span::from_secs(5);
/// A claim without a heartbeat for this long may be taken over by its own state directory at once, by others on command.
pub const CLAIM_STALE: Span = Span::from_secs(30);
/// The wait for a connection to a registry or its token service.
pub const CONNECT_WITHIN: Span = Span::from_secs(5);
/// One whole request to a registry: a manifest is small, and the engine asks again.
pub const REGISTRY_WITHIN: Span = Span::from_secs(30);
/// Redirects of one request that are followed; content networks need one or two.
pub const REDIRECTS: usize = 5;
/// Tokens that are kept; one per repository and kind of access.
pub const TOKENS: usize = 1_024;
/// Body of a refusal that is read; its first sentence is shown.
pub const REFUSAL_BODY_BYTES: usize = 16 << 10;
/// A page of a list of tags that is read.
pub const TAGS_BODY_BYTES: usize = 4 << 20;
/// Tags of a repository that are looked at before a digest is deleted; where there are more, nothing is.
pub const TAGS_LISTED: usize = 500;
/// The longest `Retry-After` that is believed.
pub const LONGEST_RETRY_AFTER: Span = Span::from_secs(6 * 3_600);
/// Elements inside one another in a JUnit file; real ones have five, and the parser's stack is not endless.
pub const JUNIT_DEPTH: usize = 64;
/// Processes of one test container; a fork bomb must not take the engine's machine along.
pub const TEST_PROCESSES: i64 = 4_096;
/// The log that an engine keeps of one test container, in bytes; it is streamed to us meanwhile.
pub const TEST_LOG_BYTES: u64 = 16 << 20;
/// Lines of a tested service's log that are shown when its test failed.
pub const SERVICE_LOG_LINES: usize = 200;
/// The longest that one request to an orchestrator may take; it answers in milliseconds or hangs.
pub const ORCHESTRATOR_ANSWERS: Span = Span::from_secs(10);
/// An orchestrator's answer that is read: the tasks of a large cluster are about 3 kB each, so this is 20,000 of them.
pub const ORCHESTRATOR_BODY_BYTES: usize = 64 << 20;
/// How often one fenced change looks again because the object's version had moved; each round is a change by somebody else.
pub const FENCE_ROUNDS: u32 = 5;
/// Body of a probe's answer in which the expected text is looked for.
pub const PROBE_BODY_BYTES: usize = 64 << 10;
/// Snapshots of the state that are kept: the latest, and one behind it for when that cannot be read.
pub const SNAPSHOTS: usize = 2;
/// Events between two snapshots: what a start reads again at most, a tenth of a second's work.
pub const SNAPSHOT_EVERY: u64 = 10_000;
/// Old events that one pruning drops; the loop waits for it, a few milliseconds.
pub const PRUNED_AT_ONCE: usize = 1_000;
/// Between two tries to write the journal while it cannot be written.
pub const STUCK_RETRY: Span = Span::from_secs(1);
/// Between two readings of all recipes: no notification tells us that a Dockerfile was edited.
pub const RECIPES_EVERY: Span = Span::from_secs(30);
/// Between two listings of a fleet's workloads.
pub const WORKLOADS_EVERY: Span = Span::from_secs(5);
/// Between two listings of a fleet's nodes: a new node is seen, and one that is down taken back, at most this much later.
pub const NODES_EVERY: Span = Span::from_secs(2);
/// The first looks at the nodes while one is awaited; they come less often the longer that lasts ([`look_again`](super::pace::look_again)).
pub const JOIN_LOOKS_FIRST: Span = Span::from_millis(50);
/// Between two looks at whether a node is awaited, while a rollout is under way.
pub const JOIN_AWAITED_EVERY: Span = Span::from_millis(250);
/// Long jobs of nodes at a time (machines made and removed, work moved, updates), apart from what must be quick.
pub const NODE_JOBS_AT_ONCE: usize = 16;
/// Nodes that are made at a time while a pool grows: none of them takes anything out, and a cloud that refuses is not asked for all at once.
pub const GROW_AT_ONCE: usize = 4;
/// Nodes of a plan about which the fleet is asked before the start; those beyond are asked when their step begins.
pub const PLAN_NODES: usize = 50;
/// Of those, how many questions are under way at the same time: each may list a whole fleet.
pub const PLAN_AT_ONCE: usize = 4;
/// The longest that a plan waits for the fleet: less than [`ANSWER_WITHIN`], so that who asked is told what was not answered.
pub const PLAN_WITHIN: Span = Span::from_secs(6);
/// Between two polls of a tag whose registry is not configured; Docker Hub counts requests, and a HEAD is not counted as a pull.
pub const POLL_UNCONFIGURED: Span = Span::from_secs(300);
/// Tags of one registry that are asked for at a time.
pub const POLLS_AT_ONCE: usize = 4;
/// Notifications of one image that come within this time of a HEAD share the next one.
pub const HINTS_WITHIN: Span = Span::from_millis(200);
/// The first wait before a tag that does not point where its notification said is asked for again; doubles up to [`HINTS_WITHIN`].
pub const HINT_AGAIN: Span = Span::from_millis(25);
/// Our own requests to the tasks of one workload at a time.
pub const PROBES_AT_ONCE: usize = 32;
/// Between two removals of what is older than its retention.
pub const RETENTION_EVERY: Span = Span::from_secs(3_600);
/// Batches of touched keys that a listener may be behind by; one that is further behind reads everything anew.
pub const TOUCHED: usize = 1_024;
/// One frame of the row stream that a console reads; the largest delta of the largest rows is far below.
pub const FRAME_BYTES: usize = 64 << 20;
/// An answer in one piece that a client reads: a status of [`ROWS`] rows.
pub const ANSWER_BYTES: usize = 256 << 20;
/// Changed rows that one delta carries; a reader that is further behind begins anew, which costs it no more.
pub const DELTA_ROWS: usize = 5_000;
/// The longest that a client waits for the daemon's answer; it answers from memory, or after one fsync.
pub const ANSWER_WITHIN: Span = Span::from_secs(10);
/// Between two signs of life on a stream that has nothing to say.
pub const STREAM_BEAT: Span = Span::from_secs(15);
/// A stream that is silent for this long has lost its daemon: three beats.
pub const STREAM_SILENT: Span = Span::from_secs(45);
/// Body of a request on the control socket that is read; a command is a few hundred bytes.
pub const REQUEST_BODY_BYTES: usize = 64 << 10;
/// Event lines in one answer that does not follow.
pub const EVENTS_AT_ONCE: usize = 10_000;
/// The longest from a webhook's connection to the end of its headers, and from there to the end of its body.
pub const WEBHOOK_WITHIN: Span = Span::from_secs(5);
/// Webhook connections at a time; a registry uses one.
pub const WEBHOOK_CONNECTIONS: usize = 64;
/// Windows of one log that a console holds: the one in sight and what was read around it.
pub const CONSOLE_LOG_WINDOWS: usize = 4;
/// Between two questions for more of a log that is followed.
pub const LOG_FOLLOW_EVERY: Span = Span::from_millis(500);
/// First wait of a console before it asks a daemon again that went away, doubled each time.
pub const LINK_RETRY_FIRST: Span = Span::from_millis(250);
/// Longest wait before it asks again.
pub const LINK_RETRY_LONGEST: Span = Span::from_secs(5);
/// Characters that a field of the console takes.
pub const FIELD_CHARS: usize = 400;
/// Longest wait between two tries to tell a channel: it doubles up to here.
pub const NOTICE_LONGEST: Span = Span::from_secs(900);
/// How long a channel is tried for one notice; then it is given up, and a person is told on screen. A night and a day.
pub const NOTICE_FOR: Span = Span::from_secs(24 * 3_600);
/// The longest that one try to tell a channel may take where the configuration says nothing else.
pub const NOTICE_WITHIN: Span = Span::from_secs(15);
/// Notices that are told at a time; each waits for a receiver, which may hang for its whole time.
pub const NOTICES_AT_ONCE: usize = 8;
/// Lines of evidence in one notice: what a person reads in a chat.
pub const NOTICE_LINES: usize = 20;
/// Lines at the end of each log that a dossier keeps.
pub const DOSSIER_LOG_LINES: usize = 60;
/// Logs that a dossier keeps the end of: build, tests, second try, control.
pub const DOSSIER_LOGS: usize = 6;
/// Events of the journal that a dossier's facts are looked for in: a run's, among a busy day's others.
pub const DOSSIER_EVENTS: u64 = 20_000;
/// Facts of the run that a dossier's timeline tells, the latest ones.
pub const DOSSIER_FACTS: usize = 200;
/// What a provisioner's command answers that is read: a list of [`MACHINES`] is about two thirds of it.
pub const PROVISIONER_ANSWER_BYTES: usize = 4 << 20;
/// Machines of one pool; a Swarm of more nodes is not known.
pub const MACHINES: usize = 10_000;
/// What a provisioner's command has to end by itself after it was asked to: Terraform gives its lock back in less.
pub const PROVISIONER_ENDS: Span = Span::from_secs(5);
/// Between two looks at whether it has.
pub const PROVISIONER_ENDS_LOOKS: Span = Span::from_millis(50);
/// The first looks at what moves while a node is emptied, from its last change on; they come less often the longer nothing changes
/// ([`look_again`](super::pace::look_again)).
pub const SHIFT_LOOKS_FIRST: Span = Span::from_millis(25);
/// The longest between two of them.
pub const SHIFT_LOOKS_LAST: Span = Span::from_millis(500);
/// Between two looks at whether a node or a service has become what it was told to.
pub const CHANGE_LOOKS_EVERY: Span = Span::from_millis(200);
/// How long a service that somebody changed while its node is emptied must be as it is before its tasks are moved anew.
pub const SHIFT_REPLACED_RESTS: Span = Span::from_secs(2);
/// How long a Swarm has to take away what it was told to, before it is told once more.
pub const SHIFT_TELLS_AGAIN: Span = Span::from_secs(3);
/// The longest that a cordon waits for tasks that are just being placed: Swarm's scheduler gathers what changed for at most a second
/// before it places them.
pub const CORDON_SETTLES: Span = Span::from_secs(2);
/// Between two looks at them.
pub const CORDON_LOOKS_EVERY: Span = Span::from_millis(100);
/// The longest that setting a node active again waits for a moment in which what a shift had added can be taken away without a gap.
pub const SHIFT_TAKES_BACK: Span = Span::from_secs(10);
/// The longest that a node may take to become a manager, or to stop being one, before it is asked for again.
pub const ROLE_TAKES: Span = Span::from_secs(20);
/// How long tasks without a health check must have run before they are relied on: the time that Swarm itself watches an updated task by default.
pub const SHIFT_HOLDS: Span = Span::from_secs(5);
