//! The commands, one file per family.

pub(super) mod dossier;
pub(super) mod events;
pub(super) mod logs;
pub(super) mod look;
pub(super) mod nodes;
pub(super) mod offline;
pub(super) mod rollout;
pub(super) mod steer;
