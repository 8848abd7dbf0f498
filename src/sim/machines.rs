//! The simulated provisioner: what Tidegate makes of a pool's commands, and commands at their worst.
//!
//! As the real one it asks `list` before it makes anything, and what a command did while it failed is there.

use super::file::{Machines, PoolFile};
use super::fleet::{Around, FleetPart};
use super::world::Sim;
use crate::model::nodes::{DeprovisionJob, Machine, ProvisionJob, ProvisionReport, UpdateJob};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{PoolName, Span, Timestamp};
use crate::ports::{Provisioner, Reporter};
use async_trait::async_trait;

/// How long `list` and `deprovision` take.
const SHORT: Span = Span::from_millis(300);

/// A command that is under way.
struct Command<'a> {
    sim: &'a Sim,
    pool: &'a PoolName,
    file: &'a PoolFile,
    action: &'static str,
    takes: Span,
    within: Span,
}

fn failed<T>(action: &str, what: &str, stderr: &str) -> Answer<ProvisionReport<T>> {
    Answer::Done(ProvisionReport::Failed { what: format!("{action}: {what}"), stderr: stderr.to_owned() })
}

impl Command<'_> {
    fn how(&self) -> Machines {
        self.in_fleet(|fleet, _, _| fleet.commands(self.pool))
    }

    fn in_fleet<T>(&self, does: impl FnOnce(&mut FleetPart, Timestamp, &mut Around<'_>) -> T) -> T {
        let now = self.sim.now();
        self.sim.in_fleet(&self.file.fleet, |fleet, around| does(fleet, now, around))
    }

    /// Runs it: what it does is done when half of its time is over, so that whoever is killed then finds it done.
    async fn run<T>(
        self,
        does: impl FnOnce(&mut FleetPart, Timestamp, &mut Around<'_>) -> Result<T, String> + Send,
    ) -> Answer<ProvisionReport<T>>
    where
        T: Send,
    {
        if self.takes > self.within {
            self.sim.pause(self.within).await;
            return failed(self.action, &format!("it did not end within {}", self.within), "");
        }
        let half = Span::from_millis(self.takes.as_millis() / 2);
        self.sim.pause(half).await;
        if self.how() == Machines::Fails {
            return failed(self.action, "exit code 1", "error: quota exceeded");
        }
        let done = match self.in_fleet(does) {
            Ok(done) => done,
            Err(what) => return failed(self.action, "exit code 1", &what),
        };
        self.sim.pause(half).await;
        match self.how() {
            Machines::Well | Machines::Fails => Answer::Done(ProvisionReport::Done(done)),
            Machines::FailsLate => {
                failed(self.action, "exit code 1", "error: lost the connection to the API")
            }
            Machines::Garbage => failed(self.action, "its answer is not JSON: `<html>502 Bad Gateway`", ""),
            Machines::AnswersTwice => failed(self.action, "it answered twice", ""),
            Machines::Hangs => {
                self.sim
                    .pause(Span::from_millis(self.within.as_millis().saturating_sub(self.takes.as_millis())))
                    .await;
                failed(self.action, &format!("it did not end within {}", self.within), "")
            }
        }
    }
}

impl Sim {
    fn command<'a>(
        &'a self,
        pool: &'a PoolName,
        action: &'static str,
        within: Span,
    ) -> Result<Command<'a>, Unreachable> {
        let file = self.fixed.file.pools.get(pool).ok_or_else(|| Unreachable {
            who: format!("pool {pool}"),
            why: "there is no such pool in this world".to_owned(),
            retry_after: None,
        })?;
        Ok(Command { sim: self, pool, file, action, takes: SHORT, within })
    }
}

#[async_trait]
impl Provisioner for Sim {
    async fn provision(
        &self,
        job: &ProvisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<Machine>> {
        match self.list(&job.pool).await {
            Answer::Unreachable(silence) => return Answer::Unreachable(silence),
            Answer::Done(ProvisionReport::Failed { what, stderr }) => {
                return Answer::Done(ProvisionReport::Failed { what, stderr });
            }
            Answer::Done(ProvisionReport::Done(machines)) => {
                let token = |machine: &Machine| machine.token.as_ref() == Some(&job.token);
                if let Some(machine) = machines.into_iter().find(token) {
                    return Answer::Done(ProvisionReport::Done(machine));
                }
            }
        }
        let mut command = match self.command(&job.pool, "provision", job.timeout) {
            Ok(command) => command,
            Err(silence) => return Answer::Unreachable(silence),
        };
        let dice = self.fixed.dice;
        command.takes = dice.about(command.file.makes_in.0, &format!("machine {}", job.token));
        let joins_in = dice.about(command.file.joins_in.0, &format!("joining of {}", job.token));
        reporter.line(&format!("creating a machine of release {}", job.release));
        command.run(|fleet, now, around| Ok(fleet.make(job, joins_in, now, around))).await
    }

    async fn deprovision(
        &self,
        job: &DeprovisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<()>> {
        let command = match self.command(&job.pool, "deprovision", job.timeout) {
            Ok(command) => command,
            Err(silence) => return Answer::Unreachable(silence),
        };
        reporter.line("removing the machine");
        command
            .run(|fleet, now, around| {
                fleet.unmake(job, now, around);
                Ok(())
            })
            .await
    }

    async fn list(&self, pool: &PoolName) -> Answer<ProvisionReport<Vec<Machine>>> {
        let command = match self.command(pool, "list", SHORT) {
            Ok(command) => command,
            Err(silence) => return Answer::Unreachable(silence),
        };
        self.pause(SHORT).await;
        match command.how() {
            Machines::Fails => failed("list", "exit code 1", "error: quota exceeded"),
            Machines::Well
            | Machines::FailsLate
            | Machines::Hangs
            | Machines::Garbage
            | Machines::AnswersTwice => {
                Answer::Done(ProvisionReport::Done(command.in_fleet(|fleet, _, _| fleet.list_machines(pool))))
            }
        }
    }

    async fn update(&self, job: &UpdateJob, reporter: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        let mut command = match self.command(&job.pool, "update", job.timeout) {
            Ok(command) => command,
            Err(silence) => return Answer::Unreachable(silence),
        };
        let dice = self.fixed.dice;
        command.takes = dice.about(command.file.makes_in.0, &format!("update {}", job.id));
        let away_for = dice.about(command.file.joins_in.0, &format!("reboot {}", job.id));
        reporter.line(&format!("updating {} to {}", job.node, job.release));
        command
            .run(|fleet, now, around| {
                let there = fleet.update_machine(job, away_for, now, around);
                if there { Ok(()) } else { Err(format!("{}: no route to host", job.node)) }
            })
            .await
    }
}
