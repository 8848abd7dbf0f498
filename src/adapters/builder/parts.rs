//! The engine's stream of a build, part by part: lines for the log, and how far it is.

use super::super::lines::Lines;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use crate::ports::{Progress, Reporter};
use bollard::models::{BuildInfo, BuildInfoAux};
use std::collections::BTreeSet;

/// What was seen of a stream so far.
#[derive(Debug, Default)]
pub struct Parts {
    held: Lines,
    /// An image came out of it.
    pub image: bool,
    /// The image of the last step that was done, by the classic builder's own word.
    pub last_step: Option<String>,
    /// The first error that BuildKit names, which says more than the one that ends the stream.
    pub error: Option<String>,
    vertexes: BTreeSet<String>,
    ended: BTreeSet<String>,
}

impl Parts {
    /// Takes one part of the stream in.
    pub fn take(&mut self, part: BuildInfo, reporter: &dyn Reporter) {
        if let Some(text) = part.stream {
            self.text(text.as_bytes(), reporter);
        }
        if let Some(status) = part.status {
            // Bars redraw themselves many times a second; only their ends are lines of a log.
            let moving = part.progress_detail.is_some_and(|detail| detail.current.is_some());
            if !moving {
                reporter.line(&part.id.map_or(status.clone(), |id| format!("{id}: {status}")));
            }
        }
        match part.aux {
            Some(BuildInfoAux::Default(image)) => self.image |= image.id.is_some(),
            Some(BuildInfoAux::BuildKit(status)) => self.buildkit(status, reporter),
            None => {}
        }
    }

    /// Reports what was held back for the end of its line.
    pub fn end(&mut self, reporter: &dyn Reporter) {
        let mut held = std::mem::take(&mut self.held);
        held.end(|line| self.line(line, reporter));
    }

    fn text(&mut self, text: &[u8], reporter: &dyn Reporter) {
        let mut held = std::mem::take(&mut self.held);
        held.push(text, |line| self.line(line, reporter));
        self.held = held;
    }

    fn line(&mut self, line: &str, reporter: &dyn Reporter) {
        if line.is_empty() {
            return;
        }
        if let Some(progress) = step(line) {
            reporter.progress(progress);
        }
        if let Some(id) = line.strip_prefix(" ---> ").filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit())) {
            self.last_step = Some(id.to_owned());
        }
        self.image |= line.starts_with("Successfully built ");
        reporter.line(line);
    }

    fn buildkit(&mut self, status: bollard::moby::buildkit::v1::StatusResponse, reporter: &dyn Reporter) {
        for vertex in status.vertexes {
            if self.vertexes.insert(vertex.digest.clone()) {
                reporter.line(&format!("#{} {}", self.vertexes.len(), vertex.name));
            }
            if !vertex.error.is_empty() {
                reporter.line(&vertex.error);
                self.error.get_or_insert(vertex.error);
            }
            if vertex.completed.is_some() {
                self.ended.insert(vertex.digest);
            }
            reporter.progress(Progress {
                doing: clean(&vertex.name, MESSAGE_CHARS),
                done: count(self.ended.len()),
                total: count(self.vertexes.len()),
            });
        }
        for log in status.logs {
            self.text(&log.msg, reporter);
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// `Step 3/5 : RUN make`, as the classic builder says it.
fn step(line: &str) -> Option<Progress> {
    let (numbers, instruction) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (n, m) = numbers.split_once('/')?;
    let (n, total) = (n.parse::<u32>().ok()?, m.parse().ok()?);
    let doing = clean(&format!("step {n} of {total}: {instruction}"), MESSAGE_CHARS);
    Some(Progress { doing, done: n.saturating_sub(1), total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Told {
        lines: Mutex<Vec<String>>,
        progress: Mutex<Vec<Progress>>,
    }

    impl Reporter for Told {
        fn line(&self, line: &str) {
            self.lines.lock().unwrap().push(line.to_owned());
        }
        fn progress(&self, progress: Progress) {
            self.progress.lock().unwrap().push(progress);
        }
    }

    fn stream(text: &str) -> BuildInfo {
        BuildInfo { stream: Some(text.to_owned()), ..BuildInfo::default() }
    }

    #[test]
    fn lines_are_put_together_and_steps_are_progress() {
        let (mut parts, told) = (Parts::default(), Told::default());
        for text in [
            "Step 2/3 : RUN a",
            "\n",
            " ---> 0a1b2c\n",
            "one\ntw",
            "o\r\n",
            "Successfully built 0a1b2c\n",
            "end",
        ] {
            parts.take(stream(text), &told);
        }
        parts.end(&told);
        let want = ["Step 2/3 : RUN a", " ---> 0a1b2c", "one", "two", "Successfully built 0a1b2c", "end"];
        assert_eq!(*told.lines.lock().unwrap(), want);
        let step = Progress { doing: "step 2 of 3: RUN a".to_owned(), done: 1, total: 3 };
        assert_eq!(*told.progress.lock().unwrap(), [step]);
        assert!(parts.image);
        assert_eq!(parts.last_step.as_deref(), Some("0a1b2c"));
    }
}
