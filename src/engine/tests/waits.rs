//! Why something waits.

use super::restart::away;
use super::*;

#[test]
fn a_chain_of_waits_leads_to_what_can_end_it() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    let run = &world.state.runs[&RUN];
    let chain = world.state.waiting_chain(run, &dep("api"));
    let said: Vec<String> = chain.iter().map(|(key, w)| format!("{}: {}", key, w.what)).collect();
    assert_eq!(
        said,
        ["deploy:lab/api: deploy of web before it", "deploy:lab/web: approval 1 of 1 (gate prod)"]
    );
    assert_eq!(world.state.run_waiting(run).unwrap().what, "approval 1 of 1 (gate prod)");
}

#[test]
fn a_base_that_was_never_seen_is_waited_for_by_name() {
    let mut world = World::new();
    let mut changed = recipes();
    changed.insert(image("tool"), Ok(ingredients("tool", "elsewhere")));
    world.fact(EventKind::RecipesRead { recipes: changed });
    world.command(ana(), Command::Start { image: image("tool"), reason: None }).unwrap();
    let run = &world.state.runs[&RUN];
    let waiting = world.state.waiting(run, &run.steps[&img("tool")]).unwrap();
    assert_eq!(waiting.what, "the first look at r.example:5000/elsewhere:1 in its registry");
    world.sees("elsewhere", "there");
    assert_eq!(world.asked(), ["build tool:1"]);
}

#[test]
fn a_base_that_is_not_in_its_registry_is_waited_for_until_it_is_back() {
    for base in ["elsewhere", "framework"] {
        let mut world = World::new();
        world.sees(base, "there");
        let mut changed = recipes();
        changed.insert(image("tool"), Ok(ingredients("tool", base)));
        world.fact(EventKind::RecipesRead { recipes: changed });
        let gone = EventKind::TagSeen { image: image(base), digest: None, before: Some(digest("there")) };
        world.fact(gone);
        world.command(ana(), Command::Start { image: image("tool"), reason: None }).unwrap();
        let run = &world.state.runs[&RUN];
        let waiting = world.state.waiting(run, &run.steps[&img("tool")]).unwrap();
        assert_eq!(waiting.what, format!("r.example:5000/{base}:1, which is not in its registry"));
        world.sees(base, "there again");
        assert_eq!(world.asked(), ["build tool:1"], "{base}");
    }
}

#[test]
fn a_fleet_that_another_daemon_holds_is_not_touched() {
    let mut world = World::new();
    world.fact(EventKind::FleetRefused { fleet: "lab".parse().unwrap(), holder: "host2 pid 7".to_owned() });
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    assert_eq!(world.asked(), Vec::<String>::new());
    let run = &world.state.runs[&RUN];
    assert!(world.state.waiting(run, &run.steps[&dep("web")]).unwrap().what.contains("host2 pid 7"));
    world.fact(EventKind::FleetClaimed { fleet: "lab".parse().unwrap() });
    assert_eq!(world.asked(), ["baseline deploy web"]);
}

/// What became due while another daemon holds the fleet is no deadline: the timer would fire for it again and again.
#[test]
fn a_retry_on_a_fleet_that_another_daemon_holds_is_not_a_deadline() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    let id = world.take(Action::Baseline, &dep("web"));
    world.fact(EventKind::WorkloadLooked { id, answer: Answer::Unreachable(away("fleet lab")) });
    world.fact(EventKind::FleetRefused { fleet: "lab".parse().unwrap(), holder: "host2 pid 7".to_owned() });
    world.wait(60);
    assert_eq!(world.asked(), Vec::<String>::new());
    world.fact(EventKind::FleetClaimed { fleet: "lab".parse().unwrap() });
    assert_eq!(world.asked(), ["baseline deploy web"]);
}

#[test]
fn a_circle_of_recipes_stops_its_own_images_only_and_says_which() {
    let mut world = World::new();
    let mut changed = recipes();
    changed.insert(image("framework"), Ok(ingredients("framework", "web")));
    world.fact(EventKind::RecipesRead { recipes: changed });
    for name in ["framework", "web"] {
        let why = world.state.recipes[&image(name)].as_ref().unwrap_err();
        assert!(why.contains("is a circle"), "{why}");
    }
    world.sees("os", "os 2");
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
    world.replay();
}
