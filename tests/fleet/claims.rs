//! The claim that keeps a second daemon away, on a real Swarm.

use crate::lab::{Lab, done};
use tidegate::model::Timestamp;
use tidegate::ports::{Claim, Claimed, Fleet};

fn claim(install: &str, second: i64, force: bool) -> Claim {
    let beat = Timestamp::from_millis(second * 1000);
    Claim { install: install.to_owned(), holder: format!("host of {install}"), beat, force }
}

/// One test, since a Swarm has one claim.
#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_second_installation_is_kept_out_until_a_person_takes_a_stale_claim() {
    let lab = Lab::find();
    let claimed = lab.docker(&["config", "ls", "-q", "--filter", "name=tidegate-claim"]);
    assert!(claimed.is_empty(), "a daemon claims this Swarm already");
    let swarm = lab.swarm();
    let (a, b) = (claim("a", 100, false), claim("b", 100, false));
    let (first, second) = tokio::join!(swarm.claim(&a), swarm.claim(&b));
    let (first, second) = (done(first), done(second));
    let wins = |answer: &Claimed| *answer == Claimed::Ours;
    assert!(wins(&first) != wins(&second), "{first:?} {second:?}");
    let (winner, loser) = if wins(&first) { ("a", "b") } else { ("b", "a") };
    assert_eq!(done(swarm.claim(&claim(winner, 105, false)).await), Claimed::Ours);
    let held = claim(winner, 105, false);
    for early in [claim(loser, 110, false), claim(loser, 110, true), claim(loser, 200, false)] {
        assert_eq!(done(swarm.claim(&early).await), Claimed::Theirs(held.clone()));
    }
    assert_eq!(done(swarm.claim(&claim(loser, 200, true)).await), Claimed::Ours);
    assert_eq!(
        done(swarm.claim(&claim(winner, 201, false)).await),
        Claimed::Theirs(claim(loser, 200, false))
    );
    lab.docker(&["config", "rm", "tidegate-claim"]);
}
