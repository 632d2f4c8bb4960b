//! parking_lot 0.12's names over py-sync's locks: for `[patch.crates-io]`.
#![no_std]

pub use py_sync::typed::*;
