//! The counters of a scheduler, and its jobs.

use super::super::id::Id;
use super::super::offload::Offload;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was done so far, and the budget for the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) rounds: u64,
    pub(super) slices: u64,
    pub(super) steps: u64,
    pub(super) ended: u64,
    pub(super) panicked: u64,
    /// The budget, as a value of `steps`.
    pub(super) limit: u64,
}

impl Count {
    /// A slice that counted nothing counts as one, so that every budget ends.
    pub(super) fn add_slice(&mut self, used: u64) {
        self.slices += 1;
        self.steps += used.max(1);
    }
}

/// The jobs that have begun.
#[derive(Debug)]
pub(super) struct Jobs {
    pub(super) pool: Option<Arc<Offload>>,
    /// How many rounds after its job an answer arrives, if that is fixed.
    pub(super) delay: Option<u64>,
    pub(super) begun: u64,
    pub(super) under_way: BTreeMap<u64, UnderWay>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    pub(super) id: Id,
    pub(super) due: u64,
    pub(super) is_done: bool,
}
