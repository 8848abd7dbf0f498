//! Invariant 10: nothing is logged as an error that no fault explains.

use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Errors that a fault of the world asks for, with the fault.
const EXPLAINED: [&str; 2] = [
    // The disk is full, or the daemon was killed at a write.
    "cannot write the journal",
    // It was killed: nothing of it can be read.
    "the journal's latest lines cannot be read",
];

/// Collects what is logged as an error on this thread.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<String>>>);

impl Logs {
    /// The first that nothing explains.
    pub fn first(&self) -> Option<String> {
        let logs = self.0.lock().unwrap();
        logs.iter().find(|line| !EXPLAINED.iter().any(|explained| line.contains(explained))).cloned()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!("{}={value:?} ", field.name()));
    }
}

impl Subscriber for Logs {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::ERROR && metadata.target().starts_with("tidegate")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
