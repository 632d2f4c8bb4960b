//! The simulated machine of `benches/machine`: its kernel and its processors. Only `benches/simulator`
//! builds this file, and the published package has it not.

pub(crate) use machine::monotonic_ns;

pub(crate) mod hardware {
    pub(crate) use machine::{
        AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, UnsafeCell, fence,
        has_many_processors, spin_loop, yield_now,
    };
}

pub(crate) mod futex {
    pub(crate) use machine::{wait, wait_until, wake_one};

    pub(crate) const SIGNALS_END_SLEEP: bool = true;
}
