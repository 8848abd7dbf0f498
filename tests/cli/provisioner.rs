//! `tidegate check --provisioner`, the program itself, against the documentation's example and against scripts that are wrong.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The example of `docs/provisioner.md`.
fn example() -> String {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/provisioner.md")).unwrap();
    docs.split("```sh\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A pool whose commands are all `machines`.
fn pool(machines: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "machines", machines);
    program(folder.path(), "boot", "#!/bin/sh\necho booting \"$1\" with \"$2\"\n");
    program(folder.path(), "destroy", "#!/bin/sh\necho destroying \"$1\"\n");
    let config = "version = 1\n[fleet.main]\nkind = \"swarm\"\n[pools.workers]\nfleet = \"main\"\n\
        provision = [\"./machines\"]\ndeprovision = [\"./machines\"]\nlist = [\"./machines\"]\n\
        limits = { provision = \"1s\" }\n";
    std::fs::write(folder.path().join("tidegate.toml"), config).unwrap();
    folder
}

/// Exit code, what it printed with the token as TOKEN, and its error.
fn check(folder: &TempDir, args: &[&str]) -> (i32, String, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["check", "tidegate.toml", "--provisioner"])
        .args(args)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let out = text(&ran.stdout);
    let token = out.split("with the token ").nth(1).and_then(|rest| rest.lines().next());
    let out = token.map_or_else(|| out.clone(), |token| out.replace(token, "TOKEN"));
    (ran.status.code().unwrap(), out, text(&ran.stderr))
}

fn left(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path().join("pool")).map_or(0, Iterator::count)
}

#[test]
fn the_documented_example_is_tried_without_touching_anything() {
    let folder = pool(&example());
    let (code, out, err) = check(&folder, &["workers"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "list         0 machines\n", ""));
    assert_eq!(left(&folder), 0);
}

#[test]
fn the_documented_example_makes_one_machine_and_leaves_none() {
    let folder = pool(&example());
    let (code, out, err) = check(&folder, &["workers", "--make", "2026.11"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let wanted = "list         0 machines
  | booting w-TOKEN with 2026.11
provision    made w-TOKEN with the token TOKEN
list         1 machine: w-TOKEN
  | booting w-TOKEN with 2026.11
provision    again: found w-TOKEN
list         1 machine: w-TOKEN
  | destroying w-TOKEN
deprovision  removed it
list         0 machines
deprovision  again: nothing to do
list         0 machines
";
    assert_eq!(out, wanted);
    assert_eq!(left(&folder), 0);
}

/// The example with one part of it done wrong.
fn spoilt(part: &str, wrong: &str) -> TempDir {
    let example = example();
    assert!(example.contains(part), "the example has no {part:?}");
    pool(&example.replace(part, wrong))
}

#[test]
fn a_provision_that_makes_another_machine_for_the_same_token_is_caught_and_said_to_be_left() {
    let name = "machine=\"w-$(printf '%s' \"$token\" | tr -c 'a-zA-Z0-9' '-')\"";
    let folder = spoilt(name, "machine=w-$$");
    let (code, out, err) = check(&folder, &["workers", "--make", "2026.11"]);
    assert_eq!((code, err.as_str()), (0, ""), "a name of its own is no mistake: {out}");
    let example =
        example().replace(name, "machine=w-$$").replace("machine=$(of_token \"$token\")", "machine=''");
    let folder = pool(&example);
    let (code, out, err) = check(&folder, &["workers", "--make", "2026.11"]);
    assert_eq!(code, 1, "{out}");
    assert!(err.contains(", asked again with the same token, w-"), "{err}");
    assert!(err.contains("may be left: list shows w-"), "{err}");
}

#[test]
fn a_list_that_forgets_a_machine_and_a_deprovision_that_leaves_it_are_caught() {
    let folder = spoilt("[ -f \"$machine/token\" ] || continue", "continue");
    let (code, _, err) = check(&folder, &["workers", "--make", "2026.11"]);
    assert_eq!(code, 1);
    assert!(err.contains("list shows nothing with the token check-"), "{err}");
    assert_eq!(left(&folder), 0, "what was made is removed all the same");
    let folder = spoilt("rm -r \"$machine\"", ":");
    let (code, _, err) = check(&folder, &["workers", "--make", "2026.11"]);
    assert_eq!(code, 1);
    assert!(err.contains("list shows w-check-") && err.contains("it must show nothing"), "{err}");
}

#[test]
fn hanging_garbage_failing_and_answering_twice_each_have_a_clear_message() {
    for (wrong, said) in [
        ("echo booting; sleep 600", "provision: it did not end within 1s"),
        ("echo done", "provision: its answer is not JSON"),
        ("echo no quota >&2; exit 1", "provision: it ended with exit code 1; it said: no quota"),
        ("echo '{\"node\":\"w4\"}'; echo '{\"node\":\"w4\"}'", "provision: it answered twice"),
    ] {
        let folder = spoilt("  provision) provision ;;", &format!("  provision) {wrong} ;;"));
        let (code, _, err) = check(&folder, &["workers", "--make", "2026.11"]);
        assert_eq!(code, 1, "{wrong}");
        assert!(err.contains(said), "{wrong}: {err}");
        assert_eq!(left(&folder), 0, "{wrong}");
    }
}

#[test]
fn a_pool_that_is_not_there_and_a_wrong_line_are_told_apart() {
    let folder = pool(&example());
    let (code, _, err) = check(&folder, &["others"]);
    assert_eq!(
        (code, err.as_str()),
        (5, "tidegate: there is no pool others; add a section [pools.others]\n")
    );
    assert_eq!(check(&folder, &["workers", "--make", "a b"]).0, 2);
    std::fs::write(folder.path().join("tidegate.toml"), "version = 9\n").unwrap();
    assert_eq!(check(&folder, &["workers"]).0, 2);
}
