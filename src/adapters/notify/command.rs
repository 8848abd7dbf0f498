//! A command, with the notice on its standard input and the notice's id in `TIDEGATE_NOTICE_ID`.
//!
//! Its exit code is the answer, whether or not it read the notice, and whatever it left running behind it.

use super::Failed;
use crate::adapters::process::{self, LAST_WORDS};
use crate::model::{limits, text};
use std::process::Stdio;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Its standard error that is read; the first line says why.
const STDERR_BYTES: usize = 4 << 10;

pub(super) async fn run(argv: &[String], id: &str, body: &[u8]) -> Result<(), Failed> {
    // A try that takes too long is dropped, and with it all that it had started.
    let env = std::iter::once(("TIDEGATE_NOTICE_ID", id));
    let (mut child, group) = process::start(argv, env, Stdio::null()).map_err(Failed::new)?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    // A command that reads nothing is judged by its exit code alone; the rest of what it says is read away, so that it never
    // waits for us. Both end with this process's interest in them, not with the pipes.
    let body = body.to_vec();
    let write = tokio::spawn(async move { process::write(stdin, &body).await });
    let (sender, said) = oneshot::channel();
    let read = tokio::spawn(read(stderr, sender));
    let _both = (AbortOnDrop(write), AbortOnDrop(read));
    let status = child.wait().await.map_err(|error| Failed::new(format!("wait for its command: {error}")))?;
    group.leave();
    if status.success() {
        return Ok(());
    }
    let said = tokio::time::timeout(LAST_WORDS, said).await.ok().and_then(Result::ok).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let first = text::clean(said.lines().next().unwrap_or_default(), limits::MESSAGE_CHARS / 4);
    let code =
        status.code().map_or_else(|| "killed by a signal".to_owned(), |code| format!("exit code {code}"));
    Err(Failed::new(if first.is_empty() { code } else { format!("{code}: {first}") }))
}

/// Hands over the beginning of what it says as soon as there is a line or no more.
async fn read(stderr: Option<ChildStderr>, sender: oneshot::Sender<Vec<u8>>) {
    let Some(mut stderr) = stderr else { return };
    let mut said = Vec::new();
    while said.len() < STDERR_BYTES && !said.contains(&b'\n') {
        match stderr.read_buf(&mut said).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    // Nobody waits for it where the command ended well.
    let _ = sender.send(said);
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
}

/// A task that ends when its owner does.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
