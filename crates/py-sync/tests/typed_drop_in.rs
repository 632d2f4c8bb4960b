//! One program written for parking_lot 0.12, compiled against it and against `py_sync::typed`.
#![cfg(feature = "typed")]

mod ours {
    use py_sync::typed as parking_lot;
    include!("drop_in/program.rs");
}

// Miri checks our locks; parking_lot_core casts integers to pointers, which it refuses.
#[cfg(not(miri))]
mod theirs {
    use parking_lot_12 as parking_lot;
    include!("drop_in/program.rs");
}
