//! What the benchmarks share: the paired-rounds harness and the door to CPython's own functions.

pub mod cpython;
pub mod frontend;
pub mod paired;
pub mod pyarena;
