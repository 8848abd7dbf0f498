//! What a cordon says is on a node, on a real Swarm: nothing lands there after the answer.

use crate::lab::{Lab, done};
use crate::nodes::{avail, borrowed, look, worker_of};
use std::time::{Duration, Instant};
use tidegate::model::nodes::{Availability, NodeReport};
use tidegate::ports::Nodes;

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_cordon_tells_what_is_on_the_node_and_nothing_lands_there_after_the_answer() {
    let lab = Lab::find();
    let service = lab.service("flt-cordon", "1", &["--constraint", "node.role==worker"]);
    service.settled().await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    for round in 1..=5 {
        // Tasks are being placed while the node is cordoned.
        lab.docker(&["service", "scale", "-d", "flt-cordon=9"]);
        let start = Instant::now();
        let report = done(lab.swarm().avail(&avail(&at, Availability::Cordoned)).await);
        eprintln!("round {round}: cordoned and sure after {:?}", start.elapsed());
        let NodeReport::Cordoned { found: false, work } = report else { panic!("{report:?}") };
        assert_eq!(look(&lab, &at).await.availability, Availability::Cordoned);
        let told = work.get(&service.id).copied().unwrap_or(0);
        service.settled().await;
        // All that were being placed run; a moment more, so that nothing is on its way.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let there = look(&lab, &at).await.work.get(&service.id).copied().unwrap_or(0);
        assert_eq!(there, told, "round {round}: what is there is not what was told");
        let again = done(lab.swarm().avail(&avail(&at, Availability::Cordoned)).await);
        assert_eq!(again, NodeReport::Cordoned { found: true, work: look(&lab, &at).await.work });
        lab.docker(&["service", "scale", "-d", "flt-cordon=1"]);
        service.settled().await;
        let active = done(lab.swarm().avail(&avail(&at, Availability::Active)).await);
        assert_eq!(active, NodeReport::Done { found: false });
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_cordon_of_a_quiet_fleet_is_sure_at_once_and_leaves_a_drained_node_drained() {
    let lab = Lab::find();
    let service = lab.service("flt-quiet", "1", &["--constraint", "node.hostname==w2"]);
    service.settled().await;
    let _borrowed = borrowed(&lab, "w2");
    let start = Instant::now();
    let report = done(lab.swarm().avail(&avail("w2", Availability::Cordoned)).await);
    let took = start.elapsed();
    eprintln!("cordoned and sure after {took:?}");
    let NodeReport::Cordoned { found: false, work } = report else { panic!("{report:?}") };
    assert_eq!(work[&service.id], 1);
    assert!(took < Duration::from_secs(1), "{took:?}");
    lab.docker(&["node", "update", "--availability", "drain", "w2"]);
    let report = done(lab.swarm().avail(&avail("w2", Availability::Cordoned)).await);
    assert!(matches!(report, NodeReport::Cordoned { found: true, .. }), "{report:?}");
    assert_eq!(look(&lab, "w2").await.availability, Availability::Drained);
}
