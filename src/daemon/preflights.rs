//! What a plan would meet, asked of the fleet before anything is begun. It only reads: it needs no claim, and nothing is journaled.

use super::executor::nodes_of;
use super::shared::Shared;
use crate::model::nodes::{PreflightJob, PreflightReport};
use crate::model::reports::Answer;
use crate::model::text::clean;
use crate::model::{NodeRef, Span, limits};
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeMap;

/// What the fleet finds about each node that it was asked about, or why that is not known.
pub type Preflights = BTreeMap<NodeRef, Result<PreflightReport, String>>;

/// Asks about all of them, a few at a time; after [`limits::PLAN_WITHIN`] what was not answered is not known.
pub(super) async fn ask(shared: &Shared, jobs: Vec<PreflightJob>) -> Preflights {
    let until = shared.now() + limits::PLAN_WITHIN;
    let asked = jobs.into_iter().map(|job| async move {
        let left = until.since(shared.now());
        let found = one(shared, &job, left).await;
        (job.node, found.map_err(|why| clean(&why, limits::MESSAGE_CHARS)))
    });
    stream::iter(asked).buffer_unordered(limits::PLAN_AT_ONCE).collect().await
}

async fn one(shared: &Shared, job: &PreflightJob, left: Span) -> Result<PreflightReport, String> {
    let late = || format!("the fleet did not answer within {}", limits::PLAN_WITHIN);
    if left == Span::default() {
        return Err(late());
    }
    let nodes = nodes_of(shared, &job.node.fleet).map_err(|unreachable| unreachable.why)?;
    match shared.within(left, nodes.preflight(job)).await {
        Some(Answer::Done(Some(report))) => Ok(report),
        Some(Answer::Done(None)) => Err("the fleet knows no such node any more".to_owned()),
        Some(Answer::Unreachable(unreachable)) => Err(format!("{}: {}", unreachable.who, unreachable.why)),
        None => Err(late()),
    }
}
