//! What the benchmarks share: the paired-rounds harness, the door to CPython's own functions, and
//! the locks that are measured against each other.

pub mod contend;
pub mod cpython;
pub mod locks;
pub mod micro_peers;
pub mod paired;
pub mod pin;
pub mod pyarena;
pub mod readers;
pub mod rw_locks;
pub mod writers;
