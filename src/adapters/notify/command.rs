//! A command, with the notice on its standard input and the notice's id in `TIDEGATE_NOTICE_ID`.
//!
//! 1. Its exit code is the answer, whether or not it read the notice, and whatever it left running behind it.
//! 2. It gets none of the daemon's environment but [`KEPT`]: that may hold the secrets of registries and of other channels.

use super::Failed;
use crate::model::{limits, text};
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Its standard error that is read; the first line says why.
const STDERR_BYTES: usize = 4 << 10;
/// What may still come of its standard error once it has ended: whoever it left running may hold that open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What it gets of the daemon's environment.
const KEPT: [&str; 8] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE"];

pub(super) async fn run(argv: &[String], id: &str, body: &[u8]) -> Result<(), Failed> {
    let (program, arguments) = argv.split_first().ok_or_else(|| Failed::new("its command is empty"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env("TIDEGATE_NOTICE_ID", id)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // A try that takes too long is dropped, and with it all that it had started.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failed::new(format!("cannot start {program}: {error}")))?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    // A command that reads nothing is judged by its exit code alone; the rest of what it says is read away, so that it never
    // waits for us. Both end with this process's interest in them, not with the pipes.
    let write = tokio::spawn(write(stdin, body.to_vec()));
    let (sender, said) = oneshot::channel();
    let read = tokio::spawn(read(stderr, sender));
    let _both = (AbortOnDrop(write), AbortOnDrop(read));
    let status = child.wait().await.map_err(|error| Failed::new(format!("wait for {program}: {error}")))?;
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

async fn write(stdin: Option<ChildStdin>, body: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        // It may have ended, or not care.
        let _ = stdin.write_all(&body).await;
    }
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

/// The processes of a try; they are killed when nobody waits for it any more.
struct Group(Option<Pid>);

impl Group {
    /// It ended by itself, and what it left running is its own business.
    fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It is not waited for yet, so that its number is nobody else's; where all have ended there is nothing to kill.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
