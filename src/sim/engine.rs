//! The simulated engine that builds and tests: as long as it takes, and as bad as its contents are.

use super::content::Contents;
use super::deeds::{Doing, Hand};
use super::file::{CaseFile, Engine, Flaw, How, ImageFile, TestFile};
use super::world::{Parts, Sim};
use crate::model::jobs::{BuildJob, TestJob};
use crate::model::reports::{
    Answer, BuildCause, BuildReport, Cases, FailingCase, TestOutcome, TestReport, Unreachable,
};
use crate::model::setup::TestSpec;
use crate::model::{Action, Digest, ImageRef, PinnedRef, Span};
use crate::ports::{self, Progress, Reporter, Resolved};
use async_trait::async_trait;

/// The parts of a build that a reader of its log sees.
const INSTRUCTIONS: [&str; 4] = ["FROM", "COPY . /src", "RUN make", "CMD [\"/app\"]"];

fn away(who: &str, why: &str) -> Unreachable {
    Unreachable { who: who.to_owned(), why: why.to_owned(), retry_after: None }
}

fn failed(cause: BuildCause, message: &str) -> BuildReport {
    BuildReport::Failed { cause, message: message.to_owned() }
}

#[async_trait]
impl ports::Builder for Sim {
    async fn build(&self, job: &BuildJob, reporter: &dyn Reporter) -> Answer<BuildReport> {
        match ports::Registries::resolve(self, &job.candidate).await {
            Answer::Done(Resolved::At(digest)) => return built(digest, true),
            Answer::Done(Resolved::Missing) => {}
            Answer::Done(Resolved::Refused(why)) => return Answer::Done(failed(BuildCause::Refused, &why)),
            Answer::Unreachable(silence) => return Answer::Unreachable(silence),
        }
        let work = self.instructions(job, reporter);
        let late = self.pause(job.timeout);
        let made = tokio::select! {
            biased;
            made = work => made,
            () = late => Err(Answer::Done(failed(BuildCause::Timeout, &format!("took longer than {}", job.timeout)))),
        };
        match made {
            Ok(digest) => self.push(job, digest).await,
            Err(answer) => answer,
        }
    }
}

fn built(digest: Digest, found: bool) -> Answer<BuildReport> {
    Answer::Done(BuildReport::Built { digest, found })
}

impl Sim {
    /// One instruction after the other; the engine may go away, and the third is the one that fails.
    async fn instructions(
        &self,
        job: &BuildJob,
        reporter: &dyn Reporter,
    ) -> Result<Digest, Answer<BuildReport>> {
        let takes =
            self.fixed.file.images.get(&job.image).map_or(Span::from_secs(20), |file| file.builds_in.0);
        let takes = self.fixed.dice.about(takes, &format!("build {}", job.id));
        let part = Span::from_millis(takes.as_millis() / INSTRUCTIONS.len() as u64);
        let says = self.fixed.file.images.get(&job.image).map_or(&[][..], |file| &file.build_log);
        for (done, instruction) in (0u32..).zip(INSTRUCTIONS) {
            let how = self.parts().builder;
            self.engine_is(how, done).await?;
            let line = format!("Step {}/{} : {instruction}", done + 1, INSTRUCTIONS.len());
            reporter.line(&line);
            reporter.progress(Progress { doing: line, done, total: 4 });
            self.pause(part).await;
            if done == 2 {
                says.iter().for_each(|line| reporter.line(line));
                self.third(job, reporter).await?;
            }
        }
        let digest = {
            let mut parts = self.parts();
            let flaws = flaws_of(&parts, job);
            let of = job.edits.iter().map(|edit| edit.text.clone()).collect::<Vec<_>>().join("\n");
            let of = format!("{}\n{of}\n{}", job.dockerfile_digest, job.candidate.tag);
            parts.contents.make(&job.image, &of, flaws)
        };
        reporter.line(&format!("Successfully built {}", digest.short()));
        Ok(digest)
    }

    async fn third(&self, job: &BuildJob, reporter: &dyn Reporter) -> Result<(), Answer<BuildReport>> {
        let flaws = flaws_of(&self.parts(), job);
        let has = |how| flaws.iter().any(|flaw| flaw.how == how && hits(flaw, &job.image));
        if has(How::BuildHangs) {
            reporter.line("make: waiting for a lock that nobody holds");
            std::future::pending::<()>().await;
        }
        if has(How::BuildFails) {
            reporter.line("main.c:42: error: implicit declaration of function 'SSLv3_method'");
            reporter.line("make: *** [Makefile:7: app] Error 1");
            let message = "main.c:42: error: implicit declaration of function 'SSLv3_method'";
            return Err(Answer::Done(failed(BuildCause::Instruction, message)));
        }
        Ok(())
    }

    /// Waits for ever, fails, or goes on, as the engine that builds is.
    async fn engine_is<T>(&self, how: Engine, done: u32) -> Result<(), Answer<T>> {
        match how {
            Engine::Well | Engine::DiskFull => Ok(()),
            Engine::Crashes if done == 0 => Ok(()),
            Engine::Away => Err(Answer::Unreachable(away("builder", "connection refused"))),
            Engine::Crashes => Err(Answer::Unreachable(away("builder", "connection reset by peer"))),
            Engine::Hangs => std::future::pending().await,
        }
    }

    async fn push(&self, job: &BuildJob, digest: Digest) -> Answer<BuildReport> {
        if self.parts().builder == Engine::DiskFull {
            return Answer::Unreachable(away("builder", "no space left on device"));
        }
        match self.ask(&job.candidate.registry).await {
            Ok(()) => {}
            Err(Answer::Done(why)) => return Answer::Done(failed(BuildCause::Refused, &why)),
            Err(Answer::Unreachable(silence)) => return Answer::Unreachable(silence),
        }
        let (now, dice) = (self.now(), self.fixed.dice);
        {
            let mut parts = self.parts();
            parts.registries.set(&job.candidate, Some(&digest));
            parts.registries.notify(&job.candidate, Some(&digest), now, dice);
            let doing = Doing::Built {
                candidate: job.candidate.clone(),
                digest: digest.clone(),
                recipe: job.dockerfile_digest.clone(),
                bases: bases_of(job).map(|base| base.digest).collect(),
            };
            parts.done(now, Hand::Effect(job.id.clone()), doing);
        }
        // The answer is on its way: who dies now finds the candidate under its tag.
        self.pause(Span::from_millis(20)).await;
        match self.parts().builder {
            Engine::Well | Engine::DiskFull | Engine::Hangs => built(digest, false),
            Engine::Away | Engine::Crashes => {
                Answer::Unreachable(away("builder", "connection reset by peer"))
            }
        }
    }
}

/// What is wrong with what this job builds: with its recipe, and with every base that it is fixed to.
fn flaws_of(parts: &Parts, job: &BuildJob) -> Vec<Flaw> {
    let own = parts.edits.get(&job.image).map(|edited| edited.flaws.clone()).unwrap_or_default();
    let inherited = bases_of(job).flat_map(|base| parts.contents.flaws(&base.digest).to_vec());
    let mut flaws: Vec<Flaw> = own.into_iter().collect();
    for flaw in inherited {
        if !flaws.contains(&flaw) {
            flaws.push(flaw);
        }
    }
    flaws
}

/// What the Dockerfile's bases are fixed to.
fn bases_of(job: &BuildJob) -> impl Iterator<Item = PinnedRef> {
    job.edits.iter().filter_map(|edit| edit.text.parse().ok())
}

fn hits(flaw: &Flaw, image: &ImageRef) -> bool {
    flaw.hits.parse().is_ok_and(|hit: ImageRef| hit == *image)
}

#[async_trait]
impl ports::Tester for Sim {
    async fn test(&self, job: &TestJob, reporter: &dyn Reporter) -> Answer<TestReport> {
        let mut tests = Vec::new();
        for (done, spec) in (0u32..).zip(&job.tests) {
            match self.parts().tester {
                // A test on an engine that hangs is given up at its time, in `one_test`.
                Engine::Well | Engine::Hangs => {}
                Engine::Away => return Answer::Unreachable(away("tester", "connection refused")),
                Engine::Crashes => return Answer::Unreachable(away("tester", "connection reset by peer")),
                Engine::DiskFull => return Answer::Unreachable(away("tester", "no space left on device")),
            }
            let total = u32::try_from(job.tests.len()).unwrap_or(u32::MAX);
            reporter.progress(Progress { doing: format!("test {}", spec.name), done, total });
            tests.push(self.one_test(job, spec, reporter).await);
        }
        let report = TestReport { tests };
        let (digest, passed) = (job.subject.digest.clone(), report.passed());
        let now = self.now();
        self.parts().done(now, Hand::Effect(job.id.clone()), Doing::Tested { digest, passed });
        Answer::Done(report)
    }
}

impl Sim {
    async fn one_test(&self, job: &TestJob, spec: &TestSpec, reporter: &dyn Reporter) -> TestOutcome {
        let image = self.parts().contents.get(&job.subject.digest).map(|content| content.image.clone());
        let file = image.as_ref().and_then(|image| self.fixed.file.images.get(image));
        let takes = takes(file, spec);
        let takes = self.fixed.dice.about(takes, &format!("{} {}", job.id, spec.name));
        reporter.line(&format!("test {} on {}", spec.name, job.subject.digest.short()));
        let says = file.and_then(|file| test(file, spec)).map_or(&[][..], |test| &test.log);
        says.iter().for_each(|line| reporter.line(line));
        let has = |how| {
            let image = image.as_ref();
            image.is_some_and(|image| has(&self.parts().contents, &job.subject.digest, image, how))
        };
        let hangs = self.parts().tester == Engine::Hangs;
        if hangs || has(How::TestsHang) || takes > spec.timeout {
            self.pause(spec.timeout).await;
            let reason = format!("timed out after {}", spec.timeout);
            return outcome(spec, file, false, Some(reason), spec.timeout);
        }
        self.pause(takes).await;
        let flakes = has(How::TestsFlake) && job.id.action == Action::Test;
        let passed = !(has(How::TestsFail) || flakes);
        let outcome = outcome(spec, file, passed, None, takes);
        for case in &outcome.failing {
            reporter.line(&format!("FAIL {}: {}", case.name, case.message));
        }
        reporter.line(&summary(&outcome));
        outcome
    }
}

fn has(contents: &Contents, digest: &Digest, image: &ImageRef, how: How) -> bool {
    contents.image_has(digest, image, how)
}

fn takes(file: Option<&ImageFile>, spec: &TestSpec) -> Span {
    file.and_then(|file| test(file, spec)).map_or(Span::from_secs(5), |test| test.takes.0)
}

fn test<'a>(file: &'a ImageFile, spec: &TestSpec) -> Option<&'a TestFile> {
    file.tests.iter().find(|test| test.name == spec.name)
}

fn summary(outcome: &TestOutcome) -> String {
    match &outcome.cases {
        Some(cases) => format!("{} cases, {} failed, in {}", cases.total, cases.failed, outcome.took),
        None if outcome.passed => format!("passed in {}", outcome.took),
        None => format!("FAILED after {}", outcome.took),
    }
}

/// The cases that fail when the test does.
fn failing(test: Option<&TestFile>) -> Vec<FailingCase> {
    let named = test.map_or(&[][..], |test| &test.failing);
    if named.is_empty() {
        let message = "expected 200, got connection reset".to_owned();
        return vec![FailingCase { name: "Tls.LegacyHandshake".to_owned(), message }];
    }
    let case = |case: &CaseFile| FailingCase { name: case.name.clone(), message: case.message.clone() };
    named.iter().map(case).collect()
}

fn outcome(
    spec: &TestSpec,
    file: Option<&ImageFile>,
    passed: bool,
    reason: Option<String>,
    took: Span,
) -> TestOutcome {
    let test = file.and_then(|file| test(file, spec));
    let total = test.map_or(0, |test| test.cases);
    let ended = reason.is_none();
    let failing = if passed || !ended { Vec::new() } else { failing(test) };
    let failed = u32::try_from(failing.len()).unwrap_or(u32::MAX);
    TestOutcome {
        name: spec.name.clone(),
        passed,
        exit: ended.then_some(i64::from(!passed)),
        cases: (total > 0 && ended).then_some(Cases { total, failed, skipped: 0 }),
        failing,
        reason,
        took,
    }
}
