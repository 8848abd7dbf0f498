//! [`Provisioner`] by commands.

use super::answer;
use super::ask::{Ask, filled};
use super::run::{Ran, run};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::nodes::{DeprovisionJob, Machine, PoolCommands, ProvisionJob, ProvisionReport, UpdateJob};
use crate::model::reports::{Answer, Unreachable};
use crate::model::text::clean;
use crate::model::{PoolName, Span};
use crate::ports::{Provisioner, Reporter};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// The commands of a configuration's pools.
#[derive(Debug, Default)]
pub struct Commands {
    pools: BTreeMap<PoolName, PoolCommands>,
}

impl Commands {
    /// Commands by pool; nothing is started yet.
    pub fn new(pools: BTreeMap<PoolName, PoolCommands>) -> Self {
        Self { pools }
    }

    /// [`Provisioner::provision`] without looking first: what a command does that is asked twice for one token.
    pub async fn provision_unseen(
        &self,
        job: &ProvisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<Machine>> {
        match self.of(&job.pool) {
            Ok(commands) => Answer::Done(made(commands, job, reporter).await),
            Err(silence) => Answer::Unreachable(silence),
        }
    }

    /// A pool's commands. A reload may have added a pool whose commands are read at the next start only.
    fn of(&self, pool: &PoolName) -> Result<&PoolCommands, Unreachable> {
        self.pools.get(pool).ok_or_else(|| Unreachable {
            who: format!("pool {pool}"),
            why: "its commands are read at the next start".to_owned(),
            retry_after: None,
        })
    }
}

/// A command that is about to be run, and what is asked.
struct Question<'a> {
    commands: &'a PoolCommands,
    argv: &'a [String],
    ask: Ask<'a>,
    within: Span,
    reporter: Option<&'a dyn Reporter>,
}

impl Question<'_> {
    /// Asks, and reads the answer; a failure begins with the command's name.
    async fn asked<T>(self, read: impl FnOnce(&[u8]) -> Result<T, String>) -> ProvisionReport<T> {
        let action = self.ask.action;
        if self.argv.is_empty() {
            return failed(action, "the pool has no such command", String::new());
        }
        let input = match serde_json::to_vec(&self.ask) {
            Ok(input) => input,
            Err(error) => return failed(action, &format!("write JSON: {error}"), String::new()),
        };
        let Ran { answer, stderr } = run(self.commands, self.argv, &input, self.within, self.reporter).await;
        match answer.and_then(|stdout| read(&stdout)) {
            Ok(done) => ProvisionReport::Done(done),
            Err(what) => failed(action, &what, stderr),
        }
    }
}

fn failed<T>(action: &str, what: &str, stderr: String) -> ProvisionReport<T> {
    ProvisionReport::Failed { what: clean(&format!("{action}: {what}"), MESSAGE_CHARS), stderr }
}

async fn listed(
    commands: &PoolCommands,
    pool: &PoolName,
    reporter: Option<&dyn Reporter>,
) -> ProvisionReport<Vec<Machine>> {
    let (argv, ask, within) = (&commands.list[..], Ask::list(pool), commands.list_within);
    Question { commands, argv, ask, within, reporter }.asked(answer::machines).await
}

/// What was made with a token, by a list.
fn with_token(machines: Vec<Machine>, token: &str) -> Result<Option<Machine>, String> {
    let mut ours = machines.into_iter().filter(|machine| machine.token.as_deref() == Some(token));
    match (ours.next(), ours.next()) {
        (first, None) => Ok(first),
        (Some(one), Some(two)) => {
            Err(format!("{} and {} have the same token, so one is left over; remove it", one.node, two.node))
        }
        (None, Some(_)) => Ok(None),
    }
}

async fn provisioned(
    commands: &PoolCommands,
    job: &ProvisionJob,
    reporter: &dyn Reporter,
) -> ProvisionReport<Machine> {
    let before = match listed(commands, &job.pool, Some(reporter)).await {
        ProvisionReport::Done(machines) => with_token(machines, &job.token),
        ProvisionReport::Failed { what, stderr } => return ProvisionReport::Failed { what, stderr },
    };
    match before {
        Ok(Some(machine)) => ProvisionReport::Done(machine),
        Ok(None) => made(commands, job, reporter).await,
        Err(what) => failed("list", &what, String::new()),
    }
}

async fn made(
    commands: &PoolCommands,
    job: &ProvisionJob,
    reporter: &dyn Reporter,
) -> ProvisionReport<Machine> {
    let (argv, ask, within) = (&commands.provision[..], Ask::provision(job), job.timeout);
    let question = Question { commands, argv, ask, within, reporter: Some(reporter) };
    question.asked(|stdout| answer::machine(stdout, &job.token)).await
}

#[async_trait]
impl Provisioner for Commands {
    async fn provision(
        &self,
        job: &ProvisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<Machine>> {
        match self.of(&job.pool) {
            Ok(commands) => Answer::Done(provisioned(commands, job, reporter).await),
            Err(silence) => Answer::Unreachable(silence),
        }
    }

    async fn deprovision(
        &self,
        job: &DeprovisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<()>> {
        let commands = match self.of(&job.pool) {
            Ok(commands) => commands,
            Err(silence) => return Answer::Unreachable(silence),
        };
        // A script that is given neither might take that for "all of them".
        if job.token.is_none() && job.node.is_none() {
            let what = "neither a token nor a name says which machine";
            return Answer::Done(failed("deprovision", what, String::new()));
        }
        let (argv, ask, within) = (&commands.deprovision[..], Ask::deprovision(job), job.timeout);
        let question = Question { commands, argv, ask, within, reporter: Some(reporter) };
        Answer::Done(question.asked(|stdout| answer::object(stdout).map(drop)).await)
    }

    async fn list(&self, pool: &PoolName) -> Answer<ProvisionReport<Vec<Machine>>> {
        match self.of(pool) {
            Ok(commands) => Answer::Done(listed(commands, pool, None).await),
            Err(silence) => Answer::Unreachable(silence),
        }
    }

    async fn update(&self, job: &UpdateJob, reporter: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        let commands = match self.of(&job.pool) {
            Ok(commands) => commands,
            Err(silence) => return Answer::Unreachable(silence),
        };
        let argv = match filled(&commands.update, job) {
            Ok(argv) => argv,
            Err(what) => return Answer::Done(failed("update", what, String::new())),
        };
        let (argv, ask, within) = (&argv[..], Ask::update(job), job.timeout);
        let question = Question { commands, argv, ask, within, reporter: Some(reporter) };
        Answer::Done(question.asked(|stdout| answer::object(stdout).map(drop)).await)
    }
}
