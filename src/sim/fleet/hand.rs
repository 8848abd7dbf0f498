//! What people do to a service beside us, and what befalls a task.

use super::service::Spec;
use super::{Around, FleetPart};
use crate::model::reports::TaskState;
use crate::model::{Digest, ImageRef, Timestamp, WorkloadId};
use crate::sim::deeds::{Doing, Hand};
use crate::sim::file::HandDoes;

impl FleetPart {
    /// `tag` says where a tag points; `first` is what the workload's image was at the beginning.
    pub fn hand(
        &mut self,
        id: &WorkloadId,
        does: &HandDoes,
        at: Timestamp,
        tag: impl Fn(&ImageRef) -> Option<Digest>,
        around: &mut Around<'_>,
    ) {
        let spec = self.services.get(id).map(|service| service.spec.clone());
        let spec = match (does, spec) {
            (HandDoes::Remakes, None) => return self.remake(id, at, tag, around),
            (HandDoes::Removes, Some(_)) => return self.remove(id, at, around),
            (_, None) | (HandDoes::Remakes, Some(_)) => return,
            (HandDoes::SetsImage(text), Some(spec)) => {
                // A change over ours breaks our seal: the mark is ours no more.
                Spec { image: text.clone(), digest: resolve(text, &tag), mark: None, ..spec }
            }
            (HandDoes::SetsEnvironment(text), Some(spec)) => {
                Spec { environment: text.clone(), mark: None, ..spec }
            }
            (HandDoes::Scales(replicas), Some(spec)) => Spec { replicas: *replicas, mark: None, ..spec },
            (HandDoes::Restarts, Some(spec)) => Spec { restarts: spec.restarts + 1, mark: None, ..spec },
        };
        if self.services.get(id).is_some_and(|service| service.spec != spec) {
            self.set(id, spec, Hand::Outside, at, around);
        }
    }

    /// One of its tasks ends by itself.
    pub fn ends(&mut self, id: &WorkloadId, exit: i64, at: Timestamp, around: &mut Around<'_>) {
        let Some(service) = self.services.get_mut(id) else { return };
        let task = service.tasks.iter_mut().find(|task| task.state == TaskState::Running);
        let Some(task) = task else { return };
        task.next = Some((at, super::task::Next::Ends(exit, "task: non-zero exit")));
        self.service_moment(id, at, around);
    }

    fn remove(&mut self, id: &WorkloadId, at: Timestamp, around: &mut Around<'_>) {
        self.services.remove(id);
        around.done(at, Hand::Outside, Doing::Removed { workload: id.clone() });
    }

    fn remake(
        &mut self,
        id: &WorkloadId,
        at: Timestamp,
        tag: impl Fn(&ImageRef) -> Option<Digest>,
        around: &mut Around<'_>,
    ) {
        let Some(workload) = around.file.workloads.get(id) else { return };
        let digest = tag(&workload.image);
        self.begin(id, workload, digest.clone(), at);
        if let Some(service) = self.services.get(id) {
            let (version, image) = (service.version, service.spec.image.clone());
            around.done(at, Hand::Outside, Doing::SpecSet { workload: id.clone(), version, image, digest });
        }
    }
}

/// What an image's text stands for: its digest, or where its tag points.
fn resolve(text: &str, tag: &impl Fn(&ImageRef) -> Option<Digest>) -> Option<Digest> {
    match text.rsplit_once('@') {
        Some((_, digest)) => digest.parse().ok(),
        None => text.parse().ok().and_then(|image| tag(&image)),
    }
}
