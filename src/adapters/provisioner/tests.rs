//! Against small scripts.

use super::Commands;
use crate::model::nodes::{DeprovisionJob, Machine, PoolCommands, ProvisionJob, ProvisionReport, UpdateJob};
use crate::model::reports::Answer;
use crate::model::secret::Secret;
use crate::model::{Action, EffectId, RunId, Span, StepKey};
use crate::ports::{Progress, Provisioner, Reporter};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

const SOON: Span = Span::from_secs(20);

/// Remembers the log lines.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Reporter for Log {
    fn line(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, _: Progress) {}
}

fn sh(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

fn commands(provision: &str, list: &str) -> PoolCommands {
    PoolCommands {
        provision: sh(provision),
        deprovision: sh("echo '{}'"),
        list: sh(list),
        update: Vec::new(),
        env: BTreeMap::new(),
        list_within: SOON,
    }
}

fn pool(commands: PoolCommands) -> Commands {
    Commands::new(BTreeMap::from([("workers".parse().unwrap(), commands)]))
}

fn id() -> EffectId {
    let step = StepKey::Deploy("a/b".parse().unwrap());
    EffectId { run: RunId(1), step, action: Action::Look, subject: None, attempt: 1 }
}

fn job(timeout: Span) -> ProvisionJob {
    ProvisionJob {
        id: id(),
        pool: "workers".parse().unwrap(),
        release: "2026.11".parse().unwrap(),
        token: "t1".to_owned(),
        zone: Some("a".to_owned()),
        replaces: Some("w1".parse().unwrap()),
        timeout,
    }
}

fn done<T>(answer: Answer<ProvisionReport<T>>) -> Result<T, (String, String)> {
    match answer {
        Answer::Done(ProvisionReport::Done(done)) => Ok(done),
        Answer::Done(ProvisionReport::Failed { what, stderr }) => Err((what, stderr)),
        Answer::Unreachable(silence) => panic!("{silence:?}"),
    }
}

async fn made(provision: &str, list: &str) -> Result<Machine, (String, String)> {
    done(pool(commands(provision, list)).provision(&job(SOON), &Log::default()).await)
}

const NONE: &str = r#"echo '{"machines":[]}'"#;

/// A provisioner that keeps its machines as files of a folder, as the documentation's example does.
fn folder(at: &Path) -> Commands {
    let at = at.display();
    let provision = format!(
        r#"token=$(sed 's/.*"token":"\([^"]*\)".*/\1/'); echo made >> {at}/calls; touch {at}/$token
        echo "{{\"node\":\"w-$token\",\"token\":\"$token\"}}""#
    );
    let list = format!(
        r#"cd {at}; printf '{{"machines":['; for t in t*; do [ -e "$t" ] && printf '{{"node":"w-%s","token":"%s"}}' $t $t; done; echo ']}}'"#
    );
    pool(commands(&provision, &list))
}

#[tokio::test]
async fn a_machine_is_made_once_however_often_its_token_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let pool = folder(place.path());
    for _ in 0..3 {
        let machine = done(pool.provision(&job(SOON), &Log::default()).await).unwrap();
        assert_eq!((machine.node.as_str(), machine.token.as_deref()), ("w-t1", Some("t1")));
    }
    assert_eq!(std::fs::read_to_string(place.path().join("calls")).unwrap(), "made\n");
}

#[tokio::test]
async fn a_command_gets_the_whole_question_on_its_standard_input() {
    let place = tempfile::tempdir().unwrap();
    let asked = place.path().join("asked");
    let provision = format!(r#"cat > {}; echo '{{"node":"w4"}}'"#, asked.display());
    made(&provision, NONE).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(asked).unwrap(),
        r#"{"version":1,"action":"provision","pool":"workers","release":"2026.11","token":"t1","zone":"a","replaces":"w1"}"#
    );
}

#[tokio::test]
async fn every_way_to_answer_wrongly_is_a_failure_that_says_which() {
    for (provision, said) in [
        ("echo hello", "provision: its answer is not JSON"),
        ("true", "provision: it answered nothing"),
        (r#"echo '{"node":"w4"}'; exit 1"#, "provision: it ended with exit code 1"),
        (r#"echo '{"node":"w4"}'; echo '{"node":"w4"}'"#, "provision: it answered twice"),
        ("kill -9 $$", "provision: it was killed by a signal"),
        ("yes", "provision: it printed more than 4194304 bytes"),
        (r#"echo '{"node":"w4","token":"t9"}'"#, "provision: it answered with another token"),
    ] {
        let (what, _) = made(provision, NONE).await.unwrap_err();
        assert!(what.starts_with(said), "{provision}: {what}");
    }
    let (what, _) = made(r#"echo '{"node":"w4"}'"#, "exit 3").await.unwrap_err();
    assert_eq!(what, "list: it ended with exit code 3", "without a list nothing may be made");
    let twins = r#"echo '{"machines":[{"node":"a","token":"t1"},{"node":"b","token":"t1"}]}'"#;
    let (what, _) = made("exit 1", twins).await.unwrap_err();
    assert!(what.starts_with("list: a and b have the same token"), "{what}");
}

#[tokio::test]
async fn what_it_writes_to_its_standard_error_is_its_log_and_the_end_of_it_is_kept() {
    let log = Log::default();
    let script = r"for n in 1 2 3 4 5 6 7; do echo line $n >&2; done; printf '\033[31mquota\033[0m exceeded' >&2; exit 1";
    let pool = pool(commands(script, NONE));
    let (what, stderr) = done(pool.provision(&job(SOON), &log).await).unwrap_err();
    assert_eq!(what, "provision: it ended with exit code 1");
    assert_eq!(stderr, "line 4 / line 5 / line 6 / line 7 / quota exceeded");
    assert_eq!(log.0.lock().unwrap().len(), 8);
}

#[tokio::test]
async fn a_command_that_hangs_is_asked_to_end_and_then_gone_with_all_that_it_started() {
    let place = tempfile::tempdir().unwrap();
    let (held, asked) = (place.path().join("held"), place.path().join("asked"));
    // Whoever it starts holds the pipe open for writing; its reader sees the end once they all are gone.
    let script = format!(
        "mkfifo {0}; trap 'echo lock given back > {1}; exit 1' TERM; sleep 600 > {0} & wait",
        held.display(),
        asked.display()
    );
    let pool = pool(commands(&script, NONE));
    let hangs = tokio::spawn(async move { pool.provision(&job(Span::from_secs(1)), &Log::default()).await });
    while !held.exists() {
        tokio::task::yield_now().await;
    }
    let read = tokio::task::spawn_blocking(move || std::fs::read(held).unwrap());
    let (what, _) = done(hangs.await.unwrap()).unwrap_err();
    assert_eq!(what, "provision: it did not end within 1s, and was killed with all that it had started");
    assert_eq!(read.await.unwrap(), b"");
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "lock given back\n");
}

#[tokio::test]
async fn whoever_holds_a_lock_below_a_wrapper_gives_it_back_too_and_is_heard() {
    let place = tempfile::tempdir().unwrap();
    let (inner, back) = (place.path().join("inner"), place.path().join("back"));
    // It says so first, as Terraform does: where nobody listened any more, it would be gone before the rest.
    let gives = format!("sleep 0.3; echo interrupted >&2; echo lock given back > {}; exit 1", back.display());
    std::fs::write(&inner, format!("trap '{gives}' TERM; sleep 600 & wait")).unwrap();
    let pool = pool(commands(&format!("sh {}; true", inner.display()), NONE));
    let job = job(Span::from_secs(1));
    let (what, said) = done(pool.provision(&job, &Log::default()).await).unwrap_err();
    assert_eq!(what, "provision: it did not end within 1s, and was killed with all that it had started");
    assert_eq!(said, "interrupted");
    assert_eq!(std::fs::read_to_string(back).unwrap(), "lock given back\n");
}

#[tokio::test]
async fn what_it_leaves_running_holds_nobody_up() {
    let machine = made(r#"sleep 600 & echo '{"node":"w4"}'"#, NONE).await.unwrap();
    assert_eq!(machine.node.as_str(), "w4");
}

#[tokio::test]
async fn it_gets_its_own_environment_and_little_of_ours() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let script = r#"test -n "$PATH" && test -z "$CARGO_MANIFEST_DIR" && echo "{\"node\":\"$REGION\"}""#;
    let mut commands = commands(script, NONE);
    commands.env.insert("REGION".to_owned(), Secret::new("north"));
    let pool = pool(commands);
    assert!(!format!("{pool:?}").contains("north"));
    let machine = done(pool.provision(&job(SOON), &Log::default()).await).unwrap();
    assert_eq!(machine.node.as_str(), "north");
}

#[tokio::test]
async fn nothing_is_removed_when_nobody_said_what() {
    let pool = pool(commands("exit 1", NONE));
    let mut job = DeprovisionJob {
        id: id(),
        pool: "workers".parse().unwrap(),
        token: None,
        node: None,
        unused: None,
        timeout: SOON,
    };
    let (what, _) = done(pool.deprovision(&job, &Log::default()).await).unwrap_err();
    assert_eq!(what, "deprovision: neither a token nor a name says which machine");
    job.token = Some("t1".to_owned());
    assert_eq!(done(pool.deprovision(&job, &Log::default()).await), Ok(()));
}

#[tokio::test]
async fn a_missing_command_is_named_and_an_unknown_pool_waits_for_the_next_start() {
    let mut missing = commands("", NONE);
    missing.provision = vec!["/nowhere/machines".to_owned(), "hunter2".to_owned()];
    let missing = pool(missing);
    let (what, _) = done(missing.provision(&job(SOON), &Log::default()).await).unwrap_err();
    assert!(
        what.starts_with("provision: cannot start /nowhere/machines: ") && !what.contains("hunter2"),
        "{what}"
    );
    let update = UpdateJob {
        id: id(),
        pool: "workers".parse().unwrap(),
        node: "w1".parse().unwrap(),
        address: None,
        release: "r1".parse().unwrap(),
        timeout: SOON,
    };
    let (what, _) = done(missing.update(&update, &Log::default()).await).unwrap_err();
    assert_eq!(what, "update: the pool has no such command");
    let Answer::Unreachable(silence) = missing.list(&"others".parse().unwrap()).await else { panic!() };
    assert_eq!(
        (silence.who.as_str(), silence.why.as_str()),
        ("pool others", "its commands are read at the next start")
    );
}
