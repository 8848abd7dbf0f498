//! What came in, counted by what became of it.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counters since the start of the process.
        #[derive(Debug, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }

        impl Counts {
            /// Each outcome with its count, by name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counts! {
    /// Events that became hints.
    hinted,
    /// Releases that were announced.
    announced,
    /// Announcements for a pool that is not there.
    no_pool,
    /// Events and announcements that came a second time, or said again what was said last.
    repeated,
    /// Events about what is not watched: blobs, pulls, other images.
    irrelevant,
    /// Bodies that are no notification and no announcement.
    unreadable,
    /// Requests with a wrong secret.
    unauthorized,
    /// Bodies over the limit.
    too_large,
    /// Bodies that did not come in time.
    too_slow,
    /// Events and announcements that could not be stored.
    unstored,
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
