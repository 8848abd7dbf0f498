//! What is older than the configuration keeps it: logs of effects, dossiers, and events that no snapshot needs.

use super::dossiers;
use super::shared::{Shared, forever};
use crate::model::{Timestamp, limits};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

pub(super) fn begin(shared: &Arc<Shared>) {
    if !shared.options.read_only {
        forever(shared, "retention", |shared| async move { keep_house(&shared).await });
    }
}

async fn keep_house(shared: &Shared) {
    loop {
        let keep = shared.read(|state| state.setup.retention.clone());
        let now = shared.now();
        removed("logs", remove_old(&shared.logs, "log", now - keep.logs));
        removed("dossiers", remove_old(&dossiers::folder(shared), "json", now - keep.journal));
        prune(shared, now - keep.journal).await;
        shared.world.clock.sleep(limits::RETENTION_EVERY).await;
    }
}

/// In small parts, so that the loop gets at the journal in between.
async fn prune(shared: &Shared, before: Timestamp) {
    loop {
        let pruned = match shared.store.journal().as_mut() {
            Some(journal) => journal.prune(before),
            None => return,
        };
        match pruned {
            Ok(limits::PRUNED_AT_ONCE) => tokio::task::yield_now().await,
            Ok(_) => return,
            Err(error) => return tracing::warn!(%error, "old events stay"),
        }
    }
}

fn removed(what: &'static str, done: io::Result<usize>) {
    match done {
        Ok(0) => {}
        Ok(count) => tracing::info!(what, count, "removed what was old"),
        // There is no folder until something is written into it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(what, %error, "what is old stays"),
    }
}

/// Removes the files of this ending that were written last before `before`; what else is in the folder stays.
fn remove_old(folder: &Path, ending: &str, before: Timestamp) -> io::Result<usize> {
    let before = UNIX_EPOCH + Duration::from_millis(u64::try_from(before.as_millis()).unwrap_or(0));
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_one = entry.path().extension().is_some_and(|extension| extension == ending);
        let meta = entry.metadata()?;
        if is_one && meta.is_file() && meta.modified()? < before {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_logs_go_and_young_ones_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        for (name, at) in [("old.log", 1_000), ("young.log", 9_000), ("old.txt", 1_000)] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_millis(at)).unwrap();
        }
        assert_eq!(remove_old(folder.path(), "log", Timestamp::from_millis(5_000)).unwrap(), 1);
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["old.txt", "young.log"]);
    }
}
