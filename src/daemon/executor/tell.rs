//! One try to tell an owner's channel.

use super::super::shared::Shared;
use super::Slots;
use super::perform::{message, slot};
use crate::engine::EventKind;
use crate::model::notices::NoticeJob;
use crate::model::reports::{Answer, Unreachable};
use crate::model::{limits, text};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// Tells it; a panic in it becomes "not arrived", and is tried again.
pub(super) async fn guarded(shared: &Shared, slots: &Slots, job: &NoticeJob) -> EventKind {
    let work = async {
        let _slot = slot(&slots.notices).await;
        shared.world.notifier.notify(job).await
    };
    let answer = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let why = text::clean(&message(panic.as_ref()), limits::MESSAGE_CHARS);
        tracing::error!(id = %job.id, why, "telling panicked; this is a defect of Tidegate");
        let who = "tidegate itself".to_owned();
        Answer::Unreachable(Unreachable { who, why: format!("a defect: {why}"), retry_after: None })
    });
    let (id, attempt) = (job.id.clone(), job.attempt);
    match answer {
        Answer::Done(()) => EventKind::NoticeSent { id, attempt },
        Answer::Unreachable(cause) => EventKind::NoticeFailed { id, attempt, cause },
    }
}
