//! One program written for parking_lot 0.13, compiled against it and against `py_sync::typed::v05`.
#![cfg(feature = "lock_api_05")]

mod ours {
    use py_sync::typed::v05 as parking_lot;
    include!("drop_in/program_13.rs");
}

// Miri checks our locks; parking_lot_core casts integers to pointers, which it refuses.
#[cfg(not(miri))]
mod theirs {
    use parking_lot_13 as parking_lot;
    include!("drop_in/program_13.rs");
}

/// A lock with the traits of both, by the types: no byte more.
#[test]
fn the_bytes_are_those_of_the_other_names() {
    use py_sync::typed::{self, v05};
    assert_eq!(
        size_of::<v05::Mutex<[u8; 3]>>(),
        size_of::<typed::Mutex<[u8; 3]>>()
    );
    assert_eq!(size_of::<v05::RwLock<u8>>(), size_of::<typed::RwLock<u8>>());
    assert_eq!(size_of::<v05::RawCondvar>(), size_of::<typed::Condvar>());
}
