//! The verdict table, row by row.

use super::*;
use crate::engine::verdict::{Measure, Now, Verdict, at_end_of_soak, now};

fn how() -> Workload {
    setup().workloads[&workload("api")].clone()
}

fn well() -> Look {
    look_at("a", None, 1)
}

fn sick() -> Look {
    let mut look = well();
    let tally = look.probes.as_mut().unwrap();
    (tally.failed, tally.sick_tasks) = (3, 1);
    look
}

fn down() -> Look {
    Look { running: 0, ..sick() }
}

#[test]
fn healthy_before_and_after_is_healthy() {
    assert_eq!(at_end_of_soak(&well(), &well(), Measure::of(&how()), 0), Verdict::Healthy);
}

#[test]
fn failures_over_the_budget_are_unhealthy_and_within_it_are_not() {
    assert!(matches!(at_end_of_soak(&well(), &sick(), Measure::of(&how()), 0), Verdict::Unhealthy(_)));
    let mut lenient = how();
    lenient.probes[0].budget = 3;
    assert_eq!(at_end_of_soak(&well(), &sick(), Measure::of(&lenient), 0), Verdict::Healthy);
    assert!(matches!(at_end_of_soak(&well(), &sick(), Measure::of(&lenient), 1), Verdict::Unhealthy(_)));
}

#[test]
fn sick_before_and_no_worse_is_unknown_and_worse_is_unhealthy() {
    assert!(matches!(at_end_of_soak(&sick(), &sick(), Measure::of(&how()), 0), Verdict::Unknown(_)));
    assert!(matches!(at_end_of_soak(&sick(), &down(), Measure::of(&how()), 0), Verdict::Unhealthy(_)));
    assert_eq!(at_end_of_soak(&sick(), &well(), Measure::of(&how()), 0), Verdict::Healthy);
}

#[test]
fn a_broken_probe_is_unknown() {
    let mut look = well();
    look.probes.as_mut().unwrap().broken = Some("no address".to_owned());
    assert!(matches!(at_end_of_soak(&well(), &look, Measure::of(&how()), 0), Verdict::Unknown(_)));
}

#[test]
fn running_alone_proves_nothing_unless_the_configuration_says_so() {
    let look = Look { probes: None, health_check: false, ..well() };
    assert!(matches!(at_end_of_soak(&look, &look, Measure::of(&how()), 0), Verdict::Unknown(_)));
    let accepting = Workload { accept_running: true, ..how() };
    assert_eq!(at_end_of_soak(&look, &look, Measure::of(&accepting), 0), Verdict::Healthy);
}

#[test]
fn nothing_that_should_run_is_unknown() {
    let look = Look { desired: 0, running: 0, ..well() };
    assert!(matches!(at_end_of_soak(&well(), &look, Measure::of(&how()), 0), Verdict::Unknown(_)));
}

#[test]
fn an_update_has_converged_when_all_runs_and_nothing_old_does() {
    assert_eq!(now(&well(), &well(), Measure::of(&how()), 0), Now::Converged);
    let mut old = well();
    old.tasks[0].current = false;
    assert_eq!(now(&well(), &old, Measure::of(&how()), 0), Now::OnItsWay);
    let updating = Look { update: UpdateState::Updating, ..well() };
    assert_eq!(now(&well(), &updating, Measure::of(&how()), 0), Now::OnItsWay);
    let paused = Look { update: UpdateState::Paused("failure".to_owned()), ..well() };
    assert!(matches!(now(&well(), &paused, Measure::of(&how()), 0), Now::Unhealthy(_)));
}
