//! What is older than the configuration keeps it: logs of effects, and events that no snapshot needs.

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
        match remove_logs(&shared.logs, now - keep.logs) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed old logs"),
            Err(error) => tracing::warn!(%error, "old logs stay"),
        }
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

/// Removes the logs that were written last before `before`; what is in the folder beside logs stays.
fn remove_logs(folder: &Path, before: Timestamp) -> io::Result<usize> {
    let before = UNIX_EPOCH + Duration::from_millis(u64::try_from(before.as_millis()).unwrap_or(0));
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
        let meta = entry.metadata()?;
        if is_log && meta.is_file() && meta.modified()? < before {
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
        assert_eq!(remove_logs(folder.path(), Timestamp::from_millis(5_000)).unwrap(), 1);
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["old.txt", "young.log"]);
    }
}
