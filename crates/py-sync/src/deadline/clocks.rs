//! The clock outside a model.

use super::Clock;
use crate::sys;

/// The clock of every public call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monotonic;

impl Clock for Monotonic {
    fn now(&self) -> u64 {
        sys::monotonic_ns()
    }
}
