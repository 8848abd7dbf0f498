//! Nothing is said that is not known: a lost source, a freeze, a log that passed, a workload that runs something else.

use crate::fixture::{self, at, daemon, digest, failed_step, model_of, person, step_row, workload};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::rows::{Freeze, Mark, May, Row, RowKey, SourceRow, Stuck};
use tidegate::console::about::of_key;
use tidegate::console::{Cmd, Model};
use tidegate::model::{RunId, StepKey};

/// The bad night, with some rows put in place of its own.
fn night_with(more: impl IntoIterator<Item = Row>) -> Model {
    let mut rows = fixture::rows();
    rows.extend(more);
    model_of(rows, 80, 24)
}

fn frozen() -> Row {
    let (since, reason) = (at("02:00"), Some("black friday".to_owned()));
    let freeze = Freeze { by: person("cto"), reason, since, until: None };
    Row::Daemon(tidegate::api::rows::DaemonRow { freeze: Some(freeze), ..daemon() })
}

fn says(shown: &str, words: &[&str]) {
    for word in words {
        assert!(shown.contains(word), "{word:?} is not said:\n{shown}");
    }
}

#[test]
fn the_log_of_a_failed_image_is_that_of_its_own_trial() {
    for (logs, opened) in [
        (&["build/1", "test/1", "retest/1", "control/1"][..], "retest/1"),
        (&["build/1", "test/1", "control/1"], "test/1"),
        (&["build/1", "build/2"], "build/2"),
        (&["control/1"], "control/1"),
    ] {
        let mut step = failed_step();
        step.logs = logs.iter().map(|log| format!("r42/{}/{log}", step.step)).collect();
        let expected = format!("r42/{}/{opened}", step.step);
        // From what needs a person, and from the run.
        for keys in ["jl", "3jjl"] {
            let mut model = night_with([Row::Step(Box::new(step.clone()))]);
            let cmds = press(&mut model, keys);
            assert!(matches!(&cmds[..], [Cmd::Log { id, .. }] if *id == expected), "{keys}: {cmds:?}");
        }
    }
}

#[test]
fn nothing_is_called_well_while_a_source_is_lost() {
    let lost = Some(Stuck { why: "connection refused".to_owned(), since: at("02:01") });
    let source = SourceRow { name: "fleet prod".to_owned(), seen: None, lost, next: None };
    for key in ["0", "1", "2", "3", "6", "b"] {
        let mut model = model_of(vec![Row::Daemon(daemon()), Row::Source(source.clone())], 80, 24);
        press(&mut model, key);
        let shown = picture(&model);
        says(&shown, &["not everything can be seen: fleet prod:", "connection refused, since 02:01"]);
        assert!(!shown.to_lowercase().contains("nothing"), "{shown}");
    }
}

#[test]
fn no_work_is_shown_while_everything_is_frozen() {
    let mut model = night_with([frozen()]);
    let page = of_key(&model, &RowKey::Run(RunId(43))).plain();
    says(&page, &["does       frozen by cto 02:00, black friday"]);
    assert!(!page.contains("31 of 64"), "{page}");
    assert!(!picture(&model).contains("edge:2.1 testing, 31"), "{}", picture(&model));
    press(&mut model, "jjjP");
    says(&picture(&model), &["RESUME run 44", "the freeze by cto since 02:00 still holds"]);
}

#[test]
fn a_run_is_put_back_by_choosing_a_step_where_there_are_several() {
    let mut one = night_with([]);
    press(&mut one, "3jjjR");
    says(&picture(&one), &["ROLL BACK deploy status"]);
    let mut other = step_row(41, "deploy:prod/web", 2, Mark::Good, "healthy", "");
    other.may = vec![May::Rollback];
    let mut two = night_with([Row::Step(Box::new(other))]);
    press(&mut two, "3jjjR");
    let shown = picture(&two);
    says(&shown, &["R: open the run to choose"]);
    assert!(!shown.contains("ROLL BACK"), "{shown}");
}

#[test]
fn an_incident_of_a_deploy_leads_to_its_quarantine() {
    let mut model = night_with([]);
    press(&mut model, "⏎U");
    says(&picture(&model), &["UNQUARANTINE prod/edge"]);
}

#[test]
fn a_workload_says_what_it_runs_where_the_tag_is_elsewhere() {
    let key = RowKey::Workload(workload("prod/web"));
    let same = of_key(&night_with([]), &key).plain();
    says(&same, &["the rebuilt one is held for approval by gate prod"]);
    assert!(!same.contains("before "), "it runs what the step would take the place of:\n{same}");
    let mut row = fixture::workloads().into_iter().find(|row| row.workload == workload("prod/web")).unwrap();
    row.digest = Some(digest("7777"));
    let other = of_key(&night_with([Row::Workload(row)]), &key).plain();
    says(&other, &["runs 7777, the tag mycriticalapp:1.4 is at 5e1d", "before     5e1d"]);
    assert!(!other.contains("is held for approval"), "{other}");
}

#[test]
fn the_sheets_of_a_deploy_speak_of_a_deploy() {
    let mut step = fixture::held_step();
    step.step = StepKey::Deploy(workload("prod/web"));
    (step.title, step.cases, step.result) = ("deploy web".to_owned(), None, "77a0".to_owned());
    step.place = 5;
    let mut model = night_with([Row::Step(Box::new(step))]);
    press(&mut model, "'web⏎");
    press(&mut model, "x");
    let shown = picture(&model);
    says(&shown, &["prod/web stays on what it runs, 5e1d", "public tag stays", "asks for approval again"]);
    assert!(!shown.contains("thrown away") && !shown.contains("anew"), "{shown}");
    press(&mut model, "⎋A");
    says(&picture(&model), &["tested    210 of 210 cases passed"]);
}
