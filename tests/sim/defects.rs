//! The proof that the simulation can fail: for every invariant a deliberate defect that it finds, and how soon.

#[cfg(not(debug_assertions))]
#[test]
fn every_deliberate_defect_is_found() {
    eprintln!("SKIPPED: deliberate defects are not in a build without debug assertions");
}

#[cfg(debug_assertions)]
mod found {
    use crate::generate::generate;
    use crate::play::play;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tidegate::model::defect::{Defect, set};

    /// Each with the invariant that catches it.
    const ALL: [(Defect, u8); 18] = [
        (Defect::FailedTestsPass, 1),
        (Defect::OneApprovalLess, 2),
        (Defect::HolderIgnored, 3),
        (Defect::PutBackSkipped, 4),
        (Defect::RetryForgotten, 5),
        (Defect::SnapshotForgets, 6),
        (Defect::BuiltUnderAnotherTag, 7),
        (Defect::QuarantineIgnored, 8),
        (Defect::RemovalLost, 9),
        (Defect::LateResultOdd, 10),
        (Defect::ChildBuiltEarly, 10),
        (Defect::VendorToldAll, 11),
        (Defect::DeployIgnored, 3),
        (Defect::MachineForgotten, 12),
        (Defect::OrphanLeft, 12),
        (Defect::OutUncounted, 13),
        (Defect::NodeLeftDrained, 14),
        (Defect::JoinedNever, 5),
    ];

    /// Seeds that one defect is looked for in.
    const SEEDS: u64 = 1_500;

    /// The seeds that it took, and what was seen.
    fn look_for(defect: Defect, invariant: u8) -> Result<(u64, String), String> {
        set(Some(defect));
        let mut others = None;
        for seed in 1..=SEEDS {
            match play(&generate(seed), seed).violation {
                Some(violation) if violation.invariant == invariant => {
                    set(None);
                    return Ok((seed, violation.what));
                }
                Some(other) => drop(others.get_or_insert(other)),
                None => {}
            }
        }
        set(None);
        Err(format!(
            "{defect:?} was not found by invariant {invariant} in {SEEDS} seeds; first seen: {others:?}"
        ))
    }

    #[test]
    fn every_deliberate_defect_is_found() {
        // One by its name, where a person looks for that one.
        let only = std::env::var("TIDEGATE_SIM_DEFECT").ok();
        let (next, lines, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    while let Some((defect, invariant)) = ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if only.as_ref().is_some_and(|only| *only != format!("{defect:?}")) {
                            continue;
                        }
                        match look_for(*defect, *invariant) {
                            Ok((seeds, what)) => {
                                let what: String = what.chars().take(90).collect();
                                let line = format!("{invariant:>2} {defect:<21?} {seeds:>5} seeds: {what}");
                                eprintln!("{line}");
                                lines.lock().unwrap().push(line);
                            }
                            Err(why) => {
                                eprintln!("NOT FOUND: {why}");
                                missed.lock().unwrap().push(why);
                            }
                        }
                    }
                });
            }
        });
        let mut lines = lines.into_inner().unwrap();
        lines.sort();
        println!("deliberate defects, by the invariant that caught them:\n{}", lines.join("\n"));
        let missed = missed.into_inner().unwrap();
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    }
}
