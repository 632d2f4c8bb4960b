//! The kernel of a simulated machine, in the build of `benches/simulator` only.

pub(crate) use machine::monotonic_ns;

pub(crate) mod futex {
    pub(crate) use machine::{wait, wait_until, wake_one};

    pub(crate) const SIGNALS_END_SLEEP: bool = true;
}
