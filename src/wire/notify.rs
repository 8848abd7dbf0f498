//! `tidegate notify --test OWNER`: tries an owner's channels, without a daemon.

use super::Trouble;
use super::daemon::CONFIG;
use super::world;
use std::io::Write as _;
use std::path::Path;
use tidegate::adapters::clock::SystemClock;
use tidegate::config;
use tidegate::model::Owner;
use tidegate::model::notices::NoticeJob;
use tidegate::model::reports::Answer;
use tidegate::ports::{Clock as _, Notifier as _};

/// Says of each channel whether the test arrived; done only when it did on all.
pub async fn test(owner: &str, config: Option<&Path>) -> Result<(), Trouble> {
    let resolved = config::load(config.unwrap_or(Path::new(CONFIG))).map_err(|e| Trouble::usage(&e))?;
    let owner: Owner = owner.parse().map_err(|e| Trouble::usage(&e))?;
    let names = resolved.setup.channels.iter().filter(|(_, channel)| channel.owner == owner);
    let names: Vec<_> = names.map(|(name, channel)| (name, channel.kind)).collect();
    if names.is_empty() {
        let what = format!("{owner} has no channel; add a section [channel.NAME] with owner = \"{owner}\"");
        return Err(Trouble::not_found(what));
    }
    let channels = world::channels(&resolved)?;
    let mut missed = 0;
    for (name, kind) in names {
        let job = NoticeJob::test(&owner, name, SystemClock.now());
        match channels.notify(&job).await {
            Answer::Done(()) => say(&format!("{name} ({kind}): arrived")),
            Answer::Unreachable(cause) => {
                missed += 1;
                say(&format!("{name} ({kind}): NOT arrived: {}", cause.why));
            }
        }
    }
    if missed == 0 {
        return Ok(());
    }
    Err(Trouble::failed(&format!(
        "{missed} of {owner}'s channels took no notice; docs/notices.md says what they get"
    )))
}

fn say(line: &str) {
    // Nobody reads it: the exit code says it too.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
