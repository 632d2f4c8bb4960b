//! The kernel of the simulated machine of `benches/machine`. Only `benches/simulator` builds this file, and
//! the published package has it not.

pub(crate) use machine::monotonic_ns;

pub(crate) mod futex {
    pub(crate) use machine::{wait, wait_until, wake_one};

    pub(crate) const SIGNALS_END_SLEEP: bool = true;
}
