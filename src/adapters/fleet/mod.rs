//! Orchestrators behind [`ports::Fleet`](crate::ports::Fleet): one meaning, several engines.
//!
//! ```text
//!   port       Swarm                                   Kubernetes (how the same words would be kept)
//!   workload   service                                 Deployment, StatefulSet, DaemonSet
//!   task       task, by its id                         Pod, by its uid
//!   version    Version.Index, `?version=` on update    resourceVersion, sent back with the update: 409 means look again
//!   image      ContainerSpec.Image                     the container's image in the pod template
//!   mark       label `tidegate.mark` of the service    annotation of the Deployment, not of its pod template:
//!                                                      either way a mark alone restarts nothing
//!   rest       the Spec without image and our labels   the spec without image and our annotations
//!   update     UpdateStatus, reset with each new spec  status.conditions, only when observedGeneration = generation
//!   ended      failed, rejected, complete, orphaned    Failed or Succeeded pods, and each rise of restartCount
//!   claim      labels of a config object               a Lease: holderIdentity, renewTime
//!   cordon     availability `pause`                    spec.unschedulable
//!   drain      scale up, wait, availability `drain`    evict each pod as its disruption budget permits
//! ```
//!
//! Invariants: a spec goes back exactly as it came, apart from the image, our labels and what a shift adds to the number of tasks; every change is fenced by the version
//! just read; nothing is ever sent again because a look did not show it yet; the orchestrator's own undo is never used.

pub mod docker;
pub mod swarm;
