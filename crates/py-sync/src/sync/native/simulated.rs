//! Those of the simulated machine of `benches/machine`. Only `benches/simulator` builds this file, and
//! the published package has it not.

pub(crate) use machine::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, UnsafeCell, fence, has_many_processors,
    spin_loop, yield_now,
};
