//! One command, from its start to its end.

use crate::adapters::lines::Lines;
use crate::adapters::process::{self, Group, LAST_WORDS};
use crate::model::Span;
use crate::model::limits::{
    MESSAGE_CHARS, PROVISIONER_ANSWER_BYTES, PROVISIONER_ENDS, PROVISIONER_ENDS_LOOKS,
};
use crate::model::nodes::PoolCommands;
use crate::model::text::clean;
use crate::ports::Reporter;
use std::pin::{Pin, pin};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;
use tokio::time::Instant;

/// What a command did: its answer, or one sentence about why there is none; and the end of what it said beside.
pub(super) struct Ran {
    pub(super) answer: Result<Vec<u8>, String>,
    pub(super) stderr: String,
}

/// Runs `argv` with `input` on its standard input; its log lines go to the reporter, where there is one.
pub(super) async fn run(
    commands: &PoolCommands,
    argv: &[String],
    input: &[u8],
    within: Span,
    reporter: Option<&dyn Reporter>,
) -> Ran {
    let env = commands.env.iter().map(|(name, value)| (name.as_str(), value.expose()));
    let (mut child, group) = match process::start(argv, env, Stdio::piped()) {
        Ok(started) => started,
        Err(why) => return Ran { answer: Err(clean(&why, MESSAGE_CHARS)), stderr: String::new() },
    };
    let (mut out, mut said) = (Out::default(), Said { reporter, ..Said::default() });
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ended = {
        let pipes = async {
            tokio::join!(process::write(stdin, input), out.read(stdout), said.read(stderr));
        };
        let mut pipes = Pipes { all: pin!(pipes), open: true };
        match tokio::time::timeout(within.to_std(), until_end(&mut child, &mut pipes)).await {
            Ok(Ok(status)) => {
                group.leave();
                Ok(status)
            }
            Ok(Err(error)) => Err(format!("wait for it: {error}")),
            Err(_) => {
                end(&mut child, group, &mut pipes).await;
                Err(format!("it did not end within {within}, and was killed with all that it had started"))
            }
        }
    };
    said.lines.end(|line| said.tail.push(line, said.reporter));
    let answer = ended.and_then(|status| out.judged(status));
    Ran { answer, stderr: said.tail.text() }
}

/// What is read from and written to a command, until all ends are closed.
struct Pipes<'a, F> {
    all: Pin<&'a mut F>,
    open: bool,
}

/// Waits for the end of the process, and a moment longer for the end of its pipes.
async fn until_end(
    child: &mut Child,
    pipes: &mut Pipes<'_, impl Future<Output = ()>>,
) -> std::io::Result<ExitStatus> {
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            () = &mut pipes.all, if pipes.open => pipes.open = false,
        }
    };
    if pipes.open {
        // Whoever it left running may hold them for ever; what it had written itself is there already.
        let _ = tokio::time::timeout(LAST_WORDS, &mut pipes.all).await;
    }
    Ok(status)
}

/// Asks it to end with all that it has started, so that each can give back what it holds (a lock of Terraform's), then kills what is left.
///
/// A wrapper around the one who holds the lock may be gone at once, so it is the group that is waited for; and what it says meanwhile is still
/// read, since many a program dies of a pipe that nobody reads any more.
async fn end(child: &mut Child, group: Group, pipes: &mut Pipes<'_, impl Future<Output = ()>>) {
    group.ask_to_end();
    let deadline = Instant::now() + PROVISIONER_ENDS.to_std();
    while Instant::now() < deadline {
        tokio::select! {
            () = &mut pipes.all, if pipes.open => pipes.open = false,
            () = tokio::time::sleep(PROVISIONER_ENDS_LOOKS.to_std()) => {}
        }
        // Once its own end is taken note of, it counts as one of the group no more.
        let ended = child.try_wait().is_ok_and(|status| status.is_some());
        if ended && !group.lives() {
            return group.leave();
        }
    }
    drop(group);
}

/// Its standard output, up to its limit.
#[derive(Default)]
struct Out {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Out {
    /// Reads to the end. What is over the limit is not kept, and the pipe is closed, so that a flood ends.
    async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(pipe) = pipe else { return };
        let limit = PROVISIONER_ANSWER_BYTES as u64 + 1;
        // What was read before an error is what it said.
        let _ = pipe.take(limit).read_to_end(&mut self.bytes).await;
        self.too_long = self.bytes.len() > PROVISIONER_ANSWER_BYTES;
    }

    fn judged(self, status: ExitStatus) -> Result<Vec<u8>, String> {
        if self.too_long {
            return Err(format!(
                "it printed more than {PROVISIONER_ANSWER_BYTES} bytes; it must print one JSON object"
            ));
        }
        match status.code() {
            Some(0) => Ok(self.bytes),
            Some(code) => Err(format!("it ended with exit code {code}")),
            None => Err("it was killed by a signal".to_owned()),
        }
    }
}

/// Its standard error: log lines, and the end of them.
#[derive(Default)]
struct Said<'a> {
    lines: Lines,
    tail: Tail,
    reporter: Option<&'a dyn Reporter>,
}

impl Said<'_> {
    async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut piece = [0; 4096];
        while let Ok(read) = pipe.read(&mut piece).await {
            if read == 0 {
                break;
            }
            self.lines.push(&piece[..read], |line| self.tail.push(line, self.reporter));
        }
    }
}

/// The last lines of a log, as one line.
#[derive(Default)]
struct Tail(std::collections::VecDeque<String>);

/// Lines that are kept: what a person reads to see why.
const TAIL_LINES: usize = 5;

impl Tail {
    fn push(&mut self, line: &str, reporter: Option<&dyn Reporter>) {
        if let Some(reporter) = reporter {
            reporter.line(line);
        }
        let line = clean(line, MESSAGE_CHARS);
        if line.trim().is_empty() {
            return;
        }
        if self.0.len() == TAIL_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    /// The newest lines that fit, in their order.
    fn text(&self) -> String {
        let mut kept = String::new();
        for line in self.0.iter().rev() {
            let longer = if kept.is_empty() { line.clone() } else { format!("{line} / {kept}") };
            if longer.chars().count() > MESSAGE_CHARS {
                break;
            }
            kept = longer;
        }
        kept
    }
}
