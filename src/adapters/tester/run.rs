//! All tests of a job, in order.

use super::super::engine_client::Engine;
use super::super::registry::Credentials;
use super::command::{Bench, Ended};
use super::fetch::{message_of, pull_pinned, pull_tag};
use super::service::Service;
use super::traces::Traces;
use crate::model::jobs::TestJob;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::reports::{Answer, TestOutcome, TestReport, Unreachable};
use crate::model::setup::{TestKind, TestSpec};
use crate::model::text::clean;
use crate::model::{PinnedRef, Registry, Span};
use crate::ports::{Progress, Reporter, Tester};
use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::RemoveImageOptions;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the engine may take beyond the test's own time to start and look: the test itself ends at its deadline.
const GRACE: Duration = Duration::from_secs(30);

/// Tests on one engine.
pub struct EngineTester {
    engine: Arc<Engine>,
    credentials: BTreeMap<Registry, Credentials>,
}

#[async_trait]
impl Tester for EngineTester {
    async fn test(&self, job: &TestJob, reporter: &dyn Reporter) -> Answer<TestReport> {
        let docker = match self.engine.docker().await {
            Ok(docker) => docker,
            Err(silence) => return Answer::Unreachable(silence),
        };
        match self.all(&docker, job, reporter).await {
            Ok(report) => Answer::Done(report),
            Err(error) => Answer::Unreachable(self.silence(&error)),
        }
    }
}

impl EngineTester {
    /// Tests on `engine`, which pulls with `credentials`.
    pub fn new(engine: Arc<Engine>, credentials: BTreeMap<Registry, Credentials>) -> Self {
        Self { engine, credentials }
    }

    /// Errors in here are the engine's own: what a test did wrong is in its outcome.
    async fn all(
        &self,
        docker: &Docker,
        job: &TestJob,
        reporter: &dyn Reporter,
    ) -> Result<TestReport, Error> {
        let traces = Traces::new(docker.clone(), &job.id);
        self.swept(traces.sweep_earlier().await, reporter)?;
        let pulled = match pull_pinned(docker, &job.subject, &self.credentials, reporter).await {
            Ok(pulled) => pulled,
            Err(error) if self.engine.unreachable(&error).is_some() => return Err(error),
            Err(error) => return Ok(none_can_run(job, &error)),
        };
        let mut report = TestReport::default();
        for spec in &job.tests {
            let done = u32::try_from(report.tests.len()).unwrap_or(u32::MAX);
            let total = u32::try_from(job.tests.len()).unwrap_or(u32::MAX);
            reporter.progress(Progress { doing: format!("test {}", spec.name), done, total });
            let blocked = self.prepare(docker, spec, reporter).await?;
            let deadline = tokio::time::Instant::now() + spec.timeout.to_std();
            let bench = Bench { docker, traces: &traces, effect: &job.id, spec, reporter, deadline };
            let outcome = match blocked {
                Some(reason) => {
                    outcome(spec, Ended { reason: Some(reason), ..Ended::default() }, Span::default())
                }
                None => self.one(&bench, &job.subject).await?,
            };
            bench.line(&summary(&outcome));
            report.tests.push(outcome);
            self.swept(traces.sweep().await, reporter)?;
        }
        traces.end().await;
        if pulled {
            forget(docker, &job.subject).await;
        }
        Ok(report)
    }

    /// What an engine cannot remove now must not cost the verdict; an engine that is gone does.
    fn swept(&self, done: Result<(), Error>, reporter: &dyn Reporter) -> Result<(), Error> {
        match done {
            Err(error) if self.engine.unreachable(&error).is_some() => Err(error),
            Err(error) => {
                reporter.line(&format!("not removed yet: {}", message_of(&error)));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn one(&self, bench: &Bench<'_>, subject: &PinnedRef) -> Result<TestOutcome, Error> {
        let spec = bench.spec;
        let started = Instant::now();
        let ended = match tokio::time::timeout(spec.timeout.to_std() + GRACE, run(bench, subject)).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) if self.engine.unreachable(&error).is_some() => return Err(error),
            Ok(Err(error)) => Ended { reason: Some(message_of(&error)), ..Ended::default() },
            Err(_) => Ended::timed_out(spec),
        };
        let took = Span::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        Ok(outcome(spec, ended, took))
    }

    /// Pulls the client's image, which is not part of the test's time. Answers why the test cannot be run.
    async fn prepare(
        &self,
        docker: &Docker,
        spec: &TestSpec,
        reporter: &dyn Reporter,
    ) -> Result<Option<String>, Error> {
        let TestKind::Service { client: Some(client), .. } = &spec.kind else { return Ok(None) };
        match pull_tag(docker, client, &self.credentials, reporter).await {
            Ok(()) => Ok(None),
            Err(error) if self.engine.unreachable(&error).is_some() => Err(error),
            Err(error) => Ok(Some(format!("its client {client} cannot be pulled: {}", message_of(&error)))),
        }
    }

    fn silence(&self, error: &Error) -> Unreachable {
        let plain =
            || Unreachable { who: self.engine.who().to_owned(), why: message_of(error), retry_after: None };
        self.engine.unreachable(error).unwrap_or_else(plain)
    }
}

async fn run(bench: &Bench<'_>, subject: &PinnedRef) -> Result<Ended, Error> {
    let image = subject.to_string();
    match &bench.spec.kind {
        TestKind::Command => {
            // "none" has no interface but loopback; "default" is the engine's bridge.
            bench.timed_command(&image, if bench.spec.network { "default" } else { "none" }).await
        }
        TestKind::Service { healthy_within, client, service_env } => {
            let client = client.as_ref().map_or_else(|| image.clone(), ToString::to_string);
            let service =
                Service { image: &image, client: &client, env: service_env, within: *healthy_within };
            bench.service(&service).await
        }
    }
}

/// Passed: exit code 0, no failing case, and nothing else in the way.
fn outcome(spec: &TestSpec, ended: Ended, took: Span) -> TestOutcome {
    let Ended { exit, junit, mut reason } = ended;
    let (cases, failing) = match junit {
        Some(junit) => (Some(junit.cases), junit.failing),
        None => (None, Vec::new()),
    };
    let bad_cases = cases.is_some_and(|cases| cases.failed > 0);
    let passed = exit == Some(0) && !bad_cases && reason.is_none();
    if !passed && !bad_cases && reason.is_none() {
        reason = Some(exit.map_or_else(|| "it did not end".to_owned(), |code| format!("exit code {code}")));
    }
    let reason = reason.map(|reason| clean(&reason, MESSAGE_CHARS));
    TestOutcome { name: spec.name.clone(), passed, exit, cases, failing, reason, took }
}

fn none_can_run(job: &TestJob, error: &Error) -> TestReport {
    let reason = format!("{} cannot be pulled: {}", job.subject, message_of(error));
    let fail = |spec| {
        outcome(spec, Ended { reason: Some(reason.clone()), ..Ended::default() }, Span::from_millis(0))
    };
    TestReport { tests: job.tests.iter().map(fail).collect() }
}

fn summary(outcome: &TestOutcome) -> String {
    let word = if outcome.passed { "passed" } else { "failed" };
    let cases = outcome.cases.map(|cases| format!(", {} of {} cases failed", cases.failed, cases.total));
    let reason = outcome.reason.as_ref().map(|reason| format!(": {reason}"));
    format!(
        "{word} in {} ms{}{}",
        outcome.took.as_millis(),
        cases.unwrap_or_default(),
        reason.unwrap_or_default()
    )
}

/// An image that was pulled for its tests alone would stay for ever: nothing else names it.
async fn forget(docker: &Docker, subject: &PinnedRef) {
    if let Err(error) = docker.remove_image(&subject.to_string(), None::<RemoveImageOptions>, None).await {
        tracing::debug!(%subject, %error, "a tested image stays on the engine");
    }
}

#[cfg(test)]
mod tests {
    use super::super::junit::Junit;
    use super::*;
    use crate::model::reports::Cases;

    fn spec() -> TestSpec {
        TestSpec {
            name: "smoke".to_owned(),
            kind: TestKind::Command,
            run: vec!["true".to_owned()],
            env: BTreeMap::new(),
            timeout: Span::from_secs(1),
            memory: None,
            network: false,
            junit: None,
        }
    }

    fn judged(exit: Option<i64>, failed: Option<u32>, reason: Option<&str>) -> (bool, Option<String>) {
        let cases = |failed| Junit { cases: Cases { total: 3, failed, skipped: 0 }, failing: Vec::new() };
        let ended = Ended { exit, junit: failed.map(cases), reason: reason.map(ToOwned::to_owned) };
        let outcome = outcome(&spec(), ended, Span::from_millis(1));
        (outcome.passed, outcome.reason)
    }

    #[test]
    fn a_test_passes_only_when_everything_says_so() {
        assert_eq!(judged(Some(0), None, None), (true, None));
        assert_eq!(judged(Some(0), Some(0), None), (true, None));
        assert_eq!(judged(Some(0), Some(1), None), (false, None));
        assert_eq!(judged(Some(1), Some(1), None), (false, None));
        assert_eq!(judged(Some(1), Some(0), None), (false, Some("exit code 1".to_owned())));
        assert_eq!(judged(Some(0), None, Some("no file")), (false, Some("no file".to_owned())));
        assert_eq!(judged(None, None, None), (false, Some("it did not end".to_owned())));
    }
}
