//! `tidegate check --provisioner POOL`: tries a pool's commands, without a daemon.
//!
//! Alone it only asks `list`. With a release it makes a machine, which no node is replaced by, makes it again with the same token, and removes
//! it; each time `list` must show the same. Whatever goes wrong on the way, the machine is removed, or it is said that it is not.

use super::Trouble;
use super::daemon::CONFIG;
use super::world;
use std::io::Write as _;
use std::path::Path;
use tidegate::adapters::clock::SystemClock;
use tidegate::adapters::provisioner::Commands;
use tidegate::config;
use tidegate::model::nodes::{DeprovisionJob, Machine, NodeLimits, ProvisionJob, ProvisionReport};
use tidegate::model::reports::Answer;
use tidegate::model::text::clean;
use tidegate::model::{
    Action, Digest, EffectId, FleetName, PoolName, ReleaseName, RunId, StepKey, WorkloadId,
};
use tidegate::ports::{Clock as _, Progress, Provisioner as _, Reporter};

/// A line of a command's log is shown up to here.
const LINE_CHARS: usize = 200;
/// Machines that are named; beyond that only their number is.
const NAMED: usize = 10;

/// Tries the commands of `pool`.
pub async fn check(pool: &str, make: Option<&str>, config: Option<&Path>) -> Result<(), Trouble> {
    let resolved = config::load(config.unwrap_or(Path::new(CONFIG))).map_err(|e| Trouble::usage(&e))?;
    let name: PoolName = pool.parse().map_err(|e| Trouble::usage(&e))?;
    let Some(pool) = resolved.setup.pools.get(&name) else {
        return Err(Trouble::not_found(format!("there is no pool {name}; add a section [pools.{name}]")));
    };
    let release: Option<ReleaseName> =
        make.map(str::parse).transpose().map_err(|e: tidegate::model::ids::NameError| Trouble::usage(&e))?;
    let try_out =
        Try { commands: world::provisioner(&resolved), fleet: pool.fleet.clone(), name, limits: pool.limits };
    let machines = try_out.listed().await?;
    say(&format!("list         {}", counted(&machines)));
    match release {
        Some(release) => try_out.make(release).await,
        None => Ok(()),
    }
}

/// A pool whose commands are tried.
struct Try {
    commands: Commands,
    fleet: FleetName,
    name: PoolName,
    limits: NodeLimits,
}

impl Try {
    async fn make(&self, release: ReleaseName) -> Result<(), Trouble> {
        let token = token(&self.name);
        let tried = self.make_and_look(release, &token).await;
        let removed = self.remove(&token).await;
        match (tried, removed) {
            (Ok(()), removed) => removed,
            (Err(trouble), Ok(())) => Err(trouble),
            (Err(trouble), Err(left)) => {
                let said = format!(
                    "{}; and what was made with the token {token} may be left: {}",
                    trouble.said, left.said
                );
                Err(Trouble::failed(&said))
            }
        }
    }

    async fn make_and_look(&self, release: ReleaseName, token: &str) -> Result<(), Trouble> {
        let job = ProvisionJob {
            id: self.effect(),
            pool: self.name.clone(),
            release,
            token: token.to_owned(),
            zone: None,
            replaces: None,
            timeout: self.limits.provision,
        };
        let first = done(self.commands.provision(&job, &Lines).await)?;
        say(&format!("provision    made {} with the token {token}", first.node));
        self.shows(token, Some(&first)).await?;
        // Past our own look at `list`, the command itself must know the token.
        let again = done(self.commands.provision_unseen(&job, &Lines).await)?;
        if again.node != first.node {
            let what = format!(
                "provision made {} and, asked again with the same token, {}; it must find what it made",
                first.node, again.node
            );
            return Err(Trouble::failed(&what));
        }
        say(&format!("provision    again: found {}", again.node));
        self.shows(token, Some(&first)).await
    }

    async fn remove(&self, token: &str) -> Result<(), Trouble> {
        let job = DeprovisionJob {
            unused: None,
            id: self.effect(),
            pool: self.name.clone(),
            token: Some(token.to_owned()),
            node: None,
            timeout: self.limits.provision,
        };
        for word in ["removed it", "again: nothing to do"] {
            done(self.commands.deprovision(&job, &Lines).await)?;
            say(&format!("deprovision  {word}"));
            self.shows(token, None).await?;
        }
        Ok(())
    }

    /// Whether `list` has exactly what it should have of a token.
    async fn shows(&self, token: &str, wanted: Option<&Machine>) -> Result<(), Trouble> {
        let machines = self.listed().await?;
        let ours = |machine: &&Machine| machine.token.as_deref() == Some(token);
        let found: Vec<&str> = machines.iter().filter(ours).map(|machine| machine.node.as_str()).collect();
        let wanted: Vec<&str> = wanted.iter().map(|machine| machine.node.as_str()).collect();
        if found != wanted {
            let shown =
                |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            let what = format!(
                "list shows {} with the token {token}; it must show {}",
                shown(&found),
                shown(&wanted)
            );
            return Err(Trouble::failed(&what));
        }
        say(&format!("list         {}", counted(&machines)));
        Ok(())
    }

    async fn listed(&self) -> Result<Vec<Machine>, Trouble> {
        done(self.commands.list(&self.name).await)
    }

    /// Commands are not told it; the port wants one.
    fn effect(&self) -> EffectId {
        let name = "check".parse().expect("it is a name");
        let step = StepKey::Deploy(WorkloadId { fleet: self.fleet.clone(), name });
        EffectId { run: RunId(0), step, action: Action::Look, subject: None, attempt: 1 }
    }
}

/// A token that no rollout has.
fn token(pool: &PoolName) -> String {
    let seed = format!("{pool}/{}/{}", SystemClock.now(), std::process::id());
    let digest = Digest::of(seed.as_bytes()).to_string();
    let hex = digest.rsplit(':').next().unwrap_or_default();
    format!("check-{}", hex.chars().take(12).collect::<String>())
}

fn counted(machines: &[Machine]) -> String {
    let number = match machines.len() {
        1 => "1 machine".to_owned(),
        number => format!("{number} machines"),
    };
    if machines.is_empty() {
        return number;
    }
    let names: Vec<&str> = machines.iter().take(NAMED).map(|machine| machine.node.as_str()).collect();
    let more = if machines.len() > NAMED { " …" } else { "" };
    format!("{number}: {}{more}", names.join(" "))
}

fn done<T>(answer: Answer<ProvisionReport<T>>) -> Result<T, Trouble> {
    match answer {
        Answer::Done(ProvisionReport::Done(done)) => Ok(done),
        Answer::Done(ProvisionReport::Failed { what, stderr }) => {
            let said = if stderr.is_empty() { what } else { format!("{what}; it said: {stderr}") };
            Err(Trouble::failed(&said))
        }
        Answer::Unreachable(silence) => Err(Trouble::failed(&silence.why)),
    }
}

/// Shows what commands log.
struct Lines;

impl Reporter for Lines {
    fn line(&self, line: &str) {
        say(&format!("  | {}", clean(line, LINE_CHARS)));
    }
    fn progress(&self, _: Progress) {}
}

fn say(line: &str) {
    // Nobody reads it: the exit code says it too.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
