//! Commands of the user's: started without a shell, in a process group of their own, with little of the daemon's environment.
//!
//! 1. A command that nobody waits for any more is ended with all that it had started.
//! 2. One that ended by itself may leave something running; that is its own business.
//! 3. It gets none of the daemon's environment but [`KEPT`]: that may hold the secrets of registries, channels and other commands.

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};

/// What a command gets of the daemon's environment.
const KEPT: [&str; 8] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE"];
/// What may still come through its pipes once it has ended: whoever it left running may hold them open for ever.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(500);

/// Starts `argv` with pipes to its standard input and from its standard error; `stdout` is what the caller makes of the third.
/// The error is one sentence without any of its arguments, which may be secret.
pub(super) fn start<'a>(
    argv: &[String],
    env: impl Iterator<Item = (&'a str, &'a str)>,
    stdout: Stdio,
) -> Result<(Child, Group), String> {
    let (program, arguments) = argv.split_first().ok_or("its command is empty")?;
    let child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .envs(env)
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    Ok((child, group))
}

/// Gives a command its input, and closes it.
pub(super) async fn write(stdin: Option<ChildStdin>, body: &[u8]) {
    if let Some(mut stdin) = stdin {
        // It may have ended, or not care.
        let _ = stdin.write_all(body).await;
    }
}

/// The processes of a command; they are killed when nobody waits for it any more.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// It ended by itself, and what it left running is its own business.
    pub(super) fn leave(mut self) {
        self.0 = None;
    }

    /// Asks all of them to end.
    pub(super) fn ask_to_end(&self) {
        self.send(Signal::TERM);
    }

    /// Whether any of them is left. The one that was started counts until its end was waited for.
    pub(super) fn lives(&self) -> bool {
        // Nobody is given the number of a group that has a process left.
        self.0.is_some_and(|leader| test_kill_process_group(leader).is_ok())
    }

    fn send(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // It is not waited for yet, so that its number is nobody else's; where all have ended there is nothing to signal.
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}
