//! Those of a simulated machine, in the build of `benches/simulator` only.

pub(crate) use machine::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, UnsafeCell, fence, has_many_processors,
    spin_loop, yield_now,
};
